//! What a simulation takes for opens and clicks of the messages that it sends, as the command line says it.

use super::exit::{Exit, Failure};
use crate::engine::{Engagement, Rates};

/// `--engagement` and `--assume`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct EngagementArguments {
    /// Whether people open and click what is simulated
    #[arg(long, value_enum, value_name = "SOURCE", conflicts_with = "assume")]
    pub engagement: Option<Source>,
    /// Assume which share of the messages is opened and clicked, by stable draws: opened=25%,clicked=4%. Who clicks has opened
    #[arg(long, value_name = "RATES")]
    pub assume: Option<String>,
}

/// Where opens and clicks come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Source {
    /// Nobody opens or clicks what is simulated
    None,
    /// What the CRM says was opened or clicked: of a template, the message simulated last before
    Replayed,
}

impl EngagementArguments {
    /// What was asked for; `otherwise` where nothing was.
    ///
    /// # Errors
    /// Rates that are none.
    pub fn engagement(&self, otherwise: Engagement) -> Result<Engagement, Failure> {
        match (&self.assume, self.engagement) {
            (Some(text), _) => rates(text).map(Engagement::Assumed).map_err(|message| {
                Failure::new(Exit::Usage, message)
                    .help("write the shares of messages: `--assume opened=25%,clicked=4%`")
            }),
            (None, Some(Source::None)) => Ok(Engagement::None),
            (None, Some(Source::Replayed)) => Ok(Engagement::Replayed),
            (None, None) => Ok(otherwise),
        }
    }
}

fn rates(text: &str) -> Result<Rates, String> {
    let (mut opened, mut clicked) = (None, None);
    for part in text.split(',') {
        let (name, share) = part.split_once('=').ok_or_else(|| format!("`{}` is no rate", part.trim()))?;
        let place = match name.trim() {
            "opened" => &mut opened,
            "clicked" => &mut clicked,
            other => return Err(format!("a simulation assumes `opened` and `clicked`, and not `{other}`")),
        };
        if place.replace(millionths(share.trim())?).is_some() {
            return Err(format!("`{}` is said twice", name.trim()));
        }
    }
    let clicked = clicked.unwrap_or(0);
    // Whoever clicks has opened.
    let opened = opened.unwrap_or(clicked);
    Rates::new(opened, clicked).ok_or_else(|| "more click than open, and whoever clicks has opened".to_owned())
}

/// A share in millionths: `25%`, `0.5%`.
fn millionths(share: &str) -> Result<u32, String> {
    let wrong = || format!("`{share}` is no share between 0% and 100% with at most 4 decimals");
    let number = share.strip_suffix('%').ok_or_else(wrong)?.trim_end();
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(decimals) || decimals.len() > 4 {
        return Err(wrong());
    }
    let millionths: u64 = format!("{whole}{decimals:0<4}").parse().map_err(|_| wrong())?;
    u32::try_from(millionths).ok().filter(|share| *share <= 1_000_000).ok_or_else(wrong)
}

/// In words, for a report.
pub fn told(engagement: Engagement) -> String {
    match engagement {
        Engagement::None => "none: nobody opens or clicks what is simulated".to_owned(),
        Engagement::Replayed => {
            "replayed: who opened or clicked a template in the CRM opened or clicked the message simulated last"
                .to_owned()
        }
        Engagement::Assumed(rates) => {
            let [opened, clicked] = [rates.opened(), rates.clicked()].map(percent);
            let alone = if rates.opened() == rates.clicked() { "; whoever clicks has opened" } else { "" };
            format!(
                "assumed: {opened} of emails opened and {clicked} of messages clicked within a day, by stable draws{alone}"
            )
        }
    }
}

/// The name of a kind of engagement, for machines.
pub fn name(engagement: Engagement) -> &'static str {
    match engagement {
        Engagement::None => "none",
        Engagement::Replayed => "replayed",
        Engagement::Assumed(_) => "assumed",
    }
}

/// `25%`, from millionths.
pub fn percent(millionths: u32) -> String {
    let (whole, decimals) = (millionths / 10_000, format!("{:04}", millionths % 10_000));
    match decimals.trim_end_matches('0') {
        "" => format!("{whole}%"),
        decimals => format!("{whole}.{decimals}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_they_are_written() {
        for (text, expected) in [
            ("opened=25%,clicked=4%", Ok((250_000, 40_000))),
            (" clicked = 0.5 % , opened = 100% ", Ok((1_000_000, 5_000))),
            ("opened=25%", Ok((250_000, 0))),
            ("clicked=0.0001%", Ok((1, 1))),
            ("", Err("`` is no rate")),
            ("opened", Err("`opened` is no rate")),
            ("open=25%", Err("a simulation assumes `opened` and `clicked`, and not `open`")),
            ("opened=25%,opened=20%", Err("`opened` is said twice")),
            ("opened=0.25", Err("`0.25` is no share between 0% and 100% with at most 4 decimals")),
            ("opened=-1%", Err("`-1%` is no share between 0% and 100% with at most 4 decimals")),
            ("opened=101%", Err("`101%` is no share between 0% and 100% with at most 4 decimals")),
            ("opened=1.00001%", Err("`1.00001%` is no share between 0% and 100% with at most 4 decimals")),
            ("opened=%", Err("`%` is no share between 0% and 100% with at most 4 decimals")),
            ("opened=1e1%", Err("`1e1%` is no share between 0% and 100% with at most 4 decimals")),
            ("opened=0%,clicked=4%", Err("more click than open, and whoever clicks has opened")),
            ("opened=4%,clicked=25%", Err("more click than open, and whoever clicks has opened")),
        ] {
            let read = rates(text).map(|rates| (rates.opened(), rates.clicked()));
            assert_eq!(read, expected.map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn a_report_says_them_in_words() {
        let assumed = |text| told(Engagement::Assumed(rates(text).unwrap()));
        assert_eq!(
            assumed("opened=25.5%,clicked=4%"),
            "assumed: 25.5% of emails opened and 4% of messages clicked within a day, by stable draws"
        );
        assert_eq!(
            assumed("clicked=4%"),
            "assumed: 4% of emails opened and 4% of messages clicked within a day, by stable draws; whoever clicks has opened"
        );
        assert_eq!(
            assumed("opened=30%"),
            "assumed: 30% of emails opened and 0% of messages clicked within a day, by stable draws"
        );
    }
}

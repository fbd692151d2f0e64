//! How many messages may change before the command fails: a number, or a share of those that were sent before.

use crate::cli::counted::counted;
use crate::drivers::diff::Line;
use std::fmt;
use std::str::FromStr;

/// `100`, or `2.5%` of the messages of the older version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    Messages(u64),
    /// In thousandths of a percent.
    Share(u64),
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Limit, String> {
        let wrong = || "write a number, such as 100, or a share of the messages of before, such as 2.5%".to_owned();
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let Some(percent) = text.strip_suffix('%') else {
            return if is_digits(text) { text.parse().map(Limit::Messages).map_err(|_| wrong()) } else { Err(wrong()) };
        };
        let (whole, part) = percent.split_once('.').unwrap_or((percent, "0"));
        if !is_digits(whole) || !is_digits(part) || part.is_empty() || part.len() > 3 {
            return Err(wrong());
        }
        let thousandths: u64 = format!("{part:0<3}").parse().map_err(|_| wrong())?;
        let whole: u64 = whole.parse().map_err(|_| wrong())?;
        whole.checked_mul(1_000).and_then(|whole| whole.checked_add(thousandths)).map(Limit::Share).ok_or_else(wrong)
    }
}

/// A limit of what can be lost: no more than there was.
///
/// # Errors
/// As [`Limit::from_str`], and more than 100%.
pub fn of_lost(text: &str) -> Result<Limit, String> {
    match text.parse()? {
        Limit::Share(share) if share > 100_000 => {
            Err("more than 100% of the messages of before cannot be lost: write a share up to 100%".to_owned())
        }
        limit => Ok(limit),
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Messages(count) => count.fmt(f),
            Limit::Share(share) => {
                let part = format!("{:03}", share % 1_000);
                let part = part.trim_end_matches('0');
                write!(f, "{}{}{part}%", share / 1_000, if part.is_empty() { "" } else { "." })
            }
        }
    }
}

impl Limit {
    fn is_passed(self, count: u64, before: u64) -> bool {
        match self {
            Limit::Messages(most) => count > most,
            Limit::Share(share) => u128::from(count) * 100_000 > u128::from(share) * u128::from(before),
        }
    }
}

/// The limits of a command.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    pub lost: Option<Limit>,
    pub gained: Option<Limit>,
    pub changed: Option<Limit>,
}

impl Limits {
    pub fn are_set(&self) -> bool {
        self.lost.or(self.gained).or(self.changed).is_some()
    }

    /// What passes its limit, in words.
    pub fn passed(&self, messages: &Line) -> Vec<String> {
        let changed = &messages.changed;
        let all = [
            ("--max-lost", self.lost, changed.lost, "fewer"),
            ("--max-gained", self.gained, changed.gained, "more"),
            ("--max-changed", self.changed, changed.noticed(), "changed"),
        ];
        let passed = all.into_iter().filter_map(|(option, limit, count, how)| {
            let limit = limit.filter(|limit| limit.is_passed(count, messages.before))?;
            let of = match limit {
                Limit::Messages(_) => String::new(),
                Limit::Share(_) => format!(" of {}", counted(messages.before, "message")),
            };
            Some(format!("{} {how}{of}, over `{option} {limit}`", counted(count, "message")))
        });
        passed.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drivers::diff::Counts;

    #[test]
    fn a_limit_is_a_number_or_a_share() {
        for (text, limit) in [
            ("0", Some(Limit::Messages(0))),
            ("100", Some(Limit::Messages(100))),
            ("2%", Some(Limit::Share(2_000))),
            ("2.5%", Some(Limit::Share(2_500))),
            ("0.125%", Some(Limit::Share(125))),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("2.5", None),
            ("2.%", None),
            ("1.2345%", None),
            ("99999999999999999999%", None),
            ("many", None),
        ] {
            assert_eq!(text.parse().ok(), limit, "{text}");
            assert_eq!(of_lost(text).ok(), limit, "{text}");
            if let Some(limit) = limit {
                assert_eq!(limit.to_string(), text);
            }
        }
    }

    #[test]
    fn more_than_all_can_be_gained_and_not_lost() {
        for (text, may_be_lost) in [("100%", true), ("100.001%", false), ("120%", false), ("120", true)] {
            assert!(text.parse::<Limit>().is_ok(), "{text}");
            assert_eq!(of_lost(text).is_ok(), may_be_lost, "{text}");
        }
    }

    #[test]
    fn what_is_over_a_limit_passes_it_and_what_is_at_it_does_not() {
        let changed = Counts { lost: 25, gained: 1, moved: 4, otherwise: 2, reason: 9 };
        let messages = Line { before: 1_000, after: 976, changed };
        for (lost, gained, all, passed) in
            [("25", "1", "32", 0), ("2.5%", "0.1%", "3.2%", 0), ("24", "0", "31", 3), ("2.499%", "0.099%", "3.199%", 3)]
        {
            let limit = |text: &str| Some(text.parse().unwrap());
            let limits = Limits { lost: limit(lost), gained: limit(gained), changed: limit(all) };
            assert_eq!(limits.passed(&messages).len(), passed, "{lost}");
        }
        let limits = Limits { gained: Some(Limit::Share(50_000)), ..Limits::default() };
        let from_nothing = Line { before: 0, after: 1, changed: Counts { gained: 1, ..Counts::default() } };
        assert_eq!(limits.passed(&from_nothing), ["1 message more of 0 messages, over `--max-gained 50%`"]);
        assert!(limits.passed(&Line::default()).is_empty());
    }
}

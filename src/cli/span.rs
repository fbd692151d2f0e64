//! The history that a command simulates: of which CRM, from when to when.

use super::exit::{Exit, Failure};
use super::instant;
use crate::drivers::simulate::NotSimulated;
use crate::store::crm::Lack;
use crate::time::{Instant, Zone};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// `--crm`, `--from` and `--to`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct SpanArguments {
    /// The CRM; `crm` of `scn.toml` without it
    #[arg(long, value_name = "FILE")]
    pub crm: Option<PathBuf>,
    /// The first instant, included; a date is its first moment. Scenarios start from then on: what began before is not followed
    #[arg(long, value_name = "INSTANT")]
    pub from: Option<String>,
    /// The last instant, included; a date is its last second
    #[arg(long, value_name = "INSTANT")]
    pub to: Option<String>,
}

impl SpanArguments {
    /// The first and the last instant, where they are written. `zone` is that of wall times.
    ///
    /// # Errors
    /// A text that is no instant; a first one after the last.
    pub fn span(&self, zone: Zone) -> Result<(Option<Instant>, Option<Instant>), Failure> {
        let from = self.from.as_deref().map(|text| instant::first("--from", text, zone)).transpose()?;
        let to = self.to.as_deref().map(|text| instant::last("--to", text, zone)).transpose()?;
        if let (Some(first), Some(last)) = (from, to)
            && first > last
        {
            return Err(Failure::new(Exit::Usage, "`--from` is after `--to`").help("exchange them"));
        }
        Ok((from, to))
    }

    /// Refuses a span in which nothing can happen: `found` is that of the history, where there is any, and `by_clock` whether
    /// something starts without an event.
    ///
    /// # Errors
    /// The span that was asked for begins after the history, or ends before it; or there is none, and none was named.
    pub fn refuse_empty<'n>(
        &self,
        found: Option<(Instant, Instant)>,
        by_clock: bool,
        not_simulated: impl IntoIterator<Item = &'n NotSimulated>,
    ) -> Result<(), Failure> {
        match found {
            Some((from, to)) if from > to && self.from.is_none() => {
                let message = format!("`--to` ({to}) is before the first event of the CRM ({from})");
                Err(Failure::new(Exit::Usage, message).help("name a later instant, or `--from` as well"))
            }
            Some((from, to)) if from > to => {
                let message = format!("`--from` ({from}) is after the last event of the CRM ({to})");
                Err(Failure::new(Exit::Usage, message).help("name an earlier instant, or `--to` as well"))
            }
            None if by_clock => {
                // The table that is missing may be the one with the events.
                let lacks = not_simulated.into_iter().flat_map(|not| &not.lacks).map(Lack::describe);
                let lacks: Vec<String> = lacks.collect::<BTreeSet<String>>().into_iter().collect();
                if !lacks.is_empty() {
                    let lacks = lacks.join(", ");
                    let message =
                        format!("the CRM has {lacks}, no event of other scenarios, and so no span to simulate");
                    let help =
                        "write the views that `scn crm` shows, or name the span: `--from 2011-01-01 --to 2011-12-31`";
                    return Err(Failure::new(Exit::Usage, message).help(help));
                }
                let message = "the CRM has no event that these scenarios read, and so no span to simulate";
                Err(Failure::new(Exit::Usage, message).help("name it: `--from 2011-01-01 --to 2011-12-31`"))
            }
            _ => Ok(()),
        }
    }
}

//! What is told in every form: the sentence at the head, lengths of time, persons.

use super::Format;
use super::causes::Causes;
use super::changes::Change;
use crate::cli::counted::{counted, grouped, verb};
use crate::diagnostic::render::clean;
use crate::drivers::diff::{Class, Difference, Example, Seen, Why};
use crate::drivers::simulate::Busiest;
use crate::drivers::story::moment;
use crate::engine::{Engagement, Outcome, Reason};
use crate::model::Id;
use crate::time::Duration;
use serde_json::json;
use std::collections::BTreeMap;

/// Differences, and how they are to be shown.
pub struct Shown<'a> {
    pub old: &'a str,
    pub new: &'a str,
    pub difference: &'a Difference,
    pub changes: &'a [Change],
    pub causes: &'a Causes,
    /// Templates that differ.
    pub templates: &'a [String],
    pub engagement: Engagement,
    /// Addresses, by contact; empty where they are hidden.
    pub revealed: BTreeMap<Id, String>,
    /// The limits that are passed.
    pub passed: &'a [String],
}

/// What is said of two versions that mean the same.
pub fn same(old: &str, new: &str, templates: &[String], format: Format) -> String {
    let (old, new) = (clean(old), clean(new));
    match format {
        Format::Human => {
            let mut text = format!("no difference: `{old}` and `{new}` mean the same\n");
            templates.iter().for_each(|template| text.push_str(&in_other_words(template)));
            text
        }
        Format::Json => {
            let value = json!({ "old": old, "new": new, "same_meaning": true, "templates": templates });
            format!("{value:#}\n")
        }
        Format::Github => {
            let mut text = format!("### No message changes\n\n`{old}` and `{new}` mean the same.\n");
            templates.iter().for_each(|template| text.push_str(&format!("- {}", in_other_words(template))));
            text
        }
    }
}

/// What is said of a template that differs.
pub fn in_other_words(template: &str) -> String {
    format!("template `{template}` differs: its messages go in other words\n")
}

/// A length of time without its direction: `3 days`, `2 hours 5 minutes`.
pub fn length(seconds: i64) -> String {
    let seconds = seconds.saturating_abs();
    let days = Duration::days(i32::try_from(seconds / 86_400).unwrap_or(i32::MAX));
    let rest = Duration::seconds(seconds % 86_400);
    days.checked_add(rest).unwrap_or(days).to_string()
}

/// `3 days later`
pub fn moved(seconds: i64) -> String {
    match seconds {
        0 => "less than a second".to_owned(),
        1.. => format!("{} later", length(seconds)),
        _ => format!("{} earlier", length(seconds)),
    }
}

/// Why something is not sent: `suppressed: cap`.
pub fn unsent(why: Why) -> String {
    match why {
        Why::Absent => "not due by the end".to_owned(),
        Why::Ended(reason) => format!("ended: {}", reason.text()),
        Why::Unsent(outcome, Reason::None) => outcome.name().to_owned(),
        Why::Unsent(outcome, reason) => format!("{}: {}", outcome.name(), reason.text()),
    }
}

/// What a class is called in sentences: `fewer`, `more`.
pub fn class_words(class: Class) -> &'static str {
    match class {
        Class::Lost => "fewer",
        Class::Gained => "more",
        Class::Moved => "moved",
        Class::Otherwise => "sent otherwise",
        Class::Reason => "not sent for another reason",
    }
}

impl Shown<'_> {
    /// `423 messages fewer to 210 persons, 12 more to 9 persons, 38 moved, 3 days later in the median`
    pub fn headline(&self) -> String {
        let tally = &self.difference.tally;
        let (changed, persons) = (tally.messages().changed, tally.persons);
        let median = tally.moves.median().unwrap_or(0);
        let mut parts: Vec<String> = Vec::new();
        for (count, how) in [
            (changed.lost, format!("fewer to {}", counted(persons.losing, "person"))),
            (changed.gained, format!("more to {}", counted(persons.gaining, "person"))),
            (changed.moved, format!("moved, {} in the median", moved(median))),
            (changed.otherwise, "sent otherwise".to_owned()),
        ] {
            if count > 0 {
                let what = if parts.is_empty() { counted(count, "message") } else { grouped(count) };
                parts.push(format!("{what} {how}"));
            }
        }
        if parts.is_empty() {
            parts.push("no message changes".to_owned());
        }
        // Nobody notices the end of an instance.
        let acts = tally.acts.iter().filter(|((_, effect), _)| *effect != "end");
        let acts: u64 = acts.map(|(_, line)| line.changed.noticed()).sum();
        if acts > 0 {
            parts.push(format!("{} {} otherwise", counted(acts, "other effect"), verb(acts, "happens", "happen")));
        }
        parts.join(", ")
    }

    /// Over what was simulated.
    pub fn over(&self) -> String {
        let zone = self.difference.new.program.settings.zone;
        match self.difference.span {
            None => "the CRM has no event that these scenarios read".to_owned(),
            Some((from, to)) => format!(
                "{}, {} to {} ({})",
                counted(self.difference.old.report.contacts.max(self.difference.new.report.contacts), "contact"),
                moment(zone, from),
                moment(zone, to),
                zone.name()
            ),
        }
    }

    pub fn contact(&self, id: &Id) -> String {
        match self.revealed.get(id) {
            Some(revealed) => clean(&format!("{id} {revealed}")).into_owned(),
            None => clean(&id.to_string()).into_owned(),
        }
    }

    pub fn busiest(&self, busiest: Option<&Busiest>) -> String {
        busiest.map_or_else(
            || "no message".to_owned(),
            |busiest| {
                let who = self.contact(&busiest.contact);
                format!("{} (contact {who} on {})", counted(busiest.messages, "message"), busiest.day)
            },
        )
    }

    /// What an example was, and what it is: `2011-03-04 10:00 email reminder`, `suppressed: cap`.
    pub fn seen(&self, seen: Option<&Seen>) -> String {
        let zone = self.difference.new.program.settings.zone;
        match seen {
            None => "not due by the end".to_owned(),
            Some(seen) if matches!(seen.outcome, None | Some(Outcome::Sent)) => {
                format!("{} {} {}", moment(zone, seen.at), seen.channel, seen.message)
            }
            Some(seen) => {
                let why = seen.outcome.map_or(Why::Absent, |outcome| Why::Unsent(outcome, seen.reason));
                format!("{} {}", moment(zone, seen.at), unsent(why))
            }
        }
    }

    /// Both sides of an example.
    pub fn both(&self, example: &Example) -> (String, String) {
        (self.seen(example.old.as_ref()), self.seen(example.new.as_ref()))
    }

    /// The scenario of an example, as it is called.
    pub fn scenario_of(&self, example: &Example) -> String {
        let name = |seen: &Seen| self.difference.scenario(seen.scenario);
        match (&example.old, &example.new) {
            (Some(old), Some(new)) if old.scenario != new.scenario => format!("{}, now {}", name(old), name(new)),
            (Some(seen), _) | (_, Some(seen)) => name(seen),
            (None, None) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_told_in_their_units() {
        for (seconds, words) in [
            (0, "less than a second"),
            (3 * 86_400, "3 days later"),
            (-14 * 86_400, "2 weeks earlier"),
            (3_600, "1 hour later"),
            (-(86_400 + 60), "1 day 1 minute earlier"),
        ] {
            assert_eq!(moved(seconds), words);
        }
    }
}

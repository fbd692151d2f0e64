//! A clause that was judged, in words: what is written, its answer, what it read, and what would have had to be otherwise.

use super::sentences::Teller;
use super::texts::{Quote, ScenarioTexts};
use super::{moment, value_words};
use crate::engine::{Clause, ClauseOf, Found, Read, Value};
use crate::ir::StepIx;
use crate::model::{Id, Type};
use crate::time::Instant;
use serde::Serialize;

/// What stands for a value that is not to be shown.
const HIDDEN: &str = "(hidden; `--reveal` shows it)";
/// The digits of the id of an event that a scenario made which are told.
const DIGITS: usize = 8;
/// How many messages that fill a cap are told.
const FILLING_MAX: usize = 5;

/// A clause, told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// What is written; `None` where it is the step itself, or no text of its own.
    pub quote: Option<Quote>,
    /// What it is, where there is no quote: `an address for email`.
    pub name: String,
    /// `yes`, `no`, `unknown`, or a value.
    pub answer: String,
    pub inputs: Vec<Input>,
    /// What would have given the other answer.
    pub needed: Option<String>,
}

/// Something that a clause read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Input {
    pub depth: usize,
    pub text: String,
}

/// `yes`, `no`, `unknown`
pub(super) fn truth_words(truth: Option<bool>) -> &'static str {
    match truth {
        Some(true) => "yes",
        Some(false) => "no",
        None => "unknown",
    }
}

/// The condition of a clause as it is written.
pub(super) fn bare(quote: &Quote) -> &str {
    let words = ["for ", "unless ", "only if ", "if "];
    words.iter().find_map(|word| quote.text.strip_prefix(word)).unwrap_or(&quote.text)
}

impl Teller<'_> {
    /// `purchased/4711`, by the event's slot; what scenarios made has long ids, of which the first digits are told.
    pub(super) fn event_words(&self, kind: u16, id: &Id) -> String {
        let name = self.program.event_name(kind);
        match id {
            Id::Text(text) if text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                format!("{name}/{}", text.get(..DIGITS).unwrap_or(text))
            }
            id => format!("{name}/{id}"),
        }
    }

    /// A value as it is told: money with its currency, instants in the zone.
    pub(super) fn value(&self, value: &Value, ty: Option<&Type>) -> String {
        match (value, ty) {
            (Value::Number(number), Some(Type::Money)) if number.normalize().scale() <= 2 => {
                format!("{number:.2} {}", self.program.settings.currency)
            }
            (Value::Number(number), Some(Type::Money)) => {
                format!("{} {}", number.normalize(), self.program.settings.currency)
            }
            (Value::Number(_), Some(Type::Percent)) => {
                value.percent().map_or_else(String::new, |percent| format!("{percent}%"))
            }
            (Value::Instant(instant), _) => moment(self.zone, *instant),
            (Value::NotGiven, _) => "missing".into(),
            _ => value_words(value, self.world),
        }
    }

    pub(super) fn read_value(&self, read: &Read) -> String {
        let is_hidden = read.is_personal && !self.reveal && !matches!(read.value, Value::Missing | Value::NotGiven);
        if is_hidden { HIDDEN.into() } else { self.value(&read.value, read.ty.as_ref()) }
    }

    pub fn clause(&self, clause: &Clause, texts: Option<&ScenarioTexts>, step: Option<StepIx>) -> Told {
        let quote = texts.and_then(|texts| quote(texts, clause.of, step));
        let answer = match clause.is_condition {
            true => truth_words(clause.holds()).to_owned(),
            false => self.value(&clause.answer, clause.ty.as_ref()),
        };
        // That there is an address is enough; which, is nobody's business.
        let is_address = matches!(clause.of, ClauseOf::Address(_)) && clause.holds() == Some(true) && !self.reveal;
        let told = |read: &Read| Input { depth: usize::from(read.depth), text: self.read(clause.of, read) };
        Told {
            name: self.name(clause.of),
            answer,
            inputs: clause.read.iter().filter(|_| !is_address).map(told).collect(),
            needed: clause.needed.clone().filter(|needed| quote.as_ref().is_none_or(|quote| bare(quote) != needed)),
            quote,
        }
    }

    /// What a clause is, where its text is not at hand.
    fn name(&self, of: ClauseOf) -> String {
        match of {
            ClauseOf::Filter(..) => "that a person did it".into(),
            ClauseOf::Audience => "`for`".into(),
            ClauseOf::Entry => "the entry rule".into(),
            ClauseOf::Goal => "`goal`".into(),
            ClauseOf::StopWhen => "`stop when`".into(),
            ClauseOf::Unless => "`unless`".into(),
            ClauseOf::OnlyIf => "`only if`".into(),
            ClauseOf::Condition => "the condition".into(),
            ClauseOf::Length => "how long".into(),
            ClauseOf::Amount => "the value".into(),
            ClauseOf::Address(_) => "an address".into(),
            ClauseOf::Consent(_) => "consent to marketing".into(),
            ClauseOf::Policy => "the policy lets it leave".into(),
        }
    }

    fn read(&self, of: ClauseOf, read: &Read) -> String {
        let words = &read.words;
        match (of, &read.value) {
            (ClauseOf::Policy, Value::Instant(room)) if read.depth > 0 => {
                format!("{words} on {}", moment(self.zone, *room))
            }
            (ClauseOf::Policy, Value::Instant(until)) => format!("`{words}`, until {}", moment(self.zone, *until)),
            (ClauseOf::Policy, Value::List(filling)) => {
                let at = |value: &Value| self.value(value, None);
                let last: Vec<String> = filling.iter().rev().take(FILLING_MAX).map(at).collect();
                let one = if filling.len() == 1 { "one " } else { "" };
                format!("`{words}`: {one}left at {}", last.into_iter().rev().collect::<Vec<_>>().join(", "))
            }
            _ if read.is_condition => match &read.events {
                Some(found) => format!("{words}: {}", self.found(found, read.value.truth())),
                None => format!("{words}: {}", truth_words(read.value.truth())),
            },
            _ => {
                let value = format!("{words} = {}", self.read_value(read));
                match &read.events {
                    Some(found) => format!("{value} ({})", self.counted(found)),
                    None => value,
                }
            }
        }
    }

    /// The answer of a history.
    fn found(&self, found: &Found, truth: Option<bool>) -> String {
        match truth {
            Some(true) => format!("yes, {}", self.counted(found)),
            Some(false) => format!("no, {}", self.counted(found)),
            None => "unknown".into(),
        }
    }

    /// `2 after 2011-01-10 10:00, the last is purchased/4711 on 2011-02-20 10:00`
    fn counted(&self, found: &Found) -> String {
        let at =
            |(id, at): &(Id, Instant)| format!("{} on {}", self.event_words(found.kind, id), moment(self.zone, *at));
        let since = found.since.map_or_else(String::new, |since| format!(" after {}", moment(self.zone, since)));
        let name = self.program.event_name(found.kind);
        let mut text = match (&found.latest, found.count) {
            (Some(latest), 1) => {
                format!("{}{}", at(latest), if since.is_empty() { since } else { format!(" ({})", since.trim_start()) })
            }
            (Some(latest), count) => {
                let least = if found.is_cut { "at least " } else { "" };
                format!("{least}{count} `{name}`{since}, the last is {}", at(latest))
            }
            (None, _) => {
                let others = match found.others {
                    0 => String::new(),
                    others => format!("; {others} other `{name}`{since}"),
                };
                format!("none{since}{others}")
            }
        };
        if let Some(before) = found.before.as_ref().filter(|_| found.count == 0) {
            text.push_str(&format!("; the last before is {}", at(before)));
        }
        text
    }
}

/// What is written of a clause.
fn quote(texts: &ScenarioTexts, of: ClauseOf, step: Option<StepIx>) -> Option<Quote> {
    match of {
        ClauseOf::Filter(trigger, part) => {
            let filter = texts.filters.get(usize::from(trigger))?.get(usize::from(part));
            filter.filter(|quote| !quote.text.is_empty()).cloned()
        }
        ClauseOf::Audience => texts.audience.clone(),
        ClauseOf::Entry => texts.entry.clone(),
        ClauseOf::Goal => texts.goal.clone(),
        ClauseOf::StopWhen => texts.stop_when.clone(),
        ClauseOf::Unless | ClauseOf::OnlyIf => texts.guards.get(&step?).cloned(),
        ClauseOf::Condition | ClauseOf::Length | ClauseOf::Amount => texts.steps.get(&step?).cloned(),
        ClauseOf::Address(_) | ClauseOf::Consent(_) | ClauseOf::Policy => None,
    }
}

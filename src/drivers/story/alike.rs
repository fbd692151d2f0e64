//! What is told as one: journeys, and lines, that say the same but for when, and of which rows.
//!
//! Of a text that is compared, instants and ids are left out where it is made, not looked for in its words: a name, a code or an
//! amount holds digits too, and tells one thing from another.

use super::clauses::truth_words;
use super::moment;
use super::sentences::{Sentence, Teller};
use super::tale::InstanceStory;
use crate::engine::{Clause, Value};
use crate::time::{Instant, Zone};

/// How many of one kind in a row are told as one.
const ALIKE_MIN: usize = 3;

/// How a text is made.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    /// To be read: times are wall times of this zone.
    Read(Zone),
    /// To be compared: without instants and the ids of rows.
    Compared,
}

impl Manner {
    /// `2024-12-10 10:00`
    pub fn at(self, instant: Instant) -> String {
        match self {
            Manner::Read(zone) => moment(zone, instant),
            Manner::Compared => String::new(),
        }
    }
}

/// A text in both manners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    pub text: String,
    /// As it is compared.
    pub alike: String,
}

impl Phrase {
    /// A text that holds no instant and no id.
    pub fn fixed(text: String) -> Phrase {
        Phrase { alike: text.clone(), text }
    }
}

impl Teller<'_> {
    /// What a clause says, and each condition within it, without the values that they read.
    pub(super) fn clause_alike(&self, clause: &Clause) -> String {
        let answer = match &clause.answer {
            _ if clause.is_condition => truth_words(clause.holds()).to_owned(),
            Value::Instant(_) | Value::Date(_) | Value::Id(_) => String::new(),
            answer => self.value(answer, clause.ty.as_ref()),
        };
        let mut text = format!("\n{:?}: {answer}", clause.of);
        for read in &clause.read {
            let answer = if read.is_condition { truth_words(read.value.truth()) } else { "" };
            text.push_str(&format!("\n  {}: {answer}", read.words));
        }
        text
    }
}

/// What is told as one: of those in a row that are alike, where they are enough; else each alone.
pub(super) fn runs<T>(items: &[T], is_alike: fn(&T, &T) -> bool, all: bool) -> Vec<&[T]> {
    let of_run = |run: &'_ [T]| if all || run.len() < ALIKE_MIN { 1 } else { run.len() };
    items.chunk_by(is_alike).flat_map(|run| run.chunks(of_run(run))).collect()
}

/// Whether two instances took the same steps to the same ends for the same reasons, at whatever instants.
pub(super) fn is_same_journey(one: &InstanceStory, other: &InstanceStory) -> bool {
    let is_same = one.version == other.version && one.is_over == other.is_over && one.alike == other.alike;
    is_same
        && one.told.len() == other.told.len()
        && one.told.iter().zip(&other.told).all(|(one, two)| is_same_line(one, two))
}

/// Whether two lines are of one step and say the same of it.
pub(super) fn is_same_line(one: &Sentence, other: &Sentence) -> bool {
    one.quote == other.quote && one.alike == other.alike
}

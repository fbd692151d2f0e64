//! What is known where a condition stands, read once.

use super::super::typed::{Expr, Kind};
use super::domain::Sample;
use super::formula::{Formula, Subjects};
use super::{Possible, Reader};
use crate::model::Type;
use crate::span::Span;
use std::collections::BTreeSet;
use std::rc::Rc;

/// How many facts are kept; of those after them nothing is claimed.
const FACTS_MAX: usize = 2000;

/// How long a fact holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Until {
    /// Until a step does something, of this scenario or of another at the same instant.
    Change,
    /// Until time passes.
    Later,
    /// As long as the instance runs.
    End,
}

/// What is known where a condition stands: another condition, and what it came to.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'s> {
    pub condition: &'s Expr,
    /// Whether it reads the event that is the trigger: the filter of a trigger.
    pub of_trigger: bool,
    pub came_to: Possible,
    pub until: Until,
    /// Where it is seen, and how that is said.
    pub place: Span,
    pub why: &'static str,
}

/// All that is known at one place.
#[derive(Clone, Debug, Default)]
pub struct Known<'s> {
    /// What the facts look at, or looked at before they were forgotten.
    pub(super) subjects: Rc<Subjects>,
    facts: Vec<Rc<Read<'s>>>,
    /// Values that a fact found present. It is not forgotten: who wrote that fact has thought of those without one.
    pub(super) present: BTreeSet<usize>,
}

#[derive(Debug)]
struct Read<'s> {
    fact: Fact<'s>,
    parts: Vec<Part>,
}

/// A part of a fact, which holds by itself.
#[derive(Debug)]
pub(super) struct Part {
    pub formula: Formula,
    pub came_to: Possible,
    pub reads: BTreeSet<usize>,
    pub size: usize,
}

impl<'s> Known<'s> {
    /// What is known by one fact alone.
    pub fn by(reader: &Reader, fact: Fact<'s>) -> Known<'s> {
        let mut known = Known::default();
        known.learn(reader, fact);
        known
    }

    pub fn learn(&mut self, reader: &Reader, fact: Fact<'s>) {
        if self.facts.len() >= FACTS_MAX {
            return;
        }
        let formula = reader.formula(fact.condition, fact.of_trigger, Rc::make_mut(&mut self.subjects));
        let mut parts = Vec::new();
        split(formula, fact.came_to, &mut parts);
        let missing = vec![Sample::Missing; self.subjects.len()];
        let asks = |part: &&Part| !part.came_to.allows(part.formula.truth(&self.subjects, &missing));
        let alone = parts.iter().filter(|part| part.reads.len() == 1).filter(asks);
        self.present.extend(alone.flat_map(|part| &part.reads).copied().collect::<Vec<_>>());
        self.facts.push(Rc::new(Read { fact, parts }));
    }

    /// A value that was set.
    pub fn set(&mut self, reader: &Reader, value: &Expr) {
        let reads = self.reads(reader, value);
        self.present.extend(reads);
    }

    /// Whether a fact found a value present, or it was set.
    pub fn is_present(&mut self, reader: &Reader, value: &Expr) -> bool {
        self.reads(reader, value).is_subset(&self.present)
    }

    fn reads(&mut self, reader: &Reader, value: &Expr) -> BTreeSet<usize> {
        let has = Expr::new(Kind::Has(Box::new(value.clone())), Type::Flag, false, value.span);
        reader.formula(&has, false, Rc::make_mut(&mut self.subjects)).reads()
    }

    /// What holds as long as the instance runs.
    pub fn lasting(&self) -> Known<'s> {
        let mut known = self.clone();
        known.forget(Until::End);
        known
    }

    /// Forgets what holds no longer than that.
    pub fn forget(&mut self, until: Until) {
        self.facts.retain(|read| read.fact.until >= until);
    }

    pub fn facts(&self) -> impl DoubleEndedIterator<Item = &Fact<'s>> {
        self.facts.iter().map(|read| &read.fact)
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &Part> {
        self.facts.iter().flat_map(|read| &read.parts)
    }

    /// Whether it says anything of one of these values.
    pub(super) fn concerns(&self, others: &Subjects) -> bool {
        !self.facts.is_empty() && self.subjects.shares(others)
    }
}

/// A conjunction that holds holds in each part, and so on: small parts touch fewer values.
fn split(formula: Formula, came_to: Possible, parts: &mut Vec<Part>) {
    match (formula, came_to) {
        (Formula::Not(inner), _) => split(*inner, came_to.opposite(), parts),
        (Formula::All(each), Possible::TRUE) => each.into_iter().for_each(|part| split(part, came_to, parts)),
        (Formula::Any(each), Possible::FALSE | Possible::NOT_TRUE) => {
            each.into_iter().for_each(|part| split(part, came_to, parts));
        }
        (formula, _) => parts.push(Part { reads: formula.reads(), size: formula.size(), formula, came_to }),
    }
}

/// Which values hang together, because one formula looks at them.
#[derive(Clone, Debug)]
pub(super) struct Ties {
    /// Of each value another of its group, or itself.
    next: Vec<usize>,
}

impl Ties {
    pub fn of(subjects: &Subjects, given: &[&Part]) -> Ties {
        let mut ties = Ties { next: (0..subjects.len()).collect() };
        given.iter().for_each(|part| ties.tie(&part.reads));
        ties
    }

    pub fn tie(&mut self, reads: &BTreeSet<usize>) {
        let Some(first) = reads.first().map(|subject| self.root(*subject)) else { return };
        for subject in reads {
            let root = self.root(*subject);
            if let Some(next) = self.next.get_mut(root) {
                *next = first;
            }
            // So that the way stays short.
            if let Some(next) = self.next.get_mut(*subject) {
                *next = first;
            }
        }
    }

    pub fn root(&self, subject: usize) -> usize {
        let mut at = subject;
        while let Some(next) = self.next.get(at).filter(|next| **next != at) {
            at = *next;
        }
        at
    }
}

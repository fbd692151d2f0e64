//! What a condition can come to at all: true, false, unknown, whoever the contact is.
//!
//! The values that a condition looks at are taken apart from what it says of them. Each such value has a few cases that the
//! condition can tell apart (missing, one of the constants that it is compared with, between two of them), and all of
//! them are tried, by the engine's own rules. Two values are taken to be independent of one another, so that at worst a
//! case is tried that never comes: whatever is found impossible is impossible.

mod constants;
mod domain;
mod formula;
mod key;
mod known;
mod omitted;
mod reading;

pub use key::key;
pub use known::{Fact, Known, Until};
pub use reading::Reader;

use super::typed::Expr;
use domain::Sample;
use formula::{Formula, Subjects};
use known::{Part, Ties};
use std::collections::{BTreeMap, BTreeSet};

/// How many cases are tried at once, and how many parts of formulas are looked at for that; where there are more, nothing is
/// claimed.
const CASES_MAX: usize = 3000;
const WORK_MAX: usize = 3_000_000;

/// Which of the three a condition can be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Possible {
    pub truth: bool,
    pub falsehood: bool,
    pub unknown: bool,
}

impl Possible {
    pub const ANY: Possible = Possible { truth: true, falsehood: true, unknown: true };
    pub const NONE: Possible = Possible { truth: false, falsehood: false, unknown: false };
    pub const TRUE: Possible = Possible { truth: true, ..Possible::NONE };
    pub const FALSE: Possible = Possible { falsehood: true, ..Possible::NONE };
    /// Whatever does not act.
    pub const NOT_TRUE: Possible = Possible { falsehood: true, unknown: true, ..Possible::NONE };
    /// Whatever holds an `unless` back.
    pub const NOT_FALSE: Possible = Possible { truth: true, unknown: true, ..Possible::NONE };

    fn only(truth: Option<bool>) -> Possible {
        let mut found = Possible::NONE;
        found.add(truth);
        found
    }

    fn add(&mut self, truth: Option<bool>) {
        match truth {
            Some(true) => self.truth = true,
            Some(false) => self.falsehood = true,
            None => self.unknown = true,
        }
    }

    fn allows(self, truth: Option<bool>) -> bool {
        match truth {
            Some(true) => self.truth,
            Some(false) => self.falsehood,
            None => self.unknown,
        }
    }

    /// What both allow.
    fn and(self, other: Possible) -> Possible {
        Possible {
            truth: self.truth && other.truth,
            falsehood: self.falsehood && other.falsehood,
            unknown: self.unknown && other.unknown,
        }
    }

    fn opposite(self) -> Possible {
        Possible { truth: self.falsehood, falsehood: self.truth, unknown: self.unknown }
    }

    fn each(self) -> impl Iterator<Item = Option<bool>> {
        [Some(true), Some(false), None].into_iter().filter(move |truth| self.allows(*truth))
    }
}

impl Reader<'_> {
    /// What a condition can come to where this is known. Where that cannot hold together, nothing.
    pub fn possible(&self, known: &Known, condition: &Expr, of_trigger: bool) -> Possible {
        let mut subjects = Subjects::default();
        let formula = self.formula(condition, of_trigger, &mut subjects);
        let alone =
            Cases { subjects: &subjects, given: &[], bound: Possible::ANY }.of(&formula, &Ties::of(&subjects, &[]));
        if !known.concerns(&subjects) {
            return alone;
        }
        let mut subjects = Subjects::clone(&known.subjects);
        let formula = self.formula(condition, of_trigger, &mut subjects);
        let given: Vec<&Part> = known.parts().collect();
        let ties = Ties::of(&subjects, &given);
        Cases { subjects: &subjects, given: &given, bound: alone }.of(&formula, &ties).and(alone)
    }
}

/// All cases of the values that formulas look at.
struct Cases<'f> {
    subjects: &'f Subjects,
    given: &'f [&'f Part],
    /// What the whole can come to by itself: when all of that was found, no more is looked for.
    bound: Possible,
}

impl Cases<'_> {
    fn of(&self, formula: &Formula, ties: &Ties) -> Possible {
        match formula {
            Formula::Not(inner) => Cases { bound: self.bound.opposite(), ..*self }.of(inner, ties).opposite(),
            Formula::All(parts) => self.of_parts(parts, true, ties).unwrap_or_else(|| self.tried(formula, ties)),
            Formula::Any(parts) => self.of_parts(parts, false, ties).unwrap_or_else(|| self.tried(formula, ties)),
            _ => self.tried(formula, ties),
        }
    }

    /// Parts that look at nothing in common are judged apart; `None` where all hang together.
    fn of_parts(&self, parts: &[Formula], all: bool, ties: &Ties) -> Option<Possible> {
        let (groups, ties) = groups(parts, ties);
        if groups.len() < 2 {
            return None;
        }
        let apart = Cases { bound: Possible::ANY, ..*self };
        let neutral = Possible::only(Some(all));
        Some(groups.values().fold(neutral, |before, group| joined(before, apart.of_group(group, all, &ties), all)))
    }

    /// Parts that hang together, all of them or any.
    fn of_group(&self, group: &[&Formula], all: bool, ties: &Ties) -> Possible {
        match group {
            [only] => self.of(only, ties),
            several => self.tried(&whole(several, all), ties),
        }
    }

    /// Tries every case of the values that a formula looks at, and of those that facts tie to them.
    fn tried(&self, formula: &Formula, ties: &Ties) -> Possible {
        let (reads, tied) = self.tied(formula, ties);
        self.through(formula, &reads, &tied)
    }

    /// The values that a formula looks at with those that facts tie to them, and these facts.
    fn tied(&self, formula: &Formula, ties: &Ties) -> (BTreeSet<usize>, Vec<&Part>) {
        let mut reads = formula.reads();
        let roots: BTreeSet<usize> = reads.iter().map(|subject| ties.root(*subject)).collect();
        let is_tied = |part: &&&Part| part.reads.first().is_some_and(|subject| roots.contains(&ties.root(*subject)));
        let tied: Vec<&Part> = self.given.iter().filter(is_tied).copied().collect();
        tied.iter().for_each(|part| reads.extend(&part.reads));
        (reads, tied)
    }

    fn through(&self, formula: &Formula, reads: &BTreeSet<usize>, tied: &[&Part]) -> Possible {
        let order: Vec<(usize, Vec<Sample>)> =
            reads.iter().map(|subject| (*subject, self.subjects.samples(*subject))).collect();
        let cases = order.iter().fold(1usize, |cases, (_, samples)| cases.saturating_mul(samples.len()));
        if cases > CASES_MAX {
            return Possible::ANY;
        }
        let size = formula.size();
        let (mut found, mut work) = (Possible::NONE, 0usize);
        let mut case = vec![Sample::Missing; self.subjects.len()];
        let mut at = vec![0usize; order.len()];
        loop {
            for ((subject, samples), place) in order.iter().zip(&at) {
                if let (Some(slot), Some(sample)) = (case.get_mut(*subject), samples.get(*place)) {
                    *slot = *sample;
                }
            }
            let holds = tied.iter().all(|part| {
                work += part.size;
                part.came_to.allows(part.formula.truth(self.subjects, &case))
            });
            if holds {
                work += size;
                found.add(formula.truth(self.subjects, &case));
            }
            if found.and(self.bound) == self.bound || !next(&order, &mut at) {
                return found;
            }
            if work > WORK_MAX {
                return Possible::ANY;
            }
        }
    }
}

/// Parts that look at something in common belong together.
fn groups<'f>(parts: &'f [Formula], ties: &Ties) -> (BTreeMap<Option<usize>, Vec<&'f Formula>>, Ties) {
    let mut ties = ties.clone();
    parts.iter().for_each(|part| ties.tie(&part.reads()));
    let mut groups: BTreeMap<Option<usize>, Vec<&Formula>> = BTreeMap::new();
    for part in parts {
        let group = part.reads().first().map(|subject| ties.root(*subject));
        groups.entry(group).or_default().push(part);
    }
    (groups, ties)
}

fn whole(parts: &[&Formula], all: bool) -> Formula {
    let parts = parts.iter().copied().cloned().collect();
    if all { Formula::All(parts) } else { Formula::Any(parts) }
}

/// The next case; false after the last.
fn next(order: &[(usize, Vec<Sample>)], at: &mut [usize]) -> bool {
    for ((_, samples), place) in order.iter().zip(at) {
        *place += 1;
        if *place < samples.len() {
            return true;
        }
        *place = 0;
    }
    false
}

/// Kleene's `and`, or `or`, of what two independent conditions can come to.
fn joined(one: Possible, other: Possible, all: bool) -> Possible {
    let mut found = Possible::NONE;
    for left in one.each() {
        for right in other.each() {
            found.add(formula::both(left, right, all));
        }
    }
    found
}

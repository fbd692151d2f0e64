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
mod reading;

pub use reading::Reader;

use super::typed::Expr;
use domain::Sample;
use formula::{Formula, Subject};
use std::collections::BTreeSet;

/// How many cases are tried at once; where there are more, nothing is claimed.
const CASES_MAX: usize = 3000;

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

    fn opposite(self) -> Possible {
        Possible { truth: self.falsehood, falsehood: self.truth, unknown: self.unknown }
    }

    fn each(self) -> impl Iterator<Item = Option<bool>> {
        [Some(true), Some(false), None].into_iter().filter(move |truth| self.allows(*truth))
    }
}

/// What is known where a condition stands: another condition, and what it came to.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'s> {
    pub condition: &'s Expr,
    /// Whether it reads the event that is the trigger: the filter of a trigger.
    pub of_trigger: bool,
    pub came_to: Possible,
}

impl Reader<'_> {
    /// What a condition can come to where these facts hold. Where they cannot hold together, nothing.
    pub fn possible(&self, facts: &[Fact], condition: &Expr, of_trigger: bool) -> Possible {
        let mut subjects = Vec::new();
        let formula = self.formula(condition, of_trigger, &mut subjects);
        let mut given = Vec::new();
        for fact in facts {
            let formula = self.formula(fact.condition, fact.of_trigger, &mut subjects);
            split(formula, fact.came_to, &mut given);
        }
        let samples: Vec<Vec<Sample>> = subjects.iter().map(Subject::samples).collect();
        Cases { samples: &samples, subjects: &subjects, given: &given }.of(&formula)
    }
}

/// A conjunction that holds holds in each part, and so on: small parts touch fewer values.
fn split(formula: Formula, came_to: Possible, given: &mut Vec<(Formula, Possible)>) {
    match (formula, came_to) {
        (Formula::Not(inner), _) => split(*inner, came_to.opposite(), given),
        (Formula::All(parts), Possible::TRUE) => parts.into_iter().for_each(|part| split(part, came_to, given)),
        (Formula::Any(parts), Possible::FALSE | Possible::NOT_TRUE) => {
            parts.into_iter().for_each(|part| split(part, came_to, given));
        }
        (formula, _) => given.push((formula, came_to)),
    }
}

/// All cases of the values that formulas look at.
struct Cases<'f> {
    samples: &'f [Vec<Sample>],
    subjects: &'f [Subject],
    given: &'f [(Formula, Possible)],
}

impl Cases<'_> {
    fn of(&self, formula: &Formula) -> Possible {
        match formula {
            Formula::Not(inner) => self.of(inner).opposite(),
            Formula::All(parts) => self.of_parts(parts, true).unwrap_or_else(|| self.tried(formula)),
            Formula::Any(parts) => self.of_parts(parts, false).unwrap_or_else(|| self.tried(formula)),
            _ => self.tried(formula),
        }
    }

    /// Parts that look at nothing in common are judged apart; `None` where all hang together.
    fn of_parts(&self, parts: &[Formula], all: bool) -> Option<Possible> {
        let mut groups: Vec<(BTreeSet<usize>, Vec<&Formula>)> = Vec::new();
        for part in parts {
            let mut reads = self.reach(part);
            let mut members = vec![part];
            groups.retain_mut(|(other, others)| {
                let apart = other.is_disjoint(&reads);
                if !apart {
                    reads.append(other);
                    members.append(others);
                }
                apart
            });
            groups.push((reads, members));
        }
        if groups.len() < 2 {
            return None;
        }
        let neutral = Possible::only(Some(all));
        Some(groups.iter().fold(neutral, |before, (_, members)| {
            let group: Vec<Formula> = members.iter().map(|part| (*part).clone()).collect();
            let group = match (group.len(), all) {
                (1, _) => members.first().map_or(neutral, |only| self.of(only)),
                (_, true) => self.tried(&Formula::All(group)),
                (_, false) => self.tried(&Formula::Any(group)),
            };
            joined(before, group, all)
        }))
    }

    /// The values that a formula looks at, and those that facts tie to them.
    fn reach(&self, formula: &Formula) -> BTreeSet<usize> {
        let mut reads = BTreeSet::new();
        formula.reads(&mut reads);
        loop {
            let before = reads.len();
            for (given, _) in self.given {
                let mut of_fact = BTreeSet::new();
                given.reads(&mut of_fact);
                if !of_fact.is_disjoint(&reads) {
                    reads.append(&mut of_fact);
                }
            }
            if reads.len() == before {
                return reads;
            }
        }
    }

    /// Tries every case.
    fn tried(&self, formula: &Formula) -> Possible {
        let reads = self.reach(formula);
        let cases = |reads: &BTreeSet<usize>| {
            let sizes = reads.iter().map(|subject| self.samples.get(*subject).map_or(1, Vec::len));
            sizes.fold(1usize, usize::saturating_mul)
        };
        if cases(&reads) <= CASES_MAX {
            return self.through(formula, &reads, self.given);
        }
        let mut own = BTreeSet::new();
        formula.reads(&mut own);
        match cases(&own) <= CASES_MAX {
            true => self.through(formula, &own, &[]),
            false => Possible::ANY,
        }
    }

    fn through(&self, formula: &Formula, reads: &BTreeSet<usize>, given: &[(Formula, Possible)]) -> Possible {
        let tied: Vec<&(Formula, Possible)> = (given.iter())
            .filter(|(fact, _)| {
                let mut of_fact = BTreeSet::new();
                fact.reads(&mut of_fact);
                of_fact.is_subset(reads)
            })
            .collect();
        let mut found = Possible::NONE;
        let mut case = vec![Sample::Missing; self.samples.len()];
        let order: Vec<usize> = reads.iter().copied().collect();
        let mut at = vec![0usize; order.len()];
        loop {
            for (subject, place) in order.iter().zip(&at) {
                let sample = self.samples.get(*subject).and_then(|all| all.get(*place));
                if let (Some(slot), Some(sample)) = (case.get_mut(*subject), sample) {
                    *slot = *sample;
                }
            }
            let holds = |(fact, came_to): &&(Formula, Possible)| came_to.allows(fact.truth(self.subjects, &case));
            if tied.iter().all(holds) {
                found.add(formula.truth(self.subjects, &case));
            }
            if found == Possible::ANY || !self.next(&order, &mut at) {
                return found;
            }
        }
    }

    /// The next case; false after the last.
    fn next(&self, order: &[usize], at: &mut [usize]) -> bool {
        for (subject, place) in order.iter().zip(at) {
            *place += 1;
            if *place < self.samples.get(*subject).map_or(1, Vec::len) {
                return true;
            }
            *place = 0;
        }
        false
    }
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

//! Who has no value at all, where a condition acts for whoever has another one.
//!
//! `contact.tier is not "gold"` is true of every tier that it does not name, and unknown of who has none. The author who
//! means the first seldom thinks of the second. Where a condition is false of who has none (`has contact.tier and ...`), or
//! acts for them (`contact.tier is empty or ...`), it says what it means.

use super::super::typed::Expr;
use super::domain::Sample;
use super::formula::{Formula, Subjects, Test};
use super::key::key;
use super::known::{Known, Part, Ties};
use super::{CASES_MAX, Cases, Possible, Reader, WORK_MAX, groups, next, whole};
use std::collections::BTreeSet;

/// The value that may be missing, and what the condition must come to so that something is done.
#[derive(Clone, Copy, Debug)]
struct Asked {
    subject: usize,
    acts: bool,
}

impl Reader<'_> {
    /// Whether a condition looks at nothing but one value.
    pub fn looks_only_at(&self, condition: &Expr, of_trigger: bool, value: &Expr) -> bool {
        let mut subjects = Subjects::default();
        let reads = self.formula(condition, of_trigger, &mut subjects).reads();
        let own = subjects.find(key(value, of_trigger), value.is_flag());
        own.is_some_and(|own| reads.iter().all(|read| *read == own))
    }

    /// Whether a condition, all else being equal, is `acts` where this value is one that it does not name, and unknown where
    /// it is missing.
    pub fn omits(&self, known: &Known, condition: &Expr, of_trigger: bool, acts: bool, value: &Expr) -> bool {
        let mut subjects = known.subjects.as_ref().clone();
        let formula = self.formula(condition, of_trigger, &mut subjects);
        let Some(subject) = subjects.find(key(value, of_trigger), value.is_flag()) else { return false };
        if known.present.contains(&subject) {
            return false;
        }
        let given: Vec<&Part> = known.parts().collect();
        let ties = Ties::of(&subjects, &given);
        let cases = Cases { subjects: &subjects, given: &given, bound: Possible::ANY };
        cases.omits(&formula, Asked { subject, acts }, &ties)
    }
}

impl Cases<'_> {
    fn omits(&self, formula: &Formula, asked: Asked, ties: &Ties) -> bool {
        match formula {
            _ if !formula.reads().contains(&asked.subject) => false,
            Formula::Not(inner) => self.omits(inner, Asked { acts: !asked.acts, ..asked }, ties),
            Formula::All(parts) => self.omits_in(parts, true, asked, ties),
            Formula::Any(parts) => self.omits_in(parts, false, asked, ties),
            _ => self.omits_case(formula, asked, ties),
        }
    }

    /// The part that looks at the value decides where the parts beside it, which look at nothing that it looks at, let it.
    fn omits_in(&self, parts: &[Formula], all: bool, asked: Asked, ties: &Ties) -> bool {
        let (groups, ties) = groups(parts, ties);
        let own = Some(ties.root(asked.subject));
        let lets = |possible: Possible| possible.allows(Some(all)) || (asked.acts != all && possible.unknown);
        groups.iter().all(|(root, group)| match group.as_slice() {
            group if *root != own => lets(self.of_group(group, all, &ties)),
            [only] => self.omits(only, asked, &ties),
            several => self.omits_case(&whole(several, all), asked, &ties),
        })
    }

    /// Tries every case of the other values.
    fn omits_case(&self, formula: &Formula, asked: Asked, ties: &Ties) -> bool {
        let Some(unnamed) = self.unnamed(formula, asked.subject) else { return false };
        let (mut reads, tied) = self.tied(formula, ties);
        reads.remove(&asked.subject);
        let order: Vec<(usize, Vec<Sample>)> =
            reads.iter().map(|subject| (*subject, self.subjects.samples(*subject))).collect();
        let cases = order.iter().fold(1usize, |cases, (_, samples)| cases.saturating_mul(samples.len()));
        let size = tied.iter().fold(formula.size(), |size, part| size + part.size);
        if cases > CASES_MAX || cases.saturating_mul(size) > WORK_MAX {
            return false;
        }
        let mut case = vec![Sample::Missing; self.subjects.len()];
        let mut at = vec![0usize; order.len()];
        loop {
            for ((subject, samples), place) in order.iter().zip(&at) {
                if let (Some(slot), Some(sample)) = (case.get_mut(*subject), samples.get(*place)) {
                    *slot = *sample;
                }
            }
            let mut comes_to = |sample: Sample, truth: Option<bool>| {
                if let Some(slot) = case.get_mut(asked.subject) {
                    *slot = sample;
                }
                formula.truth(self.subjects, &case) == truth
                    && tied.iter().all(|part| part.came_to.allows(part.formula.truth(self.subjects, &case)))
            };
            if comes_to(Sample::Missing, None) && unnamed.iter().any(|other| comes_to(*other, Some(asked.acts))) {
                return true;
            }
            if !next(&order, &mut at) {
                return false;
            }
        }
    }

    /// The cases of a value that a formula does not name; `None` where it asks for its order, of which another finding tells.
    fn unnamed(&self, formula: &Formula, asked: usize) -> Option<Vec<Sample>> {
        let (mut named, mut is_ordered) = (BTreeSet::new(), false);
        formula.visit(&mut |part| match part {
            Formula::Compare { subject, test, point, .. } if *subject == asked => {
                is_ordered |= *test != Test::Equal;
                named.insert(*point);
            }
            Formula::IsEmpty(subject, empty) if *subject == asked => {
                named.insert(*empty);
            }
            _ => {}
        });
        let mut samples = self.subjects.samples(asked);
        samples.retain(|sample| match sample {
            Sample::Missing | Sample::Flag(true) => false,
            Sample::Point(point) => !named.contains(point),
            Sample::Place(_) | Sample::Flag(false) => true,
        });
        (!is_ordered).then_some(samples)
    }
}

//! A condition as what it says of values.

use super::domain::{Bounds, Point, Sample, samples};
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// A value that is looked at.
#[derive(Clone, Debug)]
pub struct Subject {
    pub key: String,
    pub may_be_missing: bool,
    pub is_flag: bool,
    pub bounds: Bounds,
    pub points: Vec<Point>,
    /// Of each point; empty where they have no order.
    pub places: Vec<usize>,
}

/// How a value is compared with a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    Equal,
    Below,
    AtMost,
    Above,
    AtLeast,
}

#[derive(Clone, Debug)]
pub enum Formula {
    Known(Option<bool>),
    Flag(usize),
    Has(usize),
    /// Missing, or equal to the point that is empty.
    IsEmpty(usize, usize),
    /// `fallback` is the point that stands for it where it is missing.
    Compare {
        subject: usize,
        fallback: Option<usize>,
        test: Test,
        point: usize,
    },
    /// The same where there is a value.
    WherePresent(usize, bool),
    /// The latest event is after the point, or there is one; unknown where a value of the keys is missing.
    Happened {
        latest: usize,
        since: Option<usize>,
        keyless: Option<usize>,
    },
    Not(Box<Formula>),
    All(Vec<Formula>),
    Any(Vec<Formula>),
    IsUnknown(Box<Formula>),
    Default(Box<(Formula, Formula)>),
    If {
        arms: Vec<(Formula, Formula)>,
        otherwise: Box<Formula>,
    },
}

/// Kleene's `and` of two when `all`, else `or`.
pub fn both(one: Option<bool>, other: Option<bool>, all: bool) -> Option<bool> {
    match (one, other) {
        (Some(truth), _) | (_, Some(truth)) if truth != all => Some(!all),
        (Some(_), Some(_)) => Some(all),
        _ => None,
    }
}

/// All parts together; one of another kind decides at once.
fn together(parts: &[Formula], all: bool, subjects: &[Subject], case: &[Sample]) -> Option<bool> {
    let mut found = Some(all);
    for part in parts {
        found = both(found, part.truth(subjects, case), all);
        if found == Some(!all) {
            break;
        }
    }
    found
}

impl Formula {
    pub fn reads(&self, found: &mut BTreeSet<usize>) {
        match self {
            Formula::Known(_) => {}
            Formula::Flag(subject)
            | Formula::Has(subject)
            | Formula::IsEmpty(subject, _)
            | Formula::Compare { subject, .. }
            | Formula::WherePresent(subject, _) => {
                found.insert(*subject);
            }
            Formula::Happened { latest, keyless, .. } => {
                found.insert(*latest);
                found.extend(keyless);
            }
            Formula::Not(inner) | Formula::IsUnknown(inner) => inner.reads(found),
            Formula::All(parts) | Formula::Any(parts) => parts.iter().for_each(|part| part.reads(found)),
            Formula::Default(pair) => {
                pair.0.reads(found);
                pair.1.reads(found);
            }
            Formula::If { arms, otherwise } => {
                for (condition, value) in arms {
                    condition.reads(found);
                    value.reads(found);
                }
                otherwise.reads(found);
            }
        }
    }

    /// What it comes to in one case.
    pub fn truth(&self, subjects: &[Subject], case: &[Sample]) -> Option<bool> {
        let sample = |subject: &usize| case.get(*subject).copied().unwrap_or(Sample::Missing);
        match self {
            Formula::Known(truth) => *truth,
            Formula::Flag(subject) => match sample(subject) {
                Sample::Flag(flag) => Some(flag),
                _ => None,
            },
            Formula::Has(subject) => Some(sample(subject) != Sample::Missing),
            Formula::IsEmpty(subject, empty) => {
                Some(matches!(sample(subject), Sample::Missing) || sample(subject) == Sample::Point(*empty))
            }
            Formula::Compare { subject, fallback, test, point } => {
                let value = match (sample(subject), fallback) {
                    (Sample::Missing, Some(fallback)) => Sample::Point(*fallback),
                    (value, _) => value,
                };
                subjects.get(*subject)?.compare(value, *test, *point)
            }
            Formula::WherePresent(subject, truth) => (sample(subject) != Sample::Missing).then_some(*truth),
            Formula::Happened { latest, since, keyless } => {
                if keyless.is_some_and(|keyless| sample(&keyless) == Sample::Missing) {
                    return None;
                }
                match since {
                    None => Some(sample(latest) != Sample::Missing),
                    Some(since) => {
                        Some(subjects.get(*latest)?.compare(sample(latest), Test::Above, *since) == Some(true))
                    }
                }
            }
            Formula::Not(inner) => inner.truth(subjects, case).map(|truth| !truth),
            Formula::All(parts) => together(parts, true, subjects, case),
            Formula::Any(parts) => together(parts, false, subjects, case),
            Formula::IsUnknown(inner) => Some(inner.truth(subjects, case).is_none()),
            Formula::Default(pair) => pair.0.truth(subjects, case).or_else(|| pair.1.truth(subjects, case)),
            Formula::If { arms, otherwise } => {
                for (condition, value) in arms {
                    match condition.truth(subjects, case) {
                        Some(true) => return value.truth(subjects, case),
                        Some(false) => {}
                        None => return None,
                    }
                }
                otherwise.truth(subjects, case)
            }
        }
    }
}

impl Subject {
    pub fn samples(&self) -> Vec<Sample> {
        if self.is_flag {
            let missing = self.may_be_missing.then_some(Sample::Missing);
            return missing.into_iter().chain([Sample::Flag(true), Sample::Flag(false)]).collect();
        }
        samples(&self.points, &self.places, self.may_be_missing, self.bounds)
    }

    fn compare(&self, value: Sample, test: Test, point: usize) -> Option<bool> {
        let own = match value {
            Sample::Missing | Sample::Flag(_) => return None,
            Sample::Place(place) => place,
            Sample::Point(own) if test == Test::Equal => return Some(own == point),
            Sample::Point(own) => *self.places.get(own)?,
        };
        if test == Test::Equal {
            return Some(false);
        }
        let order = own.cmp(self.places.get(point)?);
        Some(match test {
            Test::Below => order == Ordering::Less,
            Test::AtMost => order != Ordering::Greater,
            Test::Above => order == Ordering::Greater,
            Test::AtLeast | Test::Equal => order != Ordering::Less,
        })
    }
}

//! A condition as what it says of values.

use super::domain::{Bounds, Point, Sample, places, samples};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// A value that is looked at.
#[derive(Clone, Debug)]
pub struct Subject {
    pub may_be_missing: bool,
    pub is_flag: bool,
    pub bounds: Bounds,
    pub points: Vec<Point>,
    /// Whether it is more or less than a point somewhere, and not only equal to one.
    pub is_ordered: bool,
    /// Of each point; empty where they have no order, or none is asked for.
    pub places: Vec<usize>,
}

/// The values that some formulas look at.
#[derive(Clone, Debug, Default)]
pub struct Subjects {
    all: Vec<Subject>,
    by_key: BTreeMap<(String, bool), usize>,
    /// Those whose points have changed since they were put in order.
    touched: BTreeSet<usize>,
}

impl Subjects {
    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn get(&self, subject: usize) -> Option<&Subject> {
        self.all.get(subject)
    }

    /// To change what is known of it: its points are put in order again.
    pub fn change(&mut self, subject: usize) -> Option<&mut Subject> {
        self.touched.insert(subject);
        self.all.get_mut(subject)
    }

    pub fn named(&mut self, key: String, may_be_missing: bool, is_flag: bool, bounds: Bounds) -> usize {
        let key = (key, is_flag);
        if let Some(known) = self.by_key.get(&key) {
            return *known;
        }
        let subject = self.all.len();
        self.by_key.insert(key, subject);
        let (points, places) = (Vec::new(), Vec::new());
        self.all.push(Subject { may_be_missing, is_flag, bounds, points, is_ordered: false, places });
        self.touched.insert(subject);
        subject
    }

    /// Puts the points in order, after all of a formula were read.
    pub fn settle(&mut self) {
        for subject in std::mem::take(&mut self.touched) {
            let Some(subject) = self.all.get_mut(subject) else { continue };
            let needs_order = {
                let bounds = subject.bounds;
                subject.is_ordered || bounds.is_count || bounds.is_share || bounds.is_past
            };
            // Without an order nothing is said of it: it is as good as two values.
            subject.places = if needs_order { places(&subject.points).unwrap_or_default() } else { Vec::new() };
        }
    }

    pub fn samples(&self, subject: usize) -> Vec<Sample> {
        self.all.get(subject).map(Subject::samples).unwrap_or_default()
    }

    /// The value of this name.
    pub fn find(&self, key: String, is_flag: bool) -> Option<usize> {
        self.by_key.get(&(key, is_flag)).copied()
    }

    /// Whether a value is among both.
    pub fn shares(&self, others: &Subjects) -> bool {
        others.by_key.keys().any(|key| self.by_key.contains_key(key))
    }
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
fn together(parts: &[Formula], all: bool, subjects: &Subjects, case: &[Sample]) -> Option<bool> {
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
    /// Calls `visit` on it and on each part in it.
    pub fn visit<'f>(&'f self, visit: &mut dyn FnMut(&'f Formula)) {
        visit(self);
        match self {
            Formula::Not(inner) | Formula::IsUnknown(inner) => inner.visit(visit),
            Formula::All(parts) | Formula::Any(parts) => parts.iter().for_each(|part| part.visit(visit)),
            Formula::Default(pair) => {
                pair.0.visit(visit);
                pair.1.visit(visit);
            }
            Formula::If { arms, otherwise } => {
                for (condition, value) in arms {
                    condition.visit(visit);
                    value.visit(visit);
                }
                otherwise.visit(visit);
            }
            _ => {}
        }
    }

    /// The values that it looks at.
    pub fn reads(&self) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        self.visit(&mut |part| match part {
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
            _ => {}
        });
        found
    }

    /// How many parts it has, itself included: how long it takes to see what it comes to.
    pub fn size(&self) -> usize {
        let mut size = 0;
        self.visit(&mut |_| size += 1);
        size
    }

    /// What it comes to in one case.
    pub fn truth(&self, subjects: &Subjects, case: &[Sample]) -> Option<bool> {
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
        let mut found = samples(&self.points, &self.places, self.may_be_missing, self.bounds);
        if !self.is_ordered {
            // All that equal none of its points are one case.
            let mut others = 0;
            found.retain(|sample| {
                others += usize::from(matches!(sample, Sample::Place(_)));
                !matches!(sample, Sample::Place(_)) || others == 1
            });
        }
        found
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

//! How long after: sums of durations, as far as the text tells.

use super::super::truth::key;
use super::super::typed::{Expr, Kind};
use crate::model::Literal;
use crate::syntax::tree::Sign;
use crate::time::Duration;

const DAY_MICROS: i64 = 86_400_000_000;

/// A sum of durations: 24 hours are most often the next day.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct After {
    months: i32,
    micros: i64,
    /// What is no constant, in order.
    others: Vec<(bool, String)>,
}

impl After {
    pub fn plus(mut self, length: &Expr, negated: bool) -> After {
        match &length.kind {
            Kind::Literal(Literal::Duration(duration)) => match self.sum(*duration, negated) {
                Some(sum) => sum,
                None => {
                    self.others.push((negated, key(length, false)));
                    self
                }
            },
            Kind::Negate(inner) => self.plus(inner, !negated),
            Kind::Sum(terms) => self.plus_all(terms, negated),
            _ => {
                self.others.push((negated, key(length, false)));
                self.others.sort();
                self
            }
        }
    }

    pub fn plus_all(self, terms: &[(Sign, Expr)], negated: bool) -> After {
        terms.iter().fold(self, |sum, (sign, term)| sum.plus(term, negated != (*sign == Sign::Minus)))
    }

    /// `None` beyond the calendar.
    fn sum(&self, duration: Duration, negated: bool) -> Option<After> {
        let duration = if negated { duration.checked_neg()? } else { duration };
        let micros = i64::from(duration.days).checked_mul(DAY_MICROS)?.checked_add(duration.micros)?;
        Some(After {
            months: self.months.checked_add(duration.months)?,
            micros: self.micros.checked_add(micros)?,
            others: self.others.clone(),
        })
    }

    /// How many days it is, where it is nothing else.
    pub fn whole_days(&self) -> Option<i64> {
        let whole = self.months == 0 && self.others.is_empty() && self.micros % DAY_MICROS == 0;
        whole.then_some(self.micros / DAY_MICROS)
    }
}

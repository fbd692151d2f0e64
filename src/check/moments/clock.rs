//! Times of the clock: the days on which they come.

use super::after::After;
use crate::time::Weekday;

/// On which days a time of the clock comes.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn {
    Day,
    Week(Weekday),
    /// The first day of a month.
    Month,
    /// A date of the contact, and what is added to it.
    Year {
        date: String,
        shift: After,
    },
}

impl Turn {
    pub fn meets(&self, other: &Turn) -> bool {
        match (self, other) {
            (Turn::Week(one), Turn::Week(other)) => one == other,
            (Turn::Year { date, shift }, Turn::Year { date: other, shift: too }) => date != other || shift == too,
            _ => true,
        }
    }
}

/// The weekday so many days later.
pub fn moved(day: Weekday, days: i64) -> Weekday {
    let at = Weekday::ALL.iter().position(|each| *each == day).and_then(|at| i64::try_from(at).ok()).unwrap_or(0);
    let to = usize::try_from((at + days).rem_euclid(7)).unwrap_or(0);
    Weekday::ALL.get(to).copied().unwrap_or(day)
}

//! Dates and times of day of the proleptic Gregorian calendar.
//!
//! Day arithmetic follows Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (2014).

use serde::{Deserialize, Serialize};
use std::fmt;

/// A calendar date: days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Date(pub i32);

/// A wall time: microseconds since midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TimeOfDay(pub i64);

/// A day of the week; monday comes first (ISO 8601).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    pub const ALL: [Weekday; 7] = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Weekday::Monday => "monday",
            Weekday::Tuesday => "tuesday",
            Weekday::Wednesday => "wednesday",
            Weekday::Thursday => "thursday",
            Weekday::Friday => "friday",
            Weekday::Saturday => "saturday",
            Weekday::Sunday => "sunday",
        }
    }

    pub fn named(name: &str) -> Option<Weekday> {
        Weekday::ALL.into_iter().find(|day| day.name() == name)
    }
}

impl Date {
    /// `None` when there is no such day.
    pub fn new(year: i32, month: u32, day: u32) -> Option<Date> {
        if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
            return None;
        }
        if !(-9999..=9999).contains(&year) {
            return None;
        }
        let shifted_year = if month <= 2 { year - 1 } else { year };
        let era = shifted_year.div_euclid(400);
        let year_of_era = shifted_year.rem_euclid(400);
        let month_from_march = (month as i32 + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + day as i32 - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Some(Date(era * 146_097 + day_of_era - 719_468))
    }

    /// Year, month (1 to 12), day (1 to 31).
    pub fn parts(self) -> (i32, u32, u32) {
        let days = self.0 + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + i32::from(month <= 2);
        (year, month as u32, day as u32)
    }

    pub fn weekday(self) -> Weekday {
        match (self.0 + 3).rem_euclid(7) {
            0 => Weekday::Monday,
            1 => Weekday::Tuesday,
            2 => Weekday::Wednesday,
            3 => Weekday::Thursday,
            4 => Weekday::Friday,
            5 => Weekday::Saturday,
            _ => Weekday::Sunday,
        }
    }

    /// The date `months` later, clamped to the month's last day; `None` outside years -9999 to 9999.
    pub fn add_months(self, months: i32) -> Option<Date> {
        let (year, month, day) = self.parts();
        let total = i64::from(year) * 12 + i64::from(month) - 1 + i64::from(months);
        let year = i32::try_from(total.div_euclid(12)).ok()?;
        let month = total.rem_euclid(12) as u32 + 1;
        Date::new(year, month, day.min(days_in_month(year, month)))
    }

    /// The date itself; `None` outside years -9999 to 9999.
    pub(super) fn checked(self) -> Option<Date> {
        (-4_371_587..=2_932_896).contains(&self.0).then_some(self)
    }

    /// The date `days` later; `None` outside years -9999 to 9999.
    pub fn add_days(self, days: i32) -> Option<Date> {
        Date(self.0.checked_add(days)?).checked()
    }

    /// This month and day in another year; 29 February falls on the 28th where there is none.
    pub fn in_year(self, year: i32) -> Option<Date> {
        let (_, month, day) = self.parts();
        Date::new(year, month, day.min(days_in_month(year, month)))
    }

    /// `YYYY-MM-DD` (ISO 8601); `None` when it is none.
    pub fn parse(text: &str) -> Option<Date> {
        let bytes = text.as_bytes();
        match bytes {
            [_, _, _, _, b'-', _, _, b'-', _, _] => {
                Date::new(digits(bytes, 0, 4)? as i32, digits(bytes, 5, 2)?, digits(bytes, 8, 2)?)
            }
            _ => None,
        }
    }
}

/// `count` decimal digits from `start`, as a number.
pub(super) fn digits(bytes: &[u8], start: usize, count: usize) -> Option<u32> {
    bytes
        .get(start..start + count)?
        .iter()
        .try_fold(0u32, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
}

/// The number of days of a month; 31 for a month that is none.
pub(super) fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

impl TimeOfDay {
    pub const MIDNIGHT: TimeOfDay = TimeOfDay(0);
    /// The second that a date without a time stands for: 23:59:59.
    pub const LAST_SECOND: TimeOfDay = TimeOfDay(86_399_000_000);

    pub fn new(hour: u32, minute: u32, second: u32) -> Option<TimeOfDay> {
        (hour < 24 && minute < 60 && second < 60)
            .then(|| TimeOfDay(i64::from(hour * 3600 + minute * 60 + second) * 1_000_000))
    }

    /// `HH:MM` or `HH:MM:SS`; `None` when it is none.
    pub fn parse(text: &str) -> Option<TimeOfDay> {
        let bytes = text.as_bytes();
        let second = match bytes {
            [_, _, b':', _, _] => 0,
            [_, _, b':', _, _, b':', _, _] => digits(bytes, 6, 2)?,
            _ => return None,
        };
        TimeOfDay::new(digits(bytes, 0, 2)?, digits(bytes, 3, 2)?, second)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.parts();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1_000_000;
        write!(f, "{:02}:{:02}", seconds / 3600, seconds / 60 % 60)?;
        if seconds % 60 != 0 {
            write!(f, ":{:02}", seconds % 60)?;
        }
        Ok(())
    }
}

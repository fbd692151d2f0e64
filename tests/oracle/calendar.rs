//! Calendar arithmetic of the oracle: chrono's, and nothing of `scn::time`.

use chrono::{DateTime, Datelike, Days, LocalResult, Months, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use std::fmt;

/// Seconds since 1970.
pub type Seconds = i64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// `3 months`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    pub count: i64,
    pub unit: Unit,
}

/// A sum of lengths, in parts that are added one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    pub months: i64,
    pub days: i64,
    pub seconds: i64,
}

impl Length {
    pub fn new(count: i64, unit: Unit) -> Length {
        Length { count, unit }
    }

    pub fn parts(self) -> Parts {
        let mut parts = Parts::default();
        match self.unit {
            Unit::Minute => parts.seconds = 60 * self.count,
            Unit::Hour => parts.seconds = 3600 * self.count,
            Unit::Day => parts.days = self.count,
            Unit::Week => parts.days = 7 * self.count,
            Unit::Month => parts.months = self.count,
            Unit::Quarter => parts.months = 3 * self.count,
            Unit::Year => parts.months = 12 * self.count,
        }
        parts
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Minute => "minute",
            Unit::Hour => "hour",
            Unit::Day => "day",
            Unit::Week => "week",
            Unit::Month => "month",
            Unit::Quarter => "quarter",
            Unit::Year => "year",
        };
        write!(f, "{} {unit}{}", self.count, if self.count == 1 { "" } else { "s" })
    }
}

impl Parts {
    pub fn plus(self, other: Parts, sign: i64) -> Parts {
        Parts {
            months: self.months + sign * other.months,
            days: self.days + sign * other.days,
            seconds: self.seconds + sign * other.seconds,
        }
    }

    /// In seconds: "they compare by nominal length (a month is 30.436875 days)", which are 2,629,746 seconds.
    pub fn nominal(self) -> Seconds {
        self.months * 2_629_746 + self.days * 86_400 + self.seconds
    }

    pub fn is_positive(self) -> bool {
        self.nominal() > 0
    }

    /// `5 years`, `1 year 6 months`, `P2M`, as a CRM writes them.
    pub fn read(text: &str) -> Parts {
        let mut parts = Parts::default();
        let mut add = |count: i64, unit: &str| {
            let unit = match unit {
                "hour" | "hours" => Unit::Hour,
                "day" | "days" | "D" => Unit::Day,
                "week" | "weeks" | "W" => Unit::Week,
                "month" | "months" | "M" => Unit::Month,
                "year" | "years" | "Y" => Unit::Year,
                _ => panic!("the oracle does not know the unit {unit}"),
            };
            parts = parts.plus(Length { count, unit }.parts(), 1);
        };
        if let Some(iso) = text.strip_prefix('P') {
            let mut digits = String::new();
            for letter in iso.chars() {
                if letter.is_ascii_digit() {
                    digits.push(letter);
                } else {
                    add(digits.parse().unwrap(), &letter.to_string());
                    digits.clear();
                }
            }
        } else {
            let words: Vec<&str> = text.split(' ').collect();
            for pair in words.chunks(2) {
                add(pair[0].parse().unwrap(), pair[1]);
            }
        }
        parts
    }
}

pub fn utc(seconds: Seconds) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// `2011-03-04T10:00:00Z`
pub fn shown(seconds: Seconds) -> String {
    utc(seconds).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub fn local(zone: Tz, seconds: Seconds) -> NaiveDateTime {
    zone.from_utc_datetime(&utc(seconds).naive_utc()).naive_local()
}

/// "A wall time that does not exist moves forward by the gap, of one that exists twice the first is taken."
pub fn from_local(zone: Tz, wall: NaiveDateTime) -> Seconds {
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(one) => one.timestamp(),
        LocalResult::Ambiguous(one, other) => one.timestamp().min(other.timestamp()),
        LocalResult::None => {
            // Back to the last minute before the gap: what was missing is as far after it.
            let mut before = wall;
            let mut minutes = 0;
            loop {
                before -= TimeDelta::minutes(1);
                minutes += 1;
                if let LocalResult::Single(found) | LocalResult::Ambiguous(found, _) = zone.from_local_datetime(&before)
                {
                    return found.timestamp() + 60 * minutes;
                }
            }
        }
    }
}

/// "Months first, clamped to the month's end, then days, in the contact's zone by the policy; `24 hours` is absolute."
pub fn add(zone: Tz, from: Seconds, parts: Parts) -> Seconds {
    let mut result = from;
    if parts.months != 0 || parts.days != 0 {
        let wall = local(zone, from);
        let months = Months::new(parts.months.unsigned_abs() as u32);
        let date = match parts.months >= 0 {
            true => wall.date().checked_add_months(months),
            false => wall.date().checked_sub_months(months),
        };
        let days = Days::new(parts.days.unsigned_abs());
        let date = match parts.days >= 0 {
            true => date.unwrap().checked_add_days(days),
            false => date.unwrap().checked_sub_days(days),
        };
        result = from_local(zone, date.unwrap().and_time(wall.time()));
    }
    result + parts.seconds
}

pub fn next_midnight(zone: Tz, now: Seconds) -> Seconds {
    next_wall_time(zone, now, None, 0, 0)
}

/// The next such wall time strictly after now; `weekday` counts from monday.
pub fn next_wall_time(zone: Tz, now: Seconds, weekday: Option<u32>, hour: u32, minute: u32) -> Seconds {
    let mut day = local(zone, now).date() - Days::new(1);
    loop {
        let moment = from_local(zone, day.and_hms_opt(hour, minute, 0).unwrap());
        if moment > now && weekday.is_none_or(|wanted| day.weekday().num_days_from_monday() == wanted) {
            return moment;
        }
        day = day + Days::new(1);
    }
}

/// The next anniversary at midnight strictly after now; "29 February falls on the 28th".
pub fn next_anniversary(zone: Tz, now: Seconds, of: NaiveDate) -> Seconds {
    let mut day = local(zone, now).date() - Days::new(1);
    loop {
        let is_leap = NaiveDate::from_ymd_opt(day.year(), 2, 29).is_some();
        let wanted = match (of.month(), of.day()) {
            (2, 29) if !is_leap => (2, 28),
            other => other,
        };
        let moment = from_local(zone, day.and_hms_opt(0, 0, 0).unwrap());
        if (day.month(), day.day()) == wanted && moment > now {
            return moment;
        }
        day = day + Days::new(1);
    }
}

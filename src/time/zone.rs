//! Time zones, and adding calendar durations to instants in them.

use super::offsets;
use super::{Date, Duration, Instant, Precision, TimeOfDay, Weekday};
use chrono::{NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone};
use serde::{Deserialize, Serialize};

/// A zone of the IANA database, such as `Europe/Paris`; written by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Zone(chrono_tz::Tz);

impl Default for Zone {
    fn default() -> Zone {
        Zone::UTC
    }
}

impl Serialize for Zone {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Zone, D::Error> {
        let name = String::deserialize(deserializer)?;
        Zone::named(&name).ok_or_else(|| serde::de::Error::custom(format!("no time zone `{name}`")))
    }
}

impl Zone {
    pub const UTC: Zone = Zone(chrono_tz::Tz::UTC);

    /// `None` when the IANA database has no such zone.
    pub fn named(name: &str) -> Option<Zone> {
        name.parse().ok().map(Zone)
    }

    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// All names, for suggestions.
    pub fn names() -> impl Iterator<Item = &'static str> {
        chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())
    }

    /// The date and wall time of an instant.
    pub fn wall(self, instant: Instant) -> (Date, TimeOfDay) {
        instant.wall(self.offset_at(instant))
    }

    /// The instant of a wall time. One that does not exist moves forward by the gap; of one that exists
    /// twice the first is taken.
    pub fn instant(self, date: Date, time: TimeOfDay) -> Instant {
        if self == Zone::UTC {
            return Instant::from_wall(date, time, 0);
        }
        if let Some(offset) = offsets::far_from_changes(self.0, Instant::from_wall(date, time, 0).0) {
            return Instant::from_wall(date, time, i64::from(offset));
        }
        let Some(local) = naive(date, time) else {
            return Instant::from_wall(date, time, 0);
        };
        let offset = match self.0.offset_from_local_datetime(&local) {
            chrono::MappedLocalTime::Single(offset) => offset.fix().local_minus_utc(),
            chrono::MappedLocalTime::Ambiguous(first, _) => first.fix().local_minus_utc(),
            // Reading the wall time at the offset before the gap moves it forward by the gap.
            chrono::MappedLocalTime::None => self.offset_before_gap(local),
        };
        Instant::from_wall(date, time, i64::from(offset))
    }

    fn offset_before_gap(self, local: NaiveDateTime) -> i32 {
        // No gap of the IANA database is longer than a day.
        let before = local.checked_sub_signed(TimeDelta::hours(25)).unwrap_or(local);
        match self.0.offset_from_local_datetime(&before) {
            chrono::MappedLocalTime::Single(offset) | chrono::MappedLocalTime::Ambiguous(offset, _) => {
                offset.fix().local_minus_utc()
            }
            chrono::MappedLocalTime::None => 0,
        }
    }

    fn offset_at(self, instant: Instant) -> i64 {
        if self == Zone::UTC {
            return 0;
        }
        i64::from(offsets::at(self.0, instant))
    }

    /// `instant + duration`: months first, clamped to the month's end, then days, in this zone's wall
    /// time; then the absolute part. `None` outside years -9999 to 9999.
    pub fn add(self, instant: Instant, duration: Duration) -> Option<Instant> {
        let mut result = instant;
        if duration.months != 0 || duration.days != 0 {
            let (date, time) = self.wall(instant);
            let date = if duration.months == 0 { date.checked()? } else { date.add_months(duration.months)? };
            result = self.instant(date.add_days(duration.days)?, time);
        }
        Some(Instant(result.0.checked_add(duration.micros)?))
    }

    /// `instant - duration`.
    pub fn subtract(self, instant: Instant, duration: Duration) -> Option<Instant> {
        self.add(instant, duration.checked_neg()?)
    }

    /// The clock of this zone on the days around an instant: up to four before it and four after it.
    pub fn clock_around(self, instant: Instant) -> Clock {
        let steady =
            if self == Zone::UTC { Some(0) } else { offsets::for_days_around(self.0, instant.0, Clock::DAYS + 1) };
        Clock { zone: self, steady: steady.map(i64::from) }
    }

    /// The midnight that ends the instant's day: strictly after it also where clocks go back over midnight, so that the
    /// first of two midnights is past.
    pub fn next_midnight(self, instant: Instant) -> Instant {
        self.next_time(instant, None, TimeOfDay::MIDNIGHT).unwrap_or(Instant::MAX)
    }

    /// The next such moment strictly after `instant`: of a weekday, or of any day when `weekday` is `None`.
    pub fn next_time(self, instant: Instant, weekday: Option<Weekday>, time: TimeOfDay) -> Option<Instant> {
        let (date, _) = self.wall(instant);
        // A wall time of yesterday that did not exist may have moved into today.
        (-1..=8)
            .filter_map(|days| date.add_days(days))
            .filter(|date| weekday.is_none_or(|wanted| date.weekday() == wanted))
            .map(|date| self.instant(date, time))
            .find(|moment| *moment > instant)
    }

    /// The next anniversary of `date`, at midnight, strictly after `instant`; 29 February falls on the 28th.
    pub fn next_anniversary(self, instant: Instant, date: Date) -> Option<Instant> {
        let (today, _) = self.wall(instant);
        let (year, _, _) = today.parts();
        (year - 1..=year + 1)
            .filter_map(|year| date.in_year(year))
            .map(|day| self.instant(day, TimeOfDay::MIDNIGHT))
            .find(|moment| *moment > instant)
    }

    /// Reads an instant whose wall time is in this zone unless the text says otherwise.
    pub fn parse(self, text: &str) -> Option<(Instant, Precision)> {
        Instant::parse(text, self)
    }
}

/// The clock of a zone for a few days, on which it mostly shows one offset all the time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    zone: Zone,
    /// The offset in seconds east of UTC, where no change of it is near.
    steady: Option<i64>,
}

impl Clock {
    /// For how many days before and after its instant it may be asked.
    const DAYS: i64 = 4;

    /// Whether all days are of 24 hours, and each wall time is there once.
    pub fn is_steady(self) -> bool {
        self.steady.is_some()
    }

    /// As [`Zone::wall`].
    pub fn wall(self, instant: Instant) -> (Date, TimeOfDay) {
        self.steady.map_or_else(|| self.zone.wall(instant), |offset| instant.wall(offset))
    }

    /// As [`Zone::instant`].
    pub fn instant(self, date: Date, time: TimeOfDay) -> Instant {
        let steady = self.steady.map(|offset| Instant::from_wall(date, time, offset));
        steady.unwrap_or_else(|| self.zone.instant(date, time))
    }
}

fn naive(date: Date, time: TimeOfDay) -> Option<NaiveDateTime> {
    let (year, month, day) = date.parts();
    let midnight = NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(0, 0, 0)?;
    midnight.checked_add_signed(TimeDelta::microseconds(time.0))
}

//! Calendar arithmetic against chrono's, and texts read back as they were written.

use super::{Date, Duration, Instant, Precision, TimeOfDay, Weekday, Zone};
use chrono::{
    DateTime, Datelike, Days, LocalResult, Months, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc,
};
use chrono_tz::Tz;
use proptest::prelude::*;

const DAY: i64 = 86_400_000_000;

/// Zones whose clocks change, and some that have done stranger things.
const ZONES: [&str; 14] = [
    "UTC",
    "Europe/Paris",
    "Europe/London",
    "Europe/Dublin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Caracas",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Tehran",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Pacific/Apia",
];

fn utc(instant: Instant) -> NaiveDateTime {
    DateTime::from_timestamp_micros(instant.0).unwrap().naive_utc()
}

fn instant(moment: DateTime<Tz>) -> Instant {
    Instant(moment.timestamp_micros())
}

fn naive(date: Date) -> NaiveDate {
    let (year, month, day) = date.parts();
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

/// As the language says, by chrono's means: one that does not exist moves forward by the gap, whose length is the
/// difference of the offsets around it; of one that exists twice the first is taken.
fn resolved(zone: Tz, wall: NaiveDateTime) -> Instant {
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(one) => instant(one),
        LocalResult::Ambiguous(one, other) => instant(one).min(instant(other)),
        LocalResult::None => {
            let (mut before, mut after) = (wall, wall);
            while zone.from_local_datetime(&before) == LocalResult::None {
                before -= TimeDelta::minutes(1);
            }
            while zone.from_local_datetime(&after) == LocalResult::None {
                after += TimeDelta::minutes(1);
            }
            let offset = |wall: NaiveDateTime| wall - zone.from_local_datetime(&wall).latest().unwrap().naive_utc();
            let gap = offset(after) - offset(before);
            instant(zone.from_local_datetime(&(wall + gap)).earliest().unwrap())
        }
    }
}

/// Wall clock and zone of chrono, the arithmetic step by step.
fn added(zone: Tz, from: Instant, duration: Duration) -> Instant {
    let mut result = from;
    if (duration.months, duration.days) != (0, 0) {
        let wall = zone.from_utc_datetime(&utc(from)).naive_local();
        let months = Months::new(duration.months.unsigned_abs());
        let days = Days::new(u64::from(duration.days.unsigned_abs()));
        let date = wall.date();
        let date = if duration.months < 0 { date.checked_sub_months(months) } else { date.checked_add_months(months) };
        let date = date.unwrap();
        let date = if duration.days < 0 { date.checked_sub_days(days) } else { date.checked_add_days(days) };
        result = resolved(zone, date.unwrap().and_time(wall.time()));
    }
    Instant(result.0 + duration.micros)
}

/// Of the years 1970 to 2037, often within two hours of a change of clocks.
fn an_instant(zone: Tz) -> impl Strategy<Value = Instant> {
    let years = 0i64..2_145_916_800_000_000;
    (years, any::<bool>(), -7_200_000_000i64..7_200_000_000).prop_map(move |(near, at_change, beside)| {
        if !at_change {
            return Instant(near);
        }
        // The next change of clocks, by halving; without one within a year, the instant itself.
        let offset = |at: i64| zone.offset_from_utc_datetime(&utc(Instant(at)));
        let year = near + 366 * DAY;
        let Some(after) = (1..=52).map(|week| near + week * 7 * DAY).find(|at| offset(*at) != offset(near)) else {
            return Instant(year);
        };
        let (mut low, mut high) = (after - 7 * DAY, after);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if offset(middle) == offset(low) { low = middle } else { high = middle }
        }
        Instant(high + beside)
    })
}

fn a_duration() -> impl Strategy<Value = Duration> {
    let micros = prop_oneof![Just(0), -200_000_000_000i64..200_000_000_000];
    (-100i32..100, -400i32..400, micros).prop_flat_map(|(months, days, micros)| {
        (any::<bool>(), any::<bool>()).prop_map(move |(with_months, with_days)| Duration {
            months: if with_months { months } else { 0 },
            days: if with_days { days } else { 0 },
            micros,
        })
    })
}

/// A zone, an instant in it, and a duration.
fn a_sum() -> impl Strategy<Value = (Zone, Tz, Instant, Duration)> {
    prop::sample::select(&ZONES[..]).prop_flat_map(|name| {
        let tz: Tz = name.parse().unwrap();
        let zone = Zone::named(name).unwrap();
        (an_instant(tz), a_duration()).prop_map(move |(instant, duration)| (zone, tz, instant, duration))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn adding_agrees_with_chrono((zone, tz, instant, duration) in a_sum()) {
        prop_assert_eq!(zone.add(instant, duration), Some(added(tz, instant, duration)));
        let back = Duration { months: -duration.months, days: -duration.days, micros: -duration.micros };
        prop_assert_eq!(zone.subtract(instant, duration), Some(added(tz, instant, back)));
    }

    #[test]
    fn wall_times_agree_with_chrono((zone, tz, instant, _) in a_sum()) {
        let (date, time) = zone.wall(instant);
        let wall = tz.from_utc_datetime(&utc(instant)).naive_local();
        prop_assert_eq!(naive(date), wall.date());
        let micros = i64::from(wall.time().num_seconds_from_midnight()) * 1_000_000
            + i64::from(wall.time().nanosecond() / 1000);
        prop_assert_eq!(time.0, micros);
        // The same wall clock an hour on and an hour back: in gaps and overlaps too.
        for minutes in [-90, -60, -30, 0, 30, 60, 90] {
            let wall = wall + TimeDelta::minutes(minutes);
            let date = date_of(wall.date());
            let time = TimeOfDay(i64::from(wall.time().num_seconds_from_midnight()) * 1_000_000
                + i64::from(wall.time().nanosecond() / 1000));
            prop_assert_eq!(zone.instant(date, time), resolved(tz, wall));
        }
    }

    #[test]
    fn the_clock_around_an_instant_is_that_of_its_zone((zone, _, instant, _) in a_sum(), days in -4i32..=3, second in 0u32..86_400) {
        let clock = zone.clock_around(instant);
        prop_assert_eq!(clock.wall(instant), zone.wall(instant));
        let near = zone.wall(instant).0.add_days(days);
        let time = TimeOfDay(i64::from(second) * 1_000_000);
        prop_assert_eq!(near.map(|date| clock.instant(date, time)), near.map(|date| zone.instant(date, time)));
    }

    #[test]
    fn the_next_moment_is_after_and_the_first((zone, tz, instant, _) in a_sum(), hour in 0u32..24, day in 0usize..8) {
        let time = TimeOfDay::new(hour, 30, 0).unwrap();
        let weekday = Weekday::ALL.get(day).copied();
        let found = zone.next_time(instant, weekday, time).unwrap();
        let today = tz.from_utc_datetime(&utc(instant)).date_naive();
        let first = (-1..=9)
            .map(|days| today + TimeDelta::days(days))
            .filter(|date| day == 7 || date.weekday().num_days_from_monday() as usize == day)
            .map(|date| resolved(tz, date.and_hms_opt(hour, 30, 0).unwrap()))
            .find(|moment| *moment > instant);
        prop_assert_eq!(Some(found), first);
        let midnight = zone.next_midnight(instant);
        let first = (1..=2)
            .map(|days| resolved(tz, (today + TimeDelta::days(days)).and_hms_opt(0, 0, 0).unwrap()))
            .find(|moment| *moment > instant);
        prop_assert_eq!(Some(midnight), first);
    }

    #[test]
    fn the_next_anniversary_is_after_and_the_first((zone, tz, instant, _) in a_sum(), of in -40_000i32..40_000) {
        let of = Date(of);
        let found = zone.next_anniversary(instant, of).unwrap();
        let year = tz.from_utc_datetime(&utc(instant)).year();
        let (_, month, day) = of.parts();
        let first = (year - 1..=year + 1)
            .map(|year| NaiveDate::from_ymd_opt(year, month, day).or(NaiveDate::from_ymd_opt(year, 2, 28)).unwrap())
            .map(|date| resolved(tz, date.and_hms_opt(0, 0, 0).unwrap()))
            .find(|moment| *moment > instant);
        prop_assert_eq!(Some(found), first);
    }

    #[test]
    fn dates_agree_with_chrono(days in -4_371_587i32..=2_932_896, months in -2000i32..2000, more in -100_000i32..100_000) {
        let date = Date(days);
        let same = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap() + TimeDelta::days(i64::from(days));
        prop_assert_eq!(date.parts(), (same.year(), same.month(), same.day()));
        prop_assert_eq!(date.weekday() as u32, same.weekday().num_days_from_monday());
        prop_assert_eq!(Date::new(same.year(), same.month(), same.day()), Some(date));
        let shifted = match months < 0 {
            true => same.checked_sub_months(Months::new(months.unsigned_abs())),
            false => same.checked_add_months(Months::new(months.unsigned_abs())),
        };
        let in_range = |date: &NaiveDate| (-9999..=9999).contains(&date.year());
        prop_assert_eq!(date.add_months(months).map(naive), shifted.filter(in_range));
        let shifted = same.checked_add_signed(TimeDelta::days(i64::from(more)));
        prop_assert_eq!(date.add_days(more).map(naive), shifted.filter(in_range));
    }

    #[test]
    fn instants_are_read_as_they_are_written(micros in -62_135_596_800_000_000i64..253_402_300_800_000_000, whole: bool) {
        let instant = if whole { Instant(micros.div_euclid(1_000_000) * 1_000_000) } else { Instant(micros) };
        let text = instant.to_string();
        for zone in ["UTC", "Europe/Paris"] {
            let zone = Zone::named(zone).unwrap();
            prop_assert_eq!(Instant::parse(&text, zone), Some((instant, Precision::Moment)), "{}", text);
        }
        // As chrono writes and reads it.
        let same: DateTime<Utc> = text.parse().unwrap();
        prop_assert_eq!(same.timestamp_micros(), instant.0);
    }

    #[test]
    fn offsets_are_read_as_chrono_reads_them(seconds in 0i64..4_000_000_000, minutes in -840i32..=840) {
        let offset = chrono::FixedOffset::east_opt(minutes * 60).unwrap();
        let text = offset.from_utc_datetime(&utc(Instant::from_seconds(seconds))).to_rfc3339();
        prop_assert_eq!(Instant::parse(&text, Zone::UTC), Some((Instant::from_seconds(seconds), Precision::Moment)));
    }

    #[test]
    fn a_date_alone_is_the_last_second_of_its_day((zone, tz, instant, _) in a_sum()) {
        let (date, _) = zone.wall(instant);
        let last = resolved(tz, naive(date).and_hms_opt(23, 59, 59).unwrap());
        prop_assert_eq!(zone.parse(&date.to_string()), Some((last, Precision::DateOnly)));
    }

    #[test]
    fn durations_are_read_as_they_are_written(months in 0i32..2000, days in 0i32..100_000, seconds in 0i64..2_000_000_000) {
        let duration = Duration { months, days, micros: seconds * 1_000_000 };
        prop_assert_eq!(Duration::parse(&duration.to_string()), Some(duration), "{}", duration);
    }

    #[test]
    fn any_text_is_an_instant_or_none(text in "[0-9TZ:. +-]{0,30}|\\PC{0,30}") {
        let _ = Instant::parse(&text, Zone::named("Europe/Paris").unwrap());
        let _ = Duration::parse(&text);
        let _ = Date::parse(&text);
        let _ = TimeOfDay::parse(&text);
    }
}

fn date_of(date: NaiveDate) -> Date {
    Date::new(date.year(), date.month(), date.day()).unwrap()
}

//! The tables against the database itself: at their edges, at every change of zones that did strange things, and anywhere.

use super::*;
use chrono::{MappedLocalTime, NaiveDateTime, TimeDelta};
use chrono_tz::TZ_VARIANTS;

const HOUR: i64 = 3_600 * SECOND;

/// Zones whose clocks change otherwise than by an hour in spring and autumn, and some whose do.
const STRANGE: [&str; 22] = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/El_Aaiun",
    "Africa/Monrovia",
    "America/Caracas",
    "America/Godthab",
    "America/Juneau",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Antarctica/Casey",
    "Antarctica/Troll",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Pyongyang",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Europe/Paris",
    "Europe/Volgograd",
    "Pacific/Apia",
    "Pacific/Kiritimati",
];

fn zone(name: &str) -> Tz {
    name.parse().unwrap()
}

/// What the database says, without the code that is tested.
fn of_database(zone: Tz, at: i64) -> i32 {
    let utc = DateTime::from_timestamp_micros(at).unwrap().naive_utc();
    zone.offset_from_utc_datetime(&utc).fix().local_minus_utc()
}

fn agrees(zone: Tz, at: i64) {
    assert_eq!(super::at(zone, Instant(at)), of_database(zone, at), "{zone} at {}", Instant(at));
}

/// The instants at which the tables of a zone change its offset.
fn changes_of(zone: Tz) -> Vec<i64> {
    let (mut changes, mut place): (Vec<i64>, i64) = (Vec::new(), FIRST << BITS);
    let mut last = None;
    while let Some(found) = stretch(zone, place) {
        if last.is_some_and(|last| last != found.offset) {
            changes.push(found.from);
        }
        (last, place) = (Some(found.offset), found.to);
    }
    changes
}

fn utc(text: &str) -> i64 {
    text.parse::<DateTime<chrono::Utc>>().unwrap().timestamp_micros()
}

#[test]
fn tables_begin_and_end_where_they_should() {
    let (first, end) = (FIRST << BITS, (FIRST + COUNT as i64) << BITS);
    // The years from 1899 to 2111 lie between.
    assert!(first < utc("1899-01-01T00:00:00Z") && end > utc("2112-01-01T00:00:00Z"));
    for name in STRANGE {
        let zone = zone(name);
        assert!(stretch(zone, first - 1).is_none() && stretch(zone, end).is_none(), "{name}");
        assert_eq!(stretch(zone, first).map(|found| found.from), Some(first), "{name}");
        assert_eq!(stretch(zone, end - 1).map(|found| found.to), Some(end), "{name}");
        for year in ["1883", "1898", "1899", "1900", "2037", "2038", "2111", "2112", "2113"] {
            let new_year = utc(&format!("{year}-01-01T00:00:00Z"));
            [-SECOND, -1, 0, 1, SECOND].iter().for_each(|beside| agrees(zone, new_year + beside));
        }
        for table in 0..=COUNT as i64 {
            let edge = (FIRST + table) << BITS;
            [-DAY, -SECOND, -1, 0, 1, SECOND, DAY].iter().for_each(|beside| agrees(zone, edge + beside));
        }
        // A wall time within a day of the edge of a table may be of the table beside it: the database is asked.
        for beside in [-DAY, -1, 0, DAY - 1] {
            assert_eq!(far_from_changes(zone, first + beside), None, "{name}");
            assert_eq!(far_from_changes(zone, end + beside), None, "{name}");
        }
    }
    // Where there is no calendar any more there is no offset either, and no panic.
    for at in [i64::MIN, i64::MAX] {
        assert_eq!((super::at(Tz::Europe__Paris, Instant(at)), far_from_changes(Tz::Europe__Paris, at)), (0, None));
    }
}

/// Of histories in which something rare happened: until when which offset held, in minutes, and which one came.
#[test]
fn what_zones_did_is_known() {
    for (name, at, before, after) in [
        ("Europe/Paris", "2024-03-31T01:00:00Z", 60, 120),
        ("Europe/Paris", "2024-10-27T01:00:00Z", 120, 60),
        // Half an hour.
        ("Australia/Lord_Howe", "2024-04-06T15:00:00Z", 660, 630),
        ("Australia/Lord_Howe", "2024-10-05T15:30:00Z", 630, 660),
        // There was no 30 December 2011.
        ("Pacific/Apia", "2011-12-30T10:00:00Z", -600, 840),
        // Nor a 31 December 1994.
        ("Pacific/Kiritimati", "1994-12-31T10:00:00Z", -600, 840),
        // Summer time the whole year, but for Ramadan.
        ("Africa/Casablanca", "2024-03-10T02:00:00Z", 60, 0),
        ("Africa/Casablanca", "2024-04-14T02:00:00Z", 0, 60),
        // Two hours.
        ("Antarctica/Troll", "2024-03-31T01:00:00Z", 0, 120),
        ("Antarctica/Troll", "2024-10-27T01:00:00Z", 120, 0),
        // Winter is the exception, and an hour less.
        ("Europe/Dublin", "2024-10-27T01:00:00Z", 60, 0),
        ("Europe/Dublin", "2024-03-31T01:00:00Z", 0, 60),
        ("Asia/Pyongyang", "2018-05-04T15:00:00Z", 510, 540),
        ("America/Caracas", "2007-12-09T07:00:00Z", -240, -270),
    ] {
        let (zone, at) = (zone(name), utc(at));
        let minutes = |at: i64| super::at(zone, Instant(at)) / 60;
        assert_eq!([minutes(at - SECOND), minutes(at - 1)], [before, before], "before {name} at {}", Instant(at));
        assert_eq!([minutes(at), minutes(at + SECOND)], [after, after], "{name} at {}", Instant(at));
        assert!(changes_of(zone).contains(&at), "{name} at {}", Instant(at));
    }
}

#[test]
fn each_change_is_at_its_instant() {
    let mut count = 0;
    for name in STRANGE {
        let zone = zone(name);
        for change in changes_of(zone) {
            for beside in [-DAY, -HOUR, -SECOND, -1, 0, 1, SECOND, HOUR, DAY] {
                agrees(zone, change + beside);
            }
            // The last instant of the offset before it, and the first of the next.
            assert_ne!(of_database(zone, change - 1), of_database(zone, change), "{name} at {}", Instant(change));
            // A wall time on whichever side of it may be one that does not exist, or one of two.
            for offset in [of_database(zone, change - 1), of_database(zone, change)] {
                let wall = change + i64::from(offset) * SECOND;
                for beside in [-SECOND, 0, SECOND] {
                    assert_eq!(far_from_changes(zone, wall + beside), None, "{name} at {}", Instant(change));
                }
            }
            count += 1;
        }
    }
    assert!(count > 2_000, "{count} changes");
}

/// A number out of a stable series (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
fn drawn(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// In every zone, also beyond the tables: five instants, and what is said of five wall times.
#[test]
fn any_instant_of_any_zone_is_that_of_the_database() {
    let (from, to) = (utc("1850-01-01T00:00:00Z"), utc("2150-01-01T00:00:00Z"));
    let (mut seed, mut known) = (7, 0);
    for zone in TZ_VARIANTS {
        for _ in 0..5 {
            let place = from + (drawn(&mut seed) % (to - from) as u64) as i64;
            agrees(zone, place);
            if let Some(offset) = far_from_changes(zone, place) {
                let wall: NaiveDateTime = DateTime::from_timestamp_micros(place).unwrap().naive_utc();
                let told = zone.offset_from_local_datetime(&wall).map(|found| found.fix().local_minus_utc());
                assert_eq!(told, MappedLocalTime::Single(offset), "{zone} at {wall}");
                known += 1;
            }
        }
    }
    assert!(known > 1_000, "{known} wall times");
}

/// What the tables rest on: nowhere does an offset change twice within a day. Each zone is looked at every hour of some of its
/// years, and every change that shows there is a day away from the next, and in the table.
#[test]
fn no_zone_changes_twice_within_a_day() {
    /// Every so many years, another one for the next zone: in each year some twenty zones are looked at.
    const EVERY: i64 = 31;
    for (number, zone) in TZ_VARIANTS.into_iter().enumerate() {
        let changes = changes_of(zone);
        assert!(changes.windows(2).all(|pair| pair[1] - pair[0] > DAY), "{zone}: {changes:?}");
        for year in (1899..2112).filter(|year| (year + number as i64) % EVERY == 0) {
            let begin = utc(&format!("{year}-01-01T00:00:00Z"));
            let mut last = of_database(zone, begin);
            let mut seen: Vec<i64> = Vec::new();
            for hour in 1..=366 * 24 {
                let now = begin + hour * HOUR;
                let offset = of_database(zone, now);
                if offset != std::mem::replace(&mut last, offset) {
                    seen.push(now);
                }
            }
            let of_year = begin + 1..=begin + 366 * 24 * HOUR;
            // A change within an hour shows at the end of that hour.
            let shown = |change: &i64| {
                begin + (change - begin).div_euclid(HOUR) * HOUR + if (change - begin) % HOUR == 0 { 0 } else { HOUR }
            };
            let wanted: Vec<i64> = changes.iter().filter(|change| of_year.contains(*change)).map(shown).collect();
            assert_eq!(seen, wanted, "{zone} in {year}");
        }
    }
}

/// A gap is never longer than a day: what is before one is found by going back so far.
#[test]
fn no_gap_is_longer_than_a_day() {
    for zone in TZ_VARIANTS {
        for change in changes_of(zone) {
            let gap = of_database(zone, change) - of_database(zone, change - 1);
            assert!(TimeDelta::seconds(i64::from(gap).abs()) <= TimeDelta::days(1), "{zone} at {}", Instant(change));
        }
    }
}

//! The offsets of zones in tables of a few changes each, which are looked at faster than the IANA database, from which they are
//! taken when they are first asked for.

use super::Instant;
use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;
use std::sync::OnceLock;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A table is of 2^45 microseconds: 407 days.
const BITS: u32 = 45;
/// Tables are kept from 1899 to 2112; outside them the database is asked.
const FIRST: i64 = -64;
const COUNT: usize = 192;
/// More than there are zones.
const ZONES: usize = 1024;

type Tables = Box<[OnceLock<Table>]>;

static TABLES: [OnceLock<Tables>; ZONES] = [const { OnceLock::new() }; ZONES];

/// A stretch of time in which an offset, in seconds east of UTC, holds: from an instant to just before another.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    from: i64,
    to: i64,
    offset: i32,
}

/// The stretches of a table, the first from its beginning, the last to its end.
#[derive(Debug)]
struct Table(Vec<Stretch>);

/// The offset at an instant.
pub(super) fn at(zone: Tz, instant: Instant) -> i32 {
    stretch(zone, instant.0).map_or_else(|| asked(zone, instant.0), |stretch| stretch.offset)
}

/// The offset at a wall time, in microseconds since 1970-01-01T00:00:00 on that clock, where none changes within a day.
pub(super) fn far_from_changes(zone: Tz, wall: i64) -> Option<i32> {
    // No clock is a day away from UTC: the instant that is meant lies in this stretch.
    for_days_around(zone, wall, 1)
}

/// The offset that holds from so many days before an instant, in microseconds since 1970-01-01T00:00:00Z, to so many after it.
pub(super) fn for_days_around(zone: Tz, at: i64, days: i64) -> Option<i32> {
    let stretch = stretch(zone, at)?;
    (stretch.from <= at - days * DAY && at + days * DAY < stretch.to).then_some(stretch.offset)
}

fn stretch(zone: Tz, at: i64) -> Option<Stretch> {
    let place = usize::try_from((at >> BITS) - FIRST).ok()?;
    let tables = TABLES.get(zone as usize)?.get_or_init(|| std::iter::repeat_with(OnceLock::new).take(COUNT).collect());
    let Table(stretches) = tables.get(place)?.get_or_init(|| Table::taken(zone, (at >> BITS) << BITS));
    stretches.iter().find(|stretch| at < stretch.to).copied()
}

impl Table {
    /// No zone changes its offset twice within a day: a look at each finds all changes.
    fn taken(zone: Tz, from: i64) -> Table {
        let end = from + (1 << BITS);
        let mut stretches = Vec::new();
        let mut current = Stretch { from, to: end, offset: asked(zone, from) };
        let mut day = from;
        while day < end {
            let next = (day + DAY).min(end);
            if asked(zone, next - 1) != current.offset {
                let change = changes(zone, day, next - 1, current.offset);
                stretches.push(Stretch { to: change, ..current });
                current = Stretch { from: change, to: end, offset: asked(zone, change) };
            }
            day = next;
        }
        stretches.push(current);
        Table(stretches)
    }
}

/// The first instant, of those after `before` up to `after`, that has another offset.
fn changes(zone: Tz, mut before: i64, mut after: i64, offset: i32) -> i64 {
    while after - before > 1 {
        let middle = before.midpoint(after);
        if asked(zone, middle) == offset { before = middle } else { after = middle }
    }
    if asked(zone, before) == offset { after } else { before }
}

/// What the database says.
fn asked(zone: Tz, at: i64) -> i32 {
    let utc = DateTime::from_timestamp(at.div_euclid(SECOND), 0);
    utc.map_or(0, |utc| zone.offset_from_utc_datetime(&utc.naive_utc()).fix().local_minus_utc())
}

#[cfg(test)]
mod tests;

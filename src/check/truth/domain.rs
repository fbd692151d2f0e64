//! The cases of a value that a condition can tell apart.

use crate::model::Literal;
use crate::time::Duration;
use rust_decimal::Decimal;
use std::cmp::Ordering;

/// A constant with which a value is compared.
#[derive(Clone, Debug, PartialEq)]
pub enum Point {
    Literal(Literal),
    /// So long before now; below zero after now.
    Ago(Duration),
}

pub const NOW: Point = Point::Ago(Duration::ZERO);

/// One case of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    Missing,
    Flag(bool),
    /// Equal to this point.
    Point(usize),
    /// In the order, at its place: an even place lies between points, an odd one beside a point that it does not equal.
    Place(usize),
}

/// What is known of a value by what it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Zero or more, and whole: what is counted.
    pub is_count: bool,
    /// From 0 to 1.
    pub is_share: bool,
    /// Now, or before it.
    pub is_past: bool,
    /// Nothing but its points.
    pub is_closed: bool,
}

/// Whether a point has an order among others, which have one among themselves.
pub fn has_order(points: &[Point], new: &Point) -> bool {
    match new {
        // Values of one type have one order.
        Point::Literal(_) => points.first().is_none_or(|first| compare(first, new).is_some()),
        Point::Ago(_) => points.iter().all(|point| compare(point, new).is_some()),
    }
}

/// The order of points: `places` has each one's own, odd; points of one place are of one order. `None` where some cannot be
/// ordered.
pub fn places(points: &[Point]) -> Option<Vec<usize>> {
    let mut classes: Vec<&Point> = Vec::new();
    for (at, point) in points.iter().enumerate() {
        if !points.get(..at).is_some_and(|before| has_order(before, point)) {
            return None;
        }
        if let Err(place) = place(&classes, point) {
            classes.insert(place, point);
        }
    }
    points.iter().map(|point| place(&classes, point).ok().map(|place| 2 * place + 1)).collect()
}

/// Where a point stands, or would stand, among others in order.
fn place(classes: &[&Point], point: &Point) -> Result<usize, usize> {
    classes.binary_search_by(|class| compare(class, point).unwrap_or(Ordering::Equal))
}

fn compare(one: &Point, other: &Point) -> Option<Ordering> {
    Some(match (one, other) {
        (Point::Ago(one), Point::Ago(other)) => earlier(*one, *other)?,
        (Point::Literal(one), Point::Literal(other)) => match (one, other) {
            (Literal::Number(one), Literal::Number(other)) => one.cmp(other),
            (Literal::Text(one), Literal::Text(other)) => one.cmp(other),
            (Literal::Duration(one), Literal::Duration(other)) => one.nominal().cmp(&other.nominal()),
            (Literal::Instant(one), Literal::Instant(other)) => one.cmp(other),
            (Literal::Date(one), Literal::Date(other)) => one.cmp(other),
            (Literal::Time(one), Literal::Time(other)) => one.cmp(other),
            (Literal::Flag(one), Literal::Flag(other)) => one.cmp(other),
            _ => return None,
        },
        _ => return None,
    })
}

/// Of two moments before now, which comes first in every zone and on every day: one is longer in each part. A month and 30
/// days have no such order.
fn earlier(one: Duration, other: Duration) -> Option<Ordering> {
    let parts = [one.months.cmp(&other.months), one.days.cmp(&other.days), one.micros.cmp(&other.micros)];
    let longer = parts.contains(&Ordering::Greater);
    let shorter = parts.contains(&Ordering::Less);
    match (longer, shorter) {
        (true, true) => None,
        (true, false) => Some(Ordering::Less),
        (false, true) => Some(Ordering::Greater),
        (false, false) => Some(Ordering::Equal),
    }
}

/// Every case of a value that is compared with these points.
pub fn samples(points: &[Point], places: &[usize], may_be_missing: bool, bounds: Bounds) -> Vec<Sample> {
    let mut found = Vec::new();
    if may_be_missing {
        found.push(Sample::Missing);
    }
    // The last one is that of the condition itself, after those of what is known.
    let points_of_it = (0..points.len()).rev().filter(|at| may_equal(points.get(*at), bounds)).map(Sample::Point);
    if bounds.is_closed {
        found.extend(points_of_it);
        return found;
    }
    // Durations may be of one length and differ: one month is not its length in days.
    let beside = |place: &usize| {
        place.is_multiple_of(2) || points.iter().any(|point| matches!(point, Point::Literal(Literal::Duration(_))))
    };
    let last = places.iter().max().map_or(0, |last| last + 1);
    let between = (0..=last).filter(beside).filter(|place| may_lie(*place, points, places, bounds));
    // Between its points most conditions are false: what is found soon need not be looked for.
    found.extend(between.map(Sample::Place).chain(points_of_it));
    found
}

fn number(point: &Point) -> Option<Decimal> {
    match point {
        Point::Literal(Literal::Number(number)) => Some(*number),
        _ => None,
    }
}

fn may_equal(point: Option<&Point>, bounds: Bounds) -> bool {
    if bounds.is_past
        && let Some(point) = point
    {
        return compare(point, &NOW) != Some(Ordering::Greater);
    }
    let Some(number) = point.and_then(number) else { return true };
    let counted = !bounds.is_count || (number >= Decimal::ZERO && number.fract().is_zero());
    counted && (!bounds.is_share || (number >= Decimal::ZERO && number <= Decimal::ONE))
}

/// Whether a value of these bounds may lie between the points beside a place.
fn may_lie(place: usize, points: &[Point], places: &[usize], bounds: Bounds) -> bool {
    if bounds.is_past {
        let now = points.iter().position(|point| *point == NOW).and_then(|now| places.get(now));
        return now.is_none_or(|now| place <= *now);
    }
    if !bounds.is_count && !bounds.is_share {
        return true;
    }
    let at = |wanted: Option<usize>| {
        let found = places.iter().position(|place| Some(*place) == wanted);
        found.and_then(|found| points.get(found)).and_then(number)
    };
    let (below, above) = (at(place.checked_sub(1)), at(Some(place + 1)));
    if above.is_some_and(|above| above <= Decimal::ZERO) {
        return false;
    }
    if bounds.is_share {
        return below.is_none_or(|below| below < Decimal::ONE);
    }
    let next = below.map_or(Decimal::ZERO, |below| (below.floor() + Decimal::ONE).max(Decimal::ZERO));
    above.is_none_or(|above| next < above)
}

//! How short and how long a calendar duration can be, in microseconds, wherever in the calendar it falls.

use crate::ir::{Bundle, Code, Expr, ExprIx, Measure, Op};
use crate::model::{AggregateKind, Literal, MeasureKind};
use crate::time::{Duration, Zone};

pub const HOUR: i64 = 3_600_000_000;
pub const DAY: i64 = 24 * HOUR;

/// Days in the shortest and in the longest run of so many months, up to a year; a year beyond the first adds 365 or 366.
const SHORTEST_DAYS: [i64; 12] = [0, 28, 59, 89, 120, 150, 181, 212, 242, 273, 303, 334];
const LONGEST_DAYS: [i64; 12] = [0, 31, 62, 92, 123, 153, 184, 215, 245, 276, 306, 337];

/// By how much clocks go forward or back in all between two instants of one zone; a zone that left out a whole day, as
/// Samoa did in 2011, is left aside.
const CLOCKS: i64 = 3 * HOUR;
/// Between the first zone of the earth and the last.
const ZONES: i64 = 26 * HOUR;

/// What is known of the zones in which durations are added.
#[derive(Clone, Copy, Debug)]
pub struct Calendar<'a> {
    /// By how much a day or a month may be shorter or longer than its hours.
    pub shift: i64,
    /// Whether a scenario may move a contact to another zone.
    pub zone_moves: bool,
    measures: &'a [Measure],
}

impl<'a> Calendar<'a> {
    pub fn of(bundle: &'a Bundle) -> Calendar<'a> {
        let policy = &bundle.policy;
        let zone_moves = policy.zone.is_some() && policy.code.contact.iter().any(|field| is_set(bundle, &field.name));
        let shift = match (zone_moves, policy.zone) {
            (true, _) => ZONES,
            (false, None) if bundle.settings.zone == Zone::UTC => 0,
            (false, _) => CLOCKS,
        };
        Calendar { shift, zone_moves, measures: &bundle.measures }
    }

    /// The shortest that a duration can be; negative where it goes back.
    pub fn shortest(self, duration: Duration) -> i64 {
        let months = match i64::from(duration.months) {
            months @ 0.. => run_of(months, &SHORTEST_DAYS, 365),
            months => -run_of(-months, &LONGEST_DAYS, 366),
        };
        whole(duration, months, -self.shift)
    }

    /// The longest that a duration can be.
    pub fn longest(self, duration: Duration) -> i64 {
        let months = match i64::from(duration.months) {
            months @ 0.. => run_of(months, &LONGEST_DAYS, 366),
            months => -run_of(-months, &SHORTEST_DAYS, 365),
        };
        whole(duration, months, self.shift)
    }

    /// The shortest that the value of an expression can be, at least 0: a wait that is not longer ends its instance.
    pub fn shortest_of(self, code: &Code, ix: ExprIx) -> i64 {
        self.end_of(code, ix, End::Shortest).unwrap_or(0).max(0)
    }

    /// The longest that the value of an expression can be; `None` where nothing limits it.
    pub fn longest_of(self, code: &Code, ix: ExprIx) -> Option<i64> {
        self.end_of(code, ix, End::Longest).map(|longest| longest.max(0))
    }

    /// `None` where a value that the expression may have is not known at all.
    fn end_of(self, code: &Code, ix: ExprIx, end: End) -> Option<i64> {
        let either = |one: ExprIx, other: ExprIx| {
            let (one, other) = (self.end_of(code, one, end)?, self.end_of(code, other, end)?);
            Some(if end == End::Shortest { one.min(other) } else { one.max(other) })
        };
        match code.exprs.get(ix)? {
            Expr::If { then, otherwise, .. } => either(*then, *otherwise),
            Expr::Default(one, other) => either(*one, *other),
            // Gaps are taken between distinct days.
            Expr::Aggregate(aggregate) if is_gap(aggregate.kind) => {
                (end == End::Shortest).then(|| self.shortest(Duration::days(1)))
            }
            Expr::Measure(name) if end == End::Shortest => {
                let measure = self.measures.iter().find(|measure| measure.name == *name)?;
                let is_one_of_them =
                    matches!(measure.kind, MeasureKind::Average | MeasureKind::Least | MeasureKind::Greatest);
                is_one_of_them.then(|| self.end_of(&measure.code, measure.of, end)).flatten()
            }
            _ => constant(code, ix).map(|duration| match end {
                End::Shortest => self.shortest(duration),
                End::Longest => self.longest(duration),
            }),
        }
    }
}

/// Which end of what a value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Shortest,
    Longest,
}

fn is_gap(kind: AggregateKind) -> bool {
    matches!(kind, AggregateKind::AverageGap | AggregateKind::MedianGap)
}

/// Whether a scenario sets a field of the contact.
pub fn is_set(bundle: &Bundle, field: &str) -> bool {
    bundle.scenarios.iter().any(|scenario| {
        scenario.steps.values().iter().any(|step| match step.op {
            Op::Set { field: slot, .. } => {
                scenario.code.contact.get(usize::from(slot)).is_some_and(|each| each.name == field)
            }
            _ => false,
        })
    })
}

/// The value of an expression that is the same for everybody.
pub fn constant(code: &Code, ix: ExprIx) -> Option<Duration> {
    let both = |one: ExprIx, other: ExprIx| Some((constant(code, one)?, constant(code, other)?));
    match code.exprs.get(ix)? {
        Expr::Literal(Literal::Duration(duration)) => Some(*duration),
        Expr::Negate(of) => constant(code, *of)?.checked_neg(),
        Expr::Add(one, other) => both(*one, *other).and_then(|(one, other)| one.checked_add(other)),
        Expr::Subtract(one, other) => both(*one, *other).and_then(|(one, other)| one.checked_add(other.checked_neg()?)),
        _ => None,
    }
}

fn run_of(months: i64, within_a_year: &[i64; 12], year: i64) -> i64 {
    let rest = within_a_year.get((months % 12) as usize).copied().unwrap_or(0);
    (months / 12) * year + rest
}

fn whole(duration: Duration, days_of_months: i64, shift: i64) -> i64 {
    let is_calendar = duration.months != 0 || duration.days != 0;
    let days = days_of_months.saturating_add(i64::from(duration.days));
    days.saturating_mul(DAY).saturating_add(duration.micros).saturating_add(if is_calendar { shift } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Date;

    const UTC: Calendar<'static> = Calendar { shift: 0, zone_moves: false, measures: &[] };

    #[test]
    fn no_run_of_months_is_shorter_or_longer() {
        let first = Date::new(1999, 1, 1).unwrap();
        for months in [-25, -13, -12, -7, -2, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 24, 60] {
            let lengths = (0..3_000).map(|day| {
                let from = first.add_days(day).unwrap();
                i64::from(from.add_months(months).unwrap().0 - from.0) * DAY
            });
            let (least, most) =
                lengths.fold((i64::MAX, i64::MIN), |(least, most), each| (least.min(each), most.max(each)));
            let duration = Duration::months(months);
            assert!(UTC.shortest(duration) <= least, "{months} months");
            assert!(UTC.longest(duration) >= most, "{months} months");
            // Up to a year backwards and forwards they are reached.
            if (1..=12).contains(&months) {
                assert_eq!((UTC.shortest(duration), months == 12 || UTC.longest(duration) == most), (least, true));
            }
        }
    }

    #[test]
    fn clocks_move_days_and_not_hours() {
        let paris = Calendar { shift: CLOCKS, ..UTC };
        assert_eq!(paris.shortest(Duration::days(1)), 21 * HOUR);
        assert_eq!(paris.longest(Duration::days(1)), 27 * HOUR);
        assert_eq!(paris.shortest(Duration::seconds(86_400)), DAY);
    }
}

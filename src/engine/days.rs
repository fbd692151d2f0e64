//! The distinct days of events, of which those after an instant are counted, and the gaps between them ordered, without
//! going through them.

use super::total::{DAY, length};
use super::value::Value;
use crate::time::{Date, Instant};
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// How far the day of a later event may lie before the day of an earlier one: a clock that is put back over midnight, or a
/// zone that moves to the other side of the date line.
const BACK_DAYS: i32 = 2;

/// Days on which there are events.
#[derive(Clone, Debug, Default)]
pub(super) struct Days {
    /// In order, each with the instant of its last event.
    days: Vec<(Date, Instant)>,
    /// By length in days: the days after which there is no event for so long, in order. There are few lengths, since long
    /// gaps take long.
    gaps: BTreeMap<i32, Vec<Date>>,
    /// The median of all gaps, where it was asked for since there was a new day.
    median: OnceCell<Value>,
}

impl Days {
    pub fn insert(&mut self, day: Date, at: Instant) {
        let place = self.days.partition_point(|(known, _)| *known < day);
        if let Some((_, last)) = self.days.get_mut(place).filter(|(known, _)| *known == day) {
            *last = at.max(*last);
            return;
        }
        self.median.take();
        let before = place.checked_sub(1).and_then(|before| self.days.get(before)).map(|(day, _)| *day);
        let after = self.days.get(place).map(|(day, _)| *day);
        self.days.insert(place, (day, at));
        if let (Some(before), Some(after)) = (before, after) {
            self.close(before, after);
        }
        if let Some(before) = before {
            self.open(before, day);
        }
        if let Some(after) = after {
            self.open(day, after);
        }
    }

    /// The median gap of all days.
    pub fn median_gap(&self) -> Value {
        self.median.get_or_init(|| DaysAfter::Last { days: &self.days, gaps: &self.gaps }.median_gap()).clone()
    }

    fn open(&mut self, from: Date, to: Date) {
        let starts = self.gaps.entry(to.0 - from.0).or_default();
        let place = starts.partition_point(|known| *known < from);
        starts.insert(place, from);
    }

    fn close(&mut self, from: Date, to: Date) {
        let length = to.0 - from.0;
        if let Some(starts) = self.gaps.get_mut(&length) {
            if let Ok(place) = starts.binary_search(&from) {
                starts.remove(place);
            }
            if starts.is_empty() {
                self.gaps.remove(&length);
            }
        }
    }

    /// The days with an event after an instant, whose own day is `today`.
    pub fn after(&self, start: Instant, today: Date) -> DaysAfter<'_> {
        // What lies well after that day lies after the instant, what lies well before it before; between them each day says.
        let place = |far: i32| self.days.partition_point(|(day, _)| day.0 < today.0.saturating_add(far));
        let (from, to) = (place(-BACK_DAYS), place(BACK_DAYS + 1));
        let is_in = |place: &usize| self.days.get(*place).is_some_and(|(_, last)| *last > start);
        let first = (from..to).find(is_in).unwrap_or(to);
        let days = self.days.get(first..).unwrap_or(&[]);
        if (first..to).all(|place| is_in(&place)) {
            return DaysAfter::Last { days, gaps: &self.gaps };
        }
        DaysAfter::Some(days.iter().filter(|(_, last)| *last > start).map(|(day, _)| *day).collect())
    }
}

/// The days after an instant.
pub(super) enum DaysAfter<'a> {
    /// The last of all days, with all gaps.
    Last { days: &'a [(Date, Instant)], gaps: &'a BTreeMap<i32, Vec<Date>> },
    /// These.
    Some(Vec<Date>),
}

impl DaysAfter<'_> {
    pub fn count(&self) -> usize {
        match self {
            DaysAfter::Last { days, .. } => days.len(),
            DaysAfter::Some(days) => days.len(),
        }
    }

    pub fn average_gap(&self) -> Value {
        let ends = match self {
            DaysAfter::Last { days, .. } => days.first().map(|(day, _)| *day).zip(days.last().map(|(day, _)| *day)),
            DaysAfter::Some(days) => days.first().copied().zip(days.last().copied()),
        };
        match (ends, self.count()) {
            (Some((first, last)), 2..) => {
                let gaps = self.count() as i128 - 1;
                Value::Duration(length(i128::from(last.0 - first.0) * DAY / gaps))
            }
            _ => Value::Missing,
        }
    }

    pub fn median_gap(&self) -> Value {
        let Some(gaps) = self.count().checked_sub(1).filter(|gaps| *gaps > 0) else { return Value::Missing };
        let (low, high) = match self {
            DaysAfter::Last { days, gaps: all } => {
                let Some((first, _)) = days.first() else { return Value::Missing };
                let nth = |wanted: usize| {
                    let mut before = 0;
                    all.iter().find_map(|(length, starts)| {
                        before += starts.len() - starts.partition_point(|start| start < first);
                        (before > wanted).then_some(*length)
                    })
                };
                (nth((gaps - 1) / 2), nth(gaps / 2))
            }
            DaysAfter::Some(days) => {
                let mut all: Vec<i32> = days.iter().zip(days.iter().skip(1)).map(|(one, two)| two.0 - one.0).collect();
                all.sort_unstable();
                (all.get((gaps - 1) / 2).copied(), all.get(gaps / 2).copied())
            }
        };
        let Some((low, high)) = low.zip(high) else { return Value::Missing };
        Value::Duration(length((i128::from(low) + i128::from(high)) * DAY / 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Duration;

    fn days(texts: &[&str]) -> Vec<Date> {
        texts.iter().map(|text| Date::parse(text).unwrap()).collect()
    }

    #[test]
    fn gaps_are_taken_between_days() {
        let half = |days: i32| Value::Duration(Duration { days, micros: 43_200_000_000, ..Duration::ZERO });
        let whole = |days: i32| Value::Duration(Duration::days(days));
        for (found, average, median) in [
            (days(&[]), Value::Missing, Value::Missing),
            (days(&["2024-01-01"]), Value::Missing, Value::Missing),
            (days(&["2024-01-01", "2024-01-11"]), whole(10), whole(10)),
            (days(&["2024-01-01", "2024-01-04", "2024-01-08"]), half(3), half(3)),
            (days(&["2024-01-01", "2024-01-02", "2024-01-04", "2024-01-31"]), whole(10), whole(2)),
        ] {
            let mut index = Days::default();
            // The last first: the order in which they become known does not matter.
            found.iter().rev().for_each(|day| index.insert(*day, Instant(i64::from(day.0))));
            assert_eq!(index.median_gap(), median, "{found:?}");
            for after in [index.after(Instant::MIN, Date(i32::MIN)), DaysAfter::Some(found.clone())] {
                assert_eq!((after.average_gap(), after.median_gap()), (average.clone(), median.clone()), "{found:?}");
            }
        }
    }

    #[test]
    fn a_median_is_forgotten_when_there_is_a_new_day() {
        let mut index = Days::default();
        let mut add = |day: i32, at: i64| {
            index.insert(Date(day), Instant(at));
            index.median_gap()
        };
        let days = |days: i32| Value::Duration(Duration::days(days));
        assert_eq!([add(1, 1), add(5, 5), add(5, 6)], [Value::Missing, days(4), days(4)]);
        // One that comes late, between the two, and one after them.
        assert_eq!(
            [add(3, 3), add(10, 10), add(20, 20)],
            [days(2), days(2), Value::Duration(Duration { micros: 43_200_000_000, ..Duration::days(3) })]
        );
    }

    #[test]
    fn a_clock_that_is_put_back_over_midnight() {
        // Two events of the 2nd and one of the 1st between them.
        let mut index = Days::default();
        for (day, at) in [(1, 10), (2, 20), (1, 30)] {
            index.insert(Date(day), Instant(at));
        }
        assert_eq!(index.after(Instant(10), Date(1)).count(), 2);
        let after = index.after(Instant(20), Date(2));
        assert_eq!(after.count(), 1, "the 1st alone");
        index.insert(Date(5), Instant(50));
        assert_eq!(index.after(Instant(20), Date(2)).average_gap(), Value::Duration(Duration::days(4)));
    }
}

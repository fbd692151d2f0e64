//! Facts about the events of one contact in a window: counts, sums, rhythms, favourites.
//!
//! What this file says is their meaning. Where there are many events, the same is known without going through them
//! ([`super::running`]).

use super::eval::Eval;
use super::running::Question;
use super::total::{DAY, Total, length};
use super::value::Value;
use crate::ir::Aggregate;
use crate::model::AggregateKind;
use crate::time::{Date, Instant};
use rust_decimal::Decimal;
use rustc_hash::{FxHashMap, FxHashSet};

/// Fewer events are gone through faster than anything is kept of them. Debug builds do both and compare, up to as many as
/// they can go through.
const MANY: usize = if cfg!(debug_assertions) { 1 } else { 9 };
const COMPARED_MAX: usize = 200;

impl<'a> Eval<'a> {
    /// Missing where the window or a key is, and where the aggregate has no value.
    pub(super) fn aggregate(&self, aggregate: &Aggregate) -> Value {
        let start = match self.window_start(&aggregate.window) {
            Ok(start) => start,
            // Since a last message that there is not: no event.
            Err(Some(_)) => Instant::MAX,
            Err(None) => return Value::Missing,
        };
        if aggregate.keys.is_empty() {
            return self.known_of(aggregate, &[], start).unwrap_or_default();
        }
        let Some(keys) = self.keys(&aggregate.keys) else { return Value::Missing };
        self.known_of(aggregate, &keys, start).unwrap_or_default()
    }

    /// What is kept, or where nothing is, what the events say. Several scenarios ask the same at each event, and
    /// again at the next of the same instant.
    fn known_of(&self, aggregate: &Aggregate, keys: &[Value], start: Instant) -> Option<Value> {
        if !self.is_kept(aggregate) {
            return self.gone_through(aggregate, keys, start);
        }
        let (life, event) = (self.facts?.life, self.kind_of(aggregate.probe)?);
        let question = Question::of(self, aggregate, start).filter(|_| keys.is_empty());
        let admitted = life.count_of(event);
        let answered = question.as_ref().and_then(|question| life.running().answered(question, admitted));
        let are = |many| life.are_since(event, start, many);
        let is_new = answered.is_none();
        let known = match answered {
            Some(answer) => Some(answer),
            None if are(MANY) => life.running().ask(self, aggregate, keys, start),
            None => self.gone_through(aggregate, keys, start),
        };
        debug_assert!(
            are(COMPARED_MAX + 1) || known == self.gone_through(aggregate, keys, start),
            "{aggregate:?} after {start:?}: {known:?}"
        );
        if let (Some(question), Some(known)) = (question.filter(|_| is_new), &known) {
            life.running().answer(question, admitted, known.clone());
        }
        known
    }

    /// Whether an aggregate says the same of an event for every instance and at every instant. A filter that compares with
    /// the instance or the contact does not: then the events are gone through.
    fn is_kept(&self, aggregate: &Aggregate) -> bool {
        // A test that reads a field that it did not give must say so at each reading.
        (self.not_given.is_none() || self.facts.is_some_and(|facts| !facts.lacks()))
            && aggregate.filter.is_none()
            && aggregate.of.is_none_or(|of| self.code.is_of_event(of))
    }

    /// Goes through the events.
    pub(super) fn gone_through(&self, aggregate: &Aggregate, keys: &[Value], start: Instant) -> Option<Value> {
        let events = self.events_of(aggregate.probe, keys, start)?;
        let passes = |event: &Eval<'a>| aggregate.filter.is_none_or(|filter| event.truth(filter) == Some(true));
        let events = events.filter(passes);
        Some(match (aggregate.kind, aggregate.of) {
            (AggregateKind::Count, None) => Value::Number(Decimal::from(events.count())),
            (AggregateKind::Count, Some(of)) => {
                let distinct: FxHashSet<Value> = events.filter_map(|event| known(&event, of)).collect();
                Value::Number(Decimal::from(distinct.len()))
            }
            (AggregateKind::CountDays, _) => Value::Number(Decimal::from(self.days(events).len())),
            (AggregateKind::Sum, of) => total(events.filter_map(|event| known(&event, of?))).sum(),
            (AggregateKind::Average, of) => total(events.filter_map(|event| known(&event, of?))).average(),
            (AggregateKind::AverageGap, _) => average_gap(&self.days(events)),
            (AggregateKind::MedianGap, _) => median_gap(&self.days(events)),
            (AggregateKind::MostCommon, of) => most_common(events.filter_map(|event| known(&event, of?))),
            (AggregateKind::Share, of) => share(events.filter_map(|event| event.truth(of?))),
            (AggregateKind::First, of) => taken(events, of).next().unwrap_or_default(),
            (AggregateKind::Last, of) => taken(events, of).last().unwrap_or_default(),
        })
    }

    /// The distinct days of events in the contact's zone, in order.
    fn days(&self, events: impl Iterator<Item = Eval<'a>>) -> Vec<Date> {
        let mut days: Vec<Date> =
            events.filter_map(|event| event.event).map(|event| self.zone.wall(event.at).0).collect();
        days.sort_unstable();
        days.dedup();
        days
    }
}

/// What is taken of an event; `None` when it is missing.
fn known(event: &Eval<'_>, of: crate::ir::ExprIx) -> Option<Value> {
    let value = event.value(of).into_owned();
    (!value.is_missing()).then_some(value)
}

/// What is taken of each event that has it; its instant where nothing is said.
fn taken<'a>(events: impl Iterator<Item = Eval<'a>>, of: Option<crate::ir::ExprIx>) -> impl Iterator<Item = Value> {
    events.filter_map(move |event| match of {
        Some(of) => known(&event, of),
        None => event.event.map(|event| Value::Instant(event.at)),
    })
}

fn total(values: impl Iterator<Item = Value>) -> Total {
    let mut total = Total::default();
    values.for_each(|value| total.add(&value));
    total
}

fn average_gap(days: &[Date]) -> Value {
    match days {
        [first, .., last] => {
            let gaps = days.len() as i128 - 1;
            Value::Duration(length(i128::from(last.0 - first.0) * DAY / gaps))
        }
        _ => Value::Missing,
    }
}

fn median_gap(days: &[Date]) -> Value {
    let mut gaps: Vec<i32> = days.iter().zip(days.iter().skip(1)).map(|(one, two)| two.0 - one.0).collect();
    gaps.sort_unstable();
    let middle = gaps.len() / 2;
    let (Some(high), low) = (gaps.get(middle), middle.checked_sub(1).and_then(|low| gaps.get(low))) else {
        return Value::Missing;
    };
    let days = match low.filter(|_| gaps.len().is_multiple_of(2)) {
        Some(low) => (i128::from(*low) + i128::from(*high)) * DAY / 2,
        None => i128::from(*high) * DAY,
    };
    Value::Duration(length(days))
}

/// The value that comes most often; of equally common ones the one that came last.
fn most_common(values: impl Iterator<Item = Value>) -> Value {
    let mut places: FxHashMap<Value, usize> = FxHashMap::default();
    let mut found: Vec<(u64, usize, Value)> = Vec::new();
    for (order, value) in values.enumerate() {
        let place = *places.entry(value.clone()).or_insert_with(|| {
            found.push((0, 0, value));
            found.len() - 1
        });
        if let Some((count, last, _)) = found.get_mut(place) {
            *count += 1;
            *last = order;
        }
    }
    found.into_iter().max_by_key(|(count, last, _)| (*count, *last)).map_or(Value::Missing, |(_, _, value)| value)
}

fn share(truths: impl Iterator<Item = bool>) -> Value {
    let (mut holds, mut all) = (0u64, 0u64);
    for truth in truths {
        all += 1;
        holds += u64::from(truth);
    }
    Decimal::from(holds).checked_div(Decimal::from(all)).map_or(Value::Missing, Value::Number)
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
        for (found, average, median) in [
            (days(&[]), Value::Missing, Value::Missing),
            (days(&["2024-01-01"]), Value::Missing, Value::Missing),
            (
                days(&["2024-01-01", "2024-01-11"]),
                Value::Duration(Duration::days(10)),
                Value::Duration(Duration::days(10)),
            ),
            (days(&["2024-01-01", "2024-01-04", "2024-01-08"]), half(3), half(3)),
            (
                days(&["2024-01-01", "2024-01-02", "2024-01-04", "2024-01-31"]),
                Value::Duration(Duration::days(10)),
                Value::Duration(Duration::days(2)),
            ),
        ] {
            assert_eq!((average_gap(&found), median_gap(&found)), (average, median), "{found:?}");
        }
    }

    #[test]
    fn of_equally_common_values_the_latest() {
        let text = Value::text;
        for (found, wanted) in [
            (vec![], Value::Missing),
            (vec!["a", "b", "a"], text("a")),
            (vec!["a", "b"], text("b")),
            (vec!["a", "b", "b", "a"], text("a")),
        ] {
            assert_eq!(most_common(found.iter().map(|each| text(each))), wanted, "{found:?}");
        }
    }

    #[test]
    fn shares() {
        assert_eq!(share([].into_iter()), Value::Missing);
        assert_eq!(share([true, false, true, false].into_iter()), Value::Number(Decimal::new(5, 1)));
    }
}

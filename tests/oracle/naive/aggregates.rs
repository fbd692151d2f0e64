//! Values taken of the events of a window, each time from all of them.

use super::Life;
use super::conditions::value_of;
use crate::calendar::{self, Seconds};
use crate::story::{Comparison, Kind, Limit, Path, Pattern, Relation};
use crate::world::Fact;
use chrono::NaiveDate;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// A value of an aggregate.
enum Value {
    /// A fraction: of ones, of cents, of seconds.
    Number(i64, i64),
    Text(String),
}

impl Life<'_> {
    /// The events that an aggregate is taken of, by instant, then arrival; `None` without a value for a key.
    pub(super) fn events<'f>(
        &'f self,
        pattern: &Pattern,
        kind: Kind,
        start: Seconds,
        trigger: Option<&Fact>,
    ) -> Option<Vec<&'f Fact>> {
        if !self.key_is_known(pattern, trigger) {
            return None;
        }
        // "The percentage of those events that pass the filters": which do is asked of each.
        let filters = if kind == Kind::Share { &[] } else { pattern.filters.as_slice() };
        let mut events: Vec<(usize, &Fact)> = (self.facts[..self.arrived].iter().enumerate())
            .filter(|(_, fact)| fact.event == pattern.event && fact.at > start)
            // "Events for which a filter is unknown are left out."
            .filter(|(_, fact)| self.passes(filters, fact, trigger) == Some(true))
            .collect();
        events.sort_by_key(|(place, fact)| (fact.at, *place));
        Some(events.into_iter().map(|(_, fact)| fact).collect())
    }

    /// Whether the value compares so; unknown when it is missing.
    pub(super) fn compared(
        &self,
        kind: Kind,
        pattern: &Pattern,
        events: &[&Fact],
        comparison: Comparison,
    ) -> Option<bool> {
        let order = match (self.value(kind, pattern, events)?, comparison.limit) {
            (Value::Text(text), Limit::Text(other)) => text.as_str().cmp(other),
            (Value::Number(of, parts), Limit::Number(number)) => of.cmp(&(number * parts)),
            (Value::Number(of, parts), Limit::Euros(euros)) => of.cmp(&(100 * euros * parts)),
            (Value::Number(of, parts), Limit::Percent(percent)) => (100 * of).cmp(&(percent * parts)),
            (Value::Number(of, parts), Limit::Length(length)) => of.cmp(&(length.parts().nominal() * parts)),
            _ => panic!("{kind:?} is not compared with {comparison:?}"),
        };
        Some(match comparison.relation {
            Relation::Less => order == Ordering::Less,
            Relation::LessOrEqual => order != Ordering::Greater,
            Relation::Is => order == Ordering::Equal,
            Relation::IsNot => order != Ordering::Equal,
            Relation::MoreOrEqual => order != Ordering::Less,
            Relation::More => order == Ordering::Greater,
        })
    }

    fn value(&self, kind: Kind, pattern: &Pattern, events: &[&Fact]) -> Option<Value> {
        let taken = |path: Path| events.iter().filter_map(move |fact| value_of(path, fact));
        let numbers = |path: Path| -> Vec<i64> { taken(path).map(|text| text.parse().unwrap()).collect() };
        let one = |path: Path, text: String| match path {
            Path::Quantity | Path::Amount => Value::Number(text.parse().unwrap(), 1),
            _ => Value::Text(text),
        };
        match kind {
            Kind::Count => Some(Value::Number(events.len() as i64, 1)),
            Kind::CountDistinct(path) => Some(Value::Number(taken(path).collect::<BTreeSet<String>>().len() as i64, 1)),
            Kind::CountDays => Some(Value::Number(self.days(events).len() as i64, 1)),
            Kind::Sum(path) => Some(Value::Number(numbers(path).iter().sum(), 1)),
            Kind::Average(path) => {
                let all = numbers(path);
                (!all.is_empty()).then(|| Value::Number(all.iter().sum(), all.len() as i64))
            }
            Kind::Share => {
                let truths: Vec<bool> =
                    events.iter().filter_map(|fact| self.passes(&pattern.filters, fact, None)).collect();
                let holds = truths.iter().filter(|truth| **truth).count() as i64;
                (!truths.is_empty()).then_some(Value::Number(holds, truths.len() as i64))
            }
            Kind::MostCommon(path) => {
                // "Of equally common ones the latest."
                let mut found: BTreeMap<String, (usize, usize)> = BTreeMap::new();
                for (place, value) in taken(path).enumerate() {
                    let known = found.entry(value).or_default();
                    *known = (known.0 + 1, place);
                }
                found.into_iter().max_by_key(|(_, known)| *known).map(|(value, _)| one(path, value))
            }
            Kind::First(path) => taken(path).next().map(|value| one(path, value)),
            Kind::Last(path) => taken(path).next_back().map(|value| one(path, value)),
            // "Between distinct days: (...) missing, also with a single day."
            Kind::MedianGap => {
                let days = self.days(events);
                let mut gaps: Vec<i64> = days.windows(2).map(|two| (two[1] - two[0]).num_days()).collect();
                gaps.sort_unstable();
                let (low, high) = (gaps.len().checked_sub(1)? / 2, gaps.len() / 2);
                Some(Value::Number((gaps[low] + gaps[high]) * 86_400, 2))
            }
            Kind::AverageGap => {
                let days = self.days(events);
                let gaps = days.len() as i64 - 1;
                (gaps > 0).then(|| Value::Number((days[days.len() - 1] - days[0]).num_days() * 86_400, gaps))
            }
        }
    }

    /// The distinct days of the contact, in order.
    fn days(&self, events: &[&Fact]) -> Vec<NaiveDate> {
        let days: BTreeSet<NaiveDate> = events.iter().map(|fact| calendar::local(self.zone, fact.at).date()).collect();
        days.into_iter().collect()
    }
}

//! The values of measures: constant between two refreshes.

use super::value::Value;
use crate::time::Instant;
use std::collections::BTreeMap;

/// What measures told, each as of its refreshes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// By the measure's name; of each the refreshes, in order.
    values: BTreeMap<String, Vec<(Instant, Value)>>,
}

impl Measures {
    /// No measure has a value.
    pub const NONE: &'static Measures = &Measures { values: BTreeMap::new() };

    /// Says what a measure told at a refresh; of two values at one instant the later said holds.
    pub fn tell(&mut self, measure: &str, at: Instant, value: Value) {
        let refreshes = self.values.entry(measure.to_owned()).or_default();
        let place = refreshes.partition_point(|(known, _)| *known < at);
        match refreshes.get_mut(place).filter(|(known, _)| *known == at) {
            Some((_, known)) => *known = value,
            None => refreshes.insert(place, (at, value)),
        }
    }

    /// What a measure told from the latest refresh that is not after `from` on, up to `until`, included.
    pub fn told_between(&self, measure: &str, from: Instant, until: Instant) -> &[(Instant, Value)] {
        let refreshes = self.values.get(measure).map_or(&[] as &[(Instant, Value)], Vec::as_slice);
        let first = refreshes.partition_point(|(at, _)| *at <= from).saturating_sub(1);
        let end = refreshes.partition_point(|(at, _)| *at <= until);
        refreshes.get(first..end).unwrap_or(&[])
    }

    /// The value at the latest refresh that is not after `now`; `None` before the first.
    pub fn value(&self, measure: &str, now: Instant) -> Option<&Value> {
        let refreshes = self.values.get(measure)?;
        let next = refreshes.partition_point(|(at, _)| *at <= now);
        refreshes.get(next.checked_sub(1)?).map(|(_, value)| value)
    }

    /// The first refresh of any of these measures after an instant.
    pub fn next_refresh<'n>(&self, measures: impl IntoIterator<Item = &'n str>, after: Instant) -> Option<Instant> {
        let next = |refreshes: &Vec<(Instant, Value)>| {
            let place = refreshes.partition_point(|(at, _)| *at <= after);
            refreshes.get(place).map(|(at, _)| *at)
        };
        measures.into_iter().filter_map(|measure| self.values.get(measure)).filter_map(next).min()
    }
}

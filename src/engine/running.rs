//! Facts about the events of one contact that are kept up to date as they arrive, so that asking for them does not go through
//! them again. They say exactly what [`super::aggregates`] says, which goes through the events.

use super::days::Days;
use super::eval::{Eval, EventAtHand};
use super::timeline::{Key, Timeline};
use super::value::Value;
use crate::ir::{Aggregate, ProbeIx};
use crate::model::AggregateKind;
use crate::time::{Instant, Zone};
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::cmp::Reverse;
use std::collections::BTreeSet;

#[cfg(test)]
mod tests;

/// What was asked of one life, by the events, what is taken of them, and how it is kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Running {
    kept: FxHashMap<Site, Kept>,
    /// What was answered of the events that were admitted by then.
    answers: Answers,
}

/// Answers to questions that several scenarios ask at one event, and that are asked again at the next of the same instant. Each
/// holds as long as no other event of its kind is admitted; late ones come as new ones do.
#[derive(Clone, Debug, Default)]
struct Answers {
    /// Each with how many events of its kind were admitted.
    known: Vec<(Question, usize, Value)>,
    /// Where the next goes.
    next: usize,
}

/// So many answers are remembered at most: more are not looked through faster than they are worked out.
const ANSWERS_MAX: usize = 8;

/// What an aggregate without keys asks, in the whole program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    probe: ProbeIx,
    taking: Option<usize>,
    kind: AggregateKind,
    start: Instant,
    zone: Zone,
}

impl Question {
    /// `None` where what is taken of events has no number.
    pub fn of(eval: &Eval<'_>, aggregate: &Aggregate, start: Instant) -> Option<Question> {
        let taking = match aggregate.of {
            Some(of) => Some(eval.code.taking_number(aggregate.probe, of)?),
            None => None,
        };
        let probe = eval.code.probe_number(aggregate.probe);
        Some(Question { probe, taking, kind: aggregate.kind, start, zone: eval.zone })
    }
}

/// Where an aggregate asks, in the whole program.
type Site = (ProbeIx, Option<usize>, Shape);

/// How values are kept, for all kinds of aggregates that can be told from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Shape {
    Values,
    Truths,
    Distinct,
    Days,
    Favourites,
}

impl Shape {
    fn of(aggregate: &Aggregate) -> Shape {
        match aggregate.kind {
            AggregateKind::Count if aggregate.of.is_some() => Shape::Distinct,
            AggregateKind::Count
            | AggregateKind::Sum
            | AggregateKind::Average
            | AggregateKind::First
            | AggregateKind::Last => Shape::Values,
            AggregateKind::Share => Shape::Truths,
            AggregateKind::CountDays | AggregateKind::AverageGap | AggregateKind::MedianGap => Shape::Days,
            AggregateKind::MostCommon => Shape::Favourites,
        }
    }
}

/// What is kept of the events of a probe.
#[derive(Clone, Debug)]
struct Kept {
    /// In which it was worked out.
    zone: Zone,
    /// How many admitted rows of the CRM, and how many events that scenarios made, are in it.
    seen: (usize, usize),
    columns: FxHashMap<SmallVec<[Value; 1]>, Column>,
}

/// The events with certain values of their keys.
#[derive(Clone, Debug)]
struct Column {
    values: Values,
}

#[derive(Clone, Debug)]
enum Values {
    /// What is known, as it is.
    All(Timeline),
    /// Each distinct value, at the last event that has it.
    Distinct(FxHashMap<Value, Key>, Timeline),
    Days(Days),
    Favourites(Favourites),
}

impl Running {
    pub fn clear(&mut self) {
        self.kept.clear();
        self.answers.known.clear();
        self.answers.next = 0;
    }

    /// What was answered before, when as many events of the kind were admitted.
    pub fn answered(&self, question: &Question, admitted: usize) -> Option<Value> {
        let mut known = self.answers.known.iter();
        let known = known.find(|(known, count, _)| *count == admitted && known == question);
        known.map(|(_, _, answer)| answer.clone())
    }

    /// Remembers an answer; the oldest makes room.
    pub fn answer(&mut self, question: Question, admitted: usize, answer: Value) {
        let Answers { known, next } = &mut self.answers;
        match known.get_mut(*next) {
            Some(oldest) => *oldest = (question, admitted, answer),
            None => known.push((question, admitted, answer)),
        }
        *next = (*next + 1) % ANSWERS_MAX;
    }

    /// What an aggregate says of the events with these keys after an instant.
    pub fn ask(&mut self, eval: &Eval<'_>, aggregate: &Aggregate, keys: &[Value], start: Instant) -> Option<Value> {
        let probe = eval.code.probe_number(aggregate.probe);
        let shape = Shape::of(aggregate);
        let fresh = || Kept { zone: eval.zone, seen: (0, 0), columns: FxHashMap::default() };
        let taking = aggregate.of.and_then(|of| eval.code.taking_number(aggregate.probe, of));
        let kept = self.kept.entry((probe, taking, shape)).or_insert_with(fresh);
        if kept.zone != eval.zone {
            *kept = fresh();
        }
        kept.catch_up(eval, aggregate, shape)?;
        let nothing = Column::new(shape);
        let column = kept.columns.get(keys).unwrap_or(&nothing);
        Some(column.answer(eval, aggregate, start))
    }
}

impl Kept {
    /// Adds the events that were admitted since it was last asked for.
    fn catch_up(&mut self, eval: &Eval<'_>, aggregate: &Aggregate, shape: Shape) -> Option<()> {
        let (code, life) = (eval.code, eval.facts?.life);
        let definition = code.code.probes.get(aggregate.probe)?;
        let kind = *code.events.get(usize::from(definition.event))?;
        for place in life.admitted_since(&mut self.seen) {
            let Some(event) = life.event(place).filter(|event| event.kind == kind) else { continue };
            let at_hand = EventAtHand::of(code, definition.event, event.at, life.values(place));
            let event_eval = Eval { event: Some(at_hand), ..*eval };
            if definition.filter.is_some_and(|filter| event_eval.truth(filter) != Some(true)) {
                continue;
            }
            let keys = definition.keys.iter().map(|key| event_eval.value(*key).into_owned()).collect();
            let column = self.columns.entry(keys).or_insert_with(|| Column::new(shape));
            let key = Key { at: event.at, arrived: event.arrived, place: place as u32 };
            if let Values::Days(days) = &mut column.values {
                days.insert(eval.zone.wall(event.at).0, event.at);
                continue;
            }
            let value = match aggregate.of {
                Some(of) if shape == Shape::Truths => {
                    event_eval.truth(of).map_or(Value::Missing, |truth| Value::Number(Decimal::from(u8::from(truth))))
                }
                Some(of) => event_eval.value(of).into_owned(),
                None => Value::Instant(event.at),
            };
            if !value.is_missing() {
                column.insert(key, value);
            }
        }
        Some(())
    }
}

impl Column {
    fn new(shape: Shape) -> Column {
        let values = match shape {
            Shape::Values | Shape::Truths => Values::All(Timeline::default()),
            Shape::Distinct => Values::Distinct(FxHashMap::default(), Timeline::default()),
            Shape::Days => Values::Days(Days::default()),
            Shape::Favourites => Values::Favourites(Favourites::default()),
        };
        Column { values }
    }

    fn insert(&mut self, key: Key, value: Value) {
        match &mut self.values {
            Values::All(all) => all.insert(key, value),
            Values::Distinct(last, all) => match last.get_mut(&value) {
                Some(known) if *known > key => {}
                Some(known) => {
                    all.remove(known);
                    *known = key;
                    all.insert(key, Value::Missing);
                }
                None => {
                    last.insert(value, key);
                    all.insert(key, Value::Missing);
                }
            },
            Values::Favourites(favourites) => favourites.insert(key, value),
            Values::Days(_) => {}
        }
    }

    fn answer(&self, eval: &Eval<'_>, aggregate: &Aggregate, start: Instant) -> Value {
        match &self.values {
            Values::All(all) => match aggregate.kind {
                AggregateKind::Sum => all.after(start).sum(),
                AggregateKind::Average | AggregateKind::Share => all.after(start).average(),
                AggregateKind::First => all.first_after(start).map_or(Value::Missing, |(_, value)| value.clone()),
                AggregateKind::Last => {
                    let last = all.last().filter(|(key, _)| key.at > start);
                    last.map_or(Value::Missing, |(_, value)| value.clone())
                }
                _ => Value::Number(Decimal::from(all.after(start).count())),
            },
            Values::Distinct(_, all) => Value::Number(Decimal::from(all.after(start).count())),
            Values::Days(days) if start == Instant::MIN && aggregate.kind == AggregateKind::MedianGap => {
                days.median_gap()
            }
            Values::Days(days) => {
                let days = days.after(start, eval.zone.wall(start).0);
                match aggregate.kind {
                    AggregateKind::AverageGap => days.average_gap(),
                    AggregateKind::MedianGap => days.median_gap(),
                    _ => Value::Number(Decimal::from(days.count())),
                }
            }
            Values::Favourites(favourites) => favourites.after(start),
        }
    }
}

/// Values by how often they come.
#[derive(Clone, Debug, Default)]
struct Favourites {
    places: FxHashMap<Value, usize>,
    /// Each value, and the keys of its events, in order.
    values: Vec<(Value, Vec<Key>)>,
    /// The places of values, by how often they come over all time, then by their last event, the first first.
    order: BTreeSet<Reverse<(usize, Key, usize)>>,
}

impl Favourites {
    fn insert(&mut self, key: Key, value: Value) {
        let values = &mut self.values;
        let place = *self.places.entry(value.clone()).or_insert_with(|| {
            values.push((value, Vec::new()));
            values.len() - 1
        });
        let Some((_, keys)) = self.values.get_mut(place) else { return };
        if let Some(last) = keys.last() {
            self.order.remove(&Reverse((keys.len(), *last, place)));
        }
        keys.insert(keys.partition_point(|known| *known < key), key);
        if let Some(last) = keys.last() {
            self.order.insert(Reverse((keys.len(), *last, place)));
        }
    }

    /// The value that comes most often after an instant; of equally common ones the one that came last. What was more common
    /// before than any is now must be looked at: no order of values holds for every window.
    fn after(&self, start: Instant) -> Value {
        let mut best: Option<(usize, Key, &Value)> = None;
        for Reverse((count, last, place)) in &self.order {
            if best.is_some_and(|(most, latest, _)| (*count, *last) < (most, latest)) {
                break;
            }
            let Some((value, keys)) = self.values.get(*place) else { continue };
            let count = keys.len() - keys.partition_point(|key| key.at <= start);
            if count > 0 && best.is_none_or(|(most, latest, _)| (count, *last) > (most, latest)) {
                best = Some((count, *last, value));
            }
        }
        best.map_or(Value::Missing, |(_, _, value)| value.clone())
    }
}

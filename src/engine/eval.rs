//! Evaluating expressions. Total: what has no value is missing.

use super::balance;
use super::by_row::{Asked, Filed};
use super::facts::{Facts, World};
use super::linked::LinkedCode;
use super::messages::OwnMessages;
use super::moves::Move;
use super::program::Program;
use super::state::State;
use super::value::Value;
use crate::ir::{Expr, ExprIx, ProbeIx, Window};
use crate::model::Id;
use crate::time::{Duration, Instant, Zone};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::cell::RefCell;
use std::cmp::Ordering;

/// Where the values of the trigger come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum TriggerValues<'a> {
    None,
    /// Kept by the instance, in the order of the code's trigger fields.
    Kept(&'a [Value]),
    /// A row of the life, with the places of the code's trigger fields.
    Row(&'a [Value], &'a [u16]),
}

/// An event at hand: its values, and the places of the code's fields of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct EventAtHand<'a> {
    /// The event's slot in the code.
    pub event: u16,
    pub at: Instant,
    pub values: &'a [Value],
    pub fields: &'a [u16],
}

impl<'a> EventAtHand<'a> {
    /// An event of the code, by its slot there.
    pub fn of(code: &'a LinkedCode, event: u16, at: Instant, values: &'a [Value]) -> EventAtHand<'a> {
        let fields = code.event_fields.get(usize::from(event)).map_or(&[] as &[u16], Vec::as_slice);
        EventAtHand { event, at, values, fields }
    }
}

/// What of a contact's state an expression may refer to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inside<'a> {
    pub program: &'a Program,
    pub state: &'a State,
    /// The scenario of the instance at work, which is not among those of the state.
    pub running: Option<u16>,
}

impl Inside<'_> {
    /// Whether an instance of a scenario runs.
    fn runs(&self, scenario: &str) -> bool {
        let is_of = |unit: u16| self.program.unit(unit).is_some_and(|unit| unit.scenario.name == scenario);
        self.running.is_some_and(is_of)
            || (0..self.program.units().len() as u16).any(|unit| self.state.runs(unit) && is_of(unit))
    }
}

/// Everything that an expression may refer to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Eval<'a> {
    pub code: &'a LinkedCode,
    pub world: &'a World,
    /// `None` where an expression reads the event alone.
    pub facts: Option<Facts<'a>>,
    /// `None` where an expression cannot depend on what scenarios did.
    pub inside: Option<Inside<'a>>,
    pub zone: Zone,
    pub now: Instant,
    pub entry: Option<Instant>,
    pub last_message: Option<Instant>,
    pub messages: OwnMessages<'a>,
    pub trigger: TriggerValues<'a>,
    pub event: Option<EventAtHand<'a>>,
    /// Collects fields that were read although a test did not give them.
    pub not_given: Option<&'a RefCell<Vec<String>>>,
}

impl<'a> Eval<'a> {
    /// For an expression that reads an event and entities alone.
    pub fn of_event(code: &'a LinkedCode, world: &'a World, event: EventAtHand<'a>) -> Eval<'a> {
        Eval {
            code,
            world,
            facts: None,
            inside: None,
            zone: Zone::UTC,
            now: Instant::MIN,
            entry: None,
            last_message: None,
            messages: OwnMessages::default(),
            trigger: TriggerValues::None,
            event: Some(event),
            not_given: None,
        }
    }

    /// For an expression that reads the contact alone.
    pub fn of_contact(code: &'a LinkedCode, facts: Facts<'a>, inside: Inside<'a>) -> Eval<'a> {
        Eval {
            code,
            world: facts.world,
            facts: Some(facts),
            inside: Some(inside),
            zone: Zone::UTC,
            now: Instant::MIN,
            entry: None,
            last_message: None,
            messages: OwnMessages::default(),
            trigger: TriggerValues::None,
            event: None,
            not_given: None,
        }
    }

    pub fn truth(&self, ix: ExprIx) -> Option<bool> {
        self.place(ix).map_or_else(|| self.truth_worked_out(ix), Value::truth)
    }

    fn truth_worked_out(&self, ix: ExprIx) -> Option<bool> {
        match self.code.code.exprs.get(ix)? {
            Expr::Not(inner) => self.truth(*inner).map(|truth| !truth),
            Expr::And(parts) => self.all(parts, true),
            Expr::Or(parts) => self.all(parts, false),
            Expr::History { probe, keys, window } => self.history(ix, *probe, keys, window),
            Expr::Scan { probe, keys, window, filter } => self.scan(*probe, keys, window, *filter),
            Expr::Has(inner) => Some(!self.value(*inner).is_missing()),
            _ => self.worked_out(ix).truth(),
        }
    }

    /// Kleene's `and` when `neutral` is true, `or` when it is false.
    fn all(&self, parts: &[ExprIx], neutral: bool) -> Option<bool> {
        let mut result = Some(neutral);
        for part in parts {
            match self.truth(*part) {
                Some(truth) if truth == neutral => {}
                Some(truth) => return Some(truth),
                None => result = None,
            }
        }
        result
    }

    pub fn instant(&self, ix: ExprIx) -> Option<Instant> {
        // By which most windows are measured.
        match self.code.code.exprs.get(ix) {
            Some(Expr::Entry) => return self.entry,
            Some(Expr::LastMessage) => return self.last_message,
            _ => {}
        }
        match self.value(ix).as_ref() {
            Value::Instant(instant) => Some(*instant),
            Value::Date(date) => Some(self.zone.instant(*date, crate::time::TimeOfDay::LAST_SECOND)),
            _ => None,
        }
    }

    pub fn duration(&self, ix: ExprIx) -> Option<Duration> {
        match self.value(ix).as_ref() {
            Value::Duration(duration) => Some(*duration),
            _ => None,
        }
    }

    pub fn value(&self, ix: ExprIx) -> Cow<'a, Value> {
        self.place(ix).map_or_else(|| self.worked_out(ix), Cow::Borrowed)
    }

    /// The value of an expression that is nowhere yet.
    pub(super) fn worked_out(&self, ix: ExprIx) -> Cow<'a, Value> {
        let code = self.code;
        let Some(expr) = code.code.exprs.get(ix) else { return Cow::Owned(Value::Missing) };
        let owned = match expr {
            Expr::Contact(slot) => {
                // What scenarios set stands for what the CRM says.
                if let Some(value) = self.inside.and_then(|inside| inside.state.own.field(*slot)) {
                    return Cow::Borrowed(value);
                }
                return self.given(self.facts.and_then(|facts| facts.person.values.get(usize::from(*slot))), ix);
            }
            Expr::Trigger(slot) => return self.given(self.trigger_value(*slot), ix),
            Expr::Event(slot) => return self.given(self.event_value(*slot), ix),
            Expr::Field { of, entity, field } => return self.field(*of, *entity, *field, ix),
            // An element is followed by those who go through a list.
            Expr::Missing | Expr::Element => Value::Missing,
            Expr::Literal(_) => {
                return code.constants.get(usize::from(ix)).map_or(Cow::Owned(Value::Missing), Cow::Borrowed);
            }
            Expr::Now => Value::Instant(self.now),
            Expr::Entry => self.entry.map_or(Value::Missing, Value::Instant),
            Expr::LastMessage => self.last_message.map_or(Value::Missing, Value::Instant),
            Expr::ContactId => self.facts.map_or(Value::Missing, |facts| Value::Id(facts.person.id.clone())),
            Expr::IsEmpty(inner) => Value::Flag(match self.value(*inner).as_ref() {
                Value::Text(text) => text.is_empty(),
                Value::List(all) => all.is_empty(),
                value => value.is_missing(),
            }),
            Expr::EventAt => self.event.map_or(Value::Missing, |event| Value::Instant(event.at)),
            Expr::OwnMessage(names) => self.messages.identity(names),
            Expr::Balance(account) => balance::balance(self, account).map_or(Value::Missing, Value::Number),
            Expr::Measure(name) => {
                let measures = self.facts.map(|facts| facts.measures);
                return measures
                    .and_then(|measures| measures.value(name, self.now))
                    .map_or(Cow::Owned(Value::Missing), Cow::Borrowed);
            }
            Expr::InScenario(name) => self.inside.map_or(Value::Missing, |inside| Value::Flag(inside.runs(name))),
            Expr::IsUnknown(inner) => Value::Flag(self.truth(*inner).is_none()),
            Expr::InList(value, list) => self.is_in_list(*value, *list),
            Expr::Top(count, list) => self.top(*count, *list),
            Expr::Recommend { count, probe, product, complements } => {
                self.recommend(*count, *probe, *product, *complements)
            }
            Expr::Aggregate(aggregate) => self.aggregate(aggregate),
            Expr::Equal(one, two) => Value::from_truth(self.equal(&self.value(*one), &self.value(*two))),
            Expr::Less(one, two) => self.compare(*one, *two, Ordering::is_lt),
            Expr::LessOrEqual(one, two) => self.compare(*one, *two, Ordering::is_le),
            Expr::In(value, list) => self.is_in(*value, list),
            Expr::Add(one, two) => self.add(&self.value(*one), &self.value(*two)),
            Expr::Subtract(one, two) => self.subtract(&self.value(*one), &self.value(*two)),
            Expr::Multiply(one, two) => multiply(&self.value(*one), &self.value(*two)),
            Expr::Divide(one, two) => divide(&self.value(*one), &self.value(*two)),
            Expr::Negate(inner) => negate(&self.value(*inner)),
            Expr::Round(inner) => match self.value(*inner).as_ref() {
                Value::Number(number) => Value::Number(
                    number.round_dp_with_strategy(0, rust_decimal::RoundingStrategy::MidpointAwayFromZero),
                ),
                _ => Value::Missing,
            },
            Expr::Default(value, fallback) => {
                let value = self.value(*value);
                return if value.is_missing() { self.value(*fallback) } else { value };
            }
            Expr::If { condition, then, otherwise } => {
                return match self.truth(*condition) {
                    Some(true) => self.value(*then),
                    Some(false) => self.value(*otherwise),
                    None => Cow::Owned(Value::Missing),
                };
            }
            Expr::Has(_) | Expr::Not(_) | Expr::And(_) | Expr::Or(_) | Expr::History { .. } | Expr::Scan { .. } => {
                Value::from_truth(self.truth_worked_out(ix))
            }
        };
        Cow::Owned(owned)
    }

    /// `None` when one is missing. An id equals the text or number that it is.
    pub(super) fn equal(&self, one: &Value, two: &Value) -> Option<bool> {
        if one.is_missing() || two.is_missing() {
            return None;
        }
        Some(match (one, two) {
            (Value::Id(id), Value::Entity(entity)) | (Value::Entity(entity), Value::Id(id)) => {
                self.world.id(*entity) == Some(id)
            }
            // By the name of its template.
            (Value::Message(message), Value::Text(text)) | (Value::Text(text), Value::Message(message)) => {
                message.name == *text
            }
            (Value::Id(Id::Text(id)), Value::Text(text)) | (Value::Text(text), Value::Id(Id::Text(id))) => id == text,
            (Value::List(one), Value::List(two)) => {
                one.len() == two.len()
                    && one.iter().zip(two.iter()).all(|(one, two)| self.equal(one, two) == Some(true))
            }
            _ => one == two,
        })
    }

    fn compare(&self, one: ExprIx, two: ExprIx, holds: fn(Ordering) -> bool) -> Value {
        let order = match (self.value(one).as_ref(), self.value(two).as_ref()) {
            (Value::Number(one), Value::Number(two)) => one.cmp(two),
            (Value::Duration(one), Value::Duration(two)) => one.nominal().cmp(&two.nominal()),
            (Value::Date(one), Value::Date(two)) => one.cmp(two),
            (Value::Time(one), Value::Time(two)) => one.cmp(two),
            (Value::Text(one), Value::Text(two)) => one.cmp(two),
            (Value::Instant(_) | Value::Date(_), Value::Instant(_) | Value::Date(_)) => {
                match (self.instant(one), self.instant(two)) {
                    (Some(one), Some(two)) => one.cmp(&two),
                    _ => return Value::Missing,
                }
            }
            _ => return Value::Missing,
        };
        Value::Flag(holds(order))
    }

    fn is_in(&self, value: ExprIx, list: &[ExprIx]) -> Value {
        let value = self.value(value);
        let mut result = Some(false);
        for each in list {
            match self.equal(&value, &self.value(*each)) {
                Some(true) => return Value::Flag(true),
                Some(false) => {}
                None => result = None,
            }
        }
        Value::from_truth(result)
    }

    fn add(&self, one: &Value, two: &Value) -> Value {
        match (one, two) {
            (Value::Number(one), Value::Number(two)) => one.checked_add(*two).map_or(Value::Missing, Value::Number),
            (Value::Duration(one), Value::Duration(two)) => {
                one.checked_add(*two).map_or(Value::Missing, Value::Duration)
            }
            (Value::Instant(instant), Value::Duration(duration))
            | (Value::Duration(duration), Value::Instant(instant)) => {
                self.zone.add(*instant, *duration).map_or(Value::Missing, Value::Instant)
            }
            (Value::Date(date), Value::Duration(duration)) | (Value::Duration(duration), Value::Date(date))
                if duration.micros == 0 =>
            {
                let shifted = date.add_months(duration.months).and_then(|date| date.add_days(duration.days));
                shifted.map_or(Value::Missing, Value::Date)
            }
            _ => Value::Missing,
        }
    }

    fn subtract(&self, one: &Value, two: &Value) -> Value {
        match (one, two) {
            (Value::Instant(one), Value::Instant(two)) => {
                let micros = one.0.checked_sub(two.0);
                micros.map_or(Value::Missing, |micros| Value::Duration(Duration { micros, ..Duration::ZERO }))
            }
            _ => self.add(one, &negate(two)),
        }
    }

    /// The start of a window: `Err` says the answer at once.
    pub(super) fn window_start(&self, window: &Window) -> Result<Instant, Option<bool>> {
        match window {
            Window::Ever => Ok(Instant::MIN),
            Window::Since(instant) => self.instant(*instant).ok_or_else(|| {
                // What refers to the last message is false without one; any other missing instant is unknown.
                let is_last_message = matches!(self.code.code.exprs.get(*instant), Some(Expr::LastMessage));
                is_last_message.then_some(false)
            }),
            Window::InLast(duration) => {
                let Some(length) = self.duration(*duration) else { return Err(None) };
                let end = |by| match self.facts {
                    Some(facts) => facts.life.window_start(Move { from: self.now, by, zone: self.zone }),
                    None => self.zone.add(self.now, by),
                };
                let start = length.checked_neg().and_then(end);
                start.ok_or(None)
            }
        }
    }

    /// Does something with the values of keys; `None` when one is missing.
    pub(super) fn with_keys<T>(&self, keys: &[ExprIx], work: impl FnOnce(&[Value]) -> T) -> Option<T> {
        match keys {
            [] => Some(work(&[])),
            [key] => {
                let value = self.value(*key);
                (!value.is_missing()).then(|| work(std::slice::from_ref(value.as_ref())))
            }
            _ => self.keys(keys).map(|keys| work(&keys)),
        }
    }

    pub(super) fn keys(&self, keys: &[ExprIx]) -> Option<SmallVec<[Value; 1]>> {
        keys.iter()
            .map(|key| {
                let value = self.value(*key).into_owned();
                (!value.is_missing()).then_some(value)
            })
            .collect()
    }

    fn history(&self, ix: ExprIx, probe: ProbeIx, keys: &[ExprIx], window: &Window) -> Option<bool> {
        let start = match self.window_start(window) {
            Ok(start) => start,
            Err(answer) => return answer,
        };
        let global = self.code.probe_number(probe);
        if self.not_given.is_some() && self.facts?.lacks() {
            self.note_not_given(probe, start);
        }
        let life = self.facts?.life;
        let latest = match self.asked(ix, global, keys) {
            Asked::Unknown => return None,
            Asked::Number(number) => life.latest(global, Filed::Number(number)),
            Asked::Elsewhere => {
                self.with_keys(keys, |keys| life.latest(global, self.world.by_row.filed(global, keys)))?
            }
        };
        Some(latest.is_some_and(|latest| latest > start))
    }

    /// Reads the events of a history's window one by one, to report what a test did not give: the answer itself comes from
    /// what was filed when they arrived.
    fn note_not_given(&self, probe: ProbeIx, start: Instant) {
        let (Some(facts), Some(definition)) = (self.facts, self.code.code.probes.get(probe)) else { return };
        let kind = self.code.events.get(usize::from(definition.event)).copied();
        for place in facts.life.admitted() {
            let Some(event) = facts.life.event(place).filter(|event| Some(event.kind) == kind) else { continue };
            if event.at > start {
                let at_hand = EventAtHand::of(self.code, definition.event, event.at, facts.life.values(place));
                let inner = Eval { event: Some(at_hand), ..*self };
                let passes = definition.filter.is_none_or(|filter| inner.truth(filter) == Some(true));
                let _ = passes && inner.keys(&definition.keys).is_some();
            }
        }
    }

    fn scan(&self, probe: ProbeIx, keys: &[ExprIx], window: &Window, filter: ExprIx) -> Option<bool> {
        let start = match self.window_start(window) {
            Ok(start) => start,
            Err(answer) => return answer,
        };
        let keys = self.keys(keys)?;
        Some(self.events_of(probe, &keys, start)?.any(|event| event.truth(filter) == Some(true)))
    }
}

fn negate(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(-*number),
        Value::Duration(duration) => duration.checked_neg().map_or(Value::Missing, Value::Duration),
        _ => Value::Missing,
    }
}

fn multiply(one: &Value, two: &Value) -> Value {
    match (one, two) {
        (Value::Number(one), Value::Number(two)) => one.checked_mul(*two).map_or(Value::Missing, Value::Number),
        (Value::Number(times), Value::Duration(duration)) | (Value::Duration(duration), Value::Number(times)) => {
            let whole = (times.fract() == Decimal::ZERO).then(|| times.to_i32()).flatten();
            whole.and_then(|times| duration.checked_mul(times)).map_or(Value::Missing, Value::Duration)
        }
        _ => Value::Missing,
    }
}

fn divide(one: &Value, two: &Value) -> Value {
    match (one, two) {
        (Value::Number(one), Value::Number(two)) => one.checked_div(*two).map_or(Value::Missing, Value::Number),
        _ => Value::Missing,
    }
}

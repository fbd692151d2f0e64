//! What reports count as revenue: the money of events that make a goal with a window true.

use super::eval::{Eval, EventAtHand};
use super::program::{Program, Unit};
use super::state::Instance;
use super::step::Stepper;
use super::value::Value;
use crate::ir::{Expr, ExprIx, FieldUse, ProbeIx, RecordUse, Window};
use crate::time::Instant;

/// What reports count of an event.
#[derive(Clone, Debug, Default)]
pub(super) struct Revenue {
    pub units: Vec<u16>,
    pub field: Option<u16>,
}

impl Program {
    /// Finds what reports count as revenue.
    pub(super) fn find_revenue(&mut self, money: &[RecordUse]) {
        let of = |event: &RecordUse| {
            let asks = |unit: &Unit| unit.scenario.revenue_events().iter().any(|each| each.name == event.name);
            let units = self.units().iter().enumerate().filter(|(_, unit)| asks(unit)).map(|(place, _)| place as u16);
            let named = money.iter().find(|each| each.name == event.name).and_then(|each| each.fields.first());
            let place = |field: &FieldUse| event.fields.iter().position(|each| each.name == field.name);
            Revenue { units: units.collect(), field: named.and_then(place).map(|place| place as u16) }
        };
        let all: Vec<Revenue> = self.needs().events.iter().map(of).collect();
        self.revenue = all;
    }

    /// The field with the money of an event; the outer `None` where no goal with a window asks for the event.
    pub(super) fn revenue_of(&self, kind: u16) -> Option<Option<u16>> {
        let revenue = self.revenue.get(usize::from(kind)).filter(|revenue| !revenue.units.is_empty())?;
        Some(revenue.field)
    }

    /// Whether an event has a field with the money that reports count.
    pub fn has_revenue(&self, kind: u16) -> bool {
        self.revenue_of(kind).flatten().is_some()
    }

    /// The units whose goals ask for an event, where their windows count its money as revenue.
    pub fn units_with_revenue(&self, kind: u16) -> &[u16] {
        self.revenue.get(usize::from(kind)).map_or(&[], |revenue| &revenue.units)
    }

    /// Whether events count as revenue of a unit: its instances stay for them until the window of their goal closes.
    pub(super) fn counts_money(&self, unit: u16) -> bool {
        self.revenue.iter().any(|revenue| revenue.field.is_some() && revenue.units.contains(&unit))
    }
}

/// The event at hand, as the life has it.
#[derive(Clone, Copy)]
struct Happened<'a> {
    kind: u16,
    at: Instant,
    values: &'a [Value],
}

impl Stepper<'_, '_> {
    /// Whether the event at a place of the life, which just arrived, makes the goal of an instance true within its window:
    /// also after the event that reached it.
    pub(super) fn counts_for(&self, instance: &Instance, place: usize) -> bool {
        let Some(unit) = self.program.unit(instance.unit) else { return false };
        let Some(goal) = unit.scenario.goal.as_ref().filter(|goal| goal.within.is_some()) else { return false };
        let Some(event) = self.facts.life.event(place) else { return false };
        let event = Happened { kind: event.kind, at: event.at, values: self.facts.life.values(place) };
        let eval = self.eval(unit, instance);
        let last = instance.last_message_at(self.due, self.now);
        self.goal_is_open(goal.within, &eval, last)
            && eval.truth(goal.condition) == Some(true)
            && eval.asks_for(goal.condition, true, event)
    }
}

impl Eval<'_> {
    /// Whether a condition asks for an event: not only for its kind, but by its filter, for this instance and in its window.
    /// `wanted` is false under a `not`.
    fn asks_for(&self, condition: ExprIx, wanted: bool, event: Happened<'_>) -> bool {
        let Some(expr) = self.code.code.exprs.get(condition) else { return false };
        match expr {
            Expr::Not(one) => self.asks_for(*one, !wanted, event),
            Expr::History { probe, keys, window } => wanted && self.is_one_of((*probe, keys, None), window, event),
            Expr::Scan { probe, keys, window, filter } => {
                wanted && self.is_one_of((*probe, keys, Some(*filter)), window, event)
            }
            Expr::Aggregate(of) => wanted && self.is_one_of((of.probe, &of.keys, of.filter), &of.window, event),
            _ => expr.operands().into_iter().any(|operand| self.asks_for(operand, wanted, event)),
        }
    }

    /// Whether an event is one of those of a history.
    fn is_one_of(
        &self,
        (probe, keys, filter): (ProbeIx, &[ExprIx], Option<ExprIx>),
        window: &Window,
        event: Happened<'_>,
    ) -> bool {
        let Some(definition) = self.code.code.probes.get(probe) else { return false };
        let is_of_kind = self.code.events.get(usize::from(definition.event)) == Some(&event.kind);
        if !is_of_kind || !self.window_start(window).is_ok_and(|start| event.at > start) {
            return false;
        }
        let at_hand = EventAtHand::of(self.code, definition.event, event.at, event.values);
        let inner = Eval { event: Some(at_hand), ..*self };
        let passes = |filter: Option<ExprIx>| filter.is_none_or(|filter| inner.truth(filter) == Some(true));
        passes(definition.filter)
            && passes(filter)
            && self.keys(keys).is_some_and(|wanted| {
                definition.keys.iter().zip(&wanted).all(|(key, wanted)| inner.value(*key).as_ref() == wanted)
            })
    }
}

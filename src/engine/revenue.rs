//! What reports count as revenue: the money of events that make a goal with a window true.

use super::program::{Program, Unit};
use crate::ir::{FieldUse, RecordUse};

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
}

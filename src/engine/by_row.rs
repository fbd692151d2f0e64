//! What probes say of events that differ only in the row of an entity to which they refer: worked out once for each row, instead
//! of at each event.

use super::facts::{Keys, World};
use super::linked::LinkedCode;
use super::program::Program;
use super::value::{EntityRef, Value};
use crate::ir::{Expr, ExprIx, Probe, ProbeIx};
use crate::model::Type;
use crate::time::Instant;
use rustc_hash::FxHashMap;

/// Tables with more rows are not gone through beforehand: an event may never refer to most of them.
const ROWS_MAX: usize = 1 << 16;

/// In the place of a number: the event is not filed.
const NOT_FILED: u32 = u32::MAX;

/// What the probes of a program say of rows, by the probes' places.
#[derive(Clone, Debug, Default)]
pub struct ByRow(Vec<Option<OfProbe>>);

/// The keys under which a probe files events, numbered, and their numbers by the row to which an event refers.
#[derive(Clone, Debug)]
pub(super) struct OfProbe {
    /// The place of the reference among the event's values.
    place: usize,
    entity: u16,
    rows: Vec<u32>,
    keys: Vec<Keys>,
    numbers: FxHashMap<Keys, u32>,
}

/// What is known of an event.
pub(super) enum Known<'a> {
    /// It is not filed.
    Not,
    /// It is filed under these keys, and their number.
    Under(u32, &'a [Value]),
}

impl ByRow {
    pub(super) fn of(&self, probe: ProbeIx) -> Option<&OfProbe> {
        self.0.get(usize::from(probe))?.as_ref()
    }
}

impl OfProbe {
    /// `None` where the event must be asked itself: it refers to no row.
    pub fn known(&self, values: &[Value]) -> Option<Known<'_>> {
        let Some(Value::Entity(reference)) = values.get(self.place) else { return None };
        if reference.entity != self.entity {
            return None;
        }
        let number = *self.rows.get(reference.row as usize)?;
        Some(self.keys.get(number as usize).map_or(Known::Not, |keys| Known::Under(number, keys)))
    }

    /// The number of keys under which a row is filed.
    pub fn number(&self, keys: &[Value]) -> Option<u32> {
        self.numbers.get(keys).copied()
    }
}

impl Program {
    /// Works out what probes say of the rows of a world, which must not change from then on. Without it everything is the same,
    /// and slower.
    pub fn know_rows(&self, world: &mut World) {
        let found = (0..self.probes_count()).map(|probe| self.of_probe(ProbeIx::from(probe), world)).collect();
        world.by_row = ByRow(found);
    }

    fn of_probe(&self, probe: ProbeIx, world: &World) -> Option<OfProbe> {
        let (code, definition) = self.probe(probe)?;
        let slot = code.only_field(definition)?;
        let fields = code.event_fields.get(usize::from(definition.event))?;
        let place = usize::from(*fields.get(usize::from(slot))?);
        let event = self.needs().events.get(usize::from(*code.events.get(usize::from(definition.event))?))?;
        let Type::Entity(name) = &event.fields.get(place)?.ty else { return None };
        let entity = self.needs().entity(name)?;
        let count = world.tables.get(usize::from(entity)).map_or(0, super::EntityTable::len);
        if count > ROWS_MAX || world.lacks() {
            return None;
        }
        let (mut keys, mut numbers, mut rows) = (Vec::new(), FxHashMap::default(), Vec::with_capacity(count));
        let mut values = vec![Value::Missing; event.fields.len()];
        for row in 0..count as u32 {
            values.iter_mut().skip(place).take(1).for_each(|value| *value = Value::Entity(EntityRef { entity, row }));
            let number = self.with_key(probe, Instant::MIN, &values, world, None, |found| {
                let found: Keys = found.iter().cloned().collect();
                *numbers.entry(found.clone()).or_insert_with(|| {
                    keys.push(found);
                    keys.len() as u32 - 1
                })
            });
            rows.push(number.unwrap_or(NOT_FILED));
        }
        Some(OfProbe { place, entity, rows, keys, numbers })
    }
}

impl LinkedCode {
    /// The one field of its event on which all that a probe asks depends; `None` where there is another thing too.
    fn only_field(&self, probe: &Probe) -> Option<u16> {
        let mut only = None;
        let all = probe.filter.iter().chain(&probe.keys);
        let depends = all.into_iter().all(|ix| self.is_of_event(*ix) && self.depends_on(*ix, &mut only));
        only.filter(|_| depends)
    }

    fn depends_on(&self, ix: ExprIx, only: &mut Option<u16>) -> bool {
        match self.code.exprs.get(ix) {
            Some(Expr::Event(slot)) => *only.get_or_insert(*slot) == *slot,
            Some(Expr::EventAt) | None => false,
            Some(expr) => expr.operands().iter().all(|operand| self.depends_on(*operand, only)),
        }
    }
}

//! What a program says of events and triggers that depends on nothing but the row of an entity to which they refer: worked
//! out once for each row, instead of at each event.

use super::eval::{Eval, EventAtHand};
use super::facts::{Keys, World};
use super::linked::LinkedCode;
use super::program::{Program, Unit};
use super::value::{EntityRef, Value};
use crate::ir::{Expr, ExprIx, Probe, ProbeIx, Trigger};
use crate::model::{Literal, Type};
use crate::time::Instant;
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::sync::OnceLock;

/// Tables with more rows are not gone through beforehand: an event may never refer to most of them.
const ROWS_MAX: usize = 1 << 16;

/// How much is remembered of all expressions together: about 16 MiB.
const SAID_MAX: usize = 1 << 19;

/// In the place of a number: the event is not filed.
const NOT_FILED: u32 = u32::MAX;

/// What the probes and expressions of a program say of rows, by their places in the program.
#[derive(Clone, Debug, Default)]
pub struct ByRow {
    probes: Vec<Option<OfProbe>>,
    /// Of what is more than a field.
    values: Vec<Option<OfRows<Value>>>,
    /// Of histories: the numbers of their keys.
    asked: Vec<Option<OfRows<Asked>>>,
    /// Of triggers: the truth of their filters, by the kind of their event and their place among those that it has.
    filters: Vec<Vec<Option<OfFilter>>>,
}

/// What the filter of a trigger says of the rows of an entity.
#[derive(Clone, Debug)]
struct OfFilter {
    /// The place of the reference among the event's values.
    place: usize,
    rows: OfRows<Option<bool>>,
}

/// What a probe says of the rows of an entity.
#[derive(Clone, Debug)]
pub(super) struct OfProbe {
    /// The place of the reference among the event's values.
    place: usize,
    entity: u16,
    /// By row: the number of the keys under which an event is filed.
    rows: Vec<u32>,
    numbers: FxHashMap<Keys, u32>,
}

/// An event that a probe may file.
#[derive(Clone, Copy)]
pub(super) struct Filing<'a> {
    pub probe: ProbeIx,
    pub at: Instant,
    pub values: &'a [Value],
    pub world: &'a World,
    /// Where a test runs: takes the fields that are read although it did not give them.
    pub not_given: Option<&'a RefCell<Vec<String>>>,
}

/// Under what a probe files an event: the number of its keys where they have one, else the keys themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filed<'a> {
    Number(u32),
    Keys(&'a [Value]),
}

/// Under what a history looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A key is missing.
    Unknown,
    Number(u32),
    /// Nothing that is known by rows is filed there.
    Elsewhere,
}

/// What something says of the rows of an entity, worked out when it is first asked.
#[derive(Clone, Debug)]
struct OfRows<T> {
    root: Root,
    /// By row.
    said: Vec<OnceLock<T>>,
}

/// The reference from whose row everything follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Root {
    field: Field,
    entity: u16,
}

/// A slot of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Trigger(u16),
    Event(u16),
}

impl ByRow {
    fn of(&self, probe: ProbeIx) -> Option<&OfProbe> {
        self.probes.get(usize::from(probe))?.as_ref()
    }

    fn number(&self, probe: ProbeIx, keys: &[Value]) -> Option<u32> {
        self.of(probe)?.numbers.get(keys).copied()
    }

    /// Under what a probe files events with these keys.
    pub(super) fn filed<'k>(&self, probe: ProbeIx, keys: &'k [Value]) -> Filed<'k> {
        self.number(probe, keys).map_or(Filed::Keys(keys), Filed::Number)
    }
}

impl OfProbe {
    /// The number of the keys of an event, or [`NOT_FILED`]; `None` where the event must be asked itself: it refers to no row.
    fn known(&self, values: &[Value]) -> Option<u32> {
        let Some(Value::Entity(reference)) = values.get(self.place) else { return None };
        if reference.entity != self.entity {
            return None;
        }
        self.rows.get(reference.row as usize).copied()
    }
}

impl<T> OfRows<T> {
    /// `None` where the entity has too many rows.
    fn new(root: Root, world: &World, left: &mut usize) -> Option<OfRows<T>> {
        let count = rows_of(world, root.entity)?;
        *left = left.checked_sub(count)?;
        Some(OfRows { root, said: std::iter::repeat_with(OnceLock::new).take(count).collect() })
    }

    /// `None` where there is no row.
    fn of<'a>(&'a self, eval: &Eval<'a>, ask: impl FnOnce() -> T) -> Option<&'a T> {
        self.at(
            match self.root.field {
                Field::Trigger(slot) => eval.trigger_value(slot),
                Field::Event(slot) => eval.event_value(slot),
            },
            ask,
        )
    }

    /// `None` where there is no row.
    #[inline]
    fn at(&self, reference: Option<&Value>, ask: impl FnOnce() -> T) -> Option<&T> {
        match reference {
            Some(Value::Entity(reference)) if reference.entity == self.root.entity => {
                self.said.get(reference.row as usize).map(|said| said.get_or_init(ask))
            }
            _ => None,
        }
    }
}

impl<'a> Eval<'a> {
    /// The value of an expression that follows from a row, where such are remembered.
    pub(super) fn known(&self, ix: ExprIx) -> Option<&'a Value> {
        let values = self.world.by_row.values.get(self.code.number(ix))?.as_ref()?;
        values.of(self, || self.worked_out(ix).into_owned())
    }

    /// Under what a history looks.
    pub(super) fn asked(&self, history: ExprIx, probe: ProbeIx, keys: &[ExprIx]) -> Asked {
        let by_row = &self.world.by_row;
        let ask = || match self.with_keys(keys, |keys| by_row.number(probe, keys)) {
            None => Asked::Unknown,
            Some(number) => number.map_or(Asked::Elsewhere, Asked::Number),
        };
        let known = by_row.asked.get(self.code.number(history)).and_then(Option::as_ref);
        known.and_then(|asked| asked.of(self, ask)).copied().unwrap_or(Asked::Elsewhere)
    }
}

impl Program {
    /// A trigger, by its place among those of an event's kind.
    fn trigger(&self, kind: u16, nth: usize) -> Option<(&Unit, &Trigger)> {
        let (unit, trigger) = *self.triggers_of(kind).get(nth)?;
        let unit = self.unit(unit)?;
        Some((unit, unit.scenario.start.events().get(usize::from(trigger))?))
    }

    /// Works out what probes and expressions say of the rows of a world, which must not change from then on. Without it
    /// everything is the same, and slower.
    pub fn know_rows(&self, world: &mut World) {
        if world.lacks() {
            return;
        }
        world.by_row.probes =
            (0..self.probes_count()).map(|probe| self.of_probe(ProbeIx::from(probe), world)).collect();
        let mut left = SAID_MAX;
        let mut by_row = std::mem::take(&mut world.by_row);
        self.units().iter().for_each(|unit| self.room_for(&unit.code, world, &mut by_row, &mut left));
        let kinds = 0..self.needs().events.len() as u16;
        by_row.filters = kinds.map(|kind| self.room_for_filters(kind, world, &mut left)).collect();
        world.by_row = by_row;
    }

    fn of_probe(&self, probe: ProbeIx, world: &World) -> Option<OfProbe> {
        let (code, definition) = self.probe(probe)?;
        let slot = code.only_field(definition)?;
        let fields = code.event_fields.get(usize::from(definition.event))?;
        let place = usize::from(*fields.get(usize::from(slot))?);
        let event = self.needs().events.get(usize::from(*code.events.get(usize::from(definition.event))?))?;
        let Type::Entity(name) = &event.fields.get(place)?.ty else { return None };
        let entity = self.needs().entity(name)?;
        let count = rows_of(world, entity)?;
        let (mut numbers, mut rows) = (FxHashMap::default(), Vec::with_capacity(count));
        let mut values = vec![Value::Missing; event.fields.len()];
        for row in 0..count as u32 {
            values.iter_mut().skip(place).take(1).for_each(|value| *value = Value::Entity(EntityRef { entity, row }));
            let filing = Filing { probe, at: Instant::MIN, values: &values, world, not_given: None };
            let number = self.with_keys_of(&filing, |found| {
                let next = numbers.len() as u32;
                *numbers.entry(found.iter().cloned().collect()).or_insert(next)
            });
            rows.push(number.unwrap_or(NOT_FILED));
        }
        Some(OfProbe { place, entity, rows, numbers })
    }

    /// Does something with what a probe files an event under; `None` when the event does not pass its filter or has no value
    /// for a key.
    pub(super) fn file<T>(&self, filing: &Filing<'_>, work: impl FnOnce(Filed<'_>) -> T) -> Option<T> {
        let Filing { probe, values, world, not_given, .. } = *filing;
        // A test that reads a field that it did not give must say so at each reading.
        let known = world.by_row.of(probe).filter(|_| not_given.is_none());
        match known.and_then(|of_probe| of_probe.known(values)) {
            Some(NOT_FILED) => None,
            Some(number) => Some(work(Filed::Number(number))),
            None => self.with_keys_of(filing, |keys| work(world.by_row.filed(probe, keys))),
        }
    }

    /// As [`Program::file`], with the keys of the event.
    fn with_keys_of<T>(&self, filing: &Filing<'_>, work: impl FnOnce(&[Value]) -> T) -> Option<T> {
        let Filing { probe, at, values, world, not_given } = *filing;
        let (code, definition) = self.probe(probe)?;
        if definition.filter.is_none() && definition.keys.is_empty() {
            return Some(work(&[]));
        }
        let at_hand = EventAtHand::of(code, definition.event, at, values);
        let eval = Eval { not_given, ..Eval::of_event(code, world, at_hand) };
        if let Some(filter) = definition.filter
            && eval.truth(filter) != Some(true)
        {
            return None;
        }
        eval.with_keys(&definition.keys, work)
    }

    /// Makes room for what the expressions of a code say of rows, of those that are no part of such a one, and for what its
    /// histories ask. At most `left` rows are remembered.
    fn room_for(&self, code: &LinkedCode, world: &World, by_row: &mut ByRow, left: &mut usize) {
        let first = by_row.values.len();
        by_row.values.resize_with(first + code.code.exprs.len(), || None);
        by_row.asked.resize_with(first + code.code.exprs.len(), || None);
        let mut is_part = vec![false; code.code.exprs.len()];
        // What an expression is made of comes before it.
        for (place, expr) in code.code.exprs.values().iter().enumerate().rev() {
            if let Expr::History { keys, .. } = expr
                && let Some(asked) = by_row.asked.get_mut(first + place)
            {
                *asked = self.root(code, keys).and_then(|root| OfRows::new(root, world, left));
            } else if is_worked_out(expr)
                && is_part.get(place) == Some(&false)
                && let Some(values) = by_row.values.get_mut(first + place)
                && let Some(root) = self.root(code, &[ExprIx::from(place)])
            {
                *values = OfRows::new(root, world, left);
                for part in expr.operands() {
                    is_part.iter_mut().skip(part.into()).take(1).for_each(|is_part| *is_part = true);
                }
            }
        }
    }

    /// Makes room for what the filters of the triggers of an event say of rows.
    fn room_for_filters(&self, kind: u16, world: &World, left: &mut usize) -> Vec<Option<OfFilter>> {
        let mut of = |nth: usize| {
            let (unit, trigger) = self.trigger(kind, nth)?;
            let root = self.root(&unit.code, &[trigger.filter?])?;
            let Field::Event(slot) = root.field else { return None };
            let place = unit.code.event_fields.get(usize::from(trigger.event))?.get(usize::from(slot))?;
            Some(OfFilter { place: usize::from(*place), rows: OfRows::new(root, world, left)? })
        };
        (0..self.triggers_of(kind).len()).map(&mut of).collect()
    }

    /// The truth of the filter of a trigger, by its place among those of the event's kind, where it follows from a row.
    #[inline]
    pub(super) fn filter_by_row(
        &self,
        world: &World,
        (kind, nth): (u16, usize),
        values: &[Value],
    ) -> Option<Option<bool>> {
        let filter = world.by_row.filters.get(usize::from(kind))?.get(nth)?.as_ref()?;
        let ask = || {
            let (unit, trigger) = self.trigger(kind, nth)?;
            let at_hand = EventAtHand::of(&unit.code, trigger.event, Instant::MIN, values);
            Eval::of_event(&unit.code, world, at_hand).truth(trigger.filter?)
        };
        filter.rows.at(values.get(filter.place), ask).copied()
    }

    /// The reference from whose row these expressions follow; `None` where they depend on something else too, or on nothing.
    fn root(&self, code: &LinkedCode, all: &[ExprIx]) -> Option<Root> {
        let (mut field, mut entity) = (None, None);
        let follow = all.iter().all(|ix| self.follows(code, *ix, &mut field, &mut entity));
        Some(Root { field: field.filter(|_| follow)?, entity: entity? })
    }

    /// Whether an expression follows from a row. What depends on the zone besides, as dates do, does not.
    fn follows(&self, code: &LinkedCode, ix: ExprIx, root: &mut Option<Field>, entity: &mut Option<u16>) -> bool {
        let Some(expr) = code.code.exprs.get(ix) else { return false };
        let is_dated = |ty: &Type| matches!(ty, Type::Instant | Type::Date);
        match expr {
            Expr::Trigger(slot) => {
                if let Some(Type::Entity(name)) = code.code.trigger.get(usize::from(*slot)).map(|field| &field.ty) {
                    *entity = entity.or(self.needs().entity(name));
                }
                *root.get_or_insert(Field::Trigger(*slot)) == Field::Trigger(*slot)
            }
            Expr::Event(slot) => *root.get_or_insert(Field::Event(*slot)) == Field::Event(*slot),
            Expr::Field { of, entity: slot, field } => {
                let fields = self.needs().entities.get(usize::from(*slot)).map(|entity| &entity.fields);
                let ty = fields.and_then(|fields| fields.get(usize::from(*field))).map(|field| &field.ty);
                if matches!(code.code.exprs.get(*of), Some(Expr::Trigger(_) | Expr::Event(_))) {
                    *entity = entity.or(Some(*slot));
                }
                ty.is_some_and(|ty| !is_dated(ty)) && self.follows(code, *of, root, entity)
            }
            Expr::Literal(Literal::Instant(_) | Literal::Date(_)) => false,
            _ if expr.is_of_operands() => {
                expr.operands().into_iter().all(|operand| self.follows(code, operand, root, entity))
            }
            _ => false,
        }
    }
}

/// Whether there is more to do than to read a field.
fn is_worked_out(expr: &Expr) -> bool {
    !matches!(expr, Expr::Trigger(_) | Expr::Event(_) | Expr::Field { .. } | Expr::Literal(_) | Expr::Missing)
}

/// How many rows an entity has; `None` where they are too many.
fn rows_of(world: &World, entity: u16) -> Option<usize> {
    let count = world.tables.get(usize::from(entity)).map_or(0, super::EntityTable::len);
    (count <= ROWS_MAX).then_some(count)
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

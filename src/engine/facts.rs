//! What the engine may know: the contact, its life so far, and the entities that events refer to.

use super::by_id::ById;
use super::by_row::{ByRow, Filed, Filing};
use super::latest::Latest;
use super::measures::Measures;
use super::messages::{MessageRef, SentMessages};
use super::moves::{Move, Moves};
use super::program::Program;
use super::running::Running;
use super::value::{EntityRef, Value};
use crate::ir::ProbeIx;
use crate::model::Id;
use crate::time::Instant;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::cell::{RefCell, RefMut};
use std::ops::Range;
use std::sync::Arc;

/// All entities but contacts, with the fields that the program reads: one table for each of its slots.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub tables: Vec<EntityTable>,
    /// What the program's probes say of their rows, where somebody [worked it out](Program::know_rows).
    pub by_row: ByRow,
}

/// The row of an id that no row has.
const NOWHERE: u32 = u32::MAX;

/// The rows of one entity.
#[derive(Clone, Debug, Default)]
pub struct EntityTable {
    width: usize,
    ids: Vec<Id>,
    places: FxHashMap<Id, u32>,
    /// The rows of ids that are small numbers, at their ids: most tables number their rows from one.
    numbered: Vec<u32>,
    values: Vec<Value>,
    /// Whether a test did not give some of the values.
    lacks: bool,
}

impl EntityTable {
    /// An empty table whose rows have `width` values, in the order of the entity's fields in the program.
    pub fn new(width: usize) -> EntityTable {
        EntityTable { width, ..EntityTable::default() }
    }

    /// Adds a row; of two rows with one id, the later replaces the earlier. Missing values are added, superfluous
    /// ones dropped, so that a row is always as wide as its table.
    pub fn push(&mut self, id: Id, row: impl IntoIterator<Item = Value>) -> u32 {
        let mut row: SmallVec<[Value; 8]> = row.into_iter().take(self.width).collect();
        row.resize(self.width, Value::Missing);
        self.lacks |= row.contains(&Value::NotGiven);
        if let Some(place) = self.row(&id) {
            let start = place as usize * self.width;
            for (old, new) in self.values.iter_mut().skip(start).zip(row) {
                *old = new;
            }
            return place;
        }
        let place = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
        match usize::try_from(id.number().unwrap_or(-1)) {
            Ok(number) if number < self.ids.len() * 2 + 1_024 => {
                if self.numbered.len() <= number {
                    self.numbered.resize(number + 1, NOWHERE);
                }
                self.numbered.iter_mut().skip(number).take(1).for_each(|row| *row = place);
            }
            _ => drop(self.places.insert(id.clone(), place)),
        }
        self.ids.push(id);
        self.values.extend(row);
        place
    }

    pub fn row(&self, id: &Id) -> Option<u32> {
        let number = id.number().and_then(|number| usize::try_from(number).ok());
        let row = number.and_then(|number| self.numbered.get(number)).filter(|row| **row != NOWHERE);
        row.or_else(|| self.places.get(id)).copied()
    }

    pub fn id(&self, row: u32) -> Option<&Id> {
        self.ids.get(row as usize)
    }

    pub fn value(&self, row: u32, field: u16) -> Option<&Value> {
        (usize::from(field) < self.width)
            .then(|| self.values.get(row as usize * self.width + usize::from(field)))
            .flatten()
    }

    pub fn len(&self) -> usize {
        self.ids.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    pub fn ids(&self) -> &[Id] {
        &self.ids
    }
}

impl World {
    pub fn value(&self, entity: EntityRef, field: u16) -> Option<&Value> {
        self.tables.get(usize::from(entity.entity))?.value(entity.row, field)
    }

    /// Whether a test did not give some of its values.
    pub(super) fn lacks(&self) -> bool {
        self.tables.iter().any(|table| table.lacks)
    }

    pub fn id(&self, entity: EntityRef) -> Option<&Id> {
        self.tables.get(usize::from(entity.entity))?.id(entity.row)
    }

    /// A reference to the row of this id, or the id alone where there is no such row.
    pub fn refer(&self, entity: u16, id: Id) -> Value {
        match self.tables.get(usize::from(entity)).and_then(|table| table.row(&id)) {
            Some(row) => Value::Entity(EntityRef { entity, row }),
            None => Value::Id(id),
        }
    }
}

/// A contact and its fields, in the order of the program's contact fields.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: Id,
    pub values: Vec<Value>,
}

/// What a source says of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The event's slot in the program.
    pub kind: u16,
    pub id: Id,
    /// When it happened.
    pub at: Instant,
    /// When it was seen; not before `at`.
    pub arrived: Instant,
}

/// An event of a [`Life`], and where its values are.
#[derive(Clone, Debug)]
pub struct EventRow {
    pub event: Event,
    values: Range<u32>,
}

/// One contact's events, in the order in which they arrive, and an index over those that have arrived.
///
/// Rows are pushed in any order and [sorted](Life::sort); a driver then [admits](Life::admit) them one after the
/// other, and what the engine asks is answered over the admitted ones alone. So nothing can peek ahead. What scenarios
/// make happen is added as it happens, and is admitted at once.
#[derive(Clone, Debug, Default)]
pub struct Life {
    rows: Vec<EventRow>,
    /// What scenarios made happen; their places begin at [`FIRST_OWN`].
    own: Vec<EventRow>,
    values: Vec<Value>,
    /// Whether a test did not give some of the values.
    lacks: bool,
    admitted: usize,
    /// Of each probe.
    latest: Vec<Latest>,
    /// Of each event that the program looks through one by one, the admitted places by instant, then arrival.
    by_kind: Vec<Vec<u32>>,
    messages: SentMessages,
    /// What conditions asked of the admitted events: worked out from them alone, when it is asked for.
    running: RefCell<Running>,
    windows: RefCell<Moves>,
    pub(super) by_id: RefCell<ById>,
}

/// The place of the first event that a scenario made.
const FIRST_OWN: usize = 1 << 31;

/// The values of a probe's keys.
pub(super) type Keys = SmallVec<[Value; 1]>;

impl Life {
    /// Adds an event with its values in the order of its fields in the program.
    pub fn push(&mut self, event: Event, values: impl IntoIterator<Item = Value>) {
        let start = self.values.len();
        self.values.extend(values);
        self.push_row(event, start);
    }

    /// As [`Life::push`]; takes all values, and leaves none.
    pub fn push_all(&mut self, event: Event, values: &mut Vec<Value>) {
        let start = self.values.len();
        self.values.append(values);
        self.push_row(event, start);
    }

    fn push_row(&mut self, event: Event, start: usize) {
        let values = self.values.get(start..).unwrap_or(&[]);
        self.lacks |= values.iter().any(|value| matches!(value, Value::NotGiven));
        self.rows.push(EventRow { event, values: start as u32..self.values.len() as u32 });
    }

    /// Forgets everything, and keeps the room for the next contact.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.values.clear();
        self.lacks = false;
        self.forget();
    }

    /// Orders what is not admitted yet by arrival, then instant, kind, id: the order in which it is stepped.
    pub fn sort(&mut self) {
        // Slots of events are in the order of their names.
        let order = |one: &EventRow, two: &EventRow| {
            let (one, two) = (&one.event, &two.event);
            (one.arrived, one.at)
                .cmp(&(two.arrived, two.at))
                .then_with(|| one.kind.cmp(&two.kind))
                .then_with(|| one.id.cmp(&two.id))
        };
        if let Some(pending) = self.rows.get_mut(self.admitted..)
            && !pending.is_sorted_by(|one, two| order(one, two).is_le())
        {
            pending.sort_by(order);
        }
    }

    /// Sets anew when events arrived, and drops those for which `arrival` says that they have not; then orders them.
    /// Nothing may be admitted yet.
    pub fn rearrange(&mut self, mut arrival: impl FnMut(&Event) -> Option<Instant>) {
        debug_assert_eq!(self.admitted, 0);
        self.rows.retain_mut(|row| match arrival(&row.event) {
            Some(arrived) => {
                row.event.arrived = arrived;
                true
            }
            None => false,
        });
        self.sort();
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Takes back every admission, and what scenarios made happen: the life begins anew.
    pub fn forget(&mut self) {
        self.admitted = 0;
        self.own.clear();
        self.latest.iter_mut().for_each(Latest::clear);
        self.running.get_mut().clear();
        *self.by_id.get_mut() = ById::default();
        self.by_kind.iter_mut().for_each(Vec::clear);
        for (place, said) in self.messages.forget() {
            if let Some(value) = self.values.get_mut(place) {
                *value = said;
            }
        }
    }

    /// The next event to admit.
    pub fn next(&self) -> Option<&Event> {
        self.rows.get(self.admitted).map(|row| &row.event)
    }

    /// When its rows of the CRM happened.
    pub fn instants(&self) -> impl Iterator<Item = Instant> {
        self.rows.iter().map(|row| row.event.at)
    }

    #[inline]
    fn row(&self, place: usize) -> Option<&EventRow> {
        match place.checked_sub(FIRST_OWN) {
            Some(own) => self.own.get(own),
            None => self.rows.get(place),
        }
    }

    #[inline]
    pub fn event(&self, place: usize) -> Option<&Event> {
        self.row(place).map(|row| &row.event)
    }

    pub fn values(&self, place: usize) -> &[Value] {
        self.found(place).map_or(&[], |(_, values)| values)
    }

    /// The event at a place, with its values.
    pub(super) fn found(&self, place: usize) -> Option<(&Event, &[Value])> {
        let EventRow { event, values } = self.row(place)?;
        Some((event, self.values.get(values.start as usize..values.end as usize)?))
    }

    /// The places of all admitted events, those of the CRM first.
    pub(super) fn admitted(&self) -> impl DoubleEndedIterator<Item = usize> {
        (0..self.admitted).chain(FIRST_OWN..FIRST_OWN + self.own.len())
    }

    /// The places of the events that were admitted since `seen`, which counts those of the CRM and those that scenarios made;
    /// from then on they are seen.
    pub(super) fn admitted_since(&self, seen: &mut (usize, usize)) -> impl Iterator<Item = usize> + use<> {
        let (rows, own) = std::mem::replace(seen, (self.admitted, self.own.len()));
        (rows..self.admitted).chain(FIRST_OWN + own..FIRST_OWN + self.own.len())
    }

    /// How many rows of the CRM were admitted.
    pub fn admitted_rows(&self) -> usize {
        self.admitted
    }

    /// How many of them came after an instant.
    pub fn admitted_rows_after(&self, at: Instant) -> usize {
        let admitted = self.rows.get(..self.admitted).unwrap_or_default();
        admitted.iter().rev().take_while(|row| row.event.arrived > at).count()
    }

    /// The places of the rows of the CRM that were admitted after the first so many.
    pub(super) fn rows_since(&self, first: usize) -> Range<usize> {
        first..self.admitted
    }

    /// What conditions asked of the admitted events before.
    pub(super) fn running(&self) -> RefMut<'_, Running> {
        self.running.borrow_mut()
    }

    /// When a window begins: its end, moved back.
    pub(super) fn window_start(&self, back: Move) -> Option<Instant> {
        self.windows.borrow_mut().end(back)
    }

    /// The places of the admitted events of one kind after `start`, by instant, then arrival. Empty for a kind that the
    /// program does not look through.
    pub(super) fn since(&self, kind: u16, start: Instant) -> &[u32] {
        let places = self.by_kind.get(usize::from(kind)).map_or(&[] as &[u32], Vec::as_slice);
        let first = places.partition_point(|place| self.event(*place as usize).is_some_and(|event| event.at <= start));
        places.get(first..).unwrap_or(&[])
    }

    /// How many events of one kind were admitted; 0 of a kind that the program does not look through.
    pub(super) fn count_of(&self, kind: u16) -> usize {
        self.by_kind.get(usize::from(kind)).map_or(0, Vec::len)
    }

    /// Whether so many of them, at least one, are after `start`.
    pub(super) fn are_since(&self, kind: u16, start: Instant, many: usize) -> bool {
        let nth_last = self.count_of(kind).checked_sub(many);
        let place = nth_last.and_then(|nth| self.by_kind.get(usize::from(kind))?.get(nth));
        place.and_then(|place| self.event(*place as usize)).is_some_and(|event| event.at > start)
    }

    /// Lets the next event happen: from now on conditions see it. Returns its place.
    pub fn admit(&mut self, program: &Program, world: &World) -> Option<usize> {
        let place = self.admitted;
        self.rows.get(place)?;
        self.admitted += 1;
        self.file(program, world, place, Program::probes_of);
        Some(place)
    }

    /// As [`Life::admit`], where measures alone are asked for.
    pub(super) fn admit_to_measures(&mut self, program: &Program, world: &World) {
        let place = self.admitted;
        if self.rows.get(place).is_some() {
            self.admitted += 1;
            self.file(program, world, place, Program::measured_probes_of);
        }
    }

    /// The event at a place, where a scenario made it.
    pub(super) fn own_event(&self, place: usize) -> Option<&Event> {
        self.event(place).filter(|_| place >= FIRST_OWN)
    }

    /// Adds an event that a scenario made, which happens at once. Returns its place.
    pub(super) fn add_own(
        &mut self,
        program: &Program,
        world: &World,
        event: Event,
        values: impl IntoIterator<Item = Value>,
    ) -> usize {
        let start = self.values.len() as u32;
        self.values.extend(values);
        self.own.push(EventRow { event, values: start..self.values.len() as u32 });
        let place = FIRST_OWN + self.own.len() - 1;
        self.file(program, world, place, Program::probes_of);
        place
    }

    pub(super) fn messages(&self) -> &SentMessages {
        &self.messages
    }

    /// Says which message a field of an event speaks of; one that was `sent` is remembered.
    pub(super) fn say_message(&mut self, place: usize, field: usize, message: MessageRef, sent: Option<Instant>) {
        if let Some(at) = sent {
            self.messages.add(&message, at, place >= FIRST_OWN);
        }
        let Some(place) = self.row(place).map(|row| row.values.start as usize + field) else { return };
        if let Some(value) = self.values.get_mut(place) {
            let said = std::mem::replace(value, Value::Message(Arc::new(message)));
            self.messages.said(place, said);
        }
    }

    /// Files an admitted event under what asks for it: the probes of its kind.
    fn file(&mut self, program: &Program, world: &World, place: usize, probes: fn(&Program, u16) -> &[ProbeIx]) {
        self.resolve_messages(program, place);
        let Some(EventRow { event: Event { kind, at, .. }, values }) = self.row(place) else { return };
        let (kind, at) = (*kind, *at);
        let values = self.values.get(values.start as usize..values.end as usize).unwrap_or(&[]);
        for &probe in probes(program, kind) {
            if self.latest.len() <= usize::from(probe) {
                self.latest.resize_with(usize::from(probe) + 1, Latest::default);
            }
            if let Some(latest) = self.latest.get_mut(usize::from(probe)) {
                let filing = Filing { probe, at, values, world, not_given: None };
                program.file(&filing, |under| latest.file(under, at));
            }
        }
        if program.looks_through(kind) {
            self.file_by_kind(kind, place);
        }
    }

    fn file_by_kind(&mut self, kind: u16, place: usize) {
        let order = |life: &Life, place: usize| life.event(place).map(|event| (event.at, event.arrived, place));
        let this = order(self, place);
        let places = self.by_kind.get(usize::from(kind)).map_or(&[] as &[u32], Vec::as_slice);
        // Most come in the order of time.
        let at = match places.last() {
            Some(last) if order(self, *last as usize) > this => {
                places.partition_point(|each| order(self, *each as usize) < this)
            }
            _ => places.len(),
        };
        if self.by_kind.len() <= usize::from(kind) {
            self.by_kind.resize_with(usize::from(kind) + 1, Vec::new);
        }
        if let Some(places) = self.by_kind.get_mut(usize::from(kind)) {
            places.insert(at, place as u32);
        }
    }

    /// The instant of the latest admitted event of a probe that is filed there.
    pub(super) fn latest(&self, probe: ProbeIx, under: Filed<'_>) -> Option<Instant> {
        self.latest.get(usize::from(probe))?.get(under)
    }
}

/// Everything that a step may read.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub world: &'a World,
    pub person: &'a Person,
    pub life: &'a Life,
    pub measures: &'a Measures,
}

impl Facts<'_> {
    /// Whether a test did not give some of what its events, and the entities they refer to, might be asked for.
    pub(super) fn lacks(&self) -> bool {
        self.life.lacks || self.world.lacks()
    }
}

//! The lives of some contacts, as columns.

use super::bytes::{Reader, Writer};
use super::column::{self, Column};
use crate::engine::{Event, Life, Needs, Person, Value};
use crate::model::Id;
use crate::time::Instant;
use std::ops::ControlFlow;

/// How many values the rows of contacts and of each event have.
#[derive(Clone, Debug)]
pub(super) struct Widths {
    contact: usize,
    events: Vec<usize>,
}

impl Widths {
    pub fn of(needs: &Needs) -> Widths {
        let events = needs.events.iter().map(|event| event.fields.len()).collect();
        Widths { contact: needs.contact.len(), events }
    }
}

/// Lives on their way into a chunk.
#[derive(Debug)]
pub(super) struct Gathered {
    contacts: Vec<Value>,
    /// How many events each contact has.
    counts: Vec<i64>,
    /// By field.
    persons: Vec<Vec<Value>>,
    /// Of each event, of all contacts, in the order in which they arrive.
    kinds: Vec<i64>,
    ids: Vec<Value>,
    instants: Vec<i64>,
    /// How much later each was seen.
    delays: Vec<i64>,
    /// By event and field.
    values: Vec<Vec<Vec<Value>>>,
    /// Whether everything is as wide as it should be.
    is_whole: bool,
}

impl Gathered {
    pub fn new(widths: &Widths) -> Gathered {
        let fields = |width: usize| vec![Vec::new(); width];
        Gathered {
            contacts: Vec::new(),
            counts: Vec::new(),
            persons: fields(widths.contact),
            kinds: Vec::new(),
            ids: Vec::new(),
            instants: Vec::new(),
            delays: Vec::new(),
            values: widths.events.iter().map(|width| fields(*width)).collect(),
            is_whole: true,
        }
    }

    /// Adds a contact with its life, of which nothing is admitted.
    pub fn add(&mut self, person: &Person, life: &Life) {
        self.contacts.push(Value::Id(person.id.clone()));
        self.counts.push(life.len() as i64);
        self.is_whole &= add_row(&mut self.persons, &person.values);
        for place in 0..life.len() {
            let Some(event) = life.event(place) else { continue };
            self.kinds.push(i64::from(event.kind));
            self.ids.push(Value::Id(event.id.clone()));
            self.instants.push(event.at.0);
            self.delays.push(event.arrived.0.wrapping_sub(event.at.0));
            let columns = self.values.get_mut(usize::from(event.kind));
            self.is_whole &= columns.is_some_and(|columns| add_row(columns, life.values(place)));
        }
    }

    pub fn is_empty(&self) -> bool {
        self.contacts.is_empty()
    }

    /// How much there is in it: events and contacts.
    pub fn weight(&self) -> usize {
        self.kinds.len() + self.contacts.len()
    }

    /// The chunk; `None` where there is something in it that no CRM holds. What is gathered is then empty.
    pub fn finish(&mut self) -> Option<Vec<u8>> {
        let mut to = Writer::default();
        to.count(self.contacts.len());
        to.count(self.kinds.len());
        let mut is_whole = column::write(&self.contacts, &mut to);
        to.numbers(&self.counts);
        is_whole &= self.persons.iter().all(|column| column::write(column, &mut to));
        to.numbers(&self.kinds);
        is_whole &= column::write(&self.ids, &mut to);
        to.numbers(&self.instants);
        to.numbers(&self.delays);
        for columns in &self.values {
            to.count(columns.first().map_or(0, Vec::len));
            is_whole &= columns.iter().all(|column| column::write(column, &mut to));
        }
        is_whole &= self.is_whole;
        for list in [&mut self.contacts, &mut self.ids] {
            list.clear();
        }
        for list in [&mut self.counts, &mut self.kinds, &mut self.instants, &mut self.delays] {
            list.clear();
        }
        for column in self.persons.iter_mut().chain(self.values.iter_mut().flatten()) {
            column.clear();
        }
        self.is_whole = true;
        is_whole.then_some(to.0)
    }
}

/// Adds a row to its columns; false where there are not as many values.
fn add_row(columns: &mut [Vec<Value>], row: &[Value]) -> bool {
    for (column, value) in columns.iter_mut().zip(row) {
        column.push(value.clone());
    }
    columns.len() == row.len()
}

/// A chunk that is read.
#[derive(Debug)]
pub(super) struct Chunk {
    contacts: Column,
    counts: Vec<i64>,
    persons: Vec<Column>,
    kinds: Vec<i64>,
    ids: Column,
    instants: Vec<i64>,
    delays: Vec<i64>,
    values: Vec<Vec<Column>>,
}

impl Chunk {
    /// Reads a chunk; `None` where the bytes are not one.
    pub fn read(bytes: &[u8], widths: &Widths) -> Option<Chunk> {
        let mut from = Reader(bytes);
        let (contacts, events) = (from.count()?, from.count()?);
        let columns = |from: &mut Reader<'_>, width: usize, rows: usize| {
            (0..width).map(|_| Column::read(from, rows)).collect::<Option<Vec<Column>>>()
        };
        let of_events = |numbers: Vec<i64>| (numbers.len() == events).then_some(numbers);
        let chunk = Chunk {
            contacts: Column::read(&mut from, contacts)?,
            counts: from.numbers()?,
            persons: columns(&mut from, widths.contact, contacts)?,
            kinds: of_events(from.numbers()?)?,
            ids: Column::read(&mut from, events)?,
            instants: of_events(from.numbers()?)?,
            delays: of_events(from.numbers()?)?,
            values: (widths.events.iter())
                .map(|width| {
                    let rows = from.count()?;
                    columns(&mut from, *width, rows)
                })
                .collect::<Option<_>>()?,
        };
        (chunk.counts.len() == contacts && chunk.counts.iter().sum::<i64>() == events as i64).then_some(chunk)
    }

    /// Gives each contact to `live`, as [`Lives::read`](super::super::crm::Lives::read) does; `None` where the chunk does not
    /// hold what it should.
    pub fn give(&self, everyone: bool, live: &mut dyn FnMut(&Person, &mut Life) -> ControlFlow<()>) -> Option<()> {
        // Used again for each contact.
        let mut person = Person { id: Id::Number(0), values: Vec::new() };
        let mut life = Life::default();
        let mut rows = vec![0; self.values.len()];
        let mut events = self.kinds.iter().zip(&self.instants).zip(&self.delays).enumerate();
        for (contact, count) in self.counts.iter().enumerate() {
            life.clear();
            for _ in 0..*count {
                let (place, ((kind, at), delay)) = events.next()?;
                let kind = u16::try_from(*kind).ok()?;
                let (columns, next) = (self.values.get(usize::from(kind))?, rows.get_mut(usize::from(kind))?);
                let row = *next;
                *next += 1;
                let (at, arrived) = (Instant(*at), Instant(at.wrapping_add(*delay)));
                let event = Event { kind, id: self.ids.id(place)?, at, arrived };
                life.push(event, columns.iter().map(|column| column.value(row)));
            }
            if !everyone && life.is_empty() {
                continue;
            }
            person.id = self.contacts.id(contact)?;
            person.values.clear();
            person.values.extend(self.persons.iter().map(|column| column.value(contact)));
            if live(&person, &mut life).is_break() {
                break;
            }
        }
        Some(())
    }
}

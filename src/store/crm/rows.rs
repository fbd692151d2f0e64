//! Rows as such, whoever they are about: the bounds of a history, and what is new since the last look.

use super::decode;
use super::lives::{EventSource, Lives};
use super::merge::read_dates;
use super::{Crm, Error, Notes};
use crate::engine::Event;
use crate::model::Id;
use crate::store::id;
use crate::store::text::quoted;
use crate::time::Instant;
use rusqlite::Row;
use rustc_hash::FxHashSet;

/// The first and the last instant of all events that a program reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub first: Instant,
    pub last: Instant,
    /// When the last of them arrived; not before `last`.
    pub last_arrived: Instant,
}

/// A row of an event, without its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRow {
    pub contact: Id,
    pub event: Event,
}

impl Lives<'_> {
    /// The bounds of the history; `None` when there is no event. Rows that cannot be read do not count.
    pub fn bounds(&self, crm: &Crm) -> Result<Option<Bounds>, Error> {
        let mut bounds: Option<Bounds> = None;
        for source in &self.events {
            self.each_row(crm, source, |row| {
                let Some((at, arrived)) = read_dates(self, source, row, &mut Notes::default())? else { return Ok(()) };
                let known = bounds.get_or_insert(Bounds { first: at, last: at, last_arrived: arrived });
                known.first = known.first.min(at);
                known.last = known.last.max(at);
                known.last_arrived = known.last_arrived.max(arrived);
                Ok(())
            })
            .map_err(|error| crm.error(&error))?;
        }
        Ok(bounds)
    }

    /// The rows of an event, by its slot, whose ids are not among `seen`, in the order in which SQLite has them. A row
    /// that cannot be read is a finding and not given, so that it is new again once it is repaired.
    pub fn new_rows(
        &self,
        crm: &Crm,
        kind: u16,
        seen: &FxHashSet<Id>,
        notes: &mut Notes,
    ) -> Result<Vec<NewRow>, Error> {
        let mut new = Vec::new();
        let Some(source) = self.events.get(usize::from(kind)) else { return Ok(new) };
        self.each_row(crm, source, |row| {
            let table = &source.source.table;
            let (contact, stored) = (row.get_ref(0)?, row.get_ref(1)?);
            let Some(id) = id::read(stored) else {
                notes.unreadable.add(table, stored, "id", stored, decode::NOT_AN_ID);
                return Ok(());
            };
            if seen.contains(&id) {
                return Ok(());
            }
            let Some((at, arrived)) = read_dates(self, source, row, notes)? else { return Ok(()) };
            match id::read(contact) {
                Some(contact) => new.push(NewRow { contact, event: Event { kind, id, at, arrived } }),
                None if contact == rusqlite::types::ValueRef::Null => notes.without_contact += 1,
                None => notes.unreadable.add(table, stored, "contact", contact, decode::NOT_AN_ID),
            }
            Ok(())
        })
        .map_err(|error| crm.error(&error))?;
        Ok(new)
    }

    fn each_row(
        &self,
        crm: &Crm,
        source: &EventSource,
        mut look: impl FnMut(&Row<'_>) -> Result<(), rusqlite::Error>,
    ) -> Result<(), rusqlite::Error> {
        let arrived = if source.arrives { ", \"arrived_at\"" } else { "" };
        let sql = format!("SELECT \"contact\", \"id\", \"at\"{arrived} FROM {}", quoted(&source.source.table));
        let mut statement = crm.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            look(row)?;
        }
        Ok(())
    }
}

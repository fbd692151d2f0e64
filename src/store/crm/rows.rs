//! Rows as such, whoever they are about: the bounds of a history, and what is new since the last look.

use super::decode;
use super::lives::{Lives, filter};
use super::merge::read_dates;
use super::plan::{Content, Origin};
use super::ranges::ContactRange;
use super::{Crm, Error, Notes};
use crate::engine::Event;
use crate::model::Id;
use crate::store::id;
use crate::store::text::quoted;
use crate::time::Instant;
use rusqlite::params_from_iter;
use rusqlite::types::ValueRef;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

/// The first and the last instant of all events that a program reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    pub first: Instant,
    pub last: Instant,
}

impl Bounds {
    /// Those of two histories taken together.
    pub fn with(self, other: Bounds) -> Bounds {
        Bounds { first: self.first.min(other.first), last: self.last.max(other.last) }
    }

    /// Whether an instant lies within them.
    pub fn hold(&self, at: Instant) -> bool {
        self.first <= at && at <= self.last
    }
}

/// How many rows at each end of a table are looked at for its probable bounds. In debug builds few, so that tests find
/// histories that are other ones than their ends tell.
const LOOKED_AT: usize = if cfg!(debug_assertions) { 2 } else { 256 };

/// A row of an event, without its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRow {
    pub contact: Id,
    pub event: Event,
}

impl Lives<'_> {
    /// The bounds of the history of a range of contacts; `None` when there is no event. Instants that cannot be read do
    /// not count.
    pub fn bounds(&self, crm: &Crm, range: &ContactRange) -> Result<Option<Bounds>, Error> {
        let mut bounds = None;
        for event in &self.events {
            self.widen(crm, &event.source.origin.from, range, &mut bounds).map_err(|error| crm.error(&error))?;
        }
        Ok(bounds)
    }

    /// What the bounds of the history are likely to be: those of the rows that each table has first and last. A log that only
    /// grows has them there; whoever relies on it compares with [`Notes::bounds`] once all is read. `None` where there is
    /// nothing to go by.
    pub fn probable_bounds(&self, crm: &Crm) -> Option<Bounds> {
        let own = self.events.iter().map(|event| &event.source.origin).filter(|each| each.content == Content::Own);
        let mut bounds: Option<Bounds> = None;
        for origin in own {
            for order in ["ASC", "DESC"] {
                let table = quoted(&origin.table);
                let sql = format!("SELECT \"at\" FROM {table} ORDER BY rowid {order} LIMIT {LOOKED_AT}");
                // A view has no such order.
                let mut statement = crm.connection.prepare(&sql).ok()?;
                let mut rows = statement.query([]).ok()?;
                while let Some(row) = rows.next().ok()? {
                    if let Some((at, _)) = decode::instant(row.get_ref(0).ok()?, self.zone) {
                        let this = Bounds { first: at, last: at };
                        bounds = Some(bounds.map_or(this, |bounds| bounds.with(this)));
                    }
                }
            }
        }
        bounds
    }

    /// Widens the bounds by those of one table.
    fn widen(
        &self,
        crm: &Crm,
        from: &str,
        range: &ContactRange,
        bounds: &mut Option<Bounds>,
    ) -> Result<(), rusqlite::Error> {
        let (condition, parameters) = range.condition();
        let select = format!("SELECT \"at\" FROM {from}");
        let mut sql = select.clone() + &filter(condition, "\"contact\"");
        // Rows of nobody are in no range; the first takes them.
        if range.from.is_none() && range.to.is_some() {
            sql += &format!(" UNION ALL {select} WHERE \"contact\" IS NULL");
        }
        let mut statement = crm.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(parameters))?;
        // What lies between two texts of one form is an instant between theirs, or none: most rows need no parsing.
        let mut known: Option<(Plain, Plain)> = None;
        while let Some(row) = rows.next()? {
            let stored = row.get_ref(0)?;
            let plain = Plain::of(stored);
            if let (Some(text), Some((first, last))) = (plain, known)
                && text.separator() == first.separator()
                && first <= text
                && text <= last
            {
                continue;
            }
            let Some((at, _)) = decode::instant(stored, self.zone) else { continue };
            let this = Bounds { first: at, last: at };
            *bounds = Some(bounds.map_or(this, |bounds| bounds.with(this)));
            if let Some(text) = plain {
                let (first, last) =
                    known.filter(|(first, _)| first.separator() == text.separator()).unwrap_or((text, text));
                known = Some((first.min(text), last.max(text)));
            }
        }
        Ok(())
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
        let arrived = if source.arrives { ", \"arrived_at\"" } else { "" };
        let Origin { table, from, .. } = &source.source.origin;
        let sql = format!("SELECT \"contact\", \"id\", \"at\"{arrived} FROM {from}");
        let mut read = || {
            let mut statement = crm.connection.prepare_cached(&sql)?;
            let mut rows = statement.query([])?;
            let mut last = decode::LastInstant::default();
            while let Some(row) = rows.next()? {
                let (contact, stored) = (row.get_ref(0)?, row.get_ref(1)?);
                let Some(id) = id::read(stored) else {
                    notes.unreadable.add(table, stored, "id", stored, decode::NOT_AN_ID);
                    continue;
                };
                if seen.contains(&id) {
                    continue;
                }
                let Some((at, arrived)) = read_dates(self, source, row.into(), stored, &mut last, notes)? else {
                    continue;
                };
                match id::read(contact) {
                    Some(row) => new.push(NewRow {
                        contact: crm.persons.person(&row).clone(),
                        event: Event { kind, id, at, arrived },
                    }),
                    None if contact == ValueRef::Null => notes.without_contact += 1,
                    None => notes.unreadable.add(table, stored, "contact", contact, decode::NOT_AN_ID),
                }
            }
            Ok(())
        };
        read().map_err(|error: rusqlite::Error| crm.error(&error))?;
        Ok(new)
    }
}

/// A text that is `YYYY-MM-DD HH:MM:SS` if it is an instant at all: with one separator, such texts are in the order of
/// their instants.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Plain([u8; 19]);

impl Plain {
    fn of(stored: ValueRef<'_>) -> Option<Plain> {
        let ValueRef::Text(bytes) = stored else { return None };
        // Of 19 bytes, one with an offset has none of these there.
        bytes.try_into().ok().filter(|text: &[u8; 19]| text[16] == b':').map(Plain)
    }

    /// What stands between date and time.
    fn separator(&self) -> u8 {
        self.0[10]
    }
}

//! Contact by contact: everything that happened to one, then to the next, in the order of ids.

use super::decode;
use super::lists::ListSource;
use super::merge::{self, Cursor, Tables};
use super::parts::{self, Parts};
use super::plan::{Content, Origin, Source};
use super::ranges::ContactRange;
use super::record::Records;
use super::{Crm, Error, Notes, Persons, Question};
use crate::engine::{Life, Needs, Person, Program, World};
use crate::ir::RecordUse;
use crate::model::{Id, Route, is_same_name};
use crate::store::id::Key;
use crate::store::text::quoted;
use crate::time::Zone;
use rusqlite::{Connection, params_from_iter};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// How the lives of a program's contacts are read from one CRM. Shared by all threads.
#[derive(Debug)]
pub struct Lives<'a> {
    pub(super) program: &'a Program,
    pub(super) world: &'a World,
    pub(super) zone: Zone,
    pub(super) persons: Arc<Persons>,
    /// Whether contacts without events live too.
    pub(super) everyone: bool,
    /// Whether rows that name one that there is not are noted.
    pub(super) surveys: bool,
    pub(super) contact: Source,
    /// The many-valued fields of a contact.
    pub(super) contact_lists: Vec<ListSource>,
    /// One for each of the program's events, in the order of slots.
    pub(super) events: Vec<EventSource>,
}

/// A table or view of events.
#[derive(Clone, Debug)]
pub(super) struct EventSource {
    /// Selects `contact`, `id`, `at`, perhaps `arrived_at`, then the fields.
    pub source: Source,
    pub arrives: bool,
    /// Whether the table itself forbids that two rows have one id.
    pub unique: bool,
    pub lists: Vec<ListSource>,
}

impl Crm {
    /// Prepares to read the lives of contacts; errors when a table or required column is [lacking](Crm::lacks).
    pub fn lives<'a>(&self, program: &'a Program, world: &'a World) -> Result<Lives<'a>, Error> {
        let (needs, zone) = (program.needs(), program.settings.zone);
        let contact = Origin::table(self, "contact", "id")?;
        let contact = Source::of(self, contact, &["id"], &needs.contact, needs, zone)?;
        let contact_lists = ListSource::all(self, "contact", None, &needs.contact, needs, zone)?;
        let mut events = Vec::new();
        for (place, event) in needs.events.iter().enumerate() {
            let route = needs.routes.get(place).and_then(Option::as_ref);
            events.push(self.event_source(event, route, needs, zone)?);
        }
        let everyone = program.takes_all();
        let persons = Arc::clone(&self.persons);
        Ok(Lives { program, world, zone, persons, everyone, surveys: false, contact, contact_lists, events })
    }

    fn event_source(
        &self,
        event: &RecordUse,
        route: Option<&Route>,
        needs: &Needs,
        zone: Zone,
    ) -> Result<EventSource, Error> {
        let origin = Origin::event(self, event, route)?;
        // What a routed event tells is in the tables of the event that it tells.
        let record = route.map_or(event.name.as_str(), |route| &route.event);
        let lists = ListSource::all(self, record, Some(&origin), &event.fields, needs, zone)?;
        let arrives = origin.has("arrived_at");
        let always: &[&str] = if arrives { &["contact", "id", "at", "arrived_at"] } else { &["contact", "id", "at"] };
        let source = Source::of(self, origin, always, &event.fields, needs, zone)?;
        let unique = has_unique_id(&self.connection, record).map_err(|error| self.error(&error))?;
        Ok(EventSource { source, arrives, unique, lists })
    }
}

impl<'a> Lives<'a> {
    /// Contacts without events live too.
    pub fn of_everyone(self) -> Lives<'a> {
        Lives { everyone: true, ..self }
    }

    /// Each reading of all contacts also looks over the tables asked about, as far as it reads them ([`Notes::surveys`],
    /// [`Notes::strangers`]), and reads every contact, so that none of its values goes unseen. What is routed is looked over
    /// where it happens.
    pub fn surveying(mut self, crm: &Crm, questions: &BTreeMap<&str, Question<'_>>) -> Lives<'a> {
        let events = self.events.iter_mut().map(|event| &mut event.source);
        let sources = std::iter::once(&mut self.contact).chain(events);
        for source in sources.filter(|source| source.origin.content == Content::Own) {
            let table = source.origin.table.clone();
            if let (Some(shape), Some(question)) = (crm.shape.table(&table), questions.get(table.as_str())) {
                source.count(shape, question);
            }
        }
        (self.surveys, self.everyone) = (true, true);
        self
    }
}

impl Lives<'_> {
    /// Every table with the column that names the contact.
    pub(super) fn sources(&self) -> impl Iterator<Item = (&Source, &'static str)> {
        let events = self.events.iter().map(|event| &event.source);
        let lists = self.contact_lists.iter().chain(self.events.iter().flat_map(|event| &event.lists));
        let named = events.chain(lists.map(|list| &list.source)).map(|source| (source, "contact"));
        std::iter::once((&self.contact, "id")).chain(named)
    }

    /// Gives each contact of a range to `live`, in the order of ids, with its life sorted and nothing admitted; `live` may
    /// stop the reading. One contact is in memory at a time. Those without events are given where the
    /// [program takes all](Program::takes_all). Persons who have several rows come last.
    pub fn read(
        &self,
        crm: &Crm,
        range: &ContactRange,
        notes: &mut Notes,
        mut live: impl FnMut(&Person, &mut Life) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let mut read = || {
            // One transaction, so that all cursors see one state of the CRM.
            let transaction = crm.connection.unchecked_transaction()?;
            let (condition, bounds) = range.condition();
            if range.from.is_none() && range.to.is_some() {
                self.note_rows_without_contact(&transaction, notes)?;
            }
            if self.merge(&transaction, condition, &bounds, notes, &mut live)?.is_continue() {
                self.read_persons(&transaction, range, notes, &mut live)?;
            }
            transaction.finish()
        };
        read().map_err(|error| crm.error(&error))
    }

    /// As [`Lives::read`], of a part of what was [taken](Lives::taker) before.
    pub fn read_part(
        &self,
        crm: &Crm,
        parts: &Parts,
        part: usize,
        notes: &mut Notes,
        mut live: impl FnMut(&Person, &mut Life) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let tables = parts.load(part, self.sources().count())?;
        let mut read = || {
            let mut cursors = Vec::new();
            for ((source, key), bytes) in self.sources().zip(&tables) {
                cursors.push(Cursor::new(source, key, Records::Kept(parts::rows(bytes, source.selected.len())?)));
            }
            let flow = with_cursors(self, cursors, |tables| merge::merge(self, tables, notes, &mut live))?;
            if flow.is_continue() && !self.persons.is_empty() {
                let transaction = crm.connection.unchecked_transaction()?;
                self.read_persons(&transaction, &parts.range(part), notes, &mut live)?;
                transaction.finish()?;
            }
            Ok(())
        };
        read().map_err(|error| crm.error(&error))
    }

    /// The persons of a range who have several rows.
    fn read_persons(
        &self,
        connection: &Connection,
        range: &ContactRange,
        notes: &mut Notes,
        mut live: impl FnMut(&Person, &mut Life) -> ControlFlow<()>,
    ) -> Result<(), rusqlite::Error> {
        for rows in self.persons.groups().iter().filter(|rows| range.has(rows)) {
            let read = self.person(connection, rows, notes)?;
            let Some((person, mut life)) = read.filter(|(_, life)| self.everyone || !life.is_empty()) else {
                continue;
            };
            if live(&person, &mut life).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn person(
        &self,
        connection: &Connection,
        rows: &[Id],
        notes: &mut Notes,
    ) -> Result<Option<(Person, Life)>, rusqlite::Error> {
        merge::person(self, rows, notes, |row, read| self.with_tables(connection, "KEY = ?1", &[Key::from(row)], read))
    }

    /// Rows of nobody are in no range.
    fn note_rows_without_contact(&self, connection: &Connection, notes: &mut Notes) -> Result<(), rusqlite::Error> {
        for event in self.events.iter().filter(|event| event.source.origin.content == Content::Own) {
            let sql = format!("SELECT \"at\" FROM {} WHERE \"contact\" IS NULL", event.source.origin.from);
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                notes.without_contact += 1;
                if let Some((at, _)) = decode::instant(row.get_ref(0)?, self.zone) {
                    notes.saw(at);
                }
            }
        }
        Ok(())
    }

    /// As [`Lives::read`], of these contacts, in the order given; one that has no event is given too, with an empty life.
    /// For a row of a person who has several, the person is given.
    pub fn read_these(
        &self,
        crm: &Crm,
        contacts: &[Id],
        notes: &mut Notes,
        mut live: impl FnMut(&Person, &mut Life) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let mut read = || {
            let transaction = crm.connection.unchecked_transaction()?;
            for contact in contacts {
                if let Some(rows) = self.persons.group(contact) {
                    let read = self.person(&transaction, rows, notes)?;
                    if read.is_some_and(|(person, mut life)| live(&person, &mut life).is_break()) {
                        break;
                    }
                    continue;
                }
                let bounds = [Key::from(contact)];
                let (mut given, aside) = (false, notes.set_aside);
                let only = |person: &Person, life: &mut Life| {
                    // SQLite may convert the id to the column's type and find another contact.
                    if person.id != *contact {
                        return ControlFlow::Continue(());
                    }
                    given = true;
                    live(person, life)
                };
                let mut flow = self.merge(&transaction, "KEY = ?1", &bounds, notes, only)?;
                if !given && notes.set_aside == aside {
                    let person = self.with_tables(&transaction, "KEY = ?1", &bounds, |tables| {
                        merge::without_events(self, tables, contact, notes)
                    })?;
                    flow = live(&person, &mut Life::default());
                }
                if flow.is_break() {
                    break;
                }
            }
            transaction.finish()
        };
        read().map_err(|error| crm.error(&error))
    }

    /// The persons of whom these ids are rows, in the order given and each once: of the ids that have a row in `contact`, or
    /// an event that the program reads.
    pub fn known(&self, crm: &Crm, ids: &[Id]) -> Result<Vec<Id>, Error> {
        let read = || {
            let transaction = crm.connection.unchecked_transaction()?;
            let mut known: Vec<Id> = Vec::new();
            for id in ids {
                let is_known = self.with_tables(&transaction, "KEY = ?1", &[Key::from(id)], |mut tables| {
                    tables.begin(&mut Notes::default())?;
                    Ok(tables.have(id))
                })?;
                let person = self.persons.person(id);
                if is_known && !known.contains(person) {
                    known.push(person.clone());
                }
            }
            transaction.finish()?;
            Ok(known)
        };
        read().map_err(|error: rusqlite::Error| crm.error(&error))
    }

    /// `KEY` in the condition stands for the column that names the contact.
    fn merge(
        &self,
        connection: &Connection,
        condition: &str,
        bounds: &[Key],
        notes: &mut Notes,
        live: impl FnMut(&Person, &mut Life) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, rusqlite::Error> {
        self.with_tables(connection, condition, bounds, |tables| merge::merge(self, tables, notes, live))
    }

    fn with_tables<T>(
        &self,
        connection: &Connection,
        condition: &str,
        bounds: &[Key],
        read: impl FnOnce(Tables<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<T, rusqlite::Error> {
        let mut statements = Vec::new();
        for (source, key) in self.sources() {
            statements.push(connection.prepare_cached(&in_order(source, key, condition))?);
        }
        let mut cursors = Vec::new();
        for (statement, (source, key)) in statements.iter_mut().zip(self.sources()) {
            let rows = Records::Queried(statement.query(params_from_iter(bounds))?);
            cursors.push(Cursor::new(source, key, rows));
        }
        with_cursors(self, cursors, read)
    }
}

fn with_cursors<'a, T>(
    lives: &'a Lives<'_>,
    cursors: Vec<Cursor<'a>>,
    read: impl FnOnce(Tables<'a>) -> Result<T, rusqlite::Error>,
) -> Result<T, rusqlite::Error> {
    let mut cursors = cursors.into_iter();
    match cursors.next() {
        Some(contact) => read(Tables::new(lives, contact, cursors.collect())),
        // The contacts themselves are always read.
        None => Err(rusqlite::Error::QueryReturnedNoRows),
    }
}

/// The query of a table in the order of contacts.
pub(super) fn in_order(source: &Source, key: &str, condition: &str) -> String {
    let (select, from, key) = (source.select(), &source.origin.from, quoted(key));
    format!("SELECT {select} FROM {from}{} ORDER BY {key} COLLATE BINARY", filter(condition, &key))
}

/// A condition of a query, with the column that `KEY` stands for.
pub(super) fn filter(condition: &str, key: &str) -> String {
    if condition.is_empty() { String::new() } else { format!(" WHERE {}", condition.replace("KEY", key)) }
}

/// Whether a table forbids two rows of one id, by its primary key or a unique index; a view does not.
fn has_unique_id(connection: &Connection, table: &str) -> Result<bool, rusqlite::Error> {
    let mut keys = connection.prepare("SELECT name FROM pragma_table_info(?1) WHERE pk > 0")?;
    let keys: Vec<String> = keys.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?;
    if let [key] = keys.as_slice()
        && is_same_name(key, "id")
    {
        return Ok(true);
    }
    connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM pragma_index_list(?1) AS list WHERE list.\"unique\" AND NOT list.partial \
         AND (SELECT group_concat(name) FROM pragma_index_info(list.name)) = 'id' COLLATE NOCASE)",
        [table],
        |row| row.get(0),
    )
}

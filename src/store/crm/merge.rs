//! Several tables, each in the order of contacts, gone through side by side.

use super::Notes;
use super::decode::{self, LastInstant, NOT_AN_ID, NOT_AN_INSTANT};
use super::lists::{ListSource, Lists};
use super::lives::{EventSource, Lives};
use super::plan::{Column, Content, Source};
use super::record::{Record, Records};
use super::strangers;
use super::survey::Tally;
use super::world::{fill, give_lists};
use crate::engine::{Event, Life, Person, Value};
use crate::model::{FRIEND, Id};
use crate::store::id;
use crate::store::id::Key;
use crate::time::{Instant, Precision, Zone};
use rusqlite::types::ValueRef;
use rustc_hash::FxHashSet;
use std::ops::ControlFlow;

/// The place of an event's instant in a query: after its contact and its id.
pub(super) const AT: usize = 2;

/// A table that is gone through; its first column is the contact.
pub(super) struct Cursor<'a> {
    source: &'a Source,
    /// The name of that column: `contact`, or `id` of the contact itself.
    names: &'static str,
    rows: Records<'a>,
    /// The contact of the current row where it is a number, so that it is not asked for again.
    number: Option<i64>,
    /// The zone of dates, where rows are events: their instants are noted, whomever they name.
    dated: Option<Zone>,
    /// What is counted on the way.
    tally: Option<Tally>,
}

impl<'a> Cursor<'a> {
    pub fn new(source: &'a Source, names: &'static str, rows: Records<'a>) -> Cursor<'a> {
        Cursor { source, names, rows, number: None, dated: None, tally: source.tally.clone() }
    }

    /// The contact of the current row; `None` at the end.
    fn key(&self) -> Option<Key<'_>> {
        let stored = || self.rows.get().and_then(|row| row.get_ref(0).ok()).and_then(Key::of);
        self.number.map(Key::Number).or_else(stored)
    }

    /// Goes to the next row that names a contact.
    fn advance(&mut self, notes: &mut Notes) -> Result<(), rusqlite::Error> {
        loop {
            self.rows.advance()?;
            self.number = None;
            let Some(row) = self.rows.get() else { return Ok(()) };
            if let Some(tally) = &mut self.tally {
                tally.add(row)?;
            }
            let stored = row.get_ref(0)?;
            match Key::of(stored) {
                Some(Key::Number(number)) => {
                    self.number = Some(number);
                    return Ok(());
                }
                Some(Key::Text(_)) => return Ok(()),
                None => {}
            }
            if let Some(zone) = self.dated
                && let Some((at, _)) = decode::instant(row.get_ref(AT)?, zone)
            {
                notes.saw(at);
            }
            if self.names == "contact" && stored == ValueRef::Null {
                notes.without_contact += 1;
            } else {
                let id = if self.names == "contact" { row.get_ref(1)? } else { stored };
                notes.unreadable.add(&self.source.origin.table, id, self.names, stored, NOT_AN_ID);
            }
        }
    }

    fn is_at(&self, contact: &Id) -> bool {
        match (self.key(), contact) {
            (Some(Key::Number(one)), Id::Number(other)) => one == *other,
            (Some(Key::Text(one)), Id::Text(other)) => *one == **other,
            _ => false,
        }
    }
}

/// All tables of a reading, each in the order of contacts.
pub(super) struct Tables<'a> {
    contact: Table<'a>,
    /// In the order of the program's events.
    events: Vec<Table<'a>>,
}

/// A table with those of its many-valued fields.
struct Table<'a> {
    cursor: Cursor<'a>,
    lists: Vec<(&'a ListSource, Cursor<'a>)>,
}

impl<'a> Tables<'a> {
    /// `others` are the events, then the lists of the contact, then those of each event, as `lives` has them.
    pub fn new(lives: &'a Lives<'_>, contact: Cursor<'a>, others: Vec<Cursor<'a>>) -> Tables<'a> {
        let mut others = others.into_iter();
        let events: Vec<Cursor<'a>> = others.by_ref().take(lives.events.len()).collect();
        let mut lists_of = |lists: &'a [ListSource]| lists.iter().zip(others.by_ref()).collect();
        let contact = Table { cursor: contact, lists: lists_of(&lives.contact_lists) };
        let with_lists = |(cursor, event): (Cursor<'a>, &'a EventSource)| {
            let cursor = Cursor { dated: Some(lives.zone), ..cursor };
            Table { cursor, lists: lists_of(&event.lists) }
        };
        Tables { contact, events: events.into_iter().zip(&lives.events).map(with_lists).collect() }
    }

    pub fn begin(&mut self, notes: &mut Notes) -> Result<(), rusqlite::Error> {
        for table in std::iter::once(&mut self.contact).chain(&mut self.events) {
            table.cursor.advance(notes)?;
            for (_, list) in &mut table.lists {
                list.advance(notes)?;
            }
        }
        Ok(())
    }

    /// Goes past everything of a contact.
    fn skip(&mut self, contact: &Id, notes: &mut Notes) -> Result<(), rusqlite::Error> {
        for table in std::iter::once(&mut self.contact).chain(&mut self.events) {
            let lists = table.lists.iter_mut().map(|(_, list)| list);
            for cursor in std::iter::once(&mut table.cursor).chain(lists) {
                while cursor.key().is_some_and(|key| key <= Key::from(contact)) {
                    cursor.advance(notes)?;
                }
            }
        }
        Ok(())
    }

    /// Notes what was counted, to the end of each table: the last contacts may have no event, and then nobody read them.
    fn tell(self, notes: &mut Notes) -> Result<(), rusqlite::Error> {
        for Cursor { mut rows, tally, .. } in std::iter::once(self.contact).chain(self.events).map(|table| table.cursor)
        {
            let Some(mut tally) = tally else { continue };
            rows.advance()?;
            while let Some(row) = rows.get() {
                tally.add(row)?;
                rows.advance()?;
            }
            notes.surveys.extend([tally.survey()]);
        }
        Ok(())
    }

    /// Whether a table of contacts or events has a row of this one, of those that come first.
    pub fn have(&self, contact: &Id) -> bool {
        std::iter::once(&self.contact).chain(&self.events).any(|table| table.cursor.is_at(contact))
    }

    /// The next contact: of those with events, or of all.
    fn next(&self, everyone: bool) -> Option<Id> {
        let contact = self.contact.cursor.key().filter(|_| everyone);
        self.events.iter().filter_map(|table| table.cursor.key()).chain(contact).min().map(Key::id)
    }
}

/// What is used again for each contact.
struct Room {
    person: Person,
    life: Life,
    /// The lists of the table at hand, with the slots of their fields.
    lists: Vec<(usize, Lists)>,
    values: Vec<Value>,
    /// Fields of the contact that could not be read.
    refused: Vec<usize>,
    /// Ids of the contact's events, where the table does not forbid two of one.
    ids: FxHashSet<Id>,
    last: LastInstant,
    set_aside: bool,
}

impl Room {
    fn new() -> Room {
        Room {
            person: Person { id: Id::Number(0), values: Vec::new() },
            life: Life::default(),
            lists: Vec::new(),
            values: Vec::new(),
            refused: Vec::new(),
            ids: FxHashSet::default(),
            last: LastInstant::default(),
            set_aside: false,
        }
    }

    fn begin(&mut self, contact: Id) {
        self.person.id = contact;
        self.life.clear();
        self.set_aside = false;
    }
}

/// A contact that has no event.
pub(super) fn without_events(
    lives: &Lives<'_>,
    mut tables: Tables<'_>,
    id: &Id,
    notes: &mut Notes,
) -> Result<Person, rusqlite::Error> {
    let mut room = Room::new();
    room.person.id = id.clone();
    tables.begin(notes)?;
    read_person(lives, &mut tables.contact, &mut room, notes)?;
    Ok(room.person)
}

/// Goes through all tables, contact by contact.
pub(super) fn merge(
    lives: &Lives<'_>,
    mut tables: Tables<'_>,
    notes: &mut Notes,
    mut live: impl FnMut(&Person, &mut Life) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, rusqlite::Error> {
    let mut room = Room::new();
    tables.begin(notes)?;
    while let Some(next) = tables.next(lives.everyone) {
        if lives.persons.group(&next).is_some() {
            tables.skip(&next, notes)?;
            continue;
        }
        room.begin(next);
        gather(lives, &mut tables, &mut room, notes)?;
        if room.set_aside {
            notes.set_aside += 1;
            continue;
        }
        room.life.sort();
        if live(&room.person, &mut room.life).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    tables.tell(notes)?;
    Ok(ControlFlow::Continue(()))
}

/// Reads everything that the tables have of the contact that the room is for.
fn gather(
    lives: &Lives<'_>,
    tables: &mut Tables<'_>,
    room: &mut Room,
    notes: &mut Notes,
) -> Result<(), rusqlite::Error> {
    let before = room.life.len();
    let known = read_person(lives, &mut tables.contact, room, notes)?;
    for (kind, (table, source)) in tables.events.iter_mut().zip(&lives.events).enumerate() {
        read_events(lives, (source, kind as u16), table, known, room, notes)?;
    }
    if !known {
        notes.of_unknown_contacts += (room.life.len() - before) as u64;
    }
    Ok(())
}

/// A person who has several rows: the oldest, with the strictest consent of all, and the events of all in one life.
/// `tables` gives those of one row. `None` when a value cannot be read.
pub(super) fn person(
    lives: &Lives<'_>,
    rows: &[Id],
    notes: &mut Notes,
    mut tables: impl FnMut(&Id, &mut dyn FnMut(Tables<'_>) -> Result<(), rusqlite::Error>) -> Result<(), rusqlite::Error>,
) -> Result<Option<(Person, Life)>, rusqlite::Error> {
    let mut room = Room::new();
    let mut person: Option<Person> = None;
    for row in rows {
        room.person.id = row.clone();
        tables(row, &mut |mut tables| {
            tables.begin(notes)?;
            gather(lives, &mut tables, &mut room, notes)
        })?;
        match &mut person {
            None => person = Some(room.person.clone()),
            Some(person) => person.unite(&lives.program.needs().contact, &room.person),
        }
    }
    if room.set_aside {
        notes.set_aside += 1;
        return Ok(None);
    }
    room.life.sort();
    Ok(person.map(|person| (person, room.life)))
}

/// Reads the lists of the room's contact in one table.
fn read_lists(
    lives: &Lives<'_>,
    table: &mut Table<'_>,
    room: &mut Room,
    notes: &mut Notes,
) -> Result<(), rusqlite::Error> {
    room.lists.clear();
    for (source, cursor) in &mut table.lists {
        let mut lists = Lists::default();
        while cursor.key().is_some_and(|key| key < Key::from(&room.person.id)) {
            cursor.advance(notes)?;
        }
        while cursor.is_at(&room.person.id) {
            let Some(row) = cursor.rows.get() else { break };
            room.set_aside |= !lists.add(source, row, lives.world, &mut notes.unreadable)?;
            cursor.advance(notes)?;
        }
        room.lists.push((source.slot, lists));
    }
    Ok(())
}

/// Reads the row of the contact that the room is for; of several the last counts. False when there is none: then all
/// its fields are missing.
fn read_person(
    lives: &Lives<'_>,
    table: &mut Table<'_>,
    room: &mut Room,
    notes: &mut Notes,
) -> Result<bool, rusqlite::Error> {
    read_lists(lives, table, room, notes)?;
    let contact = &mut table.cursor;
    while contact.key().is_some_and(|key| key < Key::from(&room.person.id)) {
        contact.advance(notes)?;
    }
    let mut known = false;
    while contact.is_at(&room.person.id) {
        let source = contact.source;
        let Some(row) = contact.rows.get() else { break };
        let stored = row.get_ref(0)?;
        room.refused.clear();
        let refused = &mut room.refused;
        source.read(row, lives.world, &mut room.person.values, |field, column, value| {
            let table = &source.origin.table;
            notes.unreadable.add(table, stored, &column.name, value, column.kind.problem());
            refused.push(field);
        })?;
        room.set_aside |= !room.refused.is_empty();
        if known {
            notes.unreadable.add(&source.origin.table, stored, "id", stored, "is used twice");
        }
        if lives.surveys {
            strangers::note(lives, source, (stored, &room.person.values), None, notes);
        }
        fill(&lives.program.needs().contact, &room.person.id, &mut room.person.values, &room.refused);
        give_lists(&mut room.lists, &room.person.id, &mut room.person.values);
        known = true;
        contact.advance(notes)?;
    }
    if !known {
        room.person.values.clear();
        room.person.values.extend(lives.contact.columns.iter().map(Column::absent));
    }
    Ok(known)
}

/// Reads the contact's rows of one table; `known` where the contact has a row itself.
fn read_events(
    lives: &Lives<'_>,
    (source, kind): (&EventSource, u16),
    table: &mut Table<'_>,
    known: bool,
    room: &mut Room,
    notes: &mut Notes,
) -> Result<(), rusqlite::Error> {
    read_lists(lives, table, room, notes)?;
    room.ids.clear();
    let cursor = &mut table.cursor;
    while cursor.is_at(&room.person.id) {
        let Some(row) = cursor.rows.get() else { break };
        let event = read_event(lives, source, kind, row, room, notes)?;
        if lives.surveys && source.source.origin.content == Content::Own {
            let contact = (!known).then_some(&room.person.id);
            strangers::note(lives, &source.source, (row.get_ref(1)?, &room.values), contact, notes);
        }
        match event {
            // Told of themselves, by another of their rows.
            Some(_) if source.source.origin.content == Content::Routed && is_own(lives, source, room) => {}
            Some(event) => room.life.push(event, room.values.drain(..)),
            None => room.set_aside = true,
        }
        cursor.advance(notes)?;
    }
    Ok(())
}

/// Whether a routed event comes from the very person to whom it goes.
fn is_own(lives: &Lives<'_>, source: &EventSource, room: &Room) -> bool {
    let friend = source.source.columns.iter().position(|column| column.name == FRIEND);
    let friend = friend.and_then(|place| room.values.get(place));
    matches!(friend, Some(Value::Id(id)) if id == lives.persons.person(&room.person.id))
}

/// `None` when a value of the row cannot be read; its values are in the room.
fn read_event(
    lives: &Lives<'_>,
    source: &EventSource,
    kind: u16,
    row: Record<'_>,
    room: &mut Room,
    notes: &mut Notes,
) -> Result<Option<Event>, rusqlite::Error> {
    let (table, stored) = (&source.source.origin.table, row.get_ref(1)?);
    let id = id::read(stored);
    if id.is_none() {
        notes.unreadable.add(table, stored, "id", stored, NOT_AN_ID);
    }
    let dates = read_dates(lives, source, row, stored, &mut room.last, notes)?;
    let mut readable = true;
    source.source.read(row, lives.world, &mut room.values, |_, column, value| {
        notes.unreadable.add(table, stored, &column.name, value, column.kind.problem());
        readable = false;
    })?;
    let (Some(id), Some((at, arrived)), true) = (id, dates, readable) else { return Ok(None) };
    give_lists(&mut room.lists, &id, &mut room.values);
    if !source.unique && !room.ids.insert(id.clone()) {
        notes.unreadable.add(table, stored, "id", stored, "is used twice");
        return Ok(None);
    }
    Ok(Some(Event { kind, id, at, arrived }))
}

/// When the event of a row, with this id, happened, and when it was seen: not before.
pub(super) fn read_dates(
    lives: &Lives<'_>,
    source: &EventSource,
    row: Record<'_>,
    id: ValueRef<'_>,
    last: &mut LastInstant,
    notes: &mut Notes,
) -> Result<Option<(Instant, Instant)>, rusqlite::Error> {
    let (table, stored) = (&source.source.origin.table, row.get_ref(AT)?);
    let Some((at, precision)) = last.read(stored, lives.zone) else {
        notes.unreadable.add(table, id, "at", stored, NOT_AN_INSTANT);
        return Ok(None);
    };
    notes.saw(at);
    notes.date_only += u64::from(precision == Precision::DateOnly);
    if !source.arrives {
        return Ok(Some((at, at)));
    }
    let stored = row.get_ref(3)?;
    if stored == ValueRef::Null {
        return Ok(Some((at, at)));
    }
    let Some((arrived, _)) = decode::instant(stored, lives.zone) else {
        notes.unreadable.add(table, id, "arrived_at", stored, NOT_AN_INSTANT);
        return Ok(None);
    };
    Ok(Some((at, arrived.max(at))))
}

//! What a test gives: rows of entities, contacts and their events.

use crate::drivers::epochs::{Epochs, Living};
use crate::engine::{Census, EntityTable, Event, Life, Measures, Person, Program, Value, World, apply_defaults};
use crate::ir::{FieldUse, GivenEvent, GivenMeasure, GivenRow, GivenValue, TestCase};
use crate::model::{FRIEND, Id, Literal, OWN_EVENTS, Type, identifying, persons};
use crate::time::Instant;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The rows of a test: their ids, and which contacts are one person.
pub(super) struct Rows<'c> {
    case: &'c TestCase,
    ids: BTreeMap<&'c str, &'c Id>,
    /// Of each contact, the oldest row that is the same person.
    persons: BTreeMap<&'c str, &'c GivenRow>,
}

impl<'c> Rows<'c> {
    /// By the fields of the declaration `identity`, the strongest first.
    pub fn of(case: &'c TestCase, identity: &[String]) -> Rows<'c> {
        let ids = case.given.iter().map(|row| (row.name.as_str(), &row.id)).collect();
        let mut contacts: Vec<&GivenRow> = case.given.iter().filter(|row| row.entity == "contact").collect();
        // As in a CRM, whoever has no date of creation is younger than all who have one.
        contacts.sort_by_key(|row| {
            let created_at = created_at(row);
            (created_at.is_none(), created_at, &row.id)
        });
        let values = |row: &&GivenRow| identity.iter().map(|field| identified(row, field)).collect();
        let oldest = persons(&contacts.iter().map(values).collect::<Vec<_>>());
        let person = |(row, oldest): (&&'c GivenRow, usize)| Some((row.name.as_str(), *contacts.get(oldest)?));
        let persons = contacts.iter().zip(oldest).filter_map(person).collect();
        Rows { case, ids, persons }
    }

    /// The name of the person that a contact is.
    pub fn person<'n>(&self, contact: &'n str) -> &'n str
    where
        'c: 'n,
    {
        self.persons.get(contact).map_or(contact, |row| row.name.as_str())
    }

    /// The id of a row; a name that no row has is an id itself.
    fn id(&self, name: &str) -> Id {
        self.ids.get(name).map_or_else(|| Id::Text(Arc::from(name)), |id| (*id).clone())
    }

    /// The contacts that are the oldest rows of their persons, in the order of the text.
    fn oldest(&self) -> impl Iterator<Item = &'c GivenRow> {
        let contacts = self.case.given.iter().filter(|row| row.entity == "contact");
        contacts.filter(|row| self.person(&row.name) == row.name)
    }
}

fn field<'r>(row: &'r GivenRow, name: &str) -> Option<&'r GivenValue> {
    row.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
}

fn created_at(row: &GivenRow) -> Option<Instant> {
    match field(row, "created_at") {
        Some(GivenValue::Literal(Literal::Instant(instant))) => Some(*instant),
        _ => None,
    }
}

/// What a field says of who a row is.
fn identified(row: &GivenRow, name: &str) -> Option<String> {
    match field(row, name) {
        Some(GivenValue::Literal(Literal::Text(text))) => identifying(name, text),
        Some(GivenValue::Literal(Literal::Number(number))) => Some(number.normalize().to_string()),
        _ => None,
    }
}

/// The entities that a test gives. A field that it does not give is marked, so that reading it is reported.
pub(super) fn world(program: &Program, rows: &Rows<'_>) -> World {
    let needs = program.needs();
    let mut world = World::default();
    for entity in &needs.entities {
        let mut table = EntityTable::new(entity.fields.len());
        // Rows first, values after: a row may refer to one that is given later.
        for row in rows.case.given.iter().filter(|row| row.entity == entity.name) {
            table.push(row.id.clone(), []);
        }
        world.tables.push(table);
    }
    for (slot, entity) in needs.entities.iter().enumerate() {
        for row in rows.case.given.iter().filter(|row| row.entity == entity.name) {
            let values = Given { program, rows, world: &world }.values(&entity.fields, &row.id, &row.fields);
            if let Some(table) = world.tables.get_mut(slot) {
                table.push(row.id.clone(), values);
            }
        }
    }
    world
}

/// What the lines of a test come to.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub program: &'a Program,
    pub rows: &'a Rows<'a>,
    pub world: &'a World,
}

impl Given<'_> {
    /// The persons, each with the name of the oldest of their rows.
    pub fn people(self) -> Vec<(String, Person)> {
        let fields = &self.program.needs().contact;
        let read = |row: &GivenRow| Person { id: row.id.clone(), values: self.values(fields, &row.id, &row.fields) };
        let person = |oldest: &GivenRow| {
            let mut person = read(oldest);
            let rows = self.rows.case.given.iter().filter(|row| row.entity == "contact" && row.name != oldest.name);
            for row in rows.filter(|row| self.rows.person(&row.name) == oldest.name) {
                person.unite(fields, &read(row));
            }
            (oldest.name.clone(), person)
        };
        self.rows.oldest().map(person).collect()
    }

    /// What the measures tell: as the test says, or else taken of its contacts, from its first instant to its last.
    pub fn measures(self, people: &[(String, Person)], (first, last): (Instant, Instant)) -> Measures {
        let (program, world) = (self.program, self.world);
        let told = &self.rows.case.measures;
        let mut measures = Measures::default();
        for GivenMeasure { name, at, value } in told {
            let value = value.as_ref().map_or(Value::Missing, Value::from);
            measures.tell(name, at.unwrap_or(Instant::MIN), value);
        }
        let told = told.iter().map(|told| told.name.as_str()).collect();
        let (_, mut census) = Census::new(program, first, last).partition(program, &told);
        if program.feeds_back() {
            let living = |(name, person): &(String, Person)| Living::new(person.clone(), self.life(name), first);
            let shares = vec![people.iter().map(living).collect()];
            return Epochs { program, world, shares, measures }.live(&census);
        }
        if !census.is_empty() {
            for (name, person) in people {
                census.take(program, world, person, &mut self.life(name));
            }
        }
        census.tell(program, &mut measures);
        measures
    }

    /// What happens to a person: the events of all their rows, and those of others that are routed to them.
    pub fn life(self, person: &str) -> Life {
        let mut life = Life::default();
        let needs = self.program.needs();
        for (number, event) in self.rows.case.events.iter().enumerate() {
            let contact = self.rows.person(&event.contact);
            for (kind, (read, route)) in needs.events.iter().zip(&needs.routes).enumerate() {
                let place = (kind as u16, number);
                if let Some(route) = route.as_ref().filter(|route| route.event == event.event) {
                    let friend = self.told(event, &route.to).map(|friend| self.rows.person(friend));
                    if contact != person && friend == Some(person) {
                        self.push(&mut life, place, event, Some(contact));
                    }
                }
                if read.name == event.event && contact == person {
                    self.push(&mut life, place, event, None);
                }
            }
        }
        life.sort();
        life
    }

    /// To whom an event is told: what the contact's field names.
    fn told(&self, event: &GivenEvent, to: &str) -> Option<&str> {
        let buyer = self.rows.case.given.iter().find(|row| row.entity == "contact" && row.name == event.contact)?;
        match field(buyer, to)? {
            GivenValue::Row(name) => Some(name),
            _ => None,
        }
    }

    fn push(&self, life: &mut Life, (kind, number): (u16, usize), event: &GivenEvent, friend: Option<&str>) {
        let fields = self.program.needs().events.get(usize::from(kind)).map_or(&[] as &[FieldUse], |each| &each.fields);
        // The line's number is the row's id, so that equal instants keep the order of the text.
        let id = Id::Number(number as i64 + 1);
        let mut given = event.fields.clone();
        given.extend(friend.map(|friend| (FRIEND.to_owned(), GivenValue::Row(friend.to_owned()))));
        let mut values = self.values(fields, &id, &given);
        if OWN_EVENTS.contains(&self.program.event_name(kind)) {
            // What a channel reports says no more than the line: who opened a message is mostly not known.
            for value in values.iter_mut().filter(|value| **value == Value::NotGiven) {
                *value = Value::Missing;
            }
        }
        let arrived = event.arriving.unwrap_or(event.at).max(event.at);
        life.push(Event { kind, id, at: event.at, arrived }, values);
    }

    /// The values of a row. The model's defaults stand for what it gives as `empty`, not for what it does not give.
    fn values(&self, fields: &[FieldUse], row: &Id, given: &[(String, GivenValue)]) -> Vec<Value> {
        let value = |field: &FieldUse| match given.iter().find(|(name, _)| *name == field.name) {
            Some((_, given)) => self.value(&field.ty, given),
            None => Value::NotGiven,
        };
        let mut values: Vec<Value> = fields.iter().map(value).collect();
        apply_defaults(fields, row, &mut values);
        values
    }

    /// A value of a type, as the engine keeps it. A contact is the person, as it is where a CRM is read.
    pub fn value(&self, ty: &Type, given: &GivenValue) -> Value {
        match given {
            GivenValue::Literal(literal) => Value::from(literal),
            GivenValue::Row(name) => {
                let slot = match ty {
                    Type::Entity(entity) => self.program.needs().entity(entity),
                    _ => None,
                };
                let id = self.rows.id(self.rows.person(name));
                slot.map_or_else(|| Value::Id(id.clone()), |slot| self.world.refer(slot, id.clone()))
            }
            GivenValue::Empty => match ty {
                Type::List(_) | Type::Texts => Value::List(Arc::from([])),
                _ => Value::Missing,
            },
            GivenValue::List(all) => {
                let of = match ty {
                    Type::List(entity) => Type::Entity(entity.clone()),
                    _ => Type::Text,
                };
                Value::List(all.iter().map(|each| self.value(&of, each)).collect())
            }
        }
    }
}

//! What a test gives: rows of entities, contacts and their events.

use crate::engine::{Census, EntityTable, Event, Life, Measures, Person, Program, Value, World, apply_defaults};
use crate::ir::{FieldUse, GivenEvent, GivenRow, GivenValue, TestCase};
use crate::model::{FRIEND, Id, OWN_EVENTS, Type};
use crate::time::Instant;
use std::sync::Arc;

/// The entities that a test gives. A field that it does not give is marked, so that reading it is reported.
pub(super) fn world(program: &Program, case: &TestCase) -> World {
    let needs = program.needs();
    let mut world = World::default();
    for entity in &needs.entities {
        let mut table = EntityTable::new(entity.fields.len());
        // Rows first, values after: a row may refer to one that is given later.
        for row in case.given.iter().filter(|row| row.entity == entity.name) {
            table.push(id(&row.name), []);
        }
        world.tables.push(table);
    }
    for (slot, entity) in needs.entities.iter().enumerate() {
        for row in case.given.iter().filter(|row| row.entity == entity.name) {
            let values = values(program, &world, &entity.fields, &id(&row.name), &row.fields);
            if let Some(table) = world.tables.get_mut(slot) {
                table.push(id(&row.name), values);
            }
        }
    }
    world
}

pub(super) fn people(program: &Program, case: &TestCase, world: &World) -> Vec<Person> {
    let person = |row: &GivenRow| {
        let id = id(&row.name);
        let values = values(program, world, &program.needs().contact, &id, &row.fields);
        Person { id, values }
    };
    contacts(case).map(person).collect()
}

/// What the measures tell: as the test says, or else taken of its contacts, from its first instant to its last.
pub(super) fn measures(
    program: &Program,
    case: &TestCase,
    world: &World,
    people: &[Person],
    (first, last): (Instant, Instant),
) -> Measures {
    let mut census = Census::new(program, first, last);
    if !census.is_empty() {
        for person in people {
            let mut life = Life::default();
            fill(program, case, world, person, &mut life);
            census.take(program, world, person, &mut life);
        }
    }
    let mut measures = census.finish(program);
    for given in &case.measures {
        measures.hold(&given.name, Value::from(&given.value));
    }
    measures
}

fn contacts(case: &TestCase) -> impl Iterator<Item = &GivenRow> {
    case.given.iter().filter(|row| row.entity == "contact")
}

/// What happens to one contact: its own events, and those of others that are routed to it.
pub(super) fn fill(program: &Program, case: &TestCase, world: &World, person: &Person, life: &mut Life) {
    for (number, event) in case.events.iter().enumerate() {
        let contact = id(&event.contact);
        let needs = program.needs();
        for (kind, (read, route)) in needs.events.iter().zip(&needs.routes).enumerate() {
            let place = (kind as u16, number);
            if let Some(route) = route.as_ref().filter(|route| route.event == event.event) {
                let friend = told(case, event, &route.to);
                if contact != person.id && friend.is_some_and(|friend| id(friend) == person.id) {
                    push(program, world, life, place, event, Some(&event.contact));
                }
            }
            if read.name == event.event && contact == person.id {
                push(program, world, life, place, event, None);
            }
        }
    }
    life.sort();
}

/// To whom an event is told: what the contact's field names.
fn told<'c>(case: &'c TestCase, event: &GivenEvent, field: &str) -> Option<&'c str> {
    let buyer = contacts(case).find(|row| row.name == event.contact)?;
    match &buyer.fields.iter().find(|(name, _)| name == field)?.1 {
        GivenValue::Row(name) => Some(name),
        _ => None,
    }
}

fn push(
    program: &Program,
    world: &World,
    life: &mut Life,
    (kind, number): (u16, usize),
    event: &GivenEvent,
    friend: Option<&str>,
) {
    let fields = program.needs().events.get(usize::from(kind)).map_or(&[] as &[FieldUse], |each| &each.fields);
    // The line's number is the row's id, so that equal instants keep the order of the text.
    let id = Id::Number(number as i64 + 1);
    let mut given = event.fields.clone();
    given.extend(friend.map(|friend| (FRIEND.to_owned(), GivenValue::Row(friend.to_owned()))));
    let mut values = values(program, world, fields, &id, &given);
    let name = program.event_name(kind);
    if OWN_EVENTS.contains(&name) {
        // What a channel reports says no more than the line: who opened a message is mostly not known.
        for value in values.iter_mut().filter(|value| **value == Value::NotGiven) {
            *value = Value::Missing;
        }
    }
    let arrived = event.arriving.unwrap_or(event.at).max(event.at);
    life.push(Event { kind, id, at: event.at, arrived }, values);
}

/// The values of a row. The model's defaults stand for what it gives as `empty`, not for what it does not give.
fn values(
    program: &Program,
    world: &World,
    fields: &[FieldUse],
    row: &Id,
    given: &[(String, GivenValue)],
) -> Vec<Value> {
    let value = |field: &FieldUse| match given.iter().find(|(name, _)| *name == field.name) {
        Some((_, given)) => self::value(program, world, &field.ty, given),
        None => Value::NotGiven,
    };
    let mut values: Vec<Value> = fields.iter().map(value).collect();
    apply_defaults(fields, row, &mut values);
    values
}

/// A value of a type, as the engine keeps it.
pub(super) fn value(program: &Program, world: &World, ty: &Type, given: &GivenValue) -> Value {
    match given {
        GivenValue::Literal(literal) => Value::from(literal),
        GivenValue::Row(name) => {
            let slot = match ty {
                Type::Entity(entity) => program.needs().entity(entity),
                _ => None,
            };
            slot.map_or_else(|| Value::Id(id(name)), |slot| world.refer(slot, id(name)))
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
            Value::List(all.iter().map(|each| value(program, world, &of, each)).collect())
        }
    }
}

fn id(name: &str) -> Id {
    Id::Text(Arc::from(name))
}

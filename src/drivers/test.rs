//! `scn test`: the lines of a test on the virtual clock.

use super::life::Contact;
use crate::engine::{
    Census, EntityTable, Event, Life, Measures, Outcome, Output, Person, Program, State, TraceLine, Value, What, World,
    apply_defaults,
};
use crate::ir::{Expectation, ExpectationKind, FieldUse, GivenEvent, GivenRow, GivenValue, Op, TestCase, When};
use crate::model::{Id, Type};
use crate::time::Instant;
use std::cell::RefCell;
use std::sync::Arc;

/// A message that the scenarios sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sent {
    pub at: Instant,
    pub contact: String,
    pub scenario: String,
    pub channel: String,
    pub message: String,
}

/// What came of one test.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// In the order of time.
    pub sent: Vec<Sent>,
    /// The expectations that were not met, by their place in the test.
    pub unmet: Vec<usize>,
    /// Messages that nothing expected, where the test says `nothing` or `nothing else`.
    pub unexpected: Vec<Sent>,
    /// Fields that were read and not given: `product.delay`.
    pub not_given: Vec<String>,
    pub trace: Vec<TraceLine>,
}

impl Verdict {
    pub fn passed(&self) -> bool {
        self.unmet.is_empty() && self.unexpected.is_empty() && self.not_given.is_empty()
    }
}

/// Runs one test against a program that holds the scenarios it names, and no others.
pub fn run(program: &Program, case: &TestCase) -> Verdict {
    let (first, last) = span(case);
    let mut program = program.clone();
    program.stop_clocks(last);
    let program = &program;
    let world = world(program, case);
    let mut verdict = Verdict::default();
    let mut out = Output { trace: Some(Vec::new()), not_given: Some(RefCell::default()), ..Output::default() };
    let people = people(program, case, &world);
    let measures = measures(program, case, &world, &people, (first, last));
    for person in people {
        let mut life = life(program, case, &world, &person);
        let mut state = State::default();
        let (world, measures) = (&world, &measures);
        let mut contact = Contact { program, world, person: &person, measures, life: &mut life, state: &mut state };
        contact.live(first, Instant::MAX, &mut out);
        verdict.sent.extend(out.effects.drain(..).filter_map(|effect| {
            let What::Send { alternative, outcome: Outcome::Sent, .. } = effect.what else { return None };
            let scenario = &program.unit(effect.unit)?.scenario;
            let Op::Send(send) = &scenario.steps.get(effect.step)?.op else { return None };
            let chosen = send.alternatives.get(usize::from(alternative))?;
            Some(Sent {
                at: effect.at,
                contact: person.id.to_string(),
                scenario: scenario.name.clone(),
                channel: chosen.channel.clone(),
                message: chosen.message.clone(),
            })
        }));
    }
    verdict.sent.sort();
    verdict.trace = out.trace.unwrap_or_default();
    verdict.trace.sort_by_key(|line| line.at);
    verdict.not_given = out.not_given.map(RefCell::into_inner).unwrap_or_default();
    verdict.not_given.sort();
    verdict.not_given.dedup();
    judge(case, &mut verdict);
    verdict
}

/// The first and the last instant that a test names: its clocks go from one to the other, and instances then to their end.
fn span(case: &TestCase) -> (Instant, Instant) {
    let expected = case.expectations.iter().flat_map(|expectation| {
        let when = match &expectation.kind {
            ExpectationKind::Message { when, .. } | ExpectationKind::Act { when, .. } => *when,
            ExpectationKind::NoMessage { .. } | ExpectationKind::Nothing | ExpectationKind::NothingElse => When::Ever,
        };
        match when {
            When::Ever => [None, None],
            When::At(at) => [Some(at), None],
            When::Between(from, to) => [Some(from), Some(to)],
        }
    });
    let events = case.events.iter().flat_map(|event| [Some(event.at), event.arriving]);
    let named: Vec<Instant> = expected.chain(events).chain([case.until]).flatten().collect();
    let (first, last) = (named.iter().min(), named.iter().max());
    (first.copied().unwrap_or(Instant::MIN), last.copied().unwrap_or(Instant::MIN))
}

fn judge(case: &TestCase, verdict: &mut Verdict) {
    // Each message meets one expectation at the most, so two expected messages are two messages.
    let mut free: Vec<&Sent> = verdict.sent.iter().collect();
    for (place, expectation) in case.expectations.iter().enumerate() {
        if let ExpectationKind::Message { .. } = expectation.kind {
            match free.iter().position(|sent| meets(expectation, sent)) {
                Some(found) => drop(free.remove(found)),
                None => verdict.unmet.push(place),
            }
        }
    }
    let mut unexpected: Vec<Sent> = Vec::new();
    for (place, expectation) in case.expectations.iter().enumerate() {
        match &expectation.kind {
            ExpectationKind::Message { .. } => {}
            ExpectationKind::NoMessage { .. } => {
                let came: Vec<Sent> = verdict.sent.iter().filter(|sent| meets(expectation, sent)).cloned().collect();
                if !came.is_empty() {
                    verdict.unmet.push(place);
                    unexpected.extend(came);
                }
            }
            ExpectationKind::Nothing if !verdict.sent.is_empty() => {
                verdict.unmet.push(place);
                unexpected.extend(verdict.sent.iter().cloned());
            }
            ExpectationKind::NothingElse if !free.is_empty() => {
                verdict.unmet.push(place);
                unexpected.extend(free.iter().map(|sent| (*sent).clone()));
            }
            _ => {} // waist
        }
    }
    unexpected.sort();
    unexpected.dedup();
    verdict.unmet.sort_unstable();
    verdict.unexpected = unexpected;
}

fn meets(expectation: &Expectation, sent: &Sent) -> bool {
    match &expectation.kind {
        ExpectationKind::Message { channel, message, contact, when } => {
            sent.channel == *channel
                && sent.message == *message
                && sent.contact == *contact
                && match when {
                    When::Ever => true,
                    When::At(at) => *at == sent.at,
                    When::Between(from, to) => (*from..=*to).contains(&sent.at),
                }
        }
        ExpectationKind::NoMessage { channel, message, contact } => {
            sent.channel == *channel && sent.message == *message && sent.contact == *contact
        }
        _ => false, // waist
    }
}

/// The entities that a test gives. A field that it does not give is marked, so that reading it is reported.
fn world(program: &Program, case: &TestCase) -> World {
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

fn people(program: &Program, case: &TestCase, world: &World) -> Vec<Person> {
    let person = |row: &GivenRow| {
        let id = id(&row.name);
        let values = values(program, world, &program.needs().contact, &id, &row.fields);
        Person { id, values }
    };
    case.given.iter().filter(|row| row.entity == "contact").map(person).collect()
}

/// What the measures tell: as the test says, or taken of its contacts.
fn measures(
    program: &Program,
    case: &TestCase,
    world: &World,
    people: &[Person],
    (first, last): (Instant, Instant),
) -> Measures {
    let mut census = Census::new(program, first, last);
    let taken: &[Person] = if census.is_empty() { &[] } else { people };
    for person in taken {
        census.take(program, world, person, &mut life(program, case, world, person));
    }
    let mut measures = census.finish(program);
    for given in &case.measures {
        measures.hold(&given.name, Value::from(&given.value));
    }
    measures
}

/// What happens to a contact in a test.
fn life(program: &Program, case: &TestCase, world: &World, person: &Person) -> Life {
    let mut life = Life::default();
    for (number, event) in case.events.iter().enumerate() {
        push_event(program, world, &mut life, person, number, event);
    }
    life.sort();
    life
}

fn push_event(program: &Program, world: &World, life: &mut Life, person: &Person, number: usize, event: &GivenEvent) {
    let Some(kind) = program.event_slot(&event.event) else { return };
    if id(&event.contact) != person.id {
        return;
    }
    let fields = program.needs().events.get(usize::from(kind)).map_or(&[] as &[FieldUse], |each| &each.fields);
    // The line's number is the row's id, so that equal instants keep the order of the text.
    let id = Id::Number(number as i64 + 1);
    let values = values(program, world, fields, &id, &event.fields);
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
        Some((_, GivenValue::Literal(literal))) => Value::from(literal),
        Some((_, GivenValue::Row(name))) => match &field.ty {
            Type::Entity(entity) => match program.needs().entity(entity) {
                Some(slot) => world.refer(slot, id(name)),
                None => Value::Id(id(name)),
            },
            _ => Value::Id(id(name)),
        },
        Some((_, GivenValue::Empty)) => Value::Missing,
        Some((_, GivenValue::List(_))) | None => Value::NotGiven,
    };
    let mut values: Vec<Value> = fields.iter().map(value).collect();
    apply_defaults(fields, row, &mut values);
    values
}

fn id(name: &str) -> Id {
    Id::Text(Arc::from(name))
}

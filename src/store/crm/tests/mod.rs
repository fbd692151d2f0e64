//! CRMs made in memory of SQL, written to a file, and read back.

mod decoding;
mod doubts;
mod many;
mod persons;
mod reading;
mod shapes;
mod writing;

use super::{Bounds, ContactRange, Crm, Lives, Notes, Sizes};
use crate::engine::{Life, Person, Program, Value, World};
use crate::ir::{self, Arena, Bundle, Code, EntryRule, FieldUse, RecordUse, Scenario, Settings};
use crate::model::{FieldDefault, Type};
use crate::time::{Duration, Zone};
use std::ops::ControlFlow;
use tempfile::TempDir;

/// `delay: duration?` as a field of the program.
fn field(name: &str, ty: Type) -> FieldUse {
    let (name, optional) = name.strip_suffix('?').map_or((name, false), |name| (name, true));
    FieldUse { name: name.into(), ty, optional, default: None }
}

fn record(name: &str, fields: Vec<FieldUse>) -> RecordUse {
    RecordUse { name: name.into(), fields }
}

/// What the sentence reads, and a little more.
fn retail() -> Code {
    let family = FieldUse { default: Some(FieldDefault::Field("id".into())), ..field("family", Type::Text) };
    Code {
        contact: vec![field("email?", Type::Text), field("tier?", Type::Text)],
        entities: vec![record(
            "product",
            vec![field("delay?", Type::Duration), family, field("recurring", Type::Flag)],
        )],
        events: vec![record(
            "purchased",
            vec![field("order?", Type::Text), field("product", Type::Entity("product".into()))],
        )],
        ..Code::default()
    }
}

fn scenario(code: Code) -> Scenario {
    Scenario {
        name: "renewal".into(),
        start: ir::Start::Events(vec![ir::Trigger { event: 0, filter: None }]),
        audience: None,
        entry: EntryRule::Always,
        goal: None,
        stop_when: None,
        steps: Arena::default(),
        code,
    }
}

fn program(code: Code, zone: &str) -> Program {
    let settings = Settings { currency: "EUR".into(), zone: Zone::named(zone).unwrap(), expire: Duration::days(2) };
    let scenarios = vec![scenario(code)];
    Program::link(
        &Bundle {
            format: ir::FORMAT,
            settings,
            policy: ir::Policy::default(),
            measures: Vec::new(),
            identity: Vec::new(),
            references: Vec::new(),
            revenue: Vec::new(),
            scenarios,
            messages: Vec::new(),
            written: Vec::new(),
        },
        &[],
    )
    .unwrap()
}

/// A CRM in a file of its own, and the folder that holds it.
fn crm(sql: &str) -> (TempDir, Crm) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let crm = Crm::open(&path).unwrap();
    (folder, crm)
}

/// A life as text: `7 email=a@b.c: purchased/12 2020-01-01T00:00:00Z product=3 | ...`.
fn shown(program: &Program, world: &World, person: &Person, life: &Life) -> String {
    let needs = program.needs();
    let fields = |fields: &[FieldUse], values: &[Value]| -> String {
        assert_eq!(fields.len(), values.len());
        let present = fields.iter().zip(values).filter(|(_, value)| !value.is_missing());
        present.map(|(field, value)| format!(" {}={}", field.name, text(world, value))).collect()
    };
    let event = |place: usize| {
        let event = life.event(place).unwrap();
        let slot = usize::from(event.kind);
        let late = if event.arrived == event.at { String::new() } else { format!(" arrived {}", event.arrived) };
        let values = fields(&needs.events[slot].fields, life.values(place));
        format!("{}/{} {}{late}{values}", needs.events[slot].name, event.id, event.at)
    };
    let events: Vec<String> = (0..life.len()).map(event).collect();
    format!("{}{}: {}", person.id, fields(&needs.contact, &person.values), events.join(" | "))
}

fn text(world: &World, value: &Value) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Instant(instant) => instant.to_string(),
        Value::Date(date) => date.to_string(),
        Value::Time(time) => time.to_string(),
        Value::Duration(duration) => duration.to_string(),
        Value::Entity(entity) => format!("#{}", world.id(*entity).unwrap()),
        Value::Id(id) => format!("?{id}"),
        Value::Message(message) => format!("@{}", message.name),
        Value::List(all) => all.iter().map(|each| text(world, each)).collect::<Vec<_>>().join(","),
        Value::Missing | Value::NotGiven => String::new(),
    }
}

fn read(lives: &Lives<'_>, crm: &Crm, ranges: &[ContactRange]) -> (Vec<String>, Notes) {
    let (mut found, mut notes) = (Vec::new(), Notes::default());
    for range in ranges {
        let mut of_range = Notes::default();
        lives
            .read(crm, range, &mut of_range, |person, life| {
                found.push(shown(lives.program, lives.world, person, life));
                ControlFlow::Continue(())
            })
            .unwrap();
        notes.absorb(of_range);
    }
    // What a reading finds on its way is what looking at the instants alone finds.
    let bounds = ranges.iter().filter_map(|range| lives.bounds(crm, range).unwrap()).reduce(Bounds::with);
    assert_eq!(notes.bounds.take(), bounds);
    let mut sorted = found.clone();
    sorted.sort();
    assert!(in_parts(lives, crm).into_iter().all(|other| other == (sorted.clone(), notes.clone(), bounds)));
    (found, notes)
}

/// The same, of all rows taken at once, with more and fewer parts, in memory and not; nothing where they are read otherwise. What
/// is told of two lives in one order may be told in the other: the lives are sorted here.
fn in_parts(lives: &Lives<'_>, crm: &Crm) -> Vec<(Vec<String>, Notes, Option<Bounds>)> {
    let mut all = Vec::new();
    for (part, memory) in [(1 << 40, 0), (1 << 12, 0), (1 << 9, 1 << 20), (1 << 11, 64)] {
        let Some(taker) = lives.taker(crm, Sizes { part, memory }).unwrap() else { continue };
        // The second finds nothing left.
        taker.take(crm).unwrap();
        taker.take(&crm.again().unwrap()).unwrap();
        let parts = taker.finish();
        let (mut found, mut notes) = (Vec::new(), Notes::default());
        for part in 0..parts.count() {
            let mut of_part = Notes::default();
            let live = |person: &Person, life: &mut Life| {
                found.push(shown(lives.program, lives.world, person, life));
                ControlFlow::Continue(())
            };
            lives.read_part(crm, &parts, part, &mut of_part, live).unwrap();
            notes.absorb(of_part);
        }
        found.sort();
        assert_eq!(notes.bounds.take(), parts.bounds());
        all.push((found, notes, parts.bounds()));
    }
    all
}

//! A test from the history of a contact: what `scn simulate --as-test` writes down.

use super::{Verdict, begin_of_day, run_between};
use crate::drivers::Error;
use crate::drivers::simulate::Simulation;
use crate::engine::{Life, Person, Program, Told, Value, World};
use crate::ir::{Bundle, Expr, FieldUse, GivenEvent, GivenMeasure, GivenRow, GivenValue, Op, TestCase};
use crate::model::{Id, Literal, OWN_EVENTS, Type, may_be_email};
use crate::span::Span;
use crate::store::crm::{Crm, Notes};
use crate::time::Instant;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::ControlFlow;

/// A test, and what comes of it.
#[derive(Debug)]
pub struct FromHistory {
    pub case: TestCase,
    pub verdict: Verdict,
    /// Of the scenarios that the test runs.
    pub program: Program,
}

/// The test of one contact of a simulation: all that its scenarios read of it, up to the simulation's end, and what they
/// make of it. `None` where the CRM has no such contact. Names and addresses are made up unless they are `revealed`.
///
/// # Errors
/// When the CRM cannot be read.
pub fn from_history(
    simulation: &Simulation,
    bundle: &Bundle,
    crm: &Crm,
    contact: &[Id],
    revealed: bool,
) -> Result<Option<FromHistory>, Error> {
    let (program, world) = (&simulation.program, &simulation.world);
    let mut crm = crm.again()?;
    crm.identify(&bundle.identity, bundle.settings.zone)?;
    let lives = crm.lives(program, world)?;
    let (from, until) = simulation.report.span.unwrap_or((Instant::MIN, Instant::MIN));
    let mut writer = Writer { program, world, revealed, names: BTreeMap::new(), phones: 100, waiting: VecDeque::new() };
    let mut case = None;
    lives.read_these(&crm, contact, &mut Notes::default(), |person, life| {
        case = Some(writer.case(person, life, until));
        ControlFlow::Break(())
    })?;
    let Some(mut case) = case else { return Ok(None) };
    let friends = writer.friends();
    lives.read_these(&crm, &friends, &mut Notes::default(), |person, _| {
        let row = writer.friend(person);
        case.given.push(row);
        ControlFlow::Continue(())
    })?;
    writer.entities(&mut case.given);
    case.measures = measures(simulation, bundle, (from, until));
    case.scenarios = program.units().iter().map(|unit| unit.scenario.name.clone()).collect();
    // A scenario in which nothing happens has no place in the test.
    let whole = run_between(&only(bundle, &case.scenarios)?, &case, (from, until));
    let lively = lively(program, &whole);
    if !lively.is_empty() {
        case.scenarios = lively.into_iter().collect();
    }
    let program = only(bundle, &case.scenarios)?;
    case.measures.retain(|told| reads(&program, &told.name));
    // The clocks of a test begin with the first day that it names: of an event, or of what it expects.
    let verdict = run_between(&program, &case, (from, until));
    let events = case.events.iter().map(|event| event.at);
    let first =
        events.chain(verdict.sent.iter().map(|sent| sent.at)).chain(verdict.done.iter().map(|done| done.at)).min();
    let first = begin_of_day(&program, first.unwrap_or(until));
    let verdict = leave_out_measures(&program, &mut case, (first, until));
    Ok(Some(FromHistory { case, verdict, program }))
}

/// The program of some scenarios.
fn only(bundle: &Bundle, scenarios: &[String]) -> Result<Program, Error> {
    let named = bundle.scenarios.iter().filter(|scenario| scenarios.contains(&scenario.name));
    let own = Bundle { scenarios: named.cloned().collect(), messages: Vec::new(), ..bundle.clone() };
    Ok(Program::link(&own, &[])?)
}

/// The scenarios that the contact enters, and those that these start.
fn lively(program: &Program, verdict: &Verdict) -> BTreeSet<String> {
    let started = verdict.trace.iter().filter(|line| line.what == Told::Started);
    let mut lively: BTreeSet<String> =
        started.filter_map(|line| Some(program.unit(line.unit)?.scenario.name.clone())).collect();
    let mut waiting: Vec<String> = lively.iter().cloned().collect();
    while let Some(name) = waiting.pop() {
        let unit = program.units().iter().find(|unit| unit.scenario.name == name);
        for step in unit.into_iter().flat_map(|unit| unit.scenario.steps.values()) {
            if let Op::Start { scenario } = &step.op
                && lively.insert(scenario.clone())
            {
                waiting.push(scenario.clone());
            }
        }
    }
    lively
}

/// What the measures told, from the beginning to the end, where it changed.
fn measures(simulation: &Simulation, bundle: &Bundle, (from, until): (Instant, Instant)) -> Vec<GivenMeasure> {
    let mut given: Vec<GivenMeasure> = Vec::new();
    for measure in &bundle.measures {
        let before = given.len();
        for (at, value) in simulation.measures.told_between(&measure.name, from, until) {
            let value = literal(value);
            if given.get(before..).and_then(<[_]>::last).is_none_or(|last: &GivenMeasure| last.value != value) {
                given.push(GivenMeasure { name: measure.name.clone(), at: Some(*at), value });
            }
        }
        // One that tells nothing is not taken of the test's contacts.
        if given.len() == before {
            given.push(GivenMeasure { name: measure.name.clone(), at: None, value: None });
        }
    }
    given
}

/// Whether the scenarios of a program read a measure.
fn reads(program: &Program, measure: &str) -> bool {
    let is_it = |expr: &Expr| matches!(expr, Expr::Measure(name) if name == measure);
    program.units().iter().any(|unit| unit.scenario.code.exprs.values().iter().any(is_it))
}

/// Leaves out what measures told at instants that do not matter: all goes as it does with them. Gives how it goes.
fn leave_out_measures(program: &Program, case: &mut TestCase, span: (Instant, Instant)) -> Verdict {
    let whole = run_between(program, case, span);
    let is_same = |other: &Verdict| {
        (&other.sent, &other.done, &other.trace) == (&whole.sent, &whole.done, &whole.trace)
            && other.unsent == whole.unsent
    };
    // From the end, so that places before stay what they are. The first of each measure stays.
    let mut open = vec![(0, case.measures.len())];
    while let Some((start, end)) = open.pop() {
        let is_first = |place: usize| {
            let name = |place: usize| case.measures.get(place).map(|told| &told.name);
            place.checked_sub(1).is_none_or(|before| name(before) != name(place))
        };
        let kept = case.measures.iter().enumerate();
        let kept = kept.filter(|(place, _)| !(start..end).contains(place) || is_first(*place));
        let fewer = TestCase { measures: kept.map(|(_, told)| told.clone()).collect(), ..case.clone() };
        if fewer.measures.len() == case.measures.len() {
            continue;
        }
        if is_same(&run_between(program, &fewer, span)) {
            *case = fewer;
        } else if end - start > 1 {
            let middle = start + (end - start) / 2;
            open.extend([(start, middle), (middle, end)]);
        }
    }
    whole
}

struct Writer<'a> {
    program: &'a Program,
    world: &'a World,
    revealed: bool,
    /// The name of each row that the test gives, by entity and id.
    names: BTreeMap<(String, Id), String>,
    /// How many phone numbers are made up.
    phones: u32,
    /// Rows that are named and not given yet.
    waiting: VecDeque<(String, Id)>,
}

impl Writer<'_> {
    fn case(&mut self, person: &Person, life: &Life, until: Instant) -> TestCase {
        let contact = self.name("contact", &person.id);
        self.waiting.clear();
        let needs = self.program.needs();
        let fields = self.fields(&needs.contact, &person.values, true);
        let given = vec![contact_row(&person.id, &contact, self.hide(fields, &contact))];
        let mut events = Vec::new();
        for place in 0..life.len() {
            let Some(event) = life.event(place).filter(|event| event.arrived <= until) else { continue };
            let Some(read) = needs.events.get(usize::from(event.kind)) else { continue };
            let reported = OWN_EVENTS.contains(&read.name.as_str());
            let fields = self.fields(&read.fields, life.values(place), !reported);
            events.push(GivenEvent {
                span: Span::default(),
                at: event.at,
                arriving: (event.arrived != event.at).then_some(event.arrived),
                contact: contact.clone(),
                event: read.name.clone(),
                fields,
            });
        }
        TestCase {
            name: format!("the history of contact {}", person.id),
            span: Span::default(),
            scenarios: Vec::new(),
            given,
            measures: Vec::new(),
            events,
            expectations: Vec::new(),
            until: Some(until),
        }
    }

    /// The contacts that rows speak of.
    fn friends(&mut self) -> Vec<Id> {
        let (friends, others): (VecDeque<_>, VecDeque<_>) =
            self.waiting.drain(..).partition(|(entity, _)| entity == "contact");
        self.waiting = others;
        friends.into_iter().map(|(_, id)| id).collect()
    }

    /// A contact of whom a row speaks: as little of them as can be, so that nothing happens to them, and what is read of them
    /// through that row.
    fn friend(&mut self, person: &Person) -> GivenRow {
        let name = self.name("contact", &person.id);
        let needs = self.program.needs();
        let read = needs.entities.iter().find(|entity| entity.name == "contact").map(|entity| &entity.fields);
        let is_read = |field: &FieldUse| read.is_some_and(|read| read.iter().any(|each| each.name == field.name));
        let mut fields = Vec::new();
        for (field, value) in needs.contact.iter().zip(&person.values) {
            let value = match &field.ty {
                Type::Entity(entity) if entity == "contact" && field.optional => Some(GivenValue::Empty),
                Type::List(_) | Type::Texts if !is_read(field) => Some(GivenValue::List(Vec::new())),
                _ if field.optional && !is_read(field) => Some(GivenValue::Empty),
                _ => self.value(field, value, true),
            };
            fields.extend(value.map(|value| (field.name.clone(), value)));
        }
        let fields = self.hide(fields, &name);
        self.waiting.retain(|(entity, _)| entity != "contact");
        contact_row(&person.id, &name, fields)
    }

    /// Gives the rows that are named, and those that these name.
    fn entities(&mut self, given: &mut Vec<GivenRow>) {
        while let Some((entity, id)) = self.waiting.pop_front() {
            let name = self.name(&entity, &id);
            let needs = self.program.needs();
            let Some(slot) = needs.entity(&entity) else {
                given.push(GivenRow { entity, id: Id::Text(name.as_str().into()), name, fields: Vec::new() });
                continue;
            };
            let fields = needs.entities.get(usize::from(slot)).map_or(&[] as &[FieldUse], |record| &record.fields);
            let row = self.world.tables.get(usize::from(slot)).and_then(|table| Some((table, table.row(&id)?)));
            let values: Vec<Value> = (0..fields.len())
                .map(|field| row.and_then(|(table, row)| table.value(row, field as u16)).cloned().unwrap_or_default())
                .collect();
            let fields = self.fields(fields, &values, true);
            given.push(GivenRow { entity, id: Id::Text(name.as_str().into()), name, fields });
        }
        // Before the contacts that speak of them, as people write it.
        given.sort_by_key(|row| row.entity == "contact");
    }

    fn fields(&mut self, fields: &[FieldUse], values: &[Value], say_empty: bool) -> Vec<(String, GivenValue)> {
        let each = fields.iter().zip(values);
        each.filter_map(|(field, value)| Some((field.name.clone(), self.value(field, value, say_empty)?))).collect()
    }

    /// `None` for what a test cannot say.
    fn value(&mut self, field: &FieldUse, value: &Value, say_empty: bool) -> Option<GivenValue> {
        match value {
            Value::Missing | Value::NotGiven => {
                (say_empty && (field.optional || field.default.is_some())).then_some(GivenValue::Empty)
            }
            other => self.present(&field.ty, other),
        }
    }

    fn present(&mut self, ty: &Type, value: &Value) -> Option<GivenValue> {
        match (ty, value) {
            (Type::Entity(entity), Value::Entity(row)) => {
                let id = self.world.id(*row)?.clone();
                Some(GivenValue::Row(self.name(entity, &id)))
            }
            (Type::Entity(entity), Value::Id(id)) => Some(GivenValue::Row(self.name(entity, id))),
            (Type::List(entity), Value::List(all)) => {
                let of = Type::Entity(entity.clone());
                Some(GivenValue::List(all.iter().filter_map(|each| self.present(&of, each)).collect()))
            }
            (_, Value::List(all)) => {
                Some(GivenValue::List(all.iter().filter_map(|each| self.present(&Type::Text, each)).collect()))
            }
            (Type::Message, Value::Message(message)) => {
                is_name(&message.name).then(|| GivenValue::Literal(Literal::Text(message.name.to_string())))
            }
            (Type::Message, Value::Text(name)) => {
                is_name(name).then(|| GivenValue::Literal(Literal::Text(name.to_string())))
            }
            _ => literal(value).map(GivenValue::Literal),
        }
    }

    /// The name of a row in the test: its entity and its id.
    fn name(&mut self, entity: &str, id: &Id) -> String {
        let key = (entity.to_owned(), id.clone());
        if let Some(name) = self.names.get(&key) {
            return name.clone();
        }
        let plain: String =
            id.to_string().chars().map(|each| if each.is_alphanumeric() { each } else { '_' }).collect();
        let mut name = format!("{entity}_{plain}");
        let mut count = 1;
        while self.names.values().any(|known| *known == name) {
            count += 1;
            name = format!("{entity}_{plain}_{count}");
        }
        self.names.insert(key.clone(), name.clone());
        self.waiting.push_back(key);
        name
    }

    /// Made-up names and addresses for those of a person.
    fn hide(&mut self, fields: Vec<(String, GivenValue)>, name: &str) -> Vec<(String, GivenValue)> {
        if self.revealed {
            return fields;
        }
        self.phones += 1;
        let hidden = |field: &str, text: &str| match field {
            "email" if may_be_email(text) => Some(format!("{name}@example.com")),
            "email" if !text.is_empty() => Some("no address".to_owned()),
            // Another for each, so that nobody becomes another's person.
            "phone" if !text.is_empty() => Some(format!("+1555{:04}", self.phones)),
            "first_name" | "last_name" if !text.is_empty() => Some("A.".to_owned()),
            _ => None,
        };
        let hide = |(field, value): (String, GivenValue)| {
            let made_up = match &value {
                GivenValue::Literal(Literal::Text(text)) => hidden(&field, text),
                _ => None,
            };
            let value = made_up.map_or(value, |text| GivenValue::Literal(Literal::Text(text)));
            (field, value)
        };
        fields.into_iter().map(hide).collect()
    }
}

/// The row of a contact, who draws by the id.
fn contact_row(id: &Id, name: &str, fields: Vec<(String, GivenValue)>) -> GivenRow {
    GivenRow { entity: "contact".into(), id: id.clone(), name: name.to_owned(), fields }
}

/// Whether a text can stand as a name in a test.
fn is_name(text: &str) -> bool {
    text.chars().next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && text.chars().all(|each| each.is_alphanumeric() || each == '_')
}

fn literal(value: &Value) -> Option<Literal> {
    Some(match value {
        Value::Flag(flag) => Literal::Flag(*flag),
        Value::Number(number) => Literal::Number(*number),
        Value::Text(text) => Literal::Text(text.to_string()),
        Value::Instant(instant) => Literal::Instant(*instant),
        Value::Date(date) => Literal::Date(*date),
        Value::Time(time) => Literal::Time(*time),
        Value::Duration(duration) => Literal::Duration(*duration),
        _ => return None,
    })
}

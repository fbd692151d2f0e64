//! What `scn check` finds in the rows of a CRM: values that cannot be read, rows that most likely mean something else,
//! and waits that cannot be.

use super::counted::{counted, grouped};
use super::exit::{Exit, Failure};
use super::sources::store_failure;
use super::{reach, strangers};
use crate::compile::Compiled;
use crate::diagnostic::{Diagnostic, Level, Rule};
use crate::drivers::simulate::runnable;
use crate::engine::{EntityRef, Program, Reason, Value, World, hopeless_waits};
use crate::ir::{FieldUse, MessageContext, StepIx};
use crate::model::{CHANNELS, Record, Type};
use crate::store::crm::{
    About, ColumnFindings, ContactRange, Crm, Doubt, Findings, Kept, Lack, Notes, Question, Survey,
};
use crate::store::{Error, ErrorKind};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// How many rows a finding names.
const NAMED: usize = 5;
/// Of fewer events nobody notices that they are sorted.
const WORTH_AN_INDEX: u64 = 10_000;

/// What is wrong with the rows that the scenarios read, as far as the CRM has their tables. A view that fails while it is
/// read is a finding too.
///
/// # Errors
/// When another program holds the CRM.
pub fn rows(compiled: &Compiled, crm: &mut Crm) -> Result<Vec<Diagnostic>, Failure> {
    let Some(bundle) = &compiled.bundle else { return Ok(Vec::new()) };
    let (mut runs, _, _) = runnable(bundle, crm);
    if runs.scenarios.is_empty() {
        return Ok(Vec::new());
    }
    // What templates alone read is looked at too: a message that lacks a value is not sent.
    let is_there = |message: &MessageContext| {
        runs.scenarios.iter().any(|scenario| scenario.name == message.scenario)
            && crm.lacks(&message.code).iter().all(Lack::is_optional)
    };
    runs.messages = bundle.messages.iter().filter(|message| is_there(message)).cloned().collect();
    let bundle = runs;
    let program = Program::link(&bundle, &[]).map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    let mut found = || {
        crm.identify(&bundle.identity, bundle.settings.zone)?;
        read(compiled, &program, crm)
    };
    match found() {
        Ok(diagnostics) => Ok(diagnostics),
        Err(error) if matches!(error.kind, ErrorKind::Query | ErrorKind::Corrupt) => {
            let mut found = Diagnostic::new(Rule::CrmUnreadable, error.to_string());
            found.help = error.help().map(str::to_owned);
            Ok(vec![found])
        }
        Err(error) => Err(store_failure(error)),
    }
}

fn read<'p>(compiled: &Compiled, program: &'p Program, crm: &Crm) -> Result<Vec<Diagnostic>, Error> {
    let (world, mut found) = crm.world(program)?;
    let mut notes = Notes::default();
    let tables = tables(program, crm);
    let question = |name: &str, table: &TableRead<'p>| {
        let amounts = compiled.model.events.get(name).filter(|_| table.is_event).map(amounts).unwrap_or_default();
        let columns = table.columns.keys().copied().collect();
        Question { columns, is_event: table.is_event, amounts, required: table.required.clone() }
    };
    let questions: BTreeMap<&str, Question<'_>> =
        tables.iter().map(|(name, table)| (*name, question(name, table))).collect();
    let lives = crm.lives(program, &world)?.surveying(crm, &questions);
    lives.read(crm, &ContactRange::default(), &mut notes, |_, _| ControlFlow::Continue(()))?;
    found.absorb(notes.unreadable);
    let mut surveys: BTreeMap<&str, Survey> = BTreeMap::new();
    for (name, question) in &questions {
        let survey = match notes.surveys.remove(*name) {
            Some(survey) => survey,
            None => crm.survey(name, question)?,
        };
        surveys.insert(name, survey);
    }
    let waits = waits_that_cannot_be(compiled, program, &world, &found);
    let set = program.changed_fields();
    let lacks_delays = waits.iter().any(|found| found.rule == Rule::DelayMissing);
    let mut diagnostics = unreadable(&found, &surveys);
    for (name, survey) in &surveys {
        diagnostics.extend(survey.doubts.iter().map(|doubt| doubted(doubt, survey.rows)));
        if let Some(table) = tables.get(name).filter(|_| !is_about_a_message(compiled, name)) {
            let is_told = |column: &str, is_duration: bool| {
                name == &"contact" && (is_address_or_consent(column) || set.contains(column))
                    || is_duration && lacks_delays
            };
            diagnostics.extend(empty(name, table, survey, is_told));
        }
        for (column, kept) in survey.columns.iter().filter(|(_, kept)| kept.misfits() > 0) {
            let is_told = found.columns.iter().any(|each| each.table == *name && each.column == *column);
            if !is_told && tables.get(name).is_some_and(|table| table.columns.get(column.as_str()) == Some(&true)) {
                diagnostics.push(misfit(name, column, kept, &crm.misfits(name, column)?));
            }
        }
        let is_event = tables.get(name).is_some_and(|table| table.is_event);
        if is_event && survey.rows > WORTH_AN_INDEX && !crm.is_sorted_by_contact(name)? {
            diagnostics.push(without_index(name, survey.rows, crm));
        }
    }
    diagnostics.extend(strangers::nobody(&notes.strangers, program, &world, &surveys, crm)?);
    diagnostics.extend(reach::unreachable(compiled, crm)?);
    diagnostics.extend(waits);
    Ok(diagnostics)
}

/// What is read of a table: its columns, and whether it matters there if a value is kept as a text.
#[derive(Debug, Default)]
struct TableRead<'p> {
    columns: BTreeMap<&'p str, bool>,
    /// Those of fields that are always there.
    required: Vec<&'p str>,
    /// Those that may be empty in some rows, and stand for nothing then; whether it is a duration.
    wanted: BTreeMap<&'p str, bool>,
    is_event: bool,
}

/// The tables and views of the CRM that a program reads, lists aside.
fn tables<'p>(program: &'p Program, crm: &Crm) -> BTreeMap<&'p str, TableRead<'p>> {
    let needs = program.needs();
    let mut all: BTreeMap<&str, TableRead<'_>> = BTreeMap::new();
    let mut add = |name: &'p str, always: &[&'p str], fields: &'p [FieldUse], is_event: bool| {
        let table = all.entry(name).or_default();
        table.is_event = is_event;
        table.columns.extend(always.iter().map(|column| (*column, true)));
        let columns = fields.iter().filter(|field| !matches!(field.ty, Type::List(_) | Type::Texts));
        let required = columns.clone().filter(|field| !field.optional && field.default.is_none());
        table.required.extend(required.map(|field| field.name.as_str()));
        let wanted = columns.clone().filter(|field| field.optional && field.default.is_none());
        table.wanted.extend(wanted.map(|field| (field.name.as_str(), field.ty == Type::Duration)));
        let is_text = |ty: &Type| matches!(ty, Type::Text | Type::Message | Type::Enumeration(_));
        table.columns.extend(columns.map(|field| (field.name.as_str(), !is_text(&field.ty))));
    };
    add("contact", &["id"], &needs.contact, false);
    for entity in needs.entities.iter().filter(|entity| !entity.fields.is_empty()) {
        add(&entity.name, &["id"], &entity.fields, false);
    }
    // An event that is told on is looked at where it happens; one that scenarios make may have no table.
    for (place, event) in needs.events.iter().enumerate() {
        if needs.routes.get(place).is_none_or(Option::is_none) {
            add(&event.name, &["id", "contact", "at"], &event.fields, true);
        }
    }
    all.retain(|name, _| crm.shape().table(name).is_some());
    all
}

/// A doubt about rows of a table. Where nearly all rows are empty, the column is most likely another one.
fn doubted(doubt: &Doubt, rows: u64) -> Diagnostic {
    let mut found = doubt.diagnostic();
    let is_empty = matches!(doubt.about, About::Nobody | About::Empty(_));
    if is_empty && doubt.rows * 100 >= rows * reach::MOST_LIKELY_WRONG {
        found.level = Level::Warning;
    }
    found
}

/// Whether its rows are about messages: what they do not say has a meaning of its own there, such as who opened one.
fn is_about_a_message(compiled: &Compiled, event: &str) -> bool {
    let event = compiled.model.events.get(event);
    event.is_some_and(|event| event.fields.iter().any(|field| field.ty == Type::Message))
}

/// Whether a field of the contact decides who can be reached, which is told of all such fields together.
fn is_address_or_consent(field: &str) -> bool {
    CHANNELS.iter().any(|(channel, address)| *address == Some(field) || field.strip_suffix("_consent") == Some(channel))
}

/// Columns that may be empty in some rows, and are so in all.
fn empty(name: &str, table: &TableRead, survey: &Survey, is_told: impl Fn(&str, bool) -> bool) -> Vec<Diagnostic> {
    let is_empty = |column: &str| survey.columns.get(column).is_some_and(|kept| kept.values() == 0);
    let wanted = table.wanted.iter().filter(|(column, is_duration)| !is_told(column, **is_duration));
    let columns = wanted.map(|(column, _)| column).filter(|column| survey.rows > 0 && is_empty(column));
    columns
        .map(|column| {
            Diagnostic::new(Rule::ValueMissing, format!("no row of `{name}` has a value of `{column}`"))
                .because(format!(
                    "a scenario or a template reads it: in {} a comparison with it is unknown, and unknown never acts",
                    match survey.rows {
                        1 => "the only row".to_owned(),
                        rows => format!("all {} rows", grouped(rows)),
                    }
                ))
                .help(format!(
                    "fill `{column}`, or give it from another column in a view; where the shop does not know it, ask for \
                     something else"
                ))
        })
        .collect()
}

/// What cannot be read: one finding for each column and kind of mistake.
fn unreadable(found: &Findings, surveys: &BTreeMap<&str, Survey>) -> Vec<Diagnostic> {
    let one = |found: &ColumnFindings| {
        let ColumnFindings { table, column, problem, count, examples, .. } = found;
        let survey = surveys.get(table.as_str());
        let kept = survey.and_then(|survey| survey.columns.get(column));
        let total = match column.as_str() {
            // Every row must have one: an empty one cannot be read either.
            "id" | "at" => survey.map_or(0, |survey| survey.rows),
            _ => kept.map_or(0, Kept::values),
        };
        let total = total.max(*count);
        let of = format!("{} of {} of `{table}.{column}`", grouped(*count), counted(total, "value"));
        let be = if *count == 1 { "is" } else { "are" };
        let said = match problem.strip_prefix("is used ") {
            Some(times) => format!("{of} {be} used {times}"),
            None => format!("{of} cannot be read"),
        };
        let more = if *count > examples.len() as u64 { ", ..." } else { "" };
        let classes = kept.filter(|kept| kept.misfits() > 0).map(|kept| format!("; {}", classes(kept)));
        let first = match examples.as_slice() {
            [(value, _)] => format!("`{value}`"),
            _ => "such a value".to_owned(),
        };
        Diagnostic::new(Rule::ValueUnreadable, format!("{said}: {}{more}", listed(examples)))
            .because(format!("{first} {problem}{}", classes.unwrap_or_default()))
            .help(match problem.strip_prefix("is used ") {
                Some(_) => format!("give each row of `{table}` an id of its own"),
                None if is_unix_time(problem, examples) => {
                    format!(
                        "keep seconds since 1970 as INTEGER, or convert them in a view: `CAST({column} AS INTEGER)`"
                    )
                }
                None => format!("repair these rows, or convert `{column}` in a view"),
            })
    };
    found.columns.iter().map(one).collect()
}

/// Whether what is no instant is a number of seconds that is kept as a text.
fn is_unix_time(problem: &str, examples: &[(String, String)]) -> bool {
    let is_number = |(value, _): &(String, String)| {
        (9..=11).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit())
    };
    problem == "is not an instant" && examples.iter().any(is_number)
}

/// Values with the ids of their rows: `5 yeers` (id 7).
fn listed(examples: &[(String, String)]) -> String {
    let all: Vec<String> = examples.iter().map(|(value, row)| format!("`{value}` (id {row})")).collect();
    all.join(", ")
}

/// How a column keeps its values, the most frequent way first: `declared INTEGER, it holds 1,192 integers and 12 texts`.
fn classes(kept: &Kept) -> String {
    let mut classes = kept.classes.clone();
    classes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let all: Vec<String> = classes.iter().map(|(class, count)| counted(*count, class)).collect();
    format!("declared {}, it holds {}", kept.declared, all.join(" and "))
}

fn misfit(table: &str, column: &str, kept: &Kept, examples: &[(String, String)]) -> Diagnostic {
    let (count, total) = (kept.misfits(), kept.values());
    let more = if count > examples.len() as u64 { ", ..." } else { "" };
    let of = format!("{} of {} of `{table}.{column}`", grouped(count), counted(total, "value"));
    let said = format!("{of} {} no number: {}{more}", if count == 1 { "is" } else { "are" }, listed(examples));
    Diagnostic::new(Rule::WrongStorageClass, said)
        .because(format!("{}; the text `3` and the number 3 are two different ids", classes(kept)))
        .help(format!("repair these rows, or declare `{column}` as TEXT and write all its values as text"))
}

fn without_index(table: &str, rows: u64, crm: &Crm) -> Diagnostic {
    let is_view = crm.shape().table(table).is_some_and(|table| table.is_view);
    let help = match is_view {
        true => "create an index on the column of the table behind the view that `contact` comes from".to_owned(),
        false => format!("run `CREATE INDEX {table}_by_contact ON {table} (contact, at);`"),
    };
    let what = if is_view { "view" } else { "table" };
    Diagnostic::new(
        Rule::NoTimelineIndex,
        format!("the {what} `{table}` has {} and no index by contact", counted(rows, "row")),
    )
    .because("the events of a contact are read together: without an index all rows are read, and sorted, each time")
    .help(help)
}

/// The fields of an event that is about a quantity, such as a purchase, that should not be below zero. An event that
/// has no quantity may well go both ways: an account, a temperature.
fn amounts(event: &Record) -> Vec<&'static str> {
    let has = |name: &str, ty: &[Type]| event.field(name).is_some_and(|field| ty.contains(&field.ty));
    if !has("quantity", &[Type::Number]) {
        return Vec::new();
    }
    let fields = [("quantity", &[Type::Number][..]), ("amount", &[Type::Money, Type::Number])];
    fields.iter().filter(|(name, ty)| has(name, ty)).map(|(name, _)| *name).collect()
}

/// What a row says of lengths of time, in brackets: ` (delay 2 weeks)`.
fn lengths(program: &Program, world: &World, entity: EntityRef) -> String {
    let fields = program.needs().entities.get(usize::from(entity.entity)).map_or(&[] as &[_], |each| &each.fields);
    let said: Vec<String> = (fields.iter().enumerate())
        .filter(|(_, field)| field.ty == Type::Duration)
        .filter_map(|(slot, field)| match world.value(entity, slot as u16)? {
            Value::Duration(length) => Some(format!("{} {length}", field.name)),
            _ => None,
        })
        .collect();
    if said.is_empty() { String::new() } else { format!(" ({})", said.join(", ")) }
}

/// The waits that cannot be for some rows of an entity: one finding for each wait and reason.
fn waits_that_cannot_be(
    compiled: &Compiled,
    program: &Program,
    world: &World,
    unreadable: &Findings,
) -> Vec<Diagnostic> {
    let mut grouped: BTreeMap<(u16, StepIx, Reason), Vec<String>> = BTreeMap::new();
    for hopeless in hopeless_waits(program, world) {
        let name = program.needs().entities.get(usize::from(hopeless.entity.entity)).map_or("", |each| &each.name);
        let id = world.id(hopeless.entity).map(ToString::to_string).unwrap_or_default();
        if hopeless.reason == Reason::Missing && unreadable.has_row(name, &id) {
            continue;
        }
        let names = grouped.entry((hopeless.unit, hopeless.step, hopeless.reason)).or_default();
        names.push(format!("{name} {id}{}", lengths(program, world, hopeless.entity)));
    }
    let found = grouped.into_iter().map(|((unit, step, reason), names)| {
        let wait = program.describe_wait(unit, step);
        let scenario = program.unit(unit).map_or("", |unit| unit.scenario.name.as_str());
        let first = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let more = if names.len() > NAMED { format!(" and {} more", names.len() - NAMED) } else { String::new() };
        let (rule, problem) = match reason {
            Reason::Missing => (Rule::DelayMissing, "has no value"),
            _ => (Rule::DelayTooShort, "leaves no time to wait"),
        };
        let diagnostic = Diagnostic::new(rule, format!("`{wait}` {problem} for {first}{more}"))
            .because("an instance that cannot wait ends there, and nothing is sent")
            .help(match reason {
                Reason::Missing => "fill the value in these rows, or say which holds without one: `... default 1 year`",
                _ => "correct the length in these rows, or wait for something that is always to come",
            });
        let origin = compiled.origins.get(scenario).into_iter().flat_map(|origin| &origin.steps);
        let rows = if names.len() == 1 { "row" } else { "rows" };
        match origin.into_iter().find(|(place, _)| *place == step) {
            Some((_, span)) => diagnostic.at(*span, format!("{} {rows} of the CRM", names.len())),
            None => diagnostic,
        }
    });
    found.collect()
}

//! `test` blocks: what is given, what happens and what is expected, against the model and the scenarios.

mod acts;
mod expected;
mod reader;
mod table;
mod values;

use super::CheckFile;
use super::names::{declared_twice, with_suggestion};
use super::scope::Checker;
use super::typed;
use crate::diagnostic::{Diagnostic, Rule, suggestion};
use crate::model::{Id, Literal};
use crate::span::{SourceId, Span};
use crate::syntax::tree::{self, ItemKind, TestLineKind};
use crate::time::Instant;
use reader::Reader;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// A test whose every name and value is known; of one with a table of cases, one of its rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    pub name: String,
    pub span: Span,
    pub scenarios: Vec<String>,
    pub given: Vec<Given>,
    /// Measures whose value it says.
    pub measures: Vec<MeasureTold>,
    pub events: Vec<Happening>,
    pub expectations: Vec<(Span, Expected)>,
    /// How far its clock goes at least, where it says so.
    pub until: Option<Instant>,
}

/// The value of a measure from an instant on, or from the beginning; `None` where it has none.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasureTold {
    pub name: String,
    pub at: Option<Instant>,
    pub value: Option<Literal>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    pub entity: String,
    /// The text of its name, unless the test says another.
    pub id: Id,
    pub name: String,
    pub fields: Vec<(String, Value)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    pub span: Span,
    pub at: Instant,
    pub arriving: Option<Instant>,
    pub contact: String,
    pub event: String,
    pub fields: Vec<(String, Value)>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Literal(Literal),
    /// `empty`
    Empty,
    /// A row that the test gives.
    Row(String),
    List(Vec<Value>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    Message { channel: String, message: String, contact: String, when: When },
    NoMessage { channel: String, message: String, contact: String },
    Act { negated: bool, act: Act, contact: String, when: When },
    Nothing,
    NothingElse,
}

/// What a step other than `send` does.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    Set { field: String, value: Value },
    Tag { add: bool, tag: String },
    Account { credit: bool, account: String, amount: Decimal },
    Start(String),
    Erase,
    Call(String),
}

/// When something is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Ever,
    At(Instant),
    /// Both included.
    Between(Instant, Instant),
}

/// The tests of the selected files. One in error is left out; its findings say why.
pub fn check_cases(files: &[CheckFile], scenarios: &[typed::Scenario], checker: &mut Checker) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut own: BTreeMap<SourceId, Vec<String>> = BTreeMap::new();
    for (name, declared) in &checker.names.scenarios {
        own.entry(declared.file.source).or_default().push((*name).to_owned());
    }
    for file in files.iter().filter(|file| file.selected) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for item in &file.tree.items {
            let ItemKind::Test(test) = &item.kind else { continue };
            if let Some(first) = seen.insert(&test.name.value, test.name.span) {
                checker.out.push(declared_twice("test", &test.name.value, test.name.span, first));
            }
            let names = scenarios_of(test, own.get(&file.source), checker);
            if !test.lines.iter().any(|line| expects(&line.kind)) {
                checker.out.push(no_expectation(test, names.as_deref().unwrap_or(&[]), scenarios));
            }
            cases.extend(check_case(test, item.span, scenarios, names.as_deref(), checker));
        }
    }
    cases
}

/// One test: a case for each row of its table, or the only one.
fn check_case(
    test: &tree::Test,
    span: Span,
    scenarios: &[typed::Scenario],
    names: Option<&[String]>,
    checker: &mut Checker,
) -> Vec<Case> {
    let before = checker.out.len();
    let rows = table::rows(test, &mut checker.out);
    let mut cases = Vec::new();
    for row in &rows {
        let reader = Reader::new(checker, scenarios, names, row);
        cases.extend(reader.case(test, span));
    }
    // What is in error was not read to its end.
    if checker.out.len() == before && cases.len() == rows.len() && !rows.is_empty() {
        table::unused(test, &rows, &mut checker.out);
    }
    // A line without a value of the table is judged for each row, and has the same to say each time.
    let mut told: Vec<Diagnostic> = Vec::new();
    for found in checker.out.drain(before..) {
        if !told.contains(&found) {
            told.push(found);
        }
    }
    checker.out.append(&mut told);
    cases
}

fn expects(line: &TestLineKind) -> bool {
    match line {
        TestLineKind::Given { .. }
        | TestLineKind::Measure { .. }
        | TestLineKind::GivenBlock(_)
        | TestLineKind::Cases { .. }
        | TestLineKind::Until(_)
        | TestLineKind::At { .. } => false,
        TestLineKind::ExpectMessage { .. }
        | TestLineKind::ExpectNoMessage { .. }
        | TestLineKind::ExpectAct { .. }
        | TestLineKind::ExpectNothing { .. } => true,
    }
}

/// A test that asks for nothing. The first message of its scenarios shows how one asks.
fn no_expectation(test: &tree::Test, names: &[String], scenarios: &[typed::Scenario]) -> Diagnostic {
    let first = scenarios.iter().filter(|scenario| names.contains(&scenario.name)).find_map(|scenario| {
        let steps = scenario.all_steps();
        steps.into_iter().find_map(|step| match &step.kind {
            typed::StepKind::Send(send) => send.alternatives.first().cloned(),
            _ => None,
        })
    });
    let contact = test.lines.iter().find_map(|line| match &line.kind {
        tree::TestLineKind::At { contact, .. } => Some(contact.value.as_str()),
        _ => None,
    });
    let contact = contact.unwrap_or("ana");
    let form = first.map_or_else(
        || "`expect nothing`".to_owned(),
        |first| {
            format!(
                "`expect {} {} to {contact} at 2024-12-10 10:00`, or `expect nothing`",
                first.channel, first.message
            )
        },
    );
    Diagnostic::new(Rule::NoExpectation, format!("test `{}` has no `expect`", test.name.value))
        .at(test.name.span, "it can never fail")
        .help(format!("say what should happen: {form}"))
}

/// The scenarios that a test runs, those of its file unless it names others; `None`, with a finding, where one is unknown or there is none.
fn scenarios_of(test: &tree::Test, own: Option<&Vec<String>>, checker: &mut Checker) -> Option<Vec<String>> {
    let names = checker.names;
    // What a scenario does that could not be read wholly is not known.
    let is_whole = |name: &String| names.scenarios.get(name.as_str()).is_some_and(|each| !each.tree.incomplete);
    if test.of.is_empty() {
        if own.is_none() {
            checker.out.push(
                Diagnostic::new(Rule::UnknownName, "this test runs no scenario")
                    .at(test.name.span, "its file has none")
                    .help(format!("name one: `test \"{}\" of SCENARIO {{ ... }}`", test.name.value)),
            );
        }
        return own.filter(|own| own.iter().all(is_whole)).cloned();
    }
    let mut found = BTreeSet::new();
    let mut sound = true;
    for word in &test.of {
        if names.scenarios.contains_key(word.value.as_str()) {
            sound &= is_whole(&word.value);
            found.insert(word.value.clone());
            continue;
        }
        sound = false;
        if !names.is_silent(&word.value) {
            let report = Diagnostic::new(Rule::UnknownName, format!("no scenario is called `{}`", word.value));
            let near = suggestion(&word.value, names.scenarios.keys().copied());
            let otherwise = "a scenario without a name takes its file's name";
            checker.out.push(with_suggestion(report, word, near, otherwise));
        }
    }
    sound.then(|| found.into_iter().collect())
}

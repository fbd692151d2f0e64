//! `test` blocks: what is given, what happens and what is expected, against the model and the scenarios.

use super::CheckFile;
use super::literals::{self, constant};
use super::names::{declared_twice, unknown_field, with_suggestion};
use super::scope::Checker;
use super::typed;
use crate::diagnostic::{Diagnostic, Rule, suggestion};
use crate::model::{CHANNELS, Field, Literal, Record, Type};
use crate::span::{SourceId, Span};
use crate::syntax::tree::{self, Argument, ExprKind, ItemKind, TestLineKind, Word};
use crate::time::Instant;
use std::collections::{BTreeMap, BTreeSet};

/// A test whose every name and value is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    pub name: String,
    pub span: Span,
    pub scenarios: Vec<String>,
    pub given: Vec<Given>,
    pub events: Vec<Happening>,
    pub expectations: Vec<(Span, Expected)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    pub entity: String,
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
    Message { channel: String, message: String, contact: String, at: Option<Instant> },
    NoMessage { channel: String, message: String, contact: String },
    Nothing,
    NothingElse,
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
            if !test.lines.iter().any(|line| expects(&line.kind)) {
                let report =
                    Diagnostic::new(Rule::NoExpectation, format!("test `{}` has no `expect`", test.name.value));
                checker
                    .out
                    .push(report.at(test.name.span, "it can never fail").help("add a line, such as `expect nothing`"));
            }
            let names = scenarios_of(test, own.get(&file.source), checker);
            let mut reader = Reader { checker, rows: BTreeMap::new(), sent: BTreeSet::new(), sound: true };
            reader.sound = names.is_some();
            reader.sends(scenarios, names.as_deref().unwrap_or_default());
            cases.extend(reader.case(test, item.span, names.unwrap_or_default()));
        }
    }
    cases
}

fn expects(line: &TestLineKind) -> bool {
    match line {
        TestLineKind::Given { .. } | TestLineKind::At { .. } => false,
        TestLineKind::ExpectMessage { .. }
        | TestLineKind::ExpectNoMessage { .. }
        | TestLineKind::ExpectNothing { .. } => true,
        _ => false, // waist
    }
}

/// The scenarios that a test runs, those of its file unless it names others; `None`, with a finding, where one is unknown or there is none.
fn scenarios_of(test: &tree::Test, own: Option<&Vec<String>>, checker: &mut Checker) -> Option<Vec<String>> {
    let names = checker.names;
    if test.of.is_empty() {
        if own.is_none() {
            checker.out.push(
                Diagnostic::new(Rule::UnknownName, "this test runs no scenario")
                    .at(test.name.span, "its file has none")
                    .help(format!("name one: `test \"{}\" of SCENARIO {{ ... }}`", test.name.value)),
            );
        }
        return own.cloned();
    }
    let mut found = BTreeSet::new();
    let mut sound = true;
    for word in &test.of {
        if names.scenarios.contains_key(word.value.as_str()) {
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

struct Reader<'c, 'n> {
    checker: &'c mut Checker<'n>,
    /// The rows that the test gives: entity and place, by name.
    rows: BTreeMap<String, (String, Span)>,
    /// Channel and message of what its scenarios send.
    sent: BTreeSet<(String, String)>,
    sound: bool,
}

impl<'n> Reader<'_, 'n> {
    fn report(&mut self, found: Diagnostic) {
        self.checker.out.push(found);
        self.sound = false;
    }

    fn sends(&mut self, scenarios: &[typed::Scenario], names: &[String]) {
        let find = |name: &String| scenarios.binary_search_by(|scenario| scenario.name.cmp(name)).ok();
        for scenario in names.iter().filter_map(|name| scenarios.get(find(name)?)) {
            for step in scenario.all_steps() {
                if let typed::StepKind::Send(send) = &step.kind {
                    let alternatives = send.alternatives.iter();
                    self.sent.extend(alternatives.map(|each| (each.channel.clone(), each.message.clone())));
                }
            }
        }
    }

    fn case(mut self, test: &tree::Test, span: Span, scenarios: Vec<String>) -> Option<Case> {
        for line in &test.lines {
            if let TestLineKind::Given { entity, name, .. } = &line.kind {
                self.row(entity, name);
            }
        }
        let (mut given, mut events, mut expectations) = (Vec::new(), Vec::new(), Vec::new());
        for line in &test.lines {
            match &line.kind {
                TestLineKind::Given { entity, name, fields } => {
                    if let Some(record) = self.entity(entity) {
                        let fields = self.fields(record, fields);
                        given.push(Given { entity: entity.value.clone(), name: name.value.clone(), fields });
                    }
                }
                TestLineKind::At { at, arriving, contact, event, fields } => {
                    events.extend(self.happening(line.span, at, arriving.as_ref(), (contact, event), fields));
                }
                _ => expectations.extend(self.expected(line).map(|expected| (line.span, expected))),
            }
        }
        let name = test.name.value.clone();
        self.sound.then_some(Case { name, span, scenarios, given, events, expectations })
    }

    fn row(&mut self, entity: &Word, name: &Word) {
        if let Some((_, first)) = self.rows.get(&name.value) {
            let first = *first;
            self.report(declared_twice("row", &name.value, name.span, first));
            return;
        }
        self.rows.insert(name.value.clone(), (entity.value.clone(), name.span));
    }

    fn entity(&mut self, word: &Word) -> Option<&'n Record> {
        let names = self.checker.names;
        let found = names.model.entities.get(&word.value);
        if found.is_none() {
            self.sound = false;
            if !names.is_silent(&word.value) {
                let report = Diagnostic::new(Rule::UnknownName, format!("no entity is called `{}`", word.value));
                let near = suggestion(&word.value, names.model.entities.keys().map(String::as_str));
                let otherwise = match names.model.events.contains_key(&word.value) {
                    true => "an event is not given; it happens: `at 2020-01-10 10:00 ana purchased ...`",
                    false => "an entity is expected here, such as `contact`",
                };
                self.report(with_suggestion(report, word, near, otherwise));
            }
        }
        found
    }

    fn fields(&mut self, record: &Record, fields: &[Argument]) -> Vec<(String, Value)> {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        let mut values = Vec::with_capacity(fields.len());
        for argument in fields {
            let name = &argument.name;
            if let Some(first) = seen.insert(&name.value, name.span) {
                self.report(declared_twice("field", &name.value, name.span, first));
                continue;
            }
            let Some(field) = record.field(&name.value) else {
                self.report(unknown_field(name, record));
                continue;
            };
            if self.checker.names.is_broken(&record.name, &field.name) {
                self.sound = false;
                continue;
            }
            let value = match is_empty(&argument.value) {
                true => self.empty(&argument.value, field),
                false => self.value(&argument.value, &field.ty),
            };
            match value {
                Some(value) => values.push((name.value.clone(), value)),
                None => self.sound = false,
            }
        }
        values
    }

    /// No value, where the model allows for that.
    fn empty(&mut self, tree: &tree::Expr, field: &Field) -> Option<Value> {
        if field.optional || field.default.is_some() {
            return Some(Value::Empty);
        }
        let report = Diagnostic::new(Rule::TypeMismatch, format!("`{}` always has a value", field.name))
            .at(tree.span, format!("{} is expected here", field.ty.describe()))
            .because("the model declares it without `?`")
            .help("give it a value, or declare it with `?` where it may be missing");
        self.report(report);
        None
    }

    fn value(&mut self, tree: &tree::Expr, ty: &Type) -> Option<Value> {
        match (ty, &tree.kind) {
            (Type::Entity(entity), ExprKind::Path(path)) => match path.segments.as_slice() {
                [word] => self.reference(word, entity),
                _ => {
                    self.report(literals::mismatch(ty, None, tree.span, ""));
                    None
                }
            },
            (Type::List(entity), ExprKind::List(all)) => {
                let entity = Type::Entity(entity.clone());
                let values: Option<Vec<Value>> = all.iter().map(|each| self.value(each, &entity)).collect();
                values.map(Value::List)
            }
            (Type::Entity(_) | Type::List(_) | Type::Message, _) => {
                self.report(literals::mismatch(ty, None, tree.span, ""));
                None
            }
            _ => constant(tree, ty, self.checker.configuration, &mut self.checker.out).map(Value::Literal),
        }
    }

    /// A row of the test, of the wanted entity.
    fn reference(&mut self, word: &Word, entity: &str) -> Option<Value> {
        match self.rows.get(&word.value) {
            Some((found, _)) if found == entity => return Some(Value::Row(word.value.clone())),
            Some((found, place)) => {
                let report = Diagnostic::new(Rule::TypeMismatch, format!("`{}` is not a {entity}", word.value))
                    .at(word.span, format!("a {entity} is expected here"))
                    .at(*place, format!("given as a {found}"))
                    .help(format!("name a row that the test gives as a {entity}"));
                self.report(report);
            }
            None => {
                let report = Diagnostic::new(Rule::UnknownName, format!("the test gives no {entity} `{}`", word.value));
                let known = self.rows.iter().filter(|(_, (of, _))| of == entity).map(|(name, _)| name.as_str());
                let near = suggestion(&word.value, known);
                let otherwise = format!("give it: `given {entity} {} {{ ... }}`", word.value);
                let report = with_suggestion(report, word, near, &otherwise);
                self.report(report);
            }
        }
        None
    }

    fn instant(&mut self, tree: &tree::Expr) -> Option<Instant> {
        match constant(tree, &Type::Instant, self.checker.configuration, &mut self.checker.out) {
            Some(Literal::Instant(instant)) => Some(instant),
            _ => {
                self.sound = false;
                None
            }
        }
    }

    fn happening(
        &mut self,
        span: Span,
        at: &tree::Expr,
        arriving: Option<&tree::Expr>,
        (contact, event): (&Word, &Word),
        fields: &[Argument],
    ) -> Option<Happening> {
        let instant = self.instant(at);
        let seen = arriving.map(|arriving| (self.instant(arriving), arriving.span));
        let known = self.reference(contact, "contact").is_some();
        self.sound &= known;
        let scope = super::scope::Scope::new(super::scope::Place::TriggerFilter, super::scope::Triggers::Open);
        let Some(record) = self.checker.event(&scope, event) else {
            self.sound = false;
            return None;
        };
        let fields = self.fields(record, fields);
        if let (Some(instant), Some((Some(arriving), place))) = (instant, seen)
            && arriving < instant
        {
            let report = Diagnostic::new(Rule::BadLiteral, "an event cannot arrive before it happens")
                .at(place, "earlier than the event itself")
                .at(at.span, "the event happens here")
                .help("write a later instant after `arriving`");
            self.report(report);
        }
        let arriving = seen.and_then(|(instant, _)| instant);
        let (contact, event) = (contact.value.clone(), event.value.clone());
        Some(Happening { span, at: instant?, arriving, contact, event, fields })
    }

    fn expected(&mut self, line: &tree::TestLine) -> Option<Expected> {
        Some(match &line.kind {
            TestLineKind::ExpectNothing { otherwise: true } => Expected::NothingElse,
            TestLineKind::ExpectNothing { otherwise: false } => Expected::Nothing,
            TestLineKind::ExpectMessage { channel, message, contact, when } => {
                let at = match when {
                    Some(tree::When::At(at)) => Some(self.instant(at)),
                    _ => None,
                };
                self.message(channel, message, contact)?;
                let (channel, message) = (channel.value.clone(), message.value.clone());
                Expected::Message { channel, message, contact: contact.value.clone(), at: at.flatten() }
            }
            TestLineKind::ExpectNoMessage { channel, message, contact } => {
                self.message(channel, message, contact)?;
                let (channel, message) = (channel.value.clone(), message.value.clone());
                Expected::NoMessage { channel, message, contact: contact.value.clone() }
            }
            _ => return None, // waist
        })
    }

    /// A message that one of the scenarios sends, to a contact of the test.
    fn message(&mut self, channel: &Word, message: &Word, contact: &Word) -> Option<()> {
        let known = self.reference(contact, "contact").is_some();
        self.sound &= known;
        if !CHANNELS.iter().any(|(name, _)| *name == channel.value) {
            let report = Diagnostic::new(Rule::UnknownChannel, format!("no channel is called `{}`", channel.value));
            let near = suggestion(&channel.value, CHANNELS.iter().map(|(name, _)| *name));
            let known: Vec<&str> = CHANNELS.iter().map(|(name, _)| *name).collect();
            let otherwise = format!("the channels are {}", super::words::or_list(&known));
            self.report(with_suggestion(report, channel, near, &otherwise));
            return None;
        }
        if self.sent.contains(&(channel.value.clone(), message.value.clone())) {
            return known.then_some(());
        }
        if self.sound {
            let name = format!("{} {}", channel.value, message.value);
            let report = Diagnostic::new(Rule::UnknownName, format!("no scenario of this test sends `{name}`"));
            let sent: Vec<String> = self.sent.iter().map(|(channel, message)| format!("{channel} {message}")).collect();
            let near = suggestion(&name, sent.iter().map(String::as_str));
            let whole = Word::new(name.clone(), channel.span.to(message.span));
            let otherwise = match sent.is_empty() {
                true => "its scenarios send nothing".to_owned(),
                false => format!("they send {}", super::words::or_list(&sent)),
            };
            let report = with_suggestion(report, &whole, near, &otherwise);
            self.report(report);
        }
        self.sound = false;
        None
    }
}

/// The keyword `empty`: a row without a value here.
fn is_empty(tree: &tree::Expr) -> bool {
    matches!(&tree.kind, ExprKind::Path(path) if matches!(path.segments.as_slice(), [word] if word.value == "empty"))
}

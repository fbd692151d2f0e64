//! The namespace of a project: what every file declares, the standard library's included.
//!
//! Entities, events, accounts, measures, segments and definitions share one namespace; scenarios have their own, and so have
//! the `given` blocks of tests.

use super::CheckFile;
use super::engagement::messages;
use super::measures::DeclaredMeasure;
use super::origins::{Origin, origins};
use crate::diagnostic::{Diagnostic, Near, Rule, suggestion};
use crate::model::{Configuration, Model, Record, Type};
use crate::span::Span;
use crate::syntax::tree::{self, ItemKind, Word};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that has a declaration.
#[derive(Debug)]
pub struct Names<'a> {
    pub model: Model,
    pub definitions: BTreeMap<&'a str, Definition<'a>>,
    /// By name, in the order of the alphabet.
    pub scenarios: BTreeMap<&'a str, DeclaredScenario<'a>>,
    pub measures: BTreeMap<&'a str, DeclaredMeasure<'a>>,
    /// The blocks of lines that tests share, in a namespace of their own.
    pub givens: BTreeMap<&'a str, &'a tree::Given>,
    /// What the instances of each scenario may begin with.
    pub(super) origins: BTreeMap<&'a str, Vec<Origin>>,
    /// The messages that any scenario sends.
    pub(super) messages: BTreeSet<&'a str>,
    /// What each name of the shared namespace is, and where.
    places: BTreeMap<&'a str, (&'static str, Span)>,
    /// Fields whose type is in error: record, field.
    pub(super) broken: BTreeSet<(String, String)>,
    /// Names that an item in error declares, or one that could not be read; their uses are silent.
    pub(super) silent: BTreeSet<String>,
    /// Where each field is declared: record, field.
    pub(super) field_places: BTreeMap<(String, String), Span>,
}

/// A `let` or a `segment`.
#[derive(Debug)]
pub struct Definition<'a> {
    pub tree: DefinitionTree<'a>,
    /// `None` for a type in error.
    pub parameters: Vec<Option<Type>>,
    /// A named condition about a contact: judged without an instance, wherever it is used.
    pub is_segment: bool,
    /// Already reported; uses are silent.
    pub broken: bool,
}

/// What is written of a definition.
#[derive(Clone, Copy, Debug)]
pub struct DefinitionTree<'a> {
    pub name: &'a Word,
    pub parameters: &'a [tree::Parameter],
    pub body: &'a tree::Expr,
}

/// A scenario and its file.
#[derive(Debug)]
pub struct DeclaredScenario<'a> {
    pub tree: &'a tree::Scenario,
    pub file: &'a CheckFile<'a>,
    pub doc: Option<&'a str>,
    pub span: Span,
}

impl<'a> Names<'a> {
    /// Reads all declarations. What is wrong with them is reported once.
    pub fn collect(files: &'a [CheckFile<'a>], configuration: &Configuration, out: &mut Vec<Diagnostic>) -> Names<'a> {
        let mut names = Names {
            model: Model::default(),
            definitions: BTreeMap::new(),
            scenarios: BTreeMap::new(),
            measures: BTreeMap::new(),
            givens: BTreeMap::new(),
            origins: BTreeMap::new(),
            messages: BTreeSet::new(),
            places: BTreeMap::new(),
            broken: BTreeSet::new(),
            silent: files.iter().flat_map(|file| &file.unread).map(|name| (*name).to_owned()).collect(),
            field_places: BTreeMap::new(),
        };
        let items = || files.iter().flat_map(|file| file.tree.items.iter().map(move |item| (file, item)));
        for (file, item) in items() {
            names.declare(file, item, out);
        }
        for (_, item) in items() {
            names.fields(item, out);
        }
        for (_, item) in items() {
            names.defaults(item, configuration, out);
        }
        names.account_events();
        for (_, item) in items() {
            if let ItemKind::Route(route) = &item.kind {
                names.route(route, out);
            }
        }
        names.parameters(out);
        names.origins = origins(&names);
        names.messages = messages(names.scenarios.values().map(|declared| declared.tree));
        names
    }

    fn declare(&mut self, file: &'a CheckFile<'a>, item: &'a tree::Item, out: &mut Vec<Diagnostic>) {
        let record = |name: &Word| Record { name: name.value.clone(), fields: Vec::new(), doc: item.doc.clone() };
        match &item.kind {
            ItemKind::Entity(entity) => {
                if self.claim(&entity.name, "entity", out) {
                    self.model.entities.insert(entity.name.value.clone(), record(&entity.name));
                }
            }
            ItemKind::Event(event) => {
                if !self.refuse_account_event(&event.name, out) && self.claim(&event.name, "event", out) {
                    self.model.events.insert(event.name.value.clone(), record(&event.name));
                }
            }
            ItemKind::Let(tree::Let { name, parameters, body }) => {
                if self.claim(name, "definition", out) {
                    self.define(DefinitionTree { name, parameters, body }, false);
                }
            }
            ItemKind::Segment(tree::Segment { name, condition }) => {
                if self.claim(name, "segment", out) {
                    self.define(DefinitionTree { name, parameters: &[], body: condition }, true);
                }
            }
            ItemKind::Measure(measure) => {
                if self.claim(&measure.name, "measure", out) {
                    self.measures.insert(&measure.name.value, DeclaredMeasure::new(measure, item.span));
                }
            }
            ItemKind::Account(account) => {
                if self.claim(&account.name, "account", out) {
                    self.account(account, out);
                }
            }
            ItemKind::Route(route) => {
                if self.claim(&route.name, "event", out) {
                    self.model.events.insert(route.name.value.clone(), record(&route.name));
                }
            }
            ItemKind::Given(given) => self.given(given, out),
            ItemKind::Scenario(scenario) => self.scenario(file, item, scenario, out),
            ItemKind::Extend(_) | ItemKind::Test(_) | ItemKind::Identity(_) | ItemKind::Policy(_) => {}
        }
    }

    fn define(&mut self, tree: DefinitionTree<'a>, is_segment: bool) {
        let declared = Definition { tree, parameters: Vec::new(), is_segment, broken: false };
        self.definitions.insert(&tree.name.value, declared);
    }

    fn given(&mut self, given: &'a tree::Given, out: &mut Vec<Diagnostic>) {
        match self.givens.get(given.name.value.as_str()) {
            Some(first) => out.push(declared_twice("given", &given.name.value, given.name.span, first.name.span)),
            None => {
                self.givens.insert(&given.name.value, given);
            }
        }
    }

    fn scenario(
        &mut self,
        file: &'a CheckFile<'a>,
        item: &'a tree::Item,
        scenario: &'a tree::Scenario,
        out: &mut Vec<Diagnostic>,
    ) {
        let name = scenario.name.as_ref().map_or(file.stem, |name| &name.value);
        let declared = DeclaredScenario { tree: scenario, file, doc: item.doc.as_deref(), span: item.span };
        if let Some(first) = self.scenarios.get(name) {
            out.push(declared_twice("scenario", name, declared.place(), first.place()));
            return;
        }
        if scenario.incomplete {
            self.silent.insert(name.to_owned());
        }
        self.scenarios.insert(name, declared);
    }

    /// Takes a name of the shared namespace; reports one that is taken.
    pub(super) fn claim(&mut self, name: &'a Word, what: &'static str, out: &mut Vec<Diagnostic>) -> bool {
        if let Some((first_what, first)) = self.places.get(name.value.as_str()) {
            let mut found = declared_twice(what, &name.value, name.span, *first);
            if *first_what != what {
                found = found.because(format!(
                    "all that conditions name shares one namespace, and it is already {} {first_what}",
                    if first_what.starts_with(['a', 'e']) { "an" } else { "a" }
                ));
            }
            out.push(found);
            return false;
        }
        self.places.insert(&name.value, (what, name.span));
        true
    }

    /// Whether this item's record is the one that the model holds.
    pub(super) fn owns(&self, name: &Word) -> bool {
        self.places.get(name.value.as_str()).is_some_and(|(_, span)| *span == name.span)
    }

    fn parameters(&mut self, out: &mut Vec<Diagnostic>) {
        let resolved: Vec<(&'a str, Vec<Option<Type>>)> = self
            .definitions
            .iter()
            .map(|(name, definition)| {
                let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
                let types = definition.tree.parameters.iter().map(|parameter| {
                    if let Some(first) = seen.insert(&parameter.name.value, parameter.name.span) {
                        out.push(declared_twice("parameter", &parameter.name.value, parameter.name.span, first));
                    }
                    self.resolve_type(&parameter.ty, out)
                });
                (*name, types.collect())
            })
            .collect();
        for (name, parameters) in resolved {
            if let Some(definition) = self.definitions.get_mut(name) {
                definition.broken = parameters.iter().any(Option::is_none);
                definition.parameters = parameters;
            }
        }
    }

    /// Whether a name was declared by what is already reported.
    pub fn is_silent(&self, name: &str) -> bool {
        self.silent.contains(name)
    }

    /// Whether something could not be read, so that a name that seems unknown may be declared there.
    pub fn something_is_unread(&self) -> bool {
        !self.silent.is_empty()
    }

    /// Where an entity, event or definition is declared, and which of them it is.
    pub fn place(&self, name: &str) -> Option<(&'static str, Span)> {
        self.places.get(name).copied()
    }
}

impl DeclaredScenario<'_> {
    /// Where a finding about the whole scenario points: its name, else its trigger.
    pub fn place(&self) -> Span {
        let first = || self.tree.clauses.first().map(|clause| clause.span);
        self.tree.name.as_ref().map(|name| name.span).or_else(first).unwrap_or(self.span)
    }
}

/// Points at a misspelt word, with its repair where one is near.
pub fn with_suggestion(found: Diagnostic, word: &Word, near: Option<Near<'_>>, otherwise: &str) -> Diagnostic {
    match near {
        Some(near) => found
            .at(word.span, format!("did you mean `{near}`?"))
            .help(format!("write `{near}`"))
            .meant(word.span, near),
        None => found.at(word.span, "not known").help(otherwise),
    }
}

/// A field that its record does not have.
pub fn unknown_field(word: &Word, record: &Record) -> Diagnostic {
    let known: Vec<&str> = record.fields.iter().map(|field| field.name.as_str()).collect();
    let found = Diagnostic::new(Rule::UnknownField, format!("`{}` has no field `{}`", record.name, word.value));
    let otherwise = match known.is_empty() {
        true => format!("`{}` has no fields", record.name),
        false => format!("its fields are {}", known.join(", ")),
    };
    with_suggestion(found, word, suggestion(&word.value, known.iter().copied()), &otherwise)
}

/// One name, two declarations.
pub fn declared_twice(what: &str, name: &str, second: Span, first: Span) -> Diagnostic {
    Diagnostic::new(Rule::DeclaredTwice, format!("{what} `{name}` is declared twice"))
        .at(second, "declared again here")
        .at(first, "first declared here")
        .help(match what {
            "entity" => "to add fields to it, write `extend`; else give one of them another name",
            _ => "give one of them another name",
        })
}

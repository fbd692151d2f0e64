//! The namespace of a project: what every file declares, the standard library's included.
//!
//! Entities, events and definitions share one namespace; scenarios have their own.

use super::CheckFile;
use super::literals::constant;
use crate::diagnostic::{Diagnostic, Rule, suggestion};
use crate::model::{Configuration, Field, FieldDefault, Model, Record, Type};
use crate::span::{Sources, Span};
use crate::syntax::tree::{self, ExprKind, ItemKind, TypeName, Word};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that has a declaration.
#[derive(Debug)]
pub struct Names<'a> {
    pub model: Model,
    pub definitions: BTreeMap<&'a str, Definition<'a>>,
    /// By name, in the order of the alphabet.
    pub scenarios: BTreeMap<&'a str, DeclaredScenario<'a>>,
    /// What each name of the shared namespace is, and where.
    places: BTreeMap<&'a str, (&'static str, Span)>,
    /// Fields whose type is in error: record, field.
    broken: BTreeSet<(String, String)>,
    /// Names that an item of a later version declares, or one that could not be read; their uses are silent.
    silent: BTreeSet<String>,
    field_places: BTreeMap<(String, String), Span>,
}

/// A `let`.
#[derive(Debug)]
pub struct Definition<'a> {
    pub tree: &'a tree::Let,
    /// `None` for a type in error.
    pub parameters: Vec<Option<Type>>,
    /// Already reported; uses are silent.
    pub broken: bool,
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
    pub fn collect(
        files: &'a [CheckFile<'a>],
        sources: &Sources,
        configuration: &Configuration,
        out: &mut Vec<Diagnostic>,
    ) -> Names<'a> {
        let mut names = Names {
            model: Model::default(),
            definitions: BTreeMap::new(),
            scenarios: BTreeMap::new(),
            places: BTreeMap::new(),
            broken: BTreeSet::new(),
            silent: files.iter().flat_map(|file| file.unread).map(|word| word.value.clone()).collect(),
            field_places: BTreeMap::new(),
        };
        let items = || files.iter().flat_map(|file| file.tree.items.iter().map(move |item| (file, item)));
        for (file, item) in items() {
            names.declare(file, item, sources, out);
        }
        for (_, item) in items() {
            names.fields(item, out);
        }
        for (_, item) in items() {
            names.defaults(item, configuration, out);
        }
        names.parameters(out);
        names
    }

    fn declare(&mut self, file: &'a CheckFile<'a>, item: &'a tree::Item, sources: &Sources, out: &mut Vec<Diagnostic>) {
        let record = |name: &Word| Record { name: name.value.clone(), fields: Vec::new(), doc: item.doc.clone() };
        match &item.kind {
            ItemKind::Entity(entity) => {
                if self.claim(&entity.name, "entity", out) {
                    self.model.entities.insert(entity.name.value.clone(), record(&entity.name));
                }
            }
            ItemKind::Event(event) => {
                if self.claim(&event.name, "event", out) {
                    self.model.events.insert(event.name.value.clone(), record(&event.name));
                }
            }
            ItemKind::Let(definition) => {
                if self.claim(&definition.name, "definition", out) {
                    let declared = Definition { tree: definition, parameters: Vec::new(), broken: false };
                    self.definitions.insert(&definition.name.value, declared);
                }
            }
            ItemKind::Scenario(scenario) => self.scenario(file, item, scenario, out),
            ItemKind::Later { keyword } => self.silent.extend(declared_later(keyword, sources.text(item.span))),
            ItemKind::Extend(_) | ItemKind::Test(_) => {}
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
        self.scenarios.insert(name, declared);
    }

    /// Takes a name of the shared namespace; reports one that is taken.
    fn claim(&mut self, name: &'a Word, what: &'static str, out: &mut Vec<Diagnostic>) -> bool {
        if let Some((first_what, first)) = self.places.get(name.value.as_str()) {
            let mut found = declared_twice(what, &name.value, name.span, *first);
            if *first_what != what {
                found = found.because(format!(
                    "entities, events and definitions share one namespace, and it is already {} {first_what}",
                    if first_what.starts_with('e') { "an" } else { "a" }
                ));
            }
            out.push(found);
            return false;
        }
        self.places.insert(&name.value, (what, name.span));
        true
    }

    /// Whether this item's record is the one that the model holds.
    fn owns(&self, name: &Word) -> bool {
        self.places.get(name.value.as_str()).is_some_and(|(_, span)| *span == name.span)
    }

    /// The record that an item adds fields to, and whether it is an event.
    fn target(&self, item: &'a tree::Item) -> Option<(&'a Word, &'a [tree::Field], bool)> {
        match &item.kind {
            ItemKind::Entity(entity) if self.owns(&entity.name) => Some((&entity.name, &entity.fields, false)),
            ItemKind::Event(event) if self.owns(&event.name) => Some((&event.name, &event.fields, true)),
            ItemKind::Extend(extend) => {
                let is_event = self.model.events.contains_key(&extend.name.value);
                let known = is_event || self.model.entities.contains_key(&extend.name.value);
                known.then_some((&extend.name, &extend.fields, is_event))
            }
            _ => None,
        }
    }

    fn fields(&mut self, item: &'a tree::Item, out: &mut Vec<Diagnostic>) {
        if let ItemKind::Extend(extend) = &item.kind
            && !self.model.events.contains_key(&extend.name.value)
            && !self.model.entities.contains_key(&extend.name.value)
        {
            if !self.silent.contains(&extend.name.value) {
                out.push(self.unknown_record(&extend.name));
            }
            return;
        }
        let Some((record, fields, is_event)) = self.target(item) else { return };
        for field in fields {
            self.field(record, field, is_event, out);
        }
    }

    fn field(&mut self, record: &Word, field: &tree::Field, is_event: bool, out: &mut Vec<Diagnostic>) {
        let name = &field.name;
        let given = if is_event { &["id", "contact", "at"][..] } else { &["id"][..] };
        if given.contains(&name.value.as_str()) {
            out.push(
                Diagnostic::new(Rule::DeclaredTwice, format!("`{}` is declared twice", name.value))
                    .at(name.span, format!("every {} has it already", if is_event { "event" } else { "entity" }))
                    .help("leave it out, or give the field another name"),
            );
            return;
        }
        let key = (record.value.clone(), name.value.clone());
        if let Some(first) = self.field_places.get(&key) {
            out.push(declared_twice("field", &name.value, name.span, *first));
            return;
        }
        self.field_places.insert(key.clone(), name.span);
        let ty = self.resolve_type(&field.ty, out);
        if ty.is_none() {
            self.broken.insert(key);
        }
        let declared = Field {
            name: name.value.clone(),
            ty: ty.unwrap_or(Type::Text),
            optional: field.optional,
            default: None,
            doc: field.doc.clone(),
        };
        if let Some(record) = self.record_mut(&record.value) {
            record.fields.push(declared);
        }
    }

    fn record_mut(&mut self, name: &str) -> Option<&mut Record> {
        self.model.events.get_mut(name).or_else(|| self.model.entities.get_mut(name))
    }

    fn defaults(&mut self, item: &'a tree::Item, configuration: &Configuration, out: &mut Vec<Diagnostic>) {
        let Some((record, fields, _)) = self.target(item) else { return };
        for field in fields {
            let Some(default) = &field.default else { continue };
            let key = (record.value.clone(), field.name.value.clone());
            if self.broken.contains(&key) || self.field_places.get(&key) != Some(&field.name.span) {
                continue;
            }
            match self.default(&record.value, &field.name.value, default, configuration, out) {
                Some(value) => {
                    let found = self.record_mut(&record.value);
                    if let Some(field) =
                        found.and_then(|record| record.fields.iter_mut().find(|each| each.name == field.name.value))
                    {
                        field.default = Some(value);
                    }
                }
                None => {
                    self.broken.insert(key);
                }
            }
        }
    }

    fn default(
        &self,
        record: &str,
        field: &str,
        default: &tree::Expr,
        configuration: &Configuration,
        out: &mut Vec<Diagnostic>,
    ) -> Option<FieldDefault> {
        let record = self.model.events.get(record).or_else(|| self.model.entities.get(record))?;
        let ty = &record.field(field)?.ty;
        let ExprKind::Path(path) = &default.kind else {
            return constant(default, ty, configuration, out).map(FieldDefault::Literal);
        };
        let [word] = path.segments.as_slice() else {
            out.push(
                Diagnostic::new(Rule::TypeMismatch, "a default is a value, or another field of the same record")
                    .at(path.span, "a path")
                    .help("name a field of the same record, or write a value"),
            );
            return None;
        };
        if word.value == "id" && *ty == Type::Text {
            return Some(FieldDefault::Field("id".into()));
        }
        let Some(sibling) = record.field(&word.value) else {
            out.push(unknown_field(word, record));
            return None;
        };
        let problem = if sibling.name == field {
            "a field cannot stand in for itself".to_owned()
        } else if sibling.ty != *ty {
            format!("`{}` is {}, not {}", word.value, super::literals::a(&sibling.ty), super::literals::a(ty))
        } else if sibling.optional {
            format!("`{}` may be missing itself", word.value)
        } else {
            return Some(FieldDefault::Field(word.value.clone()));
        };
        out.push(
            Diagnostic::new(Rule::TypeMismatch, format!("`{}` cannot be the default of `{field}`", word.value))
                .at(word.span, problem)
                .help("name a field of the same type that is always present, or write a value"),
        );
        None
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

    /// The type that a text names; an unknown one is reported.
    fn resolve_type(&self, ty: &TypeName, out: &mut Vec<Diagnostic>) -> Option<Type> {
        let word = match ty {
            TypeName::Named(word) => word,
            TypeName::Enumeration(texts) => return Some(enumeration(texts, out)),
        };
        if let Some(known) = Type::named(&word.value) {
            return Some(known);
        }
        if self.model.entities.contains_key(&word.value) {
            return Some(Type::Entity(word.value.clone()));
        }
        if let Some(entity) = word.value.strip_suffix('s').filter(|entity| self.model.entities.contains_key(*entity)) {
            return Some(Type::List(entity.to_owned()));
        }
        if self.silent.contains(word.value.trim_end_matches('s')) || self.silent.contains(&word.value) {
            return None;
        }
        let plurals: Vec<String> = self.model.entities.keys().map(|entity| format!("{entity}s")).collect();
        let known = Type::WORDS.iter().copied().chain(self.model.entities.keys().map(String::as_str));
        let near = suggestion(&word.value, known.chain(plurals.iter().map(String::as_str)));
        out.push(unknown_type(word, near));
        None
    }

    pub fn is_broken(&self, record: &str, field: &str) -> bool {
        // A set of pairs of texts cannot be asked by borrowed texts; it is almost always empty.
        !self.broken.is_empty() && self.broken.contains(&(record.to_owned(), field.to_owned()))
    }

    /// Whether a name was declared by what is already reported.
    pub fn is_silent(&self, name: &str) -> bool {
        self.silent.contains(name)
    }

    /// Where an entity, event or definition is declared, and which of them it is.
    pub fn place(&self, name: &str) -> Option<(&'static str, Span)> {
        self.places.get(name).copied()
    }

    fn unknown_record(&self, name: &Word) -> Diagnostic {
        let known = self.model.entities.keys().chain(self.model.events.keys()).map(String::as_str);
        let found = Diagnostic::new(Rule::UnknownName, format!("no entity or event is called `{}`", name.value));
        with_suggestion(found, name, suggestion(&name.value, known), "declare it with `entity`")
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
pub fn with_suggestion(found: Diagnostic, word: &Word, near: Option<&str>, otherwise: &str) -> Diagnostic {
    match near {
        Some(near) => {
            found.at(word.span, format!("did you mean `{near}`?")).help(format!("write `{near}`")).fix(word.span, near)
        }
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

fn unknown_type(word: &Word, near: Option<&str>) -> Diagnostic {
    let found = Diagnostic::new(Rule::UnknownType, format!("no type is called `{}`", word.value));
    let otherwise =
        "a type is a word such as `text`, an entity, the plural of an entity, or texts such as `\"a\" | \"b\"`";
    with_suggestion(found, word, near, otherwise)
}

fn enumeration(texts: &[Word], out: &mut Vec<Diagnostic>) -> Type {
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for text in texts {
        if let Some(first) = seen.insert(&text.value, text.span) {
            out.push(declared_twice("value", &text.value, text.span, first));
        }
    }
    Type::Enumeration(texts.iter().map(|text| text.value.clone()).collect())
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

/// The name that an item of a later version declares.
fn declared_later(keyword: &Word, text: &str) -> Option<String> {
    let words: Vec<&str> = text
        .split(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
        .filter(|word| !word.is_empty())
        .take(64)
        .collect();
    let at = match keyword.value.as_str() {
        "segment" | "measure" => 1,
        "route" => words.iter().position(|word| *word == "as")? + 1,
        _ => return None,
    };
    words.get(at).map(|name| (*name).to_owned())
}

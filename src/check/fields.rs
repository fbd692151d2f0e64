//! The fields of entities and events: their types and their defaults.

use super::literals::{a, constant};
use super::names::{Names, declared_twice, unknown_field, with_suggestion};
use crate::diagnostic::{Diagnostic, Near, Rule, suggestion};
use crate::model::{Configuration, Field, FieldDefault, Record, Type};
use crate::span::Span;
use crate::syntax::tree::{self, ExprKind, ItemKind, TypeName, Word};
use crate::syntax::type_meant;
use std::collections::BTreeMap;

/// The type of many texts, such as the tags of a contact.
const TEXTS: &str = "texts";

impl<'a> Names<'a> {
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

    pub(super) fn fields(&mut self, item: &'a tree::Item, out: &mut Vec<Diagnostic>) {
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
        let ty = ty.unwrap_or(Type::Text);
        let is_list = super::lists::is_list(Some(&ty));
        if let TypeName::Named(word) = &field.ty
            && is_list
            && field.optional
        {
            out.push(
                Diagnostic::new(Rule::TypeMismatch, "a list is never missing; it may be empty")
                    .at(word.span, "a list takes no `?`")
                    .help(format!("write `{}: {}`", name.value, word.value)),
            );
        }
        let declared = Field {
            name: name.value.clone(),
            optional: field.optional && !is_list,
            ty,
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

    pub(super) fn defaults(&mut self, item: &'a tree::Item, configuration: &Configuration, out: &mut Vec<Diagnostic>) {
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
            format!("`{}` is {}, not {}", word.value, a(&sibling.ty), a(ty))
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

    /// The type that a text names; an unknown one is reported.
    pub(super) fn resolve_type(&self, ty: &TypeName, out: &mut Vec<Diagnostic>) -> Option<Type> {
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
        if word.value == TEXTS {
            return Some(Type::Texts);
        }
        if let Some(entity) = word.value.strip_suffix('s').filter(|entity| self.model.entities.contains_key(*entity)) {
            return Some(Type::List(entity.to_owned()));
        }
        if self.silent.contains(word.value.trim_end_matches('s')) || self.silent.contains(&word.value) {
            return None;
        }
        let plurals: Vec<String> = self.model.entities.keys().map(|entity| format!("{entity}s")).collect();
        let known = Type::WORDS.iter().copied().chain([TEXTS]).chain(self.model.entities.keys().map(String::as_str));
        let near = type_meant(&word.value)
            .map(Near::sure)
            .or_else(|| suggestion(&word.value, known.chain(plurals.iter().map(String::as_str))));
        out.push(unknown_type(word, near));
        None
    }

    pub fn is_broken(&self, record: &str, field: &str) -> bool {
        // A set of pairs of texts cannot be asked by borrowed texts; it is almost always empty.
        !self.broken.is_empty() && self.broken.contains(&(record.to_owned(), field.to_owned()))
    }

    fn unknown_record(&self, name: &Word) -> Diagnostic {
        let known = self.model.entities.keys().chain(self.model.events.keys()).map(String::as_str);
        let found = Diagnostic::new(Rule::UnknownName, format!("no entity or event is called `{}`", name.value));
        with_suggestion(found, name, suggestion(&name.value, known), "declare it with `entity`")
    }
}

fn unknown_type(word: &Word, near: Option<Near<'_>>) -> Diagnostic {
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

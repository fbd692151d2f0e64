//! Values in the lines of a test: fields of rows and events, instants, amounts.

use super::Value;
use super::reader::Reader;
use crate::check::literals::{self, constant};
use crate::check::names::{declared_twice, unknown_field, with_suggestion};
use crate::diagnostic::{Diagnostic, Rule, suggestion};
use crate::model::{Field, Literal, Record, Type};
use crate::span::Span;
use crate::syntax::tree::{self, Argument, ExprKind, Word};
use crate::time::Instant;
use std::collections::BTreeMap;

impl<'n> Reader<'_, 'n, '_> {
    /// What is meant: of a name of the test's table, the value of this row.
    pub(super) fn written<'t>(&self, tree: &'t tree::Expr) -> &'t tree::Expr
    where
        Self: 't,
    {
        one_word(tree).and_then(|word| self.row.value(&word.value)).unwrap_or(tree)
    }

    pub(super) fn entity(&mut self, word: &Word) -> Option<&'n Record> {
        let names = self.checker.names;
        let found = names.model.entities.get(&word.value);
        if found.is_none() {
            self.sound = false;
            self.misses_rows |= names.givens.contains_key(word.value.as_str());
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

    pub(super) fn fields(&mut self, record: &Record, fields: &[Argument]) -> Vec<(String, Value)> {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        let mut values = Vec::with_capacity(fields.len());
        let fields = match fields {
            [alone, pair, rest @ ..] if is_one_too_many(alone, pair, record) => {
                self.report(one_too_many(&pair.value));
                rest
            }
            all => all,
        };
        for argument in fields {
            let name = &argument.name;
            if let Some(first) = seen.insert(&name.value, name.span) {
                self.report(declared_twice("field", &name.value, name.span, first));
                continue;
            }
            let Some(field) = record.field(&name.value) else {
                if self.checker.names.is_silent(&record.name) {
                    self.sound = false;
                    continue;
                }
                let alone = name.span == argument.value.span;
                self.report(if alone { no_message(&argument.value, record) } else { unknown_field(name, record) });
                continue;
            };
            if self.checker.names.is_broken(&record.name, &field.name) {
                self.sound = false;
                continue;
            }
            let written = self.written(&argument.value);
            let value = match is_empty(written) {
                true => self.empty(written, field),
                false => self.value(written, &field.ty),
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

    pub(super) fn value(&mut self, tree: &tree::Expr, ty: &Type) -> Option<Value> {
        let tree = self.written(tree);
        match (ty, &tree.kind) {
            (Type::Entity(entity), ExprKind::Path(path)) => match path.segments.as_slice() {
                [word] => self.reference(word, entity),
                _ => {
                    self.report(literals::mismatch(ty, None, tree.span, ""));
                    None
                }
            },
            (Type::List(_) | Type::Texts, ExprKind::List(all)) => {
                let of = match ty {
                    Type::List(entity) => Type::Entity(entity.clone()),
                    _ => Type::Text,
                };
                let values: Option<Vec<Value>> = all.iter().map(|each| self.value(each, &of)).collect();
                values.map(Value::List)
            }
            (Type::Message, ExprKind::Path(_)) => self.template(tree).map(Value::Literal),
            (Type::Entity(_) | Type::List(_) | Type::Texts | Type::Message, _) => {
                self.report(literals::mismatch(ty, None, tree.span, ""));
                None
            }
            _ => self.constant(tree, ty).map(Value::Literal),
        }
    }

    pub(super) fn constant(&mut self, tree: &tree::Expr, ty: &Type) -> Option<Literal> {
        let tree = self.written(tree);
        let found = constant(tree, ty, self.checker.configuration, &mut self.checker.out);
        self.sound &= found.is_some();
        found
    }

    /// The name of a message: any, for the history may tell of one that no scenario sends any more; but not one that is
    /// nearly that of another.
    fn template(&mut self, tree: &tree::Expr) -> Option<Literal> {
        let Some(word) = one_word(tree) else {
            self.report(literals::mismatch(&Type::Message, None, tree.span, ""));
            return None;
        };
        let known = &self.checker.names.messages;
        if !known.contains(word.value.as_str())
            && let Some(near) = suggestion(&word.value, known.iter().copied())
        {
            let report = Diagnostic::new(Rule::UnknownName, format!("no scenario sends `{}`", word.value));
            self.report(with_suggestion(report, word, Some(near), ""));
            return None;
        }
        Some(Literal::Text(word.value.clone()))
    }

    /// The name that is meant: of a name of the test's table, the name that this row has for it.
    pub(super) fn named(&self, word: &Word) -> Word {
        let value = self.row.value(&word.value).and_then(one_word);
        value.unwrap_or(word).clone()
    }

    /// A contact of the test.
    pub(super) fn contact(&mut self, word: &Word) -> bool {
        let known = self.reference(word, "contact").is_some();
        self.sound &= known;
        known
    }

    /// A row of the test, of the wanted entity.
    fn reference(&mut self, word: &Word, entity: &str) -> Option<Value> {
        match self.rows.get(&word.value) {
            Some((found, _)) if found == entity => return Some(Value::Row(word.value.clone())),
            // The entity is in error already.
            Some((found, _)) if !self.checker.names.model.entities.contains_key(found) => self.sound = false,
            None if self.misses_rows => self.sound = false,
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
                // Said once, and not for each line that names it.
                self.rows.insert(word.value.clone(), (entity.to_owned(), word.span));
                self.sound = false;
            }
        }
        None
    }

    pub(super) fn instant(&mut self, tree: &tree::Expr) -> Option<Instant> {
        match self.constant(tree, &Type::Instant)? {
            Literal::Instant(instant) => Some(instant),
            _ => None,
        }
    }
}

/// The one word that an expression is.
pub(super) fn one_word(tree: &tree::Expr) -> Option<&Word> {
    match &tree.kind {
        ExprKind::Path(path) => match path.segments.as_slice() {
            [word] => Some(word),
            _ => None,
        },
        _ => None,
    }
}

/// `product futon futon`: read in pairs from the second word on, of which none is a field.
fn is_one_too_many(alone: &Argument, pair: &Argument, record: &Record) -> bool {
    let is_value = |word: &Word| record.field(&word.value).is_none();
    let is_alone = alone.name.span == alone.value.span;
    let is_field = one_word(&alone.value).is_some_and(|word| !is_value(word));
    is_alone && is_field && is_value(&pair.name) && one_word(&pair.value).is_some_and(is_value)
}

fn one_too_many(value: &tree::Expr) -> Diagnostic {
    let word = one_word(value).map_or("", |word| word.value.as_str());
    Diagnostic::new(Rule::UnknownField, format!("`{word}` is one word too many"))
        .at(value.span, "no field before it")
        .help(
            "fields and values stand by turns, `product futon quantity 2`: leave it out, or write the field before it",
        )
}

/// A word alone after an event that is about no message.
fn no_message(value: &tree::Expr, event: &Record) -> Diagnostic {
    let word = one_word(value).map_or("", |word| word.value.as_str());
    let found = Diagnostic::new(Rule::UnknownField, format!("`{}` is about no message", event.name));
    match event.field(word) {
        Some(field) => found
            .at(value.span, format!("the field `{word}` has no value here"))
            .help(format!("write a value after it: {}", literals::example(&field.ty, "EUR"))),
        None => found
            .at(value.span, "only a message's name stands alone after an event")
            .help("write the name of a field before it"),
    }
}

/// The keyword `empty`: a row without a value here.
pub(super) fn is_empty(tree: &tree::Expr) -> bool {
    matches!(&tree.kind, ExprKind::Path(path) if matches!(path.segments.as_slice(), [word] if word.value == "empty"))
}

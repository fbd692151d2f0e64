//! Accounts: what a contact has of something, and the events that tell of its changes.

use super::names::{Names, declared_twice, with_suggestion};
use crate::diagnostic::{Diagnostic, Rule, suggestion};
use crate::model::{Field, Record, Type};
use crate::span::Span;
use crate::syntax::tree::{self, Word};

/// The events that accounts make: a credit, a debit.
pub(super) const ACCOUNT_EVENTS: [(&str, &str); 2] =
    [("credited", "Something was put on an account of the contact."), ("debited", "Something was taken off it.")];

/// When what was credited is worth nothing any more: a field of the events of accounts.
const EXPIRES: &str = "expires";

impl<'a> Names<'a> {
    /// `account NAME: number`
    pub(super) fn account(&mut self, account: &'a tree::Account, out: &mut Vec<Diagnostic>) {
        let name = &account.name;
        if ["id", "contact", "at", EXPIRES].contains(&name.value.as_str()) {
            out.push(
                Diagnostic::new(Rule::DeclaredTwice, format!("`{}` is declared twice", name.value))
                    .at(name.span, "every event of an account has a field of this name already")
                    .help("give the account another name"),
            );
            self.silent.insert(name.value.clone());
            return;
        }
        match account.ty.value.as_str() {
            "number" => self.model.accounts.insert(name.value.clone(), Type::Number),
            "money" => self.model.accounts.insert(name.value.clone(), Type::Money),
            _ => {
                out.push(not_counted(&account.ty));
                self.silent.insert(name.value.clone());
                None
            }
        };
    }

    /// An event of the model's own that a text declares; reported.
    pub(super) fn refuse_account_event(&mut self, name: &Word, out: &mut Vec<Diagnostic>) -> bool {
        let is_own = ACCOUNT_EVENTS.iter().any(|(event, _)| *event == name.value);
        if is_own {
            self.silent.insert(name.value.clone());
            out.push(
                Diagnostic::new(Rule::DeclaredTwice, format!("`{}` is declared twice", name.value))
                    .at(name.span, "the accounts of the project make this event")
                    .help("leave it out, and write an account: `account points: number`"),
            );
        }
        is_own
    }

    /// The events `credited` and `debited`, with a field for each account.
    pub(super) fn account_events(&mut self) {
        if self.model.accounts.is_empty() {
            return;
        }
        let optional = |name: &str, ty: Type| Field { name: name.into(), ty, optional: true, default: None, doc: None };
        let mut fields: Vec<Field> = self.model.accounts.iter().map(|(name, ty)| optional(name, ty.clone())).collect();
        fields.push(optional(EXPIRES, Type::Instant));
        for (event, doc) in ACCOUNT_EVENTS {
            let record = Record { name: event.into(), fields: fields.clone(), doc: Some(doc.into()) };
            self.model.events.insert(event.into(), record);
        }
    }

    /// `identity contact by FIELD, ...`: the fields of the contact by which several rows are one person.
    pub fn identity(&self, items: &[(&'a tree::Identity, Span)], out: &mut Vec<Diagnostic>) -> Vec<String> {
        let Some(((identity, first), others)) = items.split_first() else { return Vec::new() };
        for (_, second) in others {
            out.push(
                Diagnostic::new(Rule::DeclaredTwice, "who is one person is said twice")
                    .at(*second, "said again here")
                    .at(*first, "first said here")
                    .help("name all fields in one of them, the strongest first"),
            );
        }
        if identity.entity.value != "contact" {
            let found = Diagnostic::new(Rule::UnknownName, format!("`{}` is no person", identity.entity.value));
            let near = suggestion(&identity.entity.value, ["contact"]);
            out.push(with_suggestion(found, &identity.entity, near, "write `identity contact by ...`"));
            return Vec::new();
        }
        let Some(contact) = self.model.entities.get("contact") else { return Vec::new() };
        let mut fields: Vec<&Word> = Vec::new();
        for word in &identity.fields {
            if let Some(first) = fields.iter().find(|each| each.value == word.value) {
                out.push(declared_twice("field", &word.value, word.span, first.span));
            } else if let Some(field) = contact.field(&word.value) {
                match field.ty {
                    _ if self.is_broken("contact", &field.name) => {}
                    Type::Text | Type::Date => fields.push(word),
                    _ => out.push(not_identifying(word, &field.ty)),
                }
            } else {
                out.push(super::names::unknown_field(word, contact));
            }
        }
        fields.into_iter().map(|word| word.value.clone()).collect()
    }
}

fn not_counted(ty: &Word) -> Diagnostic {
    let found = Diagnostic::new(Rule::UnknownType, format!("an account is not counted in `{}`", ty.value));
    let near = suggestion(&ty.value, ["number", "money"]);
    with_suggestion(found, ty, near, "an account is a `number` or an amount of `money`")
}

fn not_identifying(word: &Word, ty: &Type) -> Diagnostic {
    let found = super::literals::a(ty);
    Diagnostic::new(Rule::TypeMismatch, format!("`{}` is {found}, which does not tell persons apart", word.value))
        .at(word.span, "a text or a date is expected here")
        .help("name a field such as `email`, `phone` or `birthday`")
}

//! What a path means.
//!
//! A path begins with, in this order: a parameter of the definition; a field of the event at hand (in a filter or a
//! `where`), or its instant, `at`; `contact`, `trigger`, `entry`, `now`; a field of the trigger; an account, which is what is
//! on it; a measure; a definition or a segment; an event, which asks for its history. In the filter of another event, a field of the trigger is written `trigger.FIELD`. A name that is both a
//! field of the trigger and a definition or an event is not guessed: it is an error.

use super::aggregates::AT;
use super::borrowed::borrowed;
use super::literals;
use super::names::{declared_twice, unknown_field, with_suggestion};
use super::scope::{Checker, Place, Scope, Triggers, out_of_context};
use super::typed::{Expr, Kind};
use crate::diagnostic::{Diagnostic, Rule, suggestion};
use crate::model::{Field, Record, Type};
use crate::span::Span;
use crate::syntax::misspelt_keyword;
use crate::syntax::tree::{Path, Word};
use crate::time::Weekday;

/// A field that every trigger has, or why there is none.
enum TriggerField {
    Found(Field),
    /// In error already, or of an unknown trigger: silent.
    Silent,
    None,
    /// One trigger has it, another does not or has another.
    Uneven(String),
}

impl<'a> Checker<'a> {
    /// What a path means here.
    pub fn path(&mut self, scope: &Scope, path: &Path) -> Expr {
        let Some((first, rest)) = path.segments.split_first() else {
            return Expr::error(path.span);
        };
        let root = match self.root(scope, first, rest, path) {
            Ok(root) => root,
            Err(silent) => return silent,
        };
        let (root, rest) = root;
        let mut expr = self.follow(scope, root, rest);
        expr.span = path.span;
        expr
    }

    /// The value at the beginning of a path, and the segments that remain.
    #[allow(clippy::type_complexity, reason = "a pair, or the node that ends the path")]
    fn root<'t>(
        &mut self,
        scope: &Scope,
        first: &'t Word,
        rest: &'t [Word],
        path: &Path,
    ) -> Result<(Expr, &'t [Word]), Expr> {
        let name = first.value.as_str();
        if let Some((_, bound)) = scope.parameters.iter().find(|(parameter, _)| *parameter == name) {
            return Ok((bound.clone(), rest));
        }
        if let Some(record) = scope.event
            && let Some(field) = record.field(name)
        {
            return Ok((self.field_of(record, field, Kind::Event(name.to_owned()), first.span), rest));
        }
        if scope.event.is_some() && name == AT {
            return Ok((Expr::new(Kind::EventAt, Type::Instant, false, first.span), rest));
        }
        match name {
            "contact" => return self.contact(scope, first, rest),
            "trigger" => return self.trigger(scope, first, rest),
            "entry" if scope.has_instance() => {
                return Ok((Expr::new(Kind::Entry, Type::Instant, false, first.span), rest));
            }
            "now" if scope.event.is_none() || !scope.trigger_is_at_hand() => {
                return Ok((Expr::new(Kind::Now, Type::Instant, false, first.span), rest));
            }
            "entry" | "now" => {
                self.report(scope, out_of_context(name, scope.place, first.span));
                return Err(Expr::error(path.span));
            }
            _ => {}
        }
        if scope.event.is_none() {
            match self.trigger_field(scope, name) {
                TriggerField::Found(_) if self.is_balance_before_field(scope, name) => {
                    return Ok((self.balance(scope, first), rest));
                }
                TriggerField::Found(field) => {
                    self.refuse_ambiguous(scope, first, rest)?;
                    return Ok((self.trigger_value(scope, &field, first.span), rest));
                }
                TriggerField::Silent => return Err(Expr::error(path.span)),
                TriggerField::Uneven(why) => {
                    self.report(scope, uneven(name, &why, first.span));
                    return Err(Expr::error(path.span));
                }
                TriggerField::None => {}
            }
        }
        if let Some(found) = self.kept(scope, first) {
            return Ok((found, rest));
        }
        if self.names.definitions.contains_key(name) {
            // Where a window is wanted, what lacks one lacks it once, however many events it stands for.
            if rest.is_empty() && matches!(scope.place, Place::Audience | Place::Silence) && self.is_choice(first) {
                return Err(self.bare_event(scope, first));
            }
            return Ok((self.unfold(scope, first, &[], path.span), rest));
        }
        if rest.is_empty() && self.names.model.events.contains_key(name) {
            return Err(self.bare_event(scope, first));
        }
        self.unknown(scope, first, rest);
        Err(Expr::error(path.span))
    }

    /// What the engine keeps under a name: what is on an account, the value of a measure.
    fn kept(&mut self, scope: &Scope, word: &Word) -> Option<Expr> {
        if self.names.model.accounts.contains_key(&word.value) {
            return Some(self.balance(scope, word));
        }
        let measure = self.names.measures.get(word.value.as_str())?;
        let Some(ty) = measure.ty() else {
            self.silenced = true;
            return Some(Expr::error(word.span));
        };
        if !scope.has_histories() {
            self.report(scope, out_of_context(&word.value, scope.place, word.span));
            return Some(Expr::error(word.span));
        }
        // It is missing before its first refresh.
        Some(Expr::new(Kind::Measure(word.value.clone()), ty.clone(), true, word.span))
    }

    /// What is on an account.
    fn balance(&mut self, scope: &Scope, word: &Word) -> Expr {
        let Some(ty) = self.names.model.accounts.get(&word.value) else { return Expr::error(word.span) };
        if !scope.has_histories() {
            self.report(scope, out_of_context(&word.value, scope.place, word.span));
            return Expr::error(word.span);
        }
        Expr::new(Kind::Balance(word.value.clone()), ty.clone(), false, word.span)
    }

    /// Of a scenario that begins with a movement of accounts, the name of an account is what is on it now; what moved is
    /// `trigger.points`.
    pub(super) fn is_balance_before_field(&self, scope: &Scope, name: &str) -> bool {
        let is_movement = |record: &&Record| matches!(record.name.as_str(), "credited" | "debited");
        self.names.model.accounts.contains_key(name)
            && scope.has_histories()
            && match scope.triggers {
                Triggers::Of(records) => records.iter().all(is_movement),
                Triggers::Open => true,
                Triggers::Unknown => false,
            }
    }

    fn contact<'t>(&mut self, scope: &Scope, first: &Word, rest: &'t [Word]) -> Result<(Expr, &'t [Word]), Expr> {
        let Some((word, rest)) = rest.split_first() else {
            let contact = Expr::new(Kind::ContactId, Type::Entity("contact".into()), false, first.span);
            return Ok((contact, rest));
        };
        let names = self.names;
        let Some(record) = names.model.entities.get("contact") else {
            return Err(Expr::error(first.span));
        };
        match record.field(&word.value) {
            Some(field) => Ok((self.field_of(record, field, Kind::Contact(word.value.clone()), word.span), rest)),
            None => {
                self.no_field(scope, word, record);
                Err(Expr::error(word.span))
            }
        }
    }

    fn trigger<'t>(&mut self, scope: &Scope, first: &Word, rest: &'t [Word]) -> Result<(Expr, &'t [Word]), Expr> {
        // In the filter of another event, the event at hand is not the one after which the silence begins.
        let of_another = scope.place == Place::Silence && scope.event.is_some();
        if scope.place == Place::OnceEvery || of_another {
            self.report(scope, out_of_context("trigger", scope.place, first.span));
            return Err(Expr::error(first.span));
        }
        if matches!(scope.triggers, Triggers::Of([])) {
            self.report(scope, no_trigger(first.span));
            return Err(Expr::error(first.span));
        }
        let Some((word, rest)) = rest.split_first() else {
            let found = Diagnostic::new(Rule::UnknownField, "`trigger` alone is not a value")
                .at(first.span, "which field of it?")
                .help("write a field of the trigger, such as `trigger.product`");
            self.report(scope, found);
            return Err(Expr::error(first.span));
        };
        match self.trigger_field(scope, &word.value) {
            TriggerField::Found(field) => Ok((self.trigger_value(scope, &field, word.span), rest)),
            TriggerField::Silent => Err(Expr::error(word.span)),
            TriggerField::Uneven(why) => {
                self.report(scope, uneven(&word.value, &why, word.span));
                Err(Expr::error(word.span))
            }
            TriggerField::None => {
                self.no_trigger_field(scope, word);
                Err(Expr::error(word.span))
            }
        }
    }

    fn no_trigger_field(&mut self, scope: &Scope, word: &Word) {
        if matches!(scope.triggers, Triggers::Unknown) {
            return;
        }
        let found = match scope.triggers {
            Triggers::Of([record, ..]) if self.names.is_silent(&record.name) => return,
            Triggers::Of([record, ..]) => unknown_field(word, record),
            _ => {
                let found = Diagnostic::new(Rule::UnknownField, format!("no event has a field `{}`", word.value));
                let fields = self.names.model.events.values().flat_map(|event| &event.fields);
                let near = suggestion(&word.value, fields.map(|field| field.name.as_str()));
                with_suggestion(found, word, near, "declare the field in the event that starts the scenario")
            }
        };
        self.report(scope, found);
    }

    fn trigger_value(&mut self, scope: &Scope, field: &Field, span: Span) -> Expr {
        let name = field.name.clone();
        let kind = if scope.trigger_is_at_hand() { Kind::Event(name) } else { Kind::Trigger(name) };
        Expr::new(kind, field.ty.clone(), field.may_be_missing(), span)
    }

    /// The field of this name that all triggers have.
    fn trigger_field(&self, scope: &Scope, name: &str) -> TriggerField {
        if scope.place == Place::OnceEvery {
            return TriggerField::None;
        }
        let open: Vec<&Record>;
        let (records, is_open) = match scope.triggers {
            Triggers::Unknown => return TriggerField::None,
            Triggers::Of(records) => (records, false),
            Triggers::Open => {
                open = self.names.model.events.values().filter(|event| event.field(name).is_some()).collect();
                (open.as_slice(), true)
            }
        };
        if records.iter().any(|record| self.names.is_broken(&record.name, name)) {
            return TriggerField::Silent;
        }
        let mut shared: Option<Field> = None;
        for record in records {
            let Some(field) = record.field(name) else { continue };
            match &mut shared {
                None => shared = Some(field.clone()),
                Some(first) if first.ty == field.ty && first.default == field.default => {
                    first.optional |= field.optional;
                }
                Some(_) if is_open => return TriggerField::Silent,
                Some(_) => return TriggerField::Uneven(format!("it is not the same in `{}`", record.name)),
            }
        }
        match (shared, records.iter().find(|record| record.field(name).is_none())) {
            (None, _) => TriggerField::None,
            (Some(_), Some(without)) => TriggerField::Uneven(format!("`{}` has no such field", without.name)),
            (Some(field), None) => TriggerField::Found(field),
        }
    }

    /// A field of the trigger that is also a definition or an event.
    fn refuse_ambiguous(&mut self, scope: &Scope, first: &Word, rest: &[Word]) -> Result<(), Expr> {
        let Some((what, place)) = self.names.place(&first.value) else { return Ok(()) };
        if what == "entity" || (what == "event" && !rest.is_empty()) {
            return Ok(());
        }
        let found = declared_twice("name", &first.value, first.span, place)
            .because(format!("it is a field of the trigger, and {} {what}", if what == "event" { "an" } else { "a" }))
            .help(format!("write `trigger.{}` for the field; else rename the {what}", first.value));
        self.report(scope, found);
        Err(Expr::error(first.span))
    }

    /// A field as a value; a field in error is silent.
    pub(super) fn field_of(&self, record: &Record, field: &Field, kind: Kind, span: Span) -> Expr {
        if self.names.is_broken(&record.name, &field.name) {
            return Expr::error(span);
        }
        Expr::new(kind, field.ty.clone(), field.may_be_missing(), span)
    }

    /// Goes on from a value through the fields of entities.
    pub(super) fn follow(&mut self, scope: &Scope, root: Expr, rest: &[Word]) -> Expr {
        let mut expr = root;
        for word in rest {
            let names = self.names;
            let Some(ty) = &expr.ty else { return expr };
            let Type::Entity(entity) = ty else {
                let found = match ty {
                    Type::List(_) | Type::Texts => Diagnostic::new(Rule::UnknownField, "a list has no fields")
                        .at(word.span, "a field of a list")
                        .help("ask what is in it: `VALUE in LIST`, or `LIST is not empty`"),
                    other => Diagnostic::new(Rule::UnknownField, format!("{} has no fields", literals::a(other)))
                        .at(word.span, "a field of what has none")
                        .help(format!("leave out `.{}`", word.value)),
                };
                self.report(scope, found);
                return Expr::error(word.span);
            };
            let Some(record) = names.model.entities.get(entity) else { return Expr::error(word.span) };
            let Some(field) = record.field(&word.value) else {
                self.no_field(scope, word, record);
                return Expr::error(word.span);
            };
            let entity = entity.clone();
            let optional = expr.optional || field.may_be_missing();
            let kind = Kind::Field { of: Box::new(expr), entity, field: word.value.clone() };
            expr = self.field_of(record, field, kind, word.span);
            expr.optional = optional;
        }
        expr
    }

    /// A name that nothing here has.
    fn unknown(&mut self, scope: &Scope, first: &Word, rest: &[Word]) {
        let name = first.value.as_str();
        if self.names.is_silent(name) {
            return;
        }
        if scope.event.is_none() && matches!(scope.triggers, Triggers::Unknown) {
            return;
        }
        if let Some(found) = borrowed(first).filter(|_| rest.is_empty()) {
            return self.report(scope, found);
        }
        let found = match scope.event {
            Some(event) => Diagnostic::new(Rule::UnknownField, format!("`{}` has no field `{name}`", event.name)),
            None => Diagnostic::new(Rule::UnknownName, format!("nothing here is called `{name}`")),
        };
        let known = self.known(scope);
        let near = suggestion(name, known.iter().map(String::as_str)).or_else(|| {
            misspelt_keyword(name)
                .or_else(|| suggestion(name, Weekday::ALL.map(Weekday::name)))
                .filter(|_| rest.is_empty())
        });
        let otherwise = if self.names.model.entities.contains_key(name) {
            format!("`{name}` is an entity; write the field of the trigger or of the contact that holds one")
        } else if scope.event.is_some()
            && matches!(self.trigger_field(&Scope { event: None, ..*scope }, name), TriggerField::Found(_))
        {
            format!("in the filter of another event, write `trigger.{}`", join(first, rest))
        } else if self.names.model.entities.get("contact").is_some_and(|contact| contact.field(name).is_some()) {
            format!("write `contact.{}`", join(first, rest))
        } else {
            match scope.event.or(match scope.triggers {
                Triggers::Of([record]) => Some(record),
                _ => None,
            }) {
                Some(record) => format!(
                    "a path begins with a field of `{}`, with `contact` or `trigger`, or with a definition",
                    record.name
                ),
                None => "a path begins with a field of the trigger, with `contact`, or with a definition".to_owned(),
            }
        };
        let otherwise = match rest.is_empty() && !otherwise.starts_with("write") && scope.event.is_none() {
            true => format!("a text stands in quotes, `\"{name}\"`; {otherwise}"),
            false => otherwise,
        };
        self.report(scope, with_suggestion(found, first, near, &otherwise));
    }

    /// Every word with which a path may begin here.
    pub(super) fn known(&self, scope: &Scope) -> Vec<String> {
        let mut known: Vec<String> = ["contact", "trigger", "entry", "now"].map(String::from).to_vec();
        known.extend(scope.parameters.iter().map(|(name, _)| (*name).to_owned()));
        let records: Vec<&Record> = match (scope.event, scope.triggers) {
            (Some(record), _) => vec![record],
            (None, Triggers::Of(records)) => records.to_vec(),
            (None, Triggers::Open | Triggers::Unknown) => self.names.model.events.values().collect(),
        };
        known.extend(records.iter().flat_map(|record| record.fields.iter().map(|field| field.name.clone())));
        known.extend(self.names.definitions.keys().map(|name| (*name).to_owned()));
        known.extend(self.names.measures.keys().map(|name| (*name).to_owned()));
        known.extend(self.names.model.accounts.keys().cloned());
        if scope.event.is_none() {
            known.extend(self.names.model.events.keys().cloned());
        }
        known
    }
}

/// Of a scenario that begins `every` so often, of a segment, of a measure.
fn no_trigger(span: Span) -> Diagnostic {
    Diagnostic::new(Rule::OutOfContext, "there is no trigger here")
        .at(span, "no event is looked at here")
        .because("`every`, `segment` and `measure` look at contacts, not at one event")
        .help("read a field of `contact`, or ask for events of the contact, such as `last purchased.product ever`")
}

fn join(first: &Word, rest: &[Word]) -> String {
    let all: Vec<&str> = std::iter::once(first).chain(rest).map(|word| word.value.as_str()).collect();
    all.join(".")
}

fn uneven(name: &str, why: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Rule::UnknownField, format!("`{name}` is not a field of every trigger"))
        .at(span, why.to_owned())
        .because("whichever event starts the scenario, the field must be there and be of one type")
        .help("read a field that all triggers have, or write one scenario for each trigger")
}

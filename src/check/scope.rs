//! Where an expression stands, and what a path means there.
//!
//! A path begins with, in this order: a parameter of the definition; a field of the event at hand (in a filter or a
//! `where`); `contact`, `trigger`, `entry`, `now`; a field of the trigger; a definition; an event, which asks for its
//! history. In the filter of another event, a field of the trigger is written `trigger.FIELD`. A name that is both a
//! field of the trigger and a definition or an event is not guessed: it is an error.

use super::literals;
use super::names::{Names, declared_twice, unknown_field, with_suggestion};
use super::typed::{Expr, Kind};
use super::words::{is_later, not_in_this_version, not_yet};
use crate::diagnostic::{Diagnostic, Rule, suggestion};
use crate::model::{Configuration, Field, Record, Type};
use crate::span::Span;
use crate::syntax::tree::{Path, Word};

/// How many levels an expression may have, definitions unfolded; each term of a chain counts as one.
const DEPTH_MAX: usize = 150;
/// How many nodes the definitions that a scenario uses may unfold to, in all and in one place.
const UNFOLDED_MAX: usize = 200_000;
const UNFOLDED_ONCE_MAX: usize = 10_000;

/// The state of one check: what is known, and what was found.
#[derive(Debug)]
pub struct Checker<'a> {
    pub names: &'a Names<'a>,
    pub configuration: &'a Configuration,
    pub out: Vec<Diagnostic>,
    /// Nodes that came from definitions: in the item at hand, and in the use at hand.
    pub unfolded: usize,
    pub unfolded_once: usize,
    pub unfolded_told: bool,
    /// Whether a definition in error was used, which silenced what is made of it.
    pub silenced: bool,
}

/// Where in a scenario an expression stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The filter of a trigger: the trigger is the event at hand.
    TriggerFilter,
    /// `once per`: over the trigger as it arrives.
    OncePer,
    /// `once every`: before any trigger.
    OnceEvery,
    /// `for`: when the trigger arrives, before an instance starts.
    Audience,
    /// Steps, guards, `goal` and `stop when`: an instance runs.
    Instance,
}

/// The events that may have started the instance.
#[derive(Clone, Copy, Debug)]
pub enum Triggers<'s> {
    /// Of a definition on its own: any event.
    Open,
    Of(&'s [&'s Record]),
}

/// A definition that is being unfolded: where it was used, seen from the scenario.
#[derive(Clone, Copy, Debug)]
pub struct Unfolding<'s> {
    pub name: &'s str,
    pub used_at: Span,
}

#[derive(Clone, Copy, Debug)]
pub struct Scope<'s> {
    pub place: Place,
    pub triggers: Triggers<'s>,
    /// The event whose filter this is.
    pub event: Option<&'s Record>,
    pub parameters: &'s [(&'s str, Expr)],
    pub unfolding: Option<Unfolding<'s>>,
    /// Whether a missing value has its place here (`wait`), so that nothing is said about it.
    pub missing_is_fine: bool,
    /// Paths that a condition beside this expression has found present, as they are written.
    pub present: &'s [String],
    pub depth: usize,
}

impl<'s> Scope<'s> {
    pub fn new(place: Place, triggers: Triggers<'s>) -> Scope<'s> {
        Scope {
            place,
            triggers,
            event: None,
            parameters: &[],
            unfolding: None,
            missing_is_fine: false,
            present: &[],
            depth: 0,
        }
    }

    pub fn has_instance(&self) -> bool {
        self.place == Place::Instance
    }

    fn trigger_is_at_hand(&self) -> bool {
        matches!(self.place, Place::TriggerFilter | Place::OncePer)
    }
}

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
    pub fn new(names: &'a Names<'a>, configuration: &'a Configuration) -> Checker<'a> {
        Checker {
            names,
            configuration,
            out: Vec::new(),
            unfolded: 0,
            unfolded_once: 0,
            unfolded_told: false,
            silenced: false,
        }
    }

    /// Records a finding. Inside a definition, it points to where the definition is used, for there lies the cause: on
    /// its own the definition is sound.
    pub fn report(&mut self, scope: &Scope, mut found: Diagnostic) {
        if let Some(unfolding) = scope.unfolding {
            let text = format!("in `{}`, used here", unfolding.name);
            found.labels.insert(0, crate::diagnostic::Label { span: unfolding.used_at, text });
            found.fix = None;
        }
        self.out.push(found);
    }

    /// One level down; `None`, with a finding, where the expression is too deep or too large.
    pub fn deeper<'s>(&mut self, scope: &Scope<'s>, levels: usize, span: Span) -> Option<Scope<'s>> {
        let inner = Scope { depth: scope.depth + levels, ..*scope };
        if inner.depth > DEPTH_MAX {
            let found = Diagnostic::new(Rule::TooDeep, "this expression is too deep")
                .at(span, format!("more than {DEPTH_MAX} levels or terms, definitions included"))
                .help("name parts of it with `let`, and use fewer of them at once");
            self.report(scope, found);
            return None;
        }
        if scope.unfolding.is_some() {
            self.unfolded += 1;
            self.unfolded_once += 1;
            if self.unfolded > UNFOLDED_MAX || self.unfolded_once > UNFOLDED_ONCE_MAX {
                if !std::mem::replace(&mut self.unfolded_told, true) {
                    let found = Diagnostic::new(Rule::TooLarge, "the definitions used here unfold to too much")
                        .at(span, format!("more than {UNFOLDED_ONCE_MAX} parts, or {UNFOLDED_MAX} in all"))
                        .help("use definitions that use fewer definitions");
                    self.report(scope, found);
                }
                return None;
            }
        }
        Some(inner)
    }

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
        if self.names.definitions.contains_key(name) {
            return Ok((self.unfold(scope, first, &[], path.span), rest));
        }
        if rest.is_empty() && self.names.model.events.contains_key(name) {
            return Err(self.bare_event(scope, first));
        }
        self.unknown(scope, first, rest);
        Err(Expr::error(path.span))
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
                self.report(scope, unknown_field(word, record));
                Err(Expr::error(word.span))
            }
        }
    }

    fn trigger<'t>(&mut self, scope: &Scope, first: &Word, rest: &'t [Word]) -> Result<(Expr, &'t [Word]), Expr> {
        if scope.place == Place::OnceEvery {
            self.report(scope, out_of_context("trigger", scope.place, first.span));
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

    pub(super) fn no_trigger_field(&mut self, scope: &Scope, word: &Word) {
        let found = match scope.triggers {
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
                    Type::List(_) => not_yet("a field of a list", word.span),
                    other => Diagnostic::new(Rule::UnknownField, format!("{} has no fields", literals::a(other)))
                        .at(word.span, "a field of what has none")
                        .help(format!("leave out `.{}`", word.value)),
                };
                self.report(scope, found);
                return Expr::error(word.span);
            };
            let Some(record) = names.model.entities.get(entity) else { return Expr::error(word.span) };
            let Some(field) = record.field(&word.value) else {
                self.report(scope, unknown_field(word, record));
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
        if is_later(name) {
            self.report(scope, not_in_this_version(name, first.span));
            return;
        }
        let found = match scope.event {
            Some(event) => Diagnostic::new(Rule::UnknownField, format!("`{}` has no field `{name}`", event.name)),
            None => Diagnostic::new(Rule::UnknownName, format!("nothing here is called `{name}`")),
        };
        let known = self.known(scope);
        let near = suggestion(name, known.iter().map(String::as_str));
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
        self.report(scope, with_suggestion(found, first, near, &otherwise));
    }

    /// Every word with which a path may begin here.
    fn known(&self, scope: &Scope) -> Vec<String> {
        let mut known: Vec<String> = ["contact", "trigger", "entry", "now"].map(String::from).to_vec();
        known.extend(scope.parameters.iter().map(|(name, _)| (*name).to_owned()));
        let records: Vec<&Record> = match (scope.event, scope.triggers) {
            (Some(record), _) => vec![record],
            (None, Triggers::Of(records)) => records.to_vec(),
            (None, Triggers::Open) => self.names.model.events.values().collect(),
        };
        known.extend(records.iter().flat_map(|record| record.fields.iter().map(|field| field.name.clone())));
        known.extend(self.names.definitions.keys().map(|name| (*name).to_owned()));
        if scope.event.is_none() {
            known.extend(self.names.model.events.keys().cloned());
        }
        known
    }
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

/// A name of the language that has no value at this place.
pub fn out_of_context(name: &str, place: Place, span: Span) -> Diagnostic {
    let (why, help) = match place {
        Place::TriggerFilter => ("a trigger is chosen by the event itself and the contact", "write it in `for`"),
        Place::OncePer => ("`once per` counts by a field of the trigger", "name a field of the trigger"),
        Place::OnceEvery => ("`once every` is counted without a trigger", "write a duration, such as `6 months`"),
        Place::Audience => ("`for` is judged before the scenario starts", "write it in a step, or use `trigger`"),
        Place::Instance => ("it has no value here", "leave it out"),
    };
    Diagnostic::new(Rule::OutOfContext, format!("`{name}` is not known here")).at(span, why).help(help)
}

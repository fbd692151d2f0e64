//! Where an expression stands, and how findings there are told.

use super::names::{Names, unknown_field};
use super::typed::Expr;
use crate::diagnostic::{Diagnostic, Label, Rule};
use crate::model::{Configuration, Record};
use crate::span::Span;
use crate::syntax::tree::Word;
use std::collections::BTreeSet;

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
    /// Whether a part of the scenario at hand could not be read, so that nothing is said of what is not there.
    pub incomplete: bool,
    /// Of each send of the scenario at hand, the names of the messages that may leave there.
    pub own_messages: Vec<BTreeSet<&'a str>>,
}

/// Where in a scenario an expression stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The filter of a trigger: the trigger is the event at hand.
    TriggerFilter,
    /// `once per`: over the trigger as it arrives.
    OncePer,
    /// `once every`, and the date of `every year on`: before any trigger.
    OnceEvery,
    /// The duration of `when no`: over the event after which the silence begins, and what is known by then.
    Silence,
    /// `for`, segments and measures: before an instance starts.
    Audience,
    /// Steps, guards, `goal` and `stop when`: an instance runs.
    Instance,
}

/// The events that may have started the instance.
#[derive(Clone, Copy, Debug)]
pub enum Triggers<'s> {
    /// Of a definition on its own: any event.
    Open,
    /// In error: nothing is said of its fields.
    Unknown,
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
    /// Whether this is part of a filter, in a definition too.
    pub in_filter: bool,
    pub parameters: &'s [(&'s str, Expr)],
    pub unfolding: Option<Unfolding<'s>>,
    /// Whether a missing value has its place here (`wait`), so that nothing is said about it.
    pub missing_is_fine: bool,
    /// Whether what is unknown here holds back: `unless`, `stop when`.
    pub holds_back: bool,
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
            in_filter: false,
            parameters: &[],
            unfolding: None,
            missing_is_fine: false,
            holds_back: false,
            present: &[],
            depth: 0,
        }
    }

    pub fn has_instance(&self) -> bool {
        self.place == Place::Instance
    }

    pub(super) fn trigger_is_at_hand(&self) -> bool {
        matches!(self.place, Place::TriggerFilter | Place::OncePer | Place::Silence)
    }

    /// Whether what happened to the contact, and what the engine keeps of it, can be asked here.
    pub(super) fn has_histories(&self) -> bool {
        matches!(self.place, Place::Audience | Place::Silence | Place::Instance)
    }
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
            incomplete: false,
            own_messages: Vec::new(),
        }
    }

    /// Records a finding. Inside a definition, it points to where the definition is used, for there lies the cause: on
    /// its own the definition is sound.
    pub fn report(&mut self, scope: &Scope, mut found: Diagnostic) {
        if let Some(unfolding) = scope.unfolding {
            let text = format!("in `{}`, used here", unfolding.name);
            found.labels.insert(0, Label { span: unfolding.used_at, text });
            found.fix = None;
        }
        self.out.push(found);
    }

    /// A field that its record does not have, unless it may be among what could not be read.
    pub(super) fn no_field(&mut self, scope: &Scope, word: &Word, record: &Record) {
        if !self.names.is_silent(&record.name) {
            self.report(scope, unknown_field(word, record));
        }
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
}

/// A name of the language that has no value at this place.
pub fn out_of_context(name: &str, place: Place, span: Span) -> Diagnostic {
    let (why, help) = match place {
        Place::TriggerFilter => ("a trigger is chosen by the event itself and the contact", "write it in `for`"),
        Place::OncePer => ("`once per` counts by a field of the trigger", "name a field of the trigger"),
        Place::OnceEvery => ("this is counted without a trigger", "write a duration, or a field of the contact"),
        Place::Silence => ("a silence is counted before the scenario starts", "write a duration, such as `3 months`"),
        Place::Audience => ("this is judged before an instance starts", "write it in a step, or use `trigger`"),
        Place::Instance => ("it has no value here", "leave it out"),
    };
    Diagnostic::new(Rule::OutOfContext, format!("`{name}` is not known here")).at(span, why).help(help)
}

//! Messages and what became of them: `opened reminder`, `sent last_warning`, `no clicked in last 3 days`.
//!
//! In a scenario that sends the message, an instance asks about the one that it sent itself, whichever alternative
//! left; elsewhere the question is about any message of that name. An open or a click of a machine, or of nobody knows
//! whom, says nothing: of three values the answer is then unknown.

use super::exprs::flag;
use super::names::with_suggestion;
use super::scope::{Checker, Scope};
use super::typed::{Expr, History, Key, Kind, Trigger, Window};
use crate::diagnostic::{Diagnostic, Rule, suggestion};
use crate::model::{Literal, Record, Type};
use crate::span::Span;
use crate::syntax::tree::{self, Path, StepKind, Word};
use std::collections::BTreeSet;

/// The field that says which message an event is about.
const MESSAGE: &str = "message";
/// The field that says who opened or clicked.
pub(super) const BY: &str = "by";
const PERSON: &str = "person";

/// Whether an event is about a message.
pub(super) fn is_about_a_message(event: &Record) -> bool {
    event.field(MESSAGE).is_some_and(|field| field.ty == Type::Message)
}

/// Whether an event says who did it, so that it may prove nothing.
pub(super) fn says_by_whom(event: &Record) -> bool {
    let is_person = |ty: &Type| matches!(ty, Type::Enumeration(texts) if texts.iter().any(|text| text == PERSON));
    is_about_a_message(event) && event.field(BY).is_some_and(|field| is_person(&field.ty))
}

/// The names of the messages of each send, those inside other steps too.
fn sends<'t>(steps: &'t [tree::Step], found: &mut Vec<BTreeSet<&'t str>>) {
    for step in steps {
        match &step.kind {
            StepKind::Send(send) => {
                found.push(send.alternatives.iter().map(|each| each.message.value.as_str()).collect())
            }
            StepKind::If { arms, otherwise } => {
                arms.iter().for_each(|arm| sends(&arm.steps, found));
                otherwise.iter().for_each(|steps| sends(steps, found));
            }
            StepKind::Split { arms, .. } => arms.iter().for_each(|arm| sends(&arm.steps, found)),
            StepKind::Repeat { steps, .. } => sends(steps, found),
            _ => {}
        }
    }
}

/// The sends of a scenario, those of `goal ... then` included.
fn sends_of(scenario: &tree::Scenario) -> Vec<BTreeSet<&str>> {
    let mut found = Vec::new();
    sends(&scenario.steps, &mut found);
    for clause in &scenario.clauses {
        if let tree::ClauseKind::Goal { then: Some(step), .. } = &clause.kind {
            sends(std::slice::from_ref(step), &mut found);
        }
    }
    found
}

/// The messages that these scenarios send.
pub(super) fn messages<'t>(scenarios: impl Iterator<Item = &'t tree::Scenario>) -> BTreeSet<&'t str> {
    scenarios.flat_map(sends_of).flatten().collect()
}

impl<'a> Checker<'a> {
    /// Notes which messages the scenario at hand sends, before its expressions are judged.
    pub(super) fn note_messages(&mut self, scenario: &'a tree::Scenario) {
        self.own_messages = sends_of(scenario);
    }

    /// The message that a filter names, where it is no field of the event.
    pub(super) fn message_named<'t>(&self, scope: &Scope, event: &Record, path: &'t Path) -> Option<&'t Word> {
        let [word] = path.segments.as_slice() else { return None };
        let name = word.value.as_str();
        let is_other = event.field(name).is_some()
            || scope.parameters.iter().any(|(parameter, _)| *parameter == name)
            || self.names.definitions.contains_key(name) && !self.is_message(name);
        (is_about_a_message(event) && !is_other).then_some(word)
    }

    fn is_message(&self, name: &str) -> bool {
        self.names.messages.contains(name)
    }

    /// `EVENT MESSAGE`: a key where this instance sends it, else a filter on its name; an unknown one is reported.
    pub(super) fn about_message(&mut self, scope: &Scope, word: &Word, keys: &mut Vec<Key>) -> Option<Expr> {
        let of_event = Expr::new(Kind::Event(MESSAGE.to_owned()), Type::Message, false, word.span);
        if scope.has_instance()
            && let Some(names) = self.own_message(&word.value)
        {
            let of_instance = Expr::new(Kind::OwnMessage(names), Type::Message, true, word.span);
            keys.push(Key { of_event, of_instance });
            return None;
        }
        let Some(name) = self.message_name(scope, &word.value, word.span) else {
            return Some(Expr::error(word.span));
        };
        Some(flag(Kind::Equal(Box::new((of_event, name))), false, word.span))
    }

    /// The names of all the messages that may leave where this one does, sorted; `None` where this scenario does not
    /// send it.
    fn own_message(&self, name: &str) -> Option<Vec<String>> {
        let steps = self.own_messages.iter().filter(|send| send.contains(name));
        let names: BTreeSet<&str> = steps.flatten().copied().collect();
        (!names.is_empty()).then(|| names.into_iter().map(str::to_owned).collect())
    }

    /// The name of a message that some scenario sends, as a value; `None`, with a finding, for any other.
    pub(super) fn message_name(&mut self, scope: &Scope, name: &str, span: Span) -> Option<Expr> {
        if !self.is_message(name) {
            if !self.names.something_is_unread() {
                let found = self.unknown_message(name, span);
                self.report(scope, found);
            }
            return None;
        }
        Some(Expr::literal(Literal::Text(name.to_owned()), Type::Message, span))
    }

    /// A text that names a message, as that message.
    pub(super) fn message_of_name(&self, name: &str, value: Expr) -> Result<Expr, Box<Diagnostic>> {
        if !self.is_message(name) && !self.names.something_is_unread() {
            let mut found = self.unknown_message(name, value.span);
            found.fix = None;
            return Err(Box::new(found));
        }
        Ok(Expr { ty: Some(Type::Message), ..value })
    }

    fn unknown_message(&self, name: &str, span: Span) -> Diagnostic {
        let found = Diagnostic::new(Rule::UnknownName, format!("no message is called `{name}`"));
        let otherwise = format!("a message is what a scenario sends: `send email {name}`");
        let near = suggestion(name, self.names.messages.iter().copied());
        with_suggestion(found, &Word::new(name.to_owned(), span), near, &otherwise)
    }

    /// What a history of messages comes to: of opens and clicks, those of a person are evidence, and others leave it
    /// unknown; what was sent did not come back.
    pub(super) fn of_messages(&self, event: &Record, history: History, optional: bool, span: Span) -> Expr {
        let plain = |history: History, optional: bool| flag(Kind::History(Box::new(history)), optional, span);
        if says_by_whom(event) && !asks_by_whom(&history) {
            let by = |wanted: bool| {
                let mut history = history.clone();
                history.filters.push(by_person(event, wanted, span));
                plain(history, optional)
            };
            let unknown = flag(Kind::Missing, true, span);
            let unclear = match self.was_not_sent(&history, span) {
                Some(not_sent) => flag(Kind::Or(vec![by(false), not_sent]), false, span),
                None => by(false),
            };
            let unsure = flag(Kind::And(vec![unclear, unknown]), true, span);
            return flag(Kind::Or(vec![by(true), unsure]), true, span);
        }
        if says_by_whom(event) {
            return plain(history, optional);
        }
        let own = history.keys.iter().find(|key| matches!(key.of_instance.kind, Kind::OwnMessage(_)));
        let was_sent = own.map(|key| flag(Kind::Has(Box::new(key.of_instance.clone())), false, span));
        let names_one = was_sent.is_some() || history.filters.iter().any(is_name_of_message);
        let came_back = (event.name == "sent" && names_one).then(|| self.came_back(&history, span)).flatten();
        match (was_sent, came_back) {
            (None, None) => plain(history, optional),
            (was_sent, came_back) => {
                // One that this instance did not send was not sent and did not come back: that is known.
                let optional = optional && was_sent.is_none();
                let all = was_sent.into_iter().chain([plain(history, optional)]).chain(came_back);
                flag(Kind::And(all.collect()), optional, span)
            }
        }
    }

    /// That no such message was ever sent to the contact, so that nobody can know whether they would have opened it. Of a
    /// message of this instance its identity says so already, and where none is named there is none to have been sent.
    fn was_not_sent(&self, asked: &History, span: Span) -> Option<Expr> {
        let sent = self.names.model.events.get("sent").filter(|event| is_about_a_message(event))?;
        let filters: Vec<Expr> = asked.filters.iter().filter(|filter| is_name_of_message(filter)).cloned().collect();
        if filters.is_empty() {
            return None;
        }
        let history = History {
            event: sent.name.clone(),
            filters,
            keys: Vec::new(),
            instance_filters: Vec::new(),
            window: Window::Ever,
        };
        let came_back = self.came_back(&history, span);
        let left = std::iter::once(flag(Kind::History(Box::new(history)), false, span)).chain(came_back).collect();
        Some(flag(Kind::Not(Box::new(flag(Kind::And(left), false, span))), false, span))
    }

    /// That the same message did not come back.
    fn came_back(&self, sent: &History, span: Span) -> Option<Expr> {
        let bounced = self.names.model.events.get("bounced").filter(|event| is_about_a_message(event))?;
        let history = History {
            event: bounced.name.clone(),
            filters: sent.filters.iter().filter(|filter| is_name_of_message(filter)).cloned().collect(),
            keys: sent.keys.iter().filter(|key| matches!(key.of_instance.kind, Kind::OwnMessage(_))).cloned().collect(),
            instance_filters: Vec::new(),
            window: sent.window.clone(),
        };
        let back = flag(Kind::History(Box::new(history)), false, span);
        Some(flag(Kind::Not(Box::new(back)), false, span))
    }

    /// Only what a person did starts a scenario. (Whatever may have been one breaks a silence.)
    pub(super) fn by_persons(&self, triggers: &mut [Trigger]) {
        for trigger in triggers {
            if let Some(event) = self.names.model.events.get(&trigger.event) {
                let span = trigger.filters.last().map_or(Span::default(), |filter| filter.span);
                self.by_a_person(event, &mut trigger.filters, span);
            }
        }
    }

    /// Where events are counted, only those of persons are.
    pub(super) fn by_a_person(&self, event: &Record, filters: &mut Vec<Expr>, span: Span) {
        let asks = filters.iter().any(|filter| filter.any(|kind| *kind == Kind::Event(BY.to_owned())));
        if says_by_whom(event) && !asks {
            filters.push(by_person(event, true, span));
        }
    }
}

/// Whether a filter reads who it was, so that nothing is added.
fn asks_by_whom(history: &History) -> bool {
    let reads = |filter: &Expr| filter.any(|kind| *kind == Kind::Event(BY.to_owned()));
    history.filters.iter().chain(&history.instance_filters).any(reads)
}

fn is_name_of_message(filter: &Expr) -> bool {
    matches!(&filter.kind, Kind::Equal(pair) if pair.0.kind == Kind::Event(MESSAGE.to_owned()) && pair.1.ty == Some(Type::Message))
}

/// Whether a filter is the one that nobody wrote: its `by` has no place of its own.
pub(super) fn is_of_persons(filter: &Expr) -> bool {
    let mut found = false;
    filter.visit(&mut |expr| found |= expr.kind == Kind::Event(BY.to_owned()) && expr.span == filter.span);
    found
}

/// That it was a person, which is so where nothing is said.
fn by_person(event: &Record, wanted: bool, span: Span) -> Expr {
    let field = event.field(BY);
    let ty = field.map_or(Type::Text, |field| field.ty.clone());
    let person = || Expr::literal(Literal::Text(PERSON.to_owned()), ty.clone(), span);
    let may_be_missing = field.is_some_and(|field| field.may_be_missing());
    let mut by = Expr::new(Kind::Event(BY.to_owned()), ty.clone(), may_be_missing, span);
    if may_be_missing {
        by = Expr::new(Kind::Default(Box::new((by, person()))), ty.clone(), false, span);
    }
    let is_person = flag(Kind::Equal(Box::new((by, person()))), false, span);
    super::exprs::negated(is_person, !wanted, span)
}

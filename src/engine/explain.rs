//! Why a clause has its answer: what it read of the contact, its events and measures, in words and values; and what would
//! have had to be otherwise.
//!
//! The clause is gone through once more, part by part, after it was judged, and only where somebody wants to know. So the
//! judging itself carries nothing along, and every part is told, whether or not the answer was clear before it.

use super::describe::Words;
use super::eval::{Eval, EventAtHand};
use super::needs::Needs;
use super::step::Stepper;
use super::value::Value;
use crate::ir::{Aggregate, Expr, ExprIx, FieldUse, ProbeIx, Window};
use crate::model::{AggregateKind, Id, Type};
use crate::time::Instant;

/// A clause of a scenario that was judged, or an expression of it that was worked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    pub of: ClauseOf,
    /// A flag, or missing for unknown, where it is a condition.
    pub answer: Value,
    pub is_condition: bool,
    /// The type of the answer, where it is known.
    pub ty: Option<Type>,
    /// What it read, in the order of the text.
    pub read: Vec<Read>,
    /// In words, what would have let the scenario go on as its steps say; `None` where the answer does, or nothing could.
    pub needed: Option<String>,
}

/// Which clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClauseOf {
    /// The place of the trigger among the scenario's, and of the clause in its filter.
    Filter(u16, u16),
    /// `for`
    Audience,
    /// `once`, `once every`, `once per`, `one at a time`; or from when on a scenario takes events.
    Entry,
    Goal,
    StopWhen,
    Unless,
    OnlyIf,
    /// Of an `if`, or of a `wait up to`.
    Condition,
    /// How long, or until when, a wait lasts.
    Length,
    /// What a step does to the contact: an amount, a value, a tag.
    Amount,
    /// Whether there is an address on the channel of this alternative.
    Address(u8),
    /// Whether the contact consents to marketing on that channel.
    Consent(u8),
    /// Quiet hours, or a cap.
    Policy,
}

impl ClauseOf {
    /// The answer of a condition with which the scenario goes on as its steps say.
    fn lets_go_on(self) -> bool {
        !matches!(self, ClauseOf::Unless | ClauseOf::StopWhen)
    }
}

/// Something that a clause read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// How deep it stands in the clause.
    pub depth: u8,
    /// In the words of the language.
    pub words: String,
    pub value: Value,
    pub is_condition: bool,
    pub ty: Option<Type>,
    /// A text or a date of the contact: not to be shown to everybody.
    pub is_personal: bool,
    /// The events that it rests on, where it asks for a history.
    pub events: Option<Found>,
}

/// The events that a history asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The event's slot in the program.
    pub kind: u16,
    /// The start of the window, excluded; `None` for ever.
    pub since: Option<Instant>,
    /// How many in the window are such.
    pub count: usize,
    /// The latest of these.
    pub latest: Option<(Id, Instant)>,
    /// The latest such event before the window.
    pub before: Option<(Id, Instant)>,
    /// How many events of this kind in the window are not such.
    pub others: usize,
    /// Whether there were too many to count them all.
    pub is_cut: bool,
}

/// How many events in a window are counted, and before it looked at for one that would have counted. Whoever has more is told
/// so: a story is not to take the square of a long life.
const COUNTED_MAX: usize = 1_000;
const BEFORE_MAX: usize = 100;

impl Read {
    pub(super) fn value(words: &str, value: Value) -> Read {
        let (is_condition, ty, is_personal, events) = (false, None, false, None);
        Read { depth: 0, words: words.to_owned(), value, is_condition, ty, is_personal, events }
    }
}

impl Clause {
    pub(super) fn truth(of: ClauseOf, truth: Option<bool>, read: Vec<Read>) -> Clause {
        Clause { of, answer: Value::from_truth(truth), is_condition: true, ty: None, read, needed: None }
    }

    /// The answer of a condition; `None` for unknown.
    pub fn holds(&self) -> Option<bool> {
        self.answer.truth()
    }
}

impl Stepper<'_, '_> {
    /// Explains conditions, where somebody wants to know.
    pub(super) fn conditions(&self, eval: &Eval<'_>, clauses: &[(ClauseOf, Option<ExprIx>)]) -> Vec<Clause> {
        self.explained(eval, clauses, true)
    }

    /// Explains values, where somebody wants to know.
    pub(super) fn values(&self, eval: &Eval<'_>, clauses: &[(ClauseOf, Option<ExprIx>)]) -> Vec<Clause> {
        self.explained(eval, clauses, false)
    }

    fn explained(&self, eval: &Eval<'_>, clauses: &[(ClauseOf, Option<ExprIx>)], is_condition: bool) -> Vec<Clause> {
        if self.out.trace.is_none() {
            return Vec::new();
        }
        let needs = self.program.needs();
        let explained = |(of, ix): &(ClauseOf, Option<ExprIx>)| Some(explain(eval, needs, *of, (*ix)?, is_condition));
        clauses.iter().filter_map(explained).collect()
    }
}

/// Explains one clause.
pub(super) fn explain(eval: &Eval<'_>, needs: &Needs, of: ClauseOf, ix: ExprIx, is_condition: bool) -> Clause {
    // What a test did not give was reported when the clause was judged.
    let eval = Eval { not_given: None, ..*eval };
    let event = eval.event.map(|event| event.event);
    let mut explainer = Explainer { eval, words: Words { code: eval.code, needs, event }, read: Vec::new() };
    if is_condition {
        explainer.condition(ix, 0);
    } else {
        explainer.operand(ix, 0);
    }
    let truth = eval.truth(ix);
    let answer = if is_condition { Value::from_truth(truth) } else { eval.value(ix).into_owned() };
    let holds_back = is_condition && truth != Some(of.lets_go_on());
    let needed = holds_back.then(|| explainer.needed(ix, of.lets_go_on())).flatten();
    let ty = explainer.ty(ix);
    Clause { of, answer, is_condition, ty, read: explainer.read, needed }
}

struct Explainer<'e> {
    eval: Eval<'e>,
    words: Words<'e>,
    read: Vec<Read>,
}

impl<'e> Explainer<'e> {
    fn expr(&self, ix: ExprIx) -> Option<&'e Expr> {
        self.eval.code.code.exprs.get(ix)
    }

    fn push(&mut self, ix: ExprIx, depth: u8, is_condition: bool, events: Option<Found>) {
        let value =
            if is_condition { Value::from_truth(self.eval.truth(ix)) } else { self.eval.value(ix).into_owned() };
        let words = self.words.expression(ix);
        let (ty, is_personal) = (self.ty(ix), self.is_personal(ix));
        let read = Read { depth, words, value, is_condition, ty, is_personal, events };
        if !self.read.contains(&read) {
            self.read.push(read);
        }
    }

    /// A condition: its parts, each with its answer, and under each what it read.
    fn condition(&mut self, ix: ExprIx, depth: u8) {
        let Some(expr) = self.expr(ix) else { return };
        match expr {
            Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| self.condition(*part, depth)),
            Expr::Not(inner) => self.condition(*inner, depth),
            Expr::Literal(_) | Expr::Missing => {}
            Expr::History { probe, keys, window } => {
                let found = self.found(*probe, keys, window, None);
                self.push(ix, depth, true, found);
                self.window(window, keys, depth + 1);
            }
            Expr::Scan { probe, keys, window, filter } => {
                let found = self.found(*probe, keys, window, Some(*filter));
                self.push(ix, depth, true, found);
                self.window(window, keys, depth + 1);
            }
            _ if self.is_read_directly(expr) => self.push(ix, depth, false, None),
            _ => {
                self.push(ix, depth, true, None);
                expr.operands().iter().for_each(|operand| self.operand(*operand, depth + 1));
            }
        }
    }

    /// What a window is measured by and what keys are compared with, where they are not in the words already.
    fn window(&mut self, window: &Window, keys: &[ExprIx], depth: u8) {
        keys.iter().chain(&window.operand()).for_each(|ix| self.operand(*ix, depth));
    }

    /// A value within a condition.
    fn operand(&mut self, ix: ExprIx, depth: u8) {
        let Some(expr) = self.expr(ix) else { return };
        match expr {
            Expr::Literal(_) | Expr::Missing | Expr::Now | Expr::Entry | Expr::ContactId | Expr::Element => {}
            Expr::OwnMessage(_) => {}
            Expr::Aggregate(Aggregate { probe, keys, window, filter, .. }) => {
                let found = self.found(*probe, keys, window, *filter);
                self.push(ix, depth, false, found);
                self.window(window, keys, depth + 1);
            }
            _ if expr.is_question() => self.condition(ix, depth),
            _ if self.is_read_directly(expr) => self.push(ix, depth, false, None),
            _ => expr.operands().iter().for_each(|operand| self.operand(*operand, depth)),
        }
    }

    fn is_read_directly(&self, expr: &Expr) -> bool {
        matches!(
            expr,
            Expr::Contact(_)
                | Expr::Trigger(_)
                | Expr::Event(_)
                | Expr::EventAt
                | Expr::LastMessage
                | Expr::Field { .. }
                | Expr::Measure(_)
                | Expr::Balance(_)
                | Expr::InScenario(_)
                | Expr::Recommend { .. }
        )
    }

    /// The events that a history asks for; `None` where its window or a key is missing.
    fn found(&self, probe: ProbeIx, keys: &[ExprIx], window: &Window, filter: Option<ExprIx>) -> Option<Found> {
        let eval = &self.eval;
        let definition = eval.code.code.probes.get(probe)?;
        let kind = *eval.code.events.get(usize::from(definition.event))?;
        let start = eval.window_start(window).ok()?;
        let keys = eval.keys(keys)?;
        let life = eval.facts?.life;
        let since = (start != Instant::MIN).then_some(start);
        let mut found = Found { kind, since, count: 0, latest: None, before: None, others: 0, is_cut: false };
        let mut looked_before = 0;
        for place in life.admitted().rev() {
            let Some(event) = life.event(place) else { continue };
            let has_looked = found.before.is_some() || looked_before >= BEFORE_MAX;
            // The rows of the CRM come by arrival, which is not before their instant.
            if has_looked && event.arrived <= start && life.own_event(place).is_none() {
                break;
            }
            let is_before = event.at <= start;
            if event.kind != kind || (is_before && has_looked) {
                continue;
            }
            if found.count + found.others >= COUNTED_MAX {
                found.is_cut = true;
                break;
            }
            looked_before += usize::from(is_before);
            let at_hand = EventAtHand::of(eval.code, definition.event, event.at, life.values(place));
            let inner = Eval { event: Some(at_hand), ..*eval };
            let passes = [definition.filter, filter].into_iter().flatten().all(|each| inner.truth(each) == Some(true));
            let is_such = passes && inner.keys(&definition.keys).is_some_and(|found| found == keys);
            let this = Some((event.id.clone(), event.at));
            match (is_before, is_such) {
                (true, true) => found.before = this,
                (true, false) => {}
                (false, false) => found.others += 1,
                (false, true) => {
                    found.count += 1;
                    if found.latest.as_ref().is_none_or(|(_, latest)| *latest < event.at) {
                        found.latest = this;
                    }
                }
            }
        }
        Some(found)
    }

    /// In words, what would give a condition this answer; `None` where nothing could.
    fn needed(&self, ix: ExprIx, wanted: bool) -> Option<String> {
        let is_so = |part: &ExprIx| self.eval.truth(*part) == Some(wanted);
        let joined = |parts: &[ExprIx], all: bool| -> Option<String> {
            let open: Vec<&ExprIx> = parts.iter().filter(|part| !is_so(part)).collect();
            let mut words: Vec<String> = open.iter().filter_map(|part| self.needed(**part, wanted)).collect();
            if words.is_empty() || (all && words.len() < open.len()) {
                return None;
            }
            words.dedup();
            Some(words.join(if all { " and " } else { " or " }))
        };
        match self.expr(ix)? {
            Expr::Literal(_) | Expr::Missing => None,
            Expr::Not(inner) => self.needed(*inner, !wanted),
            Expr::And(parts) => joined(parts, wanted),
            Expr::Or(parts) => joined(parts, !wanted),
            _ if wanted => Some(self.words.expression(ix)),
            _ => Some(self.words.negated(ix)),
        }
    }

    fn is_personal(&self, ix: ExprIx) -> bool {
        let Some(Expr::Contact(slot)) = self.expr(ix) else { return false };
        let field = self.words.needs.contact.get(usize::from(*slot));
        field.is_none_or(|field| matches!(field.ty, Type::Text | Type::Date | Type::Texts))
    }

    /// The type of a value, as far as it can be told from what it is made of.
    fn ty(&self, ix: ExprIx) -> Option<Type> {
        let of_field = |fields: &[FieldUse], slot: u16| Some(fields.get(usize::from(slot))?.ty.clone());
        let code = &self.eval.code.code;
        match self.expr(ix)? {
            Expr::Contact(slot) => of_field(&self.words.needs.contact, *slot),
            Expr::Trigger(slot) => of_field(&code.trigger, *slot),
            Expr::Event(slot) => of_field(&code.events.get(usize::from(self.words.event?))?.fields, *slot),
            Expr::Field { entity, field, .. } => {
                of_field(&self.words.needs.entities.get(usize::from(*entity))?.fields, *field)
            }
            Expr::Aggregate(aggregate) => match aggregate.kind {
                AggregateKind::Sum | AggregateKind::Average | AggregateKind::First | AggregateKind::Last => {
                    let probe = code.probes.get(aggregate.probe)?;
                    let inner = Explainer {
                        eval: self.eval,
                        words: Words { event: Some(probe.event), ..self.words },
                        read: Vec::new(),
                    };
                    inner.ty(aggregate.of?)
                }
                AggregateKind::Share => Some(Type::Percent),
                _ => None,
            },
            Expr::Round(inner) | Expr::Negate(inner) => self.ty(*inner),
            Expr::Add(one, two) | Expr::Subtract(one, two) | Expr::Multiply(one, two) => {
                self.ty(*one).or_else(|| self.ty(*two))
            }
            Expr::Divide(one, _) | Expr::Default(one, _) => self.ty(*one),
            _ => None,
        }
    }
}

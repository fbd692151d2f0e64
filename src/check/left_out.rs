//! Conditions that leave out, or hold back, those of whom a value is missing, where they let every other value through that
//! they do not name: `contact.tier is not "gold"`, `unless contact.vip`.

mod repair;
mod told;

use super::truth::{Fact, Known, Possible, Reader, Until, key};
use super::typed::{Expr, Kind, Scenario, Step, StepKind};
use crate::diagnostic::Diagnostic;
use crate::model::Literal;
use crate::span::{SourceId, Span};
use repair::Repair;
use std::collections::BTreeMap;

/// The texts of a project.
pub type Texts<'t> = BTreeMap<SourceId, &'t str>;

/// What becomes of whom a condition is not known, where it stands.
#[derive(Clone, Copy, Debug)]
pub enum Omission<'s> {
    /// `for`: only what is true lets in.
    Entry,
    /// A filter of an event.
    Filtered,
    If(Branch),
    /// `only if`, at this step.
    OnlyIf(&'s Step),
    /// `unless`: what is unknown holds this step back.
    Unless(&'s Step),
    /// `wait up to D for`
    Awaited,
    Goal,
    /// `stop when`, in a scenario that sends: what is unknown holds its messages back, and stops nothing.
    Silenced,
    /// `stop when` where there is no message to hold back.
    NotStopped,
}

/// Where an arm of an `if` stands, and what it does.
#[derive(Clone, Copy, Debug)]
pub struct Branch {
    pub is_first: bool,
    /// Whether it has an `else if` after it.
    pub has_more: bool,
    /// Whether the `if` has an `else`.
    pub has_else: bool,
    pub end: Option<End>,
}

/// How the steps of an arm end the instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Stop,
    Erase,
    Other,
}

impl End {
    /// That of the first step that always does.
    pub fn of(steps: &[Step]) -> Option<End> {
        steps.iter().find(|step| step.ends()).map(|step| match step.kind {
            StepKind::Stop => End::Stop,
            StepKind::Erase => End::Erase,
            _ => End::Other,
        })
    }
}

impl Omission<'_> {
    /// What the condition must come to so that something is done.
    fn acts(self) -> bool {
        !matches!(self, Omission::Unless(_) | Omission::Silenced)
    }
}

/// A condition where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'s> {
    pub condition: &'s Expr,
    /// Whether it reads the event that is the trigger: the filter of a trigger.
    pub of_trigger: bool,
    pub omission: Omission<'s>,
    /// Where it is told when its words stand elsewhere.
    pub place: Span,
}

/// A value that may be missing, in a question that must not be so of it where something is to be done.
struct Leaf<'s> {
    value: &'s Expr,
    /// The question, with its own `not`.
    asked: &'s Expr,
    /// Where it is told.
    place: Span,
    /// Whether its words stand there, and not in a definition.
    is_here: bool,
    /// The question and what stands around it, from within, each with whether it must be true so that something is done.
    around: Vec<(&'s Expr, bool)>,
}

impl Leaf<'_> {
    /// Whether it is told of where a definition says it.
    fn is_definition(&self) -> bool {
        !self.is_here && self.place == self.asked.span
    }
}

/// Judges the conditions of a scenario.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'j> {
    pub reader: Reader<'j>,
    pub scenario: &'j Scenario,
    pub texts: &'j Texts<'j>,
}

impl<'j> Judge<'j> {
    /// What is told of one condition, each with its place.
    pub fn judge(&self, known: &Known, standing: Standing, found: &mut Vec<(Span, Diagnostic)>) {
        let Standing { condition, of_trigger, omission, place } = standing;
        if condition.any(|kind| *kind == Kind::Error) {
            return;
        }
        let acts = omission.acts();
        let mut search = Search { scenario: self.scenario, leaves: Vec::new(), around: Vec::new() };
        search.leaves(condition, Level { wanted: acts, place, is_turned: false });
        // Several questions about one value have one cause.
        let mut by_value: BTreeMap<String, Leaf> = BTreeMap::new();
        for leaf in search.leaves {
            by_value.entry(key(leaf.value, of_trigger)).or_insert(leaf);
        }
        for leaf in by_value.into_values() {
            if !self.reader.omits(known, condition, of_trigger, acts, leaf.value) {
                continue;
            }
            let repair = Repair::of(self, known, standing, &leaf);
            // Who writes all arms has thought of those whom only the last one takes.
            let is_last_resort = |branch: Branch| branch.has_more || branch.has_else;
            if repair.lets_all && matches!(omission, Omission::If(branch) if is_last_resort(branch)) {
                continue;
            }
            let told = told::diagnostic(self, standing, &leaf, &repair);
            found.push((leaf.place, told));
        }
    }

    /// What is told of the filters of events; all of them hold.
    pub fn judge_filters(&self, filters: &[Expr], of_trigger: bool, found: &mut Vec<(Span, Diagnostic)>) {
        for (at, condition) in filters.iter().enumerate() {
            let mut known = Known::default();
            let others = filters.iter().enumerate().filter(|(other, _)| *other != at);
            others.for_each(|(_, other)| known.learn(&self.reader, fact(other, of_trigger)));
            let place = condition.span;
            self.judge(&known, Standing { condition, of_trigger, omission: Omission::Filtered, place }, found);
        }
    }

    /// What is told of the filters of all histories that the scenario asks for.
    pub fn judge_histories(&self, found: &mut Vec<(Span, Diagnostic)>) {
        for each in self.scenario.expressions() {
            each.visit(&mut |expr| {
                let history = match &expr.kind {
                    Kind::History(history) => history.as_ref(),
                    Kind::Aggregate(aggregate) => &aggregate.history,
                    _ => return,
                };
                let own = [history.event.as_str()];
                let judge = Judge { reader: Reader { triggers: &own, ..self.reader }, ..*self };
                judge.judge_filters(&history.filters, false, found);
            });
        }
    }

    /// The words under a place, in one line; `None` where a comment is among them, or they are many.
    fn text(&self, place: Span) -> Option<String> {
        const LENGTH_MAX: usize = 200;
        let text = self.texts.get(&place.source)?.get(place.range())?;
        let line = text.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        let has_comment = text.contains('\n') && text.contains('#');
        (!has_comment && !line.is_empty() && line.len() <= LENGTH_MAX).then_some(line)
    }
}

fn fact(condition: &Expr, of_trigger: bool) -> Fact<'_> {
    let came_to = Possible::TRUE;
    Fact { condition, of_trigger, came_to, until: Until::Change, place: condition.span, why: "" }
}

/// Where in a condition one is.
#[derive(Clone, Copy)]
struct Level {
    /// Whether what is here must be true so that something is done.
    wanted: bool,
    /// The innermost words around it that are of the scenario.
    place: Span,
    /// Whether the definition that stands in their place has turned it.
    is_turned: bool,
}

struct Search<'s, 'j> {
    scenario: &'j Scenario,
    leaves: Vec<Leaf<'s>>,
    /// What stands around the place where one is, from without.
    around: Vec<(&'s Expr, bool)>,
}

impl<'s> Search<'s, '_> {
    fn leaves(&mut self, expr: &'s Expr, level: Level) {
        let level = match is_here(self.scenario, expr) {
            true => Level { place: expr.span, is_turned: false, ..level },
            false => level,
        };
        self.around.push((expr, level.wanted));
        match &expr.kind {
            // `is not` is one question.
            Kind::Not(inner) if inner.span == expr.span && is_question(inner) => self.question(inner, expr, level),
            Kind::Not(inner) => {
                self.leaves(inner, Level { wanted: !level.wanted, is_turned: !level.is_turned, ..level });
            }
            Kind::And(all) | Kind::Or(all) => all.iter().for_each(|each| self.leaves(each, level)),
            _ => self.question(expr, expr, level),
        }
        self.around.pop();
    }

    fn question(&mut self, question: &'s Expr, asked: &'s Expr, level: Level) {
        let no = Kind::Literal(Literal::Flag(false));
        let (value, is_no) = match &question.kind {
            Kind::Equal(pair) => match (&pair.0.kind, &pair.1.kind) {
                (_, literal @ Kind::Literal(_)) => (&pair.0, *literal == no),
                (literal @ Kind::Literal(_), _) => (&pair.1, *literal == no),
                _ => return,
            },
            Kind::In(value, _) => (value.as_ref(), false),
            _ if question.is_flag() => (question, false),
            _ => return,
        };
        let is_negative = is_no != matches!(asked.kind, Kind::Not(_));
        // Only a question that must be denied lets through what it does not name.
        if is_negative != level.wanted || !value.optional || path(value).is_none() || names_nothing(question) {
            return;
        }
        let is_here = is_here(self.scenario, asked);
        // A definition that denies is where it is told, whoever uses it; one that is denied is told where that is.
        let place = if is_here || level.is_turned != is_negative { asked.span } else { level.place };
        let around = self.around.iter().rev().copied().collect();
        self.leaves.push(Leaf { value, asked, place, is_here, around });
    }
}

fn is_here(scenario: &Scenario, expr: &Expr) -> bool {
    let (whole, own) = (scenario.span, expr.span);
    own.source == whole.source && whole.start <= own.start && own.end <= whole.end
}

fn is_question(expr: &Expr) -> bool {
    matches!(expr.kind, Kind::Equal(_) | Kind::In(..))
}

/// Whether a question names the empty text: who writes `is not ""` thinks of those without a value.
fn names_nothing(question: &Expr) -> bool {
    let is_empty = |expr: &Expr| matches!(&expr.kind, Kind::Literal(Literal::Text(text)) if text.is_empty());
    match &question.kind {
        Kind::Equal(pair) => is_empty(&pair.0) || is_empty(&pair.1),
        Kind::In(_, list) => list.iter().any(is_empty),
        _ => false,
    }
}

/// A value as it is written: its path, and whether it begins with the contact.
fn path(value: &Expr) -> Option<(String, bool)> {
    match &value.kind {
        Kind::Contact(field) => Some((format!("contact.{field}"), true)),
        Kind::Trigger(field) | Kind::Event(field) => Some((field.clone(), false)),
        Kind::Field { of, field, .. } => {
            let (of, is_of_contact) = path(of)?;
            Some((format!("{of}.{field}"), is_of_contact))
        }
        _ => None,
    }
}

//! Conditions that decide nothing: always true, never true, whoever the contact is, or because of what is known already where
//! they stand; and scenarios that can therefore never start.

use super::begun;
use super::truth::{Fact, Known, Possible, Reader};
use super::typed::{Expr, Guard, Kind, Scenario, Start, Step, StepKind};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::Model;
use crate::span::Span;
use std::collections::BTreeSet;

/// What a condition does where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// `if`, `only if`
    If,
    Unless,
    /// The filter of a trigger, `for`.
    Entry,
    /// `wait up to D for`
    Awaited,
    Goal,
    StopWhen,
    /// One part of a condition.
    Part,
}

/// Judges the conditions of all scenarios.
pub fn check_conditions(scenarios: &[Scenario], model: &Model, out: &mut Vec<Diagnostic>) {
    let mut told = BTreeSet::new();
    for scenario in scenarios {
        let triggers = scenario.trigger_events();
        let reader = Reader { model, triggers: &triggers };
        let mut walk = Walk { reader, scenario, told: &mut told, out };
        walk.scenario();
    }
    // A condition that decides nothing need not be made sure of first.
    let is_constant = |found: &Diagnostic| matches!(found.rule, Rule::ConstantCondition | Rule::CannotStart);
    let constant: Vec<Span> =
        out.iter().filter(|found| is_constant(found)).flat_map(|found| &found.labels).map(|label| label.span).collect();
    let is_inside_one = |place: Span| constant.iter().any(|whole| *whole == place || is_inside(place, *whole));
    out.retain(|found| found.rule != Rule::MaybeMissing || !found.span().is_some_and(is_inside_one));
}

struct Walk<'s, 'o> {
    reader: Reader<'o>,
    scenario: &'s Scenario,
    /// The places of which something was said: a definition that several scenarios use is one cause.
    told: &'o mut BTreeSet<Span>,
    out: &'o mut Vec<Diagnostic>,
}

fn fact(condition: &Expr, came_to: Possible) -> Fact<'_> {
    let lasts = is_lasting(condition);
    Fact { condition, of_trigger: false, came_to, lasts, place: condition.span, why: "because of this" }
}

impl<'s> Walk<'s, '_> {
    fn scenario(&mut self) {
        let scenario = self.scenario;
        let mut known: Known<'s> = Known::default();
        if !self.triggers(&mut known) {
            return;
        }
        for fact in begun::facts(scenario, self.reader.model) {
            known.learn(&self.reader, fact);
        }
        if let Some(audience) = &scenario.audience {
            if self.judge(audience, &known, Role::Entry, audience.span) {
                return;
            }
            known.learn(&self.reader, fact(audience, Possible::TRUE));
        }
        let lasting = known.lasting();
        if let Some(stop_when) = &scenario.stop_when {
            self.judge(stop_when, &lasting, Role::StopWhen, stop_when.span);
        }
        if let Some(goal) = &scenario.goal {
            self.judge(&goal.condition, &lasting, Role::Goal, goal.condition.span);
            self.steps(&goal.then, &mut lasting.clone());
        }
        self.steps(&scenario.steps, &mut known);
    }

    /// The filters of the triggers; what they say is known only where no other event starts the scenario. False where nothing
    /// can start it.
    fn triggers(&mut self, known: &mut Known<'s>) -> bool {
        let scenario = self.scenario;
        let events = scenario.start.events();
        let mut never = Vec::new();
        for trigger in events {
            let mut facts: Known<'s> = Known::default();
            let own = [trigger.event.as_str()];
            let reader = Reader { triggers: &own, ..self.reader };
            for filter in &trigger.filters {
                if filter.any(|kind| *kind == Kind::Error) {
                    return false;
                }
                let found = reader.possible(&facts, filter, true);
                if !found.truth {
                    never.push((filter, self.cause(&reader, &facts, filter, true, Possible::NOT_TRUE)));
                    break;
                }
                if found == Possible::TRUE && self.is_here(filter) {
                    self.tell(always(filter.span, Role::Entry), filter.span);
                }
                facts.learn(&reader, Fact { of_trigger: true, ..fact(filter, Possible::TRUE) });
            }
            let alone = events.len() == 1 && scenario.started_by.is_empty();
            if alone && matches!(scenario.start, Start::Events(_)) {
                *known = facts;
            }
        }
        let all = !events.is_empty() && never.len() == events.len() && scenario.started_by.is_empty();
        for (filter, cause) in never {
            let found = match all {
                true => cannot_start(scenario, filter.span),
                false => never_true(filter.span, Role::Entry),
            };
            self.tell(because_of(found, cause, filter.span), filter.span);
        }
        !all
    }

    fn steps(&mut self, steps: &'s [Step], known: &mut Known<'s>) {
        for step in steps {
            self.step(step, known);
        }
    }

    fn step(&mut self, step: &'s Step, known: &mut Known<'s>) {
        // Of a message the guard is judged once more when it is claimed; then only what lasts is known.
        let before = match step.kind {
            StepKind::Send(_) => known.lasting(),
            _ => known.clone(),
        };
        let mut inside = known.clone();
        match &step.guard {
            Some(Guard::OnlyIf(condition)) => {
                if self.judge(condition, &before, Role::If, step.span) {
                    return;
                }
                inside.learn(&self.reader, fact(condition, Possible::TRUE));
            }
            Some(Guard::Unless(condition)) => {
                if self.judge(condition, &before, Role::Unless, step.span) {
                    return;
                }
                inside.learn(&self.reader, fact(condition, Possible::FALSE));
            }
            None => {}
        }
        match &step.kind {
            StepKind::If { arms, otherwise } => self.branches(step, arms, otherwise.as_deref(), &inside),
            StepKind::Split { arms, .. } => {
                arms.iter().for_each(|arm| self.steps(&arm.steps, &mut inside.clone()));
            }
            StepKind::Repeat { times, steps, .. } => {
                let mut first = if *times > 1 { inside.lasting() } else { inside };
                self.steps(steps, &mut first);
            }
            StepKind::WaitFor { condition, .. } => {
                self.judge(condition, &inside.lasting(), Role::Awaited, condition.span);
            }
            _ => {}
        }
        if changes(step) {
            known.forget();
        }
        self.after(step, known);
    }

    fn branches(
        &mut self,
        step: &'s Step,
        arms: &'s [(Expr, Vec<Step>)],
        otherwise: Option<&'s [Step]>,
        inside: &Known<'s>,
    ) {
        let mut known = inside.clone();
        for (condition, steps) in arms {
            let place = match self.is_here(condition) {
                true => condition.span,
                false => Span { end: steps.first().map_or(step.span.end, |first| first.span.start), ..step.span },
            };
            if !self.judge(condition, &known, Role::If, place) {
                let mut within = known.clone();
                within.learn(&self.reader, fact(condition, Possible::TRUE));
                self.steps(steps, &mut within);
            }
            known.learn(&self.reader, fact(condition, Possible::NOT_TRUE));
        }
        if let Some(steps) = otherwise {
            self.steps(steps, &mut known);
        }
    }

    /// What is known after a step that may have ended the instance.
    fn after(&mut self, step: &'s Step, known: &mut Known<'s>) {
        let ends = |steps: &[Step]| steps.iter().any(Step::ends);
        let mut learnt = Vec::new();
        match (&step.kind, &step.guard) {
            (StepKind::Stop | StepKind::Erase, Some(Guard::OnlyIf(condition))) => {
                learnt.push((condition, Possible::NOT_TRUE));
            }
            (StepKind::Stop | StepKind::Erase, Some(Guard::Unless(condition))) => {
                learnt.push((condition, Possible::NOT_FALSE));
            }
            (StepKind::If { arms, .. }, None) => {
                let ended = arms.iter().take_while(|(_, steps)| ends(steps));
                learnt.extend(ended.map(|(condition, _)| (condition, Possible::NOT_TRUE)));
            }
            _ => {}
        }
        let may_change = changes(step);
        for fact in learnt.into_iter().map(|(condition, came_to)| fact(condition, came_to)) {
            if fact.lasts || !may_change {
                known.learn(&self.reader, fact);
            }
        }
    }

    /// Judges a condition; true where nothing that depends on it ever comes, so that no more is said.
    fn judge(&mut self, condition: &'s Expr, known: &Known<'s>, role: Role, place: Span) -> bool {
        if condition.any(|kind| *kind == Kind::Error) {
            return false;
        }
        let place = if self.is_here(condition) { condition.span } else { place };
        let found = self.reader.possible(known, condition, false);
        let Some(said) = said(found, role, place, self.scenario) else {
            if found != Possible::NONE && self.is_here(condition) {
                self.parts(condition);
            }
            return false;
        };
        let reader = self.reader;
        let mut said = said;
        if let Some((one, other)) = self.contradiction(condition).filter(|_| !found.truth) {
            said.labels.clear();
            said = said.at(one.span, "this").at(other.span, "and this cannot both hold");
        }
        let cause = self.cause(&reader, known, condition, false, found);
        self.tell(because_of(said, cause, place), place);
        match role {
            Role::Unless => !found.falsehood,
            _ => !found.truth,
        }
    }

    /// The fact by which a condition is what it is, where it is not so by itself.
    fn cause(
        &self,
        reader: &Reader,
        known: &Known<'s>,
        condition: &Expr,
        of_trigger: bool,
        found: Possible,
    ) -> Option<(Span, &'static str)> {
        let so = |facts: &Known| {
            let alone = reader.possible(facts, condition, of_trigger);
            (found.truth || !alone.truth) && (found.falsehood || !alone.falsehood)
        };
        if so(&Known::default()) {
            return None;
        }
        known.facts().rev().find(|fact| so(&Known::by(reader, **fact))).map(|fact| (fact.place, fact.why))
    }

    /// Two parts of a conjunction that contradict one another, each possible by itself.
    fn contradiction(&self, condition: &'s Expr) -> Option<(&'s Expr, &'s Expr)> {
        let Kind::And(parts) = &condition.kind else { return None };
        let written: Vec<&Expr> = parts.iter().filter(|part| is_inside(part.span, condition.span)).collect();
        // The first part with which all before it cannot hold.
        let holds = |known: &Known, part: &Expr| self.reader.possible(known, part, false).truth;
        let mut before = Known::default();
        for (place, second) in written.iter().enumerate() {
            if !holds(&before, second) {
                let alone = |part: &Expr| holds(&Known::default(), part);
                let contradicts = |first: &&&Expr| {
                    let known = Known::by(&self.reader, fact(first, Possible::TRUE));
                    alone(first) && !holds(&known, second)
                };
                let first = written.iter().take(place).find(contradicts)?;
                return alone(second).then_some((*first, *second));
            }
            before.learn(&self.reader, fact(second, Possible::TRUE));
        }
        None
    }

    /// Parts that decide nothing in a condition that decides.
    fn parts(&mut self, condition: &'s Expr) {
        let (parts, in_vain) = match &condition.kind {
            Kind::And(parts) => (parts.as_slice(), Possible::TRUE),
            Kind::Or(parts) => (parts.as_slice(), Possible::FALSE),
            Kind::Not(inner) => return self.parts(inner),
            _ => return,
        };
        // What one word stands for has its place, and no parts that its author wrote.
        for part in parts.iter().filter(|part| is_inside(part.span, condition.span)) {
            let found = self.reader.possible(&Known::default(), part, false);
            match in_vain {
                Possible::TRUE if found == Possible::TRUE => self.tell(always(part.span, Role::Part), part.span),
                Possible::FALSE if !found.truth && found != Possible::NONE => {
                    let said = never_true(part.span, Role::Part);
                    self.tell(said, part.span);
                }
                _ => self.parts(part),
            }
        }
    }

    /// Whether a condition is written in this scenario, and not in a definition.
    fn is_here(&self, condition: &Expr) -> bool {
        is_inside(condition.span, self.scenario.span)
    }

    fn tell(&mut self, found: Diagnostic, place: Span) {
        if self.told.insert(place) {
            self.out.push(found);
        }
    }
}

fn is_inside(inner: Span, outer: Span) -> bool {
    inner != outer && inner.source == outer.source && outer.start <= inner.start && inner.end <= outer.end
}

/// Whether a condition says the same as long as the instance runs: it reads what the instance keeps of its trigger.
pub(super) fn is_lasting(condition: &Expr) -> bool {
    !condition.any(|kind| {
        !matches!(
            kind,
            Kind::Trigger(_)
                | Kind::Event(_)
                | Kind::Entry
                | Kind::Literal(_)
                | Kind::Has(_)
                | Kind::IsEmpty(_)
                | Kind::Not(_)
                | Kind::And(_)
                | Kind::Or(_)
                | Kind::Equal(_)
                | Kind::Less(_)
                | Kind::LessOrEqual(_)
                | Kind::In(..)
                | Kind::Default(_)
                | Kind::IsUnknown(_)
        )
    })
}

/// Whether time passes in a step, or something changes.
fn changes(step: &Step) -> bool {
    let mut found = false;
    Step::visit_all(std::slice::from_ref(step), &mut |each| {
        found |= !matches!(each.kind, StepKind::If { .. } | StepKind::Split { .. } | StepKind::Stop)
    });
    found
}

/// What is said of a condition in its role; nothing of one that decides.
fn said(found: Possible, role: Role, place: Span, scenario: &Scenario) -> Option<Diagnostic> {
    if found == Possible::NONE {
        return None;
    }
    let never_holds = match role {
        Role::Unless => !found.falsehood,
        // One that is unknown holds messages back.
        Role::StopWhen => found == Possible::FALSE,
        _ => !found.truth,
    };
    let always_holds = match role {
        Role::Unless => found == Possible::FALSE,
        _ => found == Possible::TRUE,
    };
    match role {
        Role::Entry if never_holds => Some(cannot_start(scenario, place)),
        _ if never_holds => Some(never_true(place, role)),
        _ if always_holds => Some(always(place, role)),
        _ => None,
    }
}

fn never_true(place: Span, role: Role) -> Diagnostic {
    let (message, label, help) = match role {
        Role::Unless => (
            "this `unless` always holds its step back",
            "never false, so that the step never comes",
            "correct the condition, or remove the step",
        ),
        Role::Awaited => (
            "what this waits for never comes true",
            "never true: it always waits to the end",
            "correct the condition, or write a plain `wait`",
        ),
        Role::Goal => ("this goal is never reached", "never true", "correct the condition, or remove the goal"),
        Role::StopWhen => ("this never stops an instance", "never true", "correct the condition, or remove it"),
        Role::Part => ("this part of the condition is never true", "never true", "correct it, or leave it out"),
        Role::Entry => ("this filter lets nothing through", "never true", "correct the filter, or remove the trigger"),
        Role::If => (
            "this condition is never true",
            "never true, so that what follows never comes",
            "correct the condition, or remove what it holds back",
        ),
    };
    Diagnostic::new(Rule::ConstantCondition, message).at(place, label).help(help)
}

fn always(place: Span, role: Role) -> Diagnostic {
    let (message, label, help) = match role {
        Role::Unless => (
            "this `unless` never holds its step back",
            "never true, and never unknown",
            "correct the condition, or leave the `unless` out",
        ),
        Role::Awaited => {
            ("this waits for nothing", "always true: it passes at once", "correct the condition, or remove the wait")
        }
        Role::Goal => ("this goal is reached at once", "always true", "write what is to be reached"),
        Role::StopWhen => {
            ("this stops every instance at once", "always true", "write what is to end the instance, or leave it out")
        }
        Role::Part => ("this part of the condition is always true", "always true", "correct it, or leave it out"),
        Role::Entry => ("this lets everything through", "always true", "correct the condition, or leave it out"),
        Role::If => ("this condition is always true", "always true", "correct the condition, or leave it out"),
    };
    Diagnostic::new(Rule::ConstantCondition, message).at(place, label).help(help)
}

fn cannot_start(scenario: &Scenario, place: Span) -> Diagnostic {
    Diagnostic::new(Rule::CannotStart, format!("`{}` can never start", scenario.name))
        .at(place, "never true")
        .because("nobody would ever get what it sends")
        .help("correct the condition: what it asks for cannot be")
}

/// Names what is known already, by which a condition decides nothing.
fn because_of(found: Diagnostic, cause: Option<(Span, &'static str)>, place: Span) -> Diagnostic {
    match cause {
        Some((cause, why)) if cause != place => found.at(cause, why),
        _ => found,
    }
}

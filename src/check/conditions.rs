//! Conditions that decide nothing: always true, never true, whoever the contact is, or because of what is known already where
//! they stand; and scenarios that can therefore never start.

mod said;

use super::begun;
use super::left_out::{self, Omission, Standing};
use super::truth::{Fact, Known, Possible, Reader, Until};
use super::typed::{Class, Expr, Guard, Kind, Policy, Scenario, Send, Start, Step, StepKind};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Model, QuietHours};
use crate::span::Span;
use crate::threads;
use said::{Role, always, always_later, never_true};
use std::collections::BTreeSet;

/// Judges the conditions of all scenarios. The places of the steps that never come, as what is said of their conditions tells.
pub fn check_conditions(
    scenarios: &[Scenario],
    policy: &Policy,
    model: &Model,
    out: &mut Vec<Diagnostic>,
) -> BTreeSet<Span> {
    let judged = threads::each(scenarios, |scenario| {
        let triggers = scenario.trigger_events();
        let reader = Reader { model, triggers: &triggers };
        let counted = begun::counted(scenario);
        let passed = begun::passed(scenario);
        let (counted, passed) = (counted.as_slice(), passed.as_ref());
        let mut walk = Walk { reader, scenario, counted, passed, policy, found: Vec::new(), never: Vec::new() };
        walk.scenario();
        (walk.found, walk.never)
    });
    let (judged, never): (Vec<_>, Vec<_>) = judged.into_iter().unzip();
    // A definition that several scenarios use is one cause.
    let mut told = BTreeSet::new();
    out.extend(judged.into_iter().flatten().filter(|(place, _)| told.insert(*place)).map(|(_, found)| found));
    // A condition that decides nothing need not be made sure of first.
    let is_constant = |found: &Diagnostic| matches!(found.rule, Rule::ConstantCondition | Rule::CannotStart);
    let constant: Vec<Span> =
        out.iter().filter(|found| is_constant(found)).flat_map(|found| &found.labels).map(|label| label.span).collect();
    let is_inside_one = |place: Span| constant.iter().any(|whole| *whole == place || is_inside(place, *whole));
    out.retain(|found| found.rule != Rule::MaybeMissing || !found.span().is_some_and(is_inside_one));
    never.into_iter().flatten().collect()
}

struct Walk<'s, 'o> {
    reader: Reader<'o>,
    scenario: &'s Scenario,
    /// The numbers of events for which it asks, each as the condition that it is above zero.
    counted: &'s [Expr],
    /// That time has passed since the entry, where it asks for that.
    passed: Option<&'s Expr>,
    policy: &'o Policy,
    /// What is said, and of which place: of each place once.
    found: Vec<(Span, Diagnostic)>,
    /// The steps that never come.
    never: Vec<Span>,
}

fn fact(condition: &Expr, came_to: Possible) -> Fact<'_> {
    let until = if is_lasting(condition) { Until::End } else { Until::Change };
    Fact { condition, of_trigger: false, came_to, until, place: condition.span, why: "because of this" }
}

fn time_passed(passed: &Expr, place: Span) -> Fact<'_> {
    let (came_to, until) = (Possible::TRUE, Until::End);
    Fact { condition: passed, of_trigger: false, came_to, until, place, why: "after this, time has passed" }
}

impl<'s> Walk<'s, '_> {
    fn scenario(&mut self) {
        let scenario = self.scenario;
        let mut known: Known<'s> = Known::default();
        if !self.triggers(&mut known) {
            return;
        }
        for fact in begun::facts(scenario, self.counted, self.reader.model) {
            known.learn(&self.reader, fact);
        }
        if let Some(audience) = &scenario.audience {
            if self.judge(audience, &known, Role::Entry, audience.span) == Some(false) {
                return;
            }
            known.learn(&self.reader, fact(audience, Possible::TRUE));
        }
        let lasting = known.lasting();
        if let Some(stop_when) = &scenario.stop_when {
            self.standing(stop_when, &lasting, Role::StopWhen);
        }
        if let Some(goal) = &scenario.goal {
            self.standing(&goal.condition, &lasting, Role::Goal);
            self.steps(&goal.then, &mut lasting.clone());
        }
        self.steps(&scenario.steps, &mut known);
        left_out::judge_histories(&self.reader, scenario, &mut self.found);
    }

    /// A condition that is judged from the entry on: one that is true as soon as time passes ends every instance.
    fn standing(&mut self, condition: &'s Expr, lasting: &Known<'s>, role: Role<'_>) {
        if self.judge(condition, lasting, role, condition.span).is_some() || condition.any(|kind| *kind == Kind::Error)
        {
            return;
        }
        let Some(passed) = self.passed else { return };
        let mut later = lasting.clone();
        later.learn(&self.reader, time_passed(passed, condition.span));
        if self.reader.possible(&later, condition, false) == Possible::TRUE {
            self.tell(always_later(condition.span, role), condition.span);
        }
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
            left_out::judge_filters(&reader, scenario, &trigger.filters, true, &mut self.found);
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
        // Of a message the guard is judged once more when it is claimed: after all else of its instant, and after the policy held it.
        let mut before = known.clone();
        if let StepKind::Send(send) = &step.kind {
            before.forget(if self.may_be_held(send) { Until::End } else { Until::Later });
        }
        let mut inside = known.clone();
        match &step.guard {
            Some(Guard::OnlyIf(condition)) => {
                if self.judge(condition, &before, Role::OnlyIf(step), step.span) == Some(false) {
                    self.never_come(std::slice::from_ref(step));
                    return;
                }
                inside.learn(&self.reader, fact(condition, Possible::TRUE));
            }
            Some(Guard::Unless(condition)) => {
                if self.judge(condition, &before, Role::Unless(step), step.span) == Some(false) {
                    self.never_come(std::slice::from_ref(step));
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
        known.forget(outlives(step));
        self.after(step, known);
    }

    /// Whether a message may leave later than its step comes due.
    fn may_be_held(&self, send: &Send) -> bool {
        let quiet = self.policy.quiet_hours != QuietHours::default();
        match send.class {
            Class::Marketing => quiet || !self.policy.caps.is_empty(),
            Class::Service => quiet,
            Class::Transactional => false,
        }
    }

    fn branches(
        &mut self,
        step: &'s Step,
        arms: &'s [(Expr, Vec<Step>)],
        otherwise: Option<&'s [Step]>,
        inside: &Known<'s>,
    ) {
        let mut known = inside.clone();
        // An arm that always comes leaves nothing to those after it.
        let mut is_taken = false;
        for (condition, steps) in arms {
            let place = match self.is_here(condition) {
                true => condition.span,
                false => Span { end: steps.first().map_or(step.span.end, |first| first.span.start), ..step.span },
            };
            let comes = self.judge(condition, &known, Role::If, place);
            if is_taken || comes == Some(false) {
                self.never_come(steps);
            }
            is_taken |= comes == Some(true);
            if comes != Some(false) {
                let mut within = known.clone();
                within.learn(&self.reader, fact(condition, Possible::TRUE));
                self.steps(steps, &mut within);
            }
            known.learn(&self.reader, fact(condition, Possible::NOT_TRUE));
        }
        if let Some(steps) = otherwise {
            if is_taken {
                self.never_come(steps);
            }
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
            (StepKind::Wait(_), None) => {
                // One that is zero or less ends the instance.
                if let Some(passed) = self.passed {
                    known.learn(&self.reader, time_passed(passed, step.span));
                }
            }
            (StepKind::Set { field, ty, .. }, guard) => {
                let value = Expr::new(Kind::Contact(field.clone()), ty.clone(), true, step.span);
                // `set contact.tier = "member" unless has contact.tier`: then too it is there.
                let or_held = guard.as_ref().is_none_or(|guard| {
                    let held = match guard {
                        Guard::Unless(condition) => fact(condition, Possible::NOT_FALSE),
                        Guard::OnlyIf(condition) => fact(condition, Possible::NOT_TRUE),
                    };
                    Known::by(&self.reader, held).is_present(&self.reader, &value)
                });
                if or_held {
                    known.set(&self.reader, &value);
                }
            }
            (StepKind::If { arms, .. }, None) => {
                let ended = arms.iter().take_while(|(_, steps)| ends(steps));
                learnt.extend(ended.map(|(condition, _)| (condition, Possible::NOT_TRUE)));
            }
            _ => {}
        }
        let until = outlives(step);
        for fact in learnt.into_iter().map(|(condition, came_to)| fact(condition, came_to)) {
            if fact.until >= until {
                known.learn(&self.reader, fact);
            }
        }
    }

    /// Judges a condition: whether what depends on it always comes or never does, so that no more is said; `None` where the
    /// condition decides.
    fn judge(&mut self, condition: &'s Expr, known: &Known<'s>, role: Role<'_>, place: Span) -> Option<bool> {
        if condition.any(|kind| *kind == Kind::Error) {
            return None;
        }
        let place = if self.is_here(condition) { condition.span } else { place };
        let found = self.reader.possible(known, condition, false);
        let Some(said) = said(found, role, place, self.scenario) else {
            if found != Possible::NONE && self.is_here(condition) {
                self.parts(condition);
            }
            let omission = match role {
                Role::Unless(_) => Omission::HeldBack,
                Role::StopWhen => Omission::Silenced,
                _ => Omission::LeftOut,
            };
            let standing = Standing { condition, of_trigger: false, omission, place };
            left_out::judge(&self.reader, known, self.scenario, standing, &mut self.found);
            return None;
        };
        let reader = self.reader;
        let mut said = said;
        if let Some((one, other)) = self.contradiction(condition).filter(|_| !found.truth) {
            said.labels.clear();
            said = said.at(one.span, "this").at(other.span, "and this cannot both hold");
        }
        let cause = self.cause(&reader, known, condition, false, found);
        self.tell(because_of(said, cause, place), place);
        Some(match role {
            Role::Unless(_) => found.falsehood,
            _ => found.truth,
        })
    }

    fn never_come(&mut self, steps: &[Step]) {
        Step::visit_all(steps, &mut |step| self.never.push(step.span));
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
        self.found.push((place, found));
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

/// How long a fact must hold so that it still does after a step.
fn outlives(step: &Step) -> Until {
    let mut found = Until::Change;
    Step::visit_all(std::slice::from_ref(step), &mut |each| {
        let own = match each.kind {
            StepKind::Error => Until::End,
            _ if each.takes_time() => Until::End,
            StepKind::If { .. } | StepKind::Split { .. } | StepKind::Stop => Until::Change,
            _ => Until::Later,
        };
        found = found.max(own);
    });
    found
}

/// What is said of a condition in its role; nothing of one that decides.
fn said(found: Possible, role: Role<'_>, place: Span, scenario: &Scenario) -> Option<Diagnostic> {
    if found == Possible::NONE {
        return None;
    }
    let never_holds = match role {
        Role::Unless(_) => !found.falsehood,
        // One that is unknown holds messages back.
        Role::StopWhen => found == Possible::FALSE,
        _ => !found.truth,
    };
    let always_holds = match role {
        Role::Unless(_) => found == Possible::FALSE,
        _ => found == Possible::TRUE,
    };
    match role {
        Role::Entry if never_holds => Some(cannot_start(scenario, place)),
        _ if never_holds => Some(never_true(place, role)),
        _ if always_holds => Some(always(place, role)),
        _ => None,
    }
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

//! The ways through a scenario: what holds where a step is reached, what does not, and what was sent before it.

use super::arithmetic::constant_duration;
use super::loops::act;
use super::truth::key;
use super::typed::{Expr, Guard, Kind, Scenario, Send, Step, StepKind};

/// A step that is looked at (`erase contact`, and what [`act`] knows), with what is known where it is reached.
#[derive(Debug)]
pub(super) struct Reached<'s> {
    pub step: &'s Step,
    /// What holds when it comes: conditions of the `if`s around it, `only if`.
    pub holds: Vec<&'s Expr>,
    /// What does not hold then: other arms, `unless`.
    pub fails: Vec<&'s Expr>,
    /// What was sent before it, as far as a way leads from there to here; of a step that sends itself this is not kept.
    pub sent: Vec<Sent<'s>>,
    /// How long after the entry it comes, at most; `None` where that is not known.
    pub waited: Option<i128>,
}

/// A step that sends, before another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent<'s> {
    pub step: &'s Step,
    pub send: &'s Send,
    /// Its place among the steps that are looked at.
    pub act: usize,
    /// Whether every way to the other leads past this one.
    pub always: bool,
}

impl<'s> Reached<'s> {
    /// Whether it is reached only where a part of a condition comes so, as `is` tells of the part and whether it holds.
    pub fn needs(&self, is: &dyn Fn(&Expr, bool) -> bool) -> bool {
        self.holds.iter().any(|condition| needs(condition, true, is))
            || self.fails.iter().any(|condition| needs(condition, false, is))
    }

    /// Whether nobody comes to both, unless something changes in between: what holds at one fails at the other.
    pub fn excludes(&self, other: &Reached) -> bool {
        let meets = |one: &[&Expr], two: &[&Expr]| {
            one.iter().any(|left| two.iter().any(|right| key(left, false) == key(right, false)))
        };
        meets(&self.holds, &other.fails) || meets(&self.fails, &other.holds)
    }
}

/// Whether a condition comes so (it holds, or it fails) only where one of its parts does, of which `is` knows.
pub(super) fn needs(condition: &Expr, holds: bool, is: &dyn Fn(&Expr, bool) -> bool) -> bool {
    match &condition.kind {
        Kind::Not(inner) => needs(inner, !holds, is),
        Kind::And(all) | Kind::Or(all) => {
            let is_every = matches!(condition.kind, Kind::And(_)) == holds;
            let mut parts = all.iter().map(|each| needs(each, holds, is));
            if is_every { parts.any(|each| each) } else { !all.is_empty() && parts.all(|each| each) }
        }
        // What is unknown neither holds nor fails.
        Kind::Missing => true,
        _ => is(condition, holds),
    }
}

/// The steps that erase the contact, send, or may make another scenario begin, in the order of the text.
pub(super) fn acts(scenario: &Scenario) -> Vec<Reached<'_>> {
    let mut walk = Walk { holds: Vec::new(), fails: Vec::new(), sent: Vec::new(), waited: Some(0), found: Vec::new() };
    walk.steps(&scenario.steps);
    if let Some(goal) = &scenario.goal {
        // A goal may be reached at any moment: nothing was sent for sure, and nobody knows how long it took.
        walk.sent.clear();
        walk.waited = None;
        walk.holds.push(&goal.condition);
        walk.steps(&goal.then);
    }
    walk.found
}

struct Walk<'s> {
    holds: Vec<&'s Expr>,
    fails: Vec<&'s Expr>,
    sent: Vec<Sent<'s>>,
    waited: Option<i128>,
    found: Vec<Reached<'s>>,
}

fn ends(steps: &[Step]) -> bool {
    steps.iter().any(Step::ends)
}

impl<'s> Walk<'s> {
    fn steps(&mut self, steps: &'s [Step]) {
        let (held, failed) = (self.holds.len(), self.fails.len());
        for step in steps {
            let (held, failed, sent) = (self.holds.len(), self.fails.len(), self.sent.len());
            match &step.guard {
                Some(Guard::OnlyIf(condition)) => self.holds.push(condition),
                Some(Guard::Unless(condition)) => self.fails.push(condition),
                None => {}
            }
            self.step(step);
            self.holds.truncate(held);
            self.fails.truncate(failed);
            if step.guard.is_some() {
                self.sent.iter_mut().skip(sent).for_each(|each| each.always = false);
            }
            self.goes_on(step);
        }
        self.holds.truncate(held);
        self.fails.truncate(failed);
    }

    /// What an instance that a step did not end has shown.
    fn goes_on(&mut self, step: &'s Step) {
        match (&step.kind, &step.guard) {
            (StepKind::Stop, Some(Guard::OnlyIf(condition))) => self.fails.push(condition),
            (StepKind::Stop, Some(Guard::Unless(condition))) => self.holds.push(condition),
            (StepKind::If { arms, otherwise }, None) => {
                self.fails.extend(arms.iter().filter(|(_, steps)| ends(steps)).map(|(condition, _)| condition));
                if let [(condition, _)] = arms.as_slice()
                    && otherwise.as_ref().is_some_and(|steps| ends(steps))
                {
                    self.holds.push(condition);
                }
            }
            _ => {}
        }
    }

    fn step(&mut self, step: &'s Step) {
        if step.kind == StepKind::Erase || act(step).is_some() {
            let is_send = matches!(step.kind, StepKind::Send(_));
            self.found.push(Reached {
                step,
                holds: self.holds.clone(),
                fails: self.fails.clone(),
                sent: if is_send { Vec::new() } else { self.sent.clone() },
                waited: self.waited,
            });
        }
        match &step.kind {
            StepKind::Send(send) => {
                let act = self.found.len().saturating_sub(1);
                self.sent.push(Sent { step, send, act, always: true });
            }
            StepKind::Wait(length) | StepKind::WaitFor { limit: length, .. } => {
                let length = constant_duration(length).map(|length| length.nominal().max(0));
                self.waited = self.waited.zip(length).and_then(|(waited, length)| waited.checked_add(length));
            }
            StepKind::If { arms, otherwise } => {
                let failed = self.fails.len();
                let mut branches = Branches::of(self);
                for (condition, steps) in arms {
                    self.holds.push(condition);
                    branches.take(self, steps);
                    self.holds.pop();
                    self.fails.push(condition);
                }
                branches.take(self, otherwise.as_deref().unwrap_or_default());
                self.fails.truncate(failed);
                branches.meet(self);
            }
            StepKind::Split { arms, .. } => {
                let mut branches = Branches::of(self);
                arms.iter().for_each(|arm| branches.take(self, &arm.steps));
                branches.meet(self);
            }
            StepKind::Repeat { steps, .. } => {
                self.steps(steps);
                self.waited = None;
            }
            StepKind::WaitUntil(_) => self.waited = None,
            _ => {}
        }
    }
}

/// Ways that part at a step, and meet after it.
struct Branches<'s> {
    /// How much was sent before they part.
    before: usize,
    waited: Option<i128>,
    /// How many of them lead on, what they send, and how long the longest takes.
    leading_on: usize,
    sent: Vec<Sent<'s>>,
    longest: Option<i128>,
}

impl<'s> Branches<'s> {
    fn of(walk: &Walk<'s>) -> Branches<'s> {
        let (before, waited) = (walk.sent.len(), walk.waited);
        Branches { before, waited, leading_on: 0, sent: Vec::new(), longest: waited }
    }

    fn take(&mut self, walk: &mut Walk<'s>, steps: &'s [Step]) {
        walk.steps(steps);
        let sent = walk.sent.split_off(self.before.min(walk.sent.len()));
        if !ends(steps) {
            self.leading_on += 1;
            self.sent.extend(sent);
            self.longest = self.longest.zip(walk.waited).map(|(one, other)| one.max(other));
        }
        walk.waited = self.waited;
    }

    fn meet(self, walk: &mut Walk<'s>) {
        let is_only = self.leading_on == 1;
        walk.sent.extend(self.sent.into_iter().map(|each| Sent { always: each.always && is_only, ..each }));
        walk.waited = self.longest;
    }
}

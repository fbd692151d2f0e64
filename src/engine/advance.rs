//! An instance going through its steps: from a wait to the next.

use super::balance;
use super::draws;
use super::explain::{Clause, ClauseOf, Read};
use super::marks::{Left, Marked};
use super::messages::Patience;
use super::output::{Count, Outcome, Reason, Told, What};
use super::program::Unit;
use super::sending::{Members, SendStep, guard_clause, held};
use super::state::{Handle, Instance, Phase};
use super::step::Stepper;
use super::value::Value;
use super::watchers::{Watch, Watched};
use crate::ir::{ExprIx, Moment, Op, Step, StepIx};
use crate::time::Instant;

/// Why an instance ends before its steps are over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Goal,
    StopWhen,
    Replaced,
    Missing(StepIx),
    NoTimeLeft(StepIx),
}

impl Ending {
    fn left(self) -> Left {
        match self {
            Ending::Goal => Left::Goal,
            Ending::StopWhen => Left::StopWhen,
            Ending::Replaced => Left::Replaced,
            Ending::Missing(_) => Left::Missing,
            Ending::NoTimeLeft(_) => Left::NoTimeLeft,
        }
    }
}

/// What a step of the text leads to.
pub(super) enum Next {
    /// The instruction that follows.
    On,
    To(StepIx),
    /// Until then, or until somebody says until when.
    Wait(Phase, Option<Instant>),
    End(Ending),
    /// `erase contact`
    Erased,
    Finished,
}

/// Where an instance that went through its steps is now.
enum Stopped {
    /// At a wait, or gone.
    Alone,
    /// At a step that it took with others: that step, and all who took it.
    Together(StepIx, Members),
    /// It erased its contact, and is to end with everything else.
    Erased(Box<Instance>),
}

impl<'a> Stepper<'a, '_> {
    /// The timer of an instance, which is due.
    pub(super) fn instance_timer(&mut self, handle: Handle) {
        let Some(instance) = self.state.take(handle) else { return };
        let Some(unit) = self.program.unit(instance.unit) else { return };
        self.due = instance.wake.map_or(self.now, |wake| wake.min(self.now));
        match instance.phase {
            Phase::Waiting(wait) | Phase::WaitingFor(wait) => {
                self.tell(&instance, Some(wait), Told::Due, Vec::new());
                self.go_on(handle, instance, wait);
            }
            _ => self.close(handle, instance, unit),
        }
    }

    /// Goes on after the wait at `step`.
    pub(super) fn go_on(&mut self, handle: Handle, instance: Instance, step: StepIx) {
        let Some(unit) = self.program.unit(instance.unit) else { return };
        self.run_from(handle, instance, unit, StepIx(step.0 + 1), false);
    }

    /// Executes instructions until the next wait or the end. `closing` is the sequence of `goal ... then`, after which
    /// nothing is watched any more.
    pub(super) fn run_from(&mut self, handle: Handle, instance: Instance, unit: &'a Unit, from: StepIx, closing: bool) {
        // Those who took a step together go on one after the other, each before those who came with it.
        let mut others: Vec<(Handle, Instance, StepIx)> = Vec::new();
        let mut next = Some((handle, instance, from));
        while let Some((handle, instance, from)) = next {
            match self.run_one(handle, instance, unit, from, closing) {
                Stopped::Alone => {}
                Stopped::Together(at, members) => {
                    let after = StepIx(at.0 + 1);
                    others.extend(members.into_iter().rev().map(|(handle, instance)| (handle, instance, after)));
                }
                Stopped::Erased(instance) => {
                    let came_with_it = others.into_iter().map(|(_, instance, _)| instance);
                    return self.erase(came_with_it.chain([*instance]));
                }
            }
            next = others.pop();
        }
    }

    /// As [`Stepper::run_from`], up to a step that instances take together.
    fn run_one(
        &mut self,
        handle: Handle,
        mut instance: Instance,
        unit: &'a Unit,
        from: StepIx,
        closing: bool,
    ) -> Stopped {
        instance.wake = None;
        instance.phase = if closing { Phase::Converted } else { Phase::Draining };
        let mut at = from;
        let mut stop = None;
        // The checker proves that there is no cycle without a wait; the bound holds for IR that it never saw.
        for _ in 0..=unit.scenario.steps.len() {
            let Some(node) = unit.scenario.steps.get(at) else { break };
            if let Op::Send(send) = &node.op {
                let step = SendStep { unit, at, node, send };
                if let Some(wait) = send.together {
                    return Stopped::Together(at, self.together(handle, instance, wait, step));
                }
                self.send(handle, &mut instance, step);
                at = StepIx(at.0 + 1);
                continue;
            }
            match self.execute(&mut instance, unit, at, node) {
                Next::On => at = StepIx(at.0 + 1),
                Next::To(step) => at = step,
                Next::Wait(phase, until) => {
                    self.wait(handle, instance, unit, phase, until);
                    return Stopped::Alone;
                }
                Next::End(ending) => {
                    if !closing {
                        self.mark_left(&instance, ending.left());
                    }
                    self.end(handle, instance, ending);
                    return Stopped::Alone;
                }
                Next::Erased => return Stopped::Erased(Box::new(instance)),
                Next::Finished => {
                    stop = matches!(node.op, Op::Stop).then_some(at);
                    break;
                }
            }
        }
        if !closing {
            self.out.count(instance.unit, Count::Finished);
            self.tell(&instance, stop, Told::Finished, Vec::new());
            self.mark_left(&instance, Left::Finished);
        }
        self.close(handle, instance, unit);
        Stopped::Alone
    }

    fn execute(&mut self, instance: &mut Instance, unit: &'a Unit, at: StepIx, node: &'a Step) -> Next {
        match (&node.guard, &node.op) {
            (None, Op::Jump(to)) => return Next::To(*to),
            (None, Op::Stop | Op::End | Op::Send(_)) => return Next::Finished,
            _ => {}
        }
        let eval = self.eval(unit, instance);
        if let Some(reason) = node.guard.as_ref().and_then(|guard| held(guard, |condition| eval.truth(condition))) {
            let told = self.conditions(&eval, &guard_clause(node));
            self.tell(instance, Some(at), Told::Held(reason), told);
            self.skip_act(instance, unit, at, node, reason);
            return Next::On;
        }
        match &node.op {
            Op::Wait(duration) => {
                let Some(duration) = eval.duration(*duration) else { return Next::End(Ending::Missing(at)) };
                match self.moved(self.due, duration).filter(|due| duration.nominal() > 0 && *due > self.due) {
                    Some(due) => Next::Wait(Phase::Waiting(at), Some(due)),
                    None => Next::End(Ending::NoTimeLeft(at)),
                }
            }
            Op::WaitUntil(moment) => self.wait_until(instance, unit, at, moment),
            Op::WaitFor { limit, condition, engagement } => {
                if eval.truth(*condition) == Some(true) {
                    let told = self.step_clauses(instance, unit, at);
                    self.tell(instance, Some(at), Told::PassedAtOnce, told);
                    return Next::On;
                }
                let Some(length) = eval.duration(*limit) else { return Next::End(Ending::Missing(at)) };
                let end = self.zone().add(self.due, length);
                let Some(end) = end.filter(|end| length.nominal() > 0 && *end > self.due) else {
                    return Next::End(Ending::NoTimeLeft(at));
                };
                if engagement.is_empty() {
                    return Next::Wait(Phase::WaitingFor(at), Some(end));
                }
                match self.patience(unit, instance, engagement, *limit) {
                    Patience::Open => Next::Wait(Phase::WaitingFor(at), None),
                    Patience::Until(end) if end > self.due => Next::Wait(Phase::WaitingFor(at), Some(end)),
                    Patience::Until(_) | Patience::Over => {
                        let told = self.step_clauses(instance, unit, at);
                        self.tell(instance, Some(at), Told::PassedAtOnce, told);
                        Next::On
                    }
                }
            }
            Op::Branch { condition, otherwise } => {
                let holds = eval.truth(*condition);
                let told = self.step_clauses(instance, unit, at);
                self.tell(instance, Some(at), Told::Branch { holds }, told);
                if holds == Some(true) { Next::On } else { Next::To(*otherwise) }
            }
            Op::Jump(to) => Next::To(*to),
            Op::Split { name, arms } => {
                let Some(arm) = draws::arm(name, arms, &self.facts.person.id) else { return Next::On };
                self.tell(instance, Some(at), Told::Drew { arm: arm as u16 }, Vec::new());
                self.mark(instance, || Marked::Drew { step: at, arm: arm as u16 });
                arms.get(arm).map_or(Next::On, |arm| Next::To(arm.to))
            }
            Op::Set { .. }
            | Op::Tag { .. }
            | Op::Credit { .. }
            | Op::Debit { .. }
            | Op::Start { .. }
            | Op::Erase
            | Op::Call { .. } => self.act(instance, unit, at, node),
            Op::Stop | Op::End | Op::Send(_) => Next::Finished,
        }
    }

    fn wait_until(&mut self, instance: &Instance, unit: &'a Unit, at: StepIx, moment: &Moment) -> Next {
        let eval = self.eval(unit, instance);
        let zone = self.zone();
        let next = match moment {
            Moment::At(instant) => {
                let Some(instant) = eval.instant(*instant) else { return Next::End(Ending::Missing(at)) };
                if instant <= instance.entry {
                    return Next::End(Ending::NoTimeLeft(at));
                }
                if instant <= self.due {
                    let told = self.step_clauses(instance, unit, at);
                    self.tell(instance, Some(at), Told::PassedAtOnce, told);
                    return Next::On;
                }
                Some(instant)
            }
            Moment::Anniversary(date) => {
                let Value::Date(date) = *eval.value(*date).as_ref() else { return Next::End(Ending::Missing(at)) };
                zone.next_anniversary(self.due, date)
            }
            Moment::Weekly { day, time } => zone.next_time(self.due, *day, *time),
        };
        next.map_or(Next::End(Ending::NoTimeLeft(at)), |next| Next::Wait(Phase::Waiting(at), Some(next)))
    }

    fn wait(&mut self, handle: Handle, mut instance: Instance, unit: &'a Unit, phase: Phase, until: Option<Instant>) {
        instance.generation += 1;
        instance.phase = phase;
        instance.wake = until;
        let told = match (phase, until) {
            (Phase::WaitingFor(step), Some(until)) => Some((step, Told::WaitsFor { until })),
            (Phase::WaitingFor(step), None) => Some((step, Told::WaitsForMessage)),
            (Phase::Waiting(step), Some(until)) => Some((step, Told::Waits { until })),
            _ => None,
        };
        if let Some((step, told)) = told.filter(|_| self.out.trace.is_some()) {
            let clauses = self.step_clauses(&instance, unit, step);
            self.tell(&instance, Some(step), told, clauses);
        }
        self.file(unit, handle, &instance);
        self.state.put(handle, instance);
    }

    /// What is told of a step other than `send`, where somebody wants to know: its condition, or the values that it works out.
    pub(super) fn step_clauses(&self, instance: &Instance, unit: &Unit, at: StepIx) -> Vec<Clause> {
        let Some(step) = unit.scenario.steps.get(at).filter(|_| self.out.trace.is_some()) else { return Vec::new() };
        let eval = self.eval(unit, instance);
        let values = |of: ClauseOf, all: &[ExprIx]| -> Vec<Clause> {
            all.iter().flat_map(|ix| self.values(&eval, &[(of, Some(*ix))])).collect()
        };
        match &step.op {
            Op::Wait(length) => values(ClauseOf::Length, &[*length]),
            Op::WaitUntil(Moment::At(moment) | Moment::Anniversary(moment)) => values(ClauseOf::Length, &[*moment]),
            Op::WaitFor { limit, condition, .. } => {
                let mut clauses = values(ClauseOf::Length, &[*limit]);
                clauses.extend(self.conditions(&eval, &[(ClauseOf::Condition, Some(*condition))]));
                clauses
            }
            Op::Branch { condition, .. } => self.conditions(&eval, &[(ClauseOf::Condition, Some(*condition))]),
            Op::Set { value, .. } => values(ClauseOf::Amount, &[*value]),
            Op::Tag { tag, .. } => values(ClauseOf::Amount, &[*tag]),
            Op::Credit { amount, expires, .. } => {
                let all: Vec<ExprIx> = std::iter::once(*amount).chain(*expires).collect();
                untyped(values(ClauseOf::Amount, &all))
            }
            Op::Debit { amount, account } => {
                let mut clauses = untyped(values(ClauseOf::Amount, &[*amount]));
                let balance = balance::balance(&eval, account).map_or(Value::Missing, Value::Number);
                clauses.iter_mut().for_each(|clause| clause.read.push(Read::value(account, balance.clone())));
                clauses
            }
            _ => Vec::new(),
        }
    }

    /// Files a waiting instance under what wakes it.
    pub(super) fn file(&mut self, unit: &'a Unit, handle: Handle, instance: &Instance) {
        self.state.set_timer(handle, instance, unit.rank);
        let (Phase::Waiting(step) | Phase::WaitingFor(step)) = instance.phase else { return };
        if let Some(wake) = instance.wake
            && is_taken_together(unit, step)
        {
            self.state.together.insert((instance.unit, step, wake, handle));
        }
        if instance.phase == Phase::WaitingFor(step)
            && let Some(wakers) = unit.waits_for.get(&step)
        {
            self.watch(unit, instance, wakers, Watch { handle, what: Watched::Wait(instance.generation) });
        }
    }

    /// Ends an instance before its steps are over; what it still had to send is cancelled.
    pub(super) fn end(&mut self, handle: Handle, mut instance: Instance, ending: Ending) {
        let (count, reason) = match ending {
            Ending::Goal => (None, Reason::Goal),
            Ending::StopWhen => (Some(Count::StoppedWhen), Reason::StopWhen),
            Ending::Replaced => (Some(Count::Replaced), Reason::Replaced),
            Ending::Missing(_) => (Some(Count::Missing), Reason::Missing),
            Ending::NoTimeLeft(_) => (Some(Count::NoTimeLeft), Reason::NoTimeLeft),
        };
        if let Ending::Missing(step) | Ending::NoTimeLeft(step) = ending {
            let ordinal = self.ordinal(&instance, step);
            let unit = self.program.unit(instance.unit);
            let clauses = unit.map_or_else(Vec::new, |unit| self.step_clauses(&instance, unit, step));
            self.tell(&instance, Some(step), Told::Ended(reason), clauses);
            let about = instance.kept.iter().find_map(|value| match value {
                Value::Entity(entity) => Some(*entity),
                _ => None,
            });
            self.effect(&instance, step, ordinal, What::End { reason, about });
        }
        if let Some(count) = count {
            self.out.count(instance.unit, count);
        }
        self.withdraw_older(&mut instance, Outcome::Cancelled, reason);
        let Some(unit) = self.program.unit(instance.unit) else { return self.state.release(handle, instance) };
        instance.phase = Phase::Ended;
        self.close(handle, instance, unit);
    }

    /// The steps are over: the instance stays for its goal, for what reports count in its goal's window, or for a message, or
    /// it goes.
    pub(super) fn close(&mut self, handle: Handle, mut instance: Instance, unit: &'a Unit) {
        let is_over = matches!(instance.phase, Phase::Converted | Phase::Ended);
        let stays = !is_over || self.program.counts_money(instance.unit);
        let until = if stays { self.goal_closes(&instance, unit) } else { None };
        let until = until.filter(|until| *until > self.now);
        instance.generation += 1;
        instance.wake = until;
        instance.phase = match instance.phase {
            ended @ (Phase::Converted | Phase::Ended) => ended,
            _ if instance.pending.is_empty() && until.is_some() => Phase::Watching,
            _ => Phase::Draining,
        };
        if until.is_none() && instance.pending.is_empty() {
            return self.state.release(handle, instance);
        }
        self.state.set_timer(handle, &instance, unit.rank);
        self.state.put(handle, instance);
    }

    /// When the window of the goal of an instance whose steps are over is closed.
    fn goal_closes(&self, instance: &Instance, unit: &'a Unit) -> Option<Instant> {
        let within = unit.scenario.goal.as_ref()?.within?;
        let window = self.eval(unit, instance).duration(within)?;
        // The end of the window is included: the instance goes just after it.
        let close = self.zone().add(instance.last_message?, window)?;
        Some(Instant(close.0.saturating_add(1)))
    }
}

/// What goes on an account is counted in its own unit, whatever it is worked out from.
fn untyped(mut clauses: Vec<Clause>) -> Vec<Clause> {
    clauses.iter_mut().for_each(|clause| clause.ty = None);
    clauses
}

/// Whether the instances that stand in a wait take the step after it together.
fn is_taken_together(unit: &Unit, wait: StepIx) -> bool {
    let after = unit.scenario.steps.get(StepIx(wait.0 + 1)).map(|step| &step.op);
    matches!(after, Some(Op::Send(send)) if send.together == Some(wait))
}

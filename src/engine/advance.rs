//! An instance going through its steps: from a wait to the next.

use super::eval::Asked;
use super::output::{Count, EffectKey, Outcome, Reason, Told, What};
use super::program::Unit;
use super::state::{Handle, Instance, Pending, Phase, Watch, Watched};
use super::step::{Delivery, Stepper};
use super::value::Value;
use crate::ir::{Guard, Moment, Op, Send, Step, StepIx};
use crate::model::may_be_email;
use crate::time::Instant;
use std::cell::RefCell;

/// Why an instance ends before its steps are over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Goal,
    StopWhen,
    Replaced,
    Missing(StepIx),
    NoTimeLeft(StepIx),
}

/// What a step of the text leads to.
enum Next {
    /// The instruction that follows.
    On,
    To(StepIx),
    Wait(Phase, Instant),
    End(Ending),
    Finished,
}

/// Instances that take a step at one instant, in order of entry.
type Members = Vec<(Handle, Instance)>;

impl<'a> Stepper<'a, '_> {
    /// The first timer that is due.
    pub(super) fn timer(&mut self) {
        let Some(handle) = self.state.pop_due(self.now) else { return };
        let Some(instance) = self.state.take(handle) else { return };
        let Some(unit) = self.program.unit(instance.unit) else { return };
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
            if let Some((at, members)) = self.run_one(handle, instance, unit, from, closing) {
                let after = StepIx(at.0 + 1);
                others.extend(members.into_iter().rev().map(|(handle, instance)| (handle, instance, after)));
            }
            next = others.pop();
        }
    }

    /// As [`Stepper::run_from`], up to a step that instances take together: gives that step and those who took it.
    fn run_one(
        &mut self,
        handle: Handle,
        mut instance: Instance,
        unit: &'a Unit,
        from: StepIx,
        closing: bool,
    ) -> Option<(StepIx, Members)> {
        instance.wake = None;
        instance.phase = if closing { Phase::Converted } else { Phase::Draining };
        let mut at = from;
        // The checker proves that there is no cycle without a wait; the bound holds for IR that it never saw.
        for _ in 0..=unit.scenario.steps.len() {
            let Some(node) = unit.scenario.steps.get(at) else { break };
            if let Op::Send(Send { together: Some(wait), .. }) = &node.op {
                return Some((at, self.together(handle, instance, unit, *wait, (at, node))));
            }
            match self.execute(&mut instance, unit, at, node) {
                Next::On => at = StepIx(at.0 + 1),
                Next::To(step) => at = step,
                Next::Wait(phase, until) => {
                    self.wait(handle, instance, unit, phase, until);
                    return None;
                }
                Next::End(ending) => {
                    self.end(handle, instance, ending);
                    return None;
                }
                Next::Finished => break,
            }
        }
        if !closing {
            self.out.count(instance.unit, Count::Finished);
            self.tell(&instance, None, Told::Finished, Vec::new());
        }
        self.close(handle, instance, unit);
        None
    }

    fn execute(&mut self, instance: &mut Instance, unit: &'a Unit, at: StepIx, node: &'a Step) -> Next {
        if let Op::Send(send) = &node.op {
            self.send(instance, unit, at, node, send);
            return Next::On;
        }
        let asked = RefCell::default();
        let eval = self.eval(unit, instance, &asked);
        if let Some(reason) = node.guard.as_ref().and_then(|guard| held(guard, |condition| eval.truth(condition))) {
            self.tell(instance, Some(at), Told::Held(reason), asked.take());
            return Next::On;
        }
        match &node.op {
            Op::Wait(duration) => {
                let Some(duration) = eval.duration(*duration) else { return Next::End(Ending::Missing(at)) };
                let due = self.program.settings.zone.add(self.now, duration);
                match due.filter(|due| duration.nominal() > 0 && *due > self.now) {
                    Some(due) => Next::Wait(Phase::Waiting(at), due),
                    None => Next::End(Ending::NoTimeLeft(at)),
                }
            }
            Op::WaitUntil(moment) => self.wait_until(instance, unit, at, moment),
            Op::WaitFor { limit, condition, .. } => {
                if eval.truth(*condition) == Some(true) {
                    self.tell(instance, Some(at), Told::PassedAtOnce, asked.take());
                    return Next::On;
                }
                let Some(limit) = eval.duration(*limit) else { return Next::End(Ending::Missing(at)) };
                let end = self.program.settings.zone.add(self.now, limit);
                match end.filter(|end| limit.nominal() > 0 && *end > self.now) {
                    Some(end) => Next::Wait(Phase::WaitingFor(at), end),
                    None => Next::End(Ending::NoTimeLeft(at)),
                }
            }
            Op::Branch { condition, otherwise } => {
                let holds = eval.truth(*condition);
                self.tell(instance, Some(at), Told::Branch { holds }, asked.take());
                if holds == Some(true) { Next::On } else { Next::To(*otherwise) }
            }
            Op::Jump(to) => Next::To(*to),
            Op::Stop | Op::End | Op::Send(_) => Next::Finished,
            _ => Next::On, // waist
        }
    }

    fn wait_until(&mut self, instance: &Instance, unit: &'a Unit, at: StepIx, moment: &Moment) -> Next {
        let unasked = RefCell::default();
        let eval = self.eval(unit, instance, &unasked);
        let zone = self.program.settings.zone;
        let next = match moment {
            Moment::At(instant) => {
                let Some(instant) = eval.instant(*instant) else { return Next::End(Ending::Missing(at)) };
                if instant <= instance.entry {
                    return Next::End(Ending::NoTimeLeft(at));
                }
                if instant <= self.now {
                    self.tell(instance, Some(at), Told::PassedAtOnce, Vec::new());
                    return Next::On;
                }
                Some(instant)
            }
            Moment::Anniversary(date) => {
                let Value::Date(date) = *eval.value(*date).as_ref() else { return Next::End(Ending::Missing(at)) };
                zone.next_anniversary(self.now, date)
            }
            Moment::Weekly { day, time } => zone.next_time(self.now, *day, *time),
        };
        next.map_or(Next::End(Ending::NoTimeLeft(at)), |next| Next::Wait(Phase::Waiting(at), next))
    }

    fn wait(&mut self, handle: Handle, mut instance: Instance, unit: &'a Unit, phase: Phase, until: Instant) {
        instance.generation += 1;
        instance.phase = phase;
        instance.wake = Some(until);
        let (step, told) = match phase {
            Phase::WaitingFor(step) => (Some(step), Told::WaitsFor { until }),
            Phase::Waiting(step) => (Some(step), Told::Waits { until }),
            _ => (None, Told::Finished),
        };
        self.tell(&instance, step, told, Vec::new());
        self.file(unit, handle, &instance);
        self.state.put(handle, instance);
    }

    /// Files a waiting instance under what wakes it.
    pub(super) fn file(&mut self, unit: &'a Unit, handle: Handle, instance: &Instance) {
        self.state.set_timer(handle, instance);
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

    /// One `send`, alone.
    fn send(&mut self, instance: &mut Instance, unit: &'a Unit, at: StepIx, node: &'a Step, send: &'a Send) {
        let asked = RefCell::default();
        let judged = self.may_send(instance, unit, node, send, &asked);
        self.tell_message(instance, at, judged, asked.take());
        match judged {
            Ok(alternative) => self.emit(instance, unit, at, node, alternative),
            Err((outcome, reason)) => {
                self.effect(instance, at, node.ordinal, What::Send { alternative: 0, outcome, reason });
            }
        }
    }

    fn tell_message(
        &mut self,
        instance: &Instance,
        at: StepIx,
        judged: Result<u8, (Outcome, Reason)>,
        asked: Vec<Asked>,
    ) {
        let told = match judged {
            Ok(alternative) => {
                let outcome = (self.delivery == Delivery::Immediate).then_some(Outcome::Sent);
                Told::Message { outcome, reason: Reason::None, alternative }
            }
            Err((outcome, reason)) => Told::Message { outcome: Some(outcome), reason, alternative: 0 },
        };
        self.tell(instance, Some(at), told, asked);
    }

    /// Whether a message may leave now, and by which alternative.
    pub(super) fn may_send(
        &self,
        instance: &Instance,
        unit: &'a Unit,
        node: &'a Step,
        send: &'a Send,
        asked: &RefCell<Vec<Asked>>,
    ) -> Result<u8, (Outcome, Reason)> {
        let eval = self.eval(unit, instance, asked);
        if let Some(reason) = node.guard.as_ref().and_then(|guard| held(guard, |condition| eval.truth(condition))) {
            return Err((Outcome::Skipped, reason));
        }
        // It may have become true by the passing of time alone, without an event that would have ended the instance. The
        // step of `goal ... then` comes after the end: nothing stops it any more.
        let stop_when = unit.scenario.stop_when.filter(|_| instance.phase != Phase::Converted);
        match stop_when.map(|condition| eval.truth(condition)) {
            None | Some(Some(false)) => {}
            Some(Some(true)) => return Err((Outcome::Skipped, Reason::StopWhen)),
            Some(None) => return Err((Outcome::Skipped, Reason::StopWhenUnknown)),
        }
        let reachable = |channel: &str, address: &Value| match address {
            Value::Text(text) if channel == "email" => may_be_email(text),
            Value::Text(text) => !text.trim().is_empty(),
            _ => false,
        };
        send.alternatives
            .iter()
            .position(|alternative| reachable(&alternative.channel, &eval.value(alternative.address)))
            .map(|place| place as u8)
            .ok_or((Outcome::Suppressed, Reason::OutOfReach))
    }

    fn emit(&mut self, instance: &mut Instance, unit: &'a Unit, at: StepIx, node: &'a Step, alternative: u8) {
        match self.delivery {
            Delivery::Immediate => {
                instance.last_message = Some(self.now);
                let (outcome, reason) = (Outcome::Sent, Reason::None);
                self.effect(instance, at, node.ordinal, What::Send { alternative, outcome, reason });
            }
            Delivery::Outbox => {
                self.withdraw_older(instance, Outcome::Expired, Reason::Overtaken);
                let key = self.key(instance, unit, node.ordinal);
                instance.pending.push(Pending { key, step: at, due: self.now });
                self.effect(instance, at, node.ordinal, What::Emit { key });
            }
        }
    }

    /// All instances of this scenario and version that stand in the wait before a step and come due before the next
    /// midnight take it now, with the one for which it came due; those that may send leave as one message.
    fn together(
        &mut self,
        handle: Handle,
        instance: Instance,
        unit: &'a Unit,
        wait: StepIx,
        (at, node): (StepIx, &'a Step),
    ) -> Members {
        let Op::Send(send) = &node.op else { return Vec::new() };
        let midnight = self.program.settings.zone.next_midnight(self.now);
        let others = self.state.take_together(instance.unit, wait, midnight);
        let mut members = vec![(handle, instance)];
        for (handle, wake) in others {
            let stands = |each: &Instance| {
                matches!(each.phase, Phase::Waiting(step) | Phase::WaitingFor(step) if step == wait)
                    && each.wake == Some(wake)
            };
            if self.state.get(handle).is_some_and(stands)
                && let Some(instance) = self.state.take(handle)
            {
                self.tell(&instance, Some(wait), Told::Due, Vec::new());
                members.push((handle, instance));
            }
        }
        members.sort_by_key(|(_, instance)| (instance.entry, instance.serial));
        let mut leaving: Vec<usize> = Vec::new();
        let mut first: Option<u8> = None;
        for (place, (_, instance)) in members.iter().enumerate() {
            let asked = RefCell::default();
            let judged = self.may_send(instance, unit, node, send, &asked);
            self.tell_message(instance, at, judged, asked.take());
            match judged {
                Ok(alternative) => {
                    first.get_or_insert(alternative);
                    leaving.push(place);
                }
                Err((outcome, reason)) => {
                    self.effect(instance, at, node.ordinal, What::Send { alternative: 0, outcome, reason });
                }
            }
        }
        if let Some(alternative) = first {
            self.emit_together(&mut members, &leaving, unit, (at, node), alternative);
        }
        members
    }

    /// One message for all that leave: the first in order of entry gives it its identity.
    fn emit_together(
        &mut self,
        members: &mut [(Handle, Instance)],
        leaving: &[usize],
        unit: &'a Unit,
        (at, node): (StepIx, &'a Step),
        alternative: u8,
    ) {
        let mut key = None;
        let mut also = Vec::new();
        for place in leaving {
            let Some((_, instance)) = members.get_mut(*place) else { continue };
            if key.is_some() {
                also.push(instance.trigger.clone());
            }
            match self.delivery {
                Delivery::Immediate => {
                    key.get_or_insert(EffectKey([0; 16]));
                    instance.last_message = Some(self.now);
                }
                Delivery::Outbox => {
                    self.withdraw_older(instance, Outcome::Expired, Reason::Overtaken);
                    let key = *key.get_or_insert_with(|| self.key(instance, unit, node.ordinal));
                    instance.pending.push(Pending { key, step: at, due: self.now });
                }
            }
        }
        let (Some(key), Some((_, first))) = (key, leaving.first().and_then(|place| members.get(*place))) else {
            return;
        };
        let what = match self.delivery {
            Delivery::Immediate => What::Send { alternative, outcome: Outcome::Sent, reason: Reason::None },
            Delivery::Outbox => What::Emit { key },
        };
        self.effect(first, at, node.ordinal, what);
        if let Some(effect) = self.out.effects.last_mut() {
            effect.also = also;
        }
    }

    /// Ends an instance before its steps are over; what it still had to send is cancelled.
    pub(super) fn end(&mut self, handle: Handle, mut instance: Instance, ending: Ending) {
        let ordinal = |step: StepIx| {
            let unit = self.program.unit(instance.unit);
            unit.and_then(|unit| unit.scenario.steps.get(step)).map_or(0, |node| node.ordinal)
        };
        let (count, reason) = match ending {
            Ending::Goal => (None, Reason::Goal),
            Ending::StopWhen => (Some(Count::StoppedWhen), Reason::StopWhen),
            Ending::Replaced => (Some(Count::Replaced), Reason::Replaced),
            Ending::Missing(_) => (Some(Count::Missing), Reason::Missing),
            Ending::NoTimeLeft(_) => (Some(Count::NoTimeLeft), Reason::NoTimeLeft),
        };
        if let Ending::Missing(step) | Ending::NoTimeLeft(step) = ending {
            let ordinal = ordinal(step);
            self.tell(&instance, Some(step), Told::Ended(reason), Vec::new());
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
        if instance.pending.is_empty() {
            return self.state.release(handle);
        }
        instance.phase = Phase::Ended;
        instance.wake = None;
        self.state.put(handle, instance);
    }

    /// Takes back from the outbox what an instance still had to send, unless another leaves with the same message. What
    /// came due at this very instant has left before, as in simulation: only the outbox does not know it yet.
    pub(super) fn withdraw_older(&mut self, instance: &mut Instance, outcome: Outcome, reason: Reason) {
        for pending in std::mem::take(&mut instance.pending) {
            if pending.due >= self.now {
                instance.pending.push(pending);
            } else if self.state.with_pending(pending.key).is_empty() {
                self.effect(instance, pending.step, 0, What::Withdraw { key: pending.key, outcome, reason });
            }
        }
    }

    /// The steps are over: the instance stays for its goal or for a message, or goes.
    pub(super) fn close(&mut self, handle: Handle, mut instance: Instance, unit: &'a Unit) {
        let until = match instance.phase {
            Phase::Converted | Phase::Ended => None,
            _ => self.goal_closes(&instance, unit).filter(|until| *until > self.now),
        };
        instance.generation += 1;
        instance.wake = until;
        instance.phase = match instance.phase {
            ended @ (Phase::Converted | Phase::Ended) => ended,
            _ if instance.pending.is_empty() && until.is_some() => Phase::Watching,
            _ => Phase::Draining,
        };
        if until.is_none() && instance.pending.is_empty() {
            return self.state.release(handle);
        }
        self.state.set_timer(handle, &instance);
        self.state.put(handle, instance);
    }

    /// When the goal of an instance whose steps are over is no longer counted.
    fn goal_closes(&self, instance: &Instance, unit: &'a Unit) -> Option<Instant> {
        let within = unit.scenario.goal.as_ref()?.within?;
        let unasked = RefCell::default();
        let window = self.eval(unit, instance, &unasked).duration(within)?;
        // The end of the window is included: the instance goes just after it.
        let close = self.program.settings.zone.add(instance.last_message?, window)?;
        Some(Instant(close.0.saturating_add(1)))
    }
}

/// Whether the instances that stand in a wait take the step after it together.
fn is_taken_together(unit: &Unit, wait: StepIx) -> bool {
    let after = unit.scenario.steps.get(StepIx(wait.0 + 1)).map(|step| &step.op);
    matches!(after, Some(Op::Send(send)) if send.together == Some(wait))
}

/// Why a guard holds its step back; `None` when it lets it pass.
fn held(guard: &Guard, truth: impl Fn(crate::ir::ExprIx) -> Option<bool>) -> Option<Reason> {
    match guard {
        Guard::Unless(condition) => match truth(*condition) {
            Some(false) => None,
            Some(true) => Some(Reason::Unless),
            None => Some(Reason::UnlessUnknown),
        },
        Guard::OnlyIf(condition) => match truth(*condition) {
            Some(true) => None,
            Some(false) => Some(Reason::OnlyIf),
            None => Some(Reason::OnlyIfUnknown),
        },
    }
}

//! Deciding messages: a `send` that comes due, alone or together with others, and taking back what waits.

use super::again::Changes;
use super::describe;
use super::eval::Eval;
use super::explain::{Clause, ClauseOf, Read};
use super::marks::Marked;
use super::messages::OwnMessage;
use super::needs::Needs;
use super::output::{Effect, EffectKey, Outcome, Reason, Told, What};
use super::program::{Program, Unit};
use super::state::{Handle, Instance, Pending, Phase, State};
use super::step::{Delivery, Stepper};
use super::value::Value;
use crate::ir::{Alternative, Class, ExprIx, Guard, Op, Send, Step, StepIx};
use crate::model::may_be_email;
use std::collections::BTreeSet;

/// Instances that take a step at one instant, in order of entry.
pub(super) type Members = Vec<(Handle, Instance)>;

/// A `send` of a scenario.
#[derive(Clone, Copy)]
pub(super) struct SendStep<'a> {
    pub unit: &'a Unit,
    pub at: StepIx,
    pub node: &'a Step,
    pub send: &'a Send,
}

impl<'a> SendStep<'a> {
    /// `None` when the step is no `send`.
    pub fn of(unit: &'a Unit, at: StepIx) -> Option<SendStep<'a>> {
        let node = unit.scenario.steps.get(at)?;
        match &node.op {
            Op::Send(send) => Some(SendStep { unit, at, node, send }),
            _ => None,
        }
    }
}

impl<'a> Stepper<'a, '_> {
    /// One `send`, alone.
    pub(super) fn send(&mut self, handle: Handle, instance: &mut Instance, step: SendStep<'a>) {
        let judged = self.may_send(instance, step, false);
        self.tell_message(instance, step, judged);
        match judged {
            Ok(alternative) => self.emit(&mut [(handle, instance)], step, alternative),
            Err(outcome) => self.not_sent(instance, (None, step.at), 0, outcome),
        }
    }

    /// All instances of this scenario and version that stand in the wait before a step and come due before the next
    /// midnight take it now, with the one for which it came due; those that may send leave as one message.
    pub(super) fn together(&mut self, handle: Handle, instance: Instance, wait: StepIx, step: SendStep<'a>) -> Members {
        let midnight = self.zone().next_midnight(self.due);
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
        let mut leaving: Vec<(Handle, &mut Instance)> = Vec::new();
        let mut first: Option<u8> = None;
        for (handle, instance) in &mut members {
            let judged = self.may_send(instance, step, false);
            self.tell_message(instance, step, judged);
            match judged {
                Ok(alternative) => {
                    first.get_or_insert(alternative);
                    leaving.push((*handle, instance));
                }
                Err(outcome) => self.not_sent(instance, (None, step.at), 0, outcome),
            }
        }
        if let Some(alternative) = first {
            self.emit(&mut leaving, step, alternative);
        }
        members
    }

    fn tell_message(&mut self, instance: &Instance, step: SendStep<'a>, judged: Result<u8, (Outcome, Reason)>) {
        if self.out.trace.is_none() {
            return;
        }
        let clauses = self.send_clauses(instance, step, judged.ok());
        let told = match judged {
            Ok(alternative) => {
                let outcome = if self.is_held_out(step.send.class) { Outcome::HeldOut } else { Outcome::Sent };
                let outcome = self.leaves_at_once(step).then_some(outcome);
                Told::Message { outcome, reason: Reason::None, alternative }
            }
            Err((outcome, reason)) => Told::Message { outcome: Some(outcome), reason, alternative: 0 },
        };
        self.tell(instance, Some(step.at), told, clauses);
    }

    /// Whether a message that may be sent is claimed and accepted here and now: nothing holds it, and nothing that still
    /// happens at this instant can change the answer.
    fn leaves_at_once(&self, step: SendStep<'a>) -> bool {
        let changes = step.unit.judged_again.get(&step.at).map_or(Changes::Scenarios, |again| again.changes);
        let is_last_word = match changes {
            Changes::Nothing => true,
            Changes::Rows => self.facts.life.next().is_none_or(|next| next.arrived > self.now),
            Changes::Scenarios => false,
        };
        // Where anybody asks about messages, that this one left is known when all of the instant are claimed.
        // Who is erased at this instant is not written to.
        is_last_word
            && !self.program.may_erase()
            && self.delivery == Delivery::Immediate
            && !self.program.messages().are_read()
            && self.program.policy().lets_pass(step.send.class)
    }

    /// Whether the holdout keeps messages of this class from the person. It is asked at the very moment at which a message would
    /// leave, so that whatever keeps back the messages of others keeps back theirs.
    pub(super) fn is_held_out(&self, class: Class) -> bool {
        class == Class::Marketing && self.state.known.is_held_out(self.program.policy(), &self.facts.person.id)
    }

    /// Whether a message may leave, and by which alternative, whatever quiet hours, caps and the holdout say. `again` says that
    /// it was decided before, and is claimed.
    pub(super) fn may_send(
        &self,
        instance: &Instance,
        SendStep { unit, at, node, send }: SendStep<'a>,
        again: bool,
    ) -> Result<u8, (Outcome, Reason)> {
        let eval = self.eval(unit, instance);
        let again = if again { unit.judged_again.get(&at) } else { None };
        let guards = again.map_or(node.guard.as_slice(), |again| again.guards.as_slice());
        if let Some(reason) = guards.iter().find_map(|guard| held(guard, |condition| eval.truth(condition))) {
            return Err((Outcome::Skipped, reason));
        }
        match stop_when(unit, instance).map(|condition| eval.truth(condition)) {
            None | Some(Some(false)) => {}
            Some(Some(true)) => return Err((Outcome::Skipped, Reason::StopWhen)),
            Some(None) => return Err((Outcome::Skipped, Reason::StopWhenUnknown)),
        }
        let Some(chosen) = self.chosen(&eval, send) else {
            let is_reachable = send.alternatives.iter().any(|each| self.has_address(&eval, each));
            let reason = if is_reachable { Reason::NoConsent } else { Reason::OutOfReach };
            return Err((Outcome::Suppressed, reason));
        };
        Ok(chosen)
    }

    /// The first alternative for which there are an address and consent.
    fn chosen(&self, eval: &Eval, send: &Send) -> Option<u8> {
        let is_marketing = send.class == Class::Marketing;
        let consents =
            |each: &Alternative| !is_marketing || each.consent.is_none_or(|consent| eval.truth(consent) == Some(true));
        let chosen = send.alternatives.iter().position(|each| self.has_address(eval, each) && consents(each));
        chosen.map(|place| place as u8)
    }

    fn has_address(&self, eval: &Eval, each: &Alternative) -> bool {
        match eval.value(each.address).as_ref() {
            Value::Text(text) if each.channel == "email" => self.state.known.may_be_email(text),
            value => is_address(&each.channel, value),
        }
    }

    /// What is told of a `send`: its guard, `stop when`, and of each channel up to the chosen one address and consent, until
    /// something holds it back.
    pub(super) fn send_clauses(
        &self,
        instance: &Instance,
        SendStep { unit, node, send, .. }: SendStep<'a>,
        chosen: Option<u8>,
    ) -> Vec<Clause> {
        if self.out.trace.is_none() {
            return Vec::new();
        }
        let eval = self.eval(unit, instance);
        let mut clauses = self.conditions(&eval, &guard_clause(node));
        let stop_when = stop_when(unit, instance);
        clauses.extend(self.conditions(&eval, &[(ClauseOf::StopWhen, stop_when)]));
        let goes_on = |clause: &Clause| clause.holds() == Some(clause.of == ClauseOf::OnlyIf);
        if !clauses.iter().all(goes_on) {
            clauses.retain(|clause| !goes_on(clause));
            return clauses;
        }
        let looked_at = chosen.map_or(send.alternatives.len(), |chosen| usize::from(chosen) + 1);
        for (place, each) in send.alternatives.iter().enumerate().take(looked_at) {
            clauses.push(address_clause(&eval, place as u8, each, self.program.needs()));
            let consent = each.consent.filter(|_| send.class == Class::Marketing);
            clauses.extend(self.conditions(&eval, &[(ClauseOf::Consent(place as u8), consent)]));
        }
        clauses
    }

    /// The message does not leave for this instance. It has a key if it was decided before. `alternative` is the one that would
    /// have left, of a message that is held out; else the first.
    pub(super) fn not_sent(
        &mut self,
        instance: &Instance,
        (key, at): (Option<EffectKey>, StepIx),
        alternative: u8,
        (outcome, reason): (Outcome, Reason),
    ) {
        let ordinal = self.ordinal(instance, at);
        self.effect(instance, at, ordinal, What::Send { alternative, outcome, reason });
        self.mark_not_sent(instance, (key, at, alternative), (outcome, reason));
    }

    /// The number of a step in the text.
    pub(super) fn ordinal(&self, instance: &Instance, at: StepIx) -> u16 {
        let unit = self.program.unit(instance.unit);
        unit.and_then(|unit| unit.scenario.steps.get(at)).map_or(0, |node| node.ordinal)
    }

    /// One message for all these instances: the first in order of entry gives it its identity.
    fn emit(&mut self, leaving: &mut [(Handle, &mut Instance)], step: SendStep<'a>, alternative: u8) {
        let leaves_at_once = self.leaves_at_once(step);
        let is_held_out = leaves_at_once && self.is_held_out(step.send.class);
        let Some((_, first)) = leaving.first() else { return };
        // Where everything leaves at once, a message needs an identity only if somebody asks for it.
        let is_named = !leaves_at_once || self.program.messages().are_read();
        let key = if is_named { self.key(first, step.unit, step.node) } else { EffectKey([0; 16]) };
        for (place, (handle, instance)) in leaving.iter_mut().enumerate() {
            self.withdraw_older(instance, Outcome::Expired, Reason::Overtaken);
            let mut own = OwnMessage { step: step.at, alternative, key, due: self.due, accepted: None };
            if leaves_at_once {
                // Who is held out goes on as if it had left, and nobody had opened it: only the event `sent` is not made.
                instance.last_message = Some(self.now);
                own.accepted = Some(self.now);
                match is_held_out {
                    true => self.not_sent(instance, (None, step.at), alternative, (Outcome::HeldOut, Reason::None)),
                    false => self.mark_sent(instance, (key, step.at, alternative), place == 0),
                }
            } else {
                let mut pending = Pending::new(key, step.at, self.due, alternative);
                pending.wake = (self.delivery == Delivery::Immediate).then_some(self.now);
                instance.pending.push(pending);
                self.state.wait_for(key, *handle);
                self.mark(instance, || Marked::Decided { key, step: step.at, leads: place == 0 });
            }
            self.remember(step.unit, *handle, instance, own);
        }
        let what = match self.delivery {
            _ if is_held_out => return,
            _ if leaves_at_once => What::Send { alternative, outcome: Outcome::Sent, reason: Reason::None },
            Delivery::Outbox => What::Emit { key, expires: self.expires(self.due) },
            Delivery::Immediate => {
                self.state.held.insert((self.now, key));
                return;
            }
        };
        self.message_effect(leaving, step, what);
        if leaves_at_once && let Some((_, first)) = leaving.first() {
            self.make_sent(first, step.unit, step.at, alternative, key);
        }
    }

    /// What is said of a message that instances share.
    pub(super) fn message_effect(&mut self, leaving: &[(Handle, &mut Instance)], step: SendStep<'a>, what: What) {
        let Some(((_, first), rest)) = leaving.split_first() else { return };
        self.effect(first, step.at, step.node.ordinal, what);
        if let Some(effect) = self.out.effects.last_mut() {
            effect.also = rest.iter().map(|(_, instance)| instance.trigger.clone()).collect();
        }
    }

    /// Takes back what an instance still had to send, unless another leaves with the same message. What came due at this
    /// very instant has left before, if it can: only the outbox does not know it yet. What the policy has held since could not.
    pub(super) fn withdraw_older(&mut self, instance: &mut Instance, outcome: Outcome, reason: Reason) {
        if instance.pending.is_empty() {
            return;
        }
        for mut pending in std::mem::take(&mut instance.pending) {
            if pending.due == self.due && pending.held == Reason::None {
                pending.otherwise.get_or_insert((outcome, reason));
                instance.pending.push(pending);
                continue;
            }
            instance.own.retain(|own| own.key != pending.key);
            let step = pending.step;
            if pending.wake.is_some() {
                let told = Told::Message { outcome: Some(outcome), reason, alternative: pending.alternative };
                self.tell(instance, Some(step), told, Vec::new());
                self.not_sent(instance, (Some(pending.key), step), 0, (outcome, reason));
            } else {
                self.mark_not_sent(instance, (Some(pending.key), step, 0), (outcome, reason));
                self.effect(instance, step, 0, What::Withdraw { key: pending.key, outcome, reason });
                self.withdrawn.extend(self.out.effects.pop());
            }
        }
    }

    /// Says which messages are taken back from the outbox: each once, for the reason of the last instance that waited for
    /// it, and none for which another still waits.
    pub(super) fn flush_withdrawn(&mut self) {
        if self.withdrawn.is_empty() {
            return;
        }
        let mut said: BTreeSet<EffectKey> = BTreeSet::new();
        let first = self.out.effects.len();
        for effect in std::mem::take(&mut self.withdrawn).into_iter().rev() {
            if let What::Withdraw { key, .. } = effect.what
                && !self.state.awaits(key)
                && said.insert(key)
            {
                self.state.tidy(key);
                self.out.effects.push(effect);
            }
        }
        if let Some(withdrawn) = self.out.effects.get_mut(first..) {
            withdrawn.reverse();
        }
    }
}

impl State {
    /// The messages that quiet hours and caps still hold where no outbox keeps them, as effects at the instants at which
    /// they came due: what a driver shows at the end of a simulation.
    pub fn deferred(&self, program: &Program) -> Vec<Effect> {
        let mut keys: Vec<EffectKey> = self.held.iter().map(|(_, key)| *key).collect();
        keys.sort_unstable();
        keys.dedup();
        self.sort_messages(program, &mut keys);
        keys.into_iter().filter_map(|key| self.deferred_message(program, key)).collect()
    }

    fn deferred_message(&self, program: &Program, key: EffectKey) -> Option<Effect> {
        let mut members: Vec<&Instance> =
            self.with_pending(key).into_iter().filter_map(|handle| self.get(handle)).collect();
        members.sort_by_key(|instance| (instance.entry, instance.serial));
        let (first, rest) = members.split_first()?;
        let pending = first.pending.iter().find(|pending| pending.key == key)?;
        let node = program.unit(first.unit)?.scenario.steps.get(pending.step)?;
        let (alternative, reason) = (pending.alternative, pending.held);
        Some(Effect {
            at: pending.due,
            entered_at: first.entry,
            unit: first.unit,
            ordinal: node.ordinal,
            step: pending.step,
            what: What::Send { alternative, outcome: Outcome::Deferred, reason },
            trigger: first.trigger.clone(),
            also: rest.iter().map(|instance| instance.trigger.clone()).collect(),
        })
    }
}

/// The guard of a step as a clause.
pub(super) fn guard_clause(node: &Step) -> [(ClauseOf, Option<ExprIx>); 2] {
    match node.guard {
        Some(Guard::Unless(condition)) => [(ClauseOf::Unless, Some(condition)), (ClauseOf::OnlyIf, None)],
        Some(Guard::OnlyIf(condition)) => [(ClauseOf::Unless, None), (ClauseOf::OnlyIf, Some(condition))],
        None => [(ClauseOf::Unless, None), (ClauseOf::OnlyIf, None)],
    }
}

/// Whether there is an address on the channel of an alternative.
fn address_clause(eval: &Eval<'_>, place: u8, alternative: &Alternative, needs: &Needs) -> Clause {
    let value = eval.value(alternative.address).into_owned();
    let is_there = is_address(&alternative.channel, &value);
    let words = describe::expression(eval.code, needs, alternative.address);
    let read = Read { is_personal: true, ..Read::value(&words, value) };
    Clause::truth(ClauseOf::Address(place), Some(is_there), vec![read])
}

fn is_address(channel: &str, value: &Value) -> bool {
    match value {
        Value::Text(text) if channel == "email" => may_be_email(text),
        Value::Text(text) => !text.trim().is_empty(),
        // Channels without an address of their own reach a person by their id.
        Value::Id(_) => true,
        _ => false,
    }
}

/// What may stop a message: it may have become true by the passing of time alone, without an event that would have ended the
/// instance. The step of `goal ... then` comes after the end, where nothing stops it any more; what may still leave after
/// another end came due at that very instant, before it.
fn stop_when(unit: &Unit, instance: &Instance) -> Option<ExprIx> {
    unit.scenario.stop_when.filter(|_| !matches!(instance.phase, Phase::Converted | Phase::Ended))
}

/// Why a guard holds its step back; `None` when it lets it pass.
pub(super) fn held(guard: &Guard, truth: impl Fn(ExprIx) -> Option<bool>) -> Option<Reason> {
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

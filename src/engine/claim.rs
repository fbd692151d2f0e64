//! `about to send`: the last look before a message leaves. It is an input of the step like any other; its verdict is
//! journaled. In test and simulation the messages of an instant are claimed after everything else of that instant.

use super::eval::{Eval, TriggerValues};
use super::explain::{Clause, ClauseOf};
use super::facts::Facts;
use super::marks::Marked;
use super::messages::OwnMessages;
use super::output::{EffectKey, Outcome, Output, Reason, Told, TriggerRef, What};
use super::program::{Context, Program, Unit};
use super::sending::SendStep;
use super::state::{Handle, Instance, Pending, Phase, State};
use super::step::{Delivery, Receipt, Stepper};
use super::value::Value;
use crate::ir::Class;
use crate::model::MessageValues;
use crate::time::Instant;
use smallvec::SmallVec;

/// The answer to `about to send`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Send(Box<Departure>),
    /// Quiet hours or a cap hold it: it is to be asked about again then.
    Wait {
        until: Instant,
        reason: Reason,
    },
    /// It never leaves.
    Drop {
        outcome: Outcome,
        reason: Reason,
    },
}

/// A message as it leaves: everything that the sender needs, and nothing of scenarios.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    pub scenario: String,
    pub channel: String,
    pub message: String,
    pub class: Class,
    pub address: String,
    /// The contact's language, where the message has templates in languages.
    pub language: Option<String>,
    /// As [`crate::ir::MessageContext::folder`].
    pub folder: Option<String>,
    pub values: MessageValues,
    /// The triggers that leave with it, in order of entry.
    pub triggers: Vec<TriggerRef>,
}

/// Judges a message of the outbox at the moment it would leave: `unless` and `only if` again, address and consent as they
/// are now, quiet hours and caps, and whether it is not too late. Instances for which it must not leave drop out of it.
/// Several messages of one contact are to be asked about in the order of [`State::sort_messages`].
pub fn about_to_send(
    program: &Program,
    state: &mut State,
    key: EffectKey,
    now: Instant,
    facts: Facts<'_>,
    out: &mut Output,
) -> Verdict {
    let now = state.clock.map_or(now, |clock| clock.max(now));
    state.clock = Some(now);
    Stepper::new(program, state, facts, Delivery::Outbox, now, out).claim(key)
}

/// An instance that a message is about, taken out of the state to be judged.
struct Member<'a> {
    handle: Handle,
    instance: Instance,
    step: SendStep<'a>,
    pending: Pending,
}

/// Those that a message is about: mostly one.
type Judged<'a> = SmallVec<[Member<'a>; 1]>;

/// What becomes of a message now.
enum Fate {
    Leaves,
    Waits { until: Instant, reason: Reason },
    Drops { outcome: Outcome, reason: Reason },
}

impl Member<'_> {
    /// Changes what is known of the message, here and in the instance.
    fn change(&mut self, change: impl Fn(&mut Pending)) {
        change(&mut self.pending);
        let key = self.pending.key;
        self.instance.pending.iter_mut().filter(|each| each.key == key).for_each(change);
    }
}

impl<'a> Stepper<'a, '_> {
    /// Claims the messages that are to be judged now, one after the other; those that leave are accepted when all are claimed,
    /// as those of a batch of the sender are.
    pub(super) fn claim_held(&mut self) {
        let mut keys: Vec<EffectKey> = Vec::new();
        let mut leaving: Vec<EffectKey> = Vec::new();
        while let Some(&(at, key)) = self.state.held.first().filter(|(at, _)| *at <= self.now) {
            self.state.held.remove(&(at, key));
            keys.push(key);
        }
        self.state.sort_messages(self.program, &mut keys);
        for key in keys {
            let (mut members, fate) = self.judge_message(key);
            match fate {
                Fate::Leaves => {
                    self.count_claim(&mut members);
                    if members.first().is_some_and(|first| self.is_held_out(first.step.send.class)) {
                        self.hold_out(members);
                    } else {
                        self.put_back(members);
                        leaving.push(key);
                    }
                }
                Fate::Waits { until, reason } => {
                    self.state.held.insert((until, key));
                    self.defer(&mut members, key, (until, reason));
                    members.iter_mut().for_each(|member| member.change(|pending| pending.wake = Some(until)));
                    self.put_back(members);
                }
                Fate::Drops { .. } => self.put_back(members),
            }
            self.state.tidy(key);
        }
        for key in leaving {
            self.leave(key);
            self.state.tidy(key);
        }
    }

    /// Says that the policy holds a message, and why.
    fn defer(&mut self, members: &mut [Member<'a>], key: EffectKey, (until, reason): (Instant, Reason)) {
        self.mark_alone(Marked::Held { key, reason });
        for member in members {
            let alternative = member.pending.alternative;
            let (told, clauses) = (Told::Deferred { until, reason, alternative }, self.held_by(member));
            self.tell(&member.instance, Some(member.step.at), told, clauses);
            member.change(|pending| pending.held = reason);
        }
    }

    /// The limits of the policy that hold a message.
    fn held_by(&self, member: &Member<'a>) -> Vec<Clause> {
        if self.out.trace.is_none() {
            return Vec::new();
        }
        let (zone, policy, claims) = (self.zone(), self.program.policy(), &self.state.claims);
        let read = policy.held_by(member.step.send.class, member.pending.claimed, zone, self.now, claims);
        vec![Clause::truth(ClauseOf::Policy, Some(false), read)]
    }

    /// A message that was claimed leaves, and is accepted here and now.
    fn leave(&mut self, key: EffectKey) {
        let handles = self.state.with_pending(key);
        let mut members: Judged<'a> = handles.into_iter().filter_map(|handle| self.member(handle, key)).collect();
        members.sort_by_key(|member| (member.instance.entry, member.instance.serial));
        let Some(first) = members.first() else { return };
        let (step, alternative) = (first.step, first.pending.alternative);
        let mut leaving: Vec<(Handle, &mut Instance)> =
            members.iter_mut().map(|member| (member.handle, &mut member.instance)).collect();
        let what = What::Send { alternative, outcome: Outcome::Sent, reason: Reason::None };
        self.message_effect(&leaving, step, what);
        let mut leads = true;
        for (handle, instance) in &mut leaving {
            let told = Told::Message { outcome: Some(Outcome::Sent), reason: Reason::None, alternative };
            self.tell(instance, Some(step.at), told, Vec::new());
            instance.pending.retain(|pending| pending.key != key);
            instance.last_message = Some(self.now);
            self.mark_sent(instance, (key, step.at, alternative), std::mem::take(&mut leads));
            self.accepted(step.unit, *handle, instance, key, alternative);
        }
        if let Some((_, first)) = leaving.first() {
            self.make_sent(first, step.unit, step.at, alternative, key);
        }
        for Member { handle, instance, .. } in members {
            self.settle(handle, instance, step.unit);
        }
    }

    /// A message that would leave now is held out: it has its place in the caps, and its instances go on as if it had left and
    /// nobody had opened it. Only the event `sent` is not made.
    fn hold_out(&mut self, members: Judged<'a>) {
        for member in members {
            self.leave_out(member, Outcome::HeldOut, Reason::None, Vec::new());
        }
    }

    /// Puts back an instance that waits for one message less.
    fn settle(&mut self, handle: Handle, instance: Instance, unit: &'a Unit) {
        match instance.phase {
            Phase::Waiting(_) | Phase::WaitingFor(_) => self.state.put(handle, instance),
            _ => self.close(handle, instance, unit),
        }
    }

    fn put_back(&mut self, members: Judged<'a>) {
        for Member { handle, instance, .. } in members {
            self.state.put(handle, instance);
        }
    }

    /// Counts a message in the caps, once.
    fn count_claim(&mut self, members: &mut [Member<'a>]) {
        let Some(first) = members.first().filter(|first| !first.pending.claimed) else { return };
        let class = first.step.send.class;
        self.program.policy().claim(&mut self.state.claims, class, self.now);
        for member in members {
            member.change(|pending| pending.claimed = true);
        }
    }

    fn claim(&mut self, key: EffectKey) -> Verdict {
        let (mut members, fate) = self.judge_message(key);
        let mut verdict = match fate {
            Fate::Leaves => Verdict::Drop { outcome: Outcome::Cancelled, reason: Reason::None },
            Fate::Waits { until, reason } => {
                self.defer(&mut members, key, (until, reason));
                Verdict::Wait { until, reason }
            }
            Fate::Drops { outcome, reason } => Verdict::Drop { outcome, reason },
        };
        if matches!(fate, Fate::Leaves) {
            let class = members.first().map(|first| first.step.send.class);
            if class.is_some_and(|class| self.is_held_out(class)) {
                self.count_claim(&mut members);
                self.hold_out(std::mem::take(&mut members));
                verdict = Verdict::Drop { outcome: Outcome::HeldOut, reason: Reason::None };
            } else if let Some(departure) = self.departure(&members) {
                self.count_claim(&mut members);
                verdict = Verdict::Send(Box::new(departure));
            }
        }
        self.put_back(members);
        self.state.tidy(key);
        verdict
    }

    /// Judges a message for each instance that it is about. Gives those for which it leaves, or waits, in order of entry;
    /// the others drop out of it.
    fn judge_message(&mut self, key: EffectKey) -> (Judged<'a>, Fate) {
        let mut fate = Fate::Drops { outcome: Outcome::Cancelled, reason: Reason::None };
        let mut left: Judged<'a> = SmallVec::new();
        for handle in self.state.with_pending(key) {
            let Some(mut member) = self.member(handle, key) else { continue };
            match self.judge_departure(&mut member) {
                Ok(alternative) => {
                    member.pending.alternative = alternative;
                    left.push(member);
                }
                Err((outcome, reason, clauses)) => {
                    fate = Fate::Drops { outcome, reason };
                    self.leave_out(member, outcome, reason, clauses);
                }
            }
        }
        left.sort_by_key(|member| (member.instance.entry, member.instance.serial));
        let Some(first) = left.first() else { return (left, fate) };
        let Pending { alternative, due, claimed, .. } = first.pending;
        let class = first.step.send.class;
        left.iter_mut().for_each(|member| member.change(|pending| pending.alternative = alternative));
        let State { claims, known, .. } = &*self.state;
        let hold = self.program.policy().hold(class, claimed, self.zone(), self.now, claims, known);
        match hold {
            None => (left, Fate::Leaves),
            Some((until, reason)) => self.hold(left, due, until, reason),
        }
    }

    /// A message waits, but not for an instance that ended or sent another at the very instant at which it came due, and
    /// not longer than it may.
    fn hold(&mut self, left: Judged<'a>, due: Instant, until: Instant, reason: Reason) -> (Judged<'a>, Fate) {
        let limit = self.expires(due);
        let late = (until > limit && self.now >= limit).then_some((Outcome::Expired, Reason::Late));
        let mut waiting = SmallVec::new();
        let mut fate = Fate::Waits { until: until.min(limit), reason };
        for member in left {
            match member.pending.otherwise.or(late) {
                Some((outcome, reason)) => {
                    if waiting.is_empty() {
                        fate = Fate::Drops { outcome, reason };
                    }
                    self.leave_out(member, outcome, reason, Vec::new());
                }
                None => waiting.push(member),
            }
        }
        if !waiting.is_empty() {
            fate = Fate::Waits { until: until.min(limit), reason };
        }
        (waiting, fate)
    }

    /// The last instant at which a message that came due then may leave.
    pub(super) fn expires(&self, due: Instant) -> Instant {
        self.moved(due, self.program.settings.expire).unwrap_or(Instant::MAX)
    }

    fn member(&mut self, handle: Handle, key: EffectKey) -> Option<Member<'a>> {
        let instance = self.state.get(handle)?;
        let pending = *instance.pending.iter().find(|pending| pending.key == key)?;
        let step = SendStep::of(self.program.unit(instance.unit)?, pending.step)?;
        let instance = self.state.take(handle)?;
        Some(Member { handle, instance, step, pending })
    }

    fn judge_departure(&mut self, member: &mut Member<'a>) -> Result<u8, (Outcome, Reason, Vec<Clause>)> {
        if self.now > self.expires(member.pending.due) {
            return Err((Outcome::Expired, Reason::Late, Vec::new()));
        }
        // As it was decided: neither this message nor one decided after it is the last that left, and one that was decided
        // before it in the same step is.
        let Member { instance, step, pending, .. } = member;
        let place = instance.pending.iter().position(|each| each.key == pending.key).unwrap_or(0);
        let later: SmallVec<[Pending; 1]> = instance.pending.drain(place..).collect();
        let due = std::mem::replace(&mut self.due, pending.due);
        let judged = self.may_send(instance, *step, true);
        let judged = judged.map_err(|(outcome, reason)| (outcome, reason, self.send_clauses(instance, *step, None)));
        self.due = due;
        instance.pending.extend(later);
        judged
    }

    /// The message does not leave for this instance.
    fn leave_out(&mut self, member: Member<'a>, outcome: Outcome, reason: Reason, clauses: Vec<Clause>) {
        let Member { handle, mut instance, step, pending } = member;
        instance.pending.retain(|each| each.key != pending.key);
        let told = Told::Message { outcome: Some(outcome), reason, alternative: pending.alternative };
        self.tell(&instance, Some(step.at), told, clauses);
        let would_leave = if outcome == Outcome::HeldOut { pending.alternative } else { 0 };
        if outcome == Outcome::HeldOut {
            instance.last_message = Some(self.now);
        }
        self.not_sent(&instance, (Some(pending.key), step.at), would_leave, (outcome, reason));
        if outcome == Outcome::HeldOut {
            self.accepted(step.unit, handle, &mut instance, pending.key, pending.alternative);
        } else {
            self.gone(step.unit, handle, &mut instance, pending.key);
        }
        self.settle(handle, instance, step.unit);
    }

    /// What a channel says of a message. One that no instance waits for any more did leave all the same, or came back: what
    /// follows knows it.
    pub(super) fn receipt(&mut self, key: EffectKey, receipt: Receipt, name: Option<&str>) {
        let awaited = self.state.with_pending(key);
        match (receipt, name) {
            (Receipt::Bounced { hard }, _) if awaited.is_empty() => self.make_bounced(key, hard),
            (Receipt::Accepted, Some(name)) if awaited.is_empty() => self.make_sent_named(name, key),
            _ => {}
        }
        if receipt != Receipt::Accepted || awaited.is_empty() {
            self.mark_alone(Marked::Receipt { key, receipt });
        }
        let mut told = false;
        for handle in awaited {
            let Some(Member { mut instance, step, pending, .. }) = self.member(handle, key) else { continue };
            match receipt {
                Receipt::Accepted => {
                    instance.pending.retain(|pending| pending.key != key);
                    instance.last_message = instance.last_message.max(Some(self.now));
                    self.mark_sent(&instance, (key, step.at, pending.alternative), !told);
                    self.accepted(step.unit, handle, &mut instance, key, pending.alternative);
                    if !told {
                        self.make_sent(&instance, step.unit, step.at, pending.alternative, key);
                        told = true;
                    }
                }
                Receipt::Failed | Receipt::Bounced { .. } => {
                    instance.pending.retain(|pending| pending.key != key);
                    self.gone(step.unit, handle, &mut instance, key);
                }
                // It stays on its way until somebody knows; who waits for an answer counts from now.
                Receipt::Uncertain => self.count_from_now(step.unit, handle, &mut instance, key),
            }
            self.settle(handle, instance, step.unit);
        }
        self.state.tidy(key);
    }

    fn departure(&self, leaving: &[Member<'a>]) -> Option<Departure> {
        let first = leaving.first()?;
        let SendStep { unit, send, .. } = first.step;
        let chosen = send.alternatives.get(usize::from(first.pending.alternative))?;
        let eval = self.eval(unit, &first.instance);
        let address = match eval.value(chosen.address).into_owned() {
            Value::Text(address) => address.to_string(),
            Value::Id(id) => id.to_string(),
            _ => return None,
        };
        let scenario = &unit.scenario.name;
        let context = self.program.context(unit, &chosen.channel, &chosen.message);
        let mut values = MessageValues::default();
        for with in &send.with {
            values.values.extend(self.handed_over(with, &eval.value(with.value), context, &first.instance));
        }
        let mut language = None;
        if let Some(context) = context {
            let eval = self.context_eval(context, &first.instance);
            if let Some(Value::Text(text)) = context.message.language.map(|ix| eval.value(ix).into_owned()) {
                language = Some(text.to_string());
            }
            values.values.extend(self.variables(&eval, &context.message.variables));
            for member in leaving {
                let eval = self.context_eval(context, &member.instance);
                values.items.push(self.variables(&eval, &context.message.items));
            }
        }
        Some(Departure {
            scenario: scenario.clone(),
            channel: chosen.channel.clone(),
            message: chosen.message.clone(),
            class: send.class,
            address: address.trim().to_owned(),
            language,
            folder: context.and_then(|context| context.message.folder.clone()),
            values,
            triggers: leaving.iter().map(|member| member.instance.trigger.clone()).collect(),
        })
    }

    /// Templates read the trigger's row as it is now: they may ask for more than the instance kept.
    pub(super) fn context_eval<'e>(&'e self, context: &'e Context, instance: &'e Instance) -> Eval<'e> {
        let life = self.facts.life;
        let row = life.find(instance.trigger.kind, &instance.trigger.id);
        let fields = context.code.trigger_fields(instance.trigger.kind);
        let trigger = row.map_or(TriggerValues::None, |place| TriggerValues::Row(life.values(place), fields));
        Eval {
            code: &context.code,
            world: self.facts.world,
            facts: Some(self.facts),
            inside: Some(self.inside_of(instance)),
            zone: self.zone(),
            now: self.now,
            entry: Some(instance.entry),
            last_message: instance.last_message_at(self.due, self.now),
            messages: OwnMessages::default(),
            trigger,
            event: None,
            not_given: None,
        }
    }
}

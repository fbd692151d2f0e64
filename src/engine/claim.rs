//! `about to send`: the last look before a message leaves. It is an input of the step like any other; its verdict is
//! journaled.

use super::eval::{Eval, TriggerValues};
use super::facts::Facts;
use super::output::{EffectKey, Outcome, Output, Reason, TriggerRef, What};
use super::program::{Context, Program, Unit};
use super::state::{Handle, Instance, Phase, State};
use super::step::{Delivery, Stepper};
use super::value::Value;
use crate::ir::{Class, Op, Send, Step};
use crate::model::MessageValues;
use crate::time::Instant;
use std::cell::RefCell;

/// The answer to `about to send`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Send(Box<Departure>),
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

/// Judges a message of the outbox at the moment it would leave: `unless` and `only if` again, the address as it is now,
/// and whether it is not too late. Instances for which it must not leave drop out of it.
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
    Stepper { program, state, facts, delivery: Delivery::Outbox, now, out }.claim(key)
}

/// An instance that a message is about, taken out of the state to be judged.
struct Member<'a> {
    handle: Handle,
    instance: Instance,
    unit: &'a Unit,
    node: &'a Step,
    send: &'a Send,
    key: EffectKey,
    due: Instant,
}

impl<'a> Stepper<'a, '_> {
    fn claim(&mut self, key: EffectKey) -> Verdict {
        let members: Vec<Member<'a>> =
            self.state.with_pending(key).into_iter().filter_map(|handle| self.member(handle, key)).collect();
        let mut verdict = Verdict::Drop { outcome: Outcome::Cancelled, reason: Reason::None };
        let mut leaving: Vec<(Member<'a>, u8)> = Vec::new();
        for member in members {
            match self.judge_departure(&member) {
                Ok(alternative) => leaving.push((member, alternative)),
                Err((outcome, reason)) => {
                    verdict = Verdict::Drop { outcome, reason };
                    self.leave_out(member, key, outcome, reason);
                }
            }
        }
        leaving.sort_by_key(|(member, _)| (member.instance.entry, member.instance.serial));
        if let Some(departure) = self.departure(&leaving) {
            verdict = Verdict::Send(Box::new(departure));
        }
        for (member, _) in leaving {
            self.state.put(member.handle, member.instance);
        }
        verdict
    }

    fn member(&mut self, handle: Handle, key: EffectKey) -> Option<Member<'a>> {
        let instance = self.state.get(handle)?;
        let pending = *instance.pending.iter().find(|pending| pending.key == key)?;
        let unit = self.program.unit(instance.unit)?;
        let node = unit.scenario.steps.get(pending.step)?;
        let Op::Send(send) = &node.op else { return None };
        let instance = self.state.take(handle)?;
        Some(Member { handle, instance, unit, node, send, key, due: pending.due })
    }

    fn judge_departure(&self, member: &Member<'a>) -> Result<u8, (Outcome, Reason)> {
        let settings = &self.program.settings;
        if settings.zone.add(member.due, settings.expire).is_none_or(|limit| self.now > limit) {
            return Err((Outcome::Expired, Reason::Late));
        }
        // As it was decided: neither this message nor one decided after it is the last that left.
        let mut instance = member.instance.clone();
        let place = instance.pending.iter().position(|pending| pending.key == member.key).unwrap_or(0);
        instance.pending.truncate(place);
        self.may_send(&instance, member.unit, member.node, member.send, &RefCell::default())
    }

    /// The message does not leave for this instance.
    fn leave_out(&mut self, member: Member<'a>, key: EffectKey, outcome: Outcome, reason: Reason) {
        let Member { handle, mut instance, unit, node, .. } = member;
        let step = instance.pending.iter().find(|pending| pending.key == key).map(|pending| pending.step);
        instance.pending.retain(|pending| pending.key != key);
        if let Some(step) = step {
            self.effect(&instance, step, node.ordinal, What::Send { alternative: 0, outcome, reason });
        }
        match instance.phase {
            Phase::Waiting(_) | Phase::WaitingFor(_) => self.state.put(handle, instance),
            _ => self.close(handle, instance, unit),
        }
    }

    fn departure(&self, leaving: &[(Member<'a>, u8)]) -> Option<Departure> {
        let (first, alternative) = leaving.first()?;
        let chosen = first.send.alternatives.get(usize::from(*alternative))?;
        let unasked = RefCell::default();
        let eval = self.eval(first.unit, &first.instance, &unasked);
        let Value::Text(address) = eval.value(chosen.address).into_owned() else { return None };
        let scenario = &first.unit.scenario.name;
        let context = self.program.context(first.unit, &chosen.channel, &chosen.message);
        let mut values = MessageValues::default();
        for with in &first.send.with {
            values.values.extend(self.handed_over(with, &eval.value(with.value), context, &first.instance));
        }
        let mut language = None;
        if let Some(context) = context {
            let eval = self.context_eval(context, &first.instance);
            if let Some(Value::Text(text)) = context.message.language.map(|ix| eval.value(ix).into_owned()) {
                language = Some(text.to_string());
            }
            values.values.extend(self.variables(&eval, &context.message.variables));
            for (member, _) in leaving {
                let eval = self.context_eval(context, &member.instance);
                values.items.push(self.variables(&eval, &context.message.items));
            }
        }
        Some(Departure {
            scenario: scenario.clone(),
            channel: chosen.channel.clone(),
            message: chosen.message.clone(),
            class: first.send.class,
            address: address.trim().to_owned(),
            language,
            folder: context.and_then(|context| context.message.folder.clone()),
            values,
            triggers: leaving.iter().map(|(member, _)| member.instance.trigger.clone()).collect(),
        })
    }

    /// Templates read the trigger's row as it is now: they may ask for more than the instance kept.
    pub(super) fn context_eval<'e>(&'e self, context: &'e Context, instance: &'e Instance) -> Eval<'e> {
        let life = self.facts.life;
        let row = life.find(instance.trigger.kind, &instance.trigger.id);
        let fields = context.code.trigger_fields.get(&instance.trigger.kind);
        let trigger = match (row, fields) {
            (Some(place), Some(fields)) => TriggerValues::Row(life.values(place), fields),
            _ => TriggerValues::None,
        };
        Eval {
            code: &context.code,
            world: self.facts.world,
            facts: Some(self.facts),
            zone: self.program.settings.zone,
            now: self.now,
            entry: Some(instance.entry),
            last_message: instance.last_message_at(self.now),
            trigger,
            event: None,
            asked: None,
            not_given: None,
        }
    }
}

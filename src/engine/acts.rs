//! Steps other than `send` and `wait`: what a scenario does to its contact.

use super::advance::{Ending, Next};
use super::balance;
use super::entry::Candidate;
use super::eval::Eval;
use super::marks::{Left, Marked};
use super::message_values::literal;
use super::needs::{CREDITED, DEBITED, EXPIRES};
use super::output::{Act, EffectKey, Outcome, Reason, Told, TriggerRef, What};
use super::own::Change;
use super::program::Unit;
use super::sending::guard_clause;
use super::state::{Instance, Phase};
use super::step::Stepper;
use super::value::Value;
use crate::ir::{Op, Step, StepIx, WithValue};
use crate::model::MessageValue;
use crate::time::Instant;
use std::sync::Arc;

/// A scenario that a step started.
#[derive(Clone, Debug)]
pub(super) struct Starting {
    pub scenario: String,
    /// That of the starter.
    pub trigger: TriggerRef,
    /// When the starter entered: mostly the instant of its trigger.
    pub entered_at: Instant,
    pub by: EffectKey,
    /// When the step came due.
    pub due: Instant,
    /// How many scenarios started one another without a wait.
    pub depth: usize,
}

impl<'a> Stepper<'a, '_> {
    /// Does what a step says. A missing value ends the instance.
    pub(super) fn act(&mut self, instance: &Instance, unit: &'a Unit, at: StepIx, node: &'a Step) -> Next {
        let Some(act) = self.prepared(&self.eval(unit, instance), unit, node) else {
            return Next::End(Ending::Missing(at));
        };
        let key = self.key(instance, unit, node);
        let mut clauses = self.conditions(&self.eval(unit, instance), &guard_clause(node));
        clauses.extend(self.step_clauses(instance, unit, at));
        let reason = self.perform(&act, key, instance, unit, node);
        let outcome = if reason == Reason::None { Outcome::Done } else { Outcome::Skipped };
        let is_erasure = act == Act::Erase;
        self.tell(instance, Some(at), Told::Acted { outcome, reason }, clauses);
        self.effect(instance, at, node.ordinal, What::Act { key, act, outcome, reason });
        if is_erasure { Next::Erased } else { Next::On }
    }

    /// Records that the guard of a step held it back. What it would have done is not told when a value of it is missing.
    pub(super) fn skip_act(&mut self, instance: &Instance, unit: &'a Unit, at: StepIx, node: &'a Step, reason: Reason) {
        if let Some(act) = self.prepared(&self.eval(unit, instance), unit, node) {
            let key = self.key(instance, unit, node);
            self.effect(instance, at, node.ordinal, What::Act { key, act, outcome: Outcome::Skipped, reason });
        }
    }

    /// What a step does, with its values; `None` when one is missing, and for steps that do nothing to the contact.
    fn prepared(&self, eval: &Eval<'_>, unit: &Unit, node: &Step) -> Option<Act> {
        let number = |ix| match eval.value(ix).as_ref() {
            Value::Number(number) => Some(*number),
            _ => None,
        };
        Some(match &node.op {
            Op::Set { field, value } => {
                let name = unit.scenario.code.contact.get(usize::from(*field))?.name.clone();
                let value = eval.value(*value).into_owned();
                (!value.is_missing()).then_some(Act::Set { field: name, value })?
            }
            Op::Tag { add, tag } => match eval.value(*tag).as_ref() {
                Value::Text(tag) => Act::Tag { add: *add, tag: tag.to_string() },
                _ => return None,
            },
            Op::Credit { account, amount, expires } => {
                let expires = match expires {
                    Some(duration) => Some(self.moved(self.due, eval.duration(*duration)?)?),
                    None => None,
                };
                Act::Credit { account: account.clone(), amount: number(*amount)?, expires }
            }
            Op::Debit { account, amount } => Act::Debit { account: account.clone(), amount: number(*amount)? },
            Op::Start { scenario } => Act::Start { scenario: scenario.clone() },
            Op::Erase => Act::Erase,
            Op::Call { webhook, with } => {
                let value = |with: &WithValue| MessageValue {
                    path: vec![with.name.clone()],
                    ty: with.ty.clone(),
                    value: literal(&eval.value(with.value), self.facts),
                };
                let values = with.iter().map(value).collect();
                Act::Call { webhook: webhook.clone(), values, expires: self.expires(self.due) }
            }
            Op::Wait(_)
            | Op::WaitUntil(_)
            | Op::WaitFor { .. }
            | Op::Send(_)
            | Op::Split { .. }
            | Op::Branch { .. }
            | Op::Jump(_)
            | Op::Stop
            | Op::End => return None,
        })
    }

    /// Does it, for all that follows. The reason says why it was not done.
    fn perform(&mut self, act: &Act, key: EffectKey, instance: &Instance, unit: &Unit, node: &Step) -> Reason {
        match act {
            Act::Set { field, value } => {
                if let Op::Set { field, .. } = node.op
                    && let Some(slot) = unit.code.contact.get(usize::from(field))
                {
                    self.change(key, Change::Set(*slot, value.clone()));
                    self.look_for_anniversaries();
                }
                self.happens("changed", key, &[("field", Value::text(field))]);
            }
            Act::Tag { add, tag } => {
                let tag: Arc<str> = Arc::from(tag.as_str());
                self.change(key, Change::Tag { tag: tag.clone(), add: *add });
                self.happens(if *add { "tagged" } else { "untagged" }, key, &[("name", Value::Text(tag))]);
            }
            Act::Credit { account, amount, expires } => {
                let expires = expires.map_or(Value::Missing, Value::Instant);
                self.happens(CREDITED, key, &[(account, Value::Number(*amount)), (EXPIRES, expires)]);
            }
            Act::Debit { account, amount } => {
                let balance = balance::balance(&self.eval(unit, instance), account);
                if balance.is_none_or(|balance| balance < *amount) {
                    return Reason::NotEnough;
                }
                self.happens(DEBITED, key, &[(account, Value::Number(*amount))]);
            }
            Act::Start { scenario } => {
                let depth = self.depth + 1;
                let (scenario, trigger) = (scenario.clone(), instance.trigger.clone());
                let entered_at = instance.entry;
                self.starting.push(Starting { scenario, trigger, entered_at, by: key, due: self.due, depth });
            }
            Act::Erase | Act::Call { .. } => {}
        }
        Reason::None
    }

    /// What was done to the contact is an event of this instant. Where no scenario reads that event, conditions that may turn
    /// true by themselves are looked at all the same.
    fn happens(&mut self, event: &str, key: EffectKey, fields: &[(&str, Value)]) {
        if !self.make_event(event, key, fields) {
            self.stirred = true;
        }
    }

    /// Lets a scenario begin that a step started: its `for` and its entry rule hold, its entry is now.
    pub(super) fn start(&mut self, starting: Starting) {
        // The checker proves that scenarios do not start one another without end; the bound holds for IR that it never saw.
        if starting.depth > self.program.units().len() {
            return;
        }
        let Some((unit_slot, unit)) = self.program.current(&starting.scenario) else { return };
        let Starting { trigger, entered_at, .. } = &starting;
        let row = self.facts.life.find_at(trigger.kind, &trigger.id, *entered_at);
        (self.depth, self.due) = (starting.depth, starting.due);
        let (entry, by) = (self.due, Some(starting.by));
        self.enter(Candidate { unit_slot, unit, entry, row, trigger: None, seen: None, by });
        self.depth = 0;
    }

    /// Everything of this contact ends, `at_work` too: what still had to be sent is cancelled, and nothing starts any more.
    pub(super) fn erase(&mut self, at_work: impl Iterator<Item = Instance>) {
        let slots = std::mem::take(&mut self.state.slots);
        // One at work has not left its steps, unless it takes those after its goal.
        let at_work: Vec<Instance> = at_work.collect();
        let running = at_work.iter().filter(|instance| instance.phase != Phase::Converted);
        for instance in slots.iter().flatten().filter(|instance| instance.runs()).chain(running) {
            self.mark_left(instance, Left::Erased);
        }
        self.mark_alone(Marked::Erased);
        let mut instances: Vec<Instance> = slots.into_iter().flatten().chain(at_work).collect();
        instances.sort_by_key(|instance| instance.serial);
        let is_over =
            |each: &Instance| matches!(each.phase, Phase::Converted | Phase::Ended) && each.pending.is_empty();
        for instance in instances.iter().filter(|each| !is_over(each)) {
            self.tell(instance, None, Told::Ended(Reason::Erased), Vec::new());
            for pending in &instance.pending {
                let (key, outcome, reason) = (pending.key, Outcome::Cancelled, Reason::Erased);
                if pending.wake.is_none() {
                    self.mark_not_sent(instance, (Some(key), pending.step, 0), (outcome, reason));
                    self.effect(instance, pending.step, 0, What::Withdraw { key, outcome, reason });
                    self.withdrawn.extend(self.out.effects.pop());
                } else {
                    let told = Told::Message { outcome: Some(outcome), reason, alternative: pending.alternative };
                    self.tell(instance, Some(pending.step), told, Vec::new());
                    self.not_sent(instance, (Some(key), pending.step), 0, (outcome, reason));
                }
            }
        }
        self.state.end_all();
        self.starting.clear();
        self.stirred = false;
    }
}

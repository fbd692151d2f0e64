//! Messages as conditions know them: which one an event is about, and which ones an instance sent.

use super::engagement::Engagement;
use super::facts::{Event, Life};
use super::needs::Needs;
use super::output::{EffectKey, Told};
use super::program::{Program, Unit};
use super::state::{Handle, Instance, Phase, Progress};
use super::step::Stepper;
use super::value::Value;
use crate::ir::{Arena, Expr, ExprIx, FieldUse, Op, RecordUse, Scenario, Step, StepIx};
use crate::model::Type;
use crate::time::Instant;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// The event that tells of a message that was accepted, and the field of it and of its kin that says which.
const SENT: &str = "sent";
const MESSAGE: &str = "message";
/// The event that tells that a message came back after that, and whether it will for ever.
const BOUNCED: &str = "bounced";
const HARD: &str = "hard";

/// The events that tell of messages: the engine makes them.
pub(super) const TELLING: [&str; 4] = [SENT, BOUNCED, "opened", "clicked"];

/// A message, as an event names it. Two are the same by their keys; without keys, by the names of their templates.
#[derive(Clone, Debug)]
pub struct MessageRef {
    /// Empty where only the key is known.
    pub name: Arc<str>,
    pub key: Option<EffectKey>,
}

impl PartialEq for MessageRef {
    fn eq(&self, other: &MessageRef) -> bool {
        match (self.key, other.key) {
            (None, None) => self.name == other.name,
            (one, two) => one == two,
        }
    }
}

impl Eq for MessageRef {}

impl Hash for MessageRef {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
        if self.key.is_none() {
            self.name.hash(state);
        }
    }
}

/// Where a program's events speak of messages.
#[derive(Clone, Debug, Default)]
pub(super) struct MessageSlots {
    /// The event `sent` and its field, where anything speaks of messages.
    sent: Option<(u16, usize)>,
    /// By event: its fields of type message.
    fields: Vec<Vec<usize>>,
}

impl MessageSlots {
    pub fn new(needs: &Needs) -> MessageSlots {
        let messages = |event: &RecordUse| {
            let fields = event.fields.iter().enumerate();
            fields.filter(|(_, field)| field.ty == Type::Message).map(|(place, _)| place).collect()
        };
        let sent = needs.events.iter().position(|event| event.name == SENT);
        let sent = sent.and_then(|kind| {
            let fields = &needs.events.get(kind)?.fields;
            Some((kind as u16, fields.iter().position(|field| field.name == MESSAGE)?))
        });
        MessageSlots { sent, fields: needs.events.iter().map(messages).collect() }
    }

    /// Whether anybody asks about messages.
    pub fn are_read(&self) -> bool {
        self.sent.is_some()
    }
}

/// What a program that speaks of messages must know of: those that were sent. `None` where it never does. Who counts what was
/// sent, or came back, speaks of them without saying which.
pub(super) fn sent_event<'a>(mut scenarios: impl Iterator<Item = &'a Scenario>, needs: &Needs) -> Option<RecordUse> {
    let is_message = |field: &FieldUse| field.ty == Type::Message;
    let is_told = |event: &RecordUse| [SENT, BOUNCED].contains(&event.name.as_str());
    let in_events = needs.events.iter().any(|event| is_told(event) || event.fields.iter().any(is_message));
    (in_events || scenarios.any(reads_own_messages)).then(|| RecordUse {
        name: SENT.into(),
        fields: vec![FieldUse { name: MESSAGE.into(), ty: Type::Message, optional: true, default: None }],
    })
}

/// Whether a scenario asks about the messages that its instances send.
pub(super) fn reads_own_messages(scenario: &Scenario) -> bool {
    scenario.code.exprs.values().iter().any(|expr| matches!(expr, Expr::OwnMessage(_)))
        || scenario
            .steps
            .values()
            .iter()
            .any(|step| matches!(&step.op, Op::WaitFor { engagement, .. } if !engagement.is_empty()))
}

/// A message that was sent.
#[derive(Clone, Copy, Debug)]
struct Sent {
    at: Instant,
    key: Option<EffectKey>,
    /// Whether a scenario sent it: then it happened after all rows that arrived by its instant, in whichever order a life that
    /// is taken up again is put together.
    is_own: bool,
}

/// The messages of one contact that were sent, by the names of their templates: by instant, of one instant in the
/// order in which they were known.
#[derive(Clone, Debug, Default)]
pub(super) struct SentMessages {
    by_name: BTreeMap<Arc<str>, Vec<Sent>>,
    names: BTreeMap<EffectKey, Arc<str>>,
    /// What was said in place of a message, so that it can be asked again.
    said: Vec<(usize, Value)>,
}

impl SentMessages {
    /// Takes back all that was known. Gives what was said, by the places of the values.
    pub fn forget(&mut self) -> Vec<(usize, Value)> {
        self.by_name.clear();
        self.names.clear();
        std::mem::take(&mut self.said)
    }

    pub fn add(&mut self, message: &MessageRef, at: Instant, is_own: bool) {
        let sent = self.by_name.entry(message.name.clone()).or_default();
        sent.insert(sent.partition_point(|known| known.at <= at), Sent { at, key: message.key, is_own });
        if let Some(key) = message.key {
            self.names.insert(key, message.name.clone());
        }
    }

    pub fn said(&mut self, place: usize, value: Value) {
        self.said.push((place, value));
    }

    /// The name of the template of a message that was sent.
    pub fn name(&self, key: EffectKey) -> Option<Arc<str>> {
        self.names.get(&key).cloned()
    }

    /// A message that others sent, by the name of its template.
    fn of_history(&self, text: &str) -> MessageRef {
        let name = text.parse::<EffectKey>().ok().map(|key| self.name(key).unwrap_or_default());
        MessageRef { name: name.unwrap_or_else(|| Arc::from(text)), key: None }
    }

    /// Which message the text of a row means: a key, or the latest message of a template that was sent by the row's instant
    /// and before it arrived.
    fn meant(&self, text: &str, row: &Event) -> MessageRef {
        if let Ok(key) = text.parse::<EffectKey>() {
            return MessageRef { name: self.names.get(&key).cloned().unwrap_or_default(), key: Some(key) };
        }
        let sent = self.by_name.get(text).map_or(&[] as &[Sent], Vec::as_slice);
        let by_then = sent.get(..sent.partition_point(|sent| sent.at <= row.at)).unwrap_or(&[]);
        let latest = by_then.iter().rev().find(|sent| !sent.is_own || sent.at < row.arrived);
        MessageRef { name: Arc::from(text), key: latest.and_then(|sent| sent.key) }
    }
}

impl Life {
    /// Finds the messages that an event speaks of, by what was sent at or before its instant, and remembers those that it
    /// says were sent.
    pub(super) fn resolve_messages(&mut self, program: &Program, place: usize) {
        let slots = program.messages();
        let Some(event) = self.event(place) else { return };
        let (kind, at) = (event.kind, event.at);
        let fields = slots.fields.get(usize::from(kind)).map_or(&[] as &[usize], Vec::as_slice);
        for field in fields {
            let is_sent = slots.sent == Some((kind, *field));
            let message = match self.values(place).get(*field) {
                // A row of the past that says `sent` speaks of itself.
                Some(Value::Text(name)) if is_sent && name.parse::<EffectKey>().is_err() => {
                    MessageRef { name: name.clone(), key: None }
                }
                Some(Value::Text(text)) if program.engagement() == Engagement::Replayed => {
                    let Some(event) = self.event(place) else { continue };
                    self.messages().meant(text, event)
                }
                Some(Value::Text(text)) => self.messages().of_history(text),
                Some(Value::Message(message)) => MessageRef::clone(message),
                _ => continue,
            };
            self.say_message(place, *field, message, is_sent.then_some(at));
        }
    }
}

/// A message that an instance decided, as its conditions know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OwnMessage {
    pub step: StepIx,
    /// The one that left, once it is accepted.
    pub alternative: u8,
    pub key: EffectKey,
    pub due: Instant,
    /// `None` while it is on its way.
    pub accepted: Option<Instant>,
}

/// The messages of the instance at hand.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OwnMessages<'a> {
    pub decided: &'a [OwnMessage],
    pub steps: Option<&'a Arena<StepIx, Step>>,
    /// When the step at hand came due.
    pub due: Instant,
}

impl OwnMessages<'_> {
    /// The last of those whose step names one of these.
    pub fn last(&self, names: &[String]) -> Option<OwnMessage> {
        let is_of = |own: &&OwnMessage| match self.steps.and_then(|steps| steps.get(own.step)).map(|step| &step.op) {
            Some(Op::Send(send)) => send.alternatives.iter().any(|each| names.contains(&each.message)),
            _ => false,
        };
        self.decided.iter().rev().find(is_of).copied()
    }

    /// Its identity. A message that came due in this very step counts as one that has left: the next step cannot wait for
    /// the server's answer.
    pub fn identity(&self, names: &[String]) -> Value {
        let sent = self.last(names).filter(|own| own.accepted.is_some() || own.due == self.due);
        sent.map_or(Value::Missing, |own| {
            let name = self.steps.and_then(|steps| name_of(steps, own.step, own.alternative)).unwrap_or_default();
            Value::Message(Arc::new(MessageRef { name: Arc::from(name), key: Some(own.key) }))
        })
    }
}

fn name_of(steps: &Arena<StepIx, Step>, step: StepIx, alternative: u8) -> Option<&str> {
    let Op::Send(send) = &steps.get(step)?.op else { return None };
    send.alternatives.get(usize::from(alternative)).map(|chosen| chosen.message.as_str())
}

/// When a wait for engagement is over.
pub(super) enum Patience {
    /// The message is on its way: nobody knows yet.
    Open,
    /// So long after its acceptance.
    Until(Instant),
    /// It never goes, or the wait cannot end.
    Over,
}

impl<'a> Stepper<'a, '_> {
    /// Remembers a message that the instance decided, for those of its conditions that speak of it.
    pub(super) fn remember(&mut self, unit: &'a Unit, handle: Handle, instance: &mut Instance, own: OwnMessage) {
        if !unit.reads_messages {
            return;
        }
        instance.own.retain(|known| known.step != own.step);
        instance.own.push(own);
        self.watch_again(unit, handle, instance);
    }

    /// A message of the instance was accepted: what its conditions may know of it from now on.
    pub(super) fn accepted(
        &mut self,
        unit: &'a Unit,
        handle: Handle,
        instance: &mut Instance,
        key: EffectKey,
        alternative: u8,
    ) {
        let Some(own) = instance.own.iter_mut().find(|own| own.key == key) else { return };
        own.alternative = alternative;
        own.accepted = Some(self.now);
        self.watch_again(unit, handle, instance);
        self.set_patience(unit, handle, instance);
    }

    /// A message of the instance never goes.
    pub(super) fn gone(&mut self, unit: &'a Unit, handle: Handle, instance: &mut Instance, key: EffectKey) {
        let before = instance.own.len();
        instance.own.retain(|own| own.key != key);
        if instance.own.len() < before {
            self.set_patience(unit, handle, instance);
        }
    }

    /// Nobody knows whether a message of the instance left: a wait for its engagement counts from now.
    pub(super) fn count_from_now(&mut self, unit: &'a Unit, handle: Handle, instance: &mut Instance, key: EffectKey) {
        if let Some(own) = instance.own.iter_mut().find(|own| own.key == key) {
            own.accepted.get_or_insert(self.now);
            self.set_patience(unit, handle, instance);
        }
    }

    /// Tells that a message was accepted, which this instance gave its identity.
    pub(super) fn make_sent(
        &mut self,
        instance: &Instance,
        unit: &'a Unit,
        step: StepIx,
        alternative: u8,
        key: EffectKey,
    ) {
        if let Some(name) = name_of(&unit.scenario.steps, step, alternative) {
            self.make_sent_named(name, key);
            self.assume(instance, unit, step, alternative, key);
        }
    }

    /// As [`Stepper::make_sent`], by the name of the message's template.
    pub(super) fn make_sent_named(&mut self, name: &str, key: EffectKey) {
        if self.program.messages().are_read() {
            let message = Value::Message(Arc::new(MessageRef { name: Arc::from(name), key: Some(key) }));
            self.make_event(SENT, key, &[(MESSAGE, message)]);
        }
    }

    /// Tells that a message that was accepted came back.
    pub(super) fn make_bounced(&mut self, key: EffectKey, hard: bool) {
        if let Some(name) = self.facts.life.messages().name(key) {
            let message = Value::Message(Arc::new(MessageRef { name, key: Some(key) }));
            self.make_event(BOUNCED, key, &[(MESSAGE, message), (HARD, Value::Flag(hard))]);
        }
    }

    /// When an instance that waits for engagement goes on without.
    pub(super) fn patience(&self, unit: &'a Unit, instance: &Instance, names: &[String], limit: ExprIx) -> Patience {
        let Some(own) = instance.own_messages(unit, self.due).last(names) else { return Patience::Over };
        let Some(accepted) = own.accepted else { return Patience::Open };
        let limit = self.eval(unit, instance).duration(limit);
        limit.and_then(|limit| self.zone().add(accepted, limit)).map_or(Patience::Over, Patience::Until)
    }

    /// Sets the end of a wait for engagement that had none while the message was on its way.
    fn set_patience(&mut self, unit: &'a Unit, handle: Handle, instance: &mut Instance) {
        let Phase::WaitingFor(step) = instance.phase else { return };
        let Some(Op::WaitFor { limit, engagement, .. }) = unit.scenario.steps.get(step).map(|step| &step.op) else {
            return;
        };
        if engagement.is_empty() || instance.wake.is_some() {
            return;
        }
        let wake = match self.patience(unit, instance, engagement, *limit) {
            Patience::Open => None,
            Patience::Until(end) => Some(end.max(self.now)),
            Patience::Over => Some(self.now),
        };
        instance.generation += 1;
        instance.wake = wake;
        if let Some(until) = wake.filter(|until| *until > self.now && self.out.trace.is_some()) {
            let clauses = self.step_clauses(instance, unit, step);
            self.tell(instance, Some(step), Told::WaitsFor { until }, clauses);
        }
        self.file(unit, handle, instance);
    }
}

impl Progress {
    /// What its conditions may ask of its messages.
    pub fn own_messages<'e>(&'e self, unit: &'e Unit, due: Instant) -> OwnMessages<'e> {
        OwnMessages { decided: &self.own, steps: Some(&unit.scenario.steps), due }
    }
}

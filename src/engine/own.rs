//! What scenarios did to a contact: events that they made, fields that they set, tags that they put on.

use super::balance::Ledgers;
use super::facts::{Event, Life, Person, World};
use super::output::EffectKey;
use super::program::Program;
use super::saved_own::Apart;
use super::saved_value::SavedValue;
use super::state::State;
use super::step::Stepper;
use super::value::Value;
use crate::model::Id;
use crate::time::Instant;
use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// An event that a scenario made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OwnEvent {
    /// The event's slot in the program.
    pub kind: u16,
    /// The identity of the effect that made it.
    pub id: Id,
    pub at: Instant,
    /// In the order of the event's fields in the program.
    pub values: Vec<Value>,
    /// Fields that this program does not read, as they were saved: another may read them again.
    pub unread: Vec<(String, SavedValue)>,
}

/// A field that a scenario changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// By the field's slot in the program.
    Set(u16, Value),
    Tag {
        tag: Arc<str>,
        add: bool,
    },
}

/// All that scenarios did to one contact.
#[derive(Clone, Debug, Default)]
pub(super) struct Own {
    /// What was made and did not happen yet, in the order in which it will.
    pub queue: VecDeque<OwnEvent>,
    pub happened: Vec<OwnEvent>,
    /// What happened before, in a life that is lived again; never saved.
    again: BTreeSet<(u16, Id)>,
    /// In order, each with the effect that made it.
    pub changes: Vec<(EffectKey, Change)>,
    /// What stands for the values of the CRM, by slot: the changes worked out.
    fields: Vec<(u16, Value)>,
    /// What was saved and this program does not read: it goes along, so that nothing is lost while a scenario is away.
    pub apart: Apart,
    /// `erase contact`: nothing concerns this contact any more.
    pub erased: bool,
    /// The balances that were asked for: worked out from the events, when they are asked for.
    pub ledgers: RefCell<Ledgers>,
}

impl Own {
    pub fn is_empty(&self) -> bool {
        let is_empty = self.queue.is_empty() && self.happened.is_empty() && self.changes.is_empty();
        is_empty && self.apart.is_empty() && !self.erased
    }

    pub fn clear(&mut self) {
        self.queue.clear();
        self.happened.clear();
        self.again.clear();
        self.changes.clear();
        self.fields.clear();
        self.apart = Apart::default();
        self.erased = false;
        self.ledgers.get_mut().clear();
    }

    /// Whether an event that a scenario made had happened before this life was lived again.
    pub fn is_lived_again(&self, event: &Event) -> bool {
        !self.again.is_empty() && self.again.contains(&(event.kind, event.id.clone()))
    }

    /// How many events scenarios made by `now`.
    pub fn made(&self, now: Instant) -> usize {
        self.happened.len() + self.queue.partition_point(|queued| queued.at <= now)
    }

    /// The events that scenarios made by `now` after the first so many, whether or not they happened yet.
    pub fn made_since(&self, first: usize, now: Instant) -> impl Iterator<Item = &OwnEvent> {
        let end = self.queue.partition_point(|queued| queued.at <= now);
        let queued = self.queue.range(first.saturating_sub(self.happened.len()).min(end)..end);
        self.happened.get(first..).unwrap_or(&[]).iter().chain(queued)
    }

    /// What stands for a field's value in the CRM.
    pub fn field(&self, slot: u16) -> Option<&Value> {
        self.fields.iter().find(|(known, _)| *known == slot).map(|(_, value)| value)
    }

    /// Works out what stands for the values of the CRM.
    pub fn resolve(&mut self, program: &Program, person: &Person) {
        self.fields.clear();
        for (_, change) in &self.changes {
            resolve_one(&mut self.fields, change, program, person);
        }
    }

    /// Forgets what was changed of the contact, what this program does not read included.
    pub fn forget_all_changes(&mut self) {
        self.changes.clear();
        self.fields.clear();
        self.apart.forget_all_changes();
    }

    fn change(&mut self, key: EffectKey, change: Change, program: &Program, person: &Person) {
        resolve_one(&mut self.fields, &change, program, person);
        self.changes.push((key, change));
    }

    /// Adds what was done in another state of the same contact.
    pub fn absorb(&mut self, other: Own) {
        self.erased |= other.erased;
        self.ledgers.get_mut().clear();
        let known: BTreeSet<(u16, Id)> = self.happened.iter().map(|event| (event.kind, event.id.clone())).collect();
        let new = other.happened.into_iter().filter(|event| !known.contains(&(event.kind, event.id.clone())));
        self.happened.extend(new);
        self.happened.sort_by_key(|event| event.at);
        for event in other.queue {
            self.enqueue(event);
        }
        // What both know stands once; what the other changed besides is written after it.
        let known: BTreeSet<EffectKey> = self.changes.iter().map(|(key, _)| *key).collect();
        self.changes.extend(other.changes.into_iter().filter(|(key, _)| !known.contains(key)));
        self.apart.absorb(other.apart);
    }

    /// Queues an event: it happens after those of its instant that are there already.
    fn enqueue(&mut self, event: OwnEvent) {
        let place = self.queue.partition_point(|queued| queued.at <= event.at);
        self.queue.insert(place, event);
    }

    /// What is known of the contact to whoever lives its life again: what was made happen is about to happen once more,
    /// each at its instant, and what was changed holds.
    pub fn to_live_again(&self) -> Own {
        let mut own = Own { changes: self.changes.clone(), fields: self.fields.clone(), ..Own::default() };
        for event in &self.happened {
            own.again.insert((event.kind, event.id.clone()));
            own.enqueue(event.clone());
        }
        own
    }
}

fn resolve_one(fields: &mut Vec<(u16, Value)>, change: &Change, program: &Program, person: &Person) {
    let (slot, value) = match change {
        Change::Set(slot, value) => (*slot, value.clone()),
        Change::Tag { tag, add } => {
            let Some(slot) = program.tags_slot() else { return };
            let known = fields.iter().find(|(known, _)| *known == slot).map(|(_, value)| value);
            let known = known.or_else(|| person.values.get(usize::from(slot)));
            let mut tags: Vec<Value> = match known {
                Some(Value::List(tags)) => tags.iter().filter(|each| !is_tag(each, tag)).cloned().collect(),
                _ => Vec::new(),
            };
            if *add {
                tags.push(Value::Text(tag.clone()));
            }
            (slot, Value::List(tags.into()))
        }
    };
    match fields.iter_mut().find(|(known, _)| *known == slot) {
        Some((_, known)) => *known = value,
        None => fields.push((slot, value)),
    }
}

fn is_tag(value: &Value, tag: &str) -> bool {
    matches!(value, Value::Text(text) if **text == *tag)
}

impl State {
    /// The instant of the first event that a scenario made and that did not happen yet. It happens after the events of
    /// the CRM of that instant and before the timers.
    pub fn next_own(&self) -> Option<Instant> {
        self.own.queue.front().filter(|_| !self.is_erased()).map(|event| event.at)
    }

    /// Lets the first event that a scenario made happen: adds it to the life, where conditions see it. Returns its place
    /// there, for [`super::Input::Event`].
    pub fn happen(&mut self, life: &mut Life, program: &Program, world: &World) -> Option<usize> {
        let event = self.own.queue.pop_front()?;
        let place = add_to(life, &event, program, world);
        self.own.happened.push(event);
        Some(place)
    }

    /// Adds to a life what scenarios made happen before: what a driver does with a state that it has read.
    pub fn restore(&self, life: &mut Life, program: &Program, world: &World) {
        for event in &self.own.happened {
            add_to(life, event, program, world);
        }
    }

    /// How much scenarios did to the contact and is kept: what a step that saves the state has to write.
    #[cfg(debug_assertions)]
    pub fn deeds(&self) -> usize {
        self.own.happened.len() + self.own.queue.len() + self.own.changes.len()
    }

    /// Whether the contact was erased: nothing concerns it any more.
    pub fn is_erased(&self) -> bool {
        self.own.erased
    }

    /// Forgets what these effects changed of the contact, because it is in the CRM by now: from here on the CRM's value holds.
    pub fn forget_changes(&mut self, keys: &[EffectKey], program: &Program, person: &Person) {
        if keys.is_empty() {
            return;
        }
        let keys: BTreeSet<&EffectKey> = keys.iter().collect();
        self.own.changes.retain(|(known, _)| !keys.contains(known));
        keys.into_iter().for_each(|key| self.own.apart.forget_change(*key));
        self.own.resolve(program, person);
    }
}

fn add_to(life: &mut Life, event: &OwnEvent, program: &Program, world: &World) -> usize {
    let OwnEvent { kind, ref id, at, ref values, .. } = *event;
    life.add_own(program, world, Event { kind, id: id.clone(), at, arrived: at }, values.iter().cloned())
}

impl Stepper<'_, '_> {
    /// Makes an event of this contact: it happens at this instant, after those that are already there. One that the
    /// program does not read is not made: then it is false.
    pub(super) fn make_event(&mut self, event: &str, key: EffectKey, fields: &[(&str, Value)]) -> bool {
        self.make_event_at(event, key, self.now, fields)
    }

    /// As [`Stepper::make_event`], at an instant that is not before this one.
    pub(super) fn make_event_at(&mut self, event: &str, key: EffectKey, at: Instant, fields: &[(&str, Value)]) -> bool {
        let Some(kind) = self.program.event_slot(event) else { return false };
        let Some(record) = self.program.needs().events.get(usize::from(kind)) else { return false };
        let value = |name: &str| fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let values = record.fields.iter().map(|field| value(&field.name).unwrap_or_default()).collect();
        self.state.own.enqueue(OwnEvent { kind, id: key.id(), at, values, unread: Vec::new() });
        true
    }

    /// Changes a field of this contact, for all that follows.
    pub(super) fn change(&mut self, key: EffectKey, change: Change) {
        self.state.own.change(key, change, self.program, self.facts.person);
        self.zone.set(None);
    }
}

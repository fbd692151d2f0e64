//! One contact's state: its running instances, what they wait for, and what entry rules remember.

use super::clocks::Clocks;
use super::known::Known;
use super::messages::OwnMessage;
use super::output::{EffectKey, Outcome, Reason, TriggerRef};
use super::own::Own;
use super::policy::Claims;
use super::program::Program;
use super::timers::Timers;
use super::value::Value;
use super::watchers::Watchers;
use crate::ir::StepIx;
use crate::time::Instant;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that the engine remembers of one contact.
///
/// Timers and watches are an index over the instances: they are never saved, and one whose instance has moved on
/// does nothing.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The latest instant stepped; time never goes back for a contact.
    pub(super) clock: Option<Instant>,
    pub(super) next_serial: u32,
    pub(super) slots: Vec<Option<Instance>>,
    pub(super) free: Vec<u32>,
    spare: Spare,
    /// By scenario name.
    pub(super) marks: BTreeMap<String, Mark>,
    pub(super) timers: Timers,
    pub(super) watchers: Watchers,
    /// Instances that may leave together, by scenario, wait and wake-up.
    pub(super) together: BTreeSet<(u16, StepIx, Instant, Handle)>,
    /// What the policy's caps count.
    pub(super) claims: Claims,
    /// Messages that are to be judged, where no outbox asks.
    pub(super) held: BTreeSet<(Instant, EffectKey)>,
    /// Who waits for a message, or did: an index as the timers are.
    waiting_for: FxHashMap<EffectKey, SmallVec<[Handle; 1]>>,
    /// Of each unit, how many of its instances run.
    running: Vec<u32>,
    /// What scenarios did to the contact.
    pub(super) own: Own,
    /// What starts scenarios by itself.
    pub(super) clocks: Clocks,
    pub(super) known: Known,
}

/// What an entry rule remembers of a scenario, over all its versions.
#[derive(Clone, Debug, Default)]
pub(super) struct Mark {
    pub last_entry: Option<Instant>,
    /// The values of `once per`.
    pub keys: FxHashSet<Value>,
    /// The instance that `latest` would replace.
    pub running: Option<Handle>,
}

/// An instance, as long as it is the same one: a slot is used again with another serial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Handle {
    pub serial: u32,
    pub slot: u32,
}

/// One contact going through a scenario. It is handed from place to place at every step, so that only its address is moved.
pub(super) type Instance = Box<Progress>;

/// The room of instances that are gone, for those that come: as many come and go as there are triggers.
#[derive(Debug, Default)]
struct Spare(Vec<Instance>);

impl Clone for Spare {
    fn clone(&self) -> Spare {
        Spare::default()
    }
}

/// How far an instance is.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    pub unit: u16,
    pub serial: u32,
    /// Counts what it has done, so that a timer of an earlier wait is known to be stale.
    pub generation: u32,
    pub entry: Instant,
    pub trigger: TriggerRef,
    /// The step `start` that started it, where one did.
    pub by: Option<EffectKey>,
    /// The trigger's values that its scenario reads, as they were.
    pub kept: SmallVec<[Value; 2]>,
    pub phase: Phase,
    pub wake: Option<Instant>,
    /// When its last message was accepted, or held out: who is held out goes the same way.
    pub last_message: Option<Instant>,
    /// Messages whose fate is not known, in the order of their decisions.
    pub pending: SmallVec<[Pending; 1]>,
    /// What its conditions may know of the messages that it decided, in that order; empty where none asks.
    pub own: Vec<OwnMessage>,
    /// By what they are remembered, sorted: the steps that it may have done in versions that it has left.
    pub passed: Vec<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// In a `wait`, or a `wait until`.
    Waiting(StepIx),
    /// In a `wait up to`.
    WaitingFor(StepIx),
    /// Its steps are over; its goal is still counted, until its wake-up.
    Watching,
    /// Its steps are over; a message of it may still leave.
    Draining,
    /// Its goal was reached; the message of `then` may still leave. Nothing else concerns it any more, but what reports count
    /// in its goal's window.
    Converted,
    /// It ended before its steps were over; what came due at that very instant may still leave, and reports count what
    /// follows in its goal's window.
    Ended,
}

/// A message that was decided and is not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    pub key: EffectKey,
    pub step: StepIx,
    pub due: Instant,
    /// When it is judged again, where no outbox asks.
    pub wake: Option<Instant>,
    /// What held it when it was judged last.
    pub held: Reason,
    /// It counts in the caps.
    pub claimed: bool,
    /// The one that would leave, as it was judged last.
    pub alternative: u8,
    /// What becomes of it if it cannot leave at the very instant at which it came due: whatever ended the instance, or
    /// came due after it, did so at that instant.
    pub otherwise: Option<(Outcome, Reason)>,
}

impl Pending {
    pub fn new(key: EffectKey, step: StepIx, due: Instant, alternative: u8) -> Pending {
        Pending { key, step, due, wake: None, held: Reason::None, claimed: false, alternative, otherwise: None }
    }
}

impl Progress {
    /// Whether its steps are not over.
    pub fn runs(&self) -> bool {
        matches!(self.phase, Phase::Waiting(_) | Phase::WaitingFor(_))
    }

    /// The instant of its last message, as conditions read it at `now` in a step that came due at `due`. A message decided
    /// in this very step counts as one that has left: the next step cannot wait for the server's answer, and a simulation
    /// decides the same.
    pub fn last_message_at(&self, due: Instant, now: Instant) -> Option<Instant> {
        let is_leaving = self.pending.iter().any(|pending| pending.due == due);
        if is_leaving { Some(now) } else { self.last_message }
    }
}

impl State {
    /// The latest instant stepped; `None` before the first.
    pub fn clock(&self) -> Option<Instant> {
        self.clock
    }

    /// The earliest instant at which something is due; `None` when nothing is. A timer that waits for a message is not due.
    pub fn wake(&self, program: &Program) -> Option<Instant> {
        if self.is_erased() {
            return None;
        }
        let wakes = |instance: &Instance| {
            let timer = instance.wake.filter(|wake| !self.waits_for_turn(program, instance, *wake));
            timer.into_iter().chain(instance.pending.iter().filter_map(|pending| pending.wake)).min()
        };
        let instances = self.slots.iter().flatten().filter_map(wakes);
        instances.chain(self.first_clock(program)).chain(self.next_own()).min()
    }

    /// The earliest instant at which a timer is due, in constant time, dropping timers that are stale. Events that scenarios
    /// made come before the timers of their instant: [`State::next_own`].
    pub fn next_due(&mut self, program: &Program) -> Option<Instant> {
        if self.is_erased() {
            return None;
        }
        let earlier = |one: Option<Instant>, two: Option<Instant>| match (one, two) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        let message = self.held.first().map(|(at, _)| *at);
        let instance = self.first_timer(program).map(|(at, _, _)| at);
        let clock = if self.clocks.is_empty() { None } else { self.first_clock(program) };
        earlier(earlier(instance, message), clock)
    }

    /// As [`State::next_due`], where that is before an instant. Mostly it is seen at once that nothing is.
    pub fn next_due_before(&mut self, program: &Program, before: Instant) -> Option<Instant> {
        if self.held.is_empty() && self.clocks.is_empty() && !self.timers.may_be_due_before(before) {
            return None;
        }
        self.next_due(program).filter(|due| *due < before)
    }

    fn first_clock(&self, program: &Program) -> Option<Instant> {
        if self.timers.wait_for_nothing() {
            return self.clocks.first();
        }
        self.clocks_due(program).map(|(due, _)| due).min()
    }

    /// Whether there is nothing to remember.
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
            && self.claims.0.is_empty()
            && self.slots.iter().all(Option::is_none)
            && self.own.is_empty()
            && self.clocks.is_empty()
    }

    /// The number of instances that run.
    pub fn running(&self) -> usize {
        self.slots.iter().flatten().filter(|instance| instance.runs()).count()
    }

    /// Whether a message of this key waits for its claim or its receipt.
    pub fn awaits(&self, key: EffectKey) -> bool {
        self.waiting_for(key).next().is_some()
    }

    /// Whether an instance of a unit runs, but for the one that is at work.
    pub(super) fn runs(&self, unit: u16) -> bool {
        self.running.get(usize::from(unit)).is_some_and(|count| *count > 0)
    }

    /// A state that has run nothing, and knows what was done to the contact: the entries, what scenarios made happen, which
    /// happens once more at its instants, and what they changed.
    pub fn to_live_again(&self) -> State {
        let own = self.own.to_live_again();
        let mut state = State { marks: self.marks.clone(), own, ..State::default() };
        for mark in state.marks.values_mut() {
            mark.running = None;
        }
        state
    }

    /// Adds the instances of another state of the same contact, and what its entry rules remember. Their timers are
    /// filed when the state is next read.
    pub fn absorb(&mut self, other: State) {
        self.clock = self.clock.max(other.clock);
        self.claims.0.extend(other.claims.0);
        self.claims.0.sort_by_key(|claim| claim.at);
        self.timers.absorb(other.timers);
        let mut handles: BTreeMap<u32, Handle> = BTreeMap::new();
        let mut instances: Vec<Instance> = other.slots.into_iter().flatten().collect();
        instances.sort_by_key(|instance| instance.serial);
        for mut instance in instances {
            let handle = self.reserve();
            handles.insert(instance.serial, handle);
            instance.serial = handle.serial;
            instance.pending.iter().for_each(|pending| self.wait_for(pending.key, handle));
            self.put(handle, instance);
        }
        for (scenario, mark) in other.marks {
            let own = self.marks.entry(scenario).or_default();
            own.last_entry = own.last_entry.max(mark.last_entry);
            own.keys.extend(mark.keys);
            // An instance that runs already is the newer one.
            let running = mark.running.and_then(|handle| handles.get(&handle.serial).copied());
            own.running = own.running.or(running);
        }
        self.own.absorb(other.own);
        self.clocks.absorb(other.clocks);
    }

    /// Ends everything of a contact who was erased. Gives the messages that waited: they must not leave.
    pub fn end_all(&mut self) -> Vec<EffectKey> {
        let mut keys: Vec<EffectKey> = Vec::new();
        for pending in self.slots.iter().flatten().flat_map(|instance| &instance.pending) {
            if !keys.contains(&pending.key) {
                keys.push(pending.key);
            }
        }
        let clock = self.clock;
        self.clear();
        self.clock = clock;
        self.own.erased = true;
        keys
    }

    /// Forgets everything, and keeps the room for the next contact.
    pub fn clear(&mut self) {
        self.clock = None;
        self.next_serial = 0;
        self.spare.0.extend(self.slots.drain(..).flatten());
        self.free.clear();
        self.marks.clear();
        self.timers.clear();
        self.watchers.clear();
        self.together.clear();
        self.claims.0.clear();
        self.held.clear();
        self.waiting_for.clear();
        self.running.clear();
        self.own.clear();
        self.clocks.clear();
        self.known.clear();
    }

    #[inline]
    pub(super) fn get(&self, handle: Handle) -> Option<&Instance> {
        let instance = self.slots.get(handle.slot as usize)?.as_ref()?;
        (instance.serial == handle.serial).then_some(instance)
    }

    /// Takes an instance out, to work on it; [`State::put`] puts it back.
    pub(super) fn take(&mut self, handle: Handle) -> Option<Instance> {
        let slot = self.slots.get_mut(handle.slot as usize)?;
        if slot.as_ref().is_none_or(|instance| instance.serial != handle.serial) {
            return None;
        }
        let taken = slot.take()?;
        if taken.runs()
            && let Some(count) = self.running.get_mut(usize::from(taken.unit))
        {
            *count = count.saturating_sub(1);
        }
        Some(taken)
    }

    pub(super) fn put(&mut self, handle: Handle, instance: Instance) {
        if instance.runs() {
            let unit = usize::from(instance.unit);
            if self.running.len() <= unit {
                self.running.resize(unit + 1, 0);
            }
            self.running.iter_mut().skip(unit).take(1).for_each(|count| *count += 1);
        }
        if let Some(slot) = self.slots.get_mut(handle.slot as usize) {
            *slot = Some(instance);
        }
    }

    /// What the entry rule of a scenario remembers.
    pub(super) fn mark(&mut self, scenario: &str) -> &mut Mark {
        self.marks.entry(scenario.to_owned()).or_default()
    }

    /// A slot for a new instance.
    pub(super) fn reserve(&mut self) -> Handle {
        let serial = self.next_serial;
        self.next_serial += 1;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            (self.slots.len() - 1) as u32
        });
        Handle { serial, slot }
    }

    /// An instance that is new.
    pub(super) fn instance(&mut self, progress: Progress) -> Instance {
        match self.spare.0.pop() {
            Some(mut room) => {
                *room = progress;
                room
            }
            None => Box::new(progress),
        }
    }

    /// Gives back the slot of an instance that was taken and is gone.
    pub(super) fn release(&mut self, handle: Handle, instance: Instance) {
        self.free.push(handle.slot);
        self.spare.0.push(instance);
    }

    /// The instances that have a message of this key on its way, in order of age.
    pub(super) fn with_pending(&self, key: EffectKey) -> SmallVec<[Handle; 2]> {
        let mut handles: SmallVec<[Handle; 2]> = self.waiting_for(key).map(|(handle, _)| handle).collect();
        handles.sort();
        handles.dedup();
        handles
    }

    fn waiting_for(&self, key: EffectKey) -> impl Iterator<Item = (Handle, &Instance)> {
        let handles = self.waiting_for.get(&key).map_or(&[] as &[Handle], SmallVec::as_slice);
        let waits = move |handle: &Handle| {
            let instance = self.get(*handle)?;
            instance.pending.iter().any(|pending| pending.key == key).then_some((*handle, instance))
        };
        handles.iter().filter_map(waits)
    }

    /// Remembers that an instance waits for a message.
    pub(super) fn wait_for(&mut self, key: EffectKey, handle: Handle) {
        self.waiting_for.entry(key).or_default().push(handle);
    }

    /// Forgets who waited for a message, unless somebody still does. No instance may be at work.
    pub(super) fn tidy(&mut self, key: EffectKey) {
        if !self.awaits(key) {
            self.waiting_for.remove(&key);
        }
    }

    /// Sorts messages into the order in which they are claimed: by the policy's priority, due, entry, scenario name, age,
    /// then step. Those that nobody waits for go.
    pub fn sort_messages(&self, program: &Program, keys: &mut Vec<EffectKey>) {
        let order = |key: EffectKey| {
            let of = |(_, instance): (Handle, &Instance)| {
                let place = instance.pending.iter().position(|pending| pending.key == key)?;
                let due = instance.pending.get(place)?.due;
                let rank = program.unit(instance.unit)?.rank;
                Some((rank, due, instance.entry, instance.unit, instance.serial, place))
            };
            self.waiting_for(key).filter_map(of).min()
        };
        let mut sorted: Vec<_> = keys.iter().filter_map(|key| Some((order(*key)?, *key))).collect();
        sorted.sort_unstable();
        *keys = sorted.into_iter().map(|(_, key)| key).collect();
    }

    /// Takes from the index those of a scenario that stand in `wait` and come due before `end`.
    pub(super) fn take_together(&mut self, unit: u16, wait: StepIx, end: Instant) -> Vec<(Handle, Instant)> {
        let lowest = Handle { serial: 0, slot: 0 };
        let range = (unit, wait, Instant::MIN, lowest)..(unit, wait, end, lowest);
        let found: Vec<_> = self.together.range(range).copied().collect();
        for entry in &found {
            self.together.remove(entry);
        }
        found.into_iter().map(|(_, _, wake, handle)| (handle, wake)).collect()
    }
}

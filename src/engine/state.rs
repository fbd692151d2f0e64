//! One contact's state: its running instances, what they wait for, and what entry rules remember.

use super::clocks::Clocks;
use super::facts::ProbeKey;
use super::messages::OwnMessage;
use super::output::{EffectKey, Outcome, Reason, TriggerRef};
use super::own::Own;
use super::policy::Claims;
use super::program::Program;
use super::value::Value;
use crate::ir::StepIx;
use crate::time::Instant;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

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
    /// By scenario name.
    pub(super) marks: BTreeMap<String, Mark>,
    timers: BinaryHeap<Reverse<Timer>>,
    /// Who must be asked when an event of a probe with these keys happens.
    watchers: FxHashMap<ProbeKey, SmallVec<[Watch; 2]>>,
    /// Who must be asked at every event.
    pub(super) watch_all: Vec<Watch>,
    /// Instances that may leave together, by scenario, wait and wake-up.
    pub(super) together: BTreeSet<(u16, StepIx, Instant, Handle)>,
    /// What the policy's caps count.
    pub(super) claims: Claims,
    /// Messages that are to be judged, where no outbox asks.
    pub(super) held: BTreeSet<(Instant, EffectKey)>,
    /// What scenarios did to the contact.
    pub(super) own: Own,
    /// What starts scenarios by itself.
    pub(super) clocks: Clocks,
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

/// An instance that must be asked when something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Watch {
    pub handle: Handle,
    pub what: Watched,
}

/// What of an instance an event may make true. The order is that in which they are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Watched {
    Goal,
    StopWhen,
    /// What it waits for, as long as it stands in the wait of this generation.
    Wait(u32),
}

/// A wake-up. Equal instants are taken by the policy's priority, entry, scenario name (units are sorted by name), then
/// age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Timer {
    at: Instant,
    rank: u16,
    entry: Instant,
    unit: u16,
    handle: Handle,
    generation: u32,
}

/// One contact going through a scenario.
#[derive(Clone, Debug)]
pub(super) struct Instance {
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
    /// Its goal was reached; the message of `then` may still leave. Nothing else concerns it any more.
    Converted,
    /// It ended before its steps were over; what came due at that very instant may still leave.
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

impl Instance {
    /// The instant of its last message, as conditions read it at `now`. A message decided at this very instant counts as
    /// one that has left: the next step cannot wait for the server's answer, and a simulation decides the same.
    pub fn last_message_at(&self, now: Instant) -> Option<Instant> {
        let is_leaving = self.pending.iter().any(|pending| pending.due == now);
        if is_leaving { Some(now) } else { self.last_message }
    }
}

impl State {
    /// The latest instant stepped; `None` before the first.
    pub fn clock(&self) -> Option<Instant> {
        self.clock
    }

    /// The earliest instant at which something is due; `None` when nothing is.
    pub fn wake(&self) -> Option<Instant> {
        if self.is_erased() {
            return None;
        }
        let wakes = |instance: &Instance| {
            instance.wake.into_iter().chain(instance.pending.iter().filter_map(|pending| pending.wake)).min()
        };
        let instances = self.slots.iter().flatten().filter_map(wakes);
        instances.chain(self.clocks.next_due()).chain(self.next_own()).min()
    }

    /// The earliest instant at which a timer is due, in constant time, dropping timers that are stale. Events that scenarios
    /// made come before the timers of their instant: [`State::next_own`].
    pub fn next_due(&mut self) -> Option<Instant> {
        if self.is_erased() {
            return None;
        }
        let message = self.held.first().map(|(at, _)| *at);
        let instance = self.first_timer().map(|(at, _, _)| at);
        instance.into_iter().chain(message).chain(self.clocks.next_due()).min()
    }

    /// The instant, entry and scenario of the first timer of an instance, dropping timers that are stale.
    pub(super) fn first_timer(&mut self) -> Option<(Instant, Instant, u16)> {
        while let Some(Reverse(timer)) = self.timers.peek() {
            if self.is_current(timer) {
                return Some((timer.at, timer.entry, timer.unit));
            }
            self.timers.pop();
        }
        None
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
        let runs = |instance: &&Instance| matches!(instance.phase, Phase::Waiting(_) | Phase::WaitingFor(_));
        self.slots.iter().flatten().filter(runs).count()
    }

    /// Whether a message of this key waits for its claim or its receipt.
    pub fn awaits(&self, key: EffectKey) -> bool {
        self.slots.iter().flatten().any(|instance| instance.pending.iter().any(|pending| pending.key == key))
    }

    /// A state that has run nothing and remembers the same entries.
    pub fn entries_only(&self) -> State {
        let mut state = State { marks: self.marks.clone(), ..State::default() };
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
        let mut handles: BTreeMap<u32, Handle> = BTreeMap::new();
        let mut instances: Vec<Instance> = other.slots.into_iter().flatten().collect();
        instances.sort_by_key(|instance| instance.serial);
        for mut instance in instances {
            let handle = self.reserve();
            handles.insert(instance.serial, handle);
            instance.serial = handle.serial;
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

    /// Forgets everything, and keeps the room for the next contact.
    pub fn clear(&mut self) {
        self.clock = None;
        self.next_serial = 0;
        self.slots.clear();
        self.free.clear();
        self.marks.clear();
        self.timers.clear();
        self.watchers.clear();
        self.watch_all.clear();
        self.together.clear();
        self.claims.0.clear();
        self.held.clear();
        self.own.clear();
        self.clocks.clear();
    }

    fn is_current(&self, timer: &Timer) -> bool {
        self.get(timer.handle).is_some_and(|instance| instance.generation == timer.generation)
    }

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
        slot.take()
    }

    pub(super) fn put(&mut self, handle: Handle, instance: Instance) {
        if let Some(slot) = self.slots.get_mut(handle.slot as usize) {
            *slot = Some(instance);
        }
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

    /// Gives back a slot whose instance was taken and is not put back.
    pub(super) fn release(&mut self, handle: Handle) {
        self.free.push(handle.slot);
    }

    /// `rank` is that of the instance's scenario.
    pub(super) fn set_timer(&mut self, handle: Handle, instance: &Instance, rank: u16) {
        let Some(at) = instance.wake else { return };
        let (entry, unit, generation) = (instance.entry, instance.unit, instance.generation);
        self.timers.push(Reverse(Timer { at, rank, entry, unit, handle, generation }));
    }

    /// Takes the first timer of an instance.
    pub(super) fn pop_timer(&mut self) -> Option<Handle> {
        self.timers.pop().map(|Reverse(timer)| timer.handle)
    }

    /// The instances that have a message of this key on its way, in order of age.
    pub(super) fn with_pending(&self, key: EffectKey) -> Vec<Handle> {
        let mut handles: Vec<Handle> = self
            .slots
            .iter()
            .enumerate()
            .filter_map(|(slot, instance)| {
                let instance = instance.as_ref()?;
                let has = instance.pending.iter().any(|pending| pending.key == key);
                has.then_some(Handle { serial: instance.serial, slot: slot as u32 })
            })
            .collect();
        handles.sort();
        handles
    }

    /// Sorts messages into the order in which they are claimed: by the policy's priority, due, entry, scenario name, age,
    /// then step. Those that nobody waits for go.
    pub fn sort_messages(&self, program: &Program, keys: &mut Vec<EffectKey>) {
        let order = |key: EffectKey| {
            let of = |instance: &Instance| {
                let place = instance.pending.iter().position(|pending| pending.key == key)?;
                let due = instance.pending.get(place)?.due;
                let rank = program.unit(instance.unit)?.rank;
                Some((rank, due, instance.entry, instance.unit, instance.serial, place))
            };
            self.slots.iter().flatten().filter_map(of).min()
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

    pub(super) fn watch(&mut self, key: ProbeKey, watch: Watch) {
        self.watchers.entry(key).or_default().push(watch);
    }

    /// Whether a watch still concerns somebody.
    fn is_kept(&self, watch: &Watch) -> bool {
        let concerns = |instance: &Instance| match watch.what {
            Watched::Goal | Watched::StopWhen => true,
            Watched::Wait(generation) => instance.generation == generation,
        };
        self.get(watch.handle).is_some_and(concerns)
    }

    pub(super) fn has_watchers(&self) -> bool {
        !self.watchers.is_empty() || !self.watch_all.is_empty()
    }

    /// Adds to `to` those who watch for this key, forgetting those who are gone or have moved on.
    pub(super) fn watchers_of(&mut self, key: &ProbeKey, to: &mut Vec<Watch>) {
        let Some(mut watches) = self.watchers.remove(key) else { return };
        watches.retain(|watch| self.is_kept(watch));
        if !watches.is_empty() {
            to.extend_from_slice(&watches);
            self.watchers.insert(key.clone(), watches);
        }
    }

    /// Adds to `to` those who are asked at every event, forgetting those who are gone or have moved on.
    pub(super) fn watchers_of_all(&mut self, to: &mut Vec<Watch>) {
        let mut watches = std::mem::take(&mut self.watch_all);
        watches.retain(|watch| self.is_kept(watch));
        to.extend_from_slice(&watches);
        self.watch_all = watches;
    }
}

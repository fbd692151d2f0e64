//! Entering a scenario: filter, audience, entry rule, and the new instance.

use super::advance::Ending;
use super::eval::{Eval, EventAtHand, TriggerValues};
use super::marks::{Left, Marked};
use super::messages::OwnMessages;
use super::output::{Count, EffectKey, Outcome, Reason, Told, TraceLine, TriggerRef};
use super::program::Unit;
use super::state::{Handle, Instance, Phase, Progress};
use super::step::Stepper;
use super::value::Value;
use crate::ir::{EntryRule, StepIx, Trigger};
use crate::time::Instant;
use smallvec::SmallVec;

/// What may start an instance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'a> {
    pub unit_slot: u16,
    pub unit: &'a Unit,
    pub entry: Instant,
    /// The place of the trigger's row in the life; `None` where there is no row.
    pub row: Option<usize>,
    /// What of the scenario's triggers the row must pass.
    pub trigger: Option<&'a Trigger>,
    /// The truth of that trigger's filter, where [a look](Stepper::look_at_filter) was enough to tell.
    pub seen: Option<Option<bool>>,
    /// The step `start` of another instance.
    pub by: Option<EffectKey>,
}

/// What was found out about a candidate.
struct Judged {
    /// Whether the filter passes.
    passes: Option<bool>,
    refused: Option<Count>,
    /// Whether `for` holds, of one that is refused for its instant alone.
    is_for: bool,
    /// The value of `once per`.
    key: Option<Value>,
}

impl<'a> Stepper<'a, '_> {
    /// Starts an instance when filter, audience and entry rule allow it. True when the filter passed.
    pub(super) fn enter(&mut self, candidate: Candidate<'a>) -> bool {
        let Candidate { unit_slot, unit, entry, row, by, .. } = candidate;
        let judged = self.judge_candidate(candidate);
        if self.out.refusals.is_some() && (judged.passes != Some(true) || judged.refused == Some(Count::NotFor)) {
            self.refuse(candidate);
        }
        if judged.passes == Some(false) {
            return false;
        }
        let key = judged.key.clone();
        let refused = judged.refused.or_else(|| {
            let name = &unit.scenario.name;
            let is_known = |key| match self.state.marks.get_mut(name) {
                Some(mark) => !mark.keys.insert(key),
                None => !self.state.mark(name).keys.insert(key),
            };
            judged.key.is_some_and(is_known).then_some(Count::NotAgain)
        });
        // An event that another state starts from replaces the instance here all the same.
        if refused == Some(Count::BeforeStart)
            && entry >= unit.starts_until
            && unit.scenario.entry == EntryRule::Latest
            && judged.is_for
            && let Some(old) = self.state.marks.get_mut(&unit.scenario.name).and_then(|mark| mark.running.take())
            && let Some(instance) = self.state.take(old)
        {
            self.replace(old, instance);
        }
        if let Some(count) = refused {
            self.out.count(unit_slot, count);
            let clauses = self.refused_by(candidate, count, key);
            if self.out.trace.is_some() {
                let (at, trigger, what) = (self.now, Some(self.trigger_of(row)), Told::NotStarted(count));
                let trace = self.out.trace.get_or_insert_default();
                trace.push(TraceLine { at, unit: unit_slot, trigger, entered_at: None, step: None, what, clauses });
            }
            return judged.passes == Some(true);
        }
        let told = self.let_in_by(candidate);
        let (trigger, kept) = (self.trigger_of(row), self.kept(candidate));
        let handle = self.state.reserve();
        let instance = self.state.instance(Progress {
            unit: unit_slot,
            serial: handle.serial,
            generation: 0,
            entry,
            trigger,
            by,
            kept,
            phase: Phase::Draining,
            wake: None,
            last_message: None,
            pending: SmallVec::new(),
            own: Vec::new(),
            passed: Vec::new(),
        });
        self.mark_entry(unit, handle, entry);
        self.out.count(unit_slot, Count::Started);
        self.tell(&instance, None, Told::Started, told);
        self.mark(&instance, || Marked::Entered);
        self.watch_standing(unit, handle, &instance);
        // A row that arrives late may find its goal reached, or its `stop when` true: both stand from the first instant.
        let left = self.judge_goal(handle, instance, unit, true);
        let left = left.and_then(|instance| self.judge_stop_when(handle, instance, unit, true));
        if let Some(instance) = left {
            self.run_from(handle, instance, unit, StepIx(0), false);
        }
        true
    }

    /// The truth of a trigger's filter where it is seen at a look: a field, or what follows from a row. `among` is the kind of the
    /// event, and the trigger's place among those that it has.
    pub(super) fn look_at_filter(
        &self,
        unit: &Unit,
        trigger: &Trigger,
        among: (u16, usize),
        row: usize,
    ) -> Option<Option<bool>> {
        let Some(filter) = trigger.filter else { return Some(Some(true)) };
        let values = self.facts.life.values(row);
        if let Some(known) = self.program.filter_by_row(self.facts.world, among, values) {
            return Some(known);
        }
        let at_hand = EventAtHand::of(&unit.code, trigger.event, Instant::MIN, values);
        Eval::of_event(&unit.code, self.facts.world, at_hand).place(filter).map(Value::truth)
    }

    /// The event of a row; the contact where there is none.
    pub(super) fn trigger_of(&self, row: Option<usize>) -> TriggerRef {
        row.and_then(|row| self.facts.life.event(row)).map_or_else(
            || TriggerRef { kind: TriggerRef::CONTACT, id: self.facts.person.id.clone() },
            |event| TriggerRef { kind: event.kind, id: event.id.clone() },
        )
    }

    /// The trigger's values that the scenario reads.
    fn kept(&self, candidate: Candidate<'a>) -> SmallVec<[Value; 2]> {
        let code = &candidate.unit.code;
        let kind = candidate.row.and_then(|row| self.facts.life.event(row)).map(|event| event.kind);
        let places = kind.map_or(&[] as &[u16], |kind| code.trigger_fields(kind));
        let values = candidate.row.map_or(&[] as &[Value], |row| self.facts.life.values(row));
        let mut kept = SmallVec::new();
        for slot in 0..code.code.trigger.len() {
            match places.get(slot).and_then(|place| values.get(usize::from(*place))) {
                Some(value) => kept.push(value.clone()),
                None => kept.push(Value::Missing),
            }
        }
        kept
    }

    /// An evaluator for what starts an instance: it reads the row as the event at hand and as the trigger.
    pub(super) fn start_eval<'e>(
        &'e self,
        unit: &'e Unit,
        row: Option<usize>,
        slot: Option<u16>,
        entry: Instant,
    ) -> Eval<'e> {
        let found = row.and_then(|row| self.facts.life.found(row));
        let slot = slot.or_else(|| unit.code.event(found?.0.kind));
        let trigger = found.map_or(TriggerValues::None, |(event, values)| {
            TriggerValues::Row(values, unit.code.trigger_fields(event.kind))
        });
        Eval {
            code: &unit.code,
            world: self.facts.world,
            facts: Some(self.facts),
            inside: Some(self.inside(None)),
            zone: self.zone(),
            now: self.now,
            entry: Some(entry),
            last_message: None,
            messages: OwnMessages::default(),
            trigger,
            event: found.zip(slot).map(|((event, values), slot)| EventAtHand::of(&unit.code, slot, event.at, values)),
            not_given: self.out.not_given.as_ref(),
        }
    }

    fn judge_candidate(&self, candidate: Candidate<'a>) -> Judged {
        let Candidate { unit, entry, row, trigger, seen, .. } = candidate;
        let is_over = entry >= unit.starts_until && !self.is_new(candidate);
        // An evaluator is made only where it is needed.
        let eval = || self.start_eval(unit, row, trigger.map(|trigger| trigger.event), entry);
        let filter = trigger.and_then(|trigger| trigger.filter);
        let passes = seen.unwrap_or_else(|| filter.map_or(Some(true), |filter| eval().truth(filter)));
        let mut judged = Judged { passes, refused: None, is_for: false, key: None };
        if passes == Some(false) {
            return judged;
        }
        let is_for = || unit.scenario.audience.is_none_or(|audience| eval().truth(audience) == Some(true));
        if passes.is_none() {
            judged.refused = Some(Count::FilterUnknown);
        } else if entry < unit.starts_at || is_over {
            judged.refused = Some(Count::BeforeStart);
            judged.is_for = unit.scenario.entry == EntryRule::Latest && is_over && is_for();
        } else if !is_for() {
            judged.refused = Some(Count::NotFor);
        } else if !self.may_enter(unit, eval, entry) {
            judged.refused = Some(Count::NotAgain);
        } else if let EntryRule::OncePer(path) = unit.scenario.entry {
            let value = match eval().value(path).into_owned() {
                Value::Entity(entity) => self.facts.world.id(entity).cloned().map_or(Value::Missing, Value::Id),
                value => value,
            };
            judged.key = (!value.is_missing()).then_some(value);
        }
        judged
    }

    /// Whether a step of a scenario starts an instance, or made the event that does, so that no other state knows of it.
    fn is_new(&self, candidate: Candidate<'a>) -> bool {
        let made = candidate.row.filter(|_| candidate.trigger.is_some()).and_then(|row| self.facts.life.own_event(row));
        candidate.by.is_some() || made.is_some_and(|event| !self.state.own.is_lived_again(event))
    }

    /// Whether the entry rule allows an entry at `entry`, but for `once per`.
    fn may_enter<'e>(&self, unit: &'a Unit, eval: impl Fn() -> Eval<'e>, entry: Instant) -> bool {
        let mark = || self.state.marks.get(&unit.scenario.name);
        let last = || mark().and_then(|mark| mark.last_entry);
        match unit.scenario.entry {
            EntryRule::Always | EntryRule::Latest | EntryRule::OncePer(_) => true,
            EntryRule::Once => last().is_none(),
            EntryRule::OnceEvery(duration) => {
                let Some(last) = last() else { return true };
                let next = eval().duration(duration).and_then(|duration| self.moved(last, duration));
                next.is_some_and(|next| entry >= next)
            }
            EntryRule::OneAtATime => {
                let running = mark().and_then(|mark| mark.running).and_then(|handle| self.state.get(handle));
                !running.is_some_and(|instance| matches!(instance.phase, Phase::Waiting(_) | Phase::WaitingFor(_)))
            }
        }
    }

    /// Remembers an entry where the entry rule needs it, and ends the instance that `latest` replaces.
    fn mark_entry(&mut self, unit: &'a Unit, handle: Handle, entry: Instant) {
        let mut replaced = None;
        match unit.scenario.entry {
            EntryRule::Always | EntryRule::OncePer(_) => return,
            EntryRule::Once | EntryRule::OnceEvery(_) => {
                let mark = self.state.mark(&unit.scenario.name);
                mark.last_entry = mark.last_entry.max(Some(entry));
            }
            EntryRule::OneAtATime => {
                self.state.mark(&unit.scenario.name).running = Some(handle);
            }
            EntryRule::Latest => {
                replaced = self.state.mark(&unit.scenario.name).running.replace(handle);
            }
        }
        if let Some(old) = replaced
            && let Some(instance) = self.state.take(old)
        {
            self.replace(old, instance);
        }
    }

    /// `latest` ends the running instance. One whose steps are over no longer runs: it loses the message that it still
    /// had to send, and its goal is counted on.
    fn replace(&mut self, handle: Handle, instance: Instance) {
        match instance.phase {
            Phase::Waiting(_) | Phase::WaitingFor(_) => {
                self.tell(&instance, None, Told::Ended(Reason::Replaced), Vec::new());
                self.mark_left(&instance, Left::Replaced);
                self.end(handle, instance, Ending::Replaced);
            }
            Phase::Draining | Phase::Watching => {
                let Some(unit) = self.program.unit(instance.unit) else { return };
                let mut instance = instance;
                self.withdraw_older(&mut instance, Outcome::Cancelled, Reason::Replaced);
                self.close(handle, instance, unit);
            }
            Phase::Converted | Phase::Ended => self.state.put(handle, instance),
        }
    }
}

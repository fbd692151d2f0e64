//! The step: one input, what it does to a contact's state, and what it asks of the world.

use super::advance::Ending;
use super::eval::{Asked, Eval, EventAtHand, TriggerValues};
use super::facts::Facts;
use super::output::{Count, Effect, EffectKey, Outcome, Output, Reason, Told, TraceLine, TriggerRef, What};
use super::program::{Program, Unit, Wakers};
use super::state::{Handle, Instance, Phase, State, Watch, Watched};
use super::value::Value;
use crate::ir::{EntryRule, ExprIx, Op, StepIx, Trigger};
use crate::time::Instant;
use smallvec::SmallVec;
use std::cell::RefCell;

/// What happens to a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The event that was just admitted to the life, by its place there.
    Event { place: usize },
    /// A timer: the first of those that are due.
    Timer,
    /// A message's receipt.
    Receipt { key: EffectKey, receipt: Receipt },
}

/// What the channel says of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    Accepted,
    /// It never left and never will: bounced, suppressed, expired, skipped.
    Failed,
}

/// How messages leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Claimed and accepted at the instant of emission: test and simulation.
    Immediate,
    /// Through an outbox, whose sender asks again before it sends.
    Outbox,
}

/// Steps once: the same arguments give the same state and the same output, bit by bit.
///
/// `now` is the instant of the input; one before the contact's latest is taken as that.
pub fn step(
    program: &Program,
    state: &mut State,
    input: Input,
    now: Instant,
    facts: Facts<'_>,
    delivery: Delivery,
    out: &mut Output,
) {
    let now = state.clock.map_or(now, |clock| clock.max(now));
    state.clock = Some(now);
    let mut stepper = Stepper { program, state, facts, delivery, now, out };
    match input {
        Input::Event { place } => stepper.event(place),
        Input::Timer => stepper.timer(),
        Input::Receipt { key, receipt } => stepper.receipt(key, receipt),
    }
}

/// A step at work.
pub(super) struct Stepper<'a, 's> {
    pub program: &'a Program,
    pub state: &'s mut State,
    pub facts: Facts<'a>,
    pub delivery: Delivery,
    pub now: Instant,
    pub out: &'s mut Output,
}

impl<'a> Stepper<'a, '_> {
    fn event(&mut self, place: usize) {
        let Some(kind) = self.facts.life.event(place).map(|event| event.kind) else { return };
        if self.program.is_watched(kind) && self.state.has_watchers() {
            for watch in self.watchers(kind, place) {
                self.judge(watch);
            }
        }
        let mut done: Option<&str> = None;
        for &(unit_slot, trigger) in self.program.triggers_of(kind) {
            let Some(unit) = self.program.unit(unit_slot) else { continue };
            let name = unit.scenario.name.as_str();
            // Of several alternatives that one event satisfies, the first starts the instance.
            if done == Some(name) {
                continue;
            }
            let Some(trigger) = unit.scenario.start.events().get(usize::from(trigger)) else { continue };
            if self.enter(unit_slot, unit, trigger, place) {
                done = Some(name);
            }
        }
    }

    /// What this event may make true of running instances, in the order in which they are given it: of each its goal
    /// first, then `stop when`, then the wait it stands in.
    fn watchers(&mut self, kind: u16, place: usize) -> Vec<Watch> {
        let mut watches = Vec::new();
        for &probe in self.program.probes_of(kind) {
            let (values, world) = (self.facts.life.values(place), self.facts.world);
            if let Some(key) = self.program.probe_key(probe, values, world, self.out.not_given.as_ref()) {
                self.state.watchers_of(&key, &mut watches);
            }
        }
        self.state.watchers_of_all(&mut watches);
        let order = |watch: &Watch| {
            let instance = self.state.get(watch.handle);
            (instance.map(|each| (each.entry, each.unit, each.serial)), watch.what)
        };
        watches.sort_by_key(order);
        watches.dedup();
        watches
    }

    /// Gives an event to one running instance, for the sake of what it may make true of it.
    fn judge(&mut self, watch: Watch) {
        let Some(instance) = self.state.take(watch.handle) else { return };
        let Some(unit) = self.program.unit(instance.unit) else { return };
        let runs = matches!(instance.phase, Phase::Waiting(_) | Phase::WaitingFor(_));
        let left = match watch.what {
            Watched::Goal => self.judge_goal(watch.handle, instance, unit, runs),
            Watched::StopWhen => self.judge_stop_when(watch.handle, instance, unit),
            Watched::Wait(generation) => self.judge_wait(watch.handle, instance, unit, generation),
        };
        if let Some(instance) = left {
            self.state.put(watch.handle, instance);
        }
    }

    /// Ends an instance whose goal is reached; gives it back where it is not. One that no longer `runs` takes no step of
    /// `then`.
    fn judge_goal(&mut self, handle: Handle, instance: Instance, unit: &'a Unit, runs: bool) -> Option<Instance> {
        let ended = matches!(instance.phase, Phase::Converted | Phase::Ended);
        let Some(goal) = unit.scenario.goal.as_ref().filter(|_| !ended) else {
            return Some(instance);
        };
        let asked = RefCell::default();
        let eval = self.eval(unit, &instance, &asked);
        if eval.truth(goal.condition) != Some(true) || !self.goal_is_open(goal.within, &eval, &instance) {
            return Some(instance);
        }
        self.out.count(instance.unit, Count::Converted);
        self.tell(&instance, None, Told::Converted, asked.take());
        match goal.then.filter(|_| runs) {
            Some(then) => {
                let mut instance = instance;
                self.withdraw_older(&mut instance, Outcome::Cancelled, Reason::Goal);
                self.run_from(handle, instance, unit, then, true);
            }
            None => self.end(handle, instance, Ending::Goal),
        }
        None
    }

    /// Ends an instance whose `stop when` is true; gives it back where it is not.
    fn judge_stop_when(&mut self, handle: Handle, instance: Instance, unit: &'a Unit) -> Option<Instance> {
        let ended = matches!(instance.phase, Phase::Watching | Phase::Converted | Phase::Ended);
        let Some(condition) = unit.scenario.stop_when.filter(|_| !ended) else { return Some(instance) };
        let asked = RefCell::default();
        if self.eval(unit, &instance, &asked).truth(condition) != Some(true) {
            return Some(instance);
        }
        self.tell(&instance, None, Told::Ended(Reason::StopWhen), asked.take());
        self.end(handle, instance, Ending::StopWhen);
        None
    }

    /// Lets an instance go on whose wait is over; gives it back where it is not, or where it stands in another.
    fn judge_wait(&mut self, handle: Handle, instance: Instance, unit: &'a Unit, generation: u32) -> Option<Instance> {
        let Phase::WaitingFor(step) = instance.phase else { return Some(instance) };
        let op = unit.scenario.steps.get(step).map(|step| &step.op);
        let Some(Op::WaitFor { condition, .. }) = op.filter(|_| instance.generation == generation) else {
            return Some(instance);
        };
        let asked = RefCell::default();
        if self.eval(unit, &instance, &asked).truth(*condition) != Some(true) {
            return Some(instance);
        }
        self.tell(&instance, Some(step), Told::ConditionHolds, asked.take());
        self.go_on(handle, instance, step);
        None
    }

    fn goal_is_open(&self, within: Option<ExprIx>, eval: &Eval<'_>, instance: &Instance) -> bool {
        let Some(within) = within else { return true };
        let (Some(last), Some(window)) = (instance.last_message_at(self.now), eval.duration(within)) else {
            return false;
        };
        self.program.settings.zone.add(last, window).is_some_and(|close| self.now <= close)
    }

    /// Starts an instance when filter, audience and entry rule allow it. True when the trigger matched.
    fn enter(&mut self, unit_slot: u16, unit: &'a Unit, trigger: &'a Trigger, place: usize) -> bool {
        let life = self.facts.life;
        let Some(event) = life.event(place) else { return false };
        let code = &unit.code;
        let values = life.values(place);
        let trigger_fields = code.trigger_fields.get(&event.kind).map_or(&[] as &[u16], Vec::as_slice);
        let asked = RefCell::default();
        let not_given = self.out.not_given.take();
        let eval = Eval {
            code,
            world: self.facts.world,
            facts: Some(self.facts),
            zone: self.program.settings.zone,
            now: self.now,
            entry: Some(event.at),
            last_message: None,
            trigger: TriggerValues::Row(values, trigger_fields),
            event: Some(EventAtHand::of(code, trigger.event, values)),
            asked: self.out.trace.is_some().then_some(&asked),
            not_given: not_given.as_ref(),
        };
        let passes = trigger.filter.map_or(Some(true), |filter| eval.truth(filter));
        let refused = match passes {
            Some(false) => return self.give_back(not_given, false),
            None => Some(Count::FilterUnknown),
            Some(true) if event.at < unit.starts_at || event.at >= unit.starts_until => Some(Count::BeforeStart),
            Some(true) => {
                let is_for = unit.scenario.audience.map_or(Some(true), |audience| eval.truth(audience));
                (is_for != Some(true)).then_some(Count::NotFor)
            }
        };
        let trigger_ref = TriggerRef { kind: event.kind, id: event.id.clone() };
        let refused = refused.or_else(|| (!self.may_enter(unit, &eval, event.at)).then_some(Count::NotAgain));
        let kept: SmallVec<[Value; 2]> =
            trigger_fields.iter().map(|place| values.get(usize::from(*place)).cloned().unwrap_or_default()).collect();
        let entry = event.at;
        // An event that another state starts from replaces the instance here all the same.
        let replaces = refused == Some(Count::BeforeStart)
            && entry >= unit.starts_until
            && unit.scenario.entry == EntryRule::Latest
            && unit.scenario.audience.is_none_or(|audience| eval.truth(audience) == Some(true));
        self.give_back(not_given, true);
        if replaces
            && let Some(old) = self.state.marks.get_mut(&unit.scenario.name).and_then(|mark| mark.running.take())
            && let Some(instance) = self.state.take(old)
        {
            self.replace(old, instance);
        }
        if let Some(count) = refused {
            self.out.count(unit_slot, count);
            if let Some(trace) = &mut self.out.trace {
                let (at, trigger) = (self.now, Some(trigger_ref));
                let what = Told::NotStarted(count);
                trace.push(TraceLine { at, unit: unit_slot, trigger, step: None, what, asked: asked.take() });
            }
            return passes == Some(true);
        }
        let handle = self.state.reserve();
        let instance = Instance {
            unit: unit_slot,
            serial: handle.serial,
            generation: 0,
            entry,
            trigger: trigger_ref,
            kept,
            phase: Phase::Draining,
            wake: None,
            last_message: None,
            pending: SmallVec::new(),
        };
        self.mark_entry(unit, handle, entry);
        self.out.count(unit_slot, Count::Started);
        self.tell(&instance, None, Told::Started, asked.take());
        self.watch_standing(unit, handle, &instance);
        // A row that arrives late may find its goal reached, or its `stop when` true: both stand from the first instant.
        let left = self.judge_goal(handle, instance, unit, true);
        let left = left.and_then(|instance| self.judge_stop_when(handle, instance, unit));
        if let Some(instance) = left {
            self.run_from(handle, instance, unit, StepIx(0), false);
        }
        true
    }

    fn give_back(&mut self, not_given: Option<RefCell<Vec<String>>>, result: bool) -> bool {
        self.out.not_given = not_given;
        result
    }

    /// Whether the entry rule allows an entry at `entry`; a `once per` value is used up by asking.
    fn may_enter(&mut self, unit: &'a Unit, eval: &Eval<'_>, entry: Instant) -> bool {
        let name = &unit.scenario.name;
        let last = self.state.marks.get(name).and_then(|mark| mark.last_entry);
        match unit.scenario.entry {
            EntryRule::Always | EntryRule::Latest | EntryRule::OneAtATime => true, // waist
            EntryRule::Once => last.is_none(),
            EntryRule::OnceEvery(duration) => {
                let Some(last) = last else { return true };
                let next = eval.duration(duration).and_then(|duration| self.program.settings.zone.add(last, duration));
                next.is_some_and(|next| entry >= next)
            }
            EntryRule::OncePer(path) => {
                let value = match eval.value(path).into_owned() {
                    Value::Entity(entity) => self.facts.world.id(entity).cloned().map_or(Value::Missing, Value::Id),
                    value => value,
                };
                value.is_missing() || self.state.marks.entry(name.clone()).or_default().keys.insert(value)
            }
        }
    }

    /// Remembers an entry where the entry rule needs it, and ends the instance that `latest` replaces.
    fn mark_entry(&mut self, unit: &'a Unit, handle: Handle, entry: Instant) {
        let mut replaced = None;
        match unit.scenario.entry {
            EntryRule::Always | EntryRule::OncePer(_) | EntryRule::OneAtATime => return, // waist
            EntryRule::Once | EntryRule::OnceEvery(_) => {
                let mark = self.state.marks.entry(unit.scenario.name.clone()).or_default();
                mark.last_entry = mark.last_entry.max(Some(entry));
            }
            EntryRule::Latest => {
                let mark = self.state.marks.entry(unit.scenario.name.clone()).or_default();
                replaced = mark.running.replace(handle);
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

    /// Files the instance under what may make its goal or `stop when` true.
    pub(super) fn watch_standing(&mut self, unit: &'a Unit, handle: Handle, instance: &Instance) {
        self.watch(unit, instance, &unit.goal, Watch { handle, what: Watched::Goal });
        self.watch(unit, instance, &unit.stop_when, Watch { handle, what: Watched::StopWhen });
    }

    /// Files the instance under what may make a condition true.
    pub(super) fn watch(&mut self, unit: &'a Unit, instance: &Instance, wakers: &Wakers, watch: Watch) {
        if wakers.any {
            return self.state.watch_all.push(watch);
        }
        for (probe, keys) in &wakers.probes {
            let unasked = RefCell::default();
            let eval = Eval { asked: None, ..self.eval(unit, instance, &unasked) };
            let values: Option<SmallVec<[Value; 1]>> = keys
                .iter()
                .map(|key| {
                    let value = eval.value(*key).into_owned();
                    (!value.is_missing()).then_some(value)
                })
                .collect();
            // Without a value for a key no event can match.
            if let Some(values) = values {
                self.state.watch((*probe, values), watch);
            }
        }
    }

    /// An evaluator for one instance. `asked` is filled only when a trace is wanted.
    pub(super) fn eval<'e>(
        &'e self,
        unit: &'e Unit,
        instance: &'e Instance,
        asked: &'e RefCell<Vec<Asked>>,
    ) -> Eval<'e> {
        Eval {
            code: &unit.code,
            world: self.facts.world,
            facts: Some(self.facts),
            zone: self.program.settings.zone,
            now: self.now,
            entry: Some(instance.entry),
            last_message: instance.last_message_at(self.now),
            trigger: TriggerValues::Kept(&instance.kept),
            event: None,
            asked: self.out.trace.is_some().then_some(asked),
            not_given: self.out.not_given.as_ref(),
        }
    }

    pub(super) fn tell(&mut self, instance: &Instance, step: Option<StepIx>, what: Told, asked: Vec<Asked>) {
        if let Some(trace) = &mut self.out.trace {
            let trigger = Some(instance.trigger.clone());
            trace.push(TraceLine { at: self.now, unit: instance.unit, trigger, step, what, asked });
        }
    }

    pub(super) fn effect(&mut self, instance: &Instance, step: StepIx, ordinal: u16, what: What) {
        self.out.effects.push(Effect {
            at: self.now,
            entered_at: instance.entry,
            unit: instance.unit,
            ordinal,
            step,
            what,
            trigger: instance.trigger.clone(),
            also: Vec::new(),
        });
    }

    fn receipt(&mut self, key: EffectKey, receipt: Receipt) {
        let handles: Vec<Handle> = self.state.with_pending(key);
        for handle in handles {
            let Some(mut instance) = self.state.take(handle) else { continue };
            instance.pending.retain(|pending| pending.key != key);
            if receipt == Receipt::Accepted {
                instance.last_message = instance.last_message.max(Some(self.now));
            }
            let Some(unit) = self.program.unit(instance.unit) else { continue };
            match instance.phase {
                Phase::Waiting(_) | Phase::WaitingFor(_) => self.state.put(handle, instance),
                _ => self.close(handle, instance, unit),
            }
        }
    }
}

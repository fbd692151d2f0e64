//! The step: one input, what it does to a contact's state, and what it asks of the world.

use super::acts::Starting;
use super::advance::Ending;
use super::by_row::{Asked, Filed, Filing};
use super::entry::Candidate;
use super::eval::{Eval, Inside, TriggerValues};
use super::explain::{Clause, ClauseOf};
use super::facts::{Event, Facts};
use super::linked::{Waker, Wakers};
use super::marks::{Left, Marked};
use super::moves::Move;
use super::output::{Count, Effect, EffectKey, Outcome, Output, Reason, Told, TraceLine, What};
use super::program::{Program, Unit};
use super::state::{Handle, Instance, Phase, State};
use super::watchers::{Watch, Watched};
use crate::ir::{ExprIx, Op, StepIx};
use crate::time::{Duration, Instant, Zone};
use std::cell::Cell;

/// What happens to a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// The event that was just admitted to the life, by its place there.
    Event { place: usize },
    /// A timer: the first of those that are due.
    Timer,
    /// A look at the contact without an event: from this instant on its silences and periods are counted, where they are not
    /// counted yet. A driver gives it once, before what happens at the instant from which on scenarios start.
    Look,
    /// A measure was taken anew: silences whose length depends on one are measured again. It comes before the events of
    /// its instant.
    Refresh,
    /// A message's receipt; `name` is that of its template, where the driver knows it.
    Receipt { key: EffectKey, receipt: Receipt, name: Option<&'a str> },
}

/// What the channel says of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    Accepted,
    /// It never left and never will: suppressed, expired, skipped.
    Failed,
    /// The server of the address refused it, at once or later; `hard` when there is no such mailbox.
    Bounced {
        hard: bool,
    },
    /// Nobody knows whether it left.
    Uncertain,
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
    input: Input<'_>,
    now: Instant,
    facts: Facts<'_>,
    delivery: Delivery,
    out: &mut Output,
) {
    let now = state.clock.map_or(now, |clock| clock.max(now));
    state.clock = Some(now);
    if state.is_erased() {
        return;
    }
    // Whatever happens may be what a timer waits for.
    state.timers.unpark();
    if let Input::Event { place } = input
        && out.refusals.is_none()
        && means_nothing(program, state, facts, place)
    {
        return;
    }
    let mut stepper = Stepper::new(program, state, facts, delivery, now, out);
    match input {
        Input::Event { place } => stepper.event(place),
        Input::Timer => stepper.timer(),
        Input::Look => stepper.look(),
        Input::Refresh => stepper.refresh(),
        Input::Receipt { key, receipt, name } => stepper.receipt(key, receipt, name),
    }
    stepper.finish();
}

/// Whether it is seen at a look that an event neither starts anything nor is anybody's news: most events of a long history.
fn means_nothing(program: &Program, state: &State, facts: Facts<'_>, place: usize) -> bool {
    let Some((&Event { kind, .. }, values)) = facts.life.found(place) else { return true };
    let is_news = program.is_watched(kind) && state.has_watchers();
    let starts_nothing = |nth| program.filter_by_row(facts.world, (kind, nth), values) == Some(Some(false));
    !is_news && program.silences_of(kind).is_empty() && (0..program.triggers_of(kind).len()).all(starts_nothing)
}

/// A step at work.
pub(super) struct Stepper<'a, 's> {
    pub program: &'a Program,
    pub state: &'s mut State,
    pub facts: Facts<'a>,
    pub delivery: Delivery,
    /// What has happened by then is known.
    pub now: Instant,
    /// When the step came due: waits count from it, and messages are late by it. A timer that waited for its turn is due
    /// before `now`.
    pub due: Instant,
    pub out: &'s mut Output,
    /// Scenarios that steps started: they begin when the step is over.
    pub starting: Vec<Starting>,
    /// How many scenarios started one another to get here.
    pub depth: usize,
    /// Messages of the outbox that an instance took back: known when the step is over, because another may still wait for one.
    pub withdrawn: Vec<Effect>,
    /// Whether a scenario changed the contact without an event that the program reads.
    pub stirred: bool,
    /// Worked out once, unless the contact changes.
    pub zone: Cell<Option<Zone>>,
}

impl<'a, 's> Stepper<'a, 's> {
    pub fn new(
        program: &'a Program,
        state: &'s mut State,
        facts: Facts<'a>,
        delivery: Delivery,
        now: Instant,
        out: &'s mut Output,
    ) -> Stepper<'a, 's> {
        let (starting, withdrawn) = (Vec::new(), Vec::new());
        let (depth, stirred, zone) = (0, false, Cell::new(None));
        Stepper { program, state, facts, delivery, now, due: now, out, starting, withdrawn, depth, stirred, zone }
    }
}

impl<'a> Stepper<'a, '_> {
    /// The contact's zone by the policy: that of all calendar arithmetic.
    pub(super) fn zone(&self) -> Zone {
        if let Some(zone) = self.zone.get() {
            return zone;
        }
        let zone = self.program.policy().zone(self.facts, self.inside(None), self.program.settings.zone);
        self.zone.set(Some(zone));
        zone
    }

    /// An instant moved in the contact's zone, where the same is asked again and again.
    pub(super) fn moved(&self, from: Instant, by: Duration) -> Option<Instant> {
        self.state.known.moved(Move { from, by, zone: self.zone() })
    }

    /// What the step led to: scenarios that were started, and conditions that what it did to the contact made true.
    pub(super) fn finish(&mut self) {
        loop {
            if !self.starting.is_empty() {
                let starting = self.starting.remove(0);
                self.start(starting);
            } else if std::mem::take(&mut self.stirred) {
                // What it did, a timer that was late did now.
                self.due = self.now;
                let mut watches = Vec::new();
                self.state.watchers_of_all(&mut watches);
                self.judge_all(watches);
            } else {
                break;
            }
        }
        self.flush_withdrawn();
    }

    fn event(&mut self, place: usize) {
        let Some(&Event { kind, at: entry, .. }) = self.facts.life.event(place) else { return };
        if self.program.is_watched(kind) && self.state.has_watchers() {
            let watches = self.watchers(kind, place);
            self.mark_event(kind, place, &watches);
            self.judge_all(watches);
        }
        // Nothing starts for whom a scenario has just erased, and no silence begins.
        if self.state.is_erased() {
            return;
        }
        let mut done: Option<&str> = None;
        for (nth, &(unit_slot, trigger)) in self.program.triggers_of(kind).iter().enumerate() {
            let Some(unit) = self.program.unit(unit_slot) else { continue };
            let name = unit.scenario.name.as_str();
            let Some(trigger) = unit.scenario.start.events().get(usize::from(trigger)) else { continue };
            // Of several alternatives that one event satisfies, the first starts the instance.
            if done == Some(name) {
                continue;
            }
            let seen = self.look_at_filter(unit, trigger, (kind, nth), place);
            // Nobody wants to know why it starts nothing.
            if seen == Some(Some(false)) && self.out.refusals.is_none() {
                continue;
            }
            let (row, trigger) = (Some(place), Some(trigger));
            if self.enter(Candidate { unit_slot, unit, entry, row, trigger, seen, by: None }) {
                done = Some(name);
            }
            if self.state.is_erased() {
                return;
            }
        }
        self.silences_begin(kind, place);
    }

    /// What this event may make true of running instances.
    fn watchers(&mut self, kind: u16, place: usize) -> Vec<Watch> {
        let mut watches = Vec::new();
        let Some(at) = self.facts.life.event(place).map(|event| event.at) else { return watches };
        for &probe in self.program.probes_of(kind) {
            let (values, world) = (self.facts.life.values(place), self.facts.world);
            let (state, not_given) = (&mut *self.state, self.out.not_given.as_ref());
            self.program.file(&Filing { probe, at, values, world, not_given }, |under| {
                state.watchers_of(probe, under, &mut watches);
            });
        }
        self.state.watchers_of_all(&mut watches);
        watches
    }

    /// Looks at what may have become true of running instances, in the order in which they are given an event: of each its
    /// goal first, then `stop when`, then the wait it stands in.
    fn judge_all(&mut self, mut watches: Vec<Watch>) {
        let order = |watch: &Watch| {
            let instance = self.state.get(watch.handle);
            (instance.map(|each| (each.entry, each.unit, each.serial)), watch.what)
        };
        watches.sort_by_key(order);
        watches.dedup();
        for watch in watches {
            self.judge(watch);
        }
    }

    /// Gives an event to one running instance, for the sake of what it may make true of it.
    fn judge(&mut self, watch: Watch) {
        let Some(instance) = self.state.take(watch.handle) else { return };
        let Some(unit) = self.program.unit(instance.unit) else { return };
        let runs = matches!(instance.phase, Phase::Waiting(_) | Phase::WaitingFor(_));
        let left = match watch.what {
            Watched::Goal => self.judge_goal(watch.handle, instance, unit, runs),
            Watched::StopWhen => self.judge_stop_when(watch.handle, instance, unit, runs),
            Watched::Wait(generation) => self.judge_wait(watch.handle, instance, unit, generation),
        };
        if let Some(instance) = left {
            self.state.put(watch.handle, instance);
        }
    }

    /// Ends an instance whose goal is reached; gives it back where it is not. One that no longer `runs` takes no step of
    /// `then`.
    pub(super) fn judge_goal(
        &mut self,
        handle: Handle,
        instance: Instance,
        unit: &'a Unit,
        runs: bool,
    ) -> Option<Instance> {
        let ended = matches!(instance.phase, Phase::Converted | Phase::Ended);
        let Some(goal) = unit.scenario.goal.as_ref().filter(|_| !ended) else {
            return Some(instance);
        };
        let eval = self.standing_eval(unit, &instance, runs);
        if eval.truth(goal.condition) != Some(true) {
            return Some(instance);
        }
        let last = instance.last_message_at(self.due, self.now);
        if !self.goal_is_open(goal.within, &eval, last) {
            return Some(instance);
        }
        let told = self.conditions(&eval, &[(ClauseOf::Goal, Some(goal.condition))]);
        self.out.count(instance.unit, Count::Converted);
        self.tell(&instance, None, Told::Converted, told);
        self.mark(&instance, || Marked::Goal);
        if runs {
            self.mark_left(&instance, Left::Goal);
        }
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
    pub(super) fn judge_stop_when(
        &mut self,
        handle: Handle,
        instance: Instance,
        unit: &'a Unit,
        runs: bool,
    ) -> Option<Instance> {
        let ended = matches!(instance.phase, Phase::Watching | Phase::Converted | Phase::Ended);
        let Some(condition) = unit.scenario.stop_when.filter(|_| !ended) else { return Some(instance) };
        let eval = self.standing_eval(unit, &instance, runs);
        if eval.truth(condition) != Some(true) {
            return Some(instance);
        }
        let told = self.conditions(&eval, &[(ClauseOf::StopWhen, Some(condition))]);
        self.tell(&instance, None, Told::Ended(Reason::StopWhen), told);
        if runs {
            self.mark_left(&instance, Left::StopWhen);
        }
        self.end(handle, instance, Ending::StopWhen);
        None
    }

    /// Lets an instance go on whose wait is over; gives it back where it is not, or where it stands in another. What happens
    /// after the end of the wait does not satisfy it: then only its timer is late. One that waits for a message is satisfied
    /// now, and goes on from this instant when it may.
    fn judge_wait(
        &mut self,
        handle: Handle,
        mut instance: Instance,
        unit: &'a Unit,
        generation: u32,
    ) -> Option<Instance> {
        let Phase::WaitingFor(step) = instance.phase else { return Some(instance) };
        let op = unit.scenario.steps.get(step).map(|step| &step.op);
        let Some(Op::WaitFor { condition, .. }) = op.filter(|_| instance.generation == generation) else {
            return Some(instance);
        };
        if instance.wake.is_some_and(|end| end < self.now) {
            return Some(instance);
        }
        let eval = self.eval(unit, &instance);
        if eval.truth(*condition) != Some(true) {
            return Some(instance);
        }
        let told = self.conditions(&eval, &[(ClauseOf::Condition, Some(*condition))]);
        self.tell(&instance, Some(step), Told::ConditionHolds, told);
        if self.state.waits_for_turn(self.program, &instance, self.now) {
            (instance.generation, instance.wake) = (instance.generation + 1, Some(self.now));
            self.file(unit, handle, &instance);
            return Some(instance);
        }
        self.go_on(handle, instance, step);
        None
    }

    /// Whether the goal of an instance counts, whose last message left then.
    pub(super) fn goal_is_open(&self, within: Option<ExprIx>, eval: &Eval<'_>, last: Option<Instant>) -> bool {
        let Some(within) = within else { return true };
        let (Some(last), Some(window)) = (last, eval.duration(within)) else {
            return false;
        };
        self.zone().add(last, window).is_some_and(|close| self.now <= close)
    }

    /// Files the instance under what may make its goal or `stop when` true.
    pub(super) fn watch_standing(&mut self, unit: &'a Unit, handle: Handle, instance: &Instance) {
        self.watch(unit, instance, &unit.goal, Watch { handle, what: Watched::Goal });
        self.watch(unit, instance, &unit.stop_when, Watch { handle, what: Watched::StopWhen });
    }

    /// Files the instance under the events of a message that it may know of from now on. What does not ask about its
    /// messages is filed since its entry.
    pub(super) fn watch_again(&mut self, unit: &'a Unit, handle: Handle, instance: &Instance) {
        for (wakers, what) in [(&unit.goal, Watched::Goal), (&unit.stop_when, Watched::StopWhen)] {
            for waker in &wakers.probes {
                if waker.keys.iter().any(|key| unit.code.reads_own_messages(*key)) {
                    self.watch_history(unit, instance, waker, Watch { handle, what });
                }
            }
        }
    }

    /// Files the instance under what may make a condition true.
    pub(super) fn watch(&mut self, unit: &'a Unit, instance: &Instance, wakers: &Wakers, watch: Watch) {
        if wakers.any {
            return self.state.watch_always(watch);
        }
        for waker in &wakers.probes {
            self.watch_history(unit, instance, waker, watch);
        }
    }

    fn watch_history(&mut self, unit: &'a Unit, instance: &Instance, waker: &Waker, watch: Watch) {
        let Waker { probe, history, keys } = waker;
        let eval = self.eval(unit, instance);
        match eval.asked(*history, *probe, keys) {
            // Without a value for a key no event can match.
            Asked::Unknown => {}
            Asked::Number(number) => self.state.watch(*probe, Filed::Number(number), watch),
            Asked::Elsewhere => {
                if let Some(values) = eval.keys(keys) {
                    self.state.watch(*probe, self.facts.world.by_row.filed(*probe, &values), watch);
                }
            }
        }
    }

    /// What a condition may know of the contact's state. `running` is the scenario of the instance at work.
    pub(super) fn inside(&self, running: Option<u16>) -> Inside<'_> {
        Inside { program: self.program, state: &*self.state, running }
    }

    /// What an instance's own conditions may know of the contact's state. One that is in its steps runs; those of `then` come
    /// after its end.
    pub(super) fn inside_of(&self, instance: &Instance) -> Inside<'_> {
        self.inside((instance.phase != Phase::Converted).then_some(instance.unit))
    }

    /// An evaluator for one instance.
    pub(super) fn eval<'e>(&'e self, unit: &'e Unit, instance: &'e Instance) -> Eval<'e> {
        Eval {
            code: &unit.code,
            world: self.facts.world,
            facts: Some(self.facts),
            inside: Some(self.inside_of(instance)),
            zone: self.zone(),
            now: self.now,
            entry: Some(instance.entry),
            last_message: instance.last_message_at(self.due, self.now),
            messages: instance.own_messages(unit, self.due),
            trigger: TriggerValues::Kept(&instance.kept),
            event: None,
            not_given: self.out.not_given.as_ref(),
        }
    }

    /// An evaluator for `goal` and `stop when`, which are judged also where the instance no longer `runs`.
    fn standing_eval<'e>(&'e self, unit: &'e Unit, instance: &'e Instance, runs: bool) -> Eval<'e> {
        Eval { inside: Some(self.inside(runs.then_some(instance.unit))), ..self.eval(unit, instance) }
    }

    /// Tells a line of the contact's story, where somebody wants to know.
    #[inline]
    pub(super) fn tell(&mut self, instance: &Instance, step: Option<StepIx>, what: Told, clauses: Vec<Clause>) {
        if let Some(trace) = &mut self.out.trace {
            let (trigger, entered_at) = (Some(instance.trigger.clone()), Some(instance.entry));
            trace.push(TraceLine { at: self.now, unit: instance.unit, trigger, entered_at, step, what, clauses });
        }
    }

    pub(super) fn effect(&mut self, instance: &Instance, step: StepIx, ordinal: u16, what: What) {
        self.out.effects.push(Effect {
            at: self.due,
            entered_at: instance.entry,
            unit: instance.unit,
            ordinal,
            step,
            what,
            trigger: instance.trigger.clone(),
            also: Vec::new(),
        });
    }
}

//! One instance going through its steps: when each can come, and how many of them can come within a stretch of time.
//!
//! The instructions of a scenario lead forward only (`repeat` is written out), so each pass goes over them once.

use super::length::{Calendar, DAY};
use crate::ir::{Code, EntryRule, Expr, ExprIx, Moment, Op, Scenario, Step, StepIx};
use crate::time::Duration;

/// More messages than this are no bound worth its name.
const COUNTED_MAX: usize = 10_000;
/// How many times are kept at most, over all steps.
const KEPT_MAX: usize = 10_000_000;

/// The ways through one scenario.
#[derive(Debug)]
pub struct Walk<'a> {
    pub scenario: &'a Scenario,
    calendar: Calendar<'a>,
    /// By how much policy may hold a message for whose engagement a wait waits.
    hold: i64,
    /// By step, those that may follow it.
    next: Vec<Vec<StepIx>>,
    /// When a step comes at the earliest and at the latest after the entry; `None` in the place of a step that nothing
    /// leads to.
    comes: Vec<Option<Comes>>,
}

/// Microseconds after the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comes {
    pub earliest: i64,
    /// `None`: any time later.
    pub latest: Option<i64>,
}

impl Comes {
    fn with(self, other: Comes) -> Comes {
        let latest = self.latest.zip(other.latest).map(|(one, other)| one.max(other));
        Comes { earliest: self.earliest.min(other.earliest), latest }
    }
}

/// Whether another instance can begin as soon as this one ends, so that marked steps of several come one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    Never,
    InTurn,
}

/// The shortest times to marked steps.
#[derive(Debug)]
pub struct Times<'w, 'a> {
    walk: &'w Walk<'a>,
    marked: Vec<bool>,
    again: Again,
    /// By step: the shortest time from there to the first marked step, to the second, ...
    to: Vec<Vec<i64>>,
}

/// A marked step of the worst way, and how long after the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    pub step: StepIx,
    pub after: i64,
}

impl<'a> Walk<'a> {
    pub fn of(scenario: &'a Scenario, calendar: Calendar<'a>, hold: i64) -> Walk<'a> {
        let next = scenario.steps.iter().map(|(place, step)| following(step, place)).collect();
        let mut walk = Walk { scenario, calendar, hold, next, comes: vec![None; scenario.steps.len()] };
        walk.place_main();
        walk.place_then();
        walk
    }

    pub fn comes(&self, step: StepIx) -> Option<Comes> {
        self.comes.get(step.0 as usize).copied().flatten()
    }

    fn node(&self, step: StepIx) -> Option<&'a Step> {
        self.scenario.steps.get(step)
    }

    /// The instructions that may follow one.
    fn next(&self, step: StepIx) -> impl Iterator<Item = StepIx> {
        self.next.get(step.0 as usize).into_iter().flatten().copied()
    }

    fn then(&self) -> Option<StepIx> {
        self.scenario.goal.as_ref().and_then(|goal| goal.then)
    }

    fn place_main(&mut self) {
        self.arrive(StepIx(0), Comes { earliest: 0, latest: Some(0) });
        let end = self.then().map_or(self.scenario.steps.len(), |then| then.0 as usize);
        (0..end).for_each(|place| self.pass(StepIx::from(place)));
    }

    /// The sequence of `goal ... then`: at the entry, or in any wait.
    fn place_then(&mut self) {
        let Some(then) = self.then() else { return };
        let mut reached = Comes { earliest: 0, latest: Some(0) };
        for place in 0..then.0 {
            let step = StepIx(place);
            if let Some(comes) = self.comes(step)
                && self.is_wait(step)
            {
                reached = reached.with(self.after_wait(step, comes));
            }
        }
        self.arrive(then, reached);
        (then.0 as usize..self.scenario.steps.len()).for_each(|place| self.pass(StepIx::from(place)));
    }

    /// Tells the steps that follow one when they come.
    fn pass(&mut self, step: StepIx) {
        let Some(comes) = self.comes(step) else { return };
        let after = if self.is_wait(step) { self.after_wait(step, comes) } else { comes };
        for next in self.next.get(step.0 as usize).cloned().unwrap_or_default() {
            self.arrive(next, after);
        }
    }

    fn arrive(&mut self, step: StepIx, comes: Comes) {
        if let Some(known) = self.comes.get_mut(step.0 as usize) {
            *known = Some(known.map_or(comes, |known| known.with(comes)));
        }
    }

    pub fn is_wait(&self, step: StepIx) -> bool {
        matches!(self.node(step).map(|node| &node.op), Some(Op::Wait(_) | Op::WaitUntil(_) | Op::WaitFor { .. }))
    }

    fn after_wait(&self, step: StepIx, comes: Comes) -> Comes {
        let Some(node) = self.node(step) else { return comes };
        let code = &self.scenario.code;
        let later =
            |longest: Option<i64>| comes.latest.zip(longest).map(|(from, longest)| from.saturating_add(longest));
        let mut after = match &node.op {
            Op::Wait(duration) => Comes {
                earliest: comes.earliest.saturating_add(self.calendar.shortest_of(code, *duration)),
                latest: later(self.calendar.longest_of(code, *duration)),
            },
            Op::WaitFor { limit, engagement, .. } => {
                let held = if engagement.is_empty() { 0 } else { self.hold };
                let longest = self.calendar.longest_of(code, *limit).map(|longest| longest.saturating_add(held));
                Comes { latest: later(longest), ..comes }
            }
            Op::WaitUntil(Moment::Weekly { day, .. }) => {
                let days = if day.is_some() { 7 } else { 1 };
                Comes { latest: later(Some(days * DAY + self.calendar.shift)), ..comes }
            }
            Op::WaitUntil(Moment::Anniversary(_)) => {
                Comes { latest: later(Some(367 * DAY + self.calendar.shift)), ..comes }
            }
            Op::WaitUntil(Moment::At(instant)) => match after_entry(code, *instant) {
                Some(offset) => Comes {
                    earliest: comes.earliest.max(self.calendar.shortest(offset)),
                    latest: comes.latest.map(|latest| latest.max(self.calendar.longest(offset))),
                },
                None => Comes { latest: None, ..comes },
            },
            _ => comes,
        };
        if node.guard.is_some() {
            after = after.with(comes);
        }
        after
    }

    /// The shortest time that passes between the moment at which a wait is reached and the next step.
    pub fn shortest_wait(&self, step: StepIx) -> i64 {
        let Some(node) = self.node(step).filter(|node| node.guard.is_none()) else { return 0 };
        let code = &self.scenario.code;
        match &node.op {
            Op::Wait(duration) => self.calendar.shortest_of(code, *duration),
            Op::WaitUntil(Moment::At(instant)) => {
                let offset = after_entry(code, *instant).map(|offset| self.calendar.shortest(offset));
                let latest = self.comes(step).and_then(|comes| comes.latest);
                offset.zip(latest).map_or(0, |(offset, latest)| offset.saturating_sub(latest).max(0))
            }
            _ => 0,
        }
    }

    /// Whether at most one instance runs, and so they come one after the other.
    pub fn is_exclusive(&self) -> bool {
        matches!(self.scenario.entry, EntryRule::Latest | EntryRule::OneAtATime)
    }

    /// Whether a new instance takes back the message that the one before still had to send: not that of a step of
    /// `goal ... then`.
    pub fn takes_back(&self) -> bool {
        self.scenario.entry == EntryRule::Latest && self.then().is_none()
    }

    /// Whether the instance may end at a step before its steps are over, so that another may begin.
    fn may_end_at(&self, step: StepIx) -> bool {
        let Some(node) = self.node(step) else { return true };
        let code = &self.scenario.code;
        let ends_for_want = match &node.op {
            Op::Wait(length) | Op::WaitFor { limit: length, .. } => self.calendar.shortest_of(code, *length) <= 0,
            Op::WaitUntil(Moment::Weekly { .. }) => false,
            Op::WaitUntil(Moment::At(instant)) => {
                after_entry(code, *instant).is_none_or(|offset| self.calendar.shortest(offset) <= 0)
            }
            Op::WaitUntil(Moment::Anniversary(_))
            | Op::Set { .. }
            | Op::Tag { .. }
            | Op::Credit { .. }
            | Op::Debit { .. }
            | Op::Stop
            | Op::End => true,
            Op::Send(_) | Op::Start { .. } | Op::Erase | Op::Call { .. } => false,
            Op::Split { .. } | Op::Branch { .. } | Op::Jump(_) => false,
        };
        let is_standing = self.scenario.goal.is_some() || self.scenario.stop_when.is_some();
        let is_cut_short = self.scenario.entry == EntryRule::Latest || is_standing;
        ends_for_want || self.is_wait(step) && is_cut_short
    }

    /// How far is counted: what comes as often as that counts as without a bound.
    pub fn counted_max(&self) -> usize {
        (KEPT_MAX / self.scenario.steps.len().max(1)).clamp(1, COUNTED_MAX)
    }

    /// The shortest times to the steps that are marked, as far as they are below `limit`.
    pub fn times(&self, marks: impl Fn(StepIx) -> bool, limit: i64, again: Again) -> Times<'_, 'a> {
        let count = self.scenario.steps.len();
        let reached = |place: usize| self.comes.get(place).is_some_and(Option::is_some);
        let marked: Vec<bool> = (0..count).map(|place| reached(place) && marks(StepIx::from(place))).collect();
        let mut times = Times { walk: self, marked, again, to: vec![Vec::new(); count] };
        // Without another instance, no way passes more marked steps than there are.
        let most = match again {
            Again::Never => times.marked.iter().filter(|marked| **marked).count().min(self.counted_max()),
            Again::InTurn => self.counted_max(),
        };
        for place in 0..most {
            // What begins anew without time between comes as often at one instant as one likes.
            if !times.add(place, limit) || times.is_endless() {
                break;
            }
        }
        times
    }
}

impl Times<'_, '_> {
    /// Adds, for each step, the shortest time to the marked step of this place. False when there is none below the limit.
    fn add(&mut self, place: usize, limit: i64) -> bool {
        let count = self.to.len();
        // First without beginning anew on the way to the next marked step, which tells how long one takes that begins anew.
        let alone = self.column(place, limit, None);
        let column = match self.again {
            Again::Never => alone,
            Again::InTurn => {
                let anew = self.at_entry(&alone);
                self.column(place, limit, anew)
            }
        };
        let mut is_reached = false;
        for at in 0..count {
            let time = column.get(at).copied().flatten();
            // A marked step is itself the first: what comes after it is asked of it alone.
            is_reached |= time.is_some();
            if let (Some(time), Some(times)) = (time, self.to.get_mut(at)) {
                times.push(time);
            }
        }
        is_reached
    }

    /// Whether instances that come one after the other pass more marked steps at one instant than one of them has.
    pub fn is_endless(&self) -> bool {
        let marks = self.marked.iter().filter(|marked| **marked).count();
        let beyond = |step: StepIx| self.to.get(step.0 as usize).and_then(|times| times.get(marks)).copied();
        let entries = self.walk.then().into_iter().chain([StepIx(0)]);
        self.again == Again::InTurn && entries.filter_map(beyond).min() == Some(0)
    }

    /// The shortest time from the entry: to the first step, or to that of a goal which is reached at once.
    fn at_entry(&self, column: &[Option<i64>]) -> Option<i64> {
        let at = |step: StepIx| column.get(step.0 as usize).copied().flatten();
        at(StepIx(0)).into_iter().chain(self.walk.then().and_then(at)).min()
    }

    /// By step, the shortest time to the marked step of this place, where it is below the limit.
    fn column(&self, place: usize, limit: i64, anew: Option<i64>) -> Vec<Option<i64>> {
        let mut column: Vec<Option<i64>> = vec![None; self.to.len()];
        for at in (0..self.to.len()).rev() {
            let time = self.shortest(StepIx::from(at), place, &column, anew);
            if let Some(slot) = column.get_mut(at) {
                *slot = time.filter(|time| *time < limit);
            }
        }
        column
    }

    fn shortest(&self, step: StepIx, place: usize, column: &[Option<i64>], anew: Option<i64>) -> Option<i64> {
        if self.is_marked(step) {
            return match place.checked_sub(1) {
                None => Some(0),
                Some(before) => self.after_marked(step, before),
            };
        }
        let at = |step: StepIx| column.get(step.0 as usize).copied().flatten();
        let wait = if self.walk.is_wait(step) { self.walk.shortest_wait(step) } else { 0 };
        let on = self.walk.next(step).filter_map(at).map(|time| time.saturating_add(wait));
        let goal = self.walk.then().filter(|then| self.walk.is_wait(step) && step < *then).and_then(at);
        let anew = anew.filter(|_| self.walk.may_end_at(step));
        on.chain(goal).chain(anew).min()
    }

    /// From just after a marked step to the marked step `place` from there.
    fn after_marked(&self, step: StepIx, place: usize) -> Option<i64> {
        self.walk.next(step).filter_map(|next| self.to.get(next.0 as usize)?.get(place).copied()).min()
    }

    fn is_marked(&self, step: StepIx) -> bool {
        self.marked.get(step.0 as usize).copied().unwrap_or(false)
    }

    /// How many marked steps can come in a stretch of time of this length, its end excluded, and the step from which they do.
    pub fn most(&self, length: i64) -> (usize, StepIx) {
        let counts = self.to.iter().enumerate().filter(|(at, _)| self.is_marked(StepIx::from(*at)));
        let counts = counts.map(|(at, times)| (times.partition_point(|time| *time < length), StepIx::from(at)));
        // Of equally bad ways, the one that begins first.
        counts.max_by_key(|(count, step)| (*count, std::cmp::Reverse(*step))).unwrap_or((0, StepIx(0)))
    }

    /// The marked steps of the worst way of so many that begins at a step.
    pub fn way(&self, from: StepIx, count: usize) -> Vec<Passed> {
        let mut passed = Vec::new();
        let (mut at, mut after, mut left) = (from, 0, count);
        // Each turn leads forward, or begins anew with one marked step less.
        let turns_max = self.to.len().saturating_mul(count.saturating_add(1));
        for _ in 0..turns_max {
            if left == 0 {
                break;
            }
            if self.is_marked(at) {
                passed.push(Passed { step: at, after });
                left -= 1;
                let Some(next) = self.best(self.walk.next(at), left) else { break };
                at = next;
                continue;
            }
            let Some(goal) = self.to.get(at.0 as usize).and_then(|times| times.get(left - 1)).copied() else { break };
            let wait = if self.walk.is_wait(at) { self.walk.shortest_wait(at) } else { 0 };
            let time = |step: StepIx| self.to.get(step.0 as usize).and_then(|times| times.get(left - 1)).copied();
            if let Some(next) = self.walk.next(at).find(|next| time(*next).is_some_and(|time| time + wait == goal)) {
                after += wait;
                at = next;
                continue;
            }
            let begin = self.walk.then().into_iter().chain([StepIx(0)]).find(|step| time(*step) == Some(goal));
            let Some(next) = begin else { break };
            at = next;
        }
        passed
    }

    fn best(&self, steps: impl Iterator<Item = StepIx>, left: usize) -> Option<StepIx> {
        let time = |step: &StepIx| {
            let times = self.to.get(step.0 as usize)?;
            left.checked_sub(1).map_or(Some(0), |place| times.get(place).copied())
        };
        steps.filter_map(|step| Some((time(&step)?, step))).min().map(|(_, step)| step)
    }
}

fn following(node: &Step, step: StepIx) -> Vec<StepIx> {
    let on = StepIx(step.0 + 1);
    let mut all: Vec<StepIx> = match &node.op {
        Op::Jump(to) => vec![*to],
        Op::Branch { otherwise, .. } => vec![on, *otherwise],
        Op::Split { arms, .. } => arms.iter().map(|arm| arm.to).collect(),
        Op::Stop | Op::End => Vec::new(),
        _ => vec![on],
    };
    // A guard lets the instance go on without it.
    if node.guard.is_some() && !all.contains(&on) {
        all.push(on);
    }
    all
}

/// How long after the entry an instant is, where it is the same for every instance.
pub fn after_entry(code: &Code, instant: ExprIx) -> Option<Duration> {
    let is_entry = |ix: ExprIx| matches!(code.exprs.get(ix), Some(Expr::Entry));
    match code.exprs.get(instant)? {
        Expr::Add(one, other) if is_entry(*one) => super::length::constant(code, *other),
        Expr::Add(one, other) if is_entry(*other) => super::length::constant(code, *one),
        Expr::Subtract(one, other) if is_entry(*one) => super::length::constant(code, *other)?.checked_neg(),
        Expr::Entry => Some(Duration::ZERO),
        _ => None,
    }
}

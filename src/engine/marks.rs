//! Marks: what tables count, said at the very place where it happens. They are collected only where somebody asks.
//!
//! Every mark of a journey names it by scenario, trigger and entry: what a saved state, an effect and a journal know of it
//! too. Instances that share all three are one journey.

use super::output::{EffectKey, Outcome, Reason, TriggerRef};
use super::program::Unit;
use super::state::Instance;
use super::step::{Receipt, Stepper};
use super::value::Value;
use super::watchers::{Watch, Watched};
use crate::ir::StepIx;
use crate::time::Instant;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// One thing that tables count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When it was said: marks of one contact come in the order of time.
    pub at: Instant,
    /// Whose it is; `None` for what concerns no one journey.
    pub journey: Option<Journey>,
    pub what: Marked,
}

/// One contact's way through a scenario.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Journey {
    /// The place of the scenario in the program.
    pub unit: u16,
    pub entered_at: Instant,
    pub trigger: TriggerRef,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marked {
    Entered,
    /// A `split`: the arm that the contact draws, by its place.
    Drew {
        step: StepIx,
        arm: u16,
    },
    /// A message that does not leave at once: one mark for each journey that it is about, the first of them with `leads`.
    Decided {
        key: EffectKey,
        step: StepIx,
        leads: bool,
    },
    /// The policy holds it.
    Held {
        key: EffectKey,
        reason: Reason,
    },
    /// A message was accepted: one mark for each journey that it is about, the first of them with `leads`. `closes` is the
    /// last instant of the goal's window, where the goal has one.
    Sent {
        key: EffectKey,
        step: StepIx,
        alternative: u8,
        leads: bool,
        closes: Option<Instant>,
    },
    /// A message does not leave for this journey. `key` is that of the outbox, where it got there. One that is held out opens
    /// the goal's window as one that is sent does, and is told as the alternative that would have left; others as the first.
    NotSent {
        key: Option<EffectKey>,
        step: StepIx,
        alternative: u8,
        outcome: Outcome,
        reason: Reason,
        closes: Option<Instant>,
    },
    /// What a channel says of a message that is not accepted, or that no journey waits for any more.
    Receipt {
        key: EffectKey,
        receipt: Receipt,
    },
    /// A message is taken back for all journeys that it was about.
    Withdrawn {
        key: EffectKey,
        outcome: Outcome,
        reason: Reason,
    },
    /// The goal is reached.
    Goal,
    /// The steps are over, or will not be taken.
    Left {
        how: Left,
    },
    /// An event that makes true the goals of these journeys, in their windows: its money may count. `kind` is its slot in the
    /// program.
    Event {
        kind: u16,
        money: Option<Amount>,
        counts_for: Vec<Journey>,
    },
    /// The contact is erased, and all that concerns it is over.
    Erased,
}

/// How a journey ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Left {
    Finished,
    Goal,
    StopWhen,
    Replaced,
    Missing,
    NoTimeLeft,
    Erased,
    Merged,
}

impl Left {
    /// In the order of their numbers.
    pub const ALL: [Left; 8] = [
        Left::Finished,
        Left::Goal,
        Left::StopWhen,
        Left::Replaced,
        Left::Missing,
        Left::NoTimeLeft,
        Left::Erased,
        Left::Merged,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Left::Finished => "finished",
            Left::Goal => "goal",
            Left::StopWhen => "stop when",
            Left::Replaced => "replaced",
            Left::Missing => "missing",
            Left::NoTimeLeft => "no time left",
            Left::Erased => "erased",
            Left::Merged => "merged",
        }
    }
}

/// An amount of money in ten-thousandths of the currency's unit: sums of it are exact, whatever their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(pub i64);

impl Amount {
    pub const PER_UNIT: i64 = 10_000;

    /// The nearest amount; `None` of what is past 900 thousand million units.
    pub fn of(value: Decimal) -> Option<Amount> {
        let parts = value.checked_mul(Decimal::from(Amount::PER_UNIT))?.round();
        parts.to_i64().map(Amount)
    }
}

impl Journey {
    pub(super) fn of(instance: &Instance) -> Journey {
        Journey { unit: instance.unit, entered_at: instance.entry, trigger: instance.trigger.clone() }
    }
}

/// What ended because two contacts are one person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// The messages that must not leave.
    pub messages: Vec<EffectKey>,
    pub journeys: Vec<Journey>,
}

impl Merged {
    /// What tables count of it.
    pub fn marks(&self, at: Instant) -> Vec<Mark> {
        let (outcome, reason) = (Outcome::Cancelled, Reason::Merged);
        let messages = self.messages.iter().map(|key| (None, Marked::Withdrawn { key: *key, outcome, reason }));
        let left = |journey: &Journey| (Some(journey.clone()), Marked::Left { how: Left::Merged });
        let all = self.journeys.iter().map(left).chain(messages);
        all.map(|(journey, what)| Mark { at, journey, what }).collect()
    }
}

impl<'a> Stepper<'a, '_> {
    /// Says something of an instance, where somebody wants to know.
    pub(super) fn mark(&mut self, instance: &Instance, what: impl FnOnce() -> Marked) {
        if let Some(marks) = &mut self.out.marks {
            marks.push(Mark { at: self.now, journey: Some(Journey::of(instance)), what: what() });
        }
    }

    pub(super) fn mark_alone(&mut self, what: Marked) {
        if let Some(marks) = &mut self.out.marks {
            marks.push(Mark { at: self.now, journey: None, what });
        }
    }

    /// An event that some goals ask for, whose windows are open. `watches` are those who wait for it.
    pub(super) fn mark_event(&mut self, kind: u16, place: usize, watches: &[Watch]) {
        if self.out.marks.is_none() {
            return;
        }
        let Some(field) = self.program.revenue_of(kind) else { return };
        let goals = watches.iter().filter(|watch| watch.what == Watched::Goal);
        let counts = goals.filter_map(|watch| self.state.get(watch.handle).filter(|each| self.counts_for(each, place)));
        let mut counts_for: Vec<Journey> = counts.map(Journey::of).collect();
        if counts_for.is_empty() {
            return;
        }
        counts_for.sort_unstable();
        counts_for.dedup();
        let value = field.and_then(|field| self.facts.life.values(place).get(usize::from(field)));
        let money = match value {
            Some(Value::Number(number)) => Amount::of(*number),
            _ => None,
        };
        self.mark_alone(Marked::Event { kind, money, counts_for });
    }

    /// A message was accepted for an instance.
    pub(super) fn mark_sent(
        &mut self,
        instance: &Instance,
        (key, step, alternative): (EffectKey, StepIx, u8),
        leads: bool,
    ) {
        if self.out.marks.is_some() {
            let closes = self.closes(instance);
            self.mark(instance, || Marked::Sent { key, step, alternative, leads, closes });
        }
    }

    pub(super) fn mark_not_sent(
        &mut self,
        instance: &Instance,
        (key, step, alternative): (Option<EffectKey>, StepIx, u8),
        (outcome, reason): (Outcome, Reason),
    ) {
        if self.out.marks.is_some() {
            let closes = if outcome == Outcome::HeldOut { self.closes(instance) } else { None };
            self.mark(instance, || Marked::NotSent { key, step, alternative, outcome, reason, closes });
        }
    }

    /// The last instant of the goal's window, of a message that leaves now or is held out now.
    fn closes(&self, instance: &Instance) -> Option<Instant> {
        let unit: &'a Unit = self.program.unit(instance.unit)?;
        let within = unit.scenario.goal.as_ref()?.within?;
        let window = self.eval(unit, instance).duration(within)?;
        self.zone().add(self.now, window)
    }

    /// The instance leaves its steps, where it has not left them before.
    pub(super) fn mark_left(&mut self, instance: &Instance, how: Left) {
        self.mark(instance, || Marked::Left { how });
    }
}

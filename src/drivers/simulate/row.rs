//! One line of the effects: what became of a message, what a step did, or how an instance ended.

use crate::drivers::story;
use crate::engine::{Effect, Outcome, Reason, TriggerRef, What, World};
use crate::ir::StepIx;
use crate::model::Id;
use crate::time::Instant;
use std::cmp::Ordering;

/// An effect with its final outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub at: Instant,
    pub contact: Id,
    /// The scenario's place in the program: the order of names.
    pub unit: u16,
    pub ordinal: u16,
    pub step: StepIx,
    pub entered_at: Instant,
    pub trigger: TriggerRef,
    /// The other triggers that left with the same message.
    pub also: Box<[TriggerRef]>,
    /// The alternative of a `send`.
    pub alternative: u8,
    /// Of a step other than `send`.
    pub act: Option<Box<Acted>>,
    /// `None` for an instance that ended before its time.
    pub outcome: Option<Outcome>,
    pub reason: Reason,
}

/// What a step other than `send` does, in words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Acted {
    /// As the column `effect` names it: one of [`Act::NAMES`].
    pub effect: &'static str,
    /// As the column `message` says it.
    pub message: String,
}

impl Row {
    /// `None` for an effect that has no outcome yet: there is none in simulation.
    pub fn of(effect: Effect, contact: &Id, world: &World) -> Option<Row> {
        let mut act = None;
        let (alternative, outcome, reason) = match effect.what {
            What::Send { alternative, outcome, reason } => (alternative, Some(outcome), reason),
            What::End { reason, .. } => (0, None, reason),
            What::Act { act: done, outcome, reason, .. } => {
                act = Some(Box::new(Acted { effect: done.name(), message: story::act(&done, world) }));
                (0, Some(outcome), reason)
            }
            What::Emit { .. } | What::Withdraw { .. } => return None,
        };
        Some(Row {
            at: effect.at,
            contact: contact.clone(),
            unit: effect.unit,
            ordinal: effect.ordinal,
            step: effect.step,
            entered_at: effect.entered_at,
            trigger: effect.trigger,
            also: effect.also.into_boxed_slice(),
            alternative,
            act,
            outcome,
            reason,
        })
    }

    /// The order of the effects CSV: instant, contact, scenario, step, trigger; what is still equal by all the rest, so
    /// that the order is one and the same however the rows were cut.
    pub fn order(&self, other: &Row) -> Ordering {
        self.at
            .cmp(&other.at)
            .then_with(|| self.contact.cmp(&other.contact))
            .then_with(|| (self.unit, self.ordinal).cmp(&(other.unit, other.ordinal)))
            .then_with(|| self.trigger.cmp(&other.trigger))
            .then_with(|| (self.entered_at, self.step).cmp(&(other.entered_at, other.step)))
            .then_with(|| (&self.act, self.outcome, self.reason).cmp(&(&other.act, other.outcome, other.reason)))
            .then_with(|| (self.alternative, &self.also).cmp(&(other.alternative, &other.also)))
    }
}

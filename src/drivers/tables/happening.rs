//! The stream that tables are folded from: what happened to one contact, in the order of time. A simulation makes it of the
//! engine's marks as they come, a report of the journal that a run wrote: the same stream, so the same tables.

use super::Catalog;
use crate::engine::{Amount, EffectKey, Journey, Left, Mark, Marked, Outcome, Reason, Receipt};
use crate::time::Instant;

/// One thing that happened to a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    pub at: Instant,
    /// Whose it is; its `unit` is the number of the scenario in the catalog.
    pub journey: Option<Journey>,
    pub what: Happens,
}

/// As [`Marked`], in the numbers of a catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happens {
    Entered,
    Drew {
        arm: u32,
    },
    Decided {
        key: EffectKey,
        step: u32,
        leads: bool,
    },
    Held {
        key: EffectKey,
        reason: Reason,
    },
    Sent {
        key: EffectKey,
        step: u32,
        message: u32,
        leads: bool,
        closes: Option<Instant>,
    },
    NotSent {
        key: Option<EffectKey>,
        step: u32,
        message: u32,
        outcome: Outcome,
        reason: Reason,
        closes: Option<Instant>,
    },
    Receipt {
        key: EffectKey,
        receipt: Receipt,
    },
    Withdrawn {
        key: EffectKey,
        outcome: Outcome,
        reason: Reason,
    },
    Goal,
    Left {
        how: Left,
    },
    /// The journeys whose goals it makes true, sorted: of several of one scenario it counts for one.
    Event {
        kind: u32,
        money: Option<Amount>,
        counts_for: Vec<Journey>,
    },
    Erased,
}

impl Happening {
    /// A mark of a program in the numbers of its catalog; `None` for what the catalog has no name of.
    pub fn of(catalog: &Catalog, mark: Mark) -> Option<Happening> {
        let Mark { at, mut journey, what } = mark;
        let unit = journey.as_ref().map_or(u16::MAX, |journey| journey.unit);
        if let Some(journey) = &mut journey {
            journey.unit = catalog.scenario_of(unit)?;
        }
        let what = match what {
            Marked::Entered => Happens::Entered,
            Marked::Drew { step, arm } => Happens::Drew { arm: catalog.arm_of(unit, step, arm)? },
            Marked::Decided { key, step, leads } => Happens::Decided { key, step: catalog.step_of(unit, step)?, leads },
            Marked::Held { key, reason } => Happens::Held { key, reason },
            Marked::Sent { key, step, alternative, leads, closes } => {
                let step = catalog.step_of(unit, step)?;
                Happens::Sent { key, step, message: catalog.message_at(step, alternative)?, leads, closes }
            }
            Marked::NotSent { key, step, alternative, outcome, reason, closes } => {
                let step = catalog.step_of(unit, step)?;
                let message = catalog.message_at(step, alternative)?;
                Happens::NotSent { key, step, message, outcome, reason, closes }
            }
            Marked::Receipt { key, receipt } => Happens::Receipt { key, receipt },
            Marked::Withdrawn { key, outcome, reason } => Happens::Withdrawn { key, outcome, reason },
            Marked::Goal => Happens::Goal,
            Marked::Left { how } => Happens::Left { how },
            Marked::Event { kind, money, mut counts_for } => {
                let known = |journey: &mut Journey| match catalog.scenario_of(journey.unit) {
                    Some(scenario) => {
                        journey.unit = scenario;
                        true
                    }
                    None => false,
                };
                counts_for.retain_mut(known);
                counts_for.sort_unstable();
                Happens::Event { kind: catalog.kind_of(kind)?, money, counts_for }
            }
            Marked::Erased => Happens::Erased,
        };
        Some(Happening { at, journey, what })
    }
}

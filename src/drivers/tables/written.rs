//! Marks as the journal keeps them: with names in place of a program's numbers, so that they outlive it.

use super::{Catalog, CatalogStep, GoalKind, Happening, Happens};
use crate::engine::{Amount, EffectKey, Journey, Left, Mark, Marked, Outcome, Program, Reason, Receipt, TriggerRef};
use crate::ir::{Class, Op, StepIx};
use crate::model::Id;
use crate::time::Instant;
use serde::{Deserialize, Serialize};

/// A mark in a line of the journal. Instants are microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenMark {
    at: Instant,
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    journey: Option<WrittenJourney>,
    #[serde(flatten)]
    what: Written,
}

/// Scenario, trigger (`EVENT/ID`) and entry.
type WrittenJourney = (String, String, Instant);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Written {
    Entered {
        goal: GoalKind,
    },
    Drew {
        split: String,
        arm: String,
    },
    Decided {
        key: String,
        step: WrittenStep,
        leads: bool,
    },
    Held {
        key: String,
        reason: String,
    },
    Sent {
        key: String,
        step: WrittenStep,
        /// Channel and message.
        message: (String, String),
        leads: bool,
        closes: Option<Instant>,
    },
    NotSent {
        key: Option<String>,
        step: WrittenStep,
        /// Channel and message; in older journals nothing says it, and it is the first.
        message: Option<(String, String)>,
        outcome: String,
        reason: String,
        closes: Option<Instant>,
    },
    Receipt {
        key: String,
        outcome: String,
    },
    Withdrawn {
        key: String,
        outcome: String,
        reason: String,
    },
    Goal {},
    Left {
        how: String,
    },
    Event {
        kind: String,
        /// In ten-thousandths of the currency; none where the event has no one field of money.
        money: Option<i64>,
        /// The journeys whose goals it makes true.
        counts_for: Vec<WrittenJourney>,
    },
    Erased {},
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct WrittenStep {
    /// In the text, from 1.
    number: u16,
    /// Channel and message of each alternative.
    messages: Vec<(String, String)>,
    marketing: bool,
}

impl WrittenMark {
    pub fn of(program: &Program, mark: &Mark) -> WrittenMark {
        let unit = mark.journey.as_ref().and_then(|journey| program.unit(journey.unit));
        let written_journey = |journey: &Journey| {
            let scenario = program.unit(journey.unit).map_or_else(String::new, |unit| unit.scenario.name.clone());
            let trigger = format!("{}/{}", program.event_name(journey.trigger.kind), journey.trigger.id);
            (scenario, trigger, journey.entered_at)
        };
        let journey = mark.journey.as_ref().map(written_journey);
        let op = |step: StepIx| unit.and_then(|unit| unit.scenario.steps.get(step));
        let written = |step: StepIx| {
            let mut written = WrittenStep { number: 0, messages: Vec::new(), marketing: false };
            if let Some(step) = op(step) {
                written.number = step.ordinal;
                if let Op::Send(send) = &step.op {
                    let names = send.alternatives.iter().map(|each| (each.channel.clone(), each.message.clone()));
                    (written.messages, written.marketing) = (names.collect(), send.class == Class::Marketing);
                }
            }
            written
        };
        let what = match &mark.what {
            Marked::Entered => {
                Written::Entered { goal: unit.map_or(GoalKind::None, |unit| GoalKind::of(&unit.scenario)) }
            }
            Marked::Drew { step, arm } => match op(*step).map(|step| &step.op) {
                Some(Op::Split { name, arms }) => {
                    let arm = arms.get(usize::from(*arm)).map_or_else(String::new, |arm| arm.name.clone());
                    Written::Drew { split: name.clone(), arm }
                }
                _ => Written::Drew { split: String::new(), arm: String::new() },
            },
            Marked::Decided { key, step, leads } => {
                Written::Decided { key: key.to_string(), step: written(*step), leads: *leads }
            }
            Marked::Held { key, reason } => Written::Held { key: key.to_string(), reason: reason.text().into() },
            Marked::Sent { key, step, alternative, leads, closes } => {
                let step = written(*step);
                let message = step.messages.get(usize::from(*alternative)).cloned().unwrap_or_default();
                Written::Sent { key: key.to_string(), step, message, leads: *leads, closes: *closes }
            }
            Marked::NotSent { key, step, alternative, outcome, reason, closes } => {
                let step = written(*step);
                Written::NotSent {
                    key: key.map(|key| key.to_string()),
                    message: step.messages.get(usize::from(*alternative)).cloned(),
                    step,
                    outcome: outcome.name().into(),
                    reason: reason.text().into(),
                    closes: *closes,
                }
            }
            Marked::Receipt { key, receipt } => {
                Written::Receipt { key: key.to_string(), outcome: receipt_name(*receipt).into() }
            }
            Marked::Withdrawn { key, outcome, reason } => Written::Withdrawn {
                key: key.to_string(),
                outcome: outcome.name().into(),
                reason: reason.text().into(),
            },
            Marked::Goal => Written::Goal {},
            Marked::Left { how } => Written::Left { how: how.name().into() },
            Marked::Event { kind, money, counts_for } => Written::Event {
                kind: program.event_name(*kind).into(),
                money: money.map(|money| money.0),
                counts_for: counts_for.iter().map(written_journey).collect(),
            },
            Marked::Erased => Written::Erased {},
        };
        WrittenMark { at: mark.at, journey, what }
    }

    /// The happening that it tells of, in the numbers of a catalog, which learns its names. `None` for a word of a later
    /// version.
    pub(super) fn read(self, catalog: &mut Catalog) -> Option<Happening> {
        let journey = self.journey.map(|journey| read_journey(catalog, journey));
        let scenario = journey.as_ref().map_or(0, |journey| journey.unit);
        let key = |key: &str| key.parse::<EffectKey>().ok();
        let what = match self.what {
            Written::Entered { goal } => {
                if let Some(scenario) = catalog.scenarios.get_mut(usize::from(scenario)) {
                    scenario.goal = scenario.goal.max(goal);
                }
                Happens::Entered
            }
            Written::Drew { split, arm } => {
                if let Some(scenario) = catalog.scenarios.get_mut(usize::from(scenario)) {
                    scenario.has_splits = true;
                }
                Happens::Drew { arm: catalog.arm(&split, &arm) }
            }
            Written::Decided { key: of, step, leads } => {
                Happens::Decided { key: key(&of)?, step: step.read(catalog, scenario), leads }
            }
            Written::Held { key: of, reason } => Happens::Held { key: key(&of)?, reason: reason_named(&reason)? },
            Written::Sent { key: of, step, message, leads, closes } => {
                let step = step.read(catalog, scenario);
                let message = catalog.message(&message.0, &message.1);
                Happens::Sent { key: key(&of)?, step, message, leads, closes }
            }
            Written::NotSent { key: of, step, message, outcome, reason, closes } => {
                let step = step.read(catalog, scenario);
                let message = match message {
                    Some((channel, name)) => catalog.message(&channel, &name),
                    None => catalog.message_at(step, 0).unwrap_or(u32::MAX),
                };
                let (outcome, reason) = (outcome_named(&outcome)?, reason_named(&reason)?);
                Happens::NotSent { key: of.and_then(|of| key(&of)), step, message, outcome, reason, closes }
            }
            Written::Receipt { key: of, outcome } => {
                Happens::Receipt { key: key(&of)?, receipt: receipt_named(&outcome)? }
            }
            Written::Withdrawn { key: of, outcome, reason } => {
                Happens::Withdrawn { key: key(&of)?, outcome: outcome_named(&outcome)?, reason: reason_named(&reason)? }
            }
            Written::Goal {} => Happens::Goal,
            Written::Left { how } => Happens::Left { how: Left::ALL.into_iter().find(|left| left.name() == how)? },
            Written::Event { kind, money, counts_for } => {
                let mut counts_for: Vec<Journey> =
                    counts_for.into_iter().map(|journey| read_journey(catalog, journey)).collect();
                counts_for.sort_unstable();
                let scenarios: Vec<u16> = counts_for.iter().map(|journey| journey.unit).collect();
                let kind = catalog.kind(&kind, &scenarios, money.is_some());
                Happens::Event { kind, money: money.map(Amount), counts_for }
            }
            Written::Erased {} => Happens::Erased,
        };
        Some(Happening { at: self.at, journey, what })
    }
}

/// Within one contact the text of a trigger is as good a name as its row.
fn read_journey(catalog: &mut Catalog, (scenario, trigger, entered_at): WrittenJourney) -> Journey {
    let trigger = TriggerRef { kind: TriggerRef::CONTACT, id: Id::Text(trigger.into()) };
    Journey { unit: catalog.scenario(&scenario), entered_at, trigger }
}

impl WrittenStep {
    fn read(self, catalog: &mut Catalog, scenario: u16) -> u32 {
        let messages = self.messages.iter().map(|(channel, message)| catalog.message(channel, message)).collect();
        catalog.step(CatalogStep { scenario, number: self.number, messages, is_marketing: self.marketing })
    }
}

const RECEIPTS: [Receipt; 5] = [
    Receipt::Accepted,
    Receipt::Failed,
    Receipt::Bounced { hard: true },
    Receipt::Bounced { hard: false },
    Receipt::Uncertain,
];

/// As the journal names it.
pub(in crate::drivers) fn receipt_name(receipt: Receipt) -> &'static str {
    match receipt {
        Receipt::Accepted => "accepted",
        Receipt::Failed => "failed",
        Receipt::Bounced { hard: true } => "bounced, hard",
        Receipt::Bounced { hard: false } => "bounced, soft",
        Receipt::Uncertain => "uncertain",
    }
}

fn receipt_named(name: &str) -> Option<Receipt> {
    RECEIPTS.into_iter().find(|receipt| receipt_name(*receipt) == name)
}

fn outcome_named(name: &str) -> Option<Outcome> {
    Outcome::ALL.into_iter().find(|outcome| outcome.name() == name)
}

fn reason_named(text: &str) -> Option<Reason> {
    Reason::ALL.into_iter().find(|reason| reason.text() == text)
}

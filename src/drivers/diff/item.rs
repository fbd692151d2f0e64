//! The rows of one program in the words that both programs share, so that rows can be held against each other.

use super::steps::{Known, steps};
use crate::drivers::simulate::{Row, Rows, Simulation};
use crate::engine::{Outcome, Program, Reason};
use crate::ir::{Bundle, Op, StepIx};
use crate::model::Id;
use crate::time::Instant;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// The event that started an instance, and its row; `None` where no event did.
pub type Trigger = Option<(u16, Id)>;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub at: Instant,
    /// Its place among the scenarios of both programs.
    pub scenario: u16,
    /// The step of the old program that it is; a number of its own where it is none.
    pub step: u32,
    /// Which turn of the `repeat`s around it.
    pub visit: u32,
    pub entered_at: Instant,
    pub trigger: Trigger,
    /// Of those that leave together, the others.
    pub also: Vec<Trigger>,
    /// `send`, `set`, ..., `end`.
    pub effect: &'static str,
    /// Empty for what is no message.
    pub channel: Arc<str>,
    /// The message, or what a step does in words.
    pub message: Arc<str>,
    /// What the step gives to its message, as it is written.
    pub with: Arc<str>,
    pub outcome: Option<Outcome>,
    pub reason: Reason,
}

impl Item {
    /// Whether anybody notices: the message was sent, the step was done.
    pub fn happens(&self) -> bool {
        matches!(self.outcome, None | Some(Outcome::Sent | Outcome::Done))
    }

    pub fn is_message(&self) -> bool {
        self.effect == "send"
    }

    /// Whether the same comes in the same way, whenever.
    pub fn says_the_same(&self, other: &Item) -> bool {
        let says = |item: &Item| (item.scenario, item.effect);
        let words = |item: &Item| [item.channel.clone(), item.message.clone(), item.with.clone()];
        says(self) == says(other) && words(self) == words(other)
    }
}

/// Events by their names, over all programs.
#[derive(Debug, Default)]
pub struct Events {
    names: Vec<String>,
}

impl Events {
    fn place(&mut self, name: &str) -> u16 {
        let known = self.names.iter().position(|known| known == name);
        known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        }) as u16
    }

    pub fn name(&self, place: u16) -> &str {
        self.names.get(usize::from(place)).map_or("", String::as_str)
    }
}

/// Channel and message, and what is given to it.
type Words = [Arc<str>; 3];

/// A program's rows, person by person.
#[derive(Debug)]
pub struct Side {
    pub simulation: Simulation,
    rows: Rows,
    /// By unit.
    scenarios: Vec<u16>,
    /// By the program's own slots.
    events: Vec<u16>,
    steps: BTreeMap<(u16, u16), u32>,
    /// By scenario, step and alternative.
    messages: FxHashMap<(u16, StepIx, u8), Words>,
    nothing: Arc<str>,
}

impl Side {
    /// `other` is what was simulated.
    pub fn new(
        simulation: Simulation,
        rows: Rows,
        known: &[Known],
        old: &Bundle,
        other: &Bundle,
        events: &mut Events,
    ) -> Side {
        let program = &simulation.program;
        let place = |name: &str| {
            let is = |of: &Option<String>| of.as_deref() == Some(name);
            let old = known.iter().position(|known| is(&known.old));
            old.or_else(|| known.iter().position(|known| is(&known.new))).unwrap_or(usize::from(u16::MAX)) as u16
        };
        let scenarios: Vec<u16> = program.units().iter().map(|unit| place(&unit.scenario.name)).collect();
        let unit_of: BTreeMap<&str, u16> =
            (program.units().iter().enumerate()).map(|(unit, of)| (of.scenario.name.as_str(), unit as u16)).collect();
        let steps = steps(known, old, other);
        let steps =
            steps.into_iter().filter_map(|((name, own), step)| Some(((*unit_of.get(name.as_str())?, own), step)));
        let steps = steps.collect();
        let events = program.needs().events.iter().map(|event| events.place(&event.name)).collect();
        Side { simulation, rows, scenarios, events, steps, messages: FxHashMap::default(), nothing: "".into() }
    }

    /// The person whose rows come next.
    pub fn next_contact(&self) -> Option<&Id> {
        self.rows.peek().map(|row| &row.contact)
    }

    /// All rows of a person, where they are next.
    pub fn take(&mut self, contact: &Id, items: &mut Vec<Item>) -> io::Result<()> {
        items.clear();
        while self.next_contact() == Some(contact) {
            if let Some(row) = self.rows.take_next()? {
                let item = self.item(row);
                items.push(item);
            }
        }
        Ok(())
    }

    fn trigger(&self, kind: u16, id: Id) -> Trigger {
        Some((self.events.get(usize::from(kind)).copied()?, id))
    }

    fn item(&mut self, row: Row) -> Item {
        let program = &self.simulation.program;
        let op = program.unit(row.unit).and_then(|unit| unit.scenario.steps.get(row.step));
        let visit = op.map_or(0, |step| step.visit);
        let nothing = || Arc::clone(&self.nothing);
        let (effect, [channel, message, with]) = match (&row.act, row.outcome) {
            (Some(act), _) => (act.effect, [nothing(), act.message.as_str().into(), nothing()]),
            // What it waited for is no part of what happens.
            (None, None) => ("end", [nothing(), nothing(), nothing()]),
            (None, Some(_)) => {
                let key = (row.unit, row.step, row.alternative);
                ("send", self.messages.entry(key).or_insert_with(|| message(program, &row)).clone())
            }
        };
        let also = row.also.iter().map(|each| self.trigger(each.kind, each.id.clone())).collect();
        Item {
            at: row.at,
            scenario: self.scenarios.get(usize::from(row.unit)).copied().unwrap_or(u16::MAX),
            step: self.steps.get(&(row.unit, row.ordinal)).copied().unwrap_or(u32::from(row.ordinal)),
            visit,
            entered_at: row.entered_at,
            trigger: self.trigger(row.trigger.kind, row.trigger.id),
            also,
            effect,
            channel,
            message,
            with,
            outcome: row.outcome,
            reason: row.reason,
        }
    }
}

fn message(program: &Program, row: &Row) -> Words {
    let op = program.unit(row.unit).and_then(|unit| Some(&unit.scenario.steps.get(row.step)?.op));
    let chosen = match op {
        Some(Op::Send(send)) => send.alternatives.get(usize::from(row.alternative)),
        _ => None,
    };
    let with = program.describe_with(row.unit, row.step).into();
    let (channel, message) = chosen.map_or(("", ""), |chosen| (&chosen.channel, &chosen.message));
    [channel.into(), message.into(), with]
}

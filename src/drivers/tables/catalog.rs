//! The names that a stream of happenings uses numbers for: scenarios, steps, messages, arms, and events with money.

use super::ahead::ahead;
use crate::engine::Program;
use crate::ir::{Class, Op, Scenario, Send, Step, StepIx};
use serde::{Deserialize, Serialize};

/// The names of a program, or of a journal, by the numbers that stand for them.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    pub scenarios: Vec<CatalogScenario>,
    pub steps: Vec<CatalogStep>,
    /// Channel and message.
    pub messages: Vec<(String, String)>,
    /// Split and arm.
    pub arms: Vec<(String, String)>,
    pub kinds: Vec<CatalogKind>,
    /// By the unit of the program that it is of.
    units: Vec<UnitPlaces>,
    /// By the slot of an event in the program: its number among `kinds`.
    slots: Vec<Option<u32>>,
    /// Whether quiet hours, caps or a holdout may keep a message back.
    pub has_limits: bool,
    /// Whether the policy has a holdout.
    pub has_holdout: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogScenario {
    pub name: String,
    pub goal: GoalKind,
    pub has_splits: bool,
    /// Whether a journey may come to a step twice, or to a message by two steps.
    pub comes_again: bool,
    /// Whether a step starts it: then several instances may be one journey.
    pub is_started: bool,
}

/// What a scenario counts as success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoalKind {
    #[default]
    None,
    /// Without a window nothing is revenue.
    WithoutWindow,
    Window,
}

/// A `send` of the text, over all turns of a `repeat`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogStep {
    pub scenario: u16,
    /// The number of the step in the text, from 1.
    pub number: u16,
    /// The alternatives, by their numbers among the messages.
    pub messages: Vec<u32>,
    /// Whether it respects the holdout.
    pub is_marketing: bool,
}

/// An event whose money counts as revenue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogKind {
    pub name: String,
    /// The scenarios whose goals ask for it.
    pub scenarios: Vec<u16>,
    /// Whether it has one field of type money.
    pub has_money: bool,
}

#[derive(Clone, Debug, Default)]
struct UnitPlaces {
    scenario: u16,
    /// By instruction, where it is a `send`.
    steps: Vec<Option<u32>>,
    /// By instruction, where it is a `split`: the numbers of its arms.
    arms: Vec<Vec<u32>>,
    /// By instruction: the steps that may be the next to send.
    ahead: Vec<Vec<u32>>,
}

impl GoalKind {
    pub fn of(scenario: &Scenario) -> GoalKind {
        match &scenario.goal {
            None => GoalKind::None,
            Some(goal) if goal.within.is_none() => GoalKind::WithoutWindow,
            Some(_) => GoalKind::Window,
        }
    }
}

impl Catalog {
    /// The names of a program, in the order of its units.
    pub fn of(program: &Program) -> Catalog {
        let mut catalog =
            Catalog { has_limits: program.has_limits(), has_holdout: program.has_holdout(), ..Catalog::default() };
        for unit in program.units() {
            let number = catalog.scenario(&unit.scenario.name);
            let goal = GoalKind::of(&unit.scenario);
            let steps = unit.scenario.steps.values();
            let has_splits = steps.iter().any(|step| matches!(step.op, Op::Split { .. }));
            if let Some(scenario) = catalog.scenarios.get_mut(usize::from(number)) {
                scenario.goal = scenario.goal.max(goal);
                scenario.has_splits |= has_splits;
            }
            let mut places = UnitPlaces { scenario: number, ..UnitPlaces::default() };
            for step in steps {
                let (mut send, mut arms) = (None, Vec::new());
                match &step.op {
                    Op::Send(op) => send = Some(catalog.send(number, step.ordinal, op)),
                    Op::Split { name, arms: of } => arms = of.iter().map(|arm| catalog.arm(name, &arm.name)).collect(),
                    _ => {}
                }
                places.steps.push(send);
                places.arms.push(arms);
            }
            places.ahead = ahead(&unit.scenario, &places.steps);
            let comes_again = catalog.comes_again(&places.steps);
            if let Some(scenario) = catalog.scenarios.get_mut(usize::from(number)) {
                scenario.comes_again |= comes_again;
            }
            catalog.units.push(places);
        }
        let steps = program.units().iter().flat_map(|unit| unit.scenario.steps.values());
        for step in steps {
            if let Op::Start { scenario } = &step.op
                && let Some(started) = catalog.scenarios.iter_mut().find(|known| known.name == *scenario)
            {
                started.is_started = true;
            }
        }
        for (slot, event) in program.needs().events.iter().enumerate() {
            let units = program.units_with_revenue(slot as u16);
            let kind = (!units.is_empty()).then(|| {
                let mut scenarios: Vec<u16> = units.iter().filter_map(|unit| catalog.scenario_of(*unit)).collect();
                scenarios.dedup();
                let has_money = program.has_revenue(slot as u16);
                catalog.kinds.push(CatalogKind { name: event.name.clone(), scenarios, has_money });
                catalog.kinds.len() as u32 - 1
            });
            catalog.slots.push(kind);
        }
        catalog
    }

    fn send(&mut self, scenario: u16, number: u16, send: &Send) -> u32 {
        let messages = send.alternatives.iter().map(|each| self.message(&each.channel, &each.message)).collect();
        self.step(CatalogStep { scenario, number, messages, is_marketing: send.class == Class::Marketing })
    }

    /// Whether two of these instructions are one step, or send one message.
    fn comes_again(&self, steps: &[Option<u32>]) -> bool {
        let steps: Vec<u32> = steps.iter().copied().flatten().collect();
        let of = |step: &u32| self.steps.get(*step as usize).map_or(&[][..], |step| step.messages.as_slice());
        let mut messages: Vec<u32> = steps.iter().flat_map(of).copied().collect();
        let all = messages.len();
        messages.sort_unstable();
        messages.dedup();
        messages.len() < all
    }

    /// By instruction of a version that may not be in the program: the steps that may be the next to send.
    pub fn ahead_of(&mut self, version: &Scenario) -> Vec<Vec<u32>> {
        let scenario = self.scenario(&version.name);
        let send = |step: &Step| match &step.op {
            Op::Send(send) => Some(self.send(scenario, step.ordinal, send)),
            _ => None,
        };
        let sends: Vec<Option<u32>> = version.steps.values().iter().map(send).collect();
        ahead(version, &sends)
    }

    /// The number of a scenario; one that is not known gets one.
    pub fn scenario(&mut self, name: &str) -> u16 {
        let (goal, has_splits, comes_again, is_started) = (GoalKind::None, false, false, false);
        let make = || CatalogScenario { name: name.to_owned(), goal, has_splits, comes_again, is_started };
        place(&mut self.scenarios, |known| known.name == name, make) as u16
    }

    pub fn step(&mut self, step: CatalogStep) -> u32 {
        place(&mut self.steps, |known| *known == step, || step.clone()) as u32
    }

    pub fn message(&mut self, channel: &str, message: &str) -> u32 {
        let make = || (channel.to_owned(), message.to_owned());
        place(&mut self.messages, |known| known.0 == channel && known.1 == message, make) as u32
    }

    pub fn arm(&mut self, split: &str, arm: &str) -> u32 {
        let make = || (split.to_owned(), arm.to_owned());
        place(&mut self.arms, |known| known.0 == split && known.1 == arm, make) as u32
    }

    /// The number of an event with money, whose money is counted by these scenarios too.
    pub fn kind(&mut self, name: &str, scenarios: &[u16], has_money: bool) -> u32 {
        let make = || CatalogKind { name: name.to_owned(), scenarios: Vec::new(), has_money: false };
        let number = place(&mut self.kinds, |known| known.name == name, make);
        if let Some(kind) = self.kinds.get_mut(number) {
            kind.has_money |= has_money;
            kind.scenarios.extend_from_slice(scenarios);
            kind.scenarios.sort_unstable();
            kind.scenarios.dedup();
        }
        number as u32
    }

    /// The scenario of a unit of the program.
    pub fn scenario_of(&self, unit: u16) -> Option<u16> {
        self.units.get(usize::from(unit)).map(|places| places.scenario)
    }

    /// The `send` at an instruction of the program.
    pub fn step_of(&self, unit: u16, step: StepIx) -> Option<u32> {
        self.units.get(usize::from(unit))?.steps.get(step.0 as usize).copied().flatten()
    }

    /// The arm of a split of the program.
    pub fn arm_of(&self, unit: u16, step: StepIx, arm: u16) -> Option<u32> {
        self.units.get(usize::from(unit))?.arms.get(step.0 as usize)?.get(usize::from(arm)).copied()
    }

    /// The steps that may be the next to send, of a journey that stands in a wait of the program.
    pub fn ahead(&self, unit: u16, wait: StepIx) -> &[u32] {
        let ahead = self.units.get(usize::from(unit)).and_then(|places| places.ahead.get(wait.0 as usize));
        ahead.map_or(&[], Vec::as_slice)
    }

    /// An event of the program whose money counts.
    pub fn kind_of(&self, slot: u16) -> Option<u32> {
        self.slots.get(usize::from(slot)).copied().flatten()
    }

    /// The message of an alternative of a step.
    pub fn message_at(&self, step: u32, alternative: u8) -> Option<u32> {
        self.steps.get(step as usize)?.messages.get(usize::from(alternative)).copied()
    }

    /// The events whose money should count for a scenario, and that have none, or several.
    pub fn without_money(&self, scenario: u16) -> Vec<String> {
        let kinds = self.kinds.iter().filter(|kind| kind.scenarios.contains(&scenario) && !kind.has_money);
        kinds.map(|kind| kind.name.clone()).collect()
    }
}

/// The place of what is in a list, where it is added if it is not there. The lists are short: names of a program.
fn place<T>(list: &mut Vec<T>, is: impl FnMut(&T) -> bool, make: impl FnOnce() -> T) -> usize {
    if let Some(place) = list.iter().position(is) {
        return place;
    }
    list.push(make());
    list.len() - 1
}

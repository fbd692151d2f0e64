//! Which steps and branches of scenarios tests reach.

use crate::engine::{Program, Told, TraceLine};
use crate::ir::{Op, Scenario, StepIx};
use std::collections::{BTreeMap, BTreeSet};

/// What tests have reached so far, over all of them.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Scenario and number of the step: what a `repeat` writes several times is one step.
    steps: BTreeSet<(String, u16)>,
    branches: BTreeSet<(String, Choice, Way)>,
}

/// A place at which a scenario goes one way or another: the step, and which of its choices it is.
type Choice = (u16, u16);

/// Where a choice leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// The condition is true.
    Holds,
    /// It is false or unknown.
    DoesNotHold,
    /// This arm of a `split`.
    Arm(String),
}

/// What of one scenario is reached.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    /// Each step, at one of its places, in the order of the text.
    pub steps: Vec<(StepIx, bool)>,
    pub branches: Vec<(StepIx, Way, bool)>,
}

impl Coverage {
    /// Adds what one test went through.
    pub fn add(&mut self, program: &Program, trace: &[TraceLine]) {
        for line in trace {
            let Some(scenario) = program.unit(line.unit).map(|unit| &unit.scenario) else { continue };
            let Some((place, step)) = line.step.and_then(|place| Some((place, scenario.steps.get(place)?))) else {
                continue;
            };
            self.steps.insert((scenario.name.clone(), step.ordinal));
            let way = match (&line.what, &step.op) {
                (Told::Branch { holds: Some(true) }, _) => Way::Holds,
                (Told::Branch { .. }, _) => Way::DoesNotHold,
                (Told::Drew { arm }, Op::Split { arms, .. }) => match arms.get(usize::from(*arm)) {
                    Some(arm) => Way::Arm(arm.name.clone()),
                    None => continue,
                },
                _ => continue,
            };
            if let Some(choice) = choices(scenario).remove(&place) {
                self.branches.insert((scenario.name.clone(), choice, way));
            }
        }
    }

    /// What of a scenario is reached.
    pub fn of(&self, scenario: &Scenario) -> Reached {
        let mut reached = Reached::default();
        let mut seen = BTreeSet::new();
        for (place, step) in scenario.steps.iter() {
            if !matches!(step.op, Op::Jump(_) | Op::End) && seen.insert(step.ordinal) {
                let is_reached = self.steps.contains(&(scenario.name.clone(), step.ordinal));
                reached.steps.push((place, is_reached));
            }
        }
        let mut seen = BTreeSet::new();
        for (place, choice) in choices(scenario) {
            if !seen.insert(choice) {
                continue;
            }
            let ways = match scenario.steps.get(place).map(|step| &step.op) {
                Some(Op::Split { arms, .. }) => arms.iter().map(|arm| Way::Arm(arm.name.clone())).collect(),
                _ => vec![Way::Holds, Way::DoesNotHold],
            };
            for way in ways {
                let is_reached = self.branches.contains(&(scenario.name.clone(), choice, way.clone()));
                reached.branches.push((place, way, is_reached));
            }
        }
        reached
    }
}

impl Reached {
    /// How many steps and branches are reached, and how many there are.
    pub fn counts(&self) -> (usize, usize) {
        let steps = self.steps.iter().filter(|(_, reached)| *reached).count();
        let branches = self.branches.iter().filter(|(.., reached)| *reached).count();
        (steps + branches, self.steps.len() + self.branches.len())
    }
}

/// The choices of a scenario: those of one step are numbered, in each turn of a `repeat` alike.
fn choices(scenario: &Scenario) -> BTreeMap<StepIx, Choice> {
    let mut counts: BTreeMap<(u16, u32), u16> = BTreeMap::new();
    let mut choices = BTreeMap::new();
    for (place, step) in scenario.steps.iter() {
        if matches!(step.op, Op::Branch { .. } | Op::Split { .. }) {
            let count = counts.entry((step.ordinal, step.visit)).or_default();
            choices.insert(place, (step.ordinal, *count));
            *count += 1;
        }
    }
    choices
}

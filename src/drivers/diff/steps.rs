//! Which scenario and which step of one program is which of another.

use crate::ir::{Bundle, KeptVersion, Op, Scenario};
use std::collections::{BTreeMap, BTreeSet};

/// A scenario of either program; of both where it is in both.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Known {
    pub old: Option<String>,
    pub new: Option<String>,
}

impl Known {
    /// As it is called: `a`, or `a, now b`.
    pub fn name(&self) -> String {
        match (&self.old, &self.new) {
            (Some(old), Some(new)) if old != new => format!("{old}, now {new}"),
            (Some(name), _) | (_, Some(name)) => name.clone(),
            (None, None) => String::new(),
        }
    }
}

/// All scenarios of two programs, in the order of names. A scenario is the same by its name; one that went is the one that came
/// where they differ in nothing but the name, or where no other begins with the same events and sends one of its messages.
pub fn scenarios(old: &Bundle, new: &Bundle) -> Vec<Known> {
    let is_in = |bundle: &Bundle, name: &str| bundle.scenarios.iter().any(|scenario| scenario.name == name);
    let mut went: Vec<&Scenario> = old.scenarios.iter().filter(|scenario| !is_in(new, &scenario.name)).collect();
    let mut came: Vec<&Scenario> = new.scenarios.iter().filter(|scenario| !is_in(old, &scenario.name)).collect();
    let mut known: Vec<Known> = Vec::new();
    for is_same in [is_but_renamed, resembles] {
        for scenario in went.clone() {
            let others = |other: &&&Scenario| is_same(scenario, other);
            let mut candidates = came.iter().filter(others);
            let (Some(other), None) = (candidates.next().copied(), candidates.next()) else { continue };
            if went.iter().filter(|each| is_same(each, other)).count() == 1 {
                known.push(Known { old: Some(scenario.name.clone()), new: Some(other.name.clone()) });
                went.retain(|each| each.name != scenario.name);
                came.retain(|each| each.name != other.name);
            }
        }
    }
    let both = old.scenarios.iter().filter(|scenario| is_in(new, &scenario.name)).map(|scenario| &scenario.name);
    known.extend(both.map(|name| Known { old: Some(name.clone()), new: Some(name.clone()) }));
    known.extend(went.iter().map(|scenario| Known { old: Some(scenario.name.clone()), new: None }));
    known.extend(came.iter().map(|scenario| Known { old: None, new: Some(scenario.name.clone()) }));
    known.sort_by_key(|known| known.old.clone().or_else(|| known.new.clone()));
    known
}

fn is_but_renamed(one: &Scenario, other: &Scenario) -> bool {
    *one == Scenario { name: one.name.clone(), ..other.clone() }
}

fn resembles(one: &Scenario, other: &Scenario) -> bool {
    let (first, second) = (messages(one), messages(other));
    begins_with(one) == begins_with(other) && first.intersection(&second).next().is_some()
}

fn begins_with(scenario: &Scenario) -> BTreeSet<&str> {
    let events =
        scenario.start.events().iter().filter_map(|trigger| scenario.code.events.get(usize::from(trigger.event)));
    events.map(|event| event.name.as_str()).collect()
}

fn messages(scenario: &Scenario) -> BTreeSet<&str> {
    let sends = scenario.steps.values().iter().filter_map(|step| match &step.op {
        Op::Send(send) => Some(&send.alternatives),
        _ => None,
    });
    sends.flatten().map(|alternative| alternative.message.as_str()).collect()
}

/// Numbers of steps that a step of the other program has none of.
const OWN: u32 = 1 << 16;

/// Of each step of `other`, by scenario and number, the number of the step of `old` that it is; one that is none has a number
/// that no step of `old` has.
pub fn steps(known: &[Known], old: &Bundle, other: &Bundle) -> BTreeMap<(String, u16), u32> {
    let versions: Vec<KeptVersion> = old.versions().collect();
    let mut steps = BTreeMap::new();
    for version in other.versions() {
        let scenario = &version.version.scenario;
        let counterpart = versions.iter().find(|each| is_known(known, &each.version.scenario.name, &scenario.name));
        let mut of_new: BTreeMap<u16, u16> = BTreeMap::new();
        if let Some(counterpart) = counterpart {
            let pairs = counterpart.version.counterparts(&version.version);
            let pairs = with_alone(pairs, &counterpart.version.scenario, scenario);
            of_new.extend(pairs.into_iter().map(|(old, new)| (new, old)));
        }
        for step in scenario.steps.values() {
            let number = of_new.get(&step.ordinal).map_or(OWN | u32::from(step.ordinal), |old| u32::from(*old));
            steps.insert((scenario.name.clone(), step.ordinal), number);
        }
    }
    steps
}

fn is_known(known: &[Known], old: &str, other: &str) -> bool {
    let mine = known.iter().find(|known| known.old.as_deref() == Some(old));
    old == other || mine.is_some_and(|known| known.new.as_deref() == Some(other))
}

/// Adds the steps that do something and stand alone between the same two steps: `send email a` that became `send email b`.
fn with_alone(pairs: BTreeMap<u16, u16>, old: &Scenario, new: &Scenario) -> BTreeMap<u16, u16> {
    let (old, new) = (doing(old), doing(new));
    let taken: BTreeSet<u16> = pairs.values().copied().collect();
    let mut all = pairs.clone();
    for (number, kind) in old.iter().filter(|(number, _)| !pairs.contains_key(number)) {
        let before = pairs.range(..number).next_back().map_or((0, 0), |(old, new)| (*old, *new));
        let after = pairs.range(number..).next().map_or((u16::MAX, u16::MAX), |(old, new)| (*old, *new));
        let between = |from: u16, to: u16| move |step: &&(u16, &str)| from < step.0 && step.0 < to && step.1 == *kind;
        let is_alone = old.iter().filter(between(before.0, after.0)).count() == 1;
        let mut others = new.iter().filter(|step| !taken.contains(&step.0)).filter(between(before.1, after.1));
        if let (true, Some(other), None) = (is_alone, others.next(), others.next()) {
            all.insert(*number, other.0);
        }
    }
    all
}

/// The steps that have effects, by number, with what they do.
fn doing(scenario: &Scenario) -> Vec<(u16, &'static str)> {
    let mut steps: Vec<(u16, &'static str)> = scenario
        .steps
        .values()
        .iter()
        .filter_map(|step| {
            let kind = match &step.op {
                Op::Send(_) => "send",
                Op::Set { .. } => "set",
                Op::Tag { add: true, .. } => "tag",
                Op::Tag { add: false, .. } => "untag",
                Op::Credit { .. } => "credit",
                Op::Debit { .. } => "debit",
                Op::Start { .. } => "start",
                Op::Erase => "erase",
                Op::Call { .. } => "call",
                _ => return None,
            };
            Some((step.ordinal, kind))
        })
        .collect();
    steps.sort_unstable();
    steps.dedup();
    steps
}

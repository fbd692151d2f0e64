//! Where an instance of one version stands in another: what lies before a wait and behind it, in both.

use super::migrate::Stays;
use crate::ir::{Arena, Expr, ExprIx, Op, Scenario, Step, StepIx};
use crate::model::Literal;
use std::collections::{BTreeMap, BTreeSet};
use std::mem::discriminant;

/// From a wait of the old version to the same one of the new.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub to: StepIx,
    /// Steps of the old version that were done before, or may have been: number and turn.
    pub done: Vec<(u16, u32)>,
    /// Steps of the new version that may still come.
    pub coming: Vec<(u16, u32)>,
}

/// What an instance does at an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// It waits for an instant.
    Waits,
    /// It waits for a condition.
    WaitsFor,
    Acts,
    /// It chooses its way, or ends.
    Goes,
}

fn role(step: &Step) -> Role {
    match step.op {
        Op::Wait(_) | Op::WaitUntil(_) => Role::Waits,
        Op::WaitFor { .. } => Role::WaitsFor,
        Op::Branch { .. } | Op::Jump(_) | Op::Split { .. } | Op::Stop | Op::End => Role::Goes,
        Op::Send(_)
        | Op::Set { .. }
        | Op::Tag { .. }
        | Op::Credit { .. }
        | Op::Debit { .. }
        | Op::Start { .. }
        | Op::Erase
        | Op::Call { .. } => Role::Acts,
    }
}

/// The instruction of the new version that each of the old one is, where something is done or waited for: of the same
/// step, in the same turn, of the same kind. `steps` are the counterparts of the steps of the text.
pub(super) fn counterparts(
    old: &Arena<StepIx, Step>,
    new: &Arena<StepIx, Step>,
    steps: &BTreeMap<u16, u16>,
) -> BTreeMap<StepIx, StepIx> {
    let is_kept = |(_, step): &(StepIx, &Step)| role(step) != Role::Goes;
    let places: BTreeMap<(u16, u32), (StepIx, &Step)> =
        new.iter().filter(is_kept).map(|(place, step)| ((step.ordinal, step.visit), (place, step))).collect();
    let counterpart = |(place, step): (StepIx, &Step)| {
        let (to, same) = places.get(&(*steps.get(&step.ordinal)?, step.visit))?;
        let is_alike = match (role(step), role(same)) {
            (Role::Acts, Role::Acts) => discriminant(&step.op) == discriminant(&same.op),
            (one, two) => one == two,
        };
        is_alike.then_some((place, *to))
    };
    old.iter().filter(is_kept).filter_map(counterpart).collect()
}

/// From each wait of the old version to the new one.
pub(super) fn ways(
    old: &Scenario,
    new: &Scenario,
    counterparts: &BTreeMap<StepIx, StepIx>,
) -> BTreeMap<StepIx, Result<Way, Stays>> {
    let waits = old.steps.iter().filter(|(_, step)| matches!(role(step), Role::Waits | Role::WaitsFor));
    waits.map(|(at, _)| (at, way(old, new, counterparts, at))).collect()
}

fn way(old: &Scenario, new: &Scenario, counterparts: &BTreeMap<StepIx, StepIx>, at: StepIx) -> Result<Way, Stays> {
    let to = *counterparts.get(&at).ok_or(Stays::NoStep)?;
    if engagement(old, at) != engagement(new, to) {
        return Err(Stays::NoStep);
    }
    let (done, left) = (acts_before(old, at), acts_behind(old, at));
    let (passed, coming) = (acts_before(new, to), acts_behind(new, to));
    let same = |step: &StepIx| counterparts.get(step);
    // What was done does not come again, and what is to come is not passed over.
    if done.iter().filter_map(same).any(|step| coming.contains(step))
        || left.iter().filter_map(same).any(|step| passed.contains(step))
    {
        return Err(Stays::Order);
    }
    // Nor does a new step that does the same as one that was done and is gone: it may be that one, moved and edited.
    let known: BTreeSet<&StepIx> = counterparts.values().collect();
    let gone: Vec<&StepIx> = done.iter().filter(|step| !counterparts.contains_key(step)).collect();
    let mut added = coming.iter().filter(|step| !known.contains(step));
    if added.any(|new_one| gone.iter().any(|old_one| is_like(old, **old_one, new, *new_one))) {
        return Err(Stays::Order);
    }
    let numbers = |scenario: &Scenario, steps: &BTreeSet<StepIx>| {
        let steps = steps.iter().filter_map(|step| scenario.steps.get(*step));
        steps.map(|step| (step.ordinal, step.visit)).collect()
    };
    Ok(Way { to, done: numbers(old, &done), coming: numbers(new, &coming) })
}

/// The messages for whose engagement a wait waits.
fn engagement(scenario: &Scenario, at: StepIx) -> &[String] {
    match scenario.steps.get(at).map(|step| &step.op) {
        Some(Op::WaitFor { engagement, .. }) => engagement,
        _ => &[],
    }
}

/// Whether two steps do the same to the contact, so that one may be the other after an edit. Of a tag that is
/// put on twice, others may be told twice.
fn is_like(old: &Scenario, old_one: StepIx, new: &Scenario, new_one: StepIx) -> bool {
    fn field(scenario: &Scenario, slot: u16) -> Option<&str> {
        scenario.code.contact.get(usize::from(slot)).map(|field| field.name.as_str())
    }
    fn literal(scenario: &Scenario, ix: ExprIx) -> Option<&Literal> {
        match scenario.code.exprs.get(ix) {
            Some(Expr::Literal(literal)) => Some(literal),
            _ => None,
        }
    }
    let (Some(one), Some(two)) = (old.steps.get(old_one), new.steps.get(new_one)) else { return false };
    match (&one.op, &two.op) {
        (Op::Send(one), Op::Send(two)) => {
            one.alternatives.iter().any(|each| two.alternatives.iter().any(|other| each.message == other.message))
        }
        (Op::Set { field: one, .. }, Op::Set { field: two, .. }) => field(old, *one) == field(new, *two),
        (Op::Tag { add: one, tag }, Op::Tag { add: two, tag: other }) => {
            // A tag that is worked out may be any.
            let (tag, other) = (literal(old, *tag), literal(new, *other));
            one == two && (tag.is_none() || other.is_none() || tag == other)
        }
        (Op::Credit { account: one, .. }, Op::Credit { account: two, .. })
        | (Op::Debit { account: one, .. }, Op::Debit { account: two, .. })
        | (Op::Start { scenario: one }, Op::Start { scenario: two })
        | (Op::Call { webhook: one, .. }, Op::Call { webhook: two, .. }) => one == two,
        _ => false,
    }
}

/// Where an instruction may lead.
fn next(at: StepIx, step: &Step) -> Vec<StepIx> {
    let on = StepIx(at.0.saturating_add(1));
    match &step.op {
        Op::Stop if step.guard.is_none() => Vec::new(),
        Op::End => Vec::new(),
        Op::Jump(to) => vec![*to],
        Op::Branch { otherwise, .. } => vec![on, *otherwise],
        Op::Split { arms, .. } => arms.iter().map(|arm| arm.to).collect(),
        _ => vec![on],
    }
}

/// The acts that may come after a wait, those of `goal ... then` among them.
fn acts_behind(scenario: &Scenario, wait: StepIx) -> BTreeSet<StepIx> {
    let then = scenario.goal.as_ref().and_then(|goal| goal.then);
    let mut open: Vec<StepIx> = [StepIx(wait.0.saturating_add(1))].into_iter().chain(then).collect();
    let mut seen: BTreeSet<StepIx> = BTreeSet::new();
    while let Some(at) = open.pop() {
        if let Some(step) = scenario.steps.get(at)
            && seen.insert(at)
        {
            open.extend(next(at, step));
        }
    }
    acts(scenario, seen)
}

/// The acts from which a wait may be reached.
fn acts_before(scenario: &Scenario, wait: StepIx) -> BTreeSet<StepIx> {
    let mut from: BTreeMap<StepIx, Vec<StepIx>> = BTreeMap::new();
    for (at, step) in scenario.steps.iter() {
        next(at, step).into_iter().for_each(|to| from.entry(to).or_default().push(at));
    }
    let mut open = vec![wait];
    let mut seen: BTreeSet<StepIx> = BTreeSet::new();
    while let Some(at) = open.pop() {
        let before = from.get(&at).map_or(&[] as &[StepIx], Vec::as_slice);
        open.extend(before.iter().filter(|each| seen.insert(**each)));
    }
    acts(scenario, seen)
}

fn acts(scenario: &Scenario, mut steps: BTreeSet<StepIx>) -> BTreeSet<StepIx> {
    steps.retain(|at| scenario.steps.get(*at).is_some_and(|step| role(step) == Role::Acts));
    steps
}

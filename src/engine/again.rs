//! What of a message is judged once more when it is claimed: the claim asks what has happened since, and what the scenario itself
//! does after the message, before its next wait, is no news, nor what a scenario does at once that it starts there.
//!
//! In a run a message is claimed after all that happens at the instant at which it came due. Test and simulation claim it there
//! too, but where nothing more can change the answer: then it leaves where it is decided.

use super::messages::TELLING;
use crate::ir::{Code, Expr, ExprIx, Guard, Op, ProbeIx, Scenario, Send, Step, StepIx};
use crate::model::TAGS;
use std::collections::{BTreeMap, BTreeSet};

/// What is judged once more of a `send`.
#[derive(Clone, Debug)]
pub(super) struct JudgedAgain {
    /// The parts of its guard that the scenario itself does not change, any of which holds the message back.
    pub guards: Vec<Guard>,
    pub changes: Changes,
}

/// What may change the answer at the very instant at which a message comes due, after it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Changes {
    Nothing,
    /// Rows of the CRM alone.
    Rows,
    /// What scenarios do, too.
    Scenarios,
}

/// What steps change of their contact.
#[derive(Clone, Debug, Default)]
struct Changed {
    /// By their names.
    fields: BTreeSet<String>,
    accounts: BTreeSet<String>,
    /// The events that it makes.
    events: BTreeSet<&'static str>,
    /// The scenarios that it starts.
    scenarios: BTreeSet<String>,
}

/// Of each scenario of a program, its messages by their steps. `current` finds the scenario that a `start` starts.
pub(super) fn judged_again<'a>(
    scenarios: &[&'a Scenario],
    current: impl Fn(&str) -> Option<&'a Scenario>,
) -> Vec<BTreeMap<StepIx, JudgedAgain>> {
    let mut by_any = Changed::default();
    for scenario in scenarios {
        scenario.steps.values().iter().for_each(|step| by_any.add(&scenario.code, step));
        by_any.scenarios.insert(scenario.name.clone());
    }
    by_any.events.extend(TELLING);
    let of = |scenario: &'a Scenario| {
        let mut all = BTreeMap::new();
        for (at, step) in scenario.steps.iter() {
            let Op::Send(send) = &step.op else { continue };
            let changed = changed_after(scenario, at, &current);
            let parts = step.guard.iter().flat_map(|guard| parts(&scenario.code, guard));
            let guards: Vec<Guard> = parts.filter(|part| !reads(&scenario.code, condition(part), &changed)).collect();
            let changes = changes(scenario, send, &guards, &by_any);
            all.insert(at, JudgedAgain { guards, changes });
        }
        all
    };
    scenarios.iter().copied().map(of).collect()
}

/// What of all that is judged at the claim others may change. The goal is not judged there, but one that is reached at this
/// instant comes before the message.
fn changes(scenario: &Scenario, send: &Send, guards: &[Guard], by_any: &Changed) -> Changes {
    let ways = send.alternatives.iter().flat_map(|each| each.consent.into_iter().chain([each.address]));
    let goal = scenario.goal.iter().map(|goal| goal.condition);
    let asked: Vec<ExprIx> = guards.iter().map(condition).chain(scenario.stop_when).chain(ways).chain(goal).collect();
    // Whatever is done to the contact is a moment at which goals are asked.
    let asks_again = scenario.goal.is_some() && by_any.acts();
    if asks_again || asked.iter().any(|ix| reads(&scenario.code, *ix, by_any)) {
        Changes::Scenarios
    } else if asked.iter().any(|ix| reads_rows(&scenario.code, *ix)) {
        Changes::Rows
    } else {
        Changes::Nothing
    }
}

/// Whether an expression looks at what has happened.
fn reads_rows(code: &Code, ix: ExprIx) -> bool {
    use Expr::{Aggregate, Balance, History, Recommend, Scan};
    let Some(expr) = code.exprs.get(ix) else { return false };
    matches!(expr, History { .. } | Scan { .. } | Recommend { .. } | Aggregate(_) | Balance(_))
        || expr.operands().iter().any(|operand| reads_rows(code, *operand))
}

fn condition(guard: &Guard) -> ExprIx {
    match guard {
        Guard::Unless(condition) | Guard::OnlyIf(condition) => *condition,
    }
}

/// `unless a or b` is `unless a` and `unless b`, `only if a and b` is `only if a` and `only if b`.
fn parts(code: &Code, guard: &Guard) -> Vec<Guard> {
    let joined = |each: &dyn Fn(ExprIx) -> Guard, all: &[ExprIx]| {
        all.iter().flat_map(|part| parts(code, &each(*part))).collect()
    };
    match (guard, code.exprs.get(condition(guard))) {
        (Guard::Unless(_), Some(Expr::Or(all))) => joined(&Guard::Unless, all),
        (Guard::OnlyIf(_), Some(Expr::And(all))) => joined(&Guard::OnlyIf, all),
        _ => vec![guard.clone()],
    }
}

/// What a scenario does between a step and the next waits, and what those that it starts there do before theirs.
fn changed_after<'a>(scenario: &'a Scenario, at: StepIx, current: &impl Fn(&str) -> Option<&'a Scenario>) -> Changed {
    let mut changed = Changed::default();
    let mut seen: BTreeSet<(&str, StepIx)> = BTreeSet::new();
    // A scenario that starts itself does so from its beginning: the place in it tells the two apart.
    let mut ahead: Vec<(&Scenario, StepIx)> = vec![(scenario, StepIx(at.0 + 1))];
    while let Some((of, at)) = ahead.pop() {
        let Some(step) = of.steps.get(at).filter(|_| seen.insert((&of.name, at))) else { continue };
        changed.add(&of.code, step);
        let next = StepIx(at.0 + 1);
        match &step.op {
            Op::Wait(_) | Op::WaitUntil(_) | Op::WaitFor { .. } if step.guard.is_none() => {}
            Op::Stop | Op::End if step.guard.is_none() => {}
            Op::Jump(to) => ahead.push((of, *to)),
            Op::Branch { otherwise, .. } => ahead.extend([(of, next), (of, *otherwise)]),
            Op::Split { arms, .. } => ahead.extend(arms.iter().map(|arm| (of, arm.to))),
            Op::Start { scenario } => {
                ahead.push((of, next));
                ahead.extend(current(scenario).map(|started| (started, StepIx(0))));
            }
            _ => ahead.push((of, next)),
        }
    }
    changed
}

impl Changed {
    fn add(&mut self, code: &Code, step: &Step) {
        match &step.op {
            Op::Set { field, .. } => {
                self.fields.extend(code.contact.get(usize::from(*field)).map(|field| field.name.clone()));
                self.events.insert("changed");
            }
            Op::Tag { add, .. } => {
                self.fields.insert(TAGS.to_owned());
                self.events.insert(if *add { "tagged" } else { "untagged" });
            }
            Op::Credit { account, .. } => {
                self.accounts.insert(account.clone());
                self.events.insert("credited");
            }
            Op::Debit { account, .. } => {
                self.accounts.insert(account.clone());
                self.events.insert("debited");
            }
            Op::Start { scenario } => drop(self.scenarios.insert(scenario.clone())),
            _ => {}
        }
    }

    /// Whether anything is done to the contact.
    fn acts(&self) -> bool {
        !(self.fields.is_empty() && self.accounts.is_empty())
    }

    fn has_event(&self, code: &Code, probe: ProbeIx) -> bool {
        let event = code.probes.get(probe).and_then(|probe| code.events.get(usize::from(probe.event)));
        event.is_some_and(|event| self.events.contains(event.name.as_str()))
    }
}

/// Whether an expression reads what was changed.
fn reads(code: &Code, ix: ExprIx, changed: &Changed) -> bool {
    let Some(expr) = code.exprs.get(ix) else { return false };
    let reads_itself = match expr {
        Expr::Contact(slot) => {
            code.contact.get(usize::from(*slot)).is_some_and(|field| changed.fields.contains(&field.name))
        }
        Expr::Balance(account) => changed.accounts.contains(account),
        Expr::InScenario(name) => changed.scenarios.contains(name),
        Expr::History { probe, .. } | Expr::Scan { probe, .. } | Expr::Recommend { probe, .. } => {
            changed.has_event(code, *probe)
        }
        Expr::Aggregate(aggregate) => changed.has_event(code, aggregate.probe),
        _ => false,
    };
    reads_itself || expr.operands().iter().any(|operand| reads(code, *operand, changed))
}

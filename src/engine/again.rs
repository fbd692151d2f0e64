//! What of a guard is judged once more when its message is claimed: the claim asks what has happened since, and what the
//! scenario itself does after the message, before its next wait, is no news.

use crate::ir::{Code, Expr, ExprIx, Guard, Op, ProbeIx, Scenario, Step, StepIx};
use crate::model::TAGS;
use std::collections::{BTreeMap, BTreeSet};

/// What steps change of their contact.
#[derive(Clone, Debug, Default)]
struct Changed {
    /// By their names.
    fields: BTreeSet<String>,
    accounts: BTreeSet<String>,
    /// The events that it makes.
    events: BTreeSet<&'static str>,
}

/// Of each guarded `send` after which its scenario changes what the guard reads: the parts of the guard that it does not
/// change, any of which holds the message back.
pub(super) fn judged_again(scenario: &Scenario) -> BTreeMap<StepIx, Vec<Guard>> {
    let mut all = BTreeMap::new();
    for (at, step) in scenario.steps.iter() {
        let (Op::Send(_), Some(guard)) = (&step.op, &step.guard) else { continue };
        let changed = changed_after(scenario, at);
        let parts = parts(&scenario.code, guard);
        let count = parts.len();
        let kept: Vec<Guard> =
            parts.into_iter().filter(|part| !reads(&scenario.code, condition(part), &changed)).collect();
        if kept.len() < count {
            all.insert(at, kept);
        }
    }
    all
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

/// What a scenario does between a step and the next waits.
fn changed_after(scenario: &Scenario, at: StepIx) -> Changed {
    let mut changed = Changed::default();
    let mut seen = BTreeSet::new();
    let mut ahead = vec![StepIx(at.0 + 1)];
    while let Some(at) = ahead.pop() {
        let Some(step) = scenario.steps.get(at).filter(|_| seen.insert(at)) else { continue };
        changed.add(&scenario.code, step);
        match &step.op {
            Op::Wait(_) | Op::WaitUntil(_) | Op::WaitFor { .. } if step.guard.is_none() => {}
            Op::Stop | Op::End if step.guard.is_none() => {}
            Op::Jump(to) => ahead.push(*to),
            Op::Branch { otherwise, .. } => ahead.extend([StepIx(at.0 + 1), *otherwise]),
            Op::Split { arms, .. } => ahead.extend(arms.iter().map(|arm| arm.to)),
            _ => ahead.push(StepIx(at.0 + 1)),
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
            _ => {}
        }
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
        Expr::History { probe, .. } | Expr::Scan { probe, .. } | Expr::Recommend { probe, .. } => {
            changed.has_event(code, *probe)
        }
        Expr::Aggregate(aggregate) => changed.has_event(code, aggregate.probe),
        _ => false,
    };
    reads_itself || expr.operands().iter().any(|operand| reads(code, *operand, changed))
}

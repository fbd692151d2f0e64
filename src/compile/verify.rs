//! What holds of every program that is let through.

use crate::ir::{Expr, ExprIx, Guard, Moment, Op, Scenario, Start, Step, StepIx};

/// Whether an accepted program keeps its promises: every step leads somewhere, no way comes back to where it was, each
/// sequence ends, and each message has a channel. (Its class is in its type.)
pub fn is_sound(scenario: &Scenario) -> bool {
    let steps = scenario.steps.values();
    let within = |target: StepIx, from: usize| {
        let target = usize::from(target);
        // Only forward, so that no cycle can be, with a wait or without.
        target > from && target < steps.len()
    };
    let exprs = scenario.code.exprs.len();
    let known = |expr: &ExprIx| usize::from(*expr) < exprs;
    let sound = |(place, step): (usize, &Step)| {
        let guard = match &step.guard {
            Some(Guard::Unless(condition) | Guard::OnlyIf(condition)) => known(condition),
            None => true,
        };
        guard
            && match &step.op {
                Op::Branch { condition, otherwise } => known(condition) && within(*otherwise, place),
                Op::Jump(target) => within(*target, place),
                Op::Send(send) => {
                    let waits = |wait: StepIx| {
                        usize::from(wait) < place
                            && scenario.steps.get(wait).is_some_and(|step| {
                                matches!(step.op, Op::Wait(_) | Op::WaitUntil(_) | Op::WaitFor { .. })
                            })
                    };
                    !send.alternatives.is_empty()
                        && send.alternatives.iter().all(|each| known(&each.address))
                        && send.with.iter().all(|each| known(&each.value))
                        && send.together.is_none_or(waits)
                }
                Op::Wait(expr) => known(expr),
                Op::WaitFor { limit, condition, .. } => known(limit) && known(condition),
                Op::WaitUntil(Moment::At(expr) | Moment::Anniversary(expr)) => known(expr),
                Op::WaitUntil(Moment::Weekly { .. }) | Op::Stop | Op::End => true,
                _ => true, // waist
            }
    };
    let ends = matches!(steps.last(), Some(Step { op: Op::End, .. }));
    let then = scenario.goal.as_ref().and_then(|goal| goal.then);
    let then_is_apart = then.is_none_or(|then| {
        usize::from(then).checked_sub(1).and_then(|before| steps.get(before)).is_some_and(|step| step.op == Op::End)
    });
    ends && then_is_apart
        && !matches!(&scenario.start, Start::Events(events) if events.is_empty())
        && steps.iter().enumerate().all(sound)
        && scenario.code.exprs.iter().all(|(place, expr)| refers_back(place, expr))
}

/// Expressions come after those they are made of, so that none is made of itself.
fn refers_back(place: ExprIx, expr: &Expr) -> bool {
    let before = |other: &ExprIx| *other < place;
    match expr {
        Expr::Field { of: one, .. }
        | Expr::Has(one)
        | Expr::IsEmpty(one)
        | Expr::Not(one)
        | Expr::Negate(one)
        | Expr::Round(one) => before(one),
        Expr::And(all) | Expr::Or(all) => all.iter().all(before),
        Expr::Equal(one, other)
        | Expr::Less(one, other)
        | Expr::LessOrEqual(one, other)
        | Expr::Add(one, other)
        | Expr::Subtract(one, other)
        | Expr::Multiply(one, other)
        | Expr::Divide(one, other)
        | Expr::Default(one, other) => before(one) && before(other),
        Expr::In(value, list) => before(value) && list.iter().all(before),
        Expr::If { condition, then, otherwise } => before(condition) && before(then) && before(otherwise),
        Expr::History { keys, .. } | Expr::Scan { keys, .. } => keys.iter().all(before),
        _ => true,
    }
}

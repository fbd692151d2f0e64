//! What holds of every program that is let through.

use crate::ir::{
    Code, EntryRule, Expr, ExprIx, Guard, Measure, Moment, Occurrence, Op, Policy, Scenario, Send, Start, Step, StepIx,
};
use rust_decimal::Decimal;

/// Whether an accepted program keeps its promises: every step leads somewhere, no way comes back to where it was, each
/// sequence ends, and each message has a channel. (Its class is in its type.)
pub fn is_sound(scenario: &Scenario) -> bool {
    let steps = scenario.steps.values();
    let code = Sound { code: &scenario.code };
    let ends = matches!(steps.last(), Some(Step { op: Op::End, .. }));
    let goal = scenario.goal.as_ref();
    let then = goal.and_then(|goal| goal.then);
    let then_is_apart = then.is_none_or(|then| {
        usize::from(then).checked_sub(1).and_then(|before| steps.get(before)).is_some_and(|step| step.op == Op::End)
    });
    let entry = match &scenario.entry {
        EntryRule::OnceEvery(expr) | EntryRule::OncePer(expr) => code.knows(*expr),
        EntryRule::Always | EntryRule::Once | EntryRule::Latest | EntryRule::OneAtATime => true,
    };
    ends && then_is_apart
        && entry
        && code.start(&scenario.start)
        && code.knows_all(goal.map(|goal| &goal.condition))
        && code.knows_all(goal.and_then(|goal| goal.within.as_ref()))
        && code.knows_all(scenario.audience.iter().chain(&scenario.stop_when))
        && steps.iter().enumerate().all(|(place, step)| code.step(scenario, place, step))
        && code.is_sound()
}

/// Whether a measure is made of what is there.
pub fn is_sound_measure(measure: &Measure) -> bool {
    let code = Sound { code: &measure.code };
    code.knows(measure.of) && code.knows_all(&measure.since) && code.is_sound()
}

/// Whether a policy lets messages leave, and its zone is made of what is there.
pub fn is_sound_policy(policy: &Policy) -> bool {
    let code = Sound { code: &policy.code };
    let caps = policy.caps.iter().all(|cap| cap.most > 0 && cap.per.nominal() > 0);
    caps && policy.holdout < Decimal::ONE && code.knows_all(&policy.zone) && code.is_sound()
}

#[derive(Clone, Copy)]
struct Sound<'a> {
    code: &'a Code,
}

impl Sound<'_> {
    fn knows(self, expr: ExprIx) -> bool {
        usize::from(expr) < self.code.exprs.len()
    }

    fn knows_all<'e>(self, all: impl IntoIterator<Item = &'e ExprIx>) -> bool {
        all.into_iter().all(|expr| self.knows(*expr))
    }

    fn start(self, start: &Start) -> bool {
        let events = start.events();
        let known = events
            .iter()
            .all(|trigger| usize::from(trigger.event) < self.code.events.len() && self.knows_all(&trigger.filter));
        known
            && match start {
                Start::Events(_) => !events.is_empty(),
                Start::Silence { duration, since, .. } => {
                    !events.is_empty() && self.knows(*duration) && self.knows_all(since)
                }
                Start::Every { occurrence, since } => self.occurrence(occurrence) && self.knows_all(since),
                Start::Started => true,
            }
    }

    fn occurrence(self, occurrence: &Occurrence) -> bool {
        match occurrence {
            Occurrence::Anniversary { date, shift, .. } => self.knows(*date) && self.knows_all(shift),
            Occurrence::Day { .. } | Occurrence::Weekly { .. } | Occurrence::Monthly { .. } => true,
        }
    }

    fn step(self, scenario: &Scenario, place: usize, step: &Step) -> bool {
        let guard = match &step.guard {
            Some(Guard::Unless(condition) | Guard::OnlyIf(condition)) => self.knows(*condition),
            None => true,
        };
        // Only forward, so that no cycle can be, with a wait or without.
        let within = |target: StepIx| {
            let target = usize::from(target);
            target > place && target < scenario.steps.len()
        };
        guard
            && match &step.op {
                Op::Branch { condition, otherwise } => self.knows(*condition) && within(*otherwise),
                Op::Jump(target) => within(*target),
                Op::Split { arms, .. } => {
                    let shares: Decimal = arms.iter().map(|arm| arm.share).sum();
                    shares == Decimal::ONE && arms.iter().all(|arm| within(arm.to))
                }
                Op::Send(send) => self.send(scenario, place, send),
                Op::Wait(expr) => self.knows(*expr),
                Op::WaitFor { limit, condition, .. } => self.knows(*limit) && self.knows(*condition),
                Op::WaitUntil(Moment::At(expr) | Moment::Anniversary(expr)) => self.knows(*expr),
                Op::Set { field, value } => usize::from(*field) < self.code.contact.len() && self.knows(*value),
                Op::Tag { tag, .. } => self.knows(*tag),
                Op::Credit { amount, expires, .. } => self.knows(*amount) && self.knows_all(expires),
                Op::Debit { amount, .. } => self.knows(*amount),
                Op::Call { with, .. } => self.knows_all(with.iter().map(|each| &each.value)),
                Op::WaitUntil(Moment::Weekly { .. }) | Op::Start { .. } | Op::Erase | Op::Stop | Op::End => true,
            }
    }

    fn send(self, scenario: &Scenario, place: usize, send: &Send) -> bool {
        let waits = |wait: StepIx| {
            let step = scenario.steps.get(wait);
            let is_wait =
                step.is_some_and(|step| matches!(step.op, Op::Wait(_) | Op::WaitUntil(_) | Op::WaitFor { .. }));
            usize::from(wait) < place && is_wait
        };
        !send.alternatives.is_empty()
            && send.alternatives.iter().all(|each| self.knows(each.address) && self.knows_all(&each.consent))
            && self.knows_all(send.with.iter().map(|each| &each.value))
            && send.together.is_none_or(waits)
    }

    /// Whether expressions come after those they are made of, so that none is made of itself, and probes are known.
    fn is_sound(self) -> bool {
        self.code.routes.len() == self.code.events.len()
            && self.code.exprs.iter().all(|(place, expr)| self.refers_back(place, expr))
            && self.code.probes.values().iter().all(|probe| {
                usize::from(probe.event) < self.code.events.len()
                    && self.knows_all(&probe.filter)
                    && self.knows_all(&probe.keys)
            })
    }

    fn refers_back(self, place: ExprIx, expr: &Expr) -> bool {
        let probe = match expr {
            Expr::History { probe, .. } | Expr::Scan { probe, .. } | Expr::Recommend { probe, .. } => Some(*probe),
            Expr::Aggregate(aggregate) => Some(aggregate.probe),
            _ => None,
        };
        expr.operands().iter().all(|operand| *operand < place)
            && probe.is_none_or(|probe| usize::from(probe) < self.code.probes.len())
    }
}

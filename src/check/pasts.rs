//! Waits until a moment that is always past when they come: `wait 2 weeks`, then `wait until entry + 1 day`.

use super::arithmetic::constant_duration;
use super::typed::{Expr, Kind, Moment, Scenario, Step, StepKind};
use crate::diagnostic::{Diagnostic, Level, Rule};
use crate::model::Literal;
use crate::span::Span;
use crate::syntax::tree::Sign;
use crate::time::{Duration, Instant};

const HOUR: i128 = 3_600_000_000;
/// By how much days of the calendar may be longer or shorter than 24 hours each, all together: what a zone may change.
const OF_DAYS: i128 = 26 * HOUR;
/// By how much months may be longer or shorter than their nominal length, all together.
const OF_MONTHS: i128 = 4 * 24 * HOUR;

/// Judges the waits of all scenarios.
pub fn check_pasts(scenarios: &[Scenario], out: &mut Vec<Diagnostic>) {
    for scenario in scenarios {
        walk(&scenario.steps, Passed::default(), out);
    }
}

/// What is past for sure when a step comes.
#[derive(Clone, Copy, Debug, Default)]
struct Passed {
    /// Microseconds since the entry, at least.
    least: i128,
    /// So long since the entry, at least, where that was one wait.
    once: Option<Duration>,
    instant: Option<Instant>,
    /// The last wait.
    wait: Option<Span>,
}

/// The moment of a wait, where it is constant.
enum Until {
    AfterEntry(Duration),
    Instant(Instant),
}

fn walk(steps: &[Step], mut passed: Passed, out: &mut Vec<Diagnostic>) -> Passed {
    for step in steps {
        match &step.kind {
            StepKind::If { arms, otherwise } => {
                for (_, steps) in arms {
                    walk(steps, passed, out);
                }
                otherwise.iter().for_each(|steps| {
                    walk(steps, passed, out);
                });
            }
            StepKind::Split { arms, .. } => arms.iter().for_each(|arm| {
                walk(&arm.steps, passed, out);
            }),
            StepKind::Repeat { steps, .. } => {
                walk(steps, passed, out);
            }
            StepKind::WaitUntil(Moment::At(moment)) => {
                if let Some(until) = until(moment) {
                    match passed.is_past(&until) {
                        true => out.push(always_past(moment.span, passed.wait)),
                        false if step.guard.is_none() => passed.reach(&until, step.span),
                        false => {}
                    }
                }
            }
            StepKind::Wait(duration) if step.guard.is_none() => {
                if let Some(duration) = constant_duration(duration) {
                    passed.wait(duration, step.span);
                }
            }
            _ => {}
        }
    }
    passed
}

impl Passed {
    fn is_past(&self, until: &Until) -> bool {
        match until {
            Until::Instant(instant) => self.instant.is_some_and(|passed| passed >= *instant),
            Until::AfterEntry(after) => {
                let within = |once: Duration| {
                    once.months >= after.months && once.days >= after.days && once.micros >= after.micros
                };
                self.wait.is_some() && (self.once.is_some_and(within) || self.least >= after.nominal() + slack(*after))
            }
        }
    }

    fn reach(&mut self, until: &Until, step: Span) {
        match until {
            Until::Instant(instant) => self.instant = self.instant.max(Some(*instant)),
            Until::AfterEntry(after) => {
                self.once = Some(*after);
                self.least = self.least.max(after.nominal() - slack(*after));
            }
        }
        self.wait = Some(step);
    }

    fn wait(&mut self, duration: Duration, step: Span) {
        if duration.nominal() <= 0 {
            return;
        }
        // Of several waits each is added on its own, which may end on another day than their sum.
        self.once = self.wait.is_none().then_some(duration);
        self.least += (duration.nominal() - slack(duration)).max(0);
        self.wait = Some(step);
    }
}

/// Whether one duration is longer than another whenever and wherever they are counted.
pub(super) fn surely_longer(one: Duration, other: Duration) -> bool {
    one.nominal() - slack(one) > other.nominal() + slack(other)
}

fn slack(duration: Duration) -> i128 {
    let months = if duration.months == 0 { 0 } else { OF_MONTHS };
    let days = if duration.months == 0 && duration.days == 0 { 0 } else { OF_DAYS };
    months + days
}

fn until(moment: &Expr) -> Option<Until> {
    match &moment.kind {
        Kind::Literal(Literal::Instant(instant)) => Some(Until::Instant(*instant)),
        Kind::Sum(terms) => match terms.as_slice() {
            [(_, entry), (sign, after)] if entry.kind == Kind::Entry => {
                let after = constant_duration(after)?;
                let after = if *sign == Sign::Minus { after.checked_neg()? } else { after };
                // One that is not after the entry is told where it stands.
                (after.nominal() > 0).then_some(Until::AfterEntry(after))
            }
            _ => None,
        },
        _ => None,
    }
}

fn always_past(moment: Span, wait: Option<Span>) -> Diagnostic {
    let mut found = Diagnostic::new(Rule::WaitInThePast, "this moment is always past when the wait comes")
        .at(moment, "past already: nothing is waited for")
        .help("write a later moment, or leave the wait out");
    if let Some(wait) = wait {
        found = found.at(wait, "waits longer than that");
    }
    found.level = Level::Warning;
    found
}

//! Days where a month or a year was likely meant: `wait 30 days`.

use super::typed::{Expr, Kind, Scenario, StepKind, Window};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::Literal;
use crate::span::Span;
use crate::time::Duration;
use std::collections::BTreeSet;

/// Days that are said for units of the calendar.
const MEANT: [(i32, &str); 9] = [
    (30, "1 month"),
    (31, "1 month"),
    (60, "2 months"),
    (90, "3 months"),
    (180, "6 months"),
    (365, "1 year"),
    (366, "1 year"),
    (730, "2 years"),
    (1095, "3 years"),
];

/// Judges the durations of all scenarios. How long one looks back or waits at most is counted in days by habit, and hardly
/// matters; the day on which something is done does.
pub fn check_months(scenarios: &[Scenario], out: &mut Vec<Diagnostic>) {
    let mut told: BTreeSet<Span> = BTreeSet::new();
    for scenario in scenarios {
        let limits = limits(scenario);
        for expr in scenario.expressions() {
            let mut windows = BTreeSet::new();
            expr.visit(&mut |each| windows.extend(window(each)));
            expr.visit(&mut |each| {
                if !limits.contains(&each.span)
                    && !windows.contains(&each.span)
                    && let Some((days, meant)) = meant(each)
                    && told.insert(each.span)
                {
                    out.push(in_days(each.span, days, meant));
                }
            });
        }
    }
}

/// The durations that are only limits: of a wait for something, of a goal.
fn limits(scenario: &Scenario) -> BTreeSet<Span> {
    let within = scenario.goal.iter().filter_map(|goal| goal.within.as_ref()).map(|within| within.span);
    let waits = scenario.all_steps().into_iter().filter_map(|step| match &step.kind {
        StepKind::WaitFor { limit, .. } => Some(limit.span),
        _ => None,
    });
    within.chain(waits).collect()
}

fn window(expr: &Expr) -> Option<Span> {
    let window = match &expr.kind {
        Kind::History(history) => &history.window,
        Kind::Aggregate(aggregate) => &aggregate.history.window,
        Kind::Recommend { history, .. } => &history.window,
        _ => return None,
    };
    match window {
        Window::InLast(duration) => Some(duration.span),
        Window::Since(_) | Window::Ever => None,
    }
}

fn meant(expr: &Expr) -> Option<(i32, &'static str)> {
    match &expr.kind {
        Kind::Literal(Literal::Duration(Duration { months: 0, days, micros: 0 })) => {
            MEANT.into_iter().find(|(each, _)| each == days)
        }
        _ => None,
    }
}

fn in_days(place: Span, days: i32, meant: &str) -> Diagnostic {
    let unit = if meant.ends_with("year") || meant.ends_with("years") { "year" } else { "month" };
    let lengths = if unit == "year" { "a year has 365 or 366 days" } else { "a month has 28 to 31 days" };
    Diagnostic::new(Rule::MonthInDays, format!("`{days} days` is not `{meant}`"))
        .at(place, lengths)
        .because(format!(
            "a {unit} of the calendar ends on the same day, whatever its length, and compares as longer or shorter"
        ))
        .help(format!("write `{meant}` if that is meant; days are right where days are counted"))
}

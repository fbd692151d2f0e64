//! For how long somebody was silent when they are erased, where nothing else chose them.

use super::arithmetic::constant_duration;
use super::deeds::{begins_at_leisure, is_at_leisure};
use super::typed::{Expr, History, Kind, Scenario, Start, StepKind, Window};
use super::ways::Reached;
use crate::diagnostic::{Diagnostic, Level, Rule};
use crate::span::Span;
use crate::time::Duration;

const DAY: i128 = 24 * 3_600_000_000;
/// Three months have 89 days at least: who bought nothing for that long may still be a customer, but nobody is told so.
const SHORT_BELOW: i128 = 89 * DAY;

/// What says that somebody is gone. Of several that all hold the strongest counts, of several of which one holds the weakest.
#[derive(Clone, Copy, Debug)]
enum Gone {
    /// It says nothing of it.
    Unsaid,
    /// They did nothing for so long.
    Silent(i128, Span),
    /// Something else, of which nothing is judged here.
    Otherwise,
}

impl Gone {
    fn strength(&self) -> (u8, i128) {
        match self {
            Gone::Unsaid => (0, 0),
            Gone::Silent(length, _) => (1, *length),
            Gone::Otherwise => (2, 0),
        }
    }

    fn strongest(all: impl Iterator<Item = Gone>) -> Gone {
        all.max_by_key(Gone::strength).unwrap_or(Gone::Unsaid)
    }

    fn weakest(all: impl Iterator<Item = Gone>) -> Gone {
        all.min_by_key(Gone::strength).unwrap_or(Gone::Unsaid)
    }

    /// Of a condition that holds, or fails.
    fn of(condition: &Expr, holds: bool) -> Gone {
        match &condition.kind {
            Kind::Not(inner) => Gone::of(inner, !holds),
            Kind::And(all) | Kind::Or(all) => {
                let parts = all.iter().map(|each| Gone::of(each, holds));
                let is_every = matches!(condition.kind, Kind::And(_)) == holds;
                if is_every { Gone::strongest(parts) } else { Gone::weakest(parts) }
            }
            // A warning that was sent, another scenario that does not run, and the age of what is stored are nobody's wish.
            Kind::History(history) if holds && (is_at_leisure(history) || history.event == "sent") => Gone::Unsaid,
            Kind::History(history) if !holds && history.event == "bounced" => Gone::Unsaid,
            Kind::History(history) if !holds => absent(history, condition.span),
            Kind::InScenario(_) if !holds => Gone::Unsaid,
            Kind::Has(inner) if matches!(inner.kind, Kind::OwnMessage(_)) => Gone::Unsaid,
            // An open of nobody knows whom.
            Kind::Missing => Gone::Unsaid,
            Kind::Less(pair) | Kind::LessOrEqual(pair) if is_creation(&pair.0) || is_creation(&pair.1) => Gone::Unsaid,
            Kind::Has(inner) if is_creation(inner) => Gone::Unsaid,
            _ => Gone::Otherwise,
        }
    }
}

fn is_creation(expr: &Expr) -> bool {
    matches!(&expr.kind, Kind::Contact(field) if field == "created_at")
}

/// Such an event did not happen.
fn absent(history: &History, place: Span) -> Gone {
    if !is_at_leisure(history) {
        return Gone::Otherwise;
    }
    match &history.window {
        Window::InLast(duration) => silent(duration, place),
        // How long that is, the waits tell.
        Window::Since(from) if matches!(from.kind, Kind::Entry | Kind::LastMessage) => Gone::Silent(0, place),
        Window::Since(_) | Window::Ever => Gone::Otherwise,
    }
}

fn silent(duration: &Expr, place: Span) -> Gone {
    constant_duration(duration).map_or(Gone::Otherwise, |length| Gone::Silent(length.nominal(), place))
}

/// What says of those who are erased that they are gone.
fn said(scenario: &Scenario, erasure: &Reached) -> Gone {
    let standing = scenario.stop_when.iter().chain(scenario.goal.as_ref().map(|goal| &goal.condition));
    let holds = scenario.audience.iter().chain(erasure.holds.iter().copied()).map(|each| Gone::of(each, true));
    // Whoever comes so far was not stopped on the way.
    let fails = erasure.fails.iter().copied().chain(standing).map(|each| Gone::of(each, false));
    Gone::strongest(holds.chain(fails).chain([by_itself(scenario)]))
}

/// Whether nothing but a silence chooses whom a step reaches, so that nobody there has asked for anything.
pub(super) fn is_of_the_silent(scenario: &Scenario, reached: &Reached) -> bool {
    !matches!(said(scenario, reached), Gone::Otherwise)
}

/// `when no purchased for 1 day erase contact`
pub(super) fn rests_on_short_silence(scenario: &Scenario, erasure: &Reached) -> Option<Diagnostic> {
    let Gone::Silent(length, place) = said(scenario, erasure) else {
        return None;
    };
    if length + waits(scenario)? >= SHORT_BELOW {
        return None;
    }
    let mut found = Diagnostic::new(Rule::HastyErasure, "this erases persons after less than three months of silence")
        .at(erasure.step.span, "what is erased does not come back");
    if place.source != erasure.step.span.source || !erasure.step.span.range().contains(&place.range().start) {
        found = found.at(place, "silent for so long only");
    }
    found.level = Level::Warning;
    Some(
        found
            .because("customers who are content may buy nothing for months: so short a silence is no sign that they are gone")
            .help("wait longer, such as for `3 years`, or say what else shows that they are gone"),
    )
}

/// What its trigger says.
fn by_itself(scenario: &Scenario) -> Gone {
    match &scenario.start {
        Start::Silence { events, duration, .. } if events.iter().all(begins_at_leisure) => {
            silent(duration, duration.span)
        }
        Start::Every { .. } => Gone::Unsaid,
        _ => Gone::Otherwise,
    }
}

/// How long its waits are together, at most; `None` where that is not known.
fn waits(scenario: &Scenario) -> Option<i128> {
    scenario.all_steps().into_iter().try_fold(0, |total, step| {
        let length = match &step.kind {
            StepKind::Wait(length) | StepKind::WaitFor { limit: length, .. } => constant_duration(length)?,
            StepKind::WaitUntil(_) | StepKind::Repeat { .. } | StepKind::Error => return None,
            _ => Duration::ZERO,
        };
        Some(total + length.nominal().max(0))
    })
}

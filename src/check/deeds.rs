//! What events tell of a person: deeds of every day, a wish to be left alone, an address that is lost.

use super::engagement::BY;
use super::typed::{Aggregate, Expr, History, Kind, Trigger};
use super::ways::needs;
use crate::model::{AggregateKind, Literal, OWN_EVENTS};

/// The events by which a person asks for no more messages.
pub(super) const FAREWELLS: [&str; 2] = ["unsubscribed", "complained"];

/// What people do when they like, so that they may not do it for weeks, and what is no wish to be forgotten. Of events of a
/// project's own nothing is known.
const AT_LEISURE: [&str; 6] = ["purchased", "cart_updated", "order_delivered", "opened", "clicked", "subscribed"];

/// The other events of the standard library that a CRM tells, and the log of consent.
const OTHERS: [&str; 2] = ["returned", "consent_changed"];

/// Whether an event is declared by the project, so that only its name says what it is.
pub(super) fn is_of_the_project(event: &str) -> bool {
    ![AT_LEISURE.as_slice(), &OWN_EVENTS, &OTHERS].concat().contains(&event)
}

/// Who did it, which of opens and clicks may be said.
fn is_by(filter: &Expr) -> bool {
    filter.any(|kind| *kind == Kind::Event(BY.to_owned()))
}

/// Whether it asks for what people do when they like, whatever it is about; of opens and clicks it may say who did it.
pub(super) fn is_at_leisure(history: &History) -> bool {
    let is_whole = history.keys.is_empty() && history.instance_filters.is_empty() && history.filters.iter().all(is_by);
    is_whole && AT_LEISURE.contains(&history.event.as_str())
}

/// Whether a trigger is any event of its name, whatever it is about.
pub(super) fn is_whole(trigger: &Trigger) -> bool {
    trigger.filters.iter().all(is_by)
}

/// Whether a scenario begins by what people do when they like, whatever it is about.
pub(super) fn begins_at_leisure(trigger: &Trigger) -> bool {
    is_whole(trigger) && AT_LEISURE.contains(&trigger.event.as_str())
}

/// Whether a part of a condition says, where it holds or fails, no more than that somebody did what people do when they like.
pub(super) fn is_of_the_active(part: &Expr, holds: bool) -> bool {
    match &part.kind {
        Kind::History(history) => holds && is_at_leisure(history),
        Kind::Less(pair) | Kind::LessOrEqual(pair) => {
            // `count of purchased ever >= 1` is written with the number first.
            let (least, counted) = if holds { (&pair.0, &pair.1) } else { (&pair.1, &pair.0) };
            matches!(least.kind, Kind::Literal(_)) && counted_at_leisure(counted)
        }
        _ => false,
    }
}

fn counted_at_leisure(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Aggregate(aggregate) => {
            let Aggregate { kind, history, of } = aggregate.as_ref();
            let counts = matches!(kind, AggregateKind::Count | AggregateKind::CountDays);
            counts && of.is_none() && is_at_leisure(history)
        }
        _ => false,
    }
}

/// Whether a part of a condition holds only where the person asked for no more messages.
pub(super) fn is_farewell(part: &Expr, holds: bool) -> bool {
    matches!(&part.kind, Kind::History(history) if holds && FAREWELLS.contains(&history.event.as_str()))
}

/// Whether filters let only messages through that came back for good.
pub(super) fn is_lost(event: &str, filters: &[Expr]) -> bool {
    event == "bounced" && filters.iter().any(|filter| needs(filter, true, &says_hard))
}

fn says_hard(part: &Expr, holds: bool) -> bool {
    match &part.kind {
        Kind::Event(field) => holds && field == "hard",
        Kind::Default(pair) => says_hard(&pair.0, holds),
        Kind::Equal(pair) => {
            matches!(pair.1.kind, Kind::Literal(Literal::Flag(wanted)) if says_hard(&pair.0, wanted == holds))
        }
        _ => false,
    }
}

//! What the beginning of a scenario tells of the contact's history: the event that starts it is in the history already, before
//! a silence there was none for so long, and nothing has come since the entry.

use super::arithmetic::constant_duration;
use super::conditions::is_lasting;
use super::engagement::is_about_a_message;
use super::pasts::surely_longer;
use super::truth::{Fact, Possible, Until, key};
use super::typed::{Expr, History, Kind, Scenario, Start, Trigger, Window};
use crate::model::{AggregateKind, Literal, Model, Type};
use crate::span::Span;
use rust_decimal::Decimal;

/// Of each number of events for which a scenario asks, that it is above zero: true, or not, where it begins.
pub fn counted(scenario: &Scenario) -> Vec<Expr> {
    let mut found = Vec::new();
    for each in scenario.expressions() {
        each.visit(&mut |expr| {
            if number(expr).is_some() {
                let zero = Expr::literal(Literal::Number(Decimal::ZERO), Type::Number, expr.span);
                let above = Kind::Less(Box::new((zero, expr.clone())));
                found.push(Expr::new(above, Type::Flag, expr.optional, expr.span));
            }
        });
    }
    found
}

/// The events that are counted, or their days.
fn number(expr: &Expr) -> Option<&History> {
    match &expr.kind {
        Kind::Aggregate(aggregate) => {
            let counts = matches!(aggregate.kind, AggregateKind::Count | AggregateKind::CountDays);
            (counts && aggregate.of.is_none()).then_some(&aggregate.history)
        }
        _ => None,
    }
}

/// That time has passed since the entry, for a scenario that compares its entry with now.
pub fn passed(scenario: &Scenario) -> Option<Expr> {
    let reads = |wanted: Kind| scenario.expressions().into_iter().any(|each| each.any(|kind| *kind == wanted));
    let now = |kind: Kind| Expr::new(kind, Type::Instant, false, scenario.place);
    (reads(Kind::Now) && reads(Kind::Entry)).then(|| {
        let earlier = Kind::Less(Box::new((now(Kind::Entry), now(Kind::Now))));
        Expr::new(earlier, Type::Flag, false, scenario.place)
    })
}

/// What is known, when a scenario begins, of the histories that its conditions ask for, and of the numbers that it asks for.
pub fn facts<'s>(scenario: &'s Scenario, counted: &'s [Expr], model: &Model) -> Vec<Fact<'s>> {
    // Of one that others start too, the trigger is theirs, and may be long past.
    let is_alone = scenario.started_by.is_empty();
    let cause = match (&scenario.start, scenario.start.events()) {
        (Start::Events(_), [only]) if is_alone => Cause::Event(only),
        (Start::Silence { events, duration, since }, _) if is_alone => {
            Cause::Silence { events, duration, is_known: since.is_none() }
        }
        _ => Cause::Other,
    };
    let is_silent = |event: &str| model.events.get(event).is_none_or(is_about_a_message);
    let mut found = Vec::new();
    let mut add = |condition: &'s Expr, history: &History| {
        let known = match since_entry(history) {
            true => Some((Possible::NOT_TRUE, Until::Later, scenario.place, "no time has passed since this began")),
            // Of messages one cannot always know.
            false if is_silent(&history.event) => None,
            false => cause.tells(history),
        };
        let of_trigger = false;
        found.extend(known.map(|(came_to, until, place, why)| Fact {
            condition,
            of_trigger,
            came_to,
            until,
            place,
            why,
        }));
    };
    for each in scenario.expressions() {
        each.visit(&mut |expr| {
            if let Kind::History(history) = &expr.kind {
                add(expr, history);
            }
        });
    }
    for above_zero in counted {
        above_zero.children(&mut |side| {
            if let Some(history) = number(side) {
                add(above_zero, history);
            }
        });
    }
    found
}

/// What makes a scenario begin.
enum Cause<'s> {
    Event(&'s Trigger),
    Silence {
        events: &'s [Trigger],
        duration: &'s Expr,
        /// Whether there was such an event at all.
        is_known: bool,
    },
    Other,
}

/// What a history comes to, how long it does so, where that is seen, and how it is said.
type Told = (Possible, Until, Span, &'static str);

const HERE: &str = "this is in the history already";
const NONE: &str = "there was none for so long";

impl Cause<'_> {
    /// Of the entry; unknown where a value with which it compares is missing.
    fn tells(&self, history: &History) -> Option<Told> {
        match (self, &history.window) {
            (Cause::Event(trigger), Window::Ever) if is_among(trigger, history) => {
                Some((Possible::NOT_FALSE, stays(history), trigger.span, HERE))
            }
            (Cause::Event(trigger), Window::InLast(length)) if is_among(trigger, history) => {
                constant_duration(length).map(|_| (Possible::NOT_FALSE, Until::Later, trigger.span, HERE))
            }
            (Cause::Silence { events: [only], is_known: true, .. }, Window::Ever) if is_among(only, history) => {
                Some((Possible::NOT_FALSE, stays(history), only.span, HERE))
            }
            (Cause::Silence { events, duration, .. }, Window::InLast(length)) => {
                let silent = events.iter().find(|each| each.event == history.event && each.filters.is_empty())?;
                let (lasted, asked) = (constant_duration(duration)?, constant_duration(length)?);
                surely_longer(lasted, asked).then_some((Possible::NOT_TRUE, Until::Change, silent.span, NONE))
            }
            _ => None,
        }
    }
}

/// Whether the event that is the trigger is one of those that a history asks for.
fn is_among(trigger: &Trigger, history: &History) -> bool {
    let is_asked = |filter: &Expr| trigger.filters.iter().any(|own| key(own, false) == key(filter, false));
    let is_itself = |each: &super::typed::Key| key(&each.of_event, true) == key(&each.of_instance, false);
    trigger.event == history.event
        && history.instance_filters.is_empty()
        && history.filters.iter().all(is_asked)
        && history.keys.iter().all(is_itself)
}

/// How long an event that is among them stays so: a field of an entity may change.
fn stays(history: &History) -> Until {
    if history.filters.iter().all(is_lasting) { Until::End } else { Until::Later }
}

/// Strictly after the entry: nothing, when the instance begins.
fn since_entry(history: &History) -> bool {
    matches!(&history.window, Window::Since(from) if from.kind == Kind::Entry)
}

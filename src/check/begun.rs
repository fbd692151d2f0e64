//! What the beginning of a scenario tells of the contact's history: the event that starts it is in the history already, before
//! a silence there was none for so long, and nothing has come since the entry.

use super::arithmetic::constant_duration;
use super::conditions::is_lasting;
use super::engagement::is_about_a_message;
use super::pasts::surely_longer;
use super::truth::{Fact, Possible, key};
use super::typed::{Expr, History, Kind, Scenario, Start, Trigger, Window};
use crate::model::Model;
use crate::span::Span;

/// What is known, when a scenario begins, of the histories that its conditions ask for.
pub fn facts<'s>(scenario: &'s Scenario, model: &Model) -> Vec<Fact<'s>> {
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
    for each in scenario.expressions() {
        each.visit(&mut |expr| {
            let Kind::History(history) = &expr.kind else { return };
            let known = match since_entry(history) {
                true => Some((Possible::NOT_TRUE, false, scenario.place, "no time has passed since this began")),
                // Of messages one cannot always know.
                false if is_silent(&history.event) => None,
                false => cause.tells(history),
            };
            found.extend(known.map(|(came_to, lasts, place, why)| Fact {
                condition: expr,
                of_trigger: false,
                came_to,
                lasts,
                place,
                why,
            }));
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

/// What a history comes to, whether it does so ever after, where that is seen, and how it is said.
type Told = (Possible, bool, Span, &'static str);

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
                constant_duration(length).map(|_| (Possible::NOT_FALSE, false, trigger.span, HERE))
            }
            (Cause::Silence { events: [only], is_known: true, .. }, Window::Ever) if is_among(only, history) => {
                Some((Possible::NOT_FALSE, stays(history), only.span, HERE))
            }
            (Cause::Silence { events, duration, .. }, Window::InLast(length)) => {
                let silent = events.iter().find(|each| each.event == history.event && each.filters.is_empty())?;
                let (lasted, asked) = (constant_duration(duration)?, constant_duration(length)?);
                surely_longer(lasted, asked).then_some((Possible::NOT_TRUE, false, silent.span, NONE))
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

/// Whether an event that is among them stays so: a field of an entity may change.
fn stays(history: &History) -> bool {
    history.filters.iter().all(is_lasting)
}

/// Strictly after the entry: nothing, when the instance begins.
fn since_entry(history: &History) -> bool {
    matches!(&history.window, Window::Since(from) if from.kind == Kind::Entry)
}

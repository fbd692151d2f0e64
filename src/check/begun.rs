//! What the beginning of a scenario tells of the contact's history: the event that starts it is in the history already, before
//! a silence there was none for so long, and nothing has come since the entry.

use super::arithmetic::constant_duration;
use super::engagement::is_about_a_message;
use super::pasts::surely_longer;
use super::truth::{Fact, Possible, key};
use super::typed::{Expr, Guard, History, Kind, Scenario, Start, Step, StepKind, Trigger, Window};
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
    for condition in conditions(scenario) {
        condition.visit(&mut |expr| {
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
                Some((Possible::NOT_FALSE, true, trigger.span, HERE))
            }
            (Cause::Event(trigger), Window::InLast(length)) if is_among(trigger, history) => {
                constant_duration(length).map(|_| (Possible::NOT_FALSE, false, trigger.span, HERE))
            }
            (Cause::Silence { events: [only], is_known: true, .. }, Window::Ever) if is_among(only, history) => {
                Some((Possible::NOT_FALSE, true, only.span, HERE))
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

/// Strictly after the entry: nothing, when the instance begins.
fn since_entry(history: &History) -> bool {
    matches!(&history.window, Window::Since(from) if from.kind == Kind::Entry)
}

/// The conditions of a scenario after its trigger.
fn conditions(scenario: &Scenario) -> Vec<&Expr> {
    let goal = scenario.goal.iter().map(|goal| &goal.condition);
    let mut found: Vec<&Expr> = scenario.audience.iter().chain(goal).chain(&scenario.stop_when).collect();
    let mut visit = |step| of_step(step, &mut found);
    Step::visit_all(&scenario.steps, &mut visit);
    scenario.goal.iter().for_each(|goal| Step::visit_all(&goal.then, &mut visit));
    found
}

fn of_step<'s>(step: &'s Step, found: &mut Vec<&'s Expr>) {
    if let Some(Guard::OnlyIf(condition) | Guard::Unless(condition)) = &step.guard {
        found.push(condition);
    }
    match &step.kind {
        StepKind::If { arms, .. } => found.extend(arms.iter().map(|(condition, _)| condition)),
        StepKind::WaitFor { condition, .. } => found.push(condition),
        _ => {}
    }
}

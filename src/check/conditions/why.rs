//! What helps where a condition decides nothing because of what began the scenario.

use crate::check::begun;
use crate::check::engagement::{BY, is_of_persons};
use crate::check::left_out::Texts;
use crate::check::loops::follow;
use crate::check::typed::{Expr, Kind, Scenario, Window};
use crate::model::{Model, Type};
use crate::span::Span;

use super::said::Role;

/// A condition that decides nothing where it stands, though it might elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Decided<'d> {
    pub scenario: &'d Scenario,
    pub model: &'d Model,
    pub texts: &'d Texts<'d>,
    pub condition: &'d Expr,
    pub role: Role<'d>,
    /// How its cause is said, where it is one fact.
    pub why: Option<&'static str>,
}

/// What to write instead; `None` where nothing is known but that it decides nothing.
pub fn help(decided: Decided) -> Option<String> {
    match decided.why {
        Some(begun::HERE) => counts_itself(decided),
        Some(begun::INSIDE) => {
            let name = &decided.scenario.name;
            Some(format!("leave it out: whoever is here is in `{name}`; `for not in {name}` asks before the entry"))
        }
        _ => by_machines(decided),
    }
}

/// The event that began it is among those that are asked for.
fn counts_itself(decided: Decided) -> Option<String> {
    let Decided { scenario, condition, role, .. } = decided;
    let mut found = None;
    condition.visit(&mut |expr| {
        let (history, is_number) = match &expr.kind {
            Kind::History(history) => (history.as_ref(), false),
            Kind::Aggregate(aggregate) => (&aggregate.history, true),
            _ => return,
        };
        if found.is_none() && begun::counts_its_event(scenario, history) {
            found = Some((expr.span, history, is_number));
        }
    });
    let (place, history, is_number) = found?;
    let event = &history.event;
    let text = decided.text(place)?;
    let asked = if is_number { text } else { format!("count of {}", text.strip_prefix("no ").unwrap_or(&text)) };
    if !asked.starts_with(&format!("count of {event}")) {
        return None;
    }
    let among = format!("the `{event}` that begins this is counted");
    let is_later = match role {
        Role::Entry => return Some(format!("{among}: of the first, write `{asked} is 1`")),
        Role::StopWhen | Role::Goal | Role::Awaited => true,
        _ => has_waited(scenario, condition.span),
    };
    let instead = match &history.window {
        Window::Ever => "ever",
        Window::InLast(_) => asked.get(asked.rfind("in last")?..)?,
        Window::Since(_) => return None,
    };
    Some(match is_later {
        true => format!("{among}: for what comes after it, write `since entry` in place of `{instead}`"),
        false => format!("{among}: for another before it, write `{asked} > 1`"),
    })
}

impl Decided<'_> {
    /// The words under a place of the scenario, where they stand in one line.
    fn text(&self, place: Span) -> Option<String> {
        let whole = self.scenario.span;
        let is_here = place.source == whole.source && whole.start <= place.start && place.end <= whole.end;
        let text = self.texts.get(&place.source)?.get(place.range())?;
        (is_here && !text.contains('\n')).then(|| text.to_owned())
    }
}

/// Whether time has passed for sure where a condition stands.
fn has_waited(scenario: &Scenario, place: Span) -> bool {
    let mut found = false;
    follow(&scenario.steps, false, &mut |step, waited| {
        if step.span.start <= place.start && place.end <= step.span.end {
            found = waited;
        }
    });
    found
}

/// Only persons begin it, as nothing else is asked, and the condition is about machines.
fn by_machines(decided: Decided) -> Option<String> {
    let Decided { scenario, model, condition, .. } = decided;
    let [trigger] = scenario.start.events() else { return None };
    if !condition.any(|kind| *kind == Kind::Trigger(BY.to_owned())) || !trigger.filters.iter().any(is_of_persons) {
        return None;
    }
    let Some(Type::Enumeration(texts)) = model.events.get(&trigger.event)?.field(BY).map(|field| &field.ty) else {
        return None;
    };
    let all = texts.iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(", ");
    let event = &trigger.event;
    Some(format!(
        "`when {event}` begins with persons alone where it does not say `by`: for all, write `when {event} where ({BY} in [{all}])`"
    ))
}

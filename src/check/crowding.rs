//! Several messages to one person at one instant, and scenarios that begin as often as somebody looks at something.

use super::typed::{
    Class, EntryRule, Expr, Guard, Kind, Occurrence, Policy, Scenario, Send, Start, Step, StepKind, Trigger,
};
use super::words::or_list;
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::Literal;
use crate::span::Span;
use crate::time::{Duration, TimeOfDay, Weekday};

/// How many scenarios a note shows.
const SHOWN_MAX: usize = 4;

/// What people do many times a day: events that are called so, or begin so.
const OFTEN: [&str; 9] = ["opened", "clicked", "cart", "visit", "view", "page", "search", "session", "browse"];

/// Judges all scenarios together, in the order of their names.
pub fn check_crowding(scenarios: &[Scenario], policy: &Policy, out: &mut Vec<Diagnostic>) {
    for scenario in scenarios {
        if is_started_often(scenario, policy) {
            out.extend(often_started(scenario));
        }
    }
    if !caps_marketing(policy) {
        two_at_once(scenarios, policy, out);
    }
}

fn caps_marketing(policy: &Policy) -> bool {
    policy.caps.iter().any(|cap| cap.class == Class::Marketing)
}

/// Whether a scenario begins whenever somebody does what one does all day, and nothing limits its marketing messages.
pub fn is_started_often(scenario: &Scenario, policy: &Policy) -> bool {
    let Start::Events(triggers) = &scenario.start else { return false };
    let is_often = |event: &str| OFTEN.iter().any(|often| event.starts_with(often));
    scenario.entry == EntryRule::Always
        && !caps_marketing(policy)
        && triggers.iter().any(|trigger| is_often(&trigger.event) && !is_narrow(trigger))
        && first_alone(scenario).is_some()
}

/// Whether it asks for one message, which is not opened all day, or is in error.
fn is_narrow(trigger: &Trigger) -> bool {
    let narrows = |kind: &Kind| *kind == Kind::Error || *kind == Kind::Event("message".to_owned());
    trigger.filters.iter().any(|filter| filter.any(narrows))
}

fn first_alone(scenario: &Scenario) -> Option<&Step> {
    let is_alone = |send: &Send| send.class == Class::Marketing && !send.together;
    scenario.all_steps().into_iter().find(|step| matches!(&step.kind, StepKind::Send(send) if is_alone(send)))
}

fn often_started(scenario: &Scenario) -> Option<Diagnostic> {
    let step = first_alone(scenario)?;
    let events: Vec<&str> = scenario.start.events().iter().map(|trigger| trigger.event.as_str()).collect();
    Some(
        Diagnostic::new(Rule::OftenStarted, format!("each {} sends this message once more", or_list(&events)))
            .at(step.span, "as often in a day as it happens")
            .at(scenario.place, "begins each time")
            .because("people do this many times a day, and would get a message for each")
            .help("write an entry rule before the first step: `latest`, `one at a time`, or `once every 1 week`"),
    )
}

/// When a message comes: what begins its scenario, and how long after.
#[derive(Clone, Debug, PartialEq)]
enum Moment<'s> {
    After(&'s str, Duration),
    Clock(Turn, TimeOfDay),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Day,
    Week(Weekday),
    Month,
}

/// A marketing message that comes at a known moment.
struct Due<'s> {
    scenario: &'s Scenario,
    moments: Vec<Moment<'s>>,
    step: Span,
}

/// Messages of several scenarios that come at one instant for one and the same reason.
fn two_at_once(scenarios: &[Scenario], policy: &Policy, out: &mut Vec<Diagnostic>) {
    let known: Vec<Due> = scenarios.iter().flat_map(due).collect();
    let mut told: Vec<&str> = Vec::new();
    for (place, first) in known.iter().enumerate() {
        if told.contains(&first.scenario.name.as_str()) {
            continue;
        }
        let mut together: Vec<&Due> = vec![first];
        for other in known.iter().skip(place + 1) {
            let is_new = together.iter().all(|each| each.scenario.name != other.scenario.name);
            if is_new && together.iter().all(|each| meet(each, other, policy)) {
                together.push(other);
            }
        }
        if together.len() > 1 {
            told.extend(together.iter().map(|each| each.scenario.name.as_str()));
            out.push(crowd(&together));
        }
    }
}

fn crowd(together: &[&Due]) -> Diagnostic {
    let names: Vec<&str> = together.iter().take(SHOWN_MAX).map(|each| each.scenario.name.as_str()).collect();
    let said = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let mut found = Diagnostic::new(Rule::TwoAtOnce, format!("{said} can send to one person at the same instant"));
    for (place, each) in together.iter().take(SHOWN_MAX).enumerate() {
        let label = if place == 0 { "one message" } else { "and another" };
        found = found.at(each.step, label);
    }
    found
        .because("nothing decides which of them the person gets first, or alone")
        .help(format!(
            "say in the policy that all but one wait for another day, and which goes first: `policy {{ at most 1 marketing message per day priority {} }}`",
            names.join(", ")
        ))
}

/// The first marketing message of a scenario at each moment that the text tells.
fn due(scenario: &Scenario) -> Vec<Due<'_>> {
    let mut found = Vec::new();
    walk(&scenario.steps, &mut Some(Duration::ZERO), &mut |step, after| {
        let moments = moments(&scenario.start, after);
        if !moments.is_empty() {
            found.push(Due { scenario, moments, step: step.span });
        }
    });
    found
}

/// Calls `visit` on each marketing message that comes so long after the entry, as long as that is known.
fn walk<'s>(steps: &'s [Step], after: &mut Option<Duration>, visit: &mut dyn FnMut(&'s Step, Duration)) {
    for step in steps {
        match (&step.kind, *after) {
            (StepKind::Send(send), Some(after)) if send.class == Class::Marketing => visit(step, after),
            (StepKind::Wait(length), Some(before)) => {
                let length = match (&length.kind, &step.guard) {
                    (Kind::Literal(Literal::Duration(length)), None) => Some(*length),
                    _ => None,
                };
                *after = length.and_then(|length| before.checked_add(length));
            }
            (StepKind::If { arms, otherwise }, Some(_)) => {
                let ends = arms.iter().map(|(_, steps)| steps).chain(otherwise).map(|steps| {
                    let mut inside = *after;
                    walk(steps, &mut inside, visit);
                    inside
                });
                if ends.collect::<Vec<_>>().iter().any(|end| end != after) {
                    *after = None;
                }
            }
            (StepKind::Split { arms, .. }, Some(_)) => {
                for arm in arms {
                    walk(&arm.steps, &mut after.clone(), visit);
                }
                *after = if step.takes_time() { None } else { *after };
            }
            _ if step.takes_time() => *after = None,
            _ => {}
        }
        if after.is_none() {
            return;
        }
    }
}

fn moments(start: &Start, after: Duration) -> Vec<Moment<'_>> {
    match start {
        Start::Events(triggers) => triggers.iter().map(|trigger| Moment::After(&trigger.event, after)).collect(),
        Start::Every { occurrence, .. } if after == Duration::ZERO => match occurrence {
            Occurrence::Day { at } => vec![Moment::Clock(Turn::Day, *at)],
            Occurrence::Weekly { day, at } => vec![Moment::Clock(Turn::Week(*day), *at)],
            Occurrence::Monthly { at, .. } => vec![Moment::Clock(Turn::Month, *at)],
            Occurrence::Anniversary { .. } => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Whether two messages can come at one instant, and nothing says who goes first.
fn meet(one: &Due, other: &Due, policy: &Policy) -> bool {
    let is_decided = [one, other].iter().any(|due| policy.priority.contains(&due.scenario.name));
    let same = |one: &Moment, other: &Moment| match (one, other) {
        (Moment::Clock(one, at), Moment::Clock(other, too)) => {
            at == too && !matches!((one, other), (Turn::Week(one), Turn::Week(other)) if one != other)
        }
        (one, other) => one == other,
    };
    let at_once = one.moments.iter().any(|each| other.moments.iter().any(|too| same(each, too)));
    !is_decided && at_once && !exclude(one.scenario, other.scenario)
}

/// Whether what the two ask of a contact or an event cannot hold of both.
fn exclude(one: &Scenario, other: &Scenario) -> bool {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    asked(one, &mut first);
    asked(other, &mut second);
    first.iter().any(|one| second.iter().any(|other| contradict(one, other)))
}

/// What must hold for a scenario to begin.
fn asked<'s>(scenario: &'s Scenario, all: &mut Vec<(&'s Expr, bool)>) {
    if let [only] = scenario.start.events() {
        only.filters.iter().for_each(|filter| conjuncts(filter, true, all));
    }
    scenario.audience.iter().for_each(|audience| conjuncts(audience, true, all));
    if let [Step { guard: Some(guard), .. }] = scenario.steps.as_slice() {
        match guard {
            Guard::OnlyIf(condition) => conjuncts(condition, true, all),
            Guard::Unless(condition) => conjuncts(condition, false, all),
        }
    }
}

fn conjuncts<'s>(expr: &'s Expr, holds: bool, all: &mut Vec<(&'s Expr, bool)>) {
    match &expr.kind {
        Kind::And(parts) if holds => parts.iter().for_each(|part| conjuncts(part, true, all)),
        Kind::Or(parts) if !holds => parts.iter().for_each(|part| conjuncts(part, false, all)),
        Kind::Not(inner) => conjuncts(inner, !holds, all),
        _ => all.push((expr, holds)),
    }
}

fn contradict((one, holds): &(&Expr, bool), (other, holds_too): &(&Expr, bool)) -> bool {
    match (&one.kind, &other.kind) {
        (Kind::Equal(one), Kind::Equal(other)) if one.0.kind == other.0.kind => match (&one.1.kind, &other.1.kind) {
            (Kind::Literal(value), Kind::Literal(other)) if value == other => holds != holds_too,
            (Kind::Literal(_), Kind::Literal(_)) => *holds && *holds_too,
            _ => false,
        },
        (one, other) => one == other && holds != holds_too,
    }
}

//! Erasing a person: on what it rests, whether they were warned, and what it cuts off.

use super::deeds::{begins_at_leisure, is_of_the_active};
use super::gone::rests_on_short_silence;
use super::loops::OPENED;
use super::reasons::{Reasons, leads};
use super::typed::{Expr, Kind, Scenario, Start, StepKind, Trigger};
use super::warnings::Warnings;
use super::ways::{Reached, acts, needs};
use super::words::or_list;
use crate::diagnostic::{Diagnostic, Rule};
use crate::span::Span;

/// How many scenarios a note names.
const NAMED_MAX: usize = 4;

/// Judges the erasures of all scenarios.
pub fn check_erasures(scenarios: &[Scenario], out: &mut Vec<Diagnostic>) {
    let erases = |scenario: &Scenario| scenario.all_steps().iter().any(|step| step.kind == StepKind::Erase);
    if !scenarios.iter().any(erases) {
        return;
    }
    let acts: Vec<Vec<Reached>> = scenarios.iter().map(acts).collect();
    let leads = leads(scenarios, &acts);
    let reasons = Reasons::of(scenarios, &acts, &leads);
    let warnings = Warnings::of(scenarios, &acts, &leads);
    for ((place, scenario), acts) in scenarios.iter().enumerate().zip(&acts) {
        for erasure in acts.iter().filter(|act| matches!(act.step.kind, StepKind::Erase)) {
            let refused = rests_on_nothing(scenario, erasure)
                .or_else(|| rests_on_opens(place, scenarios, &reasons, erasure))
                .or_else(|| warnings.unnamed_at(place, erasure))
                .or_else(|| rests_on_short_silence(scenario, erasure));
            out.extend(refused);
            out.extend(cuts_off(scenario, scenarios, erasure));
        }
    }
}

/// Everything that chooses whom an erasure meets.
fn conditions<'s>(scenario: &'s Scenario, erasure: &'s Reached) -> impl Iterator<Item = &'s Expr> {
    let standing = scenario.stop_when.iter().chain(scenario.goal.as_ref().map(|goal| &goal.condition));
    let on_the_way = erasure.holds.iter().copied().chain(erasure.fails.iter().copied());
    scenario.audience.iter().chain(standing).chain(on_the_way)
}

/// `every month erase contact`, `when purchased erase contact`, `every day for purchased ever erase contact`
fn rests_on_nothing(scenario: &Scenario, erasure: &Reached) -> Option<Diagnostic> {
    let standing = scenario.stop_when.iter().chain(scenario.goal.as_ref().map(|goal| &goal.condition));
    // That a warning was sent chooses nobody of those who come round.
    let comes_round = matches!(scenario.start, Start::Every { .. });
    let chooses = |each: &&Expr| !(comes_round && needs(each, true, &is_warned) && is_warned_alone(each));
    let mut holds = scenario.audience.iter().chain(erasure.holds.iter().copied()).filter(chooses);
    let is_any = conditions(scenario, erasure).any(|each| chooses(&each));
    let mut fails = erasure.fails.iter().copied().chain(standing);
    if holds.any(|each| !is_ordinary(each, true)) || fails.any(|each| !is_ordinary(each, false)) {
        return None;
    }
    let found =
        |message: &str| Diagnostic::new(Rule::HastyErasure, message).at(erasure.step.span, "no condition chooses whom");
    let say_whom = "say whom, such as `every month for no purchased in last 3 years ...`";
    Some(match &scenario.start {
        Start::Every { .. } if !is_any => found("this erases everyone").help(say_whom),
        Start::Every { .. } => found("this erases whoever was active")
            .help(format!("where `no` is missing, write it; otherwise {say_whom}")),
        Start::Events(events) if !events.is_empty() && events.iter().all(begins_at_leisure) => {
            let subscribes = |event: &Trigger| event.event == "subscribed";
            let who = if events.iter().all(subscribes) { "subscribed" } else { "is active" };
            let found = found(&format!("this erases whoever {who}"));
            let found = events.iter().fold(found, |found, event| found.at(event.span, "no wish to be forgotten"));
            found.help("say whom, such as `when no purchased for 3 years ...`")
        }
        _ => return None,
    })
}

/// Whether a part of a condition holds because a message of this instance left.
fn is_warned(part: &Expr, holds: bool) -> bool {
    holds && matches!(&part.kind, Kind::Has(inner) if matches!(inner.kind, Kind::OwnMessage(_)))
}

/// Whether a condition says nothing but that messages left, and did not come back.
fn is_warned_alone(condition: &Expr) -> bool {
    match &condition.kind {
        Kind::And(all) | Kind::Or(all) => all.iter().all(is_warned_alone),
        Kind::Not(inner) => matches!(&inner.kind, Kind::History(history) if history.event == "bounced"),
        Kind::History(history) => history.event == "sent",
        _ => is_warned(condition, true),
    }
}

/// Whether a condition that holds, or fails, says no more than that somebody did what people do all day.
fn is_ordinary(condition: &Expr, holds: bool) -> bool {
    match &condition.kind {
        Kind::Not(inner) => is_ordinary(inner, !holds),
        Kind::And(all) | Kind::Or(all) => all.iter().all(|each| is_ordinary(each, holds)),
        // An open of nobody knows whom.
        Kind::Missing => true,
        _ => is_of_the_active(condition, holds),
    }
}

/// No open proves nothing: the pixel may be blocked, or not consented to. Whatever begins a scenario is looked at too, for it
/// has chosen whom.
fn rests_on_opens(place: usize, scenarios: &[Scenario], reasons: &Reasons, erasure: &Reached) -> Option<Diagnostic> {
    let scenario = scenarios.get(place)?;
    reasons.at(place, scenario, erasure).on_opens.then(|| {
        let mut found = Diagnostic::new(Rule::HastyErasure, "this erases persons because they opened nothing")
            .at(erasure.step.span, "rests on opens alone");
        // Where it is asked, if not in the step itself: a segment, or a scenario by which this one begins, or chooses.
        let before = reasons.before(place).into_iter().filter_map(|place| scenarios.get(place));
        let asked = std::iter::once(scenario).chain(before).find_map(asks_for_opens);
        if let Some(place) = asked.filter(|place| {
            place.source != erasure.step.span.source || !erasure.step.span.range().contains(&place.range().start)
        }) {
            found = found.at(place, "asked here");
        }
        found
            .because("an open cannot always be known: images may be blocked, and not everyone consents to be counted")
            .help("ask for more, such as `no (purchased or opened or clicked) in last 3 years`")
    })
}

/// Where a scenario asks first for opens.
fn asks_for_opens(scenario: &Scenario) -> Option<Span> {
    let mut first = None;
    if let Start::Silence { events, .. } = &scenario.start {
        first = events.iter().find(|trigger| trigger.event == OPENED).map(|trigger| trigger.span);
    }
    let mut acts = acts(scenario);
    acts.retain(|act| !matches!(act.step.kind, StepKind::Send(_)));
    let conditions =
        scenario.audience.iter().chain(acts.iter().flat_map(|act| act.holds.iter().chain(&act.fails).copied()));
    for condition in conditions {
        condition.visit(&mut |each| {
            if let Kind::History(history) = &each.kind
                && history.event == OPENED
            {
                first = first.or(Some(each.span));
            }
        });
    }
    first
}

/// Other scenarios may be in the middle of a wait.
fn cuts_off(scenario: &Scenario, all: &[Scenario], erasure: &Reached) -> Option<Diagnostic> {
    let asks_of = |other: &str| {
        conditions(scenario, erasure)
            .any(|each| each.any(|kind| matches!(kind, Kind::InScenario(name) if name == other)))
    };
    let waits = |other: &Scenario| -> Option<Span> {
        other.all_steps().iter().find(|step| step.takes_time()).map(|step| step.span)
    };
    let cut: Vec<(&str, Span)> = (all.iter())
        .filter(|other| other.name != scenario.name && !asks_of(&other.name))
        .filter_map(|other| Some((other.name.as_str(), waits(other)?)))
        .collect();
    let (first, place) = cut.first()?;
    // Who does what the help says is done: it names them all.
    let all: Vec<&str> = cut.iter().map(|(name, _)| *name).collect();
    let names = all.get(..NAMED_MAX).unwrap_or(&all);
    let more = if cut.len() > NAMED_MAX { " or another" } else { "" };
    Some(
        Diagnostic::new(
            Rule::ErasureWhileWaiting,
            format!("this erasure can come while the contact waits in {}{more}", or_list(names)),
        )
        .at(erasure.step.span, "ends all that runs for the contact")
        .at(*place, format!("`{first}` waits here"))
        .help(out_of_the_way(&all, conditions(scenario, erasure).next().is_some())),
    )
}

/// How an erasure waits for what else runs: one more condition, or the only one.
fn out_of_the_way(others: &[&str], has_condition: bool) -> String {
    let all: Vec<String> = others.iter().map(|other| format!("not in {other}")).collect();
    let write = match has_condition {
        true => format!("add `and {}` to the condition", all.join(" and ")),
        false => format!("write `erase contact only if {}`", all.join(" and ")),
    };
    format!("where they should end first, {write}; where this is meant, leave it: it is a note")
}

//! Erasing a person: on what it rests, whether they were warned, and what it cuts off.

use super::gone::rests_on_short_silence;
use super::loops::{OPENED, act};
use super::reasons::Reasons;
use super::typed::{Expr, Guard, History, Kind, Scenario, Start, Step, StepKind, Trigger};
use super::words::or_list;
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::Literal;
use crate::span::Span;
use std::collections::BTreeSet;

/// How many scenarios a note names.
const NAMED_MAX: usize = 4;

/// A step `erase contact`, or one by which another scenario may begin, with what must hold for it to be reached.
#[derive(Debug)]
pub(super) struct Reached<'s> {
    pub step: &'s Step,
    /// What holds when it comes: conditions of the `if`s around it, `only if`.
    pub holds: Vec<&'s Expr>,
    /// What does not hold then: other arms, `unless`.
    pub fails: Vec<&'s Expr>,
    /// The messages sent before it.
    pub sent: BTreeSet<&'s str>,
}

/// Judges the erasures of all scenarios.
pub fn check_erasures(scenarios: &[Scenario], out: &mut Vec<Diagnostic>) {
    if !scenarios.iter().any(|scenario| !erasures(scenario).is_empty()) {
        return;
    }
    let reasons = Reasons::of(scenarios);
    for (place, scenario) in scenarios.iter().enumerate() {
        for erasure in erasures(scenario) {
            let refused = rests_on_nothing(scenario, &erasure)
                .or_else(|| rests_on_opens(place, scenarios, &reasons, &erasure))
                .or_else(|| names_no_warning(&reasons.warnings(place), &erasure))
                .or_else(|| rests_on_short_silence(scenario, &erasure));
            out.extend(refused);
            out.extend(cuts_off(scenario, scenarios, &erasure));
        }
    }
}

fn erasures(scenario: &Scenario) -> Vec<Reached<'_>> {
    let mut found = acts(scenario);
    found.retain(|act| matches!(act.step.kind, StepKind::Erase));
    found
}

/// The steps that erase the contact, or by which another scenario may begin.
pub(super) fn acts(scenario: &Scenario) -> Vec<Reached<'_>> {
    let mut walk = Walk { holds: Vec::new(), fails: Vec::new(), sent: BTreeSet::new(), found: Vec::new() };
    walk.steps(&scenario.steps);
    if let Some(goal) = &scenario.goal {
        walk.holds.push(&goal.condition);
        walk.steps(&goal.then);
    }
    walk.found
}

struct Walk<'s> {
    holds: Vec<&'s Expr>,
    fails: Vec<&'s Expr>,
    sent: BTreeSet<&'s str>,
    found: Vec<Reached<'s>>,
}

impl<'s> Walk<'s> {
    fn steps(&mut self, steps: &'s [Step]) {
        let (held, failed) = (self.holds.len(), self.fails.len());
        for step in steps {
            let (held, failed) = (self.holds.len(), self.fails.len());
            match &step.guard {
                Some(Guard::OnlyIf(condition)) => self.holds.push(condition),
                Some(Guard::Unless(condition)) => self.fails.push(condition),
                None => {}
            }
            self.step(step);
            self.holds.truncate(held);
            self.fails.truncate(failed);
            self.goes_on(step);
        }
        self.holds.truncate(held);
        self.fails.truncate(failed);
    }

    /// What an instance that a step did not end has shown.
    fn goes_on(&mut self, step: &'s Step) {
        match (&step.kind, &step.guard) {
            (StepKind::Stop, Some(Guard::OnlyIf(condition))) => self.fails.push(condition),
            (StepKind::Stop, Some(Guard::Unless(condition))) => self.holds.push(condition),
            (StepKind::If { arms, otherwise }, None) => {
                let ends = |steps: &[Step]| steps.iter().any(Step::ends);
                self.fails.extend(arms.iter().filter(|(_, steps)| ends(steps)).map(|(condition, _)| condition));
                if let [(condition, _)] = arms.as_slice()
                    && otherwise.as_ref().is_some_and(|steps| ends(steps))
                {
                    self.holds.push(condition);
                }
            }
            _ => {}
        }
    }

    fn step(&mut self, step: &'s Step) {
        if step.kind == StepKind::Erase || act(step).is_some() {
            self.found.push(Reached {
                step,
                holds: self.holds.clone(),
                fails: self.fails.clone(),
                sent: self.sent.clone(),
            });
        }
        match &step.kind {
            StepKind::Send(send) => self.sent.extend(send.alternatives.iter().map(|each| each.message.as_str())),
            StepKind::If { arms, otherwise } => {
                let failed = self.fails.len();
                for (condition, steps) in arms {
                    self.holds.push(condition);
                    self.steps(steps);
                    self.holds.pop();
                    self.fails.push(condition);
                }
                otherwise.iter().for_each(|steps| self.steps(steps));
                self.fails.truncate(failed);
            }
            StepKind::Split { arms, .. } => arms.iter().for_each(|arm| self.steps(&arm.steps)),
            StepKind::Repeat { steps, .. } => self.steps(steps),
            _ => {}
        }
    }
}

/// Everything that chooses whom an erasure meets.
fn conditions<'s>(scenario: &'s Scenario, erasure: &'s Reached) -> impl Iterator<Item = &'s Expr> {
    let standing = scenario.stop_when.iter().chain(scenario.goal.as_ref().map(|goal| &goal.condition));
    let on_the_way = erasure.holds.iter().copied().chain(erasure.fails.iter().copied());
    scenario.audience.iter().chain(standing).chain(on_the_way)
}

/// What people do all day, and what is no wish to be forgotten.
const ORDINARY: [&str; 5] = ["purchased", "cart_updated", "order_delivered", OPENED, "clicked"];

/// `every month erase contact`, `when purchased erase contact`, `every day for purchased ever erase contact`
fn rests_on_nothing(scenario: &Scenario, erasure: &Reached) -> Option<Diagnostic> {
    let is_any = conditions(scenario, erasure).next().is_some();
    let standing = scenario.stop_when.iter().chain(scenario.goal.as_ref().map(|goal| &goal.condition));
    let mut holds = scenario.audience.iter().chain(erasure.holds.iter().copied());
    let mut fails = erasure.fails.iter().copied().chain(standing);
    let chooses = holds.any(|each| !is_ordinary(each, true)) || fails.any(|each| !is_ordinary(each, false));
    let does_what_all_do = |events: &[Trigger]| {
        let is_ordinary = |event: &Trigger| event.filters.is_empty() && ORDINARY.contains(&event.event.as_str());
        !events.is_empty() && events.iter().all(is_ordinary)
    };
    let message = match &scenario.start {
        Start::Every { .. } if !is_any => "this erases everyone",
        Start::Every { .. } if !chooses => "this erases whoever was active",
        Start::Events(events) if !chooses && does_what_all_do(events) => "this erases whoever is active",
        _ => return None,
    };
    Some(
        Diagnostic::new(Rule::HastyErasure, message)
            .at(erasure.step.span, "no condition chooses whom")
            .help("say whom, such as `every month for no purchased in last 3 years ...`"),
    )
}

/// Whether a condition that holds, or fails, says no more than that somebody did what people do all day.
fn is_ordinary(condition: &Expr, holds: bool) -> bool {
    match &condition.kind {
        Kind::Not(inner) => is_ordinary(inner, !holds),
        Kind::And(all) | Kind::Or(all) => all.iter().all(|each| is_ordinary(each, holds)),
        Kind::History(history) => holds && is_of_all(history),
        _ => false,
    }
}

/// Whether it asks for what people do all day, whatever it is about.
pub(super) fn is_of_all(history: &History) -> bool {
    let whole = history.filters.is_empty() && history.keys.is_empty() && history.instance_filters.is_empty();
    whole && ORDINARY.contains(&history.event.as_str())
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

/// A warning that never left is no warning. `before` is what was sent by scenarios by which this one begins.
fn names_no_warning(before: &BTreeSet<&str>, erasure: &Reached) -> Option<Diagnostic> {
    let warnings: BTreeSet<&str> = before.union(&erasure.sent).copied().collect();
    if warnings.is_empty() || erasure.holds.iter().any(|condition| requires_sent(condition, &warnings)) {
        return None;
    }
    let named = erasure.sent.last().or(warnings.last()).copied().unwrap_or("last_warning");
    Some(
        Diagnostic::new(Rule::HastyErasure, "this erasure does not name the warning that it follows")
            .at(erasure.step.span, "comes after a message that may never have left")
            .because("a message may be held back, suppressed or bounced; then the person was not warned")
            .help(format!("name it: `erase contact only if sent {named}`")),
    )
}

/// Whether a condition holds only where one of these messages was sent.
fn requires_sent(condition: &Expr, warnings: &BTreeSet<&str>) -> bool {
    match &condition.kind {
        Kind::And(all) => all.iter().any(|each| requires_sent(each, warnings)),
        Kind::Or(all) => !all.is_empty() && all.iter().all(|each| requires_sent(each, warnings)),
        Kind::History(history) => {
            let is_one = |key: &super::typed::Key| match &key.of_instance.kind {
                Kind::OwnMessage(names) => names.iter().any(|name| warnings.contains(name.as_str())),
                _ => false,
            };
            history.event == "sent"
                && (history.keys.iter().any(is_one) || history.filters.iter().any(|each| names_one(each, warnings)))
        }
        _ => false,
    }
}

/// Whether a filter of `sent` lets only these messages through.
fn names_one(filter: &Expr, warnings: &BTreeSet<&str>) -> bool {
    let is_one = |value: &Expr| match &value.kind {
        Kind::Literal(Literal::Text(name)) => warnings.contains(name.as_str()),
        _ => false,
    };
    match &filter.kind {
        Kind::Equal(pair) => is_one(&pair.1),
        Kind::In(_, list) => list.iter().all(is_one),
        Kind::And(all) => all.iter().any(|each| names_one(each, warnings)),
        Kind::Or(all) => !all.is_empty() && all.iter().all(|each| names_one(each, warnings)),
        _ => false,
    }
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

//! Erasing a person: on what it rests, whether they were warned, and what it cuts off.

use super::typed::{Expr, Guard, Kind, Scenario, Start, Step, StepKind, Trigger, Window};
use super::words::or_list;
use crate::diagnostic::{Diagnostic, Rule};
use crate::span::Span;
use std::collections::BTreeSet;

/// What is known of nobody's doing: a machine opens, and what was sent says nothing of who got it.
const OPENED: &str = "opened";
const OF_MESSAGES: [&str; 3] = [OPENED, "sent", "bounced"];

/// How many scenarios a note names.
const NAMED_MAX: usize = 4;

/// A step `erase contact`, or one that starts a scenario, with what must hold for it to be reached.
struct Erasure<'s> {
    step: &'s Step,
    /// What holds when it comes: conditions of the `if`s around it, `only if`.
    holds: Vec<&'s Expr>,
    /// What does not hold then: other arms, `unless`.
    fails: Vec<&'s Expr>,
    /// Whether a message was sent before it.
    after_message: bool,
}

/// Judges the erasures of all scenarios.
pub fn check_erasures(scenarios: &[Scenario], out: &mut Vec<Diagnostic>) {
    for scenario in scenarios {
        for erasure in erasures(scenario) {
            let refused = rests_on_nothing(scenario, &erasure)
                .or_else(|| rests_on_opens(scenario, scenarios, &erasure))
                .or_else(|| names_no_warning(scenario, scenarios, &erasure));
            out.extend(refused);
            out.extend(cuts_off(scenario, scenarios, &erasure));
        }
    }
}

fn erasures(scenario: &Scenario) -> Vec<Erasure<'_>> {
    let mut found = acts(scenario);
    found.retain(|act| matches!(act.step.kind, StepKind::Erase));
    found
}

/// The steps that erase the contact or start a scenario.
fn acts(scenario: &Scenario) -> Vec<Erasure<'_>> {
    let mut walk = Walk { holds: Vec::new(), fails: Vec::new(), after_message: false, found: Vec::new() };
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
    after_message: bool,
    found: Vec<Erasure<'s>>,
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
        match &step.kind {
            StepKind::Erase | StepKind::Start(_) => self.found.push(Erasure {
                step,
                holds: self.holds.clone(),
                fails: self.fails.clone(),
                after_message: self.after_message,
            }),
            StepKind::Send(_) => self.after_message = true,
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
fn conditions<'s>(scenario: &'s Scenario, erasure: &'s Erasure) -> impl Iterator<Item = &'s Expr> {
    let standing = scenario.stop_when.iter().chain(scenario.goal.as_ref().map(|goal| &goal.condition));
    let on_the_way = erasure.holds.iter().copied().chain(erasure.fails.iter().copied());
    scenario.audience.iter().chain(standing).chain(on_the_way)
}

/// What people do all day, and what is no wish to be forgotten.
const ORDINARY: [&str; 5] = ["purchased", "cart_updated", "order_delivered", OPENED, "clicked"];

/// `every month erase contact`, `when purchased erase contact`, `every day for purchased ever erase contact`
fn rests_on_nothing(scenario: &Scenario, erasure: &Erasure) -> Option<Diagnostic> {
    let is_any = scenario.audience.is_some() || !erasure.holds.is_empty() || !erasure.fails.is_empty();
    let positive = scenario.audience.iter().chain(erasure.holds.iter().copied());
    let chooses = !erasure.fails.is_empty() || positive.into_iter().any(|condition| !is_ordinary(condition));
    let does_what_all_do = |events: &[Trigger]| {
        let is_ordinary = |event: &Trigger| event.filters.is_empty() && ORDINARY.contains(&event.event.as_str());
        !events.is_empty() && events.iter().all(is_ordinary)
    };
    let message = match &scenario.start {
        Start::Every { .. } if !is_any => "this erases everyone",
        Start::Every { .. } if !chooses => "this erases whoever was ever active",
        Start::Events(events) if !chooses && does_what_all_do(events) => "this erases whoever is active",
        _ => return None,
    };
    Some(
        Diagnostic::new(Rule::HastyErasure, message)
            .at(erasure.step.span, "no condition chooses whom")
            .help("say whom, such as `every month for no purchased in last 3 years ...`"),
    )
}

/// Whether a condition says no more than that somebody did once what people do all day.
fn is_ordinary(condition: &Expr) -> bool {
    match &condition.kind {
        Kind::And(all) | Kind::Or(all) => all.iter().all(is_ordinary),
        Kind::History(history) => {
            let whole = history.filters.is_empty() && history.keys.is_empty() && history.instance_filters.is_empty();
            whole && history.window == Window::Ever && ORDINARY.contains(&history.event.as_str())
        }
        _ => false,
    }
}

/// By which events a step of a scenario may be reached.
fn rests(scenario: &Scenario, act: &Erasure) -> Rests {
    // An event says why this contact; that none came is a reason like any other.
    let silent = if matches!(scenario.start, Start::Silence { .. }) { scenario.start.events() } else { &[] };
    let mut rests = Rests::on(silent.iter().map(|trigger| trigger.event.as_str()));
    for condition in scenario.audience.iter().chain(act.holds.iter().copied()) {
        rests = rests.and(Rests::of(condition, true));
    }
    // Whoever comes so far was not stopped on the way.
    let standing = scenario.stop_when.iter().chain(scenario.goal.as_ref().map(|goal| &goal.condition));
    for condition in act.fails.iter().copied().chain(standing) {
        rests = rests.and(Rests::of(condition, false));
    }
    rests
}

/// No open proves nothing: the pixel may be blocked, or not consented to. Of a scenario that others start, each of them is
/// looked at, for it has chosen whom.
fn rests_on_opens(scenario: &Scenario, all: &[Scenario], erasure: &Erasure) -> Option<Diagnostic> {
    let own = rests(scenario, erasure);
    let starters: &[Scenario] = if scenario.start == Start::Started { all } else { &[] };
    let on_opens = own.on_opens
        || starters.iter().any(|starter| {
            let starts = acts(starter);
            let mut starts =
                starts.iter().filter(|act| matches!(&act.step.kind, StepKind::Start(name) if *name == scenario.name));
            starts.any(|act| rests(starter, act).and(own).on_opens)
        });
    on_opens.then(|| {
        let mut found = Diagnostic::new(Rule::HastyErasure, "this erases persons because they opened nothing")
            .at(erasure.step.span, "rests on opens alone");
        // Where it is asked, if not in the step itself: a segment, or a scenario that starts this one.
        let asked = std::iter::once(scenario).chain(starters).find_map(asks_for_opens);
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
    let acts = acts(scenario);
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

/// By which events a condition may come to hold: there is a way in which it asks for opens alone, and one in which it asks for
/// no event of a person at all.
#[derive(Clone, Copy, Debug)]
struct Rests {
    on_opens: bool,
    on_nothing: bool,
}

impl Rests {
    fn on<'e>(events: impl Iterator<Item = &'e str>) -> Rests {
        let events: BTreeSet<&str> = events.collect();
        let is_known = events.iter().any(|event| !OF_MESSAGES.contains(event));
        let is_open = events.contains(OPENED);
        Rests { on_opens: !is_known && is_open, on_nothing: !is_known && !is_open }
    }

    fn and(self, other: Rests) -> Rests {
        let on_opens = self.on_opens && (other.on_opens || other.on_nothing) || self.on_nothing && other.on_opens;
        Rests { on_opens, on_nothing: self.on_nothing && other.on_nothing }
    }

    fn or(self, other: Rests) -> Rests {
        Rests { on_opens: self.on_opens || other.on_opens, on_nothing: self.on_nothing || other.on_nothing }
    }

    /// Of a condition that holds, or fails.
    fn of(condition: &Expr, holds: bool) -> Rests {
        match &condition.kind {
            Kind::Not(inner) => Rests::of(inner, !holds),
            Kind::And(all) | Kind::Or(all) if !all.is_empty() => {
                let is_every = matches!(condition.kind, Kind::And(_)) == holds;
                let parts = all.iter().map(|each| Rests::of(each, holds));
                parts.reduce(|one, other| if is_every { one.and(other) } else { one.or(other) }).unwrap_or(NOTHING)
            }
            _ => {
                let mut events: BTreeSet<&str> = BTreeSet::new();
                condition.visit(&mut |each| match &each.kind {
                    Kind::History(history) => {
                        events.insert(&history.event);
                    }
                    Kind::Aggregate(aggregate) => {
                        events.insert(&aggregate.history.event);
                    }
                    _ => {}
                });
                Rests::on(events.into_iter())
            }
        }
    }
}

const NOTHING: Rests = Rests { on_opens: false, on_nothing: true };

/// A warning that never left is no warning.
fn names_no_warning(scenario: &Scenario, all: &[Scenario], erasure: &Erasure) -> Option<Diagnostic> {
    let is_send = |step: &&Step| matches!(step.kind, StepKind::Send(_));
    let starts_this = |step: &Step| matches!(&step.kind, StepKind::Start(name) if *name == scenario.name);
    let warner = |other: &&Scenario| {
        let steps = other.all_steps();
        steps.iter().any(|step| starts_this(step)) && steps.iter().any(is_send)
    };
    let follows = erasure.after_message || all.iter().any(|other| warner(&other));
    if !follows || erasure.holds.iter().any(|condition| requires_sent(condition)) {
        return None;
    }
    Some(
        Diagnostic::new(Rule::HastyErasure, "this erasure does not name the warning that it follows")
            .at(erasure.step.span, "comes after a message that may never have left")
            .because("a message may be held back, suppressed or bounced; then the person was not warned")
            .help("name it: `erase contact only if sent last_warning`"),
    )
}

/// Whether a condition holds only where some message was sent.
fn requires_sent(condition: &Expr) -> bool {
    match &condition.kind {
        Kind::And(all) => all.iter().any(requires_sent),
        Kind::Or(all) => !all.is_empty() && all.iter().all(requires_sent),
        Kind::History(history) => {
            let names_it = history.keys.iter().any(|key| matches!(key.of_instance.kind, Kind::OwnMessage(_)));
            history.event == "sent" && (names_it || !history.filters.is_empty())
        }
        _ => false,
    }
}

/// Other scenarios may be in the middle of a wait.
fn cuts_off(scenario: &Scenario, all: &[Scenario], erasure: &Erasure) -> Option<Diagnostic> {
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

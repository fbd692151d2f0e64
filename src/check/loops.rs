//! A scenario ends, over all scenarios together: whatever begins another instance, by `start` or by an event that a step
//! makes, comes back only after a wait, and only so often.

use super::truth::{Fact, Known, Possible, Reader, Until};
use super::typed::{EntryRule, Expr, Kind, Scenario, Send, Start, Step, StepKind, Trigger};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Literal, Model, Record, Type};
use crate::span::Span;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What people do with a message.
pub(super) const OPENED: &str = "opened";

/// What a step that sends makes, at once.
const SENT: &str = "sent";

/// How many steps of a round a finding points at.
const LABELS_MAX: usize = 6;

/// One scenario begins another.
#[derive(Clone, Copy, Debug)]
struct Edge {
    to: usize,
    /// The step by which it does.
    step: Span,
    /// Whether time passes between the entry and that step.
    waits: bool,
}

/// What a step makes happen, as far as the text tells.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act<'s> {
    Start(&'s str),
    Credit(&'s str),
    Debit(&'s str),
    Set { field: &'s str, value: Option<&'s str> },
    Tag { add: bool, tag: Option<&'s str> },
    Send(&'s Send),
}

/// What is known of a field of an event that a step makes.
enum Field<'s> {
    Unknown,
    Missing,
    /// One of these texts.
    OneOf(Vec<&'s str>),
}

/// All scenarios, and by the name of an event those that it begins, at once or some time after. They are sorted by name.
struct All<'s> {
    scenarios: &'s [Scenario],
    /// The events that tell what became of a message: they follow it to the one who got it.
    of_messages: Vec<&'s str>,
    by_event: BTreeMap<&'s str, Vec<usize>>,
    model: &'s Model,
    /// Steps that never come.
    never: &'s BTreeSet<Span>,
}

impl<'s> All<'s> {
    fn of(scenarios: &'s [Scenario], model: &'s Model, never: &'s BTreeSet<Span>) -> All<'s> {
        let of_message = |event: &&Record| event.fields.iter().any(|field| field.ty == Type::Message);
        let events = model.events.values().filter(|event| !model.routes.contains_key(&event.name)).filter(of_message);
        let of_messages = events.map(|event| event.name.as_str()).filter(|event| *event != SENT).collect();
        let mut by_event: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, scenario) in scenarios.iter().enumerate() {
            for trigger in scenario.start.events() {
                by_event.entry(&trigger.event).or_default().push(place);
            }
        }
        All { scenarios, of_messages, by_event, model, never }
    }

    /// Those that a step may begin, as far as names tell, in their order.
    fn near(&self, act: Act) -> BTreeSet<usize> {
        if let Act::Start(name) = act {
            return self.scenarios.binary_search_by(|each| each.name.as_str().cmp(name)).into_iter().collect();
        }
        let later = self.of_messages.iter().filter(|_| matches!(act, Act::Send(_)));
        let events = later.copied().chain([event(act)]);
        events.filter_map(|event| self.by_event.get(event)).flatten().copied().collect()
    }
}

/// Judges all scenarios together, but for the steps that `never` come.
pub fn check_loops(scenarios: &[Scenario], model: &Model, never: &BTreeSet<Span>, out: &mut Vec<Diagnostic>) {
    let all = All::of(scenarios, model, never);
    let edges: Vec<Vec<Edge>> = scenarios.iter().map(|scenario| edges(scenario, &all)).collect();
    let mut told: BTreeSet<usize> = BTreeSet::new();
    for start in 0..scenarios.len() {
        if !told.contains(&start)
            && let Some(round) = round(start, &edges, |edge| !edge.waits)
        {
            out.extend(endless(scenarios, start, &round, true));
            told.extend(round.iter().map(|edge| edge.to));
        }
    }
    for (start, scenario) in scenarios.iter().enumerate() {
        if !told.contains(&start)
            && !is_bounded(scenario)
            && let Some(round) = round(start, &edges, |edge| !scenarios.get(edge.to).is_some_and(is_bounded))
        {
            out.extend(endless(scenarios, start, &round, false));
            told.extend(round.iter().map(|edge| edge.to));
        }
    }
}

/// Whether its entry rule lets it begin only so often, whatever comes.
fn is_bounded(scenario: &Scenario) -> bool {
    match &scenario.entry {
        EntryRule::Once | EntryRule::OnceEvery(_) => true,
        // A missing path limits nothing.
        EntryRule::OncePer(path) => !path.optional,
        EntryRule::Always | EntryRule::Latest | EntryRule::OneAtATime => false,
    }
}

/// The shortest way from a scenario back to it, over edges that are taken.
fn round(start: usize, edges: &[Vec<Edge>], taken: impl Fn(&Edge) -> bool) -> Option<Vec<Edge>> {
    let mut came: BTreeMap<usize, (usize, Edge)> = BTreeMap::new();
    let mut waiting = VecDeque::from([start]);
    while let Some(from) = waiting.pop_front() {
        for edge in edges.get(from).into_iter().flatten().filter(|edge| taken(edge)) {
            if came.contains_key(&edge.to) {
                continue;
            }
            came.insert(edge.to, (from, *edge));
            if edge.to == start {
                return Some(back(start, &came));
            }
            waiting.push_back(edge.to);
        }
    }
    None
}

fn back(start: usize, came: &BTreeMap<usize, (usize, Edge)>) -> Vec<Edge> {
    let mut round = Vec::new();
    let mut at = start;
    while let Some((from, edge)) = came.get(&at) {
        round.push(*edge);
        at = *from;
        if at == start {
            break;
        }
    }
    round.reverse();
    round
}

fn endless(scenarios: &[Scenario], start: usize, round: &[Edge], at_once: bool) -> Option<Diagnostic> {
    let scenario = scenarios.get(start)?;
    let name = |edge: &Edge| scenarios.get(edge.to).map_or("", |scenario| scenario.name.as_str());
    let mut found = Diagnostic::new(
        Rule::Endless,
        match at_once {
            true => format!("`{}` may begin itself again at the same instant", scenario.name),
            false => format!("`{}` may begin itself again, and nothing here is sure to end it", scenario.name),
        },
    );
    for edge in round.iter().take(LABELS_MAX) {
        found = found.at(edge.step, format!("begins `{}`", name(edge)));
    }
    let has_rule = round.iter().filter_map(|edge| scenarios.get(edge.to)).any(is_bounded);
    let help = match at_once {
        true if has_rule => "write a `wait` before one of these steps",
        true => "write a `wait` before one of these steps, and an entry rule such as `once` in a scenario of the round",
        false => "give a scenario of the round an entry rule, such as `once` or `once every 6 months`",
    };
    Some(found.because("a scenario ends: what comes back waits, and comes back only so often").help(help))
}

/// What a scenario begins.
fn edges(scenario: &Scenario, all: &All) -> Vec<Edge> {
    let mut found = Vec::new();
    follow(&scenario.steps, false, &mut |step, waits| found.extend(begun(step, waits, all)));
    if let Some(goal) = &scenario.goal {
        // A goal that asks for events is reached after the entry.
        let later = goal.within.is_some() || goal.condition.any(|kind| matches!(kind, Kind::History(_)));
        follow(&goal.then, later, &mut |step, waits| found.extend(begun(step, waits, all)));
    }
    found
}

fn begun(step: &Step, waits: bool, all: &All) -> Vec<Edge> {
    let Some(act) = act(step).filter(|_| !all.never.contains(&step.span)) else { return Vec::new() };
    let edge = |to: usize| {
        let scenario = all.scenarios.get(to)?;
        let waits = if begins(act, scenario) && !is_refused(act, scenario, all) {
            Some(waits)
        } else {
            begins_later(act, scenario, all).then_some(true)
        };
        waits.map(|waits| Edge { to, step: step.span, waits })
    };
    all.near(act).into_iter().filter_map(edge).collect()
}

/// Whether what a step does makes the `for` of a scenario untrue, and no step of any makes it true again at that instant.
fn is_refused(act: Act, scenario: &Scenario, all: &All) -> bool {
    let Some(audience) = &scenario.audience else { return false };
    let triggers = scenario.trigger_events();
    let reader = Reader { model: all.model, triggers: &triggers };
    let mut asked = Vec::new();
    audience.visit(&mut |expr| match (&expr.kind, act) {
        (Kind::In(tag, list), Act::Tag { tag: Some(own), .. })
            if text(tag) == Some(own) && matches!(list.as_slice(), [tags] if is_tags(tags)) =>
        {
            asked.push(expr.clone());
        }
        (Kind::InList(pair), Act::Tag { tag: Some(own), .. }) if text(&pair.0) == Some(own) && is_tags(&pair.1) => {
            asked.push(expr.clone());
        }
        (Kind::Contact(name), Act::Set { field, value: Some(value) }) if name == field => {
            let value = Expr::literal(Literal::Text(value.to_owned()), Type::Text, expr.span);
            asked.push(Expr::new(Kind::Equal(Box::new((expr.clone(), value))), Type::Flag, true, expr.span));
        }
        _ => {}
    });
    let came_to = if matches!(act, Act::Tag { add: false, .. }) { Possible::FALSE } else { Possible::TRUE };
    let mut known = Known::default();
    for condition in &asked {
        let place = condition.span;
        known.learn(&reader, Fact { condition, of_trigger: false, came_to, until: Until::Change, place, why: "" });
    }
    let is_turned_back = |other: &Scenario| {
        let mut found = false;
        let then = other.goal.iter().flat_map(|goal| &goal.then);
        other.steps.iter().chain(then).for_each(|step| {
            Step::visit_all(std::slice::from_ref(step), &mut |step| {
                found |= self::act(step).is_some_and(|other| turns_back(act, other));
            });
        });
        found
    };
    !asked.is_empty() && !reader.possible(&known, audience, false).truth && !all.scenarios.iter().any(is_turned_back)
}

fn is_tags(expr: &Expr) -> bool {
    matches!(&expr.kind, Kind::Contact(name) if name == "tags")
}

/// Whether a step may undo what another did.
fn turns_back(act: Act, other: Act) -> bool {
    match (act, other) {
        (Act::Set { field, value }, Act::Set { field: own, value: other }) => {
            field == own && (other.is_none() || other != value)
        }
        (Act::Tag { add, tag }, Act::Tag { add: own, tag: other }) => add != own && (other.is_none() || other == tag),
        _ => false,
    }
}

/// Calls `visit` on each step that can be reached, and tells whether time has passed for sure when it comes; gives whether it
/// has for whoever comes after them.
pub(super) fn follow<'s>(steps: &'s [Step], before: bool, visit: &mut dyn FnMut(&'s Step, bool)) -> bool {
    let mut waited = before;
    for step in steps {
        visit(step, waited);
        let inside = match &step.kind {
            // Where no time has passed yet, a moment that is past is not after the entry, and ends the instance. A wait for a
            // condition passes at once where it holds already.
            StepKind::Wait(_) | StepKind::WaitUntil(_) => true,
            StepKind::If { arms, otherwise } => {
                let mut all = true;
                for (_, steps) in arms {
                    all &= follow(steps, waited, visit);
                }
                let rest = otherwise.as_ref().map_or(waited, |steps| follow(steps, waited, visit));
                all && rest
            }
            StepKind::Split { arms, .. } => {
                let mut all = !arms.is_empty();
                for arm in arms {
                    all &= follow(&arm.steps, waited, visit);
                }
                all
            }
            StepKind::Repeat { times, steps, .. } => follow(steps, waited, visit) || *times > 1,
            _ => false,
        };
        if step.ends() {
            return true;
        }
        waited |= inside && step.guard.is_none();
    }
    waited
}

pub(super) fn act(step: &Step) -> Option<Act<'_>> {
    Some(match &step.kind {
        StepKind::Start(scenario) => Act::Start(scenario),
        StepKind::Credit { account, .. } => Act::Credit(account),
        StepKind::Debit { account, .. } => Act::Debit(account),
        StepKind::Set { field, value, .. } => Act::Set { field, value: text(value) },
        StepKind::Tag { add, tag } => Act::Tag { add: *add, tag: text(tag) },
        StepKind::Send(send) => Act::Send(send),
        _ => return None,
    })
}

fn text(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        Kind::Literal(Literal::Text(text)) => Some(text),
        _ => None,
    }
}

/// Whether what a step does may begin a scenario, at that instant.
pub(super) fn begins(act: Act, scenario: &Scenario) -> bool {
    if let Act::Start(name) = act {
        return scenario.name == name;
    }
    let Start::Events(triggers) = &scenario.start else { return false };
    triggers.iter().any(|trigger| trigger.event == event(act) && !trigger_excludes(trigger, act))
}

/// Whether what a step does may begin a scenario some time after: when nothing of the kind came for so long, or when people
/// open or click the message, or it comes back.
fn begins_later(act: Act, scenario: &Scenario, all: &All) -> bool {
    match (&scenario.start, act) {
        (Start::Silence { events, .. }, act) => {
            events.iter().any(|trigger| trigger.event == event(act) && !trigger_excludes(trigger, act))
        }
        (Start::Events(triggers), Act::Send(_)) => triggers
            .iter()
            .any(|trigger| all.of_messages.contains(&trigger.event.as_str()) && !trigger_excludes(trigger, act)),
        _ => false,
    }
}

/// The event that a step makes.
fn event(act: Act) -> &'static str {
    match act {
        Act::Start(_) => "",
        Act::Credit(_) => "credited",
        Act::Debit(_) => "debited",
        Act::Set { .. } => "changed",
        Act::Tag { add: true, .. } => "tagged",
        Act::Tag { add: false, .. } => "untagged",
        Act::Send(_) => SENT,
    }
}

/// Of a trigger in error nothing is known.
fn trigger_excludes(trigger: &Trigger, act: Act) -> bool {
    trigger.filters.iter().any(|filter| filter.any(|kind| *kind == Kind::Error) || excludes(filter, act))
}

/// Whether a filter is never true of the event that a step makes.
fn excludes(filter: &Expr, act: Act) -> bool {
    match &filter.kind {
        Kind::And(all) => all.iter().any(|each| excludes(each, act)),
        Kind::Or(all) => all.iter().all(|each| excludes(each, act)),
        Kind::Not(inner) => matches!(&inner.kind, Kind::Equal(pair) if always_equal(pair, act)),
        Kind::Equal(pair) => never_equal(&pair.0, std::slice::from_ref(&pair.1), act),
        Kind::In(value, list) => never_equal(value, list, act),
        Kind::Less(pair) | Kind::LessOrEqual(pair) => is_missing(&pair.0, act) || is_missing(&pair.1, act),
        Kind::Has(inner) => is_missing(inner, act),
        _ => false,
    }
}

fn never_equal(value: &Expr, list: &[Expr], act: Act) -> bool {
    match field(value, act) {
        Field::Missing => true,
        Field::Unknown => false,
        Field::OneOf(known) => list.iter().all(|each| text(each).is_some_and(|text| !known.contains(&text))),
    }
}

fn always_equal(pair: &(Expr, Expr), act: Act) -> bool {
    match field(&pair.0, act) {
        Field::OneOf(known) => text(&pair.1).is_some_and(|text| known.iter().all(|each| *each == text)),
        Field::Missing | Field::Unknown => false,
    }
}

fn is_missing(value: &Expr, act: Act) -> bool {
    matches!(field(value, act), Field::Missing)
}

/// What is known of a value of the event that a step makes.
fn field<'s>(value: &Expr, act: Act<'s>) -> Field<'s> {
    let Kind::Event(name) = &value.kind else { return Field::Unknown };
    match (act, name.as_str()) {
        (Act::Credit(_) | Act::Debit(_), "expires") => Field::Unknown,
        // What moves on one account does not move on another.
        (Act::Credit(account) | Act::Debit(account), name) if name != account => Field::Missing,
        (Act::Set { field, .. }, "field") => Field::OneOf(vec![field]),
        (Act::Tag { tag: Some(tag), .. }, "name") => Field::OneOf(vec![tag]),
        (Act::Send(send), "message") => {
            Field::OneOf(send.alternatives.iter().map(|each| each.message.as_str()).collect())
        }
        _ => Field::Unknown,
    }
}

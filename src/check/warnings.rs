//! Whether an erasure names the warning that it follows: one that was held back, suppressed or bounced did not warn.

use super::deeds::{FAREWELLS, is_farewell, is_of_the_project};
use super::gone::is_of_the_silent;
use super::loops::{Act, act};
use super::reasons::Lead;
use super::typed::{Class, Expr, Guard, History, Key, Kind, Scenario, Start, Step, StepKind};
use super::ways::{Reached, Sent, needs};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::Literal;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How many messages a help names.
const NAMED_MAX: usize = 4;

/// What people do with a message that was sent, and that it was. One that came back warned nobody.
const PROOFS: [&str; 3] = ["sent", "opened", "clicked"];

/// What was sent on the ways to each scenario, by its place.
pub(super) struct Warnings<'r, 's> {
    scenarios: &'s [Scenario],
    acts: &'r [Vec<Reached<'s>>],
    /// All messages.
    sent: Vec<BTreeSet<&'s str>>,
    /// Those that no step on a way names, each with the step of another scenario before which it is sent.
    unnamed: Vec<BTreeMap<&'s str, &'s Step>>,
}

impl<'r, 's> Warnings<'r, 's> {
    pub fn of(scenarios: &'s [Scenario], acts: &'r [Vec<Reached<'s>>], leads: &[Lead<'r, 's>]) -> Warnings<'r, 's> {
        let mut found = Warnings {
            scenarios,
            acts,
            sent: vec![BTreeSet::new(); scenarios.len()],
            unnamed: vec![BTreeMap::new(); scenarios.len()],
        };
        // What begins by a message that was sent follows that one, which was.
        let leads: Vec<&Lead> = leads.iter().filter(|lead| !is_send(lead.reached.step)).collect();
        let own: Vec<BTreeSet<&str>> =
            leads.iter().map(|lead| names(&found.own(lead.from, lead.reached)).into_iter().collect()).collect();
        let mut from: Vec<Vec<usize>> = vec![Vec::new(); scenarios.len()];
        for (number, lead) in leads.iter().enumerate() {
            if let Some(from) = from.get_mut(lead.from) {
                from.push(number);
            }
        }
        follow(&leads, &from, |number, lead| {
            let mut sent = found.sent.get(lead.from).cloned().unwrap_or_default();
            sent.extend(own.get(number).into_iter().flatten());
            found.sent.get_mut(lead.to).is_some_and(|known| {
                let before = known.len();
                known.append(&mut sent);
                known.len() > before
            })
        });
        let is_named: Vec<bool> =
            leads.iter().zip(&own).map(|(lead, own)| found.is_named(lead.from, lead.reached, own)).collect();
        follow(&leads, &from, |number, lead| {
            if is_named.get(number).copied().unwrap_or(true) {
                return false;
            }
            let mut unnamed = found.unnamed.get(lead.from).cloned().unwrap_or_default();
            unnamed.extend(own.get(number).into_iter().flatten().map(|message| (*message, lead.reached.step)));
            found.unnamed.get_mut(lead.to).is_some_and(|known| {
                let before = known.len();
                for (message, step) in unnamed {
                    known.entry(message).or_insert(step);
                }
                known.len() > before
            })
        });
        found
    }

    /// The messages of the same scenario before a step that warn of an erasure.
    fn own(&self, place: usize, reached: &Reached<'s>) -> Vec<Sent<'s>> {
        let Some(scenario) = self.scenarios.get(place) else { return Vec::new() };
        if is_wished(scenario, reached) {
            return Vec::new();
        }
        let acts = self.acts.get(place).map_or(&[][..], Vec::as_slice);
        let is_elsewhere = |sent: &Sent| acts.get(sent.act).is_some_and(|act| act.excludes(reached));
        let confirms = |class: Class| match class {
            Class::Marketing => false,
            Class::Service => begins_by_the_project(scenario),
            Class::Transactional => !is_of_the_silent(scenario, reached),
        };
        reached.sent.iter().filter(|sent| !confirms(sent.send.class) && !is_elsewhere(sent)).copied().collect()
    }

    /// Whether a step is reached only where one of the messages before it was sent.
    fn is_named(&self, place: usize, reached: &Reached<'s>, own: &BTreeSet<&str>) -> bool {
        let before = self.sent.get(place);
        let all: BTreeSet<&str> = before.into_iter().flatten().chain(own).copied().collect();
        let audience = self.scenarios.get(place).and_then(|scenario| scenario.audience.as_ref());
        reached.needs(&|part, holds| proves(part, holds, &all))
            || before
                .zip(audience)
                .is_some_and(|(before, audience)| needs(audience, true, &|part, holds| proves(part, holds, before)))
    }

    /// A warning that never left is no warning.
    pub fn unnamed_at(&self, place: usize, erasure: &Reached<'s>) -> Option<Diagnostic> {
        let own = self.own(place, erasure);
        let before = self.unnamed.get(place)?;
        let all: BTreeSet<&str> = names(&own).into_iter().collect();
        let is_wished = self.scenarios.get(place).is_some_and(|scenario| is_wished_on_the_way(scenario, erasure));
        if own.is_empty() && (before.is_empty() || is_wished) || self.is_named(place, erasure, &all) {
            return None;
        }
        let found = Diagnostic::new(Rule::HastyErasure, "this erasure does not name the warning that it follows")
            .at(erasure.step.span, "comes after a message that may never have left")
            .because("a message may be held back, suppressed or bounced; then the person was not warned");
        if let Some(first) = own.first() {
            // One that everybody gets who comes here says it for all.
            let always = own.iter().rev().find(|sent| sent.always);
            let named = names(&always.map_or(own.clone(), |sent| vec![*sent]));
            let sent = always.unwrap_or(first);
            return Some(found.at(sent.step.span, "sent before it").help(naming(erasure.step, &named)));
        }
        let (message, step) = before.iter().next()?;
        Some(found.at(step.span, format!("`{message}` is sent before this")).help(naming(step, &[message])))
    }
}

/// Calls `take` on each lead, and again on those after one that changed something.
fn follow<'l, 'r, 's>(
    leads: &[&'l Lead<'r, 's>],
    from: &[Vec<usize>],
    mut take: impl FnMut(usize, &'l Lead<'r, 's>) -> bool,
) {
    let mut waiting: VecDeque<usize> = (0..leads.len()).collect();
    let mut waits = vec![true; leads.len()];
    while let Some(number) = waiting.pop_front() {
        if let Some(waits) = waits.get_mut(number) {
            *waits = false;
        }
        let Some(lead) = leads.get(number).copied() else { continue };
        if !take(number, lead) {
            continue;
        }
        for next in from.get(lead.to).into_iter().flatten() {
            if let Some(waits) = waits.get_mut(*next).filter(|waits| !**waits) {
                *waits = true;
                waiting.push_back(*next);
            }
        }
    }
}

fn is_send(step: &Step) -> bool {
    matches!(act(step), Some(Act::Send(_)))
}

/// The messages of sends, in their order.
fn names<'s>(sends: &[Sent<'s>]) -> Vec<&'s str> {
    let mut found: Vec<&str> = Vec::new();
    for name in sends.iter().flat_map(|sent| &sent.send.alternatives).map(|each| each.message.as_str()) {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// Whether the person asked for it: what is sent to them then confirms it, and warns of nothing.
fn is_wished(scenario: &Scenario, reached: &Reached) -> bool {
    let Start::Events(triggers) = &scenario.start else { return is_wished_on_the_way(scenario, reached) };
    let is_wish = !triggers.is_empty() && triggers.iter().all(|each| FAREWELLS.contains(&each.event.as_str()));
    is_wish || is_wished_on_the_way(scenario, reached)
}

fn is_wished_on_the_way(scenario: &Scenario, reached: &Reached) -> bool {
    let is_audience = scenario.audience.as_ref().is_some_and(|audience| needs(audience, true, &is_farewell));
    is_audience || reached.needs(&is_farewell)
}

/// Whether it begins by events of the project's own, which may be a wish to be erased.
fn begins_by_the_project(scenario: &Scenario) -> bool {
    match &scenario.start {
        Start::Events(triggers) => !triggers.is_empty() && triggers.iter().all(|each| is_of_the_project(&each.event)),
        _ => false,
    }
}

/// Whether a part of a condition comes so only where one of these messages was sent.
fn proves(part: &Expr, holds: bool, messages: &BTreeSet<&str>) -> bool {
    match &part.kind {
        Kind::History(history) => holds && PROOFS.contains(&history.event.as_str()) && is_of_one(history, messages),
        _ => false,
    }
}

fn is_of_one(history: &History, messages: &BTreeSet<&str>) -> bool {
    let is_key = |key: &Key| is_one_of(&key.of_instance, messages);
    history.keys.iter().any(is_key)
        || history.filters.iter().any(|filter| needs(filter, true, &|part, holds| names_one(part, holds, messages)))
}

fn is_one_of(value: &Expr, messages: &BTreeSet<&str>) -> bool {
    match &value.kind {
        Kind::OwnMessage(names) => names.iter().any(|name| messages.contains(name.as_str())),
        Kind::Literal(Literal::Text(name)) => messages.contains(name.as_str()),
        _ => false,
    }
}

/// Whether a part of a filter lets only these messages through.
fn names_one(part: &Expr, holds: bool, messages: &BTreeSet<&str>) -> bool {
    match &part.kind {
        Kind::Equal(pair) => holds && is_one_of(&pair.1, messages),
        Kind::In(_, list) => holds && list.iter().all(|each| is_one_of(each, messages)),
        _ => false,
    }
}

/// How a step names messages, beside the guard that it has.
fn naming(step: &Step, messages: &[&str]) -> String {
    let all: Vec<String> = messages.iter().take(NAMED_MAX).map(|message| format!("sent {message}")).collect();
    let alone = all.join(" or ");
    let joined = if all.len() > 1 { format!("({alone})") } else { alone.clone() };
    let written = match &step.kind {
        StepKind::Erase => "erase contact ".to_owned(),
        StepKind::Start(other) => format!("start {other} "),
        _ => String::new(),
    };
    match &step.guard {
        None => format!("name it: `{written}only if {alone}`"),
        Some(Guard::Unless(_)) => {
            format!("name it, and keep what follows `unless` in brackets: `{written}only if {joined} and not (...)`")
        }
        Some(Guard::OnlyIf(condition)) if matches!(condition.kind, Kind::Or(_)) => {
            format!("name it, and put brackets around the condition: `{written}only if {joined} and (...)`")
        }
        Some(Guard::OnlyIf(_)) => {
            format!("add `{joined} and` to the condition: `{written}only if {joined} and ...`")
        }
    }
}

//! Why nothing started in a test: the events that came, and the clauses that they did not pass.

use crate::diagnostic::render::clean;
use crate::drivers::story::{Teller, ToldClause, moment};
use crate::drivers::test::Verdict;
use crate::engine::{Clause, ClauseOf, Program, Refusal, TriggerRef};
use crate::ir::{ExpectationKind, Start, TestCase};
use std::collections::BTreeSet;
use std::fmt::Write;

/// How many misses of one scenario are told.
const MISSES_MAX: usize = 3;

/// What is said of contacts of whom something was expected, and for whom nothing started.
pub(super) fn text(teller: Teller<'_>, case: &TestCase, verdict: &Verdict) -> String {
    let program = teller.program;
    let unmet = verdict.unmet.iter().filter_map(|(place, _)| case.expectations.get(*place));
    let missed: BTreeSet<&str> = unmet
        .filter_map(|expectation| match &expectation.kind {
            ExpectationKind::Message { contact, .. } | ExpectationKind::Act { negated: false, contact, .. } => {
                Some(contact.as_str())
            }
            _ => None,
        })
        .collect();
    let mut text = String::new();
    for unit in 0..program.units().len() as u16 {
        let mut misses: Vec<&(String, Refusal)> = (verdict.refused.iter())
            .filter(|(contact, refusal)| refusal.unit == unit && missed.contains(contact.as_str()))
            .collect();
        // The nearest first: the fewer clauses did not hold.
        misses.sort_by_key(|(_, refusal)| refusal.clauses.len());
        for (contact, refusal) in misses.iter().take(MISSES_MAX) {
            let _ = writeln!(text, "    {}", clean(&miss(teller, contact, refusal)));
        }
        if misses.len() > MISSES_MAX {
            let _ = writeln!(text, "    and {} more of `{}`", misses.len() - MISSES_MAX, scenario(program, unit));
        }
    }
    if text.is_empty() && verdict.trace.is_empty() {
        text.push_str("    no event of this test is a trigger of its scenarios\n");
        came(&mut text, program, case);
    }
    text
}

fn scenario(program: &Program, unit: u16) -> &str {
    program.unit(unit).map_or("", |unit| unit.scenario.name.as_str())
}

/// `2020-01-10 10:00  renewal: ana purchased, but `product.recurring` does not hold  (product.recurring: no)`
fn miss(teller: Teller<'_>, contact: &str, refusal: &Refusal) -> String {
    let program = teller.program;
    let scenario = scenario(program, refusal.unit);
    let what = match refusal.trigger.kind {
        TriggerRef::CONTACT => "came round".to_owned(),
        kind => program.event_name(kind).to_owned(),
    };
    let at = moment(teller.zone, refusal.at);
    let texts = teller.texts.0.get(scenario);
    let told: Vec<ToldClause> = refusal.clauses.iter().map(|each| teller.clause(each, texts, None)).collect();
    let clauses: Vec<String> = refusal.clauses.iter().zip(&told).map(|(clause, told)| refused(clause, told)).collect();
    let mut values: Vec<&str> = Vec::new();
    for clause in &told {
        // Of what is made of others, those are told.
        let next = clause.inputs.iter().skip(1).map(|input| input.depth).chain([0]);
        for (input, _) in clause.inputs.iter().zip(next).filter(|(input, next)| *next <= input.depth) {
            if !values.contains(&input.text.as_str()) {
                values.push(&input.text);
            }
        }
    }
    let values = if values.is_empty() { String::new() } else { format!("  ({})", values.join("; ")) };
    format!("{at}  {scenario}: {contact} {what}, but {}{values}", clauses.join(", and "))
}

fn refused(clause: &Clause, told: &ToldClause) -> String {
    let verb = if clause.holds().is_none() { "is unknown" } else { "does not hold" };
    match &told.quote {
        Some(written) => format!("`{}` {verb}", written.text),
        // The checker's own: opens and clicks start a scenario where a person did it.
        None if matches!(clause.of, ClauseOf::Filter(..)) => format!("that a person did it {verb}"),
        None => format!("{} {verb}", told.name),
    }
}

/// What the test has, and what its scenarios start by.
fn came(text: &mut String, program: &Program, case: &TestCase) {
    let events: BTreeSet<&str> = case.events.iter().map(|event| event.event.as_str()).collect();
    let has = if events.is_empty() { "no event".to_owned() } else { listed(&events) };
    let _ = writeln!(text, "    it has {has}");
    for unit in program.units() {
        let wanted: BTreeSet<&str> = match &unit.scenario.start {
            Start::Events(triggers) | Start::Silence { events: triggers, .. } => {
                let slots = triggers.iter().map(|trigger| usize::from(trigger.event));
                slots.filter_map(|slot| Some(unit.scenario.code.events.get(slot)?.name.as_str())).collect()
            }
            Start::Every { .. } | Start::Started => continue,
        };
        let _ = writeln!(text, "    `{}` waits for {}", unit.scenario.name, listed(&wanted));
    }
}

fn listed(names: &BTreeSet<&str>) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

//! What a simulation was made under: the policy in force, and what measures told.

use super::report::Shown;
use crate::cli::counted::{counted, verb};
use crate::cli::engagement;
use crate::drivers::simulate::{MeasureTold, Report, Simulation};
use crate::drivers::story::value_words;
use crate::engine::{self, World};
use crate::ir::{Class, Expr, ExprIx, Policy, Settings};
use crate::model::{Configuration, rounded};
use crate::time::{Duration, Instant, Zone};
use serde_json::{Value, json};
use std::fmt::Write;

impl Shown<'_> {
    /// The policy, the measures, and what is taken for opens and clicks.
    pub(super) fn terms(&self, text: &mut String) {
        for line in self.limits() {
            let _ = writeln!(text, "policy: {line}");
        }
        for (name, told) in measures(self.simulation) {
            let _ = writeln!(text, "measure {name}: {told}");
        }
        let _ = writeln!(text, "engagement {}", engagement::told(self.engagement));
        if let Some(persons) = persons(&self.simulation.report) {
            let _ = writeln!(text, "identity: {persons}");
        }
        text.push('\n');
    }

    /// Each term of the policy in words; nothing without a policy.
    pub(super) fn limits(&self) -> Vec<String> {
        let Settings { zone, expire, .. } = &self.simulation.program.settings;
        let mut lines = limits(self.policy);
        if lines.is_empty()
            && self.policy.zone.is_none()
            && *zone == Zone::UTC
            && *expire == Configuration::default().expire
        {
            return lines;
        }
        let own = match self.policy.zone.and_then(|zone| contact_field(self.policy, zone)) {
            Some(field) => format!("contact.{field}, without one "),
            None if self.policy.zone.is_some() => "the contact's, without one ".to_owned(),
            None => String::new(),
        };
        lines.insert(0, format!("time zone {own}{}", zone.name()));
        lines.push(format!("expire {expire}"));
        lines
    }
}

/// What each measure told last, with its name.
pub(super) fn measures(simulation: &Simulation) -> impl Iterator<Item = (&str, String)> {
    let words = |told: &MeasureTold| {
        let last = match told.refreshes.last() {
            Some((_, engine::Value::Number(number))) => rounded(*number).to_string(),
            _ => last_words(told, &simulation.world),
        };
        format!("{last}, as it was told last")
    };
    simulation.report.measures.iter().map(move |told| (told.name.as_str(), words(told)))
}

/// What each measure told, by its refreshes.
pub(super) fn measures_json(simulation: &Simulation) -> Vec<Value> {
    let world = &simulation.world;
    let refresh = |(at, value): &(Instant, engine::Value)| {
        let seconds = match value {
            engine::Value::Duration(duration) => Some(duration.nominal() / 1_000_000),
            _ => None,
        };
        json!({"at": at.to_string(), "value": value_words(value, world), "seconds": seconds})
    };
    let of_one = |told: &MeasureTold| {
        let refreshes: Vec<Value> = told.refreshes.iter().map(refresh).collect();
        json!({"name": told.name, "value": last_words(told, world), "refreshes": refreshes})
    };
    simulation.report.measures.iter().map(of_one).collect()
}

fn last_words(told: &MeasureTold, world: &World) -> String {
    value_words(told.refreshes.last().map_or(&engine::Value::Missing, |(_, value)| value), world)
}

/// How many persons have several rows; nothing where none has.
pub(super) fn persons(report: &Report) -> Option<String> {
    let persons = report.persons as u64;
    let (counted, have) = (counted(persons, "person"), verb(persons, "has", "have"));
    (persons > 0).then(|| format!("{counted} {have} several rows in `contact`, and each is one person"))
}

/// The field of the contact that an expression of the policy is.
fn contact_field(policy: &Policy, zone: ExprIx) -> Option<&str> {
    match policy.code.exprs.get(zone)? {
        Expr::Contact(place) => policy.code.contact.get(usize::from(*place)).map(|field| field.name.as_str()),
        _ => None,
    }
}

/// Each limit in words; nothing for a policy that limits nothing.
fn limits(policy: &Policy) -> Vec<String> {
    let mut lines = Vec::new();
    let quiet = &policy.quiet_hours;
    if let Some((from, to)) = quiet.between {
        lines.push(format!("quiet hours {from} to {to}"));
    }
    if !quiet.days.is_empty() {
        let days: Vec<&str> = quiet.days.iter().map(|day| day.name()).collect();
        lines.push(format!("quiet on {}", days.join(", ")));
    }
    for cap in &policy.caps {
        let class = match cap.class {
            Class::Marketing => "marketing",
            Class::Service => "service",
            Class::Transactional => "transactional",
        };
        let plural = if cap.most == 1 { "" } else { "s" };
        lines.push(format!("at most {} {class} message{plural} to one person in {}", cap.most, span(cap.per)));
    }
    if !policy.priority.is_empty() {
        lines.push(format!("priority {}", policy.priority.join(", ")));
    }
    if !policy.holdout.is_zero() {
        lines.push(format!("holdout {}%", policy.holdout_percent().normalize()));
    }
    lines
}

/// An absolute length of a cap: `24 hours`, `168 hours`.
fn span(per: Duration) -> String {
    const HOUR: i128 = 3_600_000_000;
    match per.nominal() {
        nominal if nominal % HOUR == 0 => match nominal / HOUR {
            1 => "1 hour".into(),
            hours => format!("{hours} hours"),
        },
        _ => "a month of 30.436875 days".into(),
    }
}

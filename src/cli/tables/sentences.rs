//! What the figures say, and what they do not, in plain words.

use super::amounts::percent;
use crate::cli::counted::{counted, grouped, verb};
use crate::drivers::tables::statistics::Interval;
use crate::drivers::tables::{Comparison, GoalKind, PERSONS_MIN, ScenarioTables, Tables, WhyNot};
use std::fmt::Write;

/// Where the tables come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing was sent.
    Simulation,
    Run,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Simulation => "simulation",
            Kind::Run => "run",
        }
    }
}

/// What is to be said under the tables, a line each.
pub fn sentences(tables: &Tables, kind: Kind) -> String {
    let mut text = String::new();
    for of in &tables.scenarios {
        if of.goal == GoalKind::WithoutWindow {
            let _ = writeln!(
                text,
                "note: the goal of `{}` has no window (`within 30 days of last message`): nothing counts as its revenue",
                of.name
            );
        }
        for event in &of.without_money {
            let _ = writeln!(
                text,
                "note: `{event}`, which the goal of `{}` asks for, has no one field of type money to read: nothing counts as its revenue",
                of.name
            );
        }
    }
    if kind == Kind::Simulation && tables.scenarios.iter().any(|of| of.goal != GoalKind::None) {
        text.push_str(
            "note: none of these messages was sent, so none of them caused a purchase of the past. The rates are what \
             people do by\n      themselves: the bar that a real campaign has to beat\n",
        );
    }
    // Of a simulation a comparison is told where there is one, or where the policy means that there be one.
    let is_told = |of: &&ScenarioTables| match of.compare(&of.all) {
        Err(WhyNot::NoGoal) => kind == Kind::Run,
        Err(_) => kind == Kind::Run || of.has_holdout,
        Ok(_) => true,
    };
    for of in tables.scenarios.iter().filter(is_told) {
        let _ = writeln!(text, "{}", comparison(tables, of, kind));
    }
    text.extend(methods(tables).map(|methods| methods + "\n"));
    text
}

/// Whose intervals they are, and where they are written down; nothing where no scenario says what success is.
fn methods(tables: &Tables) -> Option<String> {
    let with_goal = || tables.scenarios.iter().filter(|of| of.goal != GoalKind::None);
    let compared: Vec<Comparison> = with_goal().filter_map(|of| of.compare(&of.all).ok()).collect();
    let methods = [
        (with_goal().count() > 0, "of a rate by Wilson (JASA 22, 1927, 209-212)"),
        (
            !compared.is_empty(),
            "of a difference of rates by Newcombe (Statistics in Medicine 17, 1998, 873-890, method 10)",
        ),
        (
            compared.iter().any(|found| found.revenue.is_some()),
            "of a difference of revenue a person by Welch (Biometrika 34, 1947, 28-35)",
        ),
    ];
    let used: Vec<&str> = methods.into_iter().filter(|(is_used, _)| *is_used).map(|(_, method)| method).collect();
    (!used.is_empty()).then(|| format!("note: intervals hold in 95 of 100 cases: {}", used.join("; ")))
}

/// What messages changed, as far as the holdout tells: one sentence a scenario.
pub fn comparison(tables: &Tables, of: &ScenarioTables, kind: Kind) -> String {
    let name = &of.name;
    let found = match of.compare(&of.all) {
        Ok(found) => found,
        Err(why) => return format!("{name}: nothing can be said of what its messages change: {}", why_not(why)),
    };
    let Comparison { treated, held_out, conversion, revenue } = found;
    let rate = |converted: u64, persons: u64| percent(converted as f64 / persons.max(1) as f64);
    let mut text = format!(
        "{name}: {} of {} with a message reached the goal, and {} of {} held out: {}",
        rate(treated.converted, treated.persons),
        counted(treated.persons, "person"),
        rate(held_out.converted, held_out.persons),
        grouped(held_out.persons),
        points(&conversion, kind),
    );
    let _ = match revenue {
        Some(revenue) => write!(text, ". Revenue a person: {}", amount(&revenue, &tables.currency, kind)),
        None if of.goal == GoalKind::WithoutWindow => {
            write!(text, ". Of revenue nothing is said: the goal has no window")
        }
        None => Ok(()),
    };
    if kind == Kind::Simulation {
        text.push_str(". As nothing was sent, no message made the difference");
    }
    text
}

/// Why nothing can be said.
pub fn why_not(why: WhyNot) -> String {
    match why {
        WhyNot::NoGoal => "it has no `goal`".to_owned(),
        WhyNot::NothingSent => "nobody got a marketing message".to_owned(),
        WhyNot::NoHoldout { is_set: false } => {
            "nobody was held out (`holdout 5%` in the policy holds out one in twenty)".to_owned()
        }
        WhyNot::NoHoldout { is_set: true } => {
            "none of those whom `holdout` keeps apart has come to a marketing message of it".to_owned()
        }
        WhyNot::TooFew { treated, held_out } => format!(
            "too few persons, {} with a message and {} held out, where each must be {PERSONS_MIN} at least",
            grouped(treated),
            grouped(held_out)
        ),
        WhyNot::Erased { persons } => format!(
            "{} {} erased, perhaps more of those who got a message, or of those who did not",
            counted(persons, "person"),
            verb(persons, "was", "were")
        ),
    }
}

/// `3.2 points more (95%: 0.1 to 6.3 more)`; where the interval holds zero, that it may be chance.
fn points(interval: &Interval, kind: Kind) -> String {
    let points = |value: f64| format!("{:.1}", value * 100.0);
    let more = if interval.estimate < 0.0 { "less" } else { "more" };
    let estimate = points(interval.estimate.abs());
    let limits = format!("{} to {}", signed(&points(interval.low)), signed(&points(interval.high)));
    format!("{estimate} points {more} (95%: {limits}){}", verdict(interval, kind))
}

fn amount(interval: &Interval, currency: &str, kind: Kind) -> String {
    let units = |value: f64| format!("{value:.2}");
    let more = if interval.estimate < 0.0 { "less" } else { "more" };
    let estimate = units(interval.estimate.abs());
    let limits = format!("{} to {}", signed(&units(interval.low)), signed(&units(interval.high)));
    format!("{estimate} {currency} {more} (95%: {limits}){}", verdict(interval, kind))
}

/// A number with its sign; zero has none.
fn signed(number: &str) -> String {
    let is_zero = number.chars().all(|each| matches!(each, '0' | '.' | '-'));
    match number.strip_prefix('-') {
        _ if is_zero => number.trim_start_matches('-').to_owned(),
        Some(_) => number.to_owned(),
        None => format!("+{number}"),
    }
}

/// What a difference says of the messages; nothing where none was sent.
fn verdict(interval: &Interval, kind: Kind) -> &'static str {
    match () {
        () if kind == Kind::Simulation => "",
        () if interval.holds_zero() => ", which may be chance",
        () if interval.estimate > 0.0 => ", more than chance explains",
        () => ", worse than chance explains",
    }
}

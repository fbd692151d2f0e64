//! The trace of the engine in words: what a failing test and `simulate --contact` show.

use crate::engine::{Act, Asked, Count, Outcome, Program, Reason, Told, TraceLine, Value, World};
use crate::ir::{Op, StepIx};
use crate::time::{Instant, Zone};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The text of each step, by scenario and place; made by whoever has the sources.
#[derive(Clone, Debug, Default)]
pub struct StepTexts(pub BTreeMap<(String, StepIx), String>);

/// An instant as a person reads it: `2024-12-10 10:00`, in a zone; seconds only where there are some.
pub fn moment(zone: Zone, instant: Instant) -> String {
    let (date, time) = zone.wall(instant);
    format!("{date} {time}")
}

/// One line of the story, without its instant's column.
pub fn line(program: &Program, texts: &StepTexts, line: &TraceLine) -> String {
    let zone = program.settings.zone;
    let scenario = program.unit(line.unit).map_or("", |unit| unit.scenario.name.as_str());
    let mut text = format!("{}  {scenario}", moment(zone, line.at));
    if let Some(trigger) = &line.trigger {
        let _ = write!(text, " [{}/{}]", program.event_name(trigger.kind), trigger.id);
    }
    let _ = write!(text, "  {}", what(program, line));
    if let Some(step) = line.step.and_then(|step| texts.0.get(&(scenario.to_owned(), step))) {
        let _ = write!(text, "  `{step}`");
    }
    let asked: Vec<String> = line.asked.iter().map(|asked| answer(program, asked)).collect();
    if !asked.is_empty() {
        let _ = write!(text, "  ({})", asked.join("; "));
    }
    text
}

fn what(program: &Program, line: &TraceLine) -> String {
    let zone = program.settings.zone;
    match &line.what {
        Told::NotStarted(count) => format!("not started: {}", count_words(*count)),
        Told::Started => "started".into(),
        Told::Waits { until } => format!("waits until {}", moment(zone, *until)),
        Told::WaitsFor { until } => format!("waits at most until {}", moment(zone, *until)),
        Told::WaitsForMessage => "waits for the message to leave first".into(),
        Told::PassedAtOnce => "passes at once".into(),
        Told::ConditionHolds => "the event it waited for".into(),
        Told::Due => "due".into(),
        Told::Branch { holds: Some(true) } => "holds".into(),
        Told::Branch { holds: Some(false) } => "does not hold".into(),
        Told::Branch { holds: None } => "is unknown".into(),
        Told::Held(reason) => format!("step held back: {}", reason.text()),
        Told::Drew { arm } => {
            let step = line.step.and_then(|step| program.unit(line.unit)?.scenario.steps.get(step));
            match step.map(|step| &step.op) {
                Some(Op::Split { arms, .. }) => {
                    format!("draws {}", arms.get(usize::from(*arm)).map_or("", |arm| arm.name.as_str()))
                }
                _ => "draws".into(),
            }
        }
        Told::Acted { outcome, reason: Reason::None } => outcome.name().into(),
        Told::Acted { outcome, reason } => format!("{}: {}", outcome.name(), reason.text()),
        Told::Message { outcome, reason, alternative } => message(program, line, *outcome, reason.text(), *alternative),
        Told::Deferred { until, reason, alternative } => {
            let name = message(program, line, Some(Outcome::Deferred), reason.text(), *alternative);
            format!("{name}: until {}", moment(zone, *until))
        }
        Told::Ended(reason) => format!("ended: {}", reason.text()),
        Told::Converted => "goal reached".into(),
        Told::Finished => "finished".into(),
    }
}

fn message(program: &Program, line: &TraceLine, outcome: Option<Outcome>, reason: &str, alternative: u8) -> String {
    let step = line.step.and_then(|step| program.unit(line.unit)?.scenario.steps.get(step));
    let name = match step.map(|step| &step.op) {
        Some(Op::Send(send)) => send
            .alternatives
            .get(usize::from(alternative))
            .map_or_else(String::new, |chosen| format!("{} {}", chosen.channel, chosen.message)),
        _ => String::new(),
    };
    let outcome = outcome.map_or("decided", Outcome::name);
    if reason.is_empty() { format!("{outcome}: {name}") } else { format!("{outcome}: {name}: {reason}") }
}

/// What a step other than `send` does, as the effects CSV says it: `contact.tier = "gold"`, `10 points`.
pub fn act(act: &Act, world: &World) -> String {
    match act {
        Act::Set { field, value } => format!("contact.{field} = {}", value_words(value, world)),
        Act::Tag { tag, .. } => tag.clone(),
        Act::Credit { account, amount, .. } | Act::Debit { account, amount } => {
            format!("{} {account}", amount.normalize())
        }
        Act::Start { scenario } => scenario.clone(),
        Act::Erase => String::new(),
        Act::Call { webhook, .. } => webhook.clone(),
    }
}

/// A value as a person writes it.
pub fn value_words(value: &Value, world: &World) -> String {
    match value {
        Value::Missing | Value::NotGiven => "missing".into(),
        Value::Flag(flag) => if *flag { "yes" } else { "no" }.into(),
        Value::Number(number) => number.normalize().to_string(),
        Value::Text(text) => format!("\"{text}\""),
        Value::Instant(instant) => instant.to_string(),
        Value::Date(date) => date.to_string(),
        Value::Time(time) => time.to_string(),
        Value::Duration(duration) => duration.to_string(),
        Value::Entity(entity) => world.id(*entity).map_or_else(String::new, ToString::to_string),
        Value::Id(id) => id.to_string(),
        Value::Message(message) => message.name.to_string(),
        Value::List(all) => {
            format!("[{}]", all.iter().map(|each| value_words(each, world)).collect::<Vec<_>>().join(", "))
        }
    }
}

/// A value that is told without the world: no row of it.
fn plain_words(value: &Value) -> Option<String> {
    match value {
        Value::Entity(_) | Value::List(_) => None,
        other => Some(value_words(other, &World::default())),
    }
}

fn answer(program: &Program, asked: &Asked) -> String {
    let zone = program.settings.zone;
    let since = asked.since.map_or_else(|| "ever".to_owned(), |since| format!("after {}", moment(zone, since)));
    let event = program.event_name(asked.kind);
    if let Some(value) = asked
        .value
        .as_ref()
        .and_then(|(kind, value)| Some(format!("{} {event} {since} = {}", kind.words(), plain_words(value)?)))
    {
        return value;
    }
    match asked.latest {
        Some(latest) if asked.since.is_none_or(|since| latest > since) => {
            format!("{event} {since}: yes, at {}", moment(zone, latest))
        }
        Some(latest) => format!("{event} {since}: no, the latest was at {}", moment(zone, latest)),
        None => format!("{event} {since}: none"),
    }
}

/// What a count counts, in words.
pub fn count_words(count: Count) -> &'static str {
    match count {
        Count::Started => "started",
        Count::Finished => "went through all steps",
        Count::Converted => "reached the goal",
        Count::StoppedWhen => "ended by `stop when`",
        Count::Replaced => "replaced by a newer trigger (`latest`)",
        Count::Missing => "ended: a value is missing",
        Count::NoTimeLeft => "ended: no time left to wait",
        Count::FilterUnknown => "the trigger's filter is unknown",
        Count::NotFor => "`for` does not hold",
        Count::NotAgain => "the entry rule says not again",
        Count::BeforeStart => "from before the scenario's start",
    }
}

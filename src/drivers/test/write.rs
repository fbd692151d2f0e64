//! A test as its text.

use super::history::FromHistory;
use super::{Done, Sent};
use crate::engine::{Act, Outcome, Value, World};
use crate::ir::{GivenRow, GivenValue};
use crate::model::{Id, Literal};
use crate::time::{Duration, Instant, Zone};
use std::fmt::Write;

impl FromHistory {
    /// The test with what came of it as its expectations, in any layout.
    pub fn text(&self) -> String {
        let zone = self.program.settings.zone;
        let case = &self.case;
        let mut text = format!("test {} of {} {{\n", quoted(&case.name), case.scenarios.join(", "));
        for row in &case.given {
            given(&mut text, zone, row);
        }
        for told in &case.measures {
            let start = told.at.map_or_else(|| "given".to_owned(), |at| format!("at {}", moment(zone, at)));
            let value = told.value.as_ref().map_or_else(|| "empty".to_owned(), |value| literal(zone, value));
            let _ = writeln!(text, "{start} measure {} = {value}", told.name);
        }
        for event in &case.events {
            let _ = write!(text, "at {} ", moment(zone, event.at));
            if let Some(arriving) = event.arriving {
                let _ = write!(text, "arriving {} ", moment(zone, arriving));
            }
            let _ = write!(text, "{} {}", event.contact, event.event);
            for (place, (name, field)) in event.fields.iter().enumerate() {
                let comma = if place == 0 { "" } else { "," };
                let field = if name == "message" { bare(zone, field) } else { value(zone, field) };
                let _ = write!(text, "{comma} {name} {field}");
            }
            text.push('\n');
        }
        if let Some(until) = case.until {
            let _ = writeln!(text, "until {}", moment(zone, until));
        }
        self.expectations(&mut text, zone);
        text.push_str("}\n");
        text
    }

    fn expectations(&self, text: &mut String, zone: Zone) {
        // What comes after the end is not named by its instant, so that clocks do not go on to it.
        let when = |at: Instant| match self.case.until {
            Some(until) if at > until => String::new(),
            _ => format!(" at {}", moment(zone, at)),
        };
        let mut lines: Vec<(Instant, String)> = Vec::new();
        for Sent { at, contact, channel, message, .. } in &self.verdict.sent {
            lines.push((*at, format!("expect {channel} {message} to {contact}{}", when(*at))));
        }
        for Done { at, contact, act, outcome, .. } in &self.verdict.done {
            if *outcome == Outcome::Done {
                let act = done(zone, &self.verdict.world, act);
                lines.push((*at, format!("expect {act} for {contact}{}", when(*at))));
            }
        }
        lines.sort();
        for (_, line) in lines {
            let _ = writeln!(text, "{line}");
        }
        text.push_str(if self.verdict.sent.is_empty() { "expect nothing\n" } else { "expect nothing else\n" });
    }
}

fn given(text: &mut String, zone: Zone, row: &GivenRow) {
    let id = match &row.id {
        Id::Text(id) if **id == row.name => String::new(),
        Id::Text(id) => format!("{} as ", quoted(id)),
        Id::Number(id) => format!("{id} as "),
    };
    let _ = write!(text, "given {} {id}{}", row.entity, row.name);
    if !row.fields.is_empty() {
        let fields: Vec<String> =
            row.fields.iter().map(|(name, field)| format!("{name}: {}", value(zone, field))).collect();
        let _ = write!(text, " {{ {} }}", fields.join(", "));
    }
    text.push('\n');
}

fn value(zone: Zone, value: &GivenValue) -> String {
    match value {
        GivenValue::Literal(value) => literal(zone, value),
        GivenValue::Empty => "empty".into(),
        GivenValue::Row(name) => name.clone(),
        GivenValue::List(all) => {
            format!("[{}]", all.iter().map(|each| self::value(zone, each)).collect::<Vec<_>>().join(", "))
        }
    }
}

/// A message, which is named without quotes.
fn bare(zone: Zone, value: &GivenValue) -> String {
    match value {
        GivenValue::Literal(Literal::Text(name)) => name.clone(),
        other => self::value(zone, other),
    }
}

fn literal(zone: Zone, value: &Literal) -> String {
    match value {
        Literal::Text(text) => quoted(text),
        Literal::Number(number) => number.normalize().to_string(),
        Literal::Flag(flag) => if *flag { "yes" } else { "no" }.into(),
        Literal::Instant(instant) => moment(zone, *instant),
        Literal::Date(date) => date.to_string(),
        Literal::Time(time) => time.to_string(),
        Literal::Duration(duration) => length(*duration),
        Literal::List(all) => {
            format!("[{}]", all.iter().map(|each| literal(zone, each)).collect::<Vec<_>>().join(", "))
        }
        // Rows are made for templates, and no test gives one.
        Literal::Row(_) => "empty".into(),
    }
}

/// A duration to the microsecond.
fn length(duration: Duration) -> String {
    match duration.micros % 1_000_000 {
        0 => duration.to_string(),
        micros => format!("{duration} {}.{:06} seconds", if micros < 0 { "-0" } else { "0" }, micros.abs()),
    }
}

fn done(zone: Zone, world: &World, act: &Act) -> String {
    match act {
        Act::Set { field, value } => format!("set {field} = {}", value_text(zone, world, value)),
        Act::Tag { add, tag } => format!("{} {}", if *add { "tag" } else { "untag" }, quoted(tag)),
        Act::Credit { account, amount, .. } => format!("credit {} {account}", amount.normalize()),
        Act::Debit { account, amount } => format!("debit {} {account}", amount.normalize()),
        Act::Start { scenario } => format!("start {scenario}"),
        Act::Erase => "erase contact".into(),
        Act::Call { webhook, .. } => format!("call {webhook}"),
    }
}

fn value_text(zone: Zone, world: &World, value: &Value) -> String {
    match value {
        Value::Flag(flag) => literal(zone, &Literal::Flag(*flag)),
        Value::Text(text) => quoted(text),
        Value::Instant(instant) => moment(zone, *instant),
        other => crate::drivers::story::value_words(other, world),
    }
}

/// A text in quotes.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            // No text holds one; what stands in its place is not read by a condition that a person would write.
            '\r' => quoted.push(' '),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

fn moment(zone: Zone, instant: Instant) -> String {
    crate::drivers::story::moment(zone, instant)
}

//! The effects CSV: the contract of `scn simulate`, byte for byte.

use super::row::Row;
use crate::engine::{Outcome, Program, Reason};
use crate::ir::{Op, StepIx};
use crate::model::Id;
use crate::time::Instant;
use rustc_hash::FxHashMap;

/// The header, without its line feed.
pub const HEADER: &str = "at,contact,scenario,trigger,entered_at,step,effect,channel,message,outcome,reason";

/// Formats rows as lines of CSV (RFC 4180, line feeds alone).
#[derive(Debug)]
pub struct Format<'a> {
    program: &'a Program,
    at: Written,
    entered_at: Written,
    /// The triggers of a row, before they are a field.
    text: Vec<u8>,
    /// The columns from `effect` on, which few rows have alone.
    ends: FxHashMap<End, Vec<u8>>,
}

/// The instant of the row before, and how it is written: rows of one order have one instant.
#[derive(Debug, Default)]
struct Written(Option<Instant>, Vec<u8>);

impl Written {
    fn write(&mut self, instant: Instant, line: &mut Vec<u8>) {
        let Written(last, text) = self;
        if last.replace(instant) != Some(instant) {
            text.clear();
            instant.write_to(text);
        }
        line.extend_from_slice(text);
    }
}

/// What the columns from `effect` on depend on: scenario, step, alternative, outcome, reason.
type End = (u16, StepIx, u8, Option<Outcome>, Reason);

impl<'a> Format<'a> {
    pub fn new(program: &'a Program) -> Format<'a> {
        let (at, entered_at) = (Written::default(), Written::default());
        Format { program, at, entered_at, text: Vec::new(), ends: FxHashMap::default() }
    }

    /// Appends the line of a row, with its line feed.
    pub fn write(&mut self, row: &Row, line: &mut Vec<u8>) {
        self.at.write(row.at, line);
        line.push(b',');
        match &row.contact {
            Id::Number(number) => push_number(line, *number),
            Id::Text(text) => push_field(line, text.as_bytes()),
        }
        line.push(b',');
        let scenario = self.program.unit(row.unit).map(|unit| &unit.scenario);
        push_field(line, scenario.map_or("", |scenario| &scenario.name).as_bytes());
        line.push(b',');
        self.push_triggers(row, line);
        line.push(b',');
        self.entered_at.write(row.entered_at, line);
        line.push(b',');
        push_number(line, i64::from(row.ordinal));
        if let (Some(act), Some(outcome)) = (&row.act, row.outcome) {
            for column in [act.effect, "", &act.message, outcome.name(), row.reason.text()] {
                line.push(b',');
                push_field(line, column.as_bytes());
            }
            line.push(b'\n');
            return;
        }
        let program = self.program;
        let end = (row.unit, row.step, row.alternative, row.outcome, row.reason);
        line.extend_from_slice(self.ends.entry(end).or_insert_with(|| end_of(program, row)));
    }

    fn push_triggers(&mut self, row: &Row, line: &mut Vec<u8>) {
        self.text.clear();
        for (place, trigger) in std::iter::once(&row.trigger).chain(&row.also).enumerate() {
            if place > 0 {
                self.text.push(b';');
            }
            self.text.extend_from_slice(self.program.event_name(trigger.kind).as_bytes());
            self.text.push(b'/');
            match &trigger.id {
                Id::Number(number) => push_number(&mut self.text, *number),
                Id::Text(text) => self.text.extend_from_slice(text.as_bytes()),
            }
        }
        push_field(line, &self.text);
    }
}

/// The last five columns of a row, and the line feed.
fn end_of(program: &Program, row: &Row) -> Vec<u8> {
    let op = program.unit(row.unit).and_then(|unit| Some(&unit.scenario.steps.get(row.step)?.op));
    let wait;
    let columns = match (row.outcome, op) {
        (Some(outcome), Some(Op::Send(send))) => {
            let chosen = send.alternatives.get(usize::from(row.alternative));
            let (channel, message) = chosen.map_or(("", ""), |chosen| (&chosen.channel, &chosen.message));
            ["send", channel, message, outcome.name(), row.reason.text()]
        }
        (Some(outcome), _) => ["send", "", "", outcome.name(), row.reason.text()],
        (None, _) => {
            wait = program.describe_wait(row.unit, row.step);
            ["end", "", "", row.reason.text(), &wait]
        }
    };
    let mut end = Vec::new();
    for column in columns {
        end.push(b',');
        push_field(&mut end, column.as_bytes());
    }
    end.push(b'\n');
    end
}

fn push_field(line: &mut Vec<u8>, text: &[u8]) {
    let special = |byte: &u8| matches!(byte, b',' | b'"' | b'\n' | b'\r');
    // Counting looks at many bytes at once, where searching would look at one after the other.
    if text.iter().filter(|byte| special(byte)).count() == 0 {
        return line.extend_from_slice(text);
    }
    line.push(b'"');
    line.extend(text.iter().flat_map(|byte| std::iter::repeat_n(*byte, if *byte == b'"' { 2 } else { 1 })));
    line.push(b'"');
}

fn push_number(line: &mut Vec<u8>, number: i64) {
    if number < 0 {
        line.push(b'-');
    }
    let start = line.len();
    let mut rest = number.unsigned_abs();
    while rest > 9 {
        line.push(b'0' + (rest % 10) as u8);
        rest /= 10;
    }
    line.push(b'0' + rest as u8);
    if let Some(digits) = line.get_mut(start..) {
        digits.reverse();
    }
}

//! The effects CSV: the contract of `scn simulate`, byte for byte.

use super::row::Row;
use crate::engine::Program;
use crate::ir::{Op, Send};
use crate::model::Id;
use std::fmt::Write as _;
use std::io::{self, Write};

/// The header, without its line feed.
pub const HEADER: &str = "at,contact,scenario,trigger,entered_at,step,effect,channel,message,outcome,reason";

/// Writes rows as lines of CSV (RFC 4180, line feeds alone).
#[derive(Debug)]
pub struct Effects<W> {
    to: W,
    line: Vec<u8>,
    text: String,
}

impl<W: Write> Effects<W> {
    pub fn new(mut to: W) -> io::Result<Effects<W>> {
        writeln!(to, "{HEADER}")?;
        Ok(Effects { to, line: Vec::with_capacity(256), text: String::new() })
    }

    pub fn write(&mut self, program: &Program, row: &Row) -> io::Result<()> {
        self.line.clear();
        row.at.write_to(&mut self.line);
        self.line.push(b',');
        self.id(&row.contact);
        self.line.push(b',');
        let scenario = program.unit(row.unit).map(|unit| &unit.scenario);
        field(&mut self.line, scenario.map_or("", |scenario| &scenario.name));
        self.line.push(b',');
        self.triggers(program, row);
        self.line.push(b',');
        row.entered_at.write_to(&mut self.line);
        let _ = write!(self.line, ",{},", row.ordinal);
        let send = scenario.and_then(|scenario| match &scenario.steps.get(row.step)?.op {
            Op::Send(send) => Some(send),
            _ => None,
        });
        match row.outcome {
            Some(outcome) => {
                self.line.extend_from_slice(b"send,");
                self.chosen(send, row.alternative);
                let _ = write!(self.line, ",{},{}", outcome.name(), row.reason.text());
            }
            None => {
                let _ = write!(self.line, "end,,,{},", row.reason.text());
                field(&mut self.line, &program.describe_wait(row.unit, row.step));
            }
        }
        self.line.push(b'\n');
        self.to.write_all(&self.line)
    }

    pub fn finish(mut self) -> io::Result<W> {
        self.to.flush()?;
        Ok(self.to)
    }

    fn id(&mut self, id: &Id) {
        match id {
            Id::Number(number) => drop(write!(self.line, "{number}")),
            Id::Text(text) => field(&mut self.line, text),
        }
    }

    fn triggers(&mut self, program: &Program, row: &Row) {
        self.text.clear();
        for (place, trigger) in std::iter::once(&row.trigger).chain(&row.also).enumerate() {
            let separator = if place == 0 { "" } else { ";" };
            let _ = write!(self.text, "{separator}{}/{}", program.event_name(trigger.kind), trigger.id);
        }
        field(&mut self.line, &self.text);
    }

    fn chosen(&mut self, send: Option<&Send>, alternative: u8) {
        if let Some(chosen) = send.and_then(|send| send.alternatives.get(usize::from(alternative))) {
            field(&mut self.line, &chosen.channel);
            self.line.push(b',');
            field(&mut self.line, &chosen.message);
        } else {
            self.line.push(b',');
        }
    }
}

fn field(line: &mut Vec<u8>, text: &str) {
    if text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        line.push(b'"');
        line.extend(text.bytes().flat_map(|byte| std::iter::repeat_n(byte, if byte == b'"' { 2 } else { 1 })));
        line.push(b'"');
    } else {
        line.extend_from_slice(text.as_bytes());
    }
}

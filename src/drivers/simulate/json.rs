//! The effects as JSON: one object a row, with the names and the order of the columns of the CSV.

use super::columns::{last_columns, push_triggers, scenario};
use super::row::Row;
use crate::engine::Program;
use crate::model::Id;
use serde::Serialize;
use std::io::{self, Write};

/// Writes rows as objects, one a line: alone (JSON lines), or as the elements of one array.
#[derive(Debug)]
pub struct Objects<'a, W> {
    program: &'a Program,
    to: W,
    is_array: bool,
    /// Whether a row is written.
    has_row: bool,
}

/// An id keeps its type; what a row does not have is `null`.
#[derive(Serialize)]
struct Object<'a> {
    at: String,
    contact: &'a Id,
    scenario: &'a str,
    trigger: String,
    entered_at: String,
    step: u16,
    effect: &'a str,
    channel: Option<&'a str>,
    message: Option<&'a str>,
    outcome: &'a str,
    reason: Option<&'a str>,
}

impl<'a, W: Write> Objects<'a, W> {
    pub fn lines(program: &'a Program, to: W) -> Objects<'a, W> {
        Objects { program, to, is_array: false, has_row: false }
    }

    pub fn array(program: &'a Program, to: W) -> Objects<'a, W> {
        Objects { is_array: true, ..Objects::lines(program, to) }
    }

    pub fn write(&mut self, row: &Row) -> io::Result<()> {
        match (self.is_array, self.has_row) {
            (true, false) => self.to.write_all(b"[\n")?,
            (true, true) => self.to.write_all(b",\n")?,
            (false, _) => {}
        }
        self.has_row = true;
        let last = last_columns(self.program, row);
        let [effect, channel, message, outcome, reason] = last.each_ref().map(|column| column.as_ref());
        let mut trigger = Vec::new();
        push_triggers(self.program, row, &mut trigger);
        let object = Object {
            at: row.at.to_string(),
            contact: &row.contact,
            scenario: scenario(self.program, row),
            trigger: String::from_utf8_lossy(&trigger).into_owned(),
            entered_at: row.entered_at.to_string(),
            step: row.ordinal,
            effect,
            channel: said(channel),
            message: said(message),
            outcome,
            reason: said(reason),
        };
        serde_json::to_writer(&mut self.to, &object)?;
        if self.is_array { Ok(()) } else { self.to.write_all(b"\n") }
    }

    pub fn finish(mut self) -> io::Result<W> {
        match (self.is_array, self.has_row) {
            (true, true) => self.to.write_all(b"\n]\n")?,
            (true, false) => self.to.write_all(b"[]\n")?,
            (false, _) => {}
        }
        self.to.flush()?;
        Ok(self.to)
    }
}

/// A column that says something.
pub(super) fn said(column: &str) -> Option<&str> {
    Some(column).filter(|column| !column.is_empty())
}

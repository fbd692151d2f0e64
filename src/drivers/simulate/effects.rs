//! The effects CSV: the contract of `scn simulate`, byte for byte.

use super::columns::{COLUMNS, End, end_of, last_columns, push_number, push_triggers, scenario};
use super::row::Row;
use crate::engine::Program;
use crate::model::Id;
use crate::time::Instant;
use rustc_hash::FxHashMap;

/// The header, without its line feed.
pub fn header() -> String {
    COLUMNS.join(",")
}

/// Formats rows as lines of CSV (RFC 4180, line feeds alone). What the row before had too is not formatted again: rows of one
/// order have one instant, rows of one contact come one after the other.
#[derive(Debug)]
pub struct Format<'a> {
    program: &'a Program,
    at: Remembered<Instant>,
    /// By contact and scenario, with the commas around them.
    who: Remembered<(Id, u16)>,
    entered_at: Remembered<Instant>,
    /// The columns from `step` on, and the line feed.
    end: Remembered<End>,
    /// All of them that were asked for: few rows have such columns alone.
    ends: FxHashMap<End, Vec<u8>>,
    /// The triggers of a row, before they are a field.
    text: Vec<u8>,
}

/// What was written last, and what it was of.
#[derive(Debug)]
struct Remembered<T>(Option<T>, Vec<u8>);

impl<T> Default for Remembered<T> {
    fn default() -> Remembered<T> {
        Remembered(None, Vec::new())
    }
}

impl<T> Remembered<T> {
    /// Writes the text of what this is, which `write` forms where it is another than the one before.
    fn write(&mut self, line: &mut Vec<u8>, is_it: impl Fn(&T) -> bool, write: impl FnOnce(&mut Vec<u8>) -> T) {
        let Remembered(of, text) = self;
        if !of.as_ref().is_some_and(is_it) {
            text.clear();
            *of = Some(write(text));
        }
        line.extend_from_slice(text);
    }
}

impl Remembered<Instant> {
    fn write_instant(&mut self, instant: Instant, line: &mut Vec<u8>) {
        self.write(
            line,
            |last| *last == instant,
            |text| {
                instant.write_to(text);
                instant
            },
        );
    }
}

impl<'a> Format<'a> {
    pub fn new(program: &'a Program) -> Format<'a> {
        Format {
            program,
            at: Remembered::default(),
            who: Remembered::default(),
            entered_at: Remembered::default(),
            end: Remembered::default(),
            ends: FxHashMap::default(),
            text: Vec::new(),
        }
    }

    /// Appends the line of a row, with its line feed.
    pub fn write(&mut self, row: &Row, line: &mut Vec<u8>) {
        let program = self.program;
        self.at.write_instant(row.at, line);
        self.who.write(
            line,
            |(contact, unit)| *unit == row.unit && *contact == row.contact,
            |text| {
                text.push(b',');
                match &row.contact {
                    Id::Number(number) => push_number(text, *number),
                    Id::Text(id) => push_field(text, id.as_bytes()),
                }
                text.push(b',');
                push_field(text, scenario(program, row).as_bytes());
                text.push(b',');
                (row.contact.clone(), row.unit)
            },
        );
        if matches!(row.trigger.id, Id::Number(_)) && row.also.is_empty() {
            // A name and a number need no quotes.
            push_triggers(program, row, line);
        } else {
            self.text.clear();
            push_triggers(program, row, &mut self.text);
            push_field(line, &self.text);
        }
        line.push(b',');
        self.entered_at.write_instant(row.entered_at, line);
        let Some(end) = end_of(row) else { return push_end(program, row, line) };
        let ends = &mut self.ends;
        self.end.write(
            line,
            |last| *last == end,
            |text| {
                let formed = || {
                    let mut formed = Vec::new();
                    push_end(program, row, &mut formed);
                    formed
                };
                text.extend_from_slice(ends.entry(end).or_insert_with(formed));
                end
            },
        );
    }
}

/// The columns of a row from `step` on, and the line feed.
fn push_end(program: &Program, row: &Row, line: &mut Vec<u8>) {
    line.push(b',');
    push_number(line, i64::from(row.ordinal));
    for column in last_columns(program, row) {
        line.push(b',');
        push_field(line, column.as_bytes());
    }
    line.push(b'\n');
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

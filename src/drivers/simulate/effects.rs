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
        push_field(line, scenario(self.program, row).as_bytes());
        line.push(b',');
        if matches!(row.trigger.id, Id::Number(_)) && row.also.is_empty() {
            // A name and a number need no quotes.
            push_triggers(self.program, row, line);
        } else {
            self.text.clear();
            push_triggers(self.program, row, &mut self.text);
            push_field(line, &self.text);
        }
        line.push(b',');
        self.entered_at.write(row.entered_at, line);
        line.push(b',');
        push_number(line, i64::from(row.ordinal));
        let program = self.program;
        match end_of(row) {
            Some(end) => line.extend_from_slice(self.ends.entry(end).or_insert_with(|| last_of(program, row))),
            None => line.extend(last_of(program, row)),
        }
    }
}

/// The last five columns of a row, and the line feed.
fn last_of(program: &Program, row: &Row) -> Vec<u8> {
    let mut end = Vec::new();
    for column in last_columns(program, row) {
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

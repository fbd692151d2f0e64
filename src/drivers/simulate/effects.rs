//! The effects CSV: the contract of `scn simulate`, byte for byte.

use super::columns::{COLUMNS, End, end_of, last_columns, push_number, push_triggers, scenario};
use super::row::Row;
use crate::engine::Program;
use crate::model::Id;
use rustc_hash::FxHashMap;
use std::io::{self, Write};

/// Writes rows as lines of CSV (RFC 4180, line feeds alone).
#[derive(Debug)]
pub struct Effects<'a, W> {
    program: &'a Program,
    to: W,
    line: Vec<u8>,
    /// The triggers of a row, before they are a field.
    text: Vec<u8>,
    /// The columns from `effect` on, which few rows have alone.
    ends: FxHashMap<End, Vec<u8>>,
}

impl<'a, W: Write> Effects<'a, W> {
    pub fn new(program: &'a Program, mut to: W) -> io::Result<Effects<'a, W>> {
        writeln!(to, "{}", COLUMNS.join(","))?;
        Ok(Effects { program, to, line: Vec::with_capacity(256), text: Vec::new(), ends: FxHashMap::default() })
    }

    pub fn write(&mut self, row: &Row) -> io::Result<()> {
        self.line.clear();
        row.at.write_to(&mut self.line);
        self.line.push(b',');
        match &row.contact {
            Id::Number(number) => push_number(&mut self.line, *number),
            Id::Text(text) => push_field(&mut self.line, text.as_bytes()),
        }
        self.line.push(b',');
        push_field(&mut self.line, scenario(self.program, row).as_bytes());
        self.line.push(b',');
        self.text.clear();
        push_triggers(self.program, row, &mut self.text);
        push_field(&mut self.line, &self.text);
        self.line.push(b',');
        row.entered_at.write_to(&mut self.line);
        self.line.push(b',');
        push_number(&mut self.line, i64::from(row.ordinal));
        let program = self.program;
        match end_of(row) {
            Some(end) => {
                self.line.extend_from_slice(self.ends.entry(end).or_insert_with(|| last_of(program, row)));
            }
            None => self.line.extend(last_of(program, row)),
        }
        self.to.write_all(&self.line)
    }

    pub fn finish(mut self) -> io::Result<W> {
        self.to.flush()?;
        Ok(self.to)
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

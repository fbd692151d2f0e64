//! What becomes of the rows of a simulation: told and written in the order of time, or kept contact by contact.

use super::lines::{self, Lines};
use super::report::{Report, Tally};
use super::sort::{self, Rows, Sorter};
use super::{HEADER, Row};
use crate::drivers::Error;
use crate::engine::Program;
use crate::model::Id;
use std::io::{self, BufWriter, Write};

pub(super) enum Sink<'a> {
    /// They are counted, and are the effects CSV where one is wanted.
    Told(Option<&'a mut dyn Write>),
    /// They are kept, contact by contact, and not counted.
    Kept(&'a mut Rows),
}

/// What each thread does with the rows of its contacts.
#[derive(Clone, Copy)]
pub(super) enum Collecting {
    /// They are counted, and formatted where that is wanted.
    Told(bool),
    Kept,
}

/// The rows of one thread.
pub(super) enum Collector<'a> {
    Told(Box<Lines<'a>>),
    Kept(Sorter),
}

/// The rows of a thread, or of several.
#[derive(Debug, Default)]
pub(super) struct Collected {
    lines: Vec<lines::Run>,
    rows: Vec<sort::Run>,
    tally: Option<Tally>,
}

impl Sink<'_> {
    pub(super) fn collecting(&self) -> Collecting {
        match self {
            Sink::Told(effects) => Collecting::Told(effects.is_some()),
            Sink::Kept(_) => Collecting::Kept,
        }
    }

    /// Takes what was collected [for it](Sink::collecting), and tells what was counted.
    pub(super) fn take(self, collected: Collected) -> Result<Report, Error> {
        let failed = |error| Error::Io("the effects".into(), error);
        match self {
            Sink::Told(None) => {}
            Sink::Told(Some(to)) => write(collected.lines, to).map_err(failed)?,
            Sink::Kept(rows) => *rows = Rows::new(collected.rows, Row::order_by_contact).map_err(failed)?,
        }
        Ok(collected.tally.map(Tally::finish).unwrap_or_default())
    }
}

/// Writes the effects CSV.
fn write(runs: Vec<lines::Run>, to: &mut dyn Write) -> io::Result<()> {
    let mut to = BufWriter::with_capacity(1 << 18, to);
    writeln!(to, "{HEADER}")?;
    lines::merge(runs, |_, _, line| to.write_all(line))?;
    to.flush()
}

impl Collecting {
    /// `limit` is how many rows are kept in memory.
    pub(super) fn collector(self, program: &Program, limit: usize) -> Collector<'_> {
        match self {
            Collecting::Told(are_formatted) => Collector::Told(Box::new(Lines::new(program, are_formatted, limit))),
            Collecting::Kept => Collector::Kept(Sorter::new(limit, Row::order_by_contact)),
        }
    }
}

impl Collector<'_> {
    /// Adds all rows of a contact, and drains them. Errors when the disk that holds temporary files refuses.
    pub(super) fn add(&mut self, contact: &Id, rows: &mut Vec<Row>) -> io::Result<()> {
        match self {
            Collector::Told(lines) => lines.add(contact, rows),
            Collector::Kept(sorter) => rows.drain(..).try_for_each(|row| sorter.push(row)),
        }
    }

    pub(super) fn finish(self) -> Collected {
        match self {
            Collector::Told(lines) => {
                let (lines, tally) = lines.finish();
                Collected { lines, rows: Vec::new(), tally: Some(tally) }
            }
            Collector::Kept(sorter) => Collected { rows: sorter.finish(), ..Collected::default() },
        }
    }
}

impl Collected {
    /// Adds what another thread collected.
    pub(super) fn absorb(&mut self, other: Collected) {
        self.lines.extend(other.lines);
        self.rows.extend(other.rows);
        match (&mut self.tally, other.tally) {
            (Some(tally), Some(more)) => tally.merge(more),
            (tally, more) => *tally = tally.take().or(more),
        }
    }
}

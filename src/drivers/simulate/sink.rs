//! What becomes of the rows of a simulation: told and written in the order of time, or kept contact by contact.

use super::effects::header;
use super::json::Objects;
use super::lines::Lines;
use super::ordered;
use super::parquet::{self, ROWS_IN_GROUP};
use super::report::{Report, Tally};
use super::runs;
use super::sort::{self, Rows, Sorter};
use super::{Form, Row};
use crate::drivers::Error;
use crate::engine::Program;
use crate::model::Id;
use std::io::{self, BufWriter, Write};

pub(super) enum Sink<'a> {
    /// They are counted, and written in a form where that is wanted.
    Told(Form, Option<&'a mut (dyn Write + Send)>),
    /// They are kept, contact by contact, and not counted.
    Kept(&'a mut Rows),
}

/// What each thread does with the rows of its contacts.
#[derive(Clone, Copy)]
pub(super) enum Collecting {
    Counted,
    /// They are counted, and formatted as lines of CSV.
    Lines,
    /// They are counted, and put into their order.
    Ordered,
    /// They are put into the order of contacts.
    Kept,
}

/// The rows of one thread.
pub(super) enum Collector<'a> {
    Told(Box<Lines<'a>>),
    Ordered(Box<Tally>, Sorter),
    Kept(Sorter),
}

/// The rows of a thread, or of several.
#[derive(Debug, Default)]
pub(super) struct Collected {
    lines: Vec<runs::Run>,
    rows: Vec<sort::Run>,
    tally: Option<Tally>,
}

impl Sink<'_> {
    pub(super) fn collecting(&self) -> Collecting {
        match self {
            Sink::Told(_, None) => Collecting::Counted,
            Sink::Told(Form::Csv, Some(_)) => Collecting::Lines,
            Sink::Told(_, Some(_)) => Collecting::Ordered,
            Sink::Kept(_) => Collecting::Kept,
        }
    }

    /// Takes what was collected [for it](Sink::collecting), by so many threads, and tells what was counted.
    pub(super) fn take(self, program: &Program, collected: Collected, threads: usize) -> Result<Report, Error> {
        let failed = |error| Error::Io("the effects".into(), error);
        match self {
            Sink::Told(_, None) => {}
            Sink::Told(form, Some(to)) => {
                let buffered = |to| BufWriter::with_capacity(1 << 18, to);
                match form {
                    Form::Csv => write(&collected.lines, threads, to),
                    Form::Json => objects(collected.rows, Objects::array(program, buffered(to))),
                    Form::JsonLines => objects(collected.rows, Objects::lines(program, buffered(to))),
                    Form::Parquet => columns(collected.rows, program, buffered(to)),
                }
                .map_err(failed)?;
            }
            Sink::Kept(rows) => *rows = Rows::new(collected.rows, Row::order_by_contact).map_err(failed)?,
        }
        Ok(collected.tally.map(Tally::finish).unwrap_or_default())
    }
}

fn write(runs: &[runs::Run], threads: usize, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "{}", header())?;
    ordered::write(runs, threads, ordered::SPAN_BYTES, to)?;
    to.flush()
}

fn objects(runs: Vec<sort::Run>, mut to: Objects<'_, impl Write>) -> io::Result<()> {
    let mut rows = Rows::new(runs, Row::order)?;
    while let Some(row) = rows.take_next()? {
        to.write(&row)?;
    }
    to.finish().map(drop)
}

fn columns(runs: Vec<sort::Run>, program: &Program, to: impl Write + Send) -> io::Result<()> {
    let mut to = parquet::Rows::new(program, to, ROWS_IN_GROUP)?;
    let mut rows = Rows::new(runs, Row::order)?;
    while let Some(row) = rows.take_next()? {
        to.write(&row)?;
    }
    to.finish()
}

impl Collecting {
    /// `limit` is how many rows are kept in memory.
    pub(super) fn collector(self, program: &Program, limit: usize) -> Collector<'_> {
        match self {
            Collecting::Counted => Collector::Told(Box::new(Lines::new(program, false, limit))),
            Collecting::Lines => Collector::Told(Box::new(Lines::new(program, true, limit))),
            Collecting::Ordered => Collector::Ordered(Box::new(Tally::new(program)), Sorter::new(limit, Row::order)),
            Collecting::Kept => Collector::Kept(Sorter::new(limit, Row::order_by_contact)),
        }
    }
}

impl Collector<'_> {
    /// Adds all rows of a contact, and drains them. Errors when the disk that holds temporary files refuses.
    pub(super) fn add(&mut self, contact: &Id, rows: &mut Vec<Row>) -> io::Result<()> {
        match self {
            Collector::Told(lines) => lines.add(contact, rows),
            Collector::Ordered(tally, sorter) => {
                rows.sort_by(Row::order);
                rows.drain(..).try_for_each(|row| {
                    tally.add(&row);
                    sorter.push(row)
                })
            }
            Collector::Kept(sorter) => rows.drain(..).try_for_each(|row| sorter.push(row)),
        }
    }

    pub(super) fn finish(self) -> Collected {
        match self {
            Collector::Told(lines) => {
                let (lines, tally) = lines.finish();
                Collected { lines, rows: Vec::new(), tally: Some(tally) }
            }
            Collector::Ordered(tally, sorter) => {
                Collected { lines: Vec::new(), rows: sorter.finish(), tally: Some(*tally) }
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

//! Sorting more rows than memory should hold: sorted runs, on disk when they are many, then one merge.

use super::row::Row;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek, Write};

/// Which of two rows comes first: a total order, so that the rows come the same however they were cut.
pub type Order = fn(&Row, &Row) -> Ordering;

/// Collects the rows of one thread.
#[derive(Debug)]
pub struct Sorter {
    rows: Vec<Row>,
    limit: usize,
    order: Order,
    runs: Vec<Run>,
}

/// Sorted rows.
#[derive(Debug)]
pub enum Run {
    Memory(std::vec::IntoIter<Row>),
    Disk(BufReader<File>),
}

impl Sorter {
    pub fn new(limit: usize, order: Order) -> Sorter {
        Sorter { rows: Vec::new(), limit: limit.max(1), order, runs: Vec::new() }
    }

    /// Errors when the disk that holds temporary files refuses.
    pub fn push(&mut self, row: Row) -> io::Result<()> {
        self.rows.push(row);
        if self.rows.len() >= self.limit {
            self.spill()?;
        }
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        self.rows.sort_unstable_by(self.order);
        let mut file = BufWriter::new(tempfile::tempfile()?);
        for row in self.rows.drain(..) {
            row.write(&mut file)?;
        }
        file.flush()?;
        let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        self.runs.push(Run::Disk(BufReader::with_capacity(1 << 16, file)));
        Ok(())
    }

    pub fn finish(mut self) -> Vec<Run> {
        self.rows.sort_unstable_by(self.order);
        self.runs.push(Run::Memory(self.rows.into_iter()));
        self.runs
    }
}

impl Run {
    fn next(&mut self) -> io::Result<Option<Row>> {
        match self {
            Run::Memory(rows) => Ok(rows.next()),
            Run::Disk(file) => Row::read(file),
        }
    }
}

/// The first row of a run; the greatest of the heap is the first in order.
#[derive(Debug)]
struct Head {
    row: Row,
    run: usize,
    order: Order,
}

impl PartialEq for Head {
    fn eq(&self, other: &Head) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head {}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Head) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head {
    fn cmp(&self, other: &Head) -> Ordering {
        (self.order)(&other.row, &self.row).then_with(|| other.run.cmp(&self.run))
    }
}

/// All rows of all runs, in order, one after the other.
#[derive(Debug, Default)]
pub struct Rows {
    runs: Vec<Run>,
    heads: BinaryHeap<Head>,
}

impl Rows {
    /// The runs must be sorted by this very order.
    ///
    /// # Errors
    /// When a run that is on disk cannot be read.
    pub fn new(mut runs: Vec<Run>, order: Order) -> io::Result<Rows> {
        let mut heads = BinaryHeap::new();
        for (run, rows) in runs.iter_mut().enumerate() {
            if let Some(row) = rows.next()? {
                heads.push(Head { row, run, order });
            }
        }
        Ok(Rows { runs, heads })
    }

    /// The next row; `None` after the last.
    ///
    /// # Errors
    /// As [`Rows::new`].
    pub fn take_next(&mut self) -> io::Result<Option<Row>> {
        let Some(mut head) = self.heads.peek_mut() else { return Ok(None) };
        let next = self.runs.get_mut(head.run).map_or(Ok(None), Run::next)?;
        Ok(Some(match next {
            Some(row) => std::mem::replace(&mut head.row, row),
            None => PeekMut::pop(head).row,
        }))
    }

    /// The row that [`Rows::take_next`] gives.
    pub fn peek(&self) -> Option<&Row> {
        self.heads.peek().map(|head| &head.row)
    }
}

//! Sorting more rows than memory should hold: sorted runs, on disk when they are many, then one merge.

use super::row::Row;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek, Write};

/// How many rows one thread keeps before it writes a run to disk: about 50 MiB.
pub const ROWS_IN_MEMORY: usize = 500_000;

/// Collects the rows of one thread.
#[derive(Debug)]
pub struct Sorter {
    rows: Vec<Row>,
    limit: usize,
    runs: Vec<Run>,
}

/// Sorted rows.
#[derive(Debug)]
pub enum Run {
    Memory(std::vec::IntoIter<Row>),
    Disk(BufReader<File>),
}

impl Sorter {
    pub fn new(limit: usize) -> Sorter {
        Sorter { rows: Vec::new(), limit: limit.max(1), runs: Vec::new() }
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
        self.rows.sort_unstable_by(Row::order);
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
        self.rows.sort_unstable_by(Row::order);
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
struct Head {
    row: Row,
    run: usize,
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
        other.row.order(&self.row).then_with(|| other.run.cmp(&self.run))
    }
}

/// Gives all rows of all runs to `take`, in order.
pub fn merge(mut runs: Vec<Run>, mut take: impl FnMut(Row) -> io::Result<()>) -> io::Result<()> {
    let mut heads = BinaryHeap::new();
    for (run, rows) in runs.iter_mut().enumerate() {
        if let Some(row) = rows.next()? {
            heads.push(Head { row, run });
        }
    }
    while let Some(mut head) = heads.peek_mut() {
        let next = runs.get_mut(head.run).map_or(Ok(None), Run::next)?;
        match next {
            Some(row) => take(std::mem::replace(&mut head.row, row))?,
            None => take(std::collections::binary_heap::PeekMut::pop(head).row)?,
        }
    }
    Ok(())
}

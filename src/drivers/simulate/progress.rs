//! How far a simulation is, for somebody who waits.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// How many rows of events are read in a pass, of those known: measures are taken in a pass of their own, before anybody lives
/// for the report. The threads of a simulation add to it, and another thread looks.
#[derive(Debug, Default)]
pub struct Progress {
    known: AtomicU64,
    done: AtomicU64,
    passes: AtomicU64,
    is_measuring: AtomicBool,
}

/// After so many rows a thread adds what it has read: so seldom that threads do not wait for each other.
const ROWS_AT_ONCE: u64 = 1024;

impl Progress {
    /// The rows that are to be read in each pass; 0 while they are not counted.
    pub fn known(&self) -> u64 {
        self.known.load(Relaxed)
    }

    /// The rows that are read in this pass. What is routed from other tables is read too, but not known: there are never more than are known.
    pub fn done(&self) -> u64 {
        self.done.load(Relaxed).min(self.known())
    }

    /// The number of this pass, from 1; 0 before the first.
    pub fn pass(&self) -> u64 {
        self.passes.load(Relaxed)
    }

    /// Whether this pass takes measures.
    pub fn is_measuring(&self) -> bool {
        self.is_measuring.load(Relaxed)
    }

    pub(super) fn expect(&self, rows: u64) {
        self.known.store(rows, Relaxed);
    }

    /// All rows are read once more, from the first on.
    pub(super) fn begin(&self, is_measuring: bool) {
        self.done.store(0, Relaxed);
        self.is_measuring.store(is_measuring, Relaxed);
        self.passes.fetch_add(1, Relaxed);
    }
}

/// What one thread has read and not told yet.
#[derive(Debug, Default)]
pub(super) struct Steps<'a> {
    progress: Option<&'a Progress>,
    rows: u64,
}

impl<'a> Steps<'a> {
    pub fn of(progress: Option<&'a Progress>) -> Steps<'a> {
        Steps { progress, rows: 0 }
    }

    pub fn add(&mut self, rows: usize) {
        self.rows += rows as u64;
        if self.rows >= ROWS_AT_ONCE {
            self.tell();
        }
    }

    fn tell(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        if let Some(progress) = self.progress {
            progress.done.fetch_add(rows, Relaxed);
        }
    }
}

impl Drop for Steps<'_> {
    fn drop(&mut self) {
        self.tell();
    }
}

//! How far a simulation is, for somebody who waits.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How many rows of events are read, of those known. The threads of a simulation add to it, and another thread looks.
#[derive(Debug, Default)]
pub struct Progress {
    known: AtomicU64,
    done: AtomicU64,
}

/// After so many rows a thread adds what it has read: so seldom that threads do not wait for each other.
const ROWS_AT_ONCE: u64 = 1024;

impl Progress {
    /// The rows that are to be read, each as often as it is; 0 while they are not counted.
    pub fn known(&self) -> u64 {
        self.known.load(Relaxed)
    }

    /// The rows that are read. What is routed from other tables is read too, but not known: there are never more than are known.
    pub fn done(&self) -> u64 {
        self.done.load(Relaxed).min(self.known())
    }

    pub(super) fn expect(&self, rows: u64) {
        self.known.fetch_add(rows, Relaxed);
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

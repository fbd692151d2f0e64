//! Older events, and long stops: what would happen is tried on a copy first.

use super::super::Error;
use super::Run;
use crate::time::Instant;

/// What a run would do, tried on a copy of its state without sending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rehearsal {
    /// Messages that would leave now.
    pub leaving: u64,
    /// Messages that come due too late to leave.
    pub expired: u64,
    /// Contacts that would go on waiting.
    pub waiting: u64,
}

impl Run {
    /// (body follows)
    pub fn rehearse(&self, _now: Instant) -> Result<Rehearsal, Error> {
        Ok(Rehearsal::default())
    }
}

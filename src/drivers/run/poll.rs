//! New rows of the CRM, each taken in once.

use super::super::Error;
use super::Run;
use crate::store::crm::{NewRow, Notes};
use crate::time::Instant;
use std::collections::BTreeSet;

/// How many rows are written in one transaction.
const BATCH: usize = 5_000;
/// How long a look that found nothing need not be written down, in microseconds: a minute.
const LOOK_KEPT: i64 = 60 * 1_000_000;

impl Run {
    /// Looks for rows that were never seen, when the CRM has changed since the last look.
    ///
    /// A row arrives at its instant, unless a look after that instant did not see it: then it is late, and arrives now.
    pub(super) fn poll(&mut self, now: Instant) -> Result<(), Error> {
        let version = self.crm.version()?;
        if self.version == Some(version) {
            return self.looked(now);
        }
        self.crm.identify(&self.bundle.identity, self.program.settings.zone)?;
        let (world, unreadable) = self.crm.world(&self.program)?;
        self.world = world;
        self.unite_persons(now)?;
        self.report.unreadable = unreadable.first.iter().map(|each| each.diagnostic().message).collect();
        self.set_aside.clear();
        let mut notes = Notes::default();
        self.report.of_erased = 0;
        for kind in 0..self.needs().events.len() as u16 {
            let lives = self.crm.lives(&self.program, &self.world)?;
            let Some(seen) = self.seen.get(usize::from(kind)) else { continue };
            let rows = lives.new_rows(&self.crm, kind, seen, &mut notes)?;
            drop(lives);
            let rows = self.without_erased(rows)?;
            self.take_in(kind, rows, now)?;
        }
        self.report.notes = notes;
        self.version = Some(version);
        self.queue_looks()?;
        self.polled(now)
    }

    /// While nothing happens the disk is left alone: a look that found nothing is written down once a minute. A process
    /// that dies forgets the looks since, and a row dated in that minute that comes after them arrives at its instant.
    fn looked(&mut self, now: Instant) -> Result<(), Error> {
        self.last_poll = Some(now);
        let is_recent = |written: Instant| now.0.saturating_sub(written.0) < LOOK_KEPT && written <= now;
        if self.last_poll_written.is_some_and(is_recent) { Ok(()) } else { self.polled(now) }
    }

    fn polled(&mut self, now: Instant) -> Result<(), Error> {
        self.state.set_last_poll(now)?;
        self.last_poll = Some(now);
        self.last_poll_written = Some(now);
        Ok(())
    }

    /// Leaves out the rows of those who were erased, whom the CRM does not have either: they start nothing. One who has a row
    /// in `contact` again is a new person.
    fn without_erased(&mut self, mut rows: Vec<NewRow>) -> Result<Vec<NewRow>, Error> {
        let mut gone = BTreeSet::new();
        for contact in self.state.erased_of(rows.iter().map(|row| &row.contact))? {
            if !self.crm.has_any(std::slice::from_ref(&contact))? {
                gone.insert(contact);
            }
        }
        let before = rows.len();
        rows.retain(|row| !gone.contains(&row.contact));
        self.report.of_erased += (before - rows.len()) as u64;
        Ok(rows)
    }

    fn take_in(&mut self, kind: u16, rows: Vec<NewRow>, now: Instant) -> Result<(), Error> {
        let name = self.program.event_name(kind).to_owned();
        let mark = first_look(&name);
        let starts = self.state.starts()?;
        let known = starts.contains_key(&mark);
        // At the first look at an event, what happened before any scenario's start is history.
        let scenarios = self.bundle.scenarios.iter();
        let start = scenarios.filter_map(|scenario| starts.get(&scenario.name)).min().copied().unwrap_or(now);
        let is_history = |row: &NewRow| !known && row.event.at < start;
        let (history, mut new): (Vec<NewRow>, Vec<NewRow>) = rows.into_iter().partition(is_history);
        let last = self.last_poll.filter(|_| known);
        for row in &mut new {
            if last.is_some_and(|last| row.event.arrived <= last) {
                row.event.arrived = now;
            }
        }
        for batch in history.chunks(BATCH) {
            self.state.mark_history(&name, batch)?;
        }
        for batch in new.chunks(BATCH) {
            self.report.rows += self.state.ingest(&name, batch)?;
        }
        self.report.history += history.len() as u64;
        if !known {
            self.state.set_start(&mark, start)?;
        }
        if let Some(seen) = self.seen.get_mut(usize::from(kind)) {
            seen.extend(history.into_iter().chain(new).map(|row| row.event.id));
        }
        Ok(())
    }
}

/// Where it is remembered that an event was looked at. No scenario has a name with a space.
fn first_look(event: &str) -> String {
    format!("event {event}")
}

//! A batch of contacts: read from the CRM, worked on one after the other, and written in one commit.

use super::super::Error;
use super::Run;
use super::step::AtWork;
use crate::engine::{Program, StateError};
use crate::ir::ScenarioHash;
use crate::model::Id;
use crate::store::crm::Notes;
use crate::store::state::{Claimed, ContactOut};
use crate::time::Instant;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

/// How many contacts are stepped in one transaction.
const BATCH: usize = 256;

impl Run {
    /// Steps at most one batch of the contacts that have something to do by `now`. False when there was none.
    pub(super) fn step_batch(&mut self, now: Instant) -> Result<bool, Error> {
        self.step_batch_until(now, now)
    }

    /// As [`Run::step_batch`], with what they have to do by an instant that may be before now.
    pub(super) fn step_batch_until(&mut self, until: Instant, now: Instant) -> Result<bool, Error> {
        let mut claimed = self.state.claim(until, BATCH + self.set_aside.len())?;
        claimed.retain(|claimed| !self.set_aside.contains(&claimed.contact));
        if claimed.is_empty() {
            return Ok(false);
        }
        let outs = self.work(&claimed, until, |at_work, claimed| at_work.step_all(&claimed.inbox, until))?;
        self.commit(outs, now)?;
        Ok(true)
    }

    /// Reads the contacts and lets each be worked on. One whose values cannot be read is set aside.
    pub(super) fn work(
        &mut self,
        claimed: &[Claimed],
        now: Instant,
        work: impl FnMut(&mut AtWork<'_>, &Claimed),
    ) -> Result<Vec<ContactOut>, Error> {
        let program = Arc::clone(&self.program);
        self.work_with(&program, claimed, now, work)
    }

    /// As [`Run::work`], with a program of its own.
    pub(super) fn work_with(
        &mut self,
        program: &Program,
        claimed: &[Claimed],
        now: Instant,
        mut work: impl FnMut(&mut AtWork<'_>, &Claimed),
    ) -> Result<Vec<ContactOut>, Error> {
        let mut outs = Vec::new();
        let mut all_counts = Vec::new();
        let mut not_sent = Vec::new();
        let (mut done, mut not_done) = (Vec::new(), Vec::new());
        let mut troubles: Vec<String> = Vec::new();
        let mut notes = Notes::default();
        let by_id: FxHashMap<&Id, &Claimed> = claimed.iter().map(|claimed| (&claimed.contact, claimed)).collect();
        let contacts: Vec<Id> = claimed.iter().map(|claimed| claimed.contact.clone()).collect();
        let mut given: FxHashSet<Id> = FxHashSet::default();
        let (world, measures, seen) = (&self.world, &self.measures, &self.seen);
        let waiting: BTreeSet<ScenarioHash> = self.report.waiting.iter().map(|waiting| waiting.version).collect();
        let mut without_version: BTreeSet<Id> = BTreeSet::new();
        let lives = self.crm.lives(program, world)?;
        lives.read_these(&self.crm, &contacts, &mut notes, |person, life| {
            let Some(claimed) = by_id.get(&person.id) else { return ControlFlow::Continue(()) };
            given.insert(person.id.clone());
            match AtWork::begin(program, (world, measures), person, life, claimed, seen, now) {
                Ok(mut at_work) => {
                    work(&mut at_work, claimed);
                    all_counts.push(std::mem::take(&mut at_work.out.counts));
                    not_sent.append(&mut at_work.not_sent);
                    done.append(&mut at_work.done);
                    not_done.append(&mut at_work.not_done);
                    outs.push(at_work.end());
                    ControlFlow::Continue(())
                }
                // It waits for a version that was told once for all who do.
                Err(StateError::UnknownScenario(hash)) if waiting.contains(&hash) => {
                    given.remove(&person.id);
                    without_version.insert(person.id.clone());
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    given.remove(&person.id);
                    troubles.push(format!("contact {}: {error}", person.id));
                    ControlFlow::Continue(())
                }
            }
        })?;
        drop(lives);
        self.report.troubles.extend(troubles);
        for contact in contacts {
            if !given.contains(&contact) {
                self.set_aside.insert(contact);
            }
        }
        self.report.notes.unreadable.absorb(notes.unreadable);
        self.report.notes.set_aside = self.set_aside.len() as u64;
        self.without_version.append(&mut without_version);
        self.report.without_version = self.without_version.intersection(&self.set_aside).count() as u64;
        for counts in all_counts {
            self.count(&counts);
        }
        for (outcome, reason) in not_sent {
            self.did_not_send(outcome.name(), reason);
        }
        for effect in done {
            *self.report.done.entry(effect).or_default() += 1;
        }
        for (effect, outcome, reason) in not_done {
            *self.report.not_done.entry((effect, outcome.name(), reason)).or_default() += 1;
        }
        Ok(outs)
    }

    /// Counts the messages that were taken back before anybody claimed them.
    pub(super) fn report_withdrawn(&mut self, outs: &[ContactOut]) {
        for (_, outcome, reason) in outs.iter().flat_map(|out| &out.withdrawn) {
            self.did_not_send(outcome.name(), reason.text());
        }
    }

    pub(super) fn commit(&mut self, outs: Vec<ContactOut>, now: Instant) -> Result<(), Error> {
        self.report_withdrawn(&outs);
        // A message that is already on its way sends a receipt; its instance does not wait for it any more.
        self.state.commit(&outs, now)?;
        Ok(())
    }
}

//! What concerns contacts without an event of theirs: a look from which on silences and periods are counted.

use super::super::Error;
use super::Run;
use crate::ir::{Bundle, Occurrence, Start};
use crate::model::Id;
use crate::store::state::Kept;
use crate::time::Instant;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How many contacts are looked at in one transaction.
const BATCH: usize = 256;

/// Who must be looked at.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// Whether a scenario starts by a silence or a period.
    wanted: bool,
    /// The contact's fields on which an anniversary may depend.
    fields: BTreeSet<String>,
    /// Those who were, or stand in the queue, with a mark of what these fields said then.
    known: FxHashMap<Id, u64>,
    queue: VecDeque<Id>,
}

impl Looks {
    pub fn of(bundle: &Bundle) -> Looks {
        let counts = |start: &Start| matches!(start, Start::Silence { .. } | Start::Every { .. });
        let is_moved = |start: &Start| matches!(start, Start::Every { occurrence: Occurrence::Anniversary { .. }, .. });
        let anniversaries = bundle.scenarios.iter().filter(|scenario| is_moved(&scenario.start));
        // The zone in which a day begins counts too.
        let codes = anniversaries.flat_map(|scenario| [&scenario.code, &bundle.policy.code]);
        Looks {
            wanted: bundle.scenarios.iter().any(|scenario| counts(&scenario.start)),
            fields: codes.flat_map(|code| &code.contact).map(|field| field.name.clone()).collect(),
            ..Looks::default()
        }
    }

    /// Everybody is to be looked at once more.
    fn again(&mut self) {
        self.known.clear();
        self.queue.clear();
    }

    /// Whoever has this id from now on was never looked at.
    pub fn forget(&mut self, contact: &Id) {
        self.known.remove(contact);
    }
}

impl Run {
    /// Queues the contacts that were never looked at, all of them at the start, later those that were added to the CRM; and
    /// those whose anniversaries may have moved.
    pub(super) fn queue_looks(&mut self) -> Result<(), Error> {
        if !self.looks.wanted {
            return Ok(());
        }
        let contacts = self.crm.contacts(&self.looks.fields)?;
        let before = std::mem::take(&mut self.looks.known);
        for (contact, mark) in contacts {
            if before.get(&contact) != Some(&mark) {
                self.looks.queue.push_back(contact.clone());
            }
            self.looks.known.insert(contact, mark);
        }
        Ok(())
    }

    /// Queues everybody once more.
    pub(super) fn look_again(&mut self) -> Result<(), Error> {
        self.looks.again();
        self.queue_looks()
    }

    /// Looks at one batch of contacts. False when there is none to look at.
    pub(super) fn look_batch(&mut self, now: Instant) -> Result<bool, Error> {
        let count = self.looks.queue.len().min(BATCH);
        let contacts: Vec<Id> = self.looks.queue.drain(..count).collect();
        if contacts.is_empty() {
            return Ok(false);
        }
        let claimed = self.state.claim_these(&contacts, now)?;
        let mut outs = self.work(&claimed, now, |at_work, claimed| {
            at_work.step_all(&claimed.inbox, now);
            at_work.look(now);
        })?;
        // One whose value cannot be read is looked at when the CRM has changed.
        for contact in contacts.iter().filter(|contact| self.set_aside.contains(*contact)) {
            self.looks.known.remove(contact);
        }
        let before: BTreeMap<&Id, Option<Vec<u8>>> =
            claimed.iter().map(|claimed| (&claimed.contact, claimed.state.clone())).collect();
        outs.retain(|out| {
            let is_same = |kept: &Kept| before.get(&out.contact).is_some_and(|old| old.as_ref() == Some(&kept.state));
            !(out.is_quiet() && out.keep.as_ref().is_none_or(is_same))
        });
        self.commit(outs, now)?;
        Ok(true)
    }
}

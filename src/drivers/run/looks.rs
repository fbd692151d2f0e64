//! What concerns contacts without an event of theirs: a look from which on silences and periods are counted, and measures.

use super::super::Error;
use super::Run;
use crate::engine::{Census, Measures, Value, next_refresh};
use crate::ir::{Bundle, Occurrence, Start};
use crate::model::{Id, Literal};
use crate::store::crm::{ContactRange, Notes};
use crate::store::state::Kept;
use crate::time::{Duration, Instant};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::ControlFlow;

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

    /// The next refresh of any measure after an instant.
    pub(super) fn next_refresh_after(&self, after: Instant) -> Option<Instant> {
        let zone = self.program.settings.zone;
        self.bundle.measures.iter().filter_map(|measure| next_refresh(measure.refreshed, zone, after)).min()
    }

    /// Takes the measures whose refresh has come, over all contacts; those whose silences depend on one are looked at.
    pub(super) fn refresh(&mut self, now: Instant) -> Result<(), Error> {
        self.looked_at = Some(now);
        let mut due: Vec<(String, Instant)> = Vec::new();
        for measure in &self.bundle.measures {
            let zone = self.program.settings.zone;
            let last = last_refresh(now, |after| next_refresh(measure.refreshed, zone, after));
            let told = self.told_measures.get(&measure.name).copied();
            due.extend(last.filter(|at| told.is_none_or(|told| told < *at)).map(|at| (measure.name.clone(), at)));
        }
        if due.is_empty() {
            return Ok(());
        }
        let mut instants: Vec<Instant> = due.iter().map(|(_, at)| *at).collect();
        instants.sort_unstable();
        instants.dedup();
        let mut census: Vec<Census> =
            instants.iter().map(|at| Census::new(&self.program, Instant(at.0.saturating_sub(1)), *at)).collect();
        let lives = self.crm.lives(&self.program, &self.world)?.of_everyone();
        // What cannot be read is told when the contact is stepped.
        lives.read(&self.crm, &ContactRange::default(), &mut Notes::default(), |person, life| {
            census.iter_mut().for_each(|each| each.take(&self.program, &self.world, person, life));
            ControlFlow::Continue(())
        })?;
        drop(lives);
        let taken: Vec<Measures> = census.iter().map(|each| each.finish(&self.program)).collect();
        let mut values: Vec<(String, Instant, Option<Literal>)> = Vec::new();
        for (name, at) in due {
            let place = instants.binary_search(&at).ok();
            let value = place.and_then(|place| taken.get(place)?.value(&name, at)).cloned().unwrap_or_default();
            values.push((name.clone(), at, super::writes::literal(&value, &self.world)));
            self.measures.tell(&name, at, value);
            self.told_measures.insert(name, at);
        }
        self.state.keep_measures(&values)?;
        let silences: FxHashSet<&str> = self.program.measures_of_silences().collect();
        if values.iter().any(|(name, _, _)| silences.contains(name.as_str())) {
            self.looks.again();
            self.queue_looks()?;
        }
        Ok(())
    }

    /// What measures told before this run.
    pub(super) fn read_measures(&mut self) -> Result<(), Error> {
        for (name, at, value) in self.state.measures()? {
            self.measures.tell(&name, at, value.as_ref().map_or(Value::Missing, Value::from));
            let told = self.told_measures.entry(name).or_insert(at);
            *told = at.max(*told);
        }
        Ok(())
    }
}

/// The latest refresh that is not after an instant.
fn last_refresh(now: Instant, next: impl Fn(Instant) -> Option<Instant>) -> Option<Instant> {
    // Longer than a month: at least one refresh lies within.
    let month = Duration { days: 32, ..Duration::ZERO };
    let mut last = None;
    let mut at = next(crate::time::Zone::UTC.subtract(now, month)?);
    while let Some(refresh) = at.filter(|refresh| *refresh <= now) {
        last = Some(refresh);
        at = next(refresh);
    }
    last
}

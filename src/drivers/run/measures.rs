//! The measures of a run: taken at their refreshes over all contacts, of what the CRM says and of what scenarios did.

use super::super::Error;
use super::Run;
use super::step::AtWork;
use crate::engine::{Census, Value, next_refresh};
use crate::model::{Id, Literal};
use crate::store::crm::{ContactRange, Notes};
use crate::store::state::Claimed;
use crate::time::{Duration, Instant};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

/// How many contacts are read at once.
const BATCH: usize = 256;

/// What was seen while measures were taken.
#[derive(Debug, Default)]
struct Seen {
    /// The first event of all.
    first: Option<Instant>,
    /// The latest instant up to which a contact was stepped.
    stepped: Option<Instant>,
}

impl Run {
    /// The next refresh of any measure after an instant.
    pub(super) fn next_refresh_after(&self, after: Instant) -> Option<Instant> {
        let zone = self.program.settings.zone;
        self.bundle.measures.iter().filter_map(|measure| next_refresh(measure.refreshed, zone, after)).min()
    }

    /// Takes the measures whose refreshes have come, each refresh since the last one; of a measure that never told anything,
    /// the latest. Those whose silences depend on one are looked at. False where `stop` came before all were taken: then
    /// nothing may be stepped yet.
    pub(super) fn refresh(&mut self, now: Instant, stop: &dyn Fn() -> bool) -> Result<bool, Error> {
        let program = Arc::clone(&self.program);
        let (of_deeds, by_the_crm) = self.due_refreshes(now).partition(&program, &program.measures_of_deeds());
        if !by_the_crm.is_empty() {
            self.refresh_by_the_crm(by_the_crm)?;
        }
        let are_taken = self.refresh_as_they_are(&of_deeds, now, stop)?;
        if are_taken {
            self.looked_at = Some(now);
        }
        Ok(are_taken)
    }

    fn due_refreshes(&self, now: Instant) -> Census {
        let zone = self.program.settings.zone;
        let mut due = Vec::new();
        for (place, measure) in self.bundle.measures.iter().enumerate() {
            let next = |after| next_refresh(measure.refreshed, zone, after);
            let mut at = match self.told_measures.get(&measure.name) {
                Some(told) => next(*told),
                None => last_refresh(now, next),
            };
            while let Some(refresh) = at.filter(|at| *at <= now) {
                due.push((refresh, place as u16));
                at = next(refresh);
            }
        }
        Census::of(due)
    }

    /// Takes measures that do not depend on what scenarios do: the CRM says what was at each refresh.
    fn refresh_by_the_crm(&mut self, mut census: Census) -> Result<(), Error> {
        let mut seen = Seen::default();
        let lives = self.crm.lives(&self.program, &self.world)?.of_everyone();
        // What cannot be read is told when the contact is stepped.
        lives.read(&self.crm, &ContactRange::default(), &mut Notes::default(), |person, life| {
            seen.first = life.instants().chain(seen.first).min();
            census.take(&self.program, &self.world, person, life);
            ControlFlow::Continue(())
        })?;
        drop(lives);
        self.tell(&census, &seen)
    }

    /// Takes measures of contacts as scenarios left them: all that comes before a refresh is done before it. At the instant of
    /// a refresh it comes before all else.
    fn refresh_as_they_are(&mut self, due: &Census, now: Instant, stop: &dyn Fn() -> bool) -> Result<bool, Error> {
        for (at, mut census) in due.by_instant() {
            let before = Instant(at.0.saturating_sub(1));
            while self.step_batch_until(before, now)? {
                if stop() {
                    return Ok(false);
                }
            }
            let seen = self.take_all(&mut census, before)?;
            self.tell(&census, &seen)?;
        }
        Ok(true)
    }

    /// Takes all contacts as they are at an instant up to which all was done.
    fn take_all(&mut self, census: &mut Census, until: Instant) -> Result<Seen, Error> {
        let program = Arc::clone(&self.program);
        let mut found = Seen::default();
        let contacts: Vec<Id> = self.crm.contacts(&BTreeSet::new())?.into_iter().map(|(id, _)| id).collect();
        let lives = self.crm.lives(&program, &self.world)?;
        for batch in contacts.chunks(BATCH) {
            let claimed = self.state.claim_these(batch, until)?;
            let by_id: FxHashMap<&Id, &Claimed> = claimed.iter().map(|claimed| (&claimed.contact, claimed)).collect();
            // What cannot be read is told when the contact is stepped.
            lives.read_these(&self.crm, batch, &mut Notes::default(), |person, life| {
                found.first = life.instants().chain(found.first).min();
                let known = (&self.world, &self.measures);
                let claimed = by_id.get(&person.id);
                let begun =
                    claimed.map(|claimed| AtWork::begin(&program, known, person, life, claimed, &self.seen, until));
                if let Some(Ok(contact)) = begun {
                    found.stepped = found.stepped.max(contact.state.clock());
                    census.take_as_is(&program, contact.facts(), &contact.state);
                }
                ControlFlow::Continue(())
            })?;
        }
        Ok(found)
    }

    /// Tells what was taken, and keeps it. Before the first event of all nothing is told; neither is what depends on contacts
    /// that were stepped beyond the refresh, as where a measure is new: its first refresh is the next.
    fn tell(&mut self, census: &Census, seen: &Seen) -> Result<(), Error> {
        let program = Arc::clone(&self.program);
        let mut values: Vec<(String, Instant, Option<Literal>)> = Vec::new();
        for (name, at, value) in census.values(&program) {
            self.told_measures.insert(name.to_owned(), at);
            if seen.first.is_some_and(|first| first < at) && seen.stepped.is_none_or(|stepped| stepped < at) {
                values.push((name.to_owned(), at, super::writes::literal(&value, &self.world)));
                self.measures.tell(name, at, value);
            }
        }
        self.state.keep_measures(&values)?;
        let silences: FxHashSet<&str> = self.program.measures_of_silences().collect();
        if values.iter().any(|(name, _, _)| silences.contains(name.as_str())) {
            self.look_again()?;
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

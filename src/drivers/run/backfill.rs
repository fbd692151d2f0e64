//! Older events, and long stops: what would happen is tried on a copy first.

use super::super::Error;
use super::step::AtWork;
use super::{Delivery, Post, Refusal, Run, Setup};
use crate::engine::{self, Count, EffectKey, Outcome, Program, Reason, Verdict};
use crate::model::Id;
use crate::store::crm::{ContactRange, Notes};
use crate::store::state::{Claimed, ContactOut, Verdict as Answer};
use crate::time::Instant;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

/// What a run would do, tried on a copy of its state without sending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rehearsal {
    /// Messages that would leave now.
    pub leaving: u64,
    /// Messages that come due too late to leave.
    pub expired: u64,
    /// Contacts that would go on waiting.
    pub waiting: u64,
    /// Instances that the older events would start.
    pub started: u64,
}

impl Run {
    /// What [`Run::migrate`], where a scenario or all are given, then [`Run::backfill`], where `since` is given, and then
    /// [`Run::tick`] would do.
    pub fn rehearse(
        &self,
        migrate: Option<Option<&str>>,
        since: Option<Instant>,
        now: Instant,
    ) -> Result<Rehearsal, Refusal> {
        let folder = tempfile::tempdir().map_err(|error| Error::Io("temporary files".into(), error))?;
        let copy = folder.path().join("rehearsal");
        self.state.copy(&copy)?;
        let delivery = Delivery {
            templates: Arc::clone(&self.delivery.templates),
            outbox: folder.path().join("outbox"),
            caches: Vec::new(),
            email: None,
            post: Post::Files,
            webhooks: Arc::default(),
        };
        let setup = Setup { bundle: &self.bundle, crm: self.crm.again()?, state: &copy, delivery };
        let mut run = Run::open(setup, "rehearsal", now)?;
        let before = run.state.message_horizon(now, |person| run.program.holds_out(person))?;
        run.poll(now)?;
        run.refresh(now, &|| false)?;
        if let Some(scenario) = migrate {
            let migration = run.migration(scenario, now)?;
            run.migrate(migration, now)?;
        }
        while run.step_batch(now)? {}
        let started_before = run.started();
        if let Some(since) = since {
            run.backfill(since, now)?;
        }
        let after = run.state.message_horizon(now, |person| run.program.holds_out(person))?;
        Ok(Rehearsal {
            leaving: after.due,
            expired: after.expired.saturating_sub(before.expired),
            waiting: run.state.waiting_contacts()?,
            started: run.started().saturating_sub(started_before),
        })
    }

    /// How many instances this run has started.
    fn started(&self) -> u64 {
        self.report.counts.values().map(|counts| counts.get(Count::Started)).sum()
    }

    /// Takes the events since `since` that came before the scenarios' starts, each at its own instant, as if the
    /// scenarios had run since then. What comes due too late to leave is recorded as expired.
    pub fn backfill(&mut self, since: Instant, now: Instant) -> Result<(), Error> {
        self.poll(now)?;
        self.refresh(now, &|| false)?;
        while self.step_batch(now)? {}
        let starts = self.state.starts()?;
        let mut program = Program::clone(&self.program);
        let mut moved: BTreeMap<String, Instant> = BTreeMap::new();
        // Versions of one name share a start; only the current one is started.
        let current: BTreeSet<&String> = self.bundle.scenarios.iter().map(|scenario| &scenario.name).collect();
        for name in self.program.units().iter().map(|unit| &unit.scenario.name).collect::<BTreeSet<_>>() {
            match starts.get(name).filter(|start| current.contains(name) && since < **start) {
                Some(start) => {
                    program.start_between(name, since, *start);
                    moved.insert(name.clone(), since);
                }
                // What the replay itself makes starts it all the same.
                None => {
                    let start = starts.get(name).copied().unwrap_or(Instant::MAX);
                    program.start_between(name, start, start);
                }
            }
        }
        if moved.is_empty() {
            return Ok(());
        }
        let contacts = self.contacts_since(&program, since, now)?;
        let mut outs: Vec<ContactOut> = Vec::new();
        for batch in contacts.chunks(256) {
            let claimed = self.state.claim_these(batch, now)?;
            outs.extend(self.replay(&program, &claimed, now)?);
        }
        if outs.len() < contacts.len() {
            return Err(self.unreadable((contacts.len() - outs.len()) as u64));
        }
        self.report_withdrawn(&outs);
        self.state.commit_with_starts(&outs, &moved, now)?;
        for (scenario, start) in &moved {
            Arc::make_mut(&mut self.program).start_at(scenario, *start);
        }
        Ok(())
    }

    /// Contacts with an event since then, of the CRM or made by a scenario, in the order of ids.
    fn contacts_since(&mut self, program: &Program, since: Instant, now: Instant) -> Result<Vec<Id>, Error> {
        let mut contacts = BTreeSet::new();
        let mut notes = Notes::default();
        let lives = self.crm.lives(program, &self.world)?;
        lives.read(&self.crm, &ContactRange::default(), &mut notes, |person, life| {
            let is_meant = |event: &engine::Event| event.at >= since && event.at <= now;
            if (0..life.len()).any(|place| life.event(place).is_some_and(is_meant)) {
                contacts.insert(person.id.clone());
            }
            ControlFlow::Continue(())
        })?;
        drop(lives);
        let set_aside = notes.set_aside;
        self.report.notes.unreadable.absorb(notes.unreadable);
        if set_aside > 0 {
            return Err(self.unreadable(set_aside));
        }
        // A state that cannot be read is told when its contact is taken up.
        self.state.each_state(|contact, bytes| {
            if engine::State::has_own_events_since(bytes, since).unwrap_or(true) {
                contacts.insert(contact);
            }
        })?;
        Ok(contacts.into_iter().collect())
    }

    /// Nothing is taken as long as a contact cannot be read: once the start is moved, its events would be lost.
    fn unreadable(&self, contacts: u64) -> Error {
        let first = self.report.notes.unreadable.first.iter().map(|each| each.diagnostic().message);
        Error::Unreadable { contacts, first: first.chain(self.report.troubles.iter().cloned()).take(5).collect() }
    }

    /// Lives contacts from the beginning, on the virtual clock up to now, and adds what came of it to what they are. What
    /// scenarios did before is history at its instants; who was erased stays so.
    fn replay(&mut self, program: &Program, claimed: &[Claimed], now: Instant) -> Result<Vec<ContactOut>, Error> {
        self.work_with(program, claimed, now, |at_work, _| {
            if at_work.state.is_erased() {
                return;
            }
            let kept = std::mem::take(&mut at_work.state);
            at_work.state = kept.to_live_again();
            at_work.life.forget();
            while let Some(event) = at_work.life.next().map(|event| event.arrived).filter(|at| *at <= now) {
                at_work.step_timers(event, false);
                at_work.step_event(event);
            }
            at_work.step_timers(now, true);
            at_work.give_up(now);
            let replayed = std::mem::replace(&mut at_work.state, kept);
            at_work.state.absorb(replayed);
            if at_work.state.is_erased() {
                let keys = at_work.state.end_all();
                let cancelled = keys.into_iter().map(|key| (key, Outcome::Cancelled, Reason::Erased));
                at_work.withdrawn.extend(cancelled);
            }
            let merged = at_work.state.as_one_life(program, at_work.zone());
            at_work.end_merged(&merged);
        })
    }
}

impl AtWork<'_> {
    /// Records as expired what is too late to leave, and was not withdrawn by what came after it. Calls are for the sender:
    /// nobody waits for what becomes of them.
    fn give_up(&mut self, now: Instant) {
        let withdrawn: BTreeSet<EffectKey> = self.withdrawn.iter().map(|(key, _, _)| *key).collect();
        let late = self
            .messages
            .iter()
            .filter(|message| message.call.is_none() && message.expires_at < now)
            .map(|each| each.key);
        let late: Vec<EffectKey> = late.filter(|key| !withdrawn.contains(key)).collect();
        for key in late {
            if let Verdict::Drop { outcome, reason } = self.about_to_send(key, now) {
                self.not_sent.push((outcome, reason.text()));
                self.verdicts.push((key, Answer::Drop { outcome, reason }));
            }
        }
    }
}

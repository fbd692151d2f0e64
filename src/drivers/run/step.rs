//! A contact at work: its inbox and its due timers, merged in the one order there is, and what came of them.

use super::journal::{self, Given};
use crate::engine::{
    self, Delivery, Effect, EffectKey, Facts, Input, Life, Measures, Merged, Outcome, Output, Person, Program, Reason,
    Receipt, StateError, Verdict, What, World,
};
use crate::ir::Op;
use crate::model::Id;
use crate::store::state::{
    Claimed, ContactOut, DueMessage, InboxRow, Input as Arrived, JournalRow, Kept, NewMessage, NewWrite,
    ReceiptOutcome, Verdict as Answer,
};
use crate::time::{Instant, Zone};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// How many rows of its inbox a contact is stepped with in one transaction: whoever has a million does not hold up the others
/// of its batch, and is taken up again in the next.
const ROWS: usize = 10_000;

/// A contact at work: what the engine knows of it, and what came of it so far.
pub(super) struct AtWork<'a> {
    pub program: &'a Program,
    pub world: &'a World,
    pub person: &'a Person,
    pub measures: &'a Measures,
    pub life: &'a mut Life,
    pub state: engine::State,
    pub out: Output,
    pub journal: Vec<JournalRow>,
    pub messages: Vec<NewMessage>,
    pub withdrawn: Vec<(EffectKey, Outcome, Reason)>,
    /// Messages that were decided not to be sent at all, by outcome and reason.
    pub not_sent: Vec<(Outcome, &'static str)>,
    /// Until when measures were stepped with.
    refreshed: Instant,
    /// The instant of the work: what is too late to leave by then does not leave.
    now: Instant,
    /// Messages that nobody has tried to send, as the outbox had them.
    untried: &'a [EffectKey],
    /// Rows of the inbox that it was stepped with.
    pub consumed: Vec<i64>,
    pub verdicts: Vec<(EffectKey, Answer)>,
    /// Changes of the CRM.
    pub writes: Vec<NewWrite>,
    /// Changes that the CRM has, and that the state has forgotten.
    pub forgotten: Vec<EffectKey>,
    /// Other rows of the same person, whose states are in this one now.
    pub absorbed: Vec<Id>,
    /// What steps other than `send` did, by the effect's name.
    pub done: Vec<&'static str>,
    /// What they did not, and why.
    pub not_done: Vec<(&'static str, Outcome, &'static str)>,
}

impl<'a> AtWork<'a> {
    /// Takes a contact up where it was left: what it was stepped with is history again.
    pub(super) fn begin(
        program: &'a Program,
        (world, measures): (&'a World, &'a Measures),
        person: &'a Person,
        life: &'a mut Life,
        claimed: &'a Claimed,
        seen: &[FxHashSet<Id>],
        now: Instant,
    ) -> Result<AtWork<'a>, StateError> {
        let mut arrivals: FxHashMap<(&str, &Id), Instant> = FxHashMap::default();
        for arrival in &claimed.arrivals {
            arrivals.insert((arrival.kind.as_str(), &arrival.id), arrival.arrived);
        }
        life.rearrange(|event| {
            if let Some(arrived) = arrivals.get(&(program.event_name(event.kind), &event.id)) {
                return Some(*arrived);
            }
            // What was there before the start arrived when it says; what was never seen has not arrived.
            let known = seen.get(usize::from(event.kind)).is_some_and(|seen| seen.contains(&event.id));
            known.then_some(event.arrived)
        });
        // A row that waits in the inbox is admitted when it is stepped; one that arrives later, later.
        let waiting: FxHashSet<(&str, &Id)> = claimed.inbox.iter().filter_map(event_of).collect();
        let is_history = |event: &engine::Event| {
            event.arrived <= now && !waiting.contains(&(program.event_name(event.kind), &event.id))
        };
        let facts = Facts { world, person, life, measures };
        let mut state = match &claimed.state {
            Some(bytes) => engine::State::load(bytes, program, facts)?,
            None => engine::State::default(),
        };
        // What was sent is known before the rows that speak of it.
        state.restore(life, program, world);
        while life.next().is_some_and(is_history) {
            life.admit(program, world);
        }
        // Until somebody has tried to send a message, and until its receipt is stepped, its instance takes no timer.
        let receipts = claimed.inbox.iter().filter_map(receipt_of).map(|receipt| receipt.key);
        claimed.untried.iter().copied().chain(receipts).for_each(|key| state.await_turn(key));
        // What the CRM has by now is read from there, where others may change it.
        state.forget_changes(&claimed.made, program, person);
        Ok(AtWork {
            // Nobody waits who was never stepped.
            refreshed: state.clock().unwrap_or(Instant::MAX),
            now,
            untried: &claimed.untried,
            program,
            world,
            person,
            measures,
            life,
            state,
            out: Output { marks: Some(Vec::new()), ..Output::default() },
            journal: Vec::new(),
            messages: Vec::new(),
            withdrawn: Vec::new(),
            not_sent: Vec::new(),
            consumed: Vec::new(),
            verdicts: Vec::new(),
            writes: Vec::new(),
            forgotten: claimed.made.clone(),
            absorbed: Vec::new(),
            done: Vec::new(),
            not_done: Vec::new(),
        })
    }

    /// From now on silences and periods are counted.
    pub(super) fn look(&mut self, now: Instant) {
        self.step(Input::Look, now, Given::Look);
    }

    /// Steps what arrived and what is due by `now`: at equal instants what arrived goes first, events before receipts. After
    /// [`ROWS`] rows it stops between two of them: the rest, and what is due after it, is for the next batch.
    pub(super) fn step_all(&mut self, inbox: &[InboxRow], now: Instant) {
        let mut new: FxHashMap<(&str, &Id), i64> = FxHashMap::default();
        new.extend(inbox.iter().filter_map(|row| Some((event_of(row)?, row.id))));
        let mut receipts = inbox.iter().filter_map(receipt_of).peekable();
        while self.consumed.len() < ROWS {
            let event = self.life.next().map(|event| event.arrived).filter(|arrived| *arrived <= now);
            let receipt = receipts.peek().map(|receipt| receipt.arrived);
            match (event, receipt) {
                (Some(event), receipt) if receipt.is_none_or(|receipt| event <= receipt) => {
                    let program = self.program;
                    let row = |each: &engine::Event| new.get(&(program.event_name(each.kind), &each.id)).copied();
                    if let Some(row) = self.life.next().and_then(row) {
                        self.step_timers(event, false);
                        self.step_event(event);
                        self.consumed.push(row);
                    } else {
                        // It was stepped before, and stands after a row of its instant that is seen only now.
                        self.life.admit(self.program, self.world);
                    }
                }
                (_, Some(arrived)) => {
                    self.step_timers(arrived, false);
                    if let Some(receipt) = receipts.next() {
                        self.step_receipt(&receipt);
                        self.consumed.push(receipt.row);
                    }
                }
                _ => {
                    // Rows that are no longer in the CRM are done with too.
                    self.consumed = inbox.iter().map(|row| row.id).collect();
                    return self.step_timers(now, true);
                }
            }
        }
    }

    fn step_receipt(&mut self, arrival: &Arrival<'_>) {
        let &Arrival { key, message, receipt, arrived, .. } = arrival;
        let input = Input::Receipt { key, receipt, name: message };
        self.step(input, arrived, Given::Receipt { key, receipt });
        // One that waits to be sent once more has its turn then.
        if !self.untried.contains(&key) {
            self.state.had_turn(key);
        }
    }

    pub(super) fn step_event(&mut self, arrived: Instant) {
        let Some(place) = self.life.admit(self.program, self.world) else { return };
        self.step_at(place, arrived);
    }

    /// Steps an event that was just admitted.
    fn step_at(&mut self, place: usize, arrived: Instant) {
        let Some((kind, id)) = self.life.event(place).map(|event| (event.kind, event.id.clone())) else { return };
        self.step(Input::Event { place }, arrived, Given::Event { kind, id: &id });
    }

    /// Steps what scenarios made happen and the timers that are due before `until`, or by then when it is included, each at
    /// its own instant. A timer that waited until a message had its turn comes when it may, after what has happened by then.
    pub(super) fn step_timers(&mut self, until: Instant, included: bool) {
        loop {
            let (own, refresh) = (self.state.next_own(), self.next_refresh());
            let reached = self.state.clock().map_or(until, |clock| clock.min(until));
            let timer = self.state.next_due(self.program).map(|due| if due <= until { due.max(reached) } else { due });
            // A refresh comes before all else of its instant.
            if let Some(at) = refresh.filter(|at| *at <= until && own.into_iter().chain(timer).all(|due| *at <= due)) {
                self.refreshed = at;
                self.step(Input::Refresh, at, Given::Refresh);
                continue;
            }
            let Some(due) = own.into_iter().chain(timer).min() else { return };
            if due > until || (due == until && !included) {
                return;
            }
            if own == Some(due) {
                let Some(place) = self.state.happen(self.life, self.program, self.world) else { return };
                self.step_at(place, due);
            } else {
                self.step(Input::Timer, due, Given::Timer);
            }
        }
    }

    /// The next refresh of a measure on which a silence depends, after what was stepped before.
    fn next_refresh(&self) -> Option<Instant> {
        self.measures.next_refresh(self.program.measures_of_silences(), self.refreshed)
    }

    /// What may be read of the contact.
    pub(super) fn facts(&self) -> Facts<'_> {
        Facts { world: self.world, person: self.person, life: self.life, measures: self.measures }
    }

    fn step(&mut self, input: Input<'_>, at: Instant, given: Given<'_>) {
        let facts = Facts { world: self.world, person: self.person, life: self.life, measures: self.measures };
        engine::step(self.program, &mut self.state, input, at, facts, Delivery::Outbox, &mut self.out);
        self.write_line(at, given);
        self.take_effects();
    }

    /// Asks the engine about a message that is about to be sent.
    pub(super) fn about_to_send(&mut self, key: EffectKey, now: Instant) -> Verdict {
        let facts = Facts { world: self.world, person: self.person, life: self.life, measures: self.measures };
        let verdict = engine::about_to_send(self.program, &mut self.state, key, now, facts, &mut self.out);
        let given = Given::AboutToSend { key, verdict: &verdict };
        self.write_line(now, given);
        // What is said of the members of the message is in its verdict.
        self.out.effects.clear();
        if !matches!(verdict, Verdict::Send(_)) {
            self.state.had_turn(key);
        }
        verdict
    }

    fn write_line(&mut self, at: Instant, given: Given<'_>) {
        let marks = self.out.marks.as_deref().unwrap_or(&[]);
        self.journal.push(journal::line(self.program, at, given, &self.out.effects, marks));
        self.out.marks.iter_mut().for_each(Vec::clear);
    }

    /// The contact's zone by the policy.
    pub(super) fn zone(&self) -> Zone {
        let facts = Facts { world: self.world, person: self.person, life: self.life, measures: self.measures };
        self.program.zone_of(facts, &self.state)
    }

    /// What ends because two contacts are one person, or one life was lived twice.
    pub(super) fn end_merged(&mut self, merged: &Merged) {
        if *merged == Merged::default() {
            return;
        }
        let cancelled = merged.messages.iter().map(|key| (*key, Outcome::Cancelled, Reason::Merged));
        self.withdrawn.extend(cancelled);
        let marks = merged.marks(self.now);
        self.journal.push(journal::line(self.program, self.now, Given::Merged, &[], &marks));
    }

    /// Messages in the order in which the engine wants to be asked about them; those that no instance waits for come last.
    pub(super) fn in_order(&self, mut messages: Vec<DueMessage>) -> Vec<DueMessage> {
        let mut keys: Vec<EffectKey> = messages.iter().map(|message| message.ticket.key).collect();
        self.state.sort_messages(self.program, &mut keys);
        let places: BTreeMap<EffectKey, usize> = keys.into_iter().zip(0..).collect();
        messages.sort_by_key(|message| places.get(&message.ticket.key).copied().unwrap_or(usize::MAX));
        messages
    }

    fn take_effects(&mut self) {
        for effect in std::mem::take(&mut self.out.effects) {
            match &effect.what {
                What::Emit { key, expires } => {
                    // What is too late to leave is not waited for.
                    if *expires >= self.now {
                        self.state.await_turn(*key);
                    }
                    let message = self.new_message(*key, *expires, &effect);
                    self.messages.extend(message);
                }
                What::Withdraw { key, outcome, reason } => self.withdrawn.push((*key, *outcome, *reason)),
                What::Send { outcome, reason, .. } => self.not_sent.push((*outcome, reason.text())),
                What::End { .. } => {}
                What::Act { key, act, outcome: Outcome::Done, .. } => self.act(*key, act, &effect),
                What::Act { act, outcome, reason, .. } => self.not_done.push((act.name(), *outcome, reason.text())),
            }
        }
    }

    fn new_message(&self, key: EffectKey, expires_at: Instant, effect: &Effect) -> Option<NewMessage> {
        let unit = self.program.unit(effect.unit)?;
        let Op::Send(send) = &unit.scenario.steps.get(effect.step)?.op else { return None };
        Some(NewMessage {
            key,
            scenario: unit.scenario.name.clone(),
            hash: unit.hash,
            step: effect.ordinal,
            class: send.class,
            alternatives: send
                .alternatives
                .iter()
                .map(|alternative| (alternative.channel.clone(), alternative.message.clone()))
                .collect(),
            call: None,
            due: effect.at,
            not_before: effect.at,
            expires_at,
        })
    }

    /// What is to be written.
    pub(super) fn end(self) -> ContactOut {
        let keep = (!self.state.is_empty())
            .then(|| Kept { state: self.state.save(self.program, self.world), wake: self.state.wake(self.program) });
        ContactOut {
            contact: self.person.id.clone(),
            keep,
            consumed: self.consumed,
            messages: self.messages,
            withdrawn: self.withdrawn,
            verdicts: self.verdicts,
            writes: self.writes,
            forgotten: self.forgotten,
            absorbed: self.absorbed,
            journal: self.journal,
        }
    }
}

fn event_of(row: &InboxRow) -> Option<(&str, &Id)> {
    match &row.input {
        Arrived::Event { kind, id } => Some((kind.as_str(), id)),
        Arrived::Receipt { .. } => None,
    }
}

/// What became of a message, as it arrived.
#[derive(Clone, Copy, Debug)]
struct Arrival<'a> {
    /// Its row in the inbox.
    row: i64,
    key: EffectKey,
    message: Option<&'a str>,
    receipt: Receipt,
    arrived: Instant,
}

fn receipt_of(row: &InboxRow) -> Option<Arrival<'_>> {
    let Arrived::Receipt { key, message, outcome } = &row.input else { return None };
    let receipt = match outcome {
        ReceiptOutcome::Accepted => Receipt::Accepted,
        // Without a class nobody was asked.
        ReceiptOutcome::Bounced(class) if class.is_empty() => Receipt::Failed,
        ReceiptOutcome::Bounced(class) => Receipt::Bounced { hard: class == "address" },
        ReceiptOutcome::Uncertain => Receipt::Uncertain,
    };
    Some(Arrival { row: row.id, key: *key, message: message.as_deref(), receipt, arrived: row.arrived })
}

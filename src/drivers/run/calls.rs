//! Calling webhooks: what a `call` decided leaves through the outbox, as a file or by HTTP.
//!
//! Several calls are made at once, those of one contact one after the other, in the order of their decision: while one
//! waits to be made again, later ones of the contact to the same webhook wait behind it. A webhook that is away rests, and one
//! that refuses call after call is not called any more in this run.

mod told;

pub(super) use told::body;

use super::super::Error;
use super::circuit::Circuit;
use super::connections::{News, Writer};
use super::deliver::{back_off, put_off};
use super::{Report, Run};
use crate::channel::{Answer, FileKind, Later, Webhook, write_file};
use crate::engine::Reason;
use crate::model::Id;
use crate::store::state::{DueMessage, Outcome, Ticket};
use crate::time::Instant;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// How many calls are made at once.
const AT_ONCE: usize = 8;
/// How long a webhook that is away rests unless it says for how long, in microseconds: five minutes.
const REST: i64 = 5 * 60 * 1_000_000;

/// What this run knows of a webhook.
#[derive(Debug, Default)]
pub(super) struct Line {
    circuit: Circuit,
    /// It is not called any more in this run.
    is_closed: bool,
    rests_until: Option<Instant>,
}

impl Line {
    fn may_be_called(&self, now: Instant) -> bool {
        !self.is_closed && self.rests_until.is_none_or(|until| until <= now)
    }
}

/// The calls of one batch that go by HTTP, and what became of them so far.
struct Calls<'a> {
    now: Instant,
    lines: &'a mut BTreeMap<String, Line>,
    report: &'a mut Report,
    /// Whether each webhook may be called now.
    gates: &'a BTreeMap<&'a str, AtomicBool>,
    over: BTreeSet<Ticket>,
    /// Until when later calls of a contact to a webhook wait behind an earlier one.
    held: BTreeMap<(&'a Id, &'a str), Instant>,
}

/// What the threads that call have in common.
struct Callers<'a> {
    webhooks: &'a BTreeMap<String, Webhook>,
    gates: &'a BTreeMap<&'a str, AtomicBool>,
    /// The calls of one contact each.
    lanes: Mutex<VecDeque<Vec<&'a DueMessage>>>,
    halt: AtomicBool,
    /// The instant that the clock shows.
    clock: &'a (dyn Fn() -> Instant + Sync),
}

/// The webhook that is to be called, and what it is told.
fn call_of(due: &DueMessage) -> (&str, &str) {
    due.call.as_ref().map_or(("", ""), |(webhook, body)| (webhook, body))
}

impl Run {
    /// Makes calls that are due; those that are too late are recorded as expired.
    pub(super) fn make_calls(
        &mut self,
        calls: Vec<DueMessage>,
        now: Instant,
        stop: &dyn Fn() -> bool,
    ) -> Result<(), Error> {
        let (mut calls, late): (Vec<DueMessage>, Vec<DueMessage>) =
            calls.into_iter().partition(|call| call.expires_at >= now);
        let tickets: Vec<Ticket> = late.iter().map(|call| call.ticket).collect();
        self.state.expire_calls(&tickets, now)?;
        for _ in late {
            self.did_not_send("expired", Reason::Late.text());
        }
        if calls.is_empty() {
            return Ok(());
        }
        // They come by when they are to be looked at, which is another order for those that waited.
        calls.sort_by_key(|call| call.number);
        let webhooks = Arc::clone(&self.delivery.webhooks);
        let (posted, written): (Vec<DueMessage>, Vec<DueMessage>) =
            calls.into_iter().partition(|call| webhooks.contains_key(call_of(call).0));
        let mut held = BTreeMap::new();
        for call in &posted {
            if let Some(until) = self.state.call_before(&call.ticket, now)? {
                held.insert((&call.contact, call_of(call).0), until);
            }
        }
        let shown = |call: &DueMessage| webhooks.get(call_of(call).0).map_or(String::new(), Webhook::shown);
        let claims: Vec<(Ticket, String)> =
            posted.iter().chain(&written).map(|call| (call.ticket, shown(call))).collect();
        self.state.claim_calls(&claims, now)?;
        for call in &written {
            self.write_call(call, now)?;
        }
        self.post_calls(&posted, held, &webhooks, now, stop)
    }

    /// Without an address, a call is a file.
    fn write_call(&mut self, call: &DueMessage, now: Instant) -> Result<(), Error> {
        self.state.handed(&[call.ticket], now)?;
        let key = call.ticket.key.to_string();
        let name = self.delivery.outbox.display().to_string();
        write_file(&self.delivery.outbox, &key, FileKind::Call, call_of(call).1.as_bytes())
            .map_err(|error| Error::Io(name, std::io::Error::other(error.to_string())))?;
        self.state.settle(&[(call.ticket, Outcome::Accepted { reply: "written".into() })], now)?;
        *self.report.sent.entry("webhook".into()).or_default() += 1;
        Ok(())
    }

    /// Makes claimed calls, several at once, and records what became of each before its thread makes the next.
    fn post_calls<'a>(
        &mut self,
        calls: &'a [DueMessage],
        held: BTreeMap<(&'a Id, &'a str), Instant>,
        webhooks: &'a BTreeMap<String, Webhook>,
        now: Instant,
        stop: &dyn Fn() -> bool,
    ) -> Result<(), Error> {
        let mut gates: BTreeMap<&str, AtomicBool> = BTreeMap::new();
        let mut lanes: BTreeMap<&Id, Vec<&DueMessage>> = BTreeMap::new();
        for call in calls {
            let webhook = call_of(call).0;
            let is_open = self.lines.get(webhook).is_none_or(|line| line.may_be_called(now));
            gates.insert(webhook, AtomicBool::new(is_open));
            if !held.contains_key(&(&call.contact, webhook)) {
                lanes.entry(&call.contact).or_default().push(call);
            }
        }
        let ticked = self.ticked;
        // A receiver refuses what bears the time of a tick that began long ago.
        let clock = move || now.after(ticked.elapsed());
        let callers = Callers {
            webhooks,
            gates: &gates,
            lanes: Mutex::new(lanes.into_values().collect()),
            halt: AtomicBool::new(stop()),
            clock: &clock,
        };
        let mut lines = std::mem::take(&mut self.lines);
        let mut report = std::mem::take(&mut self.report);
        let mut results =
            Calls { now, lines: &mut lines, report: &mut report, gates: &gates, over: BTreeSet::new(), held };
        let made = std::thread::scope(|scope| {
            let (writer, told) = Writer::channel();
            for _ in 0..AT_ONCE.min(calls.len()) {
                let (writer, callers) = (writer.again(), &callers);
                scope.spawn(move || callers.work(&writer));
            }
            drop(writer);
            self.write_down(&told, &callers.halt, now, stop, &mut |(call, answer)| {
                (call.ticket, results.take(call, answer, clock()))
            })
        });
        let left: Vec<&DueMessage> = calls.iter().filter(|call| !results.over.contains(&call.ticket)).collect();
        let left: Vec<(Ticket, Outcome)> = left.into_iter().map(|call| (call.ticket, results.left(call))).collect();
        self.lines = lines;
        self.report = report;
        made?;
        Ok(self.state.settle(&left, now)?)
    }
}

impl<'a> Callers<'a> {
    /// One thread: takes contact after contact until there is none, or no more calls are to be made.
    fn work(&self, writer: &Writer<(&'a DueMessage, Answer)>) {
        while !self.halt.load(Ordering::Relaxed) {
            let Some(lane) = self.lanes.lock().ok().and_then(|mut lanes| lanes.pop_front()) else { return };
            let mut held: BTreeSet<&str> = BTreeSet::new();
            for call in lane {
                let (name, body) = call_of(call);
                let is_open = self.gates.get(name).is_some_and(|gate| gate.load(Ordering::Relaxed));
                let Some(webhook) = self.webhooks.get(name) else { continue };
                if self.halt.load(Ordering::Relaxed) || !is_open || held.contains(name) {
                    continue;
                }
                if writer.write_down(News::Handed(call.ticket)).is_err() {
                    return;
                }
                let answer = webhook.call(&call.ticket.key.to_string(), body, (self.clock)());
                if matches!(answer, Answer::Later(_)) {
                    held.insert(name);
                }
                if writer.write_down(News::Over((call, answer))).is_err() {
                    return;
                }
            }
        }
    }
}

impl<'a> Calls<'a> {
    /// What is to be written down of a call that was made, and answered at this instant.
    fn take(&mut self, call: &'a DueMessage, answer: Answer, answered: Instant) -> Outcome {
        self.over.insert(call.ticket);
        let name = call_of(call).0;
        let line = self.lines.entry(name.to_owned()).or_default();
        match answer {
            Answer::Taken(status) => {
                line.circuit.add(false);
                *self.report.sent.entry("webhook".into()).or_default() += 1;
                Outcome::Accepted { reply: status.to_string() }
            }
            Answer::Later(later) => self.again(call, later, answered),
            Answer::Refused { reason, is_gone } => {
                line.circuit.add(true);
                if is_gone || line.circuit.is_open() {
                    line.is_closed = true;
                    self.close(name);
                    self.report.stopped_webhooks.insert(name.to_owned());
                    self.report.troubles.insert(format!(
                        "webhook `{name}` refuses calls ({reason}): it is not called any more in this run; what is left waits, \
                         mend it and run again"
                    ));
                }
                let said = ("bounced".to_owned(), format!("webhook `{name}`: {reason}"));
                *self.report.not_sent.entry(said).or_default() += 1;
                Outcome::Bounced { class: "content".into(), reply: reason }
            }
        }
    }

    /// A call that is to be made again. Each one counts as an attempt, so that the next one comes later.
    fn again(&mut self, call: &'a DueMessage, later: Later, answered: Instant) -> Outcome {
        let name = call_of(call).0;
        if later.is_away {
            let line = self.lines.entry(name.to_owned()).or_default();
            let until = later.not_before.unwrap_or(Instant(answered.0.saturating_add(REST)));
            line.rests_until = line.rests_until.max(Some(until));
            self.close(name);
        }
        let next_try = later.not_before.unwrap_or_else(|| back_off(call, self.now));
        self.held.insert((&call.contact, name), next_try);
        let reason = format!("webhook `{name}`: {}", later.reason);
        self.report.deferred += 1;
        self.report.troubles.insert(reason.clone());
        Outcome::Deferred { next_try, reply: Some(reason.clone()), reason }
    }

    /// What was claimed and not called.
    fn left(&mut self, call: &'a DueMessage) -> Outcome {
        let name = call_of(call).0;
        let waits = |next_try: Instant, reason: &str| Outcome::Deferred {
            next_try,
            reason: format!("webhook `{name}` {reason}"),
            reply: None,
        };
        let line = self.lines.get(name);
        let rest = line.and_then(|line| line.rests_until).filter(|until| *until > self.now);
        if line.is_some_and(|line| line.is_closed) {
            self.report.deferred += 1;
            return put_off(call, self.now, &format!("webhook `{name}` refuses calls"));
        }
        if let Some(until) = rest {
            self.report.deferred += 1;
            return waits(until, "is away");
        }
        match self.held.get(&(&call.contact, name)) {
            Some(until) => {
                self.report.deferred += 1;
                waits(*until, "has not taken an earlier call of the contact")
            }
            None => waits(self.now, "was not called: the run was stopped"),
        }
    }

    fn close(&self, webhook: &str) {
        if let Some(gate) = self.gates.get(webhook) {
            gate.store(false, Ordering::Relaxed);
        }
    }
}

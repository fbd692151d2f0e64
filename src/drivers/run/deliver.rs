//! The sender: it claims what is due, asks the engine once more, and hands over what may leave. It knows nothing of
//! scenarios but their names.

use super::super::Error;
use super::Run;
use super::circuit::Circuit;
use crate::channel::{
    BounceClass, EmailAddress, EmailSettings, FileKind, Letter, Mail, Outcome as Sent, Phase, SmtpSettings, Templates,
    Webhook, text_message, write_file,
};
use crate::engine::{Departure, Outcome, Reason, Verdict};
use crate::ir::Class;
use crate::model::{Id, MessageValues};
use crate::store::state::{DueMessage, Outcome as Settled, Verdict as Answer};
use crate::time::{Duration, Instant};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// How many messages are claimed in one transaction.
const BATCH: usize = 200;

/// How messages leave.
#[derive(Debug)]
pub struct Delivery {
    pub templates: Arc<Templates>,
    /// Where messages of channels without a server are written.
    pub outbox: PathBuf,
    /// The folders in which histories may be kept, from which an erasure removes them.
    pub caches: Vec<PathBuf>,
    /// `None`: no email can be sent.
    pub email: Option<EmailSettings>,
    pub post: Post,
    /// Webhooks by their names; calls of any other are written as files.
    pub webhooks: Arc<BTreeMap<String, Webhook>>,
}

/// Where mail goes.
#[derive(Clone, Debug)]
pub enum Post {
    /// `.eml` files in the outbox folder.
    Files,
    /// A server, over so many connections at once.
    Server { settings: Box<SmtpSettings>, connections: usize },
}

/// What is kept with a claimed message, so that it renders the same at every attempt.
#[derive(Serialize)]
struct Context<'a> {
    folder: &'a Option<String>,
    language: &'a Option<String>,
    values: &'a MessageValues,
}

/// A message that may leave.
pub(super) struct Ready {
    pub due: DueMessage,
    departure: Departure,
    pub form: Form,
}

/// A message in the form in which it leaves.
pub(super) enum Form {
    Mail(Mail),
    Text(Vec<u8>),
    /// It must not leave for this address.
    Suppressed(Reason),
    /// It cannot be made, until somebody mends what is wrong.
    Unmade,
}

/// What became of the messages of one batch.
#[derive(Default)]
pub(super) struct Results {
    sent: BTreeMap<String, u64>,
    pub deferred: u64,
    bounced: Vec<String>,
    uncertain: u64,
    pub circuit: Circuit,
    /// The server does not talk to us: no more of this batch is tried.
    pub down: bool,
}

impl Run {
    /// Sends at most one batch of what is due by `now`. False when there was nothing to look at.
    pub(super) fn deliver(&mut self, now: Instant, stop: &dyn Fn() -> bool) -> Result<bool, Error> {
        let due = self.due(now)?;
        if due.is_empty() {
            return Ok(false);
        }
        let (calls, due): (Vec<DueMessage>, Vec<DueMessage>) = due.into_iter().partition(|due| due.call.is_some());
        self.make_calls(calls, now, stop)?;
        let ready = self.claim(due, now)?;
        self.send(ready, now, stop)?;
        Ok(true)
    }

    /// The first of what is due, however much of contacts that are set aside stands before it.
    fn due(&self, now: Instant) -> Result<Vec<DueMessage>, Error> {
        let mut limit = BATCH;
        loop {
            let mut due = self.state.due_outbox(now, limit)?;
            let is_all = due.len() < limit;
            due.retain(|message| !self.set_aside.contains(&message.contact));
            if is_all {
                return Ok(due);
            }
            if !due.is_empty() {
                due.truncate(BATCH);
                return self.whole(due, now);
            }
            limit *= 4;
        }
    }

    /// All that is due of the contacts of a batch that was cut: which of a person's messages goes first is decided among
    /// all of them.
    fn whole(&self, cut: Vec<DueMessage>, now: Instant) -> Result<Vec<DueMessage>, Error> {
        let contacts: BTreeSet<Id> = cut.into_iter().map(|message| message.contact).collect();
        let mut due = Vec::new();
        for contact in &contacts {
            due.extend(self.state.due_of(contact, now)?);
        }
        Ok(due)
    }

    /// Asks the engine about each message, and claims those that may leave: in one transaction with its answers.
    fn claim(&mut self, due: Vec<DueMessage>, now: Instant) -> Result<Vec<Ready>, Error> {
        let mut by_contact: BTreeMap<Id, Vec<DueMessage>> = BTreeMap::new();
        for message in due {
            by_contact.entry(message.contact.clone()).or_default().push(message);
        }
        let contacts: Vec<Id> = by_contact.keys().cloned().collect();
        let claimed = self.state.claim_these(&contacts, now)?;
        let mut verdicts: Vec<(DueMessage, Verdict)> = Vec::new();
        let mut outs = self.work(&claimed, now, |at_work, claimed| {
            for message in at_work.in_order(by_contact.remove(&claimed.contact).unwrap_or_default()) {
                let verdict = at_work.about_to_send(message.ticket.key, now);
                verdicts.push((message, verdict));
            }
        })?;
        let mut ready = Vec::new();
        for (message, verdict) in verdicts {
            let contact = message.contact.clone();
            let key = message.ticket.key;
            let answer = self.answer(message, verdict, now, &mut ready);
            if let (Some(answer), Some(out)) = (answer, outs.iter_mut().find(|out| out.contact == contact)) {
                out.verdicts.push((key, answer));
            }
        }
        self.commit(outs, now)?;
        Ok(ready)
    }

    /// The answer that is written down; a message that may leave is prepared. One that cannot be rendered keeps its
    /// place in the outbox, and is looked at again after a while.
    fn answer(&mut self, due: DueMessage, verdict: Verdict, now: Instant, ready: &mut Vec<Ready>) -> Option<Answer> {
        let departure = match verdict {
            Verdict::Drop { outcome, reason } => {
                self.did_not_send(outcome.name(), reason.text());
                return Some(Answer::Drop { outcome, reason });
            }
            Verdict::Wait { until, reason } => return Some(Answer::Wait { until, reason }),
            Verdict::Send(departure) => *departure,
        };
        let context = Context { folder: &departure.folder, language: &departure.language, values: &departure.values };
        let mut answer = Answer::Send {
            channel: departure.channel.clone(),
            message: departure.message.clone(),
            address: departure.address.clone(),
            context: serde_json::to_string(&context).unwrap_or_default(),
            message_id: None,
        };
        let form = match self.prepare(&due, &departure, now) {
            Ok(form) => form,
            Err(Unfit::Address(reason)) => {
                self.did_not_send(Outcome::Suppressed.name(), reason.text());
                Form::Suppressed(reason)
            }
            Err(Unfit::Mendable(trouble)) => {
                self.report.troubles.insert(trouble);
                Form::Unmade
            }
        };
        if let (Form::Mail(mail), Post::Server { .. }, Answer::Send { message_id, .. }) =
            (&form, &self.delivery.post, &mut answer)
        {
            *message_id = Some(mail.message_id().to_owned());
        }
        ready.push(Ready { due, departure, form });
        Some(answer)
    }

    fn prepare(&self, due: &DueMessage, departure: &Departure, now: Instant) -> Result<Form, Unfit> {
        // A server said that there is no such mailbox: it is not asked again. An answer that cannot be had is a no.
        if self.state.is_dead(&departure.address).unwrap_or(true) {
            return Err(Unfit::Address(Reason::DeadAddress));
        }
        let Departure { channel, message, language, folder, values, address, .. } = departure;
        let templates = &self.delivery.templates;
        let rendered = templates
            .render(folder.as_deref(), message, channel, language.as_deref(), values)
            .map_err(|error| Unfit::Mendable(error.to_string()))?;
        if channel != "email" {
            return Ok(Form::Text(text_message(channel, address, &rendered.text)));
        }
        let to = EmailAddress::parse(address).map_err(|_| Unfit::Address(Reason::BadAddress))?;
        let Some(settings) = &self.delivery.email else {
            return Err(Unfit::Mendable("`scn.toml` names no sender: write `from` in `[channels.email]`".into()));
        };
        let key = due.ticket.key.to_string();
        let letter =
            Letter { key: &key, scenario: &departure.scenario, to: &to, to_name: None, date: now, rendered: &rendered };
        Mail::build(settings, &letter).map(Form::Mail).map_err(|error| Unfit::Mendable(error.to_string()))
    }

    /// Hands over what may leave, over all connections, and records what became of each before the next.
    fn send(&mut self, ready: Vec<Ready>, now: Instant, stop: &dyn Fn() -> bool) -> Result<(), Error> {
        let (mail, rest): (Vec<Ready>, Vec<Ready>) = ready
            .into_iter()
            .partition(|ready| matches!((&ready.form, &self.delivery.post), (Form::Mail(_), Post::Server { .. })));
        let mut results = Results { circuit: std::mem::take(&mut self.circuit), ..Results::default() };
        for ready in rest {
            self.write(ready, now, &mut results)?;
        }
        if let Post::Server { settings, connections } = self.delivery.post.clone() {
            self.mail(mail, &settings, connections, now, stop, &mut results)?;
        }
        self.report.circuit_open |= results.circuit.is_open();
        self.circuit = results.circuit;
        for (channel, count) in results.sent {
            *self.report.sent.entry(channel).or_default() += count;
        }
        for reason in results.bounced {
            self.did_not_send("bounced", &reason);
        }
        for _ in 0..results.uncertain {
            self.did_not_send("uncertain", "no answer after the message");
        }
        self.report.deferred += results.deferred;
        Ok(())
    }

    /// Writes one message as a file. The file of a key is always the same one, so that it is never written twice; one
    /// that is not there after a crash was not written.
    fn write(&mut self, ready: Ready, now: Instant, results: &mut Results) -> Result<(), Error> {
        let ticket = ready.due.ticket;
        let (kind, content) = match &ready.form {
            Form::Mail(mail) => (FileKind::Mail, mail.bytes()),
            Form::Text(text) => (FileKind::Text, text.as_slice()),
            Form::Suppressed(reason) => {
                let outcome = Settled::Suppressed { reason: reason.text().to_owned() };
                return Ok(self.state.settle(&[(ticket, outcome)], now)?);
            }
            Form::Unmade => {
                results.deferred += 1;
                let outcome = put_off(&ready.due, now, "the message cannot be made");
                return Ok(self.state.settle(&[(ticket, outcome)], now)?);
            }
        };
        self.state.handed(&[ticket], now)?;
        let key = ticket.key.to_string();
        write_file(&self.delivery.outbox, &key, kind, content).map_err(|error| {
            let name = self.delivery.outbox.display().to_string();
            match error {
                crate::channel::FileError::Io { error, .. } => Error::Io(name, error),
                error @ crate::channel::FileError::Key => Error::Io(name, std::io::Error::other(error.to_string())),
            }
        })?;
        self.state.settle(&[(ticket, Settled::Accepted { reply: "written".into() })], now)?;
        *results.sent.entry(ready.departure.channel).or_default() += 1;
        Ok(())
    }

    /// What a dead process left of messages that are files: one whose file is there was sent, one whose file is not
    /// there was not.
    pub(super) fn settle_files(&mut self, now: Instant) -> Result<(), Error> {
        for ticket in self.state.uncertain_files()? {
            let key = ticket.key.to_string();
            let exists =
                ["eml", "txt", "json"].iter().any(|end| self.delivery.outbox.join(format!("{key}.{end}")).exists());
            self.state.resolve(&ticket, exists, now)?;
        }
        Ok(())
    }
}

/// Why a message cannot be made.
enum Unfit {
    /// Nothing of ours can help.
    Address(Reason),
    /// Somebody can mend it: a template, a setting.
    Mendable(String),
}

impl Results {
    /// What was not tried, or not to its end: it waits for the server where that is away, else until sending goes on.
    pub(super) fn left(&mut self, due: &DueMessage, now: Instant) -> Settled {
        if self.down {
            self.deferred += 1;
            return put_off(due, now, "the server cannot be reached");
        }
        Settled::Untried
    }

    /// What is to be written down of an attempt.
    pub(super) fn take(&mut self, ready: &Ready, sent: Sent, now: Instant) -> Settled {
        match &sent {
            Sent::Accepted { .. } => self.circuit.add(false),
            Sent::Bounced { class, .. } => self.circuit.add(*class == BounceClass::SenderOrContent),
            // Says nothing about what the server thinks of us.
            Sent::Deferred { .. } | Sent::Left | Sent::Uncertain { .. } => {}
        }
        match sent {
            Sent::Accepted { text, .. } => {
                *self.sent.entry(ready.departure.channel.clone()).or_default() += 1;
                Settled::Accepted { reply: text }
            }
            Sent::Deferred { phase, code, text } => {
                self.deferred += 1;
                self.down |= phase < Phase::Sender;
                let reply = code.map(|_| text.clone());
                let reason = format!("{phase}: {text}");
                Settled::Deferred { next_try: back_off(&ready.due, now), reason, reply }
            }
            Sent::Left => self.left(&ready.due, now),
            Sent::Bounced { class, text, .. } => {
                let class = match class {
                    BounceClass::AddressDead => "address",
                    BounceClass::Soft => "soft",
                    BounceClass::SenderOrContent => "content",
                };
                self.bounced.push(format!("{class}: {text}"));
                Settled::Bounced { class: class.to_owned(), reply: text }
            }
            // At least once: it is sent again, under the same Message-ID.
            Sent::Uncertain { text } if ready.due.class == Class::Transactional => {
                self.deferred += 1;
                let next_try = back_off(&ready.due, now);
                Settled::Deferred { next_try, reason: text.clone(), reply: Some(text) }
            }
            Sent::Uncertain { text } => {
                self.uncertain += 1;
                Settled::Uncertain { reason: text }
            }
        }
    }
}

/// To be tried again, without a server's having said anything.
pub(super) fn put_off(due: &DueMessage, now: Instant, reason: &str) -> Settled {
    Settled::Deferred { next_try: back_off(due, now), reason: reason.to_owned(), reply: None }
}

/// When to try again: 5 minutes times two to the number of replies so far, give or take a fifth by the message's key, and
/// never more than 4 hours.
pub(super) fn back_off(due: &DueMessage, now: Instant) -> Instant {
    const MINUTE: i64 = 60 * 1_000_000;
    let base = (5 * MINUTE).saturating_mul(1i64 << due.attempt.min(10)).min(240 * MINUTE);
    let spread = i64::from(due.ticket.key.0.first().copied().unwrap_or(0)) * 2 - 255;
    let wait = base + base / 5 * spread / 255;
    let wait = Duration { micros: wait, ..Duration::ZERO };
    crate::time::Zone::UTC.add(now, wait).unwrap_or(Instant::MAX)
}

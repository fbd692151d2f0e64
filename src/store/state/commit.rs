//! What came of stepping a batch of contacts, written at once.

use super::outbox::{ENDED, Ticket, class_name, move_waiting};
use super::persons;
use super::writes::{self, NewWrite};
use super::{Error, MessageState, Refused, State, part};
use crate::engine::{EffectKey, Outcome, Reason};
use crate::ir::{Class, ScenarioHash};
use crate::model::Id;
use crate::store::id::Key;
use crate::time::Instant;
use rusqlite::Transaction;
use rusqlite::types::ToSql;
use std::collections::BTreeMap;

/// What came of one contact.
#[derive(Clone, Debug)]
pub struct ContactOut {
    pub contact: Id,
    /// What the engine remembers; `None` to forget the contact.
    pub keep: Option<Kept>,
    /// Rows of the inbox that it was stepped with.
    pub consumed: Vec<i64>,
    /// Messages decided.
    pub messages: Vec<NewMessage>,
    /// Messages taken back before they were claimed; the outcome is never [`Outcome::Sent`].
    pub withdrawn: Vec<(EffectKey, Outcome, Reason)>,
    /// Verdicts on messages that were about to be sent.
    pub verdicts: Vec<(EffectKey, Verdict)>,
    pub journal: Vec<JournalRow>,
    /// Changes of the CRM that were decided.
    pub writes: Vec<NewWrite>,
    /// Changes that the CRM has, and that its state has forgotten.
    pub forgotten: Vec<EffectKey>,
    /// Other rows of the same person, whose states are in what is kept: all else that was kept of them is the person's too.
    pub absorbed: Vec<Id>,
}

impl ContactOut {
    /// Whether nothing came of it but what the engine remembers.
    pub fn is_quiet(&self) -> bool {
        let messages = self.messages.is_empty() && self.withdrawn.is_empty() && self.verdicts.is_empty();
        messages
            && self.absorbed.is_empty()
            && self.consumed.is_empty()
            && self.writes.is_empty()
            && self.forgotten.is_empty()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub state: Vec<u8>,
    /// The earliest of its deadlines.
    pub wake: Option<Instant>,
}

/// A message decided by a step.
#[derive(Clone, Debug)]
pub struct NewMessage {
    pub key: EffectKey,
    pub scenario: String,
    pub hash: ScenarioHash,
    /// The step's number in the text.
    pub step: u16,
    pub class: Class,
    /// Channel and message, in the order of preference; none for the call of a webhook.
    pub alternatives: Vec<(String, String)>,
    /// The webhook to call, and what it is told, as JSON.
    pub call: Option<(String, String)>,
    /// When the step came due.
    pub due: Instant,
    /// Not to be claimed before.
    pub not_before: Instant,
    /// Not to be sent after.
    pub expires_at: Instant,
}

/// What the step answers to `about to send`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Send {
        channel: String,
        message: String,
        address: String,
        /// The values of its templates, as JSON: it renders the same after an edit.
        context: String,
        /// The `Message-ID` of a mail (RFC 5322, 3.6.4). The first one given stays over all retries.
        message_id: Option<String>,
    },
    /// The policy holds it: it is looked at again then. This is no attempt.
    Wait { until: Instant, reason: Reason },
    /// It never leaves; the outcome is never [`Outcome::Sent`].
    Drop { outcome: Outcome, reason: Reason },
}

/// A line of the engine's journal; opaque here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRow {
    pub at: Instant,
    pub body: Vec<u8>,
}

/// What the writing could not do, without being wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Messages to be withdrawn that were already on their way: a receipt will tell what became of them.
    pub too_late: Vec<EffectKey>,
}

impl State {
    /// Writes the results of a batch in one transaction: all or nothing. A message decided twice, a verdict on one that
    /// is not waiting for it, or a row consumed twice is [`ErrorKind::Broken`](super::ErrorKind::Broken).
    pub fn commit(&mut self, outs: &[ContactOut], now: Instant) -> Result<Committed, Error> {
        self.commit_with_starts(outs, &BTreeMap::new(), now)
    }

    /// As [`State::commit`], with new starts of scenarios in the same transaction.
    pub fn commit_with_starts(
        &mut self,
        outs: &[ContactOut],
        starts: &BTreeMap<String, Instant>,
        now: Instant,
    ) -> Result<Committed, Error> {
        let run = self.run.clone();
        self.write(|transaction| {
            let mut committed = Committed::default();
            for (scenario, at) in starts {
                transaction.execute("INSERT OR REPLACE INTO scn_start VALUES (?1, ?2)", (scenario, at.0))?;
            }
            for out in outs {
                let part = part(&out.contact);
                persons::absorb(transaction, out)?;
                keep(transaction, part, out)?;
                consume(transaction, part, out)?;
                for message in &out.messages {
                    insert(transaction, part, &out.contact, message, now)?;
                }
                for (key, outcome, reason) in &out.withdrawn {
                    if !withdraw(transaction, part, *key, *outcome, *reason, now)? {
                        committed.too_late.push(*key);
                    }
                }
                for (key, verdict) in &out.verdicts {
                    judge(transaction, part, *key, verdict, &run, now)?;
                }
                write_journal(transaction, part, out)?;
                writes::keep(transaction, part, out)?;
            }
            Ok(committed)
        })
    }
}

fn keep(transaction: &Transaction<'_>, part: u16, out: &ContactOut) -> Result<(), Refused> {
    let contact = Key::from(&out.contact);
    match &out.keep {
        Some(kept) => transaction
            .prepare_cached(
                "INSERT INTO scn_contact(part, contact, state, wake) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (part, contact) DO UPDATE SET state = excluded.state, wake = excluded.wake",
            )?
            .execute((part, contact, &kept.state, kept.wake.map(|wake| wake.0)))?,
        None => transaction
            .prepare_cached("DELETE FROM scn_contact WHERE part = ?1 AND contact = ?2")?
            .execute((part, contact))?,
    };
    Ok(())
}

fn consume(transaction: &Transaction<'_>, part: u16, out: &ContactOut) -> Result<(), Refused> {
    let mut delete =
        transaction.prepare_cached("DELETE FROM scn_inbox WHERE part = ?1 AND id = ?2 AND contact = ?3")?;
    for id in &out.consumed {
        if delete.execute((part, id, Key::from(&out.contact)))? != 1 {
            return Err(Refused::Broken(format!("row {id} of the inbox is not there to be consumed")));
        }
    }
    Ok(())
}

fn insert(
    transaction: &Transaction<'_>,
    part: u16,
    contact: &Id,
    message: &NewMessage,
    now: Instant,
) -> Result<(), Refused> {
    // A second message of one key is a fault of the engine: the plain insert fails, and with it the batch.
    let mut insert = transaction.prepare_cached(
        "INSERT INTO scn_outbox(key, part, contact, scenario, hash, step, class, alternatives, due, not_before,
             expires_at, decided_at, next_at, message, context)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?10, ?13, ?14)",
    )?;
    let alternatives = serde_json::to_string(&message.alternatives).unwrap_or_default();
    insert.execute(rusqlite::params![
        message.key.to_string(),
        part,
        Key::from(contact),
        message.scenario,
        message.hash.to_string(),
        message.step,
        class_name(message.class),
        alternatives,
        message.due.0,
        message.not_before.0,
        message.expires_at.0,
        now.0,
        message.call.as_ref().map(|(webhook, _)| webhook),
        message.call.as_ref().map(|(_, values)| values),
    ])?;
    Ok(())
}

/// False when the message is already on its way.
fn withdraw(
    transaction: &Transaction<'_>,
    part: u16,
    key: EffectKey,
    outcome: Outcome,
    reason: Reason,
    now: Instant,
) -> Result<bool, Refused> {
    if end(transaction, part, key, outcome, reason, now)? {
        return Ok(true);
    }
    let mut known = transaction.prepare_cached("SELECT 1 FROM scn_outbox WHERE part = ?1 AND key = ?2")?;
    if known.exists((part, key.to_string()))? {
        return Ok(false);
    }
    Err(Refused::Broken(format!("message {key} is not there to be withdrawn")))
}

/// From waiting to a state in which nothing more happens; false when it does not wait.
fn end(
    transaction: &Transaction<'_>,
    part: u16,
    key: EffectKey,
    outcome: Outcome,
    reason: Reason,
    now: Instant,
) -> Result<bool, Refused> {
    let state = match outcome {
        Outcome::Skipped => MessageState::Skipped,
        Outcome::Suppressed => MessageState::Suppressed,
        Outcome::Expired => MessageState::Expired,
        Outcome::Cancelled => MessageState::Cancelled,
        Outcome::HeldOut => MessageState::HeldOut,
        Outcome::Sent | Outcome::Deferred | Outcome::Done => {
            return Err(Refused::Broken(format!("message {key} cannot end as sent without a reply")));
        }
    };
    let reason = (reason != Reason::None).then(|| reason.text());
    let values: [&dyn ToSql; 3] = [&state.name(), &reason, &now.0];
    Ok(move_waiting(transaction, Ticket { part, key }, "TRUE", ENDED, &values)? == 1)
}

fn judge(
    transaction: &Transaction<'_>,
    part: u16,
    key: EffectKey,
    verdict: &Verdict,
    run: &str,
    now: Instant,
) -> Result<(), Refused> {
    let moved = match verdict {
        Verdict::Send { channel, message, address, context, message_id } => {
            let set = "state = 'claimed', owner = ?3, claimed_at = ?4, next_at = NULL, reason = NULL, channel = ?5,
                message = ?6, address = ?7, context = ?8, message_id = coalesce(message_id, ?9)";
            let values: [&dyn ToSql; 7] = [&run, &now.0, channel, message, address, context, message_id];
            move_waiting(transaction, Ticket { part, key }, "TRUE", set, &values)? == 1
        }
        Verdict::Wait { until, reason } => {
            let set = "state = 'deferred', reason = ?3, next_at = ?4";
            move_waiting(transaction, Ticket { part, key }, "TRUE", set, &[&reason.text(), &until.0])? == 1
        }
        Verdict::Drop { outcome, reason } => end(transaction, part, key, *outcome, *reason, now)?,
    };
    if moved { Ok(()) } else { Err(Refused::Broken(format!("message {key} does not wait for a verdict"))) }
}

fn write_journal(transaction: &Transaction<'_>, part: u16, out: &ContactOut) -> Result<(), Refused> {
    let mut insert =
        transaction.prepare_cached("INSERT INTO scn_journal(part, contact, at, body) VALUES (?1, ?2, ?3, ?4)")?;
    for row in &out.journal {
        insert.execute((part, Key::from(&out.contact), row.at.0, &row.body))?;
    }
    Ok(())
}

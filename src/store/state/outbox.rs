//! From decided to sent: what is due, what was handed over, what became of it.

use super::inbox::stored_id;
use super::{Error, MessageState, Refused, State, part};
use crate::engine::{EffectKey, Reason};
use crate::ir::{Class, ScenarioHash};
use crate::model::Id;
use crate::store::cleaned;
use crate::store::id::Key;
use crate::time::Instant;
use rusqlite::types::{ToSql, Type};
use rusqlite::{Connection, Row, Transaction, params_from_iter};

/// A message, by its name and the part of its contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket {
    pub part: u16,
    pub key: EffectKey,
}

impl Ticket {
    pub fn new(contact: &Id, key: EffectKey) -> Ticket {
        Ticket { part: part(contact), key }
    }
}

/// A message that must be looked at: it may be sent now, or it has expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueMessage {
    pub ticket: Ticket,
    pub contact: Id,
    pub scenario: String,
    pub hash: ScenarioHash,
    pub step: u16,
    pub class: Class,
    pub alternatives: Vec<(String, String)>,
    pub due: Instant,
    pub not_before: Instant,
    pub expires_at: Instant,
    /// Replies of a server so far.
    pub attempt: u32,
    /// The `Message-ID` of an earlier try.
    pub message_id: Option<String>,
    /// The webhook to call, and what it is told, as JSON.
    pub call: Option<(String, String)>,
    /// The number of its decision, among all messages.
    pub number: i64,
}

/// What a server did with a message. Replies are cleaned and cut before they are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A 2yz after the final dot.
    Accepted { reply: String },
    /// To be tried again: a 4yz (the reply), or no connection, no TLS, a time-out before the final dot (no reply). Only
    /// a reply counts as an attempt.
    Deferred { next_try: Instant, reason: String, reply: Option<String> },
    /// A 5yz; `class` says whom it blames: `address`, `soft`, `content`.
    Bounced { class: String, reply: String },
    /// No answer after the final dot.
    Uncertain { reason: String },
    /// It must not be sent to this address, found out before it was handed over.
    Suppressed { reason: String },
    /// Nobody tried: it waits as it did before it was claimed.
    Untried,
}

/// What a dead process left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Claimed and never handed: pending again.
    pub pending: u64,
    /// Handed, without an answer.
    pub uncertain: u64,
}

/// The messages that must be looked at by an instant, as [`due_message`] reads them.
const DUE: &str =
    "SELECT part, key, contact, scenario, hash, step, class, alternatives, due, not_before, expires_at, attempt,
         message_id, CASE alternatives WHEN '[]' THEN message END, context, id
     FROM scn_outbox WHERE next_at <= ?1";

impl State {
    /// At most `max` messages that are due by `now` or have expired by then, the earliest first.
    pub fn due_outbox(&self, now: Instant, max: usize) -> Result<Vec<DueMessage>, Error> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&format!("{DUE} ORDER BY next_at, id LIMIT ?2"))?;
            let rows = statement.query_map((now.0, i64::try_from(max).unwrap_or(i64::MAX)), due_message)?;
            rows.collect()
        })
    }

    /// As [`State::due_outbox`], all of one contact.
    pub fn due_of(&self, contact: &Id, now: Instant) -> Result<Vec<DueMessage>, Error> {
        self.read(|connection| {
            let sql = format!("{DUE} AND part = ?2 AND contact = ?3 ORDER BY next_at, id");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map((now.0, part(contact), Key::from(contact)), due_message)?;
            rows.collect()
        })
    }

    /// The instant until which an earlier call of the same contact to the same webhook waits, after `now`.
    pub fn call_before(&self, ticket: &Ticket, now: Instant) -> Result<Option<Instant>, Error> {
        self.read(|connection| {
            let sql = "SELECT max(earlier.next_at) FROM scn_outbox AS call
                       JOIN scn_outbox AS earlier ON earlier.part = call.part AND earlier.contact = call.contact
                       WHERE call.key = ?2 AND call.part = ?1 AND earlier.alternatives = '[]'
                         AND earlier.message = call.message AND earlier.id < call.id AND earlier.next_at > ?3";
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_row((ticket.part, ticket.key.to_string(), now.0), |row| row.get::<_, Option<i64>>(0))
        })
        .map(|until| until.map(Instant))
    }

    /// Claims calls of webhooks, each to this address.
    pub fn claim_calls(&mut self, calls: &[(Ticket, String)], now: Instant) -> Result<(), Error> {
        let run = self.run.clone();
        self.write(|transaction| {
            for (ticket, address) in calls {
                let set = "state = 'claimed', owner = ?3, claimed_at = ?4, next_at = NULL, reason = NULL,
                    channel = 'webhook', address = ?5";
                let moved = move_waiting(transaction, *ticket, CALL, set, &[&run, &now.0, address])?;
                expect_one(moved, ticket, "be claimed")?;
            }
            Ok(())
        })
    }

    /// Records calls that are too late to be made.
    pub fn expire_calls(&mut self, calls: &[Ticket], now: Instant) -> Result<(), Error> {
        self.write(|transaction| {
            for ticket in calls {
                let moved =
                    move_waiting(transaction, *ticket, CALL, ENDED, &[&"expired", &Reason::Late.text(), &now.0])?;
                expect_one(moved, ticket, "expire")?;
            }
            Ok(())
        })
    }

    /// Marks claimed messages as handed, on the disk, before any of their final dots is written: whatever happens from
    /// now on, they are not sent again without somebody's saying so.
    pub fn handed(&mut self, tickets: &[Ticket], now: Instant) -> Result<(), Error> {
        let run = self.run.clone();
        let handings = self.write(|transaction| {
            let mut handings = handings(transaction)?;
            for ticket in tickets {
                handings += 1;
                let mut update = transaction.prepare_cached(
                    "UPDATE scn_outbox SET state = 'handed', handed_at = ?4, handing = ?5
                     WHERE part = ?1 AND key = ?2 AND state = 'claimed' AND owner = ?3",
                )?;
                let count = i64::try_from(handings).unwrap_or(i64::MAX);
                let moved = update.execute((ticket.part, ticket.key.to_string(), &run, now.0, count))?;
                expect_one(moved, ticket, "be handed")?;
            }
            let count = i64::try_from(handings).unwrap_or(i64::MAX);
            transaction.execute("INSERT OR REPLACE INTO scn_meta VALUES ('handings', ?1)", [count])?;
            Ok(handings)
        })?;
        self.journal.append(handings, &self.run)
    }

    /// Records what became of messages of this run, with a receipt for each that is decided, in one transaction.
    pub fn settle(&mut self, outcomes: &[(Ticket, Outcome)], now: Instant) -> Result<(), Error> {
        let run = self.run.clone();
        self.write(|transaction| {
            for (ticket, outcome) in outcomes {
                settle_one(transaction, ticket, outcome, &run, now)?;
            }
            Ok(())
        })
    }

    /// Lets uncertain transactional messages be sent again, under the same `Message-ID`: they must arrive at least once.
    /// All others that are uncertain stay so. Returns how many.
    pub fn resend_transactional(&mut self, now: Instant) -> Result<u64, Error> {
        self.write(|transaction| {
            let moved = transaction.execute(
                "UPDATE scn_outbox SET state = 'pending', reason = NULL, owner = NULL, attempt = attempt + 1,
                     next_at = ?1
                 WHERE state = 'uncertain' AND class = 'transactional'",
                [now.0],
            )?;
            Ok(moved as u64)
        })
    }

    /// Whether a server said of this address that there is no such mailbox.
    pub fn is_dead(&self, address: &str) -> Result<bool, Error> {
        self.read(|connection| {
            let sql = "SELECT EXISTS (SELECT 1 FROM scn_outbox
                       WHERE address = ?1 AND state = 'bounced' AND reason = 'address')";
            connection.prepare_cached(sql)?.query_row([address], |row| row.get(0))
        })
    }

    /// Uncertain messages that were not for a server: they have no `Message-ID`, and there is evidence of them.
    pub fn uncertain_files(&self) -> Result<Vec<Ticket>, Error> {
        self.read(|connection| {
            let mut statement = connection.prepare(
                "SELECT part, key FROM scn_outbox WHERE state = 'uncertain' AND message_id IS NULL ORDER BY id",
            )?;
            let tickets = statement.query_map([], |row| Ok(Ticket { part: row.get(0)?, key: key_of(row, 1)? }))?;
            tickets.collect()
        })
    }

    /// Ends an uncertainty by evidence: the message was taken, with its receipt, or it was not, and waits again.
    pub fn resolve(&mut self, ticket: &Ticket, taken: bool, now: Instant) -> Result<(), Error> {
        self.write(|transaction| {
            let to = if taken { MessageState::Accepted } else { MessageState::Pending };
            let mut update = transaction.prepare_cached(
                "UPDATE scn_outbox SET state = ?3, reason = NULL, settled_at = ?4,
                     next_at = CASE ?3 WHEN 'pending' THEN not_before END,
                     context = CASE ?3 WHEN 'pending' THEN context END
                 WHERE part = ?1 AND key = ?2 AND state = 'uncertain'",
            )?;
            let moved = update.execute((ticket.part, ticket.key.to_string(), to.name(), now.0))?;
            expect_one(moved, ticket, &format!("become {}", to.name()))?;
            if taken {
                add_receipt(transaction, ticket, ("accepted", None), now)?;
            }
            Ok(())
        })
    }

    /// What a dead process left: the lock is held, so no other owner lives.
    pub(super) fn recover(&mut self, now: Instant) -> Result<Recovered, Error> {
        self.write(|transaction| {
            let pending = transaction.execute(
                "UPDATE scn_outbox SET state = 'pending', owner = NULL, next_at = not_before WHERE state = 'claimed'",
                [],
            )?;
            let mut handed = transaction.prepare("SELECT part, key, owner FROM scn_outbox WHERE state = 'handed'")?;
            let handed: Vec<(Ticket, String)> = handed
                .query_map([], |row| {
                    let ticket = Ticket { part: row.get(0)?, key: key_of(row, 1)? };
                    Ok((ticket, row.get::<_, Option<String>>(2)?.unwrap_or_default()))
                })?
                .collect::<Result<_, _>>()?;
            let outcome = Outcome::Uncertain { reason: "the process ended before the answer".into() };
            for (ticket, owner) in &handed {
                settle_one(transaction, ticket, &outcome, owner, now)?;
            }
            Ok(Recovered { pending: pending as u64, uncertain: handed.len() as u64 })
        })
    }
}

/// Whether a message is the call of a webhook.
const CALL: &str = "alternatives = '[]'";

/// What becomes of a message that never leaves: its state, the reason and when. What it would have said is forgotten.
pub(super) const ENDED: &str = "state = ?3, reason = ?4, next_at = NULL, settled_at = ?5, context = NULL";

/// Changes a message that waits and of which a condition holds. The values are those of the parameters from `?3` on; 0 when it
/// does not wait.
pub(super) fn move_waiting(
    transaction: &Transaction<'_>,
    ticket: Ticket,
    condition: &str,
    set: &str,
    values: &[&dyn ToSql],
) -> Result<usize, rusqlite::Error> {
    let mut update = transaction.prepare_cached(&format!(
        "UPDATE scn_outbox SET {set} WHERE part = ?1 AND key = ?2 AND state IN ('pending', 'deferred') AND {condition}"
    ))?;
    let key = ticket.key.to_string();
    let which: [&dyn ToSql; 2] = [&ticket.part, &key];
    update.execute(params_from_iter(which.iter().chain(values)))
}

/// How many messages were ever handed to a server.
pub(super) fn handings(connection: &Connection) -> Result<u64, rusqlite::Error> {
    let sql = "SELECT coalesce((SELECT value FROM scn_meta WHERE name = 'handings'), 0)";
    connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
}

fn settle_one(
    transaction: &Transaction<'_>,
    ticket: &Ticket,
    outcome: &Outcome,
    run: &str,
    now: Instant,
) -> Result<(), Refused> {
    // The state that it goes to, those that it may come from, and what is written down.
    let (to, from, reason, reply, next_try) = match outcome {
        Outcome::Accepted { reply } => (MessageState::Accepted, "state = 'handed'", None, Some(reply), None),
        Outcome::Deferred { next_try, reason, reply } => {
            (MessageState::Deferred, "state IN ('claimed', 'handed')", Some(reason), reply.as_ref(), Some(*next_try))
        }
        Outcome::Bounced { class, reply } => {
            (MessageState::Bounced, "state IN ('claimed', 'handed')", Some(class), Some(reply), None)
        }
        Outcome::Uncertain { reason } => (MessageState::Uncertain, "state = 'handed'", Some(reason), None, None),
        Outcome::Suppressed { reason } => (MessageState::Suppressed, "state = 'claimed'", Some(reason), None, None),
        Outcome::Untried => (MessageState::Pending, "state IN ('claimed', 'handed')", None, None, Some(now)),
    };
    let mut update = transaction.prepare_cached(&format!(
        "UPDATE scn_outbox SET state = ?4, reason = ?5, reply = coalesce(?6, reply), attempt = attempt + ?7,
             next_at = min(?8, expires_at + 1), settled_at = ?9,
             context = CASE WHEN ?4 IN ('accepted', 'bounced', 'suppressed') THEN NULL ELSE context END
         WHERE part = ?1 AND key = ?2 AND owner = ?3 AND {from}"
    ))?;
    let moved = update.execute((
        ticket.part,
        ticket.key.to_string(),
        run,
        to.name(),
        reason.map(|reason| cleaned(reason, 200)),
        reply.map(|reply| cleaned(reply, 500)),
        reply.is_some(),
        // The least of NULL and anything is NULL: only a message that still waits is looked at again.
        next_try.map(|next_try| next_try.0),
        now.0,
    ))?;
    expect_one(moved, ticket, &format!("become {}", to.name()))?;
    match outcome {
        Outcome::Accepted { .. } => add_receipt(transaction, ticket, ("accepted", None), now)?,
        Outcome::Bounced { class, .. } => add_receipt(transaction, ticket, ("bounced", Some(class)), now)?,
        Outcome::Suppressed { .. } => add_receipt(transaction, ticket, ("bounced", None), now)?,
        Outcome::Uncertain { .. } => add_receipt(transaction, ticket, ("uncertain", None), now)?,
        Outcome::Deferred { .. } => wake(transaction, ticket, now)?,
        Outcome::Untried => {}
    }
    Ok(())
}

/// The contact is looked at again: what waited until the message was tried goes on.
fn wake(transaction: &Transaction<'_>, ticket: &Ticket, now: Instant) -> Result<(), rusqlite::Error> {
    let mut update = transaction.prepare_cached(
        "UPDATE scn_contact SET wake = min(coalesce(wake, ?3), ?3)
         WHERE part = ?1 AND contact = (SELECT contact FROM scn_outbox WHERE part = ?1 AND key = ?2 AND alternatives <> '[]')",
    )?;
    update.execute((ticket.part, ticket.key.to_string(), now.0))?;
    Ok(())
}

/// The messages of a contact that may still leave at an instant and that nobody has tried to send. A reply is an attempt; a
/// message that the policy or the server put off is deferred.
pub(super) fn untried(
    connection: &Connection,
    part: u16,
    contact: &Id,
    now: Instant,
) -> Result<Vec<EffectKey>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "SELECT key FROM scn_outbox
         WHERE part = ?1 AND contact = ?2 AND expires_at >= ?3 AND alternatives <> '[]'
             AND (state = 'pending' AND attempt = 0 OR state IN ('claimed', 'handed')) ORDER BY id",
    )?;
    let keys = statement.query_map((part, Key::from(contact), now.0), |row| key_of(row, 0))?;
    keys.collect()
}

/// Tells the contact, by its inbox; nobody waits for what becomes of a call. The outcome, and the class of a bounce. For an
/// uncertain message it is dated when it was handed, from which waits count.
fn add_receipt(
    transaction: &Transaction<'_>,
    ticket: &Ticket,
    (outcome, class): (&str, Option<&str>),
    now: Instant,
) -> Result<(), rusqlite::Error> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO scn_inbox(part, contact, arrived, at, message, outcome, class)
         SELECT part, contact, ?3, CASE ?4 WHEN 'uncertain' THEN handed_at ELSE ?3 END, key, ?4, ?5
         FROM scn_outbox WHERE part = ?1 AND key = ?2 AND alternatives <> '[]'",
    )?;
    insert.execute((ticket.part, ticket.key.to_string(), now.0, outcome, class))?;
    Ok(())
}

fn expect_one(moved: usize, ticket: &Ticket, to_do: &str) -> Result<(), Refused> {
    let refused = || Refused::Broken(format!("message {} is not where it can {to_do}", ticket.key));
    if moved == 1 { Ok(()) } else { Err(refused()) }
}

fn due_message(row: &Row<'_>) -> Result<DueMessage, rusqlite::Error> {
    let wrong = |column: usize| rusqlite::Error::InvalidColumnType(column, "outbox".into(), Type::Text);
    Ok(DueMessage {
        ticket: Ticket { part: row.get(0)?, key: key_of(row, 1)? },
        contact: stored_id(row, 2)?,
        scenario: row.get(3)?,
        hash: row.get::<_, String>(4)?.parse().map_err(|()| wrong(4))?,
        step: row.get(5)?,
        class: class_named(&row.get::<_, String>(6)?).ok_or_else(|| wrong(6))?,
        alternatives: serde_json::from_str(&row.get::<_, String>(7)?).map_err(|_| wrong(7))?,
        due: Instant(row.get(8)?),
        not_before: Instant(row.get(9)?),
        expires_at: Instant(row.get(10)?),
        attempt: row.get(11)?,
        message_id: row.get(12)?,
        call: row.get::<_, Option<String>>(13)?.zip(row.get(14)?),
        number: row.get(15)?,
    })
}

/// The key of a column.
pub(super) fn key_of(row: &Row<'_>, column: usize) -> Result<EffectKey, rusqlite::Error> {
    let wrong = |()| rusqlite::Error::InvalidColumnType(column, "key".into(), Type::Text);
    row.get::<_, String>(column)?.parse().map_err(wrong)
}

pub(super) fn class_name(class: Class) -> &'static str {
    match class {
        Class::Marketing => "marketing",
        Class::Service => "service",
        Class::Transactional => "transactional",
    }
}

fn class_named(name: &str) -> Option<Class> {
    [Class::Marketing, Class::Service, Class::Transactional].into_iter().find(|class| class_name(*class) == name)
}

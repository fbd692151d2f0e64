//! What arrives: rows of the CRM, each once, and receipts; and handing them out, contact by contact.

use super::{Error, State, part};
use crate::engine::EffectKey;
use crate::model::Id;
use crate::store::crm::NewRow;
use crate::store::id::{self, Key};
use crate::time::Instant;
use rusqlite::types::Type;
use rusqlite::{Connection, Row, Transaction};
use rustc_hash::FxHashSet;

/// Something that a contact has not been stepped with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxRow {
    /// To be named when it is [consumed](super::ContactOut::consumed).
    pub id: i64,
    pub at: Instant,
    pub arrived: Instant,
    pub input: Input,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A row of the CRM, by the event's name and its id.
    Event { kind: String, id: Id },
    /// What became of a message; its template, where the outbox still has it.
    Receipt { key: EffectKey, message: Option<String>, outcome: ReceiptOutcome },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiptOutcome {
    Accepted,
    /// With the class of the reply: `address`, `soft`, `content`.
    Bounced(String),
    Uncertain,
}

/// A row of the CRM that was stepped or is about to be, and when it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    pub kind: String,
    pub id: Id,
    pub arrived: Instant,
}

/// A contact with something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    pub contact: Id,
    /// The engine's bytes; `None` for a contact that it does not know.
    pub state: Option<Vec<u8>>,
    /// The earliest of the state's deadlines.
    pub wake: Option<Instant>,
    /// Everything that arrived by now, in the order of arrival.
    pub inbox: Vec<InboxRow>,
    /// The arrivals of all its rows that came after the start, those of the inbox included, in the order of kinds and
    /// ids. The rows of the CRM that are not among them were there before the start, or have not been seen yet.
    pub arrivals: Vec<Arrival>,
    /// Its changes that the CRM has by now.
    pub made: Vec<EffectKey>,
    /// Its messages that may still leave and that nobody has tried to send, in the order of their decisions.
    pub untried: Vec<EffectKey>,
}

impl State {
    /// The ids of all rows of an event that were ever seen, for looking for new ones.
    pub fn seen(&self, kind: &str) -> Result<FxHashSet<Id>, Error> {
        self.read(|connection| {
            let mut statement = connection.prepare("SELECT id FROM scn_seen WHERE kind = ?1")?;
            let mut rows = statement.query([kind])?;
            let mut seen = FxHashSet::default();
            while let Some(row) = rows.next()? {
                seen.extend(id::read(row.get_ref(0)?));
            }
            Ok(seen)
        })
    }

    /// Marks rows of an event, by its name, that were there before the start: they are seen, and start nothing.
    pub fn mark_history(&mut self, kind: &str, rows: &[NewRow]) -> Result<(), Error> {
        self.write(|transaction| {
            for row in rows {
                mark(transaction, kind, row, None)?;
            }
            Ok(())
        })
    }

    /// Takes in new rows of an event, by its name, each once: a row that was seen already is left out, whatever it says
    /// now. Returns how many were new.
    pub fn ingest(&mut self, kind: &str, rows: &[NewRow]) -> Result<u64, Error> {
        self.write(|transaction| {
            let mut new = 0;
            let mut insert = transaction.prepare_cached(
                "INSERT INTO scn_inbox(part, contact, arrived, at, kind, event) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            for row in rows {
                if !mark(transaction, kind, row, Some(row.event.arrived))? {
                    continue;
                }
                new += 1;
                let (contact, event) = (Key::from(&row.contact), Key::from(&row.event.id));
                insert.execute((part(&row.contact), contact, row.event.arrived.0, row.event.at.0, kind, event))?;
            }
            Ok(new)
        })
    }

    /// At most `max` contacts that have something to do by `now`, the earliest first. They stay theirs until
    /// [`State::commit`] takes away what was done; nobody else works on this file.
    pub fn claim(&self, now: Instant, max: usize) -> Result<Vec<Claimed>, Error> {
        self.read(|connection| {
            // Each side is cut where it is read by an index, so that a long queue costs no more than a short one.
            let mut statement = connection.prepare_cached(
                "SELECT part, contact, min(due) FROM (
                     SELECT * FROM (SELECT part, contact, wake AS due FROM scn_contact
                                    WHERE wake <= ?1 ORDER BY wake, part, contact LIMIT ?2)
                     UNION ALL
                     SELECT * FROM (SELECT part, contact, arrived AS due FROM scn_inbox
                                    WHERE arrived <= ?1 ORDER BY arrived, id LIMIT ?2)
                 ) GROUP BY part, contact ORDER BY min(due), part, contact LIMIT ?2",
            )?;
            let max = i64::try_from(max).unwrap_or(i64::MAX);
            let mut rows = statement.query((now.0, max))?;
            let mut claimed = Vec::new();
            while let Some(row) = rows.next()? {
                claimed.push(claim_one(connection, row.get(0)?, stored_id(row, 1)?, now)?);
            }
            Ok(claimed)
        })
    }

    /// As [`State::claim`] of these contacts, whether they have something to do or not: for what is about to be sent.
    pub fn claim_these(&self, contacts: &[Id], now: Instant) -> Result<Vec<Claimed>, Error> {
        self.read(|connection| {
            let one = |contact: &Id| claim_one(connection, part(contact), contact.clone(), now);
            contacts.iter().map(one).collect()
        })
    }
}

/// Remembers a row; false when it was remembered already.
fn mark(
    transaction: &Transaction<'_>,
    kind: &str,
    row: &NewRow,
    arrived: Option<Instant>,
) -> Result<bool, rusqlite::Error> {
    let mut insert = transaction.prepare_cached(
        "INSERT OR IGNORE INTO scn_seen(kind, id, part, contact, arrived) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let (id, contact) = (Key::from(&row.event.id), Key::from(&row.contact));
    Ok(insert.execute((kind, id, part(&row.contact), contact, arrived.map(|arrived| arrived.0)))? == 1)
}

fn claim_one(connection: &Connection, part: u16, contact: Id, now: Instant) -> Result<Claimed, rusqlite::Error> {
    let key = || (part, Key::from(&contact));
    let mut statement =
        connection.prepare_cached("SELECT state, wake FROM scn_contact WHERE part = ?1 AND contact = ?2")?;
    let mut rows = statement.query(key())?;
    let (state, wake) = match rows.next()? {
        Some(row) => (Some(row.get(0)?), row.get::<_, Option<i64>>(1)?.map(Instant)),
        None => (None, None),
    };
    let mut statement = connection.prepare_cached(
        "SELECT id, at, arrived, kind, event, message, outcome, class,
             (SELECT message FROM scn_outbox WHERE key = scn_inbox.message) FROM scn_inbox
         WHERE part = ?1 AND contact = ?2 AND arrived <= ?3 ORDER BY arrived, id",
    )?;
    let mut rows = statement.query((part, Key::from(&contact), now.0))?;
    let mut inbox = Vec::new();
    while let Some(row) = rows.next()? {
        inbox.push(inbox_row(row)?);
    }
    let mut statement = connection.prepare_cached(
        "SELECT kind, id, arrived FROM scn_seen
         WHERE part = ?1 AND contact = ?2 AND arrived IS NOT NULL ORDER BY kind, id",
    )?;
    let mut rows = statement.query(key())?;
    let mut arrivals = Vec::new();
    while let Some(row) = rows.next()? {
        arrivals.push(Arrival { kind: row.get(0)?, id: stored_id(row, 1)?, arrived: Instant(row.get(2)?) });
    }
    drop(rows);
    let made = super::writes::made_of(connection, part, &contact)?;
    let untried = super::outbox::untried(connection, part, &contact, now)?;
    Ok(Claimed { contact, state, wake, inbox, arrivals, made, untried })
}

fn inbox_row(row: &Row<'_>) -> Result<InboxRow, rusqlite::Error> {
    let input = match row.get::<_, Option<String>>(3)? {
        Some(kind) => Input::Event { kind, id: stored_id(row, 4)? },
        None => {
            let key = super::outbox::key_of(row, 5)?;
            let outcome = match row.get::<_, String>(6)?.as_str() {
                "accepted" => ReceiptOutcome::Accepted,
                "bounced" => ReceiptOutcome::Bounced(row.get::<_, Option<String>>(7)?.unwrap_or_default()),
                _ => ReceiptOutcome::Uncertain,
            };
            Input::Receipt { key, message: row.get(8)?, outcome }
        }
    };
    Ok(InboxRow { id: row.get(0)?, at: Instant(row.get(1)?), arrived: Instant(row.get(2)?), input })
}

/// An id that this room wrote.
pub(super) fn stored_id(row: &Row<'_>, column: usize) -> Result<Id, rusqlite::Error> {
    let wrong = || rusqlite::Error::InvalidColumnType(column, "id".into(), Type::Blob);
    id::read(row.get_ref(column)?).ok_or_else(wrong)
}

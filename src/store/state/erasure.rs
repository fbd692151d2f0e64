//! Erasure: a person is taken out of the CRM and out of this file, which do not commit together. So the rows of the person
//! are written down first; whoever finds them later finishes what was begun, and each part of it may be done twice.

use super::inbox::stored_id;
use super::outbox::key_of;
use super::writes::{PendingWrite, pending_write};
use super::{Error, State, part};
use crate::engine::{EffectKey, Reason};
use crate::model::Id;
use crate::store::id::Key;
use crate::time::Instant;
use rusqlite::{Connection, Transaction};
use std::collections::BTreeSet;

/// What an erasure took out of the state file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Rows of the CRM that were seen, by event and id.
    pub rows: Vec<(String, Id)>,
}

impl State {
    /// Writes down which rows each of these persons has, before any of them is erased. Gives all rows that were ever written
    /// down for each, the contact of the change first.
    pub fn begin_erasures(&mut self, erasures: &[(&PendingWrite, Vec<Id>)]) -> Result<Vec<Vec<Id>>, Error> {
        if erasures.is_empty() {
            return Ok(Vec::new());
        }
        self.write(|transaction| {
            let mut insert = transaction.prepare_cached("INSERT OR IGNORE INTO scn_erasing VALUES (?1, ?2, ?3)")?;
            let mut known = transaction
                .prepare_cached("SELECT contact FROM scn_erasing WHERE change = ?1 ORDER BY part, contact")?;
            let mut all = Vec::new();
            for (erasure, rows) in erasures {
                let contact = &erasure.contact;
                for row in rows.iter().chain([contact]) {
                    insert.execute((erasure.id, part(row), Key::from(row)))?;
                }
                let mut found = vec![contact.clone()];
                let mut known = known.query([erasure.id])?;
                while let Some(row) = known.next()? {
                    found.extend(Some(stored_id(row, 0)?).filter(|row| row != contact));
                }
                all.push(found);
            }
            Ok(all)
        })
    }

    /// Writes down which rows of events go with each of these persons, by the table and id, before any of them is erased.
    pub fn note_events(&mut self, events: &[(i64, Vec<(String, Id)>)]) -> Result<(), Error> {
        if events.iter().all(|(_, events)| events.is_empty()) {
            return Ok(());
        }
        self.write(|transaction| {
            let sql = "INSERT OR IGNORE INTO scn_erasing_event VALUES (?1, ?2, ?3)";
            let mut insert = transaction.prepare_cached(sql)?;
            for (change, events) in events {
                for (event, id) in events {
                    insert.execute((change, event, Key::from(id)))?;
                }
            }
            Ok(())
        })
    }

    /// Forgets which rows were written down for these erasures: the CRM did not make them, and may say by the next time that
    /// some of the rows are somebody else.
    pub fn give_up_erasures(&mut self, erasures: &[i64]) -> Result<(), Error> {
        if erasures.is_empty() {
            return Ok(());
        }
        self.write(|transaction| {
            for change in erasures {
                end_erasing(transaction, *change)?;
            }
            Ok(())
        })
    }

    /// The erasures that were begun and are not finished, after the change with this number, in their order.
    pub fn begun_erasures(&self, after: i64) -> Result<Vec<PendingWrite>, Error> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, contact, scenario, at, change FROM scn_write
                 WHERE id > ?1 AND id IN (SELECT change FROM scn_erasing) ORDER BY id",
            )?;
            let mut rows = statement.query([after])?;
            let mut begun = Vec::new();
            while let Some(row) = rows.next()? {
                begun.push(pending_write(row)?);
            }
            Ok(begun)
        })
    }

    /// The messages of a person, of which there may be files.
    pub fn messages_of(&self, rows: &[Id]) -> Result<Vec<EffectKey>, Error> {
        self.read(|connection| {
            let mut messages = Vec::new();
            for contact in rows {
                let sql = "SELECT key FROM scn_outbox WHERE part = ?1 AND contact = ?2 ORDER BY id";
                let mut statement = connection.prepare_cached(sql)?;
                let keys = statement.query_map((part(contact), Key::from(contact)), |row| key_of(row, 0))?;
                messages.extend(keys.collect::<Result<Vec<_>, _>>()?);
            }
            Ok(messages)
        })
    }

    /// Those of these contacts who were erased: of whom there is a proof.
    pub fn erased_of<'i>(&self, contacts: impl Iterator<Item = &'i Id>) -> Result<BTreeSet<Id>, Error> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT proof FROM scn_erased")?;
            let proofs = statement.query_map([], |row| row.get(0))?.collect::<Result<BTreeSet<String>, _>>()?;
            if proofs.is_empty() {
                return Ok(BTreeSet::new());
            }
            let (secret, contacts) = (secret(connection)?, contacts.collect::<BTreeSet<&Id>>());
            Ok(contacts.into_iter().filter(|contact| proofs.contains(&proof(&secret, contact))).cloned().collect())
        })
    }

    /// Forgets a person, whose rows in the CRM had these ids: state, inbox, journal, messages, and what was to be written.
    /// What stays is how many messages ended how, those that waited as cancelled or expired, and a proof: BLAKE3 of the id as text, keyed with the secret of this file.
    /// The rows of events that go with the person are forgotten by whoever saw them, under the event's own name and under those
    /// of `routes`: an event and the name under which it is told to others.
    pub fn erase(
        &mut self,
        rows: &[Id],
        erasure: &PendingWrite,
        routes: &[(&str, &str)],
        now: Instant,
    ) -> Result<Erased, Error> {
        // What is taken away is overwritten in the file too.
        self.read(|connection| connection.execute_batch("PRAGMA secure_delete = ON"))?;
        let erased = self.write(|transaction| {
            let mut erased = Erased::default();
            for contact in rows {
                erase_one(transaction, contact, now, &mut erased)?;
            }
            forget_events(transaction, erasure.id, routes, &mut erased)?;
            end_erasing(transaction, erasure.id)?;
            let proof = proof(&secret(transaction)?, &erasure.contact);
            let sql = "INSERT INTO scn_erased(proof, at, scenario) VALUES (?1, ?2, ?3)";
            transaction.execute(sql, (proof, now.0, &erasure.scenario))?;
            Ok(erased)
        })?;
        self.read(|connection| connection.execute_batch("PRAGMA secure_delete = OFF"))?;
        Ok(erased)
    }
}

fn end_erasing(transaction: &Transaction<'_>, change: i64) -> Result<(), rusqlite::Error> {
    for table in ["scn_erasing", "scn_erasing_event"] {
        transaction.prepare_cached(&format!("DELETE FROM {table} WHERE change = ?1"))?.execute([change])?;
    }
    Ok(())
}

/// The key of the proofs.
pub(super) fn secret(connection: &Connection) -> Result<[u8; 32], rusqlite::Error> {
    connection.query_row("SELECT key FROM scn_secret WHERE name = 'erased'", [], |row| row.get(0))
}

pub(super) fn proof(secret: &[u8; 32], contact: &Id) -> String {
    blake3::keyed_hash(secret, contact.to_string().as_bytes()).to_string()
}

/// Lets everybody forget the rows of events that went with a person.
fn forget_events(
    transaction: &Transaction<'_>,
    change: i64,
    routes: &[(&str, &str)],
    erased: &mut Erased,
) -> Result<(), rusqlite::Error> {
    let mut events = transaction.prepare_cached("SELECT event, id FROM scn_erasing_event WHERE change = ?1")?;
    let events = events.query_map([change], |row| Ok((row.get::<_, String>(0)?, stored_id(row, 1)?)))?;
    let mut seen = transaction.prepare_cached("DELETE FROM scn_seen WHERE kind = ?1 AND id = ?2")?;
    let mut inbox = transaction.prepare_cached("DELETE FROM scn_inbox WHERE kind = ?1 AND event = ?2")?;
    for event in events {
        let (event, id) = event?;
        let told = routes.iter().filter(|(from, _)| *from == event).map(|(_, told)| *told);
        for kind in told.chain([event.as_str()]) {
            if seen.execute((kind, Key::from(&id)))? > 0 {
                erased.rows.push((kind.to_owned(), id.clone()));
            }
            inbox.execute((kind, Key::from(&id)))?;
        }
    }
    Ok(())
}

fn erase_one(
    transaction: &Transaction<'_>,
    contact: &Id,
    now: Instant,
    erased: &mut Erased,
) -> Result<(), rusqlite::Error> {
    let whose = || (part(contact), Key::from(contact));
    let mut seen = transaction.prepare_cached("SELECT kind, id FROM scn_seen WHERE part = ?1 AND contact = ?2")?;
    let rows = seen.query_map(whose(), |row| Ok((row.get(0)?, stored_id(row, 1)?)))?;
    erased.rows.extend(rows.collect::<Result<Vec<_>, _>>()?);
    transaction.execute(
        "INSERT INTO scn_gone
         SELECT CASE WHEN next_at IS NULL THEN state WHEN expires_at < ?3 THEN 'expired' ELSE 'cancelled' END,
             CASE WHEN next_at IS NULL THEN coalesce(reason, '') WHEN expires_at < ?3 THEN ?4 ELSE ?5 END, count(*)
         FROM scn_outbox WHERE part = ?1 AND contact = ?2 GROUP BY 1, 2
         ON CONFLICT (state, reason) DO UPDATE SET count = count + excluded.count",
        (part(contact), Key::from(contact), now.0, Reason::Late.text(), Reason::Erased.text()),
    )?;
    for table in ["scn_contact", "scn_seen", "scn_inbox", "scn_outbox", "scn_journal", "scn_write", "scn_erasing"] {
        transaction.execute(&format!("DELETE FROM {table} WHERE part = ?1 AND contact = ?2"), whose())?;
    }
    Ok(())
}

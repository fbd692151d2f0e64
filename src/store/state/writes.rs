//! What scenarios change in the CRM: decided with the step, made there afterwards, each once by its key; and erasure.

use super::inbox::stored_id;
use super::outbox::key_of;
use super::{ContactOut, Error, Refused, State, part};
use crate::engine::EffectKey;
use crate::model::Id;
use crate::store::crm::Change;
use crate::store::id::Parameter;
use crate::time::Instant;
use rusqlite::types::Type;
use rusqlite::{Connection, Transaction};

/// A change of the CRM, decided by a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWrite {
    pub key: EffectKey,
    pub scenario: String,
    pub at: Instant,
    pub change: Change,
}

/// A change that the CRM does not have yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingWrite {
    /// In the order in which they were decided.
    pub id: i64,
    pub contact: Id,
    pub scenario: String,
    pub at: Instant,
    pub change: Change,
}

/// Writes down what was decided, and takes away what the state has forgotten.
pub(super) fn keep(transaction: &Transaction<'_>, part: u16, out: &ContactOut) -> Result<(), Refused> {
    let contact = Parameter::from(&out.contact);
    let mut insert = transaction.prepare_cached(
        "INSERT INTO scn_write(key, part, contact, scenario, at, change) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for write in &out.writes {
        // A change has no map with keys other than texts and no float, so JSON cannot fail on it.
        let change = serde_json::to_string(&write.change).unwrap_or_default();
        insert.execute((write.key.to_string(), part, &contact, &write.scenario, write.at.0, change))?;
    }
    let mut delete =
        transaction.prepare_cached("DELETE FROM scn_write WHERE part = ?1 AND key = ?2 AND state = 'made'")?;
    for key in &out.forgotten {
        delete.execute((part, key.to_string()))?;
    }
    Ok(())
}

/// The changes of a contact that the CRM has by now.
pub(super) fn made_of(connection: &Connection, part: u16, contact: &Id) -> Result<Vec<EffectKey>, rusqlite::Error> {
    let mut statement = connection
        .prepare_cached("SELECT key FROM scn_write WHERE part = ?1 AND contact = ?2 AND state = 'made' ORDER BY id")?;
    let keys = statement.query_map((part, Parameter::from(contact)), |row| key_of(row, 0))?;
    keys.collect()
}

impl State {
    /// At most `max` changes that the CRM does not have yet, after the one with this number, in their order.
    pub fn pending_writes(&self, after: i64, max: usize) -> Result<Vec<PendingWrite>, Error> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, contact, scenario, at, change FROM scn_write
                 WHERE state = 'pending' AND id > ?1 ORDER BY id LIMIT ?2",
            )?;
            let wrong = |_| rusqlite::Error::InvalidColumnType(4, "change".into(), Type::Text);
            let mut rows = statement.query((after, i64::try_from(max).unwrap_or(i64::MAX)))?;
            let mut pending = Vec::new();
            while let Some(row) = rows.next()? {
                pending.push(PendingWrite {
                    id: row.get(0)?,
                    contact: stored_id(row, 1)?,
                    scenario: row.get(2)?,
                    at: Instant(row.get(3)?),
                    change: serde_json::from_str(&row.get::<_, String>(4)?).map_err(wrong)?,
                });
            }
            Ok(pending)
        })
    }

    /// Writes down that the CRM has these changes.
    pub fn written(&mut self, writes: &[i64]) -> Result<(), Error> {
        self.write(|transaction| {
            let mut update = transaction.prepare_cached("UPDATE scn_write SET state = 'made' WHERE id = ?1")?;
            for id in writes {
                update.execute([id])?;
            }
            Ok(())
        })
    }

    /// The messages, calls included, of a person whose rows in the CRM have these ids.
    pub fn messages_of(&self, rows: &[Id]) -> Result<Vec<EffectKey>, Error> {
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT key FROM scn_outbox WHERE part = ?1 AND contact = ?2 ORDER BY id")?;
            let mut keys = Vec::new();
            for contact in rows {
                let found = statement.query_map((part(contact), Parameter::from(contact)), |row| key_of(row, 0))?;
                keys.extend(found.collect::<Result<Vec<_>, _>>()?);
            }
            Ok(keys)
        })
    }

    /// Forgets a person, whose rows in the CRM had these ids: state, inbox, journal, messages, and what was to be written.
    /// What stays is how many messages ended how, and a proof. Gives the rows of the CRM that were seen of it, by event and
    /// id.
    pub fn erase(&mut self, rows: &[Id], erasure: &PendingWrite, now: Instant) -> Result<Vec<(String, Id)>, Error> {
        // What is taken away is overwritten in the file too.
        self.read(|connection| connection.execute_batch("PRAGMA secure_delete = ON"))?;
        let erased = self.write(|transaction| {
            let mut erased = Vec::new();
            for contact in rows {
                erase_one(transaction, part(contact), contact, &mut erased)?;
            }
            let proof = blake3::hash(erasure.contact.to_string().as_bytes()).to_string();
            let sql = "INSERT INTO scn_erased(proof, at, scenario) VALUES (?1, ?2, ?3)";
            transaction.execute(sql, (proof, now.0, &erasure.scenario))?;
            Ok(erased)
        })?;
        self.read(|connection| connection.execute_batch("PRAGMA secure_delete = OFF"))?;
        Ok(erased)
    }
}

fn erase_one(
    transaction: &Transaction<'_>,
    part: u16,
    contact: &Id,
    seen_rows: &mut Vec<(String, Id)>,
) -> Result<(), rusqlite::Error> {
    let whose = || (part, Parameter::from(contact));
    let mut seen = transaction.prepare_cached("SELECT kind, id FROM scn_seen WHERE part = ?1 AND contact = ?2")?;
    let rows = seen.query_map(whose(), |row| Ok((row.get(0)?, stored_id(row, 1)?)))?;
    seen_rows.extend(rows.collect::<Result<Vec<_>, _>>()?);
    transaction.execute(
        "INSERT INTO scn_gone
         SELECT state, coalesce(reason, ''), count(*) FROM scn_outbox WHERE part = ?1 AND contact = ?2 GROUP BY 1, 2
         ON CONFLICT (state, reason) DO UPDATE SET count = count + excluded.count",
        whose(),
    )?;
    for table in ["scn_contact", "scn_seen", "scn_inbox", "scn_outbox", "scn_journal", "scn_write"] {
        transaction.execute(&format!("DELETE FROM {table} WHERE part = ?1 AND contact = ?2"), whose())?;
    }
    Ok(())
}

//! What scenarios change in the CRM: decided with the step, made there afterwards, each once by its key.

use super::inbox::stored_id;
use super::outbox::key_of;
use super::{ContactOut, Error, Refused, State, part};
use crate::engine::EffectKey;
use crate::model::Id;
use crate::store::crm::Change;
use crate::store::id::Key;
use crate::time::Instant;
use rusqlite::types::Type;
use rusqlite::{Connection, Row, Transaction};

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
    let contact = Key::from(&out.contact);
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
    let keys = statement.query_map((part, Key::from(contact)), |row| key_of(row, 0))?;
    keys.collect()
}

impl State {
    /// At most `max` changes that the CRM does not have yet, after the one with this number, in their order. An erasure is not
    /// among them while a call of the contact may still be made: it was decided before.
    pub fn pending_writes(&self, after: i64, now: Instant, max: usize) -> Result<Vec<PendingWrite>, Error> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, contact, scenario, at, change FROM scn_write AS decided
                 WHERE state = 'pending' AND id > ?1 AND NOT (change = '\"erase\"' AND EXISTS (
                     SELECT 1 FROM scn_outbox AS call
                     WHERE call.part = decided.part AND call.contact = decided.contact AND call.alternatives = '[]'
                       AND call.next_at IS NOT NULL AND call.expires_at >= ?2))
                 ORDER BY id LIMIT ?3",
            )?;
            let mut rows = statement.query((after, now.0, i64::try_from(max).unwrap_or(i64::MAX)))?;
            let mut pending = Vec::new();
            while let Some(row) = rows.next()? {
                pending.push(pending_write(row)?);
            }
            Ok(pending)
        })
    }

    /// Writes down that the CRM has these changes. An earlier one of the same field or tag, which the CRM refused, is
    /// overtaken: made later, it would undo this one.
    pub fn written(&mut self, writes: &[PendingWrite]) -> Result<(), Error> {
        self.write(|transaction| {
            let mut earlier = transaction.prepare_cached(
                "SELECT id, contact, scenario, at, change FROM scn_write
                 WHERE part = ?1 AND contact = ?2 AND id < ?3 AND state = 'pending'",
            )?;
            let mut update = transaction.prepare_cached("UPDATE scn_write SET state = 'made' WHERE id = ?1")?;
            for write in writes {
                let mut rows = earlier.query((part(&write.contact), Key::from(&write.contact), write.id))?;
                let mut made = vec![write.id];
                while let Some(row) = rows.next()? {
                    let earlier = pending_write(row)?;
                    if earlier.change.is_undone_by(&write.change) {
                        made.push(earlier.id);
                    }
                }
                for id in made {
                    update.execute([id])?;
                }
            }
            Ok(())
        })
    }
}

pub(super) fn pending_write(row: &Row<'_>) -> Result<PendingWrite, rusqlite::Error> {
    let wrong = |_| rusqlite::Error::InvalidColumnType(4, "change".into(), Type::Text);
    Ok(PendingWrite {
        id: row.get(0)?,
        contact: stored_id(row, 1)?,
        scenario: row.get(2)?,
        at: Instant(row.get(3)?),
        change: serde_json::from_str(&row.get::<_, String>(4)?).map_err(wrong)?,
    })
}

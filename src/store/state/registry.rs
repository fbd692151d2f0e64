//! What the engine knows about its scenarios and about itself.

use super::inbox::stored_id;
use super::{Error, State};
use crate::ir::ScenarioHash;
use crate::model::{Id, Literal};
use crate::store::id;
use crate::time::Instant;
use rusqlite::{Connection, OptionalExtension};
use std::collections::BTreeMap;

impl State {
    /// Keeps versions of scenarios, as JSON, by their hashes; what is kept of one already is replaced.
    pub fn keep_programs(&mut self, programs: &[(ScenarioHash, String)]) -> Result<(), Error> {
        self.write(|transaction| {
            let mut insert = transaction.prepare_cached("INSERT OR REPLACE INTO scn_program VALUES (?1, ?2)")?;
            for (hash, json) in programs {
                insert.execute((hash.to_string(), json))?;
            }
            Ok(())
        })
    }

    /// Forgets versions that nobody needs any more.
    pub fn forget_programs(&mut self, hashes: &[ScenarioHash]) -> Result<(), Error> {
        self.write(|transaction| {
            let mut delete = transaction.prepare_cached("DELETE FROM scn_program WHERE hash = ?1")?;
            for hash in hashes {
                delete.execute([hash.to_string()])?;
            }
            Ok(())
        })
    }

    /// Gives every contact with the bytes of its state to `look`, in the order of parts and ids.
    pub fn each_state(&self, mut look: impl FnMut(Id, &[u8])) -> Result<(), Error> {
        self.read(|connection| {
            let mut statement = connection.prepare("SELECT state, contact FROM scn_contact")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                if let Ok(bytes) = row.get_ref(0)?.as_blob() {
                    look(stored_id(row, 1)?, bytes);
                }
            }
            Ok(())
        })
    }

    /// The contacts whose states are such, in the order of parts and ids.
    pub fn contacts_with(&self, is_such: impl Fn(&[u8]) -> bool) -> Result<Vec<Id>, Error> {
        self.read(|connection| {
            let mut statement = connection.prepare("SELECT contact, state FROM scn_contact ORDER BY part, contact")?;
            let mut rows = statement.query([])?;
            let mut contacts = Vec::new();
            while let Some(row) = rows.next()? {
                if row.get_ref(1)?.as_blob().is_ok_and(&is_such) {
                    contacts.extend(id::read(row.get_ref(0)?));
                }
            }
            Ok(contacts)
        })
    }

    /// All versions that are kept, in the order of their hashes.
    pub fn programs(&self) -> Result<Vec<(ScenarioHash, String)>, Error> {
        self.read(programs)
    }

    /// Keeps what measures told at their refreshes.
    pub fn keep_measures(&mut self, values: &[(String, Instant, Option<Literal>)]) -> Result<(), Error> {
        self.write(|transaction| {
            let mut insert = transaction.prepare_cached("INSERT OR REPLACE INTO scn_measure VALUES (?1, ?2, ?3)")?;
            for (measure, at, value) in values {
                // A value of a measure has no map and no float, so JSON cannot fail on it.
                insert.execute((measure, at.0, serde_json::to_string(value).unwrap_or_default()))?;
            }
            Ok(())
        })
    }

    /// What measures told, in the order of their names and refreshes.
    pub fn measures(&self) -> Result<Vec<(String, Instant, Option<Literal>)>, Error> {
        self.read(measures)
    }

    /// From when on events start instances, by scenario.
    pub fn starts(&self) -> Result<BTreeMap<String, Instant>, Error> {
        self.read(starts)
    }

    pub fn set_start(&mut self, scenario: &str, at: Instant) -> Result<(), Error> {
        self.write(|transaction| {
            transaction.execute("INSERT OR REPLACE INTO scn_start VALUES (?1, ?2)", (scenario, at.0))?;
            Ok(())
        })
    }

    /// When the CRM was looked at last, by the clock of that moment; `None` before the first time.
    pub fn last_poll(&self) -> Result<Option<Instant>, Error> {
        self.read(last_poll)
    }

    pub fn set_last_poll(&mut self, at: Instant) -> Result<(), Error> {
        self.write(|transaction| {
            transaction.execute("INSERT OR REPLACE INTO scn_meta VALUES ('last_poll', ?1)", [at.0])?;
            Ok(())
        })
    }
}

pub(super) fn programs(connection: &Connection) -> Result<Vec<(ScenarioHash, String)>, rusqlite::Error> {
    let mut statement = connection.prepare("SELECT hash, json FROM scn_program ORDER BY hash")?;
    let programs = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    let parsed = programs.filter_map(|program| match program {
        Ok((hash, json)) => hash.parse().ok().map(|hash| Ok((hash, json))),
        Err(error) => Some(Err(error)),
    });
    parsed.collect()
}

/// What a measure told at a refresh.
type Told = (String, Instant, Option<Literal>);

pub(super) fn measures(connection: &Connection) -> Result<Vec<Told>, rusqlite::Error> {
    let mut statement = connection.prepare("SELECT measure, at, value FROM scn_measure ORDER BY measure, at")?;
    let wrong = |_| rusqlite::Error::InvalidColumnType(2, "value".into(), rusqlite::types::Type::Text);
    let told = statement.query_map([], |row| {
        let value = serde_json::from_str(&row.get::<_, String>(2)?).map_err(wrong)?;
        Ok((row.get(0)?, Instant(row.get(1)?), value))
    })?;
    told.collect()
}

pub(super) fn starts(connection: &Connection) -> Result<BTreeMap<String, Instant>, rusqlite::Error> {
    let mut statement = connection.prepare("SELECT scenario, at FROM scn_start")?;
    let starts = statement.query_map([], |row| Ok((row.get(0)?, Instant(row.get(1)?))))?;
    starts.collect()
}

pub(super) fn last_poll(connection: &Connection) -> Result<Option<Instant>, rusqlite::Error> {
    let sql = "SELECT value FROM scn_meta WHERE name = 'last_poll'";
    connection.query_row(sql, [], |row| Ok(Instant(row.get(0)?))).optional()
}

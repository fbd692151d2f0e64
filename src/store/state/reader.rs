//! The state file as a report reads it: beside a run that may be at work on it, without its lock, and without writing.

use super::{JournalRow, registry, schema};
use crate::ir::ScenarioHash;
use crate::store::error::{Error, ErrorKind};
use crate::time::Instant;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Statement};
use std::fmt;
use std::path::Path;

/// A state file that is only read.
pub struct JournalReader {
    connection: Connection,
    name: String,
}

impl fmt::Debug for JournalReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalReader").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The part and id of a contact.
type Whose = (u16, rusqlite::types::Value);

/// What erasures took out of a journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    pub persons: u64,
    /// Their messages, and how many of them had been accepted.
    pub messages: u64,
    pub accepted: u64,
}

impl JournalReader {
    /// Opens a state file that exists.
    ///
    /// Errors: as those of [`State::open`](super::State::open), but for the lock.
    pub fn open(path: &Path) -> Result<JournalReader, Error> {
        let name = path.display().to_string();
        if !path.is_file() {
            let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(Error::io(path, &missing));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let failed = |error: rusqlite::Error| Error::sqlite(&name, &error);
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        connection.busy_timeout(super::super::PATIENCE).map_err(failed)?;
        schema::check(&connection, &name)?;
        // What is said of contacts and of versions is said of one moment.
        connection.execute_batch("BEGIN").map_err(failed)?;
        if !schema::has_tables(&connection).map_err(failed)? {
            return Err(Error::new(ErrorKind::Io, &name, "it has none of the tables of `scn run`"));
        }
        Ok(JournalReader { connection, name })
    }

    /// Reads the journal, one contact after the other: its lines in the order of time, those of one instant in the order in
    /// which they were written; and the bytes of its state, where something is kept of it.
    pub fn each_contact(&self, mut contact: impl FnMut(&[JournalRow], Option<&[u8]>)) -> Result<(), Error> {
        self.read(|connection| {
            let sql = "SELECT part, contact, at, body FROM scn_journal ORDER BY part, contact, at, id";
            let mut statement = connection.prepare(sql)?;
            let mut rows = statement.query([])?;
            let mut states = connection.prepare("SELECT state FROM scn_contact WHERE part = ?1 AND contact = ?2")?;
            let mut known: Option<Whose> = None;
            let mut lines: Vec<JournalRow> = Vec::new();
            while let Some(row) = rows.next()? {
                let whose = Some((row.get(0)?, row.get(1)?));
                if whose != known {
                    if let Some(known) = &known {
                        contact(&lines, state_of(&mut states, known)?.as_deref());
                    }
                    lines.clear();
                    known = whose;
                }
                lines.push(JournalRow { at: Instant(row.get(2)?), body: row.get(3)? });
            }
            if let Some(known) = &known {
                contact(&lines, state_of(&mut states, known)?.as_deref());
            }
            Ok(())
        })
    }

    /// The versions of scenarios that are kept, as JSON.
    pub fn programs(&self) -> Result<Vec<(ScenarioHash, String)>, Error> {
        self.read(registry::programs)
    }

    /// What erasures took away.
    pub fn gone(&self) -> Result<Gone, Error> {
        self.read(|connection| {
            let table = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'scn_gone')";
            if !connection.query_row(table, [], |row| row.get::<_, bool>(0))? {
                return Ok(Gone::default());
            }
            let sql = "SELECT (SELECT count(*) FROM scn_erased), (SELECT coalesce(sum(count), 0) FROM scn_gone),
                           (SELECT coalesce(sum(count), 0) FROM scn_gone WHERE state = 'accepted')";
            connection.query_row(sql, [], |row| {
                let count = |place| row.get::<_, i64>(place).map(i64::unsigned_abs);
                Ok(Gone { persons: count(0)?, messages: count(1)?, accepted: count(2)? })
            })
        })
    }

    fn read<T>(&self, statements: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>) -> Result<T, Error> {
        statements(&self.connection).map_err(|error| Error::sqlite(&self.name, &error))
    }
}

fn state_of(states: &mut Statement<'_>, (part, contact): &Whose) -> Result<Option<Vec<u8>>, rusqlite::Error> {
    states.query_row((part, contact), |row| row.get(0)).optional()
}

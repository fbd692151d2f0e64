//! One state of the CRM, held while others would change it.

use super::{Crm, Error};
use crate::store::cache::Cold;
use rusqlite::Connection;
use std::path::Path;

impl Crm {
    /// The file, as it was named.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins a read transaction, and gives the version of the database that it sees.
    pub(in crate::store) fn hold(&self) -> Result<i64, Error> {
        let hold = || {
            self.connection.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema")?;
            data_version(&self.connection)
        };
        hold().map_err(|error: rusqlite::Error| self.error(&error))
    }

    /// Ends the read transaction, and gives the version of the database: another where somebody has changed it meanwhile.
    pub(in crate::store) fn release(&self) -> Result<i64, Error> {
        let release = || {
            self.connection.execute_batch("ROLLBACK")?;
            data_version(&self.connection)
        };
        release().map_err(|error: rusqlite::Error| self.error(&error))
    }

    /// Does something within a read transaction of a connection of its own, so that nobody is in the middle of a change.
    pub(in crate::store) fn held<T>(&self, work: impl FnOnce() -> Result<T, Cold>) -> Result<T, Cold> {
        let unseen = |error: Error| Cold::Unstamped(error.to_string());
        let other = self.again().map_err(unseen)?;
        other.hold().map_err(unseen)?;
        let done = work();
        other.release().map_err(unseen)?;
        done
    }
}

fn data_version(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.query_row("PRAGMA data_version", [], |row| row.get(0))
}

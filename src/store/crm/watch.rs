//! Whether somebody else has changed the CRM.

use super::{Crm, Error};
use rusqlite::{Connection, OpenFlags};

/// What was seen of the database: a connection's `data_version`, and how often it has moved since the CRM was opened.
///
/// SQLite moves the `data_version` of a connection with every commit of another, and not with its own. So as long as this
/// program has changed nothing, the reading connection is asked, and afterwards the writing one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    data_version: Option<i64>,
    number: i64,
}

impl Seen {
    /// After the connection that is asked says this.
    fn then(self, data_version: i64) -> Seen {
        match self.data_version {
            Some(known) if known != data_version => Seen { data_version: Some(data_version), number: self.number + 1 },
            _ => Seen { data_version: Some(data_version), ..self },
        }
    }
}

impl Crm {
    /// A number that changes whenever somebody else has changed the database: another process, or another connection of this
    /// one. What [`Crm::change`] changes does not count.
    pub fn version(&self) -> Result<i64, Error> {
        let writer = self.writer.borrow();
        let asked = writer.as_ref().unwrap_or(&self.connection);
        let seen = self.seen.get().then(data_version(asked).map_err(|error| self.error(&error))?);
        self.seen.set(seen);
        Ok(seen.number)
    }

    /// Gives the connection that writes, which is opened where there is none.
    pub(super) fn writing<T>(
        &self,
        write: impl FnOnce(&mut Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, Error> {
        let mut writer = self.writer.borrow_mut();
        let run = || match &mut *writer {
            Some(writer) => write(writer),
            none => write(none.insert(self.open_writer()?)),
        };
        run().map_err(|error| self.error(&error))
    }

    fn open_writer(&self) -> Result<Connection, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let writer = Connection::open_with_flags(&self.path, flags)?;
        writer.busy_timeout(crate::store::PATIENCE)?;
        // What is erased is overwritten in the file too.
        writer.execute_batch("PRAGMA secure_delete = ON")?;
        // In this order: a commit of somebody else that comes in between is seen by the one or by the other.
        let first = data_version(&writer)?;
        let seen = self.seen.get().then(data_version(&self.connection)?);
        self.seen.set(Seen { data_version: Some(first), ..seen });
        Ok(writer)
    }

    /// Whether a change of a contact's own columns and tags may make rows appear or disappear elsewhere: by a trigger, or in
    /// a view.
    pub fn reacts(&self) -> Result<bool, Error> {
        let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type IN ('trigger', 'view'))";
        self.connection.query_row(sql, [], |row| row.get(0)).map_err(|error| self.error(&error))
    }
}

fn data_version(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.query_row("PRAGMA data_version", [], |row| row.get(0))
}

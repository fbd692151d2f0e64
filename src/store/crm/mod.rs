//! The facts of a CRM: an SQLite file that belongs to somebody else, opened to be read; only [`Crm::change`] writes.
//!
//! A table or view for each entity and event, in the singular, with the declared field names as columns. Ids are
//! INTEGER or TEXT. Instants are ISO 8601 TEXT (UTC unless an offset is given; a date alone is the last second of its
//! day in the program's zone) or INTEGER Unix seconds. Durations are TEXT, `5 years` or `P5Y`. Flags are 0 or 1. Money
//! and numbers are INTEGER, REAL or decimal TEXT. NULL is a missing value; an empty text is one only of type text.

mod decode;
mod doubts;
mod findings;
mod lists;
mod lives;
mod merge;
mod moment;
mod parts;
mod persons;
mod plan;
mod ranges;
mod reach;
mod record;
mod references;
mod rows;
mod shape;
mod size;
mod strangers;
mod survey;
#[cfg(test)]
mod tests;
mod unsteady;
mod watch;
mod world;
mod write;

pub use doubts::{About, Doubt};
pub use findings::{ColumnFindings, Findings, Notes, Unreadable};
pub use lives::Lives;
pub use parts::{Parts, Sizes, Taker};
pub use persons::Persons;
pub use ranges::ContactRange;
pub use reach::{Channel, Reach};
pub use rows::{Bounds, NewRow};
pub use shape::Lack;
pub use strangers::Strangers;
pub use survey::{Kept, Question, Survey};
pub use write::{Change, Order, Refusal};

use super::error::{Error, ErrorKind};
use crate::model::CrmShape;
use rusqlite::{Connection, OpenFlags};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use watch::Seen;

/// An open CRM, for one thread; each thread [opens its own](Crm::again).
pub struct Crm {
    connection: Connection,
    path: PathBuf,
    shape: CrmShape,
    persons: Arc<Persons>,
    /// Opened with the first change.
    writer: RefCell<Option<Connection>>,
    seen: Cell<Seen>,
}

impl fmt::Debug for Crm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crm").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Crm {
    /// Opens a CRM read-only. Errors: [`ErrorKind::NotFound`], [`ErrorKind::NotADatabase`], [`ErrorKind::Busy`] after
    /// five seconds of waiting, [`ErrorKind::Corrupt`], [`ErrorKind::Io`].
    pub fn open(path: &Path) -> Result<Crm, Error> {
        let connection = connect(path)?;
        let shape =
            shape::read(&connection, path).map_err(|error| Error::sqlite(&path.display().to_string(), &error))?;
        Ok(Crm {
            connection,
            path: path.to_owned(),
            shape,
            persons: Arc::default(),
            writer: RefCell::default(),
            seen: Cell::default(),
        })
    }

    /// As [`Crm::open`], of a CRM that this program changes: what a process that died left half done, this one or
    /// another, is first taken back, as SQLite does it for everybody who may write.
    pub fn open_to_change(path: &Path) -> Result<Crm, Error> {
        match Crm::open(path) {
            Err(error) if error.kind == ErrorKind::HalfDone => {
                let recover = || {
                    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                    let connection = Connection::open_with_flags(path, flags)?;
                    connection.busy_timeout(crate::store::PATIENCE)?;
                    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))
                };
                recover().map_err(|error| Error::sqlite(&path.display().to_string(), &error))?;
                Crm::open(path)
            }
            opened => opened,
        }
    }

    /// A second connection to the same file, for another thread.
    pub fn again(&self) -> Result<Crm, Error> {
        Ok(Crm {
            connection: connect(&self.path)?,
            path: self.path.clone(),
            shape: self.shape.clone(),
            persons: Arc::clone(&self.persons),
            writer: RefCell::default(),
            seen: Cell::default(),
        })
    }

    /// Its tables and views when it was opened.
    pub fn shape(&self) -> &CrmShape {
        &self.shape
    }

    fn error(&self, error: &rusqlite::Error) -> Error {
        Error::sqlite(&self.shape.path, error)
    }

    /// As [`Crm::error`], of a query that reads this table or view.
    fn error_in(&self, table: &str, error: &rusqlite::Error) -> Error {
        let error = self.error(error);
        match error.kind {
            ErrorKind::Query => Error { detail: format!("`{table}`: {}", error.detail), ..error },
            _ => error,
        }
    }
}

fn connect(path: &Path) -> Result<Connection, Error> {
    let name = path.display().to_string();
    let metadata = std::fs::metadata(path).map_err(|error| Error::io(path, &error))?;
    if !metadata.is_file() {
        return Err(Error::new(ErrorKind::NotADatabase, &name, ""));
    }
    let prepare = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(crate::store::PATIENCE)?;
        // Contacts are read one by one with a query for each table.
        connection.set_prepared_statement_cache_capacity(128);
        // In the order of an index, rows lie all over the file: with the default of 2 MiB every page is read twice and more;
        // over 8 MiB nothing is gained, as measured over 400,000 and 8 million rows.
        connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -8192;")?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
        Ok(connection)
    };
    prepare().map_err(|error: rusqlite::Error| Error::sqlite(&name, &error))
}

//! The engine's own file: what it decided, what it waits for, and what became of its messages.
//!
//! One process at a time works on it, held by a lock on `NAME.lock` that dies with the process. Every table begins with
//! `scn_`; every table about contacts has `part`, a stable hash of the contact, and every statement names it, so that
//! the same statements serve a store that is spread over machines. What is decided and what it was decided from commit
//! together. Instants are parameters, never SQL's own clock; the contact's state is opaque here.
//!
//! A message goes through the states of [`MessageState`]; each step is one guarded update of exactly one row.

mod archive;
mod commit;
mod counts;
mod erasure;
mod inbox;
mod outbox;
mod persons;
mod reader;
mod registry;
mod schema;
mod send_journal;
#[cfg(test)]
mod tests;
mod writes;

pub use archive::{Archive, KeptMessage, Seen};
pub use commit::{Committed, ContactOut, JournalRow, Kept, NewMessage, Verdict};
pub use counts::Horizon;
pub use erasure::Erased;
pub use inbox::{Arrival, Claimed, InboxRow, Input, ReceiptOutcome};
pub use outbox::{DueMessage, Outcome, Recovered, Ticket};
pub use reader::{Gone, JournalReader, StateOf};
pub use writes::{NewWrite, PendingWrite};

use super::error::{Error, ErrorKind};
use crate::model::Id;
use crate::time::Instant;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use send_journal::SendJournal;
use std::fmt;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// The number of parts, fixed for life.
pub const PARTS: u64 = 1024;

/// The part of a contact: the first eight bytes, little-endian, of BLAKE3 over the id as text, modulo 1024.
pub fn part(contact: &Id) -> u16 {
    let hash = blake3::hash(contact.to_string().as_bytes());
    let first = hash.as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    (first % PARTS) as u16
}

/// What a message can be, by the name that its row bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageState {
    /// Decided, and to be claimed when it is due.
    Pending,
    /// This run is about to send it.
    Claimed,
    /// Its body is with the server, the final dot may follow at any moment.
    Handed,
    Accepted,
    /// To be tried again.
    Deferred,
    Bounced,
    Suppressed,
    Skipped,
    Cancelled,
    Expired,
    /// Handed, and nobody knows what became of it.
    Uncertain,
    /// Not sent to this person, so that it can be seen what messages change.
    HeldOut,
}

impl MessageState {
    pub const ALL: [MessageState; 12] = [
        MessageState::Pending,
        MessageState::Claimed,
        MessageState::Handed,
        MessageState::Accepted,
        MessageState::Deferred,
        MessageState::Bounced,
        MessageState::Suppressed,
        MessageState::Skipped,
        MessageState::Cancelled,
        MessageState::Expired,
        MessageState::Uncertain,
        MessageState::HeldOut,
    ];

    pub fn name(self) -> &'static str {
        match self {
            MessageState::Pending => "pending",
            MessageState::Claimed => "claimed",
            MessageState::Handed => "handed",
            MessageState::Accepted => "accepted",
            MessageState::Deferred => "deferred",
            MessageState::Bounced => "bounced",
            MessageState::Suppressed => "suppressed",
            MessageState::Skipped => "skipped",
            MessageState::Cancelled => "cancelled",
            MessageState::Expired => "expired",
            MessageState::Uncertain => "uncertain",
            MessageState::HeldOut => "held out",
        }
    }
}

/// An open state file, held by this process.
pub struct State {
    connection: Connection,
    path: PathBuf,
    /// As shown to the user.
    name: String,
    /// The owner of what this process claims.
    run: String,
    journal: SendJournal,
    /// Held until the process ends or the state is dropped.
    _lock: File,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("path", &self.path).field("run", &self.run).finish_non_exhaustive()
    }
}

impl State {
    /// Opens the state file, which is made where there is none, and takes over what a dead process left: claimed
    /// messages are pending again, handed ones uncertain. `run` names this process among all that ever worked on it.
    ///
    /// Errors: [`ErrorKind::Locked`] while another process works on it, [`ErrorKind::Busy`], [`ErrorKind::Full`],
    /// [`ErrorKind::Corrupt`], [`ErrorKind::NotADatabase`], [`ErrorKind::Newer`], [`ErrorKind::OlderThanJournal`],
    /// [`ErrorKind::Io`].
    pub fn open(path: &Path, run: &str, now: Instant) -> Result<(State, Recovered), Error> {
        let name = path.display().to_string();
        let lock = lock(&beside(path, "lock"), &name)?;
        let failed = |error: rusqlite::Error| Error::sqlite(&name, &error);
        let mut connection = connect(path).map_err(failed)?;
        schema::check(&connection, &name)?;
        schema::prepare(&mut connection, &name)?;
        let handings = outbox::handings(&connection).map_err(failed)?;
        let journal = SendJournal::open(&beside(path, "sent"), &name, handings)?;
        let run = run.to_owned();
        let mut state = State { connection, path: path.to_owned(), name, run, journal, _lock: lock };
        let recovered = state.recover(now)?;
        Ok((state, recovered))
    }

    /// Copies it as it is now to a file that does not exist.
    pub fn copy(&self, to: &Path) -> Result<(), Error> {
        self.read(|connection| connection.execute("VACUUM INTO ?1", [to.display().to_string()]))?;
        Ok(())
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs statements that commit together or not at all.
    fn write<T>(&mut self, statements: impl FnOnce(&Transaction<'_>) -> Result<T, Refused>) -> Result<T, Error> {
        let run = || -> Result<T, Refused> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = statements(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        run().map_err(|refused| refused.into_error(&self.name))
    }

    fn read<T>(&self, statements: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>) -> Result<T, Error> {
        statements(&self.connection).map_err(|error| Error::sqlite(&self.name, &error))
    }
}

/// Why a transaction was taken back.
#[derive(Debug)]
enum Refused {
    Sqlite(rusqlite::Error),
    /// A guard did not hold: what was to be moved is not where it must be.
    Broken(String),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Refused {
        Refused::Sqlite(error)
    }
}

impl Refused {
    fn into_error(self, name: &str) -> Error {
        match self {
            Refused::Sqlite(error) => Error::sqlite(name, &error),
            Refused::Broken(what) => Error::new(ErrorKind::Broken, name, what),
        }
    }
}

/// `state.db` and `lock` give `state.db.lock`.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// The lock of the system: it dies with the process, so there is no stale one. The file stays, since taking it away
/// could let two processes lock two files of one name.
fn lock(path: &Path, name: &str) -> Result<File, Error> {
    let open = File::options().create(true).truncate(false).write(true).open(path);
    // A file is made where there is none, so that only its folder can be missing.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = open.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::io(folder, &error),
        _ => Error::io(path, &error),
    })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::new(ErrorKind::Locked, name, "")),
        Err(TryLockError::Error(error)) => Err(Error::io(path, &error)),
    }
}

fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(super::PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

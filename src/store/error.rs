//! What can go wrong with a database file, as data.

use rusqlite::{ErrorCode, ffi};
use std::fmt;
use std::path::Path;

/// Why a file cannot serve. The command line maps each to an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// There is no such file.
    NotFound,
    /// The file is no SQLite database.
    NotADatabase,
    /// Another program holds the database; it was waited for.
    Busy,
    /// Another `scn run` works on the same state.
    Locked,
    /// The disk is full.
    Full,
    /// The database is damaged.
    Corrupt,
    /// The file was written by a newer version.
    Newer,
    /// The state file was written by an older version, and this one reads it only after it was taken over.
    Older,
    /// The database is no state file.
    NoState,
    /// The database is older than its send journal: a restored backup.
    OlderThanJournal,
    /// A process died in the middle of a change, and only who may write can take it back.
    HalfDone,
    /// The disk or the system refused.
    Io,
    /// The database refuses a statement: a broken view, a table that is not as promised.
    Query,
    /// A cache of a history is damaged: the CRM itself is read instead, so that nobody sees this.
    Cache,
    /// What the state must not hold: the same message decided twice, a message moved by two hands.
    Broken,
}

/// An error of the store, with the file that it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub kind: ErrorKind,
    /// The file as the user named it.
    pub file: String,
    /// What the system said, cleaned; may be empty.
    pub detail: String,
}

impl Error {
    pub(super) fn new(kind: ErrorKind, file: &str, detail: impl Into<String>) -> Error {
        Error { kind, file: file.to_owned(), detail: detail.into() }
    }

    pub(super) fn io(path: &Path, error: &std::io::Error) -> Error {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => ErrorKind::Full,
            _ => ErrorKind::Io,
        };
        Error::new(kind, &path.display().to_string(), error.to_string())
    }

    pub(super) fn sqlite(file: &str, error: &rusqlite::Error) -> Error {
        let kind = match error {
            rusqlite::Error::SqliteFailure(failure, _) | rusqlite::Error::SqlInputError { error: failure, .. } => {
                kind_of(failure)
            }
            _ => ErrorKind::Query,
        };
        Error::new(kind, file, super::text::cleaned(&error.to_string(), 200))
    }

    /// The way out, where there is one that is always right.
    pub fn help(&self) -> Option<&'static str> {
        Some(match self.kind {
            ErrorKind::NotFound => "check the path",
            ErrorKind::Busy => "try again when the other program has finished",
            ErrorKind::Locked => "stop the other `scn run`, or name another file with `--state`",
            ErrorKind::Full => "free some space and run the same command again; nothing is lost",
            ErrorKind::Corrupt => "restore the file from a backup",
            ErrorKind::Newer => "use the version of `scn` that wrote it, or a newer one",
            ErrorKind::Older => "`scn run` takes it over when it works on it next",
            ErrorKind::NoState => {
                "name the file that `scn run` keeps its state in, `state` of `scn.toml` or beside the CRM"
            }
            ErrorKind::OlderThanJournal => {
                "put the newest database back; sending from this one would send those messages again"
            }
            ErrorKind::HalfDone => {
                "let `scn run`, `sqlite3` or the program that changes it open it once; SQLite then takes the change back"
            }
            ErrorKind::NotADatabase => "name an SQLite file; `scn import` makes one of a CSV",
            ErrorKind::Io | ErrorKind::Query | ErrorKind::Cache | ErrorKind::Broken => return None,
        })
    }
}

fn kind_of(failure: &rusqlite::ffi::Error) -> ErrorKind {
    // The memory map of a WAL index fails this way, not as "full", when there is no space left for it.
    if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE {
        return ErrorKind::Full;
    }
    if matches!(failure.extended_code, ffi::SQLITE_READONLY_ROLLBACK | ffi::SQLITE_READONLY_RECOVERY) {
        return ErrorKind::HalfDone;
    }
    match failure.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => ErrorKind::Busy,
        ErrorCode::DiskFull => ErrorKind::Full,
        ErrorCode::DatabaseCorrupt => ErrorKind::Corrupt,
        ErrorCode::NotADatabase => ErrorKind::NotADatabase,
        ErrorCode::ConstraintViolation => ErrorKind::Broken,
        ErrorCode::CannotOpen
        | ErrorCode::SystemIoFailure
        | ErrorCode::ReadOnly
        | ErrorCode::PermissionDenied
        | ErrorCode::FileLockingProtocolFailed => ErrorKind::Io,
        _ => ErrorKind::Query,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Error { kind, file, detail } = self;
        match kind {
            ErrorKind::NotFound => return write!(f, "there is no file `{file}`"),
            ErrorKind::NotADatabase => return write!(f, "`{file}` is not an SQLite database"),
            ErrorKind::Busy => return write!(f, "`{file}` is locked by another program"),
            ErrorKind::Locked => return write!(f, "another `scn run` works on `{file}`"),
            ErrorKind::Full => return write!(f, "no space is left for `{file}`"),
            ErrorKind::Corrupt => write!(f, "`{file}` is damaged")?,
            ErrorKind::Newer => write!(f, "`{file}` was written by a newer version")?,
            ErrorKind::Older => write!(f, "`{file}` was written by an older version")?,
            ErrorKind::NoState => return write!(f, "`{file}` is no state file of `scn run`"),
            ErrorKind::OlderThanJournal => write!(f, "`{file}` is older than its send journal")?,
            ErrorKind::HalfDone => return write!(f, "`{file}` holds a change that somebody died in the middle of"),
            ErrorKind::Io => write!(f, "`{file}` cannot be read or written")?,
            ErrorKind::Query => write!(f, "`{file}` refuses to answer")?,
            ErrorKind::Cache => write!(f, "the cache `{file}` is damaged")?,
            ErrorKind::Broken => write!(f, "`{file}` holds what must not be")?,
        }
        if detail.is_empty() { Ok(()) } else { write!(f, ": {detail}") }
    }
}

impl std::error::Error for Error {}

//! `scn import`: a CSV becomes the table `csv`, an SQL mapping fills the CRM with it, in one transaction.
//!
//! The mapping sees two temporary tables: `csv`, with `line` (INTEGER, where the record begins in the file; the header
//! is line 1) and a TEXT column for each name of the header, an empty cell being an empty text; and
//! `reject(line, reason)`, into which it puts what it refuses. Records that are no records (another number of cells
//! than the header, not UTF-8) are in `reject` already and not in `csv`.
//!
//! A mapping can neither open other files, nor change settings, nor end the transaction.

mod mapping;
mod rejects;
mod source;
#[cfg(test)]
mod tests;

pub use rejects::Reject;

use super::error::{Error, ErrorKind};
use super::text::quoted;
use rusqlite::{Connection, OpenFlags};
use std::fmt;
use std::path::{Path, PathBuf};

/// What to import.
#[derive(Clone, Debug)]
pub struct Request {
    /// Made when it does not exist.
    pub crm: PathBuf,
    /// Plain or gzip, whatever its name.
    pub csv: PathBuf,
    /// The SQL: files that are run one after the other.
    pub mappings: Vec<PathBuf>,
    /// Where to write the rejected records.
    pub rejects: Option<PathBuf>,
    /// With more rejects, nothing is imported.
    pub rejects_max: Option<u64>,
}

/// How far the import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Bytes of the file, as it lies on the disk.
    Reading { bytes: u64, bytes_total: u64 },
    /// The mapping runs.
    Filling,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Records of the CSV, the rejected ones included.
    pub records: u64,
    pub rejected: u64,
    /// By reason, the most frequent first.
    pub reasons: Vec<(String, u64)>,
    /// The first twenty, by line.
    pub first: Vec<Reject>,
    /// The CRM's tables with the rows that came to each, where some did.
    pub tables: Vec<(String, u64)>,
}

/// Why nothing was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportError {
    /// A file or database failed.
    Store(Error),
    /// The CSV as a whole is none: its header names no columns, or one twice.
    Csv { file: String, problem: String },
    /// The mapping's SQL failed, at a line of its file.
    Mapping { file: String, line: usize, problem: String },
    /// More records were rejected than allowed; the report says which.
    TooManyRejects { allowed: u64, report: Box<Report> },
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImportError::Store(error) => error.fmt(f),
            ImportError::Csv { file, problem } => write!(f, "`{file}` cannot be imported: {problem}"),
            ImportError::Mapping { file, line, problem } => write!(f, "{file}:{line}: {problem}"),
            ImportError::TooManyRejects { allowed, report } => {
                write!(f, "{} records were rejected, more than the {allowed} allowed", report.rejected)
            }
        }
    }
}

impl std::error::Error for ImportError {}

impl From<Error> for ImportError {
    fn from(error: Error) -> ImportError {
        ImportError::Store(error)
    }
}

/// Imports, or leaves everything as it was. A CRM that does not exist is made under another name in the same folder
/// and gets its own when it is whole.
pub fn import(request: &Request, progress: &mut dyn FnMut(Progress)) -> Result<Report, ImportError> {
    let read = |path: &PathBuf| match std::fs::read_to_string(path) {
        Ok(sql) => Ok((path.clone(), sql)),
        Err(error) => Err(Error::io(path, &error)),
    };
    let mappings: Vec<(PathBuf, String)> = request.mappings.iter().map(read).collect::<Result<_, _>>()?;
    match std::fs::metadata(&request.crm) {
        Ok(_) => fill(request, &request.crm, &mappings, progress),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let failed = |error: &std::io::Error| ImportError::Store(Error::io(&request.crm, error));
            let folder = request.crm.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let draft = tempfile::Builder::new().prefix(".scn-import-").suffix(".db").tempfile_in(folder);
            let draft = draft.map_err(|error| failed(&error))?;
            let report = fill(request, draft.path(), &mappings, progress)?;
            readable_as_usual(draft.as_file()).map_err(|error| failed(&error))?;
            draft.as_file().sync_all().map_err(|error| failed(&error))?;
            draft.persist_noclobber(&request.crm).map_err(|error| failed(&error.error))?;
            Ok(report)
        }
        Err(error) => Err(Error::io(&request.crm, &error).into()),
    }
}

/// A draft is made for its owner alone; a CRM is a file like any other.
fn readable_as_usual(file: &std::fs::File) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    let _ = file;
    Ok(())
}

fn fill(
    request: &Request,
    database: &Path,
    mappings: &[(PathBuf, String)],
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, ImportError> {
    let file = request.crm.display().to_string();
    let failed = |error: rusqlite::Error| ImportError::Store(Error::sqlite(&file, &error));
    let mut connection = connect(database, database != request.crm).map_err(failed)?;
    // Dropping the connection before the commit takes everything back.
    connection.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
    let before = counts(&connection).map_err(failed)?;
    let source = source::load(&connection, request, progress)?;
    progress(Progress::Filling);
    for (path, sql) in mappings {
        mapping::run(&mut connection, path, sql)?;
    }
    let after = counts(&connection).map_err(failed)?;
    let mut report = rejects::report(&connection).map_err(failed)?;
    report.records = source.records;
    report.tables = grown(&before, after);
    if let Some(path) = &request.rejects {
        rejects::write(&connection, path, &source.header, &file)?;
    }
    if let Some(allowed) = request.rejects_max.filter(|allowed| report.rejected > *allowed) {
        return Err(ImportError::TooManyRejects { allowed, report: Box::new(report) });
    }
    connection.execute_batch("COMMIT").map_err(failed)?;
    connection.close().map_err(|(_, error)| failed(error))?;
    Ok(report)
}

fn connect(path: &Path, is_draft: bool) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(super::PATIENCE)?;
    // The temporary tables need no way back of their own: when the import fails, they go with the connection. So does
    // a draft, which is written to the disk once, when it is whole.
    connection.execute_batch("PRAGMA cache_size = -65536; PRAGMA temp.journal_mode = OFF;")?;
    if is_draft {
        connection.execute_batch("PRAGMA main.journal_mode = OFF; PRAGMA synchronous = OFF;")?;
    }
    Ok(connection)
}

/// The CRM's tables with their numbers of rows, in the order of names.
fn counts(connection: &Connection) -> Result<Vec<(String, u64)>, rusqlite::Error> {
    let mut statement = connection.prepare(
        "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let count = |name: String| {
        let sql = format!("SELECT count(*) FROM main.{}", quoted(&name));
        let count: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
        Ok((name, count.unsigned_abs()))
    };
    names.into_iter().map(count).collect()
}

fn grown(before: &[(String, u64)], after: Vec<(String, u64)>) -> Vec<(String, u64)> {
    let rows_before = |name: &str| before.iter().find(|(each, _)| each == name).map_or(0, |(_, count)| *count);
    let grown = after.into_iter().map(|(name, count)| {
        let more = count.saturating_sub(rows_before(&name));
        (name, more)
    });
    grown.filter(|(_, more)| *more > 0).collect()
}

//! What an import refuses: counted by reason, the first shown, all written to a CSV on demand.

use super::{Error, ErrorKind, ImportError, Report};
use crate::store::text::{cleaned, quoted};
use csv::ByteRecord;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// How many rejects a report shows.
const SHOWN: i64 = 20;

/// A record that was not imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Where the record begins in the file; `None` when the mapping did not say.
    pub line: Option<u64>,
    pub reason: String,
}

/// `reject` is for the mapping; `malformed` keeps the cells of what is not in `csv`, as a line of CSV.
pub(super) fn create_table(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.execute_batch(
        "CREATE TEMP TABLE reject(line INTEGER, reason TEXT);
         CREATE TEMP TABLE scn_malformed(line INTEGER PRIMARY KEY, cells BLOB);",
    )
}

pub(super) fn add_malformed(
    connection: &Connection,
    line: i64,
    reason: &str,
    record: &ByteRecord,
) -> Result<(), rusqlite::Error> {
    connection.prepare_cached("INSERT INTO temp.reject VALUES (?1, ?2)")?.execute((line, reason))?;
    let mut cells = Vec::new();
    for cell in record {
        cells.extend((cell.len() as u64).to_le_bytes());
        cells.extend(cell);
    }
    connection.prepare_cached("INSERT INTO temp.scn_malformed VALUES (?1, ?2)")?.execute((line, cells))?;
    Ok(())
}

/// The cells that [`add_malformed`] kept.
fn malformed_cells(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut cells = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<8>() {
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let Some((cell, rest)) = rest.split_at_checked(length) else { break };
        cells.push(cell);
        bytes = rest;
    }
    cells
}

/// Counts the rejects; the other fields of the report are left empty.
pub(super) fn report(connection: &Connection) -> Result<Report, rusqlite::Error> {
    let rejected: i64 = connection.query_row("SELECT count(*) FROM temp.reject", [], |row| row.get(0))?;
    let mut report = Report { rejected: rejected.unsigned_abs(), ..Report::default() };
    let reason = |value: ValueRef<'_>| match value {
        ValueRef::Text(bytes) => cleaned(&String::from_utf8_lossy(bytes), 80),
        _ => "no reason given".into(),
    };
    let mut statement = connection
        .prepare("SELECT reason, count(*) FROM temp.reject GROUP BY reason ORDER BY count(*) DESC, reason")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        report.reasons.push((reason(row.get_ref(0)?), row.get::<_, i64>(1)?.unsigned_abs()));
    }
    let mut statement =
        connection.prepare("SELECT line, reason FROM temp.reject ORDER BY line IS NULL, line, reason LIMIT ?1")?;
    let mut rows = statement.query([SHOWN])?;
    while let Some(row) = rows.next()? {
        let line = row.get_ref(0)?.as_i64().ok().and_then(|line| u64::try_from(line).ok());
        report.first.push(Reject { line, reason: reason(row.get_ref(1)?) });
    }
    Ok(report)
}

/// Writes all rejects: line, reason, and the cells of the record. A cell that a spreadsheet would take for a formula
/// gets a leading `'`.
pub(super) fn write(connection: &Connection, path: &Path, header: &[String], crm: &str) -> Result<(), ImportError> {
    let file = File::create(path).map_err(|error| Error::io(path, &error))?;
    let mut out = csv::WriterBuilder::new().flexible(true).from_writer(BufWriter::new(file));
    let written = write_all(connection, &mut out, header).map_err(|failure| match failure {
        Failure::Crm(error) => Error::sqlite(crm, &error),
        Failure::File(error) => match error.into_kind() {
            csv::ErrorKind::Io(error) => Error::io(path, &error),
            other => Error::new(ErrorKind::Io, &path.display().to_string(), format!("{other:?}")),
        },
    });
    written?;
    let flushed =
        out.into_inner().map_err(|error| Error::new(ErrorKind::Io, &path.display().to_string(), error.to_string()))?;
    flushed
        .into_inner()
        .map_err(|error| Error::io(path, error.error()))?
        .flush()
        .map_err(|error| Error::io(path, &error))?;
    Ok(())
}

/// Which side failed.
enum Failure {
    Crm(rusqlite::Error),
    File(csv::Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Failure {
        Failure::Crm(error)
    }
}

impl From<csv::Error> for Failure {
    fn from(error: csv::Error) -> Failure {
        Failure::File(error)
    }
}

fn write_all(connection: &Connection, out: &mut csv::Writer<impl Write>, header: &[String]) -> Result<(), Failure> {
    let names = ["line", "reason"].into_iter().chain(header.iter().map(String::as_str));
    out.write_record(names.map(|name| harmless(name.as_bytes())))?;
    let cells: String = header.iter().map(|name| format!(", csv.{}", quoted(name))).collect();
    let mut statement = connection.prepare(&format!(
        "SELECT reject.line, reject.reason, scn_malformed.cells, csv.line{cells} FROM temp.reject AS reject \
         LEFT JOIN temp.csv AS csv ON csv.line = reject.line \
         LEFT JOIN temp.scn_malformed AS scn_malformed ON scn_malformed.line = reject.line \
         ORDER BY reject.line IS NULL, reject.line, reject.reason"
    ))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let line = row.get_ref(0)?.as_i64().map(|line| line.to_string()).unwrap_or_default();
        out.write_field(line)?;
        out.write_field(harmless(row.get_ref(1)?.as_bytes_or_null().ok().flatten().unwrap_or_default()))?;
        if let ValueRef::Blob(bytes) = row.get_ref(2)? {
            for cell in malformed_cells(bytes) {
                out.write_field(harmless(cell))?;
            }
        } else if row.get_ref(3)? != ValueRef::Null {
            for place in 0..header.len() {
                out.write_field(harmless(
                    row.get_ref(4 + place)?.as_bytes_or_null().ok().flatten().unwrap_or_default(),
                ))?;
            }
        }
        out.write_record(None::<&[u8]>)?;
    }
    Ok(())
}

/// See "CSV injection" (OWASP): a cell that begins like a formula becomes a text.
fn harmless(cell: &[u8]) -> Cow<'_, [u8]> {
    match cell {
        [b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r', ..] => Cow::Owned([b"'", cell].concat()),
        _ => Cow::Borrowed(cell),
    }
}

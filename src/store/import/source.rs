//! The CSV as the temporary table `csv`.

use super::{Error, ImportError, Progress, Request, rejects};
use crate::store::text::{cleaned, quoted};
use csv::ByteRecord;
use flate2::read::MultiGzDecoder;
use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Statement, params_from_iter};
use std::cell::Cell;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

/// Progress is told every so many records.
const TELL_EVERY: u64 = 4096;

/// What was read.
pub(super) struct Loaded {
    pub header: Vec<String>,
    pub records: u64,
}

/// Reads the whole file into `csv`, and what is no record into `reject`.
pub(super) fn load(
    connection: &Connection,
    request: &Request,
    progress: &mut dyn FnMut(Progress),
) -> Result<Loaded, ImportError> {
    let (text, bytes, bytes_total) = open(&request.csv).map_err(|error| Error::io(&request.csv, &error))?;
    let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text);
    let failed = |error: csv::Error| ImportError::from(unreadable(&request.csv, &error));
    let refused =
        |error: rusqlite::Error| ImportError::Store(Error::sqlite(&request.crm.display().to_string(), &error));

    let mut record = ByteRecord::new();
    reader.read_byte_record(&mut record).map_err(failed)?;
    let file = request.csv.display().to_string();
    let header = header(&record).map_err(|problem| ImportError::Csv { file, problem })?;
    rejects::create_table(connection).map_err(refused)?;
    let mut insert = create_table(connection, &header).map_err(refused)?;

    let mut records = 0;
    loop {
        if records % TELL_EVERY == 0 {
            progress(Progress::Reading { bytes: bytes.get(), bytes_total });
        }
        if !reader.read_byte_record(&mut record).map_err(failed)? {
            break;
        }
        records += 1;
        let line = record.position().map_or(0, |position| position.line());
        keep(connection, &mut insert, &header, line, &record).map_err(refused)?;
    }
    progress(Progress::Reading { bytes: bytes_total, bytes_total });
    Ok(Loaded { header, records })
}

/// The text of a file, the bytes of it read so far, and its size.
#[allow(clippy::type_complexity, reason = "three things that only the loop above needs together")]
fn open(path: &Path) -> std::io::Result<(Box<dyn Read>, Rc<Cell<u64>>, u64)> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let bytes = Rc::new(Cell::new(0));
    let mut counted = BufReader::with_capacity(1 << 16, Counted { file, bytes: Rc::clone(&bytes) });
    let text: Box<dyn Read> = match counted.fill_buf()? {
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(counted)),
        _ => Box::new(counted),
    };
    Ok((text, bytes, size))
}

/// A file that counts what was read of it.
struct Counted {
    file: File,
    bytes: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.bytes.set(self.bytes.get() + count as u64);
        Ok(count)
    }
}

fn unreadable(path: &Path, error: &csv::Error) -> Error {
    match error.kind() {
        csv::ErrorKind::Io(io) => Error::io(path, io),
        _ => Error::new(super::ErrorKind::Io, &path.display().to_string(), error.to_string()),
    }
}

/// What stands between cells in files that are no CSV with commas.
const OTHER_SEPARATORS: [(char, &str); 3] = [(';', "semicolons"), ('\t', "tabs"), ('|', "bars")];

/// The names of the columns; an error in words when they cannot be those of a table.
fn header(record: &ByteRecord) -> Result<Vec<String>, String> {
    let mut names: Vec<String> = Vec::new();
    for (place, cell) in record.iter().enumerate() {
        let cell = if place == 0 { cell.strip_prefix(b"\xef\xbb\xbf").unwrap_or(cell) } else { cell };
        let name = std::str::from_utf8(cell).map_err(|_| "its header is not UTF-8".to_owned())?.trim();
        if name.is_empty() || name.contains('\0') {
            return Err(format!("column {} has no name", place + 1));
        }
        // SQLite takes names that differ in case alone for one.
        if name.eq_ignore_ascii_case("line") || names.iter().any(|each| each.eq_ignore_ascii_case(name)) {
            let taken = if name.eq_ignore_ascii_case("line") { "is the number of the line" } else { "is there twice" };
            return Err(format!("the column `{}` {taken}", cleaned(name, 60)));
        }
        names.push(name.to_owned());
    }
    if let [only] = names.as_slice()
        && let Some((sign, called)) = OTHER_SEPARATORS.iter().find(|(sign, _)| only.contains(*sign))
    {
        let shown = cleaned(&only.replace(*sign, " "), 60);
        return Err(format!(
            "its header is one column, whose names are separated by {called}: {shown}; save it as CSV with commas"
        ));
    }
    if names.is_empty() { Err("it is empty".into()) } else { Ok(names) }
}

fn create_table<'a>(connection: &'a Connection, header: &[String]) -> Result<Statement<'a>, rusqlite::Error> {
    let columns: String = header.iter().map(|name| format!(", {} TEXT", quoted(name))).collect();
    connection.execute_batch(&format!("CREATE TEMP TABLE csv(line INTEGER PRIMARY KEY{columns})"))?;
    let places: String = header.iter().map(|_| ", ?").collect();
    connection.prepare(&format!("INSERT INTO temp.csv VALUES (?{places})"))
}

/// A record goes into `csv`, what is none into `reject`.
fn keep(
    connection: &Connection,
    insert: &mut Statement<'_>,
    header: &[String],
    line: u64,
    record: &ByteRecord,
) -> Result<(), rusqlite::Error> {
    let line = i64::try_from(line).unwrap_or(i64::MAX);
    if record.len() != header.len() {
        let cells = if record.len() == 1 { "cell" } else { "cells" };
        let reason = format!("{} {cells} instead of {}", record.len(), header.len());
        return rejects::add_malformed(connection, line, &reason, record);
    }
    if record.iter().any(|cell| std::str::from_utf8(cell).is_err()) {
        return rejects::add_malformed(connection, line, "not UTF-8", record);
    }
    let cells = record.iter().map(Parameter::Text);
    insert.execute(params_from_iter(std::iter::once(Parameter::Line(line)).chain(cells)))?;
    Ok(())
}

/// A value of `csv`.
enum Parameter<'a> {
    Line(i64),
    Text(&'a [u8]),
}

impl ToSql for Parameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Parameter::Line(line) => ToSqlOutput::Owned(Value::Integer(*line)),
            Parameter::Text(bytes) => ToSqlOutput::Borrowed(ValueRef::Text(bytes)),
        })
    }
}

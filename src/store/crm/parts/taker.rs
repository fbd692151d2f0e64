//! The reading itself: pieces of tables, taken by whoever is free.

use super::room::Room;
use super::sink::{Sink, TAKE, Taking};
use super::{Parts, Sizes, refused};
use crate::model::Id;
use crate::store::crm::lives::Lives;
use crate::store::crm::plan::{Content, Source};
use crate::store::crm::{Bounds, Crm, Error};
use crate::store::id;
use crate::store::text::quoted;
use crate::time::Zone;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, params_from_iter};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// How many parts and pieces of a table there are at most.
const PARTS_MAX: u64 = 2_048;

/// With fewer, parts are smaller: no thread should wait long for the last part of another.
const PARTS_FEW: u64 = 64;

/// How many rows a piece has at least, so that beginning one costs little.
const ROWS_IN_PIECE: i128 = if cfg!(debug_assertions) { 4 } else { 4_096 };

/// How many contacts are looked at for each part. Each look reads a page of its own, while all threads wait; with fewer, parts differ
/// more in length.
const LOOKED_AT: u64 = 8;

/// Where each page is read once, whoever comes after it: 512 KiB of them are kept.
const FEW_PAGES: &str = "PRAGMA cache_size = -512";

/// With more columns than any record has, a table is read in the order of contacts: a function of SQL has so many arguments at
/// most (SQLite, "Limits", 6).
const COLUMNS_MAX: usize = 100;

/// All rows of the lives, about to be taken by any number of threads.
#[derive(Debug)]
pub struct Taker {
    tables: Vec<Table>,
    pieces: Vec<Piece>,
    next: AtomicUsize,
    cuts: Arc<[Id]>,
    room: Arc<Mutex<Room>>,
    found: Mutex<(Option<Bounds>, u64)>,
}

#[derive(Debug)]
struct Table {
    sql: String,
    columns: usize,
    /// The zone of dates, where the rows are events.
    dated: Option<Zone>,
}

/// A part of a table, by the numbers of its rows; all of it where they have none.
#[derive(Clone, Copy, Debug)]
struct Piece {
    table: usize,
    rows: Option<(i64, i64)>,
}

impl Lives<'_> {
    /// Prepares to take all rows. `None` where they are to be read in the order of contacts: an event is a view, or has no
    /// row numbers, by which it could be cut; the index of the longest table has all that is read of it; or something is counted
    /// on the way.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn taker(&self, crm: &Crm, sizes: Sizes) -> Result<Option<Taker>, Error> {
        let prepare = || {
            // Of one state of the CRM, whose lock is taken once and not for each of the contacts that are looked at.
            let _transaction = crm.connection.unchecked_transaction()?;
            let mut numbers = Vec::new();
            for (source, _) in self.sources() {
                if source.tally.is_some() || source.selected.len() > COLUMNS_MAX {
                    return Ok(None);
                }
                numbers.push(row_number(crm, source)?);
            }
            // The contact comes before the events.
            let events = || self.events.iter().zip(numbers.iter().skip(1));
            if events().any(|(event, number)| event.source.origin.content == Content::Own && number.is_none()) {
                return Ok(None);
            }
            let pages = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
            let bytes: i64 = crm.connection.query_row(pages, [], |row| row.get(0))?;
            let parts = |part: u64| bytes.unsigned_abs() / part.max(1);
            let count = parts(sizes.part).max(parts(sizes.part / 4).min(PARTS_FEW)).clamp(1, PARTS_MAX);
            let (mut tables, mut pieces, mut longest) =
                (Vec::new(), Vec::new(), None::<(i128, &Source, &str, (i64, i64))>);
            for (place, ((source, _), number)) in self.sources().zip(&numbers).enumerate() {
                let is_event = (1..=self.events.len()).contains(&place);
                tables.push(Table::new(source, *number, is_event.then_some(self.zone)));
                let Some(number) = *number else {
                    pieces.push(Piece { table: place, rows: None });
                    continue;
                };
                let Some(rows) = ends(&crm.connection, source, number)? else { continue };
                cut(place, rows, i128::from(count), &mut pieces);
                let length = i128::from(rows.1) - i128::from(rows.0);
                if is_event && longest.is_none_or(|(known, ..)| known < length) {
                    longest = Some((length, source, number, rows));
                }
            }
            let cuts = match longest {
                Some((_, source, ..)) if self.is_covered(crm, source)? => return Ok(None),
                Some((_, source, number, rows)) => cuts(&crm.connection, source, number, rows, count)?,
                None => Vec::new(),
            };
            let room = Room::new(tables.len(), cuts.len() + 1, sizes.memory);
            Ok(Some(Taker {
                tables,
                pieces,
                next: AtomicUsize::new(0),
                cuts: cuts.into(),
                room: Arc::new(Mutex::new(room)),
                found: Mutex::default(),
            }))
        };
        prepare().map_err(|error: rusqlite::Error| crm.error(&error))
    }
}

impl Table {
    fn new(source: &Source, number: Option<&str>, dated: Option<Zone>) -> Table {
        let (select, from) = (source.select(), &source.origin.from);
        let sql = match number {
            // In the order of the table, whatever index there is.
            Some(number) => {
                format!("SELECT {TAKE}({select}) FROM {from} NOT INDEXED WHERE {number} BETWEEN ?1 AND ?2")
            }
            None => format!("SELECT {TAKE}({select}) FROM {from}"),
        };
        Table { sql, columns: source.selected.len(), dated }
    }
}

impl Taker {
    /// Takes one piece after the other, until there is none: what each thread does, with a connection of its own.
    ///
    /// # Errors
    /// When SQLite, or the disk that holds temporary files, refuses.
    pub fn take(&self, crm: &Crm) -> Result<(), Error> {
        let taken = Arc::new(Mutex::new(Some(Box::new(Sink::new(&self.room, &self.cuts)))));
        let read = || {
            let taking = Taking(Arc::clone(&taken));
            crm.connection.execute_batch(FEW_PAGES)?;
            crm.connection.create_aggregate_function(TAKE, -1, FunctionFlags::SQLITE_DIRECTONLY, taking)?;
            // One transaction, so that all pieces are of one state of the CRM.
            let transaction = crm.connection.unchecked_transaction()?;
            loop {
                let number = self.next.fetch_add(1, Relaxed);
                let Some(piece) = self.pieces.get(number) else { break };
                if !self.take_piece(&transaction, *piece, number as u32, &taken)? {
                    break;
                }
            }
            transaction.finish()?;
            crm.connection.remove_function(TAKE, -1)
        };
        let read = read();
        let Some(mut sink) = taken.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return read.map_err(|error| crm.error(&error));
        };
        // Where the disk refused, SQLite only says that a function did.
        let failed = sink.failed.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        failed.map_or(Ok(()), |error| Err(refused(error)))?;
        read.map_err(|error| crm.error(&error))?;
        sink.finish().map_err(refused)?;
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let (bounds, rows) = &mut *found;
        *bounds = [*bounds, sink.bounds].into_iter().flatten().reduce(Bounds::with);
        *rows += sink.rows;
        Ok(())
    }

    /// False where the disk refuses.
    fn take_piece(
        &self,
        connection: &Connection,
        Piece { table, rows }: Piece,
        number: u32,
        taken: &Mutex<Option<Box<Sink>>>,
    ) -> Result<bool, rusqlite::Error> {
        let Some(Table { sql, columns, dated }) = self.tables.get(table) else { return Ok(true) };
        if let Some(sink) = taken.lock().unwrap_or_else(PoisonError::into_inner).as_mut()
            && let Err(error) = sink.begin(table, number, *columns, *dated)
        {
            sink.failed = Mutex::new(Some(error));
            return Ok(false);
        }
        let bounds = rows.into_iter().flat_map(|(first, last)| [first, last]);
        connection.prepare_cached(sql)?.query_row(params_from_iter(bounds), |_| Ok(()))?;
        Ok(true)
    }

    /// What all threads took.
    pub fn finish(self) -> Parts {
        let (bounds, rows) = self.found.into_inner().unwrap_or_else(PoisonError::into_inner);
        Parts { room: self.room, cuts: self.cuts, bounds, rows }
    }
}

/// The name of the number of a table's rows; `None` where it has none, or is no table.
fn row_number(crm: &Crm, source: &Source) -> Result<Option<&'static str>, rusqlite::Error> {
    let origin = &source.origin;
    if origin.content != Content::Own || origin.from != quoted(&origin.table) {
        return Ok(None);
    }
    let sql = "SELECT EXISTS (SELECT 1 FROM pragma_table_list
               WHERE schema = 'main' AND name = ?1 COLLATE NOCASE AND type = 'table' AND NOT wr)";
    let has_numbers: bool = crm.connection.query_row(sql, [&origin.table], |row| row.get(0))?;
    let is_column = |name: &str| origin.columns.iter().any(|column| column.eq_ignore_ascii_case(name));
    Ok(["rowid", "_rowid_", "oid"].into_iter().find(|name| has_numbers && !is_column(name)))
}

/// The first and the last number of a table's rows.
fn ends(connection: &Connection, source: &Source, number: &str) -> Result<Option<(i64, i64)>, rusqlite::Error> {
    let end = |order: &str| format!("(SELECT {number} FROM {} ORDER BY {number} {order} LIMIT 1)", source.origin.from);
    let sql = format!("SELECT {}, {}", end("ASC"), end("DESC"));
    let ends = connection.query_row(&sql, [], |row| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?)));
    ends.map(|(first, last)| first.zip(last))
}

/// Cuts a table into at most so many pieces, together everything.
fn cut(table: usize, (first, last): (i64, i64), count: i128, pieces: &mut Vec<Piece>) {
    let (first, length) = (i128::from(first), i128::from(last) - i128::from(first) + 1);
    let count = count.min(length / ROWS_IN_PIECE).max(1);
    let begin = |place: i128| i64::try_from(first + length * place / count).unwrap_or(i64::MAX);
    // Who reads later may see rows that came since, at either end.
    let from = |place: i128| if place == 0 { i64::MIN } else { begin(place) };
    let to = |place: i128| if place + 1 == count { i64::MAX } else { begin(place + 1) - 1 };
    pieces.extend((0..count).map(|place| Piece { table, rows: Some((from(place), to(place))) }));
}

/// The contacts at which a table falls into so many parts of about the same length, by some of its rows.
fn cuts(
    connection: &Connection,
    source: &Source,
    number: &str,
    (first, last): (i64, i64),
    count: u64,
) -> Result<Vec<Id>, rusqlite::Error> {
    let sql = format!(
        "SELECT \"contact\" FROM {} NOT INDEXED WHERE {number} >= ?1 ORDER BY {number} LIMIT 1",
        source.origin.from
    );
    connection.execute_batch(FEW_PAGES)?;
    let mut statement = connection.prepare(&sql)?;
    let (looks, length) = (i128::from(count * LOOKED_AT), i128::from(last) - i128::from(first));
    let mut seen: Vec<Id> = Vec::new();
    for look in 0..looks {
        let place = i64::try_from(i128::from(first) + length * look / looks).unwrap_or(last);
        let mut rows = statement.query([place])?;
        if let Some(row) = rows.next()? {
            seen.extend(id::read(row.get_ref(0)?));
        }
    }
    seen.sort();
    let mut cuts: Vec<Id> = seen.chunks(LOOKED_AT as usize).skip(1).filter_map(|part| part.first()).cloned().collect();
    cuts.dedup();
    Ok(cuts)
}

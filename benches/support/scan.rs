//! The limit: the bare ordered scan of the rows that a simulation reads, through rusqlite.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use std::hint::black_box;
use std::path::Path;

/// Reads every row of these tables in the order of contact and instant, and each of its columns; each thread those of as many
/// rows. Gives the number of rows.
pub fn scan(crm: &Path, tables: &[&str], threads: usize) -> u64 {
    let cuts: Vec<Vec<i64>> = tables.iter().map(|table| cuts(crm, table, threads)).collect();
    let part = |thread: usize| -> u64 {
        let connection = open(crm);
        let bounds = |cuts: &[i64]| (cuts[thread], cuts.get(thread + 1).copied().unwrap_or(i64::MAX));
        tables.iter().zip(&cuts).map(|(table, cuts)| scan_part(&connection, table, bounds(cuts))).sum()
    };
    let part = &part;
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads).map(|thread| scope.spawn(move || part(thread))).collect();
        parts.into_iter().map(|part| part.join().unwrap()).sum()
    })
}

fn open(crm: &Path) -> Connection {
    let connection = Connection::open_with_flags(crm, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    // As the engine has it.
    connection.execute_batch("PRAGMA cache_size = -8192").unwrap();
    connection
}

/// The first contact of each thread's rows.
fn cuts(crm: &Path, table: &str, threads: usize) -> Vec<i64> {
    let mut cuts = vec![i64::MIN];
    if threads > 1 {
        let connection = open(crm);
        let count = format!("SELECT count(*) FROM {table}");
        let rows: i64 = connection.query_row(&count, [], |row| row.get(0)).unwrap();
        for place in 1..threads as i64 {
            let sql = format!("SELECT contact FROM {table} ORDER BY contact LIMIT 1 OFFSET ?1");
            cuts.push(
                connection.query_row(&sql, [rows * place / threads as i64], |row| row.get(0)).unwrap_or(i64::MAX),
            );
        }
    }
    cuts
}

fn scan_part(connection: &Connection, table: &str, (from, to): (i64, i64)) -> u64 {
    let sql = format!(
        "SELECT * FROM {table} INDEXED BY {table}_contact_at WHERE contact >= ?1 AND contact < ?2 ORDER BY contact, at"
    );
    let mut statement = connection.prepare(&sql).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([from, to]).unwrap();
    let (mut count, mut sum) = (0, 0);
    while let Some(row) = rows.next().unwrap() {
        for column in 0..columns {
            sum ^= match row.get_ref(column).unwrap() {
                ValueRef::Integer(number) => number,
                ValueRef::Real(number) => number as i64,
                ValueRef::Text(text) | ValueRef::Blob(text) => text.len() as i64,
                ValueRef::Null => 0,
            };
        }
        count += 1;
    }
    black_box(sum);
    count
}

//! What a state file says of its messages, read as SQL alone.

use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeMap;
use std::path::Path;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub key: String,
    pub contact: String,
    pub scenario: String,
    pub step: u16,
    /// In seconds.
    pub due: i64,
    pub settled: i64,
    pub channel: String,
    pub message: String,
    pub address: String,
    pub state: String,
    pub reason: String,
    pub attempt: u32,
}

fn connect(state: &Path) -> Connection {
    Connection::open_with_flags(state, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap()
}

/// All messages, in the order of their decision.
pub fn rows(state: &Path) -> Vec<Row> {
    let db = connect(state);
    let mut statement = db
        .prepare(
            "SELECT key, CAST(contact AS TEXT), scenario, step, due / 1000000, coalesce(settled_at, 0) / 1000000,
                 coalesce(channel, ''), coalesce(message, ''), coalesce(address, ''), state, coalesce(reason, ''),
                 attempt
             FROM scn_outbox ORDER BY id",
        )
        .unwrap();
    let rows = statement.query_map([], |row| {
        Ok(Row {
            key: row.get(0)?,
            contact: row.get(1)?,
            scenario: row.get(2)?,
            step: row.get(3)?,
            due: row.get(4)?,
            settled: row.get(5)?,
            channel: row.get(6)?,
            message: row.get(7)?,
            address: row.get(8)?,
            state: row.get(9)?,
            reason: row.get(10)?,
            attempt: row.get(11)?,
        })
    });
    rows.unwrap().map(|row| row.unwrap()).collect()
}

/// How many messages are in each state.
pub fn states(state: &Path) -> BTreeMap<String, usize> {
    let mut states = BTreeMap::new();
    for row in rows(state) {
        *states.entry(row.state).or_default() += 1;
    }
    states
}

/// What SQLite says of the file's health.
pub fn quick_check(state: &Path) -> String {
    connect(state).query_row("PRAGMA quick_check", [], |row| row.get(0)).unwrap()
}

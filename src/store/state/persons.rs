//! Contacts that turn out to be one person.

use super::{ContactOut, Error, State, part};
use crate::model::Id;
use crate::store::id::Key;
use rusqlite::Transaction;

impl State {
    /// Gives everything that was kept under one id to another, where the engine's state knows nothing of the first.
    pub fn hand_over(&mut self, from: &Id, to: &Id) -> Result<(), Error> {
        self.write(|transaction| Ok(give(transaction, from, to)?))
    }
}

/// Gives the person what was kept of rows whose states are in the person's now, and takes these states away. What follows in
/// this transaction finds their messages under the person.
pub(super) fn absorb(transaction: &Transaction<'_>, out: &ContactOut) -> Result<(), rusqlite::Error> {
    for row in &out.absorbed {
        give(transaction, row, &out.contact)?;
        let whose = (part(row), Key::from(row));
        transaction.execute("DELETE FROM scn_contact WHERE part = ?1 AND contact = ?2", whose)?;
    }
    Ok(())
}

/// Rows that were seen, what waits in the inbox, messages and the journal, and an erasure: it takes the whole person. Other
/// changes of the CRM stay with the row for which they were decided.
fn give(transaction: &Transaction<'_>, from: &Id, to: &Id) -> Result<(), rusqlite::Error> {
    let tables = ["scn_seen", "scn_inbox", "scn_outbox", "scn_journal"].map(|table| (table, ""));
    for (table, what) in tables.into_iter().chain([("scn_write", " AND change = '\"erase\"'")]) {
        let sql = format!("UPDATE {table} SET part = ?3, contact = ?4 WHERE part = ?1 AND contact = ?2{what}");
        let mut update = transaction.prepare_cached(&sql)?;
        update.execute((part(from), Key::from(from), part(to), Key::from(to)))?;
    }
    Ok(())
}

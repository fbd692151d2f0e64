//! Contacts that turn out to be one person.

use super::{ContactOut, Error, Refused, State, part};
use crate::model::Id;
use crate::store::id::Parameter;
use rusqlite::Transaction;

impl State {
    /// Gives everything that was kept under one id to another, but for the engine's state: rows that were seen, what waits
    /// in the inbox, messages and the journal. False when there was nothing.
    pub fn hand_over(&mut self, from: &Id, to: &Id) -> Result<bool, Error> {
        self.write(|transaction| {
            let mut moved = 0;
            for table in ["scn_seen", "scn_inbox", "scn_outbox", "scn_journal"] {
                let sql = format!("UPDATE {table} SET part = ?3, contact = ?4 WHERE part = ?1 AND contact = ?2");
                let mut update = transaction.prepare_cached(&sql)?;
                moved += update.execute((part(from), Parameter::from(from), part(to), Parameter::from(to)))?;
            }
            Ok(moved > 0)
        })
    }
}

/// Takes away the states that are in another one now.
pub(super) fn forget_absorbed(transaction: &Transaction<'_>, out: &ContactOut) -> Result<(), Refused> {
    for contact in &out.absorbed {
        let whose = (part(contact), Parameter::from(contact));
        transaction.execute("DELETE FROM scn_contact WHERE part = ?1 AND contact = ?2", whose)?;
    }
    Ok(())
}

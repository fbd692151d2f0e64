//! How much there is to read.

use super::plan::Content;
use super::{Crm, Error, Lives};

impl Lives<'_> {
    /// How many rows the tables of events have. What routes tell of others again is not counted.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn rows(&self, crm: &Crm) -> Result<u64, Error> {
        let mut rows = 0;
        for event in self.events.iter().filter(|event| event.source.origin.content == Content::Own) {
            let sql = format!("SELECT count(*) FROM {}", event.source.origin.from);
            let count = crm.connection.query_row(&sql, [], |row| row.get::<_, i64>(0));
            rows += count.map_err(|error| crm.error(&error))?.unsigned_abs();
        }
        Ok(rows)
    }
}

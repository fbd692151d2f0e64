//! Ids that name no row: the contact of an event, or an entity that a row refers to.

use super::decode::Kind;
use super::findings::{Notes, shown};
use super::lives::Lives;
use super::plan::Source;
use super::{Crm, Error};
use crate::engine::Value;
use crate::model::Id;
use crate::store::text::quoted;
use rusqlite::OptionalExtension;
use rusqlite::types::ValueRef;

/// How many ids of a column are kept.
const EXAMPLES: usize = 3;

/// Rows that name, in one column, a row of another table that there is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strangers {
    pub table: String,
    pub column: String,
    /// The table that has no such row.
    pub of: String,
    /// How many; at least one.
    pub rows: u64,
    /// The first three of these ids, each once, and the row that names each first.
    pub examples: Vec<(Id, String)>,
}

/// Notes what a row, with its id and its values, names and there is not: its contact, where it is such, and rows of entities.
pub(super) fn note(
    lives: &Lives<'_>,
    source: &Source,
    (row, values): (ValueRef<'_>, &[Value]),
    contact: Option<&Id>,
    notes: &mut Notes,
) {
    let table = source.origin.table.as_str();
    if let Some(contact) = contact {
        add(&mut notes.strangers, (table, "contact", "contact"), contact, row);
    }
    for (column, value) in source.columns.iter().zip(values) {
        let (Kind::Row(entity), Value::Id(id)) = (&column.kind, value) else { continue };
        // Of an entity no field of which is read, no row is known.
        let entity =
            lives.program.needs().entities.get(usize::from(*entity)).filter(|entity| !entity.fields.is_empty());
        if let Some(entity) = entity {
            add(&mut notes.strangers, (table, &column.name, &entity.name), id, row);
        }
    }
}

/// Counts a row of `table` whose `column` names `id`, which `of` does not have.
fn add(all: &mut Vec<Strangers>, (table, column, of): (&str, &str, &str), id: &Id, row: ValueRef<'_>) {
    let same = |each: &Strangers| each.table == table && each.column == column;
    let place = all.iter().position(same).unwrap_or(all.len());
    if place == all.len() {
        let (table, column, of) = (table.to_owned(), column.to_owned(), of.to_owned());
        all.push(Strangers { table, column, of, rows: 0, examples: Vec::new() });
    }
    let Some(known) = all.get_mut(place) else { return };
    known.rows += 1;
    if known.examples.len() < EXAMPLES && known.examples.iter().all(|(example, _)| example != id) {
        known.examples.push((id.clone(), shown(row)));
    }
}

impl Crm {
    /// How a table keeps an id that it has, but not as this number or this text: the text `3` and the number 3 are two ids.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn keeps_otherwise(&self, table: &str, id: &Id) -> Result<Option<String>, Error> {
        let sql = format!("SELECT typeof(\"id\") FROM {} WHERE CAST(\"id\" AS TEXT) = ?1 LIMIT 1", quoted(table));
        let found = self.connection.query_row(&sql, [id.to_string()], |row| row.get(0)).optional();
        found.map_err(|error| self.error_in(table, &error))
    }
}

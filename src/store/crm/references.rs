//! What refers to a contact who is erased, in rows that are about somebody or something else.

use super::lists::table_of;
use super::write::Refused;
use super::{Crm, Error};
use crate::model::{CrmTable, Id, Reference, is_same_name};
use crate::store::id::{self, Key};
use crate::store::text::quoted;
use rusqlite::Connection;

impl Crm {
    /// Empties every declared field that names a contact who is erased. A member of a list goes. A row of an event whose
    /// column must not be empty goes with the one whom it names: it cannot be told without them. A row of an entity or of
    /// another contact never goes: then the CRM refuses, and says which column.
    pub(super) fn erase_references(
        &self,
        connection: &Connection,
        contact: &Id,
        references: &[Reference],
    ) -> Result<(), Refused> {
        for reference in references {
            let name = match reference.is_list {
                true => table_of(&reference.record, &reference.field),
                false => reference.record.clone(),
            };
            // The CRM need not have everything that the model declares.
            if !self.shape.table(&name).is_some_and(|table| table.has(&reference.field)) {
                continue;
            }
            let (table, column) = (quoted(&name), quoted(&reference.field));
            let any = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE {column} = ?1)");
            if !connection.query_row(&any, [Key::from(contact)], |row| row.get::<_, bool>(0))? {
                continue;
            }
            let goes = reference.is_list || reference.is_event && must_be_full(connection, &name, &reference.field)?;
            if goes && !reference.is_list {
                self.erase_lists(connection, &name, &reference.field, contact)?;
            }
            let sql = match goes {
                true => format!("DELETE FROM {table} WHERE {column} = ?1"),
                false => format!("UPDATE {table} SET {column} = NULL WHERE {column} = ?1"),
            };
            connection.execute(&sql, [Key::from(contact)])?;
        }
        Ok(())
    }

    /// The rows of events that an erasure of these rows of `contact` takes away, by the table and id.
    pub fn events_of(&self, rows: &[Id], references: &[Reference]) -> Result<Vec<(String, Id)>, Error> {
        let find = || -> Result<Vec<(String, Id)>, rusqlite::Error> {
            let own = self.shape.tables.iter().filter(|table| is_about_a_contact(table, references));
            let mut columns: Vec<(&str, &str)> = own.map(|table| (table.name.as_str(), "contact")).collect();
            for Reference { record, field, .. } in references.iter().filter(|each| each.is_event && !each.is_list) {
                let is_there = self.shape.table(record).is_some_and(|table| table.has(field));
                if is_there && must_be_full(&self.connection, record, field)? {
                    columns.push((record, field));
                }
            }
            let mut found = Vec::new();
            for (table, column) in columns {
                if !self.shape.table(table).is_some_and(|table| table.has("id")) {
                    continue;
                }
                let sql = format!("SELECT id FROM {} WHERE {} = ?1", quoted(table), quoted(column));
                let mut statement = self.connection.prepare_cached(&sql)?;
                for contact in rows {
                    let mut ids = statement.query([Key::from(contact)])?;
                    while let Some(row) = ids.next()? {
                        found.extend(id::read(row.get_ref(0)?).map(|id| (table.to_owned(), id)));
                    }
                }
            }
            Ok(found)
        };
        find().map_err(|error| self.error(&error))
    }

    /// Takes away the lists of the rows of a table that name a contact in a column: `cart_updated_products` has a column
    /// `cart_updated`.
    pub(super) fn erase_lists(
        &self,
        connection: &Connection,
        owner: &str,
        column: &str,
        contact: &Id,
    ) -> Result<(), Refused> {
        if !self.shape.table(owner).is_some_and(|table| table.has("id")) {
            return Ok(());
        }
        let prefix = format!("{owner}_");
        let is_list = |table: &&CrmTable| after(&table.name, &prefix).is_some() && table.has(owner);
        for list in self.shape.tables.iter().filter(is_list) {
            let (list, owner, column) = (quoted(&list.name), quoted(owner), quoted(column));
            let condition = format!("{owner} IN (SELECT id FROM {owner} WHERE {column} = ?1)");
            let any = format!("SELECT EXISTS (SELECT 1 FROM {list} WHERE {condition})");
            if connection.query_row(&any, [Key::from(contact)], |row| row.get(0))? {
                connection.execute(&format!("DELETE FROM {list} WHERE {condition}"), [Key::from(contact)])?;
            }
        }
        Ok(())
    }
}

/// Whether the rows of a table are about the one whom its column `contact` names: events, which have an instant, and lists of
/// the contact. A row of an entity is about something else, whoever is named there.
pub(super) fn is_about_a_contact(table: &CrmTable, references: &[Reference]) -> bool {
    let is_entity =
        references.iter().any(|reference| !reference.is_event && is_same_name(&reference.record, &table.name));
    let is_list = || after(&table.name, "contact_").is_some_and(|field| table.has(field));
    table.has("contact") && !is_same_name(&table.name, "contact") && !is_entity && (table.has("at") || is_list())
}

/// What follows the beginning of a name.
fn after<'n>(name: &'n str, beginning: &str) -> Option<&'n str> {
    let (head, rest) = name.split_at_checked(beginning.len())?;
    is_same_name(head, beginning).then_some(rest)
}

/// Whether a column is declared `NOT NULL`.
fn must_be_full(connection: &Connection, table: &str, column: &str) -> Result<bool, rusqlite::Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM pragma_table_xinfo(?1) WHERE name = ?2 COLLATE NOCASE AND \"notnull\")";
    connection.query_row(sql, [table, column], |row| row.get(0))
}

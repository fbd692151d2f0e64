//! What scenarios change in a CRM: fields and tags of a contact, and its erasure.
//!
//! The CRM belongs to somebody else: it is opened for writing with the first change, and each change is one that may be made
//! twice. A change that the CRM refuses is given back with the reason, and does not keep others back.

use super::lists::table_of;
use super::references::is_about_a_contact;
use super::{Crm, Error};
use crate::model::{CrmTable, Id, Literal, Reference, TAGS};
use crate::store::id::Key;
use crate::store::text::{cleaned, quoted};
use rusqlite::types::{ToSql, ToSqlOutput, Value};
use rusqlite::{Connection, TransactionBehavior, params_from_iter};
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

/// A change of one contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// `None` empties the field.
    Set {
        field: String,
        value: Option<Literal>,
    },
    Tag {
        tag: String,
        add: bool,
    },
    /// Everything that the CRM has of the contact.
    Erase,
}

/// Why the CRM refused a change, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub reason: String,
    pub help: String,
}

impl Change {
    /// Whether this change, made after a later one, would undo it.
    pub fn is_undone_by(&self, later: &Change) -> bool {
        match (self, later) {
            (Change::Set { field, .. }, Change::Set { field: other, .. }) => field == other,
            (Change::Tag { tag, .. }, Change::Tag { tag: other, .. }) => tag == other,
            _ => false,
        }
    }
}

/// A change to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub contact: Id,
    pub change: Change,
    /// Of an erasure: all rows of the person.
    pub rows: Vec<Id>,
}

impl Crm {
    /// Makes changes, in their order, in one transaction: of each whether it was made. What of these `references` names
    /// somebody who is erased is emptied.
    ///
    /// # Errors
    /// When the file cannot be written at all, or another program holds it: then nothing was made.
    pub fn change(&self, orders: &[Order], references: &[Reference]) -> Result<Vec<Result<(), Refusal>>, Error> {
        let writer = Writer { crm: self, references };
        self.writing(|connection| {
            let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut made = Vec::new();
            for order in orders {
                let savepoint = transaction.savepoint()?;
                match writer.make(&savepoint, order) {
                    Ok(()) => {
                        savepoint.commit()?;
                        made.push(Ok(()));
                    }
                    Err(refused) => {
                        drop(savepoint);
                        made.push(Err(writer.refusal(&order.contact, &order.change, refused)?));
                    }
                }
            }
            transaction.commit()?;
            Ok(made)
        })
    }
}

/// Why a change was not made.
pub(super) enum Refused {
    Sqlite(rusqlite::Error),
    /// There is no such table.
    NoTable(String),
    NoRow,
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Refused {
        Refused::Sqlite(error)
    }
}

struct Writer<'a> {
    crm: &'a Crm,
    references: &'a [Reference],
}

impl Writer<'_> {
    fn make(&self, connection: &Connection, order: &Order) -> Result<(), Refused> {
        let Order { contact, change, rows } = order;
        match change {
            Change::Set { field, value } => set(connection, contact, field, value.as_ref()),
            Change::Tag { tag, add } => self.tag(connection, contact, tag, *add),
            Change::Erase => rows.iter().try_for_each(|row| self.erase(connection, row)),
        }
    }

    fn tag(&self, connection: &Connection, contact: &Id, tag: &str, add: bool) -> Result<(), Refused> {
        let table = table_of("contact", TAGS);
        let shape = self.crm.shape.table(&table).ok_or_else(|| Refused::NoTable(table.clone()))?;
        let (name, contact) = (quoted(&table), Key::from(contact));
        if !add {
            connection.execute(&format!("DELETE FROM {name} WHERE contact = ?1 AND tags = ?2"), (contact, tag))?;
            return Ok(());
        }
        let known = format!("SELECT EXISTS (SELECT 1 FROM {name} WHERE contact = ?1 AND tags = ?2)");
        if connection.query_row(&known, (&contact, tag), |row| row.get::<_, bool>(0))? {
            return Ok(());
        }
        let sql = match shape.has("rank") {
            true => format!(
                "INSERT INTO {name}(contact, tags, rank)
                 VALUES (?1, ?2, (SELECT coalesce(max(rank), 0) + 1 FROM {name} WHERE contact = ?1))"
            ),
            false => format!("INSERT INTO {name}(contact, tags) VALUES (?1, ?2)"),
        };
        connection.execute(&sql, (contact, tag))?;
        Ok(())
    }

    /// Takes away what is about the contact: by the layout, the rows of each table of events, the contact's lists, the lists
    /// of these rows, and the contact itself; what names the contact elsewhere is emptied. Views come last, and only where
    /// rows are left in them.
    fn erase(&self, connection: &Connection, contact: &Id) -> Result<(), Refused> {
        let names = |table: &&CrmTable| is_about_a_contact(table, self.references);
        let (views, tables): (Vec<&CrmTable>, Vec<&CrmTable>) =
            self.crm.shape.tables.iter().filter(names).partition(|table| table.is_view);
        for table in tables.iter().chain(&views) {
            self.crm.erase_lists(connection, &table.name, "contact", contact)?;
        }
        for table in tables.iter().chain(&views) {
            delete(connection, &table.name, "contact", contact)?;
        }
        self.crm.erase_references(connection, contact, self.references)?;
        delete(connection, "contact", "id", contact)
    }

    /// In words. What concerns the whole file is an error of all.
    fn refusal(&self, contact: &Id, change: &Change, refused: Refused) -> Result<Refusal, rusqlite::Error> {
        let what = match change {
            Change::Set { field, .. } => format!("`contact.{field}` of contact {contact}"),
            Change::Tag { .. } => format!("the tags of contact {contact}"),
            Change::Erase => format!("contact {contact}"),
        };
        let verb = if *change == Change::Erase { "erased" } else { "written" };
        let (why, help) = match refused {
            Refused::NoTable(table) => {
                let help = format!("`CREATE TABLE {table}(contact, tags, rank)` in the CRM");
                (format!("the CRM has no table `{table}`"), help)
            }
            Refused::NoRow => ("the CRM has no such row in `contact`".into(), "add the row".into()),
            Refused::Sqlite(error) => {
                if is_of_the_file(&error) {
                    return Err(error);
                }
                let help = match error.to_string().contains("because it is a view") {
                    true => "write a trigger `INSTEAD OF` on the view that changes the tables behind it",
                    false => "give the CRM what is missing, or let it allow the change",
                };
                (cleaned(&error.to_string(), 200), help.into())
            }
        };
        Ok(Refusal { reason: format!("{what} cannot be {verb} in `{}`: {why}", self.crm.shape.path), help })
    }
}

/// Whether an error is not about one statement.
fn is_of_the_file(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode;
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::CannotOpen
                | ErrorCode::NotADatabase
        )
    )
}

fn set(connection: &Connection, contact: &Id, field: &str, value: Option<&Literal>) -> Result<(), Refused> {
    let known = "SELECT EXISTS (SELECT 1 FROM contact WHERE id = ?1)";
    if !connection.query_row(known, [Key::from(contact)], |row| row.get::<_, bool>(0))? {
        return Err(Refused::NoRow);
    }
    let sql = format!("UPDATE contact SET {} = ?2 WHERE id = ?1", quoted(field));
    let contact = Key::from(contact);
    let parameters: [&dyn ToSql; 2] = [&contact, &Stored(value)];
    connection.execute(&sql, params_from_iter(parameters))?;
    Ok(())
}

fn delete(connection: &Connection, table: &str, column: &str, contact: &Id) -> Result<(), Refused> {
    let (table, column) = (quoted(table), quoted(column));
    let any = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE {column} = ?1)");
    if connection.query_row(&any, [Key::from(contact)], |row| row.get(0))? {
        connection.execute(&format!("DELETE FROM {table} WHERE {column} = ?1"), [Key::from(contact)])?;
    }
    Ok(())
}

/// A value in the form in which the layout keeps it.
struct Stored<'a>(Option<&'a Literal>);

impl ToSql for Stored<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self.0 {
            None | Some(Literal::List(_) | Literal::Row(_)) => Value::Null,
            Some(Literal::Text(text)) => Value::Text(text.clone()),
            Some(Literal::Flag(flag)) => Value::Integer(i64::from(*flag)),
            Some(Literal::Number(number)) => match number.normalize() {
                whole if whole.scale() == 0 => whole.to_i64().map_or(Value::Text(whole.to_string()), Value::Integer),
                fraction => Value::Text(fraction.to_string()),
            },
            Some(Literal::Instant(instant)) => Value::Text(instant.to_string()),
            Some(Literal::Date(date)) => Value::Text(date.to_string()),
            Some(Literal::Time(time)) => Value::Text(time.to_string()),
            Some(Literal::Duration(duration)) => Value::Text(duration.to_string()),
        };
        Ok(ToSqlOutput::Owned(value))
    }
}

//! Ranges of contacts, for readers beside each other: where to cut, and whether all tables can be cut there.

use super::lives::{Lives, in_order};
use super::plan::{Content, Source};
use super::{Crm, Error};
use crate::model::{Id, is_same_name};
use crate::store::id::{self, Key};
use crate::store::text::quoted;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, params_from_iter};

/// A range of contacts, in the order of ids: numbers before texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactRange {
    /// Included; `None` for the first contact of all.
    pub from: Option<Id>,
    /// Excluded; `None` for no end.
    pub to: Option<Id>,
}

impl ContactRange {
    /// Whether a person with these rows is in it.
    pub(super) fn has(&self, rows: &[Id]) -> bool {
        rows.first().is_some_and(|person| {
            self.from.as_ref().is_none_or(|from| person >= from) && self.to.as_ref().is_none_or(|to| person < to)
        })
    }

    /// As SQL, with its parameters; `KEY` stands for the column that names the contact.
    pub(super) fn condition(&self) -> (&'static str, Vec<Key<'_>>) {
        let condition = match (&self.from, &self.to) {
            (None, None) => "",
            (Some(_), None) => "KEY >= ?1",
            (None, Some(_)) => "KEY < ?1",
            (Some(_), Some(_)) => "KEY >= ?1 AND KEY < ?2",
        };
        (condition, self.from.iter().chain(&self.to).map(Key::from).collect())
    }
}

impl Lives<'_> {
    /// Splits the contacts into at most `count` ranges with about as many events, in order and together everything.
    /// There is one range when a table cannot be read in the order of contacts without sorting all of it, or when the
    /// columns' types leave a doubt that they would be cut at the same place.
    pub fn ranges(&self, crm: &Crm, count: usize) -> Result<Vec<ContactRange>, Error> {
        let cuts = || {
            if count < 2 || self.sorts(&crm.connection)? {
                return Ok(Vec::new());
            }
            let cuts = self.cuts(&crm.connection, count)?;
            Ok(if self.can_cut(crm, &cuts)? { cuts } else { Vec::new() })
        };
        let cuts = cuts().map_err(|error: rusqlite::Error| crm.error(&error))?;
        let from = std::iter::once(None).chain(cuts.iter().cloned().map(Some));
        let to = cuts.iter().cloned().map(Some).chain([None]);
        Ok(from.zip(to).map(|(from, to)| ContactRange { from, to }).collect())
    }

    /// Whether a table must be sorted to be read in the order of contacts.
    fn sorts(&self, connection: &Connection) -> Result<bool, rusqlite::Error> {
        // What is routed must be sorted wherever it is cut.
        for (source, key) in self.sources().filter(|(source, _)| source.origin.content == Content::Own) {
            if plan(connection, source, key)?.contains("TEMP B-TREE") {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether an index has a table of events in the order of contacts, with all that is read of it.
    pub(super) fn is_covered(&self, crm: &Crm, event: &Source) -> Result<bool, rusqlite::Error> {
        let plan = plan(&crm.connection, event, "contact")?;
        Ok(plan.contains("COVERING INDEX") && !plan.contains("TEMP B-TREE"))
    }

    /// The contacts at which the longest event table falls into `count` parts.
    fn cuts(&self, connection: &Connection, count: usize) -> Result<Vec<Id>, rusqlite::Error> {
        let mut longest = (0, "");
        for event in &self.events {
            let table = event.source.origin.from.as_str();
            let sql = format!("SELECT count(*) FROM {table}");
            let rows: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
            longest = longest.max((rows, table));
        }
        let (rows, table) = longest;
        let step = rows / i64::try_from(count).unwrap_or(i64::MAX);
        let mut cuts: Vec<Id> = Vec::new();
        while step > 0 && cuts.len() + 1 < count {
            let next = match cuts.last() {
                None => contact_after(connection, table, "IS NOT NULL", None, step)?,
                Some(last) => match contact_after(connection, table, ">= ?1", Some(last), step)? {
                    // One contact alone is more than a part.
                    Some(same) if same == *last => contact_after(connection, table, "> ?1", Some(last), 0)?,
                    next => next,
                },
            };
            let Some(next) = next else { break };
            cuts.push(next);
        }
        Ok(cuts)
    }

    /// Comparing a column with a cut may convert one to the other's type, and then tables could be cut at different
    /// places. Numbers are safe where a column holds nothing else; words where no column could take them for numbers;
    /// other texts where all columns are declared to hold texts.
    fn can_cut(&self, crm: &Crm, cuts: &[Id]) -> Result<bool, rusqlite::Error> {
        let numbers = cuts.iter().all(|id| matches!(id, Id::Number(_)));
        let texts = cuts.iter().all(|id| matches!(id, Id::Text(_)));
        let words = cuts.iter().all(|id| matches!(id, Id::Text(text) if text.starts_with(char::is_alphabetic)));
        for (source, key) in self.sources().filter(|(source, _)| source.origin.content != Content::Nothing) {
            let safe = words
                || texts && is_declared_text(crm, source)
                || numbers && holds_numbers_alone(&crm.connection, source, key)?;
            if !safe {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// How SQLite reads a table in the order of contacts.
fn plan(connection: &Connection, source: &Source, key: &str) -> Result<String, rusqlite::Error> {
    let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", in_order(source, key, "")))?;
    plan.query_map([], |row| row.get::<_, String>(3))?.collect()
}

/// The contact of the row that comes `skipped` rows after the first of those for which the condition holds.
fn contact_after(
    connection: &Connection,
    from: &str,
    condition: &str,
    contact: Option<&Id>,
    skipped: i64,
) -> Result<Option<Id>, rusqlite::Error> {
    let sql = format!(
        "SELECT contact FROM {from} WHERE contact {condition} ORDER BY contact COLLATE BINARY LIMIT 1 OFFSET {skipped}"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(contact.map(Key::from)))?;
    let row = rows.next()?;
    Ok(row.map(|row| row.get_ref(0)).transpose()?.and_then(id::read))
}

/// Whether a column is of TEXT affinity (SQLite, "Datatypes", 3.1).
fn is_declared_text(crm: &Crm, source: &Source) -> bool {
    let (table, key) = &source.origin.key;
    let column =
        crm.shape.table(table).and_then(|table| table.columns.iter().find(|each| is_same_name(&each.name, key)));
    let declared = column.map_or(String::new(), |column| column.declared.to_ascii_uppercase());
    !declared.contains("INT") && ["CHAR", "CLOB", "TEXT"].iter().any(|word| declared.contains(word))
}

/// Whether the largest key is a number: texts would come after it.
fn holds_numbers_alone(connection: &Connection, source: &Source, key: &str) -> Result<bool, rusqlite::Error> {
    let (from, key) = (&source.origin.from, quoted(key));
    let sql = format!("SELECT {key} FROM {from} ORDER BY {key} COLLATE BINARY DESC LIMIT 1");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let last = rows.next()?;
    Ok(!last.is_some_and(|row| matches!(row.get_ref(0), Ok(ValueRef::Text(_) | ValueRef::Blob(_)))))
}

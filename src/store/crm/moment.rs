//! One state of the CRM, held while others would change it; and whether it tells the same thing whenever it is asked.

use super::{Crm, Error};
use crate::store::cache::Cold;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::Path;

/// What tells another thing at another time (SQLite, "Date And Time Functions", "Built-In Scalar SQL Functions").
/// `subsec` alone is the present; behind another argument it is not, which is not told apart.
const UNSTEADY: [&str; 8] =
    ["now", "localtime", "utc", "current_timestamp", "current_date", "current_time", "subsec", "subsecond"];
const UNSTEADY_FUNCTIONS: [&str; 5] = ["random", "randomblob", "changes", "total_changes", "last_insert_rowid"];
/// These stand for the present where no time is given; those with a format where nothing comes after it.
const OF_TIME: [&str; 5] = ["date", "time", "datetime", "julianday", "unixepoch"];

impl Crm {
    /// The file, as it was named.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins a read transaction, and gives the version of the database that it sees.
    pub(in crate::store) fn hold(&self) -> Result<i64, Error> {
        let hold = || {
            self.connection.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema")?;
            data_version(&self.connection)
        };
        hold().map_err(|error: rusqlite::Error| self.error(&error))
    }

    /// Ends the read transaction, and gives the version of the database: another where somebody has changed it meanwhile.
    pub(in crate::store) fn release(&self) -> Result<i64, Error> {
        let release = || {
            self.connection.execute_batch("ROLLBACK")?;
            data_version(&self.connection)
        };
        release().map_err(|error: rusqlite::Error| self.error(&error))
    }

    /// Does something within a read transaction of a connection of its own, so that nobody is in the middle of a change.
    pub(in crate::store) fn held<T>(&self, work: impl FnOnce() -> Result<T, Cold>) -> Result<T, Cold> {
        let unseen = |error: Error| Cold::Unstamped(error.to_string());
        let other = self.again().map_err(unseen)?;
        other.hold().map_err(unseen)?;
        let done = work();
        other.release().map_err(unseen)?;
        done
    }

    /// A view among these tables, or one that such a view reads, that may tell another thing without a change of the CRM. By
    /// its words: in doubt it may.
    pub(in crate::store) fn unsteady_view(&self, tables: &[&str]) -> Result<Option<String>, Error> {
        let read = || {
            let mut views = self.connection.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'view'")?;
            let views = views.query_map([], |row| {
                Ok((row.get::<_, String>(0)?.to_lowercase(), row.get::<_, String>(1)?.to_lowercase()))
            })?;
            views.collect::<Result<BTreeMap<String, String>, rusqlite::Error>>()
        };
        let views = read().map_err(|error| self.error(&error))?;
        // SQL's names do not tell capitals from small letters.
        let tables: Vec<String> = tables.iter().map(|table| table.to_lowercase()).collect();
        // A list has a table of its own, whose name begins with that of what has it.
        let is_read = |view: &str| {
            tables.iter().any(|table| {
                view.strip_prefix(table.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
            })
        };
        let mut reached: Vec<&str> = views.keys().map(String::as_str).filter(|view| is_read(view)).collect();
        let mut next = 0;
        while let Some(view) = reached.get(next).copied() {
            next += 1;
            let sql = views.get(view).map_or("", String::as_str);
            if is_unsteady(&words(sql)) {
                return Ok(Some(view.to_owned()));
            }
            let more = views.keys().map(String::as_str).filter(|each| sql.contains(each) && !reached.contains(each));
            let more: Vec<&str> = more.collect();
            reached.extend(more);
        }
        Ok(None)
    }
}

/// The words of a statement, and its brackets and commas.
fn words(sql: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in sql.chars() {
        if letter.is_alphanumeric() || letter == '_' {
            if let Some(word) = words.last_mut() {
                word.push(letter);
            }
            continue;
        }
        if matches!(letter, '(' | ')' | ',') {
            words.push(letter.to_string());
        }
        if words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn is_unsteady(words: &[String]) -> bool {
    let word = |place: usize| words.get(place).map_or("", String::as_str);
    (0..words.len()).any(|place| match word(place) {
        name if UNSTEADY.contains(&name) => true,
        name if UNSTEADY_FUNCTIONS.contains(&name) => word(place + 1) == "(",
        name if OF_TIME.contains(&name) => word(place + 1) == "(" && word(place + 2) == ")",
        "strftime" => {
            let rest = words.get(place + 1..).unwrap_or(&[]);
            rest.iter().find(|word| matches!(word.as_str(), ")" | ",")).is_none_or(|end| end == ")")
        }
        _ => false,
    })
}

fn data_version(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.query_row("PRAGMA data_version", [], |row| row.get(0))
}

//! What was found wrong while reading, as data: counted, and the first few kept.

use super::survey::Survey;
use super::{Bounds, Strangers};
use crate::diagnostic::{Diagnostic, Rule};
use crate::store::text::cleaned;
use crate::time::Instant;
use rusqlite::types::ValueRef;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How many findings are kept with their words.
const KEPT: usize = 20;
/// How many values of a column are kept.
const EXAMPLES: usize = 3;
/// How many rows of a column are remembered.
const ROWS: usize = 1_000;
/// How many characters of a value are shown.
const SHOWN: usize = 40;

/// A value of the CRM that is not what its column promises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    pub table: String,
    /// The row's id, cleaned and cut.
    pub row: String,
    pub column: String,
    /// The value, cleaned and cut to 40 characters; `NULL` where there is none.
    pub value: String,
    /// What it should have been, or what is wrong: `is not a duration`.
    pub problem: String,
}

impl Unreadable {
    /// As rule `value-unreadable` (D005).
    pub fn diagnostic(&self) -> Diagnostic {
        let Unreadable { table, row, column, value, problem } = self;
        Diagnostic::new(Rule::ValueUnreadable, format!("`{column}` of {table} {row} {problem}: `{value}`"))
    }
}

/// What is wrong in one column, in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnFindings {
    pub table: String,
    pub column: String,
    /// As in [`Unreadable::problem`].
    pub problem: String,
    /// How many values; at least one.
    pub count: u64,
    /// The first three of these values, each once, and the ids of the rows in which they were found first.
    pub examples: Vec<(String, String)>,
    /// The ids of the first thousand rows, so that what follows from them is not told again.
    pub rows: BTreeSet<String>,
}

impl ColumnFindings {
    fn example(&mut self, value: String, row: String) {
        if self.examples.len() < EXAMPLES && self.examples.iter().all(|(known, _)| *known != value) {
            self.examples.push((value, row));
        }
    }
}

/// A count, the first twenty findings, and all of them by column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    pub count: u64,
    pub first: Vec<Unreadable>,
    /// In the order in which they were found first.
    pub columns: Vec<ColumnFindings>,
}

impl Findings {
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether a row of an entity misses a value because it could not be read. In doubt it does.
    pub fn has_row(&self, table: &str, row: &str) -> bool {
        let columns = self.columns.iter().filter(|each| each.table == table);
        columns.into_iter().any(|each| each.rows.len() >= ROWS || each.rows.contains(row))
    }

    /// Adds what was found after this.
    pub fn absorb(&mut self, later: Findings) {
        self.count += later.count;
        self.first.extend(later.first);
        self.first.truncate(KEPT);
        for column in later.columns {
            let known = self.column(&column.table, &column.column, &column.problem);
            known.count += column.count;
            column.examples.into_iter().for_each(|(value, row)| known.example(value, row));
            known.rows.extend(column.rows);
        }
    }

    pub(super) fn add(&mut self, table: &str, row: ValueRef<'_>, column: &str, value: ValueRef<'_>, problem: &str) {
        self.count += 1;
        if self.first.len() < KEPT {
            let (row, value) = (shown(row), shown(value));
            let (table, column, problem) = (table.to_owned(), column.to_owned(), problem.to_owned());
            self.first.push(Unreadable { table, row, column, value, problem });
        }
        let found = self.column(table, column, problem);
        found.count += 1;
        if found.examples.len() < EXAMPLES {
            found.example(shown(value), shown(row));
        }
        if found.rows.len() < ROWS {
            found.rows.insert(shown(row));
        }
    }

    /// The findings of a column. There are few, however many rows are wrong.
    fn column(&mut self, table: &str, column: &str, problem: &str) -> &mut ColumnFindings {
        let same = |each: &ColumnFindings| each.table == table && each.column == column && each.problem == problem;
        let place = self.columns.iter().position(same).unwrap_or(self.columns.len());
        if place == self.columns.len() {
            let (table, column, problem) = (table.to_owned(), column.to_owned(), problem.to_owned());
            self.columns.push(ColumnFindings {
                table,
                column,
                problem,
                count: 0,
                examples: Vec::new(),
                rows: BTreeSet::new(),
            });
        }
        #[allow(clippy::indexing_slicing, reason = "the place was found, or made just now")]
        &mut self.columns[place]
    }
}

/// What is worth saying about the lives that were read; nothing of it is lost silently.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    /// Contacts that were not given out, because a value of theirs could not be read.
    pub set_aside: u64,
    pub unreadable: Findings,
    /// Rows of events that name no contact.
    pub without_contact: u64,
    /// Events of contacts that have no row in `contact`.
    pub of_unknown_contacts: u64,
    /// Events whose `at` is a date without a time.
    pub date_only: u64,
    /// The first and last instant of all rows of events that were read, of nobody's too.
    pub bounds: Option<Bounds>,
    /// The tables that were [looked over](super::Lives::surveying) by a reading that came to its end.
    // Only a check looks them over; a cache keeps what a simulation reads.
    #[serde(skip)]
    pub surveys: BTreeMap<String, Survey>,
    /// Of the same tables, the rows that name one that there is not.
    #[serde(skip)]
    pub strangers: Vec<Strangers>,
}

impl Notes {
    /// Adds the notes of a later range, so that the first findings do not depend on who read faster.
    pub fn absorb(&mut self, later: Notes) {
        self.set_aside += later.set_aside;
        self.unreadable.absorb(later.unreadable);
        self.without_contact += later.without_contact;
        self.of_unknown_contacts += later.of_unknown_contacts;
        self.date_only += later.date_only;
        self.bounds = self.bounds.into_iter().chain(later.bounds).reduce(Bounds::with);
        self.surveys.extend(later.surveys);
        self.strangers.extend(later.strangers);
    }

    /// A row of an event has this instant.
    pub(super) fn saw(&mut self, at: Instant) {
        let this = Bounds { first: at, last: at };
        self.bounds = Some(self.bounds.map_or(this, |bounds| bounds.with(this)));
    }
}

pub(super) fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".into(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) => cleaned(&String::from_utf8_lossy(bytes), SHOWN),
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}

//! A table looked over: how many values its columns have and how SQLite keeps them, and rows that most likely mean something
//! else than they say. It is counted row by row, in the same reading in which values are judged where there is one.

use super::decode;
use super::doubts::{About, Doubt};
use super::findings::shown;
use super::record::Record;
use super::{Crm, Error};
use crate::model::{CrmTable, is_same_name};
use crate::store::text::quoted;
use crate::time::{Precision, Zone};
use rusqlite::types::{Value, ValueRef};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Unix seconds of the beginnings of 1900 and of 2200.
const USUAL: std::ops::Range<i64> = -2_208_988_800..7_258_118_400;

/// What to look for in a table.
#[derive(Clone, Debug, Default)]
pub struct Question<'a> {
    /// The columns that are read; one that the table lacks is left out.
    pub columns: Vec<&'a str>,
    /// Whether its rows are events, with an instant `at`.
    pub is_event: bool,
    /// The columns that should not be below zero.
    pub amounts: Vec<&'a str>,
    /// The columns that should not be empty.
    pub required: Vec<&'a str>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    pub rows: u64,
    /// By column.
    pub columns: BTreeMap<String, Kept>,
    pub doubts: Vec<Doubt>,
}

/// How the values of a column are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// As the table declares it; empty for most columns of views.
    pub declared: String,
    /// How many values of each storage class there are: `integer`, `real`, `text`, `blob`. Missing ones are of none.
    pub classes: Vec<(&'static str, u64)>,
}

impl Kept {
    /// How many values there are.
    pub fn values(&self) -> u64 {
        self.classes.iter().map(|(_, count)| count).sum()
    }

    /// How many values are texts or bytes in a column that is declared to hold whole or binary numbers (SQLite, "Datatypes",
    /// 3.1). Dates and decimal numbers are NUMERIC there, and are mostly kept as text.
    pub fn misfits(&self) -> u64 {
        let declared = self.declared.to_ascii_uppercase();
        let has = |words: &[&str]| words.iter().any(|word| declared.contains(word));
        let is_number = has(&["INT"]) || !has(&["CHAR", "CLOB", "TEXT", "BLOB"]) && has(&["REAL", "FLOA", "DOUB"]);
        let misfits = self.classes.iter().filter(|(class, _)| matches!(*class, "text" | "blob"));
        if is_number { misfits.map(|(_, count)| count).sum() } else { 0 }
    }
}

/// The count of a table while its rows are read.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    table: String,
    rows: u64,
    /// The place of the rows' ids in the query, where the table has them.
    id: Option<usize>,
    columns: Vec<Column>,
}

/// A column that is counted.
#[derive(Clone, Debug)]
struct Column {
    name: String,
    declared: String,
    place: usize,
    /// Whether its values are asked for, not its doubts alone.
    is_read: bool,
    classes: Classes,
    doubts: Vec<Doubtful>,
}

#[derive(Clone, Debug, Default)]
struct Classes {
    integer: u64,
    real: u64,
    text: u64,
    blob: u64,
}

/// Rows with one doubt.
#[derive(Clone, Debug)]
struct Doubtful {
    /// In which place it is told.
    order: usize,
    about: About,
    rows: u64,
    /// The least id of these rows.
    first: Value,
}

impl Tally {
    /// Of a table, as those call it who ask. `place` gives the place of a column of the table in the query, and puts it there
    /// where it is not.
    pub fn new(
        (table, shape): (&str, &CrmTable),
        question: &Question<'_>,
        mut place: impl FnMut(&str) -> usize,
    ) -> Tally {
        let mut doubts: Vec<(&str, About)> = Vec::new();
        if question.is_event {
            doubts.extend([("at", About::DateWithoutTime), ("at", About::Far), ("contact", About::Nobody)]);
        }
        doubts.extend(question.amounts.iter().map(|column| (*column, About::Negative((*column).to_owned()))));
        doubts.extend(question.required.iter().map(|column| (*column, About::Empty((*column).to_owned()))));
        let mut columns = Vec::new();
        for column in &shape.columns {
            let asked = question.columns.iter().find(|asked| is_same_name(asked, &column.name));
            let is_read = asked.is_some();
            let doubted = doubts.iter().map(|(doubtful, _)| doubtful).find(|each| is_same_name(each, &column.name));
            let name = asked.or(doubted).copied().unwrap_or(column.name.as_str());
            let own = doubts.iter().enumerate().filter(|(_, (doubtful, _))| *doubtful == name);
            let doubtful = |(order, (_, about)): (usize, &(_, About))| Doubtful {
                order,
                about: about.clone(),
                rows: 0,
                first: Value::Null,
            };
            let doubts: Vec<Doubtful> = own.map(doubtful).collect();
            if is_read || !doubts.is_empty() {
                let (name, declared) = (name.to_owned(), column.declared.clone());
                let (place, classes) = (place(&name), Classes::default());
                columns.push(Column { name, declared, place, is_read, classes, doubts });
            }
        }
        Tally { table: table.to_owned(), rows: 0, id: shape.has("id").then(|| place("id")), columns }
    }

    /// Counts a row of the query.
    pub fn add(&mut self, row: Record<'_>) -> Result<(), rusqlite::Error> {
        self.rows += 1;
        for column in &mut self.columns {
            let value = row.get_ref(column.place)?;
            match value {
                ValueRef::Null => {}
                ValueRef::Integer(_) => column.classes.integer += 1,
                ValueRef::Real(_) => column.classes.real += 1,
                ValueRef::Text(_) => column.classes.text += 1,
                ValueRef::Blob(_) => column.classes.blob += 1,
            }
            for doubt in column.doubts.iter_mut().filter(|doubt| is_doubtful(&doubt.about, value)) {
                doubt.rows += 1;
                let id = self.id.map_or(Ok(ValueRef::Null), |place| row.get_ref(place))?;
                if comes_before(id, &doubt.first) {
                    doubt.first = id.try_into()?;
                }
            }
        }
        Ok(())
    }

    /// The table, and what was counted.
    pub fn survey(self) -> (String, Survey) {
        let mut survey = Survey { rows: self.rows, ..Survey::default() };
        let mut doubts: Vec<Doubtful> = Vec::new();
        for column in self.columns {
            doubts.extend(column.doubts.into_iter().filter(|doubt| doubt.rows > 0));
            if column.is_read {
                let Classes { integer, real, text, blob } = column.classes;
                let mut classes = vec![("integer", integer), ("real", real), ("text", text), ("blob", blob)];
                classes.retain(|(_, count)| *count > 0);
                survey.columns.insert(column.name, Kept { declared: column.declared, classes });
            }
        }
        doubts.sort_by_key(|doubt| doubt.order);
        survey.doubts.extend(doubts.into_iter().map(|Doubtful { about, rows, first, .. }| {
            let first = shown(ValueRef::from(&first));
            Doubt { table: self.table.clone(), about, rows, first }
        }));
        (self.table, survey)
    }
}

fn is_doubtful(about: &About, value: ValueRef<'_>) -> bool {
    match (about, value) {
        // A day that no month has is no date, which is another rule's.
        (About::DateWithoutTime, ValueRef::Text(text)) => {
            text.len() == 10 && matches!(decode::instant(value, Zone::UTC), Some((_, Precision::DateOnly)))
        }
        // What is no instant at all is another rule's too.
        (About::Far, ValueRef::Integer(seconds)) => {
            !USUAL.contains(&seconds) && decode::instant(value, Zone::UTC).is_some()
        }
        (About::Far, ValueRef::Text(text)) => {
            let year = text.split_first_chunk::<4>().filter(|(_, rest)| rest.starts_with(b"-")).map(|(year, _)| year);
            let year = year.filter(|year| year.iter().all(u8::is_ascii_digit));
            let is_far = year.is_some_and(|year| !(b"1900"..b"2200").contains(&year));
            is_far && decode::instant(value, Zone::UTC).is_some()
        }
        (About::Nobody | About::Empty(_), ValueRef::Null) => true,
        (About::Negative(_), ValueRef::Integer(number)) => number < 0,
        (About::Negative(_), ValueRef::Real(number)) => number < 0.0,
        // A decimal number may be kept as text.
        (About::Negative(_), ValueRef::Text(text) | ValueRef::Blob(text)) => is_below_zero(text),
        _ => false,
    }
}

/// Whether a text begins with a number below zero.
fn is_below_zero(text: &[u8]) -> bool {
    let Some(number) = text.trim_ascii_start().strip_prefix(b"-") else { return false };
    let digits = number.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.');
    digits.into_iter().any(|byte| matches!(byte, b'1'..=b'9'))
}

/// As SQLite orders ids: numbers, then texts, then bytes; a missing one is none, and a later row of the same is not less.
fn comes_before(id: ValueRef<'_>, known: &Value) -> bool {
    let rank = |value: ValueRef<'_>| match value {
        ValueRef::Integer(_) | ValueRef::Real(_) => 0,
        ValueRef::Text(_) => 1,
        ValueRef::Blob(_) => 2,
        ValueRef::Null => 3,
    };
    let known = ValueRef::from(known);
    let number = |value: ValueRef<'_>| match value {
        ValueRef::Integer(number) => number as f64,
        ValueRef::Real(number) => number,
        _ => 0.0,
    };
    let order = match (id, known) {
        (ValueRef::Integer(one), ValueRef::Integer(other)) => one.cmp(&other),
        (ValueRef::Text(one) | ValueRef::Blob(one), ValueRef::Text(other) | ValueRef::Blob(other)) => {
            rank(id).cmp(&rank(known)).then(one.cmp(other))
        }
        _ => rank(id).cmp(&rank(known)).then(number(id).total_cmp(&number(known))),
    };
    order == Ordering::Less
}

impl Crm {
    /// Looks over a table or view that nothing else reads row by row.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn survey(&self, table: &str, question: &Question<'_>) -> Result<Survey, Error> {
        let Some(shape) = self.shape.table(table) else { return Ok(Survey::default()) };
        let mut selected: Vec<String> = Vec::new();
        let mut tally = Tally::new((table, shape), question, |column| place_of(&mut selected, column));
        // A table of which no column is read has rows all the same.
        let columns: Vec<String> = selected.iter().map(|column| quoted(column)).collect();
        let columns = if columns.is_empty() { "NULL".to_owned() } else { columns.join(", ") };
        let sql = format!("SELECT {columns} FROM {}", quoted(table));
        let mut read = || {
            let mut statement = self.connection.prepare(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                tally.add(row.into())?;
            }
            Ok(())
        };
        read().map_err(|error| self.error_in(table, &error))?;
        Ok(tally.survey().1)
    }

    /// The first three texts or bytes of a column, with the ids of their rows.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn misfits(&self, table: &str, column: &str) -> Result<Vec<(String, String)>, Error> {
        let has_id = self.shape.table(table).is_some_and(|table| table.has("id"));
        let (id, name) = (if has_id { "\"id\"" } else { "NULL" }, quoted(column));
        let sql =
            format!("SELECT {name}, {id} FROM {} WHERE typeof({name}) IN ('text', 'blob') LIMIT 3", quoted(table));
        let read = || {
            let mut statement = self.connection.prepare(&sql)?;
            let rows = statement.query_map([], |row| Ok((shown(row.get_ref(0)?), shown(row.get_ref(1)?))))?;
            rows.collect::<Result<Vec<_>, rusqlite::Error>>()
        };
        read().map_err(|error| self.error_in(table, &error))
    }

    /// Whether a table or view can be read in the order of contacts without sorting all of it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn is_sorted_by_contact(&self, table: &str) -> Result<bool, Error> {
        let sql = format!("EXPLAIN QUERY PLAN SELECT * FROM {} ORDER BY \"contact\" COLLATE BINARY", quoted(table));
        let read = || {
            let mut plan = self.connection.prepare(&sql)?;
            let lines = plan.query_map([], |row| row.get::<_, String>(3))?;
            lines.collect::<Result<String, rusqlite::Error>>()
        };
        let plan = read().map_err(|error| self.error_in(table, &error))?;
        Ok(!plan.contains("TEMP B-TREE"))
    }
}

/// The place of a column among those that are selected, the last where it is new.
pub(super) fn place_of(selected: &mut Vec<String>, column: &str) -> usize {
    selected.iter().position(|each| each == column).unwrap_or_else(|| {
        selected.push(column.to_owned());
        selected.len() - 1
    })
}

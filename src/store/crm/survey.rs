//! A table looked over by one query: how many values its columns have and how SQLite keeps them, and rows that most likely mean
//! something else than they say. And who of all contacts can be reached.

use super::doubts::{About, Doubt};
use super::findings::shown;
use super::{Crm, Error};
use crate::model::may_be_email;
use crate::store::text::{cleaned, quoted};
use rusqlite::Row;
use rusqlite::types::ValueRef;
use std::collections::BTreeMap;

/// An instant before 1900 or after 2199, as text or in seconds.
const FAR: &str = "CASE typeof(\"at\")
    WHEN 'text' THEN \"at\" GLOB '[0-9][0-9][0-9][0-9]-*' AND (\"at\" < '1900' OR \"at\" >= '2200')
    WHEN 'integer' THEN \"at\" < -2208988800 OR \"at\" >= 7258118400 ELSE 0 END";

/// How many characters of a row's id are shown.
const SHOWN: usize = 40;

/// What to look for in a table.
#[derive(Clone, Debug, Default)]
pub struct Question<'a> {
    /// The columns that are read; one that the table lacks is left out.
    pub columns: Vec<&'a str>,
    /// Whether its rows are events, with an instant `at`.
    pub is_event: bool,
    /// The columns that should not be below zero.
    pub amounts: Vec<&'a str>,
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

const CLASSES: [&str; 4] = ["integer", "real", "text", "blob"];

/// What makes a contact out of reach of a message: all its channels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Channel {
    pub name: String,
    /// The column with the address.
    pub address: String,
    /// The column with the consent that is asked for, and what an empty one counts as.
    pub consent: Option<(String, bool)>,
}

/// Who cannot be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    pub contacts: u64,
    pub without_address: u64,
    /// With an address on a channel, and with consent on none of these.
    pub without_consent: u64,
}

impl Crm {
    /// Looks over a table or view.
    ///
    /// # Errors
    /// When it cannot be read, or an event has no `id` or `at`.
    pub fn survey(&self, table: &str, question: &Question<'_>) -> Result<Survey, Error> {
        let Some(shape) = self.shape.table(table) else { return Ok(Survey::default()) };
        let columns = question.columns.iter().filter_map(|name| shape.columns.iter().find(|each| each.name == **name));
        let columns: Vec<_> = columns.collect();
        let asked = doubtful(question, |column| shape.has(column));
        let mut selected = vec!["count(*)".to_owned()];
        for column in &columns {
            let name = quoted(&column.name);
            selected.extend(CLASSES.map(|class| format!("count(*) FILTER (WHERE typeof({name}) = '{class}')")));
        }
        for (_, doubtful) in &asked {
            selected.push(format!("count(*) FILTER (WHERE {doubtful})"));
            selected.push(format!("CAST(min(\"id\") FILTER (WHERE {doubtful}) AS TEXT)"));
        }
        let sql = format!("SELECT {} FROM {}", selected.join(", "), quoted(table));
        let look = |row: &Row<'_>| {
            let count = |place: usize| row.get::<_, i64>(place).map(i64::unsigned_abs);
            let mut survey = Survey { rows: count(0)?, ..Survey::default() };
            let mut place = 1;
            for column in &columns {
                let mut kept = Kept { declared: column.declared.clone(), classes: Vec::new() };
                for class in CLASSES {
                    kept.classes.push((class, count(place)?));
                    place += 1;
                }
                kept.classes.retain(|(_, count)| *count > 0);
                survey.columns.insert(column.name.clone(), kept);
            }
            for (about, _) in &asked {
                let first: Option<Vec<u8>> = row.get_ref(place + 1)?.as_bytes_or_null()?.map(<[u8]>::to_vec);
                let first = first.map_or("NULL".to_owned(), |id| cleaned(&String::from_utf8_lossy(&id), SHOWN));
                let rows = count(place)?;
                place += 2;
                if rows > 0 {
                    survey.doubts.push(Doubt { table: table.to_owned(), about: about.clone(), rows, first });
                }
            }
            Ok(survey)
        };
        self.connection.query_row(&sql, [], look).map_err(|error| self.error_in(table, &error))
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

    /// How many contacts can be reached on none of these channels, for each of several messages: in one pass. Nothing where
    /// the CRM lacks one of the columns.
    ///
    /// # Errors
    /// When the contacts cannot be read.
    pub fn reach(&self, messages: &[Vec<Channel>]) -> Result<Vec<Option<Reach>>, Error> {
        let Some(contact) = self.shape.table("contact") else { return Ok(vec![None; messages.len()]) };
        let mut columns: Vec<&str> = Vec::new();
        for channel in messages.iter().flatten() {
            let consent = channel.consent.as_ref().map(|(column, _)| column.as_str());
            columns.extend(std::iter::once(channel.address.as_str()).chain(consent));
        }
        columns.sort_unstable();
        columns.dedup();
        columns.retain(|column| contact.has(column));
        let place = |column: &str| columns.binary_search(&column).ok();
        let planned = |channel: &Channel| {
            let consent = match &channel.consent {
                Some((column, empty)) => Some((place(column)?, *empty)),
                None => None,
            };
            Some(Planned { is_email: channel.name == "email", address: place(&channel.address)?, consent })
        };
        let plans: Vec<Option<Vec<Planned>>> =
            messages.iter().map(|channels| channels.iter().map(planned).collect()).collect();
        let mut found: Vec<Option<Reach>> = plans.iter().map(|plan| plan.as_ref().map(|_| Reach::default())).collect();
        let selected: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
        if selected.is_empty() {
            return Ok(found);
        }
        let sql = format!("SELECT {} FROM \"contact\"", selected.join(", "));
        let mut read = || {
            let mut statement = self.connection.prepare(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                for (plan, reach) in plans.iter().zip(&mut found) {
                    if let (Some(plan), Some(reach)) = (plan, reach) {
                        count(plan, row, reach)?;
                    }
                }
            }
            Ok(())
        };
        read().map_err(|error: rusqlite::Error| self.error_in("contact", &error))?;
        Ok(found)
    }
}

/// A channel, by the places of its columns in the query.
struct Planned {
    is_email: bool,
    address: usize,
    consent: Option<(usize, bool)>,
}

fn count(plan: &[Planned], row: &Row<'_>, reach: &mut Reach) -> Result<(), rusqlite::Error> {
    let (mut has_address, mut consents) = (false, false);
    for channel in plan {
        let is_address = match row.get_ref(channel.address)? {
            ValueRef::Text(text) if channel.is_email => may_be_email(&String::from_utf8_lossy(text)),
            ValueRef::Text(text) => !text.trim_ascii().is_empty(),
            ValueRef::Integer(_) => !channel.is_email,
            _ => false,
        };
        let agrees = match channel.consent {
            None => true,
            Some((place, empty)) => match row.get_ref(place)? {
                ValueRef::Null => empty,
                value => matches!(value, ValueRef::Integer(1) | ValueRef::Text(b"1")),
            },
        };
        has_address |= is_address;
        consents |= is_address && agrees;
    }
    reach.contacts += 1;
    reach.without_address += u64::from(!has_address);
    reach.without_consent += u64::from(has_address && !consents);
    Ok(())
}

/// The doubts about a table's rows, each with its condition in SQL.
fn doubtful(question: &Question<'_>, has: impl Fn(&str) -> bool) -> Vec<(About, String)> {
    let mut doubts = Vec::new();
    if question.is_event {
        let dated = "typeof(\"at\") = 'text' AND \"at\" GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]' AND date(\"at\") = \"at\"";
        // A day that no month has is no date, which is another rule's.
        doubts.push((About::DateWithoutTime, dated.to_owned()));
        doubts.push((About::Far, FAR.to_owned()));
    }
    for column in question.amounts.iter().filter(|column| has(column)) {
        // A decimal number may be kept as text.
        doubts.push((About::Negative((*column).to_owned()), format!("CAST({} AS REAL) < 0", quoted(column))));
    }
    doubts
}

//! Rows of events that can be read and most likely mean something else: found by one query a table.

use super::{Crm, Error};
use crate::diagnostic::{Diagnostic, Rule};
use crate::store::text::{cleaned, quoted};

/// How many characters of a row's id are shown.
const SHOWN: usize = 40;

/// An instant before 1900 or after 2199, as text or in seconds.
const FAR: &str = "CASE typeof(\"at\")
    WHEN 'text' THEN \"at\" GLOB '[0-9][0-9][0-9][0-9]-*' AND (\"at\" < '1900' OR \"at\" >= '2200')
    WHEN 'integer' THEN \"at\" < -2208988800 OR \"at\" >= 7258118400 ELSE 0 END";

/// Rows of one table with the same doubt about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    pub table: String,
    pub about: About,
    /// How many rows; at least one.
    pub rows: u64,
    /// The least id of these rows, cleaned and cut.
    pub first: String,
}

/// What is doubtful about a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// Its instant is a date without a time.
    DateWithoutTime,
    /// Its instant is centuries away.
    Far,
    /// This column, a quantity or an amount, is below zero.
    Negative(String),
}

impl Doubt {
    /// As rule `date-without-time` (D008), `negative-quantity` (D009) or `far-instant` (D011).
    pub fn diagnostic(&self) -> Diagnostic {
        let Doubt { table, about, rows, first } = self;
        let rows =
            if *rows == 1 { format!("1 row of `{table}` has") } else { format!("{rows} rows of `{table}` have") };
        match about {
            About::DateWithoutTime => {
                let message = format!("{rows} a date without a time in `at`, the first is {first}");
                Diagnostic::new(Rule::DateWithoutTime, message)
                    .because("such a date is taken for the last second of its day")
                    .help("let `at` hold the time too, where the shop knows it")
            }
            About::Far => {
                let message = format!("{rows} an `at` before 1900 or after 2199, the first is {first}");
                Diagnostic::new(Rule::FarInstant, message)
                    .because(
                        "a date that stands for `never` is an instant like any other, and a simulation goes that far",
                    )
                    .help(format!("leave such rows out of `{table}`"))
            }
            About::Negative(column) => {
                let message = format!("{rows} a negative `{column}`, the first is {first}");
                Diagnostic::new(Rule::NegativeQuantity, message)
                    .because("a return written as a negative purchase starts scenarios and counts as a repurchase")
                    .help(format!(
                        "leave such rows out of `{table}`, and give returns as events of their own: `returned`"
                    ))
            }
        }
    }
}

impl Crm {
    /// The doubtful rows of an event's table, of which these columns should not be negative. Columns that the table
    /// lacks are left out.
    ///
    /// # Errors
    /// When the table has no `id` or `at`, or the CRM cannot be read.
    pub fn doubts(&self, table: &str, amounts: &[&str]) -> Result<Vec<Doubt>, Error> {
        let there = |column: &&&str| self.shape.table(table).is_some_and(|table| table.has(column));
        let negative = amounts.iter().filter(there).map(|column| {
            // A decimal number may be kept as text.
            (About::Negative((*column).to_owned()), format!("CAST({} AS REAL) < 0", quoted(column)))
        });
        let dated = "typeof(\"at\") = 'text' AND \"at\" GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'";
        let judged: Vec<(About, String)> = [(About::DateWithoutTime, dated.to_owned()), (About::Far, FAR.to_owned())]
            .into_iter()
            .chain(negative)
            .collect();
        let counts: Vec<String> = judged
            .iter()
            .map(|(_, doubtful)| {
                format!("count(*) FILTER (WHERE {doubtful}), CAST(min(\"id\") FILTER (WHERE {doubtful}) AS TEXT)")
            })
            .collect();
        let sql = format!("SELECT {} FROM {}", counts.join(", "), quoted(table));
        let mut found = Vec::new();
        let look = |row: &rusqlite::Row<'_>| {
            for (place, (about, _)) in judged.iter().enumerate() {
                let rows = row.get::<_, i64>(2 * place)?.unsigned_abs();
                let first: Option<Vec<u8>> = row.get_ref(2 * place + 1)?.as_bytes_or_null()?.map(<[u8]>::to_vec);
                let first = first.map_or("NULL".to_owned(), |id| cleaned(&String::from_utf8_lossy(&id), SHOWN));
                if rows > 0 {
                    found.push(Doubt { table: table.to_owned(), about: about.clone(), rows, first });
                }
            }
            Ok(())
        };
        self.connection.query_row(&sql, [], look).map_err(|error| self.error_in(table, &error))?;
        Ok(found)
    }
}

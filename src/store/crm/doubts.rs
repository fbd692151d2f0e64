//! Rows of events that can be read and most likely mean something else.

use crate::diagnostic::{Diagnostic, Rule};

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
    /// It is an event, and names no contact.
    Nobody,
    /// This column, whose field is always there, is empty.
    Empty(String),
}

impl Doubt {
    /// As rule `date-without-time` (D008), `negative-quantity` (D009), `far-instant` (D011), `no-such-row` (D023) or
    /// `value-missing` (D024).
    pub fn diagnostic(&self) -> Diagnostic {
        let Doubt { table, about, rows, first } = self;
        let rows = match (rows, about) {
            (1, About::Nobody) => format!("1 row of `{table}` names"),
            (1, _) => format!("1 row of `{table}` has"),
            (_, About::Nobody) => format!("{rows} rows of `{table}` name"),
            _ => format!("{rows} rows of `{table}` have"),
        };
        match about {
            About::DateWithoutTime => {
                let message = format!("{rows} a date without a time in `at`, the first is that with the id {first}");
                Diagnostic::new(Rule::DateWithoutTime, message)
                    .because("such a date is taken for the last second of its day")
                    .help("let `at` hold the time too, where the shop knows it")
            }
            About::Far => {
                let message =
                    format!("{rows} an `at` before 1900 or after 2199, the first is that with the id {first}");
                Diagnostic::new(Rule::FarInstant, message)
                    .because(
                        "a date that stands for `never` is an instant like any other, and a simulation goes that far",
                    )
                    .help(format!("leave such rows out of `{table}`"))
            }
            About::Nobody => {
                let message = format!("{rows} no contact, the first is that with the id {first}");
                Diagnostic::new(Rule::NoSuchRow, message)
                    .because("what happened to nobody starts nothing, and counts for nobody")
                    .help("fill `contact` where the shop knows who it was")
            }
            About::Empty(column) => {
                let message = format!("{rows} no `{column}`, the first is that with the id {first}");
                Diagnostic::new(Rule::ValueMissing, message)
                    .because(
                        "the field is declared as always there, so that no scenario provides for such a row: what asks \
                         for the value is unknown, and a message that shows it is not sent",
                    )
                    .help(format!(
                        "fill `{column}` in these rows, or give a value for them in a view; where a text of yours \
                         declares the field, write `?` behind its type"
                    ))
            }
            About::Negative(column) => {
                let message = format!("{rows} a negative `{column}`, the first is that with the id {first}");
                Diagnostic::new(Rule::NegativeQuantity, message)
                    .because("a return written as a negative purchase starts scenarios and counts as a repurchase")
                    .help(format!(
                        "leave such rows out of `{table}`, and give returns as events of their own: `returned`"
                    ))
            }
        }
    }
}

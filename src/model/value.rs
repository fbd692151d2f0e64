//! Ids, and the values that a text can write.

use crate::time::{Date, Duration, Instant, TimeOfDay};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// The id of a row of the CRM. Numbers come first, by size, then texts, by bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Id {
    Number(i64),
    Text(Arc<str>),
}

impl Id {
    /// The number that it is.
    pub fn number(&self) -> Option<i64> {
        match self {
            Id::Number(number) => Some(*number),
            Id::Text(_) => None,
        }
    }
}

impl PartialOrd for Id {
    fn partial_cmp(&self, other: &Id) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Id {
    fn cmp(&self, other: &Id) -> Ordering {
        match (self, other) {
            (Id::Number(one), Id::Number(two)) => one.cmp(two),
            (Id::Number(_), Id::Text(_)) => Ordering::Less,
            (Id::Text(_), Id::Number(_)) => Ordering::Greater,
            (Id::Text(one), Id::Text(two)) => one.cmp(two),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Id::Number(number) => write!(f, "{number}"),
            Id::Text(text) => f.write_str(text),
        }
    }
}

/// A value that a text writes: the constants of the IR.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Literal {
    Text(String),
    /// A number, an amount of money in the project's currency, or a fraction (a percentage divided by 100).
    Number(Decimal),
    Flag(bool),
    Instant(Instant),
    Date(Date),
    Time(TimeOfDay),
    Duration(Duration),
    /// A list, in its order.
    List(Vec<Literal>),
    /// A row of an entity as a template reads it: paths of one name or more, sorted.
    Row(Vec<(Vec<String>, Option<Literal>)>),
}

/// A number for people: two digits after the point, three digits in all where it is below 1. Data has all of them.
pub fn rounded(number: Decimal) -> Decimal {
    let half = RoundingStrategy::MidpointAwayFromZero;
    let rounded = match number.abs() < Decimal::ONE {
        true => number.round_sf_with_strategy(3, half).unwrap_or(number),
        false => number.round_dp_with_strategy(2, half),
    };
    rounded.normalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_rounded_for_people() {
        for (number, shown) in [
            ("2", "2"),
            ("2.3333333333333333333333333333", "2.33"),
            ("1234.565", "1234.57"),
            ("-2.125", "-2.13"),
            ("0.0869565217391304347826086957", "0.087"),
            ("0.00012345", "0.000123"),
            ("0.9999", "1"),
            ("0", "0"),
        ] {
            assert_eq!(rounded(number.parse().unwrap()).to_string(), shown, "{number}");
        }
    }
}

//! What a template sees: the values of a message, and the filters that show them.
//!
//! A text, a flag and an enumeration are themselves. A number, a percentage (0.2 for 20%) and an amount are
//! numbers, for conditions. An instant is its wall time in the project's zone, `2011-03-04 10:00`; a date is
//! `2011-03-04`, a time `10:00`, a duration `1 month`: texts that sort as they should. A list is a list, and each of its rows
//! a record of what the template reads of it.
//!
//! Filters beside MiniJinja's own: `amount|money` is `12.50 EUR`, rounded to the currency's digits, half
//! away from zero; `at|date` is `2011-03-04`, and `at|date("%d/%m/%Y %H:%M")` any format of strftime.

use super::Presentation;
use crate::model::{Literal, MessageValue, MessageValues};
use crate::time::Zone;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind};
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Currencies of ISO 4217 that have no smaller unit.
const WITHOUT_CENTS: [&str; 16] =
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"];

/// The context that a template is rendered with.
pub(super) fn context(values: &MessageValues, zone: Zone) -> Value {
    let mut root = Node::of(&values.values, zone);
    let items: Vec<Value> = values.items.iter().map(|item| Node::of(item, zone).value()).collect();
    if let Node::Branch(names) = &mut root {
        names.insert("items".into(), Node::Leaf(Value::from(items)));
    }
    root.value()
}

enum Node {
    Leaf(Value),
    Branch(BTreeMap<String, Node>),
}

impl Node {
    fn of(values: &[MessageValue], zone: Zone) -> Node {
        let mut root = BTreeMap::new();
        for value in values {
            insert(&mut root, &value.path, value.value.as_ref().map(|literal| show(literal, zone)));
        }
        Node::Branch(root)
    }

    fn value(self) -> Value {
        match self {
            Node::Leaf(value) => value,
            Node::Branch(names) => {
                let names: BTreeMap<String, Value> =
                    names.into_iter().map(|(name, node)| (name, node.value())).collect();
                Value::from(names)
            }
        }
    }
}

/// Puts a value at its path. A missing one leaves its record there and its own name out of it, so that
/// reading it is an error that names it. A record wins over a value of the same path: `product` and
/// `product.name` are both read where a template asks for the product in a condition.
fn insert(names: &mut BTreeMap<String, Node>, path: &[String], value: Option<Value>) {
    match path {
        [] => {}
        [name] => {
            if let Some(value) = value {
                names.entry(name.clone()).or_insert(Node::Leaf(value));
            }
        }
        [name, rest @ ..] => {
            let node = names.entry(name.clone()).or_insert_with(|| Node::Branch(BTreeMap::new()));
            if let Node::Leaf(_) = node {
                *node = Node::Branch(BTreeMap::new());
            }
            if let Node::Branch(inner) = node {
                insert(inner, rest, value);
            }
        }
    }
}

fn show(literal: &Literal, zone: Zone) -> Value {
    match literal {
        Literal::Text(text) => Value::from(text.as_str()),
        Literal::Number(number) => number_value(*number),
        Literal::Flag(flag) => Value::from(*flag),
        Literal::Instant(instant) => {
            let (date, time) = zone.wall(*instant);
            Value::from(format!("{date} {time}"))
        }
        Literal::Date(date) => Value::from(date.to_string()),
        Literal::Time(time) => Value::from(time.to_string()),
        Literal::Duration(duration) => Value::from(duration.to_string()),
        Literal::List(all) => all.iter().map(|each| show(each, zone)).collect(),
        Literal::Row(fields) => {
            let mut names = BTreeMap::new();
            for (path, value) in fields {
                insert(&mut names, path, value.as_ref().map(|literal| show(literal, zone)));
            }
            Node::Branch(names).value()
        }
    }
}

/// A number that conditions can compare. MiniJinja has no decimals: an amount is a double here, which the
/// filter `money` reads back exactly up to 15 digits; nothing but the text of a message depends on it.
fn number_value(number: Decimal) -> Value {
    let whole = number.normalize();
    match (whole.scale(), whole.to_i64(), number.to_f64()) {
        (0, Some(integer), _) => Value::from(integer),
        (_, _, Some(double)) => Value::from(double),
        _ => Value::from(number.to_string()),
    }
}

/// Adds the filters of this room.
pub(super) fn add_filters(environment: &mut Environment<'static>, presentation: &Presentation) {
    let currency = presentation.currency.0.clone();
    environment.add_filter("money", move |amount: f64| money(amount, &currency));
    environment.add_filter("date", |moment: String, format: Option<&str>| date(&moment, format));
}

/// Rust writes a double by the shortest digits that read back as the same, without exponent.
pub(super) fn money(amount: f64, currency: &str) -> Result<String, Error> {
    let refused = |_| Error::new(ErrorKind::InvalidOperation, "`money` wants an amount");
    let number: Decimal = amount.to_string().parse().map_err(refused)?;
    let digits = if WITHOUT_CENTS.contains(&currency) { 0 } else { 2 };
    let rounded = number.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero);
    Ok(format!("{rounded:.*} {currency}", digits as usize))
}

pub(super) fn date(text: &str, format: Option<&str>) -> Result<String, Error> {
    let refused = || Error::new(ErrorKind::InvalidOperation, "`date` wants a date or an instant");
    let parsed = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"]
        .into_iter()
        .find_map(|layout| NaiveDateTime::parse_from_str(text, layout).ok())
        .or_else(|| Some(NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_time(NaiveTime::MIN)))
        .ok_or_else(refused)?;
    let mut out = String::new();
    write!(out, "{}", parsed.format(format.unwrap_or("%Y-%m-%d")))
        .map_err(|_| Error::new(ErrorKind::InvalidOperation, "the format of `date` is none of strftime"))?;
    Ok(out)
}

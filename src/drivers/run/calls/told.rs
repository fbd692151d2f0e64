//! What a webhook is told.

use crate::model::{Id, Literal, MessageValue};
use crate::time::Instant;
use serde_json::{Map, Value, json};

/// What a webhook is told, as JSON: its name, whom and when it is about, and the values by their names. Numbers that are
/// not whole are texts, so that no digit of an amount is lost.
pub(in crate::drivers::run) fn body(webhook: &str, contact: &Id, at: Instant, values: &[MessageValue]) -> String {
    let mut told = Map::new();
    for MessageValue { path, value, .. } in values {
        put(&mut told, path, value.as_ref().map_or(Value::Null, shown));
    }
    json!({"webhook": webhook, "contact": contact, "at": at.to_string(), "values": told}).to_string()
}

/// Puts a value where its path leads: `["product", "name"]` is `name` of the object `product`.
fn put(object: &mut Map<String, Value>, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        object.insert(first.clone(), value);
        return;
    }
    let inner = object.entry(first.clone()).or_insert_with(|| Value::Object(Map::new()));
    if !inner.is_object() {
        *inner = Value::Object(Map::new());
    }
    if let Some(inner) = inner.as_object_mut() {
        put(inner, rest, value);
    }
}

fn shown(literal: &Literal) -> Value {
    match literal {
        Literal::Text(text) => json!(text),
        Literal::Number(number) => {
            let number = number.normalize();
            i64::try_from(number).ok().filter(|_| number.scale() == 0).map_or(json!(number.to_string()), Value::from)
        }
        Literal::Flag(flag) => json!(flag),
        Literal::Instant(instant) => json!(instant.to_string()),
        Literal::Date(date) => json!(date.to_string()),
        Literal::Time(time) => json!(time.to_string()),
        Literal::Duration(duration) => json!(duration.to_string()),
        Literal::List(all) => all.iter().map(shown).collect(),
        Literal::Row(fields) => {
            let mut row = Map::new();
            for (path, value) in fields {
                put(&mut row, path, value.as_ref().map_or(Value::Null, shown));
            }
            Value::Object(row)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Type;

    #[test]
    fn a_webhook_is_told_values_by_their_names() {
        let value = |path: &[&str], value: Option<Literal>| MessageValue {
            path: path.iter().map(ToString::to_string).collect(),
            ty: Type::Text,
            value,
        };
        let number = |text: &str| Some(Literal::Number(text.parse().unwrap()));
        let values = [
            value(&["product", "name"], Some(Literal::Text("a \"bed\"".into()))),
            value(&["product", "price"], number("12.50")),
            value(&["count"], number("3.0")),
            value(&["gone"], None),
        ];
        assert_eq!(
            body("crm_sync", &Id::Number(7), Instant::from_seconds(0), &values),
            r#"{"at":"1970-01-01T00:00:00Z","contact":7,"values":{"count":3,"gone":null,"product":{"name":"a \"bed\"","price":"12.5"}},"webhook":"crm_sync"}"#
        );
    }
}

//! Calling webhooks: what a `call` decided leaves through the outbox, as a file or by HTTP.

use super::super::Error;
use super::Run;
use super::deliver::put_off;
use crate::channel::{Answer, FileKind, write_file};
use crate::engine::Reason;
use crate::model::{Id, Literal, MessageValue};
use crate::store::state::{DueMessage, Outcome, Ticket};
use crate::time::Instant;
use serde_json::{Map, Value, json};

/// What a webhook is told, as JSON: its name, whom and when it is about, and the values by their names. Numbers that are
/// not whole are texts, so that no digit of an amount is lost.
pub(super) fn body(webhook: &str, contact: &Id, at: Instant, values: &[MessageValue]) -> String {
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

impl Run {
    /// Makes calls that are due; those that are too late are recorded as expired.
    pub(super) fn make_calls(&mut self, calls: Vec<DueMessage>, now: Instant) -> Result<(), Error> {
        let (calls, late): (Vec<DueMessage>, Vec<DueMessage>) =
            calls.into_iter().partition(|call| call.expires_at >= now);
        let tickets: Vec<Ticket> = late.iter().map(|call| call.ticket).collect();
        self.state.expire_calls(&tickets, now)?;
        for _ in late {
            self.did_not_send("expired", Reason::Late.text());
        }
        let address = |call: &DueMessage| {
            let name = call.call.as_ref().map_or("", |(webhook, _)| webhook);
            self.delivery.webhooks.get(name).cloned().unwrap_or_default()
        };
        let claims: Vec<(Ticket, String)> = calls.iter().map(|call| (call.ticket, address(call))).collect();
        self.state.claim_calls(&claims, now)?;
        for (call, (ticket, address)) in calls.into_iter().zip(claims) {
            let Some((webhook, body)) = &call.call else { continue };
            self.state.handed(&[ticket], now)?;
            let outcome = match address.is_empty() {
                true => self.write_call(&call, body)?,
                false => self.post_call(&call, webhook, &address, body, now),
            };
            self.state.settle(&[(ticket, outcome)], now)?;
        }
        Ok(())
    }

    /// Without an address, a call is a file.
    fn write_call(&mut self, call: &DueMessage, body: &str) -> Result<Outcome, Error> {
        let key = call.ticket.key.to_string();
        let name = self.delivery.outbox.display().to_string();
        write_file(&self.delivery.outbox, &key, FileKind::Call, body.as_bytes())
            .map_err(|error| Error::Io(name, std::io::Error::other(error.to_string())))?;
        *self.report.sent.entry("webhook".into()).or_default() += 1;
        Ok(Outcome::Accepted { reply: "written".into() })
    }

    fn post_call(&mut self, call: &DueMessage, webhook: &str, address: &str, body: &str, now: Instant) -> Outcome {
        let caller = self.caller.get_or_insert_default();
        match caller.call(address, &call.ticket.key.to_string(), body) {
            Answer::Taken(status) => {
                *self.report.sent.entry("webhook".into()).or_default() += 1;
                Outcome::Accepted { reply: status.to_string() }
            }
            Answer::Later(reason) => {
                self.report.deferred += 1;
                let said = format!("webhook `{webhook}`: {reason}");
                self.report.troubles.insert(said.clone());
                match put_off(call, now, &said) {
                    // Each call counts as an attempt, so that the next one comes later.
                    Outcome::Deferred { next_try, reason, .. } => {
                        Outcome::Deferred { next_try, reply: Some(reason.clone()), reason }
                    }
                    other => other,
                }
            }
            Answer::Refused(reason) => {
                self.did_not_send("bounced", &format!("webhook `{webhook}`: {reason}"));
                Outcome::Bounced { class: "content".into(), reply: reason }
            }
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

//! Tests to their compiled form.

use crate::check::cases::{Case, Expected, Value};
use crate::ir::{Expectation, ExpectationKind, GivenEvent, GivenRow, GivenValue, TestCase, When};

pub fn lower(case: &Case) -> TestCase {
    TestCase {
        name: case.name.clone(),
        span: case.span,
        scenarios: case.scenarios.clone(),
        given: (case.given.iter())
            .map(|given| GivenRow {
                entity: given.entity.clone(),
                name: given.name.clone(),
                fields: fields(&given.fields),
            })
            .collect(),
        events: (case.events.iter())
            .map(|event| GivenEvent {
                span: event.span,
                at: event.at,
                arriving: event.arriving,
                contact: event.contact.clone(),
                event: event.event.clone(),
                fields: fields(&event.fields),
            })
            .collect(),
        expectations: (case.expectations.iter())
            .map(|(span, expected)| Expectation { span: *span, kind: kind(expected.clone()) })
            .collect(),
        measures: Vec::new(),
        until: None,
    }
}

fn fields(all: &[(String, Value)]) -> Vec<(String, GivenValue)> {
    all.iter().map(|(name, given)| (name.clone(), value(given))).collect()
}

fn value(given: &Value) -> GivenValue {
    match given {
        Value::Literal(literal) => GivenValue::Literal(literal.clone()),
        Value::Empty => GivenValue::Empty,
        Value::Row(name) => GivenValue::Row(name.clone()),
        Value::List(all) => GivenValue::List(all.iter().map(value).collect()),
    }
}

fn kind(expected: Expected) -> ExpectationKind {
    match expected {
        Expected::Message { channel, message, contact, at } => {
            ExpectationKind::Message { channel, message, contact, when: at.map_or(When::Ever, When::At) }
        }
        Expected::NoMessage { channel, message, contact } => ExpectationKind::NoMessage { channel, message, contact },
        Expected::Nothing => ExpectationKind::Nothing,
        Expected::NothingElse => ExpectationKind::NothingElse,
    }
}

//! Tests to their compiled form.

use crate::check::cases::{self, Case, Expected, Value};
use crate::ir::{Act, Expectation, ExpectationKind, GivenEvent, GivenMeasure, GivenRow, GivenValue, TestCase, When};

pub fn lower(case: &Case) -> TestCase {
    TestCase {
        name: case.name.clone(),
        span: case.span,
        scenarios: case.scenarios.clone(),
        given: (case.given.iter())
            .map(|given| GivenRow {
                entity: given.entity.clone(),
                id: given.id.clone(),
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
        measures: (case.measures.iter())
            .map(|told| GivenMeasure { name: told.name.clone(), at: told.at, value: told.value.clone() })
            .collect(),
        until: case.until,
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
        Expected::Message { channel, message, contact, when } => {
            ExpectationKind::Message { channel, message, contact, when: self::when(when) }
        }
        Expected::Act { negated, act, contact, when } => {
            ExpectationKind::Act { negated, act: self::act(&act), contact, when: self::when(when) }
        }
        Expected::NoMessage { channel, message, contact } => ExpectationKind::NoMessage { channel, message, contact },
        Expected::Nothing => ExpectationKind::Nothing,
        Expected::NothingElse => ExpectationKind::NothingElse,
    }
}

fn act(act: &cases::Act) -> Act {
    match act {
        cases::Act::Set { field, value } => Act::Set { field: field.clone(), value: self::value(value) },
        cases::Act::Tag { add, tag } => Act::Tag { add: *add, tag: tag.clone() },
        cases::Act::Account { credit, account, amount } => {
            Act::Account { credit: *credit, account: account.clone(), amount: *amount }
        }
        cases::Act::Start(scenario) => Act::Start { scenario: scenario.clone() },
        cases::Act::Erase => Act::Erase,
        cases::Act::Call(webhook) => Act::Call { webhook: webhook.clone() },
    }
}

fn when(when: cases::When) -> When {
    match when {
        cases::When::Ever => When::Ever,
        cases::When::At(at) => When::At(at),
        cases::When::Between(from, to) => When::Between(from, to),
    }
}

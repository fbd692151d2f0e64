//! A `test` block, compiled: what is given, what happens, what is expected. Never serialised.

use crate::model::{Id, Literal};
use crate::span::Span;
use crate::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestCase {
    pub name: String,
    /// Where the block stands.
    pub span: Span,
    /// The scenarios it runs, by name.
    pub scenarios: Vec<String>,
    /// Contacts and other entities, in the order of the text.
    pub given: Vec<GivenRow>,
    /// Measures whose value the test says.
    pub measures: Vec<GivenMeasure>,
    pub events: Vec<GivenEvent>,
    pub expectations: Vec<Expectation>,
    /// Until when periods come round and silences begin, where the test says so; else until the latest instant that it names.
    pub until: Option<Instant>,
}

/// `given measure brand_rhythm = 40 days`, `at 2020-01-06 00:00 measure brand_rhythm = 40 days`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenMeasure {
    pub name: String,
    /// From when on it tells this, as if it were taken then; `None` from the beginning.
    pub at: Option<Instant>,
    /// `None` where it has no value.
    pub value: Option<Literal>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenRow {
    pub entity: String,
    /// The text of its name, unless the test says another.
    pub id: Id,
    pub name: String,
    pub fields: Vec<(String, GivenValue)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GivenValue {
    Literal(Literal),
    /// `empty`: the row has no value here.
    Empty,
    /// A row given in the same test, by its name.
    Row(String),
    List(Vec<GivenValue>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenEvent {
    pub span: Span,
    pub at: Instant,
    /// `arriving`: when the row is seen; `at` without it.
    pub arriving: Option<Instant>,
    pub contact: String,
    pub event: String,
    pub fields: Vec<(String, GivenValue)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    pub span: Span,
    pub kind: ExpectationKind,
}

impl ExpectationKind {
    /// The contact of whom it speaks.
    pub fn contact(&self) -> Option<&str> {
        match self {
            ExpectationKind::Message { contact, .. }
            | ExpectationKind::NoMessage { contact, .. }
            | ExpectationKind::Act { contact, .. } => Some(contact),
            ExpectationKind::Nothing | ExpectationKind::NothingElse => None,
        }
    }
}

/// When something is expected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    #[default]
    Ever,
    At(Instant),
    /// Both included.
    Between(Instant, Instant),
}

/// What a step other than `send` does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    Set {
        field: String,
        value: GivenValue,
    },
    Tag {
        add: bool,
        tag: String,
    },
    /// The amount as a number.
    Account {
        credit: bool,
        account: String,
        amount: rust_decimal::Decimal,
    },
    Start {
        scenario: String,
    },
    Erase,
    Call {
        webhook: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectationKind {
    Message {
        channel: String,
        message: String,
        contact: String,
        when: When,
    },
    /// What a step other than `send` did; `negated` where it must not.
    Act {
        negated: bool,
        act: Act,
        contact: String,
        when: When,
    },
    NoMessage {
        channel: String,
        message: String,
        contact: String,
    },
    /// No message at all.
    Nothing,
    /// No message but those that other lines expect, each once.
    NothingElse,
}

//! A `test` block, compiled: what is given, what happens, what is expected. Never serialised.

use crate::model::Literal;
use crate::span::Span;
use crate::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestCase {
    pub name: String,
    /// Where the block stands.
    pub span: Span,
    /// The scenarios it runs, by name.
    pub scenarios: Vec<String>,
    /// Contacts and other entities, in the order of the text. A name is the id of its row.
    pub given: Vec<GivenRow>,
    pub events: Vec<GivenEvent>,
    pub expectations: Vec<Expectation>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenRow {
    pub entity: String,
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

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectationKind {
    Message {
        channel: String,
        message: String,
        contact: String,
        at: Option<Instant>,
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

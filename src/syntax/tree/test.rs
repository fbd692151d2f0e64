//! Tests and their lines.

use super::{Argument, Expr, Word};
use crate::span::Span;

/// `test "..." of renewal { ... }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    pub name: Word,
    /// The scenarios it runs; those of its file when empty.
    pub of: Vec<Word>,
    pub lines: Vec<TestLine>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestLine {
    pub span: Span,
    pub kind: TestLineKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TestLineKind {
    /// `given product mattress { recurring: yes, delay: 5 years }`; of a field without a value, the value is the path
    /// `empty`, in both kinds of lines. An id stands before the name where it is another: `given contact 17 as ana { ... }`.
    Given { entity: Word, id: Option<GivenId>, name: Word, fields: Vec<Argument> },
    /// `given measure brand_rhythm = 40 days`; with an instant `at 2020-01-06 00:00 measure brand_rhythm = 40 days`. The
    /// value may be the path `empty`.
    Measure { at: Option<Expr>, name: Word, value: Expr },
    /// `given shop`: the lines of a block.
    GivenBlock(Word),
    /// `cases delay, due { "three weeks": 3 weeks, 2020-01-24 ... }`: the test runs once a row, with these names.
    Cases { names: Vec<Word>, rows: Vec<CaseRow> },
    /// `until 2021-01-01`: how far the clock goes at least.
    Until(Expr),
    /// `at 2020-01-10 10:00 [arriving 2020-02-01 10:00] ana purchased product mattress quantity 2`
    At { at: Expr, arriving: Option<Expr>, contact: Word, event: Word, fields: Vec<Argument> },
    /// `expect email reminder to ana at 2024-12-10 10:00`; without `at` or `within`, at any instant.
    ExpectMessage { channel: Word, message: Word, contact: Word, when: Option<When> },
    /// `expect set tier = "gold" for ana`, `expect tag "dormant" for ana`, `expect credit 10 points for ana`,
    /// `expect erase for ana`, `expect start winback for ana`, `expect call crm for ana`, each with `no` too.
    ExpectAct { negated: bool, act: ExpectedAct, contact: Word, when: Option<When> },
    /// `expect no email reminder to ana`
    ExpectNoMessage { channel: Word, message: Word, contact: Word },
    /// `expect nothing`: no message at all. `expect nothing else`: none but those expected.
    ExpectNothing { otherwise: bool },
}

/// The id of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenId {
    /// As it is read: without quotes.
    pub word: Word,
    /// Whether it is written in quotes, and so a text, even of digits.
    pub is_text: bool,
}

/// A row of `cases`: a title, and a value for each name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseRow {
    pub title: Option<Word>,
    pub values: Vec<Expr>,
    pub span: Span,
}

/// When something is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// `at 2024-12-10 10:00`
    At(Expr),
    /// `within 3 days of 2024-12-10`: from then on, and not later than that; without `of`, of the last `at` line above it.
    Within { duration: Expr, of: Option<Expr> },
}

/// What a step other than `send` is expected to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedAct {
    Set { field: Word, value: Expr },
    Tag { add: bool, tag: Expr },
    Account { credit: bool, amount: Expr, account: Word },
    Start(Word),
    Erase,
    Call(Word),
}

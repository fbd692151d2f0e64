//! Expressions: values, conditions, facts about histories.

use super::{EventPattern, Filter, Path, Word};
use crate::span::{Span, Spanned};
use crate::time::{Date, TimeOfDay};
use rust_decimal::Decimal;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expr {
    pub span: Span,
    pub kind: ExprKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExprKind {
    /// Could not be read, as is already reported.
    Unread,
    Text(String),
    Number(Decimal),
    /// `50%`: 50.
    Percent(Decimal),
    /// `1 month`, `20 EUR`, `1 year 6 months`: numbers with a word each.
    Quantity(Vec<(Decimal, Word)>),
    /// `yes` or `no`.
    Flag(bool),
    Date(Date),
    Time(TimeOfDay),
    /// `2020-01-10 10:00`: a wall time of the policy's zone.
    DateTime(Date, TimeOfDay),
    /// `["a", "b"]`
    List(Vec<Expr>),
    /// A name or a path; one word may also be a definition, an event (a history without filter or window), or
    /// one of `entry`, `now`, `unknown`.
    Path(Path),
    /// `last message`
    LastMessage,
    /// `lead(product.delay)`, `round(amount)`
    Call {
        name: Word,
        arguments: Vec<Expr>,
    },
    /// `purchased same product.family since entry`: an event with at least a filter or a window.
    History {
        pattern: EventPattern,
        window: Option<Window>,
    },
    /// `no purchased in last 3 days`, `no (opened or clicked) in last 3 days`; alternatives share the window.
    No {
        patterns: Vec<EventPattern>,
        window: Option<Window>,
    },
    /// `(opened or clicked) in last 3 days`
    AnyOf {
        patterns: Vec<EventPattern>,
        window: Option<Window>,
    },
    Not(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Compare {
        op: Spanned<Comparison>,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `PATH is [not] VALUE`
    Is {
        negated: bool,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    IsEmpty {
        negated: bool,
        value: Box<Expr>,
    },
    /// `PATH [not] in LIST`
    In {
        negated: bool,
        value: Box<Expr>,
        list: Box<Expr>,
    },
    /// `in SCENARIO`: has a running instance of it.
    InScenario(Word),
    /// `contact can receive email`
    CanReceive {
        contact: Path,
        channel: Word,
    },
    Has(Path),
    /// `first + second - third`: the sign stands before its term; the first sign is always plus.
    Sum(Vec<(Sign, Expr)>),
    Product(Vec<(Factor, Expr)>),
    Negate(Box<Expr>),
    Default {
        value: Box<Expr>,
        fallback: Box<Expr>,
    },
    /// `3 months ago`
    Ago(Box<Expr>),
    If {
        arms: Vec<(Expr, Expr)>,
        otherwise: Box<Expr>,
    },
    /// `count of days of purchased ever`, `sum of credited.points in last 12 months`
    Aggregate(Box<Aggregate>),
    /// `top 3 of product.complements`
    Top {
        count: Spanned<Decimal>,
        of: Box<Expr>,
    },
}

/// A fact about a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aggregate {
    pub kind: Spanned<AggregateKind>,
    /// `purchased.product.category`: the event, then the path that is taken of each; the event alone where what happens is
    /// counted. One, but for a group: `count of (opened or clicked)`.
    pub of: Vec<Path>,
    /// For each of `of`.
    pub filters: Vec<Vec<Filter>>,
    pub window: Option<Window>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AggregateKind {
    /// `count of`: events, or distinct values of a path.
    Count,
    /// `count of days of`
    CountDays,
    Sum,
    Average,
    /// `average gap of`
    AverageGap,
    /// `median gap of`
    MedianGap,
    /// `most common of`
    MostCommon,
    /// `share of`: of those without the filters, how many pass them.
    Share,
    /// `first purchased.product ever`
    First,
    /// `last purchased.product ever`
    Last,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    Plus,
    Minus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factor {
    Times,
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// `before`: less, of instants and dates.
    Before,
    /// `after`: greater, of instants and dates.
    After,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    pub span: Span,
    pub kind: WindowKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WindowKind {
    SinceEntry,
    SinceLastMessage,
    Since(Box<Expr>),
    InLast(Box<Expr>),
    Ever,
}

//! The typed tree: what a text means. Names are resolved, definitions are unfolded with their arguments, and every
//! node knows its type. `compile` turns it into the IR.

mod visit;

use crate::model::{AggregateKind, Literal, MeasureKind, QuietHours, Refreshed, Type};
use crate::span::Span;
use crate::syntax::tree::{Factor, Sign};
use crate::time::{Duration, TimeOfDay, Weekday, Zone};
use rust_decimal::Decimal;

/// An expression with its type.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    pub kind: Kind,
    /// `None` for a node in error, which silences its followers.
    pub ty: Option<Type>,
    /// Whether it may have no value. In a condition: whether it may be unknown.
    pub optional: bool,
    /// Where it was written; inside a definition, the definition's text.
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Already reported.
    Error,
    /// No value; of a condition, unknown.
    Missing,
    Literal(Literal),
    Now,
    Entry,
    LastMessage,
    /// A field of the contact.
    Contact(String),
    ContactId,
    /// A field of the trigger.
    Trigger(String),
    /// A field of the event at hand.
    Event(String),
    Field {
        of: Box<Expr>,
        entity: String,
        field: String,
    },
    Has(Box<Expr>),
    IsEmpty(Box<Expr>),
    Not(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Equal(Box<(Expr, Expr)>),
    Less(Box<(Expr, Expr)>),
    LessOrEqual(Box<(Expr, Expr)>),
    In(Box<Expr>, Vec<Expr>),
    /// The first sign is always plus.
    Sum(Vec<(Sign, Expr)>),
    /// The first factor is always `Times`.
    Product(Vec<(Factor, Expr)>),
    Negate(Box<Expr>),
    Round(Box<Expr>),
    Default(Box<(Expr, Expr)>),
    If {
        arms: Vec<(Expr, Expr)>,
        otherwise: Box<Expr>,
    },
    History(Box<History>),
    /// The instant of the event at hand.
    EventAt,
    /// The value at hand of a list or an entity that a template goes through.
    Element,
    /// The last message of one of these names that this instance sent.
    OwnMessage(Vec<String>),
    Balance(String),
    Measure(String),
    InScenario(String),
    IsUnknown(Box<Expr>),
    /// A value and a list of the CRM.
    InList(Box<(Expr, Expr)>),
    Top(u32, Box<Expr>),
    /// `history` is every purchase; `product` and `complements` are taken of each.
    Recommend {
        count: u32,
        history: Box<History>,
        product: Box<Expr>,
        complements: Box<Expr>,
    },
    Aggregate(Box<Aggregate>),
}

/// A fact about a history.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    pub kind: AggregateKind,
    pub history: History,
    /// What is taken of each event.
    pub of: Option<Expr>,
}

/// Such an event happened in the window.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    pub event: String,
    /// What depends on the event alone; all of them hold.
    pub filters: Vec<Expr>,
    pub keys: Vec<Key>,
    /// What also depends on the trigger, the contact, the entry or now; all of them hold.
    pub instance_filters: Vec<Expr>,
    pub window: Window,
}

/// `same PATH`: its value in the event and in the trigger.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    pub of_event: Expr,
    pub of_instance: Expr,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Window {
    Since(Expr),
    InLast(Expr),
    Ever,
}

/// A scenario that is judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    pub name: String,
    pub title: Option<String>,
    pub doc: Option<String>,
    /// The whole scenario.
    pub span: Span,
    /// Where a finding about the scenario as a whole points: its name, else its trigger.
    pub place: Span,
    /// The folder of its file.
    pub folder: String,
    pub start: Start,
    /// The events of the scenarios that start it, whose rows can be its trigger too; sorted.
    pub started_by: Vec<String>,
    pub audience: Option<Expr>,
    pub entry: EntryRule,
    pub goal: Option<Goal>,
    pub stop_when: Option<Expr>,
    pub steps: Vec<Step>,
    pub messages: Vec<Message>,
}

/// What starts instances.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    Events(Vec<Trigger>),
    Silence {
        events: Vec<Trigger>,
        duration: Expr,
        /// `ever`: the contact's creation.
        since: Option<Expr>,
    },
    /// A contact takes part from its creation on, where that is known.
    Every {
        occurrence: Occurrence,
        since: Option<Expr>,
    },
    Started,
    /// Already reported, or none is written.
    Error,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Occurrence {
    Day {
        at: TimeOfDay,
    },
    Weekly {
        day: Weekday,
        at: TimeOfDay,
    },
    /// The first day of every so many months: 1, 3 or 12.
    Monthly {
        months: u8,
        at: TimeOfDay,
    },
    Anniversary {
        date: Box<Expr>,
        shift: Option<Box<Expr>>,
        at: TimeOfDay,
    },
}

/// What holds over all scenarios.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// The contact's zone: a text.
    pub zone: Option<Expr>,
    /// What holds where that is missing; that of the configuration without it.
    pub default_zone: Option<Zone>,
    pub quiet_hours: QuietHours,
    pub caps: Vec<Cap>,
    pub priority: Vec<String>,
    pub expire: Option<Duration>,
    /// A fraction.
    pub holdout: Decimal,
}

/// At most so many messages of a class in any stretch of time of this length, which is absolute.
#[derive(Clone, Debug, PartialEq)]
pub struct Cap {
    pub class: Class,
    pub most: u32,
    pub per: Duration,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    pub name: String,
    pub kind: MeasureKind,
    pub ty: Type,
    pub of: Expr,
    /// The contact's creation, before which it is not counted.
    pub since: Option<Expr>,
    pub refreshed: Refreshed,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    pub event: String,
    /// All of them hold.
    pub filters: Vec<Expr>,
    /// The event with its filters.
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum EntryRule {
    Always,
    Once,
    OnceEvery(Expr),
    OncePer(Expr),
    Latest,
    OneAtATime,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    pub condition: Expr,
    pub within: Option<Expr>,
    /// Empty where there is no `then`.
    pub then: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its number in the text, from 1: the main steps, then those of `goal ... then`.
    pub ordinal: u16,
    pub label: Option<String>,
    pub span: Span,
    pub guard: Option<Guard>,
    pub kind: StepKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Guard {
    Unless(Expr),
    OnlyIf(Expr),
}

#[derive(Clone, Debug, PartialEq)]
pub enum StepKind {
    /// Already reported.
    Error,
    Wait(Expr),
    WaitUntil(Moment),
    WaitFor {
        limit: Expr,
        condition: Expr,
        /// The messages of this scenario whose engagement the condition asks about, and nothing else.
        engagement: Vec<String>,
    },
    Send(Send),
    Set {
        field: String,
        ty: Type,
        value: Expr,
    },
    Tag {
        add: bool,
        tag: Expr,
    },
    Credit {
        account: String,
        amount: Expr,
        expires: Option<Expr>,
    },
    Debit {
        account: String,
        amount: Expr,
    },
    Start(String),
    Erase,
    Call {
        webhook: String,
        with: Vec<WithValue>,
    },
    Split {
        name: String,
        arms: Vec<SplitArm>,
    },
    Repeat {
        times: u32,
        every: Expr,
        steps: Vec<Step>,
    },
    If {
        arms: Vec<(Expr, Vec<Step>)>,
        otherwise: Option<Vec<Step>>,
    },
    Stop,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Moment {
    At(Expr),
    Anniversary(Expr),
    Weekly { day: Option<Weekday>, time: TimeOfDay },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Marketing,
    Service,
    Transactional,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Send {
    pub class: Class,
    pub alternatives: Vec<Alternative>,
    pub with: Vec<WithValue>,
    /// The wait just before it in the same sequence lends its instances.
    pub together: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SplitArm {
    pub name: String,
    /// A fraction.
    pub share: Decimal,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Alternative {
    pub channel: String,
    pub message: String,
    pub address: Expr,
    /// Where the model has a source of consent for the channel: a condition.
    pub consent: Option<Expr>,
    /// The message's name.
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct WithValue {
    pub name: String,
    pub value: Expr,
}

/// What the templates of one message of a scenario read.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub channel: String,
    pub message: String,
    pub language: Option<Expr>,
    /// The folder beside whose templates it lies; `None` for the project's.
    pub folder: Option<String>,
    /// Sorted by path.
    pub variables: Vec<Variable>,
    /// Sorted by path.
    pub items: Vec<Variable>,
    /// What is read of the entities and lists that `with` hands over, sorted by name.
    pub with: Vec<WithFields>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    pub path: Vec<String>,
    pub value: Expr,
    /// Of a list, what is read of each row ([`Kind::Element`]), sorted by path.
    pub each: Vec<Variable>,
}

/// What templates read of a value of `with`: of the entity, or of each row of the list ([`Kind::Element`]).
#[derive(Clone, Debug, PartialEq)]
pub struct WithFields {
    pub name: String,
    /// Sorted by path.
    pub fields: Vec<Variable>,
}

impl Expr {
    pub fn new(kind: Kind, ty: Type, optional: bool, span: Span) -> Expr {
        Expr { kind, ty: Some(ty), optional, span }
    }

    pub fn error(span: Span) -> Expr {
        Expr { kind: Kind::Error, ty: None, optional: false, span }
    }

    pub fn literal(literal: Literal, ty: Type, span: Span) -> Expr {
        Expr::new(Kind::Literal(literal), ty, false, span)
    }

    pub fn is_flag(&self) -> bool {
        self.ty == Some(Type::Flag)
    }

    /// Whether it asks for an event: such an expression is true or false, and never compared.
    pub fn is_history(&self) -> bool {
        match &self.kind {
            Kind::History(_) => true,
            Kind::Not(inner) => inner.is_history(),
            Kind::And(all) | Kind::Or(all) => all.iter().any(Expr::is_history),
            _ => false,
        }
    }
}

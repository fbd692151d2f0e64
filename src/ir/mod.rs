//! The program: what a scenario does, with names resolved to slots and expressions in flat arenas.
//!
//! This is the waist of the house. A [`Scenario`] is self-contained: it lists the fields that it reads and
//! refers to them by slot, so its hash covers the scenario and what it uses, and nothing else: no span, no
//! title, no comment, no template. The engine links several of them into one program.
//!
//! One of the three serialised forms (with state and journal); [`FORMAT`] is its version.

mod goals;
mod hash;
mod index;
mod operands;
mod policy;
mod start;
mod test_case;
mod version;
mod written;

pub use hash::{BundleHash, ScenarioHash};
pub use index::{Arena, ExprIx, ProbeIx, StepIx};
pub use policy::{Cap, Policy};
pub use start::{EntryRule, Occurrence, Start, Trigger};
pub use test_case::{
    Act, Expectation, ExpectationKind, GivenEvent, GivenMeasure, GivenRow, GivenValue, TestCase, When,
};
pub use version::{KeptVersion, Version, VersionError};
pub use written::{KnownStep, Written, WrittenStep};

use crate::model::{AggregateKind, FieldDefault, Literal, MeasureKind, Reference, Refreshed, Route, Type};
use crate::time::{Duration, TimeOfDay, Weekday, Zone};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The version of this form. A reader refuses a newer one, and reads the older ones ([`Version::read`]): whoever changes what
/// any type here is as JSON raises it, and teaches the reader the step from the form before.
pub const FORMAT: u32 = 3;

/// A folder's scenarios, compiled: what `scn compile` prints and drivers receive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    pub format: u32,
    pub settings: Settings,
    pub policy: Policy,
    /// Sorted by name.
    pub measures: Vec<Measure>,
    /// Fields of the contact by which several rows are one person, the strongest first; empty where every row is a person.
    pub identity: Vec<String>,
    /// The fields of the model that name contacts, read or not: an erasure empties them.
    #[serde(default)]
    pub references: Vec<Reference>,
    /// Of each event that a goal with a window asks for, its only field of type money: what reports count as revenue. An event
    /// that has none, or several, has none here. Sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revenue: Vec<RecordUse>,
    /// Sorted by name.
    pub scenarios: Vec<Scenario>,
    /// What the templates of the messages read; outside the scenarios, so that mending a template does
    /// not make a new version of a scenario.
    pub messages: Vec<MessageContext>,
    /// How the steps of each scenario are written, outside the scenarios for the same reason.
    #[serde(default)]
    pub written: Vec<Written>,
}

/// A fact about all contacts together, constant between two refreshes: what scenarios read by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    pub name: String,
    pub kind: MeasureKind,
    /// Of its value.
    pub ty: Type,
    /// What is taken of each contact: a value, or a condition for `share` and `count`. Contacts for which it is missing are
    /// left out.
    pub of: ExprIx,
    /// The contact's creation, where the model has it: before, the contact is not counted. One that is missing limits nothing.
    pub since: Option<ExprIx>,
    pub refreshed: Refreshed,
    pub code: Code,
}

/// What holds without a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    pub currency: String,
    pub zone: Zone,
    /// An effect that comes due more than this late is recorded as expired.
    pub expire: Duration,
}

/// Expressions and the fields that they read. Every index in an expression points into these lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// Fields of the contact.
    pub contact: Vec<FieldUse>,
    /// Other entities, with the fields that are read.
    pub entities: Vec<RecordUse>,
    /// Events, with the fields that are read.
    pub events: Vec<RecordUse>,
    /// Of each of `events`, in the same order, where it comes from if it is routed.
    pub routes: Vec<Option<Route>>,
    /// Fields of the trigger. Each event of the scenario's triggers has a field of this name and type.
    pub trigger: Vec<FieldUse>,
    pub probes: Arena<ProbeIx, Probe>,
    pub exprs: Arena<ExprIx, Expr>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RecordUse {
    pub name: String,
    pub fields: Vec<FieldUse>,
}

/// A field that is read: a column of the CRM.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FieldUse {
    pub name: String,
    pub ty: Type,
    /// Declared `?`: its column may be absent, its value empty.
    pub optional: bool,
    /// A field that a default names is itself in the list.
    pub default: Option<FieldDefault>,
}

/// One scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scenario {
    pub name: String,
    pub start: Start,
    /// `for`: judged when the trigger arrives.
    pub audience: Option<ExprIx>,
    pub entry: EntryRule,
    pub goal: Option<Goal>,
    pub stop_when: Option<ExprIx>,
    /// The main sequence from 0, then the sequence of `goal ... then`; each ends with [`Op::End`].
    pub steps: Arena<StepIx, Step>,
    pub code: Code,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goal {
    pub condition: ExprIx,
    /// `within D of last message`: a duration.
    pub within: Option<ExprIx>,
    /// Where the sequence of `then` begins.
    pub then: Option<StepIx>,
}

/// One instruction. Several may come from one step of the text (`if`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The step's number in the text, from 1.
    pub ordinal: u16,
    /// Which turn of the `repeat`s around it this is, from 0: with the ordinal, what makes its effects distinct.
    pub visit: u32,
    /// Its identity across versions, where it has one: [`Version::counterparts`].
    pub label: Option<String>,
    pub guard: Option<Guard>,
    pub op: Op,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    Unless(ExprIx),
    OnlyIf(ExprIx),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// `wait DURATION`
    Wait(ExprIx),
    WaitUntil(Moment),
    /// `wait up to LIMIT for CONDITION`
    WaitFor {
        limit: ExprIx,
        condition: ExprIx,
        /// The messages whose engagement it waits for: the limit runs from the acceptance of the last of them that this
        /// instance sent. Empty for any other condition.
        engagement: Vec<String>,
    },
    Send(Send),
    /// `set contact.FIELD = VALUE`
    Set {
        /// Slot in `code.contact`.
        field: u16,
        value: ExprIx,
    },
    Tag {
        add: bool,
        /// A text.
        tag: ExprIx,
    },
    Credit {
        account: String,
        amount: ExprIx,
        /// A duration.
        expires: Option<ExprIx>,
    },
    Debit {
        account: String,
        amount: ExprIx,
    },
    /// `start SCENARIO`, by name: of its present version.
    Start {
        scenario: String,
    },
    /// `erase contact`
    Erase,
    Call {
        webhook: String,
        with: Vec<WithValue>,
    },
    /// Goes to the arm that the contact draws.
    Split {
        name: String,
        arms: Vec<SplitArm>,
    },
    /// Goes on at the next instruction when the condition is true, else at `otherwise`.
    Branch {
        condition: ExprIx,
        otherwise: StepIx,
    },
    Jump(StepIx),
    /// `stop`
    Stop,
    /// The end of a sequence.
    End,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitArm {
    pub name: String,
    /// A fraction; those of one split add up to 1.
    pub share: Decimal,
    pub to: StepIx,
}

impl SplitArm {
    /// The share as a person writes it: 50 for 50%.
    pub fn percent(&self) -> Decimal {
        (self.share * Decimal::ONE_HUNDRED).normalize()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// An instant, or the last second of a date, computed when the step is reached.
    At(ExprIx),
    /// The next anniversary of a date, at midnight, strictly after now.
    Anniversary(ExprIx),
    /// The next such wall time strictly after now; of any day when `day` is `None`.
    Weekly { day: Option<Weekday>, time: TimeOfDay },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Send {
    pub class: Class,
    /// At least one; the first on which the contact can be reached is taken.
    pub alternatives: Vec<Alternative>,
    pub with: Vec<WithValue>,
    /// The wait just before this step, whose instances may leave together.
    pub together: Option<StepIx>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    Marketing,
    Service,
    Transactional,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alternative {
    pub channel: String,
    pub message: String,
    /// The contact's address on this channel: a text; missing or empty means out of reach.
    pub address: ExprIx,
    /// Whether the contact consents to marketing on this channel, where the model has a source of consent.
    pub consent: Option<ExprIx>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithValue {
    pub name: String,
    pub ty: Type,
    pub value: ExprIx,
}

/// A history that conditions ask about: events of one kind that pass a filter. The engine keeps, for each
/// value of the keys, the instant of the latest such event, so that asking costs no scan.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Probe {
    /// Slot in `events`.
    pub event: u16,
    /// Over the event alone ([`Expr::Event`], entities, constants): it never changes for an event.
    pub filter: Option<ExprIx>,
    /// `same PATH`, on the event's side.
    pub keys: Vec<ExprIx>,
}

/// An expression. A condition's value is a flag, or missing for unknown (Kleene's rules).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expr {
    /// No value; in a condition, unknown.
    Missing,
    Literal(Literal),
    Now,
    /// The entry of the instance.
    Entry,
    /// The last accepted message of the instance; missing without one.
    LastMessage,
    /// Slot in `contact`.
    Contact(u16),
    ContactId,
    /// Slot in `trigger`.
    Trigger(u16),
    /// Slot in the fields of the event at hand (a trigger filter, a probe, a scan).
    Event(u16),
    /// The instant of the event at hand.
    EventAt,
    /// The entity at hand of a list, or of a value of `with`, that a template goes through; missing anywhere else.
    Element,
    /// The identity of the last message of one of these names that this instance sent; missing without one.
    OwnMessage(Vec<String>),
    /// What is on an account: credited, not expired, not debited.
    Balance(String),
    /// The value of a measure, by its name; missing before its first refresh.
    Measure(String),
    /// Whether an instance of this scenario runs.
    InScenario(String),
    /// Whether a condition is unknown.
    IsUnknown(ExprIx),
    /// Whether a value is in a list of the CRM; missing when one of them is.
    InList(ExprIx, ExprIx),
    /// The first so many of a list.
    Top(u32, ExprIx),
    /// The best so many complements of what the contact bought, without what they bought already: by the rank in the lists
    /// of complements, then the latest purchase. `product` and `complements` are taken of each event ([`Expr::Event`]).
    Recommend {
        count: u32,
        probe: ProbeIx,
        product: ExprIx,
        complements: ExprIx,
    },
    Aggregate(Aggregate),
    /// A field of an entity: slot in `entities`, slot in its fields.
    Field {
        of: ExprIx,
        entity: u16,
        field: u16,
    },
    Has(ExprIx),
    /// Missing, an empty text, or an empty list.
    IsEmpty(ExprIx),
    Not(ExprIx),
    And(Vec<ExprIx>),
    Or(Vec<ExprIx>),
    Equal(ExprIx, ExprIx),
    Less(ExprIx, ExprIx),
    LessOrEqual(ExprIx, ExprIx),
    /// Equal to one of these.
    In(ExprIx, Vec<ExprIx>),
    /// Numbers; durations; an instant and a duration; a date and a duration of months and days.
    Add(ExprIx, ExprIx),
    /// As `Add`; of two instants, an absolute duration.
    Subtract(ExprIx, ExprIx),
    /// Numbers; a duration and a whole number.
    Multiply(ExprIx, ExprIx),
    /// Numbers; a division by zero is missing.
    Divide(ExprIx, ExprIx),
    Negate(ExprIx),
    /// To a whole number, half away from zero.
    Round(ExprIx),
    Default(ExprIx, ExprIx),
    If {
        condition: ExprIx,
        then: ExprIx,
        otherwise: ExprIx,
    },
    /// True when an event of the probe with these key values happened in the window; unknown when a key value
    /// is missing.
    History {
        probe: ProbeIx,
        keys: Vec<ExprIx>,
        window: Window,
    },
    /// As `History`, for a filter that also depends on the instance or the contact: the events of the probe in
    /// the window are tried one by one, the latest first.
    Scan {
        probe: ProbeIx,
        keys: Vec<ExprIx>,
        window: Window,
        filter: ExprIx,
    },
}

/// A fact about the events of a probe in a window.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Aggregate {
    pub kind: AggregateKind,
    pub probe: ProbeIx,
    pub keys: Vec<ExprIx>,
    pub window: Window,
    /// What also depends on the instance or the contact.
    pub filter: Option<ExprIx>,
    /// What is taken of each event ([`Expr::Event`]); events without it are left out.
    pub of: Option<ExprIx>,
}

/// Both ends: the start is excluded, now is included.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// An instant; missing makes the history unknown, and false when it is [`Expr::LastMessage`].
    Since(ExprIx),
    /// A duration; missing makes the history unknown.
    InLast(ExprIx),
    Ever,
}

/// What the templates of one message of one scenario read: values to be taken when it is claimed for sending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageContext {
    pub scenario: String,
    pub channel: String,
    pub message: String,
    /// The contact's language, where a template has one.
    pub language: Option<ExprIx>,
    /// The template files, as the channel finds them again: beside a scenario's folder or the project's.
    pub folder: Option<String>,
    pub variables: Vec<Variable>,
    /// Taken once for each trigger that leaves with the message, in order of entry (`items`).
    pub items: Vec<Variable>,
    /// What is read of the entities and lists that the sends hand over (`with`).
    pub with: Vec<WithFields>,
    pub code: Code,
}

/// What is read of a value of `with`: of the entity, or of each row of the list ([`Expr::Element`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithFields {
    pub name: String,
    pub fields: Vec<Variable>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// `["product", "name"]`
    pub path: Vec<String>,
    pub ty: Type,
    pub value: ExprIx,
    /// Of a list of an entity, what is read of each row ([`Expr::Element`]).
    pub each: Vec<Variable>,
}

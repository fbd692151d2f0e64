//! The tree: what a text says, before anyone asks whether it means something.
//!
//! It is permissive: units, channels, types and names are words here, and are judged by `check`. Every node
//! carries its span. Chains (`and`, `+`) are flat lists, so that no text makes the tree deep.

mod expression;
mod test;

pub use expression::*;
pub use test::*;

use crate::span::{Span, Spanned};
use crate::time::TimeOfDay;
use rust_decimal::Decimal;

/// A word that is a name, and where it stands.
pub type Word = Spanned<String>;

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct File {
    pub items: Vec<Item>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The `##` lines before it, joined by line feeds, without the marks.
    pub doc: Option<String>,
    /// From its keyword to its last token.
    pub span: Span,
    pub kind: ItemKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemKind {
    Entity(Entity),
    Event(Event),
    Extend(Extend),
    Let(Let),
    Scenario(Scenario),
    Test(Test),
    Segment(Segment),
    Measure(Measure),
    Account(Account),
    Route(Route),
    Identity(Identity),
    Policy(Policy),
    Given(Given),
}

/// `segment reader = opened in last 60 days`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub name: Word,
    pub condition: Expr,
}

/// `measure brand_rhythm = average over contacts of average gap of purchased ever, refreshed weekly`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    pub name: Word,
    /// `average`, `sum`, `count`, `share`, `least` or `greatest`.
    pub kind: Word,
    /// What is taken of each contact.
    pub of: Expr,
    /// `hourly`, `daily`, `weekly` or `monthly`.
    pub refreshed: Word,
}

/// `account points: number`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub name: Word,
    pub ty: Word,
}

/// `route purchased to contact.referrer as friend_purchased`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub event: Word,
    pub to: Path,
    pub name: Word,
}

/// `identity contact by email, phone`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub entity: Word,
    pub fields: Vec<Word>,
}

/// `policy { ... }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub lines: Vec<PolicyLine>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyLine {
    pub span: Span,
    pub kind: PolicyLineKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyLineKind {
    /// `time zone contact.time_zone default "Europe/Paris"`
    TimeZone(Expr),
    /// `quiet hours 20:00 to 09:00 and on sunday`, `quiet hours on sunday`: at least one of the two.
    QuietHours {
        between: Option<(Spanned<TimeOfDay>, Spanned<TimeOfDay>)>,
        days: Vec<Word>,
    },
    /// `at most 1 marketing message per day and 3 per week`
    AtMost {
        class: Option<Word>,
        caps: Vec<Cap>,
    },
    Priority(Vec<Word>),
    Expire(Expr),
    /// `holdout 5%`: 5.
    Holdout(Spanned<Decimal>),
}

/// `3 per week`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cap {
    pub most: Spanned<Decimal>,
    pub per: Word,
}

/// `given shop { given product ... at ... }`: lines that tests share by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    pub name: Word,
    pub lines: Vec<TestLine>,
}

/// `entity product { name: text  family: text default id }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    pub name: Word,
    pub fields: Vec<Field>,
}

/// `event purchased { product: product, quantity: number }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub name: Word,
    pub fields: Vec<Field>,
}

/// `extend contact { favourite_store: text? }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extend {
    pub name: Word,
    pub fields: Vec<Field>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub doc: Option<String>,
    pub name: Word,
    pub ty: TypeName,
    /// `?` after the type.
    pub optional: bool,
    pub default: Option<Expr>,
    pub span: Span,
}

/// A type as written: one word (`text`, `product`, `products`), or the texts of an enumeration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeName {
    Named(Word),
    Enumeration(Vec<Word>),
}

/// `let lead(delay: duration) = ...`; no parameters for a plain name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Let {
    pub name: Word,
    pub parameters: Vec<Parameter>,
    pub body: Expr,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    pub name: Word,
    pub ty: TypeName,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// `None` for a bare scenario, which takes its file's name.
    pub name: Option<Word>,
    pub title: Option<Word>,
    pub clauses: Vec<Clause>,
    pub steps: Vec<Step>,
    /// Whether a part could not be read and is left out, or was repaired: nothing may be said of what is not there.
    pub incomplete: bool,
}

/// A clause in the order of the text; `check` says which may stand how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    pub span: Span,
    pub kind: ClauseKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClauseKind {
    /// `when purchased product.recurring or subscribed`
    When(Vec<EventPattern>),
    /// `when no purchased for brand_rhythm`, `when no (opened or clicked) ever for 6 months`
    WhenNo {
        patterns: Vec<EventPattern>,
        /// Counts from the contact's creation where there is none.
        ever: bool,
        duration: Expr,
    },
    /// `every monday at 09:00`, `every month`, `every year on contact.birthday - 1 week`
    Every {
        period: Period,
        at: Option<Spanned<TimeOfDay>>,
        on: Option<Expr>,
    },
    /// `when started`
    WhenStarted,
    For(Expr),
    Once,
    OnceEvery(Expr),
    OncePer(Path),
    /// `one at a time`
    OneAtATime,
    Latest,
    Goal {
        condition: Expr,
        within: Option<Expr>,
        then: Option<Box<Step>>,
    },
    StopWhen(Expr),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Period {
    /// `monday`, `day`, `month`: judged later.
    Word(Word),
    /// `2 weeks`: read so that it can be refused by name.
    Quantity(Expr),
}

/// An event and its filter: `purchased product.recurring`, `purchased same product.family where quantity > 2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPattern {
    pub event: Word,
    pub filters: Vec<Filter>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    pub span: Span,
    pub kind: FilterKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilterKind {
    /// A path that is a flag, or may be missing (is present), or a message name.
    Path(Path),
    Is {
        path: Path,
        negated: bool,
        value: Expr,
    },
    IsEmpty {
        path: Path,
        negated: bool,
    },
    In {
        path: Path,
        negated: bool,
        list: Expr,
    },
    Same(Path),
    Where(Expr),
}

/// `contact.email`, `product.delay`, `trigger.product.name`: at least one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    pub segments: Vec<Word>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// `@name` before the step: its identity across versions.
    pub label: Option<Word>,
    pub span: Span,
    pub kind: StepKind,
    pub guard: Option<Guard>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    pub kind: GuardKind,
    pub condition: Expr,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuardKind {
    Unless,
    OnlyIf,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepKind {
    Wait(Expr),
    WaitUntil(Moment),
    WaitUpTo {
        limit: Expr,
        condition: Expr,
    },
    Send(Send),
    /// `if A {..} else if B {..} else {..}`: at least one arm.
    If {
        arms: Vec<IfArm>,
        otherwise: Option<Vec<Step>>,
    },
    Stop,
    /// `set contact.tier = "gold"`
    Set {
        path: Path,
        value: Expr,
    },
    /// `tag "dormant"`, `untag "dormant"`
    Tag {
        add: bool,
        tag: Expr,
    },
    /// `credit round(amount) points expiring in 12 months`, `debit 20 EUR wallet`
    Account {
        credit: bool,
        amount: Expr,
        account: Word,
        expiring: Option<Expr>,
    },
    /// `start winback`
    Start(Word),
    /// `erase contact`
    Erase(Word),
    /// `call recommender with ...`
    Call {
        webhook: Word,
        with: Vec<Argument>,
    },
    Split {
        name: Word,
        arms: Vec<SplitArm>,
    },
    /// `repeat 3 times every 2 weeks { ... }`
    Repeat {
        times: Spanned<Decimal>,
        every: Expr,
        steps: Vec<Step>,
    },
}

/// `a 50% { ... }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitArm {
    pub name: Word,
    /// 50 for `50%`.
    pub share: Spanned<Decimal>,
    pub steps: Vec<Step>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IfArm {
    pub condition: Expr,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Any expression: an instant, a day, or a date of the contact, whose next anniversary is meant.
    Expr(Expr),
    /// `monday at 09:00`, `monday` (00:00), `at 09:00` (`day` is `None`).
    Weekly { day: Option<Word>, time: Option<Spanned<TimeOfDay>>, span: Span },
}

/// `send [transactional | service] email welcome or sms welcome with name = value, ... together`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Send {
    pub class: Option<Word>,
    pub alternatives: Vec<Alternative>,
    pub with: Vec<Argument>,
    pub together: Option<Span>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    pub channel: Word,
    pub message: Word,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    pub name: Word,
    pub value: Expr,
}

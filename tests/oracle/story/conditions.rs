//! What is asked of events and of the contact, as plain data, and its text.

use crate::calendar::Length;
use std::fmt::{self, Display};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    Order,
    Product,
    Family,
    Category,
    Quantity,
    Amount,
}

/// An event and its filters.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub event: &'static str,
    pub filters: Vec<Filter>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    Recurring,
    Discounted,
    OrderPresent,
    DelayPresent,
    Category {
        is: bool,
        name: &'static str,
    },
    ListIs(&'static str),
    QuantityAbove(i64),
    /// In whole euros.
    AmountBelow(i64),
    Same(Path),
    MoreThanTrigger,
}

#[derive(Clone, Debug)]
pub enum Condition {
    History(Pattern, Window),
    /// Always compared.
    Aggregate(Aggregate, Comparison),
    Not(Box<Condition>),
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Tier(&'static str),
    Tagged(&'static str),
    PointsAtLeast(i64),
    /// An instance of this scenario runs.
    InStory(&'static str),
    TriggerQuantityAbove(i64),
    TriggerDiscounted,
    TriggerHasOrder,
}

/// A value taken of the events of a window.
#[derive(Clone, Debug)]
pub struct Aggregate {
    pub kind: Kind,
    pub pattern: Pattern,
    pub window: Window,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Count,
    CountDistinct(Path),
    CountDays,
    Sum(Path),
    Average(Path),
    /// Of those that pass the filters.
    Share,
    MostCommon(Path),
    First(Path),
    Last(Path),
    MedianGap,
    AverageGap,
}

#[derive(Clone, Copy, Debug)]
pub struct Comparison {
    pub relation: Relation,
    pub limit: Limit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    Less,
    LessOrEqual,
    Is,
    IsNot,
    MoreOrEqual,
    More,
}

#[derive(Clone, Copy, Debug)]
pub enum Limit {
    Number(i64),
    Euros(i64),
    Percent(i64),
    Length(Length),
    Text(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Window {
    /// Not written: the default.
    Default,
    SinceEntry,
    SinceEntryPlus(Length),
    SinceLastMessage,
    InLast(Length),
    Ever,
}

impl Pattern {
    /// The event, with the path of it that is taken, and the filters.
    fn written(&self, path: Option<Path>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.event)?;
        path.map_or(Ok(()), |path| write!(f, ".{path}"))?;
        for filter in &self.filters {
            match filter {
                Filter::Recurring => write!(f, " product.recurring")?,
                Filter::Discounted => write!(f, " discounted")?,
                Filter::OrderPresent => write!(f, " order")?,
                Filter::DelayPresent => write!(f, " product.delay")?,
                Filter::Category { is: true, name } => write!(f, " product.category is \"{name}\"")?,
                Filter::Category { is: false, name } => write!(f, " product.category is not \"{name}\"")?,
                Filter::ListIs(name) => write!(f, " list is \"{name}\"")?,
                Filter::QuantityAbove(number) => write!(f, " where quantity > {number}")?,
                Filter::AmountBelow(number) => write!(f, " where amount < {number} EUR")?,
                Filter::Same(path) => write!(f, " same {path}")?,
                Filter::MoreThanTrigger => write!(f, " where quantity > trigger.quantity")?,
            }
        }
        Ok(())
    }
}

impl Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.written(None, f)
    }
}

impl Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Path::Order => "order",
            Path::Product => "product",
            Path::Family => "product.family",
            Path::Category => "product.category",
            Path::Quantity => "quantity",
            Path::Amount => "amount",
        })
    }
}

impl Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Window::Default => Ok(()),
            Window::SinceEntry => write!(f, " since entry"),
            Window::SinceEntryPlus(length) => write!(f, " since entry + {length}"),
            Window::SinceLastMessage => write!(f, " since last message"),
            Window::InLast(length) => write!(f, " in last {length}"),
            Window::Ever => write!(f, " ever"),
        }
    }
}

impl Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (words, path) = match self.kind {
            Kind::Count => ("count of", None),
            Kind::CountDistinct(path) => ("count of", Some(path)),
            Kind::CountDays => ("count of days of", None),
            Kind::Sum(path) => ("sum of", Some(path)),
            Kind::Average(path) => ("average of", Some(path)),
            Kind::Share => ("share of", None),
            Kind::MostCommon(path) => ("most common of", Some(path)),
            Kind::First(path) => ("first", Some(path)),
            Kind::Last(path) => ("last", Some(path)),
            Kind::MedianGap => ("median gap of", None),
            Kind::AverageGap => ("average gap of", None),
        };
        write!(f, "{words} ")?;
        self.pattern.written(path, f)?;
        write!(f, "{}", self.window)
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.relation {
            Relation::Less => "< ",
            Relation::LessOrEqual => "<= ",
            Relation::Is => "is ",
            Relation::IsNot => "is not ",
            Relation::MoreOrEqual => ">= ",
            Relation::More => "> ",
        })?;
        match self.limit {
            Limit::Number(number) => write!(f, "{number}"),
            Limit::Euros(number) => write!(f, "{number} EUR"),
            Limit::Percent(number) => write!(f, "{number}%"),
            Limit::Length(length) => write!(f, "{length}"),
            Limit::Text(text) => write!(f, "\"{text}\""),
        }
    }
}

impl Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |all: &[Condition], word: &str| {
            let all: Vec<String> = all.iter().map(Condition::to_string).collect();
            format!("({})", all.join(word))
        };
        match self {
            Condition::History(pattern, window) => write!(f, "{pattern}{window}"),
            Condition::Aggregate(aggregate, comparison) => write!(f, "{aggregate} {comparison}"),
            Condition::Not(inner) => write!(f, "not ({inner})"),
            Condition::And(all) => write!(f, "{}", joined(all, " and ")),
            Condition::Or(all) => write!(f, "{}", joined(all, " or ")),
            Condition::Tier(name) => write!(f, "contact.tier is \"{name}\""),
            Condition::Tagged(name) => write!(f, "\"{name}\" in contact.tags"),
            Condition::PointsAtLeast(number) => write!(f, "points >= {number}"),
            Condition::InStory(name) => write!(f, "in {name}"),
            Condition::TriggerQuantityAbove(number) => write!(f, "trigger.quantity > {number}"),
            Condition::TriggerDiscounted => write!(f, "trigger.discounted"),
            Condition::TriggerHasOrder => write!(f, "has trigger.order"),
        }
    }
}

//! A scenario as plain data, and its text. The naive oracle reads the data, the compiler the text.

use super::calendar::Length;
use std::fmt::{self, Display, Write};

#[derive(Clone, Debug)]
pub struct Story {
    /// Joined by `or`.
    pub triggers: Vec<Pattern>,
    pub audience: Option<Condition>,
    pub entry: Entry,
    pub goal: Option<Goal>,
    pub stop_when: Option<Condition>,
    pub steps: Vec<Node>,
}

#[derive(Clone, Debug)]
pub struct Goal {
    pub condition: Condition,
    pub within: Option<Length>,
    pub then: Option<Box<Node>>,
}

#[derive(Clone, Debug)]
pub enum Entry {
    Always,
    Once,
    OnceEvery(Length),
    OncePer(Path),
    Latest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    Order,
    Product,
    Family,
    Category,
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
    Category { is: bool, name: &'static str },
    ListIs(&'static str),
    QuantityAbove(i64),
    AmountBelow(i64),
    Same(Path),
    MoreThanTrigger,
}

#[derive(Clone, Debug)]
pub enum Condition {
    History(Pattern, Window),
    Not(Box<Condition>),
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Tier(&'static str),
    TriggerQuantityAbove(i64),
    TriggerDiscounted,
    TriggerHasOrder,
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

/// A step with its number in the text.
#[derive(Clone, Debug)]
pub struct Node {
    pub number: u16,
    pub guard: Option<Guard>,
    pub step: Step,
}

#[derive(Clone, Debug)]
pub enum Guard {
    Unless(Condition),
    OnlyIf(Condition),
}

#[derive(Clone, Debug)]
pub enum Step {
    Wait(Patience),
    WaitUntilEntry(Length),
    WaitUntilTime {
        weekday: Option<u32>,
        hour: u32,
        minute: u32,
    },
    WaitUntilBirthday,
    WaitFor(Length, Condition),
    /// Channel and message of each alternative.
    Send {
        messages: Vec<(&'static str, String)>,
        together: bool,
    },
    If {
        arms: Vec<(Condition, Vec<Node>)>,
        otherwise: Option<Vec<Node>>,
    },
    Stop,
}

#[derive(Clone, Copy, Debug)]
pub enum Patience {
    Plain(Length),
    Delay,
    DelayMinus(Length),
    DelayPlus(Length),
    DelayDefault(Length),
}

pub const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

impl Story {
    /// Gives every step its number, in the order of the text; the step of `goal ... then` comes last.
    pub fn number(&mut self) {
        fn all(nodes: &mut [Node], next: &mut u16) {
            for node in nodes {
                node.number = *next;
                *next += 1;
                if let Step::If { arms, otherwise } = &mut node.step {
                    arms.iter_mut().for_each(|(_, nodes)| all(nodes, next));
                    otherwise.iter_mut().for_each(|nodes| all(nodes, next));
                }
            }
        }
        let mut next = 1;
        all(&mut self.steps, &mut next);
        if let Some(then) = self.goal.as_mut().and_then(|goal| goal.then.as_mut()) {
            then.number = next;
        }
    }
}

impl Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let triggers: Vec<String> = self.triggers.iter().map(Pattern::to_string).collect();
        write!(f, "scenario story {{\n  when {}\n", triggers.join(" or "))?;
        if let Some(audience) = &self.audience {
            writeln!(f, "  for {audience}")?;
        }
        match &self.entry {
            Entry::Always => {}
            Entry::Once => writeln!(f, "  once")?,
            Entry::OnceEvery(length) => writeln!(f, "  once every {length}")?,
            Entry::OncePer(path) => writeln!(f, "  once per {path}")?,
            Entry::Latest => writeln!(f, "  latest")?,
        }
        if let Some(goal) = &self.goal {
            write!(f, "  goal {}", goal.condition)?;
            if let Some(within) = goal.within {
                write!(f, " within {within} of last message")?;
            }
            if let Some(then) = &goal.then {
                write!(f, " then {}", text_of(std::slice::from_ref(then), 0).trim())?;
            }
            writeln!(f)?;
        }
        if let Some(condition) = &self.stop_when {
            writeln!(f, "  stop when {condition}")?;
        }
        writeln!(f, "{}}}", text_of(&self.steps, 1))
    }
}

fn text_of(nodes: &[Node], depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let mut text = String::new();
    for node in nodes {
        let _ = write!(text, "{indent}");
        let _ = match &node.step {
            Step::Wait(Patience::Plain(length)) => write!(text, "wait {length}"),
            Step::Wait(Patience::Delay) => write!(text, "wait product.delay"),
            Step::Wait(Patience::DelayMinus(length)) => write!(text, "wait product.delay - {length}"),
            Step::Wait(Patience::DelayPlus(length)) => write!(text, "wait product.delay + {length}"),
            Step::Wait(Patience::DelayDefault(length)) => write!(text, "wait product.delay default {length}"),
            Step::WaitUntilEntry(length) => write!(text, "wait until entry + {length}"),
            Step::WaitUntilBirthday => write!(text, "wait until contact.birthday"),
            Step::WaitUntilTime { weekday, hour, minute } => {
                let day = weekday.map_or(String::new(), |day| format!("{} ", WEEKDAYS[day as usize]));
                write!(text, "wait until {day}at {hour:02}:{minute:02}")
            }
            Step::WaitFor(length, condition) => write!(text, "wait up to {length} for {condition}"),
            Step::Send { messages, together } => {
                let all: Vec<String> = messages.iter().map(|(channel, name)| format!("{channel} {name}")).collect();
                write!(text, "send {}{}", all.join(" or "), if *together { " together" } else { "" })
            }
            Step::If { arms, otherwise } => {
                for (place, (condition, nodes)) in arms.iter().enumerate() {
                    let before = if place == 0 { "" } else { " else " };
                    let _ = write!(text, "{before}if {condition} {{\n{}{indent}}}", text_of(nodes, depth + 1));
                }
                match otherwise {
                    Some(nodes) => write!(text, " else {{\n{}{indent}}}", text_of(nodes, depth + 1)),
                    None => Ok(()),
                }
            }
            Step::Stop => write!(text, "stop"),
        };
        let _ = match &node.guard {
            Some(Guard::Unless(condition)) => writeln!(text, " unless {condition}"),
            Some(Guard::OnlyIf(condition)) => writeln!(text, " only if {condition}"),
            None => writeln!(text),
        };
    }
    text
}

impl Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.event)?;
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

impl Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Path::Order => "order",
            Path::Product => "product",
            Path::Family => "product.family",
            Path::Category => "product.category",
        })
    }
}

impl Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |all: &[Condition], word: &str| {
            let all: Vec<String> = all.iter().map(Condition::to_string).collect();
            format!("({})", all.join(word))
        };
        match self {
            Condition::History(pattern, window) => {
                write!(f, "{pattern}")?;
                match window {
                    Window::Default => Ok(()),
                    Window::SinceEntry => write!(f, " since entry"),
                    Window::SinceEntryPlus(length) => write!(f, " since entry + {length}"),
                    Window::SinceLastMessage => write!(f, " since last message"),
                    Window::InLast(length) => write!(f, " in last {length}"),
                    Window::Ever => write!(f, " ever"),
                }
            }
            Condition::Not(inner) => write!(f, "not ({inner})"),
            Condition::And(all) => write!(f, "{}", joined(all, " and ")),
            Condition::Or(all) => write!(f, "{}", joined(all, " or ")),
            Condition::Tier(name) => write!(f, "contact.tier is \"{name}\""),
            Condition::TriggerQuantityAbove(number) => write!(f, "trigger.quantity > {number}"),
            Condition::TriggerDiscounted => write!(f, "trigger.discounted"),
            Condition::TriggerHasOrder => write!(f, "has trigger.order"),
        }
    }
}

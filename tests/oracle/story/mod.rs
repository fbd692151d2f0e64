//! A scenario as plain data, and its text. The naive oracle reads the data, the compiler the text.

mod conditions;

pub use conditions::{Aggregate, Comparison, Condition, Filter, Kind, Limit, Path, Pattern, Relation, Window};

use crate::calendar::Length;
use std::fmt::{self, Display, Write};

#[derive(Clone, Debug)]
pub struct Story {
    pub name: &'static str,
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
    OneAtATime,
    Latest,
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
    Act(Act),
}

/// What a scenario does to its contact.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    Tag { add: bool, tag: &'static str },
    Tier(&'static str),
    Credit(i64),
    Debit(i64),
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
        write!(f, "scenario {} {{\n  when {}\n", self.name, triggers.join(" or "))?;
        if let Some(audience) = &self.audience {
            writeln!(f, "  for {audience}")?;
        }
        match &self.entry {
            Entry::Always => {}
            Entry::Once => writeln!(f, "  once")?,
            Entry::OnceEvery(length) => writeln!(f, "  once every {length}")?,
            Entry::OncePer(path) => writeln!(f, "  once per {path}")?,
            Entry::OneAtATime => writeln!(f, "  one at a time")?,
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
            Step::Act(Act::Tag { add, tag }) => write!(text, "{} \"{tag}\"", if *add { "tag" } else { "untag" }),
            Step::Act(Act::Tier(tier)) => write!(text, "set contact.tier = \"{tier}\""),
            Step::Act(Act::Credit(points)) => write!(text, "credit {points} points"),
            Step::Act(Act::Debit(points)) => write!(text, "debit {points} points"),
        };
        let _ = match &node.guard {
            Some(Guard::Unless(condition)) => writeln!(text, " unless {condition}"),
            Some(Guard::OnlyIf(condition)) => writeln!(text, " only if {condition}"),
            None => writeln!(text),
        };
    }
    text
}

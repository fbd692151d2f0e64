//! What is counted in one row of a table. Sums are of integers, so that they are the same in whatever order they are added.

use crate::engine::{Outcome, Reason};
use std::collections::BTreeMap;

/// What became of a message, as a table names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Became {
    Sent,
    Not(Outcome, Reason),
    Bounced,
    Uncertain,
    /// It was claimed, and its address is none, or a dead one.
    NoAddress,
}

impl Became {
    pub fn name(self) -> &'static str {
        match self {
            Became::Sent => Outcome::Sent.name(),
            Became::Not(outcome, _) => outcome.name(),
            Became::Bounced => "bounced",
            Became::Uncertain => "uncertain",
            Became::NoAddress => Outcome::Suppressed.name(),
        }
    }

    pub fn reason(self) -> &'static str {
        match self {
            Became::Not(_, reason) => reason.text(),
            Became::NoAddress => "no such address",
            Became::Sent | Became::Bounced | Became::Uncertain => "",
        }
    }
}

/// One row of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Journeys that began; of a step or a message, those that came to it.
    pub entered: u64,
    /// Of these, those whose steps are not over; of a step or a message, those that stand in a wait from which it may be the
    /// next message that they come to.
    pub waiting: u64,
    /// Messages that were accepted and did not come back.
    pub sent: u64,
    /// The others, by what became of them.
    pub not_sent: BTreeMap<Became, u64>,
    /// Journeys with a message that was sent; counted where there is a goal, as all that follows.
    pub reached: u64,
    /// Journeys that reached their goal, whatever became of their messages.
    pub goals: u64,
    /// Of these, those that reached it after a message that was sent.
    pub converted: u64,
    /// From the message to the goal: how many took so many whole hours.
    pub hours: BTreeMap<u32, u64>,
    /// Within the window of messages that were sent, in ten-thousandths of the currency.
    pub revenue: i128,
    /// Persons with a marketing message that was sent, and those whose messages were held out.
    pub treated: Group,
    pub held_out: Group,
}

/// Persons, for a comparison: each counts once, however many journeys they make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Group {
    pub persons: u64,
    /// Those who reached a goal after their message.
    pub converted: u64,
    /// The sum of what each spent in the windows of their messages, and the sum of its squares.
    pub revenue: i128,
    pub squares: i128,
}

impl Group {
    pub fn add(&mut self, converted: bool, revenue: i128) {
        self.persons += 1;
        self.converted += u64::from(converted);
        self.revenue += revenue;
        self.squares = self.squares.saturating_add(revenue.saturating_mul(revenue));
    }

    fn merge(&mut self, other: &Group) {
        self.persons += other.persons;
        self.converted += other.converted;
        self.revenue += other.revenue;
        self.squares = self.squares.saturating_add(other.squares);
    }
}

impl Cell {
    pub fn merge(&mut self, other: &Cell) {
        self.entered += other.entered;
        self.waiting += other.waiting;
        self.sent += other.sent;
        for (became, count) in &other.not_sent {
            *self.not_sent.entry(*became).or_default() += count;
        }
        self.reached += other.reached;
        self.goals += other.goals;
        self.converted += other.converted;
        for (hours, count) in &other.hours {
            *self.hours.entry(*hours).or_default() += count;
        }
        self.revenue += other.revenue;
        self.treated.merge(&other.treated);
        self.held_out.merge(&other.held_out);
    }

    /// The messages that did not leave because of one outcome.
    pub fn not_sent_as(&self, name: &str) -> u64 {
        self.not_sent.iter().filter(|(became, _)| became.name() == name).map(|(_, count)| count).sum()
    }

    /// The whole hours after which a share of the goals was reached (the nearest rank, counted from 1): the median is
    /// `(1, 2)`. `None` where no goal was.
    pub fn hours_at(&self, (part, of): (u64, u64)) -> Option<u32> {
        let all: u64 = self.hours.values().sum();
        let rank = all.saturating_mul(part).div_ceil(of).max(1);
        let mut seen = 0;
        self.hours.iter().find_map(|(hours, count)| {
            seen += count;
            (seen >= rank).then_some(*hours)
        })
    }
}

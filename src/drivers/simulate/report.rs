//! What a simulation tells: totals, the first messages, and why what was not sent was not.

use super::picture::Picture;
use super::row::Row;
use crate::drivers::tables::Tables;
use crate::engine::{Counts, Outcome, Program, Reason, Refusal, TraceLine};
use crate::ir::StepIx;
use crate::model::Id;
use crate::store::crm::{Lack, Notes, Unreadable};
use crate::time::{Instant, Zone};
use std::collections::BTreeMap;

/// How many messages a report shows.
pub const SHOWN: usize = 20;

#[derive(Debug, Default)]
pub struct Report {
    /// The first and last instant that were simulated; `None` when the CRM has no event.
    pub span: Option<(Instant, Instant)>,
    pub contacts: u64,
    pub events: u64,
    /// How many threads worked.
    pub threads: usize,
    /// By scenario, then month (`2011-03`): messages sent.
    pub months: BTreeMap<(u16, String), u64>,
    /// By scenario, then what its steps did (`set`, `tag`, ...), then month.
    pub acts: BTreeMap<(u16, &'static str, String), u64>,
    /// By scenario, step number, outcome and reason.
    pub outcomes: BTreeMap<(u16, u16, Outcome, Reason), u64>,
    pub counts: Vec<Counts>,
    pub busiest: Option<Busiest>,
    /// What a page draws; `None` where none was asked for.
    pub picture: Option<Picture>,
    /// The first messages sent, in order.
    pub first: Vec<Row>,
    pub sent: u64,
    /// What other steps did.
    pub done: u64,
    pub rows: u64,
    /// Instances that ended for a missing value or for want of time, by scenario, step, reason and entity.
    pub ended: BTreeMap<(u16, StepIx, Reason), Ended>,
    pub not_simulated: Vec<NotSimulated>,
    /// Columns of optional fields that the CRM does not have.
    pub absent: Vec<Lack>,
    /// Values of entities that cannot be read.
    pub unreadable: Vec<Unreadable>,
    pub unreadable_count: u64,
    pub notes: Notes,
    /// Fields that the CRM keeps no history of, read as they are now: `product.delay`.
    pub as_of_now: Vec<String>,
    /// Persons who have several rows.
    pub persons: usize,
    /// What each measure told last, by its name.
    pub measures: Vec<(String, String)>,
    /// The persons whom the ids that were asked for are about; empty where the CRM has none of them.
    pub asked: Vec<Id>,
    /// What the engine said of the one contact that was asked for.
    pub lived: Vec<Lived>,
    /// Who entered, what was sent, who reached the goal, and what they spent.
    pub tables: Tables,
}

/// What the engine said of one contact.
#[derive(Clone, Debug)]
pub struct Lived {
    pub contact: Id,
    /// That of the contact, by the policy.
    pub zone: Zone,
    pub trace: Vec<TraceLine>,
    pub refusals: Vec<Refusal>,
    /// When scenarios would start by themselves next, by their places in the program.
    pub clocks: Vec<(u16, Instant)>,
}

/// The person and day with most messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Busiest {
    pub contact: Id,
    /// `2011-03-04`, in the policy's zone.
    pub day: String,
    pub messages: u64,
    /// The most of them that one `send` without `together` made.
    pub could_leave_together: u64,
}

/// A scenario whose tables or columns the CRM lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotSimulated {
    pub scenario: String,
    pub lacks: Vec<Lack>,
}

/// Instances that ended before their time at one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    pub count: u64,
    /// The entities that their triggers refer to, with the entity's name, and how many instances each has.
    pub about: BTreeMap<(String, Id), u64>,
}

/// Adds up the rows in their order.
#[derive(Debug)]
pub struct Tally {
    zone: Zone,
    /// The month of the row before, until it ends.
    month: String,
    month_ends: Instant,
    sent_in_month: Vec<u64>,
    done_in_month: BTreeMap<(u16, &'static str), u64>,
    report: Report,
}

impl Tally {
    pub fn new(program: &Program) -> Tally {
        Tally {
            zone: program.settings.zone,
            month: String::new(),
            month_ends: Instant::MIN,
            sent_in_month: vec![0; program.units().len()],
            done_in_month: BTreeMap::new(),
            report: Report::default(),
        }
    }

    pub fn add(&mut self, row: &Row) {
        self.report.rows += 1;
        let Some(outcome) = row.outcome else { return };
        *self.report.outcomes.entry((row.unit, row.ordinal, outcome, row.reason)).or_default() += 1;
        if !matches!(outcome, Outcome::Sent | Outcome::Done) {
            return;
        }
        if row.at >= self.month_ends {
            self.close_month();
            self.open_month(row.at);
        }
        if let Some(act) = &row.act {
            self.report.done += 1;
            *self.done_in_month.entry((row.unit, act.effect)).or_default() += 1;
            return;
        }
        self.report.sent += 1;
        if let Some(count) = self.sent_in_month.get_mut(usize::from(row.unit)) {
            *count += 1;
        }
        if self.report.first.len() < SHOWN {
            self.report.first.push(row.clone());
        }
    }

    fn open_month(&mut self, at: Instant) {
        let (date, _) = self.zone.wall(at);
        let (year, month, day) = date.parts();
        self.month = format!("{year:04}-{month:02}");
        let first = date.add_days(1 - day as i32);
        let next = first.and_then(|first| first.add_months(1));
        self.month_ends = next.map_or(Instant::MAX, |next| self.zone.instant(next, crate::time::TimeOfDay::MIDNIGHT));
    }

    fn close_month(&mut self) {
        for (unit, count) in self.sent_in_month.iter_mut().enumerate().filter(|(_, count)| **count > 0) {
            *self.report.months.entry((unit as u16, self.month.clone())).or_default() += std::mem::take(count);
        }
        for ((unit, effect), count) in std::mem::take(&mut self.done_in_month) {
            *self.report.acts.entry((unit, effect, self.month.clone())).or_default() += count;
        }
    }

    pub fn finish(mut self) -> Report {
        self.close_month();
        self.report
    }
}

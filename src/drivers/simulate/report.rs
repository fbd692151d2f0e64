//! What a simulation tells: totals, the first messages, and why what was not sent was not.

use super::history::ReadFrom;
use super::picture::Picture;
use super::row::Row;
use crate::drivers::tables::Tables;
use crate::engine::{Counts, Outcome, Program, Reason, Refusal, TraceLine, Value};
use crate::ir::StepIx;
use crate::model::Id;
use crate::store::crm::{Lack, Notes, Unreadable};
use crate::time::{Instant, TimeOfDay, Zone};
use std::collections::BTreeMap;

/// How many messages a report shows.
pub const SHOWN: usize = 20;

#[derive(Debug, Default)]
pub struct Report {
    /// The first and last instant that were simulated; `None` when the CRM has no event.
    pub span: Option<(Instant, Instant)>,
    /// The last event of the whole history, where one contact is asked for.
    pub last_event: Option<Instant>,
    pub contacts: u64,
    /// The events that happened by the end, those before the beginning too.
    pub events: u64,
    /// Those of them that came after a scenario had erased their contact.
    pub of_erased: u64,
    /// How many threads worked.
    pub threads: usize,
    /// Where the history was read.
    pub read_from: ReadFrom,
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
    /// What each measure told.
    pub measures: Vec<MeasureTold>,
    /// The persons whom the ids that were asked for are about; empty where the CRM has none of them.
    pub asked: Vec<Id>,
    /// What the engine said of the one contact that was asked for.
    pub lived: Vec<Lived>,
    /// Who entered, what was sent, who reached the goal, and what they spent.
    pub tables: Tables,
}

/// What a measure told, up to the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeasureTold {
    pub name: String,
    /// By its refreshes, in order.
    pub refreshes: Vec<(Instant, Value)>,
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

impl Busiest {
    /// Whether it is to be told rather than another: the busier one, of equal ones that of the first contact, however the
    /// contacts came.
    pub fn is_before(&self, other: Option<&Busiest>) -> bool {
        let rank = |busiest: &Busiest| std::cmp::Reverse(busiest.messages);
        other.is_none_or(|other| (rank(self), &self.contact) < (rank(other), &other.contact))
    }
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

/// Adds up rows, in any order.
#[derive(Debug)]
pub struct Tally {
    zone: Zone,
    units: usize,
    months: Vec<Month>,
    /// The place of the month of the row before.
    month: usize,
    report: Report,
}

/// What was done in a month of the policy's zone.
#[derive(Debug)]
struct Month {
    /// `2011-03`
    name: String,
    starts: Instant,
    /// Excluded.
    ends: Instant,
    /// By the place of the scenario in the program.
    sent: Vec<u64>,
    done: BTreeMap<(u16, &'static str), u64>,
}

impl Month {
    fn of(at: Instant, zone: Zone, units: usize) -> Month {
        let (date, _) = zone.wall(at);
        let (year, month, day) = date.parts();
        let first = date.add_days(1 - day as i32);
        let midnight = |date| zone.instant(date, TimeOfDay::MIDNIGHT);
        Month {
            name: format!("{year:04}-{month:02}"),
            starts: first.map_or(at, midnight),
            ends: first.and_then(|first| first.add_months(1)).map_or(Instant::MAX, midnight),
            sent: vec![0; units],
            done: BTreeMap::new(),
        }
    }
}

impl Tally {
    pub fn new(program: &Program) -> Tally {
        let (zone, units) = (program.settings.zone, program.units().len());
        Tally { zone, units, months: Vec::new(), month: 0, report: Report::default() }
    }

    pub fn add(&mut self, row: &Row) {
        self.report.rows += 1;
        let Some(outcome) = row.outcome else { return };
        *self.report.outcomes.entry((row.unit, row.ordinal, outcome, row.reason)).or_default() += 1;
        if !matches!(outcome, Outcome::Sent | Outcome::Done) {
            return;
        }
        let month = self.month(row.at);
        if let Some(act) = &row.act {
            *month.done.entry((row.unit, act.effect)).or_default() += 1;
            self.report.done += 1;
            return;
        }
        if let Some(count) = month.sent.get_mut(usize::from(row.unit)) {
            *count += 1;
        }
        self.report.sent += 1;
        self.show(row);
    }

    /// Keeps a message if it is among the first of all.
    fn show(&mut self, row: &Row) {
        let first = &mut self.report.first;
        if first.len() == SHOWN && first.last().is_some_and(|last| last.order(row).is_le()) {
            return;
        }
        first.insert(first.partition_point(|known| known.order(row).is_le()), row.clone());
        first.truncate(SHOWN);
    }

    #[allow(clippy::indexing_slicing, reason = "the place was found, or made just now")]
    fn month(&mut self, at: Instant) -> &mut Month {
        let is_in = |month: &Month| month.starts <= at && at < month.ends;
        if !self.months.get(self.month).is_some_and(is_in) {
            self.month = self.months.iter().position(is_in).unwrap_or(self.months.len());
            if self.month == self.months.len() {
                self.months.push(Month::of(at, self.zone, self.units));
            }
        }
        &mut self.months[self.month]
    }

    /// Adds what another thread added up.
    pub fn merge(&mut self, other: Tally) {
        let (own, more) = (&mut self.report, other.report);
        own.rows += more.rows;
        own.sent += more.sent;
        own.done += more.done;
        for (key, count) in more.outcomes {
            *own.outcomes.entry(key).or_default() += count;
        }
        more.first.iter().for_each(|row| self.show(row));
        for month in other.months {
            let own = self.month(month.starts);
            own.sent.iter_mut().zip(&month.sent).for_each(|(count, more)| *count += more);
            for (key, count) in month.done {
                *own.done.entry(key).or_default() += count;
            }
        }
    }

    pub fn finish(mut self) -> Report {
        for month in self.months {
            for (unit, count) in month.sent.iter().enumerate().filter(|(_, count)| **count > 0) {
                *self.report.months.entry((unit as u16, month.name.clone())).or_default() += count;
            }
            for ((unit, effect), count) in month.done {
                *self.report.acts.entry((unit, effect, month.name.clone())).or_default() += count;
            }
        }
        self.report
    }
}

//! The end of a contact: its journeys and messages, added to the rows that they belong to.

use super::fold::{Fate, Fold, JourneyState, MessageState, OneContact};
use super::sums::{RowKey, Sums, View};
use super::{Became, Catalog, Cell, GoalKind};
use crate::engine::Outcome;
use crate::time::Instant;

/// A message that was sent or held out, in one row, for one journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Touch {
    row: RowKey,
    journey: u32,
    is_sent: bool,
    /// Whether the holdout could have kept it back, or did.
    is_compared: bool,
    /// How many whole hours later the goal was reached, where this message was the last before it.
    goal_after: Option<u32>,
    /// Of the message: with the first of its journeys.
    revenue: i128,
}

/// Adds a contact to the sums.
pub(super) fn close(fold: &mut Fold, catalog: &Catalog) {
    let Fold { sums, months, contact, passages, .. } = fold;
    for journey in &contact.journeys {
        add_journey(sums, journey, months.number(journey.entered_at));
        if let (Some(goal), None) = (journey.goal, journey.goal_message) {
            let rows = [(View::All, 0), (View::Month, i64::from(months.number(goal)))];
            let arm = has_splits(catalog, journey.scenario).then_some((View::Arm, i64::from(journey.path)));
            for (view, key) in rows.into_iter().chain(arm) {
                sums.cell((view, journey.scenario, key)).goals += 1;
            }
        }
    }
    add_passages(sums, contact, catalog, passages);
    let mut touches: Vec<Touch> = Vec::new();
    for (number, message) in contact.messages.iter().enumerate() {
        let became = match message.state {
            Fate::Void => continue,
            Fate::Waits(reason) => Became::Not(Outcome::Deferred, reason),
            Fate::Became(became) => became,
        };
        let Some(step) = catalog.steps.get(message.step as usize) else { continue };
        let month = months.number(message.at);
        let rows = rows_of(catalog, step.scenario, message, month);
        for row in rows.iter().flatten() {
            add_message(sums.cell(*row), became, 1);
        }
        let is_sent = became == Became::Sent;
        // Without a goal there is nothing to compare.
        if !has_goal(catalog, step.scenario) || !is_sent && !matches!(became, Became::Not(Outcome::HeldOut, _)) {
            continue;
        }
        for (place, journey) in message.journeys.iter().enumerate() {
            let Some(state) = contact.journeys.get(*journey as usize) else { continue };
            let goal = state.goal.filter(|_| state.goal_message == Some(number as u32));
            let goal_after = goal.map(|goal| hours(message.at, goal));
            let revenue = if place == 0 { message.revenue } else { 0 };
            let (journey, is_compared) = (*journey, step.is_marketing);
            let touch = |row: &RowKey| Touch { row: *row, journey, is_sent, is_compared, goal_after, revenue };
            touches.extend(rows.iter().flatten().map(touch));
        }
    }
    touches.sort_unstable();
    for in_row in touches.chunk_by(|one, two| one.row == two.row) {
        if let Some(first) = in_row.first() {
            add_touches(sums.cell(first.row), in_row);
        }
    }
}

fn has_splits(catalog: &Catalog, scenario: u16) -> bool {
    catalog.scenarios.get(usize::from(scenario)).is_some_and(|scenario| scenario.has_splits)
}

fn has_goal(catalog: &Catalog, scenario: u16) -> bool {
    catalog.scenarios.get(usize::from(scenario)).is_some_and(|scenario| scenario.goal != GoalKind::None)
}

fn add_journey(sums: &mut Sums, journey: &JourneyState, month: i32) {
    if !journey.entered {
        return;
    }
    let rows = [(View::All, 0), (View::Month, i64::from(month))].into_iter();
    let drawn = journey.drawn.iter().map(|path| (View::Arm, i64::from(*path)));
    for (view, key) in rows.chain(drawn) {
        let is_there = view != View::Arm || key == i64::from(journey.path);
        let cell = sums.cell((view, journey.scenario, key));
        cell.entered += 1;
        cell.waiting += u64::from(!journey.left && is_there);
    }
}

/// A step or a message, whether a journey waits before it or came to it, and the journey: in one number, in this order, since
/// there are many to sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Passage(u128);

impl Passage {
    fn of((is_message, scenario, place): (bool, u16, u32), waits: bool, journey: u32) -> Passage {
        let row = u128::from(is_message) << 48 | u128::from(scenario) << 32 | u128::from(place);
        Passage(row << 64 | u128::from(waits) << 32 | u128::from(journey))
    }

    /// It without its journey.
    fn place(self) -> u128 {
        self.0 >> 32
    }

    fn row(self) -> RowKey {
        let view = if self.0 >> 112 == 0 { View::Step } else { View::Message };
        (view, (self.0 >> 96) as u16, i64::from((self.0 >> 64) as u32))
    }

    fn waits(self) -> bool {
        self.place() & 1 == 1
    }
}

/// Journeys that came to a step, and those that wait before one: of each row each journey once.
fn add_passages(sums: &mut Sums, contact: &OneContact, catalog: &Catalog, passages: &mut Vec<Passage>) {
    passages.clear();
    let mut add = |step: u32, message: u32, waits: bool, journey: u32| {
        let Some(scenario) = catalog.steps.get(step as usize).map(|step| step.scenario) else { return };
        let rows = [(false, scenario, step), (true, scenario, message)];
        passages.extend(rows.map(|row| Passage::of(row, waits, journey)));
    };
    for message in &contact.messages {
        message.journeys.iter().for_each(|journey| add(message.step, message.message, false, *journey));
    }
    for (journey, step) in &contact.ahead {
        add(*step, catalog.message_at(*step, 0).unwrap_or(u32::MAX), true, *journey);
    }
    passages.sort_unstable();
    passages.dedup();
    for of_row in passages.chunk_by(|one, two| one.place() == two.place()) {
        let Some(first) = of_row.first() else { continue };
        let cell = sums.cell(first.row());
        let count = if first.waits() { &mut cell.waiting } else { &mut cell.entered };
        *count += of_row.len() as u64;
    }
}

/// The rows that a message belongs to.
fn rows_of(catalog: &Catalog, scenario: u16, message: &MessageState, month: i32) -> [Option<RowKey>; 5] {
    let row = |view, key: i64| Some((view, scenario, key));
    [
        row(View::All, 0),
        row(View::Step, i64::from(message.step)),
        row(View::Message, i64::from(message.message)),
        row(View::Month, i64::from(month)),
        has_splits(catalog, scenario).then_some((View::Arm, scenario, i64::from(message.path))),
    ]
}

pub(super) fn add_message(cell: &mut Cell, became: Became, count: u64) {
    match became {
        Became::Sent => cell.sent += count,
        other => *cell.not_sent.entry(other).or_default() += count,
    }
}

/// What one person's messages in one row say of journeys and of the person.
fn add_touches(cell: &mut Cell, touches: &[Touch]) {
    for of_journey in touches.chunk_by(|one, two| one.journey == two.journey) {
        let sent = of_journey.iter().filter(|touch| touch.is_sent);
        cell.reached += u64::from(sent.clone().next().is_some());
        cell.goals += u64::from(of_journey.iter().any(|touch| touch.goal_after.is_some()));
        if let Some(hours) = sent.filter_map(|touch| touch.goal_after).next() {
            cell.converted += 1;
            *cell.hours.entry(hours).or_default() += 1;
        }
    }
    cell.revenue += touches.iter().filter(|touch| touch.is_sent).map(|touch| touch.revenue).sum::<i128>();
    let compared = || touches.iter().filter(|touch| touch.is_compared);
    // One draw holds a person out of everything; an older draw may have let some messages pass.
    let is_held_out = compared().any(|touch| !touch.is_sent);
    if compared().next().is_none() {
        return;
    }
    let converted = touches.iter().any(|touch| touch.goal_after.is_some());
    let revenue = touches.iter().map(|touch| touch.revenue).sum();
    let group = if is_held_out { &mut cell.held_out } else { &mut cell.treated };
    group.add(converted, revenue);
}

fn hours(from: Instant, to: Instant) -> u32 {
    const HOUR: i64 = 3_600_000_000;
    u32::try_from(to.0.saturating_sub(from.0).max(0) / HOUR).unwrap_or(u32::MAX)
}

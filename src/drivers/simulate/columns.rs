//! The columns of the effects, the same in every form of file.

use super::row::Row;
use crate::engine::{Outcome, Program, Reason};
use crate::ir::{Op, StepIx};
use crate::model::Id;
use std::borrow::Cow;

/// The names of the columns, in their order.
pub const COLUMNS: [&str; 11] =
    ["at", "contact", "scenario", "trigger", "entered_at", "step", "effect", "channel", "message", "outcome", "reason"];

/// What the columns from `step` on depend on, for a row that is of no other step than a `send`: scenario, step with its number,
/// alternative, outcome, reason. Few rows have such columns alone.
pub(super) type End = (u16, StepIx, u16, u8, Option<Outcome>, Reason);

/// [`End`] of a row; `None` where the columns say more than that.
pub(super) fn end_of(row: &Row) -> Option<End> {
    row.act.is_none().then_some((row.unit, row.step, row.ordinal, row.alternative, row.outcome, row.reason))
}

/// The columns from `effect` on; empty where there is nothing to say.
pub(super) fn last_columns<'a>(program: &'a Program, row: &'a Row) -> [Cow<'a, str>; 5] {
    if let (Some(act), Some(outcome)) = (&row.act, row.outcome) {
        return [act.effect, "", &act.message, outcome.name(), row.reason.text()].map(Cow::Borrowed);
    }
    let op = program.unit(row.unit).and_then(|unit| Some(&unit.scenario.steps.get(row.step)?.op));
    match (row.outcome, op) {
        (Some(outcome), Some(Op::Send(send))) => {
            let chosen = send.alternatives.get(usize::from(row.alternative));
            let (channel, message) = chosen.map_or(("", ""), |chosen| (&chosen.channel, &chosen.message));
            ["send", channel, message, outcome.name(), row.reason.text()].map(Cow::Borrowed)
        }
        (Some(outcome), _) => ["send", "", "", outcome.name(), row.reason.text()].map(Cow::Borrowed),
        (None, _) => {
            let wait = program.describe_wait(row.unit, row.step);
            [Cow::Borrowed("end"), "".into(), "".into(), row.reason.text().into(), wait.into()]
        }
    }
}

/// The name of the scenario of a row.
pub(super) fn scenario<'a>(program: &'a Program, row: &Row) -> &'a str {
    program.unit(row.unit).map_or("", |unit| &unit.scenario.name)
}

/// The column `trigger`: `purchased/17`, and `;` between the triggers that left with one message.
pub(super) fn push_triggers(program: &Program, row: &Row, text: &mut Vec<u8>) {
    for (place, trigger) in std::iter::once(&row.trigger).chain(&row.also).enumerate() {
        if place > 0 {
            text.push(b';');
        }
        text.extend_from_slice(program.event_name(trigger.kind).as_bytes());
        text.push(b'/');
        push_id(text, &trigger.id);
    }
}

pub(super) fn push_id(text: &mut Vec<u8>, id: &Id) {
    match id {
        Id::Number(number) => push_number(text, *number),
        Id::Text(id) => text.extend_from_slice(id.as_bytes()),
    }
}

pub(super) fn push_number(text: &mut Vec<u8>, number: i64) {
    // From the last digit to the first; no number has more.
    let mut digits = [b'0'; 20];
    let (mut rest, mut written) = (number.unsigned_abs(), 0);
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        written += 1;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        text.push(b'-');
    }
    text.extend_from_slice(digits.get(digits.len() - written..).unwrap_or(&[]));
}

//! The journal: what the engine was asked about a contact, and what it answered, as a line of JSON each.
//!
//! One of the three serialised forms (with IR and state); [`FORMAT`] is its version. What tables count is read back.

use crate::drivers::tables::FORMAT;
use crate::drivers::tables::written::{WrittenMark, receipt_name};
use crate::engine::{Effect, EffectKey, Mark, Outcome, Program, Receipt, Verdict, What};
use crate::ir::ScenarioHash;
use crate::store::state::JournalRow;
use crate::time::Instant;
use serde::Serialize;

#[derive(Serialize)]
struct Line<'a> {
    format: u16,
    input: Input<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    effects: Vec<Said<'a>>,
    /// What tables count: the second version added it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    marks: Vec<WrittenMark>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Input<'a> {
    Event { kind: &'a str, id: String },
    Timer,
    Look,
    Refresh,
    Receipt { key: String, outcome: &'static str },
    AboutToSend { key: String, answer: &'a str, reason: &'a str },
    Migration { from: String, step: u16, to: u16 },
    Merged,
}

#[derive(Serialize)]
struct Said<'a> {
    scenario: &'a str,
    step: u16,
    trigger: String,
    effect: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
}

/// What a step was given.
#[derive(Clone, Copy, Debug)]
pub(in crate::drivers) enum Given<'a> {
    Event {
        kind: u16,
        id: &'a crate::model::Id,
    },
    Timer,
    Look,
    Refresh,
    Receipt {
        key: EffectKey,
        receipt: Receipt,
    },
    AboutToSend {
        key: EffectKey,
        verdict: &'a Verdict,
    },
    /// An instance that stood in a step of an older version goes on in that step of the present one.
    Migration {
        from: ScenarioHash,
        step: u16,
        to: u16,
    },
    /// Two contacts are one person: some of their instances end.
    Merged,
}

/// One line: an input, the effects it had, and what tables count of it.
pub(in crate::drivers) fn line(
    program: &Program,
    at: Instant,
    given: Given<'_>,
    effects: &[Effect],
    marks: &[Mark],
) -> JournalRow {
    let input = match given {
        Given::Event { kind, id } => Input::Event { kind: program.event_name(kind), id: id.to_string() },
        Given::Timer => Input::Timer,
        Given::Look => Input::Look,
        Given::Refresh => Input::Refresh,
        Given::Receipt { key, receipt } => Input::Receipt { key: key.to_string(), outcome: receipt_name(receipt) },
        Given::AboutToSend { key, verdict } => {
            let (answer, reason) = match verdict {
                Verdict::Send(_) => ("send", ""),
                Verdict::Wait { reason, .. } => ("wait", reason.text()),
                Verdict::Drop { outcome, reason } => (outcome.name(), reason.text()),
            };
            Input::AboutToSend { key: key.to_string(), answer, reason }
        }
        Given::Migration { from, step, to } => Input::Migration { from: from.to_string(), step, to },
        Given::Merged => Input::Merged,
    };
    let effects = effects.iter().map(|effect| said(program, effect)).collect();
    let marks = marks.iter().map(|mark| WrittenMark::of(program, mark)).collect();
    let line = Line { format: FORMAT, input, effects, marks };
    // The line has no map with keys other than texts and no float, so JSON cannot fail on it.
    JournalRow { at, body: serde_json::to_vec(&line).unwrap_or_default() }
}

fn said<'a>(program: &'a Program, effect: &'a Effect) -> Said<'a> {
    let (name, key, reason) = match &effect.what {
        What::Send { outcome, reason, .. } => (outcome.name(), None, reason.text()),
        What::Emit { key, .. } => ("emit", Some(key.to_string()), ""),
        What::Withdraw { key, outcome: Outcome::Expired, reason } => ("expire", Some(key.to_string()), reason.text()),
        What::Withdraw { key, reason, .. } => ("cancel", Some(key.to_string()), reason.text()),
        What::Act { act, key, reason, .. } => (act.name(), Some(key.to_string()), reason.text()),
        What::End { reason, .. } => ("end", None, reason.text()),
    };
    Said {
        scenario: program.unit(effect.unit).map_or("", |unit| &unit.scenario.name),
        step: effect.ordinal,
        trigger: format!("{}/{}", program.event_name(effect.trigger.kind), effect.trigger.id),
        effect: name,
        key,
        reason,
    }
}

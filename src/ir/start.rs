//! How instances of a scenario start.

use super::ExprIx;
use crate::time::{TimeOfDay, Weekday};
use serde::{Deserialize, Serialize};

/// What starts instances. Any scenario can also be started by the step `start`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// One of these events.
    Events(Vec<Trigger>),
    /// `when no ... for D`: that none of these events has happened for so long. The entry is the instant at which the
    /// silence is that long, the trigger the event after which it began.
    Silence {
        events: Vec<Trigger>,
        /// A duration, over the contact, histories and measures; it may read the event ([`super::Expr::Event`]).
        duration: ExprIx,
        /// `ever`: the contact's creation, from which a silence without any event is counted.
        since: Option<ExprIx>,
    },
    /// `every PERIOD`: for each contact, again and again. There is no trigger.
    Every {
        occurrence: Occurrence,
        /// The contact's creation, where the model has it: nothing comes round before. One that is missing limits nothing.
        since: Option<ExprIx>,
    },
    /// `when started`
    Started,
}

impl Start {
    /// The events that start it, or after which its silence begins.
    pub fn events(&self) -> &[Trigger] {
        match self {
            Start::Events(events) | Start::Silence { events, .. } => events,
            Start::Every { .. } | Start::Started => &[],
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Slot in `code.events`.
    pub event: u16,
    /// Over the event itself ([`super::Expr::Event`]) and the contact.
    pub filter: Option<ExprIx>,
}

/// When `every` comes round, in the contact's zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occurrence {
    Day {
        at: TimeOfDay,
    },
    Weekly {
        day: Weekday,
        at: TimeOfDay,
    },
    /// The first day of each month, of each third one from January (3), or of each January (12).
    Monthly {
        months: u8,
        at: TimeOfDay,
    },
    /// Each anniversary of a date (29 February falls on the 28th), moved by a duration of months and days.
    Anniversary {
        date: ExprIx,
        shift: Option<ExprIx>,
        at: TimeOfDay,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryRule {
    /// Each trigger event starts an instance.
    Always,
    Once,
    /// `once every D`: since the last entry. The duration is an expression without trigger.
    OnceEvery(ExprIx),
    /// `once per PATH`: over the event ([`super::Expr::Event`]); a missing value limits nothing.
    OncePer(ExprIx),
    /// A newer trigger replaces the running instance.
    Latest,
    /// `one at a time`: triggers are dropped while an instance runs.
    OneAtATime,
}

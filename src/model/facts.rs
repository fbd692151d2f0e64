//! Kinds of facts that texts ask for and programs compute: words shared by both sides of the house.

use crate::time::{TimeOfDay, Weekday};
use serde::{Deserialize, Serialize};

/// What an aggregate tells of the events of one contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AggregateKind {
    /// Of events; with `of`, of distinct values.
    Count,
    /// Of distinct days in the contact's zone.
    CountDays,
    /// 0 without any event.
    Sum,
    Average,
    /// Between distinct days; missing with fewer than two.
    AverageGap,
    /// The middle gap, or half the sum of the two in the middle.
    MedianGap,
    /// Of equally common values the latest.
    MostCommon,
    /// `of` is a condition: the part of the events for which it holds; missing without any event.
    Share,
    /// By instant, then arrival.
    First,
    Last,
}

impl AggregateKind {
    /// As it is written, up to what it is about.
    pub fn words(self) -> &'static str {
        match self {
            AggregateKind::Count => "count of",
            AggregateKind::CountDays => "count of days of",
            AggregateKind::Sum => "sum of",
            AggregateKind::Average => "average of",
            AggregateKind::AverageGap => "average gap of",
            AggregateKind::MedianGap => "median gap of",
            AggregateKind::MostCommon => "most common of",
            AggregateKind::Share => "share of",
            AggregateKind::First => "first",
            AggregateKind::Last => "last",
        }
    }
}

/// What a measure tells of all contacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasureKind {
    Average,
    Sum,
    /// Of contacts for whom the condition holds.
    Count,
    /// Of contacts for whom the condition is known, those for whom it holds.
    Share,
    Least,
    Greatest,
}

/// When a measure is taken anew, in the project's zone: at each full hour; at 00:00; on mondays at 00:00; on the first day
/// of the month at 00:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refreshed {
    Hourly,
    Daily,
    Weekly,
    Monthly,
}

/// When marketing and service messages wait, in the contact's zone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    /// From the first, included, to the second, excluded; over midnight where the first is later.
    pub between: Option<(TimeOfDay, TimeOfDay)>,
    /// Whole days.
    pub days: Vec<Weekday>,
}

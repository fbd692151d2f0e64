//! Limits over all scenarios.

use super::{Class, Code, ExprIx};
use crate::model::QuietHours;
use crate::time::Duration;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// `policy { ... }`. The default limits nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The contact's zone, by its name in the IANA database: a text over the contact. Where it is missing or no zone, that
    /// of [`super::Settings`] holds.
    pub zone: Option<ExprIx>,
    pub quiet_hours: QuietHours,
    pub caps: Vec<Cap>,
    /// Scenarios, those first that go first; those that are not listed come last.
    pub priority: Vec<String>,
    /// The fraction of persons who are held out.
    pub holdout: Decimal,
    /// Of `zone` alone.
    pub code: Code,
}

impl Policy {
    /// The holdout as a person writes it: 5 for 5%.
    pub fn holdout_percent(&self) -> Decimal {
        self.holdout * Decimal::ONE_HUNDRED
    }
}

/// At most so many messages of a class to one person in any stretch of time of this length.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    pub class: Class,
    /// At least 1.
    pub most: u32,
    /// Absolute: a day is 24 hours, a week 168, a month 30.436875 days.
    pub per: Duration,
}

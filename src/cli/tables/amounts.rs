//! Money, shares and times in words.

use crate::cli::counted::{counted, grouped};
use crate::drivers::tables::statistics::{Share, wilson};
use crate::drivers::tables::{Cell, GoalKind};
use crate::engine::Amount;

/// Of ten-thousandths of a unit: `1,234.50`, rounded half away from zero.
pub fn money(amount: i128) -> String {
    let per_hundredth = u128::from(Amount::PER_UNIT.unsigned_abs()) / 100;
    let hundredths = (amount.unsigned_abs() + per_hundredth / 2) / per_hundredth;
    let sign = if amount < 0 && hundredths > 0 { "-" } else { "" };
    let units = u64::try_from(hundredths / 100).unwrap_or(u64::MAX);
    format!("{sign}{}.{:02}", grouped(units), hundredths % 100)
}

/// Exactly, as JSON has it: `1234.5`.
pub fn exact(amount: i128) -> String {
    let unit = i128::from(Amount::PER_UNIT);
    let sign = if amount < 0 { "-" } else { "" };
    let (units, rest) = (amount.abs() / unit, amount.abs() % unit);
    let text = format!("{sign}{units}.{rest:04}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `8.7%`
pub fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// The journeys that reached their goal of those with a message that was sent: `8.7% (7.1 to 10.6)`.
pub fn rate(cell: &Cell) -> String {
    let of = Share { part: cell.converted, of: cell.reached };
    wilson(of).map_or_else(String::new, |found| {
        format!("{} ({:.1} to {:.1})", percent(found.estimate), found.low * 100.0, found.high * 100.0)
    })
}

/// Whole hours: `5 days`.
pub fn after(hours: u32) -> String {
    match hours {
        0 => "under 1 hour".to_owned(),
        1..48 => counted(u64::from(hours), "hour"),
        _ => counted(u64::from(hours / 24), "day"),
    }
}

/// As JSON names it.
pub fn goal_name(goal: GoalKind) -> &'static str {
    match goal {
        GoalKind::None => "none",
        GoalKind::WithoutWindow => "without window",
        GoalKind::Window => "window",
    }
}

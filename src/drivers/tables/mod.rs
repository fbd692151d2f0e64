//! The tables of a report: who entered, what was sent and what was not, who reached the goal, what they spent.
//!
//! They are folded from a stream of [`Happening`]s of one contact in the order of time, and merged over contacts. A
//! simulation and the journal of a run make the same stream, so the same tables. All sums are of integers; only
//! [`statistics`] has floats, at the very end.
//!
//! A goal is put down to the last message of the journey before it that was sent, or held out; the money of an event, once in
//! each scenario, to the last message before it whose window is open. See `docs/decisions/0035-tables.md`.

mod ahead;
mod catalog;
mod cell;
mod close;
mod comparison;
mod fold;
mod happening;
mod journal;
mod months;
mod plain;
pub mod statistics;
mod sums;
mod table;
#[cfg(test)]
mod tests;
pub(in crate::drivers) mod written;

pub use catalog::{Catalog, CatalogKind, CatalogScenario, CatalogStep, GoalKind};
pub use cell::{Became, Cell, Group};
pub use comparison::{Comparison, PERSONS_MIN, WhyNot, share};
pub use fold::{Fold, Source};
pub use happening::{Happening, Happens};
pub use journal::{FORMAT, JournalSums, fold_journal};
pub use sums::Sums;
pub use table::{Row, ScenarioTables, Tables};

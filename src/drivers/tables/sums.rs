//! What is added up over contacts, by any number of threads: sums that merge in any order.

use super::close::add_message;
use super::plain::{Counted, PlainCount, PlainCounts};
use super::{Catalog, Cell};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// By what a table has its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum View {
    All,
    Step,
    Message,
    Arm,
    Month,
}

/// A row: its table, the number of the scenario, and that of the step, message, path or month.
pub(super) type RowKey = (View, u16, i64);

/// Sums over contacts.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    cells: Cells,
    plain: PlainCounts,
    pub(super) paths: Paths,
    /// Persons who were erased, whatever became of them before.
    pub(super) erased: u64,
}

/// Rows in the order in which they were first counted in, and their places: a contact counts in several at each thing that
/// happens to it.
#[derive(Clone, Debug, Default)]
struct Cells {
    places: FxHashMap<RowKey, usize>,
    all: Vec<(RowKey, Cell)>,
}

/// The paths of arms that were drawn, by number; 0 is that of none.
#[derive(Clone, Debug, Default)]
pub(super) struct Paths {
    /// Of each path but 0: the one before, and the arm.
    all: Vec<(u32, u32)>,
    next: FxHashMap<(u32, u32), u32>,
}

impl Paths {
    /// A path with one arm more; the same where it has that arm already, as the next turn of a `repeat` draws it.
    pub fn with(&mut self, path: u32, arm: u32) -> u32 {
        if self.arms(path).contains(&arm) {
            return path;
        }
        let all = &mut self.all;
        *self.next.entry((path, arm)).or_insert_with(|| {
            all.push((path, arm));
            all.len() as u32
        })
    }

    /// The arms of a path, in the order in which they were drawn.
    pub fn arms(&self, mut path: u32) -> Vec<u32> {
        let mut arms = Vec::new();
        while let Some((before, arm)) = (path as usize).checked_sub(1).and_then(|place| self.all.get(place)) {
            arms.push(*arm);
            path = *before;
        }
        arms.reverse();
        arms
    }
}

impl Sums {
    pub(super) fn cell(&mut self, row: RowKey) -> &mut Cell {
        let Cells { places, all } = &mut self.cells;
        let place = *places.entry(row).or_insert(all.len());
        if place == all.len() {
            all.push((row, Cell::default()));
        }
        #[allow(clippy::indexing_slicing, reason = "a place is that of a row that was pushed")]
        &mut all[place].1
    }

    pub(super) fn count(&mut self, what: PlainCount) {
        self.plain.add(what, 1);
    }

    /// Adds what another thread added up, of the same catalog.
    pub fn merge(&mut self, other: Sums) {
        for ((view, scenario, key), cell) in other.cells.all {
            let arms = || other.paths.arms(u32::try_from(key).unwrap_or(0));
            let key = match view {
                View::Arm => i64::from(arms().into_iter().fold(0, |path, arm| self.paths.with(path, arm))),
                _ => key,
            };
            self.cell((view, scenario, key)).merge(&cell);
        }
        for (what, count) in other.plain.sorted() {
            self.plain.add(what, count);
        }
        self.erased += other.erased;
    }

    /// The rows, with everything that was counted.
    pub(super) fn rows(mut self, catalog: &Catalog) -> (BTreeMap<RowKey, Cell>, Paths) {
        for ((scenario, month, counted), count) in std::mem::take(&mut self.plain).sorted() {
            let of_step =
                |step: u32, message: u32| [(View::Step, i64::from(step)), (View::Message, i64::from(message))];
            let rows = [(View::All, 0), (View::Month, i64::from(month))];
            let (rows, passed) = match counted {
                Counted::Entered | Counted::Left => (&rows[..], None),
                Counted::Message { step, message, .. } => (&rows[..], Some(of_step(step, message))),
                Counted::Joined { step, message } => (&[][..], Some(of_step(step, message))),
                Counted::Before { step } => {
                    let message = catalog.message_at(step, 0).unwrap_or(u32::MAX);
                    (&[][..], Some(of_step(step, message)))
                }
            };
            for (view, key) in rows {
                let cell = self.cell((*view, scenario, *key));
                match counted {
                    Counted::Entered => (cell.entered, cell.waiting) = (cell.entered + count, cell.waiting + count),
                    Counted::Left => cell.waiting = cell.waiting.saturating_sub(count),
                    Counted::Message { became, .. } => add_message(cell, became, count),
                    Counted::Joined { .. } | Counted::Before { .. } => {}
                }
            }
            for (view, key) in passed.into_iter().flatten() {
                let cell = self.cell((view, scenario, key));
                match counted {
                    Counted::Before { .. } => cell.waiting += count,
                    _ => cell.entered += count,
                }
                if let Counted::Message { became, .. } = counted {
                    add_message(cell, became, count);
                }
            }
        }
        for scenario in 0..catalog.scenarios.len() {
            self.cell((View::All, scenario as u16, 0));
        }
        (self.cells.all.into_iter().collect(), self.paths)
    }
}

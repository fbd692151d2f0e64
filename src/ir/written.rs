//! What makes a step the same one in two versions of its scenario: its label, else its place and its text.
//!
//! Labels are in the steps; places and texts are kept beside the scenario, where they make no new version: a definition
//! may be renamed, and the scenario means what it meant. Pairing is careful: a step that could be two is none.

use super::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The steps of one scenario as they are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    pub scenario: String,
    /// In the order of their numbers.
    pub steps: Vec<WrittenStep>,
}

/// A step as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenStep {
    /// Its number in the text, from 1.
    pub ordinal: u16,
    /// The arms and blocks around it, the outermost first, each by its label or its head.
    pub place: Vec<String>,
    /// In the canonical layout on one line, without its label; of a step that holds others, its head and its guard.
    pub text: String,
}

/// A step of a version with all that makes it itself.
#[derive(Clone, Copy, Debug)]
pub struct KnownStep<'a> {
    pub ordinal: u16,
    pub label: Option<&'a str>,
    /// `None` in a version that was kept before texts were.
    pub written: Option<&'a WrittenStep>,
}

impl Version {
    /// Its steps, in the order of their numbers.
    pub fn known_steps(&self) -> Vec<KnownStep<'_>> {
        let mut labels: BTreeMap<u16, Option<&str>> = BTreeMap::new();
        for step in self.scenario.steps.values().iter().filter(|step| step.ordinal > 0) {
            labels.insert(step.ordinal, step.label.as_deref());
        }
        let written = |ordinal: u16| self.steps.iter().find(|step| step.ordinal == ordinal);
        labels.into_iter().map(|(ordinal, label)| KnownStep { ordinal, label, written: written(ordinal) }).collect()
    }

    /// Which step of a newer version each step of this one is, by their numbers: that of the same label; else the one of the
    /// same text at the same place; else, where a text is there once in both, that one, which was moved. Of equal steps at
    /// one place those are the same that stay so in every longest common sequence of both versions. All others are none.
    pub fn counterparts(&self, newer: &Version) -> BTreeMap<u16, u16> {
        let (old, new) = (self.known_steps(), newer.known_steps());
        let mut pairs = Pairs { of_old: vec![None; old.len()], of_new: vec![None; new.len()], old: &old, new: &new };
        pairs.by_label();
        pairs.by_what_is_there_once(|step| Some((step.written?.place.as_slice(), step.written?.text.as_str())));
        pairs.by_sequence();
        pairs.by_what_is_there_once(|step| Some(step.written?.text.as_str()));
        let found =
            old.iter().zip(&pairs.of_old).filter_map(|(step, to)| Some((step.ordinal, new.get((*to)?)?.ordinal)));
        found.collect()
    }
}

/// Pairs of steps, by their places in both lists.
struct Pairs<'a> {
    old: &'a [KnownStep<'a>],
    new: &'a [KnownStep<'a>],
    of_old: Vec<Option<usize>>,
    of_new: Vec<Option<usize>>,
}

impl<'a> Pairs<'a> {
    fn pair(&mut self, old: usize, new: usize) {
        if let (Some(of_old), Some(of_new)) = (self.of_old.get_mut(old), self.of_new.get_mut(new)) {
            *of_old = Some(new);
            *of_new = Some(old);
        }
    }

    /// Whether neither is paired, and no label says that they are two.
    fn are_free(&self, old: usize, new: usize) -> bool {
        let is_free = |of: &[Option<usize>], place: usize| of.get(place) == Some(&None);
        let label = |list: &'a [KnownStep<'a>], place: usize| list.get(place).and_then(|step| step.label);
        is_free(&self.of_old, old)
            && is_free(&self.of_new, new)
            && (label(self.old, old).is_none() || label(self.new, new).is_none())
    }

    fn by_label(&mut self) {
        let (old, new) = (self.old, self.new);
        for (place, step) in old.iter().enumerate().filter(|(_, step)| step.label.is_some()) {
            if let Some(same) = new.iter().position(|each| each.label == step.label) {
                self.pair(place, same);
            }
        }
    }

    fn by_what_is_there_once<K: Ord>(&mut self, key: impl Fn(&KnownStep<'a>) -> Option<K>) {
        let once = |list: &[KnownStep<'a>]| {
            let mut places: BTreeMap<K, Vec<usize>> = BTreeMap::new();
            for (place, step) in list.iter().enumerate() {
                if let Some(key) = key(step) {
                    places.entry(key).or_default().push(place);
                }
            }
            places
        };
        let new = once(self.new);
        for (key, places) in once(self.old) {
            if let ([old], Some([new])) = (places.as_slice(), new.get(&key).map(Vec::as_slice))
                && self.are_free(*old, *new)
            {
                self.pair(*old, *new);
            }
        }
    }

    /// Whether two steps may stand for each other in a common sequence.
    fn are_alike(&self, old: usize, new: usize) -> bool {
        if self.of_old.get(old) == Some(&Some(new)) {
            return true;
        }
        let written = |list: &'a [KnownStep<'a>], place: usize| list.get(place).and_then(|step| step.written);
        let (one, two) = (written(self.old, old), written(self.new, new));
        self.are_free(old, new) && one.zip(two).is_some_and(|(one, two)| one.place == two.place && one.text == two.text)
    }

    /// Pairs the steps that every longest common sequence pairs alike.
    fn by_sequence(&mut self) {
        let (rows, columns) = (self.old.len(), self.new.len());
        let is_open = |of: &[Option<usize>]| of.contains(&None);
        if !is_open(&self.of_old) || !is_open(&self.of_new) {
            return;
        }
        let alike = Grid::new(rows, columns, |old, new, _| u16::from(self.are_alike(old, new)));
        // How long the sequence of all before two places is, and of all from them on.
        let before =
            Grid::new(rows + 1, columns + 1, |old, new, grid: &Grid| match (old.checked_sub(1), new.checked_sub(1)) {
                (Some(above), Some(left)) => {
                    let both = grid.at(above, left) + alike.at(above, left);
                    both.max(grid.at(above, new)).max(grid.at(old, left))
                }
                _ => 0,
            });
        let after =
            Grid::new(rows + 1, columns + 1, |old, new, grid: &Grid| match (old.checked_sub(1), new.checked_sub(1)) {
                // From the end: the places count what is left.
                (Some(below), Some(right)) => {
                    let both = grid.at(below, right) + alike.at(rows - old, columns - new);
                    both.max(grid.at(below, new)).max(grid.at(old, right))
                }
                _ => 0,
            });
        let from = |old: usize, new: usize| after.at(rows - old, columns - new);
        let longest = from(0, 0);
        for old in 0..rows {
            let is_left_out = (0..=columns).any(|new| before.at(old, new) + from(old + 1, new) == longest);
            let may_be =
                |new: &usize| alike.at(old, *new) == 1 && before.at(old, *new) + 1 + from(old + 1, *new + 1) == longest;
            let mut candidates = (0..columns).filter(may_be);
            if let (Some(new), None, false) = (candidates.next(), candidates.next(), is_left_out) {
                self.pair(old, new);
            }
        }
    }
}

/// A table of numbers.
struct Grid {
    columns: usize,
    cells: Vec<u16>,
}

impl Grid {
    /// Each cell may be made of those of earlier rows and of earlier columns of its own.
    fn new(rows: usize, columns: usize, cell: impl Fn(usize, usize, &Grid) -> u16) -> Grid {
        let mut grid = Grid { columns, cells: Vec::with_capacity(rows * columns) };
        for row in 0..rows {
            for column in 0..columns {
                let next = cell(row, column, &grid);
                grid.cells.push(next);
            }
        }
        grid
    }

    fn at(&self, row: usize, column: usize) -> u16 {
        self.cells.get(row * self.columns + column).copied().unwrap_or(0)
    }
}

//! The latest admitted events of a probe, so that a history is asked without going through a life.

use super::by_number::ByNumber;
use super::by_row::Filed;
use super::facts::Keys;
use crate::time::Instant;
use rustc_hash::FxHashMap;

/// When they happened, by what they are filed under.
#[derive(Clone, Debug, Default)]
pub(super) struct Latest {
    /// Of a probe without keys.
    alone: Option<Instant>,
    by_keys: FxHashMap<Keys, Instant>,
    by_number: ByNumber<Instant>,
}

impl Latest {
    pub fn clear(&mut self) {
        self.alone = None;
        self.by_number.clear();
        if !self.by_keys.is_empty() {
            self.by_keys.clear();
        }
    }

    pub fn file(&mut self, under: Filed<'_>, at: Instant) {
        match under {
            Filed::Number(number) => match self.by_number.get_mut(number) {
                Some(latest) => *latest = at.max(*latest),
                None => self.by_number.insert(number, at),
            },
            Filed::Keys([]) => self.alone = self.alone.max(Some(at)),
            Filed::Keys(keys) => match self.by_keys.get_mut(keys) {
                Some(latest) => *latest = at.max(*latest),
                None => drop(self.by_keys.insert(keys.iter().cloned().collect(), at)),
            },
        }
    }

    pub fn get(&self, under: Filed<'_>) -> Option<Instant> {
        match under {
            Filed::Number(number) => self.by_number.get(number).copied(),
            Filed::Keys([]) => self.alone,
            Filed::Keys(keys) => self.by_keys.get(keys).copied(),
        }
    }
}

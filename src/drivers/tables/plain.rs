//! Counts of what needs no remembering: by scenario, month, and what it is.

use super::Became;
use rustc_hash::FxHashMap;

/// What is counted where nothing of a journey needs to be remembered: by scenario and month.
pub(super) type PlainCount = (u16, i32, Counted);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Counted {
    Entered,
    Left,
    /// It waits, and this step may be the next to send.
    Before {
        step: u32,
    },
    /// A message that several journeys share, of each but the first.
    Joined {
        step: u32,
        message: u32,
    },
    Message {
        step: u32,
        message: u32,
        became: Became,
    },
}

/// A scenario and a month, and the few counts of both.
type OfMonth = ((u16, i32), Vec<(Counted, u64)>);

/// The counts of one thread. What comes next mostly is of the scenario and month of the last of its kind.
#[derive(Clone, Debug, Default)]
pub(super) struct PlainCounts {
    months: Vec<OfMonth>,
    places: FxHashMap<(u16, i32), usize>,
    /// Of entries, of ends, of messages.
    last: [usize; 3],
}

impl PlainCounts {
    pub fn add(&mut self, (scenario, month, what): PlainCount, more: u64) {
        let of = (scenario, month);
        let [entered, left, message] = &mut self.last;
        let last = match what {
            Counted::Entered | Counted::Before { .. } => entered,
            Counted::Left => left,
            Counted::Message { .. } | Counted::Joined { .. } => message,
        };
        if self.months.get(*last).is_none_or(|(known, _)| *known != of) {
            *last = *self.places.entry(of).or_insert(self.months.len());
            if *last == self.months.len() {
                self.months.push((of, Vec::new()));
            }
        }
        let Some((_, counts)) = self.months.get_mut(*last) else { return };
        match counts.iter_mut().find(|(known, _)| *known == what) {
            Some((_, count)) => *count += more,
            None => counts.push((what, more)),
        }
    }

    /// All counts, in their order.
    pub fn sorted(self) -> Vec<(PlainCount, u64)> {
        let counts = self.months.into_iter().flat_map(|((scenario, month), counts)| {
            counts.into_iter().map(move |(what, count)| ((scenario, month, what), count))
        });
        let mut counts: Vec<(PlainCount, u64)> = counts.collect();
        counts.sort_unstable();
        counts
    }
}

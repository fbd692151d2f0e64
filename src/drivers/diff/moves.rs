//! By how long messages moved: a histogram whose memory is bounded.

use std::collections::BTreeMap;

/// How many different lengths are told apart before they are rounded.
const LENGTHS_MAX: usize = 1 << 16;

/// Seconds by which messages come later; earlier ones are negative. Exact while there are few different lengths; then
/// rounded to minutes, to hours, to days. The extremes are always exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moves {
    /// Counts by length, in units of so many seconds.
    counts: BTreeMap<i64, u64>,
    unit: i64,
    least: i64,
    most: i64,
    count: u64,
}

impl Default for Moves {
    fn default() -> Moves {
        Moves { counts: BTreeMap::new(), unit: 1, least: i64::MAX, most: i64::MIN, count: 0 }
    }
}

impl Moves {
    pub fn add(&mut self, micros: i64) {
        let seconds = micros.div_euclid(1_000_000);
        self.least = self.least.min(seconds);
        self.most = self.most.max(seconds);
        self.count += 1;
        *self.counts.entry(seconds.div_euclid(self.unit)).or_default() += 1;
        while self.counts.len() > LENGTHS_MAX && self.unit < 86_400 {
            self.coarsen();
        }
    }

    fn coarsen(&mut self) {
        let unit = match self.unit {
            1 => 60,
            60 => 3_600,
            _ => 86_400,
        };
        for (length, count) in std::mem::take(&mut self.counts) {
            *self.counts.entry((length * self.unit).div_euclid(unit)).or_default() += count;
        }
        self.unit = unit;
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// The lower median, in seconds; `None` where nothing moved.
    pub fn median(&self) -> Option<i64> {
        let half = self.count.checked_sub(1)? / 2;
        let mut before = 0;
        let found = self.counts.iter().find(|(_, count)| {
            before += **count;
            before > half
        });
        Some(found.map_or(0, |(length, _)| length * self.unit))
    }

    /// The least and the greatest, in seconds.
    pub fn extremes(&self) -> Option<(i64, i64)> {
        (self.count > 0).then_some((self.least, self.most))
    }

    /// How many are in each of these ranges, whose ends are lengths in seconds: below the first, from each to the next, and from
    /// the last on.
    pub fn ranges(&self, ends: &[i64]) -> Vec<u64> {
        let mut counts = vec![0; ends.len() + 1];
        for (length, count) in &self.counts {
            let range = ends.partition_point(|end| *end <= length * self.unit);
            if let Some(total) = counts.get_mut(range) {
                *total += count;
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_one_of_them() {
        let mut moves = Moves::default();
        assert_eq!((moves.median(), moves.extremes()), (None, None));
        for days in [3, -1, 40, 2] {
            moves.add(days * 86_400_000_000);
        }
        assert_eq!(moves.median(), Some(2 * 86_400));
        assert_eq!(moves.extremes(), Some((-86_400, 40 * 86_400)));
        assert_eq!(moves.ranges(&[0, 7 * 86_400]), [1, 2, 1]);
    }

    #[test]
    fn many_lengths_are_rounded_and_none_is_lost() {
        let mut moves = Moves::default();
        let all = 200_000;
        for second in 0..all {
            moves.add(second * 1_000_000);
        }
        assert!(moves.counts.len() <= LENGTHS_MAX && moves.unit == 60);
        assert_eq!(moves.count(), all as u64);
        assert_eq!(moves.extremes(), Some((0, all - 1)));
        assert_eq!(moves.median(), Some((all - 1) / 2 / 60 * 60));
        assert_eq!(moves.ranges(&[]), [all as u64]);
    }
}

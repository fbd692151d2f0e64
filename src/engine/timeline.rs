//! Values in the order of their events, of which those after an instant are counted and summed without going through them.

use super::total::Total;
use super::value::Value;
use crate::time::Instant;

/// Where an event stands among others: by instant, then arrival, then the place in the life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub at: Instant,
    pub arrived: Instant,
    pub place: u32,
}

/// How many values a block has at most.
const MOST: usize = 256;

/// Values by the keys of their events. They lie in blocks, each with its total, so that a late one moves only those of its
/// block, and a question looks at one block and at the totals of those after it.
#[derive(Clone, Debug, Default)]
pub(super) struct Timeline {
    /// None is empty.
    blocks: Vec<Block>,
}

#[derive(Clone, Debug, Default)]
struct Block {
    rows: Vec<(Key, Value)>,
    total: Total,
}

impl Block {
    fn of(rows: Vec<(Key, Value)>) -> Block {
        let mut total = Total::default();
        rows.iter().for_each(|(_, value)| total.add(value));
        Block { rows, total }
    }

    fn ends_before(&self, is_before: impl Fn(&Key) -> bool) -> bool {
        self.rows.last().is_some_and(|(key, _)| is_before(key))
    }
}

impl Timeline {
    pub fn insert(&mut self, key: Key, value: Value) {
        let last = self.blocks.len().saturating_sub(1);
        // What comes after all others, as most does, is of the last block.
        let place = self.blocks.partition_point(|block| block.ends_before(|known| *known < key)).min(last);
        if self.blocks.is_empty() {
            self.blocks.push(Block::default());
        }
        let Some(block) = self.blocks.get_mut(place) else { return };
        block.total.add(&value);
        let at = block.rows.partition_point(|(known, _)| *known < key);
        block.rows.insert(at, (key, value));
        if block.rows.len() > MOST {
            // Where rows come in the order of time, the first half stays full.
            let cut = if place == last && at == MOST { MOST } else { MOST / 2 };
            let second = block.rows.split_off(cut);
            let first = Block::of(std::mem::take(&mut block.rows));
            *block = first;
            self.blocks.insert(place + 1, Block::of(second));
        }
    }

    pub fn remove(&mut self, key: &Key) {
        let place = self.blocks.partition_point(|block| block.ends_before(|known| known < key));
        let Some(block) = self.blocks.get_mut(place) else { return };
        let Ok(at) = block.rows.binary_search_by(|(known, _)| known.cmp(key)) else { return };
        let (_, value) = block.rows.remove(at);
        block.total.remove(&value);
        if block.rows.is_empty() {
            self.blocks.remove(place);
        }
    }

    /// The total of the values after an instant.
    pub fn after(&self, start: Instant) -> Total {
        let place = self.blocks.partition_point(|block| block.ends_before(|known| known.at <= start));
        let Some((first, rest)) = self.blocks.get(place..).and_then(<[Block]>::split_first) else {
            return Total::default();
        };
        let at = first.rows.partition_point(|(key, _)| key.at <= start);
        let mut total = Total::default();
        if at == 0 {
            total.merge(&first.total);
        } else {
            first.rows.iter().skip(at).for_each(|(_, value)| total.add(value));
        }
        rest.iter().for_each(|block| total.merge(&block.total));
        total
    }

    /// The first value after an instant.
    pub fn first_after(&self, start: Instant) -> Option<&(Key, Value)> {
        let place = self.blocks.partition_point(|block| block.ends_before(|known| known.at <= start));
        let rows = &self.blocks.get(place)?.rows;
        rows.get(rows.partition_point(|(key, _)| key.at <= start))
    }

    pub fn last(&self) -> Option<&(Key, Value)> {
        self.blocks.last()?.rows.last()
    }
}

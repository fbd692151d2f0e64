//! Draws from a seed that do not depend on the order in which they are made: each thing has numbers of its own.

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
#[derive(Clone, Copy)]
pub struct Chance(u64);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Chance {
    pub fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    /// The numbers of one thing.
    pub fn of(self, kind: u64, one: u64, two: u64) -> Chance {
        let seed = [kind, one, two].into_iter().fold(self.0, |seed, part| mixed(seed ^ mixed(part.wrapping_add(STEP))));
        Chance(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// From 0 on, below `end`, which is far below 2^32: what is lost by the rest does not show.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub fn happens(&mut self, share: f64) -> bool {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64 <= share
    }

    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

fn mixed(seed: u64) -> u64 {
    let first = (seed ^ seed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let second = (first ^ first >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    second ^ second >> 31
}

//! Draws: hashes of stable ids in place of chance.

use super::key::described;
use crate::ir::SplitArm;
use crate::model::Id;
use rust_decimal::prelude::ToPrimitive;

/// A number out of 2^64, the same for life: the start of BLAKE3 over `kind` and the parts, each with its length.
pub(super) fn draw(kind: &str, parts: &[&[u8]]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(kind.as_bytes());
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut bytes = [0u8; 8];
    hasher.finalize_xof().fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// The place of the arm that a person draws in a split: weighted rendezvous hashing (Schindelhauer and Schomaker,
/// "Weighted Distributed Hash Tables", 2005). An arm's score depends on that arm alone, so a share that grows takes from
/// the others what it must, and moves nobody between them. `None` where no arm has a share.
pub(super) fn arm(split: &str, arms: &[SplitArm], person: &Id) -> Option<usize> {
    let person = described(person);
    let score = |arm: &SplitArm| {
        let share = arm.share.to_f64().filter(|share| *share > 0.0)?;
        let drawn = draw("scn-split-1", &[split.as_bytes(), arm.name.as_bytes(), person.as_bytes()]);
        // Of the middles of 2^52 equal parts of the unit interval, so that it is neither 0 nor 1.
        let drawn = ((drawn >> 12) as f64 + 0.5) / (1u64 << 52) as f64;
        // The library's logarithm gives the same bits on every machine.
        Some(-libm::log(drawn) / share)
    };
    let mut best: Option<(usize, f64)> = None;
    for (place, arm) in arms.iter().enumerate() {
        if let Some(score) = score(arm)
            && best.is_none_or(|(_, least)| score < least)
        {
            best = Some((place, score));
        }
    }
    best.map(|(place, _)| place)
}

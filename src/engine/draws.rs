//! Draws: hashes of stable ids in place of chance.

use super::key::Hashed;
use crate::ir::SplitArm;
use crate::model::Id;
use rust_decimal::prelude::ToPrimitive;

/// A number out of 2^64, the same for life: the start of BLAKE3 over `kind` and the parts, each with its length.
pub(super) fn draw(kind: &str, parts: &[&[u8]]) -> u64 {
    let mut hashed = Hashed::new(kind.as_bytes());
    parts.iter().for_each(|part| hashed.part(part));
    u64::from_le_bytes(hashed.start())
}

/// The place of the arm that a person draws in a split: weighted rendezvous hashing (Schindelhauer and Schomaker,
/// "Weighted Distributed Hash Tables", 2005). An arm's score depends on that arm alone, so a share that grows takes from
/// the others what it must, and moves nobody between them. `None` where no arm has a share.
pub(super) fn arm(split: &str, arms: &[SplitArm], person: &Id) -> Option<usize> {
    let score = |arm: &SplitArm| {
        let share = arm.share.to_f64().filter(|share| *share > 0.0)?;
        let mut hashed = Hashed::new(b"scn-split-1");
        hashed.part(split.as_bytes());
        hashed.part(arm.name.as_bytes());
        hashed.part_of(person);
        let drawn = u64::from_le_bytes(hashed.start());
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

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::Decimal;
    use std::collections::BTreeMap;

    /// The arm of each of many persons, with shares in percent.
    fn drawn(shares: &[(&str, i64)]) -> Vec<String> {
        let arm = |(name, share): &(&str, i64)| {
            let to = crate::ir::StepIx(0);
            SplitArm { name: (*name).to_owned(), share: Decimal::new(*share, 2), to }
        };
        let arms: Vec<SplitArm> = shares.iter().map(arm).collect();
        (0..10_000).map(|person| arms[super::arm("offer", &arms, &Id::Number(person)).unwrap()].name.clone()).collect()
    }

    /// How many persons moved from one arm to another.
    fn moves(before: &[String], after: &[String]) -> BTreeMap<(String, String), usize> {
        let mut moves = BTreeMap::new();
        for (one, two) in before.iter().zip(after).filter(|(one, two)| one != two) {
            *moves.entry((one.clone(), two.clone())).or_default() += 1;
        }
        moves
    }

    #[test]
    fn the_parts_are_as_large_as_their_shares() {
        let drawn = drawn(&[("a", 50), ("b", 30), ("c", 20), ("d", 0)]);
        let count = |name: &str| drawn.iter().filter(|arm| *arm == name).count();
        for (name, wanted) in [("a", 5_000), ("b", 3_000), ("c", 2_000)] {
            assert!(count(name).abs_diff(wanted) < 150, "{name}: {}", count(name));
        }
        assert_eq!(count("d"), 0);
    }

    #[test]
    fn editing_a_percentage_moves_only_the_share_that_must_move() {
        let before = drawn(&[("a", 50), ("b", 50)]);
        let moved = moves(&before, &drawn(&[("a", 60), ("b", 40)]));
        assert_eq!(moved.keys().collect::<Vec<_>>(), [&("b".to_owned(), "a".to_owned())]);
        assert!(moved.values().sum::<usize>().abs_diff(1_000) < 150, "{moved:?}");
        let moved = moves(&before, &drawn(&[("a", 45), ("b", 45), ("c", 10)]));
        assert!(moved.keys().all(|(_, to)| to == "c"), "{moved:?}");
        assert!(moved.values().sum::<usize>().abs_diff(1_000) < 150, "{moved:?}");
    }

    #[test]
    fn another_split_is_another_draw_and_the_same_is_the_same() {
        let arms = |names: [&str; 2]| {
            let arm = |name: &str| SplitArm { name: name.into(), share: Decimal::new(5, 1), to: crate::ir::StepIx(0) };
            names.map(arm)
        };
        let draws = |split: &str| -> Vec<Option<usize>> {
            (0..64).map(|person| arm(split, &arms(["a", "b"]), &Id::Number(person))).collect()
        };
        assert_eq!(draws("offer"), draws("offer"));
        assert_ne!(draws("offer"), draws("subject"));
        assert_eq!(arm("offer", &[], &Id::Number(1)), None);
    }
}

//! Instants moved by durations: at one instant several scenarios ask for the same window, the rows of one order begin the same
//! silences, and an entry rule asks at each event when it lets somebody in again.

use crate::time::{Duration, Instant, Zone};

/// The moves that were asked for last. Each follows from what is remembered with it and from nothing else, so that none is ever
/// forgotten: it is pushed out by later ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Moves {
    known: [Option<(Move, Option<Instant>)>; 8],
    next: usize,
}

/// An instant, and what is added to it in a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Move {
    pub from: Instant,
    pub by: Duration,
    pub zone: Zone,
}

impl Moves {
    /// As [`Zone::add`].
    pub fn end(&mut self, of: Move) -> Option<Instant> {
        let Moves { known, next } = self;
        if let Some((_, end)) = known.iter().flatten().find(|(known, _)| *known == of) {
            return *end;
        }
        let end = of.zone.add(of.from, of.by);
        known.iter_mut().skip(*next).take(1).for_each(|place| *place = Some((of, end)));
        *next = (*next + 1) % known.len();
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_instant_duration_or_zone_is_another_move() {
        let several = [Duration::days(1), Duration::months(1), Duration::months(1), Duration::months(-12)];
        let mut moves = Moves::default();
        let paris = Zone::named("Europe/Paris").unwrap();
        for turn in 0..3 {
            for zone in [Zone::UTC, paris] {
                // More than are remembered, and some twice.
                for from in [19_000, 19_001, 19_001, 19_100].map(|day| Instant(day * 86_400_000_000)) {
                    for by in several {
                        assert_eq!(moves.end(Move { from, by, zone }), zone.add(from, by), "{turn} {from} {by}");
                    }
                }
            }
        }
        let never = Move { from: Instant(0), by: Duration::months(12 * 20_000), zone: paris };
        assert_eq!([moves.end(never), moves.end(never)], [None, None]);
    }
}

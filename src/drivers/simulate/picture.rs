//! What a page draws of a simulation: when messages leave, and how many of them one person gets.
//!
//! Each thread folds the messages of its persons, one after the other, and the folds are added up: counts alone, so that it does
//! not matter how the persons were cut.

use crate::engine::{Effect, Outcome, What};
use crate::time::{Date, Instant, Zone};
use std::collections::BTreeMap;

/// The length of a rolling day, in microseconds: a cap of 24 hours counts the same messages.
const DAY: i64 = 86_400_000_000;

/// Counts of the messages that are sent. Those that a holdout keeps back are not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// By the scenario's place in the program, then by day in the policy's zone: messages.
    pub days: BTreeMap<(u16, Date), u64>,
    /// By weekday (monday first) and hour (0 to 23) in the policy's zone: messages.
    pub hours: [[u64; 24]; 7],
    /// By the most messages that they get in any 24 hours: persons.
    pub busiest_day: BTreeMap<u64, u64>,
    /// By the most messages that they get in any 168 hours: persons.
    pub busiest_week: BTreeMap<u64, u64>,
    /// By the messages of one person on one day in the policy's zone: such days.
    pub person_days: BTreeMap<u64, u64>,
}

/// Folds the messages of one person after the other.
#[derive(Debug)]
pub(super) struct Painter {
    zone: Zone,
    /// Of the person whose turn it is: when a message leaves, and the scenario's place.
    sent: Vec<(Instant, u16)>,
    picture: Picture,
}

impl Painter {
    pub fn new(zone: Zone) -> Painter {
        Painter { zone, sent: Vec::new(), picture: Picture::default() }
    }

    /// All effects of one person.
    pub fn take_contact(&mut self, effects: &[Effect]) {
        let is_sent = |effect: &&Effect| matches!(effect.what, What::Send { outcome: Outcome::Sent, .. });
        self.person(effects.iter().filter(is_sent).map(|effect| (effect.at, effect.unit)));
    }

    /// The messages of one person: when each leaves, and the scenario's place.
    pub fn person(&mut self, sent: impl Iterator<Item = (Instant, u16)>) {
        self.sent.extend(sent);
        if self.sent.is_empty() {
            return;
        }
        self.sent.sort_unstable();
        let mut day: Option<(Date, u64)> = None;
        for (at, unit) in &self.sent {
            let (date, time) = self.zone.wall(*at);
            *self.picture.days.entry((*unit, date)).or_default() += 1;
            let hour = usize::try_from(time.0 / 3_600_000_000).unwrap_or_default();
            let weekday = date.weekday() as usize;
            if let Some(count) = self.picture.hours.get_mut(weekday).and_then(|hours| hours.get_mut(hour)) {
                *count += 1;
            }
            day = match day {
                Some((same, messages)) if same == date => Some((date, messages + 1)),
                other => {
                    add_day(&mut self.picture, other);
                    Some((date, 1))
                }
            };
        }
        add_day(&mut self.picture, day);
        *self.picture.busiest_day.entry(most_within(&self.sent, DAY)).or_default() += 1;
        *self.picture.busiest_week.entry(most_within(&self.sent, 7 * DAY)).or_default() += 1;
        self.sent.clear();
    }

    pub fn finish(self) -> Picture {
        self.picture
    }
}

impl Picture {
    /// Adds what another thread folded.
    pub(super) fn absorb(&mut self, other: Picture) {
        add_all(&mut self.days, other.days);
        for (count, more) in self.hours.iter_mut().flatten().zip(other.hours.iter().flatten()) {
            *count += more;
        }
        add_all(&mut self.busiest_day, other.busiest_day);
        add_all(&mut self.busiest_week, other.busiest_week);
        add_all(&mut self.person_days, other.person_days);
    }
}

fn add_day(picture: &mut Picture, day: Option<(Date, u64)>) {
    if let Some((_, messages)) = day {
        *picture.person_days.entry(messages).or_default() += 1;
    }
}

fn add_all<K: Ord>(counts: &mut BTreeMap<K, u64>, more: BTreeMap<K, u64>) {
    for (key, count) in more {
        *counts.entry(key).or_default() += count;
    }
}

/// The most messages, in order, that lie within a length: one leaves it just before the instant and the length, as with caps.
fn most_within(sent: &[(Instant, u16)], length: i64) -> u64 {
    let mut firsts = sent.iter();
    let mut within = 0;
    let mut most = 0;
    let mut first = firsts.next();
    for (at, _) in sent {
        within += 1;
        while let Some((since, _)) = first
            && since.0.saturating_add(length) <= at.0
        {
            within -= 1;
            first = firsts.next();
        }
        most = most.max(within);
    }
    most
}

//! The month of an instant, in a zone, without a calendar for each of millions.

use crate::time::{Instant, TimeOfDay, Zone};

/// The months that were asked for.
#[derive(Clone, Debug)]
pub(super) struct Months {
    zone: Zone,
    /// Where each begins and ends, and its number, in order.
    known: Vec<(Instant, Instant, i32)>,
    /// The one that was asked for last.
    last: Option<(Instant, Instant, i32)>,
}

impl Months {
    pub fn new(zone: Zone) -> Months {
        Months { zone, known: Vec::new(), last: None }
    }

    /// Months since the year 0.
    pub fn number(&mut self, at: Instant) -> i32 {
        let has = |(begins, ends, _): &&(Instant, Instant, i32)| *begins <= at && at < *ends;
        let number = self.last.as_ref().filter(has).map(|last| last.2);
        number.unwrap_or_else(|| self.look_up(at))
    }

    fn look_up(&mut self, at: Instant) -> i32 {
        let place = self.known.partition_point(|(begins, _, _)| *begins <= at);
        let known = place.checked_sub(1).and_then(|place| self.known.get(place)).filter(|each| at < each.1);
        if let Some(known) = known {
            self.last = Some(*known);
            return known.2;
        }
        let (date, _) = self.zone.wall(at);
        let (year, month, day) = date.parts();
        let first = date.add_days(1 - day as i32).unwrap_or(date);
        let begins = self.zone.instant(first, TimeOfDay::MIDNIGHT);
        let next = first.add_months(1).map_or(Instant::MAX, |next| self.zone.instant(next, TimeOfDay::MIDNIGHT));
        let number = year * 12 + month as i32 - 1;
        self.known.insert(place, (begins.min(at), next, number));
        number
    }

    /// `2011-03`
    pub fn name(number: i32) -> String {
        format!("{:04}-{:02}", number.div_euclid(12), number.rem_euclid(12) + 1)
    }
}

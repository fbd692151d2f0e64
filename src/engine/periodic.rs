//! `every PERIOD`: what starts for each contact, again and again.

use super::entry::Candidate;
use super::eval::Eval;
use super::program::Unit;
use super::step::Stepper;
use super::value::Value;
use crate::ir::{ExprIx, Occurrence, Start};
use crate::time::{Date, Duration, Instant, TimeOfDay, Zone};

/// When a scenario comes round, and the contact's creation, where the model has it.
pub(super) type Period<'a> = (&'a Occurrence, Option<ExprIx>);

impl<'a> Stepper<'a, '_> {
    /// Starts the scenario of a period that has come round, and counts the next one. A date that was moved since is found
    /// out here: then nothing starts.
    pub(super) fn comes_round(&mut self, unit_slot: u16, unit: &'a Unit, period: Period<'a>) {
        let Some(due) = self.state.clocks.period(unit_slot).flatten() else { return };
        // A timer keeps its instant; a date that was moved is another day.
        let just_before = Instant(due.0.saturating_sub(1));
        let is_still = !matches!(period.0, Occurrence::Anniversary { .. })
            || self.next_occurrence(unit, period, just_before) == Some(due);
        let next = self.next_occurrence(unit, period, due);
        self.state.clocks.set_period(unit_slot, next);
        if is_still {
            let (row, trigger, seen) = (None, None, None);
            self.enter(Candidate { unit_slot, unit, entry: due, row, trigger, seen, by: None });
        }
    }

    /// Counts a period that is not counted yet, this instant included; one whose date may have moved is counted anew.
    pub(super) fn look_for_period(&mut self, unit_slot: u16, unit: &'a Unit, period: Period<'a>) {
        let next = match self.state.clocks.period(unit_slot) {
            None => self.next_occurrence(unit, period, Instant(self.now.0.saturating_sub(1))),
            // What is due by now comes round at its own instant.
            Some(Some(due)) if due <= self.now => return,
            Some(_) => self.next_occurrence(unit, period, self.now),
        };
        self.state.clocks.set_period(unit_slot, next);
    }

    /// A scenario changed the contact: anniversaries may have moved.
    pub(super) fn look_for_anniversaries(&mut self) {
        let program = self.program;
        for (unit_slot, unit) in program.all_current() {
            if let Start::Every { occurrence: occurrence @ Occurrence::Anniversary { .. }, since } =
                &unit.scenario.start
                && self.state.clocks.period(unit_slot).is_some()
            {
                self.look_for_period(unit_slot, unit, (occurrence, *since));
            }
        }
    }

    /// The next occurrence strictly after an instant, and not before the contact's creation; `None` where its date is missing.
    fn next_occurrence(&self, unit: &'a Unit, (occurrence, since): Period<'_>, after: Instant) -> Option<Instant> {
        let zone = self.zone();
        // A test need not say since when a contact is there.
        let eval = Eval { not_given: None, ..self.start_eval(unit, None, None, after) };
        let creation = since.and_then(|since| eval.instant(since));
        let after = creation.map_or(after, |creation| after.max(Instant(creation.0.saturating_sub(1))));
        let next = match occurrence {
            Occurrence::Day { at } => zone.next_time(after, None, *at),
            Occurrence::Weekly { day, at } => zone.next_time(after, Some(*day), *at),
            Occurrence::Monthly { months, at } => next_first_of_month(zone, after, *months, *at),
            Occurrence::Anniversary { date, shift, at } => {
                let eval = self.start_eval(unit, None, None, after);
                let date = match eval.value(*date).as_ref() {
                    Value::Date(date) => *date,
                    Value::Instant(instant) => zone.wall(*instant).0,
                    _ => return None,
                };
                let shift = match shift {
                    Some(shift) => eval.duration(*shift)?,
                    None => Duration::ZERO,
                };
                next_anniversary(zone, after, date, shift, *at)
            }
        };
        next.filter(|next| *next <= self.program.clocks_until)
    }
}

/// The first day of the next month of those counted from January by `months`.
pub(super) fn next_first_of_month(zone: Zone, after: Instant, months: u8, at: TimeOfDay) -> Option<Instant> {
    let (today, _) = zone.wall(after);
    let (year, month, _) = today.parts();
    let months = u32::from(months.clamp(1, 12));
    let first = Date::new(year, (month - 1) / months * months + 1, 1)?;
    // A wall time that did not exist may have moved over midnight, so the present turn is tried too.
    (0..=2)
        .filter_map(|turn| first.add_months(turn * months as i32))
        .map(|day| zone.instant(day, at))
        .find(|moment| *moment > after)
}

/// The next anniversary, moved by a duration of months and days, strictly after an instant; 29 February falls on the 28th.
fn next_anniversary(zone: Zone, after: Instant, date: Date, shift: Duration, at: TimeOfDay) -> Option<Instant> {
    let (today, _) = zone.wall(after);
    let (year, _, _) = today.parts();
    // So many years may lie between an anniversary and its day.
    let years = shift.nominal().unsigned_abs().div_ceil(Duration::months(12).nominal().unsigned_abs());
    let years = i32::try_from(years).ok()?.checked_add(1)?;
    let first = if shift.nominal() < 0 { year - 1 } else { year.checked_sub(years)? };
    let last = if shift.nominal() < 0 { year.checked_add(years)? } else { year + 1 };
    (first..=last)
        .filter_map(|year| date.in_year(year)?.add_months(shift.months)?.add_days(shift.days))
        .map(|day| zone.instant(day, at))
        .find(|moment| *moment > after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Instant {
        Zone::UTC.parse(text).unwrap().0
    }

    #[test]
    fn the_first_day_of_a_month_a_quarter_a_year() {
        let nine = TimeOfDay::new(9, 0, 0).unwrap();
        for (after, months, next) in [
            ("2024-01-01 08:59", 1, "2024-01-01 09:00"),
            ("2024-01-01 09:00", 1, "2024-02-01 09:00"),
            ("2024-12-02 00:00", 1, "2025-01-01 09:00"),
            ("2024-02-01 00:00", 3, "2024-04-01 09:00"),
            ("2024-10-01 09:00", 3, "2025-01-01 09:00"),
            ("2024-01-01 09:00", 12, "2025-01-01 09:00"),
        ] {
            assert_eq!(next_first_of_month(Zone::UTC, moment(after), months, nine), Some(moment(next)), "{after}");
        }
    }

    #[test]
    fn anniversaries_fall_on_the_28th_and_are_moved() {
        let next = |after, date, shift| {
            next_anniversary(Zone::UTC, moment(after), Date::parse(date).unwrap(), shift, TimeOfDay::MIDNIGHT)
        };
        for (after, date, shift, wanted) in [
            ("2023-01-01 00:00", "1980-02-29", Duration::ZERO, "2023-02-28 00:00"),
            ("2023-12-01 00:00", "1980-02-29", Duration::ZERO, "2024-02-29 00:00"),
            ("2024-12-20 00:00", "1980-01-03", Duration::days(-7), "2024-12-27 00:00"),
            ("2024-12-27 00:00", "1980-01-03", Duration::days(-7), "2025-12-27 00:00"),
            ("2024-01-01 00:00", "1980-12-30", Duration::days(7), "2024-01-06 00:00"),
            ("2024-01-01 00:00", "1980-06-01", Duration::months(-30), "2024-12-01 00:00"),
            ("2024-01-01 00:00", "1980-06-01", Duration::months(30), "2024-12-01 00:00"),
        ] {
            assert_eq!(next(after, date, shift), Some(moment(wanted)), "{date} {shift} after {after}");
        }
    }
}

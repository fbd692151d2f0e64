//! Measures: what is taken of every contact at each refresh, added up exactly, in whatever order and by however many.

use crate::engine::Value;
use crate::model::{MeasureKind, Refreshed};
use crate::time::{Duration, Instant, TimeOfDay, Weekday, Zone};
use rust_decimal::Decimal;

/// Values are taken to so many places behind the point, so that sums are of whole numbers.
const PLACES: u32 = 12;

/// The part of a measure that some contacts make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partial {
    /// Contacts for whom there is a value.
    known: u64,
    /// Contacts for whom the condition holds.
    hold: u64,
    /// The sum of numbers, in units of the last of [`PLACES`], or of lengths, in microseconds; `None` beyond all bounds.
    sum: Sum,
    is_length: bool,
    least: Option<i128>,
    greatest: Option<i128>,
}

/// A sum that cannot wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sum(Option<i128>);

impl Default for Sum {
    fn default() -> Sum {
        Sum(Some(0))
    }
}

impl Sum {
    fn add(&mut self, more: Option<i128>) {
        self.0 = self.0.zip(more).and_then(|(sum, more)| sum.checked_add(more));
    }
}

impl Partial {
    /// Adds what is taken of one contact; one for whom it is missing is left out.
    pub fn add(&mut self, value: &Value) {
        let taken = match value {
            Value::Flag(holds) => {
                self.known += 1;
                self.hold += u64::from(*holds);
                return;
            }
            Value::Number(number) => in_units(*number),
            Value::Duration(length) => {
                self.is_length = true;
                Some(length.nominal())
            }
            _ => return,
        };
        self.known += 1;
        self.sum.add(taken);
        self.least = self.least.into_iter().chain(taken).min();
        self.greatest = self.greatest.into_iter().chain(taken).max();
    }

    /// Adds the part that other contacts make.
    pub fn merge(&mut self, other: &Partial) {
        self.known += other.known;
        self.hold += other.hold;
        self.sum.add(other.sum.0);
        self.is_length |= other.is_length;
        self.least = self.least.into_iter().chain(other.least).min();
        self.greatest = self.greatest.into_iter().chain(other.greatest).max();
    }

    /// What the measure tells; missing where it has no value.
    pub fn value(&self, kind: MeasureKind) -> Value {
        let known = i128::from(self.known);
        let of_sum = |sum: Option<i128>| sum.map_or(Value::Missing, |sum| self.shown(sum));
        match kind {
            MeasureKind::Count => Value::Number(self.hold.into()),
            MeasureKind::Share if known == 0 => Value::Missing,
            MeasureKind::Share => {
                Decimal::from(self.hold).checked_div(Decimal::from(self.known)).map_or(Value::Missing, Value::Number)
            }
            MeasureKind::Sum => of_sum(self.sum.0),
            MeasureKind::Average => of_sum(self.sum.0.and_then(|sum| sum.checked_div(known))),
            MeasureKind::Least => of_sum(self.least),
            MeasureKind::Greatest => of_sum(self.greatest),
        }
    }

    fn shown(&self, taken: i128) -> Value {
        if self.is_length {
            const DAY: i128 = 86_400_000_000;
            let (Ok(days), Ok(micros)) = (i32::try_from(taken / DAY), i64::try_from(taken % DAY)) else {
                return Value::Missing;
            };
            return Value::Duration(Duration { months: 0, days, micros });
        }
        Decimal::try_from_i128_with_scale(taken, PLACES)
            .map_or(Value::Missing, |number| Value::Number(number.normalize()))
    }
}

fn in_units(number: Decimal) -> Option<i128> {
    let rounded = number.round_dp(PLACES);
    10i128.checked_pow(PLACES - rounded.scale())?.checked_mul(rounded.mantissa())
}

/// The first refresh after an instant, in the project's zone; `None` at the end of time.
pub fn next_refresh(refreshed: Refreshed, zone: Zone, after: Instant) -> Option<Instant> {
    const HOUR: i64 = 3_600_000_000;
    if refreshed == Refreshed::Hourly {
        // Full hours of the wall clock come every hour, whatever the zone; some zones are half an hour off.
        let (date, time) = zone.wall(after);
        let full = zone.instant(date, TimeOfDay::MIDNIGHT);
        debug_assert!(time >= TimeOfDay::MIDNIGHT);
        let hours = after.0.checked_sub(full.0)?.div_euclid(HOUR);
        return Some(Instant(full.0.checked_add(HOUR.checked_mul(hours + 1)?)?));
    }
    match refreshed {
        Refreshed::Hourly | Refreshed::Daily => zone.next_time(after, None, TimeOfDay::MIDNIGHT),
        Refreshed::Weekly => zone.next_time(after, Some(Weekday::Monday), TimeOfDay::MIDNIGHT),
        Refreshed::Monthly => {
            let (today, _) = zone.wall(after);
            let (_, _, day) = today.parts();
            let next = today.add_days(1 - day as i32)?.add_months(1)?;
            Some(zone.instant(next, TimeOfDay::MIDNIGHT))
        }
    }
}

/// The latest refresh that is not after an instant; `None` at the beginning of time.
pub fn last_refresh(refreshed: Refreshed, zone: Zone, now: Instant) -> Option<Instant> {
    let longest = Duration { days: -32, ..Duration::ZERO };
    let mut last = None;
    let mut next = next_refresh(refreshed, zone, zone.add(now, longest)?);
    while let Some(at) = next.filter(|at| *at <= now) {
        last = Some(at);
        next = next_refresh(refreshed, zone, at);
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Value {
        Value::Number(text.parse().unwrap())
    }

    fn partial(values: &[Value]) -> Partial {
        let mut partial = Partial::default();
        values.iter().for_each(|value| partial.add(value));
        partial
    }

    #[test]
    fn parts_add_up_to_the_same_whatever_their_order() {
        let third = Value::Number(Decimal::ONE / Decimal::from(3));
        let values = [number("0.1"), third.clone(), Value::Missing, number("-4"), number("1000000.01"), third];
        let whole = partial(&values);
        for cut in 0..values.len() {
            let (first, second) = values.split_at(cut);
            let mut merged = partial(second);
            merged.merge(&partial(first));
            assert_eq!(merged, whole);
        }
        let of = |kind| whole.value(kind);
        assert_eq!(of(MeasureKind::Sum), number("999996.776666666666"));
        assert_eq!(of(MeasureKind::Average), number("199999.355333333333"));
        assert_eq!((of(MeasureKind::Least), of(MeasureKind::Greatest)), (number("-4"), number("1000000.01")));
    }

    #[test]
    fn nobody_makes_no_average_and_conditions_are_counted() {
        let nobody = Partial::default();
        for kind in [MeasureKind::Average, MeasureKind::Share, MeasureKind::Least, MeasureKind::Greatest] {
            assert_eq!(nobody.value(kind), Value::Missing);
        }
        assert_eq!((nobody.value(MeasureKind::Sum), nobody.value(MeasureKind::Count)), (number("0"), number("0")));
        let flags =
            partial(&[Value::Flag(true), Value::Flag(false), Value::Missing, Value::Flag(false), Value::Flag(false)]);
        assert_eq!((flags.value(MeasureKind::Count), flags.value(MeasureKind::Share)), (number("1"), number("0.25")));
        let lengths = partial(&[Value::Duration(Duration::days(10)), Value::Duration(Duration::days(21))]);
        let expected = Duration { days: 15, micros: 43_200_000_000, ..Duration::ZERO };
        assert_eq!(lengths.value(MeasureKind::Average), Value::Duration(expected));
    }

    #[test]
    fn refreshes_are_on_full_hours_midnights_mondays_and_firsts() {
        let paris = Zone::named("Europe/Paris").unwrap();
        let at = |text: &str| Instant::parse(text, Zone::UTC).unwrap().0;
        for (refreshed, after, next) in [
            (Refreshed::Hourly, "2024-05-06T10:20:00Z", "2024-05-06T11:00:00Z"),
            (Refreshed::Hourly, "2024-05-06T11:00:00Z", "2024-05-06T12:00:00Z"),
            (Refreshed::Daily, "2024-05-06T21:59:59Z", "2024-05-06T22:00:00Z"),
            (Refreshed::Daily, "2024-05-06T22:00:00Z", "2024-05-07T22:00:00Z"),
            (Refreshed::Weekly, "2024-05-06T10:00:00Z", "2024-05-12T22:00:00Z"),
            (Refreshed::Weekly, "2024-05-12T21:00:00Z", "2024-05-12T22:00:00Z"),
            (Refreshed::Monthly, "2024-01-31T22:59:59Z", "2024-01-31T23:00:00Z"),
            (Refreshed::Monthly, "2024-01-31T23:00:00Z", "2024-02-29T23:00:00Z"),
        ] {
            assert_eq!(next_refresh(refreshed, paris, at(after)), Some(at(next)), "{refreshed:?} {after}");
            assert_eq!(last_refresh(refreshed, paris, at(next)), Some(at(next)));
            let before = Instant(at(next).0 - 1);
            assert!(last_refresh(refreshed, paris, before).unwrap() <= at(after), "{refreshed:?} {after}");
        }
    }
}

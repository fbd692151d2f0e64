//! Sums that are exact, so that the order in which their parts came does not matter, and any part can be taken out again.

use super::value::Value;
use crate::time::Duration;
use rust_decimal::Decimal;
use smallvec::SmallVec;

/// The sum of numbers or of durations, and how many values there are.
#[derive(Clone, Debug, Default)]
pub(super) struct Total {
    count: i64,
    /// Of numbers, in the order of their digits after the point.
    numbers: SmallVec<[Digits; 1]>,
    lengths: Lengths,
}

/// The numbers with so many digits after the point.
#[derive(Clone, Copy, Debug)]
struct Digits {
    scale: u32,
    count: i64,
    /// A number has at most 96 bits: 2 billion of them fit.
    sum: i128,
}

#[derive(Clone, Copy, Debug, Default)]
struct Lengths {
    count: i64,
    months: i64,
    days: i64,
    micros: i128,
}

impl Total {
    pub fn add(&mut self, value: &Value) {
        self.change(value, 1);
    }

    /// Takes out what was added before.
    pub fn remove(&mut self, value: &Value) {
        self.change(value, -1);
    }

    fn change(&mut self, value: &Value, times: i64) {
        self.count += times;
        match value {
            Value::Number(number) => {
                self.digits(Digits { scale: number.scale(), count: times, sum: number.mantissa() * i128::from(times) });
            }
            Value::Duration(Duration { months, days, micros }) => {
                self.lengths.count += times;
                self.lengths.months += i64::from(*months) * times;
                self.lengths.days += i64::from(*days) * times;
                self.lengths.micros += i128::from(*micros) * i128::from(times);
            }
            _ => {}
        }
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Total) {
        self.count += other.count;
        other.numbers.iter().for_each(|digits| self.digits(*digits));
        self.lengths.count += other.lengths.count;
        self.lengths.months += other.lengths.months;
        self.lengths.days += other.lengths.days;
        self.lengths.micros += other.lengths.micros;
    }

    fn digits(&mut self, more: Digits) {
        let place = self.numbers.partition_point(|known| known.scale < more.scale);
        match self.numbers.get_mut(place).filter(|known| known.scale == more.scale) {
            Some(known) => {
                known.count += more.count;
                known.sum = known.sum.saturating_add(more.sum);
                if known.count == 0 {
                    self.numbers.remove(place);
                }
            }
            None => self.numbers.insert(place, more),
        }
    }

    /// How many values there are, of whatever type.
    pub fn count(&self) -> i64 {
        self.count
    }

    /// The sum of the numbers, with as many digits after the point as any of them has: 0 without any; `None` where it is
    /// larger than a number can be.
    pub fn number(&self) -> Option<Decimal> {
        let Some(scale) = self.numbers.last().map(|digits| digits.scale) else { return Some(Decimal::ZERO) };
        let exact = self.numbers.iter().try_fold(0i128, |sum, digits| {
            sum.checked_add(digits.sum.checked_mul(10i128.checked_pow(scale - digits.scale)?)?)
        });
        let exact = exact.and_then(|sum| Decimal::try_from_i128_with_scale(sum, scale).ok());
        exact.or_else(|| {
            // It has more digits than a number can have: the last ones go.
            let mut sum = Some(Decimal::ZERO);
            for digits in &self.numbers {
                sum = sum.zip(rounded(digits.sum, digits.scale)).and_then(|(sum, more)| sum.checked_add(more));
            }
            sum
        })
    }

    /// The sum: of durations where there is one among the values, else of numbers. Missing where it is too large.
    pub fn sum(&self) -> Value {
        if self.lengths.count == 0 {
            return self.number().map_or(Value::Missing, Value::Number);
        }
        let Lengths { months, days, micros, .. } = self.lengths;
        let parts = (i32::try_from(months), i32::try_from(days), i64::try_from(micros));
        match parts {
            (Ok(months), Ok(days), Ok(micros)) => Value::Duration(Duration { months, days, micros }),
            _ => Value::Missing,
        }
    }

    /// The sum, divided by the number of values; missing without any.
    pub fn average(&self) -> Value {
        match self.sum() {
            _ if self.count <= 0 => Value::Missing,
            Value::Number(sum) => sum.checked_div(Decimal::from(self.count)).map_or(Value::Missing, Value::Number),
            Value::Duration(sum) => Value::Duration(length(sum.nominal() / i128::from(self.count))),
            _ => Value::Missing,
        }
    }
}

/// A number of these digits, without the last of them where they are too many.
fn rounded(mut sum: i128, mut scale: u32) -> Option<Decimal> {
    loop {
        match Decimal::try_from_i128_with_scale(sum, scale) {
            Ok(number) => return Some(number),
            Err(_) => scale = scale.checked_sub(1)?,
        }
        sum /= 10;
    }
}

/// A day in microseconds.
pub(super) const DAY: i128 = 86_400_000_000;

/// A duration of this nominal length in microseconds: days, and what is left.
pub(super) fn length(micros: i128) -> Duration {
    Duration {
        months: 0,
        days: i32::try_from(micros / DAY).unwrap_or(i32::MAX),
        micros: i64::try_from(micros % DAY).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Value {
        Value::Number(text.parse().unwrap())
    }

    #[test]
    fn sums_and_averages() {
        for (texts, sum, average) in [
            (&[][..], "0", None),
            (&["1", "2", "6"], "9", Some("3")),
            (&["1.50", "2"], "3.50", Some("1.75")),
            (&["0.1", "-0.1"], "0.0", Some("0")),
        ] {
            let mut total = Total::default();
            texts.iter().for_each(|text| total.add(&number(text)));
            let Value::Number(found) = total.sum() else { panic!("no number") };
            assert_eq!(found.to_string(), sum, "{texts:?}");
            assert_eq!(total.average(), average.map_or(Value::Missing, number), "{texts:?}");
        }
    }

    #[test]
    fn neither_the_order_nor_what_was_taken_out_again_matters() {
        let large = "79228162514264337593543950335";
        let all = [large, "0.0000000000000000000000000001", "12.5", "-3.25", large];
        let mut one = Total::default();
        all.iter().for_each(|text| one.add(&number(text)));
        one.remove(&number(large));
        let mut other = Total::default();
        all.iter().rev().skip(1).for_each(|text| other.add(&number(text)));
        assert_eq!(one.number(), other.number());
        one.remove(&number(large));
        one.remove(&number("0.0000000000000000000000000001"));
        assert_eq!(one.number().unwrap().to_string(), "9.25");
        assert_eq!(one.count(), 2);
    }

    #[test]
    fn too_large_a_sum_is_missing() {
        let mut total = Total::default();
        total.add(&number("79228162514264337593543950335"));
        total.add(&number("1"));
        assert_eq!(total.sum(), Value::Missing);
    }

    #[test]
    fn durations_are_summed_by_their_parts() {
        let mut total = Total::default();
        for days in [10, 20] {
            total.add(&Value::Duration(Duration { months: 1, ..Duration::days(days) }));
        }
        assert_eq!(total.sum(), Value::Duration(Duration { months: 2, ..Duration::days(30) }));
        total.remove(&Value::Duration(Duration { months: 1, ..Duration::days(20) }));
        assert_eq!(total.sum(), Value::Duration(Duration { months: 1, ..Duration::days(10) }));
    }
}

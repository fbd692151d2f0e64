//! Calendar durations: months, days, and an absolute rest.

use serde::{Deserialize, Serialize};
use std::fmt;

const DAY: i64 = 86_400_000_000;
/// A month by nominal length: 30.436875 days, in microseconds.
const MONTH: i64 = 2_629_746_000_000;

/// A calendar duration. `1 month` is not a number of days and `1 day` is not 24 hours: each part is kept
/// apart and added in order, months, days, then microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Duration {
    pub months: i32,
    pub days: i32,
    pub micros: i64,
}

impl Duration {
    pub const ZERO: Duration = Duration { months: 0, days: 0, micros: 0 };

    pub fn months(months: i32) -> Duration {
        Duration { months, ..Duration::ZERO }
    }

    pub fn days(days: i32) -> Duration {
        Duration { days, ..Duration::ZERO }
    }

    pub fn seconds(seconds: i64) -> Duration {
        Duration { micros: seconds.saturating_mul(1_000_000), ..Duration::ZERO }
    }

    /// Length in microseconds, a month counted as 30.436875 days: the order in which durations compare.
    pub fn nominal(self) -> i128 {
        i128::from(self.months) * i128::from(MONTH) + i128::from(self.days) * i128::from(DAY) + i128::from(self.micros)
    }

    /// `None` when a part leaves its range.
    pub fn checked_add(self, other: Duration) -> Option<Duration> {
        Some(Duration {
            months: self.months.checked_add(other.months)?,
            days: self.days.checked_add(other.days)?,
            micros: self.micros.checked_add(other.micros)?,
        })
    }

    pub fn checked_neg(self) -> Option<Duration> {
        Some(Duration {
            months: self.months.checked_neg()?,
            days: self.days.checked_neg()?,
            micros: self.micros.checked_neg()?,
        })
    }

    pub fn checked_mul(self, times: i32) -> Option<Duration> {
        Some(Duration {
            months: self.months.checked_mul(times)?,
            days: self.days.checked_mul(times)?,
            micros: self.micros.checked_mul(i64::from(times))?,
        })
    }

    /// One unit by its singular or plural name: `second` to `year`.
    pub fn unit(name: &str) -> Option<Duration> {
        let singular = name.strip_suffix('s').unwrap_or(name);
        Some(match singular {
            "second" => Duration::seconds(1),
            "minute" => Duration::seconds(60),
            "hour" => Duration::seconds(3600),
            "day" => Duration::days(1),
            "week" => Duration::days(7),
            "month" => Duration::months(1),
            "quarter" => Duration::months(3),
            "year" => Duration::months(12),
            _ => return None,
        })
    }

    /// The names of units, singular, from the shortest.
    pub const UNITS: [&'static str; 8] = ["second", "minute", "hour", "day", "week", "month", "quarter", "year"];

    /// Reads `5 years`, `1 year 6 months`, `-2 weeks` or ISO 8601 `P5Y`, `P1Y6M`, `PT36H`; `None` when it is none.
    pub fn parse(text: &str) -> Option<Duration> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix('-') {
            return Duration::parse(rest)?.checked_neg();
        }
        if let Some(iso) = text.strip_prefix(['P', 'p']) {
            return parse_iso(iso);
        }
        let mut total = Duration::ZERO;
        let mut words = text.split_whitespace().peekable();
        words.peek()?;
        while let Some(number) = words.next() {
            let count: i32 = number.parse().ok().filter(|count| *count >= 0)?;
            total = total.checked_add(Duration::unit(words.next()?)?.checked_mul(count)?)?;
        }
        Some(total)
    }
}

fn parse_iso(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut in_time = false;
    let mut number = String::new();
    let mut parts = 0;
    for letter in text.chars() {
        match letter {
            'T' | 't' if !in_time && number.is_empty() => in_time = true,
            '0'..='9' => number.push(letter),
            _ => {
                let count: i32 = number.parse().ok()?;
                number.clear();
                let unit = match (letter.to_ascii_uppercase(), in_time) {
                    ('Y', false) => "year",
                    ('M', false) => "month",
                    ('W', false) => "week",
                    ('D', false) => "day",
                    ('H', true) => "hour",
                    ('M', true) => "minute",
                    ('S', true) => "second",
                    _ => return None,
                };
                total = total.checked_add(Duration::unit(unit)?.checked_mul(count)?)?;
                parts += 1;
            }
        }
    }
    (number.is_empty() && parts > 0).then_some(total)
}

impl PartialOrd for Duration {
    fn partial_cmp(&self, other: &Duration) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// By nominal length; parts decide between durations of one length, so that the order agrees with equality.
impl Ord for Duration {
    fn cmp(&self, other: &Duration) -> std::cmp::Ordering {
        (self.nominal(), self.months, self.days).cmp(&(other.nominal(), other.months, other.days))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<(i64, &str)> = Vec::new();
        let (years, months) = (self.months / 12, self.months % 12);
        parts.push((i64::from(years), "year"));
        parts.push((i64::from(months), "month"));
        if self.days % 7 == 0 {
            parts.push((i64::from(self.days / 7), "week"));
        } else {
            parts.push((i64::from(self.days), "day"));
        }
        let seconds = self.micros / 1_000_000;
        parts.push((seconds / 3600, "hour"));
        parts.push((seconds / 60 % 60, "minute"));
        parts.push((seconds % 60, "second"));
        let mut first = true;
        for (count, unit) in parts.into_iter().filter(|(count, _)| *count != 0) {
            if !first {
                f.write_str(" ")?;
            }
            first = false;
            write!(f, "{count} {unit}{}", if count == 1 || count == -1 { "" } else { "s" })?;
        }
        if first {
            f.write_str("0 days")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_words_and_iso() {
        for (text, months, days, seconds) in [
            ("5 years", 60, 0, 0),
            ("1 year 6 months", 18, 0, 0),
            ("3 weeks", 0, 21, 0),
            ("24 hours", 0, 0, 86_400),
            ("P5Y", 60, 0, 0),
            ("P1Y6M", 18, 0, 0),
            ("PT36H", 0, 0, 129_600),
            ("P2W", 0, 14, 0),
            ("-2 weeks", 0, -14, 0),
        ] {
            let micros = seconds * 1_000_000;
            assert_eq!(Duration::parse(text), Some(Duration { months, days, micros }), "{text}");
        }
        for text in ["", "5", "years", "5 moons", "P", "P5", "PY", "5 years 2", "five years", "P5H", "2.5 years"] {
            assert_eq!(Duration::parse(text), None, "{text}");
        }
    }

    #[test]
    fn compares_by_nominal_length() {
        assert!(Duration::months(1) > Duration::days(30));
        assert!(Duration::months(1) < Duration::days(31));
        assert!(Duration::months(1) == Duration::months(1));
    }
}

//! Instants: points on the time line, to the microsecond.

use super::civil::digits;
use super::{Date, TimeOfDay, Zone};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Microseconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Instant(pub i64);

/// What a text said: a moment, or a date that stands for the last second of its day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    Moment,
    DateOnly,
}

impl Instant {
    pub const MIN: Instant = Instant(i64::MIN);
    pub const MAX: Instant = Instant(i64::MAX);

    pub fn from_seconds(seconds: i64) -> Instant {
        Instant(seconds.saturating_mul(1_000_000))
    }

    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// When so much time has passed on a clock.
    pub fn after(self, passed: std::time::Duration) -> Instant {
        Instant(self.0.saturating_add(i64::try_from(passed.as_micros()).unwrap_or(i64::MAX)))
    }

    pub(super) fn from_wall(date: Date, time: TimeOfDay, offset_seconds: i64) -> Instant {
        Instant(i64::from(date.0) * 86_400_000_000 + time.0 - offset_seconds * 1_000_000)
    }

    /// Date and wall time at a fixed offset east of UTC.
    pub(super) fn wall(self, offset_seconds: i64) -> (Date, TimeOfDay) {
        let local = self.0.saturating_add(offset_seconds * 1_000_000);
        (Date(local.div_euclid(86_400_000_000) as i32), TimeOfDay(local.rem_euclid(86_400_000_000)))
    }

    /// Reads ISO 8601: `YYYY-MM-DD`, then `T` or one space, then `HH:MM[:SS[.fraction]]`, then nothing, `Z`
    /// or an offset `±HH:MM`. Without an offset the wall time is `zone`'s. A date alone is the last
    /// second of its day. `None` when the text is no instant.
    pub fn parse(text: &str, zone: Zone) -> Option<(Instant, Precision)> {
        let bytes = text.as_bytes();
        let date = match bytes {
            [_, _, _, _, b'-', _, _, b'-', _, _, ..] => {
                Date::new(digits(bytes, 0, 4)? as i32, digits(bytes, 5, 2)?, digits(bytes, 8, 2)?)?
            }
            _ => return None,
        };
        if bytes.len() == 10 {
            return Some((zone.instant(date, TimeOfDay::LAST_SECOND), Precision::DateOnly));
        }
        if !matches!(bytes.get(10), Some(b'T' | b't' | b' ')) || bytes.get(13) != Some(&b':') {
            return None;
        }
        let (hour, minute) = (digits(bytes, 11, 2)?, digits(bytes, 14, 2)?);
        let (mut at, mut second, mut fraction) = (16, 0, 0i64);
        if bytes.get(16) == Some(&b':') {
            second = digits(bytes, 17, 2)?;
            at = 19;
            if matches!(bytes.get(19), Some(b'.' | b',')) {
                let count = bytes.get(20..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
                if count == 0 {
                    return None;
                }
                for place in 0..6 {
                    let digit = if place < count { i64::from(digits(bytes, 20 + place, 1)?) } else { 0 };
                    fraction = fraction * 10 + digit;
                }
                at = 20 + count;
            }
        }
        let time = TimeOfDay(TimeOfDay::new(hour, minute, second)?.0 + fraction);
        let instant = match bytes.get(at..)? {
            [] => zone.instant(date, time),
            [b'Z' | b'z'] => Instant::from_wall(date, time, 0),
            [sign @ (b'+' | b'-'), rest @ ..] => {
                let (hours, minutes) = match rest {
                    [_, _] => (digits(rest, 0, 2)?, 0),
                    [_, _, b':', _, _] => (digits(rest, 0, 2)?, digits(rest, 3, 2)?),
                    [_, _, _, _] => (digits(rest, 0, 2)?, digits(rest, 2, 2)?),
                    _ => return None,
                };
                if hours > 18 || minutes > 59 {
                    return None;
                }
                let offset = i64::from(hours * 3600 + minutes * 60);
                Instant::from_wall(date, time, if *sign == b'-' { -offset } else { offset })
            }
            _ => return None,
        };
        Some((instant, Precision::Moment))
    }

    /// Appends `2011-03-04T10:00:00Z`, with a fraction only where there is one.
    pub fn write_to(self, out: &mut Vec<u8>) {
        let (date, time) = self.wall(0);
        let (year, month, day) = date.parts();
        let year = u32::try_from(year).ok().filter(|year| *year <= 9999).unwrap_or(9999);
        let (seconds, micros) = ((time.0 / 1_000_000) as u32, time.0 % 1_000_000);
        let mut text = *b"0000-00-00T00:00:00";
        let [y1, y2, y3, y4, _, m1, m2, _, d1, d2, _, h1, h2, _, n1, n2, _, s1, s2] = &mut text;
        for (tens, ones, number) in [
            (y1, y2, year / 100),
            (y3, y4, year % 100),
            (m1, m2, month),
            (d1, d2, day),
            (h1, h2, seconds / 3600),
            (n1, n2, seconds / 60 % 60),
            (s1, s2, seconds % 60),
        ] {
            *tens = b'0' + (number / 10) as u8;
            *ones = b'0' + (number % 10) as u8;
        }
        out.extend_from_slice(&text);
        if micros != 0 {
            let text = format!(".{micros:06}");
            out.extend_from_slice(text.trim_end_matches('0').as_bytes());
        }
        out.push(b'Z');
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::with_capacity(24);
        self.write_to(&mut out);
        f.write_str(std::str::from_utf8(&out).unwrap_or(""))
    }
}

//! Instants on the command line.

use super::exit::{Exit, Failure};
use crate::time::{Instant, Precision, TimeOfDay, Zone};

/// Reads the first instant of a range: a date alone is its first moment.
///
/// # Errors
/// When the text is no instant; `option` names where it stands.
pub fn first(option: &str, text: &str, zone: Zone) -> Result<Instant, Failure> {
    let (instant, precision) = read(option, text, zone)?;
    Ok(match precision {
        Precision::Moment => instant,
        Precision::DateOnly => zone.instant(zone.wall(instant).0, TimeOfDay::MIDNIGHT),
    })
}

/// Reads the last instant of a range: a date alone is its last second.
///
/// # Errors
/// As [`first`].
pub fn last(option: &str, text: &str, zone: Zone) -> Result<Instant, Failure> {
    read(option, text, zone).map(|(instant, _)| instant)
}

fn read(option: &str, text: &str, zone: Zone) -> Result<(Instant, Precision), Failure> {
    zone.parse(text).ok_or_else(|| {
        Failure::new(Exit::Usage, format!("`{text}` of `{option}` is no instant"))
            .help("write `2011-03-04`, or `2011-03-04T10:00:00Z`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_alone_is_a_whole_day() {
        let paris = Zone::named("Europe/Paris").unwrap();
        for (text, from, to) in [
            ("2011-03-04", "2011-03-03T23:00:00Z", "2011-03-04T22:59:59Z"),
            ("2011-03-04 10:00", "2011-03-04T09:00:00Z", "2011-03-04T09:00:00Z"),
            ("2011-03-04T10:00:00Z", "2011-03-04T10:00:00Z", "2011-03-04T10:00:00Z"),
        ] {
            assert_eq!(first("--from", text, paris).unwrap().to_string(), from, "{text}");
            assert_eq!(last("--to", text, paris).unwrap().to_string(), to, "{text}");
        }
        assert_eq!(first("--from", "yesterday", paris).unwrap_err().exit, Exit::Usage);
    }
}

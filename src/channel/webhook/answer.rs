//! What an answer means for a call: taken, to be called again, refused.

use crate::time::Instant;
use rustls::CertificateError;
use std::time::{Duration, SystemTime};
use ureq::Timeout;

/// The longest that a server can make us wait by one answer.
const WAIT_MAX: Duration = Duration::from_secs(24 * 3600);
/// The shortest: at once would be a storm.
const WAIT_MIN: Duration = Duration::from_secs(1);

/// What became of a call. Nothing of it names an address, or says what was answered beside the status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A status of 200 to 299.
    Taken(u16),
    /// To be called again, under the same id.
    Later(Later),
    /// It will not be taken: a redirection, or a fault of ours (400 to 499); `is_gone` says that nothing more is wanted (410).
    Refused { reason: String, is_gone: bool },
}

/// Why a call is to be made again, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Later {
    pub reason: String,
    /// Not before this instant, as the server wished (`Retry-After`, RFC 9110, section 10.2.3).
    pub not_before: Option<Instant>,
    /// Whether no other call of this webhook would do better now.
    pub is_away: bool,
}

/// What a status means (RFC 9110, section 15; RFC 6585; what Standard Webhooks says of 429, 502 and 504: slow down).
pub(super) fn of_status(status: u16, retry_after: Option<&str>, now: Instant) -> Answer {
    let later = |is_away: bool| {
        let not_before = retry_after.and_then(|text| wished(text, now));
        Answer::Later(Later { reason: format!("it answers {status}"), not_before, is_away })
    };
    match status {
        200..=299 => Answer::Taken(status),
        402 | 429 | 502..=504 => later(true),
        408 | 425 | 500..=599 => later(false),
        300..=399 => Answer::Refused {
            reason: format!("it answers {status}, and redirections are not followed"),
            is_gone: false,
        },
        _ => Answer::Refused { reason: format!("it answers {status}"), is_gone: status == 410 },
    }
}

/// What it means that there is no answer. The request may have arrived whole unless the connection never came to be.
pub(super) fn of_error(error: &ureq::Error) -> Answer {
    let later =
        |reason: &str, is_away: bool| Answer::Later(Later { reason: reason.to_owned(), not_before: None, is_away });
    match error {
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
            Answer::Refused { reason: "its address is none".into(), is_gone: false }
        }
        ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => later("it cannot be reached in time", true),
        ureq::Error::Timeout(_) => later("it does not answer in time", true),
        ureq::Error::HostNotFound => later("its host has no address", true),
        ureq::Error::Tls(_) => later("no protected connection to it comes to be", true),
        ureq::Error::Rustls(error) => later(of_tls(error), true),
        ureq::Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(error) => later(of_tls(error), true),
            None if error.kind() == std::io::ErrorKind::ConnectionRefused => later("it cannot be reached", true),
            None => later("the connection was lost before its answer", false),
        },
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => later("its answer is no HTTP", false),
        _ => later("it cannot be reached", true),
    }
}

fn of_tls(error: &rustls::Error) -> &'static str {
    let rustls::Error::InvalidCertificate(wrong) = error else {
        return "no protected connection to it comes to be";
    };
    match wrong {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name"
        }
        CertificateError::UnknownIssuer => "its certificate is of an authority that is not trusted here",
        CertificateError::Revoked => "its certificate was revoked",
        _ => "its certificate is wrong",
    }
}

/// The instant that `Retry-After` names: after so many seconds, or a date; `None` when it is neither, or has passed.
fn wished(text: &str, now: Instant) -> Option<Instant> {
    let text = text.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds are a long time too.
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        let now = SystemTime::UNIX_EPOCH.checked_add(Duration::from_micros(u64::try_from(now.0).ok()?))?;
        httpdate::parse_http_date(text).ok()?.duration_since(now).ok()?
    };
    Some(now.after(wait.clamp(WAIT_MIN, WAIT_MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_767_225_600;

    #[test]
    fn each_status_has_one_meaning() {
        let taken = [200, 201, 202, 204, 299];
        let later = [408, 425, 500, 501, 505, 511, 599];
        let away = [402, 429, 502, 503, 504];
        let refused = [300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 413, 422, 451, 499, 101, 600];
        let meaning = |status: u16| match of_status(status, None, Instant::from_seconds(NOW)) {
            Answer::Taken(_) => "taken",
            Answer::Later(Later { is_away: true, .. }) => "away",
            Answer::Later(_) => "later",
            Answer::Refused { is_gone, .. } => {
                if is_gone {
                    "gone"
                } else {
                    "refused"
                }
            }
        };
        for (statuses, expected) in [
            (&taken[..], "taken"),
            (&later[..], "later"),
            (&away[..], "away"),
            (&refused[..], "refused"),
            (&[410][..], "gone"),
        ] {
            for status in statuses {
                assert_eq!(meaning(*status), expected, "{status}");
            }
        }
    }

    #[test]
    fn a_server_says_when_to_come_back() {
        // 2026-01-01 00:00 UTC, in the three forms of RFC 9110, section 5.6.7.
        for (text, seconds) in [
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("0", Some(1)),
            ("99999999999999999999999", Some(86_400)),
            ("Thu, 01 Jan 2026 00:02:00 GMT", Some(120)),
            ("Thursday, 01-Jan-26 00:02:00 GMT", Some(120)),
            ("Thu Jan  1 00:02:00 2026", Some(120)),
            ("Fri, 01 Jan 2027 00:00:00 GMT", Some(86_400)),
            ("Wed, 31 Dec 2025 23:59:00 GMT", None),
            ("soon", None),
            ("", None),
            ("-5", None),
            ("1.5", None),
        ] {
            let expected = seconds.map(|seconds| Instant::from_seconds(NOW + seconds));
            assert_eq!(wished(text, Instant::from_seconds(NOW)), expected, "{text}");
            for status in [402, 408, 429, 500, 503] {
                let answer = of_status(status, Some(text), Instant::from_seconds(NOW));
                assert!(matches!(answer, Answer::Later(Later { not_before, .. }) if not_before == expected));
            }
        }
    }
}

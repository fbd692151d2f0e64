//! What became of a mail, and how a server's answer is read for that.

use super::reply::Reply;
use super::wire::Leave;
use std::fmt;

/// What became of one attempt. Texts are the server's words or ours, without control characters and
/// addresses, at most 200 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server has taken the mail.
    Accepted { code: u16, enhanced: Option<String>, text: String },
    /// The server has not taken it, and may later. This holds after `before_dot` too: the dot did not go out, or
    /// the server answered it with 4yz.
    Deferred { phase: Phase, code: Option<u16>, text: String },
    /// It was time to leave before the server had all of it: the server has not taken it, and nothing speaks against
    /// trying again at once.
    Left,
    /// The server will not take it.
    Bounced { class: BounceClass, code: u16, enhanced: Option<String>, text: String },
    /// The final dot went out and no answer came: taken or not, nobody knows.
    Uncertain { text: String },
}

/// Where in the dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Connect,
    Tls,
    Greeting,
    Hello,
    Authenticate,
    /// MAIL FROM
    Sender,
    /// RCPT TO
    Recipient,
    /// DATA
    Data,
    Body,
    /// The answer to the final dot.
    Dot,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Connect => "connect",
            Phase::Tls => "tls",
            Phase::Greeting => "greeting",
            Phase::Hello => "hello",
            Phase::Authenticate => "authenticate",
            Phase::Sender => "sender",
            Phase::Recipient => "recipient",
            Phase::Data => "data",
            Phase::Body => "body",
            Phase::Dot => "dot",
        })
    }
}

/// Who is to blame for a bounce, and so what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BounceClass {
    /// There is no such mailbox: the address is suppressed.
    AddressDead,
    /// The mailbox or the system is at fault, and may not be later: nothing is suppressed.
    Soft,
    /// We or our words are refused: nothing is suppressed, and many of them stop the run.
    SenderOrContent,
}

/// Why a dialogue stopped.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub phase: Phase,
    pub trouble: Trouble,
}

#[derive(Clone, Debug)]
pub(super) enum Trouble {
    /// The connection is gone, or never came to be: why.
    Lost(String),
    TimedOut,
    /// We did not wait for the server, as it was time to leave.
    Left,
    /// What the server says is no SMTP, or the wrong answer.
    Nonsense(&'static str),
    /// A well-formed no.
    Refused(Reply),
}

impl Trouble {
    pub(super) fn of_io(error: &std::io::Error) -> Trouble {
        if error.get_ref().is_some_and(|inner| inner.is::<Leave>()) {
            return Trouble::Left;
        }
        match error.kind() {
            std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock => Trouble::TimedOut,
            _ => Trouble::Lost(error.to_string()),
        }
    }

    /// Whether the server has gone and might answer on a new connection.
    pub(super) fn is_gone(&self) -> bool {
        match self {
            Trouble::Lost(_) => true,
            Trouble::Refused(reply) => reply.code == 421,
            Trouble::TimedOut | Trouble::Left | Trouble::Nonsense(_) => false,
        }
    }

    /// In words, for an outcome; `local_part` is masked in what the server said.
    pub(super) fn describe(&self, local_part: &str) -> String {
        match self {
            Trouble::Lost(reason) => super::reply::clean(&format!("the connection was lost: {reason}"), local_part),
            Trouble::TimedOut => "the server did not answer in time".into(),
            Trouble::Left => Leave.to_string(),
            Trouble::Nonsense(reason) => (*reason).into(),
            Trouble::Refused(reply) => reply.shown(local_part),
        }
    }
}

impl Failure {
    /// What a failure before the final dot means. A 5yz before MAIL concerns no mail, so that it waits; from
    /// there on it is a bounce.
    pub(super) fn outcome(&self, local_part: &str) -> Outcome {
        let text = self.trouble.describe(local_part);
        match &self.trouble {
            Trouble::Refused(reply) if reply.code >= 500 && self.phase >= Phase::Sender => {
                let class = classify(reply.code, reply.enhanced.as_deref(), self.phase);
                Outcome::Bounced { class, code: reply.code, enhanced: reply.enhanced.clone(), text }
            }
            Trouble::Left => Outcome::Left,
            Trouble::Refused(reply) => Outcome::Deferred { phase: self.phase, code: Some(reply.code), text },
            _ => Outcome::Deferred { phase: self.phase, code: None, text },
        }
    }
}

/// Whom a 5yz answer blames. The enhanced code decides (RFC 3463, RFC 5248, RFC 7505 for 5.1.10); without one,
/// or with one that blames nobody (x.0.0), the phase does.
pub(super) fn classify(code: u16, enhanced: Option<&str>, phase: Phase) -> BounceClass {
    let mut parts = enhanced.unwrap_or("").splitn(3, '.').skip(1).map(|part| part.parse::<u16>().unwrap_or(0));
    let (subject, detail) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    match (subject, detail) {
        (1, 1 | 2 | 3 | 6 | 10) | (2, 1) => BounceClass::AddressDead,
        (1, 7 | 8) | (5..=7, _) => BounceClass::SenderOrContent,
        // Full, too large, disabled for a while; the system or the way to it.
        (2, 2..) | (3 | 4, _) => BounceClass::Soft,
        _ => match phase {
            // 552 is a full mailbox, 551 one that has moved, 550 and 553 one that is none (RFC 5321, 4.2.3).
            Phase::Recipient if code == 552 => BounceClass::Soft,
            Phase::Recipient if matches!(code, 550 | 551 | 553) => BounceClass::AddressDead,
            Phase::Recipient if code == 554 => BounceClass::AddressDead,
            _ => BounceClass::SenderOrContent,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounce_blames_whom_its_code_names() {
        use BounceClass::{AddressDead, SenderOrContent, Soft};
        for (code, enhanced, phase, expected) in [
            (550, Some("5.1.1"), Phase::Recipient, AddressDead),
            (550, Some("5.1.1"), Phase::Dot, AddressDead),
            (550, Some("5.1.2"), Phase::Recipient, AddressDead),
            (550, Some("5.1.3"), Phase::Recipient, AddressDead),
            (550, Some("5.1.6"), Phase::Recipient, AddressDead),
            (556, Some("5.1.10"), Phase::Recipient, AddressDead),
            (550, Some("5.2.1"), Phase::Recipient, AddressDead),
            (552, Some("5.2.2"), Phase::Recipient, Soft),
            (552, Some("5.3.4"), Phase::Sender, Soft),
            (550, Some("5.4.1"), Phase::Recipient, Soft),
            (550, Some("5.1.8"), Phase::Sender, SenderOrContent),
            (550, Some("5.7.1"), Phase::Recipient, SenderOrContent),
            (550, Some("5.7.26"), Phase::Dot, SenderOrContent),
            (554, Some("5.6.0"), Phase::Dot, SenderOrContent),
            (503, Some("5.5.1"), Phase::Recipient, SenderOrContent),
            (554, None, Phase::Dot, SenderOrContent),
            (554, Some("5.0.0"), Phase::Dot, SenderOrContent),
            (554, None, Phase::Data, SenderOrContent),
            (550, None, Phase::Recipient, AddressDead),
            (554, None, Phase::Recipient, AddressDead),
            (550, Some("5.0.0"), Phase::Recipient, AddressDead),
            (552, None, Phase::Recipient, Soft),
            (503, None, Phase::Recipient, SenderOrContent),
            (550, None, Phase::Sender, SenderOrContent),
        ] {
            assert_eq!(classify(code, enhanced, phase), expected, "{code} {enhanced:?} {phase}");
        }
    }
}

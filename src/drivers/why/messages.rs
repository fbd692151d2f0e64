//! What became of messages outside the engine: when they were decided, by which version, what the server said, and what
//! they wait for.

use super::replay::Decided;
use crate::drivers::story::{Delivery, Manner, Phrase};
use crate::engine::{EffectKey, Program};
use crate::store::state::{KeptMessage, MessageState};
use crate::time::{Instant, Zone};
use std::collections::BTreeMap;

/// How many digits of the hash of a version are told.
const DIGITS: usize = 12;

/// The messages whose deciding step is known, as the story tells them.
pub(super) fn deliveries(
    program: &Program,
    messages: &[KeptMessage],
    keys: &BTreeMap<EffectKey, Decided>,
    zone: Zone,
    until: Option<Instant>,
) -> Vec<Delivery> {
    let one = |message: &KeptMessage| {
        let decided = keys.get(&message.key)?;
        let is_current = program.unit(decided.unit).is_some_and(|unit| unit.current && unit.hash == message.hash);
        let (answer, told) = message_words(message, zone, until, is_current);
        let Decided { unit, trigger, also, entered_at, step } = decided.clone();
        let is_untried = is_untried(message, until);
        Some(Delivery { unit, trigger, entered_at, also, step, told, is_untried, answer })
    };
    messages.iter().filter_map(one).collect()
}

/// In short what became of a message by an instant, and line by line when what was done with it.
pub fn message_words(
    message: &KeptMessage,
    zone: Zone,
    until: Option<Instant>,
    is_current: bool,
) -> (Phrase, Vec<(Instant, Phrase)>) {
    let (text, told) = words(message, Manner::Read(zone), until, is_current);
    let (alike, compared) = words(message, Manner::Compared, until, is_current);
    let both = |((at, text), (_, alike))| (at, Phrase { text, alike });
    (Phrase { text, alike }, told.into_iter().zip(compared).map(both).collect())
}

/// What a server replied. When it took a message, only the code tells one time from another: what follows is for people, and
/// names the message by an id of the server's own (RFC 5321, section 4.2.1).
fn reply_words(message: &KeptMessage, manner: Manner) -> Option<&str> {
    let reply = message.reply.as_deref()?;
    match (manner, message.state) {
        (Manner::Compared, MessageState::Accepted) => reply.split(|letter: char| !letter.is_alphanumeric()).next(),
        _ => Some(reply),
    }
}

/// Whether it was still to leave at an instant, as far as the row tells.
pub(super) fn is_on_its_way(message: &KeptMessage, until: Option<Instant>) -> bool {
    use MessageState::{Claimed, Deferred, Handed, Pending};
    let is_settled = message.settled_at.is_some_and(|settled| until.is_none_or(|until| settled <= until));
    !is_settled || matches!(message.state, Pending | Claimed | Handed | Deferred)
}

/// Whether it was in the outbox at an instant and nobody had tried to send it, as far as the row tells.
fn is_untried(message: &KeptMessage, until: Option<Instant>) -> bool {
    use MessageState::{Claimed, Handed};
    let is_later = |at: Option<Instant>| at.is_none_or(|at| until.is_some_and(|until| at > until));
    let is_leaving = matches!(message.state, Claimed | Handed) && message.handed_at.is_none();
    is_later(message.handed_at) && is_later(message.settled_at) && !is_leaving
}

fn words(
    message: &KeptMessage,
    manner: Manner,
    until: Option<Instant>,
    is_current: bool,
) -> (String, Vec<(Instant, String)>) {
    let at = |instant: Instant| manner.at(instant);
    let by_then = |instant: &Instant| until.is_none_or(|until| *instant <= until);
    let name = format!("{} {}", message.channel, message.message);
    let version: String = message.hash.to_string().chars().take(DIGITS).collect();
    let older = if is_current { "" } else { ", which is not the present one" };
    let mut told =
        vec![(message.decided_at, format!("decided by version {version}{older}, for {}: {name}", at(message.due)))];
    told.extend(message.handed_at.filter(by_then).map(|handed| (handed, format!("handed over: {name}"))));
    let said = match (&message.reason, reply_words(message, manner)) {
        (Some(reason), Some(reply)) => format!(": {reason}: `{reply}`"),
        (Some(reason), None) => format!(": {reason}"),
        (None, Some(reply)) => format!(": `{reply}`"),
        (None, None) => String::new(),
    };
    let settled = message.settled_at.filter(by_then);
    let later = [message.handed_at, message.settled_at].into_iter().flatten().any(|changed| !by_then(&changed));
    if later {
        // The row tells how it stands now, and not how it stood then.
        let answer = match message.handed_at.filter(by_then) {
            Some(handed) => {
                format!("`{name}` was handed over on {}, and what became of it was not known by then", at(handed))
            }
            None => format!("`{name}` had been decided and had not left by then"),
        };
        return (answer, told);
    }
    let answer = match (message.state, settled, message.next_at) {
        (MessageState::Deferred, _, Some(next)) if next >= message.expires_at => {
            format!(
                "`{name}` is not sent yet{said}; it expires on {}, unless it can leave by then",
                at(message.expires_at)
            )
        }
        (MessageState::Deferred, _, Some(next)) => format!(
            "`{name}` is not sent yet{said}; it is tried again on {}, and expires on {}",
            at(next),
            at(message.expires_at)
        ),
        (_, _, Some(next)) => format!(
            "`{name}` is not sent yet: it waits in the outbox until {}, and expires on {}",
            at(next),
            at(message.expires_at)
        ),
        (MessageState::Accepted, Some(settled), _) => format!("`{name}` was sent on {}{said}", at(settled)),
        (MessageState::Bounced, Some(settled), _) => {
            format!("`{name}` was not sent on {}: the server refused it{said}", at(settled))
        }
        (MessageState::Uncertain, ..) => format!("nobody knows whether `{name}` left{said}"),
        (MessageState::Handed | MessageState::Claimed, ..) | (_, None, _) => format!("`{name}` is about to leave"),
        (state, Some(settled), _) => format!("`{name}` was not sent on {}: {}{said}", at(settled), state.name()),
    };
    told.extend(settled.map(|settled| (settled, format!("{}: {name}{said}", message.state.name()))));
    (answer, told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::state::MessageState::{Accepted, Bounced, Deferred, Expired, Handed, Pending};

    /// A message of ten o'clock, with the minutes at which it was handed over, settled, and is tried next.
    fn message(state: MessageState, [handed, settled, next]: [Option<i64>; 3]) -> KeptMessage {
        let at = |minute: i64| Instant::from_seconds(1_767_261_600 + minute * 60);
        KeptMessage {
            key: EffectKey([7; 16]),
            scenario: "thanks".into(),
            hash: "00".repeat(32).parse().unwrap(),
            step: 1,
            channel: "email".into(),
            message: "thanks".into(),
            state,
            reason: None,
            reply: (handed.is_some() && settled.is_some()).then(|| "250 ok".into()),
            due: at(0),
            decided_at: at(0),
            expires_at: at(60),
            next_at: next.map(at),
            handed_at: handed.map(at),
            settled_at: settled.map(at),
        }
    }

    #[test]
    fn at_an_instant_it_is_told_what_was_known_then() {
        let accepted = message(Accepted, [Some(2), Some(4), None]);
        let tried_again = message(Deferred, [Some(2), Some(4), Some(9)]);
        let second_try = message(Handed, [Some(9), Some(4), None]);
        let decided = "had been decided and had not left by then";
        let handed = "was handed over on 2026-01-01 10:02, and what became of it was not known by then";
        for (message, minute, wanted) in [
            (&accepted, Some(1), decided),
            (&accepted, Some(2), handed),
            (&accepted, Some(4), "was sent on 2026-01-01 10:04: `250 ok`"),
            (&accepted, None, "was sent on 2026-01-01 10:04: `250 ok`"),
            (&tried_again, Some(1), decided),
            (&tried_again, Some(3), handed),
            (&tried_again, Some(5), "is not sent yet: `250 ok`; it is tried again on 2026-01-01 10:09, and expires on"),
            (
                &message(Deferred, [None, None, Some(60)]),
                Some(5),
                "is not sent yet; it expires on 2026-01-01 11:00, unless",
            ),
            (&second_try, Some(5), decided),
            (&second_try, Some(9), "is about to leave"),
            (&message(Pending, [None, None, Some(3)]), Some(1), "is not sent yet: it waits in the outbox until"),
            (&message(Expired, [None, Some(61), None]), Some(60), decided),
            (&message(Expired, [None, Some(61), None]), Some(61), "was not sent on 2026-01-01 11:01: expired"),
        ] {
            let until = minute.map(|minute| Instant::from_seconds(1_767_261_600 + minute * 60));
            let (answer, told) = message_words(message, Zone::UTC, until, true);
            assert!(answer.text.starts_with(&format!("`email thanks` {wanted}")), "{minute:?}: {answer:?}");
            assert!(told.iter().all(|(at, _)| until.is_none_or(|until| *at <= until)), "{minute:?}: {told:?}");
        }
    }

    /// What a server says when it refuses is compared to the letter; when it takes a message, its code alone.
    #[test]
    fn replies_are_compared_without_the_ids_of_the_server() {
        let replied = |state: MessageState, reply: &str, minute: i64| {
            let message = message(state, [Some(minute), Some(minute + 1), None]);
            let message = KeptMessage { reply: Some(reply.to_owned()), ..message };
            let (answer, told) = message_words(&message, Zone::UTC, None, true);
            let told: Vec<String> = told.into_iter().map(|(_, phrase)| phrase.alike).collect();
            (answer.alike, told)
        };
        for (state, one, other, is_alike) in [
            (Accepted, "250 2.0.0 Ok: queued as 4F3A", "250 2.0.0 Ok: queued as 77BC", true),
            (Accepted, "250 Ok", "251 Ok", false),
            (Accepted, "written", "written", true),
            (Bounced, "550 5.1.1 no such user", "550 5.1.1 no such user", true),
            (Bounced, "550 refused", "452 refused", false),
            (Deferred, "450 4.2.0 try again", "450 4.2.1 try again", false),
        ] {
            assert_eq!(replied(state, one, 2) == replied(state, other, 7), is_alike, "{one} and {other}");
        }
    }

    #[test]
    fn a_message_is_on_its_way_until_it_is_settled() {
        for (state, minutes, minute, wanted) in [
            (Pending, [None, None, Some(3)], None, true),
            (Handed, [Some(2), None, None], None, true),
            (Deferred, [Some(2), Some(4), Some(9)], None, true),
            (Accepted, [Some(2), Some(4), None], None, false),
            (Accepted, [Some(2), Some(4), None], Some(3), true),
            (Accepted, [Some(2), Some(4), None], Some(4), false),
            (Expired, [None, Some(61), None], None, false),
        ] {
            let until = minute.map(|minute| Instant::from_seconds(1_767_261_600 + minute * 60));
            assert_eq!(is_on_its_way(&message(state, minutes), until), wanted, "{state:?} at {minute:?}");
        }
    }
}

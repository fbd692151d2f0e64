//! What became of messages outside the engine: when they were decided, by which version, what the server said, and what
//! they wait for.

use super::replay::Decided;
use crate::drivers::story::{Delivery, moment};
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
        Some(Delivery { unit, trigger, entered_at, also, step, told, answer })
    };
    messages.iter().filter_map(one).collect()
}

/// In short what became of a message by an instant, and line by line when what was done with it.
pub fn message_words(
    message: &KeptMessage,
    zone: Zone,
    until: Option<Instant>,
    is_current: bool,
) -> (String, Vec<(Instant, String)>) {
    let at = |instant: Instant| moment(zone, instant);
    let by_then = |instant: &Instant| until.is_none_or(|until| *instant <= until);
    let name = format!("{} {}", message.channel, message.message);
    let version: String = message.hash.to_string().chars().take(DIGITS).collect();
    let older = if is_current { "" } else { ", which is not the present one" };
    let mut told =
        vec![(message.decided_at, format!("decided by version {version}{older}, for {}: {name}", at(message.due)))];
    told.extend(message.handed_at.filter(by_then).map(|handed| (handed, format!("handed over: {name}"))));
    let said = match (&message.reason, &message.reply) {
        (Some(reason), Some(reply)) => format!(": {reason}: `{reply}`"),
        (Some(reason), None) => format!(": {reason}"),
        (None, Some(reply)) => format!(": `{reply}`"),
        (None, None) => String::new(),
    };
    let settled = message.settled_at.filter(by_then);
    let waits = message.next_at.filter(|_| message.settled_at.is_none_or(|settled| by_then(&settled)));
    let answer = match (message.state, settled, waits) {
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
        (state, Some(settled), _) => format!("`{name}` was not sent on {}: {}{said}", at(settled), state.name()),
        (MessageState::Handed | MessageState::Claimed, None, _) => format!("`{name}` is about to leave"),
        (_, None, _) => format!("`{name}` had been decided and had not left by then"),
    };
    told.extend(settled.map(|settled| (settled, format!("{}: {name}{said}", message.state.name()))));
    (answer, told)
}

//! A message that the policy holds: by which limits, how full they are, when they let it leave, and whether that is too late.

use super::answers::Instance;
use super::sentences::{Teller, reason_words};
use crate::engine::{ClauseOf, Read, Reason, Told, TraceLine, Value};
use crate::ir::StepIx;
use crate::time::Instant;

/// A limit that holds a message.
struct Limit<'a> {
    /// `at most 1 marketing message in 24 hours`
    words: &'a str,
    /// Of a cap: how many fill it.
    filling: Option<usize>,
    /// From when on it lets the message leave.
    end: Instant,
}

impl Teller<'_> {
    /// The limits with what fills them, that which holds it longest as the last, and what comes of it.
    pub(super) fn held(&self, line: &TraceLine) -> String {
        let Told::Deferred { until, reason, .. } = line.what else { return String::new() };
        let limits = limits(line);
        let words = |limit: &Limit<'_>| match limit.filling {
            Some(count) => format!("{} ({count} so far, room again on {})", limit.words, self.at(limit.end)),
            None => format!("{} until {}", limit.words, self.at(limit.end)),
        };
        let why = match limits.as_slice() {
            [] => reason_words(reason).to_owned(),
            limits => limits.iter().map(words).collect::<Vec<_>>().join(", and "),
        };
        let until_words = self.at(until);
        match is_too_late(&limits, until) {
            true => format!("{why}; that is too late: it expires on {until_words} (`{}`)", self.expire()),
            false => format!("{why}; it can leave on {until_words} at the earliest"),
        }
    }

    /// What holds it longest, and until when, as the line tells it.
    pub(super) fn holds(&self, line: &TraceLine, at: impl Fn(&Instant) -> String) -> String {
        let Told::Deferred { until, reason, .. } = &line.what else { return String::new() };
        let limits = limits(line);
        let why = limits.last().map_or_else(|| reason_words(*reason), |limit| limit.words);
        match is_too_late(&limits, *until) {
            true => format!("{why}; it expires on {} (`{}`)", at(until), self.expire()),
            false => format!("{why}, until {}", at(until)),
        }
    }

    /// What held a message of a step to the last, where it did not leave in time.
    pub(super) fn too_late(&self, instance: &Instance<'_>, step: Option<StepIx>) -> String {
        let is_held = |line: &&&TraceLine| line.step == step && matches!(line.what, Told::Deferred { .. });
        let held = instance.lines.iter().rev().find(is_held);
        let limits = held.map_or_else(Vec::new, |line| limits(line));
        let why = match (held.map(|line| &line.what), limits.last()) {
            (_, Some(limit)) => limit.words,
            (Some(Told::Deferred { reason, .. }), None) => reason_words(*reason),
            _ => return reason_words(Reason::Late).to_owned(),
        };
        format!("it could not leave in time (`{}`), held to the last by {why}", self.expire())
    }

    /// `expire 2 days`
    fn expire(&self) -> String {
        format!("expire {}", self.program.settings.expire)
    }
}

/// The limits that the trace names, by their ends.
fn limits(line: &TraceLine) -> Vec<Limit<'_>> {
    let mut limits: Vec<Limit<'_>> = Vec::new();
    let of_policy = line.clauses.iter().filter(|clause| clause.of == ClauseOf::Policy);
    for Read { depth, words, value, .. } in of_policy.flat_map(|clause| &clause.read) {
        match value {
            Value::List(filling) => limits.push(Limit { words, filling: Some(filling.len()), end: Instant::MIN }),
            Value::Instant(end) if *depth == 0 => limits.push(Limit { words, filling: None, end: *end }),
            // Below a cap: when there is room in it.
            Value::Instant(room) => limits.iter_mut().rev().take(1).for_each(|cap| cap.end = *room),
            _ => {}
        }
    }
    limits.sort_by_key(|limit| limit.end);
    limits
}

/// Whether a limit holds it beyond the last instant at which it may leave.
fn is_too_late(limits: &[Limit<'_>], until: Instant) -> bool {
    limits.iter().any(|limit| limit.end > until)
}

//! What came against what was expected.

use super::world::Given;
use super::{Done, Near, Sent, Unsent, Verdict};
use crate::drivers::story;
use crate::engine::{Act, Outcome};
use crate::ir::{self, ExpectationKind, TestCase, When};
use crate::time::Instant;
use std::collections::BTreeMap;

/// Finds the expectations that are not met, and the messages that nobody expected.
pub(super) fn judge(given: Given<'_>, case: &TestCase, verdict: &mut Verdict) {
    let expectations: Vec<ExpectationKind> =
        case.expectations.iter().map(|expectation| of_person(given, &expectation.kind)).collect();
    let claimed = Claimed::of(given, &expectations, verdict);
    let mut unmet = Vec::new();
    let mut unexpected: Vec<Sent> = Vec::new();
    let free = |claims: &[bool]| -> Vec<Sent> {
        let free = verdict.sent.iter().zip(claims).filter(|(_, claimed)| !**claimed);
        free.map(|(sent, _)| sent.clone()).collect()
    };
    for (place, expectation) in expectations.iter().enumerate() {
        let near = match expectation {
            ExpectationKind::Message { channel, message, contact, when } => {
                let met = claimed.met.contains(&place);
                (!met).then(|| near_message(verdict, &claimed.sent, (channel, message, contact), *when))
            }
            ExpectationKind::NoMessage { channel, message, contact } => {
                let came = verdict.sent.iter().filter(|sent| is_message(sent, channel, message, contact));
                let came: Vec<Sent> = came.cloned().collect();
                let first = came.first().map(|sent| Near::Came(sent.at));
                unexpected.extend(came);
                first
            }
            ExpectationKind::Act { negated: false, act, contact, .. } => {
                let met = claimed.met.contains(&place);
                (!met).then(|| near_act(given, verdict, &claimed.done, act, contact))
            }
            ExpectationKind::Act { negated: true, act, contact, when } => {
                let mut done = verdict.done.iter().filter(|done| is_done(given, done, act, contact));
                done.find(|done| is_at(*when, done.at)).map(|done| Near::Came(done.at))
            }
            ExpectationKind::Nothing => {
                unexpected.extend(verdict.sent.iter().cloned());
                (!verdict.sent.is_empty()).then_some(Near::More)
            }
            ExpectationKind::NothingElse => {
                let free = free(&claimed.sent);
                let more = !free.is_empty();
                unexpected.extend(free);
                more.then_some(Near::More)
            }
        };
        unmet.extend(near.map(|near| (place, near)));
    }
    unexpected.sort();
    unexpected.dedup();
    verdict.rows = rows_of_others(given, case);
    verdict.unmet = unmet;
    verdict.unexpected = unexpected;
}

/// The contacts of expectations who are a row of another person.
fn rows_of_others(given: Given<'_>, case: &TestCase) -> BTreeMap<String, String> {
    let row = |kind: &ExpectationKind| {
        let contact = kind.contact()?;
        let person = given.rows.person(contact);
        (person != contact).then(|| (contact.to_owned(), person.to_owned()))
    };
    case.expectations.iter().filter_map(|expectation| row(&expectation.kind)).collect()
}

/// An expectation of a contact, as one of the person.
fn of_person(given: Given<'_>, kind: &ExpectationKind) -> ExpectationKind {
    let mut kind = kind.clone();
    match &mut kind {
        ExpectationKind::Message { contact, .. }
        | ExpectationKind::NoMessage { contact, .. }
        | ExpectationKind::Act { contact, .. } => {
            let person = given.rows.person(contact).to_owned();
            *contact = person;
        }
        ExpectationKind::Nothing | ExpectationKind::NothingElse => {}
    }
    kind
}

/// Which expectation is met by what. Each message, and what each step did, meets one expectation at the most, so that two
/// expected messages are two messages.
struct Claimed {
    met: Vec<usize>,
    sent: Vec<bool>,
    done: Vec<bool>,
}

impl Claimed {
    fn of(given: Given<'_>, expectations: &[ExpectationKind], verdict: &Verdict) -> Claimed {
        let mut claimed =
            Claimed { met: Vec::new(), sent: vec![false; verdict.sent.len()], done: vec![false; verdict.done.len()] };
        // The narrowest first, so that a line without an instant leaves what another line names.
        let mut places: Vec<usize> = (0..expectations.len()).collect();
        places.sort_by_key(|place| expectations.get(*place).map(width));
        for place in places {
            let Some(expectation) = expectations.get(place) else { continue };
            let took = match expectation {
                ExpectationKind::Message { channel, message, contact, when } => {
                    take(&verdict.sent, &mut claimed.sent, |sent| {
                        is_message(sent, channel, message, contact) && is_at(*when, sent.at)
                    })
                }
                ExpectationKind::Act { negated: false, act, contact, when } => {
                    take(&verdict.done, &mut claimed.done, |done| {
                        is_done(given, done, act, contact) && is_at(*when, done.at)
                    })
                }
                ExpectationKind::Act { negated: true, .. }
                | ExpectationKind::NoMessage { .. }
                | ExpectationKind::Nothing
                | ExpectationKind::NothingElse => false,
            };
            if took {
                claimed.met.push(place);
            }
        }
        claimed
    }
}

/// How much time an expectation leaves.
fn width(kind: &ExpectationKind) -> i64 {
    match kind {
        ExpectationKind::Message { when, .. } | ExpectationKind::Act { when, .. } => match when {
            When::Ever => i64::MAX,
            When::At(_) => 0,
            When::Between(from, to) => to.0.saturating_sub(from.0),
        },
        ExpectationKind::NoMessage { .. } | ExpectationKind::Nothing | ExpectationKind::NothingElse => i64::MAX,
    }
}

/// Takes the first of those that are free and fit.
fn take<T>(all: &[T], claimed: &mut [bool], fits: impl Fn(&T) -> bool) -> bool {
    let place = all.iter().zip(claimed.iter()).position(|(each, claimed)| !claimed && fits(each));
    match place.and_then(|place| claimed.get_mut(place)) {
        Some(slot) => {
            *slot = true;
            true
        }
        None => false,
    }
}

fn is_at(when: When, at: Instant) -> bool {
    match when {
        When::Ever => true,
        When::At(instant) => instant == at,
        When::Between(from, to) => (from..=to).contains(&at),
    }
}

fn is_message(sent: &Sent, channel: &str, message: &str, contact: &str) -> bool {
    sent.channel == channel && sent.message == message && sent.contact == contact
}

fn is_done(given: Given<'_>, done: &Done, expected: &ir::Act, contact: &str) -> bool {
    done.outcome == Outcome::Done && done.contact == contact && is_act(given, &done.act, expected)
}

fn is_act(given: Given<'_>, done: &Act, expected: &ir::Act) -> bool {
    match (expected, done) {
        (ir::Act::Set { field, value: wanted }, Act::Set { field: set, value: found }) => {
            let of = given.program.needs().contact.iter().find(|each| each.name == *field);
            field == set && of.is_some_and(|of| given.value(&of.ty, wanted) == *found)
        }
        (ir::Act::Tag { add, tag }, Act::Tag { add: added, tag: tagged }) => add == added && tag == tagged,
        (ir::Act::Account { credit: true, account, amount }, Act::Credit { account: of, amount: found, .. })
        | (ir::Act::Account { credit: false, account, amount }, Act::Debit { account: of, amount: found }) => {
            account == of && amount == found
        }
        (ir::Act::Start { scenario }, Act::Start { scenario: started }) => scenario == started,
        (ir::Act::Erase, Act::Erase) => true,
        (ir::Act::Call { webhook }, Act::Call { webhook: called, .. }) => webhook == called,
        _ => false,
    }
}

/// Whether two acts are of one step, whatever its value.
fn is_alike(done: &Act, expected: &ir::Act) -> bool {
    match (expected, done) {
        (ir::Act::Set { field, .. }, Act::Set { field: set, .. }) => field == set,
        (ir::Act::Tag { add, .. }, Act::Tag { add: added, .. }) => add == added,
        (ir::Act::Account { credit: true, account, .. }, Act::Credit { account: of, .. })
        | (ir::Act::Account { credit: false, account, .. }, Act::Debit { account: of, .. }) => account == of,
        (ir::Act::Start { .. }, Act::Start { .. })
        | (ir::Act::Erase, Act::Erase)
        | (ir::Act::Call { .. }, Act::Call { .. }) => true,
        _ => false,
    }
}

fn near_message(
    verdict: &Verdict,
    claimed: &[bool],
    (channel, message, contact): (&str, &str, &str),
    when: When,
) -> Near {
    // A message that found no channel has none of its own.
    let is_unsent = |unsent: &&Unsent| unsent.message.contact == contact && unsent.message.message == message;
    let not = |unsent: &Unsent| Near::Not(unsent.outcome, unsent.reason, unsent.message.at);
    let unsent = || verdict.unsent.iter().filter(is_unsent);
    if let Some(unsent) = unsent().find(|unsent| is_at(when, unsent.message.at)) {
        return not(unsent);
    }
    let free = || verdict.sent.iter().zip(claimed).filter(|(_, claimed)| !**claimed).map(|(sent, _)| sent);
    if let Some(sent) = free().find(|sent| is_message(sent, channel, message, contact)) {
        return Near::At(sent.at);
    }
    if let Some(sent) = free().find(|sent| sent.message == message && sent.contact == contact) {
        return Near::Channel(sent.channel.clone(), sent.at);
    }
    if let Some(unsent) = unsent().next() {
        return not(unsent);
    }
    match free().find(|sent| sent.message == message && sent.channel == channel) {
        Some(sent) => Near::Contact(sent.contact.clone(), sent.at),
        None => Near::Nothing,
    }
}

fn near_act(given: Given<'_>, verdict: &Verdict, claimed: &[bool], expected: &ir::Act, contact: &str) -> Near {
    let free = || {
        let free = verdict.done.iter().zip(claimed).filter(|(_, claimed)| !**claimed).map(|(done, _)| done);
        free.filter(|done| done.contact == contact)
    };
    if let Some(done) = free().find(|done| is_act(given, &done.act, expected)) {
        return match done.outcome {
            Outcome::Done => Near::At(done.at),
            outcome => Near::Not(outcome, done.reason, done.at),
        };
    }
    match free().find(|done| is_alike(&done.act, expected)) {
        Some(done) => Near::Other(story::act(&done.act, given.world), done.at),
        None => Near::Nothing,
    }
}

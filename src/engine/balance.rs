//! What is on an account: credited, not expired, not debited.

use super::eval::{Eval, Inside};
use super::facts::Life;
use super::program::Account;
use super::total::Total;
use super::value::Value;
use crate::time::Instant;
use rust_decimal::Decimal;
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included};

/// What happened on an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    /// The amount, and from when on it is gone.
    Credit(Decimal, Instant),
    Debit(Decimal),
}

/// The accounts of one contact that were asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledgers(BTreeMap<String, Ledger>);

impl Ledgers {
    /// Forgets all: they are worked out again when they are asked for.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// The entries of an account, settled in order: a new one at the end costs what it changes. One that comes late undoes those
/// after it, and settles them again.
#[derive(Clone, Debug, Default)]
struct Ledger {
    /// How many admitted rows of the CRM, and how many events that scenarios made, were looked at.
    seen: (usize, usize),
    /// In order: by instant; at one instant credits come first.
    entries: Vec<(Instant, Entry)>,
    /// What is left of the credits, by the instant at which it is gone. What is gone stays, and is never used.
    left: BTreeMap<Instant, Decimal>,
    /// Of each entry, what was left before of the credits that it changed.
    before: Vec<Changes>,
    /// Of what is not gone at [`Ledger::as_of`].
    total: Total,
    as_of: Option<Instant>,
}

/// What was left of some credits before an entry.
type Changes = SmallVec<[(Instant, Option<Decimal>); 1]>;

/// The balance of an account at the evaluator's instant; `None` where nobody reads it. A debit uses what expires first; one
/// of more than there is uses what there is.
pub(super) fn balance(eval: &Eval<'_>, name: &str) -> Option<Decimal> {
    let (facts, inside) = (eval.facts?, eval.inside?);
    let account = inside.program.account(name)?;
    let mut ledgers = inside.state.own.ledgers.borrow_mut();
    if !ledgers.0.contains_key(name) {
        ledgers.0.insert(name.to_owned(), Ledger::default());
    }
    let ledger = ledgers.0.get_mut(name)?;
    ledger.catch_up(account, facts.life, inside, eval.now);
    Some(ledger.balance(eval.now))
}

fn entry_of(account: Account, kind: u16, values: &[Value]) -> Option<Entry> {
    let amount = |slot: u16| match values.get(usize::from(slot)) {
        Some(Value::Number(amount)) if *amount > Decimal::ZERO => Some(*amount),
        _ => None,
    };
    if kind == account.credited {
        let expires = account.expires.and_then(|slot| values.get(usize::from(slot)));
        let expires = match expires {
            Some(Value::Instant(instant)) => *instant,
            _ => Instant::MAX,
        };
        return Some(Entry::Credit(amount(account.credit)?, expires));
    }
    (kind == account.debited).then(|| amount(account.debit)).flatten().map(Entry::Debit)
}

impl Ledger {
    /// Adds what arrived and what scenarios did since. What one has just done is visible at once, though its event happens a
    /// moment later; what happens once more (a backfill) counts from its instant on.
    fn catch_up(&mut self, account: Account, life: &Life, inside: Inside<'_>, now: Instant) {
        let own = &inside.state.own;
        let (rows, made) = self.seen;
        let mut new = Vec::new();
        for place in life.rows_since(rows) {
            let Some(event) = life.event(place) else { continue };
            new.extend(entry_of(account, event.kind, life.values(place)).map(|entry| (event.at, entry)));
        }
        for event in own.made_since(made, now) {
            new.extend(entry_of(account, event.kind, &event.values).map(|entry| (event.at, entry)));
        }
        self.add(new);
        self.seen = (life.admitted_rows(), own.made(now).max(made));
    }

    /// Adds entries, in any order. Those that come after one of them are undone and settled again, once for all.
    fn add(&mut self, mut new: Vec<(Instant, Entry)>) {
        let order = |(at, entry): &(Instant, Entry)| (*at, matches!(entry, Entry::Debit(_)));
        let Some(first) = new.iter().map(order).min() else { return };
        while let Some(later) = self.entries.pop_if(|known| order(known) > first) {
            for (expires, amount) in self.before.pop().into_iter().flatten().rev() {
                self.set(expires, amount);
            }
            new.push(later);
        }
        // What is equal in order gives the same balance in any.
        new.sort_by_key(order);
        new.into_iter().for_each(|(at, entry)| self.settle(at, entry));
    }

    /// Settles an entry that comes after all others.
    fn settle(&mut self, at: Instant, entry: Entry) {
        self.entries.push((at, entry));
        let mut before = Changes::new();
        match entry {
            Entry::Credit(amount, expires) => {
                let known = self.left.get(&expires).copied();
                before.push((expires, known));
                let sum = known.unwrap_or(Decimal::ZERO).checked_add(amount).unwrap_or(Decimal::MAX);
                self.set(expires, Some(sum));
            }
            Entry::Debit(mut owed) => {
                while owed > Decimal::ZERO {
                    let after = (Excluded(at), Included(Instant::MAX));
                    let Some((&expires, &amount)) = self.left.range(after).next() else { break };
                    before.push((expires, Some(amount)));
                    let rest = Some(amount - owed.min(amount)).filter(|rest| !rest.is_zero());
                    owed -= owed.min(amount);
                    self.set(expires, rest);
                }
            }
        }
        self.before.push(before);
    }

    fn set(&mut self, expires: Instant, amount: Option<Decimal>) {
        let known = match amount {
            Some(amount) => self.left.insert(expires, amount),
            None => self.left.remove(&expires),
        };
        if self.as_of.is_some_and(|as_of| expires > as_of) {
            known.into_iter().for_each(|known| self.total.remove(&Value::Number(known)));
            amount.into_iter().for_each(|amount| self.total.add(&Value::Number(amount)));
        }
    }

    /// What is left at an instant that is not before any entry.
    fn balance(&mut self, now: Instant) -> Decimal {
        let as_of = *self.as_of.get_or_insert_with(|| {
            let left = self.left.range((Excluded(now), Included(Instant::MAX)));
            left.for_each(|(_, amount)| self.total.add(&Value::Number(*amount)));
            now
        });
        // What is gone by now; time does not go back for a contact, but an account may be looked at as of before.
        for (_, amount) in self.left.range((Excluded(as_of.min(now)), Included(as_of.max(now)))) {
            let amount = Value::Number(*amount);
            if now > as_of { self.total.remove(&amount) } else { self.total.add(&amount) }
        }
        self.as_of = Some(now);
        self.total.number().unwrap_or(Decimal::MAX)
    }
}

#[cfg(test)]
mod tests;

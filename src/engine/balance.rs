//! What is on an account: credited, not expired, not debited.

use super::eval::Eval;
use super::own::OwnEvent;
use super::value::Value;
use crate::time::Instant;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What happened on an account. At one instant credits come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Entry {
    /// The amount, and from when on it is gone.
    Credit(Decimal, Instant),
    Debit(Decimal),
}

/// The balance of an account at the evaluator's instant; `None` where nobody reads it. A debit uses what expires first; one
/// of more than there is uses what there is.
pub(super) fn balance(eval: &Eval<'_>, account: &str) -> Option<Decimal> {
    let (facts, inside) = (eval.facts?, eval.inside?);
    let account = inside.program.account(account)?;
    let amount = |values: &[Value], slot: u16| match values.get(usize::from(slot)) {
        Some(Value::Number(amount)) if *amount > Decimal::ZERO => Some(*amount),
        _ => None,
    };
    let credit = |values: &[Value]| {
        let expires = account.expires.and_then(|slot| values.get(usize::from(slot)));
        let expires = match expires {
            Some(Value::Instant(instant)) => *instant,
            _ => Instant::MAX,
        };
        Some(Entry::Credit(amount(values, account.credit)?, expires))
    };
    let debit = |values: &[Value]| amount(values, account.debit).map(Entry::Debit);
    let life = facts.life;
    let mut entries: Vec<(Instant, Entry)> = Vec::new();
    for place in life.since(account.credited, Instant::MIN) {
        let at = life.event(*place as usize).map(|event| event.at);
        entries.extend(at.zip(credit(life.values(*place as usize))));
    }
    for place in life.since(account.debited, Instant::MIN) {
        let at = life.event(*place as usize).map(|event| event.at);
        entries.extend(at.zip(debit(life.values(*place as usize))));
    }
    // What a scenario has just done is visible at once, though its event happens a moment later.
    for OwnEvent { kind, at, values, .. } in &inside.state.own.queue {
        let entry = match *kind {
            kind if kind == account.credited => credit(values),
            kind if kind == account.debited => debit(values),
            _ => None,
        };
        entries.extend(entry.filter(|_| *at <= eval.now).map(|entry| (*at, entry)));
    }
    entries.sort();
    Some(settle(&entries, eval.now))
}

/// What is left at `now` of entries in order.
fn settle(entries: &[(Instant, Entry)], now: Instant) -> Decimal {
    let mut left: BTreeMap<(Instant, usize), Decimal> = BTreeMap::new();
    for (order, (at, entry)) in entries.iter().enumerate() {
        match entry {
            Entry::Credit(amount, expires) => {
                left.insert((*expires, order), *amount);
            }
            Entry::Debit(amount) => {
                left = left.split_off(&(Instant(at.0.saturating_add(1)), 0));
                let mut owed = *amount;
                while owed > Decimal::ZERO
                    && let Some(mut first) = left.first_entry()
                {
                    let used = owed.min(*first.get());
                    owed -= used;
                    *first.get_mut() -= used;
                    if first.get().is_zero() {
                        first.remove();
                    }
                }
            }
        }
    }
    left.iter()
        .filter(|((expires, _), _)| *expires > now)
        .fold(Decimal::ZERO, |sum, (_, amount)| sum.checked_add(*amount).unwrap_or(Decimal::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debits_use_what_expires_first() {
        let day = |day: i64| Instant::from_seconds(day * 86_400);
        let number = Decimal::from;
        let credit = |at, amount: i64, expires| (day(at), Entry::Credit(number(amount), day(expires)));
        let debit = |at, amount: i64| (day(at), Entry::Debit(number(amount)));
        for (name, entries, now, wanted) in [
            ("nothing", vec![], 5, 0),
            ("a credit", vec![credit(1, 10, 100)], 5, 10),
            ("at its end it is gone", vec![credit(1, 10, 5)], 5, 0),
            ("just before it is there", vec![credit(1, 10, 6)], 5, 10),
            ("the first to expire is used first", vec![credit(1, 10, 100), credit(2, 10, 20), debit(3, 10)], 50, 10),
            ("what expired is not used", vec![credit(1, 10, 3), credit(2, 10, 20), debit(3, 10)], 10, 0),
            ("over two credits", vec![credit(1, 10, 30), credit(2, 10, 20), debit(3, 15)], 10, 5),
            ("more than there is", vec![credit(1, 10, 30), debit(2, 15), credit(3, 10, 30)], 10, 10),
        ] {
            assert_eq!(settle(&entries, day(now)), number(wanted), "{name}");
        }
    }
}

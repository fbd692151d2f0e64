use super::*;
use proptest::prelude::*;

/// What is left at `now` of entries in any order, by going through all of them.
fn gone_through(entries: &[(Instant, Entry)], now: Instant) -> Decimal {
    let mut entries = entries.to_vec();
    entries.sort_by_key(|(at, entry)| (*at, matches!(entry, Entry::Debit(_))));
    let mut left: Vec<(Instant, Decimal)> = Vec::new();
    for (at, entry) in entries {
        match entry {
            Entry::Credit(amount, expires) => left.push((expires, amount)),
            Entry::Debit(mut owed) => {
                left.sort_by_key(|(expires, _)| *expires);
                for (_, amount) in left.iter_mut().filter(|(expires, _)| *expires > at) {
                    let used = owed.min(*amount);
                    (*amount, owed) = (*amount - used, owed - used);
                }
            }
        }
    }
    left.iter().filter(|(expires, _)| *expires > now).map(|(_, amount)| *amount).sum()
}

fn credit(at: i64, amount: i64, expires: i64) -> (Instant, Entry) {
    (Instant(at), Entry::Credit(Decimal::from(amount), Instant(expires)))
}

fn debit(at: i64, amount: i64) -> (Instant, Entry) {
    (Instant(at), Entry::Debit(Decimal::from(amount)))
}

#[test]
fn debits_use_what_expires_first() {
    for (name, entries, now, wanted) in [
        ("nothing", vec![], 5, 0),
        ("a credit", vec![credit(1, 10, 100)], 5, 10),
        ("at its end it is gone", vec![credit(1, 10, 5)], 5, 0),
        ("just before it is there", vec![credit(1, 10, 6)], 5, 10),
        ("the first to expire is used first", vec![credit(1, 10, 100), credit(2, 10, 20), debit(3, 10)], 50, 10),
        ("what expired is not used", vec![credit(1, 10, 3), credit(2, 10, 20), debit(3, 10)], 10, 0),
        ("over two credits", vec![credit(1, 10, 30), credit(2, 10, 20), debit(3, 15)], 10, 5),
        ("more than there is", vec![credit(1, 10, 30), debit(2, 15), credit(3, 10, 30)], 10, 10),
        ("at one instant the credit comes first", vec![debit(1, 4), credit(1, 10, 30)], 1, 6),
        ("a late credit is there for the debit after it", vec![debit(5, 4), credit(1, 10, 30)], 6, 6),
    ] {
        let mut ledger = Ledger::default();
        entries.iter().for_each(|entry| ledger.add(vec![*entry]));
        assert_eq!(ledger.balance(Instant(now)), Decimal::from(wanted), "{name}");
        assert_eq!(gone_through(&entries, Instant(now)), Decimal::from(wanted), "{name}, gone through");
    }
}

fn an_entry() -> impl Strategy<Value = (Instant, Entry)> {
    let credits = (0i64..60, 1i64..30, 0i64..90).prop_map(|(at, amount, length)| credit(at, amount, at + length));
    let lasting =
        (0i64..60, 1i64..30).prop_map(|(at, amount)| (Instant(at), Entry::Credit(amount.into(), Instant::MAX)));
    prop_oneof![credits, lasting, (0i64..60, 1i64..40).prop_map(|(at, amount)| debit(at, amount))]
}

proptest! {
    /// Entries come in any order, some at once, and between them the balance is asked for, at instants that go on and back.
    #[test]
    fn settled_as_they_come_or_gone_through(
        steps in prop::collection::vec((prop::collection::vec(an_entry(), 0..4), 0i64..120), 0..20),
    ) {
        let mut ledger = Ledger::default();
        let mut known = Vec::new();
        for (entries, now) in steps {
            ledger.add(entries.clone());
            known.extend(entries);
            prop_assert_eq!(ledger.balance(Instant(now)), gone_through(&known, Instant(now)));
        }
    }
}

//! The state machine of a message, arrow by arrow.

use super::*;
use crate::store::ErrorKind;
use crate::store::state::{Input, ReceiptOutcome};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Do {
    Send,
    Suppress,
    Skip,
    Expire,
    /// The policy holds it.
    Wait,
    HoldOut,
    Cancel,
    WithdrawExpired,
    Handed,
    Accept,
    Defer,
    Bounce,
    Lose,
    Resend,
    WasTaken,
    WasNotTaken,
    Crash,
}

const ALL: [Do; 17] = [
    Do::Send,
    Do::Suppress,
    Do::Skip,
    Do::Expire,
    Do::Wait,
    Do::HoldOut,
    Do::Cancel,
    Do::WithdrawExpired,
    Do::Handed,
    Do::Accept,
    Do::Defer,
    Do::Bounce,
    Do::Lose,
    Do::Resend,
    Do::WasTaken,
    Do::WasNotTaken,
    Do::Crash,
];

fn act(state: &mut State, what: Do, now: i64) -> Result<(), crate::store::Error> {
    let now = at(now);
    let verdict = |verdict: Verdict| ContactOut { verdicts: vec![(key(1), verdict)], ..out() };
    let drop = |outcome: Decided, reason: Reason| verdict(Verdict::Drop { outcome, reason });
    let withdraw = |outcome: Decided| ContactOut { withdrawn: vec![(key(1), outcome, Reason::Goal)], ..out() };
    let done = |result: Result<crate::store::state::Committed, crate::store::Error>| result.map(|_| ());
    match what {
        Do::Send => done(state.commit(&[verdict(send())], now)),
        Do::Suppress => done(state.commit(&[drop(Decided::Suppressed, Reason::OutOfReach)], now)),
        Do::Skip => done(state.commit(&[drop(Decided::Skipped, Reason::Unless)], now)),
        Do::Expire => done(state.commit(&[drop(Decided::Expired, Reason::Late)], now)),
        Do::Wait => done(state.commit(&[verdict(Verdict::Wait { until: at(500), reason: Reason::QuietHours })], now)),
        Do::HoldOut => done(state.commit(&[drop(Decided::HeldOut, Reason::None)], now)),
        Do::Cancel => done(state.commit(&[withdraw(Decided::Cancelled)], now)),
        Do::WithdrawExpired => done(state.commit(&[withdraw(Decided::Expired)], now)),
        Do::Handed => state.handed(&[ticket(1)], now),
        Do::Accept => state.settle(&[(ticket(1), accepted())], now),
        Do::Defer => state.settle(&[(ticket(1), deferred(400, Some("450 later")))], now),
        Do::Bounce => state.settle(&[(ticket(1), bounced())], now),
        Do::Lose => state.settle(&[(ticket(1), uncertain())], now),
        Do::Resend => state.resend_transactional(now).map(|_| ()),
        Do::WasTaken => state.resolve(&ticket(1), true, now),
        Do::WasNotTaken => state.resolve(&ticket(1), false, now),
        Do::Crash => state.recover(now).map(|_| ()),
    }
}

/// How a message comes to be in each state.
const WAYS: [(&str, &[Do]); 12] = [
    ("pending", &[]),
    ("claimed", &[Do::Send]),
    ("handed", &[Do::Send, Do::Handed]),
    ("accepted", &[Do::Send, Do::Handed, Do::Accept]),
    ("deferred", &[Do::Send, Do::Handed, Do::Defer]),
    ("bounced", &[Do::Send, Do::Bounce]),
    ("suppressed", &[Do::Suppress]),
    ("skipped", &[Do::Skip]),
    ("cancelled", &[Do::Cancel]),
    ("expired", &[Do::Expire]),
    ("uncertain", &[Do::Send, Do::Handed, Do::Lose]),
    ("held out", &[Do::HoldOut]),
];

/// Every arrow that there is; all others are refused, or leave the message where it is.
const ARROWS: [(&str, Do, &str); 28] = [
    ("pending", Do::Send, "claimed"),
    ("pending", Do::Suppress, "suppressed"),
    ("pending", Do::Skip, "skipped"),
    ("pending", Do::Expire, "expired"),
    ("pending", Do::Wait, "deferred"),
    ("pending", Do::HoldOut, "held out"),
    ("pending", Do::Cancel, "cancelled"),
    ("pending", Do::WithdrawExpired, "expired"),
    ("deferred", Do::Send, "claimed"),
    ("deferred", Do::Suppress, "suppressed"),
    ("deferred", Do::Skip, "skipped"),
    ("deferred", Do::Expire, "expired"),
    ("deferred", Do::Wait, "deferred"),
    ("deferred", Do::HoldOut, "held out"),
    ("deferred", Do::Cancel, "cancelled"),
    ("deferred", Do::WithdrawExpired, "expired"),
    ("claimed", Do::Handed, "handed"),
    ("claimed", Do::Defer, "deferred"),
    ("claimed", Do::Bounce, "bounced"),
    ("claimed", Do::Crash, "pending"),
    ("handed", Do::Accept, "accepted"),
    ("handed", Do::Defer, "deferred"),
    ("handed", Do::Bounce, "bounced"),
    ("handed", Do::Lose, "uncertain"),
    ("handed", Do::Crash, "uncertain"),
    ("uncertain", Do::Resend, "pending"),
    ("uncertain", Do::WasTaken, "accepted"),
    ("uncertain", Do::WasNotTaken, "pending"),
];

#[test]
fn every_arrow_moves_and_all_others_are_refused() {
    for (from, way) in WAYS {
        for what in ALL {
            let folder = folder();
            let mut state = open(&folder);
            let decided = ContactOut { messages: vec![message(1, Class::Transactional)], ..out() };
            state.commit(&[decided], at(90)).unwrap();
            for (place, step) in way.iter().enumerate() {
                act(&mut state, *step, 100 + place as i64).unwrap();
            }
            assert_eq!(state_of(&state, ticket(1)), from);
            let arrow = ARROWS.iter().find(|(arrow, action, _)| *arrow == from && *action == what);
            let result = act(&mut state, what, 200);
            let expected = arrow.map_or(from, |(_, _, to)| *to);
            assert_eq!(state_of(&state, ticket(1)), expected, "{what:?} of {from}");
            // What concerns all messages, or only wishes to withdraw one, finds nothing to do.
            let is_wish = matches!(what, Do::Resend | Do::Crash | Do::Cancel | Do::WithdrawExpired);
            assert_eq!(result.is_ok(), arrow.is_some() || is_wish, "{what:?} of {from}");
            if let Err(error) = result {
                assert_eq!(error.kind, ErrorKind::Broken);
            }
        }
    }
    assert_eq!(WAYS.map(|(name, _)| name).len(), MessageState::ALL.len());
    assert!(MessageState::ALL.iter().all(|state| WAYS.iter().any(|(name, _)| *name == state.name())));
}

#[test]
fn a_message_is_due_between_its_instant_and_its_end() {
    let folder = folder();
    let mut state = open(&folder);
    state.commit(&[ContactOut { messages: vec![message(1, Class::Service)], ..out() }], at(90)).unwrap();
    assert_eq!(state.due_outbox(at(99), 10).unwrap(), []);
    assert_eq!(state.next_due().unwrap(), Some(at(100)));
    let due = state.due_outbox(at(100), 10).unwrap();
    assert_eq!((due.len(), due[0].ticket, &due[0].contact, due[0].class), (1, ticket(1), &ANA, Class::Service));
    assert_eq!((due[0].step, due[0].due, due[0].expires_at), (2, at(90), at(1_000)));
    assert_eq!(due[0].alternatives[1], ("sms".to_owned(), "short".to_owned()));
    assert_eq!((due[0].attempt, &due[0].message_id), (0, &None));

    act(&mut state, Do::Send, 100).unwrap();
    assert_eq!((state.due_outbox(at(5_000), 10).unwrap().len(), state.next_due().unwrap()), (0, None));
    // Without a reply no attempt was made; with one there was.
    state.settle(&[(ticket(1), deferred(300, None))], at(110)).unwrap();
    assert_eq!(state.next_due().unwrap(), Some(at(300)));
    assert_eq!(state.due_outbox(at(299), 10).unwrap(), []);
    assert_eq!(state.due_outbox(at(300), 10).unwrap()[0].attempt, 0);
    act(&mut state, Do::Send, 300).unwrap();
    state.handed(&[ticket(1)], at(301)).unwrap();
    // A next try after the end brings it back just after the end, to be recorded as expired.
    state.settle(&[(ticket(1), deferred(9_000, Some("451 4.7.1 later")))], at(302)).unwrap();
    assert_eq!(state.due_outbox(at(1_000), 10).unwrap(), []);
    let end = Instant(at(1_000).0 + 1);
    let due = &state.due_outbox(end, 10).unwrap()[0];
    assert_eq!((due.attempt, due.message_id.as_deref()), (1, Some("<1@example.com>")));
    assert_eq!(state.next_due().unwrap(), Some(end));
}

#[test]
fn the_first_message_id_stays() {
    let folder = folder();
    let mut state = open(&folder);
    state.commit(&[ContactOut { messages: vec![message(1, Class::Marketing)], ..out() }], at(90)).unwrap();
    act(&mut state, Do::Send, 100).unwrap();
    state.settle(&[(ticket(1), deferred(300, None))], at(110)).unwrap();
    let again = Verdict::Send {
        channel: "sms".into(),
        message: "short".into(),
        address: "+33600000000".into(),
        context: "{\"a\":1}".into(),
        message_id: Some("<2@example.com>".into()),
    };
    state.commit(&[ContactOut { verdicts: vec![(key(1), again)], ..out() }], at(300)).unwrap();
    let columns = "SELECT message_id || channel || message || address || context FROM scn_outbox";
    assert_eq!(one(&state, columns), "'<1@example.com>smsshort+33600000000{\"a\":1}'");
}

#[test]
fn each_decided_outcome_leaves_a_receipt_and_clean_words() {
    let folder = folder();
    let mut state = open(&folder);
    let messages = (1..=4).map(|number| message(number, Class::Marketing)).collect();
    state.commit(&[ContactOut { messages, ..out() }], at(90)).unwrap();
    let verdicts = (1..=4).map(|number| (key(number), send())).collect();
    state.commit(&[ContactOut { verdicts, ..out() }], at(100)).unwrap();
    state.handed(&[ticket(1), ticket(2), ticket(3)], at(110)).unwrap();
    let outcomes = [
        (ticket(1), accepted()),
        (ticket(2), bounced()),
        (ticket(3), uncertain()),
        (ticket(4), deferred(500, Some("421 busy"))),
    ];
    state.settle(&outcomes, at(120)).unwrap();
    let claimed = state.claim(at(120), 10).unwrap();
    assert_eq!(claimed.len(), 1);
    let found: Vec<_> = claimed[0].inbox.iter().map(|row| (row.at, row.arrived, row.input.clone())).collect();
    let receipt = |number: u8, outcome: ReceiptOutcome| Input::Receipt {
        key: key(number),
        message: Some("reminder".into()),
        outcome,
    };
    assert_eq!(
        found,
        [
            (at(120), at(120), receipt(1, ReceiptOutcome::Accepted)),
            (at(120), at(120), receipt(2, ReceiptOutcome::Bounced("address".into()))),
            // What waits for an uncertain message counts from when it was handed.
            (at(110), at(120), receipt(3, ReceiptOutcome::Uncertain)),
        ]
    );
    assert_eq!(one(&state, "SELECT reply FROM scn_outbox WHERE state = 'accepted'"), "'250 ok?[31m'");
    // What a message said, perhaps of others, stays only where it may be said again.
    let said =
        "SELECT group_concat(state, ' ') FROM (SELECT state FROM scn_outbox WHERE context IS NOT NULL ORDER BY key)";
    assert_eq!(one(&state, said), "'uncertain deferred'");
    assert_eq!(
        state.message_counts().unwrap(),
        [
            (MessageState::Accepted, None, 1),
            (MessageState::Deferred, Some("greylisted".into()), 1),
            (MessageState::Bounced, Some("address".into()), 1),
            (MessageState::Uncertain, Some("no answer after the final dot".into()), 1),
        ]
    );
}

#[test]
fn a_batch_is_written_whole_or_not_at_all() {
    let folder = folder();
    let mut state = open(&folder);
    state.ingest("purchased", &[purchase(1, ANA, 10)]).unwrap();
    state.commit(&[ContactOut { messages: vec![message(1, Class::Marketing)], ..out() }], at(20)).unwrap();
    let inbox = state.claim(at(20), 1).unwrap()[0].inbox[0].id;
    let bob = Id::Text("bob".into());
    let good = ContactOut {
        contact: bob.clone(),
        keep: Some(Kept { state: vec![1, 2, 3], wake: Some(at(50)) }),
        messages: vec![message(2, Class::Marketing)],
        ..out()
    };
    let kept = Some(Kept { state: vec![9], wake: None });
    let broken = [
        ContactOut { keep: kept.clone(), messages: vec![message(1, Class::Marketing)], ..out() },
        ContactOut { keep: kept.clone(), consumed: vec![inbox, inbox], ..out() },
        ContactOut { keep: kept.clone(), withdrawn: vec![(key(8), Decided::Expired, Reason::Late)], ..out() },
        ContactOut {
            keep: kept.clone(),
            verdicts: vec![(key(1), Verdict::Drop { outcome: Decided::Sent, reason: Reason::None })],
            ..out()
        },
        ContactOut { keep: kept, verdicts: vec![(key(1), send()), (key(1), send())], ..out() },
    ];
    for wrong in broken {
        let error = state.commit(&[good.clone(), wrong.clone()], at(30)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Broken, "{error}");
        assert_eq!(one(&state, "SELECT count(*) FROM scn_contact"), "0", "{wrong:?}");
        assert_eq!(one(&state, "SELECT group_concat(state) FROM scn_outbox"), "'pending'");
        assert_eq!(one(&state, "SELECT count(*) FROM scn_inbox"), "1");
    }
    state.commit(&[good], at(30)).unwrap();
    let claimed = &state.claim(at(60), 10).unwrap()[1];
    assert_eq!(
        (&claimed.contact, claimed.state.as_deref(), claimed.wake),
        (&bob, Some([1, 2, 3].as_slice()), Some(at(50)))
    );
}

#[test]
fn withdrawing_what_is_on_its_way_is_too_late_and_said() {
    let folder = folder();
    let mut state = open(&folder);
    state.commit(&[ContactOut { messages: vec![message(1, Class::Marketing)], ..out() }], at(20)).unwrap();
    act(&mut state, Do::Send, 100).unwrap();
    let withdraw = ContactOut { withdrawn: vec![(key(1), Decided::Cancelled, Reason::Goal)], ..out() };
    assert_eq!(state.commit(&[withdraw], at(101)).unwrap().too_late, [key(1)]);
}

#[test]
fn a_crash_makes_the_claimed_pending_and_the_handed_uncertain() {
    let folder = folder();
    let mut state = open(&folder);
    let messages = vec![message(1, Class::Marketing), message(2, Class::Transactional), message(3, Class::Marketing)];
    state.commit(&[ContactOut { messages, ..out() }], at(90)).unwrap();
    let verdicts = (1..=3).map(|number| (key(number), send())).collect();
    state.commit(&[ContactOut { verdicts, ..out() }], at(100)).unwrap();
    state.handed(&[ticket(1), ticket(2)], at(110)).unwrap();
    drop(state);
    let (mut state, recovered) = reopen(&folder, 200);
    assert_eq!(recovered, Recovered { pending: 1, uncertain: 2 });
    let states = |state: &State| [1, 2, 3].map(|number| state_of(state, ticket(number)));
    assert_eq!(states(&state), ["uncertain", "uncertain", "pending"]);
    assert_eq!(state.claim(at(200), 1).unwrap()[0].inbox.len(), 2);
    assert_eq!(state.resend_transactional(at(201)).unwrap(), 1);
    assert_eq!(states(&state), ["uncertain", "pending", "pending"]);
    let due = state.due_outbox(at(201), 10).unwrap();
    let due: Vec<_> = due.iter().map(|due| (due.ticket, due.attempt)).collect();
    assert_eq!(due, [(ticket(3), 0), (ticket(2), 1)]);
    drop(state);
    // Nothing is recovered twice.
    assert_eq!(reopen(&folder, 300).1, Recovered::default());
}

#[test]
fn what_has_no_message_id_is_settled_by_evidence() {
    let folder = folder();
    let mut state = open(&folder);
    let messages = (1..=3).map(|number| message(number, Class::Marketing)).collect();
    state.commit(&[ContactOut { messages, ..out() }], at(90)).unwrap();
    let written = |number: u8| {
        let Verdict::Send { channel, message, address, context, message_id } = send() else { panic!() };
        let message_id = message_id.filter(|_| number == 3);
        (key(number), Verdict::Send { channel, message, address, context, message_id })
    };
    state.commit(&[ContactOut { verdicts: (1..=3).map(written).collect(), ..out() }], at(100)).unwrap();
    state.handed(&[ticket(1), ticket(2), ticket(3)], at(110)).unwrap();
    state.recover(at(120)).unwrap();
    assert_eq!(state.uncertain_files().unwrap(), [ticket(1), ticket(2)]);
    state.resolve(&ticket(1), true, at(130)).unwrap();
    state.resolve(&ticket(2), false, at(130)).unwrap();
    assert_eq!(state.uncertain_files().unwrap(), []);
    let states = [1, 2, 3].map(|number| state_of(&state, ticket(number)));
    assert_eq!(states, ["accepted", "pending", "uncertain"]);
    let receipts = &state.claim(at(130), 1).unwrap()[0].inbox;
    let accepted = Input::Receipt { key: key(1), message: Some("reminder".into()), outcome: ReceiptOutcome::Accepted };
    assert_eq!((receipts.len(), &receipts[3].input), (4, &accepted));
}

#[test]
fn the_horizon_counts_what_may_leave_and_what_has_expired() {
    let folder = folder();
    let mut state = open(&folder);
    let messages = (1..=3).map(|number| message(number, Class::Marketing)).collect();
    state.commit(&[ContactOut { messages, ..out() }], at(90)).unwrap();
    act(&mut state, Do::Expire, 95).unwrap();
    let horizon = |now: i64, held_out: bool| {
        let horizon = state.message_horizon(at(now), |_| held_out).unwrap();
        (horizon.due, horizon.expired)
    };
    let all = [99, 100, 1_000, 1_001].map(|now| horizon(now, false));
    assert_eq!(all, [(0, 1), (2, 1), (2, 1), (0, 3)]);
    assert_eq!(horizon(100, true), (0, 1));
}

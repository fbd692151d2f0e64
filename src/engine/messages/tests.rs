//! Which message an event is about, apart from any scenario. Its meaning is tested by `tests/meaning.rs`.

use super::{MessageRef, SentMessages};
use crate::engine::{EffectKey, Event};
use crate::model::Id;
use crate::time::Instant;
use rustc_hash::FxHashSet;
use std::sync::Arc;

fn message(name: &str, key: Option<u8>) -> MessageRef {
    MessageRef { name: Arc::from(name), key: key.map(|key| EffectKey([key; 16])) }
}

/// A row that says what happened to a message.
fn row(at: i64, arrived: i64) -> Event {
    Event { kind: 0, id: Id::Number(1), at: Instant(at), arrived: Instant(arrived) }
}

#[test]
fn messages_are_the_same_by_their_keys() {
    assert_eq!(message("hello", Some(1)), message("", Some(1)));
    assert_ne!(message("hello", Some(1)), message("hello", Some(2)));
    assert_ne!(message("hello", Some(1)), message("hello", None));
    assert_eq!(message("hello", None), message("hello", None));
    assert_ne!(message("hello", None), message("hi", None));
    // What is equal is found in a map.
    let known: FxHashSet<MessageRef> = [message("hello", Some(1)), message("hi", None)].into_iter().collect();
    assert!(known.contains(&message("", Some(1))) && known.contains(&message("hi", None)));
}

#[test]
fn a_name_means_the_latest_message_of_a_template_that_was_sent_by_then() {
    let mut sent = SentMessages::default();
    // Known in another order than that of their instants: a row may arrive late.
    sent.add(&message("hello", Some(2)), Instant(20), false);
    sent.add(&message("hello", Some(1)), Instant(10), false);
    sent.add(&message("hi", Some(3)), Instant(30), false);
    sent.add(&message("old", None), Instant(5), false);
    let cases: [(&str, i64, MessageRef); 8] = [
        ("hello", 9, message("hello", None)),
        ("hello", 10, message("hello", Some(1))),
        ("hello", 19, message("hello", Some(1))),
        ("hello", 20, message("hello", Some(2))),
        ("hi", 29, message("hi", None)),
        ("hi", 99, message("hi", Some(3))),
        ("old", 99, message("old", None)),
        ("other", 99, message("other", None)),
    ];
    for (name, at, wanted) in cases {
        assert_eq!(sent.meant(name, &row(at, at)), wanted, "{name} at {at}");
    }
    // A key is a message, whoever sent it; its name is known where it was sent here.
    let by_key = sent.meant(&EffectKey([3; 16]).to_string(), &row(0, 0));
    assert_eq!((by_key.key, &*by_key.name), (Some(EffectKey([3; 16])), "hi"));
    let unknown = sent.meant(&EffectKey([9; 16]).to_string(), &row(99, 99));
    assert_eq!((unknown.key, &*unknown.name), (Some(EffectKey([9; 16])), ""));
}

/// What a scenario sends leaves after the rows of its instant: when those are read once more, it is known already, and still they
/// are not about it.
#[test]
fn a_row_of_the_instant_at_which_a_message_leaves_is_about_the_one_before() {
    let mut sent = SentMessages::default();
    sent.add(&message("hello", Some(1)), Instant(10), true);
    sent.add(&message("hello", Some(2)), Instant(20), true);
    let cases =
        [(10, 10, None), (10, 11, Some(1)), (19, 19, Some(1)), (20, 20, Some(1)), (20, 21, Some(2)), (21, 21, Some(2))];
    for (at, arrived, wanted) in cases {
        assert_eq!(sent.meant("hello", &row(at, arrived)), message("hello", wanted), "{at}, arrived at {arrived}");
    }
}

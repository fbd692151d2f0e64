use super::change::{Class, compare};
use super::item::{Item, Trigger};
use super::pair::pair;
use crate::engine::{Outcome, Reason};
use crate::model::Id;
use crate::time::Instant;

/// `DAY SCENARIO+STEP TRIGGERS MESSAGE OUTCOME`: `10 a1 p1;p2 hello sent`; `-` for no trigger, `hello=1` where it is given `1`.
fn item(text: &str) -> Item {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [day, step, triggers, message, outcome] = words.as_slice() else { panic!("{text}") };
    let day: i64 = day.parse().unwrap();
    let trigger = |text: &str| -> Trigger { (text != "-").then(|| (0, Id::Text(text.into()))) };
    let mut all = triggers.split(';').map(trigger);
    let (scenario, step) = step.split_at(1);
    let outcome = Outcome::ALL.into_iter().find(|known| known.name() == *outcome).unwrap();
    Item {
        at: Instant(day * 86_400_000_000),
        scenario: u16::from(scenario.as_bytes()[0]),
        step: step.parse().unwrap(),
        visit: 0,
        // Of what no event started, each has an entry of its own.
        entered_at: Instant(if *triggers == "-" { day } else { 0 }),
        trigger: all.next().unwrap(),
        also: all.collect(),
        effect: "send",
        channel: "email".into(),
        message: message.split('=').next().unwrap().into(),
        with: message.split_once('=').map_or("", |(_, with)| with).into(),
        outcome: Some(outcome),
        reason: Reason::None,
    }
}

fn items(text: &str) -> Vec<Item> {
    text.split(',').filter(|text| !text.trim().is_empty()).map(item).collect()
}

#[test]
fn what_is_the_same_message() {
    for (why, old, new, pairs) in [
        ("the same step for the same trigger", "10 a1 p1 x sent", "12 a1 p1 x sent", "0"),
        ("another template at the same step", "10 a1 p1 x sent", "10 a1 p1 y sent", "0"),
        ("sent or not", "10 a1 p1 x sent", "10 a1 p1 x skipped", "0"),
        ("another trigger is another message", "10 a1 p1 x sent", "10 a1 p2 x sent", "-"),
        ("what is not sent is not moved to another scenario", "10 a1 p1 x skipped", "10 b1 p1 x sent", "-"),
        ("of equal steps the nearest", "1 a1 p1 x sent, 8 a2 p1 x sent", "8 a99 p1 x sent", "- 0"),
        ("a moved step", "1 a1 p1 x sent", "8 a99 p1 x sent", "0"),
        ("what is sent comes before what is not", "1 a1 p1 x sent", "1 a98 p1 x skipped, 8 a99 p1 x sent", "1"),
        ("a trigger in common", "1 a1 p1;p2 x sent", "1 a1 p2 x sent", "0"),
        ("no trigger in common", "1 a1 p1;p2 x sent", "1 a1 p3 x sent", "-"),
        ("another scenario sends it", "1 a1 p1 x sent", "2 b1 p1 x sent", "0"),
        ("another message of the instance at the same instant", "3 a1 p1 x sent", "3 a99 p1 y sent", "0"),
        ("another message of the instance at another instant", "3 a1 p1 x sent", "4 a99 p1 y sent", "-"),
        ("another scenario sends something else", "1 a1 p1 x sent", "2 b1 p1 y sent", "-"),
        ("without a trigger, within a month", "1 a1 - x sent", "20 a1 - x sent", "0"),
        ("without a trigger, farther apart", "1 a1 - x sent", "41 a1 - x sent", "-"),
        (
            "a period that shifts",
            "1 a1 - x sent, 8 a1 - x sent, 15 a1 - x sent",
            "3 a1 - x sent, 10 a1 - x sent, 17 a1 - x sent",
            "0 1 2",
        ),
        (
            "a period of which one is left out",
            "1 a1 - x sent, 8 a1 - x sent, 15 a1 - x sent",
            "1 a1 - x sent, 15 a1 - x sent",
            "0 - 1",
        ),
    ] {
        let found = pair(&items(old), &items(new));
        let shown = |place: &Option<usize>| place.map_or("-".to_owned(), |place| place.to_string());
        assert_eq!(found.of_old.iter().map(shown).collect::<Vec<_>>().join(" "), pairs, "{why}");
        for (old, new) in found.of_old.iter().enumerate().filter_map(|(old, new)| Some((old, (*new)?))) {
            assert_eq!(found.of_new[new], Some(old), "{why}");
        }
    }
}

#[test]
fn what_a_person_notices_is_a_class() {
    for (old, new, classes) in [
        ("1 a1 p1 x sent", "1 a1 p1 x sent", ""),
        ("1 a1 p1 x skipped", "9 a1 p1 x skipped", ""),
        ("1 a1 p1 x sent", "2 a1 p1 x sent", "moved"),
        ("1 a1 p1 x sent", "2 a1 p1 y sent", "moved"),
        ("1 a1 p1 x sent", "1 a1 p1 y sent", "otherwise"),
        ("1 a1 p1 x sent", "1 b1 p1 x sent", "otherwise"),
        ("1 a1 p1 x sent", "1 a99 p1 y sent", "otherwise"),
        ("1 a1 p1 x=1 sent", "1 a1 p1 x=2 sent", "otherwise"),
        ("1 a1 p1 x=1 skipped", "1 a1 p1 x=2 skipped", ""),
        ("1 a1 p1 x sent", "1 a1 p1 x expired", "lost"),
        ("1 a1 p1 x sent", "", "lost"),
        ("1 a1 p1 x suppressed", "3 a1 p1 x sent", "gained"),
        ("", "3 a1 p1 x sent", "gained"),
        ("1 a1 p1 x suppressed", "1 a1 p1 x expired", "other reason"),
        ("1 a1 p1 x suppressed", "", ""),
        ("1 a1 p1 x sent", "1 a1 p2 x sent", "lost gained"),
    ] {
        let (old, new) = (items(old), items(new));
        let found = compare(&old, &new);
        let names: Vec<&str> = found.changes.iter().map(|change| change.class.name()).collect();
        assert_eq!(names.join(" "), classes);
        let of_old = found.changes.iter().filter(|change| change.old.is_some()).count() as u64;
        let of_new = found.changes.iter().filter(|change| change.new.is_some()).count() as u64;
        assert_eq!(found.kept + found.gone + of_old, old.len() as u64);
        assert_eq!(found.kept + found.come + of_new, new.len() as u64);
    }
    assert_eq!(Class::ALL.len(), 5);
}

//! Values that no version may change, computed outside of this program: see the head of the file that holds them.

use crate::engine::EffectKey;
use crate::engine::draws::{arm, draw};
use crate::engine::engagement::Rates;
use crate::engine::key::{Decided, Lasting};
use crate::engine::policy;
use crate::ir::{SplitArm, StepIx};
use crate::model::Id;
use crate::time::Instant;

const VALUES: &str = include_str!("../../../tests/data/engine/for_life.txt");

/// `7` is a number, `"7"` a text.
fn id(text: &str) -> Id {
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(text) => Id::Text(text.into()),
        None => Id::Number(text.parse().unwrap()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `small 50, large 50`
fn arms(text: &str) -> Vec<SplitArm> {
    let one = |text: &str| {
        let (name, share) = text.trim().split_once(' ').unwrap();
        SplitArm { name: name.into(), share: share.parse().unwrap(), to: StepIx(0) }
    };
    text.split(',').map(one).collect()
}

/// The least rate, in millionths, at which a message is opened.
fn opened_from(message: [u8; 16]) -> u32 {
    let is_opened = |rate: &u32| Rates::new(*rate, 0).unwrap().drawn(message).opened;
    let (mut low, mut high) = (0, 1_000_000);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if is_opened(&middle) { high = middle } else { low = middle }
    }
    high
}

/// What this version makes of the columns of a line.
fn value(columns: &[&str]) -> String {
    match columns {
        ["effect", person, scenario, kind, trigger, entry, by, ordinal, visit] => {
            let decided = Decided {
                person: &id(person),
                scenario: &scenario.parse().unwrap(),
                trigger: (kind, &id(trigger)),
                entry: Instant(entry.parse().unwrap()),
                by: (*by != "-").then(|| by.parse::<EffectKey>().unwrap()),
                ordinal: ordinal.parse().unwrap(),
                visit: visit.parse().unwrap(),
            };
            decided.key().to_string()
        }
        ["message", person, scenario, message, kind, trigger, entry, before] => {
            let lasting = Lasting {
                person: &id(person),
                scenario,
                message,
                trigger: (kind, &id(trigger)),
                entry: Instant(entry.parse().unwrap()),
                before: before.parse().unwrap(),
            };
            hex(&lasting.name())
        }
        ["holdout", person] => policy::draw(&id(person)).normalize().to_string(),
        ["split", name, shares, person] => {
            let arms = arms(shares);
            arms[arm(name, &arms, &id(person)).unwrap()].name.clone()
        }
        ["engagement", message] => {
            let EffectKey(message) = message.parse().unwrap();
            let after = Rates::new(0, 0).unwrap().drawn(message).after;
            format!("opened from {} millionths, after {after} seconds", opened_from(message))
        }
        ["label", label] => draw("scn-step-1", &[b"label", label.as_bytes()]).to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn keys_and_draws_are_for_life() {
    let mut kinds: Vec<&str> = Vec::new();
    for line in VALUES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (given, wanted) = line.split_once(" => ").unwrap();
        let columns: Vec<&str> = given.split('|').map(str::trim).collect();
        assert_eq!(value(&columns), wanted, "a value that must never change is another: {given}");
        kinds.push(columns[0]);
    }
    for kind in ["effect", "message", "holdout", "split", "engagement", "label"] {
        assert!(kinds.iter().filter(|each| **each == kind).count() >= 2, "too few values of {kind}");
    }
}

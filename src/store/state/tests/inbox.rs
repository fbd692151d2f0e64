//! Rows in, contacts out.

use super::*;
use crate::store::state::{Arrival, Input, JournalRow, PARTS, part};

/// In which part a contact lies is for life: every table of every state file is by it. Computed by another implementation of BLAKE3.
#[test]
fn the_part_of_a_contact_is_for_life() {
    let text = |id: &str| Id::Text(id.into());
    for (contact, wanted) in [
        (Id::Number(7), 802),
        (text("7"), 802),
        (Id::Number(17_850), 876),
        (Id::Number(-7), 956),
        (text("ana"), 214),
        (text("éléonore"), 589),
    ] {
        assert_eq!(part(&contact), wanted, "{contact}");
    }
}

#[test]
fn parts_are_stable_for_life() {
    let ids = [Id::Number(1), Id::Text("1".into()), Id::Number(-7), Id::Text("é".into()), Id::Text("".into())];
    let parts: Vec<u16> = ids.iter().map(part).collect();
    assert_eq!(parts, PINNED);
    let mut hit: Vec<u16> = (0..20_000).map(|number| part(&Id::Number(number))).collect();
    hit.sort();
    hit.dedup();
    assert_eq!(hit.len() as u64, PARTS);
}

/// These never change: a state file names them in every row.
const PINNED: [u16; 5] = [982, 982, 956, 70, 943];

#[test]
fn a_row_is_taken_in_once_whatever_it_says_later() {
    let folder = folder();
    let mut state = open(&folder);
    state.mark_history("purchased", &[purchase(1, ANA, 5)]).unwrap();
    let mut text = purchase(2, ANA, 10);
    text.event.id = Id::Text("2".into());
    assert_eq!(state.ingest("purchased", &[purchase(1, ANA, 10), purchase(2, ANA, 10), text.clone()]).unwrap(), 2);
    assert_eq!(state.ingest("purchased", &[purchase(2, Id::Number(8), 99), text]).unwrap(), 0);
    let opened = purchase(1, ANA, 20);
    assert_eq!(state.ingest("opened", &[opened]).unwrap(), 1);
    let seen = state.seen("purchased").unwrap();
    assert_eq!(seen.len(), 3);
    assert!(seen.contains(&Id::Number(1)) && seen.contains(&Id::Text("2".into())));

    let claimed = state.claim(at(20), 10).unwrap();
    assert_eq!(claimed.len(), 1);
    let event = |kind: &str, id: Id| Input::Event { kind: kind.into(), id };
    let inputs: Vec<_> = claimed[0].inbox.iter().map(|row| (row.at, row.arrived, row.input.clone())).collect();
    assert_eq!(
        inputs,
        [
            (at(9), at(10), event("purchased", Id::Number(2))),
            (at(9), at(10), event("purchased", Id::Text("2".into()))),
            (at(19), at(20), event("opened", Id::Number(1))),
        ]
    );
    let arrival = |kind: &str, id: Id, arrived: i64| Arrival { kind: kind.into(), id, arrived: at(arrived) };
    let arrivals = [
        arrival("opened", Id::Number(1), 20),
        arrival("purchased", Id::Number(2), 10),
        arrival("purchased", Id::Text("2".into()), 10),
    ];
    assert_eq!(claimed[0].arrivals, arrivals);
    // What was stepped still has its arrival.
    let consumed = claimed[0].inbox.iter().map(|row| row.id).collect();
    state.commit(&[ContactOut { consumed, ..out() }], at(21)).unwrap();
    assert_eq!(state.claim(at(30), 10).unwrap(), []);
    assert_eq!(state.claim_these(&[ANA], at(30)).unwrap()[0].arrivals, arrivals);
}

#[test]
fn contacts_come_earliest_first_by_rows_and_deadlines() {
    let folder = folder();
    let mut state = open(&folder);
    let contact = |number: i64| Id::Number(number);
    state
        .ingest("purchased", &[purchase(1, contact(1), 30), purchase(2, contact(2), 10), purchase(3, contact(2), 60)])
        .unwrap();
    let kept = |number: i64, wake: Option<i64>| ContactOut {
        contact: contact(number),
        keep: Some(Kept { state: vec![number as u8], wake: wake.map(at) }),
        ..out()
    };
    state.commit(&[kept(1, Some(90)), kept(3, Some(20)), kept(4, None), kept(5, Some(70))], at(0)).unwrap();
    let order = |now: i64, max: usize| -> Vec<(Id, usize)> {
        let claimed = state.claim(at(now), max).unwrap();
        claimed.into_iter().map(|each| (each.contact, each.inbox.len())).collect()
    };
    assert_eq!(order(9, 10), []);
    assert_eq!(order(10, 10), [(contact(2), 1)]);
    assert_eq!(order(30, 10), [(contact(2), 1), (contact(3), 0), (contact(1), 1)]);
    assert_eq!(order(100, 2), [(contact(2), 2), (contact(3), 0)]);
    assert_eq!(order(100, 10), [(contact(2), 2), (contact(3), 0), (contact(1), 1), (contact(5), 0)]);
    assert_eq!(state.next_wake().unwrap(), Some(at(10)));
    state.commit(&[ContactOut { contact: contact(3), ..out() }], at(1)).unwrap();
    assert_eq!(state.claim_these(&[contact(3)], at(100)).unwrap()[0].state, None);
}

#[test]
fn programs_starts_and_the_journal_are_kept() {
    let folder = folder();
    let mut state = open(&folder);
    let programs = [(ScenarioHash([2; 32]), "{\"two\":2}".to_owned()), (ScenarioHash([1; 32]), "{}".to_owned())];
    state.keep_programs(&programs).unwrap();
    state.keep_programs(&[(ScenarioHash([1; 32]), "other".to_owned())]).unwrap();
    state.set_start("renewal", at(5)).unwrap();
    state.set_start("renewal", at(6)).unwrap();
    assert_eq!(state.last_poll().unwrap(), None);
    state.set_last_poll(at(9)).unwrap();
    let journal = vec![JournalRow { at: at(1), body: vec![1] }, JournalRow { at: at(1), body: vec![2] }];
    state.commit(&[ContactOut { journal, ..out() }], at(1)).unwrap();
    drop(state);
    let state = open(&folder);
    // What is kept of a version is replaced; what nobody needs is forgotten.
    let other = (ScenarioHash([1; 32]), "other".to_owned());
    assert_eq!(state.programs().unwrap(), [other.clone(), programs[0].clone()]);
    let mut state = state;
    state.forget_programs(&[ScenarioHash([2; 32])]).unwrap();
    assert_eq!(state.programs().unwrap(), [other]);
    assert_eq!(state.starts().unwrap().into_iter().collect::<Vec<_>>(), [("renewal".to_owned(), at(6))]);
    assert_eq!(state.last_poll().unwrap(), Some(at(9)));
    assert_eq!(one(&state, "SELECT group_concat(hex(body)) FROM scn_journal"), "'01,02'");
}

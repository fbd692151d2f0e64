//! Changes of the CRM on their way, and erasure.

use super::{ANA, at, key, message, out, ticket};
use crate::ir::Class;
use crate::model::{Id, Literal};
use crate::store::ErrorKind;
use crate::store::crm::{Change, NewRow};
use crate::store::state::{
    ContactOut, Erased, JournalRow, Kept, MessageState, NewMessage, NewWrite, Outcome, PARTS, State, part,
};

fn open(folder: &tempfile::TempDir) -> State {
    State::open(&folder.path().join("state.db"), "run", at(0)).unwrap().0
}

fn write(number: u8, change: Change) -> NewWrite {
    NewWrite { key: key(number), scenario: "gold".into(), at: at(5), change }
}

fn gold() -> Change {
    Change::Set { field: "tier".into(), value: Some(Literal::Text("gold".into())) }
}

#[test]
fn a_change_is_pending_then_made_then_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = open(&folder);
    let tag = Change::Tag { tag: "vip".into(), add: true };
    let decided = ContactOut { writes: vec![write(1, gold()), write(2, tag.clone())], ..out() };
    state.commit(std::slice::from_ref(&decided), at(10)).unwrap();
    // A second decision of one key is a fault, and takes everything with it.
    assert_eq!(state.commit(&[decided], at(10)).unwrap_err().kind, ErrorKind::Broken);
    drop(state);
    let mut state = open(&folder);
    let pending = state.pending_writes(0, at(20), 10).unwrap();
    let changes: Vec<&Change> = pending.iter().map(|write| &write.change).collect();
    assert_eq!((changes, &pending[0].contact, pending[0].at), (vec![&gold(), &tag], &ANA, at(5)));
    assert_eq!(state.pending_writes(pending[0].id, at(20), 10).unwrap(), pending[1..]);
    state.written(&pending[..1]).unwrap();
    assert_eq!(state.pending_writes(0, at(20), 10).unwrap(), pending[1..]);
    let claimed = state.claim_these(&[ANA], at(20)).unwrap().remove(0);
    assert_eq!(claimed.made, [key(1)]);
    // What is still pending is not forgotten.
    state.commit(&[ContactOut { forgotten: vec![key(1), key(2)], ..out() }], at(20)).unwrap();
    assert_eq!(state.pending_writes(0, at(20), 10).unwrap(), pending[1..]);
    assert!(state.claim_these(&[ANA], at(20)).unwrap().remove(0).made.is_empty());
}

#[test]
fn a_change_overtakes_what_was_refused_of_the_same_field() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = open(&folder);
    let tag = |tag: &str, add| Change::Tag { tag: tag.into(), add };
    let set = |field: &str, value: &str| Change::Set { field: field.into(), value: Some(Literal::Text(value.into())) };
    let changes =
        [gold(), tag("vip", true), set("level", "one"), tag("new", true), set("tier", "silver"), tag("vip", false)];
    let writes = changes.iter().zip(1..).map(|(change, number)| write(number, change.clone())).collect();
    let other = ContactOut { contact: Id::Number(8), writes: vec![write(9, gold())], ..out() };
    state.commit(&[ContactOut { writes, ..out() }, other], at(10)).unwrap();
    let pending = state.pending_writes(0, at(20), 10).unwrap();
    // The CRM refused the first four, and took the last two.
    state.written(&pending[4..6]).unwrap();
    let left: Vec<Change> =
        state.pending_writes(0, at(20), 10).unwrap().into_iter().map(|write| write.change).collect();
    assert_eq!(left, [set("level", "one"), tag("new", true), gold()]);
    let made = state.claim_these(&[ANA], at(20)).unwrap().remove(0).made;
    assert_eq!(made, [key(1), key(2), key(5), key(6)], "nothing of them stays in the contact's state");
}

#[test]
fn an_erasure_that_was_begun_knows_its_rows_until_it_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = open(&folder);
    state.commit(&[ContactOut { writes: vec![write(1, Change::Erase)], ..out() }], at(10)).unwrap();
    let erasure = state.pending_writes(0, at(20), 1).unwrap().remove(0);
    assert_eq!(state.begun_erasures(0).unwrap(), []);
    let rows = |ids: &[i64]| ids.iter().map(|id| Id::Number(*id)).collect::<Vec<_>>();
    assert_eq!(state.begin_erasures(&[(&erasure, rows(&[7, 8]))]).unwrap()[0][0], ANA);
    drop(state);
    let mut state = open(&folder);
    assert_eq!(state.begun_erasures(0).unwrap(), std::slice::from_ref(&erasure));
    assert_eq!(state.begun_erasures(erasure.id).unwrap(), []);
    // The CRM has forgotten them; what was written down counts, and what is new.
    let mut known = state.begin_erasures(&[(&erasure, rows(&[9]))]).unwrap().remove(0);
    known.sort();
    assert_eq!(known, rows(&[7, 8, 9]));
    state.erase(&known, &erasure, &[], at(30)).unwrap();
    assert_eq!(state.begun_erasures(0).unwrap(), []);
    let connection = rusqlite::Connection::open(folder.path().join("state.db")).unwrap();
    let left: i64 = connection.query_row("SELECT count(*) FROM scn_erasing", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}

#[test]
fn erasure_leaves_counts_and_a_proof_and_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = open(&folder);
    let row = |id: i64, contact: i64| NewRow {
        contact: Id::Number(contact),
        event: crate::engine::Event { kind: 0, id: Id::Number(id), at: at(1), arrived: at(1) },
    };
    state.mark_history("purchased", &[row(1, 7), row(2, 8)]).unwrap();
    state.ingest("purchased", &[row(3, 7), row(4, 8)]).unwrap();
    let of = |contact: i64, first: u8| {
        let messages = vec![message(first, Class::Marketing), message(first + 1, Class::Marketing)];
        let withdrawn = vec![(key(first), crate::engine::Outcome::Cancelled, crate::engine::Reason::Erased)];
        ContactOut {
            contact: Id::Number(contact),
            keep: Some(Kept { state: b"who and what".to_vec(), wake: None }),
            messages,
            withdrawn,
            journal: vec![JournalRow { at: at(9), body: b"{}".to_vec() }],
            writes: vec![write(first, Change::Erase)],
            ..out()
        }
    };
    state.commit(&[of(7, 10), of(8, 20)], at(10)).unwrap();
    let before = state.message_counts().unwrap();
    let erasure = state.pending_writes(0, at(20), 1).unwrap().remove(0);
    assert_eq!(state.messages_of(&[ANA]).unwrap(), [key(10), key(11)]);
    let erased = state.erase(&[ANA], &erasure, &[], at(30)).unwrap();
    assert_eq!(erased, Erased { rows: vec![("purchased".into(), Id::Number(1)), ("purchased".into(), Id::Number(3))] });
    // One of the two that were pending is cancelled with the person.
    assert_eq!(before[0], (MessageState::Pending, None, 2));
    let erased = (MessageState::Cancelled, Some("erased".to_owned()), 3);
    assert_eq!(state.message_counts().unwrap(), [(MessageState::Pending, None, 1), erased]);
    let connection = rusqlite::Connection::open(folder.path().join("state.db")).unwrap();
    for table in ["contact", "seen", "inbox", "outbox", "journal", "write"] {
        let of = |contact: i64| -> i64 {
            let sql = format!("SELECT count(*) FROM scn_{table} WHERE contact = ?1");
            connection.query_row(&sql, [contact], |row| row.get(0)).unwrap()
        };
        assert_eq!(of(7), 0, "{table}");
        assert!(of(8) > 0, "{table}");
    }
    let secret: [u8; 32] = connection.query_row("SELECT key FROM scn_secret", [], |row| row.get(0)).unwrap();
    let proof: (String, i64, String) = connection
        .query_row("SELECT proof, at, scenario FROM scn_erased", [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap();
    assert_eq!(proof, (blake3::keyed_hash(&secret, b"7").to_string(), at(30).0, "gold".into()));
    // A row of that number is new again, whoever has it.
    assert_eq!(state.ingest("purchased", &[row(3, 9)]).unwrap(), 1);
    assert!(u64::from(part(&ANA)) < PARTS);
}

#[test]
fn a_call_goes_through_the_outbox_without_the_engine() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = open(&folder);
    let call = Some(("stock".to_owned(), "{\"values\":{}}".to_owned()));
    let calls =
        |number| NewMessage { alternatives: Vec::new(), call: call.clone(), ..message(number, Class::Transactional) };
    state
        .commit(&[ContactOut { messages: vec![calls(1), calls(2), message(3, Class::Marketing)], ..out() }], at(10))
        .unwrap();
    let due = state.due_outbox(at(100), 10).unwrap();
    assert_eq!(due.iter().map(|due| due.call.clone()).collect::<Vec<_>>(), [call.clone(), call, None]);
    assert!(state.claim_calls(&[(ticket(3), String::new())], at(100)).is_err());
    state.claim_calls(&[(ticket(1), "https://shop.example".into())], at(100)).unwrap();
    state.handed(&[ticket(1)], at(100)).unwrap();
    state.settle(&[(ticket(1), Outcome::Accepted { reply: "200".into() })], at(100)).unwrap();
    state.expire_calls(&[ticket(2)], at(100)).unwrap();
    // Nobody waits for what becomes of it.
    assert!(state.claim(at(200), 10).unwrap().is_empty());
    let states: Vec<MessageState> = state.message_counts().unwrap().into_iter().map(|(state, _, _)| state).collect();
    assert_eq!(states, [MessageState::Pending, MessageState::Accepted, MessageState::Expired]);
}

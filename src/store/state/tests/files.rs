//! The file itself, its lock, its journal of sendings, and what is wrong with others.

use super::*;
use crate::store::ErrorKind;
use std::path::Path;

fn refusal(path: &Path) -> (ErrorKind, String) {
    let error = State::open(path, "run", at(0)).unwrap_err();
    (error.kind, error.to_string().replace(&path.display().to_string(), "FILE"))
}

#[test]
fn one_process_at_a_time() {
    let folder = folder();
    let path = folder.path().join("state.db");
    let state = open(&folder);
    assert_eq!(refusal(&path), (ErrorKind::Locked, "another `scn run` works on `FILE`".into()));
    drop(state);
    open(&folder);
}

#[test]
fn commits_are_on_the_disk_when_they_return() {
    let folder = folder();
    let state = open(&folder);
    let pragma = |name: &str| state.connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).unwrap();
    let mode: String = state.connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    let synchronous: i64 = pragma("synchronous");
    assert_eq!((mode.as_str(), synchronous), ("wal", 2));
}

#[test]
fn files_that_cannot_be_the_state_are_refused_with_the_reason() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("text.db"), "no database at all, but long enough to have a header ".repeat(40)).unwrap();
    assert_eq!(refusal(&path("text.db")).0, ErrorKind::NotADatabase);

    drop(State::open(&path("newer.db"), "run", at(0)).unwrap());
    let newer = rusqlite::Connection::open(path("newer.db")).unwrap();
    newer.execute("UPDATE scn_meta SET value = 5 WHERE name = 'format'", []).unwrap();
    drop(newer);
    let words = "`FILE` was written by a newer version: format 5, and this version knows 4";
    assert_eq!(refusal(&path("newer.db")), (ErrorKind::Newer, words.into()));

    let (mut state, _) = State::open(&path("damaged.db"), "run", at(0)).unwrap();
    let rows: Vec<NewRow> = (0..5_000).map(|id| purchase(id, ANA, 10)).collect();
    state.ingest("purchased", &rows).unwrap();
    drop(state);
    let mut bytes = std::fs::read(path("damaged.db")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 20_000].fill(0xa5);
    std::fs::write(path("damaged.db"), bytes).unwrap();
    assert_eq!(refusal(&path("damaged.db")).0, ErrorKind::Corrupt);

    assert_eq!(refusal(&path("no/such/folder/state.db")).0, ErrorKind::NotFound);
    let other = rusqlite::Connection::open(path("held.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert_eq!(refusal(&path("held.db")).0, ErrorKind::Busy);
}

fn send_one(state: &mut State, number: u8, now: i64) {
    state.commit(&[ContactOut { messages: vec![message(number, Class::Marketing)], ..out() }], at(now)).unwrap();
    state.commit(&[ContactOut { verdicts: vec![(key(number), send())], ..out() }], at(now)).unwrap();
    state.handed(&[ticket(number)], at(now)).unwrap();
}

#[test]
fn a_restored_backup_is_refused_by_the_journal_of_sendings() {
    let folder = folder();
    let (path, backup) = (folder.path().join("state.db"), folder.path().join("backup.db"));
    let mut state = open(&folder);
    // Two messages wait; the later is sent, the backup is made, and then the earlier is sent.
    let messages = vec![message(1, Class::Marketing), message(2, Class::Marketing)];
    state.commit(&[ContactOut { messages, ..out() }], at(10)).unwrap();
    let claim = |number: u8| ContactOut { verdicts: vec![(key(number), send())], ..out() };
    state.commit(&[claim(2)], at(20)).unwrap();
    state.handed(&[ticket(2)], at(20)).unwrap();
    state.connection.execute("VACUUM INTO ?1", [backup.to_str()]).unwrap();
    state.commit(&[claim(1)], at(30)).unwrap();
    state.handed(&[ticket(1)], at(30)).unwrap();
    send_one(&mut state, 3, 40);
    drop(state);
    let journal = std::fs::read_to_string(folder.path().join("state.db.sent")).unwrap();
    assert_eq!(journal, "1 run-0\n2 run-0\n3 run-0\n");
    let _ = std::fs::remove_file(folder.path().join("state.db-wal"));
    std::fs::rename(&backup, &path).unwrap();
    let words = "`FILE` is older than its send journal: 2 messages were sent after it";
    assert_eq!(refusal(&path), (ErrorKind::OlderThanJournal, words.into()));
}

#[test]
fn a_line_cut_off_by_a_crash_does_not_count_and_is_taken_away() {
    let folder = folder();
    let journal = folder.path().join("state.db.sent");
    let mut state = open(&folder);
    send_one(&mut state, 1, 10);
    drop(state);
    std::fs::write(&journal, "1 run-0\n99").unwrap();
    let mut state = open(&folder);
    send_one(&mut state, 2, 20);
    drop(state);
    assert_eq!(std::fs::read_to_string(&journal).unwrap(), "1 run-0\n2 run-0\n");
    // A database that lost its file is older too.
    std::fs::remove_file(folder.path().join("state.db")).unwrap();
    assert_eq!(refusal(&folder.path().join("state.db")).0, ErrorKind::OlderThanJournal);
}

#[test]
fn a_full_disk_stops_a_commit_and_loses_nothing() {
    let folder = folder();
    let mut state = open(&folder);
    state.ingest("purchased", &[purchase(1, ANA, 10)]).unwrap();
    let pages: i64 = state.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    state.connection.execute_batch(&format!("PRAGMA max_page_count = {pages}")).unwrap();
    let rows: Vec<NewRow> = (2..5_000).map(|id| purchase(id, ANA, 10)).collect();
    let error = state.ingest("purchased", &rows).unwrap_err();
    assert_eq!((error.kind, error.help().is_some()), (ErrorKind::Full, true));
    state.connection.execute_batch("PRAGMA max_page_count = 1000000").unwrap();
    assert_eq!(state.ingest("purchased", &rows).unwrap(), 4_998);
}

#[test]
fn sqlites_two_codes_for_a_full_disk_are_one_error() {
    for code in [rusqlite::ffi::SQLITE_FULL, rusqlite::ffi::SQLITE_IOERR_SHMSIZE] {
        let failure = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        assert_eq!(crate::store::Error::sqlite("state.db", &failure).kind, ErrorKind::Full, "{code}");
    }
}

#[test]
fn a_file_of_the_first_version_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let first = rusqlite::Connection::open(&path).unwrap();
    first.execute_batch(super::super::schema::TABLES).unwrap();
    first.execute("INSERT INTO scn_meta VALUES ('format', 1)", []).unwrap();
    first.execute("INSERT INTO scn_contact VALUES (1, 7, x'00', 5)", []).unwrap();
    drop(first);
    for _ in 0..2 {
        let (state, _) = State::open(&path, "run", at(0)).unwrap();
        assert_eq!(state.waiting_contacts().unwrap(), 1);
        assert!(state.pending_writes(0, at(0), 1).unwrap().is_empty());
    }
}

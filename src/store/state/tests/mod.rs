//! The state file: what arrives, what is decided, what is sent, and what a crash leaves.

mod files;
mod inbox;
mod messages;
mod writes;

use super::{ContactOut, Kept, MessageState, NewMessage, Outcome, Recovered, State, Ticket, Verdict};
use crate::engine::{EffectKey, Event, Outcome as Decided, Reason};
use crate::ir::{Class, ScenarioHash};
use crate::model::Id;
use crate::store::crm::NewRow;
use crate::time::Instant;
use tempfile::TempDir;

fn at(seconds: i64) -> Instant {
    Instant::from_seconds(seconds)
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn reopen(folder: &TempDir, now: i64) -> (State, Recovered) {
    State::open(&folder.path().join("state.db"), &format!("run-{now}"), at(now)).unwrap()
}

fn open(folder: &TempDir) -> State {
    reopen(folder, 0).0
}

const ANA: Id = Id::Number(7);

fn key(number: u8) -> EffectKey {
    EffectKey([number; 16])
}

fn ticket(number: u8) -> Ticket {
    Ticket::new(&ANA, key(number))
}

/// A step of Ana's that leaves nothing behind.
fn out() -> ContactOut {
    ContactOut {
        contact: ANA,
        keep: None,
        consumed: Vec::new(),
        messages: Vec::new(),
        withdrawn: Vec::new(),
        verdicts: Vec::new(),
        journal: Vec::new(),
        writes: Vec::new(),
        forgotten: Vec::new(),
        absorbed: Vec::new(),
    }
}

/// Due at 100, to be sent until 1000.
fn message(number: u8, class: Class) -> NewMessage {
    NewMessage {
        key: key(number),
        scenario: "renewal".into(),
        hash: ScenarioHash([1; 32]),
        step: 2,
        class,
        alternatives: vec![("email".into(), "reminder".into()), ("sms".into(), "short".into())],
        due: at(90),
        not_before: at(100),
        expires_at: at(1_000),
        call: None,
    }
}

fn send() -> Verdict {
    Verdict::Send {
        channel: "email".into(),
        message: "reminder".into(),
        address: "ana@example.com".into(),
        context: "{}".into(),
        message_id: Some("<1@example.com>".into()),
    }
}

fn accepted() -> Outcome {
    Outcome::Accepted { reply: "250 ok\u{1b}[31m".into() }
}

fn deferred(next_try: i64, reply: Option<&str>) -> Outcome {
    Outcome::Deferred { next_try: at(next_try), reason: "greylisted".into(), reply: reply.map(String::from) }
}

fn bounced() -> Outcome {
    Outcome::Bounced { class: "address".into(), reply: "550 5.1.1 no such user".into() }
}

fn uncertain() -> Outcome {
    Outcome::Uncertain { reason: "no answer after the final dot".into() }
}

fn purchase(id: i64, contact: Id, arrived: i64) -> NewRow {
    let event = Event { kind: 0, id: Id::Number(id), at: at(arrived - 1), arrived: at(arrived) };
    NewRow { contact, event }
}

fn state_of(state: &State, ticket: Ticket) -> String {
    let sql = "SELECT state FROM scn_outbox WHERE part = ?1 AND key = ?2";
    state.connection.query_row(sql, (ticket.part, ticket.key.to_string()), |row| row.get(0)).unwrap()
}

fn one(state: &State, sql: &str) -> String {
    state.connection.query_row(&format!("SELECT quote(({sql}))"), [], |row| row.get(0)).unwrap()
}

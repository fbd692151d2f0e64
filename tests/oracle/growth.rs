//! No quadratic behaviour, shown by counting: what the engine keeps to be asked about does not grow with what is over.
//! Times are printed by the benches.

use super::machine;
use rusqlite::{Connection, params};
use scn::engine::{Delivery, Facts, Input, Measures, Output, Program, State, step};
use scn::store::crm::{ContactRange, Crm, Notes};
use std::fmt::Write;
use std::ops::ControlFlow;

const DAYS: i64 = 400;

/// How often a text is found in what a state looks like after one contact's daily purchases: how many watches of that
/// kind it keeps, and with how many words it is described.
fn after_daily_purchases(text: &str, watch: &str) -> (usize, usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    let db = Connection::open(&path).unwrap();
    db.execute_batch(
        "CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT);
         CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, at INTEGER);
         INSERT INTO contact VALUES (1, 'a@example.com');",
    )
    .unwrap();
    for day in 0..DAYS {
        db.execute("INSERT INTO purchased VALUES (?, 1, ?)", params![day + 1, 1_577_836_800 + day * 86_400]).unwrap();
    }
    let program = Program::link(&machine::bundle(text, "UTC"), &[]).unwrap();
    let crm = Crm::open(&path).unwrap();
    let (world, _) = crm.world(&program).unwrap();
    let lives = crm.lives(&program, &world).unwrap();
    let mut seen = (0, 0);
    lives
        .read(&crm, &ContactRange::default(), &mut Notes::default(), |person, life| {
            let (mut state, mut out) = (State::default(), Output::default());
            while let Some(at) = life.next().map(|event| event.arrived) {
                while let Some(due) = state.next_due(&program).filter(|due| *due < at) {
                    let facts = Facts { world: &world, person, life, measures: Measures::NONE };
                    step(&program, &mut state, Input::Timer, due, facts, Delivery::Immediate, &mut out);
                }
                let place = life.admit(&program, &world).unwrap();
                let facts = Facts { world: &world, person, life, measures: Measures::NONE };
                step(&program, &mut state, Input::Event { place }, at, facts, Delivery::Immediate, &mut out);
            }
            let mut shown = String::new();
            write!(shown, "{state:?}").unwrap();
            seen = (shown.matches(watch).count(), shown.len());
            ControlFlow::Continue(())
        })
        .unwrap();
    seen
}

#[test]
fn a_wait_that_is_over_is_asked_about_no_more() {
    // Every instance waits for ten years after it: were its watch kept, each purchase would ask all before it.
    let text = "when purchased wait up to 2 days for purchased wait 10 years send email offer";
    let (watches, _) = after_daily_purchases(text, "what: Wait(");
    assert!(watches <= 2, "{watches} watches for {DAYS} purchases");
}

#[test]
fn an_instance_that_has_ended_leaves_nothing() {
    for text in [
        "when purchased stop when purchased wait 10 years send email offer",
        "when purchased goal purchased wait 10 years send email offer",
        "when purchased latest wait 10 years send email offer together",
        "when purchased wait 1 hour send email offer",
        "when purchased goal purchased within 1 hour of last message send email offer",
    ] {
        let (instances, length) = after_daily_purchases(text, "Instance {");
        assert!(instances <= 2, "{instances} instances are left: {text}");
        // The timers of `latest` stay until they come due; they are all that does.
        assert!(length < 400 * DAYS as usize, "a state of {length} letters: {text}");
    }
}

//! The real binary, ended at any moment: by SIGKILL, by signals that it listens to, by what it finds locked or down.

use super::binary::{CONNECTIONS, Project, code, text, wait_until};
use super::fault_server::FaultServer;
use super::outbox;
use super::random::Random;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::{Child, Command, Output};
use std::time::Duration;

const KILLS: u64 = 24;

/// `count` addresses, in turns of these behaviours.
fn addresses(behaviours: &[&str], count: usize) -> Vec<String> {
    (0..count).map(|place| format!("{}+{place}@example.com", behaviours[place % behaviours.len()])).collect()
}

/// Kills runs after random times, then lets one finish.
fn kill(project: &Project, kills: u64, milliseconds: (i64, i64)) {
    let mut random = Random::new(7);
    for _ in 0..kills {
        let mut child = project.spawn();
        std::thread::sleep(Duration::from_millis(random.range(milliseconds.0, milliseconds.1) as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(outbox::quick_check(&project.state()), "ok");
    }
    let output = project.once();
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
}

#[test]
fn killed_while_it_sends_to_a_server() {
    let server = FaultServer::start();
    let project = Project::started(Some(server.address));
    let addresses = addresses(&["ok", "slow", "ok"], 240);
    project.subscribe(&addresses);
    kill(&project, KILLS, (30, 700));
    let states = outbox::states(&project.state());
    println!("{states:?} after {KILLS} kills");
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for mail in server.book.received() {
        *taken.entry(mail.recipient).or_default() += 1;
    }
    let doubled: Vec<_> = taken.iter().filter(|(_, count)| **count > 1).collect();
    assert!(doubled.is_empty(), "doubled: {doubled:?}");
    let rows = outbox::rows(&project.state());
    assert_eq!(rows.len(), addresses.len(), "one message a contact");
    for row in &rows {
        match row.state.as_str() {
            "accepted" => assert!(taken.contains_key(&row.address), "recorded and never sent: {row:?}"),
            "uncertain" => {}
            _ => panic!("lost: {row:?}"),
        }
    }
    let unrecorded = taken.keys().filter(|taken| !rows.iter().any(|row| row.address == **taken)).count();
    assert_eq!(unrecorded, 0);
    let uncertain = states.get("uncertain").copied().unwrap_or(0);
    assert!(uncertain <= KILLS as usize * CONNECTIONS, "{uncertain} are uncertain");
    assert!(states["accepted"] > 0 && states.keys().all(|state| state == "accepted" || state == "uncertain"));
}

#[test]
fn killed_while_it_writes_files() {
    let project = Project::started(None);
    project.subscribe(&addresses(&["ok"], 1_000));
    kill(&project, KILLS, (20, 160));
    assert_eq!(outbox::states(&project.state()), BTreeMap::from([("accepted".into(), 1_000)]));
    let files = project.files();
    assert_eq!(files.len(), 1_000);
    assert!(files.iter().all(|file| file.ends_with(".eml")), "nothing unfinished is left");
}

#[test]
fn killed_while_it_changes_the_crm() {
    let project = Project::of(
        "scenario mark {\n  when subscribed list is \"news\"\n  set contact.tier = \"gold\"\n  tag \"reader\"\n}\n\
         scenario leave {\n  when subscribed list is \"leave\"\n  send email hello\n  wait up to 1 hour for sent hello\n  erase contact only if sent hello\n}\n",
        None,
    );
    project.subscribe(&addresses(&["ok"], 600));
    project.crm().execute_batch("UPDATE subscribed SET list = 'leave' WHERE contact % 3 = 0").unwrap();
    kill(&project, KILLS, (20, 200));
    let left = |sql: &str| project.crm().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    wait_until("all are erased", || {
        assert_eq!(code(&project.once()), 0);
        left("SELECT count(*) FROM contact") == 400
    });
    assert_eq!(left("SELECT count(*) FROM contact WHERE tier = 'gold' AND id % 3 > 0"), 400);
    assert_eq!(left("SELECT count(*) FROM contact_tags WHERE tags = 'reader'"), 400);
    assert_eq!(left("SELECT count(DISTINCT contact) FROM contact_tags"), 400);
    assert_eq!(left("SELECT count(*) FROM subscribed WHERE contact % 3 = 0"), 0);
    let state = Connection::open(project.state()).unwrap();
    let kept = |sql: &str| state.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(kept("SELECT count(*) FROM scn_erased"), 200);
    assert_eq!(kept("SELECT count(*) FROM scn_write WHERE state = 'pending'"), 0);
    for table in ["contact", "seen", "journal", "outbox"] {
        assert_eq!(kept(&format!("SELECT count(*) FROM scn_{table} WHERE contact % 3 = 0")), 0, "{table}");
    }
    assert_eq!(project.files().len(), 0, "what was written to the erased is gone too");
}

/// Sends a signal to a child, by the shell's own `kill`.
#[cfg(unix)]
pub fn signal(child: &Child, name: &str) {
    let status = Command::new("sh").args(["-c", &format!("kill -{name} {}", child.id())]).status().unwrap();
    assert!(status.success());
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_cleanly() {
    // At another place of their dialogues each time: what was stopped before its dot leaves with the next run.
    for (name, later) in [("INT", 0), ("TERM", 130), ("TERM", 230), ("INT", 330)] {
        let server = FaultServer::start();
        let project = Project::started(Some(server.address));
        project.subscribe(&addresses(&["slow"], 40));
        let child = project.spawn();
        wait_until("mail is sent", || server.book.accepted().len() > 4);
        std::thread::sleep(Duration::from_millis(later));
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        assert_eq!(code(&output), 0, "{name}: {}", text(&output.stderr));
        let states = outbox::states(&project.state());
        assert!(states.keys().all(|state| ["accepted", "pending", "deferred"].contains(&state.as_str())), "{states:?}");
        assert!(states["accepted"] < 40, "it ends before all is sent: {states:?}");
        assert_eq!(code(&project.once()), 0);
        assert_eq!(outbox::states(&project.state()), BTreeMap::from([("accepted".into(), 40)]));
        assert_eq!(server.book.received().len(), 40);
    }
}

#[test]
fn of_two_at_once_the_second_refuses() {
    let server = FaultServer::start();
    let project = Project::started(Some(server.address));
    project.subscribe(&addresses(&["slow"], 20));
    let mut first = project.spawn();
    wait_until("the first sends", || server.book.connections() > 0);
    let second = project.once();
    assert_eq!(code(&second), 75);
    assert!(text(&second.stderr).contains("another `scn run` works on"), "{}", text(&second.stderr));
    wait_until("the first has sent all", || project.count("accepted") == 20);
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(server.book.received().len(), 20);
}

#[test]
fn a_server_that_is_down_defers_everything() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let project = Project::started(Some(nobody));
    project.subscribe(&addresses(&["ok"], 9));
    let output = project.once();
    assert_eq!(code(&output), 75, "{}", text(&output.stdout));
    assert_eq!(outbox::states(&project.state()), BTreeMap::from([("deferred".into(), 9)]));
    assert!(text(&output.stdout).contains("9 could not be sent yet"), "{}", text(&output.stdout));
}

#[test]
fn a_server_that_blames_us_opens_the_circuit() {
    let server = FaultServer::start();
    let project = Project::started(Some(server.address));
    project.subscribe(&addresses(&["d554", "dot554"], 60));
    let output = project.once();
    assert_eq!(code(&output), 69, "{}", text(&output.stdout));
    let states = outbox::states(&project.state());
    assert!((20..20 + CONNECTIONS).contains(&states["bounced"]), "{states:?}");
    assert_eq!(states["bounced"] + states["pending"], 60, "the rest waits, and nobody is suppressed: {states:?}");
}

#[test]
fn what_another_program_holds_is_not_touched() {
    let server = FaultServer::start();
    let project = Project::started(Some(server.address));
    project.subscribe(&addresses(&["ok"], 3));
    let busy = |held: &Connection| {
        held.execute_batch("BEGIN EXCLUSIVE").unwrap();
        let output: Output = project.once();
        held.execute_batch("ROLLBACK").unwrap();
        assert_eq!(code(&output), 75, "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains("is locked by another program"), "{}", text(&output.stderr));
        assert_eq!(server.book.connections(), 0);
    };
    busy(&project.crm());
    busy(&Connection::open(project.state()).unwrap());
    assert_eq!(code(&project.once()), 0);
    assert_eq!(server.book.accepted().len(), 3);
}

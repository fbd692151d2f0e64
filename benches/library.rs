//! The whole library under a policy, over a shop of many copies of "Online Retail" around which a generator has put all that its
//! scenarios read, beside the bare ordered scan of all its events.
//!
//! `cargo bench --bench library -- 20` names the copies; without a number it is one.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a bench: it reads its files and may panic"
)]

#[path = "support/scan.rs"]
mod scan;
#[path = "support/shop.rs"]
mod shop;
mod support;

use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use support::Contestant;

const ROUNDS: usize = 3;
const SEED: u64 = 20_111_209;

/// Caps, quiet hours and a holdout over all scenarios.
const POLICY: &str = r#"
policy {
  time zone contact.time_zone default "Europe/London"
  quiet hours 20:00 to 09:00 and on sunday
  at most 1 marketing message per day and 3 per week
  priority recurrent, overdue, reactivation
  expire 2 days
  holdout 5%
}
"#;

fn main() {
    let copies: u32 = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(1);
    let Some(one) = support::copies(1) else { return };
    let crm = support::room("crm").join(format!("shop_{copies}.db"));
    if !crm.exists() {
        // Under another name while it is made: what a stopped bench leaves is not taken for a shop.
        let partial = crm.with_extension("partial");
        shop::write_all(&one, i64::from(copies), SEED, &partial);
        std::fs::rename(partial, &crm).unwrap();
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    println!("a shop of {copies} copies, with {threads} threads:");
    let rows: u64 = print_rows(&crm);
    let project = project();
    let effects = project.join("effects.csv");
    let simulate = || {
        let mut simulate = support::scn();
        simulate.arg("simulate").arg(&project).arg("--crm").arg(&crm).arg("--effects").arg(&effects);
        simulate
    };
    let mut contestants: Vec<Contestant<'_>> = vec![
        (
            format!("bare ordered scan of all events, all columns, {threads} threads"),
            Box::new(|| assert_eq!(scan::scan(&crm, &shop::EVENTS, threads), rows)),
        ),
        ("scn: the whole library under a policy".into(), Box::new(|| assert!(simulate().status().unwrap().success()))),
    ];
    let times = support::race(ROUNDS, &mut contestants, std::slice::from_ref(&effects));
    support::print(&contestants, &times);
    let lines = std::fs::read(&effects).unwrap().iter().filter(|byte| **byte == b'\n').count();
    println!("  {} effects; the goal is 4 times the scan", lines.saturating_sub(1));
    let peak = support::peak_memory(simulate()).map_or("unknown".into(), |peak| format!("{peak:.0}"));
    println!("  peak memory: {peak} MiB");
    support::print_machine();
}

/// Prints how many rows each table has; gives how many the events are.
fn print_rows(crm: &Path) -> u64 {
    let connection = Connection::open_with_flags(crm, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let count = |table: &str| -> u64 {
        let sql = format!("SELECT count(*) FROM {table}");
        let rows: i64 = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
        println!("  {table:<16} {rows:>12}");
        rows as u64
    };
    count("contact");
    count("product");
    shop::EVENTS.iter().map(|table| count(table)).sum()
}

/// The library beside a policy.
fn project() -> PathBuf {
    let project = support::room("library").join("project");
    drop(std::fs::remove_dir_all(&project));
    copy(&support::repository("scenarios"), &project);
    std::fs::write(project.join("policy.scn"), POLICY).unwrap();
    std::fs::write(project.join("scn.toml"), "currency = \"GBP\"\n").unwrap();
    project
}

/// Copies a folder of texts; the sample's CRM and history stay where they are.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() && name != "sample" {
            copy(&path, &to.join(name));
        } else if path.is_file() {
            std::fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

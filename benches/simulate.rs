//! `scn simulate` over the whole of "Online Retail", beside a bare ordered scan of the same rows.
//!
//! The aim for the renewal sentence is twice the scan. The other scenarios show that no path recognises it.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench: it reads its files and may panic")]

mod support;

use rusqlite::{Connection, OpenFlags};
use std::hint::black_box;
use std::path::Path;
use support::Contestant;

const ROUNDS: usize = 11;

/// Scenarios over the same rows.
const SCENARIOS: [(&str, &str); 7] = [
    ("the renewal sentence", include_str!("../scenarios/renewal/renewal.scn")),
    (
        "an absence: unless purchased in last 3 months",
        "when purchased product.recurring wait 6 months send email reminder unless purchased in last 3 months",
    ),
    (
        "where, over ever: only if purchased where amount > 50 ever",
        "when purchased product.recurring wait product.delay - 1 month
         send email reminder only if purchased where amount > 50 GBP ever",
    ),
    (
        "wait up to, with branches",
        "scenario waiting {
           when purchased product.recurring
           wait up to 60 days for repurchased
           if repurchased { send email thanks } else { send email reminder }
         }",
    ),
    (
        "together, and stop when",
        "scenario digest {
           when purchased product.recurring
           stop when repurchased
           wait product.delay - 1 month
           send email reminders together
         }",
    ),
    (
        "goal, once every, unless, two messages",
        "scenario second {
           when purchased
           once every 6 months
           goal purchased within 30 days of last message
           wait 10 days
           send email how_is_it unless purchased
           wait 3 weeks
           send email chosen_for_you
         }",
    ),
    ("latest", "scenario newest { when purchased latest wait 3 months send email reminder }"),
];

fn main() {
    let crm = support::retail();
    let rows = scan(&crm);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "{rows} purchases; the scan has one thread, `scn simulate` {threads}; medians of {ROUNDS}, page cache warm"
    );
    support::print_machine();
    let room = support::room("simulate");
    let scan = || assert_eq!(scan(&crm), rows);
    let mut contestants: Vec<Contestant<'_>> =
        vec![("bare scan, six columns, by the index (contact, at)".into(), Box::new(scan))];
    for (place, (name, text)) in SCENARIOS.iter().enumerate() {
        let folder = room.join(format!("s{place}"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("scn.toml"), "currency = \"GBP\"\n").unwrap();
        let (scenario, effects) = (support::scenario(&folder, "renewal", text), folder.join("effects.csv"));
        let crm = &crm;
        let run = move || {
            let mut command = support::scn();
            command.arg("simulate").arg(&scenario).arg("--crm").arg(crm).arg("--effects").arg(&effects);
            assert!(command.status().unwrap().success());
        };
        contestants.push(((*name).into(), Box::new(run)));
    }
    let times = support::race(ROUNDS, &mut contestants);
    support::print(&contestants, &times);
    support::print_machine();
}

/// Reads every purchase in the order of contact and instant, and each of its columns; gives the number of rows.
fn scan(crm: &Path) -> u64 {
    let connection = Connection::open_with_flags(crm, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    // As the engine has it: in this order rows lie all over the file.
    connection.execute_batch("PRAGMA cache_size = -65536").unwrap();
    let sql = "SELECT id, contact, at, product, quantity, amount
               FROM purchased INDEXED BY purchased_contact_at ORDER BY contact, at";
    let mut statement = connection.prepare(sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    let (mut count, mut sum) = (0, 0);
    while let Some(row) = rows.next().unwrap() {
        let number = |column: usize| row.get_ref(column).unwrap().as_i64().unwrap();
        let amount = row.get_ref(5).unwrap().as_f64().unwrap();
        let at = row.get_ref(2).unwrap().as_str().unwrap();
        sum += number(0) ^ number(1) ^ number(3) ^ number(4) ^ amount as i64 ^ at.len() as i64;
        count += 1;
    }
    black_box(sum);
    count
}

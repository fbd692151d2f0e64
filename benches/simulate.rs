//! `scn simulate` over "Online Retail", beside what else could answer the question of the renewal sentence: a bare ordered scan of
//! the same rows, a program written by hand, SQLite's window functions, DuckDB, Polars.
//!
//! `cargo bench --bench simulate -- 1 20` names the copies of the history; without a number it is one. The other scenarios show
//! that no path recognises the sentence.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a bench: it reads its files and may panic"
)]

#[path = "support/answer.rs"]
mod answer;
#[path = "support/by_hand.rs"]
mod by_hand;
#[path = "support/rivals.rs"]
mod rivals;
#[path = "support/scan.rs"]
mod scan;
mod support;

use by_hand::Answer;
use std::path::{Path, PathBuf};
use support::{Contestant, Times};

const ROUNDS: usize = 5;

/// The answers that all agree on, by the copies of the history.
const ANSWERS: [(u32, Answer); 2] = [
    (1, (113_977, 160_255_716, 149_048_055_903_900, 149_352_989_583_900)),
    (20, (2_399_582, 104_171_417_339, 3_137_554_481_435_160, 3_143_967_767_156_760)),
];

/// Scenarios over the same rows.
const SCENARIOS: [(&str, &str); 8] = [
    ("the renewal sentence", include_str!("../scenarios/renewal/renewal.scn")),
    (
        "an absence: unless purchased in last 3 months",
        "when purchased product.recurring wait 6 months send email reminder unless purchased in last 3 months",
    ),
    (
        "an aggregate over ever: only if count of purchased ever >= 3",
        "when purchased product.recurring wait product.delay - 1 month
         send email reminder only if count of purchased ever >= 3",
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
        "where, over ever: only if purchased where amount > 50 ever",
        "when purchased product.recurring wait product.delay - 1 month
         send email reminder only if purchased where amount > 50 GBP ever",
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
    let copies: Vec<u32> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    for copies in if copies.is_empty() { vec![1] } else { copies } {
        let Some(crm) = support::copies(copies) else { return };
        measure(&crm, copies);
    }
}

fn measure(crm: &Path, copies: u32) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let rows = scan::scan(crm, &["purchased"], 1);
    println!("\n{rows} purchases, {copies} copies; `scn simulate` and the scan of all cores have {threads} threads");
    println!("medians of {ROUNDS} rounds, page cache warm, effects CSV written; `warm` takes the history from a cache");
    support::print_machine();
    let known = ANSWERS.iter().find(|(of, _)| *of == copies).map(|(_, answer)| *answer);
    let expected = known.unwrap_or_else(|| rivals::sqlite_window(crm));
    let python = rivals::Python::find(crm, copies);
    let scan_by = |threads: usize| move || assert_eq!(scan::scan(crm, &["purchased"], threads), rows);
    let mut contestants: Vec<Contestant<'_>> = vec![
        (format!("bare ordered scan, six columns, {threads} threads"), Box::new(scan_by(threads))),
        ("bare ordered scan, six columns, 1 thread".into(), Box::new(scan_by(1))),
        ("the question by hand, 1 thread, no effects".into(), Box::new(|| assert_eq!(by_hand::ask(crm), expected))),
        ("SQLite's window functions".into(), Box::new(|| assert_eq!(rivals::sqlite_window(crm), expected))),
    ];
    for case in ["duckdb-sqlite", "duckdb-parquet", "polars-parquet-tuned"] {
        if let Some(python) = &python {
            contestants.push((case.into(), Box::new(move || assert_eq!(python.ask(case, crm), expected, "{case}"))));
        }
    }
    let first = contestants.len();
    let room = support::room("simulate");
    let mut effects: Vec<PathBuf> = Vec::new();
    for (place, (name, text)) in SCENARIOS.iter().enumerate() {
        let folder = room.join(format!("s{place}"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("scn.toml"), "currency = \"GBP\"\n").unwrap();
        let (scenario, to) = (support::scenario(&folder, "renewal", text), folder.join("effects.csv"));
        effects.push(to.clone());
        let run = move || assert!(simulate(&scenario, crm, &to).status().unwrap().success());
        contestants.push((format!("scn: {name}"), Box::new(run)));
    }
    let warm = contestants.len();
    let (folder, caches) = (room.join("s0"), room.join("caches"));
    let (scenario, to) = (folder.join("renewal.scn"), folder.join("warm.csv"));
    effects.push(to.clone());
    let run = move || {
        let mut command = simulate(&scenario, crm, &to);
        command.arg("--cache").env("XDG_CACHE_HOME", &caches);
        assert!(command.status().unwrap().success());
    };
    // The first makes the cache, which serves from then on.
    run();
    contestants.push(("scn, warm: the renewal sentence".into(), Box::new(run)));
    let times = support::race(ROUNDS, &mut contestants, &effects);
    support::print(&contestants, &times);
    let same = std::fs::read(&effects[0]).unwrap() == std::fs::read(&effects[SCENARIOS.len()]).unwrap();
    assert!(same, "other bytes from a cache");
    assert_eq!(answer::of(&effects[0], crm), expected, "what `scn simulate` wrote");
    println!("all answers are {expected:?}");
    print_goals(&contestants, &times, first);
    print_goals_of_warm(&contestants, &times, warm);
    print_memory(&room.join("s0"), crm);
    support::print_machine();
}

/// The goals of the sentence, and of those that it is beside.
fn print_goals(contestants: &[Contestant<'_>], times: &[Times], first: usize) {
    let wall = |place: usize| times[place].median().as_secs_f64();
    let cpu = |place: usize| times[place].processor.unwrap_or_default().as_secs_f64();
    let place = |name: &str| contestants.iter().position(|(each, _)| each.starts_with(name));
    let print = |what: &str, ratio: f64, goal: f64| {
        println!("  {what:<62} {ratio:>6.2}   goal {goal}: {}", if ratio <= goal { "met" } else { "missed" });
    };
    print("wall time, to the scan by as many threads", wall(first) / wall(0), 1.2);
    if let Some(duck) = place("duckdb-sqlite") {
        print("wall time, to DuckDB on the same file", wall(first) / wall(duck), 1.0);
    }
    print("wall time, to SQLite's window functions", wall(first) / wall(3), 0.1);
    print("processor time, to the program by hand", cpu(first) / cpu(2), 2.0);
    for (other, (name, _)) in contestants.iter().enumerate().skip(first + 1).take(3) {
        print(&format!("wall time of {name}, to the sentence"), wall(other) / wall(first), 2.0);
    }
}

/// The goals of the sentence from a cache.
fn print_goals_of_warm(contestants: &[Contestant<'_>], times: &[Times], warm: usize) {
    let wall = |place: usize| times[place].median().as_secs_f64();
    let Some(duck) = contestants.iter().position(|(each, _)| each == "duckdb-parquet") else { return };
    let ratio = wall(warm) / wall(duck);
    let met = |goal: f64| if ratio <= goal { "met" } else { "missed" };
    println!("  warm, wall time, to DuckDB on Parquet: {ratio:.2}   goal 1: {}, then 0.5: {}", met(1.0), met(0.5));
}

/// The most memory of the sentence; and whether one thread writes the same bytes.
fn print_memory(folder: &Path, crm: &Path) {
    let (scenario, to) = (folder.join("renewal.scn"), folder.join("effects.csv"));
    let peak =
        support::peak_memory(simulate(&scenario, crm, &to)).map_or("unknown".into(), |peak| format!("{peak:.0}"));
    println!("  peak memory of the sentence: {peak} MiB (goal 100)");
    let one = folder.join("one.csv");
    let mut alone = std::process::Command::new("taskset");
    let of_one = simulate(&scenario, crm, &one);
    alone.args(["-c", "0"]).arg(of_one.get_program()).args(of_one.get_args()).stdout(std::process::Stdio::null());
    match alone.status() {
        Ok(status) if status.success() => {
            assert!(std::fs::read(&to).unwrap() == std::fs::read(&one).unwrap(), "other bytes on one thread");
            println!("  one thread writes the same bytes");
        }
        _ => println!("  one thread was not tried: there is no `taskset`"),
    }
    drop(std::fs::remove_file(one));
}

fn simulate(scenario: &Path, crm: &Path, effects: &Path) -> std::process::Command {
    let mut command = support::scn();
    command.arg("simulate").arg(scenario).arg("--crm").arg(crm).arg("--effects").arg(effects);
    command
}

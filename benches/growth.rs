//! Ten times the size takes ten times the time: one contact with many events, one scenario with many steps, many scenarios.
//!
//! Printed is the time of a unit at both sizes and their ratio; about 1 is linear, 10 would be quadratic.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench: it reads its files and may panic")]

mod support;

use rusqlite::{Connection, params};
use scn::compile::{Input, InputFile, compile};
use scn::drivers::simulate::{Request, simulate};
use scn::ir::Bundle;
use scn::model::{Configuration, Surroundings};
use scn::store::crm::Crm;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const ROUNDS: usize = 5;

/// Scenarios for one contact with many events.
const SCENARIOS: [(&str, &str); 8] = [
    ("the renewal sentence", include_str!("../scenarios/renewal/renewal.scn")),
    (
        "unless purchased in last 3 months",
        "when purchased wait 6 months send email a unless purchased in last 3 months",
    ),
    ("where, over ever", "when purchased wait 1 month send email a only if purchased where amount > 1000000 EUR ever"),
    (
        "where with the trigger's value",
        "when purchased wait 1 month send email a unless purchased where amount > trigger.amount since entry",
    ),
    (
        "wait up to, with branches",
        "scenario s { when purchased wait up to 60 days for repurchased if repurchased { send email a } else { send email b } }",
    ),
    (
        "together, and stop when",
        "scenario s { when purchased stop when repurchased wait 2 months send email a together }",
    ),
    ("goal, latest", "scenario s { when purchased latest goal purchased wait 2 months send email a }"),
    ("once every", "scenario s { when purchased once every 6 months wait 2 months send email a }"),
];

/// Scenarios that ask more of one contact the longer its history is, each at three sizes.
const LONG: [(&str, &str); 14] = [
    (
        "credit and debit, with expiry",
        "scenario s { when purchased credit 10 points expiring in 1 year wait 1 day debit 4 points }",
    ),
    (
        "credit and debit, many credits alive",
        "scenario s { when purchased credit 10 points expiring in 20 years wait 1 year debit 4 points }",
    ),
    ("count ever", "when purchased send email a only if count of purchased ever >= 3"),
    ("sum in last 1 year", "when purchased send email a only if sum of purchased.amount in last 1 year > 0 EUR"),
    (
        "average in last 1 year",
        "when purchased send email a only if average of purchased.amount in last 1 year > 0 EUR",
    ),
    (
        "sum since entry, after 1 year",
        "when purchased wait 1 year send email a only if sum of purchased.amount since entry > 0 EUR",
    ),
    ("median gap ever", "when purchased send email a only if median gap of purchased ever < 30 days"),
    (
        "most common in last 1 year",
        "when purchased send email a only if most common of purchased.product in last 1 year is trigger.product",
    ),
    ("count by key", "when purchased send email a only if count of purchased same product ever >= 3"),
    (
        "own events: sent and tagged",
        "scenario s { when purchased tag \"buyer\" send email a only if not (sent a in last 1 day) and not (tagged in last 1 day) } ",
    ),
    ("own events: opened", "scenario s { when purchased goal opened a send email a wait 1 day }"),
    (
        "a goal that stands, two messages",
        "scenario s { when purchased goal clicked a wait 1 month send email a wait 1 month send email b }",
    ),
    (
        "many instances, in another scenario",
        "scenario s { when purchased wait 1 year send email a unless in t } scenario t { when purchased wait 1 year send email b }",
    ),
    (
        "many messages pending",
        "policy { expire 2 years quiet hours 20:00 to 08:00 } scenario s { when purchased send email a }",
    ),
];

fn main() {
    support::print_machine();
    one_contact();
    println!(
        "{:<62} {:>10} {:>10} {:>7}",
        "microseconds a unit, medians of 5, one thread", "smaller", "larger", "ratio"
    );
    let crms = [10_000, 100_000].map(|events| (events, history(events)));
    for (name, text) in SCENARIOS {
        let bundle = compiled(&[("s".into(), text.into())]);
        let [small, large] = [&crms[0], &crms[1]].map(|(events, crm)| (*events, median(|| run(&bundle, crm))));
        print(&format!("one contact, 10,000 and 100,000 events: {name}"), small, large);
    }
    let crm = history(200);
    let [small, large] = [100, 1_000].map(|steps| {
        let text = [("s".to_owned(), long(steps))];
        (steps, median(|| drop(compiled(&text))))
    });
    print("compiling a scenario of 100 and 1,000 steps", small, large);
    let [small, large] = [100, 1_000].map(|steps| {
        let bundle = compiled(&[("s".into(), long(steps))]);
        (steps, median(|| run(&bundle, &crm)))
    });
    print("simulating it for 200 events", small, large);
    let [small, large] = [100, 1_000].map(|count| {
        let texts = many(count);
        (count, median(|| drop(compiled(&texts))))
    });
    print("compiling 100 and 1,000 scenarios", small, large);
    let crm = history(1_000);
    let [small, large] = [100, 1_000].map(|count| {
        let bundle = compiled(&many(count));
        (count, median(|| run(&bundle, &crm)))
    });
    print("simulating them for 1,000 events", small, large);
    support::print_machine();
}

fn print(name: &str, (small, took): (usize, Duration), (large, took_large): (usize, Duration)) {
    let unit = |took: Duration, size: usize| took.as_secs_f64() * 1e6 / size as f64;
    let (one, other) = (unit(took, small), unit(took_large, large));
    println!("{name:<82} {one:>10.2} {other:>10.2} {:>7.2}", other / one);
}

fn median(mut run: impl FnMut()) -> Duration {
    run();
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort();
    times.get(ROUNDS / 2).copied().unwrap_or_default()
}

fn compiled(texts: &[(String, String)]) -> Bundle {
    let mut input = Input::default();
    for (stem, text) in texts {
        let source = input.sources.add(format!("{stem}.scn"), text.clone());
        input.files.push(InputFile { source, stem: stem.clone(), folder: String::new(), selected: true });
    }
    compile(&input, &Surroundings::default(), &Configuration::default()).bundle.unwrap()
}

fn run(bundle: &Bundle, crm: &Path) {
    let crm = Crm::open(crm).unwrap();
    let mut effects = std::fs::File::create(support::room("growth").join("effects.csv")).unwrap();
    let simulation = simulate(bundle, &crm, &Request::default(), Some(&mut effects)).unwrap();
    assert!(simulation.report.not_simulated.is_empty());
}

/// One contact who buys one of ten products every eight hours.
fn history(events: usize) -> PathBuf {
    let path = support::room("growth").join(format!("{events}.db"));
    drop(std::fs::remove_file(&path));
    let mut connection = Connection::open(&path).unwrap();
    let transaction = connection.transaction().unwrap();
    transaction
        .execute_batch(
            "CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT);
             INSERT INTO contact VALUES (1, 'ana@example.com');
             CREATE TABLE product(id INTEGER PRIMARY KEY, name TEXT, family TEXT, recurring INTEGER, delay TEXT);
             CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, product INTEGER, at INTEGER,
                 quantity INTEGER, amount REAL);
             CREATE INDEX purchased_contact_at ON purchased(contact, at);",
        )
        .unwrap();
    for product in 0..10 {
        let row = params![product, format!("product {product}"), format!("family {product}"), "2 months"];
        transaction.execute("INSERT INTO product VALUES (?1, ?2, ?3, 1, ?4)", row).unwrap();
    }
    let mut insert = transaction.prepare("INSERT INTO purchased VALUES (?1, 1, ?2, ?3, 1, ?4)").unwrap();
    for event in 0..i64::try_from(events).unwrap() {
        insert.execute(params![event, event % 10, event * 8 * 3600, 1_000 - event % 1_000]).unwrap();
    }
    drop(insert);
    transaction.commit().unwrap();
    path
}

/// A scenario of so many steps: half of them wait.
fn long(steps: usize) -> String {
    let mut text = String::from("scenario s {\n  when purchased\n");
    for step in 0..steps / 2 {
        let _ = writeln!(text, "  wait 1 hour\n  send email m{step} unless purchased in last 1 hour");
    }
    text + "}\n"
}

/// So many scenarios, each in its file.
fn many(count: usize) -> Vec<(String, String)> {
    let text = |number: usize| {
        format!(
            "when purchased product.recurring where amount > {number} EUR wait product.delay - 1 month send email m{number} \
             unless repurchased"
        )
    };
    (0..count).map(|number| (format!("s{number}"), text(number))).collect()
}

/// Prints how long each of [`LONG`] takes for one contact at three sizes.
fn one_contact() {
    println!(
        "{:<52} {:>9} {:>9} {:>9} {:>7} {:>7}",
        "milliseconds, the best of 2, one contact", "5,000", "10,000", "20,000", "ratio", "ratio"
    );
    let crms = [5_000, 10_000, 20_000].map(history);
    for (name, text) in LONG {
        let bundle = compiled(&[("s".into(), text.into())]);
        let [one, two, four] = [&crms[0], &crms[1], &crms[2]].map(|crm| {
            let mut best = f64::MAX;
            for _ in 0..2 {
                let start = Instant::now();
                run(&bundle, crm);
                best = best.min(start.elapsed().as_secs_f64() * 1e3);
            }
            best
        });
        println!("{name:<52} {one:>9.1} {two:>9.1} {four:>9.1} {:>7.2} {:>7.2}", two / one, four / two);
    }
}

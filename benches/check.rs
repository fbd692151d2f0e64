//! `scn check` over 1,000 scenario files, 20,000 lines in all, beside reading the same files and splitting them into words.
//!
//! Every rule is on: the templates of all messages are there, and a CRM with the tables that the scenarios read. The limit is one second.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench: it reads its files and may panic")]

mod support;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use support::Contestant;

const ROUNDS: usize = 7;
const FILES: usize = 1_000;
const LIMIT: Duration = Duration::from_secs(1);

/// Files of 20 lines; `NUMBER` tells one from the next.
const KINDS: [&str; 4] = [
    r#"## The reminder of a recurring product, for orders of a certain size.
scenario renewal_NUMBER "Renewal NUMBER" {
  when purchased product.recurring where amount > NUMBER EUR
  for contact can receive email
  stop when repurchased

  wait product.delay - 1 month
  send email reminder together
}

test "the reminder goes a month before the end of life" of renewal_NUMBER {
  given product mattress { recurring: yes, delay: 5 years, family: "bed" }
  given contact ana { email: "ana@example.com" }
  at 2020-01-10 10:00 ana purchased product mattress, amount 100000 EUR
  expect email reminder to ana at 2024-12-10 10:00
  expect nothing else
}

# Whoever buys again before the reminder is due hears nothing.
# The family of the product says what "again" means.
"#,
    r#"## From the first purchase to the second, in two letters.
let large_NUMBER = purchased where amount > NUMBER EUR since entry

scenario second_purchase_NUMBER "From the first purchase to the second" {
  when purchased
  for contact can receive email
  once
  stop when large_NUMBER

  # Ten days are enough to have tried it.
  wait 10 days
  send email how_is_it
  wait 3 weeks
  if purchased in last 2 weeks {
    stop
  } else {
    send email chosen_for_you unless purchased
  }
}

"#,
    r#"## A first word to new subscribers, and a second chance for those who have not bought by then.
scenario welcome_NUMBER "Welcome to the newsletter" {
  when subscribed list is "newsletter NUMBER"
  for contact can receive email or contact can receive sms
  once

  send email welcome or sms welcome
  wait 3 days
  send email welcome_last_chance unless purchased
}

test "a welcome and a second chance" of welcome_NUMBER {
  given contact ana { email: "ana@example.com" }
  at 2020-01-10 10:00 ana subscribed list "newsletter NUMBER"
  expect email welcome to ana at 2020-01-10 10:00
  expect email welcome_last_chance to ana at 2020-01-13 10:00
  expect nothing else
}


"#,
    r#"## A word of thanks after a large purchase, and a question to those who stay away.
scenario thank_you_NUMBER "Thanks for a large purchase" {
  when purchased where amount > NUMBER EUR or returned where amount > NUMBER EUR
  for has contact.email
      and contact.tier is not "closed"
  once every 6 months

  wait until at 09:00
  send email thank_you
  wait up to 60 days for purchased
  if purchased {
    send email welcome only if has contact.first_name
  } else if returned in last 1 year {
    send email how_is_it
  } else {
    wait 2 weeks
    send email chosen_for_you unless purchased in last 3 months
  }
}

"#,
];

/// What the templates read beside the standard library's fields.
const EXTENSION: &str = "extend contact {\n  pet: \"cat\" | \"dog\" | \"rodent\"?\n}\n";

/// Templates of the repository that the scenarios send.
const TEMPLATES: [&str; 4] = ["renewal", "second_purchase", "welcome", "thank_you"];

/// The tables that the scenarios read, in `shop.db`.
const CRM: &str = "
    CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT, phone TEXT, language TEXT, first_name TEXT, tier TEXT, pet TEXT);
    CREATE TABLE product(id INTEGER PRIMARY KEY, name TEXT, family TEXT, recurring INTEGER, delay TEXT);
    CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, at TEXT, product INTEGER, quantity INTEGER, amount NUMERIC);
    CREATE TABLE returned(id INTEGER PRIMARY KEY, contact INTEGER, at TEXT, product INTEGER, amount NUMERIC);
    CREATE TABLE subscribed(id INTEGER PRIMARY KEY, contact INTEGER, at TEXT, list TEXT);";

fn main() {
    let folder = support::room("check");
    drop(std::fs::remove_dir_all(&folder));
    let files = write_project(&folder);
    let lines: usize = files.iter().map(|file| std::fs::read_to_string(file).unwrap().lines().count()).sum();
    println!("{} files, {lines} lines; one thread; medians of {ROUNDS}, page cache warm", files.len());
    support::print_machine();
    let read = || {
        let split =
            |file: &PathBuf| std::fs::read_to_string(file).unwrap().split_whitespace().map(str::to_owned).count();
        black_box(files.iter().map(split).sum::<usize>());
    };
    let is_clean = || support::scn().arg("check").arg(&folder).stderr(Stdio::null()).status().unwrap().success();
    assert_rules_are_on(&folder, &is_clean);
    let check = || assert!(is_clean());
    let mut contestants: Vec<Contestant<'_>> = vec![
        ("reading the files and splitting them into words".into(), Box::new(read)),
        ("scn check".into(), Box::new(check)),
    ];
    let times = support::race(ROUNDS, &mut contestants, &[]);
    support::print(&contestants, &times);
    if let Some(took) = times.get(1).map(support::Times::median) {
        let part = took.as_secs_f64() / LIMIT.as_secs_f64() * 100.0;
        println!("the limit is {} ms: {part:.0} % of it are needed", LIMIT.as_millis());
    }
    support::print_machine();
}

/// What is measured looks at templates and at the CRM: without one of them it is not clean.
fn assert_rules_are_on(folder: &Path, is_clean: &dyn Fn() -> bool) {
    assert!(is_clean());
    for needed in ["templates/reminder.email.html", "shop.db"] {
        let (place, aside) = (folder.join(needed), folder.join("aside"));
        std::fs::rename(&place, &aside).unwrap();
        std::fs::write(&place, "{{").unwrap();
        assert!(!is_clean(), "`{needed}` is not looked at");
        std::fs::rename(&aside, &place).unwrap();
    }
}

fn write_project(folder: &Path) -> Vec<PathBuf> {
    let templates = folder.join("templates");
    std::fs::create_dir_all(&templates).unwrap();
    for each in TEMPLATES {
        let from = support::repository("scenarios").join(each).join("templates");
        for file in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
            std::fs::copy(file.path(), templates.join(file.file_name())).unwrap();
        }
    }
    std::fs::write(folder.join("scn.toml"), "crm = \"shop.db\"\n").unwrap();
    rusqlite::Connection::open(folder.join("shop.db")).unwrap().execute_batch(CRM).unwrap();
    let kinds = KINDS.iter().cycle().take(FILES - 1).enumerate();
    let scenarios = kinds.map(|(number, text)| {
        let number = format!("{:04}", number + 1);
        support::scenario(folder, &format!("file_{number}"), &text.replace("NUMBER", &number))
    });
    scenarios.chain([support::scenario(folder, "extension", EXTENSION)]).collect()
}

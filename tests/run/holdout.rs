//! Who is held out is held out where a message would leave: what keeps back the messages of others keeps back theirs, at the same
//! instants, in a run and in a simulation; and nobody who is held out at that moment is written to.

use super::acts::{self, DAY, HOUR, START, at};
use super::outbox::{self, Row};
use super::shop::Shop;
use super::tables::{self, coin_flips, of_journal};
use rust_decimal::Decimal;
use scn::drivers::simulate::{Request, simulate};
use scn::drivers::tables::Tables;
use scn::store::crm::Crm;
use std::collections::BTreeMap;
use std::fs;

/// How many persons a shop has; about half of them are held out.
const PERSONS: i64 = 60;

/// A shop in which each of these persons buys once, so many seconds after the start.
fn bought(text: &str, seconds: i64) -> Shop {
    let shop = acts::shop(text);
    shop.sql("DELETE FROM contact");
    for contact in 1..=PERSONS {
        let at = START + seconds;
        shop.sql(&format!(
            "INSERT INTO contact VALUES ({contact}, 'c{contact}@example.com', 'new', NULL, 0);
             INSERT INTO purchased VALUES ({contact}, {contact}, 1, {at}, 1, '9.95', 'o{contact}')"
        ));
    }
    shop
}

/// The messages that became so, by step: how many, and the instants at which they did, in seconds since the start.
fn became(shop: &Shop, state: &str) -> BTreeMap<u16, (usize, Vec<i64>)> {
    let mut steps: BTreeMap<u16, (usize, Vec<i64>)> = BTreeMap::new();
    for row in outbox::rows(&shop.state()).into_iter().filter(|row| row.state == state) {
        let (count, instants) = steps.entry(row.step).or_default();
        *count += 1;
        instants.push(row.settled - START);
        instants.sort_unstable();
        instants.dedup();
    }
    steps
}

/// Both groups are there, and together they are everybody.
fn both_groups(shop: &Shop, step: u16, instant: i64) {
    let (sent, held_out) = (became(shop, "accepted")[&step].clone(), became(shop, "held out")[&step].clone());
    assert_eq!((sent.1, held_out.1), (vec![instant], vec![instant]), "step {step}");
    assert!(sent.0 > 10 && held_out.0 > 10, "{} with a message, {} held out", sent.0, held_out.0);
    assert_eq!(sent.0 + held_out.0, PERSONS as usize);
}

fn files(shop: &Shop) -> usize {
    fs::read_dir(shop.outbox()).map_or(0, Iterator::count)
}

fn sends(row: &Row) -> bool {
    row.state == "accepted"
}

/// What the simulation says of messages, as the state file does: contact, step, outcome, instant.
fn simulated(shop: &Shop, to: i64) -> (Vec<(String, u16, String, i64)>, Tables) {
    let request = Request { from: Some(at(0)), to: Some(at(to)), ..Request::default() };
    let mut bytes = Vec::new();
    let report = simulate(&shop.bundle, &Crm::open(&shop.crm()).unwrap(), &request, Some(&mut bytes)).unwrap().report;
    let mut rows = Vec::new();
    for record in csv::Reader::from_reader(bytes.as_slice()).records().map(Result::unwrap) {
        let outcome = if &record[9] == "sent" { "accepted" } else { &record[9] };
        let at = chrono::DateTime::parse_from_rfc3339(&record[0]).unwrap().timestamp();
        rows.push((record[1].to_owned(), record[5].parse().unwrap(), outcome.to_owned(), at));
    }
    rows.sort();
    (rows, report.tables)
}

/// As [`simulated`], by the state file.
fn kept(shop: &Shop) -> Vec<(String, u16, String, i64)> {
    let of = |row: Row| {
        let at = if row.state == "deferred" { row.due } else { row.settled };
        (row.contact, row.step, row.state, at)
    };
    let mut rows: Vec<_> = outbox::rows(&shop.state()).into_iter().map(of).collect();
    rows.sort();
    rows
}

#[test]
fn after_a_backfill_the_same_is_too_late_for_both_groups() {
    let text = "policy { holdout 50% }
         scenario remind {
           when purchased
           goal purchased within 30 days of last message
           wait 1 hour
           send email welcome
           wait 9 days
           send email gold_welcome
         }";
    let shop = bought(text, 0);
    let now = at(10 * DAY);
    let mut run = shop.open(now);
    run.tick(now, &|| false).unwrap();
    let rehearsed = run.rehearse(None, Some(at(-1)), now).unwrap();
    run.backfill(at(-1), now).unwrap();
    run.tick(now, &|| false).unwrap();
    assert_eq!(became(&shop, "expired"), BTreeMap::from([(2, (PERSONS as usize, vec![10 * DAY]))]));
    both_groups(&shop, 4, 10 * DAY);
    let left = outbox::rows(&shop.state()).iter().filter(|row| sends(row)).count();
    assert_eq!((files(&shop), rehearsed.leaving, rehearsed.expired), (left, left as u64, PERSONS as u64));
    let tables = of_journal(&shop).1;
    let of = &tables.scenarios[0];
    // Nobody opened a window nine days ago.
    assert_eq!(of.all.treated.persons + of.all.held_out.persons, PERSONS as u64);
    let early = of.messages.iter().find(|row| row.name == "email welcome").unwrap();
    assert_eq!((early.cell.not_sent_as("held out"), early.cell.not_sent_as("expired")), (0, PERSONS as u64));
}

#[test]
fn quiet_hours_and_caps_hold_both_groups_as_in_a_simulation() {
    let text = "policy { quiet hours 20:00 to 08:00   at most 1 marketing message per day   holdout 50% }
         scenario remind {
           when purchased
           goal purchased within 30 days of last message
           send email welcome
           wait 13 hours
           send email gold_welcome unless sent welcome
           wait 13 hours
           send email we_miss_you
           wait 40 days
         }
         scenario more { when purchased   wait 14 hours   send email thank_you   wait 30 days   send email last_warning together }";
    let shop = bought(text, 21 * HOUR);
    let (wanted, simulated) = simulated(&shop, 60 * DAY);
    assert!(wanted.iter().any(|row| row.2 == "expired" || row.2 == "cancelled"), "{wanted:?}");
    let rows: Vec<(i64, String)> = Vec::new();
    tables::live(&shop, &rows, at(60 * DAY));
    let skipped = |rows: &[(String, u16, String, i64)]| -> Vec<(String, u16, String, i64)> {
        rows.iter().filter(|row| row.2 != "skipped").cloned().collect()
    };
    assert_eq!(skipped(&kept(&shop)), skipped(&wanted));
    tables::are_equal(&shop, &simulated);
    both_groups(&shop, 1, DAY + 8 * HOUR);
    assert_eq!(files(&shop), outbox::rows(&shop.state()).iter().filter(|row| sends(row)).count());
}

/// The draw is made by the policy that claims the message.
#[test]
fn a_policy_that_changes_in_the_night_decides_in_the_morning() {
    let text = "policy { quiet hours 20:00 to 08:00   holdout 50% }
         scenario remind { when purchased send email welcome wait 2 days send email gold_welcome }";
    for (holdout, sent) in [(0, PERSONS as usize), (1, 0)] {
        let mut shop = bought(text, 21 * HOUR);
        let night = at(22 * HOUR);
        shop.open(at(0)).tick(at(0), &|| false).unwrap();
        shop.open(night).tick(night, &|| false).unwrap();
        assert_eq!(outbox::states(&shop.state()), BTreeMap::from([("deferred".to_owned(), PERSONS as usize)]));
        shop.bundle.policy.holdout = Decimal::from(holdout);
        let morning = at(DAY + 8 * HOUR);
        let mut run = shop.open(morning);
        run.tick(morning, &|| false).unwrap();
        assert_eq!((files(&shop), became(&shop, "accepted").len()), (sent, usize::from(sent > 0)));
        let held_out = became(&shop, "held out").values().map(|(count, _)| *count).sum::<usize>();
        assert_eq!(sent + held_out, PERSONS as usize);
    }
}

/// A held-out message counts under the alternative that would have left, in a simulation and in a run.
#[test]
fn what_is_held_out_is_the_message_that_would_have_left() {
    let text = "policy { holdout 50% }
         scenario remind {
           when purchased
           goal purchased within 30 days of last message
           wait 1 hour
           send email welcome or post letter
         }";
    let shop = acts::shop(text);
    coin_flips(&shop, 1, 160);
    shop.sql("UPDATE contact SET email = NULL");
    shop.sql("ALTER TABLE contact ADD COLUMN post_address TEXT DEFAULT 'rue Haute 1'");
    let request = Request { from: Some(at(0)), to: Some(at(60 * DAY)), ..Request::default() };
    let simulated = simulate(&shop.bundle, &Crm::open(&shop.crm()).unwrap(), &request, None).unwrap().report.tables;
    let held_out = |tables: &Tables, name: &str| {
        let of = &tables.scenarios[0];
        of.messages.iter().filter(|row| row.name == name).map(|row| row.cell.held_out.persons).sum::<u64>()
    };
    assert_eq!(held_out(&simulated, "email welcome"), 0);
    assert!(held_out(&simulated, "post letter") > 60);
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    let journal = || of_journal(&shop).1;
    assert_eq!(journal().scenarios[0].all.entered, 160);
    run.tick(at(HOUR), &|| false).unwrap();
    assert_eq!(held_out(&journal(), "post letter"), held_out(&simulated, "post letter"));
}

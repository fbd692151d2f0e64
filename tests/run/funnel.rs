//! Who comes to each step, and who waits before it: in a simulation, and in the report of a run at the same instant.

use super::acts::{self, DAY, HOUR, at};
use super::shop::Shop;
use super::tables::{are_equal, live, of_journal};
use rusqlite::Connection;
use scn::drivers::simulate::{Request, simulate};
use scn::drivers::tables::{Row, Tables};
use scn::store::crm::Crm;
use std::fs;

/// Nothing of it needs to be remembered, so it is counted without.
const PLAIN: &str = r#"
    scenario ways {
      when purchased
      wait 1 day
      if contact.tier is "old" { wait 1 day   send email gold_welcome } else { send email welcome unless opened }
      wait 2 days
      send email last_warning together
      wait 10 days
    }"#;
/// With what must be remembered the same is said.
const POLICY: &str = "policy { quiet hours 22:00 to 07:00 }";

/// Step, who came, who waits before it.
fn funnel(tables: &Tables) -> Vec<(String, u64, u64)> {
    let row = |row: &Row| (row.name.clone(), row.cell.entered, row.cell.waiting);
    tables.scenarios[0].steps.iter().map(row).collect()
}

fn simulated(shop: &Shop, rows: &[(i64, String)], to: i64) -> Tables {
    let full = shop.folder.path().join("full.db");
    fs::copy(shop.crm(), &full).unwrap();
    let db = Connection::open(&full).unwrap();
    rows.iter().for_each(|(_, sql)| db.execute_batch(sql).unwrap());
    let request = Request { from: Some(at(0)), to: Some(at(to)), ..Request::default() };
    simulate(&shop.bundle, &Crm::open(&full).unwrap(), &request, None).unwrap().report.tables
}

/// Contact 1 is old; 1 and 2 buy at noon, 3 an hour later; 3 opens something.
fn rows() -> Vec<(i64, String)> {
    let mut rows = acts::purchases(&[(1, 12 * HOUR, 5), (2, 12 * HOUR, 5), (3, 13 * HOUR, 5)]);
    let opened = acts::START + 14 * HOUR;
    rows.push((opened, format!("INSERT INTO opened VALUES (1, 3, {opened}, NULL, 'person')")));
    rows
}

#[test]
fn who_waits_where_several_ways_part_waits_before_both() {
    let (gold, welcome, last) = ("4: email gold_welcome", "5: email welcome", "7: email last_warning");
    let cases = [
        // All wait for the first day to pass: who goes which way is not judged yet.
        (20 * HOUR, vec![(gold, 0, 3), (welcome, 0, 3)]),
        // Contact 1 waits on its own way, contact 2 got a welcome, contact 3 none.
        (DAY + 20 * HOUR, vec![(gold, 0, 1), (welcome, 2, 0), (last, 0, 2)]),
        (2 * DAY + 20 * HOUR, vec![(gold, 1, 0), (welcome, 2, 0), (last, 0, 3)]),
        // After the last message nothing is ahead of those who still wait.
        (6 * DAY, vec![(gold, 1, 0), (welcome, 2, 0), (last, 3, 0)]),
    ];
    for text in [PLAIN, &format!("{POLICY}{PLAIN}")] {
        for (to, wanted) in &cases {
            let shop = acts::shop(text);
            shop.sql("UPDATE contact SET tier = 'old' WHERE id = 1");
            let simulated = simulated(&shop, &rows(), *to);
            let wanted: Vec<_> = wanted.iter().map(|(step, came, waits)| ((*step).to_owned(), *came, *waits)).collect();
            assert_eq!(funnel(&simulated), wanted, "{to} {text}");
            assert_eq!(simulated.scenarios[0].all.waiting, 3);
            live(&shop, &rows(), at(*to));
            are_equal(&shop, &simulated);
        }
    }
}

/// Whose version is no longer the present one waits before the steps of that version.
#[test]
fn who_runs_an_older_version_waits_before_its_steps() {
    let mut shop = acts::shop("scenario ways { when purchased   wait 1 day   send email welcome }");
    live(&shop, &rows(), at(20 * HOUR));
    shop.edit("scenario ways { when purchased   wait 1 day   send email gold_welcome   wait 1 day }", "UTC");
    assert_eq!(funnel(&of_journal(&shop).1), [("2: email welcome".to_owned(), 0, 3)]);
}

//! What is kept is never lost: the history of a scenario that is away for a while, what was done before a backfill; and what
//! is erased ends everything, once.

use super::acts::{DAY, HOUR, START, at, query, shop, simulated};
use super::outbox;
use super::shop::Shop;
use std::collections::BTreeMap;

const POINTS: &str = r#"
scenario points { when purchased   credit round(amount) points expiring in 12 months }
scenario pays { when opened   debit 50 points   tag "thirty" only if points >= 30   tag "more" only if points > 30 }"#;

fn buys(shop: &Shop, id: i64, contact: i64, seconds: i64, amount: i64) {
    shop.sql(&format!(
        "INSERT INTO purchased VALUES ({id}, {contact}, 1, {}, 1, '{amount}', 'o{id}')",
        START + seconds
    ));
}

fn opens(shop: &Shop, id: i64, contact: i64, seconds: i64) {
    shop.sql(&format!("INSERT INTO opened VALUES ({id}, {contact}, {}, NULL, 'person')", START + seconds));
}

fn tick(shop: &Shop, seconds: i64) {
    let mut run = shop.open(at(seconds));
    run.tick(at(seconds), &|| false).unwrap();
    assert!(run.report().troubles.is_empty(), "{:?}", run.report().troubles);
}

#[test]
fn points_come_back_with_the_scenarios_that_know_of_them() {
    let wallet = "scenario wallet { when purchased   credit 1 EUR wallet }";
    for away in ["scenario other { when purchased   tag \"seen\" }", wallet] {
        let mut shop = shop(&format!("{POINTS} {wallet}"));
        tick(&shop, 0);
        buys(&shop, 1, 1, HOUR, 80);
        tick(&shop, HOUR);
        shop.edit(away, "UTC");
        buys(&shop, 2, 1, DAY, 80);
        tick(&shop, DAY);
        tick(&shop, DAY + HOUR);
        shop.edit(&format!("{POINTS} {wallet}"), "UTC");
        opens(&shop, 1, 1, 2 * DAY);
        tick(&shop, 2 * DAY);
        let tags = query(&shop, "SELECT tags FROM contact_tags WHERE tags <> 'seen'");
        assert_eq!(tags, ["thirty"], "{away}");
    }
}

/// Several go on together and come to `erase contact` in one step.
#[test]
fn those_who_go_on_together_are_erased_once() {
    let shop = shop(
        "scenario leave {
          when purchased
          send email last_warning
          wait 2 days
          send email we_miss_you together only if contact.tier is \"gold\"
          erase contact only if sent last_warning
        }",
    );
    let rows: Vec<(i64, String)> = [10, 20, 30]
        .map(|id| {
            let at = START + id;
            (at, format!("INSERT INTO purchased VALUES ({id}, 1, 1, {at}, 1, '5', 'o{id}')"))
        })
        .to_vec();
    let erasures = simulated(&shop, &rows, 4 * DAY).into_iter().filter(|done| done.5 == "erase").count();
    assert_eq!(erasures, 1);
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    for (_, sql) in &rows {
        shop.sql(sql);
    }
    run.tick(at(30), &|| false).unwrap();
    run.tick(at(4 * DAY), &|| false).unwrap();
    assert_eq!(run.report().done, [("erase", 1)].into());
    assert_eq!(query(&shop, "SELECT count(*) FROM contact WHERE id = 1"), ["0"]);
    assert_eq!(run.next().unwrap(), None);
}

/// Two instances wait for one message; the first gives it up for the next and erases the contact.
#[test]
fn what_an_erasure_takes_back_is_taken_back_once() {
    let shop = shop(
        "policy { quiet hours 21:30 to 23:00 }
         scenario leave {
          when purchased
          send email last_warning
          wait 12 hours
          send email we_miss_you together
          wait up to 2 days for opened
          send email thank_you
          erase contact only if sent last_warning
        }",
    );
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    buys(&shop, 1, 1, 10 * HOUR, 5);
    buys(&shop, 2, 1, 10 * HOUR + 60, 5);
    run.tick(at(10 * HOUR + 60), &|| false).unwrap();
    run.tick(at(22 * HOUR + 120), &|| false).unwrap();
    assert_eq!(outbox::states(&shop.state()), BTreeMap::from([("accepted".into(), 2), ("deferred".into(), 1)]));
    opens(&shop, 1, 1, 22 * HOUR + 1800);
    run.tick(at(22 * HOUR + 1800), &|| false).unwrap();
    assert_eq!(run.report().done, [("erase", 1)].into());
    // The message that both waited for, and the one that came after it.
    assert_eq!(run.report().not_sent, [(("cancelled".into(), "erased".into()), 2)].into());
}

#[test]
fn a_backfill_knows_what_scenarios_did_before() {
    let before = "scenario points { when purchased   credit round(amount) points expiring in 12 months }
        scenario greets { when purchased   once   send email welcome   tag \"greeted\" }
        scenario hello { when purchased   credit 10 points only if points < 1000   tag \"credited\" }
        scenario asks { when opened   tag \"asked\" only if sent welcome ever }";
    let after = format!(
        "{} {}",
        before.replace("hello", "renamed").replace("points < 1000", "points < 10"),
        "scenario gold {
           when credited points
           once
           for sum of credited.points in last 12 months >= 100
           set contact.tier = \"gold\"
         }
         scenario second { when purchased   wait 1 hour   send email gold_welcome unless sent welcome ever }
         scenario greeted { when purchased   tag \"stranger\" unless \"greeted\" in contact.tags }"
    );
    let mut shop = shop(before);
    tick(&shop, 0);
    buys(&shop, 1, 1, HOUR, 120);
    buys(&shop, 2, 2, HOUR, 20);
    tick(&shop, HOUR);
    shop.edit(&after, "UTC");
    let mut run = shop.open(at(DAY));
    run.tick(at(DAY), &|| false).unwrap();
    assert_eq!(query(&shop, "SELECT id FROM contact WHERE tier = 'gold'"), [] as [String; 0]);
    run.backfill(at(0), at(DAY)).unwrap();
    run.tick(at(DAY), &|| false).unwrap();
    // The credits of that day count, and start what asks for them; nobody is credited, greeted or written to once more.
    assert_eq!(query(&shop, "SELECT id FROM contact WHERE tier = 'gold'"), ["1"]);
    assert_eq!(query(&shop, "SELECT DISTINCT tags FROM contact_tags ORDER BY 1"), ["credited", "greeted"]);
    assert_eq!(run.report().not_sent, [(("skipped".into(), "unless".into()), 2)].into());
    let skipped = [(("credit", "skipped", "only if"), 2), (("tag", "skipped", "unless"), 2)];
    assert_eq!(run.report().not_done, skipped.into());
    assert_eq!(outbox::states(&shop.state()), BTreeMap::from([("accepted".into(), 2), ("skipped".into(), 2)]));
    // And the next who looks sees each credit once.
    let spends = "scenario spends { when opened   debit 130 points   debit 1 points }";
    drop(run);
    shop.edit(&format!("{after} {spends}"), "UTC");
    let mut run = shop.open(at(2 * DAY));
    opens(&shop, 1, 1, 2 * DAY);
    run.tick(at(2 * DAY), &|| false).unwrap();
    assert_eq!(run.report().done, [("debit", 1)].into());
    assert_eq!(run.report().not_done, [(("debit", "skipped", "not enough"), 1)].into());
}

#[test]
fn a_backfill_is_under_the_caps_of_what_was_sent_before() {
    let policy = "policy { at most 1 marketing message per week }";
    let greets = "scenario greets { when purchased   send email welcome }";
    let mut shop = shop(&format!("{policy} {greets}"));
    tick(&shop, 0);
    buys(&shop, 1, 1, HOUR, 120);
    tick(&shop, HOUR);
    shop.edit(&format!("{policy} {greets} scenario thanks {{ when purchased   send email thank_you }}"), "UTC");
    let mut run = shop.open(at(DAY));
    run.backfill(at(0), at(DAY)).unwrap();
    run.tick(at(DAY), &|| false).unwrap();
    assert_eq!(outbox::states(&shop.state()), BTreeMap::from([("accepted".into(), 1), ("deferred".into(), 1)]));
}

#[test]
fn whoever_was_erased_does_not_live_again_in_a_backfill() {
    let leave = "scenario leave {
        when purchased   send email last_warning   wait 1 hour   erase contact only if sent last_warning }";
    let mut shop = shop(leave);
    // The CRM keeps the contact: nobody has written the trigger that would delete it.
    shop.sql("ALTER TABLE contact RENAME TO client; CREATE VIEW contact AS SELECT * FROM client;");
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    buys(&shop, 1, 1, HOUR, 5);
    run.tick(at(HOUR), &|| false).unwrap();
    run.tick(at(2 * HOUR), &|| false).unwrap();
    assert_eq!(run.report().done, [("erase", 1)].into());
    drop(run);
    shop.edit(&format!("{leave} scenario thanks {{ when purchased   send email thank_you }}"), "UTC");
    let mut run = shop.open(at(3 * HOUR));
    run.backfill(at(0), at(3 * HOUR)).unwrap();
    run.tick(at(3 * HOUR), &|| false).unwrap();
    assert_eq!(outbox::states(&shop.state()), BTreeMap::from([("accepted".into(), 1)]));
}

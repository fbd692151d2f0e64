//! What happens to a run from day to day: late rows and early ones, edits, mistakes and their repair.

use super::outbox::{self, Row};
use super::shop::{Shop, template};
use scn::drivers;
use scn::drivers::run::{Refusal, Rehearsal, Run};
use scn::engine::Count;
use scn::store::ErrorKind;
use scn::time::Instant;
use std::collections::BTreeMap;
use std::fs;

/// 2026-01-01 00:00 UTC.
const START: i64 = 1_767_225_600;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

const REMINDER: &str = "when purchased product.recurring wait product.delay send email reminder unless repurchased\n";

fn at(seconds: i64) -> Instant {
    Instant::from_seconds(START + seconds)
}

/// Contacts 1 to 5; product 1 lasts a day, product 2 three days, product 3 is not recurring.
fn shop_of(text: &str, body: &str) -> Shop {
    let templates = [template("email", "reminder", body), template("email", "thanks", "thanks")];
    let shop = Shop::new(text, "UTC", &templates);
    shop.sql(
        "CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT);
         CREATE TABLE product(id INTEGER PRIMARY KEY, name TEXT, family TEXT, recurring INTEGER, delay TEXT);
         CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, product INTEGER, at, quantity, amount, \"order\" TEXT);
         INSERT INTO contact SELECT value, 'c' || value || '@example.com' FROM json_each('[1, 2, 3, 4, 5]');
         INSERT INTO product VALUES (1, 'soap', 'soap', 1, '1 day'), (2, 'oil', 'oil', 1, '3 days'), (3, 'bag', 'bag', 0, NULL);",
    );
    shop
}

fn shop() -> Shop {
    shop_of(REMINDER, "it is time")
}

/// A purchase at an instant relative to the start.
fn buys(shop: &Shop, id: i64, contact: i64, product: i64, seconds: i64) {
    let instant = START + seconds;
    shop.sql(&format!("INSERT INTO purchased VALUES ({id}, {contact}, {product}, {instant}, 1, '9.95', NULL)"));
}

fn tick(run: &mut Run, seconds: i64) {
    run.tick(at(seconds), &|| false).unwrap();
}

fn rows(shop: &Shop) -> Vec<Row> {
    outbox::rows(&shop.state())
}

fn files(shop: &Shop) -> usize {
    fs::read_dir(shop.outbox()).map_or(0, |files| files.count())
}

fn states(shop: &Shop) -> BTreeMap<String, usize> {
    outbox::states(&shop.state())
}

fn all(state: &str, count: usize) -> BTreeMap<String, usize> {
    BTreeMap::from([(state.to_owned(), count)])
}

#[test]
fn started_again_it_sends_nothing_twice() {
    let shop = shop();
    let mut run = shop.open(at(0));
    tick(&mut run, 0);
    buys(&shop, 1, 1, 1, HOUR);
    tick(&mut run, HOUR);
    tick(&mut run, DAY + HOUR);
    assert_eq!(files(&shop), 1);
    for hour in [1, 2, 3] {
        drop(run);
        run = shop.open(at(DAY + hour * HOUR));
        tick(&mut run, DAY + hour * HOUR);
        assert!(run.report().sent.is_empty());
    }
    assert_eq!((states(&shop), files(&shop)), (all("accepted", 1), 1));
}

#[test]
fn a_second_run_on_one_state_refuses() {
    let shop = shop();
    let run = shop.open(at(0));
    match shop.try_open(at(1)) {
        Err(Refusal::Error(drivers::Error::Store(error))) => assert_eq!(error.kind, ErrorKind::Locked),
        other => panic!("{other:?}"),
    }
    drop(run);
    shop.open(at(1));
}

#[test]
fn a_row_of_tomorrow_waits_for_tomorrow() {
    let shop = shop();
    let mut run = shop.open(at(0));
    buys(&shop, 1, 1, 1, DAY);
    tick(&mut run, 0);
    assert_eq!(run.next().unwrap(), Some(at(DAY)));
    tick(&mut run, DAY - 1);
    assert!(run.report().counts.is_empty());
    tick(&mut run, DAY);
    assert_eq!(run.next().unwrap(), Some(at(2 * DAY)));
    tick(&mut run, 2 * DAY);
    assert_eq!(rows(&shop)[0].due, START + 2 * DAY);
}

#[test]
fn a_late_row_arrives_now() {
    let shop = shop();
    let mut run = shop.open(at(0));
    tick(&mut run, 0);
    tick(&mut run, 5 * HOUR);
    buys(&shop, 1, 1, 1, HOUR);
    // The look at six o'clock is the first that sees it: it waits a day from there.
    tick(&mut run, 6 * HOUR);
    assert_eq!(run.next().unwrap(), Some(at(DAY + 6 * HOUR)));
    drop(run);
    let mut run = shop.open(at(8 * HOUR));
    buys(&shop, 2, 2, 1, 7 * HOUR);
    tick(&mut run, 9 * HOUR);
    // Nobody looked at seven: it arrives at its own instant.
    assert_eq!(run.next().unwrap(), Some(at(DAY + 6 * HOUR)));
    tick(&mut run, DAY + 6 * HOUR);
    assert_eq!(run.next().unwrap(), Some(at(DAY + 7 * HOUR)));
}

#[test]
fn rows_of_one_instant_seen_one_after_the_other_are_each_stepped_once() {
    let shop = shop();
    let mut run = shop.open(at(0));
    tick(&mut run, 0);
    buys(&shop, 9, 1, 1, HOUR);
    tick(&mut run, HOUR);
    buys(&shop, 1, 1, 2, HOUR);
    tick(&mut run, HOUR);
    assert_eq!(run.report().counts["story"].get(Count::Started), 2);
    tick(&mut run, DAY + HOUR);
    tick(&mut run, 3 * DAY + HOUR);
    assert_eq!(states(&shop), all("accepted", 2));
}

#[test]
fn older_events_are_tried_before_they_are_taken() {
    let shop = shop();
    buys(&shop, 1, 1, 1, -DAY / 2);
    buys(&shop, 2, 2, 1, -2 * DAY);
    buys(&shop, 3, 3, 1, -10 * DAY);
    buys(&shop, 4, 4, 1, -20 * DAY);
    let mut run = shop.open(at(0));
    tick(&mut run, 0);
    assert_eq!((run.report().history, states(&shop).len()), (4, 0));
    let since = Some(at(-15 * DAY));
    let wanted = Rehearsal { leaving: 1, expired: 1, waiting: 1, started: 3 };
    assert_eq!(run.rehearse(None, since, at(0)).unwrap(), wanted);
    assert_eq!((states(&shop).len(), files(&shop)), (0, 0), "a rehearsal does nothing");
    run.backfill(at(-15 * DAY), at(0)).unwrap();
    tick(&mut run, 0);
    assert_eq!(states(&shop), BTreeMap::from([("accepted".into(), 1), ("expired".into(), 1)]));
    // Taken once: a second time there is nothing older.
    run.backfill(at(-15 * DAY), at(0)).unwrap();
    tick(&mut run, DAY);
    assert_eq!(states(&shop), BTreeMap::from([("accepted".into(), 2), ("expired".into(), 1)]));
    run.backfill(at(-30 * DAY), at(DAY)).unwrap();
    assert_eq!(states(&shop)["expired"], 2);
}

/// A CRM that counts in seconds dates what happens in the second of the start before the start itself.
#[test]
fn what_happens_in_the_second_of_the_first_start_is_not_lost() {
    let shop = shop();
    buys(&shop, 1, 1, 1, -1);
    let start = Instant(at(0).0 + 400_000);
    let mut run = shop.open(start);
    run.tick(start, &|| false).unwrap();
    assert_eq!(run.report().history, 1);
    buys(&shop, 2, 2, 1, 0);
    tick(&mut run, 1);
    assert_eq!(run.report().counts["story"].get(Count::Started), 1);
    assert_eq!(run.report().counts["story"].get(Count::BeforeStart), 0);
}

#[test]
fn a_past_row_that_changes_changes_nothing_decided() {
    let shop = shop();
    let mut run = shop.open(at(0));
    buys(&shop, 1, 1, 1, 0);
    tick(&mut run, 0);
    shop.sql(&format!("UPDATE purchased SET product = 3, at = {}", START + HOUR));
    tick(&mut run, 2 * HOUR);
    assert_eq!((run.report().rows, run.next().unwrap()), (1, Some(at(DAY))));
    tick(&mut run, DAY);
    assert_eq!(states(&shop), all("accepted", 1));
}

#[test]
fn instances_go_on_with_the_version_they_began_with() {
    let mut shop = shop();
    let mut run = shop.open(at(0));
    buys(&shop, 1, 1, 1, 0);
    tick(&mut run, 0);
    drop(run);
    shop.edit(&REMINDER.replace("wait product.delay", "wait product.delay + 1 week"), "UTC");
    let mut run = shop.open(at(HOUR));
    buys(&shop, 2, 2, 1, HOUR);
    tick(&mut run, HOUR);
    tick(&mut run, DAY);
    assert_eq!(states(&shop), all("accepted", 1));
    assert_eq!(run.next().unwrap(), Some(at(8 * DAY + HOUR)));
    tick(&mut run, 8 * DAY + HOUR);
    assert_eq!(states(&shop), all("accepted", 2));
}

#[test]
fn whoever_is_deleted_gets_nothing() {
    let shop = shop();
    let mut run = shop.open(at(0));
    buys(&shop, 1, 1, 1, 0);
    buys(&shop, 2, 2, 1, 0);
    tick(&mut run, 0);
    shop.sql(
        "DELETE FROM contact WHERE id = 1; DELETE FROM contact WHERE id = 2; DELETE FROM purchased WHERE contact = 2",
    );
    tick(&mut run, DAY);
    assert_eq!((states(&shop).len(), files(&shop)), (0, 0));
    assert_eq!(run.report().not_sent[&("suppressed".to_owned(), "out of reach".to_owned())], 2);
}

#[test]
fn a_clock_that_went_back_is_not_believed() {
    let shop = shop();
    let mut run = shop.open(at(0));
    tick(&mut run, HOUR);
    drop(run);
    let minute = 60;
    assert!(matches!(shop.try_open(at(HOUR - 6 * minute)), Err(Refusal::ClockWentBack { last }) if last == at(HOUR)));
    let mut run = shop.open(at(HOUR - 4 * minute));
    // It goes on, and what it knew it still knows.
    buys(&shop, 1, 1, 1, HOUR - 5 * minute);
    tick(&mut run, HOUR - 4 * minute);
    tick(&mut run, 2 * DAY);
    assert_eq!(states(&shop), all("accepted", 1));
}

#[test]
fn whoever_has_an_unreadable_value_waits_until_it_is_mended() {
    let shop = shop_of("when purchased where quantity > 0 wait 1 day send email reminder\n", "it is time");
    let mut run = shop.open(at(0));
    buys(&shop, 1, 1, 1, 0);
    buys(&shop, 2, 2, 1, 0);
    shop.sql("UPDATE purchased SET quantity = 'many' WHERE id = 1");
    tick(&mut run, 0);
    assert_eq!(run.report().notes.set_aside, 1);
    tick(&mut run, DAY);
    assert_eq!(states(&shop), all("accepted", 1));
    shop.sql("UPDATE purchased SET quantity = 2 WHERE id = 1");
    tick(&mut run, DAY + HOUR);
    assert_eq!((run.report().notes.set_aside, states(&shop)), (0, all("accepted", 2)));
}

#[test]
fn whoever_is_set_aside_holds_up_nobody_else() {
    let shop = shop_of("when purchased where quantity > 0 send email reminder\n", "it is time");
    let mut run = shop.open(at(0));
    tick(&mut run, 0);
    for id in 1..=450 {
        buys(&shop, id, 1, 1, 1);
    }
    let asked = std::cell::Cell::new(0);
    run.tick(at(1), &|| asked.replace(asked.get() + 1) > 0).unwrap();
    assert_eq!(states(&shop), all("pending", 450));
    buys(&shop, 451, 1, 1, 1);
    shop.sql("UPDATE purchased SET quantity = 'many' WHERE id = 451");
    buys(&shop, 452, 2, 1, 2);
    tick(&mut run, 2);
    assert_eq!(states(&shop), BTreeMap::from([("accepted".into(), 1), ("pending".into(), 450)]));
    shop.sql("DELETE FROM purchased WHERE id = 451");
    tick(&mut run, 3);
    assert_eq!(states(&shop), all("accepted", 451));
}

#[test]
fn looks_that_find_nothing_are_written_down_once_a_minute() {
    let shop = shop();
    let mut run = shop.open(at(0));
    tick(&mut run, 0);
    tick(&mut run, 50);
    tick(&mut run, 100);
    tick(&mut run, 110);
    drop(run);
    assert_eq!(shop.open(at(120)).last_poll(), Some(at(100)));
}

#[test]
fn an_instant_that_is_none_arrives_when_it_is_mended() {
    let shop = shop();
    let mut run = shop.open(at(0));
    buys(&shop, 1, 1, 1, 0);
    shop.sql("UPDATE purchased SET at = 'soon'");
    tick(&mut run, 0);
    assert!(run.report().notes.unreadable.count > 0);
    shop.sql(&format!("UPDATE purchased SET at = {START}"));
    tick(&mut run, HOUR);
    assert_eq!(run.next().unwrap(), Some(at(DAY + HOUR)));
}

#[test]
fn a_message_that_cannot_be_made_leaves_once_it_can() {
    let mut shop = shop_of(REMINDER, "{{ product.name }}");
    shop.sql("UPDATE product SET name = NULL");
    let mut run = shop.open(at(0));
    buys(&shop, 1, 1, 1, 0);
    buys(&shop, 2, 2, 1, 0);
    tick(&mut run, 0);
    tick(&mut run, DAY);
    assert_eq!((states(&shop), run.report().deferred), (all("deferred", 2), 2));
    assert_eq!(run.report().troubles.len(), 1, "{:?}", run.report().troubles);
    // By the data, for one of them.
    shop.sql("INSERT INTO product VALUES (9, 'oil', 'oil', 1, '1 day'); UPDATE purchased SET product = 9 WHERE id = 1");
    tick(&mut run, DAY + HOUR);
    drop(run);
    // By the template, for all.
    shop.write_templates(&[template("email", "reminder", "it is time")]);
    shop.edit(REMINDER, "UTC");
    let mut run = shop.open(at(DAY + 2 * HOUR));
    tick(&mut run, DAY + 2 * HOUR);
    assert_eq!((states(&shop), files(&shop)), (all("accepted", 2), 2));
}

#[test]
fn what_nobody_mends_expires() {
    let shop = shop_of(REMINDER, "{{ product.name }}");
    shop.sql("UPDATE product SET name = NULL");
    let mut run = shop.open(at(0));
    buys(&shop, 1, 1, 1, 0);
    tick(&mut run, 0);
    tick(&mut run, DAY);
    tick(&mut run, 4 * DAY);
    assert_eq!((states(&shop), run.next().unwrap()), (all("expired", 1), None));
}

#[test]
fn of_several_that_leave_together_one_may_drop_out() {
    let text = "scenario story { when purchased product.recurring stop when repurchased wait product.delay\n\
                send email reminder together }";
    let shop = shop_of(text, "items: {{ items | length }}");
    shop.sql("UPDATE product SET delay = '1 day'");
    let mut run = shop.open(at(0));
    buys(&shop, 1, 1, 1, 0);
    buys(&shop, 2, 1, 2, HOUR);
    tick(&mut run, HOUR);
    // Decided, and not claimed yet, when one of the two is bought again.
    let asked = std::cell::Cell::new(0);
    run.tick(at(DAY), &|| asked.replace(asked.get() + 1) > 0).unwrap();
    assert_eq!(states(&shop), all("pending", 1));
    buys(&shop, 3, 1, 1, DAY);
    tick(&mut run, DAY + 1);
    assert_eq!(states(&shop), all("accepted", 1));
    let row = &rows(&shop)[0];
    let text = fs::read_to_string(shop.outbox().join(format!("{}.eml", row.key))).unwrap();
    assert!(text.contains("items: 1"), "{text}");
}

#[test]
fn a_message_that_waits_is_cancelled_with_its_instance() {
    let text = "scenario story { when purchased product.recurring latest wait product.delay send email reminder }";
    let shop = shop_of(text, "it is time");
    let mut run = shop.open(at(0));
    buys(&shop, 1, 1, 1, 0);
    tick(&mut run, 0);
    let asked = std::cell::Cell::new(0);
    run.tick(at(DAY), &|| asked.replace(asked.get() + 1) > 0).unwrap();
    buys(&shop, 2, 1, 1, DAY + 1);
    tick(&mut run, DAY + 1);
    assert_eq!(states(&shop), all("cancelled", 1));
}

#[test]
fn after_a_long_stop_what_is_too_late_is_recorded_and_not_sent() {
    let shop = shop();
    let mut run = shop.open(at(0));
    buys(&shop, 1, 1, 1, 0);
    buys(&shop, 2, 2, 2, 0);
    tick(&mut run, 0);
    drop(run);
    let mut run = shop.open(at(4 * DAY));
    assert_eq!(
        run.rehearse(None, None, at(4 * DAY)).unwrap(),
        Rehearsal { leaving: 1, expired: 1, waiting: 0, started: 0 }
    );
    tick(&mut run, 4 * DAY);
    assert_eq!(states(&shop), BTreeMap::from([("accepted".into(), 1), ("expired".into(), 1)]));
}

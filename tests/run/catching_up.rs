//! What a run takes up after it was away: messages on their way, contacts that changed, and more rows than one batch takes.

use super::outbox;
use super::shop::{Shop, template};
use rusqlite::Connection;
use scn::engine::Count;
use scn::time::Instant;
use std::collections::BTreeMap;
use std::fs;

/// 2026-01-01 00:00 UTC.
const START: i64 = 1_767_225_600;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn at(seconds: i64) -> Instant {
    Instant::from_seconds(START + seconds)
}

fn shop(text: &str, messages: &[(&str, &str)]) -> Shop {
    let templates: Vec<_> = messages.iter().map(|(channel, message)| template(channel, message, "hello")).collect();
    let shop = Shop::new(text, "UTC", &templates);
    shop.sql(
        "CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT, phone TEXT, birthday TEXT);
         CREATE TABLE product(id INTEGER PRIMARY KEY, name TEXT, family TEXT);
         CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, product INTEGER, at, quantity, amount, \"order\" TEXT);
         CREATE TABLE subscribed(id INTEGER PRIMARY KEY, contact INTEGER, at INTEGER, list TEXT);
         INSERT INTO contact SELECT value, 'c' || value || '@example.com', '+3360000000' || value, NULL
             FROM json_each('[1, 2, 3]');
         INSERT INTO product VALUES (1, 'soap', 'soap');",
    );
    shop
}

/// What was accepted: contact, and message.
fn accepted(shop: &Shop) -> Vec<(String, String)> {
    let rows = outbox::rows(&shop.state()).into_iter().filter(|row| row.state == "accepted");
    rows.map(|row| (row.contact, row.message)).collect()
}

fn pair(contact: &str, message: &str) -> (String, String) {
    (contact.into(), message.into())
}

#[test]
fn a_message_that_left_was_sent_whatever_became_of_its_instance() {
    let text = "scenario story { when subscribed goal purchased send email hello wait 1 week send email again }
                scenario follows { when sent hello send sms follows }";
    let shop = shop(text, &[("email", "hello"), ("email", "again"), ("sms", "follows")]);
    shop.sql(&format!("INSERT INTO subscribed VALUES (1, 1, {START}, 'news')"));
    // Handed over, and then the process dies: its file is there, and nobody has written down that it is.
    fs::write(shop.outbox(), "").unwrap();
    assert!(shop.open(at(0)).tick(at(0), &|| false).is_err());
    fs::remove_file(shop.outbox()).unwrap();
    fs::create_dir(shop.outbox()).unwrap();
    let key = outbox::rows(&shop.state())[0].key.clone();
    fs::write(shop.outbox().join(format!("{key}.eml")), "hello").unwrap();
    // The goal is reached before the next process finds it.
    shop.sql(&format!("INSERT INTO purchased VALUES (1, 1, 1, {}, 1, '9.95', NULL)", START + 10));
    let mut run = shop.open(at(HOUR));
    run.tick(at(HOUR), &|| false).unwrap();
    assert_eq!(run.report().counts["story"].get(Count::Converted), 1);
    assert_eq!(accepted(&shop), [pair("1", "hello"), pair("1", "follows")]);
}

#[test]
fn an_anniversary_that_is_filled_in_or_moved_is_seen() {
    let text = "scenario party { when started send email never }
                scenario cake { every year on contact.birthday send email cake }
                scenario leave { when subscribed send email bye wait 1 hour erase contact only if sent bye }";
    let shop = shop(text, &[("email", "cake"), ("email", "bye"), ("email", "never")]);
    shop.sql("UPDATE contact SET birthday = '1990-02-01' WHERE id > 1");
    shop.sql(&format!("INSERT INTO subscribed VALUES (1, 3, {START}, 'news')"));
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    run.tick(at(HOUR), &|| false).unwrap();
    assert_eq!(run.report().done["erase"], 1);
    shop.sql(
        "UPDATE contact SET birthday = '1990-01-10' WHERE id = 1;
         UPDATE contact SET birthday = '1990-01-20' WHERE id = 2;
         INSERT INTO contact VALUES (3, 'c3@example.com', NULL, '1990-02-01');",
    );
    run.tick(at(2 * HOUR), &|| false).unwrap();
    // Nothing has changed since: nobody is looked at, and what is known holds.
    run.tick(at(3 * HOUR), &|| false).unwrap();
    assert_eq!(run.next().unwrap(), Some(at(9 * DAY)));
    for day in [9, 19, 31] {
        run.tick(at(day * DAY), &|| false).unwrap();
    }
    assert_eq!(accepted(&shop), [pair("1", "cake"), pair("2", "cake"), pair("3", "cake")]);
}

#[test]
fn of_one_contact_a_batch_takes_so_many_rows_and_the_next_one_the_rest() {
    const ROWS: i64 = 10_050;
    let text = "scenario story { when purchased latest wait 1 day send email hello }";
    let shop = shop(text, &[("email", "hello")]);
    let mut run = shop.open(at(0));
    shop.sql(&format!(
        "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {ROWS})
         INSERT INTO purchased SELECT {ROWS} - n, 1, 1, {START} + n / 2, 1, '9.95', NULL FROM number;
         INSERT INTO purchased VALUES ({ROWS}, 2, 1, {START}, 1, '9.95', NULL);"
    ));
    let now = at(2 * HOUR);
    let batches = std::cell::Cell::new(0);
    run.tick(now, &|| batches.replace(batches.get() + 1) > 0).unwrap();
    let count =
        |sql: &str| -> i64 { Connection::open(shop.state()).unwrap().query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(count("SELECT count(*) FROM scn_inbox"), 50, "the other contact is not held up");
    drop(run);
    let mut run = shop.open(now);
    run.tick(now, &|| false).unwrap();
    assert_eq!(count("SELECT count(*) FROM scn_inbox"), 0);
    assert_eq!(run.report().counts["story"].get(Count::Started), 50);
    assert_eq!(run.next().unwrap(), Some(at(DAY)));
    // The last of them is the one that runs, as in order.
    run.tick(at(2 * DAY), &|| false).unwrap();
    let dues: BTreeMap<String, i64> =
        outbox::rows(&shop.state()).into_iter().map(|row| (row.contact, row.due - START)).collect();
    assert_eq!(dues, BTreeMap::from([("1".into(), DAY + ROWS / 2), ("2".into(), DAY)]));
}

#[test]
fn an_event_of_the_stop_withdraws_a_stale_message_and_its_instance_does_not_go_on() {
    let text = "scenario story { when subscribed stop when purchased wait 1 hour send email hello wait 1 hour\n\
                send email again only if sent hello }";
    let shop = shop(text, &[("email", "hello"), ("email", "again")]);
    for contact in [1, 2] {
        shop.sql(&format!("INSERT INTO subscribed VALUES ({contact}, {contact}, {START}, 'news')"));
    }
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    shop.sql(&format!("INSERT INTO purchased VALUES (1, 1, 1, {}, 1, '9.95', NULL)", START + 5 * HOUR));
    // Stopped between the batch that decides and the sender: another process takes it up as it is.
    let batches = std::cell::Cell::new(0);
    run.tick(at(DAY), &|| batches.replace(batches.get() + 1) > 0).unwrap();
    let states = BTreeMap::from([("cancelled".into(), 1), ("pending".into(), 1)]);
    assert_eq!(outbox::states(&shop.state()), states);
    drop(run);
    shop.open(at(DAY)).tick(at(DAY), &|| false).unwrap();
    assert_eq!(accepted(&shop), [pair("2", "hello"), pair("2", "again")]);
    let dues: Vec<i64> = outbox::rows(&shop.state()).iter().map(|row| row.due - START).collect();
    assert_eq!(dues, [HOUR, HOUR, 2 * HOUR]);
}

/// When each message that left came due, in hours.
fn dues(shop: &Shop) -> Vec<(String, String, f64)> {
    let rows = outbox::rows(&shop.state()).into_iter().filter(|row| row.state == "accepted");
    rows.map(|row| (row.contact, row.message, (row.due - START) as f64 / HOUR as f64)).collect()
}

fn due(contact: &str, message: &str, hours: f64) -> (String, String, f64) {
    (contact.into(), message.into(), hours)
}

fn subscribes(shop: &Shop, contact: i64, seconds: i64) {
    shop.sql(&format!("INSERT INTO subscribed VALUES ({contact}, {contact}, {}, 'news')", START + seconds));
}

fn buys(shop: &Shop, contact: i64, seconds: i64) {
    shop.sql(&format!("INSERT INTO purchased VALUES ({contact}, {contact}, 1, {}, 1, '9.95', NULL)", START + seconds));
}

#[test]
fn an_event_of_the_stop_ends_a_wait_at_its_instant_once_the_message_before_it_left() {
    let text = "scenario story { when subscribed send email hello wait up to 1 hour for purchased send email again }";
    let shop = shop(text, &[("email", "hello"), ("email", "again")]);
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    for (contact, bought) in [(1, HOUR), (2, 3 * HOUR)] {
        subscribes(&shop, contact, HOUR / 2);
        buys(&shop, contact, bought);
    }
    // Another process delivers what this one has decided.
    let batches = std::cell::Cell::new(0);
    run.tick(at(DAY), &|| batches.replace(batches.get() + 1) > 0).unwrap();
    drop(run);
    shop.open(at(DAY)).tick(at(DAY), &|| false).unwrap();
    let mut dues = dues(&shop);
    dues.sort_by(|one, two| one.partial_cmp(two).unwrap());
    let expected = [due("1", "again", 1.0), due("1", "hello", 0.5), due("2", "again", 1.5), due("2", "hello", 0.5)];
    assert_eq!(dues, expected);
}

#[test]
fn a_late_start_replaces_what_the_policy_still_holds() {
    let text = "policy { quiet hours 20:00 to 08:00 }
                scenario first { when purchased send transactional email now wait 1 hour start story }
                scenario story { when subscribed latest send email hello wait 1 day }";
    let shop = shop(text, &[("email", "now"), ("email", "hello")]);
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    buys(&shop, 1, 600);
    subscribes(&shop, 1, 2 * HOUR);
    run.tick(at(3 * HOUR), &|| false).unwrap();
    run.tick(at(9 * HOUR), &|| false).unwrap();
    assert_eq!(accepted(&shop), [pair("1", "now"), pair("1", "hello")]);
}

#[test]
fn what_a_late_step_makes_true_takes_back_what_the_policy_still_holds() {
    let text = "policy { quiet hours 20:00 to 08:00 }
                scenario first { when purchased send transactional email now wait 1 hour tag \"told\" }
                scenario story { when subscribed goal \"told\" in contact.tags send email hello wait 1 day }";
    let shop = shop(text, &[("email", "now"), ("email", "hello")]);
    shop.sql("CREATE TABLE contact_tags(contact INTEGER, tags TEXT, rank INTEGER)");
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    buys(&shop, 1, 600);
    subscribes(&shop, 1, 2 * HOUR);
    run.tick(at(3 * HOUR), &|| false).unwrap();
    run.tick(at(9 * HOUR), &|| false).unwrap();
    assert_eq!(accepted(&shop), [pair("1", "now")]);
}

#[test]
fn whatever_erases_the_contact_waits_for_what_came_due_before() {
    let told = "scenario story { when purchased send transactional email hello }";
    for erases in [
        "scenario leave { every day at 02:00 for purchased where (quantity >= 1) in last 1 day erase contact }",
        "scenario leave { when no purchased for 1 hour erase contact }",
        "scenario first { when subscribed wait 90 minutes start second }
         scenario second { when started start leave }
         scenario leave { when started erase contact }",
    ] {
        let shop = shop(&format!("{told} {erases}"), &[("email", "hello")]);
        let mut run = shop.open(at(0));
        run.tick(at(0), &|| false).unwrap();
        subscribes(&shop, 1, HOUR / 2);
        buys(&shop, 1, HOUR);
        run.tick(at(3 * HOUR), &|| false).unwrap();
        assert_eq!(run.report().done.get("erase"), Some(&1), "{erases}");
        let state = Connection::open(shop.state()).unwrap();
        let gone = "SELECT state || ' ' || count FROM scn_gone";
        let gone: String = state.query_row(gone, [], |row| row.get(0)).unwrap();
        assert_eq!(gone, "accepted 1", "{erases}");
    }
}

#[test]
fn a_call_of_a_late_step_is_as_late_as_a_message() {
    let text = "scenario story { when subscribed send email hello wait 1 hour call stock }";
    let shop = shop(text, &[("email", "hello")]);
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    subscribes(&shop, 1, HOUR);
    run.tick(at(DAY), &|| false).unwrap();
    let state = Connection::open(shop.state()).unwrap();
    let expires = "SELECT group_concat((expires_at - due) / 3600000000) FROM scn_outbox";
    let expires: String = state.query_row(expires, [], |row| row.get(0)).unwrap();
    assert_eq!(expires, "48,48");
}

//! From when to when: what is refused is said of the one that is wrong, and what is counted lies within.

use crate::{execute, folder, scn};
use tempfile::TempDir;

/// Four purchases, of which two are in 2020.
fn shop() -> TempDir {
    let shop = folder(&[("thanks.scn", b"scenario thanks { when purchased   send email thanks }")]);
    execute(
        &shop.path().join("crm.db"),
        "CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT);
         CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, at TEXT);
         INSERT INTO contact VALUES (1, 'one@example.com'), (2, 'two@example.com');
         INSERT INTO purchased VALUES (1, 1, '2019-05-05 10:00:00'), (2, 2, '2020-01-01 10:00:00'),
           (3, 2, '2020-02-01 10:00:00'), (4, 1, '2021-01-01 10:00:00');",
    );
    shop
}

#[test]
fn a_span_without_an_event_is_put_down_to_the_end_that_is_named() {
    let shop = shop();
    let simulate = |span: &[&str]| scn(shop.path(), &[&["simulate", "--crm", "crm.db"], span].concat());
    let before = ["`--to` (2018-12-31T23:59:59Z) is before the first event of the CRM (2019-05-05T10:00:00Z)"];
    let ran = simulate(&["--to", "2018-12-31"]);
    ran.expect(2, &before);
    ran.expect(2, &["name a later instant, or `--from` as well"]);
    assert!(!ran.err.contains("`--from` ("), "{}", ran.err);
    let after = ["`--from` (2022-01-01T00:00:00Z) is after the last event of the CRM (2021-01-01T10:00:00Z)"];
    simulate(&["--from", "2022-01-01"]).expect(2, &after);
    // Who names both knows what they ask for.
    simulate(&["--from", "2018-01-01", "--to", "2018-12-31"]).expect(0, &["0 messages would be sent"]);
    std::fs::write(
        shop.path().join("other.scn"),
        "scenario thanks { when purchased   wait 1 day   send email thanks }",
    )
    .unwrap();
    let diff = ["diff", "thanks.scn", "other.scn", "--crm", "crm.db", "--to", "2018-12-31"];
    scn(shop.path(), &diff).expect(2, &before);
}

#[test]
fn what_comes_after_the_end_is_not_counted() {
    let shop = shop();
    let events = |span: &[&str]| {
        let told = scn(shop.path(), &[&["simulate", "--crm", "crm.db"], span].concat());
        told.expect(0, &[]);
        let json = scn(shop.path(), &[&["simulate", "--crm", "crm.db", "--format", "json"], span].concat());
        let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
        (told.out.lines().next().unwrap().to_owned(), json["events"].as_u64().unwrap())
    };
    let (heading, count) = events(&["--to", "2020-12-31"]);
    assert!(heading.contains("2 contacts, 3 events, 2019-05-05 10:00 to 2020-12-31 23:59"), "{heading}");
    assert_eq!(count, 3);
    // What was before is history.
    assert_eq!(events(&["--from", "2020-01-15", "--to", "2020-12-31"]).1, 3);
    assert_eq!(events(&["--contact", "1", "--to", "2020-12-31"]).1, 1);
    assert_eq!(events(&[]).1, 4);
}

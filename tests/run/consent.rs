//! Consent by a log: as of the instant at which a message is judged, in a simulation as in a run.

use super::acts::{DAY, HOUR, START, at, both, count, shop};
use super::outbox;
use super::shop::Shop;
use super::tables;
use rusqlite::Connection;
use scn::drivers::simulate::{Report, Request, simulate};
use scn::store::crm::Crm;
use std::fs;

const LOG: &str = "event consent_changed { channel: \"email\" | \"sms\", granted: flag }";

fn with_log(text: &str) -> Shop {
    let shop = shop(&format!("{LOG} {text}"));
    shop.sql(
        "CREATE TABLE consent_changed(id INTEGER PRIMARY KEY, contact INTEGER, at, channel TEXT, granted INTEGER)",
    );
    shop
}

/// Rows of one contact in the order of arrival: `consent yes`, `consent no`, `buy`, each at so many seconds after the start.
fn rows(contact: i64, happened: &[(&str, i64)]) -> Vec<(i64, String)> {
    let row = |(what, seconds): &(&str, i64)| {
        let at = START + seconds;
        let sql = match *what {
            "buy" => format!("INSERT INTO purchased VALUES (NULL, {contact}, 1, {at}, 1, '5', 'o')"),
            consent => {
                let granted = i32::from(consent == "yes");
                format!("INSERT INTO consent_changed VALUES (NULL, {contact}, {at}, 'email', {granted})")
            }
        };
        (at, sql)
    };
    happened.iter().map(row).collect()
}

fn sorted(mut all: Vec<(i64, String)>) -> Vec<(i64, String)> {
    all.sort_by_key(|(at, _)| *at);
    all
}

fn report(shop: &Shop, rows: &[(i64, String)], to: i64) -> Report {
    let full = shop.folder.path().join("full.db");
    fs::copy(shop.crm(), &full).unwrap();
    let db = Connection::open(&full).unwrap();
    rows.iter().for_each(|(_, sql)| db.execute_batch(sql).unwrap());
    let request = Request { from: Some(at(0)), to: Some(at(to)), ..Request::default() };
    simulate(&shop.bundle, &Crm::open(&full).unwrap(), &request, None).unwrap().report
}

#[test]
fn given_withdrawn_and_given_again_it_is_the_same_in_both() {
    let shop = with_log(
        "scenario remind { when purchased   wait 1 day   send email welcome }
         scenario asks { when purchased   for contact can receive email   tag \"asked\" }",
    );
    let rows = sorted(
        [
            // Never asked, given, withdrawn, given again.
            rows(1, &[("buy", 10), ("yes", 3 * DAY), ("buy", 4 * DAY), ("no", 6 * DAY), ("buy", 7 * DAY)]),
            rows(1, &[("yes", 9 * DAY), ("buy", 10 * DAY)]),
            // Given and withdrawn at the very instant at which the message leaves.
            rows(2, &[("buy", 20), ("yes", DAY + 20)]),
            rows(3, &[("yes", 5), ("buy", 30), ("no", DAY + 30)]),
            // Withdrawn while it waits, and given again in time.
            rows(4, &[("yes", 5), ("buy", 40), ("no", HOUR), ("yes", 2 * HOUR)]),
            // Two answers at one instant: the later row holds.
            rows(5, &[("no", 50), ("yes", 50), ("buy", 60)]),
            rows(6, &[("yes", 50), ("no", 50), ("buy", 60)]),
        ]
        .concat(),
    );
    // Contact 1 gets two, 2, 4 and 5 one each; who consents when they buy is tagged.
    assert_eq!(both(&shop, &rows, 20 * DAY), count(&[("send", 5), ("tag", 5)]));
    assert_eq!(report(&shop, &rows, 20 * DAY).as_of_now, ["contact.email"]);
}

#[test]
fn who_withdraws_while_the_night_holds_a_message_does_not_get_it() {
    let shop =
        with_log("policy { quiet hours 20:00 to 09:00 } scenario remind { when purchased   send email welcome }");
    let rows = sorted(
        [
            rows(1, &[("yes", HOUR), ("buy", 21 * HOUR), ("no", 30 * HOUR)]),
            rows(2, &[("yes", HOUR), ("buy", 21 * HOUR), ("no", 30 * HOUR), ("yes", 31 * HOUR)]),
            // When it came due there was none: what is given later calls nothing back.
            rows(3, &[("buy", 21 * HOUR), ("yes", 30 * HOUR)]),
            // At the end of the night itself.
            rows(4, &[("yes", HOUR), ("buy", 21 * HOUR), ("no", 33 * HOUR)]),
        ]
        .concat(),
    );
    let report = report(&shop, &rows, 5 * DAY);
    tables::live(&shop, &rows, at(5 * DAY));
    tables::are_equal(&shop, &report.tables);
    let told = outbox::rows(&shop.state()).into_iter().map(|row| format!("{} {}", row.contact, row.state));
    let mut told: Vec<String> = told.collect();
    told.sort();
    assert_eq!(told, ["1 suppressed", "2 accepted", "4 suppressed"]);
}

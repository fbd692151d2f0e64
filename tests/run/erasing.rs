//! Rows that turn out to be one person while something is on its way, and rows that turn out to be another person before an
//! erasure is made: nobody loses a message, and nobody goes with somebody else.

use super::acts::{DAY, HOUR, START, at, query, rows as rows_of, shop};
use super::outbox;
use super::shop::Shop;
use rusqlite::Connection;
use scn::drivers::run::Run;
use scn::model::Id;
use scn::store::crm::{Change, Crm};
use scn::store::state::{PendingWrite, State};
use scn::time::Zone;

const REFUSES: &str =
    "CREATE TRIGGER refuses BEFORE DELETE ON contact BEGIN SELECT RAISE(ABORT, 'not on a thursday'); END;";

fn buys(shop: &Shop, id: i64, contact: i64, seconds: i64, amount: i64) {
    let at = START + seconds;
    shop.sql(&format!("INSERT INTO purchased VALUES ({id}, {contact}, 1, {at}, 1, '{amount}', 'o{id}')"));
}

fn opens(shop: &Shop, id: i64, contact: i64, seconds: i64) {
    shop.sql(&format!("INSERT INTO opened VALUES ({id}, {contact}, {}, NULL, 'person')", START + seconds));
}

fn tick(run: &mut Run, seconds: i64) {
    run.tick(at(seconds), &|| false).unwrap();
}

/// Contact 2 is older than contact 1: it is the person.
fn become_one(shop: &Shop) {
    shop.sql("UPDATE contact SET email = 'c2@example.com' WHERE id = 1");
}

fn state_rows(shop: &Shop, sql: &str) -> Vec<String> {
    rows_of(&Connection::open(shop.state()).unwrap(), sql)
}

#[test]
fn rows_with_messages_that_wait_become_one_person() {
    for (first, second) in [(1, 2), (2, 1)] {
        let shop = shop(
            "policy { quiet hours 20:00 to 19:00 }
             identity contact by email
             scenario remind { when purchased   one at a time   send email welcome   wait 10 days   send email thank_you }",
        );
        let mut run = shop.open(at(0));
        tick(&mut run, 0);
        buys(&shop, 1, first, HOUR, 5);
        buys(&shop, 2, second, HOUR + 1, 5);
        tick(&mut run, HOUR + 1);
        become_one(&shop);
        tick(&mut run, 2 * HOUR);
        let messages = state_rows(&shop, "SELECT contact, state, reason FROM scn_outbox ORDER BY due");
        assert_eq!(messages, ["2 deferred quiet hours", "2 cancelled merged"], "{first} first");
        drop(run);
        let mut run = shop.open(at(3 * HOUR));
        tick(&mut run, 20 * HOUR - 60);
        assert_eq!(run.report().sent, [("email".to_owned(), 1)].into(), "{first} first");
    }
}

#[test]
fn whoever_turns_out_to_be_erased_gets_nothing_that_waited() {
    let shop = shop(
        "policy { quiet hours 20:00 to 19:00 }
         identity contact by email
         scenario remind { when purchased   send email welcome }
         scenario leave { when opened   erase contact only if contact.tier is \"new\" }",
    );
    shop.sql(REFUSES);
    let mut run = shop.open(at(0));
    tick(&mut run, 0);
    buys(&shop, 1, 1, HOUR, 5);
    opens(&shop, 1, 2, HOUR);
    tick(&mut run, HOUR);
    become_one(&shop);
    tick(&mut run, 2 * HOUR);
    assert_eq!(state_rows(&shop, "SELECT contact, state FROM scn_outbox"), ["2 cancelled"]);
    shop.sql("DROP TRIGGER refuses");
    tick(&mut run, 3 * HOUR);
    assert_eq!(query(&shop, "SELECT id FROM contact"), ["3", "4", "5", "6"]);
    assert_eq!(state_rows(&shop, "SELECT count(*) FROM scn_outbox"), ["0"]);
}

#[test]
fn what_was_set_in_another_row_stays_there_while_its_scenario_is_away() {
    let quiz = "identity contact by email
        scenario quiz { when purchased   set contact.tier = \"dry\" }
        scenario reads { when opened for contact.tier is \"dry\"   once   send transactional email welcome }";
    let mut shop = shop(quiz);
    shop.sql(
        "CREATE TRIGGER refuses BEFORE UPDATE OF tier ON contact BEGIN SELECT RAISE(ABORT, 'not on a thursday'); END;",
    );
    let mut run = shop.open(at(0));
    tick(&mut run, 0);
    buys(&shop, 1, 1, HOUR, 5);
    tick(&mut run, HOUR);
    drop(run);
    shop.edit("identity contact by email scenario other { when purchased   once   wait 1 hour }", "UTC");
    become_one(&shop);
    let mut run = shop.open(at(DAY));
    buys(&shop, 2, 2, DAY, 5);
    tick(&mut run, DAY);
    drop(run);
    shop.edit(quiz, "UTC");
    let mut run = shop.open(at(2 * DAY));
    tick(&mut run, 2 * DAY);
    opens(&shop, 1, 2, 2 * DAY + 10);
    tick(&mut run, 2 * DAY + 10);
    assert_eq!(outbox::states(&shop.state()), [].into());
}

const LEAVE: &str = "identity contact by email
    scenario leave { when purchased   erase contact only if amount > 1 EUR }";

#[test]
fn whoever_is_another_person_by_the_second_try_is_not_erased() {
    let shop = shop(LEAVE);
    shop.sql(REFUSES);
    become_one(&shop);
    let mut run = shop.open(at(0));
    tick(&mut run, 0);
    buys(&shop, 1, 2, HOUR, 5);
    tick(&mut run, HOUR);
    assert_eq!(run.report().troubles.len(), 1);
    shop.sql("DROP TRIGGER refuses; UPDATE contact SET email = 'c1@example.com' WHERE id = 1");
    tick(&mut run, 2 * HOUR);
    assert_eq!(query(&shop, "SELECT id FROM contact"), ["1", "3", "4", "5", "6"]);
    assert_eq!(state_rows(&shop, "SELECT count(*) FROM scn_erasing"), ["0"]);
}

/// The process died before the CRM was changed: who the person is, the CRM says, and it may have changed.
#[test]
fn whoever_is_another_person_at_the_next_start_is_not_erased() {
    let shop = shop(LEAVE);
    become_one(&shop);
    let mut run = shop.open(at(0));
    tick(&mut run, 0);
    buys(&shop, 1, 2, HOUR, 5);
    let asked = std::cell::Cell::new(0);
    run.tick(at(HOUR), &|| asked.replace(asked.get() + 1) > 0).unwrap();
    drop(run);
    {
        let mut crm = Crm::open(&shop.crm()).unwrap();
        crm.identify(&["email".into()], Zone::UTC).unwrap();
        let (mut state, _) = State::open(&shop.state(), "dies", at(HOUR)).unwrap();
        let pending = state.pending_writes(0, at(HOUR), 9).unwrap();
        assert_eq!(pending.iter().map(|write| &write.change).collect::<Vec<_>>(), [&Change::Erase]);
        let rows = |write: &PendingWrite| crm.persons().group(&write.contact).unwrap_or(&[]).to_vec();
        let begin: Vec<_> = pending.iter().map(|write| (write, rows(write))).collect();
        assert_eq!(state.begin_erasures(&begin).unwrap(), [[Id::Number(2), Id::Number(1)]]);
    }
    shop.sql("UPDATE contact SET email = 'c1@example.com' WHERE id = 1");
    let mut run = shop.open(at(2 * HOUR));
    tick(&mut run, 2 * HOUR);
    assert_eq!(query(&shop, "SELECT id FROM contact"), ["1", "3", "4", "5", "6"]);
    assert_eq!(state_rows(&shop, "SELECT count(*) FROM scn_erasing"), ["0"]);
}

/// A database gives the number of a row that is gone to a new one: whoever was told of the old one is told of the new one too.
#[test]
fn the_number_of_an_erased_row_is_free_for_those_who_were_told_of_it() {
    for read in ["", "scenario counts { when purchased   tag \"buyer\" }"] {
        let shop = shop(&format!(
            "scenario thanks {{ when friend_purchased   send transactional email thank_you }}
             scenario leave {{ when opened   erase contact only if contact.tier is \"new\" }} {read}"
        ));
        let mut run = shop.open(at(0));
        tick(&mut run, 0);
        buys(&shop, 1, 2, HOUR, 5);
        tick(&mut run, HOUR);
        opens(&shop, 1, 2, 2 * HOUR);
        tick(&mut run, 2 * HOUR);
        assert_eq!(query(&shop, "SELECT count(*) FROM purchased"), ["0"], "{read}");
        shop.sql("INSERT INTO contact VALUES (8, 'c8@example.com', 'old', 1, 0)");
        buys(&shop, 1, 8, 3 * HOUR, 5);
        tick(&mut run, 3 * HOUR);
        assert_eq!(outbox::states(&shop.state()), [("accepted".to_owned(), 2)].into(), "{read}");
    }
}

#[test]
fn a_shop_stays_when_its_manager_goes() {
    let shop = shop(
        "entity shop { name: text  contact: contact? }
         extend contact { favourite: shop? }
         scenario leave { when purchased   erase contact only if contact.favourite.name is not \"zzz\" }",
    );
    shop.sql(
        "CREATE TABLE shop(id INTEGER PRIMARY KEY, name TEXT, contact INTEGER); INSERT INTO shop VALUES (1, 'harbour', 1);
         ALTER TABLE contact ADD COLUMN favourite INTEGER; UPDATE contact SET favourite = 1;",
    );
    let mut run = shop.open(at(0));
    tick(&mut run, 0);
    buys(&shop, 1, 1, HOUR, 5);
    tick(&mut run, HOUR);
    assert_eq!(query(&shop, "SELECT id FROM contact"), ["2", "3", "4", "5", "6"]);
    assert_eq!(query(&shop, "SELECT * FROM shop"), ["1 harbour -"]);
}

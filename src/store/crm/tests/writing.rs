//! What scenarios change in a CRM.

use super::crm;
use crate::model::{Id, Literal, Reference};
use crate::store::ErrorKind;
use crate::store::crm::{Change, Crm, Order};
use crate::time::Zone;
use rusqlite::Connection;
use rusqlite::types::Value;
use std::path::Path;

const SQL: &str = "CREATE TABLE contact(id INTEGER PRIMARY KEY, tier, active, email, referrer);
    CREATE TABLE contact_tags(contact INTEGER, tags TEXT, rank INTEGER);
    CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, at);
    CREATE TABLE cart_updated(id INTEGER PRIMARY KEY, contact INTEGER, at);
    CREATE TABLE cart_updated_products(cart_updated INTEGER, products INTEGER, rank INTEGER);
    CREATE TABLE product(id INTEGER PRIMARY KEY);
    CREATE TABLE opens(id INTEGER PRIMARY KEY, who INTEGER);
    CREATE VIEW opened AS SELECT id, who AS contact, 0 AS at FROM opens;
    CREATE TRIGGER opened_erased INSTEAD OF DELETE ON opened BEGIN DELETE FROM opens WHERE id = old.id; END;
    INSERT INTO contact VALUES (1, NULL, 0, 'a@x.y', NULL), (2, NULL, 0, 'b@x.y', 1), (3, 'old', 0, 'A@x.y', NULL);
    INSERT INTO contact_tags VALUES (1, 'first', 5);
    INSERT INTO purchased VALUES (1, 1, 0), (2, 2, 0), (3, 3, 0); INSERT INTO cart_updated VALUES (7, 1, 0), (8, 2, 0);
    INSERT INTO cart_updated_products VALUES (7, 1, 0), (7, 2, 1), (8, 1, 0);
    INSERT INTO product VALUES (1), (2); INSERT INTO opens VALUES (1, 1), (2, 2);";

fn set(field: &str, value: Option<Literal>) -> Change {
    Change::Set { field: field.into(), value }
}

fn tag(tag: &str, add: bool) -> Change {
    Change::Tag { tag: tag.into(), add }
}

/// All rows of a query, as text.
fn rows(folder: &Path, sql: &str) -> Vec<String> {
    let connection = Connection::open(folder.join("crm.db")).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let text = |value: Value| match value {
        Value::Null => "-".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text,
        other => format!("{other:?}"),
    };
    let row = |row: &rusqlite::Row<'_>| {
        (0..columns).map(|column| row.get(column).map(text)).collect::<Result<Vec<_>, _>>().map(|all| all.join(" "))
    };
    statement.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Fields that the model declares, as `RECORD.FIELD`, events with a `!`, lists with a star.
const REFERENCES: [&str; 6] =
    ["contact.referrer", "product.maker", "product.fans*", "purchased.adviser!", "invited.friend!", "nowhere.friend!"];

fn reference(text: &str) -> Reference {
    let (record, field) = text.split_once('.').unwrap();
    let name = field.trim_end_matches(['!', '*']).into();
    Reference { record: record.into(), field: name, is_event: field.ends_with('!'), is_list: field.ends_with('*') }
}

fn order(crm: &Crm, id: i64, change: Change) -> Order {
    let contact = Id::Number(id);
    let rows = crm.persons().group(&contact).unwrap_or(&[Id::Number(id)]).to_vec();
    Order { contact, change, rows }
}

/// Makes changes, each twice, and gives what was refused.
fn change(crm: &Crm, changes: &[(i64, Change)]) -> Vec<String> {
    let orders: Vec<Order> = changes.iter().map(|(id, change)| order(crm, *id, change.clone())).collect();
    let first = crm.change(&orders, &REFERENCES.map(reference)).unwrap();
    assert_eq!(crm.change(&orders, &REFERENCES.map(reference)).unwrap().len(), first.len());
    first.into_iter().filter_map(Result::err).map(|refusal| refusal.reason).collect()
}

#[test]
fn fields_and_tags_are_written_so_that_writing_twice_changes_nothing() {
    let (folder, crm) = crm(SQL);
    let number = |text: &str| Some(Literal::Number(text.parse().unwrap()));
    let changes = [
        (1, set("tier", Some(Literal::Text("gold".into())))),
        (1, set("active", Some(Literal::Flag(true)))),
        (2, set("tier", number("12.50"))),
        (2, set("active", number("3.00"))),
        (3, set("tier", None)),
        (1, tag("dormant", true)),
        (1, tag("first", false)),
        (2, tag("dormant", true)),
    ];
    assert_eq!(change(&crm, &changes), [] as [String; 0]);
    assert_eq!(rows(folder.path(), "SELECT id, tier, active FROM contact"), ["1 gold 1", "2 12.5 3", "3 - 0"]);
    assert_eq!(rows(folder.path(), "SELECT * FROM contact_tags ORDER BY 1"), ["1 dormant 6", "2 dormant 1"]);
}

#[test]
fn erasure_takes_every_row_that_names_the_person_and_no_other() {
    let (folder, mut crm) = crm(SQL);
    crm.identify(&["email".into()], Zone::UTC).unwrap();
    assert_eq!(change(&crm, &[(1, Change::Erase)]), [] as [String; 0]);
    let left = |sql: &str| rows(folder.path(), sql);
    assert_eq!(left("SELECT id, referrer FROM contact"), ["2 -"]);
    assert_eq!(left("SELECT id FROM purchased"), ["2"]);
    assert_eq!(left("SELECT id FROM cart_updated"), ["8"]);
    assert_eq!(left("SELECT cart_updated FROM cart_updated_products"), ["8"]);
    assert_eq!(left("SELECT id FROM opens"), ["2"]);
    assert_eq!(left("SELECT count(*) FROM contact_tags"), ["0"]);
    assert_eq!(left("SELECT count(*) FROM product"), ["2"]);
}

#[test]
fn what_the_crm_refuses_is_told_and_keeps_nothing_else_back() {
    let views = "CREATE TABLE client(id INTEGER PRIMARY KEY, tier);
        CREATE VIEW contact AS SELECT id, tier FROM client; INSERT INTO client VALUES (1, NULL);
        CREATE TABLE contact_tags(contact, tags);";
    let (folder, views) = crm(views);
    let changes = [
        (1, set("tier", Some(Literal::Text("gold".into())))),
        (1, set("nowhere", None)),
        (5, set("tier", None)),
        (1, tag("kept", true)),
        (1, Change::Erase),
    ];
    assert_eq!(
        change(&views, &changes)
            .iter()
            .map(|reason| reason.replace(folder.path().to_str().unwrap(), ""))
            .collect::<Vec<_>>(),
        [
            "`contact.tier` of contact 1 cannot be written in `/crm.db`: cannot modify contact because it is a view",
            "`contact.nowhere` of contact 1 cannot be written in `/crm.db`: cannot modify contact because it is a view",
            "`contact.tier` of contact 5 cannot be written in `/crm.db`: the CRM has no such row in `contact`",
            "contact 1 cannot be erased in `/crm.db`: cannot modify contact because it is a view",
        ]
    );
    assert_eq!(rows(folder.path(), "SELECT * FROM contact_tags"), ["1 kept"]);
    let (_folder, bare) = crm("CREATE TABLE contact(id INTEGER PRIMARY KEY);");
    let refused = bare.change(&[order(&bare, 1, tag("x", true))], &[]).unwrap().remove(0).unwrap_err();
    assert_eq!(refused.help, "`CREATE TABLE contact_tags(contact, tags, rank)` in the CRM");
}

#[test]
fn a_file_that_another_program_holds_is_busy() {
    let (folder, crm) = crm(SQL);
    let holder = Connection::open(folder.path().join("crm.db")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = crm.change(&[order(&crm, 1, tag("x", true))], &[]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Busy);
}

const NAMED: &str = "CREATE TABLE contact(id INTEGER PRIMARY KEY, referrer INTEGER);
    CREATE TABLE product(id INTEGER PRIMARY KEY, maker INTEGER, fan INTEGER);
    CREATE TABLE product_fans(product INTEGER, fans INTEGER, rank INTEGER);
    CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, at, adviser INTEGER);
    CREATE TABLE invited(id INTEGER PRIMARY KEY, contact INTEGER, at, friend INTEGER NOT NULL);
    CREATE TABLE invited_products(invited INTEGER, products INTEGER, rank INTEGER);
    INSERT INTO contact VALUES (1, NULL), (2, 1), (3, 2);
    INSERT INTO product VALUES (1, 1, 1), (2, 3, 3); INSERT INTO product_fans VALUES (1, 1, 0), (1, 2, 1);
    INSERT INTO purchased VALUES (1, 2, 0, 1), (2, 2, 0, 3); INSERT INTO invited VALUES (1, 2, 0, 1), (2, 2, 0, 3);
    INSERT INTO invited_products VALUES (1, 1, 0), (2, 1, 0);";

#[test]
fn erasure_empties_every_declared_field_that_names_the_person() {
    let (folder, crm) = crm(NAMED);
    assert_eq!(change(&crm, &[(1, Change::Erase)]), [] as [String; 0]);
    let left = |sql: &str| rows(folder.path(), sql);
    assert_eq!(left("SELECT * FROM contact"), ["2 -", "3 2"]);
    // What the model does not declare to be a contact is a number as any other.
    assert_eq!(left("SELECT * FROM product"), ["1 - 1", "2 3 3"]);
    assert_eq!(left("SELECT fans FROM product_fans"), ["2"]);
    assert_eq!(left("SELECT id, contact, adviser FROM purchased"), ["1 2 -", "2 2 3"]);
    // An invitation cannot be told without the one who is invited.
    assert_eq!(left("SELECT id FROM invited"), ["2"]);
    assert_eq!(left("SELECT invited FROM invited_products"), ["2"]);
}

/// A column `contact` makes no row of an entity one about the contact, and neither does one of a table that is none of ours.
#[test]
fn an_erasure_takes_no_entity_with_it() {
    let (folder, crm) = crm("CREATE TABLE contact(id INTEGER PRIMARY KEY);
        CREATE TABLE shop(id INTEGER PRIMARY KEY, contact INTEGER); CREATE TABLE visit(id INTEGER PRIMARY KEY, contact, at);
        CREATE TABLE shop_contact(shop INTEGER, contact INTEGER); CREATE TABLE desk(id INTEGER PRIMARY KEY, contact INTEGER);
        CREATE TABLE round(id INTEGER PRIMARY KEY, contact INTEGER NOT NULL, at);
        INSERT INTO contact VALUES (1), (2), (3); INSERT INTO shop VALUES (1, 1), (2, 2); INSERT INTO visit VALUES (1, 1, 0);
        INSERT INTO shop_contact VALUES (1, 1), (1, 2); INSERT INTO desk VALUES (1, 1); INSERT INTO round VALUES (1, 3, 0);");
    let references = ["round.contact", "shop.contact", "shop.contact*"].map(reference);
    let made = crm.change(&[order(&crm, 1, Change::Erase), order(&crm, 3, Change::Erase)], &references).unwrap();
    assert!(made[0].is_ok() && made[1].is_err(), "{made:?}");
    let left = |sql: &str| rows(folder.path(), sql);
    assert_eq!(left("SELECT * FROM shop"), ["1 -", "2 2"]);
    assert_eq!(left("SELECT * FROM shop_contact"), ["1 2"]);
    assert_eq!(left("SELECT count(*) FROM visit"), ["0"]);
    assert_eq!(left("SELECT * FROM desk"), ["1 1"]);
    assert_eq!(left("SELECT * FROM round"), ["1 3 0"]);
    assert_eq!(left("SELECT id FROM contact"), ["2", "3"]);
}

#[test]
fn an_erasure_takes_no_other_persons_row_with_it() {
    let (folder, crm) = crm("CREATE TABLE contact(id INTEGER PRIMARY KEY, referrer INTEGER NOT NULL);
        INSERT INTO contact VALUES (1, 0), (2, 1);");
    let refused = change(&crm, &[(1, Change::Erase)]);
    assert!(refused.len() == 1 && refused[0].contains("NOT NULL constraint failed: contact.referrer"), "{refused:?}");
    assert_eq!(rows(folder.path(), "SELECT * FROM contact"), ["1 0", "2 1"]);
}

#[test]
fn what_others_commit_is_seen_and_what_we_do_is_not() {
    for mode in ["DELETE", "WAL"] {
        let (folder, crm) = crm(SQL);
        let other = Connection::open(folder.path().join("crm.db")).unwrap();
        other.query_row(&format!("PRAGMA journal_mode = {mode}"), [], |_| Ok(())).unwrap();
        let others = || other.execute_batch("INSERT INTO purchased(contact, at) VALUES (2, 0)").unwrap();
        let ours = |value: &str| {
            let gold = order(&crm, 1, set("tier", Some(Literal::Text(value.into()))));
            assert!(crm.change(&[gold], &[]).unwrap().iter().all(Result::is_ok));
        };
        let mut known = crm.version().unwrap();
        let mut moved = || {
            let now = crm.version().unwrap();
            std::mem::replace(&mut known, now) != now
        };
        assert!(!moved(), "{mode}: nothing");
        others();
        assert!(moved(), "{mode}: another's, before the first of ours");
        ours("one");
        assert!(!moved(), "{mode}: our first");
        others();
        assert!(moved(), "{mode}: another's");
        others();
        ours("two");
        assert!(moved(), "{mode}: another's, then ours");
        ours("three");
        assert!(!moved(), "{mode}: ours");
        ours("four");
        others();
        assert!(moved(), "{mode}: ours, then another's");
        assert!(!moved(), "{mode}: nothing again");
    }
    // One that comes between the last look and the first change.
    let (folder, crm) = crm(SQL);
    let before = crm.version().unwrap();
    Connection::open(folder.path().join("crm.db")).unwrap().execute_batch("DELETE FROM opens").unwrap();
    crm.change(&[order(&crm, 1, tag("x", true))], &[]).unwrap();
    assert_ne!(crm.version().unwrap(), before);
}

/// A copy of the CRM in the middle of a change, as a process that is killed leaves it: its journal on the disk, nobody at
/// work.
#[test]
fn a_change_that_somebody_died_in_the_middle_of_is_taken_back() {
    let (folder, _crm) = crm(SQL);
    let path = folder.path().join("crm.db");
    let writer = Connection::open(&path).unwrap();
    // What does not fit into the cache is in the file before the commit.
    writer.execute_batch("PRAGMA cache_size = 1; BEGIN; UPDATE contact SET tier = hex(randomblob(3000))").unwrap();
    let died = folder.path().join("died.db");
    std::fs::copy(&path, &died).unwrap();
    std::fs::copy(folder.path().join("crm.db-journal"), folder.path().join("died.db-journal")).unwrap();
    assert_eq!(Crm::open(&died).unwrap_err().kind, ErrorKind::HalfDone);
    Crm::open_to_change(&died).unwrap();
    Crm::open(&died).unwrap();
    let tier = "SELECT group_concat(coalesce(tier, '-')) FROM contact";
    let kept: String = Connection::open(&died).unwrap().query_row(tier, [], |row| row.get(0)).unwrap();
    assert_eq!(kept, "-,-,old");
}

//! What scenarios change in a CRM.

use super::crm;
use crate::model::{Id, Literal};
use crate::store::ErrorKind;
use crate::store::crm::{Change, Crm};
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

/// Makes changes, each twice, and gives what was refused.
fn change(crm: &Crm, changes: &[(i64, Change)]) -> Vec<String> {
    let changes: Vec<(Id, Change)> = changes.iter().map(|(id, change)| (Id::Number(*id), change.clone())).collect();
    let first = crm.change(&changes, &["referrer".into()]).unwrap();
    assert_eq!(crm.change(&changes, &["referrer".into()]).unwrap().len(), first.len());
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
    let refused = bare.change(&[(Id::Number(1), tag("x", true))], &[]).unwrap().remove(0).unwrap_err();
    assert_eq!(refused.help, "`CREATE TABLE contact_tags(contact, tags, rank)` in the CRM");
}

#[test]
fn a_file_that_another_program_holds_is_busy() {
    let (folder, crm) = crm(SQL);
    let holder = Connection::open(folder.path().join("crm.db")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = crm.change(&[(Id::Number(1), tag("x", true))], &[]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Busy);
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

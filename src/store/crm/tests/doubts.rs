//! Rows that can be read and most likely mean something else.

use super::{crm, program, retail};
use crate::store::crm::{ContactRange, Notes, Question};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

const PURCHASED: &str = "CREATE TABLE purchased (id, contact INTEGER, at, quantity, amount TEXT);
     INSERT INTO purchased VALUES (1, 7, '2020-01-01 10:00', 2, '10.00'), (2, 7, 1577872800, 0, '0');";

fn doubts(rows: &str) -> Vec<String> {
    let (_folder, crm) = crm(&format!("{PURCHASED} {rows}"));
    let amounts = vec!["amount", "quantity", "weight"];
    let question = Question { is_event: true, amounts, required: vec!["amount"], ..Question::default() };
    let found = crm.survey("purchased", &question).unwrap();
    (found.doubts)
        .iter()
        .map(|doubt| format!("{} {}", doubt.diagnostic().rule.info().code, doubt.diagnostic().message))
        .collect()
}

#[test]
fn what_is_in_order_is_not_doubted() {
    assert_eq!(doubts(""), [""; 0]);
    // What cannot be read at all is another rule's.
    assert_eq!(
        doubts(
            "INSERT INTO purchased VALUES (3, 7, 'soon', NULL, 'free'), (4, 7, '2020-1-1', 'x', ''),
                 (5, 7, 1577872800000, 1, '5'), (6, 7, '0000-13-01 10:00', 1, '5')"
        ),
        [""; 0]
    );
}

#[test]
fn rows_of_nobody_and_empty_columns_are_counted() {
    assert_eq!(
        doubts("INSERT INTO purchased VALUES (3, NULL, 1577872800, 1, NULL), (4, NULL, 1577872800, 1, '5')"),
        [
            "D023 2 rows of `purchased` name no contact, the first is that with the id 3",
            "D024 1 row of `purchased` has no `amount`, the first is that with the id 3",
        ]
    );
}

/// SQL does not tell capitals from small letters, in the names of tables and columns.
#[test]
fn names_are_one_whatever_their_capitals() {
    let (_folder, crm) = crm("CREATE TABLE Contact (ID INTEGER PRIMARY KEY, EMail);
         INSERT INTO Contact VALUES (7, 'a@example.com');
         CREATE TABLE Product (Id, Recurring, DELAY);
         INSERT INTO Product VALUES (1, 1, '5 moons');
         CREATE TABLE PURCHASED (Id, CONTACT, At, Product);
         INSERT INTO PURCHASED VALUES (1, 7, '2020-01-01', 1), (2, NULL, '2020-01-01T10:00:00Z', 1);");
    let program = program(retail(), "UTC");
    let (world, found) = crm.world(&program).unwrap();
    assert_eq!(found.first[0].column, "delay");
    let purchased = Question { columns: vec!["product"], is_event: true, ..Question::default() };
    let questions = BTreeMap::from([("purchased", purchased)]);
    let lives = crm.lives(&program, &world).unwrap().surveying(&crm, &questions);
    let mut notes = Notes::default();
    let mut read = Vec::new();
    let live = |person: &crate::engine::Person, life: &mut crate::engine::Life| {
        read.push((person.id.clone(), person.values[0].clone(), life.len()));
        ControlFlow::Continue(())
    };
    lives.read(&crm, &ContactRange::default(), &mut notes, live).unwrap();
    assert_eq!(read, [(crate::model::Id::Number(7), crate::engine::Value::text("a@example.com"), 1)]);
    let survey = &notes.surveys["purchased"];
    assert_eq!((survey.rows, survey.columns["product"].values()), (2, 2));
    assert_eq!(survey.doubts.iter().map(|doubt| doubt.rows).collect::<Vec<_>>(), [1, 1]);
}

/// What a contact, an event and a product name, and is not there.
#[test]
fn what_is_named_and_not_there_is_counted() {
    let (_folder, crm) = crm("CREATE TABLE contact (id INTEGER, email);
         INSERT INTO contact VALUES (1, NULL), (2, NULL), (2, NULL), (3, NULL);
         CREATE TABLE product (id INTEGER PRIMARY KEY, recurring INTEGER);
         INSERT INTO product VALUES (1, 1);
         CREATE TABLE purchased (id, contact, at, product);
         INSERT INTO purchased VALUES (1, 1, '2020-01-01', 1), (2, '1', '2020-01-02', 77), (3, 9, '2020-01-02', 77),
             (4, 9, 'soon', '1'), (5, NULL, '2020-01-02', 78);");
    let program = program(retail(), "UTC");
    let (world, _) = crm.world(&program).unwrap();
    let lives = crm.lives(&program, &world).unwrap().surveying(&crm, &BTreeMap::new());
    let mut notes = Notes::default();
    lives.read(&crm, &ContactRange::default(), &mut notes, |_, _| ControlFlow::Continue(())).unwrap();
    let said: Vec<String> = (notes.strangers.iter())
        .map(|each| {
            let ids: Vec<String> = each.examples.iter().map(|(id, row)| format!("{id} in {row}")).collect();
            format!("{}.{} of {}: {}, {}", each.table, each.column, each.of, each.rows, ids.join(", "))
        })
        .collect();
    assert_eq!(
        said,
        ["purchased.contact of contact: 3, 9 in 3, 1 in 2", "purchased.product of product: 3, 77 in 3, 1 in 4"]
    );
    let twice: Vec<&str> = notes.unreadable.columns.iter().map(|each| each.problem.as_str()).collect();
    assert_eq!(twice, ["is used twice", "is not an instant"]);
    let kept = |id: crate::model::Id| crm.keeps_otherwise("contact", &id).unwrap();
    assert_eq!(kept(crate::model::Id::Text("1".into())).as_deref(), Some("integer"));
    assert_eq!(kept(crate::model::Id::Number(9)), None);
}

#[test]
fn dates_and_negative_numbers_are_counted_with_the_first_row() {
    let rows = "INSERT INTO purchased VALUES (12, 7, '2020-01-03', 1, '5'), (9, 8, '2020-01-02', -1, '-0.5'),
                ('a' || char(10), 8, '2020-01-02T10:00:00Z', -2.5, '3')";
    assert_eq!(
        doubts(rows),
        [
            "D008 2 rows of `purchased` have a date without a time in `at`, the first is that with the id 9",
            "D009 1 row of `purchased` has a negative `amount`, the first is that with the id 9",
            "D009 2 rows of `purchased` have a negative `quantity`, the first is that with the id 9",
        ]
    );
    assert_eq!(
        doubts("INSERT INTO purchased VALUES ('a' || char(10), 8, '2020-01-02T10:00:00Z', -2.5, '3')"),
        ["D009 1 row of `purchased` has a negative `quantity`, the first is that with the id a?"]
    );
    assert_eq!(
        doubts("INSERT INTO purchased VALUES (NULL, 8, '2020-01-02T10:00:00Z', -1, '3')"),
        ["D009 1 row of `purchased` has a negative `quantity`, the first is that with the id NULL"]
    );
}

#[test]
fn instants_that_stand_for_never_are_doubted() {
    let far = "INSERT INTO purchased VALUES (3, 7, '9999-12-31 10:00', 1, '5'), (4, 8, '0001-01-01T00:00:00Z', 1, '5'),
               (5, 8, 253402300799, 1, '5'), (6, 8, '1900-01-01T00:00:00Z', 1, '5'), (7, 8, '2199-12-31T23:00:00Z', 1, '5')";
    assert_eq!(
        doubts(far),
        ["D011 3 rows of `purchased` have an `at` before 1900 or after 2199, the first is that with the id 3"]
    );
}

#[test]
fn dates_of_a_column_for_numbers_are_dates() {
    let (_folder, crm) = crm("CREATE TABLE purchased (id, contact, at INTEGER);
         INSERT INTO purchased VALUES (1, 7, '2020-01-01 10:00'), (2, 7, '2200-01-01 10:00')");
    let found = crm.survey("purchased", &Question { is_event: true, ..Question::default() }).unwrap();
    assert_eq!(found.doubts.iter().map(|doubt| (doubt.rows, doubt.first.as_str())).collect::<Vec<_>>(), [(1, "2")]);
}

/// What is counted while lives are read is what is counted by itself: rows of nobody, contacts without an event and columns that
/// no scenario reads are among them.
#[test]
fn reading_and_looking_over_are_one_pass() {
    let (_folder, crm) = crm("CREATE TABLE contact (id, email);
         INSERT INTO contact VALUES (NULL, 'x'), (1, NULL), (2, 'b'), (7, 3), ('z', 2.5), (x'00', 'blob');
         CREATE TABLE product (id INTEGER PRIMARY KEY, recurring INTEGER);
         INSERT INTO product VALUES (1, 1);
         CREATE TABLE purchased (id, contact, at, product INTEGER, quantity, amount);
         INSERT INTO purchased VALUES (1, NULL, '2020-01-01', 1, -1, '-2'), (2, 2, '2020-01-02', 'x', 1, NULL),
             (3, 7, 9999999999, 1, -2.5, 3), (4, x'01', 'soon', NULL, 0, -1), ('a', 7, NULL, 1, 'b', x'2d33');");
    let program = program(retail(), "UTC");
    let (world, _) = crm.world(&program).unwrap();
    let purchased = Question {
        columns: vec!["at", "contact", "id", "product"],
        is_event: true,
        amounts: vec!["quantity", "amount"],
        required: vec!["product"],
    };
    let contact = Question { columns: vec!["email", "id"], ..Question::default() };
    let questions = BTreeMap::from([("contact", contact), ("purchased", purchased)]);
    let lives = crm.lives(&program, &world).unwrap().surveying(&crm, &questions);
    let mut notes = Notes::default();
    lives.read(&crm, &ContactRange::default(), &mut notes, |_, _| ControlFlow::Continue(())).unwrap();
    let alone = questions.iter().map(|(table, question)| ((*table).to_owned(), crm.survey(table, question).unwrap()));
    assert_eq!(notes.surveys, alone.collect());
    assert_eq!((notes.surveys["contact"].rows, notes.surveys["purchased"].rows), (6, 5));
    let doubts: Vec<u64> = notes.surveys["purchased"].doubts.iter().map(|doubt| doubt.rows).collect();
    assert_eq!(doubts, [2, 1, 1, 2, 3, 1]);
}

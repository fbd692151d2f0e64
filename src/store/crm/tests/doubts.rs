//! Rows that can be read and most likely mean something else.

use super::crm;
use crate::store::crm::Question;

const PURCHASED: &str = "CREATE TABLE purchased (id, contact INTEGER, at, quantity, amount TEXT);
     INSERT INTO purchased VALUES (1, 7, '2020-01-01 10:00', 2, '10.00'), (2, 7, 1577872800, 0, '0');";

fn doubts(rows: &str) -> Vec<String> {
    let (_folder, crm) = crm(&format!("{PURCHASED} {rows}"));
    let amounts = vec!["amount", "quantity", "weight"];
    let found = crm.survey("purchased", &Question { columns: Vec::new(), is_event: true, amounts }).unwrap();
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
        doubts("INSERT INTO purchased VALUES (3, 7, 'soon', NULL, 'free'), (4, 7, '2020-1-1', 'x', NULL)"),
        [""; 0]
    );
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

//! Rows on their way into parts and out of them.

use super::code::{self, Last, Rows};
use rusqlite::types::ValueRef;

/// Writes rows, of which the first value is the contact, as pieces come; a run for each row or for each contact.
fn written(rows: &[Vec<ValueRef<'_>>], pieces: &[u32]) -> Vec<u8> {
    let (mut bytes, mut last, mut run) = (Vec::new(), Last::default(), None);
    for (row, piece) in rows.iter().zip(pieces) {
        last.begin(row.len() - 1);
        match run {
            Some((start, contact, known)) if (contact, known) == (row[0], *piece) => {
                run = Some((start, contact, known))
            }
            _ => {
                if let Some((start, ..)) = run {
                    code::end(start, &mut bytes);
                }
                run = Some((code::begin(row[0], *piece, &mut bytes), row[0], *piece));
                last.begin_run();
            }
        }
        last.write(|place| row[place], 1, &mut bytes);
    }
    if let Some((start, ..)) = run {
        code::end(start, &mut bytes);
    }
    bytes
}

fn read(bytes: &[u8], columns: usize) -> Vec<String> {
    let mut rows = Rows::new(bytes, columns).unwrap();
    let mut all = Vec::new();
    rows.advance().unwrap();
    while let Some(row) = rows.get() {
        all.push(format!("{row:?}"));
        rows.advance().unwrap();
    }
    all
}

#[test]
fn every_value_comes_back_bit_by_bit() {
    let values = [
        ValueRef::Null,
        ValueRef::Integer(0),
        ValueRef::Integer(-1),
        ValueRef::Integer(i64::MIN),
        ValueRef::Integer(i64::MAX),
        ValueRef::Real(-0.0),
        ValueRef::Real(f64::INFINITY),
        ValueRef::Real(0.1),
        ValueRef::Text(b""),
        ValueRef::Text(b"2020-01-01 10:00:00"),
        ValueRef::Text(b"2020-01-01 10:00:00"),
        ValueRef::Blob(b"2020-01-01 10:00:00"),
        ValueRef::Text(b"\xff not UTF-8"),
        ValueRef::Text(b"2020-01-01 10:00:00"),
    ];
    let rows: Vec<Vec<ValueRef<'_>>> =
        values.iter().map(|value| vec![ValueRef::Integer(7), *value, values[9]]).collect();
    let expected: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
    let bytes = written(&rows, &[0; 14]);
    assert_eq!(read(&bytes, 3), expected);
    // The text of all rows stands there once.
    assert_eq!(bytes.windows(19).filter(|part| *part == b"2020-01-01 10:00:00").count(), 4);
}

#[test]
fn rows_come_by_contact_then_in_the_order_of_the_table() {
    let row = |contact, number| vec![contact, ValueRef::Integer(number)];
    let (one, text) = (ValueRef::Integer(1), ValueRef::Text(b"1"));
    // Pieces may come in any order; rows of nobody are first, those of no id last.
    let rows = [
        row(ValueRef::Blob(b"1"), 1),
        row(text, 2),
        row(one, 6),
        row(one, 7),
        row(ValueRef::Null, 8),
        row(ValueRef::Real(1.0), 9),
        row(one, 3),
        row(ValueRef::Integer(-5), 4),
        row(one, 5),
    ];
    let bytes = written(&rows, &[0, 0, 2, 2, 2, 2, 1, 1, 1]);
    let numbers: Vec<String> = read(&bytes, 2).iter().map(|row| row.chars().nth_back(2).unwrap().to_string()).collect();
    assert_eq!(numbers.concat(), "843567921");
}

#[test]
fn what_is_no_run_is_refused() {
    let bytes = written(&[vec![ValueRef::Integer(1), ValueRef::Text(b"abc")]], &[0]);
    for length in 1..bytes.len() {
        assert!(Rows::new(&bytes[..length], 2).is_none(), "{length}");
    }
    let mut rows = Rows::new(&bytes, 3).unwrap();
    assert!(rows.advance().is_err());
}

//! Values by declared type and stored class.

use super::{crm, field, program, record, text};
use crate::engine::{Value, World};
use crate::ir::Code;
use crate::model::{Id, Type};
use crate::store::crm::decode::Kind;
use crate::time::Zone;
use rusqlite::types::ValueRef;
use std::sync::Arc;

/// `None` where the value is unreadable, `""` where it is missing.
#[test]
fn each_type_reads_what_the_layout_promises_and_nothing_else() {
    use ValueRef::{Blob, Integer, Null, Real, Text};
    let cases: &[(Type, ValueRef<'_>, Option<&str>)] = &[
        (Type::Text, Text(b"caf\xc3\xa9"), Some("café")),
        (Type::Text, Text(b""), Some("")),
        (Type::Text, Integer(536_365), Some("536365")),
        (Type::Text, Real(1.5), None),
        (Type::Text, Text(b"\xff"), None),
        (Type::Text, Null, Some("")),
        (Type::Flag, Integer(1), Some("true")),
        (Type::Flag, Integer(0), Some("false")),
        (Type::Flag, Text(b"1"), Some("true")),
        (Type::Flag, Integer(2), None),
        (Type::Flag, Text(b"yes"), None),
        (Type::Flag, Null, Some("")),
        (Type::Money, Integer(12), Some("12")),
        (Type::Money, Real(15.3), Some("15.3")),
        (Type::Money, Real(0.1), Some("0.1")),
        (Type::Money, Real(-2.5), Some("-2.5")),
        (Type::Money, Real(1e40), None),
        (Type::Money, Real(f64::INFINITY), None),
        (Type::Money, Text(b"12.75"), Some("12.75")),
        (Type::Money, Text(b"+0.10"), Some("0.10")),
        (Type::Money, Text(b"-3"), Some("-3")),
        (Type::Money, Text(b"12,75"), None),
        (Type::Money, Text(b"1_000"), None),
        (Type::Money, Text(b"1e3"), None),
        (Type::Money, Text(b".5"), None),
        (Type::Money, Text(b""), None),
        (Type::Money, Text(b"12 EUR"), None),
        (Type::Number, Text(b"99999999999999999999999999999999"), None),
        (Type::Percent, Real(0.05), Some("0.05")),
        (Type::Instant, Text(b"2011-12-09 12:50:00"), Some("2011-12-09T12:50:00Z")),
        (Type::Instant, Text(b"2011-12-09T12:50"), Some("2011-12-09T12:50:00Z")),
        (Type::Instant, Text(b"2011-12-09T12:50:00+02:00"), Some("2011-12-09T10:50:00Z")),
        (Type::Instant, Text(b"2011-12-09T12:50:00.25Z"), Some("2011-12-09T12:50:00.25Z")),
        // A date alone is the last second of its day in the program's zone, Paris here.
        (Type::Instant, Text(b"2011-12-09"), Some("2011-12-09T22:59:59Z")),
        (Type::Instant, Integer(1_323_435_000), Some("2011-12-09T12:50:00Z")),
        (Type::Instant, Integer(-1), Some("1969-12-31T23:59:59Z")),
        // Milliseconds.
        (Type::Instant, Integer(1_323_435_000_000), None),
        (Type::Instant, Real(1_323_435_000.0), None),
        (Type::Instant, Text(b"09/12/2011"), None),
        (Type::Instant, Text(b"2011-02-30 10:00"), None),
        (Type::Instant, Text(b"2011-12-09  12:50:00"), None),
        (Type::Instant, Text(b""), None),
        (Type::Date, Text(b"2012-02-29"), Some("2012-02-29")),
        (Type::Date, Text(b"2011-02-29"), None),
        (Type::Date, Text(b""), None),
        (Type::Time, Text(b"09:30"), Some("09:30")),
        (Type::Time, Text(b"24:00"), None),
        (Type::Duration, Text(b"5 years"), Some("5 years")),
        (Type::Duration, Text(b"P5Y"), Some("5 years")),
        (Type::Duration, Text(b"5"), None),
        (Type::Duration, Integer(5), None),
        (Type::Duration, Text(b""), None),
        (Type::Duration, Null, Some("")),
        (Type::Enumeration(vec!["dry".into(), "oily".into()]), Text(b"oily"), Some("oily")),
        (Type::Enumeration(vec!["dry".into(), "oily".into()]), Text(b"Oily"), None),
        (Type::Entity("shop".into()), Integer(7), Some("?7")),
        (Type::Entity("shop".into()), Real(7.0), Some("?7")),
        (Type::Entity("shop".into()), Real(7.5), None),
        (Type::Entity("shop".into()), Text(b"p-7"), Some("?p-7")),
        (Type::Entity("shop".into()), Blob(b"7"), None),
    ];
    let (code, zone) = (Code::default(), Zone::named("Europe/Paris").unwrap());
    let code = Code { events: vec![record("purchased", vec![])], ..code };
    let program = program(code, "Europe/Paris");
    for (ty, stored, expected) in cases {
        let world = World::default();
        let value = Kind::of(ty, program.needs(), zone, &Arc::default()).read(*stored, &world);
        assert_eq!(value.map(|value| text(&world, &value)).as_deref(), *expected, "{ty:?} {stored:?}");
    }
}

#[test]
fn entities_have_their_defaults_and_refer_to_each_other() {
    let code = Code {
        entities: vec![
            record("brand", vec![field("name", Type::Text), field("parent?", Type::Entity("brand".into()))]),
            record("product", vec![field("brand?", Type::Entity("brand".into()))]),
        ],
        events: vec![record("purchased", vec![field("product", Type::Entity("product".into()))])],
        ..Code::default()
    };
    let program = program(code, "UTC");
    let (_folder, crm) = crm("CREATE TABLE brand(id TEXT PRIMARY KEY, name TEXT, parent TEXT);
         CREATE TABLE product(id INTEGER PRIMARY KEY, brand TEXT);
         INSERT INTO brand VALUES ('small', 'Small', 'big'), ('big', 'Big', NULL);
         INSERT INTO product VALUES (1, 'small'), (2, 'gone'), (3, NULL);");
    let (world, findings) = crm.world(&program).unwrap();
    assert!(findings.is_empty());
    let brands = &world.tables[0];
    let shown = |id: &str, field: u16| {
        let row = brands.row(&Id::Text(id.into())).unwrap();
        text(&world, brands.value(row, field).unwrap())
    };
    assert_eq!([shown("small", 0), shown("small", 1)], ["Small", "#big"]);
    assert_eq!([shown("big", 0), shown("big", 1)], ["Big", ""]);
    let products = &world.tables[1];
    let brand = |row: u32| text(&world, products.value(row, 0).unwrap());
    assert_eq!([brand(0), brand(1), brand(2)], ["#small", "?gone", ""]);
}

#[test]
fn an_unreadable_value_of_an_entity_is_missing_and_gets_no_default() {
    let program = program(super::retail(), "UTC");
    let (_folder, crm) = crm("CREATE TABLE contact(id INTEGER PRIMARY KEY);
         CREATE TABLE product(id, family, recurring, delay);
         INSERT INTO product VALUES (1, NULL, 1, 'five moons'), (2, x'00', 'yes', NULL), (2, 'f', 0, NULL), (NULL, '', 0, '');
         CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact, product, at);");
    let (world, findings) = crm.world(&program).unwrap();
    let words: Vec<String> = findings.first.iter().map(|each| each.diagnostic().message).collect();
    assert_eq!(
        words,
        [
            "`delay` of product 1 is not a duration: `five moons`",
            "`family` of product 2 is not a text: `1 bytes`",
            "`recurring` of product 2 is neither 0 nor 1: `yes`",
            "`id` of product 2 is used twice: `2`",
            "`id` of product NULL is not an id: `NULL`",
        ]
    );
    let table = &world.tables[0];
    assert_eq!(table.len(), 2);
    assert_eq!(table.value(0, 0), Some(&Value::Missing));
    assert_eq!(table.value(0, 1), Some(&Value::text("1")));
    assert_eq!(table.value(1, 1), Some(&Value::text("f")));
}

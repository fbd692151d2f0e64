//! Columns, and what is trusted.

use super::bytes::{Reader, Writer};
use super::column::{self, Column};
use super::stamp::proves;
use crate::engine::{EntityRef, Value};
use crate::model::Id;
use crate::time::{Date, Duration, Instant, TimeOfDay};
use rust_decimal::Decimal;

fn number(text: &str) -> Value {
    Value::Number(text.parse().unwrap())
}

fn row(entity: u16, row: u32) -> Value {
    Value::Entity(EntityRef { entity, row })
}

fn columns() -> Vec<Vec<Value>> {
    let (missing, far) = (Value::Missing, Value::Instant(Instant(i64::MAX)));
    let instant = |micros: i64| Value::Instant(Instant(micros));
    let id = |number: i64| Value::Id(Id::Number(number));
    let text_id = |text: &str| Value::Id(Id::Text(text.into()));
    vec![
        vec![],
        vec![missing.clone()],
        vec![missing.clone(); 20],
        vec![instant(0), instant(60_000_000), missing.clone(), instant(-120_000_000)],
        vec![instant(1_000_000), instant(3_000_000), instant(1_577_877_245_000_000)],
        vec![instant(1), instant(1_001)],
        vec![instant(i64::MIN), far.clone(), instant(0), missing.clone()],
        vec![number("12.75"), number("12.750"), number("3"), number("-0.10"), missing.clone()],
        vec![number("0"), Value::Number(-Decimal::ZERO), number("0.00")],
        vec![number("79228162514264337593543950335"), number("1")],
        vec![number("1"), number("1.0"), Value::text("1")],
        vec![row(3, 0), row(3, 70_000), missing.clone()],
        vec![row(3, 0), row(2, 0)],
        vec![row(3, 0), id(99)],
        vec![id(i64::MIN), id(i64::MAX), id(7)],
        vec![id(7), text_id("7"), text_id("")],
        vec![Value::text("é"), Value::text(""), missing.clone(), Value::text("é")],
        (0..1_000).map(|number| Value::text(&number.to_string())).collect(),
        vec![Value::Flag(true), Value::Flag(false), missing.clone()],
        vec![Value::Date(Date(0)), Value::Time(TimeOfDay(1)), Value::Duration(Duration::days(2))],
        vec![
            Value::List([].into()),
            Value::List([row(1, 2), id(9), number("1.0")].into()),
            Value::List([Value::List([missing].into())].into()),
        ],
    ]
}

/// Digits and the sign of zero, which are equal, differ in words.
fn words(values: &[Value]) -> String {
    let of = |value: &Value| match value {
        Value::Number(number) => format!("{:?}", number.serialize()),
        other => format!("{other:?}"),
    };
    values.iter().map(of).collect()
}

#[test]
fn columns_come_back_as_they_went() {
    for values in columns() {
        let mut to = Writer::default();
        assert!(column::write(&values, &mut to), "{values:?}");
        let mut from = Reader(&to.0);
        let column = Column::read(&mut from, values.len()).unwrap();
        assert!(from.0.is_empty());
        let found: Vec<Value> = (0..values.len()).map(|row| column.value(row)).collect();
        assert_eq!(words(&found), words(&values));
        assert_eq!(column.value(values.len()), Value::Missing);
        // Whatever is cut off, there is no column, and nothing else happens.
        for length in 0..to.0.len() {
            assert!(Column::read(&mut Reader(&to.0[..length]), values.len()).is_none(), "{values:?}, {length}");
        }
        assert!(Column::read(&mut Reader(&to.0), values.len() + 1).is_none());
    }
}

#[test]
fn what_no_crm_holds_is_not_kept() {
    assert!(!column::write(&[Value::NotGiven], &mut Writer::default()));
    assert!(!column::write(&[Value::List([Value::NotGiven].into())], &mut Writer::default()));
}

/// Types of `statfs(2)`.
#[test]
fn file_systems_of_other_machines_and_programs_prove_nothing() {
    for (kind, name) in [(0xef53, "ext4"), (0x5846_5342, "xfs"), (0x9123_683e, "btrfs"), (0x0102_1994, "tmpfs")] {
        assert!(proves(kind), "{name}");
    }
    for (kind, name) in [
        (0x6969, "nfs"),
        (0x6573_5546, "fuse"),
        (0x794c_7630, "overlayfs"),
        (0xff53_4d42, "cifs"),
        (0xfe53_4d42, "smb2"),
        (0x0102_1997, "9p"),
        (0x4d44, "vfat"),
        (0x00c3_6400, "ceph"),
        (0, "unknown"),
    ] {
        assert!(!proves(kind), "{name}");
    }
}

use super::*;
use crate::ir::{FieldUse, RecordUse};
use crate::model::{CrmColumn, CrmTable, Route, Type};

fn field(name: &str, ty: Type, optional: bool) -> FieldUse {
    FieldUse { name: name.into(), ty, optional, default: None }
}

/// What the renewal sentence reads, with a list and a field whose name is a word of SQL.
fn code() -> Code {
    let product = Type::Entity("product".into());
    Code {
        contact: vec![field("email", Type::Text, true)],
        entities: vec![RecordUse {
            name: "product".into(),
            fields: vec![
                field("recurring", Type::Flag, false),
                field("delay", Type::Duration, true),
                field("complements", Type::List("product".into()), false),
            ],
        }],
        events: vec![
            RecordUse {
                name: "purchased".into(),
                fields: vec![field("product", product, false), field("order", Type::Text, true)],
            },
            RecordUse { name: "returned".into(), fields: Vec::new() },
            RecordUse { name: "friend_purchased".into(), fields: vec![field("amount", Type::Money, false)] },
            RecordUse { name: "credited".into(), fields: vec![field("points", Type::Number, true)] },
        ],
        routes: vec![None, None, Some(Route { event: "purchased".into(), to: "referrer".into() }), None],
        ..Code::default()
    }
}

fn table(name: &str, is_view: bool, columns: &[&str]) -> CrmTable {
    let column = |name: &&str| CrmColumn { name: (*name).into(), declared: String::new() };
    CrmTable { name: name.into(), is_view, columns: columns.iter().map(column).collect() }
}

#[test]
fn the_report_says_what_is_missing_and_how_to_write_it() {
    let needs = needs::of([code()].iter());
    let shape = CrmShape {
        path: "shop.db".into(),
        tables: vec![
            table("contact", false, &["id", "email"]),
            table("order_lines", false, &["id", "total"]),
            table("product", true, &["id", "recurring"]),
            table("returned", false, &["id", "contact"]),
        ],
        broken: Vec::new(),
    };
    let states: Vec<(&Need, State)> = needs.iter().map(|need| (need, need.state(&shape, &BTreeMap::new()))).collect();
    let blocking: Vec<&str> =
        states.iter().filter(|(_, state)| state.keeps_from_running()).map(|(need, _)| need.table.as_str()).collect();
    assert_eq!(blocking, ["purchased", "returned"]);
    insta::assert_snapshot!(report(&shape, &states), @r#"
    `shop.db` has
      table contact(id, email)
      table order_lines(id, total)
      view  product(id, recurring)
      table returned(id, contact)

    The scenarios need
      contact(id, email, referrer): there, but for referrer, which may be left out
      credited(id, contact, at, points): may be left out: what `scn` makes itself is known without it
      product(id, recurring, delay): there, but for delay, which may be left out
      product_complements(product, complements, rank): may be left out: all lists are empty without it
      purchased(id, contact, at, product, order, amount): missing
      returned(id, contact, at): lacks at

    To write, with the shop's own words in the place of `...`

    CREATE VIEW "purchased" AS
    SELECT
      ... AS "id",       -- a whole number or a text, another one in each row
      ... AS "contact",  -- the id of a contact
      ... AS "at",       -- an instant: `2011-03-04T10:00:00Z`, or seconds since 1970
      ... AS "product",  -- the id of a product
      ... AS "order",    -- a text; may be left out
      ... AS "amount"    -- an amount, as a decimal number
    FROM ...;

    ALTER TABLE "returned" ADD COLUMN "at";  -- an instant: `2011-03-04T10:00:00Z`, or seconds since 1970; then fill it
    "#);
}

#[test]
fn a_broken_view_is_written_again() {
    let needs = needs::of([code()].iter());
    let broken = BTreeMap::from([("product".to_owned(), "no such table: articles".to_owned())]);
    let product = needs.iter().find(|need| need.table == "product").unwrap();
    let state = product.state(&CrmShape::default(), &broken);
    assert_eq!(state.describe(), "a view that cannot be read: no such table: articles");
    assert!(views::statement(product, &state).unwrap().starts_with("DROP VIEW \"product\";\nCREATE VIEW \"product\""));
}

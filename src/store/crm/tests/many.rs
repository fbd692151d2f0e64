//! Many-valued fields, events that the CRM need not have, and routed ones.

use super::{crm, field, program, read, record};
use crate::ir::Code;
use crate::model::{FRIEND, Id, Route, Type};
use crate::store::crm::{Bounds, ContactRange, Lack, Notes};
use crate::time::Instant;
use rustc_hash::FxHashSet;

const TABLES: &str = "CREATE TABLE contact(id INTEGER PRIMARY KEY, referrer INTEGER);
    CREATE TABLE contact_tags(contact INTEGER, tags TEXT, rank INTEGER, PRIMARY KEY (contact, tags));
    CREATE TABLE product(id INTEGER PRIMARY KEY, recurring INTEGER);
    CREATE TABLE product_complements(product INTEGER, complements INTEGER, rank REAL);
    CREATE TABLE cart_updated(id INTEGER PRIMARY KEY, contact INTEGER, at);
    CREATE INDEX cart_updated_contact ON cart_updated(contact);
    CREATE TABLE cart_updated_products(cart_updated INTEGER, products INTEGER, rank INTEGER);
    CREATE INDEX cart_updated_products_of ON cart_updated_products(cart_updated);
    CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, at, amount);
    CREATE INDEX purchased_contact ON purchased(contact);";

const ROWS: &str = "INSERT INTO contact VALUES (1, NULL), (2, 1), (3, 1), (4, 4), (5, 9), (6, NULL);
    INSERT INTO contact_tags VALUES (1, 'vip', 2), (1, 'dormant', 1), (3, 'new', NULL), (3, 'fresh', NULL), (6, 'lost', 1);
    INSERT INTO product VALUES (1, 1), (2, 0), (3, 0);
    INSERT INTO product_complements VALUES (1, 3, 0.5), (1, 2, 0.25), (2, 1, 1), (1, 99, 7), (2, NULL, 0);
    INSERT INTO cart_updated VALUES (1, 3, 10), (2, 1, 20), (3, 1, 5);
    INSERT INTO cart_updated_products VALUES (2, 3, 1), (2, 1, 0), (1, 2, 0), (77, 2, 0);
    INSERT INTO purchased VALUES (1, 2, 100, 5), (2, 3, 200, 6), (3, 4, 300, 7), (4, 5, 400, 8), (5, 1, 500, 9);";

fn code() -> Code {
    let products = || Type::List("product".into());
    let contact = || Type::Entity("contact".into());
    Code {
        contact: vec![field("tags", Type::Texts)],
        entities: vec![record("product", vec![field("complements", products()), field("recurring", Type::Flag)])],
        events: vec![
            record("cart_updated", vec![field("products", products())]),
            record("friend_purchased", vec![field("amount", Type::Money), field(FRIEND, contact())]),
            record("opened", vec![field("message", Type::Message)]),
        ],
        routes: vec![None, Some(Route { event: "purchased".into(), to: "referrer".into() }), None],
        ..Code::default()
    }
}

#[test]
fn lists_and_routes_are_read_with_the_life_of_each_contact() {
    let expected = [
        "1 tags=dormant,vip: cart_updated/3 1970-01-01T00:00:05Z products= | \
         cart_updated/2 1970-01-01T00:00:20Z products=#1,#3 | \
         friend_purchased/1 1970-01-01T00:01:40Z amount=5 friend=?2 | \
         friend_purchased/2 1970-01-01T00:03:20Z amount=6 friend=?3",
        "3 tags=fresh,new: cart_updated/1 1970-01-01T00:00:10Z products=#2",
        // Whoever refers to a contact without a row is told of by that id.
        "9 tags=: friend_purchased/4 1970-01-01T00:06:40Z amount=8 friend=?5",
    ];
    let program = program(code(), "UTC");
    let indexes = ["", "CREATE INDEX contact_referrer ON contact(referrer);"];
    for index in indexes {
        let (_folder, crm) = crm(&format!("{TABLES}{ROWS}{index}"));
        let (world, findings) = crm.world(&program).unwrap();
        assert!(findings.is_empty(), "{findings:?}");
        let complements = |row| super::text(&world, world.tables[0].value(row, 0).unwrap());
        assert_eq!((complements(0), complements(1), complements(2)), ("#2,#3,?99".into(), "#1".into(), String::new()));
        let lives = crm.lives(&program, &world).unwrap();
        let ranges = lives.ranges(&crm, 2).unwrap();
        assert_eq!(ranges.len(), 2);
        for ranges in [vec![ContactRange::default()], ranges] {
            let (found, notes) = read(&lives, &crm, &ranges);
            assert_eq!(found, expected);
            assert_eq!(notes, Notes { of_unknown_contacts: 1, ..Notes::default() });
        }
        let range = ContactRange::default();
        let bounds = lives.bounds(&crm, &range).unwrap();
        assert_eq!(bounds, Some(Bounds { first: Instant::from_seconds(5), last: Instant::from_seconds(400) }));
        let seen = FxHashSet::from_iter([Id::Number(1)]);
        let new = lives.new_rows(&crm, 1, &seen, &mut Notes::default()).unwrap();
        let mut new: Vec<(String, String)> =
            new.iter().map(|row| (row.contact.to_string(), row.event.id.to_string())).collect();
        new.sort();
        assert_eq!(new, [("1".into(), "2".into()), ("9".into(), "4".into())]);
    }
}

#[test]
fn what_may_be_absent_is_empty_and_named_once() {
    let sql = "CREATE TABLE contact(id INTEGER PRIMARY KEY); CREATE TABLE product(id INTEGER PRIMARY KEY, recurring);
        CREATE TABLE cart_updated(id INTEGER PRIMARY KEY, contact INTEGER, at);
        CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, at, amount);
        INSERT INTO contact VALUES (1); INSERT INTO product VALUES (1, 0); INSERT INTO cart_updated VALUES (1, 1, 0);
        INSERT INTO purchased VALUES (1, 1, 0, 5);";
    let (_folder, crm) = crm(sql);
    let table = |table: &str| Lack::OptionalTable { table: table.into() };
    let referrer = Lack::OptionalColumn { table: "contact".into(), column: "referrer".into() };
    let lists = ["cart_updated_products", "contact_tags", "opened", "product_complements"];
    let expected: Vec<Lack> = std::iter::once(referrer).chain(lists.map(table)).collect();
    let lacks = crm.lacks(&code());
    assert_eq!(lacks, expected);
    assert!(lacks.iter().all(Lack::is_optional));
    let program = program(code(), "UTC");
    let (world, _) = crm.world(&program).unwrap();
    let (found, notes) = read(&crm.lives(&program, &world).unwrap(), &crm, &[ContactRange::default()]);
    assert_eq!(found, ["1 tags=: cart_updated/1 1970-01-01T00:00:00Z products="]);
    assert_eq!(notes, Notes::default());
}

#[test]
fn a_member_that_cannot_be_read_sets_its_contact_aside() {
    let sql = format!("{TABLES}{ROWS} INSERT INTO cart_updated_products VALUES (1, x'00', 3);");
    let program = program(code(), "UTC");
    let (_folder, crm) = crm(&sql);
    let (world, _) = crm.world(&program).unwrap();
    let (found, notes) = read(&crm.lives(&program, &world).unwrap(), &crm, &[ContactRange::default()]);
    assert_eq!((found.len(), notes.set_aside), (2, 1));
    let words = notes.unreadable.first.iter().map(|each| each.diagnostic().message).collect::<Vec<_>>();
    assert_eq!(words, ["`products` of cart_updated_products 1 is not an id: `1 bytes`"]);
}

//! Lives: who is given out, in which order, with what.

use super::{crm, field, program, read, record, retail};
use crate::engine::{Program, World};
use crate::ir::Code;
use crate::model::{Id, Type};
use crate::store::crm::{Bounds, ContactRange, Crm, Notes};
use crate::time::Instant;
use rustc_hash::FxHashSet;
use std::ops::ControlFlow;

const TABLES: &str = "CREATE TABLE contact(id ID PRIMARY KEY, email TEXT);
    CREATE TABLE product(id ID PRIMARY KEY, family TEXT, recurring INTEGER, delay TEXT);
    CREATE TABLE purchased(id ID PRIMARY KEY, contact ID, product ID, at, arrived_at);
    CREATE INDEX purchased_contact_at ON purchased(contact, at);";

fn world(program: &Program, crm: &Crm) -> World {
    let (world, findings) = crm.world(program).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    world
}

fn everything(sql: &str) -> (Vec<String>, Notes) {
    let program = program(retail(), "Europe/Paris");
    let (_folder, crm) = crm(sql);
    let world = world(&program, &crm);
    read(&crm.lives(&program, &world).unwrap(), &crm, &[ContactRange::default()])
}

const ROWS: &str =
    "INSERT INTO contact VALUES (2, 'b@example.com'), (10, NULL), (1, 'a@example.com'), (3, 'c@example.com');
    INSERT INTO product VALUES (1, 'bed', 1, '5 years'), (2, NULL, 0, NULL);
    INSERT INTO purchased VALUES
      (5, 10, 2, '2020-01-01T00:00:00+02:00', NULL), (6, 2, 1, 86400, NULL), (7, 2, 9, '1970-01-02', NULL),
      (9, 1, 1, '2020-01-01 10:00:00', '2020-01-05 10:00'), (8, 1, 1, '2020-01-02 10:00:00', '2020-01-01 10:00'),
      (11, 1, NULL, '2020-01-02 10:00:00', NULL);";

const LIVES: [&str; 3] = [
    "1 email=a@example.com: purchased/8 2020-01-02T10:00:00Z product=#1 | purchased/11 2020-01-02T10:00:00Z | \
     purchased/9 2020-01-01T10:00:00Z arrived 2020-01-05T10:00:00Z product=#1",
    "2 email=b@example.com: purchased/6 1970-01-02T00:00:00Z product=#1 | purchased/7 1970-01-02T22:59:59Z product=?9",
    "10: purchased/5 2019-12-31T22:00:00Z product=#2",
];

#[test]
fn lives_come_in_the_order_of_ids_sorted_by_arrival() {
    let (lives, notes) = everything(&format!("{}{ROWS}", TABLES.replace("ID", "INTEGER")));
    assert_eq!(lives, LIVES);
    assert_eq!(notes, Notes { date_only: 1, ..Notes::default() });
}

#[test]
fn views_and_tables_without_an_index_read_the_same() {
    let renamed = TABLES.replace("ID", "INTEGER").replace("TABLE ", "TABLE my_").replace("ON purch", "ON my_purch");
    let rows = ROWS.replace("INTO ", "INTO my_");
    let views = "CREATE VIEW contact AS SELECT * FROM my_contact; CREATE VIEW product AS SELECT * FROM my_product;
        CREATE VIEW purchased AS SELECT * FROM my_purchased WHERE id < 7 UNION ALL SELECT * FROM my_purchased WHERE id >= 7;";
    assert_eq!(everything(&format!("{renamed}{rows}{views}")).0, LIVES);
    assert_eq!(everything(&format!("{}{ROWS} DROP INDEX purchased_contact_at;", TABLES.replace("ID", ""))).0, LIVES);
}

#[test]
fn text_ids_and_numbers_among_texts_keep_sqlites_order() {
    let sql = TABLES.replace("ID", "")
        + "INSERT INTO contact VALUES ('b', 'b@x.y'), ('10', 'ten@x.y'), (10, 'number@x.y'), ('B', 'B@x.y'), (9, NULL);
           INSERT INTO product VALUES ('p', 'f', 1, '1 month');
           INSERT INTO purchased VALUES ('e1', 'b', 'p', 0, NULL), ('e2', '10', 'p', 0, NULL), ('e3', 10, 'p', 0, NULL),
             ('e4', 'B', 'p', 0, NULL), (5, 9, 'p', 0, NULL), ('e5', 'b', 'p', 0, NULL);";
    let (lives, notes) = everything(&sql);
    let contacts: Vec<&str> = lives.iter().map(|life| life.split(':').next().unwrap()).collect();
    assert_eq!(contacts, ["9", "10 email=number@x.y", "10 email=ten@x.y", "B email=B@x.y", "b email=b@x.y"]);
    assert!(
        lives[4]
            .ends_with("purchased/e1 1970-01-01T00:00:00Z product=#p | purchased/e5 1970-01-01T00:00:00Z product=#p")
    );
    assert_eq!(notes, Notes::default());
}

#[test]
fn a_contact_with_an_unreadable_value_is_set_aside_whole_and_named() {
    let sql = TABLES.replace("ID", "INTEGER").replace("purchased(id INTEGER PRIMARY KEY", "purchased(id")
        + "INSERT INTO contact VALUES (1, x'00'), (2, ''), (3, ''), (4, ''), (5, ''), (6, '');
           INSERT INTO product VALUES (1, NULL, 0, NULL);
           INSERT INTO purchased VALUES (1, 1, 1, 0, NULL), (2, 2, 1, 'yesterday\u{1b}[31m and many more words after it', NULL),
             (3, 2, 1, 0, NULL), (4, 3, 1, NULL, NULL), (5, 4, 1, 0, 'later'), (6, 5, x'01', 0, NULL), (7, 6, 1, 0, NULL),
             (7, 6, 1, 1, NULL), (NULL, 6, 1, 2, NULL), (8, NULL, 1, 0, NULL), (9, x'02', 1, 0, NULL), (10, 99, 1, 0, NULL);";
    let (lives, notes) = everything(&sql);
    // Contact 1 is set aside too: its own field cannot be read.
    assert_eq!(lives, ["99: purchased/10 1970-01-01T00:00:00Z product=#1"]);
    assert_eq!((notes.set_aside, notes.without_contact, notes.of_unknown_contacts), (6, 1, 1));
    let words: Vec<String> = notes.unreadable.first.iter().map(|each| each.diagnostic().message).collect();
    assert_eq!(
        words,
        [
            "`email` of contact 1 is not a text: `1 bytes`",
            "`at` of purchased 2 is not an instant: `yesterday?[31m and many more words after…`",
            "`at` of purchased 4 is not an instant: `NULL`",
            "`arrived_at` of purchased 5 is not an instant: `later`",
            "`product` of purchased 6 is not an id: `1 bytes`",
            "`id` of purchased 7 is used twice: `7`",
            "`id` of purchased NULL is not an id: `NULL`",
            "`contact` of purchased 9 is not an id: `1 bytes`",
        ]
    );
}

#[test]
fn ranges_cover_every_contact_once() {
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
        INSERT INTO contact SELECT PREFIX || i, NULL FROM n WHERE i % 3 > 0;
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
        INSERT INTO purchased SELECT i, nullif(PREFIX || (i % 100), 'c0'), NULL, i, NULL FROM n;";
    // Texts that look like numbers are cut only where all columns are declared to be texts.
    for (tables, prefix, ranges) in
        [("INTEGER", "''", 7), ("TEXT", "'c'", 7), ("TEXT", "''", 7), ("BLOB", "''", 1), ("INTEGER", "'c'", 7)]
    {
        let program = program(retail(), "UTC");
        let tables = TABLES
            .replace("purchased(id ID PRIMARY KEY", "purchased(id INTEGER PRIMARY KEY")
            .replace("id ID PRIMARY KEY", "id ID UNIQUE")
            .replace("ID", tables);
        let (_folder, crm) = crm(&(tables + &rows.replace("PREFIX", prefix)));
        let world = world(&program, &crm);
        let lives = crm.lives(&program, &world).unwrap();
        let whole = read(&lives, &crm, &lives.ranges(&crm, 1).unwrap());
        let parts = lives.ranges(&crm, 7).unwrap();
        assert_eq!(parts.len(), ranges, "{prefix}");
        assert_eq!(read(&lives, &crm, &parts), whole, "{prefix}");
        assert_eq!(whole.0.len(), if prefix == "'c'" { 99 } else { 100 });
        assert_eq!(whole.1.without_contact, if prefix == "'c'" { 3 } else { 0 });
    }
    let program = program(retail(), "UTC");
    let (_folder, crm) =
        crm(&(TABLES.replace("ID", "INTEGER") + &rows.replace("PREFIX", "''") + "DROP INDEX purchased_contact_at;"));
    let world = world(&program, &crm);
    assert_eq!(crm.lives(&program, &world).unwrap().ranges(&crm, 7).unwrap(), [ContactRange::default()]);
}

#[test]
fn contacts_are_read_one_by_one_in_the_order_asked() {
    let program = program(retail(), "Europe/Paris");
    let (_folder, crm) = crm(&format!("{}{ROWS}", TABLES.replace("ID", "INTEGER")));
    let world = world(&program, &crm);
    let lives = crm.lives(&program, &world).unwrap();
    let (mut found, mut notes) = (Vec::new(), Notes::default());
    let wanted = [Id::Number(10), Id::Number(3), Id::Text("2".into()), Id::Number(1)];
    lives
        .read_these(&crm, &wanted, &mut notes, |person, life| {
            found.push(super::shown(&program, &world, person, life));
            ControlFlow::Continue(())
        })
        .unwrap();
    // One that bought nothing is given too, and one that the CRM does not know.
    assert_eq!(found, [LIVES[2], "3 email=c@example.com: ", "2: ", LIVES[0]]);
    found.clear();
    lives
        .read_these(&crm, &wanted, &mut notes, |person, _| {
            found.push(person.id.to_string());
            ControlFlow::Break(())
        })
        .unwrap();
    assert_eq!(found, ["10"]);
}

#[test]
fn bounds_compare_instants_and_not_texts() {
    let program = program(retail(), "UTC");
    let (_folder, crm) = crm(&(TABLES.replace("ID", "INTEGER")
        + "INSERT INTO purchased VALUES (1, 1, 1, '2020-01-01T01:00:00+02:00', NULL), (2, 1, 1, '2020-01-01 00:00', NULL),
           (3, 1, 1, 1577836799, '2021-01-01'), (4, 1, 1, '2019-12-31T23:30:00-02:00', NULL), (5, 1, 1, 'never', NULL);"));
    let world = world(&program, &crm);
    let lives = crm.lives(&program, &world).unwrap();
    let instant = |text: &str| crate::time::Zone::UTC.parse(text).unwrap().0;
    let expected = Bounds { first: instant("2019-12-31T23:00:00Z"), last: instant("2020-01-01T01:30:00Z") };
    assert_eq!(lives.bounds(&crm, &ContactRange::default()).unwrap(), Some(expected));
}

#[test]
fn the_bounds_of_ranges_are_together_those_of_all() {
    // One form alone, with texts between that are no instants; two forms; rows of nobody at both ends.
    let cases = [
        [
            "1, '2020-01-05 00:00:00'",
            "2, '2020-01-01 00:00:00'",
            "3, '2020-01-03 99:99:99'",
            "3, '2020-01-09 00:00:00'",
        ],
        [
            "1, '2020-01-05T00:00:00'",
            "2, '2020-01-05 23:00:00'",
            "3, '2020-01-05 12:00:00'",
            "4, '2020-01-05T01:00:00'",
        ],
        ["1, '2020-01-05 00:00:00'", "NULL, '2020-01-01 00:00:00'", "NULL, '2020-01-09 00:00:00'", "9, 1578182400"],
        [
            "1, '2020-01-05 10:00:00'",
            "2, '2020-01-05 09:00-05'",
            "3, '2020-01-05 23:00+22'",
            "4, '2020-01-05 23:00+14'",
        ],
        ["1, 'never'", "2, '2020-99-99 00:00:00'", "3, NULL", "4, '2020-01-05 10:00:00'"],
    ];
    let expected = [
        ("2020-01-01 00:00", "2020-01-09 00:00"),
        ("2020-01-05 00:00", "2020-01-05 23:00"),
        ("2020-01-01 00:00", "2020-01-09 00:00"),
        ("2020-01-05 09:00", "2020-01-05 14:00"),
        ("2020-01-05 10:00", "2020-01-05 10:00"),
    ];
    let program = program(retail(), "UTC");
    let instant = |text: &str| crate::time::Zone::UTC.parse(text).unwrap().0;
    for (rows, (first, last)) in cases.iter().zip(expected) {
        let rows = rows.iter().enumerate().map(|(id, row)| {
            let (contact, at) = row.split_once(", ").unwrap();
            format!("INSERT INTO purchased VALUES ({id}, {contact}, 1, {at}, NULL);")
        });
        let (_folder, crm) = crm(&(TABLES.replace("ID", "INTEGER") + &rows.collect::<String>()));
        let world = world(&program, &crm);
        let lives = crm.lives(&program, &world).unwrap();
        let expected = Bounds { first: instant(first), last: instant(last) };
        assert_eq!(lives.bounds(&crm, &ContactRange::default()).unwrap(), Some(expected), "{first}");
        let ranges = lives.ranges(&crm, 3).unwrap();
        assert!(ranges.len() > 1, "{ranges:?}");
        let parts = ranges.iter().filter_map(|range| lives.bounds(&crm, range).unwrap());
        assert_eq!(parts.reduce(Bounds::with), Some(expected), "{first}");
        read(&lives, &crm, &[ContactRange::default()]);
        read(&lives, &crm, &ranges);
        assert!(lives.probable_bounds(&crm).is_some());
    }
}

#[test]
fn new_rows_are_those_not_seen() {
    let program = program(retail(), "UTC");
    let (_folder, crm) = crm(&(TABLES.replace("ID", "INTEGER")
        + "INSERT INTO purchased VALUES (1, 1, 1, 0, NULL), (2, 2, 1, 60, 120), (3, 2, 1, 'soon', NULL), (4, NULL, 1, 0, NULL);"));
    let world = world(&program, &crm);
    let lives = crm.lives(&program, &world).unwrap();
    let mut notes = Notes::default();
    let seen: FxHashSet<Id> = [Id::Number(1)].into_iter().collect();
    let new = lives.new_rows(&crm, 0, &seen, &mut notes).unwrap();
    assert_eq!(new.len(), 1);
    assert_eq!((new[0].contact.clone(), new[0].event.id.clone()), (Id::Number(2), Id::Number(2)));
    assert_eq!((new[0].event.at, new[0].event.arrived), (Instant::from_seconds(60), Instant::from_seconds(120)));
    assert_eq!((notes.unreadable.count, notes.without_contact), (1, 1));
}

#[test]
fn several_events_are_merged_and_a_large_life_is_whole() {
    let code = Code {
        events: vec![record("opened", vec![field("by?", Type::Text)]), record("purchased", vec![])],
        ..Code::default()
    };
    let program = program(code, "UTC");
    let (_folder, crm) = crm("CREATE TABLE contact(id INTEGER PRIMARY KEY); INSERT INTO contact VALUES (1), (2), (3);
         CREATE TABLE opened(id INTEGER PRIMARY KEY, contact, at); CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact, at);
         CREATE INDEX purchased_contact_at ON purchased(contact, at); CREATE INDEX opened_contact ON opened(contact);
         INSERT INTO opened VALUES (1, 3, 5), (2, 1, 7);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
         INSERT INTO purchased SELECT i, 1 + i % 100000 / 99990, 200000 - i FROM n;");
    let world = world(&program, &crm);
    let lives = crm.lives(&program, &world).unwrap();
    let mut lengths = Vec::new();
    lives
        .read(&crm, &ContactRange::default(), &mut Notes::default(), |person, life| {
            let (first, last) = (life.event(0).unwrap(), life.event(life.len() - 1).unwrap());
            lengths.push((person.id.to_string(), life.len(), first.kind, first.at <= last.at));
            ControlFlow::Continue(())
        })
        .unwrap();
    let expected = [("1", 99_991, 0), ("2", 10, 1), ("3", 1, 0)];
    assert_eq!(lengths, expected.map(|(id, length, kind)| (id.to_string(), length, kind, true)));
    // One contact cannot be cut: the ranges end where it ends.
    let ranges = lives.ranges(&crm, 4).unwrap();
    let ends: Vec<Option<Id>> = ranges.iter().map(|range| range.to.clone()).collect();
    assert_eq!(ends, [Some(Id::Number(1)), Some(Id::Number(2)), None]);
}

#[test]
fn ranges_have_about_as_many_events() {
    let program = program(retail(), "UTC");
    // The first of a hundred contacts have the most events, as in a shop whose customers are numbered as they come.
    let (_folder, crm) = crm(&(TABLES.replace("ID", "INTEGER")
        + "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100),
               m(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM m WHERE i < 100)
           INSERT INTO purchased(contact, at) SELECT n.i, m.i FROM n, m WHERE m.i <= 101 - n.i;"));
    let world = world(&program, &crm);
    let lives = crm.lives(&program, &world).unwrap();
    let events = |range: &ContactRange| {
        let mut count = 0;
        let add = |_: &_, life: &mut crate::engine::Life| {
            count += life.len();
            ControlFlow::Continue(())
        };
        lives.read(&crm, range, &mut Notes::default(), add).unwrap();
        count
    };
    let shares: Vec<usize> = lives.ranges(&crm, 5).unwrap().iter().map(events).collect();
    assert_eq!((shares.len(), shares.iter().sum::<usize>()), (5, 5_050));
    assert!(shares.iter().all(|share| (900..=1_250).contains(share)), "{shares:?}");
}

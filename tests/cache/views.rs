//! Views that may tell another thing while the file is the same, and those that cannot.

use crate::Kept;
use crate::fresh::{SQL, TEXT, sql};
use scn::drivers::simulate::ReadFrom;
use scn::store::cache::Cold;

#[test]
fn views_that_ask_the_clock_are_read_anew() {
    for (view, is_kept) in [
        ("SELECT id, contact, at, amount FROM p WHERE at < datetime('now')", false),
        ("SELECT id, contact, datetime(at, 'LocalTime') AS at, amount FROM p", false),
        ("SELECT id, contact, at, amount FROM p WHERE at < CURRENT_TIMESTAMP", false),
        ("SELECT id, contact, at, amount FROM p WHERE at < datetime ()", false),
        ("SELECT id, contact, at, amount FROM p WHERE at < strftime('%Y')", false),
        ("SELECT id, contact, at, abs(random() % 3) AS amount FROM p", false),
        ("SELECT id, contact, at, amount FROM p WHERE at < datetime(unixepoch('subsec'), 'unixepoch')", false),
        ("SELECT id, contact, datetime(at || '') AS at, amount FROM p", false),
        ("SELECT id, contact, datetime(substr(at, 1, 19)) AS at, amount FROM p", false),
        ("SELECT id, contact, datetime((SELECT at)) AS at, amount FROM p", false),
        ("SELECT p.id, contact, at, amount FROM p, pragma_cache_size AS s WHERE s.cache_size < 0", false),
        ("SELECT id, contact, at, amount FROM p WHERE at < strftime('%Y-%m, %d')", false),
        ("SELECT id, contact, at, amount FROM p WHERE at < strftime(coalesce('%Y', '%m'))", false),
        ("SELECT id, contact, at, abs(random /* a, b */ () % 3) AS amount FROM p", false),
        ("SELECT id, contact, at, abs(random -- it's so\n () % 3) AS amount FROM p", false),
        ("SELECT id, contact, at, abs(\"random\"() % 3) AS amount FROM p", false),
        ("SELECT id, contact, datetime(body ->> '$.at') AS at, amount FROM p, body", false),
        ("SELECT id, contact, datetime(x'6e6f77') AS at, amount FROM p", false),
        ("SELECT id, contact, datetime(CAST(X'6e6f77' AS TEXT)) AS at, amount FROM p", false),
        ("SELECT id, contact, datetime('n' || 'ow') AS at, amount FROM p", false),
        ("SELECT id, contact, datetime(d) AS at, amount FROM (SELECT *, substr(at, 1, 19) AS d FROM p)", false),
        (
            "WITH q(d) AS (SELECT substr(at, 1, 19) FROM p) SELECT id, contact, datetime(d) AS at, amount FROM p, q",
            false,
        ),
        ("SELECT id, contact, at, amount + changes() AS amount FROM p", false),
        ("SELECT id, contact, at, length(sqlite_version()) AS amount FROM p", false),
        ("SELECT id, contact, at, amount FROM p WHERE at < date()", false),
        ("SELECT p.id, contact, datetime(j.value) AS at, amount FROM p, json_each('[\"n\"]') AS j", false),
        ("SELECT p.id, contact, at, amount FROM p, json_each('[1]') AS j", true),
        ("SELECT id, contact, at, amount FROM p WHERE 'n' || 'ow' <> at AND x'6e6f77' <> at", true),
        ("SELECT p.id, p.contact, p.at, sum(q.amount) AS amount FROM p JOIN p AS q USING (id) GROUP BY p.id", true),
        ("SELECT id, contact, datetime(at, '+1 day') AS at, amount FROM p /* not now */ -- or now\n", true),
        ("SELECT id, contact, datetime(at) AS at, amount FROM p WHERE amount > 1 OR 'as of now, (or' <> at", true),
        ("WITH q(d) AS (SELECT max(at) FROM p) SELECT id, contact, datetime(at) AS at, amount FROM p, q", true),
        ("SELECT id, contact, substr(at, 1, 19) AS at, amount FROM p", true),
        ("SELECT id, contact, datetime(at, '+1 day') AS at, amount FROM p", true),
        ("SELECT id, contact, datetime(coalesce(at, '2020-01-01')) AS at, amount FROM p", true),
        ("SELECT id, contact, datetime(CAST(strftime('%s', at) AS INTEGER), 'unixepoch') AS at, amount FROM p", true),
        ("SELECT id, contact, strftime('%Y-%m-%d 10:00:00', at) AS at, amount FROM p", true),
    ] {
        let body = "CREATE TABLE body(body TEXT); INSERT INTO body VALUES ('{\"at\":\"now\"}');";
        let over = format!("{body} ALTER TABLE purchased RENAME TO p; CREATE VIEW inner_one AS {view};");
        let kept = Kept::new(TEXT, &format!("{SQL}{over} CREATE VIEW purchased AS SELECT * FROM inner_one"));
        let (found, read_from) = kept.asked();
        assert!(!found.is_empty());
        let wanted = if is_kept { ReadFrom::Kept(Cold::None) } else { ReadFrom::Cold(Cold::View("inner_one".into())) };
        assert_eq!(read_from, wanted, "{view}");
    }
}

/// Where a column holds the word, a view that takes it for a time is told the present, and nothing in its text shows it.
#[test]
fn a_view_that_a_value_tells_the_present_is_read_anew() {
    let kept_with = |row: &str, view: &str| {
        let over = "ALTER TABLE purchased RENAME TO p; CREATE VIEW inner_one AS SELECT * FROM p;";
        Kept::new(TEXT, &format!("{SQL} {row}; {over} CREATE VIEW purchased AS {view} FROM inner_one"))
    };
    let (dated, plain) = ("SELECT id, contact, datetime(at) AS at, amount", "SELECT id, contact, at, amount");
    let row = |at: &str| format!("INSERT INTO purchased VALUES (1000, 3, '{at}', 5)");
    let cold = || ReadFrom::Cold(Cold::View("purchased".into()));
    assert_eq!(kept_with(&row("now"), dated).asked().1, cold());
    assert_eq!(kept_with(&row("NOW"), dated).asked().1, cold());
    assert_eq!(kept_with("INSERT INTO purchased VALUES (1000, 3, x'6e6f77', 5)", dated).asked().1, cold());
    assert_eq!(
        kept_with("INSERT INTO purchased VALUES (1000, 3, 'now' || char(0) || '5', 5)", dated).asked().1,
        cold()
    );
    assert_eq!(kept_with(&row("nowhere"), dated).asked().1, ReadFrom::Kept(Cold::None));
    assert_eq!(kept_with(&row("2020-03-03"), dated).asked().1, ReadFrom::Kept(Cold::None));
    assert_eq!(kept_with(&row("2020-03-03"), plain).asked().1, ReadFrom::Kept(Cold::None));
    let made = "ALTER TABLE purchased ADD COLUMN made AS (json_extract(amount, '$.at'))";
    let made = format!("{made}; INSERT INTO purchased VALUES (1000, 3, '2020-03-03', '{{\"at\":\"now\"}}')");
    assert_eq!(kept_with(&made, "SELECT id, contact, datetime(made) AS at, amount").asked().1, cold());
    // Where it comes to hold it, the file is another.
    let kept = kept_with(&row("2020-03-03"), dated);
    kept.warm_up();
    sql(&kept, "UPDATE p SET at = 'now' WHERE id = 1000");
    assert_eq!(kept.asked().1, cold());
}

/// The name of the table that holds it may have quotes. What a trigger or a default wrote is in the file, whatever it asked for.
#[test]
fn what_is_kept_in_the_file_is_steady() {
    let row = |name: &str, at: &str| {
        format!(
            "ALTER TABLE purchased RENAME TO {name};
             INSERT INTO {name}(id, contact, at, amount) VALUES (1000, 3, '{at}', 5);
             CREATE VIEW purchased AS SELECT id, contact, datetime(at) AS at, amount FROM {name}"
        )
    };
    for name in ["\"a\"\"b\"", "\"it's\"", "[a b]", "`a``b`"] {
        let kept = |at: &str| Kept::new(TEXT, &format!("{SQL} {}", row(name, at))).asked().1;
        assert_eq!(kept("now"), ReadFrom::Cold(Cold::View("purchased".into())), "{name}");
        assert_eq!(kept("2020-03-03"), ReadFrom::Kept(Cold::None), "{name}");
    }
    let made = "CREATE TABLE log(id, made DEFAULT CURRENT_TIMESTAMP, seen);
        CREATE TRIGGER noted AFTER INSERT ON purchased
        BEGIN INSERT INTO log(id, seen) VALUES (new.id, datetime('now') || random()); END;";
    let view =
        "CREATE VIEW purchased AS SELECT p.id, contact, at, amount FROM p JOIN log USING (id) WHERE made <> seen";
    let rows = "INSERT INTO purchased VALUES (1000, 3, '2020-03-03', 5); ALTER TABLE purchased RENAME TO p;";
    assert_eq!(Kept::new(TEXT, &format!("{SQL} {made} {rows} {view}")).asked().1, ReadFrom::Kept(Cold::None));
}

/// One view puts together what another takes for a time.
#[test]
fn views_that_ask_the_clock_together_are_read_anew() {
    let view = "CREATE TABLE p(id INTEGER PRIMARY KEY, contact INTEGER, body TEXT);
        INSERT INTO p VALUES (1, 3, '{\"at\":\"now\"}'); DROP TABLE purchased;
        CREATE VIEW inner_one AS SELECT id, contact, json_extract(body, '$.at') AS d FROM p;
        CREATE VIEW purchased(id, contact, at, amount) AS SELECT id, contact, datetime(d), 5 FROM inner_one";
    let kept = Kept::new(TEXT, &format!("{SQL} {view}"));
    assert_eq!(kept.asked().1, ReadFrom::Cold(Cold::View("purchased".into())));
}

/// A module may take from anywhere what a virtual table tells.
#[test]
fn virtual_tables_are_read_anew() {
    let virtual_one = "CREATE VIRTUAL TABLE places USING rtree(id, least, most);";
    let view = "ALTER TABLE purchased RENAME TO p;
        CREATE VIEW purchased AS SELECT * FROM p WHERE id NOT IN (SELECT id FROM places)";
    let kept = Kept::new(TEXT, &format!("{SQL} {virtual_one} {view}"));
    assert_eq!(kept.asked().1, ReadFrom::Cold(Cold::Virtual("places".into())));
    // One that nobody reads stands in no way.
    let kept = Kept::new(TEXT, &format!("{SQL} {virtual_one}"));
    assert_eq!(kept.asked().1, ReadFrom::Kept(Cold::None));
}

/// The name of a table may have capitals.
#[test]
fn a_view_is_found_whatever_its_letters() {
    let text = "event Bought { amount: number } scenario a { when Bought send email reminder }";
    let view =
        "CREATE TABLE b(id INTEGER PRIMARY KEY, contact, at, amount); INSERT INTO b VALUES (1, 1, '2020-01-01', 1);
        CREATE VIEW Bought AS SELECT * FROM b WHERE at < datetime('now')";
    let kept = Kept::new(text, &format!("{SQL} {view}"));
    assert_eq!(kept.asked().1, ReadFrom::Cold(Cold::View("bought".into())));
}

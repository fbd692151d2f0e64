//! What `scn check --crm` finds in the rows of a CRM.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test writes the files of its commands, and panics"
)]

use std::fs;

const SENTENCE: &str =
    "when purchased product.recurring wait product.delay - 1 month send email reminder unless repurchased\n";
const TEMPLATE: &str = "---\nsubject: It is time\n---\n<p>It is time for {{ product.name }}.</p>\n<a href=\"https://shop.example/unsubscribe\">Unsubscribe</a>\n";
const TABLES: &str = "
    CREATE TABLE contact (id INTEGER PRIMARY KEY, email TEXT);
    CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT, family TEXT, recurring INTEGER, delay TEXT);
    CREATE TABLE purchased (id INTEGER PRIMARY KEY, contact INTEGER, at TEXT, product INTEGER, quantity INTEGER, amount);
    INSERT INTO contact VALUES (7, 'ana@example.com');
    INSERT INTO product VALUES (3, 'Soap', 'soap', 1, '6 months');
    INSERT INTO purchased VALUES (1, 7, '2011-03-04 10:00', 3, 1, 12.5);
";

/// The exit code of `scn check`, and its findings as `CODE message`, the notes that concern no row left out.
fn found(rows: &str) -> (i32, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("templates")).unwrap();
    write("renewal.scn", SENTENCE);
    write("templates/reminder.email.html", TEMPLATE);
    let crm = rusqlite::Connection::open(folder.path().join("shop.db")).unwrap();
    crm.execute_batch(&format!("{TABLES}{rows}")).unwrap();
    let mut command = assert_cmd::Command::cargo_bin("scn").unwrap();
    let output = command.current_dir(folder.path()).args(["check", "--crm", "shop.db", "--format", "json"]).output();
    let output = output.unwrap();
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let said = |finding: &serde_json::Value| {
        format!("{} {}", finding["code"].as_str().unwrap(), finding["message"].as_str().unwrap())
    };
    let of_rows = printed.as_array().unwrap().iter().map(said).filter(|said| said.starts_with('D')).collect();
    (output.status.code().unwrap(), of_rows)
}

#[test]
fn rows_in_order_are_clean() {
    assert_eq!(found(""), (0, Vec::new()));
}

#[test]
fn products_for_which_a_wait_cannot_be_are_named() {
    let products = "INSERT INTO product VALUES (4, 'Sponge', NULL, 1, '2 weeks'), (5, 'Brush', NULL, 1, NULL),
        (6, 'Towel', NULL, 0, NULL), (7, 'Comb', NULL, 1, '1 month'), (8, 'Bowl', NULL, 1, '-3 days');";
    assert_eq!(
        found(products),
        (
            1,
            vec![
                "D006 `product.delay - 1 month` leaves no time to wait for product 4 (delay 2 weeks), product 7 (delay 1 month), product 8 (delay -3 days)".into(),
                "D007 `product.delay - 1 month` has no value for product 5".into(),
            ]
        )
    );
    // Without a delay there is a note alone, and of many products the first are named.
    let missing: Vec<String> = (10..20).map(|id| format!("({id}, 'Thing', NULL, 1, NULL)")).collect();
    let (code, said) = found(&format!("INSERT INTO product VALUES {};", missing.join(", ")));
    let first = "product 10, product 11, product 12, product 13, product 14 and 5 more";
    assert_eq!((code, said), (0, vec![format!("D007 `product.delay - 1 month` has no value for {first}")]));
}

#[test]
fn values_that_cannot_be_read_are_counted_by_column_in_entities_contacts_and_events() {
    let rows = "INSERT INTO product VALUES (4, 'Sponge', NULL, 1, '5 moons'), (5, 'Brush', NULL, 'yes', '1 year');
        INSERT INTO contact VALUES (8, x'00ff');
        INSERT INTO purchased VALUES (2, 7, 'soon', 3, 1, 1), (3, 8, '2011-02-30', 3, 1, 1), (4, 8, NULL, 3, 1, 1);";
    let (code, said) = found(rows);
    assert_eq!(code, 1);
    let expected = [
        "D005 1 of 3 values of `product.delay` cannot be read: `5 moons` (id 4)",
        "D005 1 of 3 values of `product.recurring` cannot be read: `yes` (id 5)",
        "D005 1 of 2 values of `contact.email` cannot be read: `2 bytes` (id 8)",
        "D005 3 of 4 values of `purchased.at` cannot be read: `soon` (id 2), `2011-02-30` (id 3), `NULL` (id 4)",
        "D022 50% of 2 contacts (1) can never get `email reminder`: no address 1",
    ];
    for expected in expected {
        assert!(said.iter().any(|said| said == expected), "{expected}\n{said:#?}");
    }
    assert_eq!(said.len(), expected.len(), "{said:#?}");
}

#[test]
fn of_many_values_that_cannot_be_read_each_is_shown_once_and_all_are_counted() {
    let rows: Vec<String> = (10..1310).map(|id| format!("({id}, 7, 'soon', 3, 1, 1)")).collect();
    let (code, said) = found(&format!("INSERT INTO purchased VALUES {};", rows.join(", ")));
    let all = "D005 1,300 of 1,301 values of `purchased.at` cannot be read: `soon` (id 10), ...";
    assert_eq!((code, said), (1, vec![all.into()]));
}

#[test]
fn ids_that_are_used_twice_are_named_as_such() {
    let rows = "ALTER TABLE product RENAME TO articles; CREATE VIEW product AS SELECT * FROM articles UNION ALL SELECT * FROM articles;";
    let twice = "D005 1 of 2 values of `product.id` is used twice: `3` (id 3)";
    assert_eq!(found(rows), (1, vec![twice.into()]));
}

#[test]
fn texts_among_numbers_are_counted_by_their_class() {
    let rows = "INSERT INTO purchased VALUES (2, 'web-7', '2011-03-04 10:00', 3, 1, 1), (3, x'01', '2011-03-04 10:00', 3, 1, 1);";
    let (_, said) = found(rows);
    assert!(said.iter().any(|said| said.starts_with("D005 1 of 3 values of `purchased.contact`")), "{said:#?}");
    let rows = "INSERT INTO purchased VALUES (2, 'web-7', '2011-03-04 10:00', 3, 1, 1);";
    let one = "D020 1 of 2 values of `purchased.contact` is no number: `web-7` (id 2)";
    assert_eq!(found(rows), (1, vec![one.into()]));
}

#[test]
fn dates_alone_are_a_note_and_negative_quantities_a_warning() {
    let (code, said) =
        found("INSERT INTO purchased VALUES (2, 7, '2011-03-05', 3, 1, 1), (3, 7, '2011-03-06', 3, 1, 1);");
    let dates = "D008 2 rows of `purchased` have a date without a time in `at`, the first is that with the id 2";
    assert_eq!((code, said), (0, vec![dates.into()]));
    let (code, said) = found("INSERT INTO purchased VALUES (2, 7, '2011-03-05 10:00', 3, -1, -12.5);");
    let negative = ["quantity", "amount"]
        .map(|field| format!("D009 1 row of `purchased` has a negative `{field}`, the first is that with the id 2"));
    assert_eq!((code, said), (1, negative.to_vec()));
}

#[test]
fn a_view_that_fails_while_it_is_read_is_named_beside_the_other_findings() {
    let view = "DROP TABLE product; CREATE TABLE articles (id INTEGER PRIMARY KEY, name TEXT, about TEXT);
        INSERT INTO articles VALUES (3, 'Soap', 'no json');
        CREATE VIEW product AS SELECT id, name, name AS family, 1 AS recurring,
            json_extract(about, '$.delay') AS delay FROM articles;";
    let said = "D001 `shop.db` refuses to answer: `product`: malformed JSON";
    assert_eq!(found(view), (1, vec![said.into()]));
}

#[test]
fn what_is_not_there_is_a_note_and_where_nearly_all_rows_are_so_a_warning() {
    let purchase = |contact: &str| format!("INSERT INTO purchased VALUES (2, {contact}, '2011-03-04 10:00', 3, 1, 1);");
    for (rows, code, said) in [
        (
            purchase("99").as_str(),
            0,
            "D023 1 of 2 values of `purchased.contact` names no row of `contact`: `99` (id 2)",
        ),
        (&purchase("NULL"), 0, "D023 1 row of `purchased` names no contact, the first is that with the id 2"),
        (
            "UPDATE purchased SET contact = 99;",
            1,
            "D023 1 of 1 value of `purchased.contact` names no row of `contact`: `99` (id 1)",
        ),
        (
            "UPDATE purchased SET product = 77;",
            1,
            "D023 1 of 1 value of `purchased.product` names no row of `product`: `77` (id 1)",
        ),
        (
            "INSERT INTO product VALUES (4, 'Sponge', NULL, NULL, '1 year');",
            0,
            "D024 1 row of `product` has no `recurring`, the first is that with the id 4",
        ),
        (
            "UPDATE product SET recurring = NULL;",
            1,
            "D024 1 row of `product` has no `recurring`, the first is that with the id 3",
        ),
    ] {
        assert_eq!(found(rows), (code, vec![said.to_owned()]), "{rows}");
    }
}

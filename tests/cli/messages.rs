//! What a fresh user meets: what is said of a configuration, a CRM, a sample, a run; and in what words.

use crate::{CRM, SENTENCE, TEMPLATE, execute, folder, scn, shop};
use std::fmt::Write;
use std::fs;

#[test]
fn the_configuration_is_judged_whole_by_check() {
    for (text, said) in [
        ("[channels.email]\nfrom = \"not a mailbox\"\n", "the email address has no `@`"),
        ("[channels.email]\nfrom = \"a@b.example\"\nserver = { host = \"h\", port = \"x\" }\n", "write a number"),
        ("[channels.email]\nfrom = \"a@b.example\"\nserver = { host = \"a b\" }\n", "neither a host name"),
    ] {
        let shop = folder(&[("scn.toml", text.as_bytes()), ("a.scn", b"when purchased once tag \"x\"\n")]);
        let checked = scn(shop.path(), &["check"]);
        checked.expect(78, &["D010", said, "help: "]);
        assert!(checked.out.contains("scn.toml:"), "{}", checked.out);
    }
}

#[test]
fn check_looks_at_the_tables_of_the_configured_crm_and_says_so() {
    let shop = shop(CRM);
    execute(&shop.path().join("crm.db"), "UPDATE product SET delay = 'never' WHERE id = 1");
    scn(shop.path(), &["check"]).expect(0, &["with the tables of crm.db; `--crm crm.db` looks at its rows too"]);
    scn(shop.path(), &["check", "--crm", "crm.db"]).expect(1, &["D005"]);
    execute(&shop.path().join("crm.db"), "DROP TABLE purchased");
    scn(shop.path(), &["check"]).expect(1, &["D002", "`crm.db` has no table or view `purchased`"]);
    fs::remove_file(shop.path().join("crm.db")).unwrap();
    let without = scn(shop.path(), &["check"]);
    without.expect(0, &[]);
    assert!(!without.err.contains("crm.db") && !shop.path().join("crm.db").exists(), "{}", without.err);
}

const SAMPLE: &str = "crm = \"shop.db\"\n[sample]\ncsv = \"sales.csv\"\nwith = \"sales.sql\"\n";
const MAPPING: &str = "CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT);
    CREATE TABLE product(id INTEGER PRIMARY KEY, name, family, recurring, delay);
    CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact, at, product, quantity, amount);
    INSERT INTO contact SELECT id, 'a@example.com' FROM csv;
    INSERT INTO product VALUES (1, 'Filter', 'filter', 1, '3 months');
    INSERT INTO purchased SELECT id, id, '2020-01-10T10:00:00Z', 1, 1, 20 FROM csv;";

#[test]
fn a_sample_is_built_again_when_its_sources_change_and_only_then() {
    let files = [("scn.toml", SAMPLE), ("a.scn", SENTENCE), ("sales.csv", "id\n1\n"), ("sales.sql", MAPPING)];
    let shop = folder(&files.map(|(name, text)| (name, text.as_bytes())));
    let simulated = || scn(shop.path(), &["simulate"]);
    simulated().expect(0, &["built shop.db from sales.csv: 1 record, 0 rejected", "1 contact,"]);
    assert!(!simulated().err.contains("built"));
    fs::write(shop.path().join("sales.csv"), "id\n1\n2\n").unwrap();
    simulated()
        .expect(0, &["built shop.db again, since its sample has changed, from sales.csv: 2 records", "2 contacts,"]);
    // What the user has changed is never thrown away.
    execute(&shop.path().join("shop.db"), "INSERT INTO contact VALUES (3, 'c@example.com')");
    fs::write(shop.path().join("sales.csv"), "id\n1\n").unwrap();
    simulated().expect(0, &["note: shop.db is older than its sample, and was changed", "2 contacts,"]);
    // A CRM that was not built from the sample is the user's own.
    fs::remove_file(shop.path().join("shop.db.sample")).unwrap();
    let own = simulated();
    own.expect(0, &["2 contacts,"]);
    assert_eq!(own.err, "");
}

#[test]
fn a_run_tells_times_in_the_zone_that_holds() {
    let shop = shop(CRM);
    fs::write(shop.path().join("policy.scn"), "policy { time zone \"Asia/Tokyo\" }\n").unwrap();
    let first = scn(shop.path(), &["run", "--once"]);
    first.expect(0, &["`renewal` takes events since"]);
    let start = first.out.split("takes events since ").nth(1).unwrap().lines().next().unwrap().to_owned();
    let utc = fs::read_to_string(shop.path().join("policy.scn")).unwrap().replace("Asia/Tokyo", "UTC");
    fs::write(shop.path().join("policy.scn"), utc).unwrap();
    let second = scn(shop.path(), &["run", "--once"]);
    let other = second.out.split("takes events since ").nth(1).unwrap().lines().next().unwrap().to_owned();
    assert_ne!(start, other, "the same start in two zones");
}

#[test]
fn a_backfill_asks_before_it_starts_what_sends_later() {
    let shop = shop(CRM);
    execute(
        &shop.path().join("crm.db"),
        "UPDATE purchased SET at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 day'); UPDATE product SET recurring = 1, delay = '3 years'",
    );
    scn(shop.path(), &["run", "--once"]).expect(0, &["0 messages sent"]);
    let asked = scn(shop.path(), &["run", "--once", "--backfill", "2020-01-01"]);
    asked.expect(2, &["2 instances would start, 0 messages would leave now", "nothing was done", "--yes"]);
    scn(shop.path(), &["run", "--once", "--backfill", "2020-01-01", "--yes"]).expect(0, &["2 started"]);
    // Nothing is left to start, so nothing is asked.
    scn(shop.path(), &["run", "--once", "--backfill", "2020-01-01"]).expect(0, &["0 instances would start"]);
}

#[test]
fn the_messages_of_many_scenarios_fit_on_the_screen() {
    let shop = shop(CRM);
    let mut text = String::new();
    for name in
        ["kibble_reminder", "care_reminder", "fashion_reminder", "device_reminder", "toy_reminder", "book_reminder"]
    {
        let _ = writeln!(text, "scenario {name} {{ when purchased once send email reminder }}");
    }
    fs::write(shop.path().join("many.scn"), text).unwrap();
    let simulated = scn(shop.path(), &["simulate"]);
    simulated.expect(0, &["sent by year", "2020", "total", "kibble_reminder", "`--format json`"]);
    let table = simulated.out.split("sent by year").nth(1).unwrap().split("\n\n").next().unwrap();
    assert!(table.lines().all(|line| line.trim_end().chars().count() <= 100), "{table}");
    assert_eq!(table.lines().filter(|line| line.contains("_reminder")).count(), 6, "{table}");
    fs::remove_file(shop.path().join("many.scn")).unwrap();
    scn(shop.path(), &["simulate"]).expect(0, &["sent by month", "2020-03", "1 message would be sent"]);
    let months = scn(shop.path(), &["simulate", "--format", "json"]);
    months.expect(0, &["\"month\": \"2020-03\""]);
}

#[test]
fn one_of_a_thing_is_no_plural() {
    let shop = folder(&[
        ("scn.toml", b"crm = \"crm.db\"\n"),
        ("a.scn", b"when purchased send email reminder\n"),
        ("templates/reminder.email.txt", TEMPLATE.as_bytes()),
    ]);
    execute(&shop.path().join("crm.db"), CRM);
    scn(shop.path(), &["run", "--once"]).expect(0, &["2 rows are from before the start and start nothing"]);
    execute(
        &shop.path().join("crm.db"),
        "INSERT INTO purchased VALUES (3, 1, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'), 1, 1, 20)",
    );
    scn(shop.path(), &["run", "--once"]).expect(0, &["1 message sent, 1 new row\n", "1 by email"]);
}

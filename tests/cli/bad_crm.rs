//! CRMs that lack something, or hold what cannot be read: each is named, and nothing is lost.

use crate::{CRM, execute, folder, scn, shop};

/// The CRM with one thing changed.
fn crm(said: &str, instead: &str) -> String {
    assert!(CRM.contains(said), "{said}");
    CRM.replace(said, instead)
}

#[test]
fn a_good_crm_is_the_measure() {
    let shop = shop(CRM);
    scn(shop.path(), &["simulate"]).expect(0, &["1 message would be sent"]);
    scn(shop.path(), &["crm"]).expect(0, &[]);
    scn(shop.path(), &["check", "--crm", "crm.db"]).expect(0, &[]);
}

#[test]
fn a_table_is_missing() {
    let shop = shop("CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT);");
    scn(shop.path(), &["simulate"]).expect(0, &["not simulated: renewal", "`purchased`"]);
    scn(shop.path(), &["simulate", "--strict"]).expect(1, &["not simulated: renewal"]);
    scn(shop.path(), &["check", "--crm", "crm.db"]).expect(1, &["D002", "purchased"]);
    scn(shop.path(), &["crm"]).expect(1, &["CREATE VIEW \"purchased\"", "CREATE VIEW \"product\""]);
}

#[test]
fn a_table_that_is_missing_is_told_first() {
    let shop = shop("CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT, tier TEXT);");
    let none = scn(shop.path(), &["simulate"]).out;
    assert!(
        none.starts_with(
            "not simulated: renewal: the CRM has no table or view `product`, no table or view `purchased`"
        ),
        "{none}"
    );
    assert!(none.contains("`scn crm` shows the SQL views to write\n\nno scenario can be simulated"), "{none}");
    let named = scn(shop.path(), &["simulate", "--from", "2020-01-01", "--to", "2020-12-31"]).out;
    assert!(named.starts_with("not simulated: renewal: "), "{named}");
    // Another scenario needs no event, but a span, which the table would have given.
    let clock = "scenario clock { every day for contact.tier is \"gold\" send email reminder }";
    let sentence = format!("scenario renewal {{ {} }}", crate::SENTENCE);
    std::fs::write(shop.path().join("renewal.scn"), sentence + clock).unwrap();
    scn(shop.path(), &["simulate"])
        .expect(2, &["error: the CRM has no table or view `p", "`scn crm`", "`--from 2011-01-01"]);
}

#[test]
fn a_required_column_is_missing() {
    let shop = shop(
        &crm("recurring INTEGER, delay TEXT", "delay TEXT")
            .replace("'filter', 1,", "'filter',")
            .replace("'lamp', 0,", "'lamp',"),
    );
    scn(shop.path(), &["simulate"]).expect(0, &["not simulated: renewal", "no column `recurring` in `product`"]);
    scn(shop.path(), &["check", "--crm", "crm.db"]).expect(1, &["D003", "recurring"]);
    scn(shop.path(), &["crm"]).expect(1, &["recurring"]);
}

#[test]
fn an_optional_column_is_missing() {
    let shop = shop(&crm("name TEXT, family TEXT,", "name TEXT,").replace("'filter', ", "").replace("'lamp', ", ""));
    scn(shop.path(), &["simulate"]).expect(0, &["1 message would be sent", "no column `family` in `product`"]);
    scn(shop.path(), &["check", "--crm", "crm.db"]).expect(0, &["D004"]);
}

#[test]
fn instants_that_are_none_set_their_contact_aside() {
    let sql = crm("'2021-01-10T10:00:00Z'", "'last tuesday'");
    let shop = shop(&sql);
    execute(
        &shop.path().join("crm.db"),
        "INSERT INTO contact VALUES (2, 'ben@example.com');
        INSERT INTO purchased VALUES (3, 2, '2020-02-10T10:00:00Z', 1, 1, 20), (4, 2, '2021-01-01', 2, 1, 20)",
    );
    scn(shop.path(), &["simulate"]).expect(1, &["1 message would be sent", "last tuesday", "purchased 2"]);
}

#[test]
fn a_delay_that_is_missing_or_too_short_is_counted_and_named() {
    for (delay, reason, rule) in [("NULL", "missing", "D007"), ("'3 weeks'", "no time left", "D006")] {
        let shop = shop(&crm("'3 months'", delay));
        scn(shop.path(), &["simulate"]).expect(0, &["0 messages would be sent", reason, "product 1"]);
        scn(shop.path(), &["check", "--crm", "crm.db"]).expect(i32::from(rule == "D006"), &[rule, "product 1"]);
    }
    let shop = shop(&crm("'3 months'", "'a while'"));
    scn(shop.path(), &["simulate"]).expect(1, &["a while", "product 1"]);
}

#[test]
fn a_contact_without_an_address_is_suppressed() {
    for email in ["NULL", "''"] {
        let shop = shop(&crm("'ana@example.com'", email));
        scn(shop.path(), &["simulate"]).expect(0, &["0 messages would be sent", "suppressed"]);
    }
}

#[test]
fn a_file_that_is_no_crm() {
    let shop = shop(CRM);
    std::fs::write(shop.path().join("text.db"), "this is a letter, and not a database at all").unwrap();
    std::fs::write(shop.path().join("empty.db"), "").unwrap();
    scn(shop.path(), &["simulate", "--crm", "text.db"]).expect(74, &["text.db"]);
    scn(shop.path(), &["simulate", "--crm", "no.db"]).expect(74, &["no.db"]);
    scn(shop.path(), &["simulate", "--crm", "."]).expect(74, &[]);
    scn(shop.path(), &["simulate", "--crm", "empty.db"]).expect(0, &["not simulated: renewal"]);
    let none = folder(&[("renewal.scn", crate::SENTENCE.as_bytes())]);
    scn(none.path(), &["simulate"]).expect(78, &["there is no CRM to read", "--crm FILE"]);
}

#[test]
fn a_locked_crm_is_busy() {
    let shop = shop(CRM);
    let owner = rusqlite::Connection::open(shop.path().join("crm.db")).unwrap();
    owner.execute_batch("BEGIN EXCLUSIVE").unwrap();
    scn(shop.path(), &["simulate"]).expect(75, &["crm.db"]);
    drop(owner);
    scn(shop.path(), &["simulate"]).expect(0, &["1 message would be sent"]);
}

#[test]
fn a_simulation_changes_nothing() {
    let shop = shop(CRM);
    let before = std::fs::read(shop.path().join("crm.db")).unwrap();
    scn(shop.path(), &["simulate", "--contact", "1"]).expect(0, &["entered"]);
    assert_eq!(std::fs::read(shop.path().join("crm.db")).unwrap(), before);
    let mut names: Vec<_> = std::fs::read_dir(shop.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["crm.db", "renewal.scn", "scn.toml", "templates"]);
}

#[test]
fn two_runs_on_one_state_are_one_too_many() {
    let shop = shop(CRM);
    scn(shop.path(), &["run", "--once", "--state", "state.db"]).expect(0, &["0 messages sent", "--backfill"]);
    let lock = std::fs::File::options().write(true).open(shop.path().join("state.db.lock")).unwrap();
    lock.lock().unwrap();
    scn(shop.path(), &["run", "--once", "--state", "state.db"]).expect(75, &["state.db"]);
}

#[test]
fn a_broken_view_is_named() {
    let shop =
        shop(&format!("{CRM} ALTER TABLE purchased RENAME TO sales; CREATE VIEW purchased AS SELECT x FROM nowhere;"));
    scn(shop.path(), &["simulate"]).expect(0, &["not simulated: renewal", "`purchased`", "nowhere"]);
    scn(shop.path(), &["crm"]).expect(1, &["purchased"]);
}

#[test]
fn a_backfill_does_not_judge_what_was_withdrawn() {
    let crm = CRM.replace("'2020-01-10T10:00:00Z'", "datetime('now', '-200 days')");
    let shop = shop(&crm.replace("'2021-01-10T10:00:00Z', 2", "datetime('now', '-100 days'), 1"));
    let text = "when purchased once goal purchased within 60 days of last message wait 1 month send email reminder only if purchased ever";
    std::fs::write(shop.path().join("renewal.scn"), format!("{text}\n")).unwrap();
    let text =
        "when purchased once stop when purchased wait 1 month send email reminder wait 6 months send email reminder";
    std::fs::write(shop.path().join("other.scn"), format!("{text}\n")).unwrap();
    scn(shop.path(), &["run", "--once", "--backfill", "2000-01-01", "--yes"]).expect(0, &["expired"]);
    scn(shop.path(), &["run", "--once"]).expect(0, &["0 messages sent"]);
}

//! A measure of what scenarios do, in every command that simulates: its values, one contact, why, and a difference.

use crate::{execute, folder, scn};
use serde_json::{Value, json};
use tempfile::TempDir;

const SCENARIO: &[u8] = b"
measure fatigue = average over contacts of count of sent in last 30 days, refreshed weekly
measure rhythm = average over contacts of average gap of purchased ever, refreshed weekly
scenario news {
  when purchased
  send email news unless (fatigue default 0) >= 2 and (rhythm default 1 day) < 1 week
}
";

/// Two contacts get four messages in the first week, so that nobody gets any for the next 30 days.
const CRM: &str = "
    CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT);
    CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, at TEXT, amount REAL);
    INSERT INTO contact VALUES (1, 'ana@example.com'), (2, 'bob@example.com');
    INSERT INTO purchased VALUES
      (1, 1, '2020-01-07T10:00:00Z', 5), (2, 1, '2020-01-08T10:00:00Z', 5), (3, 1, '2020-01-09T10:00:00Z', 5),
      (4, 2, '2020-01-12T23:59:59Z', 5), (5, 2, '2020-01-13T00:00:00Z', 5), (6, 1, '2020-01-26T10:00:00Z', 5);";

fn shop() -> TempDir {
    let shop = folder(&[
        ("scn.toml", b"crm = \"crm.db\"\n[channels.email]\nfrom = \"shop@example.com\"\n"),
        ("news.scn", SCENARIO),
        (
            "templates/news.email.txt",
            b"---\nsubject: A word\n---\nA word. Unsubscribe: https://shop.example/unsubscribe\n",
        ),
    ]);
    execute(&shop.path().join("crm.db"), CRM);
    shop
}

#[test]
fn every_value_of_a_measure_is_in_the_report_as_data() {
    let shop = shop();
    let ran = scn(shop.path(), &["simulate", "--format", "json"]);
    ran.expect(0, &[]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let refresh = |at: &str, value: &str, seconds: Option<u64>| json!({"at": at, "value": value, "seconds": seconds});
    let wanted = json!([
        {"name": "fatigue", "value": "2", "refreshes": [
            refresh("2020-01-13T00:00:00Z", "2", None), refresh("2020-01-20T00:00:00Z", "2", None)]},
        {"name": "rhythm", "value": "1 day", "refreshes": [
            refresh("2020-01-13T00:00:00Z", "1 day", Some(86_400)), refresh("2020-01-20T00:00:00Z", "1 day", Some(86_400))]},
    ]);
    assert_eq!((&report["measures"], &report["sent"]), (&wanted, &json!(4)));
    scn(shop.path(), &["simulate"]).expect(0, &["measure fatigue: 2, as it was told last"]);
}

#[test]
fn one_contact_is_its_part_of_the_whole() {
    let shop = shop();
    let effects = |more: &[&str]| {
        scn(shop.path(), &[&["simulate", "--effects", "effects.csv"], more].concat()).expect(0, &[]);
        std::fs::read_to_string(shop.path().join("effects.csv")).unwrap()
    };
    let all = effects(&[]);
    for contact in ["1", "2"] {
        let is_of = |line: &&str| line.starts_with("at,") || line.split(',').nth(1) == Some(contact);
        let part: Vec<&str> = all.lines().filter(is_of).collect();
        assert_eq!(effects(&["--contact", contact]).lines().collect::<Vec<_>>(), part);
    }
    scn(shop.path(), &["why", "--contact", "2"]).expect(0, &["fatigue = 2", "2020-01-13 00:00"]);
}

#[test]
fn a_project_does_not_differ_from_itself() {
    let shop = shop();
    let ran = scn(shop.path(), &["diff", ".", ".", "--crm", "crm.db", "--format", "json", "--max-changed", "0"]);
    ran.expect(0, &[]);
}

#[test]
fn a_number_is_rounded_in_the_terminal_and_whole_in_data() {
    let shop = shop();
    let spent = "measure often = average over contacts of count of purchased ever, refreshed weekly\n";
    let asks = "scenario asks { when purchased once send email news unless (often default 0) > 100 }\n";
    std::fs::write(shop.path().join("asks.scn"), format!("{spent}{asks}")).unwrap();
    execute(
        &shop.path().join("crm.db"),
        "INSERT INTO contact VALUES (3, 'eva@example.com');
        INSERT INTO purchased VALUES (7, 3, '2020-01-08T10:00:00Z', 5), (8, 3, '2020-01-09T10:00:00Z', 5);",
    );
    scn(shop.path(), &["simulate"]).expect(0, &["measure often: 2.33, as it was told last"]);
    scn(shop.path(), &["simulate", "--format", "json"]).expect(0, &["\"2.3333333333333333333333333333\""]);
}

//! `simulate --contact`: exactly the effects that the contact has in the whole, and nobody who is not there.

use crate::{execute, folder, scn};
use std::path::Path;

/// Periods, silences, events and identity together; a row of contact 2 is contact 7, and contact 5 has no event.
const SCENARIOS: &[u8] = br#"identity contact by email
scenario quarter { every quarter tag "quarter" }
scenario quiet { when no purchased ever for 2 months tag "quiet" wait 1 week untag "quiet" }
scenario bought { when purchased wait 1 day send email thanks }
scenario birthday { every year on contact.birthday - 1 week for purchased ever tag "birthday" }
"#;
const CRM: &str = "
    CREATE TABLE contact(id KIND PRIMARY KEY, email TEXT, birthday TEXT, created_at TEXT);
    CREATE TABLE product(id INTEGER PRIMARY KEY, name TEXT, recurring INTEGER);
    CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact KIND, at TEXT, product INTEGER, quantity INTEGER, amount REAL);
    INSERT INTO product VALUES (1, 'lamp', 0);
    INSERT INTO contact VALUES (1, 'a@example.com', '1980-02-29', '2019-05-01'), (2, 'b@example.com', NULL, '2020-02-01'),
        (3, NULL, '1990-12-24', NULL), (5, 'e@example.com', '2000-07-01', '2020-06-01'), (7, 'B@example.com', NULL, '2020-03-01');
    INSERT INTO purchased VALUES (1, 1, '2020-01-02T10:00:00Z', 1, 1, 20), (2, 7, '2020-04-10T10:00:00Z', 1, 1, 20),
        (3, 3, '2020-05-10T10:00:00Z', 1, 1, 20), (4, 1, '2021-05-10T10:00:00Z', 1, 1, 20), (5, 9, '2021-01-10T10:00:00Z', 1, 1, 5);";

fn shop(scenarios: &[u8], sql: &str) -> tempfile::TempDir {
    let template = b"---\nsubject: Thanks\n---\nThanks\n";
    let folder = folder(&[
        ("scn.toml", b"crm = \"crm.db\"\n[channels.email]\nfrom = \"shop@example.com\"\n"),
        ("all.scn", scenarios),
        ("templates/thanks.email.html", template),
    ]);
    execute(&folder.path().join("crm.db"), sql);
    folder
}

/// The rows of the effects CSV of a simulation.
fn effects(shop: &Path, more: &[&str]) -> Vec<String> {
    let all = [&["simulate", "--effects", "effects.csv"], more].concat();
    scn(shop, &all).expect(0, &[]);
    let text = std::fs::read_to_string(shop.join("effects.csv")).unwrap();
    text.lines().skip(1).map(str::to_owned).collect()
}

#[test]
fn one_contact_is_its_part_of_the_whole() {
    for kind in ["INTEGER", "TEXT", ""] {
        let shop = shop(SCENARIOS, &CRM.replace("KIND", kind));
        let whole = effects(shop.path(), &[]);
        assert!(whole.len() > 20, "{kind}: {whole:#?}");
        for contact in ["1", "2", "3", "5", "9"] {
            let part: Vec<&String> = whole.iter().filter(|row| row.split(',').nth(1) == Some(contact)).collect();
            assert!(!part.is_empty(), "{kind}: nothing of {contact}");
            let alone = effects(shop.path(), &["--contact", contact]);
            assert_eq!(alone.iter().collect::<Vec<_>>(), part, "{kind}: contact {contact}");
            scn(shop.path(), &["simulate", "--contact", contact, "--as-test"]).expect(0, &["expect "]);
        }
        let row = effects(shop.path(), &["--contact", "7"]);
        assert_eq!(row, effects(shop.path(), &["--contact", "2"]), "{kind}: the person of the row");
        scn(shop.path(), &["simulate", "--contact", "7"])
            .expect(0, &["contact `7` is a row of contact `2`, by `identity`"]);
        for as_test in [&["--as-test"][..], &[]] {
            let unknown = [&["simulate", "--contact", "99"], as_test].concat();
            scn(shop.path(), &unknown).expect(1, &["the CRM has no contact `99`", "help: "]);
        }
    }
}

#[test]
fn periods_without_events_want_a_span() {
    let tables = CRM.split("INSERT INTO purchased").next().unwrap().replace("KIND", "INTEGER");
    let shop = shop(b"scenario quarter { every quarter tag \"quarter\" }\n", &tables);
    for more in [&[][..], &["--contact", "1"], &["--contact", "1", "--as-test"], &["--from", "2020-01-01"]] {
        let arguments = [&["simulate"], more].concat();
        scn(shop.path(), &arguments).expect(2, &["no span to simulate", "--from", "--to"]);
    }
    let span = ["simulate", "--from", "2020-01-01", "--to", "2020-12-31"];
    scn(shop.path(), &span).expect(0, &["tag", "quarter"]);
}

#[test]
fn a_date_that_stands_for_never_is_named() {
    let sql = CRM.replace("KIND", "INTEGER") + "INSERT INTO purchased VALUES (6, 1, '9999-12-31', 1, 1, 20);";
    let shop = shop(SCENARIOS, &sql);
    scn(shop.path(), &["simulate"]).expect(2, &["9999-12-31", "more than 100 years", "--to"]);
    scn(shop.path(), &["simulate", "--to", "2021-12-31"]).expect(0, &["would be sent"]);
}

//! `scn simulate --as-test`: the history of a real contact becomes a test, which passes, and which expects what the
//! simulation does.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test reads the files it is about, and panics when one is wrong"
)]

use std::path::Path;
use std::process::Command;

const CONTACTS: usize = 8;

/// A policy that holds some persons out, a split, and a measure that changes each week; the shop's own are weekly too.
const OFFERS: &str = r#"policy { holdout 30% }

measure usual = average over contacts of average gap of purchased ever, refreshed weekly

scenario offers {
  when purchased
  once every 3 months
  split price {
    low 40% { send email low_price }
    high 60% { send email high_price }
  }
  wait 1 day
  if usual default 1 year >= 30 days { tag "slow" } else { tag "quick" }
}
"#;

fn scn(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_scn")).current_dir(folder).args(arguments).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{arguments:?}\n{out}{err}");
    out
}

/// The scenarios and their sample, without a CRM that was built from it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        match path.is_dir() {
            true => copy(&path, &to.join(name)),
            false if path.to_string_lossy().contains(".db") => {}
            false => drop(std::fs::copy(&path, to.join(name)).unwrap()),
        }
    }
}

/// Contacts of the sample from all over it, who bought neither once nor every day.
fn contacts(crm: &Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(crm).unwrap();
    let mut statement = connection
        .prepare("SELECT contact FROM purchased GROUP BY contact HAVING count(*) BETWEEN 3 AND 60 ORDER BY contact")
        .unwrap();
    let all: Vec<String> =
        statement.query_map([], |row| Ok(row.get::<_, i64>(0)?.to_string())).unwrap().map(Result::unwrap).collect();
    all.iter().step_by(all.len() / CONTACTS).take(CONTACTS).cloned().collect()
}

/// What the simulation did, as lines of a test say it, sorted.
fn simulated(effects: &str) -> Vec<String> {
    let rows = effects.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    let rows = rows.filter(|row| row[9] == "sent" || row[9] == "done").map(|row| {
        let what = format!("{} {}", row[6].replace("send", row[7]), row[8].replace("contact.", ""));
        format!("{what} at {}", row[0].replace('T', " ").replace('Z', "")).replace('"', "")
    });
    let mut rows: Vec<String> = rows.collect();
    rows.sort();
    rows
}

/// What a test expects of its contact up to the end of its history, in the same words.
fn expected(test: &str, contact: &str) -> Vec<String> {
    let seconds = |at: &str| if at.len() == "2020-01-01 10:00".len() { format!("{at}:00") } else { at.to_owned() };
    let until = seconds(test.lines().find_map(|line| line.trim().strip_prefix("until ")).unwrap());
    let lines = test.lines().filter_map(|line| line.trim().strip_prefix("expect "));
    let lines = lines.filter_map(|line| {
        let (what, at) = line.rsplit_once(" at ")?;
        let (what, whom) = what.rsplit_once(" to ").or_else(|| what.rsplit_once(" for "))?;
        let what = what.replace("erase contact", "erase ");
        (seconds(at) <= until && whom == format!("contact_{contact}"))
            .then(|| format!("{what} at {}", seconds(at)).replace('"', ""))
    });
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    lines
}

#[test]
fn what_happened_to_a_contact_is_a_test_that_passes() {
    let folder = tempfile::tempdir().unwrap();
    let shop = folder.path().join("shop");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"), &shop);
    let own = shop.join("offers");
    std::fs::create_dir_all(own.join("templates")).unwrap();
    std::fs::write(own.join("offers.scn"), OFFERS).unwrap();
    for message in ["low_price", "high_price"] {
        let template = own.join(format!("templates/{message}.email.html"));
        std::fs::copy(shop.join("welcome/templates/welcome.email.html"), template).unwrap();
    }
    // Builds the CRM of the sample.
    scn(&shop, &["simulate", "--contact", "1"]);
    let contacts = contacts(&shop.join("sample/crm.db"));
    assert_eq!(contacts.len(), CONTACTS);
    let (mut tests, mut all_effects, mut messages) = (String::new(), String::new(), 0);
    for contact in &contacts {
        let test = scn(&shop, &["simulate", "--contact", contact, "--as-test"]);
        let effects = folder.path().join("effects.csv");
        let replayed = ["--engagement", "replayed", "--effects", effects.to_str().unwrap()];
        scn(&shop, &[&["simulate", "--contact", contact] as &[&str], &replayed].concat());
        let expected = expected(&test, contact);
        let effects = std::fs::read_to_string(effects).unwrap();
        assert_eq!(expected, simulated(&effects), "contact {contact}");
        assert!(test.contains(&format!("given contact {contact} as contact_{contact} ")), "it draws by its id");
        all_effects += &effects;
        messages += expected.len();
        assert!(!test.contains("@") || test.contains("@example.com"), "addresses are made up");
        tests += &format!("\n{test}");
    }
    assert!(messages > 10 * CONTACTS, "{messages}");
    for seen in [",held out,", ",low_price,", ",high_price,", ",quick,", ",slow,", ",we_miss_you,sent,"] {
        assert!(all_effects.contains(seen), "no {seen}");
    }
    let told = |measure: &str| tests.matches(&format!(" measure {measure} = ")).count();
    assert!(told("usual") > CONTACTS && told("brand_rhythm") > CONTACTS, "measures are told at several instants");
    std::fs::write(shop.join("history.test.scn"), tests.trim_start()).unwrap();
    assert!(scn(&shop, &["test", "history.test.scn"]).contains(&format!("{CONTACTS} tests passed")));
    scn(&shop, &["fmt", "--check", "history.test.scn"]);
}

//! The program as its users meet it: the real binary, in folders of its own.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test writes the files of its commands, and panics when one goes wrong"
)]

#[path = "cli/bad_crm.rs"]
mod bad_crm;
#[path = "cli/bad_text.rs"]
mod bad_text;
#[path = "cli/causes.rs"]
mod causes;
#[path = "cli/check.rs"]
mod check;
#[path = "cli/diff.rs"]
mod diff;
#[path = "cli/engagement.rs"]
mod engagement;
#[path = "cli/erasures.rs"]
mod erasures;
#[path = "cli/folders.rs"]
mod folders;
#[path = "cli/graph.rs"]
mod graph;
#[path = "cli/init.rs"]
mod init;
#[cfg(unix)]
#[path = "cli/interrupted.rs"]
mod interrupted;
#[path = "cli/kept.rs"]
mod kept;
#[path = "cli/measures.rs"]
mod measures;
#[path = "cli/messages.rs"]
mod messages;
#[path = "cli/new.rs"]
mod new;
#[path = "cli/one_contact.rs"]
mod one_contact;
#[path = "cli/outputs.rs"]
mod outputs;
#[path = "cli/readme.rs"]
mod readme;
#[path = "cli/repairs.rs"]
mod repairs;
#[path = "cli/report.rs"]
mod report;
#[path = "cli/spans.rs"]
mod spans;
#[path = "cli/testing.rs"]
mod testing;

use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const SENTENCE: &str =
    "when purchased product.recurring wait product.delay - 1 month send email reminder unless repurchased\n";
const TEMPLATE: &str =
    "---\nsubject: Soon due\n---\nYour {{ product.name }}\nUnsubscribe: https://shop.example/unsubscribe\n";

/// Names and bytes of files.
type Files<'a> = &'a [(&'a str, &'a [u8])];

/// What a command did.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    /// Fails the test unless the command ended so and printed all of these, somewhere.
    fn expect(&self, code: i32, said: &[&str]) {
        let all = format!("{}{}", self.out, self.err);
        assert_eq!(self.code, code, "{all}");
        for text in said {
            assert!(all.contains(text), "`{text}` is not in\n{all}");
        }
        assert!(!all.contains("panicked"), "{all}");
    }
}

fn scn(folder: &Path, arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_scn")).current_dir(folder).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// A folder with these files.
fn folder(files: Files<'_>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

/// The project of the sentence, with a CRM made by this SQL.
fn shop(sql: &str) -> TempDir {
    let shop = folder(&[
        ("scn.toml", b"crm = \"crm.db\"\n[channels.email]\nfrom = \"shop@example.com\"\n"),
        ("renewal.scn", SENTENCE.as_bytes()),
        ("templates/reminder.email.txt", TEMPLATE.as_bytes()),
    ]);
    execute(&shop.path().join("crm.db"), sql);
    shop
}

fn execute(database: &Path, sql: &str) {
    rusqlite::Connection::open(database).unwrap().execute_batch(sql).unwrap();
}

/// A CRM in which one reminder is sent.
const CRM: &str = "
    CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT);
    CREATE TABLE product(id INTEGER PRIMARY KEY, name TEXT, family TEXT, recurring INTEGER, delay TEXT);
    CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact, at, product, quantity, amount);
    INSERT INTO contact VALUES (1, 'ana@example.com');
    INSERT INTO product VALUES (1, 'Filter', 'filter', 1, '3 months'), (2, 'Lamp', 'lamp', 0, NULL);
    INSERT INTO purchased VALUES (1, 1, '2020-01-10T10:00:00Z', 1, 1, 20), (2, 1, '2021-01-10T10:00:00Z', 2, 1, 50);
";

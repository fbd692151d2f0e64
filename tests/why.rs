//! `scn why`: stories as data, each kind of answer once; and that there is no effect without its story.
//!
//! A case is `NAME.scn`, whose first line says how it is asked, `NAME.sql`, the history over the tables of `shop.sql`, and
//! `NAME.txt`, what is printed. `UPDATE=1 cargo test --test why` writes the last.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test writes the files of its commands, and panics when one goes wrong"
)]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// What a command did: exit code, standard output, standard error.
type Ran = (i32, String, String);

fn scn(folder: &Path, arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_scn")).current_dir(folder).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/why")
}

/// A project with these scenarios, and a CRM that this SQL fills.
fn shop(scenarios: &str, sql: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("scn.toml"), "crm = \"crm.db\"\n").unwrap();
    std::fs::write(folder.path().join("shop.scn"), scenarios).unwrap();
    let tables = std::fs::read_to_string(data().join("shop.sql")).unwrap();
    execute(&folder.path().join("crm.db"), &(tables + sql));
    folder
}

fn execute(database: &Path, sql: &str) {
    rusqlite::Connection::open(database).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn every_kind_of_answer_is_told() {
    let update = std::env::var_os("UPDATE").is_some();
    let files = std::fs::read_dir(data()).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "scn")).collect();
    cases.sort();
    assert!(cases.len() >= 18, "only {} stories", cases.len());
    let mut wrong = String::new();
    for case in cases {
        let text = std::fs::read_to_string(&case).unwrap();
        let arguments = text.lines().next().and_then(|line| line.strip_prefix("# scn ")).unwrap().to_owned();
        let sql = std::fs::read_to_string(case.with_extension("sql")).unwrap();
        let shop = shop(&text, &sql);
        let (code, out, err) = scn(shop.path(), &arguments.split(' ').collect::<Vec<_>>());
        let told = case.with_extension("txt");
        let found = format!("{out}{err}");
        if code != 0 {
            let _ = writeln!(wrong, "{}: {code}\n{found}", case.display());
        } else if update {
            std::fs::write(told, found).unwrap();
        } else if std::fs::read_to_string(&told).unwrap_or_default() != found {
            let _ = writeln!(wrong, "{}\n{found}", case.display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

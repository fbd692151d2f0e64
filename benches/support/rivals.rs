//! The same question, asked of others: SQLite's window functions, and what `bench/rivals.py` knows.

use super::by_hand::Answer;
use super::support;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// As `bench/rivals.py` asks SQLite: the calendar clamps to the last day of a month.
const WINDOW: &str = "
    WITH t AS (SELECT DISTINCT p.contact c, r.family f, CAST(r.delay AS INTEGER) d, p.at at
               FROM purchased p JOIN product r ON r.id = p.product WHERE r.recurring = 1),
         w AS (SELECT c, f, d, at, lead(at) OVER (PARTITION BY c, f ORDER BY at) nxt FROM t),
         x AS (SELECT c, at, nxt, min(datetime(at, '+' || (d - 1) || ' months'),
                   date(at, 'start of month', '+' || d || ' months', '-1 day') || substr(at, 11)) due FROM w)
    SELECT count(*), sum(c), sum(unixepoch(at)), sum(unixepoch(due)) FROM x
    WHERE due <= (SELECT max(at) FROM purchased) AND (nxt IS NULL OR nxt > due)";

pub fn sqlite_window(crm: &Path) -> Answer {
    let connection = Connection::open_with_flags(crm, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let answer = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    connection.query_row(WINDOW, [], answer).unwrap()
}

/// Python with DuckDB and Polars, and the CRM as Parquet.
pub struct Python {
    python: PathBuf,
    script: PathBuf,
    parquet: PathBuf,
}

impl Python {
    /// `None`, with a word, where there is no Python, no package, or no script.
    pub fn find(crm: &Path, copies: u32) -> Option<Python> {
        let environment = support::repository("target/rivals");
        let python = environment.join("bin/python");
        let scripts = support::shared().join("bench");
        let made = || {
            let script = support::repository("benches/support/rivals.sh");
            let mut make = Command::new("sh");
            make.arg(script).arg(&environment).stderr(Stdio::null());
            make.status().is_ok_and(|status| status.success())
        };
        let knows = || {
            let mut ask = Command::new(&python);
            ask.args(["-c", "import duckdb, polars, pyarrow"]).stderr(Stdio::null());
            ask.status().is_ok_and(|status| status.success())
        };
        if !scripts.join("rivals.py").exists() || !(python.exists() && knows() || made() && knows()) {
            println!("without DuckDB and Polars: Python 3 with the packages of `benches/support/rivals.sh` is needed");
            return None;
        }
        let parquet = support::room("parquet").join(format!("copies_{copies}"));
        if !parquet.join("purchased.parquet").exists() {
            let mut convert = Command::new(&python);
            convert.arg(scripts.join("to_parquet.py")).arg(crm).arg(&parquet).stdout(Stdio::null());
            assert!(convert.status().unwrap().success());
        }
        Some(Python { python, script: scripts.join("rivals.py"), parquet })
    }

    /// Asks one rival, in a process of its own.
    pub fn ask(&self, case: &str, crm: &Path) -> Answer {
        let mut ask = Command::new(&self.python);
        ask.arg(&self.script).arg(case).arg(crm).arg(&self.parquet);
        let output = ask.output().unwrap();
        assert!(output.status.success(), "{case}: {}", String::from_utf8_lossy(&output.stderr));
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let number = |name: &str| told[name].as_i64().unwrap();
        (number("reminders"), number("sum_contact"), number("sum_at"), number("sum_due"))
    }
}

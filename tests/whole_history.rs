//! The whole of "Online Retail" through `scn import`, against the bench's own script; and measures over the whole of CDNOW,
//! against SQLite. `SCN_DATA` names the folder with `data/online_retail.csv.gz`, `data/cdnow.csv.gz` and
//! `bench/build_crm.py`; Python is needed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test: it reads its environment and may panic"
)]

#[path = "measures/cdnow.rs"]
mod cdnow;

use rusqlite::Connection;
use scn::store::import::{Request, import};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The question of `bench/rivals.py`, asked of SQLite: how many reminders, and three sums over them.
const QUESTION: &str = "
    WITH t AS (SELECT DISTINCT p.contact c, r.family f, CAST(r.delay AS INTEGER) d, p.at at
               FROM purchased p JOIN product r ON r.id = p.product WHERE r.recurring = 1),
         w AS (SELECT c, f, d, at, lead(at) OVER (PARTITION BY c, f ORDER BY at) nxt FROM t),
         x AS (SELECT c, at, nxt, min(datetime(at, '+' || (d - 1) || ' months'),
                   date(at, 'start of month', '+' || d || ' months', '-1 day') || substr(at, 11)) due FROM w)
    SELECT count(*), sum(c), sum(unixepoch(at)), sum(unixepoch(due)) FROM x
    WHERE due <= (SELECT max(at) FROM purchased) AND (nxt IS NULL OR nxt > due)";

fn shared() -> PathBuf {
    PathBuf::from(std::env::var_os("SCN_DATA").expect("SCN_DATA names the folder of the whole histories"))
}

/// Builds the bench's CRM with its own script, and gives the history that it is made of.
fn build_bench(crm: &Path) -> PathBuf {
    let csv = shared().join("data/online_retail.csv.gz");
    let built = Command::new("python3")
        .arg(shared().join("bench/build_crm.py"))
        .args([&csv, crm])
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(built.success());
    csv
}

#[test]
#[ignore = "needs the whole histories (SCN_DATA) and Python: `.ci/run` runs it"]
fn the_mapping_gives_the_tables_of_the_bench() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let csv = build_bench(&path("bench.db"));

    let mapping = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/sample/online_retail.sql");
    let request = Request { crm: path("crm.db"), csv, mappings: vec![mapping], rejects: None, rejects_max: None };
    let report = import(&request, &mut |_| {}).unwrap();
    assert_eq!((report.records, report.rejected), (541_909, 144_025));
    let tables = [("contact", 4_338), ("product", 3_665), ("purchased", 397_884)];
    assert_eq!(report.tables, tables.map(|(name, count)| (name.to_owned(), count)));

    let connection = Connection::open(path("crm.db")).unwrap();
    connection.execute("ATTACH ?1 AS bench", [path("bench.db").to_str()]).unwrap();
    for (table, columns) in [
        ("contact", "id, code, country, email"),
        ("product", "id, code, name, family, recurring, delay"),
        ("purchased", "id, contact, product, at, quantity, amount"),
    ] {
        for (one, other) in [("main", "bench"), ("bench", "main")] {
            let sql = format!(
                "SELECT count(*) FROM (SELECT {columns} FROM {one}.{table} EXCEPT SELECT {columns} FROM {other}.{table})"
            );
            let differing: i64 = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
            assert_eq!(differing, 0, "rows of {one}.{table} that {other} does not have");
        }
    }
    let answer: (i64, i64, i64, i64) =
        connection.query_row(QUESTION, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
    assert_eq!(answer, (113_977, 160_255_716, 149_048_055_903_900, 149_352_989_583_900));
}

/// Distinct (contact, family, entry, due) of the sent rows of an effects CSV, and the three sums over them.
fn answer_of(effects: &Path, crm: &Path) -> (i64, i64, i64, i64) {
    let connection = Connection::open(crm).unwrap();
    let mut statement =
        connection.prepare("SELECT p.id, r.family FROM purchased p JOIN product r ON r.id = p.product").unwrap();
    let families: std::collections::HashMap<i64, String> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    let seconds = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp();
    let mut reader = csv::Reader::from_path(effects).unwrap();
    let mut distinct = std::collections::BTreeSet::new();
    for record in reader.records().map(Result::unwrap).filter(|record| &record[9] == "sent") {
        let purchase: i64 = record[3].strip_prefix("purchased/").unwrap().parse().unwrap();
        let contact: i64 = record[1].parse().unwrap();
        distinct.insert((contact, families[&purchase].clone(), seconds(&record[4]), seconds(&record[0])));
    }
    let sum = |part: fn(&(i64, String, i64, i64)) -> i64| distinct.iter().map(part).sum();
    (distinct.len() as i64, sum(|each| each.0), sum(|each| each.2), sum(|each| each.3))
}

#[test]
#[ignore = "needs the whole histories (SCN_DATA) and Python: `.ci/run` runs it"]
fn the_sentence_gives_the_answer_of_the_bench() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let csv = build_bench(&path("bench.db"));
    let mapping = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/sample/online_retail.sql");
    import(
        &Request { crm: path("own.db"), csv, mappings: vec![mapping], rejects: None, rejects_max: None },
        &mut |_| {},
    )
    .unwrap();
    for crm in ["bench.db", "own.db"] {
        let ran = Command::new(env!("CARGO_BIN_EXE_scn"))
            .args(["simulate", "scenarios/renewal/renewal.scn", "--crm"])
            .arg(path(crm))
            .arg("--effects")
            .arg(path("effects.csv"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap();
        assert!(ran.success());
        let answer = answer_of(&path("effects.csv"), &path(crm));
        assert_eq!(answer, (113_977, 160_255_716, 149_048_055_903_900, 149_352_989_583_900), "{crm}");
    }
}

#[test]
#[ignore = "needs the whole histories (SCN_DATA): `.ci/run` runs it"]
fn measures_say_what_sqlite_computes_week_by_week() {
    let folder = tempfile::tempdir().unwrap();
    let crm = folder.path().join("crm.db");
    cdnow::build(std::fs::File::open(shared().join("data/cdnow.csv.gz")).unwrap(), &crm);
    let bundle = cdnow::bundle();
    let (simulation, told) = cdnow::simulated(&bundle, &crm, 1);
    assert_eq!((simulation.report.contacts, simulation.report.events), (23_570, 69_659));
    let (_, last) = simulation.report.span.unwrap();
    assert_eq!(cdnow::compare(&told, &crm, last), 78);
    assert_eq!(told, cdnow::simulated(&bundle, &crm, 2).1, "by two threads");
}

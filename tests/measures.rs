//! Measures: what SQLite computes of the same rows, at every refresh; and which of them depend on what scenarios do.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test panics where it fails, and writes CRMs into a temporary folder"
)]

#[path = "measures/cdnow.rs"]
mod cdnow;

use scn::compile::{Input, InputFile, compile};
use scn::drivers::simulate::{Progress, Request, simulate};
use scn::engine::Program;
use scn::model::{Configuration, Surroundings};
use scn::store::crm::Crm;
use std::sync::Arc;

/// A tenth of the customers of CDNOW, drawn by their ids.
const TENTH: &[u8] = include_bytes!("data/measures/cdnow_tenth.csv.gz");

#[test]
fn every_value_at_every_refresh_is_what_sqlite_computes() {
    let folder = tempfile::tempdir().unwrap();
    let crm = folder.path().join("crm.db");
    cdnow::build(TENTH, &crm);
    let bundle = cdnow::bundle();
    let (simulation, told) = cdnow::simulated(&bundle, &crm, 2);
    let (_, last) = simulation.report.span.unwrap();
    assert_eq!(cdnow::compare(&told, &crm, last), 78);
}

#[test]
fn each_pass_counts_the_rows_that_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let crm = folder.path().join("crm.db");
    cdnow::build(TENTH, &crm);
    let rows = rusqlite::Connection::open(&crm)
        .unwrap()
        .query_one("SELECT count(*) FROM purchased", [], |row| row.get::<_, i64>(0))
        .unwrap();
    let progress = Arc::new(Progress::default());
    let request = Request { threads: 2, progress: Some(Arc::clone(&progress)), ..Request::default() };
    simulate(&cdnow::bundle(), &Crm::open(&crm).unwrap(), &request, None).unwrap();
    let rows = u64::try_from(rows).unwrap();
    assert_eq!((progress.done(), progress.known()), (rows, rows));
    assert!(progress.pass() >= 2 && !progress.is_measuring(), "{progress:?}");
}

/// Whether a measure of a project feeds back.
fn feeds_back(measure: &str, scenario: &str) -> bool {
    let text = format!(
        "measure m = {measure}, refreshed weekly
         scenario s {{ when purchased   send email news only if m > 0 }}
         scenario other {{ when returned   {scenario} }}"
    );
    let mut input = Input::default();
    let source = input.sources.add("story.scn", text.as_str());
    input.files.push(InputFile { source, stem: "story".into(), folder: String::new(), selected: true });
    let compiled = compile(&input, &Surroundings { templates: None, crm: None }, &Configuration::default());
    let bundle = compiled.bundle.unwrap_or_else(|| panic!("{:#?}\n{text}", compiled.diagnostics));
    Program::link(&bundle, &[]).unwrap().feeds_back()
}

#[test]
fn a_measure_feeds_back_where_scenarios_may_change_it() {
    let news = "send email thanks";
    for (measure, scenario, wanted) in [
        ("sum over contacts of sum of purchased.quantity ever", news, false),
        ("count over contacts of contact.tier is \"gold\"", news, false),
        ("count over contacts of contact.tier is \"gold\"", "set contact.language = \"fr\"", false),
        ("count over contacts of contact.tier is \"gold\"", "set contact.tier = \"gold\"", true),
        ("count over contacts of \"vip\" in contact.tags", news, false),
        ("count over contacts of \"vip\" in contact.tags", "untag \"vip\"", true),
        ("sum over contacts of count of sent in last 3 days", news, true),
        ("count over contacts of no clicked in last 1 month", news, true),
        ("sum over contacts of points", news, true),
        ("sum over contacts of sum of credited.points ever", news, true),
        ("count over contacts of in other", news, true),
        ("count over contacts of purchased ever", "wait 1 year erase contact", false),
    ] {
        assert_eq!(feeds_back(measure, scenario), wanted, "{measure}, {scenario}");
    }
}

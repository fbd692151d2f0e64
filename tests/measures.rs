//! Measures: what SQLite computes of the same rows, at every refresh, in a simulation and in a run.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test panics where it fails, and writes CRMs into a temporary folder"
)]

#[path = "measures/cdnow.rs"]
mod cdnow;

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

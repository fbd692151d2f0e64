//! The most memory that `scn simulate` has, over one and five copies of "Online Retail": it is bounded by one contact's life and
//! by what the sorter keeps, and does not grow with the history.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench: it reads its files and may panic")]

mod support;

use std::process::{Command, Stdio};

fn main() {
    let builder = support::shared().join("bench/build_crm.py");
    let csv = support::shared().join("data/online_retail.csv.gz");
    if !builder.exists() || !csv.exists() {
        println!("not measured: {} and {} are needed", builder.display(), csv.display());
        return;
    }
    for copies in ["1", "5"] {
        let crm = support::room("crm").join(format!("copies_{copies}.db"));
        if !crm.exists() {
            let mut build = Command::new("python3");
            build.arg(&builder).arg(&csv).arg(&crm).arg(copies).stdout(Stdio::null());
            if !build.status().is_ok_and(|status| status.success()) {
                println!("not measured: python3 could not run {}", builder.display());
                return;
            }
        }
        let mut simulate = support::scn();
        simulate.arg("simulate").arg(support::repository("scenarios/renewal")).arg("--crm").arg(&crm);
        simulate.arg("--effects").arg(support::room("memory").join("effects.csv"));
        let peak = support::peak_memory(simulate).map_or("unknown".into(), |peak| format!("{peak:.0} MiB"));
        println!("copies of the history: {copies}; peak memory: {peak}");
    }
}

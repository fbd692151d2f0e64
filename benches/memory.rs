//! The most memory that `scn simulate` has, over one and five copies of "Online Retail": it is bounded by one contact's life and
//! by what the sorter keeps, and does not grow with the history.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench: it reads its files and may panic")]

mod support;

fn main() {
    for copies in [1, 5] {
        let Some(crm) = support::copies(copies) else { return };
        let mut simulate = support::scn();
        simulate.arg("simulate").arg(support::repository("scenarios/renewal")).arg("--crm").arg(&crm);
        simulate.arg("--effects").arg(support::room("memory").join("effects.csv"));
        let peak = support::peak_memory(simulate).map_or("unknown".into(), |peak| format!("{peak:.0} MiB"));
        println!("copies of the history: {copies}; peak memory: {peak}");
    }
}

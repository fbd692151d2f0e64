//! The most memory that `scn simulate` has, over so many copies of "Online Retail": it is bounded by one contact's life and by what
//! the sorter keeps, and does not grow with the history.
//!
//! `cargo bench --bench memory -- 20 200` names the copies, written as a stream: 8 and 80 million purchases, the second on 6 GB of
//! disk. Without a number it is 1 and 5.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a bench: it reads its files and may panic"
)]

#[path = "support/shop.rs"]
mod shop;
mod support;

use std::time::Instant;

fn main() {
    let named: Vec<u32> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let Some(one) = support::copies(1) else { return };
    for copies in if named.is_empty() { vec![1, 5] } else { named } {
        let crm = support::room("crm").join(format!("stream_{copies}.db"));
        if !crm.exists() {
            let partial = crm.with_extension("partial");
            shop::write_purchases(&one, i64::from(copies), &partial);
            std::fs::rename(partial, &crm).unwrap();
        }
        let mut simulate = support::scn();
        simulate.arg("simulate").arg(support::repository("scenarios/renewal")).arg("--crm").arg(&crm);
        simulate.arg("--effects").arg(support::room("memory").join("effects.csv"));
        let start = Instant::now();
        let peak = support::peak_memory(simulate).map_or("unknown".into(), |peak| format!("{peak:.0} MiB"));
        let seconds = start.elapsed().as_secs_f64();
        println!("{copies} copies, {} purchases: peak memory {peak}, {seconds:.1} s", u64::from(copies) * 397_884);
    }
}

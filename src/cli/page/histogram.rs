//! How many have how many: a table with a bar in each row.

use super::{Said, percent};
use crate::cli::counted::grouped;
use maud::{Markup, Render, html};
use std::collections::BTreeMap;

/// As many numbers have a row of their own; those above share rows, each for twice as many.
const ALONE: u64 = 12;

/// How many things there are of each number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    pub title: String,
    /// What the numbers are: `messages`.
    pub of: &'static str,
    /// What is counted: `persons`.
    pub counted: &'static str,
    pub counts: BTreeMap<u64, u64>,
}

impl Render for Histogram {
    fn render(&self) -> Markup {
        let rows = rows(&self.counts);
        let most = rows.iter().map(|(_, _, count)| *count).max().unwrap_or(0);
        let all: u64 = self.counts.values().sum();
        html! {
            table.histogram {
                caption { (Said(&self.title)) }
                thead {
                    tr {
                        th.number scope="col" { (self.of) }
                        td {}
                        th.number scope="col" { (self.counted) }
                        th.number scope="col" { "share" }
                    }
                }
                tbody {
                    @for (from, to, count) in &rows {
                        tr {
                            th.number scope="row" { (from) @if to > from { " to " (to) } }
                            td.bar {
                                svg aria-hidden="true" {
                                    rect width=(percent(*count, most)) height="100%" {}
                                }
                            }
                            td.number { (grouped(*count)) }
                            td.number { (share(*count, all)) }
                        }
                    }
                }
            }
        }
    }
}

/// Every number from 1 to the greatest, those above [`ALONE`] together; from, to, how many.
fn rows(counts: &BTreeMap<u64, u64>) -> Vec<(u64, u64, u64)> {
    let greatest = counts.keys().next_back().copied().unwrap_or(0);
    let alone = (1..=greatest.min(ALONE)).map(|number| (number, number));
    let together = std::iter::successors(Some((ALONE + 1, 2 * ALONE)), |(_, to)| Some((to + 1, to.saturating_mul(2))))
        .take_while(|(from, _)| *from <= greatest)
        .map(|(from, to)| (from, to.min(greatest)));
    alone.chain(together).map(|(from, to)| (from, to, counts.range(from..=to).map(|(_, count)| count).sum())).collect()
}

/// `12%`, `0.3%`; a share that is not nothing is not shown as nothing.
pub(super) fn share(part: u64, whole: u64) -> String {
    let percent = 100.0 * part as f64 / whole.max(1) as f64;
    match part {
        0 => "0%".into(),
        part if part == whole => "100%".into(),
        _ if percent < 0.1 => "< 0.1%".into(),
        _ if percent >= 99.95 => "> 99.9%".into(),
        _ if percent < 9.95 => format!("{percent:.1}%"),
        _ => format!("{percent:.0}%"),
    }
}

//! How many messages each scenario sends, month by month, as a line of blocks: the course of the years at one look.

use super::report::Shown;
use crate::cli::counted::grouped;
use crate::time::Date;
use std::collections::BTreeMap;
use std::fmt::Write;

/// From next to nothing to the most.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

impl Shown<'_> {
    /// A line for each scenario that sends; empty where it would be wider than there is room, or shorter than two months.
    pub(super) fn sparks(&self, width: usize) -> String {
        let mut counts: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
        for ((unit, month), sent) in &self.simulation.report.months {
            counts.entry(self.scenario(*unit)).or_default().insert(month, *sent);
        }
        lines(&counts, width)
    }
}

/// The lines of some series, by name, then by month.
fn lines(counts: &BTreeMap<&str, BTreeMap<&str, u64>>, width: usize) -> String {
    let months = || counts.values().flat_map(BTreeMap::keys).copied();
    let (Some(first), Some(last)) = (months().min(), months().max()) else { return String::new() };
    let all = between(first, last);
    let name_width = counts.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    let total_width = counts.values().map(|months| grouped(months.values().sum()).len()).max().unwrap_or(0);
    if all.len() < 2 || name_width + all.len() + total_width + 5 > width {
        return String::new();
    }
    let mut text = format!("sent each month, {first} to {last}\n");
    for (name, months) in counts {
        let most = months.values().copied().max().unwrap_or(0);
        let line: String =
            all.iter().map(|month| block(months.get(month.as_str()).copied().unwrap_or(0), most)).collect();
        let total = grouped(months.values().sum());
        let _ = writeln!(text, " {name:name_width$}  {line}  {total:>total_width$}");
    }
    text.push('\n');
    text
}

/// All months from one to another: `2011-03`.
fn between(first: &str, last: &str) -> Vec<String> {
    let start = Date::parse(&format!("{first}-01"));
    let months = std::iter::successors(start, |month| month.add_months(1)).map(|month| {
        let (year, month, _) = month.parts();
        format!("{year:04}-{month:02}")
    });
    months.take_while(|month| month.as_str() <= last).collect()
}

/// Nothing for nothing; else as high as its share of the most.
fn block(count: u64, most: u64) -> char {
    let height = (u128::from(count) * BLOCKS.len() as u128).div_ceil(u128::from(most.max(1)));
    usize::try_from(height).ok().and_then(|height| BLOCKS.get(height.checked_sub(1)?)).copied().unwrap_or(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts() -> BTreeMap<&'static str, BTreeMap<&'static str, u64>> {
        BTreeMap::from([
            ("renewal", BTreeMap::from([("2010-11", 1), ("2010-12", 8000), ("2011-02", 4000)])),
            ("won", BTreeMap::from([("2011-01", 3)])),
        ])
    }

    #[test]
    fn each_line_has_its_own_height_and_every_month() {
        let text = "sent each month, 2010-11 to 2011-02\n renewal  ▁█ ▄  12,001\n won        █        3\n\n";
        assert_eq!(lines(&counts(), 80), text);
    }

    #[test]
    fn where_there_is_no_room_there_is_no_line() {
        let widest = lines(&counts(), 80).lines().map(|line| line.chars().count()).skip(1).max().unwrap();
        assert!(!lines(&counts(), widest + 1).is_empty());
        assert_eq!(lines(&counts(), widest - 1), "");
        assert_eq!(lines(&BTreeMap::from([("a", BTreeMap::from([("2011-01", 3)]))]), 80), "");
        assert_eq!(lines(&BTreeMap::new(), 80), "");
    }
}

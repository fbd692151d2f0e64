//! Messages before and after, by scenario and by month, as wide as there is room for.

use super::words::Shown;
use crate::cli::counted::grouped;
use crate::drivers::diff::{Counts, Line};
use comfy_table::{CellAlignment, Table, presets};
use std::collections::{BTreeMap, BTreeSet};

/// Columns of a table by scenario.
pub const COLUMNS: [&str; 7] = ["messages", "before", "after", "fewer", "more", "moved", "otherwise"];

impl Shown<'_> {
    /// A row for each scenario whose messages change, one for the others, and one for all.
    pub fn by_scenario(&self) -> Vec<Vec<String>> {
        let mut scenarios: BTreeMap<u16, Line> = BTreeMap::new();
        for ((scenario, _), line) in &self.difference.tally.months {
            scenarios.entry(*scenario).or_default().merge(line);
        }
        let (changed, same): (Vec<_>, Vec<_>) =
            scenarios.into_iter().partition(|(_, line)| line.changed != Counts::default());
        let mut rows: Vec<Vec<String>> =
            changed.iter().map(|(scenario, line)| row(self.difference.scenario(*scenario), line)).collect();
        let mut others = Line::default();
        same.iter().for_each(|(_, line)| others.merge(line));
        match same.as_slice() {
            [] => {}
            [(scenario, line)] => rows.push(row(self.difference.scenario(*scenario), line)),
            several => rows.push(row(format!("{} others", several.len()), &others)),
        }
        if rows.len() > 1 {
            rows.push(row("total".to_owned(), &self.difference.tally.messages()));
        }
        rows
    }

    /// Of each month, or year where that does not fit, how many messages more or fewer each scenario sends that changes.
    pub(super) fn by_month(&self, width: usize) -> Option<String> {
        let is_changed = |line: &Line| line.changed.noticed() > 0;
        let months = &self.difference.tally.months;
        let scenarios: BTreeSet<u16> =
            months.iter().filter(|(_, line)| is_changed(line)).map(|((scenario, _), _)| *scenario).collect();
        if scenarios.is_empty() {
            return None;
        }
        let mut by_month: BTreeMap<(u16, String), Line> = BTreeMap::new();
        let mut by_year: BTreeMap<(u16, String), Line> = BTreeMap::new();
        for ((scenario, month), line) in months.iter().filter(|((scenario, _), _)| scenarios.contains(scenario)) {
            for (times, name) in [(&mut by_month, month_name(*month)), (&mut by_year, format!("{:04}", month / 12))] {
                times.entry((*scenario, name)).or_default().merge(line);
            }
        }
        let fits = |table: &Table| table.lines().all(|line| line.trim_end().chars().count() <= width);
        let table = self.across("change by month", &scenarios, &by_month);
        if fits(&table) {
            return Some(table.to_string());
        }
        let table = self.down("change by year", &scenarios, &by_year);
        let note = "by month it is in `--format json`";
        Some(if fits(&table) { format!("{table}\n{note}") } else { note.to_owned() })
    }

    fn across(&self, title: &str, scenarios: &BTreeSet<u16>, lines: &BTreeMap<(u16, String), Line>) -> Table {
        let mut table = plain();
        let names = scenarios.iter().map(|scenario| self.difference.scenario(*scenario));
        table.set_header(std::iter::once(title.to_owned()).chain(names));
        let times: BTreeSet<&String> = lines.keys().map(|(_, time)| time).collect();
        for time in times {
            let cells = scenarios.iter().map(|scenario| change(lines.get(&(*scenario, time.clone()))));
            table.add_row(std::iter::once(time.clone()).chain(cells));
        }
        align_right(&mut table, 1);
        table
    }

    fn down(&self, title: &str, scenarios: &BTreeSet<u16>, lines: &BTreeMap<(u16, String), Line>) -> Table {
        let mut table = plain();
        let times: BTreeSet<&String> = lines.keys().map(|(_, time)| time).collect();
        table.set_header(std::iter::once(title.to_owned()).chain(times.iter().map(|time| (*time).clone())));
        for scenario in scenarios {
            let cells = times.iter().map(|time| change(lines.get(&(*scenario, (*time).clone()))));
            table.add_row(std::iter::once(self.difference.scenario(*scenario)).chain(cells));
        }
        align_right(&mut table, 1);
        table
    }
}

/// `2011-03`, of a month that is counted from year 0.
pub fn month_name(month: i32) -> String {
    format!("{:04}-{:02}", month.div_euclid(12), month.rem_euclid(12) + 1)
}

fn row(name: String, line: &Line) -> Vec<String> {
    let changed = &line.changed;
    let numbers = [line.before, line.after, changed.lost, changed.gained, changed.moved, changed.otherwise];
    std::iter::once(name).chain(numbers.map(grouped)).collect()
}

/// `-40`, `+3`, `0`; `.` where nobody notices anything.
fn change(line: Option<&Line>) -> String {
    let Some(line) = line.filter(|line| line.changed.noticed() > 0 || line.before != line.after) else {
        return ".".to_owned();
    };
    match line.after.checked_sub(line.before) {
        Some(0) => "0".to_owned(),
        Some(more) => format!("+{}", grouped(more)),
        None => format!("-{}", grouped(line.before - line.after)),
    }
}

pub fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
}

pub fn align_right(table: &mut Table, from: usize) {
    for column in table.column_iter_mut().skip(from) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

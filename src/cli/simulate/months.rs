//! How many messages each scenario sends in each month, as wide as there is room for.

use super::report::{Shown, align_numbers, plain_table};
use crate::cli::counted::grouped;
use comfy_table::Table;
use std::collections::{BTreeMap, BTreeSet};

/// Messages by scenario and by month or year, both in order.
type Sent<'a> = BTreeMap<(u16, &'a str), u64>;

impl Shown<'_> {
    /// A row for each month and a column for each scenario where that fits; else a row for each scenario, and a column for
    /// each year, or for the whole. Empty where nothing is sent.
    pub(super) fn sent_by_month(&self, width: usize) -> String {
        let months: Sent<'_> = self
            .simulation
            .report
            .months
            .iter()
            .map(|((unit, month), sent)| ((*unit, month.as_str()), *sent))
            .collect();
        if months.is_empty() {
            return String::new();
        }
        let mut years: Sent<'_> = BTreeMap::new();
        for ((unit, month), sent) in &months {
            *years.entry((*unit, month.split('-').next().unwrap_or(month))).or_default() += sent;
        }
        let fits = |table: &Table| table.lines().all(|line| line.trim_end().chars().count() <= width);
        let by_month = self.by_scenario_across(&months);
        if fits(&by_month) {
            return format!("{by_month}\n\n");
        }
        let by_year = self.by_scenario_down("sent by year", &years);
        let table =
            if fits(&by_year) { by_year } else { self.by_scenario_down("sent", &BTreeMap::from_iter(totals(&years))) };
        format!("{table}\nby month it is in `--format json`\n\n")
    }

    fn by_scenario_across(&self, sent: &Sent<'_>) -> Table {
        let units: BTreeSet<u16> = sent.keys().map(|(unit, _)| *unit).collect();
        let mut table = plain_table();
        let names = units.iter().map(|unit| self.scenario(*unit).to_owned());
        table.set_header(std::iter::once("sent by month".to_owned()).chain(names));
        for time in times(sent) {
            let counts = units.iter().map(|unit| grouped(count(sent, *unit, time)));
            table.add_row(std::iter::once(time.to_owned()).chain(counts));
        }
        let all = units.iter().map(|unit| grouped(total(sent, *unit)));
        table.add_row(std::iter::once("total".to_owned()).chain(all));
        align_numbers(&mut table, 1);
        table
    }

    fn by_scenario_down(&self, title: &str, sent: &Sent<'_>) -> Table {
        let units: BTreeSet<u16> = sent.keys().map(|(unit, _)| *unit).collect();
        let times = times(sent);
        let mut table = plain_table();
        let named = times.iter().filter(|time| !time.is_empty()).map(|time| (*time).to_owned());
        table.set_header(std::iter::once(title.to_owned()).chain(named).chain(["total".to_owned()]));
        for unit in units {
            let shown = times.iter().filter(|time| !time.is_empty());
            let counts = shown.map(|time| grouped(count(sent, unit, time)));
            let name = self.scenario(unit).to_owned();
            table.add_row(std::iter::once(name).chain(counts).chain([grouped(total(sent, unit))]));
        }
        align_numbers(&mut table, 1);
        table
    }
}

fn times<'a>(sent: &Sent<'a>) -> BTreeSet<&'a str> {
    sent.keys().map(|(_, time)| *time).collect()
}

fn count(sent: &Sent<'_>, unit: u16, time: &str) -> u64 {
    sent.iter().find(|((each, when), _)| *each == unit && *when == time).map_or(0, |(_, count)| *count)
}

fn total(sent: &Sent<'_>, unit: u16) -> u64 {
    sent.iter().filter(|((each, _), _)| *each == unit).map(|(_, count)| count).sum()
}

/// The whole of each scenario, under no time.
fn totals(sent: &Sent<'_>) -> Vec<((u16, &'static str), u64)> {
    let units: BTreeSet<u16> = sent.keys().map(|(unit, _)| *unit).collect();
    units.into_iter().map(|unit| ((unit, ""), total(sent, unit))).collect()
}

//! The tables of a simulation and of a report: on the terminal and as JSON.

mod amounts;
mod json;
mod sentences;
#[cfg(test)]
mod tests;

pub use amounts::{after, money, percent};
pub use json::json;
pub use sentences::{Kind, sentences};

use super::counted::grouped;
use crate::drivers::tables::{Cell, GoalKind, Group, ScenarioTables, Tables};
use amounts::rate;
use comfy_table::{CellAlignment, Table, presets};

/// By what a table has its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum By {
    /// A row for each scenario
    #[default]
    Scenario,
    /// For each step that sends
    Step,
    /// For each message
    Message,
    /// For each arm of a split
    Arm,
    /// For each month
    Month,
}

/// The tables as a person reads them, without blank lines around; empty where there is no row.
pub fn human(tables: &Tables, by: By) -> String {
    let rows: Vec<(String, &ScenarioTables, &Cell)> = tables.scenarios.iter().flat_map(|all| rows(all, by)).collect();
    if rows.is_empty() {
        return String::new();
    }
    let has_goal = rows.iter().any(|(_, of, _)| of.goal != GoalKind::None);
    let has_revenue = rows.iter().any(|(_, of, _)| of.has_revenue());
    let has_holdout = rows.iter().any(|(_, _, cell)| cell.not_sent_as("held out") > 0);
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let mut head = vec![title(by)];
    let columns = [
        (true, "entered"),
        (true, "waiting"),
        (true, "sent"),
        (true, "not sent"),
        (has_holdout, "held out"),
        (has_goal, "goal"),
        (has_goal, "of those sent (95%)"),
        (has_goal, "after"),
        // Persons beside persons: one may have several journeys.
        (has_goal && has_holdout, "persons sent"),
        (has_goal && has_holdout, "persons held out"),
        (has_revenue, "revenue"),
    ];
    head.extend(columns.iter().filter(|(is_shown, _)| *is_shown).map(|(_, name)| *name));
    table.set_header(head);
    for (name, of, cell) in rows {
        let mut row = vec![name];
        let cells = columns.iter().filter(|(is_shown, _)| *is_shown).map(|(_, column)| text(column, of, cell));
        row.extend(cells);
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut unit = if has_revenue { format!("\nrevenue in {}", tables.currency) } else { String::new() };
    if has_goal {
        unit.push_str("\nof those sent: journeys with a message, with the interval of 95% (Wilson 1927)");
        unit.push_str(if has_holdout { "; persons: those with a message, and those held out" } else { "" });
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    format!("{}{unit}", lines.join("\n"))
}

fn title(by: By) -> &'static str {
    match by {
        By::Scenario => "scenario",
        By::Step => "step",
        By::Message => "message",
        By::Arm => "arm",
        By::Month => "month",
    }
}

/// The rows of one scenario: their names, which are the scenario's own where each has one row.
fn rows(of: &ScenarioTables, by: By) -> Vec<(String, &ScenarioTables, &Cell)> {
    let table = match by {
        By::Scenario => return vec![(of.name.clone(), of, &of.all)],
        By::Step => &of.steps,
        By::Message => &of.messages,
        By::Arm => &of.arms,
        By::Month => &of.months,
    };
    let name = |name: &str| if name.is_empty() { "before any split".to_owned() } else { name.to_owned() };
    table.iter().map(|row| (format!("{} {}", of.name, name(&row.name)), of, &row.cell)).collect()
}

fn text(column: &str, of: &ScenarioTables, cell: &Cell) -> String {
    let held_out = cell.not_sent_as("held out");
    let not_sent: u64 = cell.not_sent.values().sum();
    match column {
        "entered" => grouped(cell.entered),
        "waiting" => grouped(cell.waiting),
        "sent" => grouped(cell.sent),
        "not sent" => grouped(not_sent.saturating_sub(held_out)),
        "held out" => grouped(held_out),
        "revenue" if of.has_revenue() => money(cell.revenue),
        "goal" if of.goal != GoalKind::None => grouped(cell.goals),
        "of those sent (95%)" => rate(cell),
        "after" => cell.hours_at((1, 2)).map_or_else(String::new, after),
        "persons sent" => persons(&cell.treated),
        "persons held out" => persons(&cell.held_out),
        _ => String::new(),
    }
}

/// The share of persons that reached the goal.
fn persons(group: &Group) -> String {
    if group.persons == 0 { String::new() } else { percent(group.converted as f64 / group.persons as f64) }
}

/// What is said of the tables of a simulation: those of scenarios that say what success is.
pub fn is_telling(tables: &Tables) -> bool {
    tables.scenarios.iter().any(|of| of.goal != GoalKind::None || !of.arms.is_empty())
}

//! The tables of results: by scenario, step, message, arm and month.

use super::table::{Cell, Column, Table};
use crate::cli::tables::{Kind, after, money, percent, sentences};
use crate::drivers::tables::statistics::{Interval, Share, wilson};
use crate::drivers::tables::{Cell as Counted, GoalKind, Row, ScenarioTables, Tables};

/// One row: the scenario, the name within it, and what was counted.
type Line<'a> = (&'a ScenarioTables, Option<&'a str>, &'a Counted);

/// The tables that have rows. What is to be said of them stands below the first.
pub fn results(tables: &Tables, kind: Kind) -> Vec<Table> {
    let by = |rows: fn(&ScenarioTables) -> &Vec<Row>| -> Vec<Line<'_>> {
        let each = |scenario| rows(scenario).iter().map(move |row| (scenario, Some(row.name.as_str()), &row.cell));
        tables.scenarios.iter().flat_map(each).collect()
    };
    let all = tables.scenarios.iter().map(|scenario| (scenario, None, &scenario.all)).collect();
    let mut found = vec![
        table(tables, "By scenario", None, all),
        table(tables, "By step", Some("step"), by(|scenario| &scenario.steps)),
        table(tables, "By message", Some("message"), by(|scenario| &scenario.messages)),
        table(tables, "By arm", Some("arm"), by(|scenario| &scenario.arms)),
        table(tables, "By month", Some("month"), by(|scenario| &scenario.months)),
    ];
    found.retain(|table| !table.rows.is_empty());
    if let Some(first) = found.first_mut() {
        first.notes = notes(tables, kind);
    }
    // What is longer than a screen is for those who ask.
    for table in found.iter_mut().skip(1) {
        table.is_folded = table.rows.len() > 40;
    }
    found
}

fn table(tables: &Tables, title: &str, second: Option<&str>, lines: Vec<Line<'_>>) -> Table {
    let has_holdout = lines.iter().any(|(_, _, cell)| cell.not_sent_as("held out") > 0);
    let has_goal = lines.iter().any(|(scenario, _, _)| scenario.goal != GoalKind::None);
    let has_revenue = lines.iter().any(|(scenario, _, _)| scenario.has_revenue());
    let revenue = format!("revenue, {}", tables.currency);
    let mut columns: Vec<Column> = [Column::text("scenario")].into_iter().chain(second.map(Column::text)).collect();
    let numbers = [
        (true, "entered"),
        (true, "waiting"),
        (true, "sent"),
        (true, "not sent"),
        (has_holdout, "held out"),
        (has_goal, "goal"),
        (has_goal, "of those sent"),
        (has_goal, "95%"),
        (has_goal, "after"),
        (has_goal && has_holdout, "more than held out"),
        (has_goal && has_holdout, "95% of that"),
        (has_revenue, &revenue),
    ];
    let numbers: Vec<&str> = numbers.iter().filter(|(is_shown, _)| *is_shown).map(|(_, name)| *name).collect();
    columns.extend(numbers.iter().map(|name| Column::number(name)));
    let rows = lines.into_iter().map(|(scenario, name, cell)| {
        let mut row = vec![Cell::text(&scenario.name)];
        row.extend(name.map(|name| if name.is_empty() { Cell::text("before any split") } else { Cell::text(name) }));
        row.extend(numbers.iter().map(|column| number(column, scenario, cell)));
        row
    });
    Table { title: title.to_owned(), rows: rows.collect(), columns, notes: Vec::new(), is_folded: false }
}

fn number(column: &str, scenario: &ScenarioTables, cell: &Counted) -> Cell {
    let held_out = cell.not_sent_as("held out");
    let rate = || wilson(Share { part: cell.converted, of: cell.reached }).filter(|_| scenario.goal != GoalKind::None);
    let more = || scenario.compare(cell).ok().map(|found| found.conversion);
    match column {
        "entered" => Cell::Count(cell.entered),
        "waiting" => Cell::Count(cell.waiting),
        "sent" => Cell::Count(cell.sent),
        "not sent" => Cell::Count(cell.not_sent.values().sum::<u64>().saturating_sub(held_out)),
        "held out" => Cell::Count(held_out),
        "goal" if scenario.goal != GoalKind::None => Cell::Count(cell.goals),
        "of those sent" => estimate(rate(), percent),
        "95%" => limits(rate(), percent),
        "after" => cell.hours_at((1, 2)).map_or(Cell::Empty, |hours| Cell::Number(after(hours), f64::from(hours))),
        "more than held out" => estimate(more(), points),
        "95% of that" => limits(more(), points),
        revenue if revenue.starts_with("revenue") && scenario.has_revenue() => {
            Cell::Number(money(cell.revenue), cell.revenue as f64)
        }
        _ => Cell::Empty,
    }
}

fn estimate(interval: Option<Interval>, shown: fn(f64) -> String) -> Cell {
    interval.map_or(Cell::Empty, |found| Cell::Number(shown(found.estimate), found.estimate))
}

/// From where to where an estimate may be; the lower of two sorts it.
fn limits(interval: Option<Interval>, shown: fn(f64) -> String) -> Cell {
    interval.map_or(Cell::Empty, |Interval { low, high, .. }| {
        Cell::Number(format!("{} to {}", shown(low), shown(high)), low)
    })
}

/// A difference of shares, in points of a percent.
fn points(difference: f64) -> String {
    format!("{:+.1}", 100.0 * difference)
}

/// What the figures rest on, and what messages changed.
fn notes(tables: &Tables, kind: Kind) -> Vec<String> {
    let has_goal = tables.scenarios.iter().any(|scenario| scenario.goal != GoalKind::None);
    let mut notes: Vec<String> = Vec::new();
    if has_goal {
        notes.push(
            "\u{201c}Of those sent\u{201d} is the share of journeys with a message that reached their goal after it, with its interval; \
             \u{201c}more than held out\u{201d} is a difference between persons, in points, with its interval. \
             \u{201c}After\u{201d} is the median."
                .to_owned(),
        );
    }
    // The terminal breaks long lines and goes on below the text.
    for line in sentences(tables, kind).lines() {
        match (line.strip_prefix("      "), notes.last_mut()) {
            (Some(rest), Some(last)) => *last = format!("{last} {rest}"),
            _ => notes.push(line.strip_prefix("note: ").unwrap_or(line).to_owned()),
        }
    }
    notes
}

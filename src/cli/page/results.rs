//! The tables of results: by scenario, step, message, arm and month.

use super::table::{Cell, Column, Table};
use crate::cli::counted::grouped;
use crate::drivers::tables::statistics::{Interval, Share, newcombe, wilson};
use crate::drivers::tables::{Cell as Counted, GoalKind, Row, ScenarioTables, Tables};

/// One row: the scenario, the name within it, and what was counted.
type Line<'a> = (&'a ScenarioTables, Option<&'a str>, &'a Counted);

/// The tables that have rows; `notes` stand below the first.
pub fn results(tables: &Tables, notes: Vec<String>) -> Vec<Table> {
    let scenarios = || tables.scenarios.iter().filter(|scenario| scenario.all.entered > 0);
    let by = |rows: fn(&ScenarioTables) -> &Vec<Row>| -> Vec<Line<'_>> {
        let each = |scenario| rows(scenario).iter().map(move |row| (scenario, Some(row.name.as_str()), &row.cell));
        scenarios().flat_map(each).collect()
    };
    let all = scenarios().map(|scenario| (scenario, None, &scenario.all)).collect();
    let mut found = vec![
        table(tables, "By scenario", None, all),
        table(tables, "By step", Some("step"), by(|scenario| &scenario.steps)),
        table(tables, "By message", Some("message"), by(|scenario| &scenario.messages)),
        table(tables, "By arm", Some("arm"), by(|scenario| &scenario.arms)),
        table(tables, "By month", Some("month"), by(|scenario| &scenario.months)),
    ];
    found.retain(|table| !table.rows.is_empty());
    if let Some(first) = found.first_mut() {
        first.notes = notes;
        first.notes.extend(terms(tables));
    }
    // What is longer than a screen is for those who ask.
    for table in found.iter_mut().skip(1) {
        table.is_folded = table.rows.len() > 40;
    }
    found
}

fn table(tables: &Tables, title: &str, second: Option<&str>, lines: Vec<Line<'_>>) -> Table {
    let is_whole = second.is_none_or(|second| second == "month");
    let has = |asked: fn(&Counted) -> bool| lines.iter().any(|(_, _, cell)| asked(cell));
    let has_holdout = has(|cell| cell.held_out.persons > 0);
    let has_revenue = lines.iter().any(|(scenario, _, _)| scenario.goal == GoalKind::Window);
    let names = [Column::text("scenario")].into_iter().chain(second.map(Column::text));
    let mut columns: Vec<Column> = names.collect();
    if is_whole {
        columns.push(Column::number("entered"));
        columns.push(Column::number("waiting"));
    }
    columns.extend(["sent", "not sent", "reached the goal", "conversion", "95 %"].map(Column::number));
    columns.push(Column::number("median time to it"));
    if has_revenue {
        columns.push(Column::number(&format!("revenue, {}", tables.currency)));
    }
    if has_holdout {
        columns.extend(["held out", "against the holdout", "95 % of that"].map(Column::number));
    }
    let rows = lines.into_iter().map(|(scenario, name, cell)| {
        let mut row = vec![Cell::text(&scenario.name)];
        row.extend(name.map(|name| if name.is_empty() { Cell::Empty } else { Cell::text(name) }));
        if is_whole {
            row.extend([Cell::Count(cell.entered), Cell::Count(cell.waiting)]);
        }
        row.extend([Cell::Count(cell.sent), Cell::Count(cell.not_sent.values().sum())]);
        row.extend(conversion(scenario, cell));
        if has_revenue {
            row.push(if scenario.goal == GoalKind::Window { money(cell.revenue) } else { Cell::Empty });
        }
        if has_holdout {
            row.extend(against_holdout(cell));
        }
        row
    });
    Table { title: title.to_owned(), rows: rows.collect(), columns, notes: Vec::new(), is_folded: false }
}

/// Goals, the share of journeys with a message that reached it, its interval, and how long it took.
fn conversion(scenario: &ScenarioTables, cell: &Counted) -> [Cell; 4] {
    if scenario.goal == GoalKind::None {
        return [Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty];
    }
    let share = wilson(Share { part: cell.converted, of: cell.reached });
    let hours = cell.hours_at((1, 2)).map_or(Cell::Empty, |hours| Cell::Number(time(hours), f64::from(hours)));
    let [estimate, interval] = estimated(share, percent);
    [Cell::Count(cell.goals), estimate, interval, hours]
}

fn against_holdout(cell: &Counted) -> [Cell; 3] {
    let share = |group: &crate::drivers::tables::Group| Share { part: group.converted, of: group.persons };
    let [estimate, interval] = estimated(newcombe(share(&cell.treated), share(&cell.held_out)), points);
    [Cell::Count(cell.held_out.persons), estimate, interval]
}

/// An estimate, and from where to where it may be.
fn estimated(interval: Option<Interval>, shown: fn(f64) -> String) -> [Cell; 2] {
    interval.map_or([Cell::Empty, Cell::Empty], |Interval { estimate, low, high }| {
        let between = format!("{} to {}", shown(low), shown(high));
        [Cell::Number(shown(estimate), estimate), Cell::Number(between, low)]
    })
}

fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

/// A difference of shares: `+1.2 points`.
fn points(difference: f64) -> String {
    format!("{:+.1}", 100.0 * difference)
}

/// Whole hours, as days from two days on.
fn time(hours: u32) -> String {
    match hours {
        0 => "< 1 hour".into(),
        1 => "1 hour".into(),
        2..48 => format!("{hours} hours"),
        _ => format!("{} days", hours / 24),
    }
}

/// Ten-thousandths of a currency, in hundredths.
fn money(amount: i128) -> Cell {
    let hundredths = (amount.unsigned_abs() + 50) / 100;
    let whole = grouped(u64::try_from(hundredths / 100).unwrap_or(u64::MAX));
    let sign = if amount < 0 && hundredths > 0 { "-" } else { "" };
    Cell::Number(format!("{sign}{whole}.{:02}", hundredths % 100), amount as f64)
}

/// What the numbers rest on.
fn terms(tables: &Tables) -> Vec<String> {
    let of = |asked: fn(&ScenarioTables) -> bool| -> String {
        let scenarios = tables.scenarios.iter().filter(|scenario| scenario.all.entered > 0 && asked(scenario));
        scenarios.map(|scenario| scenario.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let mut terms = vec![
        "Conversion is the share of journeys with a message that reached their goal after it; its interval is Wilson's, the one of \
         a difference Newcombe's (points of a percent), both of 95 %."
            .to_owned(),
    ];
    let without = of(|scenario| scenario.goal == GoalKind::WithoutWindow);
    if !without.is_empty() {
        terms.push(format!("Without revenue, since their goals have no `within ... of last message`: {without}."));
    }
    let unpaid = of(|scenario| !scenario.without_money.is_empty());
    if !unpaid.is_empty() {
        terms.push(format!("Without the money of events that have no field of money, or several: {unpaid}."));
    }
    terms
}

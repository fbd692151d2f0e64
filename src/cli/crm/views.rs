//! The SQL that gives a CRM what it lacks.

use super::needs::{Column, Need, State};

/// A statement to complete and to run on the CRM; `None` where a scenario can run without it.
pub(super) fn statement(need: &Need, state: &State) -> Option<String> {
    match state {
        State::Absent => Some(view(need)),
        State::Broken(_) => Some(format!("DROP VIEW {};\n{}", quoted(&need.table), view(need))),
        _ if !state.keeps_from_running() => None,
        State::Lacks { is_view: true, .. } => Some(format!("DROP VIEW {};\n{}", quoted(&need.table), view(need))),
        // A view cannot take the name of a table.
        State::Lacks { required, .. } => Some(required.iter().map(|column| added(need, column)).collect()),
        State::Met | State::LeftOut(_) => None,
    }
}

fn view(need: &Need) -> String {
    let last = need.columns.len().saturating_sub(1);
    let width = need.columns.iter().map(|column| quoted(&column.name).chars().count()).max().unwrap_or(0) + 1;
    let mut text = format!("CREATE VIEW {} AS\nSELECT\n", quoted(&need.table));
    for (place, column) in need.columns.iter().enumerate() {
        let name = format!("{}{}", quoted(&column.name), if place == last { "" } else { "," });
        text.push_str(&format!("  ... AS {name:width$}  -- {}\n", comment(column)));
    }
    text.push_str("FROM ...;\n");
    text
}

fn added(need: &Need, column: &Column) -> String {
    format!(
        "ALTER TABLE {} ADD COLUMN {};  -- {}; then fill it\n",
        quoted(&need.table),
        quoted(&column.name),
        comment(column)
    )
}

fn comment(column: &Column) -> String {
    let left_out = if column.optional { "; may be left out" } else { "" };
    format!("{}{left_out}", column.holds)
}

/// An identifier of SQL: fields may be called `order`.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

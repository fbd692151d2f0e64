//! `cases delay, due { "three weeks": 3 weeks, 2020-01-24 }`: a test that runs once for each row.

use crate::check::names::declared_twice;
use crate::diagnostic::{Diagnostic, Rule};
use crate::span::Span;
use crate::syntax::tree::{CaseRow, Expr, Test, TestLineKind, Word};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// What the names of the table stand for in one of its rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Row<'t> {
    /// What the row is called, after the name of the test; `None` where there is no table.
    pub title: Option<String>,
    values: BTreeMap<&'t str, &'t Expr>,
    /// The names that some line of the test has asked for.
    used: RefCell<BTreeSet<&'t str>>,
}

impl<'t> Row<'t> {
    /// What a name of the table stands for in this row; that it was asked for is remembered.
    pub fn value(&self, name: &str) -> Option<&'t Expr> {
        let (name, value) = self.values.get_key_value(name)?;
        self.used.borrow_mut().insert(name);
        Some(value)
    }
}

/// The names of the test's table that no line uses, in any of its rows.
pub(super) fn unused(test: &Test, rows: &[Row<'_>], out: &mut Vec<Diagnostic>) {
    let names = test.lines.iter().filter_map(|line| match &line.kind {
        TestLineKind::Cases { names, .. } => Some(names),
        _ => None,
    });
    for name in names.flatten() {
        if !rows.iter().any(|row| row.used.borrow().contains(name.value.as_str())) {
            out.push(
                Diagnostic::new(Rule::UnusedColumn, format!("no line of this test uses `{}`", name.value))
                    .at(name.span, "its values change nothing")
                    .help(format!("write `{}` in the place of a value, or leave the column out", name.value)),
            );
        }
    }
}

/// The rows of the test's table: one without names where it has none. Of a table in error, only the sound rows.
pub(super) fn rows<'t>(test: &'t Test, out: &mut Vec<Diagnostic>) -> Vec<Row<'t>> {
    let mut tables = test.lines.iter().filter_map(|line| match &line.kind {
        TestLineKind::Cases { names, rows } => Some((line.span, names, rows)),
        _ => None,
    });
    let Some((span, names, rows)) = tables.next() else { return vec![Row::default()] };
    if let Some((second, ..)) = tables.next() {
        out.push(
            Diagnostic::new(Rule::DeclaredTwice, "a test has one table of cases")
                .at(second, "a second table")
                .at(span, "the first one")
                .help("put all values of a case into one row"),
        );
    }
    if rows.is_empty() {
        out.push(
            Diagnostic::new(Rule::NoExpectation, "this table of cases has no row")
                .at(span, "the test never runs")
                .help(format!(
                    "write a row with {} for {}, such as {}",
                    if names.len() == 1 { "a value" } else { "values" },
                    super::super::words::and_list(&names.iter().map(|name| &name.value).collect::<Vec<_>>()),
                    if names.len() == 1 {
                        "`\"three weeks\": 3 weeks`"
                    } else {
                        "`\"three weeks\": 3 weeks, 2020-01-24`"
                    },
                )),
        );
    }
    twice(names, out);
    let mut titles: BTreeMap<&str, Span> = BTreeMap::new();
    let is_wrong = |row: &&CaseRow| row.values.len() != names.len();
    let mut sound = Vec::with_capacity(rows.len());
    let mut runs_on = false;
    for (place, row) in rows.iter().enumerate() {
        // Without a comma a row breaks in two: what is left of it has no title, and is no row of its own.
        let rest = rows.get(place + 1).filter(|rest| rest.title.is_none()).filter(is_wrong);
        if row.title.is_some() && rest.is_some() && !is_wrong(&row) {
            continue;
        }
        if !(runs_on && row.title.is_none() && is_wrong(&row)) {
            sound.extend(self::row(names, row, place, &mut titles, out));
        }
        runs_on = is_wrong(&row);
    }
    sound
}

fn twice(names: &[Word], out: &mut Vec<Diagnostic>) {
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for name in names {
        if let Some(first) = seen.insert(&name.value, name.span) {
            out.push(declared_twice("value of the table", &name.value, name.span, first));
        }
    }
}

fn row<'t>(
    names: &'t [Word],
    row: &'t CaseRow,
    place: usize,
    titles: &mut BTreeMap<&'t str, Span>,
    out: &mut Vec<Diagnostic>,
) -> Option<Row<'t>> {
    if row.values.len() != names.len() {
        let (values, wanted) = (row.values.len(), names.len());
        out.push(
            Diagnostic::new(
                Rule::WrongArguments,
                format!("this row has {}, for {}", counted(values, "value"), counted(wanted, "name")),
            )
            .at(row.span, "a value for each name, with commas between")
            .help("give each row a title, `\"...\": `, so that one row cannot be read as part of another"),
        );
        return None;
    }
    if let Some(title) = &row.title
        && let Some(first) = titles.insert(&title.value, title.span)
    {
        out.push(declared_twice("case", &title.value, title.span, first));
    }
    let title = row.title.as_ref().map_or_else(|| format!("row {}", place + 1), |title| title.value.clone());
    let values = names.iter().map(|name| name.value.as_str()).zip(&row.values).collect();
    Some(Row { title: Some(title), values, used: RefCell::default() })
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

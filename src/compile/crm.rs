//! Whether a CRM has the tables and columns that the scenarios use.

use crate::check::Checked;
use crate::diagnostic::{Diagnostic, Rule, suggestion};
use crate::ir::{Bundle, Code, FieldUse};
use crate::model::{CrmShape, CrmTable};
use crate::span::Span;
use std::collections::BTreeMap;

/// What is read of one table: its columns, and the scenario that reads it first.
#[derive(Debug)]
struct TableUse {
    is_event: bool,
    /// By column: whether a row may do without it.
    columns: BTreeMap<String, bool>,
    scenario: String,
}

/// What the scenarios need and the CRM does not have. An entity of which no field is read needs no table.
pub fn findings(bundle: &Bundle, shape: &CrmShape, checked: &Checked) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for (name, used) in tables(bundle) {
        let place = (checked.scenarios.iter())
            .find(|scenario| scenario.name == used.scenario)
            .map_or(Span::default(), |scenario| scenario.place);
        match shape.table(&name) {
            Some(table) => columns(&name, &used, table, shape, place, &mut out),
            None => out.push(table_missing(&name, &used, shape, place)),
        }
    }
    out
}

fn tables(bundle: &Bundle) -> BTreeMap<String, TableUse> {
    let mut all = BTreeMap::new();
    let codes = bundle.scenarios.iter().map(|scenario| (&scenario.name, &scenario.code));
    for (scenario, code) in codes.chain(bundle.messages.iter().map(|message| (&message.scenario, &message.code))) {
        read(code, scenario, &mut all);
    }
    all
}

fn read(code: &Code, scenario: &str, all: &mut BTreeMap<String, TableUse>) {
    let mut table = |name: &str, is_event: bool, fields: &[FieldUse]| {
        let used = all.entry(name.to_owned()).or_insert_with(|| TableUse {
            is_event,
            columns: BTreeMap::new(),
            scenario: scenario.to_owned(),
        });
        for field in fields {
            used.columns.insert(field.name.clone(), field.optional || field.default.is_some());
        }
    };
    // The contacts themselves are always read.
    table("contact", false, &code.contact);
    code.events.iter().for_each(|event| table(&event.name, true, &event.fields));
    let entities = code.entities.iter().filter(|entity| !entity.fields.is_empty());
    entities.for_each(|entity| table(&entity.name, false, &entity.fields));
}

fn table_missing(name: &str, used: &TableUse, shape: &CrmShape, place: Span) -> Diagnostic {
    let mut wanted = required(used).to_vec();
    wanted.extend(used.columns.keys().map(String::as_str));
    let tables = shape.tables.iter().map(|table| table.name.as_str());
    let near = suggestion(name, tables).map(|near| format!("; is it `{near}`?")).unwrap_or_default();
    Diagnostic::new(Rule::TableMissing, format!("`{}` has no table or view `{name}`", shape.path))
        .at(place, format!("`{}` reads it{near}", used.scenario))
        .help(format!(
            "write a view with these columns: `create view {name} as select ... as {}`",
            wanted.join(", ... as ")
        ))
}

fn required(used: &TableUse) -> &'static [&'static str] {
    if used.is_event { &["id", "contact", "at"] } else { &["id"] }
}

fn columns(name: &str, used: &TableUse, table: &CrmTable, shape: &CrmShape, place: Span, out: &mut Vec<Diagnostic>) {
    let given = required(used).iter().map(|column| ((*column).to_owned(), false));
    let declared = used.columns.iter().map(|(column, optional)| (column.clone(), *optional));
    for (column, optional) in given.chain(declared).filter(|(column, _)| !table.has(column)) {
        let near = suggestion(&column, table.columns.iter().map(|column| column.name.as_str()));
        let near = near.map(|near| format!("; is it `{near}`?")).unwrap_or_default();
        let what = if table.is_view { "view" } else { "table" };
        out.push(if optional {
            Diagnostic::new(Rule::ColumnOptionalMissing, format!("{what} `{name}` has no column `{column}`"))
                .at(place, format!("`{}` reads it{near}", used.scenario))
                .because("it may be missing, so it reads as missing in every row")
                .help(format!("add the column to the {what}, if `{}` knows it", shape.path))
        } else {
            Diagnostic::new(Rule::ColumnMissing, format!("{what} `{name}` has no column `{column}`"))
                .at(place, format!("`{}` reads it{near}", used.scenario))
                .help(format!("add `{column}` to the {what}, or write a view that has it"))
        });
    }
}

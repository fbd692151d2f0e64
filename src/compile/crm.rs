//! Whether a CRM has the tables and columns that the scenarios use.

use crate::check::Checked;
use crate::diagnostic::{Diagnostic, Rule, suggestion};
use crate::ir::{Bundle, Code, FieldUse};
use crate::model::{CrmShape, CrmTable, FRIEND, OWN_EVENTS, Type};
use crate::span::Span;
use std::collections::BTreeMap;

/// What is read of one table: its columns, and the scenario that reads it first.
#[derive(Debug)]
struct TableUse {
    /// Columns of the table that no text declares.
    given: Vec<String>,
    columns: BTreeMap<String, ColumnUse>,
    scenario: String,
    /// What follows where there is no such table, if the scenarios can run all the same.
    without: Option<&'static str>,
}

/// A column, and the scenario that reads it first.
#[derive(Debug)]
struct ColumnUse {
    /// A row may do without it.
    optional: bool,
    scenario: String,
}

/// What the scenarios need and the CRM does not have. An entity of which no field is read needs no table.
pub fn findings(bundle: &Bundle, shape: &CrmShape, checked: &Checked) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for (name, used) in tables(bundle) {
        if let Some(reason) = shape.broken(&name) {
            out.push(view_broken(&name, reason, &used, shape, place(checked, &used.scenario)));
            continue;
        }
        match shape.table(&name) {
            Some(table) => columns(&name, &used, table, shape, checked, &mut out),
            None => out.push(match used.without {
                Some(what) => table_left_out(&name, what, &used, shape, place(checked, &used.scenario)),
                None => table_missing(&name, &used, shape, place(checked, &used.scenario)),
            }),
        }
    }
    out
}

fn place(checked: &Checked, scenario: &str) -> Span {
    let found = checked.scenarios.iter().find(|each| each.name == scenario);
    found.map_or(Span::default(), |scenario| scenario.place)
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
    let mut reading = Reading { all, scenario };
    // The contacts themselves are always read.
    reading.record("contact", &["id"], &code.contact);
    for (place, event) in code.events.iter().enumerate() {
        match code.routes.get(place).and_then(Option::as_ref) {
            // What is told on is in the table of the event that is told, and whom it is told to with the contact.
            Some(route) => {
                let told: Vec<FieldUse> = event.fields.iter().filter(|field| field.name != FRIEND).cloned().collect();
                reading.record(&route.event, &EVENT, &told);
                reading.column("contact", &["id"], &route.to, true);
            }
            None => reading.record(&event.name, &EVENT, &event.fields),
        }
    }
    for entity in code.entities.iter().filter(|entity| !entity.fields.is_empty()) {
        reading.record(&entity.name, &["id"], &entity.fields);
    }
}

/// What every event has.
const EVENT: [&str; 3] = ["id", "contact", "at"];

/// What one scenario reads, added to what all read.
struct Reading<'a> {
    all: &'a mut BTreeMap<String, TableUse>,
    scenario: &'a str,
}

impl Reading<'_> {
    fn table(&mut self, name: &str, given: &[&str]) -> &mut TableUse {
        let is_own = OWN_EVENTS.contains(&name);
        self.all.entry(name.to_owned()).or_insert_with(|| TableUse {
            given: given.iter().map(|column| (*column).to_owned()).collect(),
            columns: BTreeMap::new(),
            scenario: self.scenario.to_owned(),
            without: is_own.then_some("what `scn` makes itself is known without it"),
        })
    }

    /// A list is a table of its own.
    fn record(&mut self, name: &str, given: &[&str], fields: &[FieldUse]) {
        let is_list = |field: &FieldUse| matches!(field.ty, Type::List(_) | Type::Texts);
        for field in fields.iter().filter(|field| is_list(field)) {
            let list = format!("{name}_{}", field.name);
            self.table(&list, &[name, &field.name]).without = Some("all these lists are empty without it");
        }
        self.table(name, given);
        for field in fields.iter().filter(|field| !is_list(field)) {
            self.column(name, given, &field.name, field.optional || field.default.is_some());
        }
    }

    /// Nobody can do without a column without which one scenario cannot.
    fn column(&mut self, table: &str, given: &[&str], column: &str, optional: bool) {
        let scenario = self.scenario;
        let used = self.table(table, given).columns.entry(column.to_owned());
        let used = used.or_insert_with(|| ColumnUse { optional, scenario: scenario.to_owned() });
        if used.optional && !optional {
            *used = ColumnUse { optional, scenario: scenario.to_owned() };
        }
    }
}

/// A view that is there, and that its database cannot read.
fn view_broken(name: &str, reason: &str, used: &TableUse, shape: &CrmShape, place: Span) -> Diagnostic {
    Diagnostic::new(Rule::CrmUnreadable, format!("the view `{name}` of `{}` cannot be read: {reason}", shape.path))
        .at(place, format!("`{}` reads it", used.scenario))
        .because("a view is read when it is used: what it is made from may have changed since it was written")
        .help(format!("write the view again, with these columns: {}", wanted(used).join(", ")))
}

fn table_left_out(name: &str, what: &str, used: &TableUse, shape: &CrmShape, place: Span) -> Diagnostic {
    Diagnostic::new(Rule::ColumnOptionalMissing, format!("`{}` has no table or view `{name}`", shape.path))
        .at(place, format!("`{}` reads it", used.scenario))
        .because(what)
        .help(format!("write a view with these columns, if the shop knows them: {}", wanted(used).join(", ")))
}

/// The columns that a table has, as many as one reads.
fn held(table: &CrmTable) -> String {
    const SHOWN: usize = 12;
    let names: Vec<String> = table.columns.iter().take(SHOWN).map(|column| format!("`{}`", column.name)).collect();
    let more = if table.columns.len() > SHOWN { ", ..." } else { "" };
    format!("{}{more}", names.join(", "))
}

/// All its columns.
fn wanted(used: &TableUse) -> Vec<&str> {
    used.given.iter().chain(used.columns.keys()).map(String::as_str).collect()
}

fn table_missing(name: &str, used: &TableUse, shape: &CrmShape, place: Span) -> Diagnostic {
    let tables = shape.tables.iter().map(|table| table.name.as_str());
    let near = suggestion(name, tables).map(|near| format!("; is it `{near}`?")).unwrap_or_default();
    Diagnostic::new(Rule::TableMissing, format!("`{}` has no table or view `{name}`", shape.path))
        .at(place, format!("`{}` reads it{near}", used.scenario))
        .help(format!(
            "write a view with these columns: `create view {name} as select ... as {}`",
            wanted(used).join(", ... as ")
        ))
}

fn columns(
    name: &str,
    used: &TableUse,
    table: &CrmTable,
    shape: &CrmShape,
    checked: &Checked,
    out: &mut Vec<Diagnostic>,
) {
    let given = used.given.iter().map(|column| (column, false, &used.scenario));
    let declared = used.columns.iter().map(|(column, each)| (column, each.optional, &each.scenario));
    for (column, optional, scenario) in given.chain(declared).filter(|(column, _, _)| !table.has(column)) {
        let place = place(checked, scenario);
        let near = suggestion(column, table.columns.iter().map(|column| column.name.as_str()));
        let near = near.map(|near| format!("; is it `{near}`?")).unwrap_or_default();
        let what = if table.is_view { "view" } else { "table" };
        out.push(if optional {
            Diagnostic::new(Rule::ColumnOptionalMissing, format!("{what} `{name}` has no column `{column}`"))
                .at(place, format!("`{scenario}` reads it{near}"))
                .because("it may be missing, so it reads as missing in every row")
                .help(format!("add the column to the {what}, if `{}` knows it", shape.path))
        } else {
            Diagnostic::new(Rule::ColumnMissing, format!("{what} `{name}` has no column `{column}`"))
                .at(place, format!("`{scenario}` reads it{near}"))
                .because(format!("the {what} has {}", held(table)))
                .help(format!("add `{column}` to the {what}, or write a view that has it"))
        });
    }
}

//! Whether a CRM has the tables and columns that the scenarios use.

use crate::check::Checked;
use crate::diagnostic::{Diagnostic, Rule, suggestion};
use crate::ir::{Bundle, Code, FieldUse};
use crate::model::{CrmShape, CrmTable, FRIEND, OWN_EVENTS, Type};
use crate::span::Span;
use std::collections::BTreeMap;

/// What is read of one table: its columns, and who reads it first.
#[derive(Debug)]
struct TableUse {
    /// Columns that every such table has.
    given: Vec<String>,
    /// Whether the CRM may do without it: an event that the engine makes itself, the lists of a field.
    may_be_absent: bool,
    /// By column: whether a row may do without it.
    columns: BTreeMap<String, bool>,
    reader: String,
}

/// The tables by name.
type Tables = BTreeMap<String, TableUse>;

/// What the scenarios and measures need and the CRM does not have. An entity of which no field is read needs no table.
pub fn findings(bundle: &Bundle, shape: &CrmShape, checked: &Checked) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for (name, used) in tables(bundle) {
        let scenario = checked.scenarios.iter().find(|scenario| scenario.name == used.reader);
        let measure = || checked.measures.iter().find(|measure| measure.name == used.reader);
        let place = scenario.map(|scenario| scenario.place).or_else(|| measure().map(|measure| measure.span));
        let place = place.unwrap_or_default();
        match shape.table(&name) {
            Some(table) => columns(&name, &used, table, shape, place, &mut out),
            None if used.may_be_absent => out.push(table_optional(&name, &used, shape, place)),
            None => out.push(table_missing(&name, &used, shape, place)),
        }
    }
    out
}

fn tables(bundle: &Bundle) -> Tables {
    let mut all = Tables::new();
    let scenarios = bundle.scenarios.iter().map(|scenario| (&scenario.name, &scenario.code));
    let messages = bundle.messages.iter().map(|message| (&message.scenario, &message.code));
    let measures = bundle.measures.iter().map(|measure| (&measure.name, &measure.code));
    for (reader, code) in scenarios.chain(messages).chain(measures) {
        read(code, &mut Reader { name: reader, all: &mut all });
    }
    all
}

struct Reader<'r> {
    name: &'r str,
    all: &'r mut Tables,
}

impl Reader<'_> {
    fn table(&mut self, name: &str, given: &[&str], may_be_absent: bool, fields: &[FieldUse]) {
        let used = self.all.entry(name.to_owned()).or_insert_with(|| TableUse {
            given: given.iter().map(|column| (*column).to_owned()).collect(),
            may_be_absent,
            columns: BTreeMap::new(),
            reader: self.name.to_owned(),
        });
        // The lists of a field are a table of their own.
        let (lists, single): (Vec<&FieldUse>, Vec<&FieldUse>) =
            fields.iter().partition(|field| matches!(field.ty, Type::List(_) | Type::Texts));
        for field in single {
            used.columns.insert(field.name.clone(), field.optional || field.default.is_some());
        }
        for field in lists {
            self.table(&format!("{name}_{}", field.name), &[name, &field.name], true, &[]);
        }
    }

    /// The column by which rows of a table find something else, which may be absent.
    fn column(&mut self, table: &str, column: &str) {
        if let Some(used) = self.all.get_mut(table) {
            used.columns.entry(column.to_owned()).or_insert(true);
        }
    }
}

fn read(code: &Code, reader: &mut Reader) {
    // The contacts themselves are always read.
    reader.table("contact", &["id"], false, &code.contact);
    let of_event = ["id", "contact", "at"];
    for (place, event) in code.events.iter().enumerate() {
        match code.routes.get(place).and_then(Option::as_ref) {
            // Its rows are those of the event that it tells on.
            Some(route) => {
                let fields: Vec<FieldUse> = event.fields.iter().filter(|field| field.name != FRIEND).cloned().collect();
                reader.table(&route.event, &of_event, false, &fields);
                reader.column("contact", &route.to);
            }
            None => {
                let is_own = OWN_EVENTS.contains(&event.name.as_str());
                reader.table(&event.name, &of_event, is_own, &event.fields);
            }
        }
    }
    let entities = code.entities.iter().filter(|entity| !entity.fields.is_empty());
    entities.for_each(|entity| reader.table(&entity.name, &["id"], false, &entity.fields));
}

fn table_missing(name: &str, used: &TableUse, shape: &CrmShape, place: Span) -> Diagnostic {
    let mut wanted: Vec<&str> = used.given.iter().map(String::as_str).collect();
    wanted.extend(used.columns.keys().map(String::as_str));
    let tables = shape.tables.iter().map(|table| table.name.as_str());
    let near = suggestion(name, tables).map(|near| format!("; is it `{near}`?")).unwrap_or_default();
    Diagnostic::new(Rule::TableMissing, format!("`{}` has no table or view `{name}`", shape.path))
        .at(place, format!("`{}` reads it{near}", used.reader))
        .help(format!(
            "write a view with these columns: `create view {name} as select ... as {}`",
            wanted.join(", ... as ")
        ))
}

fn table_optional(name: &str, used: &TableUse, shape: &CrmShape, place: Span) -> Diagnostic {
    Diagnostic::new(Rule::ColumnOptionalMissing, format!("`{}` has no table or view `{name}`", shape.path))
        .at(place, format!("`{}` reads it", used.reader))
        .because("it may be left out, and reads as empty")
        .help(format!("add it, if `{}` knows of it", shape.path))
}

fn columns(name: &str, used: &TableUse, table: &CrmTable, shape: &CrmShape, place: Span, out: &mut Vec<Diagnostic>) {
    let given = used.given.iter().map(|column| (column.clone(), false));
    let declared = used.columns.iter().map(|(column, optional)| (column.clone(), *optional));
    for (column, optional) in given.chain(declared).filter(|(column, _)| !table.has(column)) {
        let near = suggestion(&column, table.columns.iter().map(|column| column.name.as_str()));
        let near = near.map(|near| format!("; is it `{near}`?")).unwrap_or_default();
        let what = if table.is_view { "view" } else { "table" };
        out.push(if optional {
            Diagnostic::new(Rule::ColumnOptionalMissing, format!("{what} `{name}` has no column `{column}`"))
                .at(place, format!("`{}` reads it{near}", used.reader))
                .because("it may be missing, so it reads as missing in every row")
                .help(format!("add the column to the {what}, if `{}` knows it", shape.path))
        } else {
            Diagnostic::new(Rule::ColumnMissing, format!("{what} `{name}` has no column `{column}`"))
                .at(place, format!("`{}` reads it{near}", used.reader))
                .help(format!("add `{column}` to the {what}, or write a view that has it"))
        });
    }
}

//! `scn crm`: what a CRM has, what the scenarios need, and the views that connect them.

use super::exit::{Exit, Failure};
use super::findings::Findings;
use super::project::Project;
use super::{output, sources, surroundings};
use crate::diagnostic::render::clean;
use crate::drivers;
use crate::engine::Program;
use crate::ir::{Bundle, Code, FieldUse};
use crate::model::{CrmShape, CrmTable, Type};
use crate::store::crm::{Crm, Lack};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

/// Show what the CRM has, what the scenarios need, and the SQL views to write
///
/// Exits with 1 when something is lacking that a scenario cannot do without.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  scn crm scenarios --crm shop.db")]
pub struct Arguments {
    /// A file, or a folder with all `.scn` files under it
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// The CRM; `crm` of `scn.toml` without it
    #[arg(long, value_name = "FILE")]
    pub crm: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let project = Project::open_one(&arguments.path)?;
    let (compiled, findings) = Findings::of(&project, &surroundings::look(&project, None)?);
    if let Some(exit) = findings.stop() {
        return Ok(exit);
    }
    let Some(bundle) = &compiled.bundle else { return Ok(Exit::Findings) };
    let crm = sources::crm(&project, arguments.crm.as_deref())?;
    let program = Program::link(bundle, &[]).map_err(|error| sources::failure(drivers::Error::Link(error)))?;
    let currency = &project.settings.meaning.currency.0;
    let tables = tables(&program);
    let lacks = lacks(bundle, &crm);
    let mut text = String::new();
    had(crm.shape(), &mut text);
    needed(&tables, &lacks, &mut text);
    to_write(&tables, crm.shape(), &lacks, currency, &mut text);
    output::results(&text)?;
    let complete = lacks.keys().all(Lack::is_optional);
    Ok(if complete { Exit::Done } else { Exit::Findings })
}

/// A table that the scenarios read.
struct Needed<'a> {
    name: &'a str,
    /// The columns that every such table has.
    always: &'static [&'static str],
    fields: &'a [FieldUse],
}

fn tables(program: &Program) -> Vec<Needed<'_>> {
    let needs = program.needs();
    let mut tables = vec![Needed { name: "contact", always: &["id"], fields: &needs.contact }];
    // An entity of which no field is read is only referred to.
    let entities = needs.entities.iter().filter(|entity| !entity.fields.is_empty());
    tables.extend(entities.map(|entity| Needed { name: &entity.name, always: &["id"], fields: &entity.fields }));
    let always: &'static [&'static str] = &["id", "contact", "at"];
    tables.extend(needs.events.iter().map(|event| Needed { name: &event.name, always, fields: &event.fields }));
    tables
}

/// What is lacking, with the scenarios that lack it.
fn lacks<'a>(bundle: &'a Bundle, crm: &Crm) -> BTreeMap<Lack, BTreeSet<&'a str>> {
    let mut all: BTreeMap<Lack, BTreeSet<&str>> = BTreeMap::new();
    let scenarios = bundle.scenarios.iter().map(|each| (each.name.as_str(), &each.code));
    let messages = bundle.messages.iter().map(|each| (each.scenario.as_str(), &each.code));
    let codes: Vec<(&str, &Code)> = scenarios.chain(messages).collect();
    for (scenario, code) in codes {
        for lack in crm.lacks(code) {
            all.entry(lack).or_default().insert(scenario);
        }
    }
    all
}

fn had(shape: &CrmShape, text: &mut String) {
    // Writing into a string cannot fail.
    let _ = writeln!(text, "the CRM {} has", clean(&shape.path));
    let width = shape.tables.iter().map(|table| table.name.chars().count()).max().unwrap_or(0);
    for table in &shape.tables {
        let kind = if table.is_view { "view " } else { "table" };
        let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let _ = writeln!(text, "  {kind}  {:width$}  {}", clean(&table.name), clean(&columns.join(", ")));
    }
    if shape.tables.is_empty() {
        text.push_str("  no table\n");
    }
}

fn needed(tables: &[Needed<'_>], lacks: &BTreeMap<Lack, BTreeSet<&str>>, text: &mut String) {
    text.push_str("\nthe scenarios need (`?`: may be missing)\n");
    let width = tables.iter().map(|table| table.name.chars().count()).max().unwrap_or(0);
    for table in tables {
        let always = table.always.iter().map(|column| (*column).to_owned());
        let fields = table.columns().map(|field| format!("{}{}", field.name, if may_lack(field) { "?" } else { "" }));
        let columns: Vec<String> = always.chain(fields).collect();
        let _ = writeln!(text, "  {:width$}  {}", table.name, columns.join(", "));
    }
    if lacks.is_empty() {
        text.push_str("\nnothing is lacking\n");
        return;
    }
    text.push_str("\nlacking\n");
    for (lack, scenarios) in lacks {
        let scenarios = scenarios.iter().copied().collect::<Vec<_>>().join(", ");
        let grave = if lack.is_optional() { "reads as missing in" } else { "needed by" };
        let _ = writeln!(text, "  {}: {grave} {scenarios}", clean(&lack.describe()));
    }
}

/// The SQL that would fill the gaps. It runs as it stands, and changes no row.
fn to_write(
    tables: &[Needed<'_>],
    shape: &CrmShape,
    lacks: &BTreeMap<Lack, BTreeSet<&str>>,
    currency: &str,
    text: &mut String,
) {
    if lacks.is_empty() {
        return;
    }
    text.push_str("\nto write in the CRM, with your columns in the place of each NULL\n");
    for needed in tables {
        let lacking: Vec<&Lack> = lacks.keys().filter(|lack| table_of(lack) == needed.name).collect();
        if lacking.is_empty() {
            continue;
        }
        text.push('\n');
        match shape.table(needed.name) {
            Some(table) => needed.more_columns(table, currency, text),
            None => needed.view(lacking.iter().any(|lack| matches!(lack, Lack::BrokenView { .. })), currency, text),
        }
    }
}

impl Needed<'_> {
    /// Fields that are columns; a list is a table of its own.
    fn columns(&self) -> impl Iterator<Item = &FieldUse> {
        self.fields.iter().filter(|field| !matches!(field.ty, Type::List(_)))
    }

    /// Every column with what it holds.
    fn described(&self, currency: &str) -> Vec<(String, String)> {
        let always = self.always.iter().map(|column| ((*column).to_owned(), fixed(column).to_owned()));
        let field = |field: &FieldUse| {
            let optional = if may_lack(field) { "; may be NULL" } else { "" };
            (field.name.clone(), format!("{}{optional}", holds(&field.ty, currency)))
        };
        always.chain(self.columns().map(field)).collect()
    }

    fn view(&self, broken: bool, currency: &str, text: &mut String) {
        if broken {
            let _ = writeln!(text, "DROP VIEW {};", quoted(self.name));
        }
        let _ = writeln!(text, "CREATE VIEW {} AS\nSELECT", quoted(self.name));
        let columns = self.described(currency);
        let last = columns.len().saturating_sub(1);
        for (place, (column, holds)) in columns.iter().enumerate() {
            let comma = if place == last { "" } else { "," };
            let _ = writeln!(text, "    NULL AS {}{comma} -- {holds}", quoted(column));
        }
        text.push_str("WHERE FALSE; -- in the place of this line: FROM your table\n");
    }

    /// A table or view that is there and lacks columns. A view's text is its owner's: it is only told what to add.
    fn more_columns(&self, table: &CrmTable, currency: &str, text: &mut String) {
        let lacking = self.described(currency).into_iter().filter(|(column, _)| !table.has(column));
        if table.is_view {
            let _ = writeln!(text, "-- in the view {}, beside its own columns:", quoted(self.name));
        }
        for (column, holds) in lacking {
            let _ = match table.is_view {
                true => writeln!(text, "--     NULL AS {}, -- {holds}", quoted(&column)),
                false => {
                    writeln!(text, "ALTER TABLE {} ADD COLUMN {}; -- {holds}", quoted(self.name), quoted(&column))
                }
            };
        }
    }
}

fn table_of(lack: &Lack) -> &str {
    match lack {
        Lack::Table { table } | Lack::Column { table, .. } | Lack::OptionalColumn { table, .. } => table,
        Lack::BrokenView { view, .. } => view,
    }
}

fn may_lack(field: &FieldUse) -> bool {
    field.optional || field.default.is_some()
}

/// What a column that every such table has holds.
fn fixed(column: &str) -> &'static str {
    match column {
        "id" => "INTEGER or TEXT, its own in every row",
        "contact" => "the id of its contact",
        _ => "when it happened: ISO 8601, in UTC unless it names an offset, or Unix seconds",
    }
}

/// What a column of a type holds.
fn holds(ty: &Type, currency: &str) -> String {
    match ty {
        Type::Text | Type::Message => "text".into(),
        Type::Number => "a number".into(),
        Type::Flag => "1 for yes, 0 for no".into(),
        Type::Money => format!("a decimal number, in {currency}"),
        Type::Percent => "a fraction: 0.5 is 50%".into(),
        Type::Instant => "ISO 8601, in UTC unless it names an offset, or Unix seconds".into(),
        Type::Date => "a date: 2020-01-10".into(),
        Type::Time => "a time: 09:00".into(),
        Type::Duration => "a duration: 5 years, or P5Y".into(),
        Type::Enumeration(texts) => clean(&format!("one of {}", texts.join(", "))).into_owned(),
        Type::Entity(entity) => format!("the id of its {entity}"),
        Type::List(entity) => format!("a table of its own: the ids of its {entity}s, with a rank"),
    }
}

/// An identifier in SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

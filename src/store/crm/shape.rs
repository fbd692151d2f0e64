//! What a CRM has, and what a scenario misses in it.

use super::Crm;
use super::lists::{is_list, table_of};
use crate::ir::{Code, FieldUse};
use crate::model::{CrmColumn, CrmShape, CrmTable, FRIEND, OWN_EVENTS};
use crate::store::text::cleaned;
use rusqlite::Connection;
use std::path::Path;

/// Something that a scenario reads and a CRM does not have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    Table {
        table: String,
    },
    /// A view that its database cannot read.
    BrokenView {
        view: String,
        reason: String,
    },
    Column {
        table: String,
        column: String,
    },
    /// The column of an optional field: it reads as missing, or as the field's default.
    OptionalColumn {
        table: String,
        column: String,
    },
    /// The table of a many-valued field, or of an event that the engine makes itself: it reads as an empty one.
    OptionalTable {
        table: String,
    },
}

impl Lack {
    /// Whether the scenario can run all the same.
    pub fn is_optional(&self) -> bool {
        matches!(self, Lack::OptionalColumn { .. } | Lack::OptionalTable { .. })
    }

    /// What it reads as where the scenario can run all the same.
    pub fn reads_as(&self) -> &'static str {
        match self {
            Lack::OptionalTable { .. } => "reads as empty",
            _ => "reads as missing",
        }
    }

    /// In words, after "the CRM has": `no table "product"`.
    pub fn describe(&self) -> String {
        match self {
            Lack::Table { table } | Lack::OptionalTable { table } => format!("no table or view `{table}`"),
            Lack::BrokenView { view, reason } => format!("a view `{view}` that cannot be read: {reason}"),
            Lack::Column { table, column } | Lack::OptionalColumn { table, column } => {
                format!("no column `{column}` in `{table}`")
            }
        }
    }
}

impl Crm {
    /// What the code of a scenario, or of a message's templates, reads and this CRM does not have: tables and required
    /// columns first, then optional ones, each in the order of names.
    ///
    /// `contact(id)` is always needed, of an event `id`, `contact` and `at`, of an entity of which a field is read
    /// `id`.
    pub fn lacks(&self, code: &Code) -> Vec<Lack> {
        let mut lacks = Vec::new();
        self.lacks_in("contact", &["id"], &code.contact, &mut lacks);
        for entity in code.entities.iter().filter(|entity| !entity.fields.is_empty()) {
            self.lacks_in(&entity.name, &["id"], &entity.fields, &mut lacks);
        }
        for (place, event) in code.events.iter().enumerate() {
            let always = &["id", "contact", "at"];
            match code.routes.get(place).and_then(Option::as_ref) {
                Some(route) => {
                    let told: Vec<FieldUse> =
                        event.fields.iter().filter(|field| field.name != FRIEND).cloned().collect();
                    self.lacks_in(&route.event, always, &told, &mut lacks);
                    if self.shape.table("contact").is_some_and(|contact| !contact.has(&route.to)) {
                        lacks.push(Lack::OptionalColumn { table: "contact".to_owned(), column: route.to.clone() });
                    }
                }
                None if OWN_EVENTS.contains(&event.name.as_str()) && self.has_no(&event.name) => {
                    lacks.push(Lack::OptionalTable { table: event.name.clone() });
                }
                None => self.lacks_in(&event.name, always, &event.fields, &mut lacks),
            }
        }
        lacks.sort_by(|one, two| (one.is_optional(), one).cmp(&(two.is_optional(), two)));
        lacks.dedup();
        lacks
    }

    /// Whether there is neither a table nor a view of this name, be it broken.
    fn has_no(&self, table: &str) -> bool {
        self.shape.table(table).is_none() && self.shape.broken(table).is_none()
    }

    fn lacks_in(&self, table: &str, always: &[&str], fields: &[FieldUse], lacks: &mut Vec<Lack>) {
        if let Some(reason) = self.shape.broken(table) {
            lacks.push(Lack::BrokenView { view: table.to_owned(), reason: reason.to_owned() });
            return;
        }
        let Some(shape) = self.shape.table(table) else {
            lacks.push(Lack::Table { table: table.to_owned() });
            return;
        };
        let named = |column: &str| (table.to_owned(), column.to_owned());
        for &column in always.iter().filter(|column| !shape.has(column)) {
            let (table, column) = named(column);
            lacks.push(Lack::Column { table, column });
        }
        for field in fields.iter().filter(|field| is_list(field)) {
            let list = table_of(table, &field.name);
            match self.has_no(&list) {
                true => lacks.push(Lack::OptionalTable { table: list }),
                false => self.lacks_in(&list, &[table, &field.name], &[], lacks),
            }
        }
        for field in fields.iter().filter(|field| !is_list(field) && !shape.has(&field.name)) {
            let (table, column) = named(&field.name);
            lacks.push(if field.optional || field.default.is_some() {
                Lack::OptionalColumn { table, column }
            } else {
                Lack::Column { table, column }
            });
        }
    }
}

/// Tables and views with their columns, in the order of names; and the views that cannot be read, with the reason.
pub(super) fn read(connection: &Connection, path: &Path) -> Result<CrmShape, rusqlite::Error> {
    let mut shape = CrmShape { path: path.display().to_string(), ..CrmShape::default() };
    let mut names = connection.prepare(
        "SELECT name, type = 'view' FROM sqlite_schema WHERE type IN ('table', 'view') \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'scn\\_%' ESCAPE '\\' ORDER BY name",
    )?;
    let names: Vec<(String, bool)> =
        names.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    for (name, is_view) in names {
        match columns(connection, &name) {
            Ok(columns) => shape.tables.push(CrmTable { name, is_view, columns }),
            Err(error) if is_view => shape.broken.push((name, cleaned(&error.to_string(), 200))),
            Err(error) => return Err(error),
        }
    }
    Ok(shape)
}

/// Generated columns too; hidden ones of virtual tables not.
fn columns(connection: &Connection, table: &str) -> Result<Vec<CrmColumn>, rusqlite::Error> {
    let mut statement = connection.prepare("SELECT name, type FROM pragma_table_xinfo(?1) WHERE hidden <> 1")?;
    statement.query_map([table], |row| Ok(CrmColumn { name: row.get(0)?, declared: row.get(1)? }))?.collect()
}

//! Which columns of a table are read, in which order, and how: worked out once for all rows.

use super::decode::Kind;
use super::record::Record;
use super::survey::{Question, Tally, place_of};
use super::{Crm, Error, ErrorKind};
use crate::engine::{Needs, Value, World};
use crate::ir::{FieldUse, RecordUse};
use crate::model::{CrmTable, FRIEND, OWN_EVENTS, Route, is_same_name};
use crate::store::text::quoted;
use crate::time::Zone;
use rusqlite::types::ValueRef;
use std::sync::Arc;

/// Where the rows of a source come from, as SQL.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// What findings name.
    pub table: String,
    /// What stands after `FROM`.
    pub from: String,
    /// The columns that can be selected.
    pub columns: Vec<String>,
    /// The table and the column that hold the contact.
    pub key: (String, String),
    pub content: Content,
}

/// What rows a source has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Those of a table or view.
    Own,
    /// Those of another event: no index of the CRM can be expected to give them in the order of contacts.
    Routed,
    Nothing,
}

impl Origin {
    /// A table or view, of which `key` names the contact. Errors with [`ErrorKind::Query`] when there is none.
    pub fn table(crm: &Crm, table: &str, key: &str) -> Result<Origin, Error> {
        let shape = crm.shape.table(table).ok_or_else(|| lacking(crm, format!("no table or view `{table}`")))?;
        Ok(Origin {
            table: table.to_owned(),
            from: quoted(table),
            columns: shape.columns.iter().map(|column| column.name.clone()).collect(),
            key: (table.to_owned(), key.to_owned()),
            content: Content::Own,
        })
    }

    /// Of an event: its table; the rows of the event that it is routed from; nothing, where the engine makes the event
    /// and the CRM has no table of it.
    pub fn event(crm: &Crm, event: &RecordUse, route: Option<&Route>) -> Result<Origin, Error> {
        match route {
            Some(route) => Origin::routed(crm, event, route),
            None if OWN_EVENTS.contains(&event.name.as_str()) && crm.shape.table(&event.name).is_none() => {
                Ok(Origin::nothing(&event.name))
            }
            None => Origin::table(crm, &event.name, "contact"),
        }
    }

    fn nothing(table: &str) -> Origin {
        Origin {
            table: table.to_owned(),
            from: "(SELECT NULL AS \"contact\", NULL AS \"id\", NULL AS \"at\" WHERE 0)".to_owned(),
            columns: ["contact", "id", "at"].map(str::to_owned).to_vec(),
            key: (table.to_owned(), "contact".to_owned()),
            content: Content::Nothing,
        }
    }

    /// What happened to a contact, told to the one whom its row names, unless that is itself.
    fn routed(crm: &Crm, event: &RecordUse, route: &Route) -> Result<Origin, Error> {
        let Route { event: base, to } = route;
        let shape = crm.shape.table(base).ok_or_else(|| lacking(crm, format!("no table or view `{base}`")))?;
        let contact = crm.shape.table("contact").ok_or_else(|| lacking(crm, "no table or view `contact`".into()))?;
        let mut columns = vec!["contact".to_owned(), FRIEND.to_owned()];
        let mut selected = vec![format!("c.{} AS \"contact\"", quoted(to)), format!("e.\"contact\" AS \"{FRIEND}\"")];
        let fields = event.fields.iter().map(|field| field.name.as_str());
        for name in ["id", "at", "arrived_at"].into_iter().chain(fields) {
            if shape.has(name) && !columns.iter().any(|known| known == name) {
                columns.push(name.to_owned());
                selected.push(format!("e.{0} AS {0}", quoted(name)));
            }
        }
        let (to_column, base_table) = (quoted(to), quoted(base));
        let from = match contact.has(to) && shape.has("contact") {
            true => format!(
                "(SELECT {} FROM \"contact\" AS c CROSS JOIN {base_table} AS e ON e.\"contact\" = c.\"id\" \
                 WHERE c.{to_column} IS NOT NULL AND c.{to_column} <> c.\"id\")",
                selected.join(", ")
            ),
            false => Origin::nothing(base).from,
        };
        let key = ("contact".to_owned(), to.clone());
        Ok(Origin { table: event.name.clone(), from, columns, key, content: Content::Routed })
    }

    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|each| is_same_name(each, column))
    }
}

fn lacking(crm: &Crm, what: String) -> Error {
    Error::new(ErrorKind::Query, &crm.shape.path, what)
}

/// A table or view, as a program reads it.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub origin: Origin,
    /// The columns of its query: those that every such table has, then those of the fields, then those that are only counted.
    pub selected: Vec<String>,
    /// The fields in the order of their slots.
    pub columns: Vec<Column>,
    /// What each reading begins to count with.
    pub tally: Option<Tally>,
}

/// A field of a record.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub name: String,
    pub kind: Kind,
    /// Its place in the query; `None` when the table has no such column.
    pub place: Option<usize>,
    absent: Value,
}

impl Column {
    /// What it reads as where there is none: a list is empty, anything else missing.
    pub fn absent(&self) -> Value {
        self.absent.clone()
    }
}

impl Source {
    /// `always` are columns that must be there; errors with [`ErrorKind::Query`] when one is not.
    pub fn of(
        crm: &Crm,
        origin: Origin,
        always: &[&str],
        fields: &[FieldUse],
        needs: &Needs,
        zone: Zone,
    ) -> Result<Source, Error> {
        if let Some(column) = always.iter().find(|column| !origin.has(column)) {
            return Err(lacking(crm, format!("no column `{column}` in `{}`", origin.table)));
        }
        let mut selected: Vec<String> = always.iter().map(|column| (*column).to_owned()).collect();
        let mut columns = Vec::new();
        for field in fields {
            let kind = Kind::of(&field.ty, needs, zone, &crm.persons);
            let is_list = matches!(kind, Kind::List);
            let place = (!is_list && origin.has(&field.name)).then_some(selected.len());
            if place.is_some() {
                selected.push(field.name.clone());
            }
            let absent = if is_list { Value::List(Arc::from([])) } else { Value::Missing };
            columns.push(Column { name: field.name.clone(), kind, place, absent });
        }
        Ok(Source { origin, selected, columns, tally: None })
    }

    /// The columns of its query, as SQL.
    pub fn select(&self) -> String {
        self.selected.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ")
    }

    /// Counts the rows of a table while they are read.
    pub fn count(&mut self, shape: &CrmTable, question: &Question<'_>) {
        let selected = &mut self.selected;
        self.tally = Some(Tally::new((&self.origin.table, shape), question, |column| place_of(selected, column)));
    }

    /// Replaces `values` by the row's. Columns that cannot be read are named to `refused` and read as missing. Lists are
    /// empty: they are in tables of their own.
    pub fn read(
        &self,
        row: Record<'_>,
        world: &World,
        values: &mut Vec<Value>,
        mut refused: impl FnMut(usize, &Column, ValueRef<'_>),
    ) -> Result<(), rusqlite::Error> {
        values.clear();
        for (slot, column) in self.columns.iter().enumerate() {
            let Some(place) = column.place else {
                values.push(column.absent());
                continue;
            };
            let stored = row.get_ref(place)?;
            let value = column.kind.read(stored, world);
            if value.is_none() {
                refused(slot, column, stored);
            }
            values.push(value.unwrap_or_default());
        }
        Ok(())
    }
}

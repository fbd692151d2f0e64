//! Which columns of a table are read, in which order, and how: worked out once for all rows.

use super::decode::Kind;
use super::{Crm, Error, ErrorKind};
use crate::engine::{Needs, Value, World};
use crate::ir::FieldUse;
use crate::store::text::quoted;
use crate::time::Zone;
use rusqlite::Row;
use rusqlite::types::ValueRef;

/// A table or view, as a program reads it.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub table: String,
    /// The columns of a query, as SQL: those that every such table has, then those of the fields.
    pub select: String,
    /// The fields in the order of their slots.
    pub columns: Vec<Column>,
}

/// A field of a record.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub name: String,
    pub kind: Kind,
    /// Its place in the query; `None` when the table has no such column.
    pub place: Option<usize>,
}

impl Source {
    /// `always` are columns that must be there; errors with [`ErrorKind::Query`] when one or the table is not.
    pub fn of(
        crm: &Crm,
        table: &str,
        always: &[&str],
        fields: &[FieldUse],
        needs: &Needs,
        zone: Zone,
    ) -> Result<Source, Error> {
        let lacking = |what: String| Error::new(ErrorKind::Query, &crm.shape.path, what);
        let shape = crm.shape.table(table).ok_or_else(|| lacking(format!("no table or view `{table}`")))?;
        if let Some(column) = always.iter().find(|column| !shape.has(column)) {
            return Err(lacking(format!("no column `{column}` in `{table}`")));
        }
        let mut selected: Vec<String> = always.iter().map(|column| quoted(column)).collect();
        let mut columns = Vec::new();
        for field in fields {
            let place = shape.has(&field.name).then_some(selected.len());
            if place.is_some() {
                selected.push(quoted(&field.name));
            }
            columns.push(Column { name: field.name.clone(), kind: Kind::of(&field.ty, needs, zone), place });
        }
        Ok(Source { table: table.to_owned(), select: selected.join(", "), columns })
    }

    /// Replaces `values` by the row's. Columns that cannot be read are named to `refused` and read as missing.
    pub fn read(
        &self,
        row: &Row<'_>,
        world: &World,
        values: &mut Vec<Value>,
        mut refused: impl FnMut(usize, &Column, ValueRef<'_>),
    ) -> Result<(), rusqlite::Error> {
        values.clear();
        for (slot, column) in self.columns.iter().enumerate() {
            let Some(place) = column.place else {
                values.push(Value::Missing);
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

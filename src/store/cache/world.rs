//! All rows of the entities, as columns.

use super::bytes::{Reader, Writer};
use super::column::{self, Column};
use crate::engine::{EntityTable, Needs, Value, World};
use crate::model::Id;

/// Writes the entities; `None` where there is something in them that no CRM holds.
pub(super) fn write(world: &World, needs: &Needs) -> Option<Vec<u8>> {
    let mut to = Writer::default();
    for (table, entity) in world.tables.iter().zip(&needs.entities) {
        to.count(table.len());
        let ids: Vec<Value> = table.ids().iter().map(|id| Value::Id(id.clone())).collect();
        let mut is_whole = column::write(&ids, &mut to);
        for field in 0..entity.fields.len() {
            let value = |row: usize| table.value(row as u32, field as u16).cloned();
            let values: Vec<Value> = (0..table.len()).map(value).collect::<Option<_>>()?;
            is_whole &= column::write(&values, &mut to);
        }
        if !is_whole {
            return None;
        }
    }
    Some(to.0)
}

/// Reads the entities; `None` where the bytes are not those of these needs.
pub(super) fn read(bytes: &[u8], needs: &Needs) -> Option<World> {
    let mut from = Reader(bytes);
    let mut tables = Vec::new();
    for entity in &needs.entities {
        let rows = from.count()?;
        let ids = Column::read(&mut from, rows)?;
        let columns: Vec<Column> =
            entity.fields.iter().map(|_| Column::read(&mut from, rows)).collect::<Option<_>>()?;
        let mut table = EntityTable::new(entity.fields.len());
        for row in 0..rows {
            let id: Id = ids.id(row)?;
            table.push(id, columns.iter().map(|column| column.value(row)));
        }
        tables.push(table);
    }
    Some(World { tables, ..World::default() })
}

//! All rows of the entities that a program reads.

use super::decode::NOT_AN_ID;
use super::lists::{ListSource, Lists};
use super::plan::{Origin, Source};
use super::{Crm, Error, Findings};
use crate::engine::{EntityTable, Program, Value, World, apply_defaults};
use crate::ir::{FieldUse, RecordUse};
use crate::model::{Id, Type};
use crate::store::id;
use crate::store::text::quoted;

impl Crm {
    /// Reads the entities of a program, with their defaults. A value that cannot be read is a finding and missing,
    /// without a default: nobody knows that it was empty. Of two rows with one id the later is taken, and it is a
    /// finding.
    pub fn world(&self, program: &Program) -> Result<(World, Findings), Error> {
        let needs = program.needs();
        let tables = needs.entities.iter().map(|entity| EntityTable::new(entity.fields.len())).collect();
        let mut world = World { tables, ..World::default() };
        let mut findings = Findings::default();
        let refers =
            |entity: &RecordUse| entity.fields.iter().any(|field| matches!(field.ty, Type::Entity(_) | Type::List(_)));
        // A reference is to a row, so all rows must have a place before one refers to another.
        let placed = needs.entities.iter().any(refers);
        if placed {
            for (slot, entity) in with_fields(&needs.entities) {
                self.place_rows(slot, entity, &mut world).map_err(|error| self.error(&error))?;
            }
        }
        for (slot, entity) in with_fields(&needs.entities) {
            let zone = program.settings.zone;
            let origin = Origin::table(self, &entity.name, "id")?;
            let source = Source::of(self, origin, &["id"], &entity.fields, needs, zone)?;
            let lists = ListSource::all(self, &entity.name, None, &entity.fields, needs, zone)?;
            let read = self.read_rows((slot, entity), &source, &lists, &mut world, &mut findings);
            read.map_err(|error| self.error_in(&entity.name, &error))?;
        }
        Ok((world, findings))
    }

    fn place_rows(&self, slot: usize, entity: &RecordUse, world: &mut World) -> Result<(), rusqlite::Error> {
        let mut statement = self.connection.prepare(&format!("SELECT \"id\" FROM {}", quoted(&entity.name)))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if let (Some(id), Some(table)) = (id::read(row.get_ref(0)?), world.tables.get_mut(slot)) {
                table.push(id, []);
            }
        }
        Ok(())
    }

    fn read_rows(
        &self,
        (slot, entity): (usize, &RecordUse),
        source: &Source,
        list_sources: &[ListSource],
        world: &mut World,
        findings: &mut Findings,
    ) -> Result<(), rusqlite::Error> {
        let mut lists: Vec<(usize, Lists)> = Vec::new();
        for list in list_sources {
            lists.push((list.slot, self.lists_of(list, world, findings)?));
        }
        let table_name = source.origin.table.as_str();
        let sql = format!("SELECT {} FROM {}", source.select(), source.origin.from);
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let mut values = Vec::with_capacity(source.columns.len());
        let mut refused = Vec::new();
        let mut filled = vec![false; world.tables.get(slot).map_or(0, EntityTable::len)];
        while let Some(row) = rows.next()? {
            let stored = row.get_ref(0)?;
            let Some(id) = id::read(stored) else {
                findings.add(table_name, stored, "id", stored, NOT_AN_ID);
                continue;
            };
            refused.clear();
            source.read(row.into(), world, &mut values, |field, column, value| {
                findings.add(table_name, stored, &column.name, value, column.kind.problem());
                refused.push(field);
            })?;
            fill(&entity.fields, &id, &mut values, &refused);
            give_lists(&mut lists, &id, &mut values);
            let Some(table) = world.tables.get_mut(slot) else { continue };
            let place = table.push(id, values.drain(..)) as usize;
            if filled.len() <= place {
                filled.resize(place + 1, false);
            }
            if filled.get(place) == Some(&true) {
                findings.add(table_name, stored, "id", stored, "is used twice");
            }
            if let Some(seen) = filled.get_mut(place) {
                *seen = true;
            }
        }
        Ok(())
    }
}

fn with_fields(entities: &[RecordUse]) -> impl Iterator<Item = (usize, &RecordUse)> {
    entities.iter().enumerate().filter(|(_, entity)| !entity.fields.is_empty())
}

/// Puts the lists of a row to their places among its values.
pub(super) fn give_lists(lists: &mut [(usize, Lists)], id: &Id, values: &mut [Value]) {
    for (slot, lists) in lists {
        if let (Some(list), Some(value)) = (lists.take(id), values.get_mut(*slot)) {
            *value = list;
        }
    }
}

/// Defaults for what a row leaves empty; what could not be read stays missing.
pub(super) fn fill(fields: &[FieldUse], id: &Id, values: &mut [Value], refused: &[usize]) {
    apply_defaults(fields, id, values);
    for &field in refused {
        if let Some(value) = values.get_mut(field) {
            *value = Value::Missing;
        }
    }
}

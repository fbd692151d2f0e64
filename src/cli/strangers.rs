//! Rows of a CRM that name a row of another table that there is not.

use super::counted::{counted, grouped};
use super::reach::MOST_LIKELY_WRONG;
use crate::diagnostic::{Diagnostic, Level, Rule};
use crate::engine::{EntityRef, Program, Value, World};
use crate::model::{Id, Type};
use crate::store::Error;
use crate::store::crm::{Crm, Strangers, Survey};
use std::collections::BTreeMap;

/// How many ids of a column are named.
const NAMED: usize = 3;

/// What is named and is not there: one finding for each column. `noted` are the rows of contacts and events; those of entities
/// are in the world.
///
/// # Errors
/// When the CRM cannot be read.
pub fn nobody(
    noted: &[Strangers],
    program: &Program,
    world: &World,
    surveys: &BTreeMap<&str, Survey>,
    crm: &Crm,
) -> Result<Vec<Diagnostic>, Error> {
    let mut found = Vec::new();
    for (each, total) in of_entities(program, world) {
        found.push(finding(&each, total, crm)?);
    }
    for each in noted {
        let kept = surveys.get(each.table.as_str()).and_then(|survey| survey.columns.get(&each.column));
        // That some are kept as texts among numbers is told already, and is why nobody is called so.
        let are_texts = each.examples.iter().all(|(id, _)| matches!(id, Id::Text(_)));
        if are_texts && kept.is_some_and(|kept| kept.misfits() >= each.rows) {
            continue;
        }
        let total = kept.map_or(each.rows, |kept| kept.values()).max(each.rows);
        found.push(finding(each, total, crm)?);
    }
    Ok(found)
}

fn finding(strangers: &Strangers, total: u64, crm: &Crm) -> Result<Diagnostic, Error> {
    let Strangers { table, column, of, rows, examples } = strangers;
    let listed: Vec<String> = examples.iter().map(|(id, row)| format!("`{id}` (id {row})")).collect();
    let more = if *rows > examples.len() as u64 { ", ..." } else { "" };
    let name = if *rows == 1 { "names" } else { "name" };
    let values = counted(total, "value");
    let message = format!(
        "{} of {values} of `{table}.{column}` {name} no row of `{of}`: {}{more}",
        grouped(*rows),
        listed.join(", ")
    );
    let mut found = Diagnostic::new(Rule::NoSuchRow, message);
    for (id, _) in examples {
        let Some(class) = crm.keeps_otherwise(of, id)? else { continue };
        let kind = |is_number: bool| if is_number { "a number" } else { "a text" };
        let (here, there) = (kind(matches!(id, Id::Number(_))), kind(class != "text"));
        if here != there {
            found.level = Level::Warning;
            let to = if there == "a text" { "TEXT" } else { "INTEGER" };
            return Ok(found
                .because(format!("`{id}` is {here} here and {there} in `{of}.id`: these are two different ids"))
                .help(format!("give both ids of one kind, as in a view with `CAST({column} AS {to})`")));
        }
    }
    if rows * 100 >= total * MOST_LIKELY_WRONG {
        found.level = Level::Warning;
    }
    Ok(match of.as_str() {
        "contact" => found
            .because("of such a contact nothing is known, no address and no consent, so that no message reaches it")
            .help(format!("write the missing rows of `contact`, or leave these rows out of `{table}`")),
        _ => found
            .because(format!("every field of such a `{of}` is missing: what asks for one is unknown"))
            .help(format!("write the missing rows of `{of}`, or correct `{column}` in these rows")),
    })
}

/// What rows of entities refer to, in fields and in lists, each with the count of all such references.
fn of_entities(program: &Program, world: &World) -> Vec<(Strangers, u64)> {
    let needs = program.needs();
    let mut all = Vec::new();
    for (slot, (entity, table)) in needs.entities.iter().zip(&world.tables).enumerate() {
        for (place, field) in entity.fields.iter().enumerate() {
            let (Type::Entity(name) | Type::List(name)) = &field.ty else { continue };
            let Some(of) = needs.entity(name) else { continue };
            let Some(of) = needs.entities.get(usize::from(of)).filter(|of| !of.fields.is_empty()) else { continue };
            let table_name = match field.ty {
                Type::List(_) => format!("{}_{}", entity.name, field.name),
                _ => entity.name.clone(),
            };
            let mut total = 0;
            let mut found = Strangers {
                table: table_name,
                column: field.name.clone(),
                of: of.name.clone(),
                rows: 0,
                examples: Vec::new(),
            };
            for row in 0..table.len() as u32 {
                let row = EntityRef { entity: slot as u16, row };
                let value = world.value(row, place as u16);
                let named = match value {
                    Some(Value::List(members)) => members.as_ref(),
                    Some(value) => std::slice::from_ref(value),
                    None => continue,
                };
                total += named.iter().filter(|each| !matches!(each, Value::Missing)).count() as u64;
                for named in named {
                    let Value::Id(id) = named else { continue };
                    found.rows += 1;
                    if found.examples.len() < NAMED && found.examples.iter().all(|(known, _)| known != id) {
                        let row = world.id(row).map(ToString::to_string).unwrap_or_default();
                        found.examples.push((id.clone(), row));
                    }
                }
            }
            if found.rows > 0 {
                all.push((found, total));
            }
        }
    }
    all
}

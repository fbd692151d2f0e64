//! Contacts that have several rows.

use super::{Crm, Error, decode};
use crate::model::{Id, identifying, persons};
use crate::store::id::{self, Key};
use crate::store::text::quoted;
use crate::time::{Instant, Zone};
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use rustc_hash::{FxHashMap, FxHasher};
use std::collections::BTreeSet;
use std::hash::Hasher;

/// The persons of whom a CRM has more than one row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Persons {
    /// The rows of each, the oldest first: it is the person. In the order of persons.
    groups: Vec<Vec<Id>>,
    /// Of each row of a group, its group.
    places: FxHashMap<Id, usize>,
}

impl Persons {
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The rows of each person who has several, the oldest first.
    pub fn groups(&self) -> &[Vec<Id>] {
        &self.groups
    }

    /// The rows of the person whom a row is about; `None` where it is the only one.
    pub fn group(&self, row: &Id) -> Option<&[Id]> {
        self.places.get(row).and_then(|place| self.groups.get(*place)).map(Vec::as_slice)
    }

    /// The person whom a row is about.
    pub fn person<'a>(&'a self, row: &'a Id) -> &'a Id {
        self.group(row).and_then(<[Id]>::first).unwrap_or(row)
    }

    fn of(mut groups: Vec<Vec<Id>>) -> Persons {
        groups.sort();
        let rows = groups.iter().enumerate().flat_map(|(place, rows)| rows.iter().map(move |row| (row.clone(), place)));
        Persons { places: rows.collect(), groups }
    }
}

/// A row that shares a value with another, with what is needed to judge it.
struct Candidate {
    created_at: Option<Instant>,
    id: Id,
    values: Vec<Option<String>>,
}

impl Crm {
    /// Finds out which rows are one person, by these fields of the contact, the strongest first; those that the CRM does
    /// not have identify nobody. From now on, reading gives persons.
    pub fn identify(&mut self, fields: &[String], zone: Zone) -> Result<(), Error> {
        let there = |field: &&String| self.shape.table("contact").is_some_and(|contact| contact.has(field));
        let fields: Vec<&String> = fields.iter().filter(there).collect();
        let found = if fields.is_empty() { Ok(Vec::new()) } else { self.candidates(&fields, zone) };
        let mut candidates = found.map_err(|error| self.error_in("contact", &error))?;
        // Whoever has no date of creation is younger than all who have one.
        let age = |each: &Candidate| (each.created_at.is_none(), each.created_at);
        candidates.sort_by(|one, two| age(one).cmp(&age(two)).then_with(|| one.id.cmp(&two.id)));
        // Of several rows of one id the last counts in reading; here any does.
        let mut known = rustc_hash::FxHashSet::default();
        candidates.retain(|each| known.insert(each.id.clone()));
        let (ids, rows): (Vec<Id>, Vec<Vec<Option<String>>>) =
            candidates.into_iter().map(|each| (each.id, each.values)).unzip();
        let mut groups: Vec<Vec<Id>> = vec![Vec::new(); ids.len()];
        for (id, oldest) in ids.into_iter().zip(persons(&rows)) {
            if let Some(group) = groups.get_mut(oldest) {
                group.push(id);
            }
        }
        groups.retain(|group| group.len() > 1);
        self.persons = std::sync::Arc::new(Persons::of(groups));
        Ok(())
    }

    /// The persons that [`Crm::identify`] found.
    pub fn persons(&self) -> &Persons {
        &self.persons
    }

    /// Whether any of these rows is in `contact`.
    pub fn has_any(&self, rows: &[Id]) -> Result<bool, Error> {
        let has = |row: &Id| -> Result<bool, rusqlite::Error> {
            let mut statement = self.connection.prepare_cached("SELECT id FROM contact WHERE id = ?1")?;
            let mut found = statement.query([Key::from(row)])?;
            // SQLite may convert the id to the column's type and find another contact.
            while let Some(found) = found.next()? {
                if id::read(found.get_ref(0)?).as_ref() == Some(row) {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        let any = || -> Result<bool, rusqlite::Error> {
            for row in rows {
                if has(row)? {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        any().map_err(|error| self.error_in("contact", &error))
    }

    /// Every person who has a row in `contact`, in the order in which SQLite has them, each with a mark of what these fields
    /// say in all rows of the person: where it is another, one of them has changed.
    pub fn contacts(&self, fields: &BTreeSet<String>) -> Result<Vec<(Id, u64)>, Error> {
        let there = |field: &&String| self.shape.table("contact").is_some_and(|contact| contact.has(field));
        let columns: String = fields.iter().filter(there).map(|field| format!(", {}", quoted(field))).collect();
        let read = || -> Result<Vec<(Id, u64)>, rusqlite::Error> {
            let mut statement = self.connection.prepare(&format!("SELECT id{columns} FROM contact"))?;
            let count = statement.column_count();
            let mut rows = statement.query([])?;
            let mut contacts: Vec<(Id, u64)> = Vec::new();
            let mut others: FxHashMap<Id, u64> = FxHashMap::default();
            while let Some(row) = rows.next()? {
                let Some(id) = id::read(row.get_ref(0)?) else { continue };
                let mut mark = FxHasher::default();
                for column in 1..count {
                    add_to_mark(row.get_ref(column)?, &mut mark);
                }
                let person = self.persons.person(&id);
                if *person == id {
                    contacts.push((id, mark.finish()));
                } else {
                    let known = others.entry(person.clone()).or_default();
                    *known = known.wrapping_add(mark.finish());
                }
            }
            for (contact, mark) in &mut contacts {
                *mark = mark.wrapping_add(others.get(contact).copied().unwrap_or(0));
            }
            Ok(contacts)
        };
        read().map_err(|error| self.error_in("contact", &error))
    }

    /// The rows that share a value with another row: SQLite looks for them, so that the others need no memory.
    fn candidates(&self, fields: &[&String], zone: Zone) -> Result<Vec<Candidate>, rusqlite::Error> {
        declare(&self.connection)?;
        let has_age = self.shape.table("contact").is_some_and(|contact| contact.has("created_at"));
        let compared: Vec<String> =
            fields.iter().map(|field| format!("scn_identifying('{field}', {})", quoted(field))).collect();
        let shared: Vec<String> = compared
            .iter()
            .map(|value| {
                format!(
                    "{value} IN (SELECT {value} FROM contact WHERE {value} IS NOT NULL GROUP BY 1 HAVING count(*) > 1)"
                )
            })
            .collect();
        let age = if has_age { "\"created_at\"" } else { "NULL" };
        let sql = format!("SELECT id, {age}, {} FROM contact WHERE {}", compared.join(", "), shared.join(" OR "));
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let mut candidates = Vec::new();
        while let Some(row) = rows.next()? {
            candidates.extend(candidate(row, fields.len(), zone)?);
        }
        Ok(candidates)
    }
}

fn add_to_mark(value: ValueRef<'_>, mark: &mut FxHasher) {
    match value {
        ValueRef::Null => mark.write_u8(0),
        ValueRef::Integer(number) => mark.write_i64(number),
        ValueRef::Real(number) => mark.write_u64(number.to_bits()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            mark.write(bytes);
            mark.write_usize(bytes.len());
        }
    }
}

/// `None` for a row whose id is none: the reading of contacts says so.
fn candidate(row: &Row<'_>, fields: usize, zone: Zone) -> Result<Option<Candidate>, rusqlite::Error> {
    let Some(id) = id::read(row.get_ref(0)?) else { return Ok(None) };
    let created_at = decode::instant(row.get_ref(1)?, zone).map(|(instant, _)| instant);
    let values = (2..2 + fields).map(|column| row.get(column)).collect::<Result<Vec<Option<String>>, _>>()?;
    Ok(Some(Candidate { created_at, id, values }))
}

/// `scn_identifying(FIELD, VALUE)`: the value as it is compared, or NULL.
fn declare(connection: &Connection) -> Result<(), rusqlite::Error> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("scn_identifying", 2, flags, |context| {
        let field: String = context.get(0)?;
        Ok(match context.get_raw(1) {
            ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok().and_then(|text| identifying(&field, text)),
            ValueRef::Integer(number) => Some(number.to_string()),
            _ => None,
        })
    })
}

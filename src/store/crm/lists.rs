//! Many-valued fields: a table of its own for each, `RECORD_FIELD(RECORD, FIELD, rank)`.

use super::decode::{Kind, NOT_AN_ID, number};
use super::plan::{Content, Origin, Source};
use super::record::Record;
use super::{Crm, Error, Findings};
use crate::engine::{Needs, Value, World};
use crate::ir::FieldUse;
use crate::model::{Id, Type};
use crate::store::id;
use crate::store::text::quoted;
use crate::time::Zone;
use rusqlite::types::ValueRef;
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

/// The table of a many-valued field.
pub(super) fn table_of(record: &str, field: &str) -> String {
    format!("{record}_{field}")
}

/// Whether a field is many-valued.
pub(super) fn is_list(field: &FieldUse) -> bool {
    matches!(field.ty, Type::List(_) | Type::Texts)
}

/// How the lists of one field are read. Its query selects the contact, the id of the row that has the list, a member, and
/// the member's rank; for an entity the contact is that row itself.
#[derive(Clone, Debug)]
pub(super) struct ListSource {
    pub source: Source,
    /// The field's place among the record's.
    pub slot: usize,
    field: String,
    kind: Kind,
}

impl ListSource {
    /// Of each many-valued field of a record whose table the CRM has. `owner` is where the rows come from whose lists
    /// they are, when it is they that name the contact.
    pub fn all(
        crm: &Crm,
        record: &str,
        owner: Option<&Origin>,
        fields: &[FieldUse],
        needs: &Needs,
        zone: Zone,
    ) -> Result<Vec<ListSource>, Error> {
        let mut sources = Vec::new();
        for (slot, field) in fields.iter().enumerate().filter(|(_, field)| is_list(field)) {
            let table = table_of(record, &field.name);
            if crm.shape.table(&table).is_none() {
                continue;
            }
            let origin = Origin::table(crm, &table, record)?;
            let missing = [record, field.name.as_str()].into_iter().find(|column| !origin.has(column));
            if let Some(column) = missing {
                let what = format!("no column `{column}` in `{table}`");
                return Err(Error::new(super::ErrorKind::Query, &crm.shape.path, what));
            }
            let kind = match &field.ty {
                Type::List(entity) => Kind::of(&Type::Entity(entity.clone()), needs, zone, &crm.persons),
                _ => Kind::Text,
            };
            let origin = members(origin, owner, record, &field.name);
            let selected = ["contact", "id", "member", "rank"].map(str::to_owned).to_vec();
            sources.push(ListSource {
                source: Source { origin, selected, columns: Vec::new(), tally: None },
                slot,
                field: field.name.clone(),
                kind,
            });
        }
        Ok(sources)
    }
}

/// The members of all lists of a table, with the contact that they are about.
fn members(lists: Origin, owner: Option<&Origin>, record: &str, field: &str) -> Origin {
    let rank = if lists.has("rank") { "l.\"rank\"" } else { "NULL" };
    let (record, field, table) = (quoted(record), quoted(field), lists.from.clone());
    let from = match owner {
        None => format!(
            "(SELECT l.{record} AS \"contact\", l.{record} AS \"id\", l.{field} AS \"member\", {rank} AS \"rank\" \
             FROM {table} AS l)"
        ),
        // Rows go first, so that members come in the order of contacts without sorting all of them.
        Some(owner) => format!(
            "(SELECT o.\"contact\" AS \"contact\", o.\"id\" AS \"id\", l.{field} AS \"member\", {rank} AS \"rank\" \
             FROM {} AS o CROSS JOIN {table} AS l ON l.{record} = o.\"id\")",
            owner.from
        ),
    };
    let (key, content) = owner.map_or((lists.key.clone(), Content::Own), |owner| (owner.key.clone(), owner.content));
    Origin { table: lists.table, from, columns: Vec::new(), key, content }
}

/// Members with their ranks; those without a rank come last, equal ranks by the members' ids.
#[derive(Debug, Default)]
pub(super) struct Lists(FxHashMap<Id, Vec<(bool, Decimal, Id, Value)>>);

impl Lists {
    /// Adds the member of a row; false when it cannot be read.
    pub fn add(
        &mut self,
        list: &ListSource,
        row: Record<'_>,
        world: &World,
        findings: &mut Findings,
    ) -> Result<bool, rusqlite::Error> {
        let (owner, member, rank) = (row.get_ref(1)?, row.get_ref(2)?, row.get_ref(3)?);
        if member == ValueRef::Null {
            return Ok(true);
        }
        let table = &list.source.origin.table;
        let Some(owner_id) = id::read(owner) else {
            findings.add(table, owner, &list.field, owner, NOT_AN_ID);
            return Ok(false);
        };
        let (Some(value), Some(member_id)) = (list.kind.read(member, world), id::read(member)) else {
            findings.add(table, owner, &list.field, member, list.kind.problem());
            return Ok(false);
        };
        let rank = number(rank);
        let members = self.0.entry(owner_id).or_default();
        members.push((rank.is_none(), rank.unwrap_or_default(), member_id, value));
        Ok(true)
    }

    /// The list of a row, in the order of ranks; `None` when it has no member.
    pub fn take(&mut self, id: &Id) -> Option<Value> {
        let mut members = self.0.remove(id)?;
        members.sort_by(|one, two| (one.0, one.1, &one.2).cmp(&(two.0, two.1, &two.2)));
        Some(Value::List(members.into_iter().map(|(_, _, _, value)| value).collect()))
    }
}

impl Crm {
    /// All lists of one field of an entity, by the entity's ids.
    pub(super) fn lists_of(
        &self,
        list: &ListSource,
        world: &World,
        findings: &mut Findings,
    ) -> Result<Lists, rusqlite::Error> {
        let sql = format!("SELECT {} FROM {}", list.source.select(), list.source.origin.from);
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let mut lists = Lists::default();
        while let Some(row) = rows.next()? {
            lists.add(list, row.into(), world, findings)?;
        }
        Ok(lists)
    }
}

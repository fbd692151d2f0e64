//! What a program reads of a CRM: the columns of all its scenarios together.

use super::program::Account;
use super::value::Value;
use crate::ir::{Code, Expr, FieldUse, Op, RecordUse, Scenario, Start};
use crate::model::{FieldDefault, Id, Route, Type};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The columns that a program reads. Each list is sorted by name, so a slot's order is its name's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    pub contact: Vec<FieldUse>,
    /// An entity without fields is only referred to: it needs no table.
    pub entities: Vec<RecordUse>,
    pub events: Vec<RecordUse>,
    /// Of each of `events`, in the same order, where it comes from if it is routed.
    pub routes: Vec<Option<Route>>,
    /// The accounts whose balance is read, sorted.
    pub accounts: Vec<String>,
}

/// Why scenarios cannot run together: two of them (or two versions of one) read a field as different types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkError {
    pub field: String,
    pub one: Type,
    pub other: Type,
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (one, other) = (self.one.describe(), self.other.describe());
        write!(f, "`{}` is read as {one} by one scenario and as {other} by another", self.field)
    }
}

impl std::error::Error for LinkError {}

type Fields = BTreeMap<String, FieldUse>;
type Records = BTreeMap<String, Fields>;

/// The events of accounts, and the field that says until when a credit holds.
pub(super) const CREDITED: &str = "credited";
pub(super) const DEBITED: &str = "debited";
pub(super) const EXPIRES: &str = "expires";

impl Needs {
    /// What all these codes read, and what the steps of these scenarios do.
    pub(super) fn of<'a>(codes: impl Iterator<Item = &'a Code>, scenarios: &[&Scenario]) -> Result<Needs, LinkError> {
        let (mut contact, mut entities, mut events) = (Fields::new(), Records::new(), Records::new());
        let mut routed = BTreeMap::<String, Route>::new();
        let mut accounts = BTreeSet::new();
        for code in codes {
            let routes = code.events.iter().zip(&code.routes);
            routed.extend(routes.filter_map(|(event, route)| Some((event.name.clone(), route.clone()?))));
            accounts.extend(code.exprs.values().iter().filter_map(|expr| match expr {
                Expr::Balance(account) => Some(account.clone()),
                _ => None,
            }));
            merge(&mut contact, "contact", &code.contact)?;
            for record in &code.entities {
                merge(entities.entry(record.name.clone()).or_default(), &record.name, &record.fields)?;
            }
            for record in &code.events {
                merge(events.entry(record.name.clone()).or_default(), &record.name, &record.fields)?;
            }
        }
        for step in scenarios.iter().flat_map(|scenario| scenario.steps.values()) {
            // What is credited is kept, whether or not anybody asks for it yet.
            if let Op::Debit { account, .. } | Op::Credit { account, .. } = &step.op {
                accounts.insert(account.clone());
            }
        }
        add_entries(&mut events, &accounts);
        add_triggers_of_started(&mut events, scenarios);
        let record = |(name, fields): (String, Fields)| RecordUse { name, fields: fields.into_values().collect() };
        let routes = events.keys().map(|name| routed.get(name).cloned()).collect();
        Ok(Needs {
            routes,
            accounts: accounts.into_iter().collect(),
            contact: contact.into_values().collect(),
            entities: entities.into_iter().map(record).collect(),
            events: events.into_iter().map(record).collect(),
        })
    }

    /// Where the entries of the accounts are.
    pub(super) fn accounts(&self) -> BTreeMap<String, Account> {
        let slot = |name: &str| self.events.iter().position(|event| event.name == name);
        let field = |event: usize, name: &str| {
            let fields = self.events.get(event).map_or(&[] as &[FieldUse], |event| &event.fields);
            fields.iter().position(|field| field.name == name).map(|place| place as u16)
        };
        let account = |name: &String| {
            let (credited, debited) = (slot(CREDITED)?, slot(DEBITED)?);
            let account = Account {
                credited: credited as u16,
                credit: field(credited, name)?,
                expires: field(credited, EXPIRES),
                debited: debited as u16,
                debit: field(debited, name)?,
            };
            Some((name.clone(), account))
        };
        self.accounts.iter().filter_map(account).collect()
    }

    /// Adds an event that the engine itself reads.
    pub(super) fn add_event(&mut self, event: RecordUse) -> Result<(), LinkError> {
        let place = self.events.partition_point(|known| known.name < event.name);
        match self.events.get_mut(place).filter(|known| known.name == event.name) {
            Some(known) => {
                let mut fields: Fields = known.fields.drain(..).map(|field| (field.name.clone(), field)).collect();
                merge(&mut fields, &event.name, &event.fields)?;
                known.fields = fields.into_values().collect();
            }
            None => {
                self.events.insert(place, event);
                self.routes.insert(place, None);
            }
        }
        Ok(())
    }

    /// Adds fields to an event that scenarios read already; of one that none reads nothing is added.
    pub(super) fn add_field_of(&mut self, event: &RecordUse) -> Result<(), LinkError> {
        if self.events.iter().any(|known| known.name == event.name) {
            self.add_event(event.clone())?;
        }
        Ok(())
    }

    /// The slot of an entity that is read, by its name.
    pub fn entity(&self, name: &str) -> Option<u16> {
        self.entities.iter().position(|entity| entity.name == name).map(|place| place as u16)
    }
}

/// Fills what a row of a record leaves empty, as its fields' defaults say.
pub fn apply_defaults(fields: &[FieldUse], id: &Id, row: &mut [Value]) {
    for (place, field) in fields.iter().enumerate() {
        let Some(default) = &field.default else { continue };
        if !matches!(row.get(place), Some(Value::Missing)) {
            continue;
        }
        let value = match default {
            FieldDefault::Literal(literal) => Value::from(literal),
            FieldDefault::Field(name) if name == "id" => Value::text(&id.to_string()),
            FieldDefault::Field(name) => {
                let source = fields.iter().position(|each| each.name == *name);
                source.and_then(|source| row.get(source).cloned()).unwrap_or_default()
            }
        };
        if let Some(slot) = row.get_mut(place) {
            *slot = value;
        }
    }
}

/// The balance of an account is read from its credits and debits.
fn add_entries(events: &mut Records, accounts: &BTreeSet<String>) {
    let field = |name: &str, ty: Type| FieldUse { name: name.to_owned(), ty, optional: true, default: None };
    for account in accounts {
        for event in [CREDITED, DEBITED] {
            // Where an expression reads the field, it says whether it is money.
            let fields = events.entry(event.to_owned()).or_default();
            fields.entry(account.clone()).or_insert_with(|| field(account, Type::Number));
        }
        let credited = events.entry(CREDITED.to_owned()).or_default();
        credited.entry(EXPIRES.to_owned()).or_insert_with(|| field(EXPIRES, Type::Instant));
    }
}

/// A scenario that others start reads the triggers of those that start it.
fn add_triggers_of_started(events: &mut Records, scenarios: &[&Scenario]) {
    for started in scenarios.iter().filter(|scenario| scenario.start == Start::Started) {
        let mut starters = vec![started.name.as_str()];
        let mut next = 0;
        while let Some(&name) = starters.get(next) {
            next += 1;
            let starts = |scenario: &Scenario| {
                scenario
                    .steps
                    .values()
                    .iter()
                    .any(|step| matches!(&step.op, Op::Start { scenario } if scenario == name))
            };
            for starter in scenarios.iter().filter(|scenario| starts(scenario)) {
                for trigger in starter.start.events() {
                    let event = starter.code.events.get(usize::from(trigger.event));
                    let Some(fields) = event.and_then(|event| events.get_mut(&event.name)) else { continue };
                    for field in &started.code.trigger {
                        fields.entry(field.name.clone()).or_insert_with(|| field.clone());
                    }
                }
                if !starters.contains(&starter.name.as_str()) {
                    starters.push(&starter.name);
                }
            }
        }
    }
}

fn merge(into: &mut BTreeMap<String, FieldUse>, record: &str, fields: &[FieldUse]) -> Result<(), LinkError> {
    for field in fields {
        match into.get(&field.name) {
            Some(known) if known.ty != field.ty => {
                let name = format!("{record}.{}", field.name);
                return Err(LinkError { field: name, one: known.ty.clone(), other: field.ty.clone() });
            }
            Some(_) => {}
            None => {
                into.insert(field.name.clone(), field.clone());
            }
        }
    }
    Ok(())
}

//! Which of the scenarios a CRM can serve, and what it cannot tell of the past.

use super::NotSimulated;
use crate::engine::Program;
use crate::ir::{Bundle, Code, Expr, FieldUse, Measure, Scenario};
use crate::model::CrmTable;
use crate::store::crm::{Crm, Lack};
use std::collections::BTreeSet;

/// The scenarios that the CRM can serve; those that it cannot, and why; and what it lacks that may be absent.
pub fn runnable(bundle: &Bundle, crm: &Crm) -> (Bundle, Vec<NotSimulated>, Vec<Lack>) {
    let mut runs: Vec<Scenario> = Vec::new();
    let (mut not, mut absent) = (Vec::new(), Vec::new());
    for scenario in &bundle.scenarios {
        let measures = measures_of(&scenario.code, bundle).map(|measure| &measure.code);
        let mut all: Vec<Lack> = measures.chain([&scenario.code]).flat_map(|code| crm.lacks(code)).collect();
        all.sort();
        all.dedup();
        let (optional, lacks): (Vec<Lack>, Vec<Lack>) = all.into_iter().partition(Lack::is_optional);
        if lacks.is_empty() {
            runs.push(scenario.clone());
            absent.extend(optional);
        } else {
            not.push(NotSimulated { scenario: scenario.name.clone(), lacks });
        }
    }
    absent.extend(crm.lacks(&bundle.policy.code).into_iter().filter(Lack::is_optional));
    absent.sort();
    absent.dedup();
    let mut measures = bundle.measures.clone();
    measures.retain(|measure| {
        let reads = |scenario: &Scenario| measures_of(&scenario.code, bundle).any(|read| read.name == measure.name);
        runs.iter().any(reads)
    });
    // Money without a column is no revenue, and the tables say so. An event that is told on has no table of its own.
    let mut revenue = bundle.revenue.clone();
    revenue.retain(|event| {
        let has = |field: &FieldUse, table: &CrmTable| table.columns.iter().any(|each| each.name == field.name);
        crm.shape().table(&event.name).is_none_or(|table| event.fields.iter().all(|field| has(field, table)))
    });
    // What templates read is not looked at: nothing is rendered here.
    let bundle = Bundle { scenarios: runs, measures, revenue, messages: Vec::new(), ..bundle.clone() };
    (bundle, not, absent)
}

/// The measures that a scenario reads.
fn measures_of<'b>(code: &Code, bundle: &'b Bundle) -> impl Iterator<Item = &'b Measure> {
    let read: BTreeSet<String> = (code.exprs.values().iter())
        .filter_map(|expr| if let Expr::Measure(name) = expr { Some(name.clone()) } else { None })
        .collect();
    bundle.measures.iter().filter(move |measure| read.contains(&measure.name))
}

/// What the CRM keeps no history of: fields of entities and contacts, read as they are now.
pub(super) fn as_of_now(program: &Program) -> Vec<String> {
    let needs = program.needs();
    let contact = needs.contact.iter().map(|field| format!("contact.{}", field.name));
    let entities = needs
        .entities
        .iter()
        .flat_map(|entity| entity.fields.iter().map(move |field| format!("{}.{}", entity.name, field.name)));
    contact.chain(entities).collect()
}

//! The policy and the measures of a project.

use super::lower::{InError, Lowerer};
use super::scenario::{class, optional};
use super::uses::Uses;
use crate::check::{Checked, typed};
use crate::ir::{Cap, Measure, Policy};
use crate::model::Model;
use std::collections::BTreeSet;

/// What holds over all scenarios.
pub fn policy(typed: &typed::Policy, model: &Model) -> Result<Policy, InError> {
    let mut uses = Uses::default();
    typed.zone.iter().for_each(|zone| uses.expr(zone, None));
    let mut lowerer = Lowerer::new(uses, model);
    let zone = optional(&mut lowerer, typed.zone.as_ref())?;
    let caps = typed.caps.iter().map(|cap| Cap { class: class(cap.class), most: cap.most, per: cap.per }).collect();
    Ok(Policy {
        zone,
        quiet_hours: typed.quiet_hours.clone(),
        caps,
        priority: typed.priority.clone(),
        holdout: typed.holdout,
        code: lowerer.code,
    })
}

/// The measures that the scenarios and their messages read, by name.
pub fn measures(checked: &Checked) -> Result<Vec<Measure>, InError> {
    let read = measures_read(checked);
    let used = checked.measures.iter().filter(|measure| read.contains(measure.name.as_str()));
    used.map(|typed| measure(typed, &checked.model)).collect()
}

fn measure(typed: &typed::Measure, model: &Model) -> Result<Measure, InError> {
    let mut uses = Uses::default();
    uses.expr(&typed.of, None);
    typed.since.iter().for_each(|since| uses.expr(since, None));
    let mut lowerer = Lowerer::new(uses, model);
    let of = lowerer.expr(&typed.of, None)?;
    let since = super::scenario::optional(&mut lowerer, typed.since.as_ref())?;
    Ok(Measure {
        name: typed.name.clone(),
        kind: typed.kind,
        ty: typed.ty.clone(),
        of,
        since,
        refreshed: typed.refreshed,
        code: lowerer.code,
    })
}

fn measures_read(checked: &Checked) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for scenario in &checked.scenarios {
        let variables = scenario.messages.iter().flat_map(|message| message.variables.iter().chain(&message.items));
        for expr in scenario.expressions().into_iter().chain(variables.map(|variable| &variable.value)) {
            expr.visit(&mut |each| {
                if let typed::Kind::Measure(name) = &each.kind {
                    found.insert(name.as_str());
                }
            });
        }
    }
    found
}

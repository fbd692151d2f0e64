//! Which measures depend on what scenarios do: they are taken of contacts as they are at each refresh, so that everybody lives
//! up to it before anybody goes on.

use super::program::Program;
use crate::ir::{Code, Expr, Op};
use crate::model::{OWN_EVENTS, TAGS};
use std::collections::BTreeSet;

impl Program {
    /// The measures that may depend on what scenarios do to contacts. What all others tell, the CRM alone says.
    pub fn measures_of_deeds(&self) -> BTreeSet<&str> {
        let changed = self.changed_fields();
        let is_changed = |code: &Code| code.contact.iter().any(|field| changed.contains(field.name.as_str()));
        // Fields that scenarios change may say in which zone days are counted. That a scenario erases is not enough: whoever a
        // simulation erases is counted on, where it is not for other reasons that everybody lives twice.
        let all = self.policy().code().is_some_and(is_changed);
        let measures = self.measures().iter().map(|linked| &linked.measure);
        let depends = |code: &Code| all || is_changed(code) || reads_deeds(code);
        measures.filter(|measure| depends(&measure.code)).map(|measure| measure.name.as_str()).collect()
    }

    /// Whether there is such a measure.
    pub fn feeds_back(&self) -> bool {
        !self.measures_of_deeds().is_empty()
    }

    /// The fields of a contact that steps change.
    pub fn changed_fields(&self) -> BTreeSet<&str> {
        let mut changed = BTreeSet::new();
        for scenario in self.units().iter().map(|unit| &unit.scenario) {
            for step in scenario.steps.values() {
                match step.op {
                    Op::Set { field, .. } => {
                        let field = scenario.code.contact.get(usize::from(field));
                        changed.extend(field.map(|field| field.name.as_str()));
                    }
                    Op::Tag { .. } => {
                        changed.insert(TAGS);
                    }
                    _ => {}
                }
            }
        }
        changed
    }
}

/// Whether a code reads events that scenarios make, balances, or which scenarios run.
fn reads_deeds(code: &Code) -> bool {
    code.events.iter().any(|event| OWN_EVENTS.contains(&event.name.as_str()))
        || code.exprs.values().iter().any(|expr| matches!(expr, Expr::Balance(_) | Expr::InScenario(_)))
}

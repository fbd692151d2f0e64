//! Which measures depend on what scenarios do: they are taken of contacts as they are at each refresh, so that everybody lives
//! up to it before anybody goes on.

use super::program::Program;
use crate::ir::{Code, Expr, Op};
use crate::model::{OWN_EVENTS, TAGS};
use std::collections::BTreeSet;

impl Program {
    /// Whether what a measure tells may depend on what scenarios do to contacts. Otherwise the CRM alone says it.
    pub fn feeds_back(&self) -> bool {
        if self.measures().is_empty() {
            return false;
        }
        // Whoever is erased is not counted any more; fields that scenarios change may say in which zone days are counted.
        let changed = self.changed_fields();
        let is_changed = |code: &Code| code.contact.iter().any(|field| changed.contains(field.name.as_str()));
        let reads = |code: &Code| is_changed(code) || reads_own_facts(code);
        self.may_erase()
            || self.policy().code().is_some_and(is_changed)
            || self.measures().iter().any(|linked| reads(&linked.measure.code))
    }

    /// The fields of a contact that steps change.
    fn changed_fields(&self) -> BTreeSet<&str> {
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
fn reads_own_facts(code: &Code) -> bool {
    code.events.iter().any(|event| OWN_EVENTS.contains(&event.name.as_str()))
        || code.exprs.values().iter().any(|expr| matches!(expr, Expr::Balance(_) | Expr::InScenario(_)))
}

//! The texts of scenarios, with their places; made by whoever has the sources.

use crate::engine::Unit;
use crate::ir::StepIx;
use serde::Serialize;
use std::collections::BTreeMap;

/// What is written, on one line, and where: `renewal.scn:3`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Quote {
    pub text: String,
    pub place: String,
}

/// The texts of one scenario.
#[derive(Clone, Debug, Default)]
pub struct ScenarioTexts {
    pub title: Option<String>,
    pub place: String,
    pub start: Option<Quote>,
    pub audience: Option<Quote>,
    pub entry: Option<Quote>,
    pub goal: Option<Quote>,
    pub stop_when: Option<Quote>,
    /// Of each trigger, the clauses of its filter.
    pub filters: Vec<Vec<Quote>>,
    /// Of each instruction, the step without the steps inside it.
    pub steps: BTreeMap<StepIx, Quote>,
    /// `unless ...`, `only if ...`
    pub guards: BTreeMap<StepIx, Quote>,
}

/// The texts of all scenarios, by name.
#[derive(Clone, Debug, Default)]
pub struct Texts(pub BTreeMap<String, ScenarioTexts>);

impl Texts {
    /// The texts of a version; `None` for an older one, whose text is gone.
    pub fn of(&self, unit: &Unit) -> Option<&ScenarioTexts> {
        self.0.get(&unit.scenario.name).filter(|_| unit.current)
    }
}

//! Where the clauses of scenarios are written, for those who explain what came of them.

use crate::ir::{self, Op, StepIx};
use crate::span::Span;
use crate::syntax::tree::{ClauseKind, Scenario, Step, StepKind};
use std::collections::BTreeMap;

/// Where the clauses of one scenario are written, as the text has them: definitions are not unfolded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clauses {
    /// `when ...`, `every ...`
    pub start: Option<Span>,
    /// `for ...`
    pub audience: Option<Span>,
    /// `once`, `latest`, ...
    pub entry: Option<Span>,
    pub goal: Option<Span>,
    pub stop_when: Option<Span>,
    /// Of each instruction, the step without the steps inside it; of the branches of an `if`, each its condition.
    pub steps: BTreeMap<StepIx, Span>,
    /// `unless ...`, `only if ...`
    pub guards: BTreeMap<StepIx, Span>,
}

/// The clauses of a scenario as it is written; `steps` says where its instructions come from.
pub(super) fn clauses(tree: &Scenario, scenario: &ir::Scenario, steps: &[(StepIx, Span)]) -> Clauses {
    let mut clauses = heads(tree);
    let mut written = BTreeMap::new();
    tree.steps.iter().for_each(|step| note(step, &mut written));
    for clause in &tree.clauses {
        if let ClauseKind::Goal { then: Some(step), .. } = &clause.kind {
            note(step, &mut written);
        }
    }
    // How many branches of a step came already, in its turn.
    let mut branches: BTreeMap<(u32, u32), usize> = BTreeMap::new();
    for (place, span) in steps {
        let (Some(instruction), Some(step)) = (scenario.steps.get(*place), written.get(&(span.start, span.end))) else {
            continue;
        };
        let guard = step.guard.as_ref().map(|guard| guard.span);
        let is_branch = matches!(instruction.op, Op::Branch { .. });
        let branch = branches.entry((span.start, instruction.visit)).or_default();
        let head = match (&step.kind, guard) {
            (_, Some(guard)) if is_branch && *branch == 0 => guard,
            (StepKind::If { arms, .. }, _) if is_branch => {
                let arm = *branch - usize::from(guard.is_some());
                let condition = arms.get(arm).map_or(*span, |arm| arm.condition.span);
                if arm == 0 { Span { end: condition.end, ..*span } } else { condition }
            }
            (StepKind::Split { name, .. }, _) => Span { end: name.span.end, ..*span },
            (StepKind::Repeat { every, .. }, _) => Span { end: every.span.end, ..*span },
            _ => *span,
        };
        *branch += usize::from(is_branch);
        clauses.steps.insert(*place, head);
        clauses.guards.extend(guard.map(|guard| (*place, guard)));
    }
    clauses
}

/// The clauses before the first step.
fn heads(tree: &Scenario) -> Clauses {
    let mut clauses = Clauses::default();
    for clause in &tree.clauses {
        let place = match &clause.kind {
            ClauseKind::When(_) | ClauseKind::WhenNo { .. } | ClauseKind::Every { .. } | ClauseKind::WhenStarted => {
                &mut clauses.start
            }
            ClauseKind::For(_) => &mut clauses.audience,
            ClauseKind::Once
            | ClauseKind::OnceEvery(_)
            | ClauseKind::OncePer(_)
            | ClauseKind::OneAtATime
            | ClauseKind::Latest => &mut clauses.entry,
            ClauseKind::Goal { .. } => &mut clauses.goal,
            ClauseKind::StopWhen(_) => &mut clauses.stop_when,
        };
        *place = Some(clause.span);
    }
    clauses
}

/// A step and those inside it, by where they are written.
fn note<'t>(step: &'t Step, written: &mut BTreeMap<(u32, u32), &'t Step>) {
    written.insert((step.span.start, step.span.end), step);
    let inner: Vec<&Step> = match &step.kind {
        StepKind::If { arms, otherwise } => {
            arms.iter().flat_map(|arm| &arm.steps).chain(otherwise.iter().flatten()).collect()
        }
        StepKind::Split { arms, .. } => arms.iter().flat_map(|arm| &arm.steps).collect(),
        StepKind::Repeat { steps, .. } => steps.iter().collect(),
        _ => Vec::new(),
    };
    inner.into_iter().for_each(|step| note(step, written));
}

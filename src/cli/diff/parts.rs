//! What was changed inside a scenario: its clauses by what they say, its steps in their order, those inside blocks too.

use super::changes::{Change, Finder, Row};
use super::texts::Texts;
use crate::span::Span;
use crate::syntax::tree::{Clause, ClauseKind, Scenario, Step, StepKind};

impl Finder<'_> {
    /// `None` where a part of the old text has no place for what comes.
    pub(super) fn scenario(&self, item: &str, old: &Scenario, new: &Scenario) -> Option<Vec<Change>> {
        let mut found = self.clauses(item, &old.clauses, &new.clauses)?;
        found.extend(self.steps(item, &old.steps, &new.steps)?);
        Some(found)
    }

    /// Clauses have no order; of each kind there is one.
    fn clauses(&self, item: &str, old: &[Clause], new: &[Clause]) -> Option<Vec<Change>> {
        let mut found = Vec::new();
        for clause in old {
            match new.iter().find(|other| slot(other) == slot(clause)) {
                Some(other) if self.old.phrase(clause.span) != self.new.phrase(other.span) => {
                    found.push(self.replaced(item, clause.span, other.span));
                }
                Some(_) => {}
                None => found.push(self.gone(item, clause.span)),
            }
        }
        let last = old.last().map(|clause| Span { start: clause.span.end, ..clause.span });
        for clause in new.iter().filter(|clause| !old.iter().any(|other| slot(other) == slot(clause))) {
            found.push(self.come(item, last?, clause.span));
        }
        Some(found)
    }

    fn steps(&self, item: &str, old: &[Step], new: &[Step]) -> Option<Vec<Change>> {
        let rows = |steps: &[Step], texts: &Texts<'_>| {
            steps.iter().map(|step| Row::new(texts, step.span, kind(step))).collect::<Vec<Row>>()
        };
        self.rows(item, &rows(old, self.old), &rows(new, self.new), |one, other| {
            let (step, now) = (old.get(one)?, new.get(other)?);
            let inside = self.inside(item, step, now);
            Some(inside.unwrap_or_else(|| vec![self.replaced(item, step.span, now.span)]))
        })
    }

    /// What was changed in a block; `None` where it is another block as a whole.
    fn inside(&self, item: &str, old: &Step, new: &Step) -> Option<Vec<Change>> {
        let label = |step: &Step| step.label.as_ref().map(|label| label.value.clone());
        let guard = |step: &Step, texts: &Texts<'_>| step.guard.as_ref().map(|guard| texts.phrase(guard.span));
        if label(old) != label(new) || guard(old, self.old) != guard(new, self.new) {
            return None;
        }
        match (&old.kind, &new.kind) {
            (StepKind::If { arms, otherwise }, StepKind::If { arms: new_arms, otherwise: new_otherwise }) => {
                if arms.len() != new_arms.len() || otherwise.is_some() != new_otherwise.is_some() {
                    return None;
                }
                let mut found = Vec::new();
                for (arm, now) in arms.iter().zip(new_arms) {
                    found.extend(self.head(item, arm.condition.span, now.condition.span));
                    found.extend(self.steps(item, &arm.steps, &now.steps)?);
                }
                if let (Some(steps), Some(now)) = (otherwise, new_otherwise) {
                    found.extend(self.steps(item, steps, now)?);
                }
                Some(found)
            }
            (StepKind::Split { name, arms }, StepKind::Split { name: new_name, arms: new_arms }) => {
                // The shares of all arms are one hundred percent together: they are changed at once.
                let shares = arms.iter().map(|arm| (&arm.name.value, arm.share.value));
                if name.value != new_name.value
                    || !shares.eq(new_arms.iter().map(|arm| (&arm.name.value, arm.share.value)))
                {
                    return None;
                }
                let arms = arms.iter().zip(new_arms);
                let found: Option<Vec<_>> = arms.map(|(arm, now)| self.steps(item, &arm.steps, &now.steps)).collect();
                Some(found?.into_iter().flatten().collect())
            }
            (
                StepKind::Repeat { times, every, steps },
                StepKind::Repeat { times: new_times, every: new_every, steps: new_steps },
            ) => {
                let mut found: Vec<Change> =
                    self.head(item, times.span.to(every.span), new_times.span.to(new_every.span)).into_iter().collect();
                found.extend(self.steps(item, steps, new_steps)?);
                Some(found)
            }
            _ => None,
        }
    }

    /// The head of a block, where it is another one now.
    fn head(&self, item: &str, old: Span, new: Span) -> Option<Change> {
        (self.old.phrase(old) != self.new.phrase(new)).then(|| self.replaced(item, old, new))
    }
}

fn slot(clause: &Clause) -> u8 {
    match &clause.kind {
        ClauseKind::When(_) | ClauseKind::WhenNo { .. } | ClauseKind::Every { .. } | ClauseKind::WhenStarted => 0,
        ClauseKind::For(_) => 1,
        ClauseKind::Once
        | ClauseKind::OnceEvery(_)
        | ClauseKind::OncePer(_)
        | ClauseKind::OneAtATime
        | ClauseKind::Latest => 2,
        ClauseKind::Goal { .. } => 3,
        ClauseKind::StopWhen(_) => 4,
    }
}

/// What may be edited into each other.
fn kind(step: &Step) -> &'static str {
    match &step.kind {
        StepKind::Wait(_) | StepKind::WaitUntil(_) | StepKind::WaitUpTo { .. } => "wait",
        StepKind::Send(_) => "send",
        StepKind::If { .. } => "if",
        StepKind::Stop => "stop",
        StepKind::Set { .. } => "set",
        StepKind::Tag { .. } => "tag",
        StepKind::Account { .. } => "account",
        StepKind::Start(_) => "start",
        StepKind::Erase(_) => "erase",
        StepKind::Call { .. } => "call",
        StepKind::Split { .. } => "split",
        StepKind::Repeat { .. } => "repeat",
    }
}

//! A scenario to instructions: a main sequence from 0, then the sequence of `goal ... then`.
//!
//! `if` becomes branches and jumps that carry its number; an `if` with a guard begins with a branch over the guard.
//! The instruction [`Op::End`] belongs to no step of the text and has number 0.

use super::lower::{InError, Lowerer};
use super::uses::Uses;
use crate::check::typed::{self, StepKind};
use crate::ir::Arena;
use crate::ir::{
    Alternative, Class, EntryRule, ExprIx, Goal, Guard, Moment, Op, Scenario, Send, Start, Step, StepIx, Trigger,
    WithValue,
};
use crate::model::Model;
use crate::span::Span;

/// A scenario, and where its instructions were written.
#[derive(Debug)]
pub struct Lowered {
    pub scenario: Scenario,
    pub steps: Vec<(StepIx, Span)>,
}

/// Lowers one scenario; an error when a part of it is in error.
pub fn lower(typed: &typed::Scenario, model: &Model) -> Result<Lowered, InError> {
    let mut lowerer = Lowerer::new(uses(typed), model);
    let mut triggers = Vec::with_capacity(typed.start.events().len());
    for trigger in typed.start.events() {
        let event = Some(trigger.event.as_str());
        let filter = lowerer.conjunction(&trigger.filters, event)?;
        triggers.push(Trigger { event: lowerer.event(&trigger.event)?, filter });
    }
    let audience = optional(&mut lowerer, typed.audience.as_ref())?;
    let entry = entry(&mut lowerer, typed)?;
    let stop_when = optional(&mut lowerer, typed.stop_when.as_ref())?;
    let mut sequence = Sequences { lowerer, ops: Arena::default(), spans: Vec::new() };
    sequence.sequence(&typed.steps)?;
    sequence.end();
    let goal = match &typed.goal {
        None => None,
        Some(goal) => Some(sequence.goal(goal)?),
    };
    let Sequences { lowerer, ops, spans } = sequence;
    let scenario = Scenario {
        name: typed.name.clone(),
        start: Start::Events(triggers),
        audience,
        entry,
        goal,
        stop_when,
        steps: ops,
        code: lowerer.code,
    };
    Ok(Lowered { scenario, steps: spans })
}

fn uses(typed: &typed::Scenario) -> Uses<'_> {
    let mut uses = Uses::default();
    for trigger in typed.start.events() {
        uses.trigger(&trigger.event);
    }
    for trigger in typed.start.events() {
        trigger.filters.iter().for_each(|filter| uses.expr(filter, Some(&trigger.event)));
    }
    if let typed::EntryRule::OncePer(path) = &typed.entry {
        uses.shared(path);
    }
    typed.expressions().into_iter().for_each(|expr| uses.expr(expr, None));
    uses
}

pub(super) fn optional(lowerer: &mut Lowerer, expr: Option<&typed::Expr>) -> Result<Option<ExprIx>, InError> {
    expr.map(|expr| lowerer.expr(expr, None)).transpose()
}

fn entry(lowerer: &mut Lowerer, typed: &typed::Scenario) -> Result<EntryRule, InError> {
    Ok(match &typed.entry {
        typed::EntryRule::Always => EntryRule::Always,
        typed::EntryRule::Once => EntryRule::Once,
        typed::EntryRule::Latest => EntryRule::Latest,
        typed::EntryRule::OneAtATime => EntryRule::OneAtATime,
        typed::EntryRule::OnceEvery(duration) => EntryRule::OnceEvery(lowerer.expr(duration, None)?),
        // The field has one slot in every trigger.
        typed::EntryRule::OncePer(path) => {
            let first = typed.start.events().first().map(|trigger| trigger.event.as_str());
            EntryRule::OncePer(lowerer.expr(path, first)?)
        }
    })
}

struct Sequences {
    lowerer: Lowerer,
    ops: Arena<StepIx, Step>,
    spans: Vec<(StepIx, Span)>,
}

impl Sequences {
    fn push(&mut self, of: &typed::Step, guard: Option<Guard>, op: Op) -> StepIx {
        let place = self.ops.push(Step { ordinal: of.ordinal, visit: 0, label: of.label.clone(), guard, op });
        self.spans.push((place, of.span));
        place
    }

    fn end(&mut self) {
        self.ops.push(Step { ordinal: 0, visit: 0, label: None, guard: None, op: Op::End });
    }

    fn goal(&mut self, goal: &typed::Goal) -> Result<Goal, InError> {
        let condition = self.lowerer.expr(&goal.condition, None)?;
        let within = optional(&mut self.lowerer, goal.within.as_ref())?;
        let then = (!goal.then.is_empty()).then(|| self.ops.next_index());
        if then.is_some() {
            self.sequence(&goal.then)?;
            self.end();
        }
        Ok(Goal { condition, within, then })
    }

    fn sequence(&mut self, steps: &[typed::Step]) -> Result<(), InError> {
        let mut before: Option<StepIx> = None;
        for step in steps {
            before = self.step(step, before)?;
        }
        Ok(())
    }

    /// One step; gives its place when it is a wait.
    fn step(&mut self, step: &typed::Step, wait_before: Option<StepIx>) -> Result<Option<StepIx>, InError> {
        if let StepKind::If { arms, otherwise } = &step.kind {
            self.branches(step, arms, otherwise.as_deref())?;
            return Ok(None);
        }
        let op = self.op(&step.kind, wait_before)?;
        let guard = match &step.guard {
            None => None,
            Some(typed::Guard::Unless(condition)) => Some(Guard::Unless(self.lowerer.expr(condition, None)?)),
            Some(typed::Guard::OnlyIf(condition)) => Some(Guard::OnlyIf(self.lowerer.expr(condition, None)?)),
        };
        let place = self.push(step, guard, op);
        Ok(step.is_wait().then_some(place))
    }

    fn op(&mut self, kind: &StepKind, wait_before: Option<StepIx>) -> Result<Op, InError> {
        Ok(match kind {
            StepKind::Error | StepKind::If { .. } => return Err(InError),
            StepKind::Stop => Op::Stop,
            StepKind::Wait(duration) => Op::Wait(self.lowerer.expr(duration, None)?),
            StepKind::WaitFor { limit, condition, engagement } => Op::WaitFor {
                limit: self.lowerer.expr(limit, None)?,
                condition: self.lowerer.expr(condition, None)?,
                engagement: engagement.clone(),
            },
            StepKind::WaitUntil(moment) => Op::WaitUntil(match moment {
                typed::Moment::At(instant) => Moment::At(self.lowerer.expr(instant, None)?),
                typed::Moment::Anniversary(date) => Moment::Anniversary(self.lowerer.expr(date, None)?),
                typed::Moment::Weekly { day, time } => Moment::Weekly { day: *day, time: *time },
            }),
            StepKind::Send(send) => Op::Send(self.send(send, wait_before)?),
            _ => return Err(InError), // waist
        })
    }

    fn send(&mut self, send: &typed::Send, wait_before: Option<StepIx>) -> Result<Send, InError> {
        let class = match send.class {
            typed::Class::Marketing => Class::Marketing,
            typed::Class::Service => Class::Service,
            typed::Class::Transactional => Class::Transactional,
        };
        let mut alternatives = Vec::with_capacity(send.alternatives.len());
        for each in &send.alternatives {
            let address = self.lowerer.expr(&each.address, None)?;
            alternatives.push(Alternative {
                channel: each.channel.clone(),
                message: each.message.clone(),
                address,
                consent: None,
            });
        }
        let mut with = Vec::with_capacity(send.with.len());
        for each in &send.with {
            let ty = each.value.ty.clone().ok_or(InError)?;
            with.push(WithValue { name: each.name.clone(), ty, value: self.lowerer.expr(&each.value, None)? });
        }
        if alternatives.is_empty() {
            return Err(InError);
        }
        let together = if send.together { Some(wait_before.ok_or(InError)?) } else { None };
        Ok(Send { class, alternatives, with, together })
    }

    fn branches(
        &mut self,
        step: &typed::Step,
        arms: &[(typed::Expr, Vec<typed::Step>)],
        otherwise: Option<&[typed::Step]>,
    ) -> Result<(), InError> {
        let unset = StepIx(0);
        let mut to_the_end = Vec::new();
        if let Some(guard) = &step.guard {
            let condition = match guard {
                typed::Guard::OnlyIf(condition) => self.lowerer.expr(condition, None)?,
                // Unknown stays unknown under `not`, and so holds the step back.
                typed::Guard::Unless(condition) => self.lowerer.not(condition)?,
            };
            to_the_end.push(self.push(step, None, Op::Branch { condition, otherwise: unset }));
        }
        for (place, (condition, steps)) in arms.iter().enumerate() {
            let condition = self.lowerer.expr(condition, None)?;
            let branch = self.push(step, None, Op::Branch { condition, otherwise: unset });
            self.sequence(steps)?;
            let is_last = place + 1 == arms.len() && otherwise.is_none();
            let goes_on = !matches!(self.ops.values().last(), Some(Step { op: Op::Stop, guard: None, .. }));
            if !is_last && goes_on {
                to_the_end.push(self.push(step, None, Op::Jump(unset)));
            }
            self.aim(branch);
        }
        if let Some(steps) = otherwise {
            self.sequence(steps)?;
        }
        to_the_end.into_iter().for_each(|place| self.aim(place));
        Ok(())
    }

    /// Lets a branch or a jump lead to the next instruction.
    fn aim(&mut self, place: StepIx) {
        let next = self.ops.next_index();
        match self.ops.get_mut(place).map(|step| &mut step.op) {
            Some(Op::Branch { otherwise, .. }) => *otherwise = next,
            Some(Op::Jump(target)) => *target = next,
            _ => {}
        }
    }
}

//! A scenario to instructions: a main sequence from 0, then the sequence of `goal ... then`.
//!
//! `if` becomes branches and jumps that carry its number, `split` a draw and jumps, `repeat` its turns one after the other with a
//! wait between them; one of these with a guard begins with a branch over all of it.
//! The instruction [`Op::End`] belongs to no step of the text and has number 0.

use super::lower::{InError, Lowerer};
use super::uses::Uses;
use crate::check::typed::{self, StepKind};
use crate::ir::Arena;
use crate::ir::{
    Alternative, Class, EntryRule, ExprIx, Goal, Guard, Moment, Occurrence, Op, Scenario, Send, SplitArm, Start, Step,
    StepIx, Trigger, WithValue,
};
use crate::model::Model;
use crate::span::Span;

/// Where a branch leads until it is known.
const UNSET: StepIx = StepIx(0);

/// A scenario, and where its instructions were written.
#[derive(Debug)]
pub struct Lowered {
    pub scenario: Scenario,
    pub steps: Vec<(StepIx, Span)>,
}

/// Lowers one scenario; an error when a part of it is in error.
pub fn lower(typed: &typed::Scenario, model: &Model) -> Result<Lowered, InError> {
    let mut lowerer = Lowerer::new(uses(typed), model);
    let start = start(&mut lowerer, &typed.start)?;
    let audience = optional(&mut lowerer, typed.audience.as_ref())?;
    let entry = entry(&mut lowerer, typed)?;
    let stop_when = optional(&mut lowerer, typed.stop_when.as_ref())?;
    let mut sequence = Sequences { lowerer, ops: Arena::default(), spans: Vec::new(), visit: 0 };
    sequence.sequence(&typed.steps)?;
    sequence.end();
    let goal = match &typed.goal {
        None => None,
        Some(goal) => Some(sequence.goal(goal)?),
    };
    let Sequences { lowerer, ops, spans, .. } = sequence;
    let scenario =
        Scenario { name: typed.name.clone(), start, audience, entry, goal, stop_when, steps: ops, code: lowerer.code };
    Ok(Lowered { scenario, steps: spans })
}

fn uses(typed: &typed::Scenario) -> Uses<'_> {
    let mut uses = Uses::default();
    typed.trigger_events().into_iter().for_each(|event| uses.trigger(event));
    for trigger in typed.start.events() {
        trigger.filters.iter().for_each(|filter| uses.expr(filter, Some(&trigger.event)));
    }
    if let typed::EntryRule::OncePer(path) = &typed.entry {
        uses.shared(path);
    }
    if let typed::Start::Silence { duration, .. } = &typed.start {
        uses.shared(duration);
    }
    typed.expressions().into_iter().for_each(|expr| uses.expr(expr, None));
    for step in typed.all_steps() {
        if let StepKind::Set { field, .. } = &step.kind {
            uses.contact(field);
        }
    }
    uses
}

fn start(lowerer: &mut Lowerer, start: &typed::Start) -> Result<Start, InError> {
    let mut events = Vec::with_capacity(start.events().len());
    for trigger in start.events() {
        let filter = lowerer.conjunction(&trigger.filters, Some(&trigger.event))?;
        events.push(Trigger { event: lowerer.event(&trigger.event)?, filter });
    }
    Ok(match start {
        typed::Start::Error => return Err(InError),
        typed::Start::Events(_) => Start::Events(events),
        typed::Start::Started => Start::Started,
        typed::Start::Silence { duration, since, .. } => {
            // The fields that it reads have one slot in every such event.
            let first = start.events().first().map(|trigger| trigger.event.as_str());
            let duration = lowerer.expr(duration, first)?;
            Start::Silence { events, duration, since: optional(lowerer, since.as_ref())? }
        }
        typed::Start::Every { occurrence, since } => {
            let occurrence = self::occurrence(lowerer, occurrence)?;
            Start::Every { occurrence, since: optional(lowerer, since.as_ref())? }
        }
    })
}

fn occurrence(lowerer: &mut Lowerer, occurrence: &typed::Occurrence) -> Result<Occurrence, InError> {
    Ok(match occurrence {
        typed::Occurrence::Day { at } => Occurrence::Day { at: *at },
        typed::Occurrence::Weekly { day, at } => Occurrence::Weekly { day: *day, at: *at },
        typed::Occurrence::Monthly { months, at } => Occurrence::Monthly { months: *months, at: *at },
        typed::Occurrence::Anniversary { date, shift, at } => Occurrence::Anniversary {
            date: lowerer.expr(date, None)?,
            shift: optional(lowerer, shift.as_deref())?,
            at: *at,
        },
    })
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
            let events = typed.trigger_events();
            EntryRule::OncePer(lowerer.expr(path, events.first().copied())?)
        }
    })
}

pub(super) fn class(class: typed::Class) -> Class {
    match class {
        typed::Class::Marketing => Class::Marketing,
        typed::Class::Service => Class::Service,
        typed::Class::Transactional => Class::Transactional,
    }
}

struct Sequences {
    lowerer: Lowerer,
    ops: Arena<StepIx, Step>,
    spans: Vec<(StepIx, Span)>,
    /// Which turn of the `repeat`s around it is written.
    visit: u32,
}

impl Sequences {
    fn push(&mut self, of: &typed::Step, guard: Option<Guard>, op: Op) -> StepIx {
        let visit = self.visit;
        let place = self.ops.push(Step { ordinal: of.ordinal, visit, label: of.label.clone(), guard, op });
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
        match &step.kind {
            StepKind::If { arms, otherwise } => {
                let over = self.guarded(step)?;
                self.branches(step, arms, otherwise.as_deref(), over)?;
                return Ok(None);
            }
            StepKind::Split { name, arms } => {
                let over = self.guarded(step)?;
                self.split(step, name, arms, over)?;
                return Ok(None);
            }
            StepKind::Repeat { times, every, steps } => {
                let over = self.guarded(step)?;
                self.repeat(step, *times, every, steps)?;
                over.into_iter().for_each(|place| self.aim(place));
                return Ok(None);
            }
            _ => {}
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
            StepKind::Error | StepKind::If { .. } | StepKind::Split { .. } | StepKind::Repeat { .. } => {
                return Err(InError);
            }
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
            StepKind::Set { field, value, .. } => {
                Op::Set { field: self.lowerer.contact(field)?, value: self.lowerer.expr(value, None)? }
            }
            StepKind::Tag { add, tag } => Op::Tag { add: *add, tag: self.lowerer.expr(tag, None)? },
            StepKind::Credit { account, amount, expires } => Op::Credit {
                account: account.clone(),
                amount: self.lowerer.expr(amount, None)?,
                expires: optional(&mut self.lowerer, expires.as_ref())?,
            },
            StepKind::Debit { account, amount } => {
                Op::Debit { account: account.clone(), amount: self.lowerer.expr(amount, None)? }
            }
            StepKind::Start(scenario) => Op::Start { scenario: scenario.clone() },
            StepKind::Erase => Op::Erase,
            StepKind::Call { webhook, with } => Op::Call { webhook: webhook.clone(), with: self.with(with)? },
        })
    }

    fn with(&mut self, with: &[typed::WithValue]) -> Result<Vec<WithValue>, InError> {
        let lowered = with.iter().map(|each| {
            let ty = each.value.ty.clone().ok_or(InError)?;
            Ok(WithValue { name: each.name.clone(), ty, value: self.lowerer.expr(&each.value, None)? })
        });
        lowered.collect()
    }

    fn send(&mut self, send: &typed::Send, wait_before: Option<StepIx>) -> Result<Send, InError> {
        let class = class(send.class);
        let mut alternatives = Vec::with_capacity(send.alternatives.len());
        for each in &send.alternatives {
            let address = self.lowerer.expr(&each.address, None)?;
            // Who consents to marketing is asked of marketing alone.
            let consent = each.consent.as_ref().filter(|_| class == Class::Marketing);
            let consent = optional(&mut self.lowerer, consent)?;
            let (channel, message) = (each.channel.clone(), each.message.clone());
            alternatives.push(Alternative { channel, message, address, consent });
        }
        let with = self.with(&send.with)?;
        if alternatives.is_empty() {
            return Err(InError);
        }
        let together = if send.together { Some(wait_before.ok_or(InError)?) } else { None };
        Ok(Send { class, alternatives, with, together })
    }

    /// The guard of a step that holds others: a branch over all of it.
    fn guarded(&mut self, step: &typed::Step) -> Result<Option<StepIx>, InError> {
        let condition = match &step.guard {
            None => return Ok(None),
            Some(typed::Guard::OnlyIf(condition)) => self.lowerer.expr(condition, None)?,
            // Unknown stays unknown under `not`, and so holds the step back.
            Some(typed::Guard::Unless(condition)) => self.lowerer.not(condition)?,
        };
        Ok(Some(self.push(step, None, Op::Branch { condition, otherwise: UNSET })))
    }

    fn branches(
        &mut self,
        step: &typed::Step,
        arms: &[(typed::Expr, Vec<typed::Step>)],
        otherwise: Option<&[typed::Step]>,
        over: Option<StepIx>,
    ) -> Result<(), InError> {
        let mut to_the_end: Vec<StepIx> = over.into_iter().collect();
        for (place, (condition, steps)) in arms.iter().enumerate() {
            let condition = self.lowerer.expr(condition, None)?;
            let branch = self.push(step, None, Op::Branch { condition, otherwise: UNSET });
            self.sequence(steps)?;
            let is_last = place + 1 == arms.len() && otherwise.is_none();
            to_the_end.extend(self.jump_on(step, steps, is_last));
            self.aim(branch);
        }
        if let Some(steps) = otherwise {
            self.sequence(steps)?;
        }
        to_the_end.into_iter().for_each(|place| self.aim(place));
        Ok(())
    }

    /// The way from the steps of one arm over the other arms, where there is one.
    fn jump_on(&mut self, step: &typed::Step, steps: &[typed::Step], is_last: bool) -> Option<StepIx> {
        let goes_on = !steps.iter().any(typed::Step::ends);
        (!is_last && goes_on).then(|| self.push(step, None, Op::Jump(UNSET)))
    }

    fn split(
        &mut self,
        step: &typed::Step,
        name: &str,
        arms: &[typed::SplitArm],
        over: Option<StepIx>,
    ) -> Result<(), InError> {
        let mut to_the_end: Vec<StepIx> = over.into_iter().collect();
        let drawn = self.push(step, None, Op::Split { name: name.to_owned(), arms: Vec::new() });
        let mut lowered = Vec::with_capacity(arms.len());
        for (place, arm) in arms.iter().enumerate() {
            lowered.push(SplitArm { name: arm.name.clone(), share: arm.share, to: self.ops.next_index() });
            self.sequence(&arm.steps)?;
            to_the_end.extend(self.jump_on(step, &arm.steps, place + 1 == arms.len()));
        }
        if let Some(Op::Split { arms, .. }) = self.ops.get_mut(drawn).map(|step| &mut step.op) {
            *arms = lowered;
        }
        to_the_end.into_iter().for_each(|place| self.aim(place));
        Ok(())
    }

    /// The turns one after the other, with a wait between them.
    fn repeat(
        &mut self,
        step: &typed::Step,
        times: u32,
        every: &typed::Expr,
        steps: &[typed::Step],
    ) -> Result<(), InError> {
        let around = self.visit;
        for turn in 0..times {
            self.visit = around.saturating_mul(times).saturating_add(turn);
            if turn > 0 {
                let every = self.lowerer.expr(every, None)?;
                self.push(step, None, Op::Wait(every));
            }
            self.sequence(steps)?;
        }
        self.visit = around;
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

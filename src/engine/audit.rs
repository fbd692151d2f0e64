//! Waits that cannot be: for which entities does a `wait` have no value, or leave no time?

use super::eval::{Eval, EventAtHand, TriggerValues};
use super::facts::World;
use super::linked::LinkedCode;
use super::output::Reason;
use super::program::{Program, Unit};
use super::sending::held;
use super::value::{EntityRef, Value};
use crate::ir::{Expr, ExprIx, Guard, Op, Scenario, StepIx, Trigger};
use crate::model::Type;
use crate::time::Instant;
use std::collections::BTreeSet;

/// A row of an entity for which a wait ends the instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hopeless {
    /// The scenario's place in the program.
    pub unit: u16,
    pub step: StepIx,
    /// [`Reason::Missing`] or [`Reason::NoTimeLeft`].
    pub reason: Reason,
    pub entity: EntityRef,
}

/// Judges every `wait` whose length depends on an entity of the trigger, for every row of that entity that the
/// trigger's filter may let pass.
pub fn hopeless_waits(program: &Program, world: &World) -> Vec<Hopeless> {
    let mut found = Vec::new();
    for (place, unit) in program.units().iter().enumerate() {
        for trigger in unit.scenario.start.events() {
            for (step, node) in unit.scenario.steps.iter() {
                if let Op::Wait(duration) = node.op {
                    judge(program, world, (place as u16, unit), trigger, (step, duration), &mut found);
                }
            }
        }
    }
    found.dedup();
    found
}

fn judge(
    program: &Program,
    world: &World,
    (place, unit): (u16, &Unit),
    trigger: &Trigger,
    (step, duration): (StepIx, ExprIx),
    found: &mut Vec<Hopeless>,
) {
    let code = &unit.code;
    let Some(&kind) = code.events.get(usize::from(trigger.event)) else { return };
    let Some(event) = program.needs().events.get(usize::from(kind)) else { return };
    let trigger_fields = code.trigger_fields(kind);
    for (slot, field) in code.code.trigger.iter().enumerate() {
        let Type::Entity(name) = &field.ty else { continue };
        let Some(entity) = program.needs().entity(name).filter(|_| reads_field_of(code, duration, slot as u16)) else {
            continue;
        };
        let Some(column) = trigger_fields.get(slot) else { continue };
        // A filter reads the event at hand, whose fields have places of their own.
        let own_fields = code.code.events.get(usize::from(trigger.event)).map_or(&[] as &[_], |event| &event.fields);
        let own_field = own_fields.iter().position(|each| each.name == field.name).map(|place| place as u16);
        let rows = world.tables.get(usize::from(entity)).map_or(0, super::EntityTable::len);
        for row in 0..rows as u32 {
            let entity = EntityRef { entity, row };
            let mut values = vec![Value::Missing; event.fields.len()];
            if let Some(value) = values.get_mut(usize::from(*column)) {
                *value = Value::Entity(entity);
            }
            let mut eval = Eval::of_event(code, world, EventAtHand::of(code, trigger.event, Instant::MIN, &values));
            eval.trigger = TriggerValues::Row(&values, trigger_fields);
            if trigger.filter.is_some_and(|filter| own_field.is_some_and(|field| refuses(&eval, filter, true, field))) {
                continue;
            }
            let of_row = OfRow { eval: &eval, slot: slot as u16 };
            let Some(reason) = of_row.ends_at(duration).filter(|_| of_row.reaches(&unit.scenario, step)) else {
                continue;
            };
            found.push(Hopeless { unit: place, step, reason, entity });
        }
    }
}

/// Whether a condition cannot have this answer for an event that has a row in this field, whatever else the event says. What
/// the row alone decides must be true: an unknown filter starts nothing.
fn refuses(eval: &Eval<'_>, condition: ExprIx, wanted: bool, field: u16) -> bool {
    let refuses = |part: &ExprIx, wanted: bool| refuses(eval, *part, wanted, field);
    match eval.code.code.exprs.get(condition) {
        Some(Expr::Not(inner)) => refuses(inner, !wanted),
        Some(Expr::And(parts)) if wanted => parts.iter().any(|part| refuses(part, true)),
        Some(Expr::Or(parts)) if !wanted => parts.iter().any(|part| refuses(part, false)),
        Some(Expr::And(parts) | Expr::Or(parts)) => parts.iter().all(|part| refuses(part, wanted)),
        _ => follows_from(eval.code, condition, &Expr::Event(field)) && eval.truth(condition) != Some(wanted),
    }
}

/// Whether an expression depends on the entity in this field alone.
fn follows_from(code: &LinkedCode, ix: ExprIx, field: &Expr) -> bool {
    match code.code.exprs.get(ix) {
        Some(one) if one.is_of_operands() || matches!(one, Expr::Field { .. }) => {
            one.operands().into_iter().all(|part| follows_from(code, part, field))
        }
        Some(one) => one == field,
        None => false,
    }
}

/// Whether an expression reads a field of the entity in this trigger field.
fn reads_field_of(code: &LinkedCode, ix: ExprIx, slot: u16) -> bool {
    let Some(expr) = code.code.exprs.get(ix) else { return false };
    let is_of = |of: &ExprIx| matches!(code.code.exprs.get(*of), Some(Expr::Trigger(field)) if *field == slot);
    matches!(expr, Expr::Field { of, .. } if is_of(of))
        || expr.operands().into_iter().any(|part| reads_field_of(code, part, slot))
}

/// What is certain of all instances whose trigger has a row in a field, whoever the contact is.
struct OfRow<'a, 'e> {
    eval: &'a Eval<'e>,
    /// The trigger field.
    slot: u16,
}

impl OfRow<'_, '_> {
    fn is_known(&self, ix: ExprIx) -> bool {
        follows_from(self.eval.code, ix, &Expr::Trigger(self.slot))
    }

    /// Why nobody can wait for this long.
    fn ends_at(&self, duration: ExprIx) -> Option<Reason> {
        if self.is_missing(duration) {
            return Some(Reason::Missing);
        }
        let known = self.eval.duration(duration).filter(|_| self.is_known(duration))?;
        (known.nominal() <= 0).then_some(Reason::NoTimeLeft)
    }

    /// Whether the row leaves an expression without a value, whatever else it reads.
    fn is_missing(&self, ix: ExprIx) -> bool {
        if self.is_known(ix) {
            return self.eval.value(ix).is_missing();
        }
        match self.eval.code.code.exprs.get(ix) {
            Some(
                Expr::Add(one, two) | Expr::Subtract(one, two) | Expr::Multiply(one, two) | Expr::Divide(one, two),
            ) => self.is_missing(*one) || self.is_missing(*two),
            Some(Expr::Negate(one) | Expr::Round(one)) => self.is_missing(*one),
            _ => false,
        }
    }

    /// Whether some instance may come to a step and take it: what the row decides, decides it.
    fn reaches(&self, scenario: &Scenario, step: StepIx) -> bool {
        let answer = |condition: ExprIx| self.is_known(condition).then(|| self.eval.truth(condition) == Some(true));
        // `None` where the row does not decide.
        let is_held = |guard: &Guard| {
            let (Guard::Unless(condition) | Guard::OnlyIf(condition)) = guard;
            self.is_known(*condition).then(|| held(guard, |condition| self.eval.truth(condition)).is_some())
        };
        let is_surely_done = |guard: &Option<Guard>| guard.as_ref().is_none_or(|guard| is_held(guard) == Some(false));
        let mut open = vec![StepIx(0)];
        open.extend(scenario.goal.as_ref().and_then(|goal| goal.then));
        let mut seen = BTreeSet::new();
        while let Some(here) = open.pop() {
            let Some(node) = scenario.steps.get(here).filter(|_| seen.insert(here)) else { continue };
            if here == step {
                return node.guard.as_ref().is_none_or(|guard| is_held(guard) != Some(true));
            }
            let next = StepIx(here.0 + 1);
            match &node.op {
                Op::Branch { condition, otherwise } => match answer(*condition) {
                    Some(true) => open.push(next),
                    Some(false) => open.push(*otherwise),
                    None => open.extend([next, *otherwise]),
                },
                Op::Split { arms, .. } => open.extend(arms.iter().map(|arm| arm.to)),
                Op::Jump(to) => open.push(*to),
                Op::Stop | Op::Erase if is_surely_done(&node.guard) => {}
                // Who ends at a wait comes to none after it.
                Op::Wait(duration) if is_surely_done(&node.guard) && self.ends_at(*duration).is_some() => {}
                Op::End => {}
                _ => open.push(next),
            }
        }
        false
    }
}

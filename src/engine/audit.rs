//! Waits that cannot be: for which entities does a `wait` have no value, or leave no time?

use super::eval::{Eval, EventAtHand, TriggerValues};
use super::facts::World;
use super::linked::LinkedCode;
use super::output::Reason;
use super::program::{Program, Unit};
use super::value::{EntityRef, Value};
use crate::ir::{Expr, ExprIx, Op, StepIx, Trigger};
use crate::model::Type;
use crate::time::Instant;

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
            if trigger.filter.is_some_and(|filter| refuses(&eval, filter, own_field)) {
                continue;
            }
            let reason = match eval.duration(duration) {
                None => Reason::Missing,
                Some(duration) if duration.nominal() <= 0 => Reason::NoTimeLeft,
                Some(_) => continue,
            };
            found.push(Hopeless { unit: place, step, reason, entity });
        }
    }
}

/// Whether a filter lets no event pass that has a row in this field, whatever else the event says. What the row alone
/// decides must be true: an unknown filter starts nothing.
fn refuses(eval: &Eval<'_>, filter: ExprIx, field: Option<u16>) -> bool {
    match eval.code.code.exprs.get(filter) {
        Some(Expr::And(parts)) => parts.iter().any(|part| refuses(eval, *part, field)),
        _ => match eval.truth(filter) {
            Some(passes) => !passes,
            None => field.is_some_and(|field| reads_nothing_but(eval.code, filter, field)),
        },
    }
}

/// Whether an expression depends on the entity in this field of the event at hand alone.
fn reads_nothing_but(code: &LinkedCode, ix: ExprIx, field: u16) -> bool {
    match code.code.exprs.get(ix) {
        Some(Expr::Event(own)) => *own == field,
        Some(one) if one.is_of_operands() || matches!(one, Expr::Field { .. }) => {
            one.operands().into_iter().all(|part| reads_nothing_but(code, part, field))
        }
        _ => false,
    }
}

/// Whether an expression reads a field of the entity in this trigger field.
fn reads_field_of(code: &LinkedCode, ix: ExprIx, slot: u16) -> bool {
    let Some(expr) = code.code.exprs.get(ix) else { return false };
    let is_of = |of: &ExprIx| matches!(code.code.exprs.get(*of), Some(Expr::Trigger(field)) if *field == slot);
    matches!(expr, Expr::Field { of, .. } if is_of(of))
        || expr.operands().into_iter().any(|part| reads_field_of(code, part, slot))
}

//! What a message takes along for its templates: values as data, lists row by row.

use super::eval::Eval;
use super::facts::Facts;
use super::program::Context;
use super::state::Instance;
use super::step::Stepper;
use super::value::Value;
use crate::ir::{Expr, ExprIx, Variable, WithValue};
use crate::model::{Literal, MessageValue, Type};

impl Stepper<'_, '_> {
    pub(super) fn variables(&self, eval: &Eval<'_>, variables: &[Variable]) -> Vec<MessageValue> {
        let take = |variable: &Variable| MessageValue {
            path: variable.path.clone(),
            ty: variable.ty.clone(),
            value: self.shown(eval, &eval.value(variable.value), &variable.each),
        };
        variables.iter().map(take).collect()
    }

    /// A value of `with`, and what templates read of it where it is an entity.
    pub(super) fn handed_over(
        &self,
        with: &WithValue,
        value: &Value,
        context: Option<&Context>,
        instance: &Instance,
    ) -> Vec<MessageValue> {
        let path = |rest: &[String]| std::iter::once(&with.name).chain(rest).cloned().collect();
        let message = |value| MessageValue { path: path(&[]), ty: with.ty.clone(), value };
        let read = context.and_then(|context| {
            let fields = context.message.with.iter().find(|fields| fields.name == with.name)?;
            Some((self.context_eval(context, instance), fields.fields.as_slice()))
        });
        let Some((eval, fields)) = read else { return vec![message(literal(value, self.facts))] };
        let mut all = vec![message(self.shown(&eval, value, fields))];
        if matches!(with.ty, Type::Entity(_)) {
            all.extend(fields.iter().map(|field| MessageValue {
                path: path(&field.path),
                ty: field.ty.clone(),
                value: self.of_element(&eval, value, field),
            }));
        }
        all
    }

    /// A value as data; of a list, what is read of each row.
    fn shown(&self, eval: &Eval<'_>, value: &Value, each: &[Variable]) -> Option<Literal> {
        let Value::List(all) = value else { return literal(value, self.facts) };
        if each.is_empty() {
            return literal(value, self.facts);
        }
        let row = |element: &Value| {
            let fields = each.iter().map(|field| (field.path.clone(), self.of_element(eval, element, field)));
            Literal::Row(fields.collect())
        };
        Some(Literal::List(all.iter().map(row).collect()))
    }

    fn of_element(&self, eval: &Eval<'_>, element: &Value, field: &Variable) -> Option<Literal> {
        self.shown(eval, &self.reached(eval, element, field.value), &field.each)
    }

    /// Follows the fields that begin at the entity at hand.
    fn reached(&self, eval: &Eval<'_>, element: &Value, ix: ExprIx) -> Value {
        match eval.code.code.exprs.get(ix) {
            Some(Expr::Element) => element.clone(),
            Some(Expr::Field { of, entity, field }) => match self.reached(eval, element, *of) {
                Value::Entity(reference) if reference.entity == *entity => {
                    self.facts.world.value(reference, *field).cloned().unwrap_or_default()
                }
                _ => Value::Missing,
            },
            _ => Value::Missing,
        }
    }
}

/// A value as templates read it; `None` when it is missing. An entity is its id, as a text.
pub(super) fn literal(value: &Value, facts: Facts<'_>) -> Option<Literal> {
    value.literal(facts.world, |id| Literal::Text(id.to_string()))
}

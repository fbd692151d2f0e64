//! What templates read, outside the scenarios, so that mending a template makes no new version of one.

use super::lower::{InError, Lowerer};
use super::scenario::optional;
use super::uses::Uses;
use crate::check::typed;
use crate::ir::{MessageContext, Variable};
use crate::model::Model;

/// What the templates of one message of a scenario read, with expressions of its own.
pub fn lower(scenario: &typed::Scenario, message: &typed::Message, model: &Model) -> Result<MessageContext, InError> {
    let mut uses = Uses::default();
    scenario.start.events().iter().for_each(|trigger| uses.trigger(&trigger.event));
    let values = message.variables.iter().chain(&message.items).map(|variable| &variable.value);
    values.chain(&message.language).for_each(|value| uses.expr(value, None));
    let mut lowerer = Lowerer::new(uses, model);
    let mut all = |variables: &[typed::Variable]| {
        let lowered = variables.iter().map(|variable| {
            let ty = variable.value.ty.clone().ok_or(InError)?;
            let value = lowerer.expr(&variable.value, None)?;
            Ok(Variable { path: variable.path.clone(), ty, value })
        });
        lowered.collect::<Result<Vec<_>, InError>>()
    };
    let (variables, items) = (all(&message.variables)?, all(&message.items)?);
    let language = optional(&mut lowerer, message.language.as_ref())?;
    Ok(MessageContext {
        scenario: scenario.name.clone(),
        channel: message.channel.clone(),
        message: message.message.clone(),
        language,
        folder: message.folder.clone(),
        variables,
        items,
        code: lowerer.code,
    })
}

//! What templates read, outside the scenarios, so that mending a template makes no new version of one.

use super::lower::{InError, Lowerer};
use super::scenario::optional;
use super::uses::Uses;
use crate::check::typed;
use crate::ir::{MessageContext, Variable, WithFields};
use crate::model::Model;

/// What the templates of one message of a scenario read, with expressions of its own.
pub fn lower(scenario: &typed::Scenario, message: &typed::Message, model: &Model) -> Result<MessageContext, InError> {
    let mut uses = Uses::default();
    scenario.trigger_events().into_iter().for_each(|event| uses.trigger(event));
    read(&message.variables, &mut uses);
    read(&message.items, &mut uses);
    message.with.iter().for_each(|with| read(&with.fields, &mut uses));
    message.language.iter().for_each(|language| uses.expr(language, None));
    let mut lowerer = Lowerer::new(uses, model);
    let variables = variables(&mut lowerer, &message.variables)?;
    let items = self::variables(&mut lowerer, &message.items)?;
    let with = message
        .with
        .iter()
        .map(|with| Ok(WithFields { name: with.name.clone(), fields: self::variables(&mut lowerer, &with.fields)? }));
    let with = with.collect::<Result<_, InError>>()?;
    let language = optional(&mut lowerer, message.language.as_ref())?;
    Ok(MessageContext {
        scenario: scenario.name.clone(),
        channel: message.channel.clone(),
        message: message.message.clone(),
        language,
        folder: message.folder.clone(),
        variables,
        items,
        with,
        code: lowerer.code,
    })
}

fn read<'a>(variables: &'a [typed::Variable], uses: &mut Uses<'a>) {
    for variable in variables {
        uses.expr(&variable.value, None);
        read(&variable.each, uses);
    }
}

fn variables(lowerer: &mut Lowerer, all: &[typed::Variable]) -> Result<Vec<Variable>, InError> {
    let lowered = all.iter().map(|variable| {
        let ty = variable.value.ty.clone().ok_or(InError)?;
        let value = lowerer.expr(&variable.value, None)?;
        Ok(Variable { path: variable.path.clone(), ty, value, each: variables(lowerer, &variable.each)? })
    });
    lowered.collect()
}

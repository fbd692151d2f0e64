//! Numbers whose unit was forgotten: what a message or a call is handed over by this name is elsewhere an amount of money, a
//! time or a share.

use super::typed::{Expr, Kind, Scenario, StepKind, WithValue};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Configuration, Literal, Type};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Judges what `with` hands over, in all scenarios together.
pub fn check_units(scenarios: &[Scenario], configuration: &Configuration, out: &mut Vec<Diagnostic>) {
    let mut all: BTreeMap<&str, Vec<&Expr>> = BTreeMap::new();
    for value in scenarios.iter().flat_map(handed_over) {
        all.entry(&value.name).or_default().push(&value.value);
    }
    for (name, values) in all {
        // Where numbers are computed too, the name may well mean a number.
        let is_bare = |value: &&&Expr| number(value).is_some();
        let (bare, others): (Vec<&&Expr>, Vec<&&Expr>) = values.iter().partition(is_bare);
        let Some(elsewhere) = others.first() else { continue };
        if others.iter().any(|other| other.ty != elsewhere.ty) {
            continue;
        }
        for value in bare {
            out.extend(number(value).and_then(|number| forgotten(name, value, number, elsewhere, configuration)));
        }
    }
}

fn handed_over(scenario: &Scenario) -> Vec<&WithValue> {
    let steps = scenario.all_steps().into_iter();
    steps
        .flat_map(|step| match &step.kind {
            StepKind::Send(send) => send.with.as_slice(),
            StepKind::Call { with, .. } => with.as_slice(),
            _ => &[],
        })
        .collect()
}

fn number(value: &Expr) -> Option<Decimal> {
    match &value.kind {
        Kind::Literal(Literal::Number(number)) if value.ty == Some(Type::Number) => Some(*number),
        _ => None,
    }
}

fn forgotten(
    name: &str,
    value: &Expr,
    number: Decimal,
    elsewhere: &Expr,
    configuration: &Configuration,
) -> Option<Diagnostic> {
    let (what, meant) = match elsewhere.ty.as_ref()? {
        Type::Money => ("an amount of money", format!("{number} {}", configuration.currency.0)),
        Type::Duration => ("a duration", format!("{number} days")),
        Type::Percent => ("a percentage", format!("{number}%")),
        _ => return None,
    };
    Some(
        Diagnostic::new(Rule::ForgottenUnit, format!("`{name}` is a number here, and {what} elsewhere"))
            .at(value.span, "a number without a unit")
            .at(elsewhere.span, format!("here it is {what}"))
            .because("what shows it to people would show this one otherwise")
            .help(format!("write `{meant}`; where a number is meant, give it another name")),
    )
}

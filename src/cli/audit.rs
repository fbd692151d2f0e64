//! What `scn check` finds in the rows of a CRM: values that cannot be read, rows that most likely mean something else,
//! and waits that cannot be.

use super::exit::{Exit, Failure};
use super::sources::store_failure;
use crate::compile::Compiled;
use crate::diagnostic::{Diagnostic, Rule};
use crate::drivers::simulate::runnable;
use crate::engine::{Program, Reason, World, hopeless_waits};
use crate::ir::StepIx;
use crate::model::{Record, Type};
use crate::store::crm::{ContactRange, Crm, Doubt, Findings, Notes, Unreadable};
use crate::store::{Error, ErrorKind};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// How many rows a finding names.
const NAMED: usize = 5;

/// What is wrong with the rows that the scenarios read, as far as the CRM has their tables. A view that fails while it is
/// read is a finding too.
///
/// # Errors
/// When another program holds the CRM.
pub fn rows(compiled: &Compiled, crm: &Crm) -> Result<Vec<Diagnostic>, Failure> {
    let Some(bundle) = &compiled.bundle else { return Ok(Vec::new()) };
    let (bundle, _, _) = runnable(bundle, crm);
    if bundle.scenarios.is_empty() {
        return Ok(Vec::new());
    }
    let program = Program::link(&bundle, &[]).map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    match read(compiled, &program, crm) {
        Ok(diagnostics) => Ok(diagnostics),
        Err(error) if matches!(error.kind, ErrorKind::Query | ErrorKind::Corrupt) => {
            let mut found = Diagnostic::new(Rule::CrmUnreadable, error.to_string());
            found.help = error.help().map(str::to_owned);
            Ok(vec![found])
        }
        Err(error) => Err(store_failure(error)),
    }
}

fn read(compiled: &Compiled, program: &Program, crm: &Crm) -> Result<Vec<Diagnostic>, Error> {
    let (world, mut found) = crm.world(program)?;
    let mut doubtful = Vec::new();
    // An event that is told on is looked at where it happens; one that scenarios make may have no table.
    let own = |place: usize| program.needs().routes.get(place).is_none_or(Option::is_none);
    let events = program.needs().events.iter().enumerate().filter(|(place, _)| own(*place));
    for (_, event) in events.filter(|(_, event)| crm.shape().table(&event.name).is_some()) {
        let amounts = compiled.model.events.get(&event.name).map(amounts).unwrap_or_default();
        doubtful.extend(crm.doubts(&event.name, &amounts)?);
    }
    let mut notes = Notes::default();
    let lives = crm.lives(program, &world)?;
    lives.read(crm, &ContactRange::default(), &mut notes, |_, _| ControlFlow::Continue(()))?;
    found.absorb(notes.unreadable);
    let mut diagnostics = unreadable(&found);
    diagnostics.extend(doubtful.iter().map(Doubt::diagnostic));
    diagnostics.extend(waits_that_cannot_be(compiled, program, &world));
    Ok(diagnostics)
}

/// The first values that cannot be read, and how many more there are.
fn unreadable(found: &Findings) -> Vec<Diagnostic> {
    let mut diagnostics: Vec<Diagnostic> = found.first.iter().map(Unreadable::diagnostic).collect();
    let more = found.count.saturating_sub(found.first.len() as u64);
    if more > 0 {
        let message = format!("{more} more {} cannot be read", if more == 1 { "value" } else { "values" });
        let words = Diagnostic::new(Rule::ValueUnreadable, message);
        diagnostics.push(words.help("repair those above first, or convert them all in a view"));
    }
    diagnostics
}

/// The fields of an event that is about a quantity, such as a purchase, that should not be below zero. An event that
/// has no quantity may well go both ways: an account, a temperature.
fn amounts(event: &Record) -> Vec<&'static str> {
    let has = |name: &str, ty: &[Type]| event.field(name).is_some_and(|field| ty.contains(&field.ty));
    if !has("quantity", &[Type::Number]) {
        return Vec::new();
    }
    let fields = [("quantity", &[Type::Number][..]), ("amount", &[Type::Money, Type::Number])];
    fields.iter().filter(|(name, ty)| has(name, ty)).map(|(name, _)| *name).collect()
}

/// The waits that cannot be for some rows of an entity: one finding for each wait and reason.
fn waits_that_cannot_be(compiled: &Compiled, program: &Program, world: &World) -> Vec<Diagnostic> {
    let mut grouped: BTreeMap<(u16, StepIx, Reason), Vec<String>> = BTreeMap::new();
    for hopeless in hopeless_waits(program, world) {
        let name = program.needs().entities.get(usize::from(hopeless.entity.entity)).map_or("", |each| &each.name);
        let id = world.id(hopeless.entity).map(ToString::to_string).unwrap_or_default();
        let names = grouped.entry((hopeless.unit, hopeless.step, hopeless.reason)).or_default();
        names.push(format!("{name} {id}"));
    }
    let found = grouped.into_iter().map(|((unit, step, reason), names)| {
        let wait = program.describe_wait(unit, step);
        let scenario = program.unit(unit).map_or("", |unit| unit.scenario.name.as_str());
        let first = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let more = if names.len() > NAMED { format!(" and {} more", names.len() - NAMED) } else { String::new() };
        let (rule, problem) = match reason {
            Reason::Missing => (Rule::DelayMissing, "has no value"),
            _ => (Rule::DelayTooShort, "leaves no time to wait"),
        };
        let diagnostic = Diagnostic::new(rule, format!("`{wait}` {problem} for {first}{more}"))
            .because("an instance that cannot wait ends there, and nothing is sent");
        let origin = compiled.origins.get(scenario).into_iter().flat_map(|origin| &origin.steps);
        let rows = if names.len() == 1 { "row" } else { "rows" };
        match origin.into_iter().find(|(place, _)| *place == step) {
            Some((_, span)) => diagnostic.at(*span, format!("{} {rows} of the CRM", names.len())),
            None => diagnostic,
        }
    });
    found.collect()
}

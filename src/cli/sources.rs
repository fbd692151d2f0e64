//! What several commands need of a project beside its texts: its CRM, the words of its steps, and how the errors of
//! drivers end a command.

use super::exit::{Exit, Failure};
use super::output;
use super::project::Project;
use crate::compile::Compiled;
use crate::diagnostic::{Diagnostic, Rule};
use crate::drivers;
use crate::drivers::simulate::runnable;
use crate::drivers::story::StepTexts;
use crate::engine::{Program, Reason, hopeless_waits as hopeless_waits_of};
use crate::ir::StepIx;
use crate::store;
use crate::store::ErrorKind;
use crate::store::crm::{Crm, Unreadable};
use crate::store::import::Request;
use std::collections::BTreeMap;
use std::path::Path;

/// Opens the CRM that is named, else the one of `scn.toml`.
///
/// # Errors
/// When none is named anywhere, or it cannot be opened.
pub fn crm(project: &Project, named: Option<&Path>) -> Result<Crm, Failure> {
    let path = named.or(project.settings.crm.as_deref()).ok_or_else(|| {
        Failure::new(Exit::Configuration, "there is no CRM to read")
            .help("name one with `--crm FILE`, or as `crm` in `scn.toml`")
    })?;
    if named.is_none() {
        build_sample(project, path)?;
    }
    Crm::open(path).map_err(store_failure)
}

/// Builds the CRM of `scn.toml` from its sample, on first use.
fn build_sample(project: &Project, path: &Path) -> Result<(), Failure> {
    let Some(sample) = project.settings.sample.as_ref().filter(|_| !path.exists()) else { return Ok(()) };
    let (csv, mapping) = (sample.csv.clone(), sample.with.clone());
    let request = Request { crm: path.to_owned(), csv, mapping, rejects: None, rejects_max: None };
    let report = super::import::load(&request)?;
    output::notice(&format!(
        "built {} from {}: {} records, {} rejected\n",
        path.display(),
        sample.csv.display(),
        report.records,
        report.rejected
    ));
    Ok(())
}

/// The waits that cannot be for some rows of the CRM, one finding for each wait and reason.
///
/// # Errors
/// When the CRM cannot be read.
pub fn hopeless_waits(compiled: &Compiled, crm: &Crm) -> Result<Vec<Diagnostic>, Failure> {
    let Some(bundle) = &compiled.bundle else { return Ok(Vec::new()) };
    let (bundle, _, _) = runnable(bundle, crm);
    let program = Program::link(&bundle, &[]).map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    let (world, unreadable) = crm.world(&program).map_err(store_failure)?;
    let mut diagnostics: Vec<Diagnostic> = unreadable.first.iter().map(Unreadable::diagnostic).collect();
    let mut grouped: BTreeMap<(u16, StepIx, Reason), Vec<String>> = BTreeMap::new();
    for hopeless in hopeless_waits_of(&program, &world) {
        let name = program.needs().entities.get(usize::from(hopeless.entity.entity)).map_or("", |each| &each.name);
        let id = world.id(hopeless.entity).map(ToString::to_string).unwrap_or_default();
        let names = grouped.entry((hopeless.unit, hopeless.step, hopeless.reason)).or_default();
        names.push(format!("{name} {id}"));
    }
    for ((unit, step, reason), names) in grouped {
        let wait = program.describe_wait(unit, step);
        let scenario = program.unit(unit).map_or("", |unit| unit.scenario.name.as_str());
        let first = names.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
        let more = if names.len() > 5 { format!(" and {} more", names.len() - 5) } else { String::new() };
        let (rule, problem) = match reason {
            Reason::Missing => (Rule::DelayMissing, "has no value"),
            _ => (Rule::DelayTooShort, "leaves no time to wait"),
        };
        let mut diagnostic = Diagnostic::new(rule, format!("`{wait}` {problem} for {first}{more}"))
            .because("an instance that cannot wait ends there, and nothing is sent");
        let origin = compiled.origins.get(scenario).into_iter().flat_map(|origin| &origin.steps);
        if let Some((_, span)) = origin.into_iter().find(|(place, _)| *place == step) {
            diagnostic = diagnostic.at(*span, format!("{} rows of the CRM", names.len()));
        }
        diagnostics.push(diagnostic);
    }
    Ok(diagnostics)
}

/// The text of each step, on one line.
pub fn step_texts(compiled: &Compiled) -> StepTexts {
    let mut texts = StepTexts::default();
    for (scenario, origin) in &compiled.origins {
        for (step, span) in &origin.steps {
            let text = compiled.sources.text(*span).split_whitespace().collect::<Vec<_>>().join(" ");
            texts.0.insert((scenario.clone(), *step), text);
        }
    }
    texts
}

/// How an error of the store ends a command.
pub fn store_failure(error: store::Error) -> Failure {
    let exit = match error.kind {
        ErrorKind::Busy | ErrorKind::Locked => Exit::Busy,
        ErrorKind::Query | ErrorKind::Broken => Exit::Failed,
        ErrorKind::NotFound
        | ErrorKind::NotADatabase
        | ErrorKind::Full
        | ErrorKind::Corrupt
        | ErrorKind::Newer
        | ErrorKind::OlderThanJournal
        | ErrorKind::Io => Exit::InputOutput,
    };
    let failure = Failure::new(exit, error.to_string());
    match error.help() {
        Some(help) => failure.help(help),
        None => failure,
    }
}

/// How an error of a driver ends a command.
pub fn failure(error: drivers::Error) -> Failure {
    match error {
        drivers::Error::Store(error) => store_failure(error),
        drivers::Error::Io(..) => Failure::new(Exit::InputOutput, error.to_string()),
        drivers::Error::Link(_) => Failure::new(Exit::Failed, error.to_string()),
    }
}

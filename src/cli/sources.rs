//! What several commands need of a project beside its texts: its CRM, the words of its steps, and how the errors of
//! drivers end a command.

use super::exit::{Exit, Failure};
use super::project::Project;
use super::sample;
use crate::compile::{Compiled, Origin};
use crate::drivers;
use crate::drivers::story::{Quote, ScenarioTexts, Texts};
use crate::span::Span;
use crate::store;
use crate::store::ErrorKind;
use crate::store::crm::Crm;
use std::path::{Path, PathBuf};

/// Opens the CRM that is named, else the one of `scn.toml`.
///
/// # Errors
/// When none is named anywhere, or it cannot be opened.
pub fn crm(project: &Project, named: Option<&Path>) -> Result<Crm, Failure> {
    Crm::open(&crm_path(project, named)?).map_err(store_failure)
}

/// As [`crm`], for a command that changes it.
pub fn crm_to_change(project: &Project, named: Option<&Path>) -> Result<Crm, Failure> {
    Crm::open_to_change(&crm_path(project, named)?).map_err(store_failure)
}

fn crm_path(project: &Project, named: Option<&Path>) -> Result<PathBuf, Failure> {
    let path = named.or(project.settings.crm.as_deref()).ok_or_else(|| {
        Failure::new(Exit::Configuration, "there is no CRM to read")
            .help("name one with `--crm FILE`, or as `crm` in `scn.toml`")
    })?;
    if named.is_none() {
        sample::build(project, path)?;
    }
    Ok(path.to_owned())
}

/// Where a run keeps its state: the file that is named, else the one of `scn.toml`, else one beside the CRM.
///
/// # Errors
/// When nothing is named anywhere.
pub fn state_path(project: &Project, named: Option<&Path>, crm: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(path) = named.or(project.settings.state.as_deref()) {
        return Ok(path.to_owned());
    }
    let crm = crm.or(project.settings.crm.as_deref());
    let crm = crm.ok_or_else(|| Failure::new(Exit::Configuration, "there is no CRM to read"))?;
    // The whole name of the CRM, so that `shop.db` and `shop.sqlite` do not share one.
    let mut name = crm.to_owned().into_os_string();
    name.push(".scn-state.db");
    Ok(PathBuf::from(name))
}

/// The texts of all scenarios, each on one line, with their places.
pub fn texts(compiled: &Compiled) -> Texts {
    let quote = |span: Span| {
        let text = compiled.sources.text(span).split_whitespace().collect::<Vec<_>>().join(" ");
        Quote { text, place: line_of(compiled, span) }
    };
    let of_scenario = |origin: &Origin| {
        let clauses = &origin.clauses;
        let optional = |span: Option<Span>| span.map(quote);
        ScenarioTexts {
            title: origin.title.clone(),
            place: line_of(compiled, origin.span),
            start: optional(clauses.start),
            audience: optional(clauses.audience),
            entry: optional(clauses.entry),
            goal: optional(clauses.goal),
            stop_when: optional(clauses.stop_when),
            filters: origin.triggers.iter().map(|filters| filters.iter().copied().map(quote).collect()).collect(),
            steps: clauses.steps.iter().map(|(step, span)| (*step, quote(*span))).collect(),
            guards: clauses.guards.iter().map(|(step, span)| (*step, quote(*span))).collect(),
        }
    };
    Texts(compiled.origins.iter().map(|(name, origin)| (name.clone(), of_scenario(origin))).collect())
}

/// `renewal.scn:3`
fn line_of(compiled: &Compiled, span: Span) -> String {
    let (line, _) = compiled.sources.position(span);
    let name = compiled.sources.get(span.source).map_or("", |source| &source.name);
    format!("{name}:{line}")
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
        | ErrorKind::Older
        | ErrorKind::NoState
        | ErrorKind::OlderThanJournal
        | ErrorKind::HalfDone
        | ErrorKind::Cache
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
        drivers::Error::Unreadable { .. } => Failure::new(Exit::Findings, error.to_string())
            .help("mend these values of the CRM and start again; nothing was done"),
        drivers::Error::Span(..) => Failure::new(Exit::Usage, error.to_string())
            .help("a date that stands for `never` does that: name the span, `--from 2011-01-01 --to 2011-12-31`"),
        drivers::Error::Link(_) => Failure::new(Exit::Failed, error.to_string()),
    }
}

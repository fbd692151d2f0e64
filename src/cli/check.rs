//! `scn check`: everything that is wrong, and the way out.

use super::exit::{Exit, Failure};
use super::findings::{Findings, Format};
use super::project::Project;
use super::{audit, changed, fix, output, pressure, surroundings};
use crate::compile::{self, Compiled};
use crate::diagnostic::Level;
use crate::diagnostic::render::clean;
use crate::store::crm::Crm;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Find what is wrong in scenarios, templates and the CRM
///
/// Exits with 0 when there is no error and no warning (notes never count), with 1 otherwise.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  scn check scenarios --crm shop.db")]
pub struct Arguments {
    /// Files, or folders with all `.scn` files under them
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// The CRM to look at, its rows too; without it, the tables of `crm` of `scn.toml`, where that file exists
    ///
    /// Only the tables and views that the scenarios read are looked at, and of them the columns that they read.
    #[arg(long, value_name = "FILE")]
    pub crm: Option<PathBuf>,
    /// How findings are printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Make the repairs that are safe, and print what is left
    #[arg(long)]
    pub fix: bool,
    /// In place of findings, show how many messages one person can get at most, and by which steps
    ///
    /// Not with `--changed-since`: a person gets the messages of all scenarios, whichever of them changed.
    #[arg(long, conflicts_with = "fix")]
    pub pressure: bool,
    /// Show only what a change touches: what differs from this revision of git, and what depends on it
    ///
    /// That is every item with other words than in REV, every item that names one of these, the templates that they
    /// send, and whoever sends a template that differs. Where `scn.toml`, the policy, `identity`, a field of the contact, or the
    /// SQL that makes the CRM differs, it is everything. What is found in the rows of a CRM is always shown.
    #[arg(long, value_name = "REV")]
    pub changed_since: Option<String>,
}

/// How often repairs are made: one may bring the next to light.
const ROUNDS: usize = 16;

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if arguments.pressure {
        return show_pressure(arguments);
    }
    let (mut all, _) = look(arguments)?;
    if arguments.fix {
        all = repair(arguments, all)?;
    }
    all.print(arguments.format)?;
    Ok(all.exit())
}

/// Errors and warnings go to the person at the terminal; they count as they do without `--pressure`.
fn show_pressure(arguments: &Arguments) -> Result<Exit, Failure> {
    if arguments.changed_since.is_some() {
        return Err(Failure::new(Exit::Usage, "`--pressure` and `--changed-since` do not go together")
            .help("a person gets the messages of all scenarios, whichever of them changed: leave out one of the two"));
    }
    if !matches!(arguments.format, Format::Human | Format::Json) {
        return Err(Failure::new(Exit::Usage, "`--pressure` is shown for people or as JSON")
            .help("leave out `--format`, or write `--format json`"));
    }
    let (all, projects) = look(arguments)?;
    let exit = all.exit();
    if let Some(exit) = all.stop() {
        return Ok(exit);
    }
    pressure::print(&projects, arguments.format)?;
    Ok(exit)
}

/// Makes repairs until none is left to make. A round after which less can be read is taken back; that more is found in what
/// can be read now is no harm.
fn repair(arguments: &Arguments, mut all: Findings) -> Result<Findings, Failure> {
    let mut files = BTreeSet::new();
    for _ in 0..ROUNDS {
        let round = fix::apply(&all)?;
        if round.repairs == 0 {
            break;
        }
        let (left, _) = look(arguments)?;
        if unreadable(&left) > unreadable(&all) {
            round.take_back()?;
            break;
        }
        files.extend(round.files().cloned());
        all = left;
    }
    for file in files {
        output::notice(&format!("repaired `{}`\n", clean(&file.to_string_lossy())));
    }
    Ok(all)
}

/// How many places cannot be read.
fn unreadable(findings: &Findings) -> usize {
    findings.diagnostics.iter().filter(|found| found.rule.family() == 'S' && found.level == Level::Error).count()
}

/// What is found, as the files are now, and what each project comes to.
fn look(arguments: &Arguments) -> Result<(Findings, Vec<Compiled>), Failure> {
    let (mut named, unreadable) = surroundings::open(arguments.crm.as_deref())?;
    let mut all = Findings { diagnostics: unreadable, ..Findings::default() };
    let mut projects = Vec::new();
    for project in Project::open(&arguments.paths)? {
        let configured = project.settings.crm.as_deref().filter(|path| arguments.crm.is_none() && path.exists());
        let shown = configured.map(|path| project.show(path.strip_prefix(&project.root).unwrap_or(path)));
        let (own, unreadable) = surroundings::open(shown.as_deref().map(Path::new))?;
        all.diagnostics.extend(unreadable);
        if let Some(path) = shown {
            // Findings depend on it: it is said which CRM was looked at.
            let path = clean(&path);
            output::notice(&format!("with the tables of {path}; `--crm {path}` looks at its rows too\n"));
        }
        let crm = named.as_ref().or(own.as_ref());
        let surroundings = surroundings::look(&project, crm.map(Crm::shape))?;
        let (compiled, mut findings) = Findings::unsettled(&project, &surroundings);
        if let Some(crm) = &mut named {
            findings.diagnostics.extend(audit::rows(&compiled, crm)?);
            compile::sort(&mut findings.diagnostics);
        }
        findings.settle(&project, &compiled.silences, &surroundings, named.is_some());
        if let Some(revision) = &arguments.changed_since {
            let touched = changed::since(&project, &findings.sources, revision)?;
            findings.diagnostics.retain(|found| touched.concerns(found));
        }
        all.absorb(findings);
        projects.push(compiled);
    }
    Ok((all, projects))
}

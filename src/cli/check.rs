//! `scn check`: everything that is wrong, and the way out.

use super::changed::{self, Known};
use super::exit::{Exit, Failure};
use super::findings::{Findings, Format};
use super::project::Project;
use super::{audit, fix, output, pressure, surroundings};
use crate::compile::{self, Compiled};
use crate::diagnostic::Level;
use crate::diagnostic::render::clean;
use crate::store::crm::Crm;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Find what is wrong in scenarios, templates and the CRM
///
/// Exits with 0 when there is no error and no warning (notes never count), with 1 when there is one.
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
    /// send, and whoever sends a template that differs; and wherever it lies, what was not found in the texts of REV.
    /// Where `scn.toml`, the policy, `identity`, a field of the contact, or the SQL that makes the CRM differs, it is everything.
    /// What is found in the rows of a CRM is always shown.
    #[arg(long, value_name = "REV")]
    pub changed_since: Option<String>,
}

/// How often repairs are made: one may bring the next to light.
const ROUNDS: usize = 16;

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if arguments.pressure {
        return show_pressure(arguments);
    }
    let mut looked = look(arguments)?;
    if arguments.fix {
        looked = repair(arguments, looked)?;
    }
    looked.tell();
    looked.findings.print(arguments.format)?;
    let exit = looked.findings.exit();
    // The process ends: to take apart what a large project came to would take a while, and be for nobody.
    std::mem::forget(looked);
    Ok(exit)
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
    let looked = look(arguments)?;
    looked.tell();
    let exit = looked.findings.exit();
    if let Some(exit) = looked.findings.stop() {
        return Ok(exit);
    }
    pressure::print(&looked.projects, arguments.format)?;
    Ok(exit)
}

/// Makes repairs until none is left to make. One that brings an error of its own is taken back, and so is a round after which less can
/// be read; that more is found in what can be read now is no harm.
fn repair(arguments: &Arguments, mut looked: Looked) -> Result<Looked, Failure> {
    let (mut files, mut read_only, mut in_vain) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for _ in 0..ROUNDS {
        let round = fix::apply(&looked.findings, &in_vain)?;
        read_only.extend(round.read_only.iter().cloned());
        if round.is_empty() {
            break;
        }
        let left = look(arguments)?;
        let mut worse = round.worse(&looked.findings, &left.findings);
        if worse.is_empty() && unreadable(&left.findings) > unreadable(&looked.findings) {
            worse.extend(round.tried().cloned());
        }
        if !worse.is_empty() {
            round.take_back()?;
            in_vain.extend(worse);
            continue;
        }
        files.extend(round.files().cloned());
        looked = left;
    }
    for file in files {
        output::notice(&format!("repaired `{}`\n", clean(&file.to_string_lossy())));
    }
    for file in read_only {
        output::notice(&format!("`{}` is read-only, and stays as it is\n", clean(&file.to_string_lossy())));
    }
    Ok(looked)
}

/// How many places cannot be read.
fn unreadable(findings: &Findings) -> usize {
    findings.diagnostics.iter().filter(|found| found.rule.family() == 'S' && found.level == Level::Error).count()
}

/// What is found in all projects.
struct Looked {
    findings: Findings,
    /// What each project comes to.
    projects: Vec<Compiled>,
    /// What the findings depend on, and nobody has said.
    notices: Vec<String>,
}

impl Looked {
    fn tell(&self) {
        self.notices.iter().for_each(|notice| output::notice(&format!("{}\n", clean(notice))));
    }
}

/// What is found, as the files are now.
fn look(arguments: &Arguments) -> Result<Looked, Failure> {
    let (mut named, unreadable) = surroundings::open(arguments.crm.as_deref())?;
    let findings = Findings { diagnostics: unreadable, ..Findings::default() };
    let mut looked = Looked { findings, projects: Vec::new(), notices: Vec::new() };
    for project in Project::open(&arguments.paths)? {
        if project.is_found {
            looked.notices.push(format!("`{}` is a project of its own, and is checked as one", project.name()));
        }
        let (compiled, findings) = look_at(arguments, &project, named.as_mut(), &mut looked)?;
        looked.findings.absorb(findings);
        looked.projects.push(compiled);
    }
    Ok(looked)
}

fn look_at(
    arguments: &Arguments,
    project: &Project,
    mut named: Option<&mut Crm>,
    looked: &mut Looked,
) -> Result<(Compiled, Findings), Failure> {
    let configured = project.settings.crm.as_deref().filter(|path| arguments.crm.is_none() && path.exists());
    let shown = configured.map(|path| project.show(path.strip_prefix(&project.root).unwrap_or(path)));
    let (own, unreadable) = surroundings::open(shown.as_deref().map(Path::new))?;
    looked.findings.diagnostics.extend(unreadable);
    let crm = named.as_deref().or(own.as_ref());
    let surroundings = surroundings::look(project, crm.map(Crm::shape))?;
    let (compiled, mut findings) = Findings::unsettled(project, &surroundings);
    looked.notices.extend(crm_notice(arguments, crm.is_some(), shown.as_deref(), &compiled));
    let has_rows = named.is_some();
    if let Some(crm) = named.as_mut() {
        findings.diagnostics.extend(audit::rows(&compiled, crm)?);
        compile::sort(&mut findings.diagnostics);
    }
    findings.settle(project, &compiled.silences, &surroundings, has_rows);
    if let Some(revision) = &arguments.changed_since {
        let change = changed::since(project, &findings.sources, revision)?;
        let mut known = change.before.as_ref().map(|before| {
            let (compiled, mut findings) = Findings::unsettled(before, &surroundings);
            findings.settle(project, &compiled.silences, &surroundings, has_rows);
            Known::of(&findings)
        });
        let sources = &findings.sources;
        findings.diagnostics.retain(|found| {
            let was_there = known.as_mut().is_some_and(|known| known.takes(found, sources));
            !was_there || change.touched.concerns(found)
        });
    }
    Ok((compiled, findings))
}

/// Findings depend on the CRM: it is said which one was looked at, and when none was that was named.
fn crm_notice(arguments: &Arguments, is_open: bool, configured: Option<&str>, compiled: &Compiled) -> Option<String> {
    let path = match &arguments.crm {
        Some(path) => path.to_string_lossy().into_owned(),
        None => configured?.to_owned(),
    };
    if is_open && compiled.bundle.is_none() {
        return Some(format!(
            "not looked at: {path}, because what is in error does not say which of its columns are read"
        ));
    }
    // With `--crm`, whoever typed it knows.
    let said = format!("with the tables of {path}; `--crm {path}` looks at its rows too");
    arguments.crm.is_none().then_some(said)
}

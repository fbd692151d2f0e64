//! `scn check`: everything that is wrong, and the way out.

use super::exit::{Exit, Failure};
use super::findings::{Findings, Format};
use super::project::Project;
use super::{audit, output, surroundings};
use crate::diagnostic::render::clean;
use crate::store::crm::Crm;
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
    #[arg(long, value_name = "FILE")]
    pub crm: Option<PathBuf>,
    /// How findings are printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let (named, unreadable) = surroundings::open(arguments.crm.as_deref())?;
    let mut all = Findings { diagnostics: unreadable, ..Findings::default() };
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
        let (compiled, mut findings) = Findings::of(&project, &surroundings);
        if let Some(crm) = &named {
            findings.diagnostics.extend(audit::rows(&compiled, crm)?);
        }
        all.absorb(findings);
    }
    all.print(arguments.format)?;
    Ok(all.exit())
}

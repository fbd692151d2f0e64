//! `scn check`: everything that is wrong, and the way out.

use super::exit::{Exit, Failure};
use super::findings::{Findings, Format};
use super::project::Project;
use super::{audit, surroundings};
use crate::store::crm::Crm;
use std::path::PathBuf;

/// Find what is wrong in scenarios, templates and the CRM
///
/// Exits with 0 when there is no error and no warning (notes never count), with 1 otherwise.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  scn check scenarios --crm shop.db")]
pub struct Arguments {
    /// Files, or folders with all `.scn` files under them
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// The CRM to look at; without it only the texts and templates are judged
    #[arg(long, value_name = "FILE")]
    pub crm: Option<PathBuf>,
    /// How findings are printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let (crm, unreadable) = surroundings::open(arguments.crm.as_deref())?;
    let mut all = Findings { diagnostics: unreadable, ..Findings::default() };
    for project in Project::open(&arguments.paths)? {
        let surroundings = surroundings::look(&project, crm.as_ref().map(Crm::shape))?;
        let (compiled, mut findings) = Findings::of(&project, &surroundings);
        if let Some(crm) = &crm {
            findings.diagnostics.extend(audit::rows(&compiled, crm)?);
        }
        all.absorb(findings);
    }
    all.print(arguments.format)?;
    Ok(all.exit())
}

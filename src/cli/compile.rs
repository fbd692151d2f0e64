//! `scn compile`: scenarios as the engine receives them.

use super::exit::{Exit, Failure};
use super::findings::Findings;
use super::project::Project;
use super::{output, surroundings, whole};
use crate::ir::Bundle;
use serde::Serialize;
use std::path::PathBuf;

/// Print scenarios as the engine receives them, as JSON with their hashes
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  scn compile scenarios --out scenarios.json")]
pub struct Arguments {
    /// A file, or a folder with all `.scn` files under it
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// Where to write it; standard output without it
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// What is printed: the hashes first, since they are what people look for.
#[derive(Serialize)]
struct Printed<'a> {
    hash: String,
    scenarios: Vec<Version<'a>>,
    bundle: &'a Bundle,
}

#[derive(Serialize)]
struct Version<'a> {
    name: &'a str,
    hash: String,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let project = Project::open_one(&arguments.path)?;
    if let Some(path) = &arguments.out {
        whole::refuse_inputs(path, &surroundings::files_read(&project)?)?;
    }
    let (compiled, findings) = Findings::of(&project, &surroundings::look_at_templates(&project)?);
    if let Some(exit) = findings.stop() {
        return Ok(exit);
    }
    let bundle = compiled.bundle.as_ref().ok_or_else(|| Failure::new(Exit::Failed, "there is nothing to compile"))?;
    let text = json(bundle);
    match &arguments.out {
        Some(path) => whole::write(path, text.as_bytes())?,
        None => output::results(&text)?,
    }
    Ok(Exit::Done)
}

fn json(bundle: &Bundle) -> String {
    let version = |scenario: &crate::ir::Scenario| scenario.hash().to_string();
    let scenarios = bundle.scenarios.iter();
    let printed = Printed {
        hash: bundle.hash().to_string(),
        scenarios: scenarios.map(|each| Version { name: &each.name, hash: version(each) }).collect(),
        bundle,
    };
    // The types of the IR have no map and no float, so JSON cannot fail on them.
    let mut text = serde_json::to_string_pretty(&printed).unwrap_or_default();
    text.push('\n');
    text
}

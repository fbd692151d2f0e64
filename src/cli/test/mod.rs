//! `scn test`: tests on the virtual clock.

mod coverage;
mod junit;
mod refused;
mod told;

use super::exit::{Exit, Failure};
use super::findings::Findings;
use super::project::Project;
use super::sources::failure;
use super::{output, surroundings, whole};
use crate::drivers;
use crate::engine::Program;
use crate::ir::{Bundle, TestCase};
use crate::model::Surroundings;
use std::path::PathBuf;
use told::Told;

/// Run the tests of scenarios on a virtual clock
///
/// Exits with 1 when a test fails. A failing test shows what was expected, what came, and why.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  scn test scenarios --filter \"end of life\"\n  scn test --coverage --coverage-min 80\n  \
                  scn test --junit tests.xml"
)]
pub struct Arguments {
    /// Files, or folders with all `.scn` files under them
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Run only the tests whose name or scenario holds this text
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Show which steps and branches of each scenario no test reaches
    #[arg(long)]
    pub coverage: bool,
    /// As `--coverage`; exit with 1 when less than this percentage is reached
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub coverage_min: Option<u8>,
    /// Write the outcomes as JUnit XML, which most servers of continuous integration read
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let mut told = Told::new(arguments.coverage || arguments.coverage_min.is_some());
    for project in Project::open(&arguments.paths)? {
        if let Some(path) = &arguments.junit {
            whole::refuse_inputs(path, &surroundings::files_read(&project)?)?;
        }
        let (compiled, findings) = Findings::of(&project, &Surroundings::default());
        if let Some(exit) = findings.stop() {
            return Ok(exit);
        }
        told.project(&compiled, arguments.filter.as_deref())?;
    }
    let reached = told.coverage.as_ref().map(coverage::Told::percentage);
    told.summary(arguments.filter.as_deref());
    output::results(&told.text)?;
    if let Some(path) = &arguments.junit {
        whole::write(path, junit::report(&told.outcomes)?.as_bytes())?;
    }
    let nothing_matched = arguments.filter.is_some() && told.passed() == 0;
    let too_little =
        arguments.coverage_min.is_some_and(|least| reached.is_some_and(|reached| reached < u32::from(least)));
    if let (Some(least), true) = (arguments.coverage_min, too_little) {
        output::notice(&format!("less than {least}% of the steps and branches is reached\n"));
    }
    Ok(if told.failed() > 0 || nothing_matched || too_little { Exit::Findings } else { Exit::Done })
}

/// The scenarios that a test names, and no others.
fn program(bundle: &Bundle, case: &TestCase) -> Result<Program, Failure> {
    let named = bundle.scenarios.iter().filter(|scenario| case.scenarios.contains(&scenario.name));
    let own = Bundle {
        format: bundle.format,
        settings: bundle.settings.clone(),
        policy: bundle.policy.clone(),
        measures: bundle.measures.clone(),
        identity: bundle.identity.clone(),
        references: Vec::new(),
        revenue: Vec::new(),
        scenarios: named.cloned().collect(),
        messages: Vec::new(),
        written: Vec::new(),
    };
    Program::link(&own, &[]).map_err(|error| failure(drivers::Error::Link(error)))
}

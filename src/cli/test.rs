//! `scn test`: tests on the virtual clock.

use super::exit::{Exit, Failure};
use std::path::PathBuf;

/// Run the tests of scenarios on a virtual clock
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  scn test scenarios --filter \"end of life\"")]
pub struct Arguments {
    /// Files, or folders with all `.scn` files under them
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Run only the tests whose name or scenario holds this text
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
}

pub fn run(_arguments: &Arguments) -> Result<Exit, Failure> {
    Err(Failure::new(Exit::Failed, "the driver of tests is not connected"))
}

//! `scn init`: a project to start from.

use super::exit::{Exit, Failure};
use std::path::PathBuf;

/// Make a project that checks, tests, simulates and runs at once
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  scn init shop")]
pub struct Arguments {
    /// The folder to make; it must not exist, or be empty
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

pub fn run(_arguments: &Arguments) -> Result<Exit, Failure> {
    Err(Failure::new(Exit::Failed, "the project to start from is not written"))
}

//! `scn completions`: so that a shell completes our commands.

use super::exit::{Exit, Failure};
use super::output;
use clap::CommandFactory;
use clap_complete::Shell;

/// Print completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  scn completions bash")]
pub struct Arguments {
    #[arg(value_enum)]
    pub shell: Shell,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "scn", &mut script);
    output::results(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

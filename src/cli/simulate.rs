//! `scn simulate`: what would be sent, on a history that is only read.

use super::exit::{Exit, Failure};
use std::path::PathBuf;

/// Simulate scenarios over the history of a CRM, without sending or writing to it
///
/// The wall clock is never read: the simulation goes from the first to the last event of the CRM unless told otherwise.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  scn simulate scenarios --from 2011-01-01 --to 2011-12-31 --effects effects.csv")]
pub struct Arguments {
    /// A file, or a folder with all `.scn` files under it
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// The CRM; `crm` of `scn.toml` without it
    #[arg(long, value_name = "FILE")]
    pub crm: Option<PathBuf>,
    /// The first instant, included; a date is its first moment
    #[arg(long, value_name = "INSTANT")]
    pub from: Option<String>,
    /// The last instant, included; a date is its last second
    #[arg(long, value_name = "INSTANT")]
    pub to: Option<String>,
    /// Write every effect as a row of CSV
    #[arg(long, value_name = "OUT.csv")]
    pub effects: Option<PathBuf>,
    /// Only this contact, with the trace that explains every decision
    #[arg(long, value_name = "ID")]
    pub contact: Option<String>,
    /// Show addresses and names, which are hidden otherwise
    #[arg(long)]
    pub reveal: bool,
    /// How the report is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Exit with 1 when a scenario could not be simulated
    #[arg(long)]
    pub strict: bool,
}

/// How the report of a simulation is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Human,
    /// One JSON object
    Json,
}

pub fn run(_arguments: &Arguments) -> Result<Exit, Failure> {
    Err(Failure::new(Exit::Failed, "the driver of simulations is not connected"))
}

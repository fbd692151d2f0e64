//! `scn run`: new rows and due timers on the wall clock, and messages that leave.

use super::exit::{Exit, Failure};
use std::path::PathBuf;

/// Run scenarios on the wall clock: take new rows of the CRM, and send what comes due
///
/// Runs until it is stopped (SIGINT or SIGTERM). Without a server in `scn.toml`, messages are written as files under
/// `outbox/`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  scn run scenarios --once")]
pub struct Arguments {
    /// A file, or a folder with all `.scn` files under it
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// The CRM; `crm` of `scn.toml` without it
    #[arg(long, value_name = "FILE")]
    pub crm: Option<PathBuf>,
    /// Where the state is kept; `state` of `scn.toml` without it, else a file beside the CRM
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Do what is due now, then end
    #[arg(long)]
    pub once: bool,
    /// Also take the events since this instant, which would be too old otherwise; asks before it sends
    #[arg(long, value_name = "SINCE")]
    pub backfill: Option<String>,
    /// Answer yes to what `--backfill` asks
    #[arg(long, requires = "backfill")]
    pub yes: bool,
}

pub fn run(_arguments: &Arguments) -> Result<Exit, Failure> {
    Err(Failure::new(Exit::Failed, "the driver of runs is not connected"))
}

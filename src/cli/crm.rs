//! `scn crm`: what a CRM has, what the scenarios need, and the views that connect them.

use super::exit::{Exit, Failure};
use std::path::PathBuf;

/// Show what the CRM has, what the scenarios need, and the SQL views to write
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  scn crm scenarios --crm shop.db")]
pub struct Arguments {
    /// A file, or a folder with all `.scn` files under it
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// The CRM; `crm` of `scn.toml` without it
    #[arg(long, value_name = "FILE")]
    pub crm: Option<PathBuf>,
}

pub fn run(_arguments: &Arguments) -> Result<Exit, Failure> {
    Err(Failure::new(Exit::Failed, "the shape of the store is not connected"))
}

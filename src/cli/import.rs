//! `scn import`: a CSV file into a CRM, by a mapping in SQL.

use super::exit::{Exit, Failure};
use std::path::PathBuf;

/// Import a CSV file into a CRM, by a mapping in SQL
///
/// The file becomes the table `csv`, with a TEXT column for each name of its header and `line`. The SQL fills the tables
/// of the CRM and puts what it refuses into `reject(line, reason)`. An error of the SQL undoes everything.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  scn import shop.db --csv orders.csv.gz --with orders.sql --rejects rejects.csv")]
pub struct Arguments {
    /// The CRM, made when it does not exist
    #[arg(value_name = "CRM")]
    pub crm: PathBuf,
    /// The file to import, plain or compressed by gzip
    #[arg(long, value_name = "FILE")]
    pub csv: PathBuf,
    /// The mapping
    #[arg(long, value_name = "MAPPING.sql")]
    pub with: PathBuf,
    /// Write every refused line with its reason
    #[arg(long, value_name = "OUT.csv")]
    pub rejects: Option<PathBuf>,
    /// Undo everything when more lines are refused
    #[arg(long, value_name = "N")]
    pub max_rejects: Option<u64>,
}

pub fn run(_arguments: &Arguments) -> Result<Exit, Failure> {
    Err(Failure::new(Exit::Failed, "the import of the store is not connected"))
}

//! `scn import`: a CSV file into a CRM, by a mapping in SQL.

use super::counted::counted;
use super::exit::{Exit, Failure};
use super::sources::store_failure;
use super::{output, whole};
use crate::diagnostic::render::clean_text;
use crate::store::import::{ImportError, Progress, Report, Request, import};
use std::fmt::Write;
use std::path::{Path, PathBuf};

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
    /// The mapping; given several times, one after the other
    #[arg(long, value_name = "MAPPING.sql", required = true)]
    pub with: Vec<PathBuf>,
    /// Write every refused line with its reason
    #[arg(long, value_name = "OUT.csv")]
    pub rejects: Option<PathBuf>,
    /// Undo everything when more lines are refused
    #[arg(long, value_name = "N")]
    pub max_rejects: Option<u64>,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments { crm, csv, with, .. } = arguments;
    let mut inputs: Vec<&Path> = vec![csv];
    inputs.extend(with.iter().map(PathBuf::as_path));
    whole::refuse_inputs(crm, &inputs)?;
    if let Some(rejects) = &arguments.rejects {
        inputs.push(crm);
        whole::refuse_inputs(rejects, &inputs)?;
    }
    let report = load(&Request {
        crm: arguments.crm.clone(),
        csv: arguments.csv.clone(),
        mappings: arguments.with.clone(),
        rejects: arguments.rejects.clone(),
        rejects_max: arguments.max_rejects,
    })?;
    output::results(&describe(&report, arguments.rejects.as_deref()))?;
    Ok(Exit::Done)
}

/// Imports, and shows how far it is.
///
/// # Errors
/// When nothing was imported.
pub fn load(request: &Request) -> Result<Report, Failure> {
    let bar = output::progress_bar();
    let report = import(request, &mut |progress| match progress {
        Progress::Reading { bytes, bytes_total } => {
            bar.set_length(bytes_total);
            bar.set_position(bytes);
        }
        Progress::Filling => bar.set_message("filling the CRM"),
    });
    bar.finish_and_clear();
    report.map_err(|error| match error {
        ImportError::Store(error) => store_failure(error),
        ImportError::TooManyRejects { ref report, .. } => {
            output::notice(&describe(report, request.rejects.as_deref()));
            Failure::new(Exit::Failed, error.to_string()).help("nothing was imported; mend the file or the mapping")
        }
        ImportError::Csv { .. } | ImportError::Mapping { .. } => Failure::new(Exit::Failed, error.to_string()),
    })
}

fn describe(report: &Report, rejects: Option<&Path>) -> String {
    let mut text = format!("{} read, {} rejected\n", counted(report.records, "record"), report.rejected);
    for (table, rows) in &report.tables {
        let _ = writeln!(text, "  {rows:>10} rows to `{table}`");
    }
    for (reason, count) in &report.reasons {
        let _ = writeln!(text, "  {count:>10} rejected: {}", clean_text(reason));
    }
    if report.rejected > 0 {
        let _ = writeln!(text, "the first rejects:");
    }
    for reject in &report.first {
        let line = reject.line.map_or_else(|| "no line".into(), |line| format!("line {line}"));
        let _ = writeln!(text, "  {line}: {}", clean_text(&reject.reason));
    }
    if let Some(path) = rejects {
        let _ = writeln!(text, "all rejects are in {}", path.display());
    } else if report.rejected > report.first.len() as u64 {
        let _ = writeln!(text, "`--rejects OUT.csv` writes all of them");
    }
    text
}

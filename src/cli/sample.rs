//! The CRM that `[sample]` of `scn.toml` describes: built on first use, and built again when its sources have changed.
//!
//! Beside the CRM, a file `CRM.sample` remembers the sources it was built from and the CRM that came of them. A CRM
//! without such a file is the user's own, and so is one that was changed since: neither is ever replaced.

use super::configuration::Sample;
use super::counted::counted;
use super::exit::Failure;
use super::project::Project;
use super::{import, output, whole};
use crate::diagnostic::render::clean;
use crate::store::import::Request;
use std::path::{Path, PathBuf};

/// Builds the CRM of `scn.toml` from its sample where it does not exist, or was built from other sources.
///
/// # Errors
/// When the sources cannot be read or imported.
pub fn build(project: &Project, crm: &Path) -> Result<(), Failure> {
    let Some(sample) = &project.settings.sample else { return Ok(()) };
    let shown = |path: &Path| clean(&project.show(path.strip_prefix(&project.root).unwrap_or(path))).into_owned();
    let exists = crm.exists();
    if exists {
        match state(sample, crm)? {
            State::Fresh | State::Foreign => return Ok(()),
            State::Changed => {
                output::notice(&format!(
                    "note: {} is older than its sample, and was changed since it was built: remove it to build it again\n",
                    shown(crm)
                ));
                return Ok(());
            }
            State::Stale => remove(crm)?,
        }
    }
    let report = make(sample, crm, None)?;
    output::notice(&format!(
        "built {}{} from {}: {}, {} rejected\n",
        shown(crm),
        if exists { " again, since its sample has changed," } else { "" },
        shown(&sample.csv),
        counted(report.records, "record"),
        report.rejected
    ));
    Ok(())
}

/// Imports the sample into a CRM that does not exist, and remembers from what.
///
/// # Errors
/// As [`build`].
pub fn make(sample: &Sample, crm: &Path, rejects_max: Option<u64>) -> Result<crate::store::import::Report, Failure> {
    let (csv, mappings) = (sample.csv.clone(), sample.with.clone());
    let report = import::load(&Request { crm: crm.to_owned(), csv, mappings, rejects: None, rejects_max })?;
    let text = format!("sources {}\nbuilt {}\n", sources_hash(sample)?, file_hash(crm)?);
    whole::write(&mark(crm), text.as_bytes())?;
    Ok(report)
}

/// How a CRM stands to its sample.
enum State {
    /// Built from these very sources.
    Fresh,
    /// Not built from a sample, as far as is known.
    Foreign,
    /// Built from other sources, and as it was then.
    Stale,
    /// Built from other sources, and changed since.
    Changed,
}

fn state(sample: &Sample, crm: &Path) -> Result<State, Failure> {
    let Ok(text) = std::fs::read_to_string(mark(crm)) else { return Ok(State::Foreign) };
    let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    if line("sources ") == sources_hash(sample)? {
        return Ok(State::Fresh);
    }
    Ok(if line("built ") == file_hash(crm)? { State::Stale } else { State::Changed })
}

/// `shop.db.sample`
fn mark(crm: &Path) -> PathBuf {
    beside(crm, ".sample")
}

fn beside(crm: &Path, ending: &str) -> PathBuf {
    let mut name = crm.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn remove(crm: &Path) -> Result<(), Failure> {
    for path in [crm.to_owned(), beside(crm, "-wal"), beside(crm, "-shm")] {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::file("remove", &path, &error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Of the CSV file and of each mapping, in order.
fn sources_hash(sample: &Sample) -> Result<String, Failure> {
    let hashes: Result<Vec<String>, Failure> =
        std::iter::once(&sample.csv).chain(&sample.with).map(|path| file_hash(path)).collect();
    Ok(blake3::hash(hashes?.join(" ").as_bytes()).to_hex().to_string())
}

fn file_hash(path: &Path) -> Result<String, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file("read", path, &error))?;
    Ok(blake3::hash(&bytes).to_hex().to_string())
}

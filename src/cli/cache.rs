//! `scn cache`, and where histories are kept that `scn simulate` reads.

use super::configuration::{CacheSetting, Settings};
use super::counted::counted;
use super::exit::{Exit, Failure};
use super::project::Project;
use super::{output, unfinished};
use crate::diagnostic::render::clean;
use crate::drivers::simulate::ReadFrom;
use crate::store::cache;
use etcetera::BaseStrategy;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Show the copies of histories that `scn simulate` keeps, or remove them
///
/// They are made by `--cache`, or where `scn.toml` says `cache = true`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  scn cache --clear")]
pub struct Arguments {
    /// The project whose folder for caches is meant too
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// Remove them all
    #[arg(long)]
    pub clear: bool,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let project = Project::open_one(&arguments.path)?;
    let mut text = String::new();
    for folder in folders(&project.settings) {
        let shown = clean(&folder.display().to_string()).into_owned();
        let failed = |error: std::io::Error| Failure::file("read", &folder, &error);
        if arguments.clear {
            let removed = cache::remove(&folder, None).map_err(|error| Failure::file("empty", &folder, &error))?;
            // Writing into a string cannot fail.
            let _ = writeln!(text, "{shown}: {} removed", counted(removed as u64, "cache"));
            continue;
        }
        let kept = cache::kept(&folder).map_err(failed)?;
        let mebibytes = kept.iter().map(|cache| cache.bytes).sum::<u64>().div_ceil(1 << 20);
        let _ = writeln!(text, "{shown}: {}, {mebibytes} MiB", counted(kept.len() as u64, "cache"));
    }
    output::results(&text)?;
    Ok(Exit::Done)
}

/// The folder for what a user's programs may lose: `XDG_CACHE_HOME`, or what stands for it.
fn of_user() -> Option<PathBuf> {
    etcetera::choose_base_strategy().ok().map(|strategy| strategy.cache_dir().join("scn"))
}

/// All folders in which this project may keep histories: that of the user too, since a command may say so.
pub fn folders(settings: &Settings) -> Vec<PathBuf> {
    let own = match &settings.cache {
        CacheSetting::In(folder) => Some(folder.clone()),
        CacheSetting::On | CacheSetting::Off => None,
    };
    own.into_iter().chain(of_user()).collect()
}

/// Where the history is kept, as `scn.toml` or the command says.
///
/// # Errors
/// When the user has no folder for it.
pub fn settings(settings: &Settings, on: bool, off: bool) -> Result<Option<cache::Settings>, Failure> {
    let folder = match &settings.cache {
        _ if off => return Ok(None),
        CacheSetting::Off if !on => return Ok(None),
        CacheSetting::In(folder) => folder.clone(),
        CacheSetting::On | CacheSetting::Off => of_user().ok_or_else(|| {
            Failure::new(
                Exit::Configuration,
                "there is no folder for caches: neither `XDG_CACHE_HOME` nor `HOME` is set",
            )
            .help("name one in `scn.toml`: `cache = \"FOLDER\"`")
        })?,
    };
    let folder = std::path::absolute(Path::new(&folder)).unwrap_or(folder);
    unfinished::keeps(&folder);
    Ok(Some(cache::Settings::in_folder(folder)))
}

/// A line that says why the history was read from the CRM where a cache was asked for; none where nobody asked, or it served.
pub fn told(read_from: &ReadFrom) -> Option<String> {
    match read_from {
        ReadFrom::Crm | ReadFrom::Cache => None,
        ReadFrom::Kept(cold) => Some(format!("the history was read from the CRM, and is kept from now on: {cold}\n")),
        ReadFrom::Cold(cold) => Some(format!("the history was read from the CRM, and is not kept: {cold}\n")),
    }
}

//! The folder in which caches are kept.

use super::file::Head;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How the names of caches end, and those of caches that are not whole yet.
pub(super) const END: &str = ".scn-history";
pub(super) const PART: &str = ".scn-history-part";

/// How many caches are kept.
const KEPT: usize = 8;
/// How long one that is not whole is left alone: whoever makes it has died after that.
const DEAD: Duration = Duration::from_secs(86_400);

/// A cache that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub path: PathBuf,
    pub bytes: u64,
    /// When it was made or used last.
    used: SystemTime,
    is_whole: bool,
}

/// The caches of a folder, in the order of their names; none where there is no such folder. Those that are not whole count too.
///
/// # Errors
/// When the folder cannot be read.
pub fn kept(folder: &Path) -> io::Result<Vec<Kept>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let is = |end: &str| name.to_string_lossy().ends_with(end);
        if is(END) || is(PART) {
            // Somebody else may remove it at the same time.
            let Ok(metadata) = entry.metadata() else { continue };
            let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            found.push(Kept { path: entry.path(), bytes: metadata.len(), used, is_whole: is(END) });
        }
    }
    found.sort_by(|one, two| one.path.cmp(&two.path));
    Ok(found)
}

/// How the names of what this process makes begin.
pub(super) fn own() -> String {
    format!(".{}-", std::process::id())
}

/// Removes what this process has not made whole, as it ends before its time. What cannot be removed, later ones do.
pub fn abandon(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(&own()) && name.ends_with(PART) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Removes the caches of a CRM, or all; gives how many there were. One that cannot be read could be anybody's, and goes too.
///
/// # Errors
/// When the folder cannot be read, or a cache cannot be removed.
pub fn remove(folder: &Path, crm: Option<&Path>) -> io::Result<usize> {
    let mut removed = 0;
    for cache in kept(folder)? {
        let is_meant = crm.is_none_or(|crm| Head::of(&cache.path).is_none_or(|head| head.is_of(crm)));
        if is_meant && remove_file(&cache.path)? {
            removed += 1;
        }
    }
    Ok(removed)
}

/// Removes the caches that were not used for longest, above a number, and what those who died left behind.
pub(super) fn tidy(folder: &Path) -> io::Result<()> {
    let mut all = kept(folder)?;
    all.sort_by(|one, two| two.used.cmp(&one.used).then_with(|| one.path.cmp(&two.path)));
    let now = SystemTime::now();
    let is_dead = |cache: &Kept| now.duration_since(cache.used).is_ok_and(|age| age > DEAD);
    let dead = all.iter().filter(|cache| !cache.is_whole && is_dead(cache));
    for cache in all.iter().filter(|cache| cache.is_whole).skip(KEPT).chain(dead) {
        remove_file(&cache.path)?;
    }
    Ok(())
}

/// Makes the folder, for its owner alone.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Removes a file; false where somebody else has done it.
pub(super) fn remove_file(path: &Path) -> io::Result<bool> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        removed => removed.map(|()| true),
    }
}

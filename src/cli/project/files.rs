//! The files of a folder, and their texts.

use super::super::exit::Failure;
use super::names::Given;
use std::io::Read;
use std::path::{Path, PathBuf};

/// No text is read that is larger; the parser has a smaller bound and words for it.
pub(super) const BYTES_MAX: u64 = 64_000_000;

/// What a file holds.
pub(super) enum Text {
    Read(String),
    /// `shown` is its text with what is not UTF-8 replaced; the first such byte stands at `at`.
    NotUtf8 {
        shown: String,
        at: usize,
        byte: u8,
    },
    TooLarge,
}

/// Reads a file; `shown` is its name in words.
pub(super) fn read(path: &Path, shown: &str) -> Result<Text, Failure> {
    let failed = |error| Failure::file("read", Path::new(shown), &error);
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Ok(Text::TooLarge);
    }
    Ok(String::from_utf8(bytes).map_or_else(
        |error| {
            let at = error.utf8_error().valid_up_to();
            let byte = error.as_bytes().get(at).copied().unwrap_or_default();
            Text::NotUtf8 { shown: String::from_utf8_lossy(error.as_bytes()).into_owned(), at, byte }
        },
        Text::Read,
    ))
}

/// All `.scn` files under a folder. Hidden ones, `target` and `outbox` are left out, and folders behind symbolic
/// links are not entered, so that no link leads around in circles.
pub(super) fn scenario_files(root: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = |error| Failure::file("read", &folder, &error);
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let path = entry.path();
            let is_link = entry.file_type().map_err(failed)?.is_symlink();
            let is_scenario = path.extension().is_some_and(|extension| extension == "scn");
            let about = std::fs::metadata(&path);
            if about.as_ref().is_ok_and(std::fs::Metadata::is_dir) {
                if !is_link && name != "target" && name != "outbox" {
                    folders.push(path);
                }
            } else if is_scenario && about.map_or(true, |about| about.is_file()) {
                // A pipe or a device would never end; what cannot even be looked at is reported when it is read.
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A file that is given, and beside it its tests, or what it tests. Nothing for a folder.
pub(super) fn with_tests(given: &Given) -> Vec<PathBuf> {
    if given.is_folder {
        return Vec::new();
    }
    let name = given.path.file_name().unwrap_or_default().to_string_lossy();
    let other = match name.strip_suffix(".test.scn") {
        Some(stem) => Some(format!("{stem}.scn")),
        None => name.strip_suffix(".scn").map(|stem| format!("{stem}.test.scn")),
    };
    let other = other.map(|other| given.path.with_file_name(other)).filter(|other| other.is_file());
    std::iter::once(given.path.clone()).chain(other).collect()
}

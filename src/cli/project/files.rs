//! The files of a folder, and their texts.

use super::super::configuration;
use super::names::Given;
use std::fs::FileType;
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

/// Reads a file.
///
/// # Errors
/// When it cannot be read.
pub(super) fn read(path: &Path) -> std::io::Result<Text> {
    let file = std::fs::File::open(path)?;
    // With room for the whole file, and for seeing that there is no more, it is read in one piece.
    let size = file.metadata().map_or(0, |about| about.len()).min(BYTES_MAX) + 1;
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
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

/// What lies under a folder.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// The `.scn` files, in order.
    pub(super) files: Vec<PathBuf>,
    /// The folders that are projects of their own, in order.
    pub(super) projects: Vec<PathBuf>,
    /// The folders that cannot be read, and why.
    pub(super) unreadable: Vec<(PathBuf, std::io::Error)>,
}

/// All `.scn` files under a folder. Hidden ones, `target` and `outbox` are left out, and folders behind symbolic
/// links are not entered, so that no link leads around in circles. The files of a project inside it are that project's, and
/// are left out unless `with_projects`.
///
/// # Errors
/// When the folder itself cannot be read.
pub(super) fn list(root: &Path, with_projects: bool) -> std::io::Result<Listing> {
    let mut listing = Listing::default();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        match enter(&folder, &mut listing, &mut folders, with_projects) {
            Err(error) if folder == root => return Err(error),
            Err(error) => listing.unreadable.push((folder, error)),
            Ok(()) => {}
        }
    }
    listing.files.sort();
    listing.projects.sort();
    listing.unreadable.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(listing)
}

/// Reads one folder, and adds those to enter.
fn enter(folder: &Path, listing: &mut Listing, folders: &mut Vec<PathBuf>, with_projects: bool) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        let kind = entry.file_type()?;
        let is_link = kind.is_symlink();
        let is_scenario = path.extension().is_some_and(|extension| extension == "scn");
        // Only of a link the folder does not say what is behind it.
        let kind = if is_link { std::fs::metadata(&path).map(|about| about.file_type()) } else { Ok(kind) };
        if kind.as_ref().is_ok_and(FileType::is_dir) {
            if is_link || name == "target" || name == "outbox" {
                continue;
            }
            let is_project = path.join(configuration::FILE).is_file();
            if is_project {
                listing.projects.push(path.clone());
            }
            if with_projects || !is_project {
                folders.push(path);
            }
        } else if is_scenario && kind.map_or(true, |kind| kind.is_file()) {
            // A pipe or a device would never end; what cannot even be looked at is reported when it is read.
            listing.files.push(path);
        }
    }
    Ok(())
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

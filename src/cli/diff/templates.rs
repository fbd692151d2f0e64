//! Templates that differ: the same messages, in other words.

use crate::cli::exit::Failure;
use crate::diagnostic::render::clean;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The templates that differ, that went or that came, relative to the folders of both projects.
///
/// # Errors
/// When a folder or a file cannot be read.
pub fn changed(old: &Path, new: &Path) -> Result<Vec<String>, Failure> {
    let (old, new) = (templates(old)?, templates(new)?);
    let all: BTreeSet<&PathBuf> = old.keys().chain(new.keys()).collect();
    let changed = all.into_iter().filter(|path| old.get(*path) != new.get(*path));
    Ok(changed.map(|path| clean(&path.to_string_lossy()).into_owned()).collect())
}

/// The files in folders called `templates`, by their digests. Left out are hidden ones, symbolic links, `target` and `outbox`.
fn templates(root: &Path) -> Result<BTreeMap<PathBuf, blake3::Hash>, Failure> {
    let mut found = BTreeMap::new();
    let mut folders = vec![(root.to_owned(), false)];
    while let Some((folder, is_inside)) = folders.pop() {
        let failed = |error| Failure::file("read", &folder, &error);
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (name, kind, path) = (entry.file_name(), entry.file_type().map_err(failed)?, entry.path());
            if name.as_encoded_bytes().starts_with(b".") || kind.is_symlink() {
                continue;
            }
            if kind.is_dir() && name != "target" && name != "outbox" {
                folders.push((path, is_inside || name == "templates"));
            } else if kind.is_file() && is_inside {
                let bytes = std::fs::read(&path).map_err(|error| Failure::file("read", &path, &error))?;
                let relative = path.strip_prefix(root).unwrap_or(&path).to_owned();
                found.insert(relative, blake3::hash(&bytes));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_templates_that_differ_are_named() {
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for (folder, path, text) in [
            (&old, "templates/a.email.html", "one"),
            (&new, "templates/a.email.html", "one"),
            (&old, "shop/templates/b.email.html", "one"),
            (&new, "shop/templates/b.email.html", "two"),
            (&new, "shop/templates/parts/c.html", "new"),
            (&old, "shop/notes.txt", "one"),
            (&old, "templates/.hidden", "one"),
            (&old, "outbox/templates/sent.html", "one"),
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let wanted = ["shop/templates/b.email.html", "shop/templates/parts/c.html"];
        assert_eq!(changed(old.path(), new.path()).unwrap(), wanted);
        assert!(changed(new.path(), new.path()).unwrap().is_empty());
    }
}

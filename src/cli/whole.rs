//! Files that are written whole or not at all.

use super::exit::{Exit, Failure};
use super::unfinished::Unfinished;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use tempfile::NamedTempFile;

/// Writes a file whole or not at all: beside it first, then in its place, with the permissions it had. A symbolic
/// link keeps pointing to the file, which is the one that changes.
///
/// # Errors
/// When the folder cannot be written, or the disk is full.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    replace(path, bytes).map_err(|error| Failure::file("write", path, &error))
}

/// Refuses to write over a file that is read.
///
/// # Errors
/// When `path` is one of `inputs`, whatever it is called.
pub fn refuse_inputs(path: &Path, inputs: &[impl AsRef<Path>]) -> Result<(), Failure> {
    let Ok(written) = path.canonicalize() else { return Ok(()) };
    match inputs.iter().find(|input| input.as_ref().canonicalize().is_ok_and(|input| input == written)) {
        Some(_) => {
            let message = format!("`{}` is read, and would be written over", path.display());
            Err(Failure::new(Exit::Usage, message).help("name another file to write"))
        }
        None => Ok(()),
    }
}

/// Whether a file that is there may be changed: its folder lets us put another in its place, whatever the file itself says.
pub fn may_change(path: &Path) -> bool {
    let is_read_only = std::fs::metadata(path).is_ok_and(|about| about.permissions().readonly());
    !is_read_only && std::fs::OpenOptions::new().append(true).open(path).is_ok()
}

fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let old = std::fs::metadata(&target).ok();
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        // A device or a pipe (`--out /dev/stdout`) has no place to be taken.
        return std::fs::write(&target, bytes);
    }
    if old.is_some() && !may_change(&target) {
        return Err(std::io::ErrorKind::PermissionDenied.into());
    }
    let mut file = beside(&target)?;
    file.file().write_all(bytes)?;
    if let Some(old) = old {
        file.file().set_permissions(old.permissions())?;
    }
    file.file().sync_all()?;
    file.persist(&target)
}

/// A file beside a place, to be moved there when it is whole. Left alone, it goes away; with a signal too.
#[derive(Debug)]
pub struct Beside {
    file: NamedTempFile,
    _unfinished: Unfinished,
}

impl Beside {
    pub fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Moves it to its place.
    ///
    /// # Errors
    /// When nothing may be put there.
    pub fn persist(self, target: &Path) -> std::io::Result<()> {
        self.file.persist(target).map(drop).map_err(|error| error.error)
    }
}

/// A file beside a place, with the permissions of any new file.
///
/// # Errors
/// When the folder cannot be written.
pub fn beside(target: &Path) -> std::io::Result<Beside> {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".scn-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What the user's mask leaves of it.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let (file, unfinished) = Unfinished::made(|| builder.tempfile_in(folder), |file| file.path())?;
    Ok(Beside { file, _unfinished: unfinished })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_file_keeps_its_permissions_and_its_links() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a.scn"), folder.path().join("link.scn"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&file, &link).unwrap();
        write(&link, b"new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left behind");
    }

    #[test]
    fn a_file_that_is_read_only_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.scn");
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
        assert_eq!(
            write(&file, b"new").unwrap_err().message,
            format!("cannot write `{}`: permission denied", file.display())
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
    }

    #[test]
    fn a_new_file_has_the_permissions_of_any_new_file() {
        let folder = tempfile::tempdir().unwrap();
        let (plain, whole) = (folder.path().join("plain"), folder.path().join("whole"));
        fs::write(&plain, "x").unwrap();
        write(&whole, b"x").unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&whole), mode(&plain));
    }

    #[test]
    fn a_folder_that_is_not_there_is_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        let failure = write(&folder.path().join("no/a.scn"), b"new").unwrap_err();
        assert_eq!(failure.exit, Exit::InputOutput);
    }
}

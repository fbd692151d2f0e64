//! Messages as files: what a project without a server writes, and all that phone and SMS have.
//!
//! A file's name is the effect's key and nothing else. It is written beside its place, synced and renamed, so
//! a reader never sees half a file; the same key written again is the same file, so delivery to a
//! folder is exactly-once.

use super::address::is_invisible;
use super::mail::is_key;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// What a file holds, and the end of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A mail (RFC 5322): `.eml`.
    Mail,
    /// A text message: `.txt`.
    Text,
    /// What a webhook is told: `.json`.
    Call,
}

/// A file that could not be written. It names the folder and the system's reason.
#[derive(Debug)]
pub enum FileError {
    Key,
    Io { folder: PathBuf, error: std::io::Error },
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileError::Key => f.write_str("the effect's key has a character outside letters, digits, `-` and `_`"),
            FileError::Io { folder, error } => write!(f, "cannot write to `{}`: {error}", folder.display()),
        }
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            FileError::Key => None,
            FileError::Io { error, .. } => Some(error),
        }
    }
}

/// Writes one message under `folder`, which is made where it is missing, and returns the file's path. When this
/// returns, file and name are on the disk.
///
/// # Errors
///
/// The key is none, or the folder cannot be written to; then no file of that name was changed.
pub fn write_file(folder: &Path, key: &str, kind: FileKind, content: &[u8]) -> Result<PathBuf, FileError> {
    if !is_key(key) {
        return Err(FileError::Key);
    }
    let extension = match kind {
        FileKind::Mail => "eml",
        FileKind::Text => "txt",
        FileKind::Call => "json",
    };
    let path = folder.join(format!("{key}.{extension}"));
    let unfinished = folder.join(format!("{key}.{extension}.tmp"));
    let written = write_synced(folder, &unfinished, &path, content);
    if written.is_err() {
        // What is left of it is of no use; the error that counts is the first.
        let _ = fs::remove_file(&unfinished);
    }
    written.map(|()| path).map_err(|error| FileError::Io { folder: folder.to_path_buf(), error })
}

fn write_synced(folder: &Path, unfinished: &Path, path: &Path, content: &[u8]) -> std::io::Result<()> {
    make_folder(folder)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // A message is for its recipient.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    drop(file);
    fs::rename(unfinished, path)?;
    sync_folder(folder)
}

/// Takes away what was written of messages, whatever their kinds, and what was not finished of it. When this returns, the
/// names are gone from the disk.
///
/// # Errors
///
/// The folder cannot be written to.
pub fn remove_files(folder: &Path, keys: &[String]) -> std::io::Result<()> {
    let mut removed = false;
    for key in keys {
        for end in ["eml", "txt", "json", "eml.tmp", "txt.tmp", "json.tmp"] {
            match fs::remove_file(folder.join(format!("{key}.{end}"))) {
                Ok(()) => removed = true,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    if removed { sync_folder(folder) } else { Ok(()) }
}

/// Makes a folder and those above it, and their names durable.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_folder(above)?;
    match fs::create_dir(folder) {
        // Another sender was faster.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => sync_folder(above),
    }
}

/// A name is on the disk only when its folder is; systems other than Unix cannot be asked for that.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// A text message as a file: whom it is for, by which channel, and the text.
pub fn text_message(channel: &str, address: &str, text: &str) -> Vec<u8> {
    let address: String = address.chars().filter(|letter| !is_invisible(*letter)).take(64).collect();
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text: String = text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')).collect();
    format!("Channel: {channel}\nTo: {address}\n\n{}\n", text.trim_end()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = folder.path().join("outbox/mail/deep");
        let first = write_file(&outbox, "a1b2", FileKind::Mail, b"one").unwrap();
        let second = write_file(&outbox, "a1b2", FileKind::Mail, b"one").unwrap();
        let text = write_file(&outbox, "a1b2", FileKind::Text, b"two").unwrap();
        assert_eq!(first, second);
        assert_eq!(fs::read(&first).unwrap(), b"one");
        assert_eq!(fs::read(&text).unwrap(), b"two");
        let mut names: Vec<_> =
            fs::read_dir(&outbox).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, ["a1b2.eml", "a1b2.txt"]);
    }

    #[test]
    fn all_of_a_key_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let keys = ["a1".to_owned(), "b2".to_owned()];
        remove_files(&folder.path().join("none"), &keys).unwrap();
        for name in ["a1.eml", "a1.txt", "b2.json", "b2.eml.tmp", "c3.eml"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        remove_files(folder.path(), &keys).unwrap();
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["c3.eml"]);
    }

    #[test]
    fn what_an_earlier_crash_left_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a1.eml.tmp"), b"half of a much longer file").unwrap();
        let path = write_file(folder.path(), "a1", FileKind::Mail, b"whole").unwrap();
        assert_eq!(fs::read(path).unwrap(), b"whole");
        assert!(!folder.path().join("a1.eml.tmp").exists());
    }

    #[test]
    fn a_name_that_is_no_key_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let long = "a".repeat(129);
        for key in ["", "../x", "a/b", "a.b", "a\0b", "é", "a b", long.as_str()] {
            let result = write_file(folder.path(), key, FileKind::Text, b"x");
            assert!(matches!(result, Err(FileError::Key)), "{key:?}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_a_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("outbox");
        fs::write(&place, b"").unwrap();
        assert!(matches!(write_file(&place, "a1", FileKind::Mail, b"x"), Err(FileError::Io { .. })));
    }

    #[test]
    fn a_text_message_says_whom_it_is_for() {
        let file = text_message("sms", "+33 6\r\n12", "Bonjour\r\nAna\u{1b}[31m\n\n");
        assert_eq!(String::from_utf8(file).unwrap(), "Channel: sms\nTo: +33 612\n\nBonjour\nAna[31m\n");
    }
}

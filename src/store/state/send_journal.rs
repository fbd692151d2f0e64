//! `NAME.sent`: how many messages were ever handed to a server, kept apart from the database.
//!
//! A database restored from a backup has forgotten what was sent after it, and would send it again. So before the first
//! final dot of a group the number of all handings so far is appended to this file and forced to the disk, after the
//! database's own commit: the file is never ahead of the database that belongs to it.

use super::{Error, ErrorKind};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A line is `NUMBER RUN`; the last one lies within so many bytes of the end.
const TAIL: u64 = 4096;

#[derive(Debug)]
pub(super) struct SendJournal {
    file: File,
    path: PathBuf,
}

impl SendJournal {
    /// Opens the journal, which is made where there is none. Errors with [`ErrorKind::OlderThanJournal`] when it knows
    /// of more handings than the database.
    pub fn open(path: &Path, database: &str, handings: u64) -> Result<SendJournal, Error> {
        let failed = |error: std::io::Error| Error::io(path, &error);
        let mut file = File::options().create(true).append(true).read(true).open(path).map_err(failed)?;
        let written = last(&mut file).map_err(failed)?;
        if written > handings {
            let missing = written - handings;
            let messages = if missing == 1 { "1 message was".into() } else { format!("{missing} messages were") };
            let detail = format!("{messages} sent after it");
            return Err(Error::new(ErrorKind::OlderThanJournal, database, detail));
        }
        Ok(SendJournal { file, path: path.to_owned() })
    }

    /// Writes down that so many messages were handed, and waits until it is on the disk.
    pub fn append(&mut self, handings: u64, run: &str) -> Result<(), Error> {
        let line = format!("{handings} {}\n", run.replace(char::is_whitespace, "-"));
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|error| Error::io(&self.path, &error))
    }
}

/// The number of the last whole line. What follows it was cut off by a crash, before any dot, and is taken away.
fn last(file: &mut File) -> std::io::Result<u64> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    Read::take(&mut *file, TAIL).read_to_end(&mut tail)?;
    let end = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    file.set_len(length - (tail.len() - end) as u64)?;
    let whole = String::from_utf8_lossy(tail.get(..end).unwrap_or(&[])).into_owned();
    match whole.lines().next_back().unwrap_or("").split(' ').next() {
        None | Some("") => Ok(0),
        Some(number) => number.parse().map_err(|_| std::io::Error::other("the send journal is damaged")),
    }
}

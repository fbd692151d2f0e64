//! What tells one state of a database from every other, without reading it.
//!
//! A commit changes the file or its write-ahead log, and with them what the system keeps of a file: size, and the instants of
//! the last change of its content and of its inode. The latter nobody can set. To be on the safe side of clocks, the counters
//! that SQLite itself moves are part of a stamp too: the header of the file ("Database File Format", 1.3) and the frames of the
//! log with their running checksums (4.1, 4.2).

use super::Cold;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One state of a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    file: FileState,
    /// The first 100 bytes: change counter, schema cookie, the version that the size is valid for, and the rest.
    header: Vec<u8>,
    /// The write-ahead log, where there is one that holds anything, with a hash of its header and of those of its frames.
    log: Option<(FileState, [u8; 32])>,
}

/// What the system knows of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FileState {
    /// Device and inode.
    identity: (u64, u64),
    size: u64,
    /// When the content changed, in nanoseconds since 1970.
    modified: i128,
    /// When the inode changed, in nanoseconds since 1970.
    changed: i128,
}

/// The header of a database.
const HEADER: usize = 100;
/// The header of a write-ahead log, and that of a frame.
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// With what the journal of a transaction begins that is under way, or that somebody died in.
const JOURNAL_MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

impl Stamp {
    /// The state that a database is in. Of a database that others may change, somebody has to hold a read transaction, so that
    /// nobody is in the middle of a change. `path` is canonical.
    pub fn take(path: &Path) -> Result<Stamp, Cold> {
        let refused = |error: io::Error| Cold::Unstamped(error.to_string());
        if has_journal(path).map_err(refused)? {
            return Err(Cold::Journal);
        }
        let metadata = std::fs::metadata(path).map_err(refused)?;
        let file = FileState::of(&metadata)?;
        let header = header(path, file.identity).map_err(refused)?;
        Ok(Stamp { file, header, log: log(&beside(path, "-wal")).map_err(refused)? })
    }

    /// Whether it is as another, but for the instant at which the inode of the database changed.
    pub fn is_but_for_the_inode(&self, other: &Stamp) -> bool {
        let file = FileState { changed: other.file.changed, ..self.file.clone() };
        Stamp { file, ..self.clone() } == *other
    }

    /// Whether it is of the file that is there now, in whatever state.
    pub fn is_of(&self, path: &Path) -> bool {
        let found = std::fs::metadata(path).ok().and_then(|metadata| FileState::of(&metadata).ok());
        found.is_some_and(|found| found.identity == self.file.identity)
    }

    /// Whether a change after `now` could not leave these very instants behind: they lie further back than the clock of a
    /// file system is coarse. An instant in the future is never far enough.
    pub fn is_settled(&self, now: SystemTime, coarse: Duration) -> bool {
        let since = |instant: SystemTime| instant.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let until = i128::try_from(since(now)).unwrap_or(0) - i128::try_from(coarse.as_nanos()).unwrap_or(i128::MAX);
        let files = std::iter::once(&self.file).chain(self.log.as_ref().map(|(file, _)| file));
        files.into_iter().all(|file| file.modified.max(file.changed) <= until)
    }
}

impl FileState {
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Result<FileState, Cold> {
        use std::os::unix::fs::MetadataExt;
        let nanoseconds = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
        Ok(FileState {
            identity: (metadata.dev(), metadata.ino()),
            size: metadata.len(),
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    #[cfg(not(unix))]
    fn of(_: &Metadata) -> Result<FileState, Cold> {
        Err(Cold::FileSystem("this system".to_owned()))
    }
}

/// A file that SQLite keeps beside a database.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// Opens a file that need not be there.
fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some),
    }
}

fn has_journal(path: &Path) -> io::Result<bool> {
    let Some(file) = open(&beside(path, "-journal"))? else { return Ok(false) };
    let mut start = Vec::new();
    file.take(JOURNAL_MAGIC.len() as u64).read_to_end(&mut start)?;
    // One that is empty, or begins with zeros, was left behind by a transaction that has ended.
    Ok(start == JOURNAL_MAGIC)
}

/// The databases whose headers were read: they stay open, because by POSIX whoever closes a file loses all locks on it that
/// the process has, those of SQLite too ("How To Corrupt An SQLite Database File", 2.2).
static OPEN: Mutex<BTreeMap<(u64, u64), File>> = Mutex::new(BTreeMap::new());

/// The first bytes of a database.
fn header(path: &Path, identity: (u64, u64)) -> io::Result<Vec<u8>> {
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    // Nobody can have a lock that matters on what is deleted.
    open.retain(|_, file| file.metadata().is_ok_and(|metadata| links(&metadata) > 0));
    if !open.contains_key(&identity) {
        let file = File::open(path)?;
        let found = FileState::of(&file.metadata()?).map(|state| state.identity);
        open.insert(found.unwrap_or(identity), file);
    }
    // Another file may have taken its place just now.
    let file = open.get_mut(&identity).ok_or_else(|| io::Error::from(ErrorKind::NotFound))?;
    file.rewind()?;
    let mut header = Vec::new();
    file.take(HEADER as u64).read_to_end(&mut header)?;
    Ok(header)
}

/// How many names a file has.
fn links(metadata: &Metadata) -> u64 {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::nlink(metadata);
    #[cfg(not(unix))]
    return u64::from(metadata.is_file());
}

/// The state of a write-ahead log. The headers of its frames hold checksums that each go on from the one before, from salts
/// that are drawn anew whenever the log begins again.
fn log(path: &Path) -> io::Result<Option<(FileState, [u8; 32])>> {
    let Some(file) = open(path)? else { return Ok(None) };
    let metadata = file.metadata()?;
    // Whoever opens such a database makes an empty one.
    if metadata.len() == 0 {
        return Ok(None);
    }
    let state = FileState::of(&metadata).map_err(|_| io::Error::from(ErrorKind::Unsupported))?;
    // SQLite changes the owner of a log whenever root opens it, and so its inode; the frames tell what is in it.
    let state = FileState { changed: state.modified, ..state };
    let mut hasher = blake3::Hasher::new();
    let mut file = BufReader::with_capacity(LOG_HEADER, file);
    let mut header = [0; LOG_HEADER];
    if whole(&mut file, &mut header)? {
        hasher.update(&header);
        let (page_size, salts) = (header.get(8..12), header.get(16..24).map(<[u8]>::to_vec));
        let page_size = page_size.and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes);
        let mut frame = [0; FRAME_HEADER];
        while whole(&mut file, &mut frame)? && frame.get(8..16) == salts.as_deref() {
            hasher.update(&frame);
            file.seek(SeekFrom::Current(i64::from(page_size)))?;
        }
    }
    Ok(Some((state, *hasher.finalize().as_bytes())))
}

/// Fills the room; false where the file ends before.
fn whole(file: &mut impl Read, room: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(room) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| true),
    }
}

/// Refuses file systems whose instants of change prove nothing: those of other machines, of other programs, and layered ones.
pub(super) fn refuse_unproven(path: &Path) -> Result<(), Cold> {
    #[cfg(target_os = "linux")]
    {
        let found = rustix::fs::statfs(path).map_err(|error| Cold::Unstamped(error.to_string()))?;
        // Of 32 bits in `statfs(2)`, whatever the word is.
        let kind = u32::try_from(found.f_type & 0xffff_ffff).unwrap_or(0);
        match proves(kind) {
            true => Ok(()),
            false => Err(Cold::FileSystem(format!("a file system of type {kind:#x}"))),
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        Err(Cold::FileSystem("this system".to_owned()))
    }
}

/// Whether a file system of this type (`statfs(2)`) is on this machine and sets the instant of an inode's change itself, with
/// every write.
#[cfg(any(target_os = "linux", test))]
pub(super) fn proves(kind: u32) -> bool {
    const EXT: u32 = 0xef53;
    const XFS: u32 = 0x5846_5342;
    const BTRFS: u32 = 0x9123_683e;
    const TMPFS: u32 = 0x0102_1994;
    const F2FS: u32 = 0xf2f5_2010;
    const ZFS: u32 = 0x2fc1_2fc1;
    const BCACHEFS: u32 = 0xca45_1a4e;
    [EXT, XFS, BTRFS, TMPFS, F2FS, ZFS, BCACHEFS].contains(&kind)
}

//! The file of a cache: a head, chunks, the entities, and at the end what says where they are.
//!
//! Head and end are hashed, and the end holds the hashes of everything between: what is torn, cut off or changed is seen before
//! any of it is taken for a history.

use super::Settings;
use super::chunk::{Chunk, Widths};
use super::cold::Cold;
use super::key::{Asked, Key};
use super::stamp::Stamp;
use super::world;
use crate::engine::{Life, Needs, Person, World};
use crate::store::crm::{Findings, Notes};
use crate::store::error::{Error, ErrorKind};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// With what a cache begins.
const MAGIC: [u8; 8] = *b"scnhist1";
const HASH: usize = 32;

/// For what a cache was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    crm: [u8; 32],
    needs: [u8; 32],
    shape: [u8; 32],
    stamp: Stamp,
}

impl Head {
    pub fn new(key: &Key, stamp: Stamp) -> Head {
        Head { crm: key.crm, needs: key.needs, shape: key.shape, stamp }
    }

    /// That of a file; `None` where it has none.
    pub fn of(path: &Path) -> Option<Head> {
        Head::read(&mut File::open(path).ok()?)
    }

    fn read(file: &mut File) -> Option<Head> {
        let mut magic = [0; MAGIC.len()];
        file.read_exact(&mut magic).ok()?;
        (magic == MAGIC).then_some(())?;
        let mut length = [0; 8];
        file.read_exact(&mut length).ok()?;
        hashed(file, u64::from_le_bytes(length))
    }

    pub fn write(&self, to: &mut File) -> io::Result<u64> {
        let (bytes, hash) = sealed(self)?;
        let length = (bytes.len() as u64).to_le_bytes();
        let whole: Vec<u8> = [MAGIC.as_slice(), &length, &bytes, &hash].concat();
        to.write_all(&whole)?;
        Ok(whole.len() as u64)
    }

    /// Whether it is of this CRM: of this path, or of the very file that is there, by whatever name it was read.
    pub fn is_of(&self, crm: &Path) -> bool {
        let path = std::fs::canonicalize(crm);
        let path = path.as_deref().unwrap_or(crm);
        self.crm == *blake3::hash(path.as_os_str().as_encoded_bytes()).as_bytes() || self.stamp.is_of(path)
    }
}

/// What a cache tells beside the lives, and where they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Contents {
    pub notes: Notes,
    pub unreadable: Findings,
    pub persons: usize,
    pub world: Place,
    /// In the order of contacts.
    pub chunks: Vec<Place>,
}

/// Where something is, and its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    pub offset: u64,
    pub length: u64,
    pub hash: [u8; HASH],
    /// How many events there are in it, and how many contacts.
    pub weight: u64,
}

impl Contents {
    /// Writes the end of a file, which has come so far.
    pub fn write(&self, to: &mut File, offset: u64) -> io::Result<()> {
        let (bytes, hash) = sealed(self)?;
        let trailer = [offset.to_le_bytes(), (bytes.len() as u64).to_le_bytes(), MAGIC].concat();
        to.write_all(&[bytes.as_slice(), &hash, &trailer].concat())
    }

    fn read(file: &mut File) -> Option<Contents> {
        let mut trailer = [0; 24];
        file.seek(SeekFrom::End(-(trailer.len() as i64))).ok()?;
        file.read_exact(&mut trailer).ok()?;
        let (numbers, magic) = trailer.split_at(16);
        (magic == MAGIC).then_some(())?;
        let (offset, length) = numbers.split_at(8);
        let number = |bytes: &[u8]| bytes.try_into().ok().map(u64::from_le_bytes);
        file.seek(SeekFrom::Start(number(offset)?)).ok()?;
        hashed(file, number(length)?)
    }
}

/// The bytes of something, and their hash.
fn sealed(what: &impl Serialize) -> io::Result<(Vec<u8>, [u8; HASH])> {
    let bytes = postcard::to_stdvec(what).map_err(io::Error::other)?;
    let hash = *blake3::hash(&bytes).as_bytes();
    Ok((bytes, hash))
}

/// Reads so many bytes and their hash.
fn hashed<T: for<'de> Deserialize<'de>>(file: &mut File, length: u64) -> Option<T> {
    let size = file.metadata().ok()?.len();
    let mut bytes = vec![0; usize::try_from(length).ok().filter(|_| length <= size)?];
    let mut hash = [0; HASH];
    file.read_exact(&mut bytes).ok()?;
    file.read_exact(&mut hash).ok()?;
    (*blake3::hash(&bytes).as_bytes() == hash).then_some(())?;
    postcard::from_bytes(&bytes).ok()
}

/// A history that was kept. Shared by all threads.
#[derive(Debug)]
pub struct Cache {
    path: PathBuf,
    file: Mutex<File>,
    contents: Contents,
    widths: Widths,
}

impl Cache {
    /// The cache of what is asked for, where there is one and it is proven that the CRM has not changed since.
    ///
    /// # Errors
    /// Why there is none.
    pub fn fresh(settings: &Settings, asked: &Asked<'_>) -> Result<Cache, Cold> {
        let key = Key::of(asked)?;
        let path = settings.folder.join(key.file_name());
        let mut file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Cold::None),
            opened => opened.map_err(|_| Cold::Unusable)?,
        };
        let head = Head::read(&mut file).ok_or(Cold::Unusable)?;
        let stamp = asked.crm.held(|| Stamp::take(&key.path))?;
        let found = Head::new(&key, stamp);
        if head != found {
            let is_touched = found.stamp.is_but_for_the_inode(&head.stamp);
            let as_it_was = Head { stamp: head.stamp.clone(), ..found };
            return Err(if is_touched && as_it_was == head { Cold::Touched } else { Cold::Changed });
        }
        // Those that are not used for longest go first.
        let _ = file.set_modified(SystemTime::now());
        Cache::of(path, file, asked.program.needs()).ok_or(Cold::Unusable)
    }

    /// A file that is whole.
    pub(super) fn of(path: PathBuf, mut file: File, needs: &Needs) -> Option<Cache> {
        let contents = Contents::read(&mut file)?;
        Some(Cache { path, file: Mutex::new(file), contents, widths: Widths::of(needs) })
    }

    /// What reading all contacts told, as [`Lives::read`](crate::store::crm::Lives::read) does; the bounds of the history too.
    pub fn notes(&self) -> &Notes {
        &self.contents.notes
    }

    /// How many persons had several rows.
    pub fn persons(&self) -> usize {
        self.contents.persons
    }

    /// As [`Crm::world`](crate::store::crm::Crm::world).
    ///
    /// # Errors
    /// [`ErrorKind::Cache`] when it is damaged.
    pub fn world(&self, needs: &Needs) -> Result<(World, Findings), Error> {
        let bytes = self.bytes(&self.contents.world)?;
        let world = world::read(&bytes, needs).ok_or_else(|| self.damaged())?;
        Ok((world, self.contents.unreadable.clone()))
    }

    /// How many chunks there are: pieces of the history, in the order of contacts.
    pub fn chunks(&self) -> usize {
        self.contents.chunks.len()
    }

    /// Gives each contact of a chunk to `live`, as [`Lives::read`](crate::store::crm::Lives::read) does; those without events
    /// where `everyone` is asked for, and was when the cache was made.
    ///
    /// # Errors
    /// [`ErrorKind::Cache`] when it is damaged; then some contacts may have lived already.
    pub fn read(
        &self,
        chunk: usize,
        everyone: bool,
        mut live: impl FnMut(&Person, &mut Life) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let Some(place) = self.contents.chunks.get(chunk) else { return Ok(()) };
        let bytes = self.bytes(place)?;
        let chunk = Chunk::read(&bytes, &self.widths);
        chunk.and_then(|chunk| chunk.give(everyone, &mut live)).ok_or_else(|| self.damaged())
    }

    fn bytes(&self, place: &Place) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::with_capacity(usize::try_from(place.length).unwrap_or(0));
        let mut read = || {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(place.offset))?;
            (&mut *file).take(place.length).read_to_end(&mut bytes)
        };
        let is_read = read().is_ok();
        let is_whole = bytes.len() as u64 == place.length && *blake3::hash(&bytes).as_bytes() == place.hash;
        if is_read && is_whole { Ok(bytes) } else { Err(self.damaged()) }
    }

    fn damaged(&self) -> Error {
        Error::new(ErrorKind::Cache, &self.path.display().to_string(), "")
    }
}

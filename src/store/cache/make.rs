//! Making a cache: beside its place, and moved there when it is whole and the CRM has stood still.

use super::Settings;
use super::chunk::{Gathered, Widths};
use super::cold::Cold;
use super::file::{Cache, Contents, Head, Place};
use super::folder;
use super::key::{Asked, Key, shape_of};
use super::stamp::Stamp;
use super::world;
use crate::engine::{Life, Needs, Person, World};
use crate::model::Id;
use crate::store::crm::{Crm, Findings, Notes};
use crate::store::error::Error;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;
use tempfile::NamedTempFile;

/// A cache that is being made.
#[derive(Debug)]
pub struct Maker<'a> {
    settings: &'a Settings,
    key: Key,
    needs: &'a Needs,
    stamp: Stamp,
    /// Holds a read transaction, so that nobody can take the CRM's pages away, or change them where there is no log.
    guard: Crm,
    version: i64,
    lives: Lives,
    path: PathBuf,
}

/// The lives of a cache that is being made. Shared by all threads, each of which has a [part](Part) of them.
#[derive(Debug)]
pub struct Lives {
    widths: Widths,
    /// How much a chunk has at least.
    chunk: usize,
    written: Mutex<Written>,
}

#[derive(Debug)]
struct Written {
    file: NamedTempFile,
    offset: u64,
    /// Each with the part that it is of, by its first contact, and its place there.
    chunks: Vec<((Option<Id>, usize), Place)>,
}

impl<'a> Maker<'a> {
    /// Begins a cache of what is asked for. The lives are to be read by connections that are opened from now on.
    ///
    /// # Errors
    /// Why none can be made.
    pub fn begin(settings: &'a Settings, asked: &Asked<'a>) -> Result<Maker<'a>, Cold> {
        let key = Key::of(asked)?;
        let unseen = |error: Error| Cold::Unstamped(error.to_string());
        let guard = Crm::open(asked.crm.path()).map_err(unseen)?;
        let version = guard.hold().map_err(unseen)?;
        let stamp = Stamp::take(&key.path)?;
        if shape_of(&guard)? != key.shape {
            return Err(Cold::Moving);
        }
        guard.refuse_present(&asked.tables())?;
        let begin = || {
            folder::make(&settings.folder)?;
            let mut builder = tempfile::Builder::new();
            let mut file = builder.prefix(&folder::own()).suffix(folder::PART).tempfile_in(&settings.folder)?;
            let offset = Head::new(&key, stamp.clone()).write(file.as_file_mut())?;
            Ok(Written { file, offset, chunks: Vec::new() })
        };
        let written = Mutex::new(begin().map_err(unwritten)?);
        let path = settings.folder.join(key.file_name());
        let needs = asked.program.needs();
        let lives = Lives { widths: Widths::of(needs), chunk: settings.chunk, written };
        Ok(Maker { settings, key, needs, stamp, guard, version, lives, path })
    }

    /// What the threads add to.
    pub fn lives(&self) -> &Lives {
        &self.lives
    }

    /// Ends the cache, which serves this process from now on; the others only where it can be kept.
    ///
    /// # Errors
    /// Why there is none, not even for this process.
    pub fn finish(self, told: &Told<'_>) -> Result<(Cache, Result<(), Cold>), Cold> {
        let Maker { settings, key, needs, stamp, guard, version, lives, path } = self;
        let mut written = lives.written.into_inner().unwrap_or_else(PoisonError::into_inner);
        let world = world::write(told.world, needs).ok_or_else(|| Cold::Unwritten("no room for a value".to_owned()))?;
        let end = |written: &mut Written| {
            let world = written.place(&world, 0)?;
            written.chunks.sort_by(|(one, _), (two, _)| one.cmp(two));
            let contents = Contents {
                notes: told.notes.clone(),
                unreadable: told.unreadable.clone(),
                persons: told.persons,
                world,
                chunks: written.chunks.drain(..).map(|(_, place)| place).collect(),
            };
            contents.write(written.file.as_file_mut(), written.offset)?;
            written.file.reopen()
        };
        let file = end(&mut written).map_err(unwritten)?;
        let is_same = || {
            let now = SystemTime::now();
            let found = guard.held(|| Stamp::take(&key.path))?;
            match () {
                () if found != stamp => Err(Cold::Moving),
                () if !found.is_settled(now, settings.coarse) => Err(Cold::Young),
                () => Ok(()),
            }
        };
        let keep = || {
            let seen = guard.release().map_err(|error| Cold::Unstamped(error.to_string()))?;
            if seen != version {
                return Err(Cold::Moving);
            }
            is_same()?;
            written.file.persist(&path).map_err(|error| unwritten(error.error))?;
            // Whoever erases somebody changes the CRM first, and then removes its caches: this one may have come after that.
            if let Err(cold) = is_same() {
                folder::remove_file(&path).map_err(unwritten)?;
                return Err(cold);
            }
            folder::tidy(&settings.folder).map_err(unwritten)
        };
        let kept = keep();
        let cache = Cache::of(path.clone(), file, needs).ok_or(Cold::Unusable)?;
        Ok((cache, kept))
    }
}

impl Lives {
    /// The part of the contacts from this one on.
    pub fn part(&self, from: Option<Id>) -> Part<'_> {
        Part { of: self, from, count: 0, gathered: Gathered::new(&self.widths), failed: None }
    }

    fn add(&self, bytes: &[u8], order: (Option<Id>, usize), weight: u64) -> io::Result<()> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let place = written.place(bytes, weight)?;
        written.chunks.push((order, place));
        Ok(())
    }
}

/// What is told of a history beside the lives.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    pub world: &'a World,
    /// What cannot be read of the entities.
    pub unreadable: &'a Findings,
    pub notes: &'a Notes,
    /// How many persons have several rows.
    pub persons: usize,
}

impl Written {
    fn place(&mut self, bytes: &[u8], weight: u64) -> io::Result<Place> {
        let file: &mut File = self.file.as_file_mut();
        file.write_all(bytes)?;
        let length = bytes.len() as u64;
        let place = Place { offset: self.offset, length, hash: *blake3::hash(bytes).as_bytes(), weight };
        self.offset += length;
        Ok(place)
    }
}

/// What one thread adds to a cache.
#[derive(Debug)]
pub struct Part<'a> {
    of: &'a Lives,
    from: Option<Id>,
    count: usize,
    gathered: Gathered,
    failed: Option<Cold>,
}

impl Part<'_> {
    /// Adds the next contact, of whom nothing is admitted; false where there is no use in going on.
    pub fn add(&mut self, person: &Person, life: &Life) -> bool {
        self.gathered.add(person, life);
        if self.gathered.weight() >= self.of.chunk {
            self.write();
        }
        self.failed.is_none()
    }

    /// # Errors
    /// Why the cache cannot be made.
    pub fn finish(mut self) -> Result<(), Cold> {
        if !self.gathered.is_empty() && self.failed.is_none() {
            self.write();
        }
        self.failed.map_or(Ok(()), Err)
    }

    fn write(&mut self) {
        let weight = self.gathered.weight() as u64;
        let Some(bytes) = self.gathered.finish() else {
            self.failed = Some(Cold::Unwritten("no room for a value".to_owned()));
            return;
        };
        let order = (self.from.clone(), self.count);
        self.count += 1;
        self.failed = self.of.add(&bytes, order, weight).map_err(unwritten).err();
    }
}

fn unwritten(error: io::Error) -> Cold {
    Cold::Unwritten(error.to_string())
}

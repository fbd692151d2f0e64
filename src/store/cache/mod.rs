//! A copy of a history for `scn simulate`: what a program reads of a CRM, as columns in a file of its own.
//!
//! It is a copy of personal data, so it is made only where somebody asks for it, for its owner alone, and an erasure removes it.
//! It is used only where it is proven that the CRM is what it was: see [`Cold`] for all that stands against that.
//!
//! A file holds the lives of all contacts in their order, in [chunks](chunk) of whole contacts with a checksum each, the
//! entities, and what the reading of the CRM told. Threads read chunks by themselves, so that one is in memory for each.

mod bytes;
mod chunk;
mod cold;
mod column;
mod file;
mod folder;
mod key;
mod make;
mod stamp;
#[cfg(test)]
mod tests;
mod world;

pub use cold::Cold;
pub use file::Cache;
pub use folder::{Kept, abandon, kept, remove};
pub use key::Asked;
pub use make::{Maker, Part, Told};

use std::path::PathBuf;
use std::time::Duration;

/// Where caches are kept, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub folder: PathBuf,
    /// Within which time of each other two changes of a file may be told by one instant.
    pub coarse: Duration,
    /// How many events and contacts a chunk has at least, but for the last of a thread: a contact is never cut.
    pub chunk: usize,
}

impl Settings {
    /// Of the file systems that are [trusted](stamp), none has a clock coarser than a second.
    pub fn in_folder(folder: PathBuf) -> Settings {
        Settings { folder, coarse: Duration::from_secs(2), chunk: 32_768 }
    }
}

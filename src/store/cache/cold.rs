//! Why a history is read from the CRM.

use std::fmt;

/// Why no cache of a CRM's history serves, or none is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cold {
    /// There is none of these tables and columns yet.
    None,
    /// The CRM is another than when it was made.
    Changed,
    /// The file of the CRM is as it was, but for the instant at which its inode changed: by a link, a new name, owner or mode; or
    /// by somebody who wrote and set the file's instant back.
    Touched,
    /// It was made by another version, or is damaged.
    Unusable,
    /// The CRM changed so shortly before it was read that a further change may not show.
    Young,
    /// Somebody changed the CRM while it was read.
    Moving,
    /// A transaction of the CRM is under way, or somebody died in it.
    Journal,
    /// The CRM is where the instants of files prove nothing.
    FileSystem(String),
    /// This view may tell something else without any change of the CRM: it asks for the clock, or for chance, or it may be
    /// told to.
    View(String),
    /// What this virtual table tells need not be in the CRM.
    Virtual(String),
    /// What the system keeps of the CRM cannot be read, and why.
    Unstamped(String),
    /// The cache cannot be written, and why.
    Unwritten(String),
}

impl Cold {
    /// Whether a cache could be made all the same.
    pub fn may_be_made(&self) -> bool {
        matches!(self, Cold::None | Cold::Changed | Cold::Touched | Cold::Unusable)
    }
}

impl fmt::Display for Cold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cold::None => f.write_str("there was no cache of it"),
            Cold::Changed => f.write_str("the CRM has changed since the cache was made"),
            Cold::Touched => f.write_str(
                "the file of the CRM was linked, renamed, given another owner or mode, or its instant was set, since the cache was \
                 made: that it holds the same cannot be proven",
            ),
            Cold::Unusable => f.write_str("the cache was damaged, or made by another version"),
            Cold::Young => f.write_str("the CRM was changed just before, and a further change might not show"),
            Cold::Moving => f.write_str("the CRM was changed while it was read"),
            Cold::Journal => f.write_str("a transaction of the CRM is under way"),
            Cold::FileSystem(name) => write!(f, "the CRM is on {name}, where a change need not show"),
            Cold::View(name) => write!(f, "the view `{name}` may tell another thing at another time"),
            Cold::Virtual(name) => write!(f, "what the virtual table `{name}` tells need not be in the CRM"),
            Cold::Unstamped(why) => write!(f, "it cannot be seen whether the CRM has changed: {why}"),
            Cold::Unwritten(why) => write!(f, "the cache cannot be written: {why}"),
        }
    }
}

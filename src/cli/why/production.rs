//! The story of `scn run`.

use super::Asked;
use crate::cli::exit::{Exit, Failure};
use crate::drivers::story::Story;
use std::path::Path;

impl Asked<'_> {
    /// The story as `scn run` wrote it down.
    pub(super) fn produced(&self, _state: &Path) -> Result<Story, Failure> {
        let _ = self.compiled;
        Err(Failure::new(Exit::Failed, "not told"))
    }
}

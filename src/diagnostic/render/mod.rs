//! Findings as text: for people, and for the tools that read them.
//!
//! Each renderer is a function of the texts and the findings alone; none of them prints.

mod clean;
mod github;
mod gitlab;
mod human;
mod json;
mod line;
mod places;
mod sarif;
mod summary;
#[cfg(test)]
mod tests;

pub use clean::{clean, clean_text};
pub use github::github;
pub use gitlab::gitlab;
pub use human::{Style, human};
pub use json::json;
pub use line::line;
pub use sarif::sarif;
pub use summary::{Count, summary};

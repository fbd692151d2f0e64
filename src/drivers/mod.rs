//! One loop with different adapters: test, simulate, run. Drivers receive IR and never see a text.

pub mod diff;
mod epochs;
mod error;
mod life;
pub mod run;
pub mod simulate;
pub mod story;
pub mod tables;
pub mod test;
pub mod why;

pub use error::Error;

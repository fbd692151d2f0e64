//! `scn`: a language for customer journeys, and the engine that does exactly what it says.
//!
//! The house is an hourglass and [`ir`] is its waist: text lives above, execution below, and neither
//! sees the other. `ARCHITECTURE.md` has the map; `tests/tidy.rs` holds it against the code.

// rank 0
pub mod span;
pub mod threads;
pub mod time;
// rank 1
pub mod diagnostic;
// rank 2
pub mod model;
pub mod syntax;
// rank 3
pub mod check;
pub mod format;
pub mod ir;
// rank 4
pub mod compile;
pub mod engine;
pub mod graph;
// rank 5
#[allow(clippy::disallowed_methods, reason = "channels read templates and open sockets")]
pub mod channel;
#[allow(clippy::disallowed_methods, reason = "the store is where files and databases are opened")]
pub mod store;
// rank 6
#[allow(clippy::disallowed_methods, reason = "drivers own the loop, and `run` reads the wall clock")]
pub mod drivers;
// rank 7
#[allow(clippy::disallowed_methods, reason = "the command line reads arguments, files and the environment")]
pub mod cli;

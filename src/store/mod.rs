//! The store: the one room that opens databases (SQLite).
//!
//! [`crm`] reads the facts of a CRM that belongs to somebody else and never writes to it; `import` fills a CRM from a
//! CSV; `state` keeps what the engine decided; `cache` keeps copies of histories for simulations.

pub mod cache;
pub mod crm;
mod error;
mod id;
pub mod import;
pub mod state;
mod text;

pub use error::{Error, ErrorKind};
pub use text::cleaned;

/// How long a database that another program holds is waited for.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(if cfg!(test) { 50 } else { 5_000 });

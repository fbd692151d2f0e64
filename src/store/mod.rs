//! The store: the one room that opens databases (SQLite).
//!
//! [`crm`] reads the facts of a CRM that belongs to somebody else and never writes to it; `import` fills a CRM from a
//! CSV; `state` keeps what the engine decided.

pub mod crm;
mod error;
mod text;

pub use error::{Error, ErrorKind};
pub use text::cleaned;

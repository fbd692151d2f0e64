//! What can stop a driver, as data.

use crate::engine::LinkError;
use crate::store;
use crate::time::Instant;
use std::fmt;

#[derive(Debug)]
pub enum Error {
    Store(store::Error),
    /// Reading or writing a file of ours: what it was for, and what the system said.
    Io(String, std::io::Error),
    Link(LinkError),
    /// The events of the CRM go from the first instant to the second, too far apart for scenarios that start by the clock.
    Span(Instant, Instant),
    /// Contacts that something must be known of cannot be read; the first reasons.
    Unreadable {
        contacts: u64,
        first: Vec<String>,
    },
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Error {
        Error::Store(error)
    }
}

impl From<LinkError> for Error {
    fn from(error: LinkError) -> Error {
        Error::Link(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Store(error) => error.fmt(f),
            Error::Io(what, error) => write!(f, "cannot write {what}: {error}"),
            Error::Link(error) => error.fmt(f),
            Error::Span(first, last) => {
                write!(f, "the events of the CRM go from {first} to {last}, more than 100 years")
            }
            Error::Unreadable { contacts, first } => {
                write!(f, "{contacts} contacts cannot be read: {}", first.join("; "))
            }
        }
    }
}

impl std::error::Error for Error {}

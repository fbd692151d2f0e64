//! Calendar time: instants, calendar durations, dates, zones, and the rules by which they add.
//!
//! Months come first and are clamped to the month's end, then days, in a zone's wall time; hours and
//! less are absolute. A wall time that does not exist moves forward by the gap; of one that exists
//! twice the first is taken.

mod civil;
mod duration;
mod instant;
mod offsets;
#[cfg(test)]
mod tests;
mod zone;

pub use civil::{Date, TimeOfDay, Weekday};
pub use duration::Duration;
pub use instant::{Instant, Precision};
pub use zone::{Clock, Zone};

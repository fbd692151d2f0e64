//! The engine: a pure function from (contact's state, input, facts) to (state, effects).
//!
//! It reads no clock, no database, no text and no randomness, and it logs nothing. Everything it is asked about
//! one contact is answered from one contact: what concerns many never meets here.

mod advance;
mod audit;
mod claim;
mod describe;
mod eval;
mod facts;
mod key;
mod message_values;
mod output;
mod program;
mod saved;
mod state;
mod step;
#[cfg(test)]
mod tests;
mod value;

pub use audit::{Hopeless, hopeless_waits};
pub use claim::{Departure, Verdict, about_to_send};
pub use eval::Asked;
pub use facts::{EntityTable, Event, EventRow, Facts, Life, Person, World};
pub use output::{Act, Count, Counts, Effect, EffectKey, Outcome, Output, Reason, Told, TraceLine, TriggerRef, What};
pub use program::{Context, LinkError, Needs, Program, Unit, apply_defaults};
pub use saved::{STATE_FORMAT, StateError};
pub use state::State;
pub use step::{Delivery, Input, Receipt, step};
pub use value::{EntityRef, Value};

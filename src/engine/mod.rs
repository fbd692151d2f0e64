//! The engine: a pure function from (contact's state, input, facts) to (state, effects).
//!
//! It reads no clock, no database, no text and no randomness, and it logs nothing. Everything it is asked about
//! one contact is answered from one contact: what concerns many never meets here.

mod acts;
mod advance;
mod aggregates;
mod audit;
mod balance;
mod by_row;
mod claim;
mod clocks;
mod days;
mod describe;
mod draws;
mod engagement;
mod entry;
mod eval;
mod explain;
mod facts;
mod feedback;
mod fields;
mod key;
mod linked;
mod lists;
mod marks;
mod measure;
mod measures;
mod message_values;
mod messages;
mod migrate;
mod needs;
mod output;
mod own;
mod passages;
mod periodic;
mod policy;
mod program;
mod refusal;
mod revenue;
mod running;
mod saved;
mod saved_first;
mod saved_messages;
mod saved_own;
mod saved_value;
mod sending;
mod silence;
mod state;
mod step;
#[cfg(test)]
mod tests;
mod timeline;
mod timers;
mod total;
mod unite;
mod value;

pub use audit::{Hopeless, hopeless_waits};
pub use by_row::ByRow;
pub use claim::{Departure, Verdict, about_to_send};
pub use engagement::{Engagement, Rates};
pub use explain::{Clause, ClauseOf, Found, Read};
pub use facts::{EntityTable, Event, EventRow, Facts, Life, Person, World};
pub use marks::{Amount, Journey, Left, Mark, Marked, Merged};
pub use measure::{Census, next_refresh};
pub use measures::Measures;
pub use messages::MessageRef;
pub use migrate::{Crossing, Passage, Stays};
pub use needs::{LinkError, Needs, apply_defaults};
pub use output::{Act, Count, Counts, Effect, EffectKey, Outcome, Output, Reason, Told, TraceLine, TriggerRef, What};
pub use program::{Context, Program, Unit};
pub use refusal::Refusal;
pub use saved::{STATE_FORMAT, StateError};
pub use state::State;
pub use step::{Delivery, Input, Receipt, step};
pub use value::{EntityRef, Value};

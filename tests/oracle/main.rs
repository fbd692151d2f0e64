//! The simulation against oracles that share no code with the engine: SQL, and a naive reading of the language.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test panics where it fails, and writes CRMs into a temporary folder"
)]

mod calendar;
mod growth;
mod invent;
mod machine;
mod naive;
mod random;
mod saved;
#[path = "../fixtures/seeds.rs"]
mod seeds;
mod sentence;
mod shrink;
mod story;
mod variants;
mod world;

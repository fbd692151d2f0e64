//! `scn run`: the same messages as the simulation, whatever interrupts it; and the real binary, killed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test panics where it fails, writes CRMs into a temporary folder, and waits for processes"
)]

#[path = "run/acts.rs"]
mod acts;
#[path = "run/binary.rs"]
mod binary;
#[path = "oracle/calendar.rs"]
#[allow(dead_code, reason = "shared with another test binary")]
mod calendar;
#[path = "fixtures/call_server.rs"]
mod call_server;
#[path = "run/calls.rs"]
mod calls;
#[path = "run/catching_up.rs"]
mod catching_up;
#[path = "run/consent.rs"]
mod consent;
#[path = "run/days.rs"]
mod days;
#[path = "run/equal.rs"]
mod equal;
#[path = "run/erasing.rs"]
mod erasing;
#[path = "fixtures/fault_server.rs"]
#[allow(dead_code, reason = "shared with other test binaries")]
mod fault_server;
#[path = "run/faults.rs"]
mod faults;
#[path = "run/funnel.rs"]
mod funnel;
#[path = "run/holdout.rs"]
mod holdout;
#[path = "oracle/invent/mod.rs"]
mod invent;
#[path = "run/keeping.rs"]
mod keeping;
#[path = "run/killed.rs"]
mod killed;
#[path = "run/limits.rs"]
mod limits;
#[path = "run/lists.rs"]
mod lists;
#[path = "run/measures.rs"]
mod measures;
#[path = "run/outbox.rs"]
mod outbox;
#[path = "oracle/random.rs"]
mod random;
#[path = "fixtures/seeds.rs"]
mod seeds;
#[path = "run/shop.rs"]
mod shop;
#[path = "oracle/shrink.rs"]
mod shrink;
#[path = "fixtures/side_by_side.rs"]
mod side_by_side;
#[path = "run/stops.rs"]
mod stops;
#[path = "oracle/story/mod.rs"]
#[allow(dead_code, reason = "shared with another test binary")]
mod story;
#[path = "run/tables.rs"]
mod tables;
#[path = "run/versions.rs"]
mod versions;
#[path = "run/why.rs"]
mod why;
#[path = "oracle/world.rs"]
#[allow(dead_code, reason = "shared with another test binary")]
mod world;

//! Pictures of scenarios.

//! One loop with different adapters: test, simulate, run. Drivers receive IR and never see a text.

pub mod life;
pub mod simulate;
pub mod story;
pub mod test;

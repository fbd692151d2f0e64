//! The tables of a run, from its journal.

use super::shop::Shop;
use scn::drivers::tables::{Catalog, JournalSums, Tables, fold_journal};
use scn::engine::Program;
use scn::store::state::JournalReader;

/// What the journal says.
pub fn of_journal(shop: &Shop) -> (JournalSums, Tables) {
    let program = Program::link(&shop.bundle, &[]).unwrap();
    let reader = JournalReader::open(&shop.state()).unwrap();
    let settings = &shop.bundle.settings;
    let found = fold_journal(&reader, Catalog::of(&program), settings.zone).unwrap();
    let tables = Tables::new(&found.catalog, found.sums.clone(), settings.zone.name(), &settings.currency);
    (found, tables)
}

/// The tables that the journal gives are those of the simulation.
pub fn are_equal(shop: &Shop, simulated: &Tables) {
    let (found, tables) = of_journal(shop);
    assert_eq!((found.older, found.unreadable), (0, 0));
    assert_eq!(*simulated, tables, "the journal gives other tables than the simulation");
}

//! `scn diff`: what two versions of a project do otherwise to the same persons, over the same history.
//!
//! Both are simulated, and their rows read person by person: memory holds the rows of one person, and what is counted.

mod change;
mod item;
mod moves;
mod pair;
mod steps;
mod tally;
#[cfg(test)]
mod tests;

pub use change::Class;
pub use moves::Moves;
pub use steps::{Known, scenarios};
pub use tally::{Counts, EXAMPLES, Example, Line, Persons, RowCounts, Seen, Tally, Why};

use super::Error;
use super::simulate::{Request, Simulation, simulate_by_contact, span};
use crate::ir::Bundle;
use crate::model::Id;
use crate::store::crm::Crm;
use crate::time::Instant;
use item::{Events, Item, Side};
use std::collections::BTreeSet;
use tally::Alone;

/// The most changes that are told apart by what each does alone.
pub const CHANGES_MAX: usize = 8;

/// What brings the differences about.
#[derive(Clone, Copy, Debug)]
pub enum Changes<'a> {
    /// One change.
    One,
    /// Several: the old program with each of them alone, at most [`CHANGES_MAX`].
    Each(&'a [Bundle]),
    /// Changes that cannot be told apart.
    Unknown,
}

/// Two programs over one history.
#[derive(Debug)]
pub struct Difference {
    /// The first and last instant that were simulated; `None` when the CRM has no event that either reads.
    pub span: Option<(Instant, Instant)>,
    /// Their places are the numbers of scenarios in the tally.
    pub scenarios: Vec<Known>,
    pub old: Simulation,
    pub new: Simulation,
    pub tally: Tally,
}

impl Difference {
    /// Whether the CRM could not serve a scenario of either side.
    pub fn lacks_scenarios(&self) -> bool {
        [&self.old, &self.new].iter().any(|side| !side.report.not_simulated.is_empty())
    }
}

/// Simulates both programs over the same span, and holds the rows of each person against each other.
pub fn diff(
    old: &Bundle,
    new: &Bundle,
    changes: Changes<'_>,
    crm: &Crm,
    request: &Request,
) -> Result<Difference, Error> {
    let span = [span(old, crm, request)?, span(new, crm, request)?].into_iter().flatten();
    let span = span.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
    let sides = match changes {
        Changes::Each(all) => 2 + all.len().min(CHANGES_MAX),
        Changes::One | Changes::Unknown => 2,
    };
    let request = Request {
        from: span.map(|span| span.0),
        to: span.map(|span| span.1),
        // The rows of all sides are kept at once.
        rows_in_memory: request.rows_in_memory / sides,
        ..request.clone()
    };
    let scenarios = steps::scenarios(old, new);
    let mut events = Events::default();
    let mut side = |bundle: &Bundle| {
        let (simulation, rows) = simulate_by_contact(bundle, crm, &request)?;
        Ok::<Side, Error>(Side::new(simulation, rows, &scenarios, old, bundle, &mut events))
    };
    let (mut old, mut new) = (side(old)?, side(new)?);
    let mut each = match changes {
        Changes::Each(all) => all.iter().take(CHANGES_MAX).map(side).collect::<Result<Vec<Side>, Error>>()?,
        Changes::One | Changes::Unknown => Vec::new(),
    };
    let mut reader = Reader { old: &mut old, new: &mut new, each: &mut each, events: &events };
    let tally = reader.read(changes).map_err(|error| Error::Io("temporary files".into(), error))?;
    Ok(Difference { span, scenarios, old: old.simulation, new: new.simulation, tally })
}

/// Reads all sides person by person.
struct Reader<'a> {
    old: &'a mut Side,
    new: &'a mut Side,
    each: &'a mut [Side],
    events: &'a Events,
}

impl Reader<'_> {
    fn read(&mut self, changes: Changes<'_>) -> std::io::Result<Tally> {
        let mut tally = Tally::default();
        let zone = self.new.simulation.program.settings.zone;
        let (mut old, mut new): (Vec<Item>, Vec<Item>) = (Vec::new(), Vec::new());
        let mut each: Vec<Vec<Item>> = vec![Vec::new(); self.each.len()];
        while let Some(contact) = self.next_contact() {
            self.old.take(&contact, &mut old)?;
            self.new.take(&contact, &mut new)?;
            for (side, rows) in self.each.iter_mut().zip(&mut each) {
                side.take(&contact, rows)?;
            }
            let alone = match changes {
                Changes::One => Alone::One,
                Changes::Each(_) => Alone::Each(&each),
                Changes::Unknown => Alone::Unknown,
            };
            tally.add(&contact, &old, &new, &alone, self.events, zone);
        }
        Ok(tally)
    }

    /// The next person of whom any side has rows.
    fn next_contact(&self) -> Option<Id> {
        let sides = [&*self.old, &*self.new].into_iter().chain(&*self.each);
        sides.filter_map(Side::next_contact).min().cloned()
    }
}

impl Difference {
    pub fn scenario(&self, place: u16) -> String {
        self.scenarios.get(usize::from(place)).map_or_else(String::new, Known::name)
    }

    /// The contacts that a report names.
    pub fn contacts_shown(&self) -> Vec<Id> {
        let examples = Class::ALL.into_iter().flat_map(|class| self.tally.examples(class)).map(|each| &each.contact);
        let busiest = [&self.old, &self.new].into_iter().filter_map(|side| side.report.busiest.as_ref());
        let all: BTreeSet<&Id> = examples.chain(busiest.map(|busiest| &busiest.contact)).collect();
        all.into_iter().cloned().collect()
    }
}

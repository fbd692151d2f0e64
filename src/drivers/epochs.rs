//! Measures that read what scenarios do: everybody lives up to a refresh before anybody goes on.
//!
//! What an epoch leaves of a contact stays in memory until the next, its history and its state as they are. Nothing that
//! scenarios do is kept but that: once the measures are known, everybody lives again by them, contact by contact.

use super::life::{Contact, Reached};
use crate::engine::{Census, Facts, Life, Measures, Output, Person, Program, State, World};
use crate::time::Instant;

/// A contact between two epochs.
#[derive(Debug)]
pub struct Living {
    person: Person,
    life: Life,
    state: State,
    reached: Reached,
}

impl Living {
    /// A contact to whom nothing has happened yet; from `from` on it takes part without any event too.
    pub fn new(person: Person, life: Life, from: Instant) -> Living {
        Living { person, life, state: State::default(), reached: Reached::nothing(from) }
    }
}

/// Contacts that live together, each share of them in a thread of its own, and what measures told them.
#[derive(Debug)]
pub struct Epochs<'a> {
    pub program: &'a Program,
    pub world: &'a World,
    pub shares: Vec<Vec<Living>>,
    pub measures: Measures,
}

impl Epochs<'_> {
    /// Lives up to each refresh of a census of which nothing was taken, takes its measures, and tells them. At the instant of
    /// a refresh it comes before all else. Gives all that was told.
    pub fn live(mut self, census: &Census) -> Measures {
        let (program, world) = (self.program, self.world);
        for (at, mut census) in census.by_instant() {
            let measures = &self.measures;
            let taken: Vec<Census> = std::thread::scope(|scope| {
                let census = &census;
                let take =
                    move |share: &mut Vec<Living>| take_share(program, world, measures, share, census.clone(), at);
                let threads: Vec<_> = self.shares.iter_mut().map(|share| scope.spawn(move || take(share))).collect();
                let joined = |thread: std::thread::ScopedJoinHandle<'_, Census>| {
                    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                };
                threads.into_iter().map(joined).collect()
            });
            taken.into_iter().for_each(|share| census.merge(share));
            census.tell(program, &mut self.measures);
        }
        self.measures
    }
}

/// Lets the contacts of a share live up to a refresh, and takes each as it is then.
fn take_share(
    program: &Program,
    world: &World,
    measures: &Measures,
    share: &mut [Living],
    mut census: Census,
    at: Instant,
) -> Census {
    let before = Instant(at.0.saturating_sub(1));
    let mut out = Output::default();
    for Living { person, life, state, reached } in share {
        Contact { program, world, person, measures, life, state }.live_on(reached, before, &mut out);
        out.effects.clear();
        census.take_as_is(program, Facts { world, person, life, measures }, state);
    }
    census
}

//! The loop: one contact's events merged with its timers, in the one order there is.

use crate::engine::{Delivery, Facts, Input, Life, Measures, Output, Person, Program, State, World, step};
use crate::time::Instant;

/// One contact, about to live.
#[derive(Debug)]
pub struct Contact<'a> {
    pub program: &'a Program,
    pub world: &'a World,
    pub person: &'a Person,
    pub measures: &'a Measures,
    pub life: &'a mut Life,
    pub state: &'a mut State,
}

/// How far a life was lived that goes on later.
#[derive(Clone, Copy, Debug)]
pub struct Reached {
    /// From when on the contact takes part, until it does.
    look: Option<Instant>,
    /// The latest refresh of measures that it was stepped with.
    refreshed: Instant,
}

impl Reached {
    /// Nothing: the contact takes part without any event from an instant on.
    pub fn nothing(from: Instant) -> Reached {
        Reached { look: Some(from), refreshed: Instant::MIN }
    }
}

/// What comes next.
enum Next {
    Look,
    Refresh,
    Event,
    Own,
    Timer,
}

impl Contact<'_> {
    /// Steps everything that happens up to `until`, included, and says what came of it to `out`. At equal instants first the
    /// refresh of measures, then events of the CRM, then those that scenarios made, then timers. From `from` on the contact
    /// takes part without any event too. Messages are claimed and accepted at the instant of their emission.
    pub fn live(&mut self, from: Instant, until: Instant, out: &mut Output) {
        self.live_on(&mut Reached::nothing(from), until, out);
    }

    /// As [`Contact::live`], from where it was left: what happens up to `until` does not depend on what comes after it.
    pub fn live_on(&mut self, reached: &mut Reached, until: Instant, out: &mut Output) {
        let mut refresh = self.next_refresh(reached);
        while let Some((at, next)) = self.next(reached, refresh).filter(|(at, _)| *at <= until) {
            match next {
                Next::Look => {
                    reached.look = None;
                    self.step(Input::Look, at, out);
                }
                Next::Refresh => {
                    reached.refreshed = at;
                    refresh = self.next_refresh(reached);
                    self.step(Input::Refresh, at, out);
                }
                Next::Event => {
                    if let Some(place) = self.life.admit(self.program, self.world) {
                        self.step(Input::Event { place }, at, out);
                    }
                }
                Next::Own => {
                    if let Some(place) = self.state.happen(self.life, self.program, self.world) {
                        self.step(Input::Event { place }, at, out);
                    }
                }
                Next::Timer => self.step(Input::Timer, at, out),
            }
        }
    }

    fn next_refresh(&self, reached: &Reached) -> Option<Instant> {
        self.measures.next_refresh(self.program.measures_of_silences(), reached.refreshed)
    }

    /// What comes next, and when: of what comes at one instant, the first in the order of this list.
    fn next(&mut self, reached: &Reached, refresh: Option<Instant>) -> Option<(Instant, Next)> {
        let mut first: Option<(Instant, Next)> = None;
        let mut offer = |at: Option<Instant>, next: Next| {
            if let Some(at) = at
                && first.as_ref().is_none_or(|(known, _)| at < *known)
            {
                first = Some((at, next));
            }
        };
        offer(reached.look, Next::Look);
        offer(refresh, Next::Refresh);
        offer(self.life.next().map(|event| event.arrived), Next::Event);
        offer(self.state.next_own(), Next::Own);
        // Timers come last of what comes at one instant.
        let timer = match &first {
            Some((at, _)) => self.state.next_due_before(self.program, *at),
            None => self.state.next_due(self.program),
        };
        timer.map(|at| (at, Next::Timer)).or(first)
    }

    fn step(&mut self, input: Input<'_>, now: Instant, out: &mut Output) {
        let (world, person, life, measures) = (self.world, self.person, &*self.life, self.measures);
        let facts = Facts { world, person, life, measures };
        #[cfg(debug_assertions)]
        let twice = Twice::step(self.program, self.state, input, now, facts);
        #[cfg(debug_assertions)]
        let before = out.effects.len();
        step(self.program, self.state, input, now, facts, Delivery::Immediate, out);
        #[cfg(debug_assertions)]
        if let Some(twice) = twice {
            twice.is_same(self.program, self.state, world, out.effects.get(before..).unwrap_or(&[]));
        }
    }
}

/// The same step, taken from the state as it was written and read back: what debug builds hold every step against.
#[cfg(debug_assertions)]
struct Twice {
    state: Vec<u8>,
    effects: Vec<crate::engine::Effect>,
}

#[cfg(debug_assertions)]
impl Twice {
    /// Longer lives, and those to whom scenarios did more, are taken on trust: the state is written at each step, so that tests
    /// of whole shops would take the square of their length.
    const EVENTS_MAX: usize = 64;

    /// `None` where the life is too long.
    fn step(program: &Program, state: &State, input: Input<'_>, now: Instant, facts: Facts<'_>) -> Option<Twice> {
        if facts.life.len().max(state.deeds()) > Twice::EVENTS_MAX {
            return None;
        }
        let bytes = state.save(program, facts.world);
        let mut state = State::load(&bytes, program, facts).unwrap_or_default();
        debug_assert!(state.save(program, facts.world) == bytes, "a state that is read back is the same");
        let mut out = Output::default();
        step(program, &mut state, input, now, facts, Delivery::Immediate, &mut out);
        Some(Twice { state: state.save(program, facts.world), effects: out.effects })
    }

    fn is_same(&self, program: &Program, state: &State, world: &World, effects: &[crate::engine::Effect]) {
        debug_assert_eq!(self.effects, effects, "stepping twice gives the same effects");
        debug_assert!(self.state == state.save(program, world), "stepping twice gives the same bytes");
    }
}

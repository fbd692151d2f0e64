//! The loop: one contact's events merged with its timers, in the one order there is.

use crate::engine::{Delivery, Facts, Input, Life, Output, Person, Program, State, World, step};
use crate::time::Instant;

/// One contact, about to live.
#[derive(Debug)]
pub struct Contact<'a> {
    pub program: &'a Program,
    pub world: &'a World,
    pub person: &'a Person,
    pub life: &'a mut Life,
    pub state: &'a mut State,
}

impl Contact<'_> {
    /// Steps every event and every timer up to `until`, included: at equal instants events first. What it says is added
    /// to `out`. Messages are claimed and accepted at the instant of their emission.
    pub fn live(&mut self, until: Instant, out: &mut Output) {
        loop {
            let event = self.life.next().map(|event| event.arrived).filter(|at| *at <= until);
            let timer = self.state.next_due().filter(|at| *at <= until);
            match (event, timer) {
                (None, None) => return,
                (Some(event), timer) if timer.is_none_or(|timer| event <= timer) => {
                    if let Some(place) = self.life.admit(self.program, self.world) {
                        self.step(Input::Event { place }, event, out);
                    }
                }
                (_, Some(timer)) => self.step(Input::Timer, timer, out),
                (Some(_), None) => return,
            }
        }
    }

    fn step(&mut self, input: Input, now: Instant, out: &mut Output) {
        let facts = Facts { world: self.world, person: self.person, life: self.life };
        step(self.program, self.state, input, now, facts, Delivery::Immediate, out);
    }
}

//! Small programs by hand, and one contact to run them on.

use crate::engine::{
    Delivery, Facts, Input, Life, Measures, Output, Person, Program, State, StateError, World, step as take,
};
use crate::ir::{Bundle, Code, EntryRule, FORMAT, Occurrence, Op, Policy, Scenario, Settings, Start, Step};
use crate::model::Id;
use crate::time::{Duration, Instant, TimeOfDay, Zone};

pub fn step(ordinal: u16, visit: u32, op: Op) -> Step {
    Step { ordinal, visit, label: None, guard: None, op }
}

pub fn every_month() -> Start {
    Start::Every { occurrence: Occurrence::Monthly { months: 1, at: TimeOfDay::MIDNIGHT }, since: None }
}

pub fn scenario(name: &str, start: Start, steps: impl FnOnce(&mut Code) -> Vec<Step>) -> Scenario {
    let mut code = Code::default();
    let mut all = crate::ir::Arena::default();
    for each in steps(&mut code).into_iter().chain([step(0, 0, Op::End)]) {
        all.push(each);
    }
    Scenario {
        name: name.into(),
        start,
        audience: None,
        entry: EntryRule::Always,
        goal: None,
        stop_when: None,
        steps: all,
        code,
    }
}

pub fn bundle(scenarios: Vec<Scenario>) -> Bundle {
    let settings = Settings { currency: "EUR".into(), zone: Zone::UTC, expire: Duration::days(2) };
    Bundle {
        format: FORMAT,
        settings,
        policy: Policy::default(),
        measures: Vec::new(),
        identity: Vec::new(),
        references: Vec::new(),
        revenue: Vec::new(),
        scenarios,
        messages: Vec::new(),
        written: Vec::new(),
    }
}

/// A world of one contact.
pub struct World1 {
    pub program: Program,
    pub world: World,
    pub person: Person,
    pub life: Life,
    pub state: State,
    pub out: Output,
}

impl World1 {
    pub fn new(bundle: &Bundle) -> World1 {
        World1 {
            program: Program::link(bundle, &[]).unwrap(),
            world: World::default(),
            person: Person { id: Id::Number(1), values: Vec::new() },
            life: Life::default(),
            state: State::default(),
            out: Output::default(),
        }
    }

    pub fn facts(&self) -> Facts<'_> {
        Facts { world: &self.world, person: &self.person, life: &self.life, measures: Measures::NONE }
    }

    pub fn step(&mut self, input: Input<'_>, now: Instant) {
        let World1 { program, world, person, life, state, out } = self;
        let facts = Facts { world, person, life, measures: Measures::NONE };
        take(program, state, input, now, facts, Delivery::Immediate, out);
    }

    pub fn save(&self) -> Vec<u8> {
        self.state.save(&self.program, &self.world)
    }

    pub fn load(&self, bytes: &[u8]) -> Result<State, StateError> {
        State::load(bytes, &self.program, self.facts())
    }
}

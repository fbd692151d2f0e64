//! `scn test`: the lines of a test on the virtual clock.

mod coverage;
mod history;
mod judge;
mod world;
mod write;

pub use coverage::{Coverage, Reached, Way};
pub use history::{FromHistory, from_history};

use super::life::Contact;
use crate::engine::{Act, Effect, Outcome, Output, Program, Reason, Refusal, State, Told, TraceLine, What, World};
use crate::ir::{ExpectationKind, Op, TestCase, When};
use crate::time::{Instant, TimeOfDay};
use std::cell::RefCell;
use std::collections::BTreeMap;
use world::{Given, Rows};

/// A message that the scenarios decided on, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sent {
    pub at: Instant,
    pub contact: String,
    pub scenario: String,
    pub channel: String,
    pub message: String,
}

/// A message that the scenarios would have sent, and did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent {
    pub message: Sent,
    pub outcome: Outcome,
    pub reason: Reason,
}

/// What a step other than `send` did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    pub at: Instant,
    pub contact: String,
    pub scenario: String,
    pub act: Act,
    pub outcome: Outcome,
    pub reason: Reason,
}

/// Why an expectation is not met, as near to it as anything came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Near {
    /// Nothing like it came.
    Nothing,
    /// It came, at another instant.
    At(Instant),
    /// The same message left on another channel at that instant.
    Channel(String, Instant),
    /// It went to another contact at that instant.
    Contact(String, Instant),
    /// It was decided, and not sent; or tried, and not done.
    Not(Outcome, Reason, Instant),
    /// It came, and must not.
    Came(Instant),
    /// The same step did this at that instant.
    Other(String, Instant),
    /// Something came that no line expects.
    More,
}

/// What came of one test.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// In the order of time.
    pub sent: Vec<Sent>,
    pub unsent: Vec<Unsent>,
    /// What other steps did, in the order of time.
    pub done: Vec<Done>,
    /// The expectations that were not met, by their place in the test, in that order.
    pub unmet: Vec<(usize, Near)>,
    /// Messages that nothing expected, where the test says `nothing` or `nothing else`.
    pub unexpected: Vec<Sent>,
    /// Fields that were read and not given: `product.delay`.
    pub not_given: Vec<String>,
    pub trace: Vec<TraceLine>,
    /// Of contacts for whom nothing started: what a filter or `for` refused, in the order of contacts and time.
    pub refused: Vec<(String, Refusal)>,
    /// Of the contacts that expectations name, those who are a row of another: the name of that person.
    pub rows: BTreeMap<String, String>,
    /// The entities of the test, of which values of [`Verdict::done`] speak.
    pub world: World,
}

impl Verdict {
    pub fn passed(&self) -> bool {
        self.unmet.is_empty() && self.unexpected.is_empty() && self.not_given.is_empty()
    }
}

/// Runs one test against a program that holds the scenarios it names, and no others.
pub fn run(program: &Program, case: &TestCase) -> Verdict {
    run_between(program, case, span(program, case))
}

/// As [`run`], with clocks that go from the first of these instants to the last.
fn run_between(program: &Program, case: &TestCase, (first, last): (Instant, Instant)) -> Verdict {
    let mut program = program.clone();
    program.stop_clocks(last);
    let program = &program;
    let rows = Rows::of(case, &program.identity);
    let world = world::world(program, &rows);
    let given = Given { program, rows: &rows, world: &world };
    let people = given.people();
    let measures = given.measures(&people, (first, last));
    let mut verdict = Verdict::default();
    let mut out = Output {
        trace: Some(Vec::new()),
        not_given: Some(RefCell::default()),
        refusals: Some(Vec::new()),
        ..Output::default()
    };
    for (name, person) in &people {
        let (mut life, mut state) = (given.life(name), State::default());
        let (world, measures) = (&world, &measures);
        let told_before = out.trace.as_ref().map_or(0, Vec::len);
        Contact { program, world, person, measures, life: &mut life, state: &mut state }.live(
            first,
            Instant::MAX,
            &mut out,
        );
        let refused = out.refusals.as_mut().map(std::mem::take).unwrap_or_default();
        let mut told = out.trace.iter().flat_map(|trace| trace.iter().skip(told_before));
        if !told.any(|line| line.what == Told::Started) {
            verdict.refused.extend(refused.into_iter().map(|refusal| (name.clone(), refusal)));
        }
        for effect in out.effects.drain(..) {
            verdict.take(program, name, effect);
        }
    }
    verdict.sent.sort();
    verdict.done.sort_by_key(|done| done.at);
    verdict.trace = out.trace.unwrap_or_default();
    verdict.trace.sort_by_key(|line| line.at);
    verdict.not_given = out.not_given.map(RefCell::into_inner).unwrap_or_default();
    verdict.not_given.sort();
    verdict.not_given.dedup();
    judge::judge(given, case, &mut verdict);
    verdict.world = world;
    verdict
}

/// From the first day that a test names to the last instant: so far its clocks go, and instances then to their end.
fn span(program: &Program, case: &TestCase) -> (Instant, Instant) {
    let expected = case.expectations.iter().flat_map(|expectation| {
        let when = match &expectation.kind {
            ExpectationKind::Message { when, .. } | ExpectationKind::Act { when, .. } => *when,
            ExpectationKind::NoMessage { .. } | ExpectationKind::Nothing | ExpectationKind::NothingElse => When::Ever,
        };
        match when {
            When::Ever => [None, None],
            When::At(at) => [Some(at), None],
            When::Between(from, to) => [Some(from), Some(to)],
        }
    });
    let events = case.events.iter().flat_map(|event| [Some(event.at), event.arriving]);
    let named: Vec<Instant> = expected.chain(events).chain([case.until]).flatten().collect();
    // What measures told before is no beginning.
    let first = named.iter().min();
    let told = case.measures.iter().filter_map(|told| told.at.as_ref());
    // Where it is said, what is expected later does not move it.
    let last = case.until.as_ref().or(named.iter().chain(told).max());
    let first = first.map_or(Instant::MIN, |first| begin_of_day(program, *first));
    (first, last.copied().unwrap_or(Instant::MIN))
}

/// What comes round at midnight belongs to the day of its message.
fn begin_of_day(program: &Program, instant: Instant) -> Instant {
    let zone = program.settings.zone;
    zone.instant(zone.wall(instant).0, TimeOfDay::MIDNIGHT)
}

impl Verdict {
    fn take(&mut self, program: &Program, contact: &str, effect: Effect) {
        let Some(scenario) = program.unit(effect.unit).map(|unit| &unit.scenario) else { return };
        let (at, contact, name) = (effect.at, contact.to_owned(), scenario.name.clone());
        match effect.what {
            What::Send { alternative, outcome, reason } => {
                let Some(Op::Send(send)) = scenario.steps.get(effect.step).map(|step| &step.op) else { return };
                let Some(chosen) = send.alternatives.get(usize::from(alternative)) else { return };
                let (channel, message) = (chosen.channel.clone(), chosen.message.clone());
                let message = Sent { at, contact, scenario: name, channel, message };
                match outcome {
                    Outcome::Sent => self.sent.push(message),
                    _ => self.unsent.push(Unsent { message, outcome, reason }),
                }
            }
            What::Act { act, outcome, reason, .. } => {
                self.done.push(Done { at, contact, scenario: name, act, outcome, reason });
            }
            // A test has no outbox; what ended is told by the trace.
            What::Emit { .. } | What::Withdraw { .. } | What::End { .. } => {}
        }
    }
}

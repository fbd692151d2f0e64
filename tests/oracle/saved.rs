//! "`scn test`, `scn simulate` and `scn run` execute the same IR with the same pure step function": a state that is saved and
//! read back after every step, a step that is taken twice, and messages that go through an outbox all give the same.

use super::machine;
use super::naive::Line;
use super::variants;
use super::world::Key;
use scn::engine::{
    Counts, Delivery, Effect, Facts, Input, Life, Measures, Outcome, Output, Person, Program, Receipt, State,
    TriggerRef, Verdict, What, World, about_to_send, step,
};
use scn::ir::Op;
use scn::store::crm::{ContactRange, Crm, Notes};
use scn::time::Instant;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;

/// How many variants are tried.
const VARIANTS: u64 = 250;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Memory {
    /// The state stays as it is.
    Kept,
    /// It is written and read back after every step.
    Saved,
}

/// One contact, about to live.
struct Contact<'a> {
    program: &'a Program,
    world: &'a World,
    person: &'a Person,
    life: Life,
    state: State,
    delivery: Delivery,
    memory: Memory,
    lines: Vec<Line>,
    /// What the outbox would be keyed by.
    keys: BTreeSet<[u8; 16]>,
    /// What is in the outbox.
    decided: Vec<Effect>,
    out: Output,
}

impl Contact<'_> {
    fn live(mut self, until: Instant) -> (Vec<Line>, Vec<Counts>) {
        loop {
            let event = self.life.next().map(|event| event.arrived);
            let (own, timer) = (self.state.next_own(), self.state.next_due(self.program));
            // At one instant rows come first, then what scenarios made happen, then timers.
            let next = [event, own, timer].into_iter().flatten().min().filter(|now| *now <= until);
            // Messages are claimed after all that happens at their instant.
            if !self.decided.is_empty() && next.is_none_or(|next| Some(next) > self.state.clock()) {
                self.claim();
                continue;
            }
            let Some(now) = next else { break };
            let input = if event == Some(now) {
                Input::Event { place: self.life.admit(self.program, self.world).unwrap() }
            } else if own == Some(now) {
                Input::Event { place: self.state.happen(&mut self.life, self.program, self.world).unwrap() }
            } else {
                Input::Timer
            };
            self.step(input, now);
            self.settle();
        }
        let bytes = self.state.save(self.program, self.world);
        for end in 0..bytes.len().min(100) {
            assert!(State::load(&bytes[..end], self.program, self.facts()).is_err(), "a part of a state is none");
        }
        assert!(!self.lines.iter().any(|line| line.outcome == "expired"), "nothing is late where nothing waits");
        self.lines.sort();
        (self.lines, self.out.counts)
    }

    fn facts(&self) -> Facts<'_> {
        Facts { world: self.world, person: self.person, life: &self.life, measures: Measures::NONE }
    }

    /// Steps, and shows that stepping again from the same state gives the same bytes and the same effects.
    fn step(&mut self, input: Input<'_>, now: Instant) {
        let facts = Facts { world: self.world, person: self.person, life: &self.life, measures: Measures::NONE };
        let (mut again, mut more) = (self.state.clone(), Output::default());
        step(self.program, &mut again, input, now, facts, self.delivery, &mut more);
        let before = self.out.effects.len();
        step(self.program, &mut self.state, input, now, facts, self.delivery, &mut self.out);
        assert_eq!(self.out.effects[before..], more.effects, "stepped twice");
        let bytes = self.state.save(self.program, self.world);
        assert!(bytes == again.save(self.program, self.world), "stepped twice: other bytes");
        if self.memory == Memory::Saved {
            self.state = State::load(&bytes, self.program, self.facts()).unwrap();
            assert!(bytes == self.state.save(self.program, self.world), "read back: other bytes");
        }
    }

    /// Takes what was said.
    fn settle(&mut self) {
        for effect in std::mem::take(&mut self.out.effects) {
            match &effect.what {
                What::Send { alternative, outcome, reason } => {
                    let triggers = std::iter::once(&effect.trigger).chain(&effect.also).cloned().collect::<Vec<_>>();
                    let chosen = self.chosen(&effect, *alternative);
                    self.line(&effect, &triggers, "send", chosen, (outcome.name(), reason.text()));
                }
                What::Act { act, outcome, reason, .. } => {
                    let triggers = [effect.trigger.clone()];
                    let said = (String::new(), format!("{act:?}"));
                    self.line(&effect, &triggers, act.name(), said, (outcome.name(), reason.text()));
                }
                What::End { reason, .. } => {
                    let triggers = [effect.trigger.clone()];
                    self.line(&effect, &triggers, "end", (String::new(), String::new()), (reason.text(), ""));
                }
                What::Withdraw { .. } => panic!("nothing waits in this outbox: {effect:?}"),
                What::Emit { key, .. } => {
                    assert!(self.keys.insert(key.0), "two messages of one key: {effect:?}");
                    self.decided.push(effect);
                }
            }
        }
    }

    /// Claims all messages of the outbox, in the order in which the engine wants to be asked about them; those that leave are
    /// accepted.
    fn claim(&mut self) {
        let Some(now) = self.state.clock() else { return };
        let decided = std::mem::take(&mut self.decided);
        let key_of = |effect: &Effect| match effect.what {
            What::Emit { key, .. } => key,
            _ => unreachable!(),
        };
        let mut keys: Vec<_> = decided.iter().map(key_of).collect();
        self.state.sort_messages(self.program, &mut keys);
        for key in keys {
            let facts = Facts { world: self.world, person: self.person, life: &self.life, measures: Measures::NONE };
            match about_to_send(self.program, &mut self.state, key, now, facts, &mut self.out) {
                Verdict::Send(departure) => {
                    self.settle();
                    let effect = decided.iter().find(|effect| key_of(effect) == key).unwrap();
                    let chosen = (departure.channel.clone(), departure.message.clone());
                    self.line(effect, &departure.triggers, "send", chosen, (Outcome::Sent.name(), ""));
                    self.step(Input::Receipt { key, receipt: Receipt::Accepted, name: None }, now);
                }
                Verdict::Drop { .. } => self.settle(),
                verdict @ Verdict::Wait { .. } => panic!("nothing holds it: {verdict:?}"),
            }
        }
        self.settle();
    }

    fn chosen(&self, effect: &Effect, alternative: u8) -> (String, String) {
        let unit = self.program.unit(effect.unit).unwrap();
        let Op::Send(send) = &unit.scenario.steps.get(effect.step).unwrap().op else { panic!("no send: {effect:?}") };
        let chosen = &send.alternatives[usize::from(alternative)];
        (chosen.channel.clone(), chosen.message.clone())
    }

    fn line(
        &mut self,
        effect: &Effect,
        triggers: &[TriggerRef],
        name: &str,
        (channel, message): (String, String),
        (outcome, reason): (&str, &str),
    ) {
        let key = |id: String| id.parse().map_or(Key::Text(id), Key::Number);
        let triggers = triggers.iter();
        self.lines.push(Line {
            at: effect.at.to_string(),
            contact: key(self.person.id.to_string()),
            scenario: self.program.unit(effect.unit).unwrap().scenario.name.clone(),
            step: effect.ordinal,
            triggers: triggers
                .map(|trigger| (self.program.event_name(trigger.kind).to_owned(), key(trigger.id.to_string())))
                .collect(),
            entered_at: effect.entered_at.to_string(),
            effect: name.to_owned(),
            channel,
            message,
            outcome: outcome.to_owned(),
            reason: reason.to_owned(),
        });
    }
}

type Lived = Vec<(Vec<Line>, Vec<Counts>)>;

/// The lives of all contacts of a CRM.
fn live(program: &Program, path: &Path, until: Instant, delivery: Delivery, memory: Memory) -> Lived {
    let crm = Crm::open(path).unwrap();
    let (world, _) = crm.world(program).unwrap();
    let lives = crm.lives(program, &world).unwrap();
    let mut all = Vec::new();
    lives
        .read(&crm, &ContactRange::default(), &mut Notes::default(), |person, life| {
            let contact = Contact {
                program,
                world: &world,
                person,
                life: life.clone(),
                state: State::default(),
                delivery,
                memory,
                lines: Vec::new(),
                keys: BTreeSet::new(),
                decided: Vec::new(),
                out: Output::default(),
            };
            all.push(contact.live(until));
            ControlFlow::Continue(())
        })
        .unwrap();
    all
}

#[test]
fn saved_and_sent_it_is_the_same_life() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    let until = Instant::from_seconds(1_900_000_000);
    let mut lines = 0;
    for seed in 1..=VARIANTS {
        // Other cases than those of the naive oracle.
        let case = variants::case(1_000_000 + seed);
        case.world.write(&path);
        let text = case.text();
        let program = Program::link(&machine::bundle(&text, case.world.zone.name()), &[]).unwrap();
        let wanted = live(&program, &path, until, Delivery::Immediate, Memory::Kept);
        for (delivery, memory) in
            [(Delivery::Immediate, Memory::Saved), (Delivery::Outbox, Memory::Kept), (Delivery::Outbox, Memory::Saved)]
        {
            let found = live(&program, &path, until, delivery, memory);
            for (found, wanted) in found.iter().zip(&wanted) {
                assert_eq!(found.0, wanted.0, "seed {seed}, {delivery:?}, {memory:?}\n{text}");
                assert_eq!(found.1, wanted.1, "counts: seed {seed}, {delivery:?}, {memory:?}\n{text}");
            }
            assert_eq!(found.len(), wanted.len());
        }
        lines += wanted.iter().map(|(lines, _)| lines.len()).sum::<usize>();
    }
    assert!(lines > 1000, "only {lines} lines");
}

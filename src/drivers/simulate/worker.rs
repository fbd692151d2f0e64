//! One thread's share of a simulation: the contacts of one piece of the history after the other.

use super::history::{self, Told};
use super::picture::{Painter, Picture};
use super::progress::Steps;
use super::report::{Busiest, Ended};
use super::row::Row;
use super::sink::{Collected, Collector};
use super::{Given, Request};
use crate::drivers::Error;
use crate::drivers::life::Contact;
use crate::drivers::tables::{Fold, Sums};
use crate::engine::{Act, Counts, Effect, Life, Outcome, Output, Person, Reason, State, What};
use crate::ir::{Op, StepIx};
use crate::model::Id;
use crate::time::{Instant, TimeOfDay};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// What one thread found.
#[derive(Debug, Default)]
pub(super) struct Share {
    pub collected: Collected,
    pub told: Told,
    pub counts: Vec<Counts>,
    pub busiest: Option<Busiest>,
    pub picture: Option<Picture>,
    pub contacts: u64,
    pub events: u64,
    pub of_erased: u64,
    pub ended: BTreeMap<(u16, StepIx, Reason), Ended>,
    pub sums: Sums,
}

struct Worker<'a> {
    given: Given<'a>,
    state: State,
    out: Output,
    rows: Vec<Row>,
    collector: Collector<'a>,
    contacts: u64,
    events: u64,
    of_erased: u64,
    busiest: Option<Busiest>,
    ended: BTreeMap<(u16, StepIx, Reason), Ended>,
    painter: Option<Painter>,
    steps: Steps<'a>,
    fold: Fold,
}

/// Lives all contacts of a share of the history.
pub(super) fn work(
    given: Given<'_>,
    history: &history::Share<'_>,
    request: &Request,
    collector: Collector<'_>,
) -> Result<Share, Error> {
    let mut worker = Worker {
        given,
        state: State::default(),
        out: Output { marks: Some(Vec::new()), ..Output::default() },
        rows: Vec::new(),
        collector,
        fold: given.fold(),
        contacts: 0,
        events: 0,
        of_erased: 0,
        busiest: None,
        ended: BTreeMap::new(),
        painter: request.picture.then(|| Painter::new(given.program.settings.zone)),
        steps: Steps::of(request.progress.as_deref()),
    };
    let mut told = Told::new();
    let mut failed = None;
    history.read(&mut told, |person, life| match worker.live(person, life) {
        Ok(flow) => flow,
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    })?;
    if let Some(error) = failed {
        return Err(Error::Io("temporary files".into(), error));
    }
    let Worker { collector, fold, out, contacts, events, of_erased, busiest, ended, painter, .. } = worker;
    Ok(Share {
        collected: collector.finish(),
        told,
        counts: out.counts,
        busiest,
        contacts,
        events,
        of_erased,
        ended,
        picture: painter.map(Painter::finish),
        sums: fold.finish(),
    })
}

impl Worker<'_> {
    /// Stops where the history has other bounds than is believed: all is in vain then.
    fn live(&mut self, person: &Person, life: &mut Life) -> std::io::Result<ControlFlow<()>> {
        self.contacts += 1;
        self.steps.add(life.len());
        self.state.clear();
        let Given { program, world, measures, from, to, believed, catalog } = self.given;
        Contact { program, world, person, measures, life, state: &mut self.state }.live(from, to, &mut self.out);
        self.events += life.admitted_rows() as u64;
        self.of_erased += rows_of_erased(life, &self.state, &self.out.effects);
        if let Some(marks) = &mut self.out.marks {
            self.fold.take_contact(catalog, marks, self.state.standing());
        }
        let mut day = Day::default();
        let mut effects = std::mem::take(&mut self.out.effects);
        effects.extend(self.state.deferred(program));
        if let Some(painter) = &mut self.painter {
            painter.take_contact(&effects);
        }
        for effect in effects.drain(..) {
            self.note_end(&effect);
            day.add(self, &effect, &person.id);
            self.rows.extend(Row::of(effect, &person.id, self.given.world));
        }
        self.collector.add(&person.id, &mut self.rows)?;
        day.close(self, &person.id);
        self.out.effects = effects;
        let is_astray = believed.is_some_and(|bounds| life.instants().any(|at| !bounds.hold(at)));
        Ok(if is_astray { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    fn note_end(&mut self, effect: &Effect) {
        let What::End { reason, about } = effect.what else { return };
        let ended = self.ended.entry((effect.unit, effect.step, reason)).or_default();
        ended.count += 1;
        if let Some(entity) = about
            && let Some(id) = self.given.world.id(entity)
            && let Some(name) = self.given.program.needs().entities.get(usize::from(entity.entity))
        {
            *ended.about.entry((name.name.clone(), id.clone())).or_default() += 1;
        }
    }
}

/// How many rows of a contact came after an erasure, and were left out.
pub(super) fn rows_of_erased(life: &Life, state: &State, effects: &[Effect]) -> u64 {
    if !state.is_erased() {
        return 0;
    }
    let is_erasure = |effect: &&Effect| matches!(effect.what, What::Act { act: Act::Erase, .. });
    effects.iter().rev().find(is_erasure).map_or(0, |effect| life.admitted_rows_after(effect.at) as u64)
}

/// The messages of one person on one day; a contact's effects come in the order of time.
#[derive(Default)]
struct Day {
    ends: Option<Instant>,
    messages: u64,
    /// How many of them each `send` without `together` made.
    alone: Vec<((u16, StepIx), u64)>,
}

impl Day {
    fn add(&mut self, worker: &mut Worker<'_>, effect: &Effect, contact: &Id) {
        if !matches!(effect.what, What::Send { outcome: Outcome::Sent, .. }) {
            return;
        }
        if self.ends.is_none_or(|ends| effect.at >= ends) {
            self.close(worker, contact);
            self.ends = Some(worker.given.program.settings.zone.next_midnight(effect.at));
        }
        self.messages += 1;
        let step = worker.given.program.unit(effect.unit).and_then(|unit| unit.scenario.steps.get(effect.step));
        if let Some(Op::Send(send)) = step.map(|step| &step.op) {
            self.count_alone(send.together.is_none(), (effect.unit, effect.step));
        }
    }

    fn count_alone(&mut self, is_alone: bool, send: (u16, StepIx)) {
        if !is_alone {
            return;
        }
        match self.alone.iter_mut().find(|(known, _)| *known == send) {
            Some((_, count)) => *count += 1,
            None => self.alone.push((send, 1)),
        }
    }

    fn close(&mut self, worker: &mut Worker<'_>, contact: &Id) {
        let messages = std::mem::take(&mut self.messages);
        let could_leave_together = self.alone.drain(..).map(|(_, count)| count).max().unwrap_or(0);
        let Some(ends) = self.ends else { return };
        // Of equal days that of the first contact, and of one contact the first, however the contacts come.
        if worker.busiest.as_ref().is_some_and(|most| (most.messages, contact) >= (messages, &most.contact)) {
            return;
        }
        let zone = worker.given.program.settings.zone;
        let (next, _) = zone.wall(ends);
        // A midnight that does not exist moved forward, still in the next day.
        let day = next.add_days(-1).unwrap_or(next);
        debug_assert!(zone.instant(day, TimeOfDay::MIDNIGHT) < ends);
        worker.busiest =
            Some(Busiest { contact: contact.clone(), day: day.to_string(), messages, could_leave_together });
    }
}

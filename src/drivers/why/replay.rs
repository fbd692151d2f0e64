//! Gives the engine once more what the journal says that it was given, and compares what it decides.

use crate::drivers::run::journal::{self, Given as Asked};
use crate::drivers::simulate::Lived;
use crate::engine::{
    Delivery, EffectKey, Event, Facts, Input, Life, Measures, Output, Person, Program, Receipt, State, TriggerRef,
    Verdict, What, World, about_to_send, step,
};
use crate::ir::StepIx;
use crate::model::Id;
use crate::store::state::{JournalRow, KeptMessage, Seen};
use crate::time::Instant;
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// What holds for every contact.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub program: &'a Program,
    pub world: &'a World,
    pub measures: &'a Measures,
}

/// The step of an instance that decided a message.
#[derive(Clone, Debug)]
pub(super) struct Decided {
    pub unit: u16,
    pub trigger: TriggerRef,
    /// Those that leave with it.
    pub also: Vec<TriggerRef>,
    pub entered_at: Instant,
    pub step: StepIx,
}

pub(super) struct Replayed {
    pub lived: Lived,
    pub parted: Option<Instant>,
    pub keys: BTreeMap<EffectKey, Decided>,
}

/// Lets the rows of the CRM arrive when they did; those that were never seen have not.
pub(super) fn arrange(program: &Program, life: &mut Life, seen: &Seen) {
    let arrived: FxHashMap<(&str, &Id), Instant> =
        seen.arrivals.iter().map(|each| ((each.kind.as_str(), &each.id), each.arrived)).collect();
    let before: FxHashSet<(&str, &Id)> = seen.before.iter().map(|(kind, id)| (kind.as_str(), id)).collect();
    life.rearrange(|event: &Event| {
        let row = (program.event_name(event.kind), &event.id);
        arrived.get(&row).copied().or_else(|| before.contains(&row).then_some(event.arrived))
    });
}

/// Lives the journal once more.
pub(super) fn replay(
    given: Given<'_>,
    person: &Person,
    life: &mut Life,
    journal: &[JournalRow],
    messages: &[KeptMessage],
) -> Replayed {
    let Given { program, world, measures } = given;
    let lines: Vec<Json> = journal.iter().map(|row| serde_json::from_slice(&row.body).unwrap_or(Json::Null)).collect();
    let stepped: FxHashSet<(String, String)> = lines.iter().filter_map(|line| event_of(line.get("input")?)).collect();
    let out = Output { trace: Some(Vec::new()), refusals: Some(Vec::new()), ..Output::default() };
    let mut again =
        Again { given, person, life, messages, stepped, state: State::default(), out, keys: BTreeMap::new() };
    let mut parted = None;
    for (row, line) in journal.iter().zip(&lines) {
        let told = again.out.trace.as_ref().map_or(0, Vec::len);
        if again.row(row.at, line).is_none() {
            parted = Some(row.at);
            // What it told of this row is not what happened.
            again.out.trace.iter_mut().for_each(|trace| trace.truncate(told));
            break;
        }
    }
    let Again { state, out, keys, life, .. } = again;
    let lived = Lived {
        contact: person.id.clone(),
        zone: program.zone_of(Facts { world, person, life, measures }, &state),
        trace: out.trace.unwrap_or_default(),
        refusals: out.refusals.unwrap_or_default(),
        clocks: state.clocks(),
    };
    Replayed { lived, parted, keys }
}

/// The kind and id of the event that a line was given.
fn event_of(input: &Json) -> Option<(String, String)> {
    let event = input.get("event")?;
    Some((event.get("kind")?.as_str()?.to_owned(), event.get("id")?.as_str()?.to_owned()))
}

struct Again<'a, 'l> {
    given: Given<'a>,
    person: &'a Person,
    life: &'l mut Life,
    messages: &'a [KeptMessage],
    /// The events of the journal.
    stepped: FxHashSet<(String, String)>,
    state: State,
    out: Output,
    keys: BTreeMap<EffectKey, Decided>,
}

impl Again<'_, '_> {
    /// One line of the journal; `None` where what comes of it is not what it says.
    fn row(&mut self, at: Instant, line: &Json) -> Option<()> {
        let Given { program, world, .. } = self.given;
        self.admit_history(at);
        let input = line.get("input")?;
        if let Some((kind, id)) = event_of(input) {
            let is_it = |event: &Event| program.event_name(event.kind) == kind && event.id.to_string() == id;
            let place = match self.life.next() {
                Some(event) if is_it(event) => self.life.admit(program, world)?,
                _ => self.state.happen(self.life, program, world)?,
            };
            let event = self.life.event(place).filter(|event| is_it(event))?.clone();
            return self.step(Input::Event { place }, at, Asked::Event { kind: event.kind, id: &event.id }, line);
        }
        if let Some(receipt) = input.get("receipt") {
            let key: EffectKey = receipt.get("key")?.as_str()?.parse().ok()?;
            let receipt = receipt_named(receipt.get("outcome")?.as_str()?)?;
            let name = self.messages.iter().find(|message| message.key == key).map(|message| message.message.clone());
            let input = Input::Receipt { key, receipt, name: name.as_deref() };
            return self.step(input, at, Asked::Receipt { key, receipt }, line);
        }
        if let Some(asked) = input.get("about_to_send") {
            return self.about_to_send(at, asked);
        }
        match input.as_str()? {
            "timer" => self.step(Input::Timer, at, Asked::Timer, line),
            "look" => self.step(Input::Look, at, Asked::Look, line),
            "refresh" => self.step(Input::Refresh, at, Asked::Refresh, line),
            _ => None,
        }
    }

    /// What was there before the start happened without a step.
    fn admit_history(&mut self, at: Instant) {
        let Given { program, world, .. } = self.given;
        let is_history = |event: &Event, stepped: &FxHashSet<(String, String)>| {
            event.arrived <= at && !stepped.contains(&(program.event_name(event.kind).to_owned(), event.id.to_string()))
        };
        while self.life.next().is_some_and(|event| is_history(event, &self.stepped)) {
            self.life.admit(program, world);
        }
    }

    fn step(&mut self, input: Input<'_>, at: Instant, asked: Asked<'_>, line: &Json) -> Option<()> {
        let Given { program, world, measures } = self.given;
        let facts = Facts { world, person: self.person, life: &*self.life, measures };
        step(program, &mut self.state, input, at, facts, Delivery::Outbox, &mut self.out);
        let said = journal::line(program, at, asked, &self.out.effects, &[]);
        let said: Json = serde_json::from_slice(&said.body).ok()?;
        if said.get("effects") != line.get("effects") {
            return None;
        }
        for effect in std::mem::take(&mut self.out.effects) {
            if let What::Emit { key, .. } | What::Act { key, .. } = effect.what {
                let (unit, step, entered_at) = (effect.unit, effect.step, effect.entered_at);
                self.keys.insert(key, Decided { unit, trigger: effect.trigger, also: effect.also, entered_at, step });
            }
        }
        Some(())
    }

    fn about_to_send(&mut self, at: Instant, asked: &Json) -> Option<()> {
        let Given { program, world, measures } = self.given;
        let key: EffectKey = asked.get("key")?.as_str()?.parse().ok()?;
        let facts = Facts { world, person: self.person, life: &*self.life, measures };
        let verdict = about_to_send(program, &mut self.state, key, at, facts, &mut self.out);
        self.out.effects.clear();
        let (answer, reason) = match &verdict {
            Verdict::Send(_) => ("send", ""),
            Verdict::Wait { reason, .. } => ("wait", reason.text()),
            Verdict::Drop { outcome, reason } => (outcome.name(), reason.text()),
        };
        let is_same = asked.get("answer")?.as_str()? == answer && asked.get("reason")?.as_str()? == reason;
        is_same.then_some(())
    }
}

fn receipt_named(name: &str) -> Option<Receipt> {
    Some(match name {
        "accepted" => Receipt::Accepted,
        "failed" => Receipt::Failed,
        "bounced, hard" => Receipt::Bounced { hard: true },
        "bounced, soft" => Receipt::Bounced { hard: false },
        "uncertain" => Receipt::Uncertain,
        _ => return None,
    })
}

//! `when no EVENT for DURATION`: what starts because nothing happened.

use super::clocks::Silence;
use super::entry::Candidate;
use super::linked::LinkedCode;
use super::output::TriggerRef;
use super::program::Unit;
use super::step::Stepper;
use crate::ir::{ExprIx, Start};
use crate::time::Instant;

/// What the length of a silence depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct SilenceLength {
    pub reads_measures: bool,
    /// The event after which it began.
    pub reads_event: bool,
}

impl SilenceLength {
    /// `None` where no silence starts anything.
    pub fn of(start: &Start, code: &LinkedCode) -> Option<SilenceLength> {
        let Start::Silence { duration, .. } = *start else { return None };
        let reads_measures = !code.measures_of(duration).is_empty();
        Some(SilenceLength { reads_measures, reads_event: code.reads_event(duration) })
    }
}

impl<'a> Stepper<'a, '_> {
    /// An event begins the silences that are counted from it, unless a later one has begun them.
    pub(super) fn silences_begin(&mut self, kind: u16, place: usize) {
        let program = self.program;
        for &(unit_slot, trigger) in program.silences_of(kind) {
            let Some(unit) = program.unit(unit_slot) else { continue };
            let Some(trigger) = unit.scenario.start.events().get(usize::from(trigger)) else { continue };
            let Some(event) = self.facts.life.event(place) else { continue };
            let known = self.state.clocks.silence(unit_slot);
            let is_later = known.is_none_or(|known| known.after.is_none() || event.at >= known.since);
            let eval = self.start_eval(unit, Some(place), Some(trigger.event), event.at);
            if is_later && trigger.filter.is_none_or(|filter| eval.truth(filter) == Some(true)) {
                self.begin_silence(unit_slot, unit, Some(place), event.at);
            }
        }
    }

    /// A silence since an event, or since the contact's creation. One that is long enough already starts its scenario now.
    fn begin_silence(&mut self, unit_slot: u16, unit: &'a Unit, row: Option<usize>, since: Instant) {
        if since > self.program.clocks_until {
            return;
        }
        let due = self.silence_due(unit, row, since).map(|due| due.max(self.now));
        let event = row.and_then(|row| self.facts.life.event(row));
        let after = event.map(|event| TriggerRef { kind: event.kind, id: event.id.clone() });
        self.state.clocks.set_silence(unit_slot, Silence { after, since, due, over: false });
    }

    /// When a silence is long enough; `None` when its duration is missing.
    fn silence_due(&self, unit: &'a Unit, row: Option<usize>, since: Instant) -> Option<Instant> {
        let Start::Silence { duration, .. } = unit.scenario.start else { return None };
        let length = self.start_eval(unit, row, None, since).duration(duration)?;
        self.moved(since, length)
    }

    /// Starts the scenario of a silence that is long enough: once, until the next one begins.
    pub(super) fn silence_is_long(&mut self, unit_slot: u16, unit: &'a Unit) {
        let Some(silence) = self.state.clocks.silence(unit_slot) else { return };
        let (entry, after, since) = (silence.due.unwrap_or(self.now), silence.after.clone(), silence.since);
        let over = Silence { due: None, over: true, ..silence.clone() };
        self.state.clocks.set_silence(unit_slot, over);
        let row = after.and_then(|after| self.facts.life.find_at(after.kind, &after.id, since));
        self.enter(Candidate { unit_slot, unit, entry, row, trigger: None, seen: None, by: None });
    }

    /// Finds out since when a silence lasts that is not counted yet: from the latest of its events, or, with `ever`, from the
    /// contact's creation. One that was long enough before its scenario began to run starts nothing.
    pub(super) fn look_for_silence(&mut self, unit_slot: u16, unit: &'a Unit) {
        let known = self.state.clocks.silence(unit_slot);
        if known.is_some_and(|known| known.after.is_some() || known.over || known.due.is_some()) {
            return;
        }
        let Start::Silence { since, .. } = unit.scenario.start else { return };
        let (row, begin) = match self.latest_trigger(unit) {
            Some((place, at)) => (Some(place), at),
            None => match since.and_then(|since| self.creation(unit, since)) {
                Some(at) => (None, at),
                None => return,
            },
        };
        self.begin_silence(unit_slot, unit, row, begin);
        let is_before = self.silence_due(unit, row, begin).is_some_and(|due| due < unit.starts_at);
        if is_before && let Some(silence) = self.state.clocks.silence(unit_slot).cloned() {
            self.state.clocks.set_silence(unit_slot, Silence { due: None, over: true, ..silence });
        }
    }

    fn creation(&self, unit: &'a Unit, since: ExprIx) -> Option<Instant> {
        self.start_eval(unit, None, None, self.now).instant(since)
    }

    /// The latest admitted event that a silence is counted from, and its instant.
    fn latest_trigger(&self, unit: &'a Unit) -> Option<(usize, Instant)> {
        let life = self.facts.life;
        let latest = |trigger: &crate::ir::Trigger| {
            let kind = unit.code.events.get(usize::from(trigger.event)).copied()?;
            let passes = |place: &&u32| {
                let Some(event) = life.event(**place as usize) else { return false };
                let eval = self.start_eval(unit, Some(**place as usize), Some(trigger.event), event.at);
                trigger.filter.is_none_or(|filter| eval.truth(filter) == Some(true))
            };
            let place = *life.since(kind, Instant::MIN).iter().rev().find(passes)? as usize;
            Some((life.event(place)?.at, place))
        };
        unit.scenario.start.events().iter().filter_map(latest).max().map(|(at, place)| (place, at))
    }

    /// Measures silences again whose length depends on a measure. One that is long enough by now starts its scenario now.
    pub(super) fn refresh(&mut self) {
        let program = self.program;
        for (unit_slot, unit) in program.all_current() {
            let Some(length) = unit.silence.filter(|length| length.reads_measures) else { continue };
            let Some(silence) = self.state.clocks.silence(unit_slot).filter(|silence| !silence.over).cloned() else {
                continue;
            };
            let after = silence.after.as_ref().filter(|_| length.reads_event);
            let row = after.and_then(|after| self.facts.life.find_at(after.kind, &after.id, silence.since));
            let due = self.silence_due(unit, row, silence.since).map(|due| due.max(self.now));
            self.state.clocks.set_silence(unit_slot, Silence { due, ..silence });
        }
    }
}

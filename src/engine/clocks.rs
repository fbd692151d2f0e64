//! What starts scenarios by itself: silences and periods, and the order of all timers.

use super::output::TriggerRef;
use super::state::{Handle, State};
use super::step::Stepper;
use crate::ir::Start;
use crate::time::Instant;

/// A silence of one scenario: since when, and when it is long enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Silence {
    /// The event after which it began; `None` for the contact's creation.
    pub after: Option<TriggerRef>,
    pub since: Instant,
    /// When the scenario starts; `None` while the length is missing, and once it has started.
    pub due: Option<Instant>,
    /// Whether the scenario has started: it does once in a silence.
    pub over: bool,
}

/// The silences and periods of one contact, by the place of the scenario in the program, sorted.
#[derive(Clone, Debug, Default)]
pub(super) struct Clocks {
    pub silences: Vec<(u16, Silence)>,
    /// When the period comes round next; `None` where its date is missing.
    pub periods: Vec<(u16, Option<Instant>)>,
    /// When the first of them all is due.
    first: Option<Instant>,
}

impl Clocks {
    pub fn is_empty(&self) -> bool {
        self.silences.is_empty() && self.periods.is_empty()
    }

    pub fn clear(&mut self) {
        self.silences.clear();
        self.periods.clear();
        self.first = None;
    }

    /// When the first of them is due; `None` where none is.
    pub fn first(&self) -> Option<Instant> {
        self.first
    }

    pub fn all(&self) -> impl Iterator<Item = (Instant, u16)> {
        let silences = self.silences.iter().filter_map(|(unit, silence)| Some((silence.due?, *unit)));
        silences.chain(self.periods.iter().filter_map(|(unit, due)| Some(((*due)?, *unit))))
    }

    pub fn silence(&self, unit: u16) -> Option<&Silence> {
        self.silences.iter().find(|(known, _)| *known == unit).map(|(_, silence)| silence)
    }

    pub fn set_silence(&mut self, unit: u16, silence: Silence) {
        let place = self.silences.partition_point(|(known, _)| *known < unit);
        let due = silence.due;
        let before = match self.silences.get_mut(place).filter(|(known, _)| *known == unit) {
            Some((_, known)) => std::mem::replace(known, silence).due,
            None => {
                self.silences.insert(place, (unit, silence));
                None
            }
        };
        self.moved(before, due);
    }

    pub fn period(&self, unit: u16) -> Option<Option<Instant>> {
        self.periods.iter().find(|(known, _)| *known == unit).map(|(_, due)| *due)
    }

    pub fn set_period(&mut self, unit: u16, due: Option<Instant>) {
        let place = self.periods.partition_point(|(known, _)| *known < unit);
        let before = match self.periods.get_mut(place).filter(|(known, _)| *known == unit) {
            Some((_, known)) => std::mem::replace(known, due),
            None => {
                self.periods.insert(place, (unit, due));
                None
            }
        };
        self.moved(before, due);
    }

    /// One of them is due then, and was before: the first is another, if it was that one or is.
    fn moved(&mut self, before: Option<Instant>, due: Option<Instant>) {
        let may_be_first = |at: Instant| self.first.is_none_or(|first| at <= first);
        match (before, due) {
            (_, Some(due)) if may_be_first(due) => self.first = Some(due),
            (Some(before), _) if may_be_first(before) => self.first = self.all().map(|(due, _)| due).min(),
            _ => {}
        }
        debug_assert_eq!(self.first, self.all().map(|(due, _)| due).min());
    }

    /// Adds what another state of the same contact counts and this one does not. Of two silences the one that began later
    /// goes on.
    pub fn absorb(&mut self, other: Clocks) {
        for (unit, silence) in other.silences {
            if self.silence(unit).is_none_or(|known| known.since < silence.since) {
                self.set_silence(unit, silence);
            }
        }
        for (unit, due) in other.periods {
            if self.period(unit).is_none() {
                self.set_period(unit, due);
            }
        }
    }
}

impl State {
    /// When scenarios start by themselves next, by their places in the program: a silence is long enough, or a period comes
    /// round.
    pub fn clocks(&self) -> Vec<(u16, Instant)> {
        self.clocks.all().map(|(at, unit)| (unit, at)).collect()
    }
}

/// What comes due first.
enum Due {
    Instance(Handle),
    Clock(u16, Instant),
}

impl Stepper<'_, '_> {
    /// The first timer that is due: by instant, then the policy's priority, then entry, then scenario name; after all others
    /// of its instant, the messages that wait to be claimed.
    pub(super) fn timer(&mut self) {
        match self.first_due() {
            Some(Due::Instance(handle)) => self.instance_timer(handle),
            Some(Due::Clock(unit_slot, due)) => {
                self.due = due;
                let Some(unit) = self.program.unit(unit_slot) else { return };
                match &unit.scenario.start {
                    Start::Silence { .. } => self.silence_is_long(unit_slot, unit),
                    Start::Every { occurrence, since } => self.comes_round(unit_slot, unit, (occurrence, *since)),
                    Start::Events(_) | Start::Started => {}
                }
            }
            None => self.claim_held(),
        }
    }

    fn first_due(&mut self) -> Option<Due> {
        let rank = |unit: u16| self.program.unit(unit).map_or(u16::MAX, |unit| unit.rank);
        let instance = self.state.first_timer(self.program).filter(|(at, ..)| *at <= self.now);
        if self.state.clocks.first().is_none_or(|first| first > self.now) {
            return instance.and_then(|_| self.state.pop_timer()).map(Due::Instance);
        }
        // The entry of what a clock starts is the instant at which it starts.
        let clocks = self.state.clocks_due(self.program).map(|(due, unit)| (due, rank(unit), due, unit));
        let clock = clocks.min().filter(|(due, ..)| *due <= self.now);
        let instance = instance.map(|(at, entry, unit)| (at, rank(unit), entry, unit));
        match (instance, clock) {
            (None, None) => None,
            (Some(instance), clock) if clock.is_none_or(|clock| instance <= clock) => {
                self.state.pop_timer().map(Due::Instance)
            }
            (_, Some((due, .., unit))) => Some(Due::Clock(unit, due)),
            (Some(_), None) => None,
        }
    }

    /// Counts silences and periods that are not counted yet.
    pub(super) fn look(&mut self) {
        let program = self.program;
        for (unit_slot, unit) in program.all_current() {
            match &unit.scenario.start {
                Start::Silence { .. } => self.look_for_silence(unit_slot, unit),
                Start::Every { occurrence, since } => self.look_for_period(unit_slot, unit, (occurrence, *since)),
                Start::Events(_) | Start::Started => {}
            }
        }
    }
}

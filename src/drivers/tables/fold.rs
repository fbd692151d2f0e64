//! The fold: one contact's happenings, in the order of time, then the next contact's. What it keeps of a contact is forgotten
//! when the contact is over; what it adds up is the same in whatever order contacts come.

use super::close::Passage;
use super::months::Months;
use super::plain::Counted;
use super::sums::Sums;
use super::{Became, Catalog, CatalogScenario, GoalKind, Happening, Happens};
use crate::engine::{EffectKey, Journey, Mark, Marked, Outcome, Reason, Receipt};
use crate::ir::StepIx;
use crate::time::{Instant, Zone};
use rustc_hash::FxHashMap;

/// How a stream tells of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// What is said stays so.
    Simulation,
    /// What was said of a message may be taken back: it came back, or it had left before it was cancelled.
    Journal,
}

/// A fold at work.
#[derive(Debug)]
pub struct Fold {
    pub(super) sums: Sums,
    pub(super) months: Months,
    /// Those of entries, which come between those of messages that are months later.
    entries: Months,
    /// By unit of the program: its scenario, where a journey is the sum of what happens to it, so that nothing of it needs to
    /// be remembered.
    plain: Vec<Option<u16>>,
    source: Source,
    pub(super) contact: OneContact,
    /// The room for what is counted of a contact at its end.
    pub(super) passages: Vec<Passage>,
}

/// What is remembered of the contact at hand.
#[derive(Debug, Default)]
pub(super) struct OneContact {
    pub journeys: Vec<JourneyState>,
    pub messages: Vec<MessageState>,
    places: FxHashMap<Journey, u32>,
    by_key: FxHashMap<EffectKey, u32>,
    /// The message that was said to be sent last: others may have left with it.
    last_sent: Option<u32>,
    /// By scenario, in the order of time.
    windows: FxHashMap<u16, Vec<Window>>,
    /// Journeys that wait, and the steps that may be their next to send.
    pub ahead: Vec<(u32, u32)>,
    /// Whether the contact was erased: what follows is not known.
    pub is_erased: bool,
}

#[derive(Debug)]
pub(super) struct JourneyState {
    pub scenario: u16,
    pub entered_at: Instant,
    /// Whether its entry was told: an older journal does not.
    pub entered: bool,
    pub left: bool,
    /// The arms drawn so far.
    pub path: u32,
    /// Every path that it was on.
    pub drawn: Vec<u32>,
    pub goal: Option<Instant>,
    /// The message before the goal.
    pub goal_message: Option<u32>,
    /// The last message that was sent or held out.
    last: Option<u32>,
}

#[derive(Debug)]
pub(super) struct MessageState {
    pub step: u32,
    pub message: u32,
    pub at: Instant,
    pub state: Fate,
    pub path: u32,
    pub journeys: Vec<u32>,
    /// The message that this journey's part was taken from.
    of: Option<u32>,
    pub revenue: i128,
}

/// What is known of a message so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The policy may hold it.
    Waits(Reason),
    Became(Became),
    /// Nobody is left whom it is about: what became of it is told of each.
    Void,
}

/// A time in which what follows is put down to a message.
#[derive(Clone, Copy, Debug)]
struct Window {
    closes: Instant,
    /// The latest of all windows up to this one.
    all_closed: Instant,
    journey: u32,
    message: u32,
}

impl Fold {
    pub fn new(catalog: &Catalog, zone: Zone, source: Source) -> Fold {
        let sends = |number: u16| catalog.steps.iter().any(|step| step.scenario == number);
        let is_sum = |scenario: &CatalogScenario, number: u16| {
            // What limits hold is told of again when it leaves.
            let has_memory = sends(number) && (scenario.comes_again || catalog.has_limits);
            scenario.goal == GoalKind::None && !(scenario.has_splits || scenario.is_started || has_memory)
        };
        let plain = |number: u16| {
            let scenario = catalog.scenarios.get(usize::from(number));
            scenario.is_some_and(|scenario| source == Source::Simulation && is_sum(scenario, number)).then_some(number)
        };
        Fold {
            sums: Sums::default(),
            months: Months::new(zone),
            entries: Months::new(zone),
            plain: (0..u16::MAX).map_while(|unit| catalog.scenario_of(unit)).map(plain).collect(),
            source,
            contact: OneContact::default(),
            passages: Vec::new(),
        }
    }

    /// Takes the marks of a whole contact, and the waits in which its journeys stand at the end, and adds them up.
    pub fn take_contact(
        &mut self,
        catalog: &Catalog,
        marks: &mut Vec<Mark>,
        standing: impl Iterator<Item = (Journey, StepIx)>,
    ) {
        for mark in marks.drain(..) {
            if !self.take_plain(catalog, &mark)
                && let Some(happening) = Happening::of(catalog, mark)
            {
                self.take(catalog, happening);
            }
        }
        for (journey, wait) in standing {
            self.stands(catalog, journey, wait);
        }
        self.end_contact(catalog);
    }

    /// A journey of the program stands in a wait, at the end.
    fn stands(&mut self, catalog: &Catalog, mut journey: Journey, wait: StepIx) {
        let ahead = catalog.ahead(journey.unit, wait);
        if let Some(scenario) = self.plain.get(usize::from(journey.unit)).copied().flatten() {
            let month = self.entries.number(journey.entered_at);
            ahead.iter().for_each(|step| self.sums.count((scenario, month, Counted::Before { step: *step })));
        } else if let Some(scenario) = catalog.scenario_of(journey.unit) {
            journey.unit = scenario;
            self.waits_before(&journey, ahead);
        }
    }

    /// Whether a journey of the contact at hand is not over.
    pub fn has_running(&self) -> bool {
        self.contact.journeys.iter().any(|journey| journey.entered && !journey.left)
    }

    /// A journey, in the numbers of the catalog, waits where these steps may be the next to send.
    pub fn waits_before(&mut self, journey: &Journey, steps: &[u32]) {
        let OneContact { places, journeys, ahead, .. } = &mut self.contact;
        let Some(number) = places.get(journey).copied() else { return };
        if journeys.get(number as usize).is_some_and(|journey| journey.entered && !journey.left) {
            ahead.extend(steps.iter().map(|step| (number, *step)));
        }
    }

    /// Counts what happens to a journey of which nothing needs to be remembered; false for all else.
    fn take_plain(&mut self, catalog: &Catalog, mark: &Mark) -> bool {
        let Some(journey) = &mark.journey else { return false };
        let unit = journey.unit;
        let Some(scenario) = self.plain.get(usize::from(unit)).copied().flatten() else { return false };
        let entry = journey.entered_at;
        let (month, counted) = match mark.what {
            Marked::Entered => (self.entries.number(entry), Counted::Entered),
            Marked::Left { .. } => (self.entries.number(entry), Counted::Left),
            Marked::Sent { step, alternative, leads, .. } => {
                let Some(step) = catalog.step_of(unit, step) else { return true };
                let Some(message) = catalog.message_at(step, alternative) else { return true };
                let counted = match leads {
                    true => Counted::Message { step, message, became: Became::Sent },
                    false => Counted::Joined { step, message },
                };
                (self.months.number(mark.at), counted)
            }
            Marked::NotSent { step, alternative, outcome, reason, .. } => {
                let Some(step) = catalog.step_of(unit, step) else { return true };
                let Some(message) = catalog.message_at(step, alternative) else { return true };
                let became = Became::Not(outcome, reason);
                (self.months.number(mark.at), Counted::Message { step, message, became })
            }
            _ => return true,
        };
        self.sums.count((scenario, month, counted));
        true
    }

    /// Takes the next of what happened to the contact at hand.
    pub fn take(&mut self, catalog: &Catalog, happening: Happening) {
        let Happening { at, journey, what } = happening;
        let Some(journey) = journey else { return self.of_contact(at, &what) };
        let number = self.contact.journey(&journey);
        self.of_journey(catalog, at, number, what);
    }

    fn of_contact(&mut self, at: Instant, what: &Happens) {
        let contact = &mut self.contact;
        match *what {
            Happens::Event { money: Some(money), ref counts_for, .. } => {
                for of_scenario in counts_for.chunk_by(|one, two| one.unit == two.unit) {
                    if let Some(message) = contact.touched_last(of_scenario, at)
                        && let Some(message) = contact.messages.get_mut(message as usize)
                    {
                        message.revenue += i128::from(money.0);
                    }
                }
            }
            Happens::Erased => contact.is_erased = true,
            Happens::Held { key, reason } => {
                if let Some(message) = contact.message_of(key)
                    && matches!(message.state, Fate::Waits(_))
                {
                    message.state = Fate::Waits(reason);
                }
            }
            Happens::Withdrawn { key, outcome, reason } => {
                if let Some(message) = contact.message_of(key)
                    && matches!(message.state, Fate::Waits(_))
                {
                    (message.state, message.at) = (Fate::Became(Became::Not(outcome, reason)), at);
                }
            }
            Happens::Receipt { key, receipt } => contact.receipt(key, receipt, at),
            _ => {}
        }
    }

    fn of_journey(&mut self, catalog: &Catalog, at: Instant, number: u32, what: Happens) {
        let contact = &mut self.contact;
        let Some(journey) = contact.journeys.get_mut(number as usize) else { return };
        let path = journey.path;
        match what {
            Happens::Entered => journey.entered = true,
            Happens::Left { .. } => journey.left = true,
            Happens::Drew { arm } => {
                let path = self.sums.paths.with(path, arm);
                if path != journey.path {
                    journey.path = path;
                    journey.drawn.push(path);
                }
            }
            Happens::Goal if journey.goal.is_none() => {
                (journey.goal, journey.goal_message) = (Some(at), journey.last);
            }
            Happens::Decided { key, step, leads } => {
                let message = catalog.message_at(step, 0).unwrap_or(u32::MAX);
                let state = MessageState::new((step, message), at, Fate::Waits(Reason::None), path);
                contact.decided(key, state, number, leads);
            }
            Happens::Sent { key, step, message, leads, closes } => {
                let state = MessageState::new((step, message), at, Fate::Became(Became::Sent), path);
                let sent = contact.sent(key, state, number, leads);
                contact.opened(number, sent, closes);
            }
            Happens::NotSent { key, step, message, outcome, reason, closes } => {
                let became = Became::Not(outcome, reason);
                let mut state = MessageState::new((step, message), at, Fate::Became(became), path);
                state.of = key.and_then(|key| contact.leave(key, number));
                if let Some(of) = state.of.and_then(|of| contact.messages.get(of as usize)) {
                    state.path = of.path;
                }
                state.journeys.push(number);
                contact.messages.push(state);
                if outcome == Outcome::HeldOut {
                    contact.opened(number, contact.messages.len() as u32 - 1, closes);
                }
            }
            _ => {}
        }
    }

    /// Adds up the contact at hand, and forgets it.
    pub fn end_contact(&mut self, catalog: &Catalog) {
        self.sums.erased += u64::from(std::mem::take(&mut self.contact.is_erased));
        if self.contact.journeys.is_empty() {
            return;
        }
        debug_assert!(self.source == Source::Journal || self.contact.journeys.iter().all(|journey| journey.entered));
        super::close::close(self, catalog);
        self.contact.clear();
    }

    /// What was added up.
    pub fn finish(self) -> Sums {
        self.sums
    }
}

impl MessageState {
    fn new((step, message): (u32, u32), at: Instant, state: Fate, path: u32) -> MessageState {
        MessageState { step, message, at, state, path, journeys: Vec::new(), of: None, revenue: 0 }
    }

    /// Whether it opens a window.
    fn counts(&self) -> bool {
        matches!(self.state, Fate::Became(Became::Sent | Became::Not(Outcome::HeldOut, _)))
    }
}

impl OneContact {
    fn clear(&mut self) {
        self.journeys.clear();
        self.messages.clear();
        self.places.clear();
        self.by_key.clear();
        self.last_sent = None;
        self.windows.clear();
        self.ahead.clear();
    }

    fn journey(&mut self, journey: &Journey) -> u32 {
        if let Some(number) = self.places.get(journey) {
            return *number;
        }
        let number = self.journeys.len() as u32;
        self.places.insert(journey.clone(), number);
        self.journeys.push(JourneyState {
            scenario: journey.unit,
            entered_at: journey.entered_at,
            entered: false,
            left: false,
            path: 0,
            drawn: Vec::new(),
            goal: None,
            goal_message: None,
            last: None,
        });
        number
    }

    fn message_of(&mut self, key: EffectKey) -> Option<&mut MessageState> {
        let number = *self.by_key.get(&key)?;
        self.messages.get_mut(number as usize)
    }

    fn decided(&mut self, key: EffectKey, mut state: MessageState, journey: u32, leads: bool) {
        match self.by_key.get(&key).copied().filter(|_| !leads) {
            Some(known) => {
                if let Some(message) = self.messages.get_mut(known as usize) {
                    message.journeys.push(journey);
                }
            }
            None => {
                state.journeys.push(journey);
                self.by_key.insert(key, self.messages.len() as u32);
                self.messages.push(state);
            }
        }
    }

    /// A message that was sent, for one of the journeys that it is about. Gives its number.
    fn sent(&mut self, key: EffectKey, mut state: MessageState, journey: u32, leads: bool) -> u32 {
        let known = self.by_key.get(&key).copied();
        let number = known.or(self.last_sent.filter(|_| !leads)).unwrap_or(self.messages.len() as u32);
        match self.messages.get_mut(number as usize) {
            Some(message) => {
                if leads {
                    message.journeys.clear();
                }
                (message.state, message.at, message.message) = (state.state, state.at, state.message);
                message.journeys.push(journey);
            }
            None => {
                state.journeys.push(journey);
                self.messages.push(state);
            }
        }
        self.last_sent = Some(number);
        number
    }

    /// A journey that a decided message is no longer about. Gives the number of the message.
    fn leave(&mut self, key: EffectKey, journey: u32) -> Option<u32> {
        let number = *self.by_key.get(&key)?;
        let message = self.messages.get_mut(number as usize)?;
        message.journeys.retain(|each| *each != journey);
        if message.journeys.is_empty() {
            message.state = Fate::Void;
        }
        Some(number)
    }

    /// What follows is put down to this message, until its window closes. After the goal nothing is: what `then` sends is no
    /// cause of it.
    fn opened(&mut self, journey: u32, message: u32, closes: Option<Instant>) {
        let Some(state) = self.journeys.get_mut(journey as usize).filter(|state| state.goal.is_none()) else { return };
        state.last = Some(message);
        let Some(closes) = closes else { return };
        let windows = self.windows.entry(state.scenario).or_default();
        let all_closed = windows.last().map_or(closes, |last| last.all_closed.max(closes));
        windows.push(Window { closes, all_closed, journey, message });
    }

    /// The last message so far, of these journeys of one scenario, that opened a window which is still open.
    fn touched_last(&self, of_scenario: &[Journey], at: Instant) -> Option<u32> {
        let windows = self.windows.get(&of_scenario.first()?.unit)?;
        let mut journeys: Vec<u32> =
            of_scenario.iter().filter_map(|journey| self.places.get(journey).copied()).collect();
        journeys.sort_unstable();
        let open = windows.iter().rev().take_while(|window| window.all_closed >= at);
        let counts = |number: u32| self.messages.get(number as usize).is_some_and(MessageState::counts);
        let holds = |window: &&Window| {
            at <= window.closes && journeys.binary_search(&window.journey).is_ok() && counts(window.message)
        };
        open.into_iter().find(holds).map(|window| window.message)
    }

    fn receipt(&mut self, key: EffectKey, receipt: Receipt, at: Instant) {
        let Some(number) = self.by_key.get(&key).copied() else { return };
        let became = match receipt {
            Receipt::Accepted => Became::Sent,
            Receipt::Bounced { .. } => Became::Bounced,
            Receipt::Uncertain => Became::Uncertain,
            Receipt::Failed => Became::NoAddress,
        };
        if receipt == Receipt::Accepted {
            // It had left before those whom it was about took it back.
            for place in 0..self.messages.len() {
                let Some(part) = self.messages.get_mut(place).filter(|part| part.of == Some(number)) else { continue };
                part.state = Fate::Void;
                let journeys = std::mem::take(&mut part.journeys);
                if let Some(message) = self.messages.get_mut(number as usize) {
                    message.journeys.extend(journeys);
                }
            }
        }
        let Some(message) = self.messages.get_mut(number as usize) else { return };
        if receipt != Receipt::Accepted && message.state == Fate::Void {
            return;
        }
        // One that came back stays in the month in which it left.
        if matches!(message.state, Fate::Waits(_) | Fate::Void) {
            message.at = at;
        }
        message.state = Fate::Became(became);
        for journey in self.journeys.iter_mut().filter(|journey| journey.last == Some(number)) {
            journey.last = journey.last.filter(|_| became == Became::Sent);
        }
    }
}

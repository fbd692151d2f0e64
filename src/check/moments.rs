//! When messages come: what makes the instant, and how long after.

mod after;
mod asked;
mod clock;

use super::truth::key;
use super::typed::{
    self, Class, Expr, Guard, History, Kind, Occurrence, Scenario, Send, Start, Step, StepKind, Trigger, Window,
};
use crate::model::{Literal, Type};
use crate::span::Span;
use crate::time::{Instant, TimeOfDay};
use after::After;
pub use asked::Judge;
use asked::{About, Asked, ask, exclude};
use clock::{Turn, moved};
use std::collections::BTreeSet;
use std::rc::Rc;

/// How many instants of one place are followed, with how many conditions each, and how many scenarios that start one another in a
/// row.
const INSTANTS_MAX: usize = 8;
const ASKED_MAX: usize = 64;
const STARTS_MAX: usize = 4;
/// How many turns of a `repeat` are followed, and how many steps of a scenario, their turns counted.
const TURNS_MAX: u32 = 8;
const STEPS_MAX: usize = 1024;

/// An instant, as far as the text tells, and what holds when it comes.
#[derive(Clone, Debug)]
pub struct Due<'s> {
    from: From<'s>,
    after: After,
    asked: Vec<Rc<Asked>>,
    /// From which of them on all are asked at this very instant.
    since: usize,
}

/// What makes an instant.
#[derive(Clone, Debug, PartialEq)]
enum From<'s> {
    /// The trigger.
    Event(&'s str),
    /// Another event, for which a step waits.
    Awaited(&'s History),
    /// The contact's creation.
    Creation,
    Instant(Instant),
    /// At this time of such a day; without a time, of a date that is waited for.
    Clock(Turn, Option<TimeOfDay>),
}

/// An instant, the days of a clock aside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment<'d> {
    from: Common<'d>,
    after: &'d After,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Common<'d> {
    Event(&'d str),
    Creation,
    Instant(Instant),
    Clock(Option<TimeOfDay>),
}

/// A step, and when it comes.
struct Reached<'s> {
    step: &'s Step,
    dues: Vec<Due<'s>>,
}

/// A marketing message, and when it comes.
#[derive(Debug)]
pub struct Message<'s> {
    pub scenario: &'s Scenario,
    /// The scenario's place among all.
    pub place: usize,
    pub step: Span,
    pub dues: Vec<Due<'s>>,
}

/// The marketing messages of all scenarios whose instants the text tells, those `never` sent left out. Scenarios are sorted by
/// name.
pub fn messages<'s>(scenarios: &'s [Scenario], never: &BTreeSet<Span>) -> Vec<Message<'s>> {
    let begins = begins(scenarios, never);
    let mut found = Vec::new();
    for ((place, scenario), begins) in scenarios.iter().enumerate().zip(begins) {
        for reached in reached(scenario, begins, never) {
            if let StepKind::Send(Send { class: Class::Marketing, .. }) = &reached.step.kind {
                found.push(Message { scenario, place, step: reached.step.span, dues: reached.dues });
            }
        }
    }
    found
}

/// When each scenario begins: by its own trigger, and by those that start it.
fn begins<'s>(scenarios: &'s [Scenario], never: &BTreeSet<Span>) -> Vec<Vec<Due<'s>>> {
    let own: Vec<Vec<Due>> = scenarios.iter().map(by_itself).collect();
    let mut all = own.clone();
    let starts =
        |scenario: &Scenario| scenario.all_steps().into_iter().any(|step| matches!(step.kind, StepKind::Start(_)));
    let starters: Vec<(usize, &Scenario)> =
        scenarios.iter().enumerate().filter(|(_, scenario)| starts(scenario)).collect();
    for _ in 0..if starters.is_empty() { 0 } else { STARTS_MAX } {
        let mut next = own.clone();
        for (place, scenario) in &starters {
            let Some(begins) = all.get(*place) else { continue };
            for reached in reached(scenario, begins.clone(), never) {
                let StepKind::Start(name) = &reached.step.kind else { continue };
                let place = scenarios.binary_search_by(|each| each.name.as_str().cmp(name)).ok();
                if let Some(begins) = place.and_then(|place| next.get_mut(place)) {
                    begins.extend(reached.dues);
                    *begins = distinct(std::mem::take(begins));
                }
            }
        }
        all = next;
    }
    all
}

fn by_itself(scenario: &Scenario) -> Vec<Due<'_>> {
    let at = |from| Due { from, after: After::default(), asked: Vec::new(), since: 0 };
    match &scenario.start {
        Start::Events(triggers) => {
            triggers.iter().filter_map(|trigger| at(From::Event(&trigger.event)).asking(&filters(trigger))).collect()
        }
        // So long after the last such event.
        Start::Silence { events, duration, since } => {
            let last = events.iter().filter_map(|trigger| at(From::Event(&trigger.event)).asking(&filters(trigger)));
            let created = since.iter().map(|_| at(From::Creation));
            last.chain(created).map(|due| due.later(duration)).collect()
        }
        Start::Every { occurrence, .. } => vec![at(clock(occurrence))],
        Start::Started | Start::Error => Vec::new(),
    }
}

fn filters(trigger: &Trigger) -> Vec<(&Expr, bool)> {
    trigger.filters.iter().map(|filter| (filter, true)).collect()
}

/// The messages of a scenario and what it starts, as long as the text tells when they come, those that `never` do left out.
fn reached<'s>(scenario: &'s Scenario, begins: Vec<Due<'s>>, never: &BTreeSet<Span>) -> Vec<Reached<'s>> {
    let audience: Vec<(&Expr, bool)> = scenario.audience.iter().map(|audience| (audience, true)).collect();
    let entry: Vec<Due> = begins.into_iter().filter_map(|due| due.asking(&audience)).collect();
    let mut walk = Walk { entry: entry.clone(), found: Vec::new(), left: STEPS_MAX };
    walk.steps(&scenario.steps, entry);
    walk.found.retain(|reached| !never.contains(&reached.step.span));
    walk.found
}

fn clock<'s>(occurrence: &Occurrence) -> From<'s> {
    match occurrence {
        Occurrence::Day { at } => From::Clock(Turn::Day, Some(*at)),
        Occurrence::Weekly { day, at } => From::Clock(Turn::Week(*day), Some(*at)),
        Occurrence::Monthly { at, .. } => From::Clock(Turn::Month, Some(*at)),
        Occurrence::Anniversary { date, shift, at } => {
            let after = After::default();
            let shift = shift.as_ref().map_or(after.clone(), |shift| after.plus(shift, false));
            From::Clock(Turn::Year { date: key(date, false), shift }, Some(*at))
        }
    }
}

/// Goes through the steps of a scenario.
struct Walk<'s> {
    entry: Vec<Due<'s>>,
    found: Vec<Reached<'s>>,
    /// How many steps are still looked at.
    left: usize,
}

impl<'s> Walk<'s> {
    /// When what follows the steps comes.
    fn steps(&mut self, steps: &'s [Step], mut now: Vec<Due<'s>>) -> Vec<Due<'s>> {
        for step in steps {
            let Some(left) = self.left.checked_sub(1).filter(|_| !now.is_empty()) else { return Vec::new() };
            self.left = left;
            let guard = step.guard.as_ref().map(|guard| match guard {
                Guard::OnlyIf(condition) => (condition, true),
                Guard::Unless(condition) => (condition, false),
            });
            if let (StepKind::Stop | StepKind::Erase, Some((condition, holds))) = (&step.kind, guard) {
                now = now.into_iter().filter_map(|due| due.asking(&[(condition, !holds)])).collect();
                continue;
            }
            let inside: Vec<Due> = now.iter().filter_map(|due| due.clone().asking(guard.as_slice())).collect();
            if matches!(step.kind, StepKind::Send(_) | StepKind::Start(_)) {
                self.reach(step, inside.clone());
            }
            let mut after = self.step(step, inside);
            if let Some((condition, holds)) = guard {
                after.extend(now.into_iter().filter_map(|due| due.asking(&[(condition, !holds)])));
            }
            now = distinct(after);
        }
        now
    }

    /// A step is reached, in this turn.
    fn reach(&mut self, step: &'s Step, dues: Vec<Due<'s>>) {
        match self.found.iter_mut().find(|each| std::ptr::eq(each.step, step)) {
            Some(known) => known.dues.extend(dues),
            None => self.found.push(Reached { step, dues }),
        }
    }

    fn step(&mut self, step: &'s Step, now: Vec<Due<'s>>) -> Vec<Due<'s>> {
        match &step.kind {
            StepKind::Wait(length) => now.into_iter().map(|due| due.later(length)).collect(),
            StepKind::WaitUntil(moment) => self.until(moment, &now),
            StepKind::WaitFor { limit, condition, engagement } => {
                let here = |due: Due<'s>| due.asking(&[(condition, true)]);
                let events = now.iter().flat_map(|due| awaited(condition, &due.asked));
                let mut after: Vec<Due> = events.filter_map(here).collect();
                if may_hold_already(condition) {
                    after.extend(now.iter().cloned().filter_map(here));
                }
                // Where it is for what people do with a message, the time runs from when that was accepted.
                if engagement.is_empty() {
                    let late = |due: Due<'s>| due.later(limit).asking(&[(condition, false)]);
                    after.extend(now.into_iter().filter_map(late));
                }
                after
            }
            StepKind::If { arms, otherwise } => {
                let (mut rest, mut after) = (now, Vec::new());
                for (condition, steps) in arms {
                    let inside = rest.iter().filter_map(|due| due.clone().asking(&[(condition, true)])).collect();
                    after.extend(self.steps(steps, inside));
                    rest = rest.into_iter().filter_map(|due| due.asking(&[(condition, false)])).collect();
                }
                after.extend(match otherwise {
                    Some(steps) => self.steps(steps, rest),
                    None => rest,
                });
                after
            }
            StepKind::Split { arms, .. } => arms.iter().flat_map(|arm| self.steps(&arm.steps, now.clone())).collect(),
            StepKind::Repeat { times, every, steps } => {
                let mut now = self.steps(steps, now);
                for _ in 1..(*times).min(TURNS_MAX) {
                    now = self.steps(steps, now.into_iter().map(|due| due.later(every)).collect());
                }
                if *times > TURNS_MAX { Vec::new() } else { now }
            }
            StepKind::Stop | StepKind::Erase => Vec::new(),
            // What a step changes may be asked anew.
            _ => now.into_iter().map(|due| Due { since: due.asked.len(), ..due }).collect(),
        }
    }

    fn until(&self, moment: &typed::Moment, now: &[Due<'s>]) -> Vec<Due<'s>> {
        let from = match moment {
            typed::Moment::At(instant) => match &instant.kind {
                Kind::Literal(Literal::Instant(instant)) => From::Instant(*instant),
                Kind::Sum(terms) => match terms.as_slice() {
                    [(_, entry), rest @ ..] if entry.kind == Kind::Entry => {
                        let later =
                            |due: &Due<'s>| Due { after: due.after.clone().plus_all(rest, false), ..due.clone() };
                        return self.entry.iter().map(later).collect();
                    }
                    _ => return Vec::new(),
                },
                _ => return Vec::new(),
            },
            typed::Moment::Anniversary(date) => {
                From::Clock(Turn::Year { date: key(date, false), shift: After::default() }, None)
            }
            typed::Moment::Weekly { day, time } => From::Clock(day.map_or(Turn::Day, Turn::Week), Some(*time)),
        };
        let there = |due: &Due<'s>| {
            let (asked, since) = (due.asked.clone(), due.asked.len());
            Due { from: from.clone(), after: After::default(), asked, since }
        };
        now.iter().map(there).collect()
    }
}

/// The instants of the events that end a wait, with what was asked before it.
fn awaited<'s>(condition: &'s Expr, asked: &[Rc<Asked>]) -> Vec<Due<'s>> {
    match &condition.kind {
        Kind::Or(parts) => parts.iter().flat_map(|part| awaited(part, asked)).collect(),
        Kind::History(history) => vec![Due::of_awaited(history, asked)],
        _ => Vec::new(),
    }
}

/// Whether a wait for it can pass at once. What is counted from the entry or from a message, and what people do with a message of
/// this instance, is taken to come later.
fn may_hold_already(condition: &Expr) -> bool {
    match &condition.kind {
        Kind::Or(parts) => parts.iter().any(may_hold_already),
        Kind::And(parts) => parts.iter().all(may_hold_already),
        Kind::Literal(_) | Kind::Missing => false,
        Kind::History(history) => {
            let is_later =
                matches!(&history.window, Window::Since(from) if matches!(from.kind, Kind::Entry | Kind::LastMessage));
            !is_later && !is_of_own_message(history)
        }
        _ => true,
    }
}

/// Each instant once, a few at most, with what is asked on all ways there.
fn distinct(all: Vec<Due<'_>>) -> Vec<Due<'_>> {
    let mut found: Vec<Due> = Vec::new();
    for due in all {
        match found.iter_mut().find(|each| each.from == due.from && each.after == due.after) {
            Some(known) => known.join(&due),
            None => found.push(due),
        }
    }
    found.truncate(INSTANTS_MAX);
    found
}

impl<'s> Due<'s> {
    /// Of two ways to one instant, what is asked on both.
    fn join(&mut self, other: &Due<'s>) {
        let late = self.asked.split_off(self.since.min(self.asked.len()));
        let other_late = other.asked.get(other.since..).unwrap_or_default();
        let (late, early): (Vec<_>, Vec<_>) = late.into_iter().partition(|one| other_late.contains(one));
        self.asked.extend(early);
        self.asked.retain(|one| other.asked.contains(one));
        self.since = self.asked.len();
        self.asked.extend(late);
    }

    /// At such an event. What an earlier one of a wait was like is no matter of this one.
    fn of_awaited(history: &'s History, before: &[Rc<Asked>]) -> Due<'s> {
        let mut asked: Vec<Rc<Asked>> =
            before.iter().filter(|one| one.about != About::Awaited).map(Rc::clone).collect();
        let since = asked.len();
        history.filters.iter().for_each(|filter| ask(filter, true, About::Awaited, &mut asked));
        // A message that this instance has sent has its name.
        for key in &history.keys {
            if let Kind::OwnMessage(names) = &key.of_instance.kind
                && let [name] = names.as_slice()
            {
                let name = Expr::literal(Literal::Text(name.clone()), Type::Message, key.of_instance.span);
                let named = Kind::Equal(Box::new((key.of_event.clone(), name)));
                ask(&Expr::new(named, Type::Flag, false, key.of_instance.span), true, About::Awaited, &mut asked);
            }
        }
        Due { from: From::Awaited(history), after: After::default(), asked, since }
    }

    fn later(mut self, length: &Expr) -> Due<'s> {
        self.since = self.asked.len();
        self.after = self.after.plus(length, false);
        // A whole day after a time of the clock is that time again.
        if let From::Clock(turn, Some(_)) = &self.from
            && let Some(days) = self.after.whole_days()
        {
            let turn = match turn {
                Turn::Day => Turn::Day,
                Turn::Week(day) => Turn::Week(moved(*day, days)),
                _ => return self,
            };
            self.from = From::Clock(turn, self.from.time());
            self.after = After::default();
        }
        self
    }

    /// `None` where the conditions contradict others that are asked at the same instant: nobody comes that way.
    fn asking(mut self, conditions: &[(&Expr, bool)]) -> Option<Due<'s>> {
        for (condition, holds) in conditions {
            let before = self.asked.len();
            if before < ASKED_MAX {
                ask(condition, *holds, About::Trigger, &mut self.asked);
            }
            let (known, new) = self.asked.split_at_checked(before)?;
            let known = known.get(self.since..).unwrap_or_default();
            if new.iter().any(|new| known.iter().any(|known| known.about == new.about && known.contradicts(new))) {
                return None;
            }
        }
        Some(self)
    }

    /// What two instants that can be one have in common.
    pub fn moment(&self) -> Moment<'_> {
        let from = match &self.from {
            From::Event(event) => Common::Event(event),
            From::Awaited(history) => Common::Event(&history.event),
            From::Creation => Common::Creation,
            From::Instant(instant) => Common::Instant(*instant),
            From::Clock(_, time) => Common::Clock(*time),
        };
        Moment { from, after: &self.after }
    }

    /// Whether two instants can be one, of one person.
    pub fn meets(&self, other: &Due, judge: &Judge) -> bool {
        let at_once = self.moment() == other.moment()
            && match (&self.from, &other.from) {
                (From::Clock(one, _), From::Clock(other, _)) => one.meets(other),
                // What one instance has sent is not what another has.
                (From::Awaited(one), From::Awaited(other)) => {
                    one == other || ![one, other].into_iter().all(|history| is_of_own_message(history))
                }
                _ => true,
            };
        at_once
            && !self.counted().any(|one| other.counted().any(|other| one.contradicts(other)))
            && !exclude(&self.counted().collect::<Vec<_>>(), &other.counted().collect::<Vec<_>>(), judge)
    }

    /// What was asked of the person, and of the event at whose instant this is or from which it is counted.
    fn counted(&self) -> impl Iterator<Item = &Asked> {
        let is_counted = |one: &&Asked| match one.about {
            About::None => true,
            About::Trigger => matches!(self.from, From::Event(_)),
            About::Awaited => matches!(self.from, From::Awaited(_)),
        };
        self.asked.iter().map(Rc::as_ref).filter(is_counted)
    }
}

fn is_of_own_message(history: &History) -> bool {
    history.keys.iter().any(|key| matches!(key.of_instance.kind, Kind::OwnMessage(_)))
}

impl From<'_> {
    fn time(&self) -> Option<TimeOfDay> {
        match self {
            From::Clock(_, time) => *time,
            _ => None,
        }
    }
}

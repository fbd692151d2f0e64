//! The oracle: a scenario carried out in the most direct way, from the sentences of `language.md`, which are quoted where
//! they decide. Everything is asked again from scratch; nothing of the engine is used.

mod conditions;
mod sending;

use super::calendar::{self, Parts, Seconds};
use super::story::{Condition, Entry, Node, Patience, Step, Story};
use super::world::{Contact, Fact, Key, Known};
use chrono_tz::Tz;
use conditions::value_of;
use std::collections::{BTreeMap, BTreeSet};

/// One line of the effects, in the words of the CSV, without the text that explains an `end`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    pub at: String,
    pub contact: Key,
    pub step: u16,
    /// The triggers' events and ids.
    pub triggers: Vec<(String, Key)>,
    pub entered_at: String,
    pub effect: String,
    pub channel: String,
    pub message: String,
    pub outcome: String,
    pub reason: String,
}

/// The whole answer for a story: lines in the order of the CSV, and how often what happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub lines: Vec<Line>,
    pub counts: BTreeMap<&'static str, u64>,
}

pub fn simulate(story: &Story, known: &Known, zone: Tz, to: Option<Seconds>) -> Answer {
    let mut answer = Answer::default();
    let last = known.facts.values().flatten().map(|fact| fact.at).max();
    let Some(to) = to.or(last) else { return answer };
    let missing = Contact::default();
    for (contact, facts) in &known.facts {
        let mut facts = facts.clone();
        // By arrival, then by instant; the names of events and the ids decide the rest.
        facts.sort_by_key(|fact| (fact.arrived, fact.at, fact.event.clone(), fact.id.clone()));
        let person = known.contacts.get(contact).unwrap_or(&missing);
        Life { to, facts, ..Life::new(story, zone, contact, person) }.live(&mut answer);
    }
    answer.lines.sort();
    answer
}

struct Instance {
    trigger: Fact,
    /// What is still to be done, the next first.
    ahead: Vec<Node>,
    /// The number of the wait it stands in, when that ends, and what it waits for.
    wait: Option<(u16, Seconds)>,
    waits_for: Option<Condition>,
    last_message: Option<Seconds>,
    /// "The instance ends, STEP runs": what follows `then` comes after the end, and nothing stops it.
    converted: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Runs,
    /// "After its last step an instance no longer runs, but its goal is counted until its window closes."
    Counts,
    Gone,
}

struct Life<'a> {
    story: &'a Story,
    zone: Tz,
    to: Seconds,
    contact: &'a Key,
    person: &'a Contact,
    facts: Vec<Fact>,
    /// How many have arrived.
    arrived: usize,
    now: Seconds,
    /// In the order of their start.
    instances: Vec<Instance>,
    last_entry: Option<Seconds>,
    used: BTreeSet<String>,
    lines: Vec<Line>,
    counts: BTreeMap<&'static str, u64>,
}

impl<'a> Life<'a> {
    fn new(story: &'a Story, zone: Tz, contact: &'a Key, person: &'a Contact) -> Life<'a> {
        Life {
            story,
            zone,
            to: 0,
            contact,
            person,
            facts: Vec::new(),
            arrived: 0,
            now: Seconds::MIN,
            instances: Vec::new(),
            last_entry: None,
            used: BTreeSet::new(),
            lines: Vec::new(),
            counts: BTreeMap::new(),
        }
    }

    fn live(mut self, answer: &mut Answer) {
        loop {
            let event = self.facts.get(self.arrived).map(|fact| fact.arrived).filter(|at| *at <= self.to);
            let timer = (self.instances.iter().enumerate())
                .filter(|(_, each)| each.state == State::Runs)
                .filter_map(|(place, each)| Some((each.wait?.1, each.trigger.at, place)))
                .min()
                .filter(|(at, ..)| *at <= self.to);
            match (event, timer) {
                (None, None) => break,
                // "At equal instants: events first, (...) then timers, by priority, entry, scenario name."
                (Some(event), timer) if timer.is_none_or(|(at, ..)| event <= at) => {
                    self.now = self.now.max(event);
                    self.happen();
                }
                (_, Some((at, _, place))) => {
                    self.now = self.now.max(at);
                    self.instances[place].wait = None;
                    self.instances[place].waits_for = None;
                    self.go_on(place);
                }
                (Some(_), None) => unreachable!(),
            }
        }
        answer.lines.append(&mut self.lines);
        for (name, count) in self.counts {
            *answer.counts.entry(name).or_default() += count;
        }
    }

    fn count(&mut self, name: &'static str) {
        *self.counts.entry(name).or_default() += 1;
    }

    /// "Each given to the running instances (by entry, then scenario name) and then to triggers."
    fn happen(&mut self) {
        let fact = self.facts[self.arrived].clone();
        self.arrived += 1;
        let mut order: Vec<usize> = (0..self.instances.len()).collect();
        order.sort_by_key(|place| (self.instances[*place].trigger.at, *place));
        for place in order {
            if self.instances[place].state != State::Gone {
                self.judge(place, &fact);
            }
        }
        for pattern in &self.story.triggers.clone() {
            if pattern.event == fact.event && self.passes(&pattern.filters, &fact, None) == Some(true) {
                self.enter(&fact);
                break;
            }
        }
    }

    /// "`goal` is looked at before `stop when`, both before a waiting step."
    fn judge(&mut self, place: usize, fact: &Fact) {
        let goal = self.story.goal.clone();
        if let Some(goal) = &goal
            && self.truth(&goal.condition, Some(place), None) == Some(true)
            && (goal.within.is_none() || self.concerns(&goal.condition, place, fact))
            && self.goal_is_open(place)
        {
            return self.convert(place);
        }
        if self.instances[place].state != State::Runs {
            return;
        }
        if let Some(condition) = &self.story.stop_when
            && self.truth(condition, Some(place), None) == Some(true)
        {
            self.count("stopped");
            self.instances[place].state = State::Gone;
            return;
        }
        if let Some(condition) = self.instances[place].waits_for.clone()
            && self.truth(&condition, Some(place), None) == Some(true)
        {
            self.instances[place].wait = None;
            self.instances[place].waits_for = None;
            self.go_on(place);
        }
    }

    /// "At the event that makes it true": whether the event is one that the condition speaks of.
    fn concerns(&self, condition: &Condition, place: usize, fact: &Fact) -> bool {
        match condition {
            Condition::History(pattern, _) => {
                let trigger = &self.instances[place].trigger;
                pattern.event == fact.event && self.passes(&pattern.filters, fact, Some(trigger)) == Some(true)
            }
            Condition::And(all) | Condition::Or(all) => all.iter().any(|each| self.concerns(each, place, fact)),
            // It may have become true by itself.
            _ => true,
        }
    }

    fn goal_is_open(&self, place: usize) -> bool {
        let Some(within) = self.story.goal.as_ref().and_then(|goal| goal.within) else { return true };
        // "`last message`: (...) without one, what refers to it is false."
        let Some(last) = self.instances[place].last_message else { return false };
        self.now <= calendar::add(self.zone, last, within.parts())
    }

    fn convert(&mut self, place: usize) {
        self.count("converted");
        let then = self.story.goal.as_ref().and_then(|goal| goal.then.clone());
        let runs = self.instances[place].state == State::Runs;
        self.instances[place].state = State::Gone;
        if let (true, Some(then)) = (runs, then) {
            self.instances[place].converted = true;
            self.send_alone(place, &then);
        }
    }

    /// "Entry, in this order: event and filter, `for`, entry rule."
    fn enter(&mut self, fact: &Fact) {
        if let Some(audience) = &self.story.audience
            && self.truth(audience, None, Some(fact)) != Some(true)
        {
            return self.count("not for");
        }
        match &self.story.entry {
            Entry::Once if self.last_entry.is_some() => return self.count("not again"),
            Entry::OnceEvery(length) => {
                if let Some(last) = self.last_entry
                    && fact.at < calendar::add(self.zone, last, length.parts())
                {
                    return self.count("not again");
                }
            }
            Entry::OncePer(path) => {
                // "A missing path limits nothing."
                if let Some(value) = value_of(*path, fact)
                    && !self.used.insert(value)
                {
                    return self.count("not again");
                }
            }
            Entry::Latest => {
                if let Some(running) = self.instances.iter_mut().find(|each| each.state == State::Runs) {
                    running.state = State::Gone;
                    self.count("replaced");
                }
            }
            _ => {}
        }
        self.last_entry = self.last_entry.max(Some(fact.at));
        self.count("started");
        self.instances.push(Instance {
            trigger: fact.clone(),
            ahead: self.story.steps.clone(),
            wait: None,
            waits_for: None,
            last_message: None,
            converted: false,
            state: State::Runs,
        });
        let place = self.instances.len() - 1;
        self.judge(place, fact);
        if self.instances[place].state == State::Runs {
            self.go_on(place);
        }
    }

    /// Does what is to be done until the next wait.
    fn go_on(&mut self, place: usize) {
        while self.instances[place].state == State::Runs {
            if self.instances[place].ahead.is_empty() {
                return self.finish(place);
            }
            let node = self.instances[place].ahead.remove(0);
            if let Step::Send { together: true, .. } = &node.step {
                return self.send_together(place, node);
            }
            if let Step::Send { .. } = &node.step {
                self.send_alone(place, &node);
                continue;
            }
            if self.held(place, &node).is_some() {
                continue;
            }
            match &node.step {
                Step::Send { .. } => unreachable!(),
                Step::Stop => return self.finish(place),
                Step::If { arms, otherwise } => {
                    let chosen = arms
                        .iter()
                        .find(|(condition, _)| self.truth(condition, Some(place), None) == Some(true))
                        .map(|(_, nodes)| nodes)
                        .or(otherwise.as_ref());
                    if let Some(nodes) = chosen {
                        self.instances[place].ahead.splice(0..0, nodes.iter().cloned());
                    }
                }
                _ => {
                    if self.wait(place, &node) {
                        return;
                    }
                }
            }
        }
    }

    fn finish(&mut self, place: usize) {
        self.count("finished");
        let within = self.story.goal.as_ref().and_then(|goal| goal.within);
        let counts = within.is_some() && self.instances[place].last_message.is_some();
        self.instances[place].state = if counts { State::Counts } else { State::Gone };
    }

    /// True when it waits or has ended, false when the wait passes at once.
    fn wait(&mut self, place: usize, node: &Node) -> bool {
        let until = match &node.step {
            Step::Wait(patience) => {
                let delay = self.instances[place].trigger.product.as_ref().and_then(|product| product.delay);
                let parts = match patience {
                    Patience::Plain(length) => Some(length.parts()),
                    Patience::Delay => delay,
                    Patience::DelayMinus(length) => delay.map(|delay| delay.plus(length.parts(), -1)),
                    Patience::DelayPlus(length) => delay.map(|delay| delay.plus(length.parts(), 1)),
                    Patience::DelayDefault(length) => Some(delay.unwrap_or(length.parts())),
                };
                let Some(parts) = parts else { return self.end(place, node, "missing") };
                self.after(parts)
            }
            Step::WaitUntilEntry(length) => {
                let entry = self.instances[place].trigger.at;
                let moment = calendar::add(self.zone, entry, length.parts());
                // "One that is after the entry but already past passes at once."
                if moment > entry && moment <= self.now {
                    return false;
                }
                (moment > entry).then_some(moment)
            }
            Step::WaitUntilTime { weekday, hour, minute } => {
                Some(calendar::next_wall_time(self.zone, self.now, *weekday, *hour, *minute))
            }
            Step::WaitUntilBirthday => {
                let Some(birthday) = self.person.birthday else { return self.end(place, node, "missing") };
                Some(calendar::next_anniversary(self.zone, self.now, birthday))
            }
            Step::WaitFor(length, condition) => {
                if self.truth(condition, Some(place), None) == Some(true) {
                    return false;
                }
                self.instances[place].waits_for = Some(condition.clone());
                self.after(length.parts())
            }
            _ => unreachable!(),
        };
        match until {
            Some(until) => self.instances[place].wait = Some((node.number, until)),
            None => return self.end(place, node, "no time left"),
        }
        true
    }

    /// "Zero or less ends the instance: no time left to wait."
    fn after(&self, parts: Parts) -> Option<Seconds> {
        let due = calendar::add(self.zone, self.now, parts);
        (parts.is_positive() && due > self.now).then_some(due)
    }

    fn end(&mut self, place: usize, node: &Node, why: &'static str) -> bool {
        self.count(why);
        self.instances[place].state = State::Gone;
        let line = self.line(place, node.number, "end", ("", ""), why, "");
        self.lines.push(line);
        true
    }

    fn line(
        &self,
        place: usize,
        step: u16,
        effect: &str,
        (channel, message): (&str, &str),
        outcome: &str,
        reason: &str,
    ) -> Line {
        let trigger = &self.instances[place].trigger;
        Line {
            at: calendar::shown(self.now),
            contact: self.contact.clone(),
            step,
            triggers: vec![(trigger.event.clone(), trigger.id.clone())],
            entered_at: calendar::shown(trigger.at),
            effect: effect.to_owned(),
            channel: channel.to_owned(),
            message: message.to_owned(),
            outcome: outcome.to_owned(),
            reason: reason.to_owned(),
        }
    }
}

//! The oracle: a scenario carried out in the most direct way, from the sentences of `language.md`, which are quoted where
//! they decide. Everything is asked again from scratch; nothing of the engine is used.

mod acts;
mod aggregates;
mod claims;
mod conditions;
mod sending;

use super::calendar::{self, Parts, Seconds};
use super::story::{Condition, Entry, Goal, Node, Patience, Step, Story};
use super::world::{Contact, Fact, Key, Known};
use chrono_tz::Tz;
use claims::Decided;
use conditions::value_of;
use std::collections::{BTreeMap, BTreeSet};

/// One line of the effects, in the words of the CSV, without the text that explains an `end`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    pub at: String,
    pub contact: Key,
    pub scenario: String,
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

/// The whole answer for some stories: lines in the order of the CSV, and how often what happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub lines: Vec<Line>,
    pub counts: BTreeMap<&'static str, u64>,
}

pub fn simulate(stories: &[Story], known: &Known, zone: Tz, to: Option<Seconds>) -> Answer {
    let mut answer = Answer::default();
    let last = known.facts.values().flatten().map(|fact| fact.at).max();
    let Some(to) = to.or(last) else { return answer };
    let missing = Contact::default();
    for (contact, facts) in &known.facts {
        let mut facts = facts.clone();
        // By arrival, then by instant; the names of events and the ids decide the rest.
        facts.sort_by_key(|fact| (fact.arrived, fact.at, fact.event.clone(), fact.id.clone()));
        let person = known.contacts.get(contact).unwrap_or(&missing);
        Life { to, facts, ..Life::new(stories, zone, contact, person) }.live(&mut answer);
    }
    answer.lines.sort();
    answer
}

struct Instance {
    /// Its place among the stories.
    story: usize,
    trigger: Fact,
    /// What is still to be done, the next first.
    ahead: Vec<Node>,
    /// The number of the wait it stands in, when that ends, and what it waits for.
    wait: Option<(u16, Seconds)>,
    waits_for: Option<Condition>,
    last_message: Option<Seconds>,
    /// When the last message that was claimed left.
    left: Option<Seconds>,
    /// Whether it ended before its steps were over.
    ended: bool,
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
    /// In the order of their names.
    stories: &'a [Story],
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
    /// By story.
    last_entry: Vec<Option<Seconds>>,
    used: BTreeSet<(usize, String)>,
    /// What scenarios did to the contact.
    tier: Option<String>,
    tags: BTreeSet<&'static str>,
    points: i64,
    /// How many changes of the balance are events that did not happen yet.
    booked: usize,
    /// Something was done to the contact that may make conditions true.
    stirred: bool,
    /// Messages that came due at this instant.
    decided: Vec<Decided>,
    /// The instance whose message is claimed: it runs as it did when the message came due.
    claiming: Option<usize>,
    lines: Vec<Line>,
    counts: BTreeMap<&'static str, u64>,
}

impl<'a> Life<'a> {
    fn new(stories: &'a [Story], zone: Tz, contact: &'a Key, person: &'a Contact) -> Life<'a> {
        Life {
            stories,
            zone,
            to: 0,
            contact,
            person,
            facts: Vec::new(),
            arrived: 0,
            now: Seconds::MIN,
            instances: Vec::new(),
            last_entry: vec![None; stories.len()],
            used: BTreeSet::new(),
            tier: person.tier.clone(),
            tags: BTreeSet::new(),
            points: 0,
            booked: 0,
            stirred: false,
            decided: Vec::new(),
            claiming: None,
            lines: Vec::new(),
            counts: BTreeMap::new(),
        }
    }

    fn live(mut self, answer: &mut Answer) {
        loop {
            let event = self.facts.get(self.arrived).map(|fact| fact.arrived).filter(|at| *at <= self.to);
            let timer = (self.instances.iter().enumerate())
                .filter(|(_, each)| each.state == State::Runs)
                .filter_map(|(place, each)| Some((each.wait?.1, each.trigger.at, each.story, place)))
                .min()
                .filter(|(at, ..)| *at <= self.to);
            let next = event.into_iter().chain(timer.map(|(at, ..)| at)).min();
            if !self.decided.is_empty() && self.booked == 0 && next.is_none_or(|next| next > self.now) {
                // "The claim happens at the instant of emission": after all that happens at that instant.
                self.claim_all();
            } else if self.booked > 0 && event.is_none_or(|event| event > self.now) {
                // "Effects on the contact (...) are events of the same instant, after those already there."
                self.booked -= 1;
                self.judge_all(None);
            } else if let Some(event) = event
                && timer.is_none_or(|(at, ..)| event <= at)
            {
                // "At equal instants: events first, (...) then timers, by priority, entry, scenario name."
                self.now = self.now.max(event);
                self.happen();
            } else if let Some((at, _, _, place)) = timer {
                self.now = self.now.max(at);
                self.instances[place].wait = None;
                self.instances[place].waits_for = None;
                self.go_on(place);
            } else {
                break;
            }
            while std::mem::take(&mut self.stirred) {
                self.judge_all(None);
            }
        }
        answer.lines.append(&mut self.lines);
        for (name, count) in self.counts {
            *answer.counts.entry(name).or_default() += count;
        }
    }

    fn story(&self, place: usize) -> &'a Story {
        &self.stories[self.instances[place].story]
    }

    fn count(&mut self, name: &'static str) {
        *self.counts.entry(name).or_default() += 1;
    }

    /// "Each given to the running instances (by entry, then scenario name) and then to triggers."
    fn happen(&mut self) {
        let fact = self.facts[self.arrived].clone();
        self.arrived += 1;
        self.judge_all(Some(&fact));
        for (story, each) in self.stories.iter().enumerate() {
            let is_meant = |life: &Self| {
                (each.triggers.iter())
                    .filter(|pattern| pattern.event == fact.event)
                    .any(|pattern| life.passes(&pattern.filters, &fact, None) == Some(true))
            };
            if is_meant(self) {
                self.enter(story, &fact);
            }
        }
    }

    fn judge_all(&mut self, fact: Option<&Fact>) {
        let mut order: Vec<usize> = (0..self.instances.len()).collect();
        order.sort_by_key(|place| (self.instances[*place].trigger.at, self.instances[*place].story, *place));
        for place in order {
            if self.instances[place].state != State::Gone {
                self.judge(place, fact);
            }
        }
    }

    /// "`goal` is looked at before `stop when`, both before a waiting step."
    fn judge(&mut self, place: usize, fact: Option<&Fact>) {
        let story = self.story(place);
        if let Some(goal) = &story.goal
            && self.truth(&goal.condition, Some(place), None) == Some(true)
            && (goal.within.is_none() || self.concerns(&goal.condition, place, fact))
            && self.goal_is_open(goal, place)
        {
            return self.convert(goal, place);
        }
        if self.instances[place].state != State::Runs && !self.waits_for_claim(place) {
            return;
        }
        if let Some(condition) = &story.stop_when
            && self.truth(condition, Some(place), None) == Some(true)
        {
            self.count("stopped");
            self.ends(place);
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
    fn concerns(&self, condition: &Condition, place: usize, fact: Option<&Fact>) -> bool {
        match condition {
            Condition::History(pattern, _) => fact.is_some_and(|fact| {
                let trigger = &self.instances[place].trigger;
                pattern.event == fact.event && self.passes(&pattern.filters, fact, Some(trigger)) == Some(true)
            }),
            Condition::And(all) | Condition::Or(all) => all.iter().any(|each| self.concerns(each, place, fact)),
            // It may have become true by itself.
            _ => true,
        }
    }

    fn goal_is_open(&self, goal: &Goal, place: usize) -> bool {
        let Some(within) = goal.within else { return true };
        // "`last message`: (...) without one, what refers to it is false."
        let Some(last) = self.instances[place].last_message else { return false };
        self.now <= calendar::add(self.zone, last, within.parts())
    }

    fn convert(&mut self, goal: &Goal, place: usize) {
        self.count("converted");
        let runs = self.instances[place].state == State::Runs;
        self.ends(place);
        if let (true, Some(then)) = (runs, &goal.then) {
            self.instances[place].converted = true;
            self.send_alone(place, then);
        }
    }

    /// "Entry, in this order: event and filter, `for`, entry rule."
    fn enter(&mut self, place: usize, fact: &Fact) {
        let story = &self.stories[place];
        if let Some(audience) = &story.audience
            && self.truth(audience, None, Some(fact)) != Some(true)
        {
            return self.count("not for");
        }
        let runs = |each: &Instance| each.state == State::Runs && each.story == place;
        match &story.entry {
            Entry::Once if self.last_entry[place].is_some() => return self.count("not again"),
            Entry::OnceEvery(length) => {
                if let Some(last) = self.last_entry[place]
                    && fact.at < calendar::add(self.zone, last, length.parts())
                {
                    return self.count("not again");
                }
            }
            Entry::OncePer(path) => {
                // "A missing path limits nothing."
                if let Some(value) = value_of(*path, fact)
                    && !self.used.insert((place, value))
                {
                    return self.count("not again");
                }
            }
            Entry::OneAtATime if self.instances.iter().any(runs) => {
                return self.count("not again");
            }
            Entry::Latest => {
                if let Some(running) = self.instances.iter().position(runs) {
                    self.ends(running);
                    self.count("replaced");
                }
            }
            _ => {}
        }
        self.last_entry[place] = self.last_entry[place].max(Some(fact.at));
        self.count("started");
        self.instances.push(Instance {
            story: place,
            trigger: fact.clone(),
            ahead: story.steps.clone(),
            wait: None,
            waits_for: None,
            last_message: None,
            left: None,
            ended: false,
            converted: false,
            state: State::Runs,
        });
        let place = self.instances.len() - 1;
        self.judge(place, Some(fact));
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
            let held = self.held(place, &node);
            if let Step::Act(act) = &node.step {
                self.act(place, &node, *act, held);
                continue;
            }
            if held.is_some() {
                continue;
            }
            match &node.step {
                Step::Send { .. } | Step::Act(_) => unreachable!(),
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
        let within = self.story(place).goal.as_ref().and_then(|goal| goal.within);
        let has_sent = self.instances[place].last_message.is_some();
        let counts = (within.is_some() && has_sent) || self.waits_for_claim(place);
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
        self.ends(place);
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
            scenario: self.story(place).name.to_owned(),
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

//! The oracle: a scenario carried out in the most direct way, from the sentences of `language.md`, which are quoted where
//! they decide. Everything is asked again from scratch; nothing of the engine is used.

use super::calendar::{self, Parts, Seconds};
use super::story::{Condition, Entry, Filter, Guard, Node, Path, Patience, Step, Story, Window};
use super::world::{Contact, Fact, Key, Known};
use chrono_tz::Tz;
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
    todo: Vec<Node>,
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
            todo: self.story.steps.clone(),
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
            if self.instances[place].todo.is_empty() {
                return self.finish(place);
            }
            let node = self.instances[place].todo.remove(0);
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
                        self.instances[place].todo.splice(0..0, nodes.iter().cloned());
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

    fn held(&self, place: usize, node: &Node) -> Option<&'static str> {
        match &node.guard {
            None => None,
            Some(Guard::Unless(condition)) => match self.truth(condition, Some(place), None) {
                Some(false) => None,
                Some(true) => Some("unless"),
                None => Some("unless is unknown"),
            },
            Some(Guard::OnlyIf(condition)) => match self.truth(condition, Some(place), None) {
                Some(true) => None,
                Some(false) => Some("only if"),
                None => Some("only if is unknown"),
            },
        }
    }

    /// The alternative by which a message leaves, or why it does not.
    fn may_send(&self, place: usize, node: &Node) -> Result<usize, (&'static str, &'static str)> {
        if let Some(reason) = self.held(place, node) {
            return Err(("skipped", reason));
        }
        if let Some(condition) = self.story.stop_when.as_ref().filter(|_| !self.instances[place].converted) {
            // "An `unless` or `stop when` that is unknown holds the message back."
            match self.truth(condition, Some(place), None) {
                Some(false) => {}
                Some(true) => return Err(("skipped", "stop when")),
                None => return Err(("skipped", "stop when is unknown")),
            }
        }
        let Step::Send { messages, .. } = &node.step else { unreachable!() };
        let reachable = |channel: &str| {
            let address = if channel == "email" { &self.person.email } else { &self.person.phone };
            address.as_ref().is_some_and(|address| !address.trim().is_empty())
        };
        let found = messages.iter().position(|(channel, _)| reachable(channel));
        found.ok_or(("suppressed", "out of reach"))
    }

    fn send_alone(&mut self, place: usize, node: &Node) {
        let verdict = self.may_send(place, node);
        if verdict.is_ok() {
            self.instances[place].last_message = Some(self.now);
        }
        self.message(place, node, verdict);
    }

    fn message(&mut self, place: usize, node: &Node, verdict: Result<usize, (&'static str, &'static str)>) {
        let Step::Send { messages, .. } = &node.step else { unreachable!() };
        let (alternative, outcome, reason) = match verdict {
            Ok(alternative) => (alternative, "sent", ""),
            Err((outcome, reason)) => (0, outcome, reason),
        };
        let (channel, name) = &messages[alternative];
        let line = self.line(place, node.number, "send", (channel, name), outcome, reason);
        self.lines.push(line);
    }

    /// "When the step comes due for one instance, all other instances (...) that stand in the wait just before it and come
    /// due before the next midnight take it at that same instant, each with its own `unless` judged then; those that remain
    /// leave as one message whose `items` are their triggers in order of entry."
    fn send_together(&mut self, place: usize, node: Node) {
        let midnight = calendar::next_midnight(self.zone, self.now);
        let is_next = |each: &Instance| each.todo.first().is_some_and(|next| next.number == node.number);
        let mut members = vec![place];
        for other in 0..self.instances.len() {
            let each = &self.instances[other];
            let stands = each.state == State::Runs && each.wait.is_some_and(|(_, until)| until < midnight);
            if other != place && stands && is_next(each) {
                members.push(other);
            }
        }
        members.sort_by_key(|member| (self.instances[*member].trigger.at, *member));
        for member in &members {
            if *member != place {
                self.instances[*member].wait = None;
                self.instances[*member].waits_for = None;
                self.instances[*member].todo.remove(0);
            }
        }
        let verdicts: Vec<_> = members.iter().map(|member| (*member, self.may_send(*member, &node))).collect();
        let mut leave: Option<(usize, Line)> = None;
        for (member, verdict) in &verdicts {
            match (verdict, &mut leave) {
                (Err(_), _) => self.message(*member, &node, *verdict),
                (Ok(_), Some((_, line))) => {
                    let trigger = &self.instances[*member].trigger;
                    line.triggers.push((trigger.event.clone(), trigger.id.clone()));
                }
                (Ok(_), None) => {
                    self.message(*member, &node, *verdict);
                    leave = self.lines.pop().map(|line| (*member, line));
                }
            }
        }
        self.lines.extend(leave.map(|(_, line)| line));
        for (member, verdict) in &verdicts {
            if verdict.is_ok() {
                self.instances[*member].last_message = Some(self.now);
            }
        }
        for member in members {
            self.go_on(member);
        }
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

    /// "A condition is true, false or unknown, by Kleene's rules." Of an instance, or of the event that would start one.
    fn truth(&self, condition: &Condition, place: Option<usize>, event: Option<&Fact>) -> Option<bool> {
        let instance = place.map(|place| &self.instances[place]);
        let trigger = instance.map(|each| &each.trigger).or(event);
        match condition {
            Condition::Not(inner) => self.truth(inner, place, event).map(|truth| !truth),
            Condition::And(all) => {
                let all: Vec<Option<bool>> = all.iter().map(|each| self.truth(each, place, event)).collect();
                if all.contains(&Some(false)) {
                    return Some(false);
                }
                (!all.contains(&None)).then_some(true)
            }
            Condition::Or(all) => {
                let all: Vec<Option<bool>> = all.iter().map(|each| self.truth(each, place, event)).collect();
                if all.contains(&Some(true)) {
                    return Some(true);
                }
                (!all.contains(&None)).then_some(false)
            }
            Condition::Tier(name) => self.person.tier.as_ref().map(|tier| tier == name),
            Condition::TriggerQuantityAbove(number) => Some(trigger?.quantity > *number),
            Condition::TriggerDiscounted => trigger?.discounted,
            Condition::TriggerHasOrder => Some(trigger?.order.is_some()),
            Condition::History(pattern, window) => {
                // "`since last message` (...) without one, what refers to it is false."
                let start = match window {
                    Window::Default | Window::SinceEntry => instance?.trigger.at,
                    Window::SinceEntryPlus(length) => calendar::add(self.zone, instance?.trigger.at, length.parts()),
                    Window::SinceLastMessage => match instance?.last_message {
                        None => return Some(false),
                        Some(last) => last,
                    },
                    Window::InLast(length) => {
                        calendar::add(self.zone, self.now, Parts::default().plus(length.parts(), -1))
                    }
                    Window::Ever => Seconds::MIN,
                };
                for filter in &pattern.filters {
                    // `same PATH` has nothing to compare with.
                    if let Filter::Same(path) = filter
                        && value_of(*path, trigger?).is_none()
                    {
                        return None;
                    }
                }
                // "All include now": what has not arrived has not happened.
                Some(self.facts[..self.arrived].iter().any(|fact| {
                    fact.event == pattern.event
                        && fact.at > start
                        && self.passes(&pattern.filters, fact, trigger) == Some(true)
                }))
            }
        }
    }

    /// Whether an event passes all filters; unknown when one is.
    fn passes(&self, filters: &[Filter], fact: &Fact, trigger: Option<&Fact>) -> Option<bool> {
        let mut result = Some(true);
        for filter in filters {
            let product = fact.product.as_ref();
            let truth = match filter {
                Filter::Recurring => product.map(|product| product.recurring),
                Filter::Discounted => fact.discounted,
                Filter::OrderPresent => Some(fact.order.is_some()),
                Filter::DelayPresent => Some(product.is_some_and(|product| product.delay.is_some())),
                Filter::Category { is, name } => {
                    let category = product.and_then(|product| product.category.as_ref());
                    category.map(|category| (category == name) == *is)
                }
                Filter::ListIs(name) => fact.list.as_ref().map(|list| list == name),
                Filter::QuantityAbove(number) => Some(fact.quantity > *number),
                Filter::AmountBelow(number) => Some(fact.amount < *number * 100),
                Filter::Same(path) => match (value_of(*path, fact), trigger.and_then(|each| value_of(*path, each))) {
                    (Some(one), Some(other)) => Some(one == other),
                    _ => None,
                },
                Filter::MoreThanTrigger => trigger.map(|trigger| fact.quantity > trigger.quantity),
            };
            match truth {
                Some(true) => {}
                Some(false) => return Some(false),
                None => result = None,
            }
        }
        result
    }
}

/// The value of a path of an event; `None` when it is missing.
fn value_of(path: Path, fact: &Fact) -> Option<String> {
    match path {
        Path::Order => fact.order.clone(),
        Path::Product => fact.product_id.as_ref().map(Key::to_string),
        Path::Family => fact.product.as_ref().map(|product| product.family.clone()),
        Path::Category => fact.product.as_ref().and_then(|product| product.category.clone()),
    }
}

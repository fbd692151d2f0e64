//! Random scenarios of one folder, and CRMs, the same for the same seed.

mod conditions;
mod crm;

pub use crm::world;

use crate::calendar::{Length, Unit};
use crate::random::Random;
use crate::story::{Act, Condition, Entry, Filter, Goal, Guard, Node, Path, Patience, Pattern, Step, Story};
use conditions::{length, own_filters};

const TAGS: [&str; 2] = ["vip", "sleeper"];

/// The names of one to three scenarios.
pub fn names(random: &mut Random) -> &'static [&'static str] {
    &["alpha", "beta", "gamma"][..random.pick(&[1, 1, 2, 2, 3])]
}

/// The scenarios of a folder, by their names, which are in order. Where they may act, they change their contact.
pub fn stories(random: &mut Random, names: &[&'static str], acts: bool) -> Vec<Story> {
    let mood = match random.below(10) {
        0..=2 if names.len() > 1 => Mood::Sums,
        3 | 4 => Mood::Numbers,
        _ => Mood::Any,
    };
    let mut folder = Folder { random, names, acts, mood, asked: Vec::new() };
    names.iter().map(|name| folder.story(name)).collect()
}

/// What scenarios of one folder ask most of all: little, so that they ask nearly the same again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Any,
    /// Values of two events.
    Sums,
    /// Purchases that a number tells from others.
    Numbers,
}

/// What scenarios of one folder have in common.
struct Folder<'r> {
    random: &'r mut Random,
    names: &'r [&'static str],
    /// Whether scenarios change their contact.
    acts: bool,
    mood: Mood,
    /// What was asked before.
    asked: Vec<Condition>,
}

/// What the triggers of a story have in common.
#[derive(Clone, Copy)]
struct Has {
    product: bool,
    order: bool,
    discounted: bool,
}

impl Folder<'_> {
    fn story(&mut self, name: &'static str) -> Story {
        let (triggers, has) = self.triggers();
        let mut story = Story {
            name,
            triggers,
            audience: self.random.percent(25).then(|| self.audience(has)),
            entry: if self.random.percent(30) { Entry::Always } else { self.entry(has) },
            goal: None,
            stop_when: self.random.percent(35).then(|| self.condition(has, 1)),
            steps: Vec::new(),
        };
        if self.random.percent(40) {
            story.goal = Some(self.goal(has));
        }
        let count = self.random.range(1, 5);
        story.steps = self.steps(has, count, 2);
        if self.random.percent(25) {
            self.gather(&mut story, has);
        }
        if !story.steps.iter().any(|node| matches!(node.step, Step::Send { .. })) {
            story.steps.push(self.send(has, false, "finally"));
        }
        story.number();
        story
    }

    fn triggers(&mut self) -> (Vec<Pattern>, Has) {
        let random = &mut *self.random;
        let goods = |random: &mut Random, event| Pattern { event, filters: own_filters(random, event) };
        let list = || vec![Filter::ListIs("news")];
        let none = Has { product: false, order: false, discounted: false };
        let all = Has { product: true, order: true, discounted: true };
        match random.below(12) {
            0..=5 => (vec![goods(random, "purchased")], all),
            6 => (vec![goods(random, "purchased"), goods(random, "purchased")], all),
            7 => (vec![Pattern { event: "subscribed", filters: list() }], none),
            8 => {
                let other = Pattern { event: "subscribed", filters: Vec::new() };
                (vec![goods(random, "purchased"), other], none)
            }
            9 => (vec![goods(random, "returned")], Has { discounted: false, ..all }),
            10 => (vec![goods(random, "returned"), goods(random, "purchased")], Has { discounted: false, ..all }),
            _ => {
                let pattern = Pattern { event: "order_delivered", filters: Vec::new() };
                (vec![pattern], Has { order: true, ..none })
            }
        }
    }

    fn entry(&mut self, has: Has) -> Entry {
        match self.random.below(12) {
            0..=3 => Entry::Always,
            4 => Entry::Once,
            5 => Entry::OnceEvery(length(self.random)),
            6 if has.product => {
                Entry::OncePer(self.random.pick(&[Path::Order, Path::Product, Path::Family, Path::Category]))
            }
            6 if has.order => Entry::OncePer(Path::Order),
            7 | 8 => Entry::OneAtATime,
            _ => Entry::Latest,
        }
    }

    fn goal(&mut self, has: Has) -> Goal {
        let within = self.random.percent(60).then(|| length(self.random));
        // A goal that looks at the last message is judged at the events that it speaks of.
        let condition = if within.is_some() { self.questions(has) } else { self.condition(has, 1) };
        let then = self.random.percent(40).then(|| {
            let step = Step::Send { messages: self.messages("thanks"), together: false };
            Box::new(Node { number: 0, guard: self.guard(has), step })
        });
        Goal { condition, within, then }
    }

    /// Puts before all steps what comes due on one day, gathered.
    fn gather(&mut self, story: &mut Story, has: Has) {
        story.entry = Entry::Always;
        story.triggers[0].filters.clear();
        let (days, condition) = (Length::new(self.random.range(1, 3), Unit::Day), self.condition(has, 0));
        let patience = self.random.pick(&[
            Step::Wait(Patience::Plain(days)),
            Step::Wait(Patience::Plain(Length::new(1, Unit::Month))),
            Step::WaitUntilTime { weekday: None, hour: 9, minute: 0 },
            Step::WaitFor(days, condition),
        ]);
        story.steps.insert(0, Node { number: 0, guard: None, step: patience });
        let step = Step::Send { messages: self.messages("gathered"), together: true };
        story.steps.insert(1, Node { number: 0, guard: self.guard(has), step });
        if story.stop_when.is_some() && self.random.percent(70) {
            story.stop_when = None;
        }
    }

    fn messages(&mut self, name: &str) -> Vec<(&'static str, String)> {
        match self.random.below(4) {
            0 => vec![("email", name.to_owned()), ("sms", name.to_owned())],
            1 => vec![("sms", format!("{name}_sms"))],
            _ => vec![("email", name.to_owned())],
        }
    }

    fn send(&mut self, has: Has, after_wait: bool, name: &str) -> Node {
        let step = Step::Send { messages: self.messages(name), together: after_wait && self.random.percent(50) };
        Node { number: 0, guard: self.guard(has), step }
    }

    fn steps(&mut self, has: Has, count: i64, depth: u32) -> Vec<Node> {
        let mut nodes: Vec<Node> = Vec::new();
        for place in 0..count {
            if self.acts && self.random.percent(30) {
                let step = Step::Act(self.act());
                nodes.push(Node { number: 0, guard: self.guard(has), step });
            }
            let after_wait = nodes.last().is_some_and(|node| {
                !matches!(node.step, Step::Send { .. } | Step::If { .. } | Step::Stop | Step::Act(_))
            });
            let node = match self.random.below(if after_wait { 4 } else { 10 }) {
                0..=3 => self.send(has, after_wait, random_name(depth, place)),
                4..=8 => {
                    let guard = if self.random.percent(15) { self.guard(has) } else { None };
                    Node { number: 0, guard, step: self.wait(has) }
                }
                _ if depth > 0 => self.branch(has, depth - 1),
                _ => {
                    // A stop that always stops would make the rest unreachable.
                    let guard = Some(Guard::OnlyIf(self.condition(has, 1)));
                    Node { number: 0, guard, step: Step::Stop }
                }
            };
            nodes.push(node);
        }
        nodes
    }

    fn act(&mut self) -> Act {
        let tag = self.random.pick(&TAGS);
        self.random.pick(&[
            Act::Tag { add: true, tag },
            Act::Tag { add: true, tag },
            Act::Tag { add: false, tag },
            Act::Tier("gold"),
            Act::Tier("basic"),
            Act::Credit(5),
            Act::Credit(10),
            Act::Debit(5),
        ])
    }

    fn branch(&mut self, has: Has, depth: u32) -> Node {
        let arms = (0..self.random.range(1, 2))
            .map(|_| {
                let count = self.random.range(1, 2);
                (self.condition(has, 1), self.steps(has, count, depth))
            })
            .collect();
        let otherwise = self.random.percent(50).then(|| self.steps(has, 1, depth));
        let guard = if self.random.percent(15) { self.guard(has) } else { None };
        Node { number: 0, guard, step: Step::If { arms, otherwise } }
    }

    fn wait(&mut self, has: Has) -> Step {
        let random = &mut *self.random;
        match random.below(10) {
            0..=2 if has.product => Step::Wait(random.pick(&[
                Patience::Delay,
                Patience::DelayMinus(Length::new(1, Unit::Month)),
                Patience::DelayMinus(Length::new(1, Unit::Week)),
                Patience::DelayPlus(Length::new(3, Unit::Day)),
                Patience::DelayDefault(Length::new(1, Unit::Year)),
            ])),
            3 => Step::WaitUntilEntry(length(random)),
            4 => {
                let weekday = random.percent(60).then(|| random.below(7) as u32);
                Step::WaitUntilTime { weekday, hour: random.range(0, 23) as u32, minute: random.pick(&[0, 30]) }
            }
            5 => Step::WaitUntilBirthday,
            6 | 7 => Step::WaitFor(length(random), self.condition(has, 1)),
            _ => Step::Wait(Patience::Plain(length(random))),
        }
    }
}

fn random_name(depth: u32, place: i64) -> &'static str {
    const NAMES: [[&str; 5]; 3] = [["a", "b", "c", "d", "e"], ["f", "g", "h", "i", "j"], ["k", "l", "m", "n", "o"]];
    NAMES[depth as usize][place as usize]
}

//! Several messages to one person at one instant, and scenarios that begin as often as somebody looks at something.

use super::moments::{Judge, Message, Moment, messages};
use super::truth::Reader;
use super::typed::{Class, EntryRule, Expr, Kind, Policy, Scenario, Send, Start, Step, StepKind, Trigger};
use super::words::{and_list, or_list};
use crate::diagnostic::{Diagnostic, Level, Rule};
use crate::model::Model;
use crate::span::Span;
use crate::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

/// How many scenarios a note shows.
const SHOWN_MAX: usize = 4;

/// What keeps messages apart, and where it is written.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'p> {
    pub policy: &'p Policy,
    pub place: Option<Span>,
    /// How late a message may leave.
    pub expire: Duration,
}

/// What people do many times a day: events that are called so, or begin so.
const OFTEN: [&str; 9] = ["opened", "clicked", "cart", "visit", "view", "page", "search", "session", "browse"];

/// From how many marketing messages a day on a cap no longer keeps a person from too many of one scenario.
const IN_A_DAY_MAX: u32 = 3;

/// Judges all scenarios together, in the order of their names. Of one that cannot begin, or is in error as `found` says, nothing is
/// said; nor of the steps that `never` come.
pub fn check_crowding(
    scenarios: &[Scenario],
    rules: Rules,
    model: &Model,
    found: &[Diagnostic],
    never: &BTreeSet<Span>,
) -> Vec<Diagnostic> {
    let policy = rules.policy;
    let is_grave = |found: &&Diagnostic| {
        found.level == Level::Error || matches!(found.rule, Rule::CannotStart | Rule::NeverStarted)
    };
    // Of a round of scenarios each is in error.
    let places = |found: &Diagnostic| match found.rule {
        Rule::Endless => found.labels.iter().map(|label| label.span).collect(),
        _ => Vec::from_iter(found.span()),
    };
    let broken: Vec<Span> = found.iter().filter(is_grave).flat_map(places).collect();
    let is_in = |place: &Span, scenario: &Scenario| {
        place.source == scenario.span.source && scenario.span.start <= place.start && place.end <= scenario.span.end
    };
    let is_sound = |scenario: &Scenario| !broken.iter().any(|place| is_in(place, scenario));
    let sound: BTreeSet<&str> =
        scenarios.iter().filter(|scenario| is_sound(scenario)).map(|scenario| scenario.name.as_str()).collect();
    let mut out = Vec::new();
    for scenario in scenarios.iter().filter(|scenario| sound.contains(scenario.name.as_str())) {
        if is_started_often(scenario, policy) {
            out.extend(often_started(scenario));
        }
    }
    if !keeps_apart(policy) {
        let judge = Judge::new(Reader { model, triggers: &[] });
        let all = All { scenarios: scenarios.len(), sound: &sound, rules, judge };
        all.two_at_once(messages(scenarios, never), &mut out);
    }
    out
}

/// Whether a cap lets no second message go at the instant of a first.
fn keeps_apart(policy: &Policy) -> bool {
    policy.caps.iter().any(|cap| cap.class == Class::Marketing && cap.most <= 1)
}

/// Whether a cap keeps the marketing messages of a day few.
fn keeps_few(policy: &Policy) -> bool {
    let day = Duration::days(1).nominal();
    policy.caps.iter().filter(|cap| cap.class == Class::Marketing).any(|cap| {
        let windows = (day + cap.per.nominal() - 1) / cap.per.nominal().max(1);
        i128::from(cap.most) * windows.max(1) <= i128::from(IN_A_DAY_MAX)
    })
}

/// Whether a scenario begins whenever somebody does what one does all day, and nothing limits its marketing messages.
pub fn is_started_often(scenario: &Scenario, policy: &Policy) -> bool {
    let Start::Events(triggers) = &scenario.start else { return false };
    let is_often = |event: &str| OFTEN.iter().any(|often| event.starts_with(often));
    scenario.entry == EntryRule::Always
        && !keeps_few(policy)
        && triggers.iter().any(|trigger| is_often(&trigger.event) && !is_in_error(trigger))
        && first_alone(scenario).is_some()
}

fn is_in_error(trigger: &Trigger) -> bool {
    trigger.filters.iter().any(|filter| filter.any(|kind| *kind == Kind::Error))
}

fn first_alone(scenario: &Scenario) -> Option<&Step> {
    let is_alone = |send: &Send| send.class == Class::Marketing && !send.together;
    scenario.all_steps().into_iter().find(|step| matches!(&step.kind, StepKind::Send(send) if is_alone(send)))
}

fn often_started(scenario: &Scenario) -> Option<Diagnostic> {
    let step = first_alone(scenario)?;
    let events: Vec<&str> = scenario.start.events().iter().map(|trigger| trigger.event.as_str()).collect();
    Some(
        Diagnostic::new(Rule::OftenStarted, format!("each {} sends this message once more", or_list(&events)))
            .at(step.span, "as often in a day as it happens")
            .at(scenario.place, "begins each time")
            .because("people do this many times a day, and would get a message for each")
            .help("write an entry rule before the first step: `latest`, `one at a time`, or `once every 1 week`"),
    )
}

/// What is known of all scenarios.
struct All<'a> {
    scenarios: usize,
    sound: &'a BTreeSet<&'a str>,
    rules: Rules<'a>,
    judge: Judge<'a>,
}

impl All<'_> {
    /// Messages of several scenarios that can come at one instant: each two scenarios once, those that all meet together.
    fn two_at_once(&self, mut known: Vec<Message>, out: &mut Vec<Diagnostic>) {
        known.retain(|message| self.sound.contains(message.scenario.name.as_str()));
        let mut by_moment: BTreeMap<Moment, Vec<usize>> = BTreeMap::new();
        for (at, message) in known.iter().enumerate() {
            message.dues.iter().for_each(|due| by_moment.entry(due.moment()).or_default().push(at));
        }
        let mut told = Told { crowds: vec![Vec::new(); self.scenarios], count: 0 };
        for (at, first) in known.iter().enumerate() {
            let near = first.dues.iter().filter_map(|due| by_moment.get(&due.moment()));
            let mut near: Vec<usize> = near.flat_map(|all| after(all, at)).copied().collect();
            if first.dues.len() > 1 {
                near.sort_unstable();
                near.dedup();
            }
            let near: Vec<&Message> = near.into_iter().filter_map(|at| known.get(at)).collect();
            for (at, second) in near.iter().enumerate() {
                if !told.is_new(first, second) || !self.meet(first, second) {
                    continue;
                }
                let mut together = vec![first, *second];
                for other in near.get(at + 1..).unwrap_or_default() {
                    if together.iter().all(|each| told.is_new(each, other) && self.meet(each, other)) {
                        together.push(*other);
                    }
                }
                told.tell(&together);
                if self.bites(together.len()) {
                    // Where the policy says who goes first, that is decided.
                    together.retain(|message| !self.rules.policy.priority.contains(&message.scenario.name));
                }
                if together.len() > 1 {
                    out.push(self.crowd(&together));
                }
            }
        }
    }

    /// Whether a cap holds some of so many messages back.
    fn bites(&self, messages: usize) -> bool {
        let holds = |most: u32| usize::try_from(most).is_ok_and(|most| most < messages);
        self.rules.policy.caps.iter().any(|cap| cap.class == Class::Marketing && holds(cap.most))
    }

    fn meet(&self, one: &Message, other: &Message) -> bool {
        let apart = denies(one.scenario, other.scenario) && denies(other.scenario, one.scenario);
        !apart && one.dues.iter().any(|due| other.dues.iter().any(|too| due.meets(too, &self.judge)))
    }

    fn crowd(&self, together: &[&Message]) -> Diagnostic {
        let names: Vec<&str> = together.iter().take(SHOWN_MAX).map(|each| each.scenario.name.as_str()).collect();
        let mut said = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        match together.len().saturating_sub(SHOWN_MAX) {
            0 => {}
            1 => said.push_str(" and 1 other"),
            more => said.push_str(&format!(" and {more} others")),
        }
        let mut found = Diagnostic::new(Rule::TwoAtOnce, format!("{said} can send to one person at the same instant"));
        for (place, each) in together.iter().take(SHOWN_MAX).enumerate() {
            let label = if place == 0 { "one message" } else { "and another" };
            found = found.at(each.step, label);
        }
        let has_priority = together.iter().any(|each| self.rules.policy.priority.contains(&each.scenario.name));
        let because = match has_priority {
            true => "`priority` says which of them goes first, and no cap lets the others wait",
            false => "nothing decides which of them the person gets first, or alone",
        };
        if let Some(place) = self.rules.place {
            let word = Span { end: place.end.min(place.start.saturating_add(6)), ..place };
            found = found.at(word, "the policy is here");
        }
        found.because(because).help(self.help(&names, together.len()))
    }

    /// The policy that keeps so many messages a day apart, as lines of the one that is written.
    fn help(&self, names: &[&str], messages: usize) -> String {
        const CAP: &str = "at most 1 marketing message per day";
        let policy = self.rules.policy;
        let waits = Duration::days(i32::try_from(messages.saturating_sub(1)).unwrap_or(i32::MAX));
        // What waits longer than that is never sent.
        let expire = (waits.nominal() > self.rules.expire.nominal()).then(|| format!("expire {messages} days"));
        let list = names.join(", ");
        let begin = "say in the policy that all but one wait for another day, and which goes first";
        if self.rules.place.is_none() {
            let expire = expire.map_or(String::new(), |expire| format!(" {expire}"));
            return format!("{begin}: `policy {{ {CAP} priority {list}{expire} }}`");
        }
        let has_cap = policy.caps.iter().any(|cap| cap.class == Class::Marketing);
        let mut lines = vec![match has_cap {
            true => format!("make its cap `{CAP}`"),
            false => format!("add `{CAP}`"),
        }];
        let missing: Vec<&str> =
            names.iter().copied().filter(|name| !policy.priority.iter().any(|own| own == name)).collect();
        match (missing.is_empty(), policy.priority.is_empty()) {
            (true, _) => {}
            (false, true) => lines.push(format!("`priority {list}`")),
            (false, false) => lines.push(format!("{} to its `priority`", and_list(&missing))),
        }
        lines.extend(expire.map(|expire| match policy.expire {
            Some(_) => format!("make it `{expire}`"),
            None => format!("`{expire}`"),
        }));
        format!("{begin}: in the policy that is there, {}", lines.join(", and "))
    }
}

/// Whether a scenario begins for nobody who is in another.
fn denies(scenario: &Scenario, other: &Scenario) -> bool {
    let is_denial = |part: &Expr| matches!(&part.kind, Kind::Not(inner) if matches!(&inner.kind, Kind::InScenario(name) if *name == other.name));
    let denies = |audience: &Expr| match &audience.kind {
        Kind::And(parts) => parts.iter().any(is_denial),
        _ => is_denial(audience),
    };
    scenario.started_by.is_empty() && scenario.audience.as_ref().is_some_and(denies)
}

/// Of places in order, those after one.
fn after(places: &[usize], at: usize) -> &[usize] {
    places.get(places.partition_point(|place| *place <= at)..).unwrap_or_default()
}

/// Which scenarios were told of together.
struct Told {
    /// Of each scenario, the crowds that it was told in, in order.
    crowds: Vec<Vec<usize>>,
    count: usize,
}

impl Told {
    /// Whether nothing was said of the two scenarios yet.
    fn is_new(&self, one: &Message, other: &Message) -> bool {
        let crowds = |message: &Message| self.crowds.get(message.place).map(Vec::as_slice).unwrap_or_default();
        let others = crowds(other);
        one.place != other.place && !crowds(one).iter().any(|crowd| others.binary_search(crowd).is_ok())
    }

    fn tell(&mut self, together: &[&Message]) {
        for message in together {
            self.crowds.get_mut(message.place).into_iter().for_each(|crowds| crowds.push(self.count));
        }
        self.count += 1;
    }
}

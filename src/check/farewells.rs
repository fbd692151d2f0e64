//! Marketing to a person who has asked for no more of it, and has not come back.

use super::arithmetic::constant_duration;
use super::consent::{CHANNEL, GRANTED, LOG, field_of, is_channel};
use super::deeds::FAREWELLS;
use super::typed::{Class, Expr, History, Kind, Scenario, Send, Start, Step, StepKind, Trigger, Window};
use super::ways::{Reached, acts, needs};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::Literal;
use crate::span::Span;
use std::collections::BTreeSet;

/// The event by which a person wants messages again.
const RETURN: &str = "subscribed";

/// How a withdrawal in the log of consent is told.
const WITHDREW: &str = "withdrew consent";

/// What names of fields of a project's own say of consent.
const CONSENTS: [&str; 5] = ["consent", "opt_in", "subscri", "newsletter", "marketing"];
const REFUSALS: [&str; 2] = ["opt_out", "unsub"];

/// How much later than the entry a window may begin without being told to reach before it: months differ.
const DAY: i128 = 24 * 3_600_000_000;
const LEEWAY: i128 = 3 * DAY;

/// What asks for the wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// The scenario begins at it, so that what comes after its entry comes after the wish.
    Trigger,
    Audience,
    Goal,
    Condition,
}

/// By what a scenario, or a way in it, meets those who asked for no more messages.
struct Wish {
    /// What they did, as events or in words.
    events: BTreeSet<String>,
    /// The channel of which they want no more, where it is one.
    channel: Option<String>,
    place: Span,
    by: By,
    /// Whether others come the same way.
    is_one_of_several: bool,
}

/// `when unsubscribed send email come_back`: silent where it asks first whether the person wants messages again.
pub fn check_farewells(scenarios: &[Scenario], out: &mut Vec<Diagnostic>) {
    let mut told = BTreeSet::new();
    for scenario in scenarios.iter().filter(|scenario| knows_a_wish(scenario)) {
        let found = marketing(scenario, scenarios);
        out.extend(found.filter(|(place, _)| told.insert(*place)).map(|(_, found)| found));
    }
}

fn knows_a_wish(scenario: &Scenario) -> bool {
    let is_wish = |trigger: &Trigger| trigger.event == LOG || FAREWELLS.contains(&trigger.event.as_str());
    let begins = scenario.start.events().iter().any(is_wish);
    let asks = |kind: &Kind| matches!(kind, Kind::History(history) if FAREWELLS.contains(&history.event.as_str()));
    begins || scenario.expressions().into_iter().any(|each| each.any(asks))
}

/// The first such message, in the scenario itself or in one that it starts.
fn marketing(scenario: &Scenario, all: &[Scenario]) -> Option<(Span, Diagnostic)> {
    let at_entry = begun(scenario).or_else(|| chosen(scenario));
    let reached = acts(scenario);
    let mut led = None;
    for reached in &reached {
        let is_goal =
            |condition: &Expr| scenario.goal.as_ref().is_some_and(|goal| std::ptr::eq(&goal.condition, condition));
        let by = |condition: &Expr| if is_goal(condition) { By::Goal } else { By::Condition };
        let on_the_way = || reached.holds.iter().find_map(|condition| asked(condition, by(condition)));
        let Some(wish) = at_entry.as_ref().map(Wish::again).or_else(on_the_way) else { continue };
        match &reached.step.kind {
            StepKind::Send(send) if is_unwanted(scenario, reached, send, &wish, reached.waited) => {
                return Some((reached.step.span, told(reached, send, &wish, None)));
            }
            StepKind::Start(other) if led.is_none() => led = started(scenario, reached, other, all, wish),
            _ => {}
        }
    }
    led
}

/// The first such message of a scenario that another starts.
fn started(
    scenario: &Scenario,
    start: &Reached,
    name: &str,
    all: &[Scenario],
    wish: Wish,
) -> Option<(Span, Diagnostic)> {
    let other = all.iter().find(|other| other.name == name && other.name != scenario.name)?;
    acts(other).into_iter().find_map(|reached| match &reached.step.kind {
        StepKind::Send(send) => {
            let waited = start.waited.zip(reached.waited).map(|(one, two)| one + two);
            let is_unwanted = is_unwanted(scenario, start, send, &wish, start.waited)
                && is_unwanted(other, &reached, send, &wish, waited);
            is_unwanted.then(|| (reached.step.span, told(&reached, send, &wish, Some(start.step))))
        }
        _ => None,
    })
}

/// The wish by which a scenario begins.
fn begun(scenario: &Scenario) -> Option<Wish> {
    let Start::Events(triggers) = &scenario.start else { return None };
    let is_farewell = |each: &Trigger| each.filters.is_empty() && FAREWELLS.contains(&each.event.as_str());
    let is_wish = |each: &&Trigger| is_farewell(each) || withdrawn(each).is_some();
    let wishes: Vec<&Trigger> = triggers.iter().filter(is_wish).collect();
    let channels: Vec<Option<String>> = wishes.iter().map(|each| withdrawn(each)).collect();
    let said = |each: &&Trigger| if is_farewell(each) { each.event.clone() } else { WITHDREW.to_owned() };
    Some(Wish {
        events: wishes.iter().map(said).collect(),
        // Of several wishes the widest counts.
        channel: if let [only] = channels.as_slice() { only.clone() } else { None },
        place: wishes.first()?.span,
        by: By::Trigger,
        is_one_of_several: wishes.len() < triggers.len(),
    })
}

/// The channel for which a trigger says that consent was withdrawn.
fn withdrawn(trigger: &Trigger) -> Option<String> {
    let withdraws = |part: &Expr, holds: bool| grants(part, !holds);
    let says_so = trigger.filters.iter().any(|filter| needs(filter, true, &withdraws));
    (trigger.event == LOG && says_so).then(|| trigger.filters.iter().find_map(channel_of)).flatten()
}

fn channel_of(filter: &Expr) -> Option<String> {
    match &filter.kind {
        Kind::And(all) => all.iter().find_map(channel_of),
        Kind::Equal(pair) if pair.0.kind == Kind::Event(CHANNEL.to_owned()) => match &pair.1.kind {
            Kind::Literal(Literal::Text(channel)) => Some(channel.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// The wish by which a scenario chooses whom.
fn chosen(scenario: &Scenario) -> Option<Wish> {
    asked(scenario.audience.as_ref()?, By::Audience)
}

/// The wish of which a condition asks that it came lately.
fn asked(condition: &Expr, by: By) -> Option<Wish> {
    let is_audience = by == By::Audience;
    let is_near = |window: &Window| match window {
        Window::InLast(_) => true,
        Window::Since(from) => !is_audience && matches!(from.kind, Kind::Entry | Kind::LastMessage),
        Window::Ever => false,
    };
    let (mut waiting, mut is_one_of_several) = (vec![condition], false);
    while let Some(next) = waiting.pop() {
        match &next.kind {
            Kind::And(all) => waiting.extend(all),
            // Whoever comes here by another part of it is no such person.
            Kind::Or(all) if !is_audience => {
                is_one_of_several = true;
                waiting.extend(all);
            }
            Kind::History(history)
                if FAREWELLS.contains(&history.event.as_str())
                    && history.filters.is_empty()
                    && history.keys.is_empty()
                    && history.instance_filters.is_empty()
                    && is_near(&history.window) =>
            {
                let events = BTreeSet::from([history.event.clone()]);
                return Some(Wish { events, channel: None, place: next.span, by, is_one_of_several });
            }
            _ => {}
        }
    }
    None
}

impl Wish {
    fn again(&self) -> Wish {
        Wish { events: self.events.clone(), channel: self.channel.clone(), ..*self }
    }
}

/// Whether a step sends marketing to who has not said that they want it again.
fn is_unwanted(scenario: &Scenario, reached: &Reached, send: &Send, wish: &Wish, waited: Option<i128>) -> bool {
    if send.class != Class::Marketing {
        return false;
    }
    let channels: BTreeSet<&str> = send.alternatives.iter().map(|each| each.channel.as_str()).collect();
    if wish.channel.as_ref().is_some_and(|channel| channels.iter().any(|each| each != channel)) {
        return false;
    }
    let asks = Asks { wish, channels, after: (wish.by == By::Trigger).then_some(waited) };
    let wants = |part: &Expr, holds: bool| asks.wants(part, holds);
    let standing = scenario.stop_when.iter().chain(scenario.goal.as_ref().map(|goal| &goal.condition));
    !reached.needs(&wants)
        && !scenario.audience.as_ref().is_some_and(|audience| needs(audience, true, &wants))
        && !standing.into_iter().any(|condition| needs(condition, false, &wants))
}

/// What shows that a person wants messages on a channel again.
struct Asks<'s> {
    wish: &'s Wish,
    channels: BTreeSet<&'s str>,
    /// How long ago the wish was, at most, where only what came after it counts; `Some(None)` where that is not known.
    after: Option<Option<i128>>,
}

impl Asks<'_> {
    /// Whether a part of a condition holds, or fails, only for who wants them.
    fn wants(&self, part: &Expr, holds: bool) -> bool {
        match &part.kind {
            Kind::Not(inner) => self.wants(inner, !holds),
            Kind::Contact(field) => self.is_consent(field, holds),
            Kind::Default(pair) => self.wants(&pair.0, holds),
            Kind::Equal(pair) => match pair.1.kind {
                Kind::Literal(Literal::Flag(wanted)) => self.wants(&pair.0, wanted == holds),
                _ => mentions(part),
            },
            Kind::History(history) if holds => self.is_return(history),
            Kind::History(history) => self.is_without_the_wish(history),
            Kind::Aggregate(aggregate) => holds && aggregate.history.event == LOG && self.is_on_it(&aggregate.history),
            // Which way a comparison says it is not looked at.
            Kind::Less(_) | Kind::LessOrEqual(_) | Kind::In(..) | Kind::InList(_) => mentions(part),
            _ => false,
        }
    }

    fn is_consent(&self, field: &str, holds: bool) -> bool {
        let says = |words: &[&str]| words.iter().any(|word| field.contains(word));
        match field.strip_suffix("_consent").filter(|channel| is_channel(channel)) {
            Some(_) => holds && self.channels.iter().any(|channel| field == field_of(channel)),
            None if says(&REFUSALS) => !holds,
            None => holds && says(&CONSENTS),
        }
    }

    fn is_return(&self, history: &History) -> bool {
        let is_one = match history.event.as_str() {
            RETURN => true,
            LOG => self.is_on_it(history) && history.filters.iter().any(|filter| needs(filter, true, &grants)),
            _ => false,
        };
        is_one && self.is_after(&history.window)
    }

    /// Whether it leaves out those who wished for no more, where the event did not happen.
    fn is_without_the_wish(&self, history: &History) -> bool {
        let is_it = self.wish.events.len() == 1 && self.wish.events.contains(&history.event);
        // Their wish itself is not after the entry.
        is_it && !matches!(history.window, Window::Since(_))
    }

    /// Whether the log of consent is asked for one of the channels.
    fn is_on_it(&self, history: &History) -> bool {
        let other = |part: &Expr, holds: bool| match &part.kind {
            Kind::Equal(pair) if pair.0.kind == Kind::Event(CHANNEL.to_owned()) => {
                matches!(&pair.1.kind, Kind::Literal(Literal::Text(channel)) if holds && !self.channels.contains(channel.as_str()))
            }
            _ => false,
        };
        !history.filters.iter().any(|filter| needs(filter, true, &other))
    }

    /// Whether what happened in a window came after the wish, as far as is known.
    fn is_after(&self, window: &Window) -> bool {
        let Some(waited) = self.after else { return true };
        match window {
            Window::Since(_) => true,
            Window::InLast(length) => match constant_duration(length).zip(waited) {
                Some((length, waited)) => length.nominal() <= waited + LEEWAY,
                None => true,
            },
            Window::Ever => false,
        }
    }
}

fn grants(part: &Expr, holds: bool) -> bool {
    match &part.kind {
        Kind::Event(field) => holds && field == GRANTED,
        Kind::Equal(pair) => {
            matches!(pair.1.kind, Kind::Literal(Literal::Flag(wanted)) if grants(&pair.0, wanted == holds))
        }
        _ => false,
    }
}

fn mentions(part: &Expr) -> bool {
    part.any(|kind| match kind {
        Kind::Contact(field) => CONSENTS.iter().chain(&REFUSALS).any(|word| field.contains(word)),
        Kind::History(history) => [RETURN, LOG].contains(&history.event.as_str()),
        Kind::Aggregate(aggregate) => [RETURN, LOG].contains(&aggregate.history.event.as_str()),
        _ => false,
    })
}

fn told(reached: &Reached, send: &Send, wish: &Wish, starts: Option<&Step>) -> Diagnostic {
    let events: Vec<&str> = wish.events.iter().map(String::as_str).collect();
    let said = format!("whoever {} is to get a marketing message", events.join(" or "));
    let mut found = Diagnostic::new(Rule::MarketingToUnsubscribed, said)
        .at(reached.step.span, "marketing, to a person who wants no more of it");
    if let Some(step) = starts {
        found = found.at(step.span, "starts it");
    }
    let channel = send.alternatives.first().map_or("email", |each| each.channel.as_str());
    let is_spam = wish.events.contains("complained");
    let is_later = wish.by == By::Trigger && reached.waited.is_none_or(|waited| waited > 0);
    let help = match (is_spam, is_later) {
        _ if wish.is_one_of_several => match wish.by {
            By::Goal => format!("take it out of the goal, and write `stop when {}`", events.join(" or ")),
            _ if wish.events.contains(WITHDREW) => "take it out of what leads here".to_owned(),
            _ => format!("take `{}` out of what leads here", events.join("` and `")),
        },
        (true, _) => "leave it out: who calls a message spam wants none more, not even to confirm it".to_owned(),
        (false, true) => {
            format!("leave it out; or send it to who came back, `only if {RETURN} since entry`")
        }
        (false, false) => {
            format!("where it confirms the wish, write `send transactional {channel} ...`; otherwise leave it out")
        }
    };
    let by = match wish.by {
        By::Trigger => "begins by their wish",
        By::Audience => "chooses them by their wish",
        By::Goal => "the goal is their wish",
        By::Condition => "after their wish",
    };
    found.at(wish.place, by).help(help)
}

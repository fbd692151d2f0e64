//! For what reasons a scenario meets a person: by which events it chooses whom, itself and through all that leads to it. One may
//! start another, or tag a person, or set a field, that another asks for.

use super::deeds::{FAREWELLS, is_lost, is_of_the_active, is_of_the_project, is_whole};
use super::loops::{Act, OPENED, act, begins};
use super::typed::{Expr, Kind, Scenario, Start, Trigger};
use super::ways::Reached;
use crate::model::Literal;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of nobody's doing: a machine opens, what was sent says nothing of who got it, and tags and fields are set by
/// scenarios.
const OF_NOBODY: [&str; 6] = [OPENED, "sent", "bounced", "tagged", "untagged", "changed"];

/// By which events a condition may come to hold: there is a way in which it asks for opens alone, and one in which it asks for
/// no event of a person at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rests {
    pub on_opens: bool,
    pub on_nothing: bool,
}

impl Rests {
    fn on<'e>(events: impl Iterator<Item = &'e str>) -> Rests {
        let events: BTreeSet<&str> = events.collect();
        let is_known = events.iter().any(|event| !OF_NOBODY.contains(event));
        let is_open = events.contains(OPENED);
        Rests { on_opens: !is_known && is_open, on_nothing: !is_known && !is_open }
    }

    fn and(self, other: Rests) -> Rests {
        let on_opens = self.on_opens && (other.on_opens || other.on_nothing) || self.on_nothing && other.on_opens;
        Rests { on_opens, on_nothing: self.on_nothing && other.on_nothing }
    }

    fn or(self, other: Rests) -> Rests {
        Rests { on_opens: self.on_opens || other.on_opens, on_nothing: self.on_nothing || other.on_nothing }
    }

    /// Of a condition that holds, or fails.
    fn of(condition: &Expr, holds: bool, marks: &BTreeMap<Mark, Rests>) -> Rests {
        match &condition.kind {
            Kind::Not(inner) => Rests::of(inner, !holds, marks),
            Kind::And(all) | Kind::Or(all) if !all.is_empty() => {
                let is_every = matches!(condition.kind, Kind::And(_)) == holds;
                let parts = all.iter().map(|each| Rests::of(each, holds, marks));
                parts.reduce(|one, other| if is_every { one.and(other) } else { one.or(other) }).unwrap_or(NOTHING)
            }
            // That somebody did what all do is no sign that they are gone.
            _ if is_of_the_active(condition, holds) => NOTHING,
            Kind::History(history) if holds && is_lost(&history.event, &history.filters) => SIGN,
            _ => {
                // What a step wrote down is as good as the reasons for which it did.
                if let Some(rests) = asked(condition).and_then(|mark| marks.get(&mark)) {
                    return if holds { *rests } else { NOTHING };
                }
                if is_a_state(condition, holds) {
                    return SIGN;
                }
                let mut events: BTreeSet<&str> = BTreeSet::new();
                condition.visit(&mut |each| match &each.kind {
                    Kind::History(history) => {
                        events.insert(&history.event);
                    }
                    Kind::Aggregate(aggregate) => {
                        events.insert(&aggregate.history.event);
                    }
                    _ => {}
                });
                Rests::on(events.into_iter())
            }
        }
    }
}

const NOTHING: Rests = Rests { on_opens: false, on_nothing: true };
/// In no way on opens alone.
const SIGN: Rests = Rests { on_opens: false, on_nothing: false };

/// The fields of a contact that say nothing of whether somebody is gone.
const WHO_IT_IS: [&str; 9] =
    ["email", "phone", "first_name", "last_name", "language", "time_zone", "birthday", "created_at", "referrer"];

/// Whether a part of a condition asks for a state of the contact that may say that they are gone, such as
/// `contact.tier is "closed"`. That they have such a value, that they consent, or that a tag is missing does not.
fn is_a_state(part: &Expr, holds: bool) -> bool {
    let says = match &part.kind {
        Kind::Has(_) => !holds,
        Kind::IsEmpty(_) => holds,
        Kind::InList(pair) if matches!(&pair.1.kind, Kind::Contact(field) if field == "tags") => holds,
        _ => true,
    };
    let is_event = |kind: &Kind| matches!(kind, Kind::History(_) | Kind::Aggregate(_));
    let is_silent = |field: &str| WHO_IT_IS.contains(&field) || field.ends_with("_consent");
    let is_field = |kind: &Kind| matches!(kind, Kind::Contact(field) if !is_silent(field));
    let withdraws = matches!(&part.kind, Kind::Contact(field) if field.ends_with("_consent") && !holds);
    withdraws || says && !part.any(is_event) && part.any(is_field)
}

/// What a step leaves on a contact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Tag(String),
    Field(String, String),
}

/// What a condition asks for that a step may have left.
fn asked(condition: &Expr) -> Option<Mark> {
    match &condition.kind {
        Kind::InList(pair) => match (&pair.0.kind, &pair.1.kind) {
            (Kind::Literal(Literal::Text(tag)), Kind::Contact(field)) if field == "tags" => {
                Some(Mark::Tag(tag.clone()))
            }
            _ => None,
        },
        Kind::Equal(pair) => match (value(&pair.0).kind.clone(), &pair.1.kind) {
            (Kind::Contact(field), Kind::Literal(Literal::Text(text))) => Some(Mark::Field(field, text.clone())),
            _ => None,
        },
        _ => None,
    }
}

/// `contact.tier default ""` asks for the tier.
fn value(expr: &Expr) -> &Expr {
    match &expr.kind {
        Kind::Default(pair) => &pair.0,
        _ => expr,
    }
}

fn left(act: Act) -> Option<Mark> {
    match act {
        Act::Tag { add: true, tag: Some(tag) } => Some(Mark::Tag(tag.to_owned())),
        Act::Set { field, value: Some(value) } => Some(Mark::Field(field.to_owned(), value.to_owned())),
        _ => None,
    }
}

/// A step of one scenario by which another begins.
pub(super) struct Lead<'r, 's> {
    pub from: usize,
    pub reached: &'r Reached<'s>,
    pub to: usize,
}

/// Which scenarios lead to which, given the steps of each.
pub(super) fn leads<'r, 's>(scenarios: &'s [Scenario], acts: &'r [Vec<Reached<'s>>]) -> Vec<Lead<'r, 's>> {
    let mut found = Vec::new();
    for (from, acts) in acts.iter().enumerate() {
        for reached in acts {
            let Some(act) = act(reached.step) else { continue };
            let begun = scenarios.iter().enumerate().filter(|(_, scenario)| begins(act, scenario));
            found.extend(begun.map(|(to, _)| Lead { from, reached, to }));
        }
    }
    found
}

/// Of all scenarios together, by their place.
pub(super) struct Reasons {
    /// For what reasons each begins.
    begin: Vec<Rests>,
    /// For what reasons something was left on a contact.
    marks: BTreeMap<Mark, Rests>,
    /// Which scenarios lead to each.
    from: Vec<BTreeSet<usize>>,
}

impl Reasons {
    pub fn of(scenarios: &[Scenario], acts: &[Vec<Reached>], leads: &[Lead]) -> Reasons {
        let mut found =
            Reasons { begin: Vec::new(), marks: BTreeMap::new(), from: vec![BTreeSet::new(); scenarios.len()] };
        for lead in leads {
            found.lead(lead.from, lead.to);
        }
        found.begin =
            scenarios.iter().zip(&found.from).map(|(scenario, from)| by_itself(scenario, !from.is_empty())).collect();
        let made = acts.iter().flatten().filter_map(|reached| act(reached.step).and_then(left));
        found.marks.extend(made.map(|mark| (mark, Rests::default())));
        found.led_by_marks(scenarios, acts);
        // Reasons are only ever added, so that this ends.
        loop {
            let before = (found.begin.clone(), found.marks.clone());
            for Lead { from, reached, to } in leads {
                let rests =
                    scenarios.get(*from).map_or(Rests::default(), |scenario| found.at(*from, scenario, reached));
                if let Some(begin) = found.begin.get_mut(*to) {
                    *begin = begin.or(rests);
                }
            }
            for ((place, scenario), acts) in scenarios.iter().enumerate().zip(acts) {
                for reached in acts {
                    let Some(mark) = act(reached.step).and_then(left) else { continue };
                    let rests = found.at(place, scenario, reached);
                    found.marks.entry(mark).and_modify(|known| *known = known.or(rests));
                }
            }
            if before == (found.begin.clone(), found.marks.clone()) {
                return found;
            }
        }
    }

    fn lead(&mut self, from: usize, to: usize) {
        if let Some(known) = self.from.get_mut(to) {
            known.insert(from);
        }
    }

    /// A scenario that asks for what another left.
    fn led_by_marks(&mut self, scenarios: &[Scenario], acts: &[Vec<Reached>]) {
        for (to, scenario) in scenarios.iter().enumerate() {
            let mut marks = BTreeSet::new();
            let on_the_way = acts.get(to).into_iter().flatten().flat_map(|reached| reached.holds.iter().copied());
            for condition in scenario.audience.iter().chain(on_the_way) {
                condition.visit(&mut |each| marks.extend(asked(each)));
            }
            for (from, acts) in acts.iter().enumerate() {
                for reached in acts {
                    if act(reached.step).and_then(left).is_some_and(|mark| marks.contains(&mark)) {
                        self.lead(from, to);
                    }
                }
            }
        }
    }

    /// By which events a step of a scenario may be reached.
    pub fn at(&self, place: usize, scenario: &Scenario, reached: &Reached) -> Rests {
        let mut rests = self.begin.get(place).copied().unwrap_or_default();
        for condition in scenario.audience.iter().chain(reached.holds.iter().copied()) {
            rests = rests.and(Rests::of(condition, true, &self.marks));
        }
        // Whoever comes so far was not stopped on the way.
        let standing = scenario.stop_when.iter().chain(scenario.goal.as_ref().map(|goal| &goal.condition));
        for condition in reached.fails.iter().copied().chain(standing) {
            rests = rests.and(Rests::of(condition, false, &self.marks));
        }
        rests
    }

    /// The scenarios that lead to one, near ones first.
    pub fn before(&self, place: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let mut waiting = vec![place];
        let mut next = 0;
        while let Some(at) = waiting.get(next).copied() {
            next += 1;
            for from in self.from.get(at).into_iter().flatten() {
                if *from != place && !found.contains(from) {
                    found.push(*from);
                    waiting.push(*from);
                }
            }
        }
        found
    }
}

/// The events that steps make and a CRM does not tell: their reasons are those of the step.
const MADE: [&str; 3] = ["tagged", "untagged", "changed"];

/// For what reasons a scenario begins by its own trigger: an event says why this contact; that none came is a reason like any
/// other.
fn by_itself(scenario: &Scenario, is_led: bool) -> Rests {
    let is_sign = |trigger: &Trigger| {
        let event = trigger.event.as_str();
        let is_wish = FAREWELLS.contains(&event) || is_of_the_project(event);
        // `subscribed list is "forget me"`
        let is_special = !OF_NOBODY.contains(&event) && !is_whole(trigger);
        is_wish || is_special || is_lost(event, &trigger.filters) || is_led && MADE.contains(&event)
    };
    match &scenario.start {
        Start::Started => SIGN,
        Start::Events(triggers) if triggers.iter().all(is_sign) => SIGN,
        Start::Silence { events, .. } => Rests::on(events.iter().map(|trigger| trigger.event.as_str())),
        _ => NOTHING,
    }
}

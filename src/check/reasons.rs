//! For what reasons a scenario meets a person: by which events it chooses whom, itself and through all that leads to it. One may
//! start another, or tag a person, or set a field, that another asks for.

use super::erasures::{Reached, acts, is_of_all};
use super::loops::{Act, OPENED, act, begins};
use super::typed::{Expr, Kind, Scenario, Start};
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
            // That somebody did once what all do is no sign that they are gone.
            Kind::History(history) if holds && history.event != OPENED && is_of_all(history) => NOTHING,
            _ => {
                // What a step wrote down is as good as the reasons for which it did.
                if let Some(rests) = asked(condition).filter(|_| holds).and_then(|mark| marks.get(&mark)) {
                    return *rests;
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

/// Of all scenarios together, by their place.
pub(super) struct Reasons<'s> {
    /// For what reasons each begins.
    begin: Vec<Rests>,
    /// For what reasons something was left on a contact.
    marks: BTreeMap<Mark, Rests>,
    /// Which scenarios lead to each, and with which messages before.
    from: Vec<BTreeMap<usize, BTreeSet<&'s str>>>,
}

impl<'s> Reasons<'s> {
    pub fn of(scenarios: &'s [Scenario]) -> Reasons<'s> {
        let acts: Vec<Vec<Reached>> = scenarios.iter().map(acts).collect();
        let mut found = Reasons {
            begin: scenarios.iter().map(by_itself).collect(),
            marks: BTreeMap::new(),
            from: vec![BTreeMap::new(); scenarios.len()],
        };
        let mut edges: Vec<(usize, &Reached, usize)> = Vec::new();
        for (place, acts) in acts.iter().enumerate() {
            for reached in acts {
                let Some(act) = act(reached.step) else { continue };
                if let Some(mark) = left(act) {
                    found.marks.entry(mark).or_default();
                }
                let begun = scenarios.iter().enumerate().filter(|(_, scenario)| begins(act, scenario));
                edges.extend(begun.map(|(to, _)| (place, reached, to)));
            }
        }
        for (from, reached, to) in &edges {
            found.lead(*from, *to, &reached.sent);
        }
        found.led_by_marks(scenarios, &acts);
        // Reasons are only ever added, so that this ends.
        loop {
            let before = (found.begin.clone(), found.marks.clone());
            for (from, reached, to) in &edges {
                let rests =
                    scenarios.get(*from).map_or(Rests::default(), |scenario| found.at(*from, scenario, reached));
                if let Some(begin) = found.begin.get_mut(*to) {
                    *begin = begin.or(rests);
                }
            }
            for ((place, scenario), acts) in scenarios.iter().enumerate().zip(&acts) {
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

    fn lead(&mut self, from: usize, to: usize, sent: &BTreeSet<&'s str>) {
        if let Some(known) = self.from.get_mut(to) {
            known.entry(from).or_default().extend(sent);
        }
    }

    /// A scenario that asks for what another left. What was sent by then may be long past, and no warning.
    fn led_by_marks(&mut self, scenarios: &[Scenario], acts: &[Vec<Reached<'s>>]) {
        for (to, scenario) in scenarios.iter().enumerate() {
            let mut marks = BTreeSet::new();
            let on_the_way = acts.get(to).into_iter().flatten().flat_map(|reached| reached.holds.iter().copied());
            for condition in scenario.audience.iter().chain(on_the_way) {
                condition.visit(&mut |each| marks.extend(asked(each)));
            }
            for (from, acts) in acts.iter().enumerate() {
                for reached in acts {
                    if act(reached.step).and_then(left).is_some_and(|mark| marks.contains(&mark)) {
                        self.lead(from, to, &BTreeSet::new());
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
            for from in self.from.get(at).into_iter().flat_map(BTreeMap::keys) {
                if *from != place && !found.contains(from) {
                    found.push(*from);
                    waiting.push(*from);
                }
            }
        }
        found
    }

    /// The messages that were sent by the scenarios that lead to one.
    pub fn warnings(&self, place: usize) -> BTreeSet<&'s str> {
        let mut all = self.before(place);
        all.push(place);
        let sent = all.into_iter().filter_map(|at| self.from.get(at)).flat_map(BTreeMap::values);
        sent.flatten().copied().collect()
    }
}

/// For what reasons a scenario begins by its own trigger: an event says why this contact; that none came is a reason like any
/// other.
fn by_itself(scenario: &Scenario) -> Rests {
    match &scenario.start {
        Start::Started => Rests::default(),
        Start::Silence { events, .. } => Rests::on(events.iter().map(|trigger| trigger.event.as_str())),
        _ => NOTHING,
    }
}

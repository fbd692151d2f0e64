//! Adds up the differences of all persons, in bounded memory.

use super::change::{Class, Compared, Signature, compare};
use super::item::{Events, Item, Trigger};
use super::moves::Moves;
use crate::engine::{Outcome, Reason};
use crate::model::Id;
use crate::time::{Instant, Zone};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many examples of each class there are.
pub const EXAMPLES: usize = 10;

/// How many of each class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub lost: u64,
    pub gained: u64,
    pub moved: u64,
    pub otherwise: u64,
    pub reason: u64,
}

impl Counts {
    pub fn add(&mut self, class: Class) {
        *match class {
            Class::Lost => &mut self.lost,
            Class::Gained => &mut self.gained,
            Class::Moved => &mut self.moved,
            Class::Otherwise => &mut self.otherwise,
            Class::Reason => &mut self.reason,
        } += 1;
    }

    pub fn merge(&mut self, other: &Counts) {
        self.lost += other.lost;
        self.gained += other.gained;
        self.moved += other.moved;
        self.otherwise += other.otherwise;
        self.reason += other.reason;
    }

    /// What a person notices.
    pub fn noticed(&self) -> u64 {
        self.lost + self.gained + self.moved + self.otherwise
    }
}

/// What happens before and after, and what differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub before: u64,
    pub after: u64,
    pub changed: Counts,
}

impl Line {
    pub fn merge(&mut self, other: &Line) {
        self.before += other.before;
        self.after += other.after;
        self.changed.merge(&other.changed);
    }
}

/// Persons by what the change does to the messages that they get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Persons {
    /// With at least one message lost; gained; moved.
    pub losing: u64,
    pub gaining: u64,
    pub moving: u64,
    /// With anything that they notice.
    pub changed: u64,
    /// With fewer messages than before in all; with more.
    pub fewer: u64,
    pub more: u64,
}

/// Every row of both programs, once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowCounts {
    pub old: u64,
    pub new: u64,
    pub kept: u64,
    /// In both, otherwise.
    pub changed: u64,
    /// In one of the two alone.
    pub old_alone: u64,
    pub new_alone: u64,
}

/// Why a message is not sent on one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It is not even considered: nothing started, the steps lead elsewhere, or it is due after the end.
    Absent,
    /// The instance ended before its time.
    Ended(Reason),
    Unsent(Outcome, Reason),
}

impl Why {
    /// `item` is the message where it is not sent, and `other` where it is; `ends` are the instances that ended before their time
    /// where it is not sent.
    fn of(item: Option<&Item>, other: &Item, ends: &[Item]) -> Why {
        match item.and_then(|item| Some((item.outcome?, item.reason))) {
            Some((outcome, reason)) => Why::Unsent(outcome, reason),
            None => {
                let is_end = |row: &&Item| row.scenario == other.scenario && row.trigger == other.trigger;
                ends.iter().find(is_end).map_or(Why::Absent, |end| Why::Ended(end.reason))
            }
        }
    }
}

/// One row of an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub at: Instant,
    pub scenario: u16,
    pub channel: Arc<str>,
    pub message: Arc<str>,
    pub outcome: Option<Outcome>,
    pub reason: Reason,
}

/// A message that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    pub contact: Id,
    pub trigger: String,
    pub old: Option<Seen>,
    pub new: Option<Seen>,
    /// As the keys of [`Tally::causes`].
    pub causes: u64,
}

/// All that is told of the differences.
#[derive(Debug, Default)]
pub struct Tally {
    pub rows: RowCounts,
    /// Messages by scenario and month, counted from year 0.
    pub months: BTreeMap<(u16, i32), Line>,
    /// What other steps do, by scenario and effect.
    pub acts: BTreeMap<(u16, &'static str), Line>,
    /// Of the messages of each class, what became, or had become, of those that are not sent on one side.
    pub why: BTreeMap<(Class, u16, Why), u64>,
    pub moves: Moves,
    pub persons: Persons,
    /// Messages by the changes that bring the same difference alone, each a bit; 0 where none does.
    pub causes: BTreeMap<(u16, u64), Counts>,
    /// As `causes`, of what other steps do.
    pub causes_of_acts: BTreeMap<(u16, u64), Counts>,
    /// By class; those with the least hash first.
    examples: BTreeMap<Class, BTreeMap<[u8; 16], Example>>,
}

/// What each of the changes makes of the rows of a person, when it is made alone.
#[derive(Clone, Copy, Debug)]
pub enum Alone<'a> {
    /// There is but one, and it is the cause of everything.
    One,
    /// Each by its rows.
    Each(&'a [Vec<Item>]),
    /// Nobody knows.
    Unknown,
}

impl Tally {
    /// Adds one person.
    pub fn add(&mut self, contact: &Id, old: &[Item], new: &[Item], alone: &Alone<'_>, events: &Events, zone: Zone) {
        let compared = compare(old, new);
        self.totals(old, new, &compared, zone);
        if compared.changes.is_empty() {
            return;
        }
        let by_change: Vec<BTreeSet<Signature>> = match alone {
            Alone::Each(each) => each.iter().map(|rows| signatures(old, rows)).collect(),
            Alone::One | Alone::Unknown => Vec::new(),
        };
        let ends = |rows: &[Item]| rows.iter().filter(|row| row.outcome.is_none()).cloned().collect::<Vec<Item>>();
        let (old_ends, new_ends) = (&ends(old), &ends(new));
        let mut noticed = Counts::default();
        for change in &compared.changes {
            let was = change.old.and_then(|place| old.get(place));
            let is = change.new.and_then(|place| new.get(place));
            let Some(item) = was.or(is) else { continue };
            let causes = match alone {
                Alone::One => 1,
                Alone::Unknown => 0,
                Alone::Each(_) => {
                    let signature = Signature::of(change, new);
                    let found = by_change.iter().enumerate().filter(|(_, found)| found.contains(&signature));
                    found.fold(0, |mask, (place, _)| mask | 1 << place)
                }
            };
            if !item.is_message() {
                self.causes_of_acts.entry((item.scenario, causes)).or_default().add(change.class);
                self.acts.entry((item.scenario, item.effect)).or_default().changed.add(change.class);
                continue;
            }
            noticed.add(change.class);
            self.causes.entry((item.scenario, causes)).or_default().add(change.class);
            let when = if change.class == Class::Gained { is } else { was };
            let month = month(zone, when.unwrap_or(item).at);
            self.months.entry((item.scenario, month)).or_default().changed.add(change.class);
            let why = match change.class {
                Class::Lost => Some(Why::of(is, item, new_ends)),
                Class::Gained | Class::Reason => Some(Why::of(was, item, old_ends)),
                Class::Moved | Class::Otherwise => None,
            };
            if let Some(why) = why {
                *self.why.entry((change.class, item.scenario, why)).or_default() += 1;
            }
            if let (Class::Moved, Some(was), Some(is)) = (change.class, was, is) {
                self.moves.add(is.at.0.saturating_sub(was.at.0));
            }
            self.example(change.class, contact, was, is, causes, events);
        }
        self.person(&noticed);
    }

    fn totals(&mut self, old: &[Item], new: &[Item], compared: &Compared, zone: Zone) {
        let changed = |is: fn(bool, bool) -> bool| {
            compared.changes.iter().filter(|change| is(change.old.is_some(), change.new.is_some())).count() as u64
        };
        let rows = &mut self.rows;
        rows.old += old.len() as u64;
        rows.new += new.len() as u64;
        rows.kept += compared.kept;
        rows.changed += changed(|old, new| old && new);
        rows.old_alone += compared.gone + changed(|old, new| old && !new);
        rows.new_alone += compared.come + changed(|old, new| !old && new);
        for (items, is_old) in [(old, true), (new, false)] {
            for item in items.iter().filter(|item| item.happens()) {
                let line = match item.is_message() {
                    true => self.months.entry((item.scenario, month(zone, item.at))).or_default(),
                    false => self.acts.entry((item.scenario, item.effect)).or_default(),
                };
                *if is_old { &mut line.before } else { &mut line.after } += 1;
            }
        }
    }

    fn person(&mut self, noticed: &Counts) {
        let persons = &mut self.persons;
        persons.losing += u64::from(noticed.lost > 0);
        persons.gaining += u64::from(noticed.gained > 0);
        persons.moving += u64::from(noticed.moved > 0);
        persons.changed += u64::from(noticed.noticed() > 0);
        persons.fewer += u64::from(noticed.lost > noticed.gained);
        persons.more += u64::from(noticed.gained > noticed.lost);
    }

    fn example(
        &mut self,
        class: Class,
        contact: &Id,
        was: Option<&Item>,
        is: Option<&Item>,
        causes: u64,
        events: &Events,
    ) {
        let Some(item) = was.or(is) else { return };
        let trigger = words(&item.trigger, events);
        let draw = draw(contact, item, &trigger);
        let examples = self.examples.entry(class).or_default();
        if examples.len() >= EXAMPLES && examples.last_key_value().is_some_and(|(last, _)| *last <= draw) {
            return;
        }
        let (old, new) = (was.map(seen), is.map(seen));
        examples.insert(draw, Example { contact: contact.clone(), trigger, old, new, causes });
        if examples.len() > EXAMPLES {
            examples.pop_last();
        }
    }

    /// Some of a class: the same ones whenever and wherever they are drawn.
    pub fn examples(&self, class: Class) -> impl Iterator<Item = &Example> {
        self.examples.get(&class).into_iter().flat_map(BTreeMap::values)
    }

    /// All messages of both programs.
    pub fn messages(&self) -> Line {
        let mut total = Line::default();
        self.months.values().for_each(|line| total.merge(line));
        total
    }
}

fn signatures(old: &[Item], rows: &[Item]) -> BTreeSet<Signature> {
    compare(old, rows).changes.iter().map(|change| Signature::of(change, rows)).collect()
}

fn seen(item: &Item) -> Seen {
    Seen {
        at: item.at,
        scenario: item.scenario,
        channel: Arc::clone(&item.channel),
        message: Arc::clone(&item.message),
        outcome: item.outcome,
        reason: item.reason,
    }
}

/// `purchased/17`; empty where no event started the instance.
fn words(trigger: &Trigger, events: &Events) -> String {
    trigger.as_ref().map_or_else(String::new, |(event, id)| format!("{}/{id}", events.name(*event)))
}

/// Where an example stands among all: as good as by chance, and always the same.
fn draw(contact: &Id, item: &Item, trigger: &str) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for part in [contact.to_string().as_str(), trigger, item.message.as_ref()] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.update(&item.at.0.to_le_bytes());
    let mut draw = [0; 16];
    hasher.finalize_xof().fill(&mut draw);
    draw
}

/// The month of an instant, counted from year 0.
fn month(zone: Zone, at: Instant) -> i32 {
    let (year, month, _) = zone.wall(at).0.parts();
    year * 12 + month as i32 - 1
}

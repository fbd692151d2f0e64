//! What becomes of each row of one person, and what tells two such changes apart.

use super::item::Item;
use super::pair::{Pairs, pair};
use crate::engine::{Outcome, Reason};
use crate::time::Instant;
use std::sync::Arc;

/// What differs, as a person sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// It happened, and no longer does.
    Lost,
    /// It did not happen, and does now.
    Gained,
    /// It happens at another instant.
    Moved,
    /// It happens at the same instant otherwise: another channel, template, value, or by another scenario.
    Otherwise,
    /// It does not happen either way, for another reason.
    Reason,
}

impl Class {
    pub const ALL: [Class; 5] = [Class::Lost, Class::Gained, Class::Moved, Class::Otherwise, Class::Reason];

    pub fn name(self) -> &'static str {
        match self {
            Class::Lost => "lost",
            Class::Gained => "gained",
            Class::Moved => "moved",
            Class::Otherwise => "otherwise",
            Class::Reason => "other reason",
        }
    }
}

/// A difference: the places of its rows. What did not happen has no row where it is not even considered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    pub class: Class,
    pub old: Option<usize>,
    pub new: Option<usize>,
}

/// All rows of one person, held against each other.
#[derive(Debug, Default)]
pub struct Compared {
    pub changes: Vec<Change>,
    /// Rows that are the same in both.
    pub kept: u64,
    /// Rows of what happens in neither, that one of the two alone considers.
    pub gone: u64,
    pub come: u64,
}

/// Each row of either list is in exactly one change, kept, gone or come.
pub fn compare(old: &[Item], new: &[Item]) -> Compared {
    if old == new {
        return Compared { kept: old.len() as u64, ..Compared::default() };
    }
    let Pairs { of_old, of_new } = pair(old, new);
    let mut compared = Compared::default();
    for (place, (item, other)) in old.iter().zip(of_old).enumerate() {
        let other = other.and_then(|other| Some((other, new.get(other)?)));
        let class = match other {
            Some((_, other)) => both(item, other),
            None if item.happens() => Some(Class::Lost),
            None => {
                compared.gone += 1;
                continue;
            }
        };
        match class {
            Some(class) => {
                let new = other.map(|(place, _)| place);
                compared.changes.push(Change { class, old: Some(place), new });
            }
            None => compared.kept += 1,
        }
    }
    for (place, (item, _)) in new.iter().zip(of_new).enumerate().filter(|(_, (_, other))| other.is_none()) {
        match item.happens() {
            true => compared.changes.push(Change { class: Class::Gained, old: None, new: Some(place) }),
            false => compared.come += 1,
        }
    }
    compared
}

/// `None` for what is the same.
fn both(old: &Item, new: &Item) -> Option<Class> {
    match (old.happens(), new.happens()) {
        (true, false) => Some(Class::Lost),
        (false, true) => Some(Class::Gained),
        (true, true) if old.at != new.at => Some(Class::Moved),
        (true, true) => (!old.says_the_same(new)).then_some(Class::Otherwise),
        // What nobody gets has no instant.
        (false, false) => ((old.outcome, old.reason) != (new.outcome, new.reason)).then_some(Class::Reason),
    }
}

/// A change, so that the same one is found again in another program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signature {
    class: Class,
    old: Option<usize>,
    new: Option<Noticed>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Noticed {
    /// Of what happens.
    at: Option<Instant>,
    scenario: u16,
    effect: &'static str,
    channel: Arc<str>,
    message: Arc<str>,
    trigger: super::item::Trigger,
    outcome: Option<Outcome>,
    reason: Reason,
}

impl Signature {
    /// `new` are the rows that the change points into; the old rows are those of one list for all that are held together.
    pub fn of(change: &Change, new: &[Item]) -> Signature {
        let noticed = change.new.and_then(|place| new.get(place)).map(|item| Noticed {
            at: item.happens().then_some(item.at),
            scenario: item.scenario,
            effect: item.effect,
            channel: Arc::clone(&item.channel),
            message: Arc::clone(&item.message),
            trigger: item.trigger.clone(),
            outcome: item.outcome,
            reason: item.reason,
        });
        Signature { class: change.class, old: change.old, new: noticed }
    }
}

//! The changed lines, and what each brings about.

use super::causes::Causes;
use super::changes::{Change, Line, Place};
use super::words::{Shown, class_words};
use crate::cli::counted::{counted, grouped};
use crate::drivers::diff::{Class, Counts};
use std::collections::{BTreeMap, BTreeSet};

/// How long the text of a line may be before it is cut, in characters.
const TEXT_MAX: usize = 160;

/// Changes that are one cause, and what they bring about.
#[derive(Debug, Default)]
pub struct Cause<'a> {
    pub changes: Vec<&'a Change>,
    pub messages: Counts,
    /// What other steps do.
    pub acts: Counts,
    /// Messages, by scenario.
    pub scenarios: BTreeMap<u16, Counts>,
}

/// All causes.
#[derive(Debug, Default)]
pub struct Told<'a> {
    pub causes: Vec<Cause<'a>>,
    /// Messages that any of several causes would change alone in the same way.
    pub several: Counts,
    /// Messages that no cause changes alone in this way: causes that work together.
    pub together: Counts,
    /// Whether the causes are told apart.
    pub is_known: bool,
    /// Whether anything comes of them in this history.
    pub has_effect: bool,
    /// Changes without an effect of their own.
    pub others: Vec<&'a Change>,
}

impl<'a> Shown<'a> {
    pub fn told(&self) -> Told<'a> {
        let groups: Vec<&[usize]> = match self.causes {
            Causes::One(group) | Causes::Unknown(group) => vec![group],
            Causes::Each(groups) => groups.iter().map(|(group, _)| group.as_slice()).collect(),
        };
        let tally = &self.difference.tally;
        let has_effect = !(tally.causes.is_empty() && tally.causes_of_acts.is_empty());
        let is_known = !matches!(self.causes, Causes::Unknown(_));
        let mut told = Told { is_known, has_effect, ..Told::default() };
        let is_in = |place: &usize| groups.iter().any(|group| group.contains(place));
        told.others =
            (self.changes.iter().enumerate()).filter(|(place, _)| !is_in(place)).map(|(_, change)| change).collect();
        for group in &groups {
            let changes = group.iter().filter_map(|place| self.changes.get(*place)).collect();
            told.causes.push(Cause { changes, ..Cause::default() });
        }
        for ((scenario, causes), counts) in &self.difference.tally.causes {
            match told.of(*causes) {
                Some(cause) => {
                    cause.messages.merge(counts);
                    cause.scenarios.entry(*scenario).or_default().merge(counts);
                }
                None if *causes == 0 => told.together.merge(counts),
                None => told.several.merge(counts),
            }
        }
        for ((_, causes), counts) in &self.difference.tally.causes_of_acts {
            if let Some(cause) = told.of(*causes) {
                cause.acts.merge(counts);
            }
        }
        told
    }

    /// Scenarios whose messages change although nothing of them does, and the lines that do it: once for all whose lines are
    /// the same.
    pub fn elsewhere(&self, told: &Told<'_>) -> Vec<(Vec<String>, BTreeSet<String>)> {
        let mut found: Vec<(Vec<String>, BTreeSet<String>)> = Vec::new();
        for (place, known) in self.difference.scenarios.iter().enumerate() {
            let place = place as u16;
            let is_own = |change: &Change| {
                let name = change.item.strip_prefix("scenario ");
                name.is_some() && (name == known.old.as_deref() || name == known.new.as_deref())
            };
            let counts = self.difference.tally.causes.iter().filter(|((scenario, _), _)| *scenario == place);
            let noticed: u64 = counts.map(|(_, counts)| counts.noticed()).sum();
            if noticed == 0 || self.changes.iter().any(is_own) {
                continue;
            }
            let causes = told.causes.iter();
            let causes = causes.filter(|cause| !told.is_known || cause.scenarios.contains_key(&place));
            let lines = causes.flat_map(|cause| &cause.changes).flat_map(|change| &change.lines);
            let lines: BTreeSet<String> = lines.filter_map(Line::place).map(Place::position).collect();
            match found.iter_mut().find(|(_, others)| *others == lines) {
                Some((names, _)) => names.push(known.name()),
                None => found.push((vec![known.name()], lines)),
            }
        }
        found
    }
}

impl<'a> Told<'a> {
    /// The one cause of a mask; `None` where there is none, or several.
    fn of(&mut self, causes: u64) -> Option<&mut Cause<'a>> {
        match (self.is_known, causes.count_ones()) {
            (true, 1) => self.causes.get_mut(causes.trailing_zeros() as usize),
            (true, _) => None,
            (false, _) => self.causes.first_mut(),
        }
    }
}

impl Line {
    /// Where it is, or was.
    pub fn place(&self) -> Option<&Place> {
        self.new.as_ref().or(self.old.as_ref())
    }
}

impl Place {
    /// `renewal.scn:4`
    pub fn position(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    /// Its text, cut where it is long.
    pub fn short(&self) -> String {
        match self.text.char_indices().nth(TEXT_MAX) {
            Some((end, _)) => format!("{} ...", self.text.get(..end).unwrap_or("")),
            None => self.text.clone(),
        }
    }
}

/// `a itself is as it was`, `a and b themselves are as they were`
pub fn as_before(scenarios: &[String]) -> String {
    match scenarios {
        [several @ .., last] if !several.is_empty() => {
            format!("{} and {last} themselves are as they were", several.join(", "))
        }
        all => format!("{} itself is as it was", all.concat()),
    }
}

/// `423 fewer, 12 more, 38 moved`; `no message` for none.
pub fn brought(counts: &Counts) -> String {
    let all = [
        (counts.lost, Class::Lost),
        (counts.gained, Class::Gained),
        (counts.moved, Class::Moved),
        (counts.otherwise, Class::Otherwise),
        (counts.reason, Class::Reason),
    ];
    let mut parts: Vec<String> = Vec::new();
    for (count, class) in all.into_iter().filter(|(count, _)| *count > 0) {
        let what = if parts.is_empty() { counted(count, "message") } else { grouped(count) };
        parts.push(format!("{what} {}", class_words(class)));
    }
    if parts.is_empty() { "no message".to_owned() } else { parts.join(", ") }
}

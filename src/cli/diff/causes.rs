//! Which changes bring differences about: the old program is compiled with one change at a time.
//!
//! A change without which the new program is what it is has no effect of its own. The others are made alone; what cannot be
//! made alone, because one part needs another, is made together.

use super::changes::{Change, Edit};
use super::texts::Texts;
use crate::cli::project::Project;
use crate::compile::{InputFile, compile};
use crate::drivers::diff::CHANGES_MAX;
use crate::ir::{Bundle, BundleHash};
use crate::model::{Configuration, Surroundings};
use crate::span::{Sources, Span};
use std::collections::{BTreeMap, BTreeSet};

/// With more changes, those of one item are one from the beginning.
const TRIED_MAX: usize = 48;

/// What is known of the causes.
#[derive(Debug)]
pub enum Causes {
    /// These changes bring about everything, together where they are several.
    One(Vec<usize>),
    /// Groups of changes, each with the old program that has it alone.
    Each(Vec<(Vec<usize>, Bundle)>),
    /// Nobody knows: any of these may be a cause.
    Unknown(Vec<usize>),
}

/// Finds the causes among the changes that make one bundle another.
pub fn causes(old: &Texts<'_>, before: &Bundle, after: &Bundle, changes: &[Change]) -> Causes {
    let all: Vec<usize> = (0..changes.len()).collect();
    let trial = Trial { old, changes };
    let (before, after) = (before.hash(), after.hash());
    // What was not seen to change, or cannot be made in the old text, is none of these.
    if trial.hash(&[]) != Some(before) || trial.hash(&all) != Some(after) {
        return Causes::Unknown(all);
    }
    let units: Vec<Vec<usize>> = match changes.len() > TRIED_MAX {
        true => by_item(changes, &all),
        false => all.iter().map(|change| vec![*change]).collect(),
    };
    let (effective, needed) = sort_out(&trial, &units, before, after);
    let mut groups = groups(&trial, effective, &needed);
    if groups.len() > CHANGES_MAX {
        let effective: Vec<usize> = groups.into_iter().flat_map(|(group, _)| group).collect();
        groups = self::groups(&trial, by_item(changes, &effective), &needed);
    }
    let is_told_apart = groups.iter().all(|(_, bundle)| bundle.is_some()) && groups.len() <= CHANGES_MAX;
    match groups.len() {
        0 => Causes::Unknown(all),
        1 => Causes::One(groups.into_iter().flat_map(|(group, _)| group).collect()),
        _ if is_told_apart => {
            Causes::Each(groups.into_iter().filter_map(|(group, bundle)| Some((group, bundle?))).collect())
        }
        _ => Causes::Unknown(groups.into_iter().flat_map(|(group, _)| group).collect()),
    }
}

/// What has an effect of its own, and what has none alone but may be needed by others: a definition that nobody used before.
fn sort_out(
    trial: &Trial<'_>,
    units: &[Vec<usize>],
    before: BundleHash,
    after: BundleHash,
) -> (Vec<Vec<usize>>, Vec<usize>) {
    let (mut effective, mut needed) = (Vec::new(), Vec::new());
    for unit in units {
        let others: Vec<usize> = units.iter().filter(|other| *other != unit).flatten().copied().collect();
        match trial.hash(unit) {
            Some(hash) if hash == before => needed.extend(unit),
            _ if trial.hash(&others) == Some(after) => {}
            _ => effective.push(unit.clone()),
        }
    }
    (effective, needed)
}

/// Each unit with the program that has it alone; those that mean nothing alone together, without a program where they mean
/// nothing even so.
fn groups(trial: &Trial<'_>, units: Vec<Vec<usize>>, needed: &[usize]) -> Vec<(Vec<usize>, Option<Bundle>)> {
    let mut groups = Vec::new();
    let mut entangled: Vec<usize> = Vec::new();
    for unit in units {
        let with_needed: Vec<usize> = unit.iter().chain(needed).copied().collect();
        match trial.bundle(&unit).or_else(|| trial.bundle(&with_needed)) {
            Some(bundle) => groups.push((unit, Some(bundle))),
            None => entangled.extend(unit),
        }
    }
    if !entangled.is_empty() {
        let with_needed: Vec<usize> = entangled.iter().chain(needed).copied().collect();
        let bundle = trial.bundle(&entangled).or_else(|| trial.bundle(&with_needed));
        groups.push((entangled, bundle));
    }
    groups
}

fn by_item(changes: &[Change], these: &[usize]) -> Vec<Vec<usize>> {
    let mut items: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for place in these {
        if let Some(change) = changes.get(*place) {
            items.entry(&change.item).or_default().push(*place);
        }
    }
    items.into_values().collect()
}

/// The old project, without its tests, to be changed.
struct Trial<'a> {
    old: &'a Texts<'a>,
    changes: &'a [Change],
}

impl Trial<'_> {
    fn hash(&self, made: &[usize]) -> Option<BundleHash> {
        self.bundle(made).map(|bundle| bundle.hash())
    }

    /// The program that the old project is with these changes; `None` where it is none.
    fn bundle(&self, made: &[usize]) -> Option<Bundle> {
        let made: BTreeSet<usize> = made.iter().copied().collect();
        let edits: Vec<&Edit> =
            made.iter().filter_map(|place| self.changes.get(*place)).flat_map(|change| &change.edits).collect();
        let (project, configuration) = self.edited(&edits);
        compile(&project.input, &Surroundings::default(), &configuration).bundle
    }

    fn edited(&self, edits: &[&Edit]) -> (Project, Configuration) {
        let mut project = self.old.project.clone();
        let mut configuration = project.settings.meaning.clone();
        let mut replaced: Vec<(Span, &str)> = self.old.tests().map(|span| (span, "")).collect();
        for edit in edits {
            match edit {
                Edit::Replace(span, text) => replaced.push((*span, text)),
                Edit::Configure(new) => configuration = (**new).clone(),
                Edit::Add { .. } => {}
            }
        }
        let mut sources = Sources::default();
        for (source, text) in self.old.sources().iter() {
            let here = replaced.iter().filter(|(span, _)| span.source == source).copied().collect();
            sources.add(text.name.clone(), replace(&text.text, here));
        }
        // A file that held nothing else is none.
        let is_blank = |file: &InputFile| {
            let was = self.old.sources().get(file.source).is_some_and(|source| !source.text.trim().is_empty());
            was && says_nothing(sources.get(file.source).map_or("", |source| &source.text))
        };
        project.input.files.retain(|file| !is_blank(file));
        for edit in edits {
            if let Edit::Add { stem, folder, selected, text } = edit {
                let source = sources.add(format!("{stem}.scn"), text.as_str());
                let (stem, folder) = (stem.clone(), folder.clone());
                project.input.files.push(InputFile { source, stem, folder, selected: *selected });
            }
        }
        project.input.sources = sources;
        (project, configuration)
    }
}

fn says_nothing(text: &str) -> bool {
    text.lines().all(|line| line.trim_start().is_empty() || line.trim_start().starts_with('#'))
}

/// A text with some of its parts replaced, which do not overlap. What comes at one place comes in the order of the list.
fn replace(text: &str, mut parts: Vec<(Span, &str)>) -> String {
    parts.sort_by_key(|(span, _)| (span.start, span.end));
    let mut replaced = String::with_capacity(text.len());
    let mut place = 0;
    for (span, new) in parts {
        let range = span.range();
        replaced.push_str(text.get(place..range.start).unwrap_or(""));
        replaced.push('\n');
        replaced.push_str(new);
        replaced.push('\n');
        place = range.end.max(place);
    }
    replaced.push_str(text.get(place..).unwrap_or(""));
    replaced
}

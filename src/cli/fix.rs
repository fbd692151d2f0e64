//! `scn check --fix`: the safe repairs of findings, written into the files.

use super::changed::Known;
use super::exit::Failure;
use super::findings::Findings;
use super::whole;
use crate::diagnostic::{Diagnostic, Fix, Level};
use crate::span::SourceId;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// A repair that was tried: the file, what stood there, and what was put in its place.
pub type Tried = (PathBuf, String, String);

/// A round of repairs, which can be taken back.
#[derive(Debug, Default)]
pub struct Round {
    /// The texts before, by file.
    before: BTreeMap<PathBuf, Arc<str>>,
    made: Vec<Made>,
    /// The files that may not be changed, and stay as they are.
    pub read_only: BTreeSet<PathBuf>,
}

/// A repair that was made, and where it stands now.
#[derive(Debug)]
struct Made {
    tried: Tried,
    place: Range<usize>,
    line: usize,
}

/// Makes the safe repairs of some findings, but for those that were tried in vain, each file whole or not at all. Of repairs that
/// overlap the first is made: the others come in the next round, if they are still wanted. A text that is no file any more as it was
/// read is left alone.
///
/// # Errors
/// When a file cannot be written.
pub fn apply(findings: &Findings, in_vain: &BTreeSet<Tried>) -> Result<Round, Failure> {
    let mut by_source: BTreeMap<SourceId, Vec<&Fix>> = BTreeMap::new();
    for fix in findings.diagnostics.iter().filter_map(Diagnostic::safe_fix) {
        by_source.entry(fix.span.source).or_default().push(fix);
    }
    let mut round = Round::default();
    for (source, mut fixes) in by_source {
        let Some(source) = findings.sources.get(source) else { continue };
        let path = PathBuf::from(&source.name);
        let tried = |fix: &Fix| {
            let written = source.text.get(fix.span.range()).unwrap_or_default();
            (path.clone(), written.to_owned(), fix.replacement.clone())
        };
        fixes.retain(|fix| !in_vain.contains(&tried(fix)));
        if std::fs::read_to_string(&path).ok().as_deref() != Some(&*source.text) {
            continue;
        }
        let (text, repairs) = repaired(&source.text, fixes);
        if repairs.is_empty() {
            continue;
        }
        if !whole::may_change(&path) {
            round.read_only.insert(path);
            continue;
        }
        whole::write(&path, text.as_bytes())?;
        let line = |place: &Range<usize>| text.get(..place.start).unwrap_or_default().matches('\n').count() + 1;
        round.made.extend(repairs.into_iter().map(|(fix, place)| Made {
            tried: tried(fix),
            line: line(&place),
            place,
        }));
        round.before.insert(path, Arc::clone(&source.text));
    }
    Ok(round)
}

impl Round {
    pub fn is_empty(&self) -> bool {
        self.made.is_empty()
    }

    /// The files that it changed.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.before.keys()
    }

    /// The repairs that brought an error of their own: one that was not there before, and overlaps the repair, or keeps its line from
    /// being read. An error that can be repaired itself was only hidden.
    pub fn worse(&self, before: &Findings, after: &Findings) -> BTreeSet<Tried> {
        let mut known = Known::of(before);
        let new = after.diagnostics.iter().filter(|found| !known.takes(found, &after.sources));
        let new: Vec<&Diagnostic> =
            new.filter(|found| found.level == Level::Error && found.safe_fix().is_none()).collect();
        let is_of = |made: &Made, found: &Diagnostic| {
            let Some(span) = found.span() else { return false };
            let is_here =
                after.sources.get(span.source).is_some_and(|source| made.tried.0.as_os_str() == source.name.as_str());
            let overlaps = span.range().start < made.place.end && made.place.start < span.range().end;
            is_here && (overlaps || found.rule.family() == 'S' && after.sources.position(span).0 == made.line)
        };
        let worse = self.made.iter().filter(|made| new.iter().any(|found| is_of(made, found)));
        worse.map(|made| made.tried.clone()).collect()
    }

    /// All its repairs.
    pub fn tried(&self) -> impl Iterator<Item = &Tried> {
        self.made.iter().map(|made| &made.tried)
    }

    /// Writes the texts that were there before.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn take_back(&self) -> Result<(), Failure> {
        self.before.iter().try_for_each(|(path, text)| whole::write(path, text.as_bytes()))
    }
}

/// The text with its repairs, those that were made, and where they stand in it.
fn repaired<'f>(text: &str, mut fixes: Vec<&'f Fix>) -> (String, Vec<(&'f Fix, Range<usize>)>) {
    fixes.sort_by_key(|fix| (fix.span.start, fix.span.end));
    let (mut out, mut done, mut repairs) = (String::with_capacity(text.len()), 0, Vec::new());
    for fix in fixes {
        let range = fix.span.range();
        // A second repair at the very place of another is another answer to the same question.
        let is_free = range.start > done || (range.start == done && repairs.is_empty());
        let Some(between) = text.get(done..range.start).filter(|_| is_free && text.is_char_boundary(range.end)) else {
            continue;
        };
        out.push_str(between);
        repairs.push((fix, out.len()..out.len() + fix.replacement.len()));
        out.push_str(&fix.replacement);
        done = range.end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    (out, repairs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Span;

    #[test]
    fn repairs_are_made_from_the_beginning_and_never_overlap() {
        let fix = |start, end, replacement: &str| Fix {
            span: Span::new(SourceId(0), start, end),
            replacement: replacement.to_owned(),
            is_safe: true,
        };
        for (text, fixes, expected, made) in [
            ("abc", vec![], "abc", 0),
            ("abc", vec![fix(0, 1, "A"), fix(2, 3, "C")], "AbC", 2),
            ("abc", vec![fix(2, 3, "C"), fix(0, 1, "A")], "AbC", 2),
            ("abc", vec![fix(0, 2, "X"), fix(1, 3, "Y")], "Xc", 1),
            ("abc", vec![fix(1, 1, "-"), fix(1, 1, "+")], "a-bc", 1),
            ("abc", vec![fix(0, 0, ">"), fix(3, 3, "<")], ">abc<", 2),
            ("aéc", vec![fix(2, 3, "no"), fix(3, 4, "yes")], "aéyes", 1),
            ("abc", vec![fix(2, 9, "no")], "abc", 0),
        ] {
            let (repaired, repairs) = repaired(text, fixes.iter().collect());
            assert_eq!((repaired.as_str(), repairs.len()), (expected, made), "{text} {fixes:?}");
            assert!(repairs.iter().all(|(fix, place)| repaired[place.clone()] == fix.replacement), "{text} {fixes:?}");
        }
    }
}

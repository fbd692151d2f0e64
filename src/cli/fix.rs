//! `scn check --fix`: the safe repairs of findings, written into the files.

use super::exit::Failure;
use super::findings::Findings;
use super::whole;
use crate::diagnostic::Fix;
use crate::span::SourceId;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// The texts before a round of repairs, by file, so that it can be taken back.
#[derive(Debug, Default)]
pub struct Round {
    before: BTreeMap<PathBuf, Arc<str>>,
    /// How many repairs were made.
    pub repairs: usize,
}

/// Makes the repairs of some findings, each file whole or not at all. Of repairs that overlap the first is made: the others
/// come in the next round, if they are still wanted. A text that is no file any more as it was read is left alone.
///
/// # Errors
/// When a file cannot be written.
pub fn apply(findings: &Findings) -> Result<Round, Failure> {
    let mut by_source: BTreeMap<SourceId, Vec<&Fix>> = BTreeMap::new();
    for fix in findings.diagnostics.iter().filter_map(|found| found.fix.as_ref()) {
        by_source.entry(fix.span.source).or_default().push(fix);
    }
    let mut round = Round::default();
    for (source, fixes) in by_source {
        let Some(source) = findings.sources.get(source) else { continue };
        let path = PathBuf::from(&source.name);
        if std::fs::read_to_string(&path).ok().as_deref() != Some(&*source.text) {
            continue;
        }
        let (text, repairs) = repaired(&source.text, fixes);
        if repairs > 0 {
            whole::write(&path, text.as_bytes())?;
            round.before.insert(path, Arc::clone(&source.text));
            round.repairs += repairs;
        }
    }
    Ok(round)
}

impl Round {
    /// The files that it changed.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.before.keys()
    }

    /// Writes the texts that were there before.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn take_back(&self) -> Result<(), Failure> {
        self.before.iter().try_for_each(|(path, text)| whole::write(path, text.as_bytes()))
    }
}

/// The text with its repairs, and how many were made.
fn repaired(text: &str, mut fixes: Vec<&Fix>) -> (String, usize) {
    fixes.sort_by_key(|fix| (fix.span.start, fix.span.end));
    let (mut out, mut done, mut repairs) = (String::with_capacity(text.len()), 0, 0);
    for fix in fixes {
        let range = fix.span.range();
        // A second repair at the very place of another is another answer to the same question.
        let is_free = range.start > done || (range.start == done && repairs == 0);
        let Some(between) = text.get(done..range.start).filter(|_| is_free && text.is_char_boundary(range.end)) else {
            continue;
        };
        out.push_str(between);
        out.push_str(&fix.replacement);
        done = range.end;
        repairs += 1;
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
            assert_eq!(repaired(text, fixes.iter().collect()), (expected.to_owned(), made), "{text} {fixes:?}");
        }
    }
}

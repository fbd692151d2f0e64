//! What came of many changed texts, counted.

use super::library::{Library, Outcome, WIDE_WORDS, damage, is_near, places};
use super::meaning;
use scn::span::SourceId;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// As many as the machines of the house have cores.
const THREADS: usize = 2;

/// A text to be judged.
pub struct Case {
    /// The row of the table in which it counts.
    pub kind: String,
    /// Where it comes from, for people.
    pub name: String,
    pub source: SourceId,
    pub text: String,
}

pub struct Judged {
    pub kind: String,
    pub name: String,
    /// `None` when the checker panicked.
    pub verdict: Option<Verdict>,
    pub took: Duration,
    /// The lines that were changed, as they were and as they are.
    pub lines: (String, String),
}

pub enum Verdict {
    /// Refused: what is said first, whether that is near the damage, and whether it shows more than a few words.
    Refused { first: String, near: bool, wide: bool },
    /// Accepted: `None` where it means the same, else how its meaning changed.
    Accepted { change: Option<String> },
}

/// Judges all cases, in their order.
pub fn judge(library: &Library, cases: &[Case]) -> Vec<Judged> {
    let share = |thread: usize| -> Vec<(usize, Judged)> {
        let own = cases.iter().enumerate().skip(thread).step_by(THREADS);
        own.map(|(number, case)| (number, one(library, case))).collect()
    };
    let mut all: Vec<(usize, Judged)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || share(thread))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    all.sort_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, judged)| judged).collect()
}

fn one(library: &Library, case: &Case) -> Judged {
    let outcome = catch_unwind(AssertUnwindSafe(|| library.check(case.source, &case.text))).ok();
    let before = library.text(case.source);
    Judged {
        kind: case.kind.clone(),
        name: case.name.clone(),
        took: outcome.as_ref().map_or(Duration::ZERO, |outcome| outcome.took),
        verdict: outcome.map(|outcome| verdict(library, case, &outcome)),
        lines: changed_lines(before, &case.text),
    }
}

fn verdict(library: &Library, case: &Case, outcome: &Outcome) -> Verdict {
    if let Some(bundle) = &outcome.bundle {
        return Verdict::Accepted { change: meaning::change(&library.bundle, bundle) };
    }
    let first = outcome.found.first().unwrap();
    let damage = damage(library.text(case.source), &case.text);
    let shown = first.span().filter(|span| span.source == case.source).map(|span| places(&case.text, span));
    Verdict::Refused {
        first: format!("{} {}", first.rule.info().code, first.message),
        near: shown.as_ref().is_some_and(|shown| is_near(shown, &damage)),
        wide: shown.is_some_and(|shown| shown.len() > WIDE_WORDS),
    }
}

/// The first line that differs, as it was and as it is; lines that are only there in one are shown against nothing.
fn changed_lines(before: &str, after: &str) -> (String, String) {
    let (one, other): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let shortest = one.len().min(other.len());
    let begin = one.iter().zip(&other).take_while(|(one, other)| one == other).count();
    let end = one.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count();
    let end = end.min(shortest - begin);
    let joined = |lines: &[&str]| lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ⏎ ");
    (joined(&one[begin..one.len() - end]), joined(&other[begin..other.len() - end]))
}

/// A row of the table.
#[derive(Default)]
pub struct Row {
    pub all: usize,
    pub refused: usize,
    pub near: usize,
    pub wide: usize,
    pub same: usize,
    pub other: usize,
}

impl Row {
    pub fn of<'a>(judged: impl Iterator<Item = &'a Judged>) -> Row {
        let mut row = Row::default();
        for each in judged {
            row.all += 1;
            match &each.verdict {
                Some(Verdict::Refused { near, wide, .. }) => {
                    row.refused += 1;
                    row.near += usize::from(*near);
                    row.wide += usize::from(*near && *wide);
                }
                Some(Verdict::Accepted { change }) => match change {
                    None => row.same += 1,
                    Some(_) => row.other += 1,
                },
                None => {}
            }
        }
        row
    }

    /// Of those refused, the share whose first finding is near the damage, in tenths of a percent, rounded down.
    pub fn near_permille(&self) -> usize {
        (self.near * 1000).checked_div(self.refused).unwrap_or(1000)
    }
}

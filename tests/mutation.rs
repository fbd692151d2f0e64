//! How well `scn check` shows what is wrong: every scenario of the library with one token deleted, doubled or swapped with the
//! next, and two hundred slips as people make them. Nothing panics; and of what is refused, the first finding is near the damage.
//!
//! `cargo test` takes a sample; `tests/slow/check.sh` takes all, and holds the tables of `docs/diagnostics/README.md` against
//! what is found.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test reads the files it is about, tells the time it took, and panics where it fails"
)]

#[path = "mutation/judged.rs"]
mod judged;
#[path = "mutation/library.rs"]
mod library;
#[path = "mutation/meaning.rs"]
mod meaning;
#[path = "mutation/mutant.rs"]
mod mutant;
#[path = "mutation/report.rs"]
mod report;
#[path = "mutation/slips.rs"]
mod slips;

use judged::{Case, Judged, Row, judge};
use library::Library;
use mutant::{Mutant, OPERATORS};
use std::path::Path;

/// Of what is refused, so many first findings of a thousand are near the damage.
const NEAR_PERMILLE_MIN: usize = 900;
const SLIPS: usize = 200;

fn library() -> Library {
    Library::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"))
}

fn mutants(library: &Library) -> Vec<Case> {
    let case = |mutant: Mutant| {
        let text = library.text(mutant.source);
        let name = library.files().into_iter().find(|(source, _)| *source == mutant.source).unwrap().1;
        let line = text[..mutant.offset].matches('\n').count() + 1;
        let Mutant { source, operator, text, .. } = mutant;
        Case { kind: operator.name().to_owned(), name: format!("{name}:{line}"), source, text }
    };
    mutant::mutants(library).into_iter().map(case).collect()
}

fn slips(library: &Library) -> Vec<Case> {
    let case = |slip: slips::Slip| {
        let (source, text) = slip.made(library);
        Case { name: format!("slips.txt:{} in {}", slip.line, slip.file), kind: slip.kind, source, text }
    };
    slips::slips().into_iter().map(case).collect()
}

fn assert_no_panic(judged: &[Judged]) {
    let panicked: Vec<_> =
        judged.iter().filter(|each| each.verdict.is_none()).map(|each| (&each.name, &each.lines)).collect();
    assert!(panicked.is_empty(), "{panicked:#?}");
}

/// Prints all that came of the cases, and gives what the page says of them.
fn told(name: &str, judged: &[Judged], head: &str, kinds: &[String]) -> String {
    assert_no_panic(judged);
    let table = report::table(judged, head, kinds);
    println!("{name}: {}\n{table}", report::times(judged));
    report::keep(&format!("{name}.far.txt"), &report::far(judged));
    report::keep(&format!("{name}.accepted.md"), &report::accepted(judged, 1));
    table
}

fn assert_near(name: &str, judged: &[Judged]) {
    let near = Row::of(judged.iter()).near_permille();
    assert!(near >= NEAR_PERMILLE_MIN, "{name}: {near} of 1000 first findings are near the damage");
}

#[test]
fn a_sample_of_mutants_and_slips_never_panics() {
    let library = library();
    let all = [mutants(&library), slips(&library)];
    assert_eq!(all[1].len(), SLIPS);
    for (cases, every) in all.into_iter().zip([97, 10]) {
        let sample: Vec<Case> = cases.into_iter().step_by(every).collect();
        let judged = judge(&library, &sample);
        assert_no_panic(&judged);
        assert!(Row::of(judged.iter()).refused * 2 > sample.len(), "most of what is broken is refused");
    }
}

#[test]
fn a_slip_changes_its_file_and_nothing_is_told_twice() {
    let library = library();
    let mut all: Vec<(u32, String)> = slips(&library).into_iter().map(|case| (case.source.0, case.text)).collect();
    assert!(all.iter().all(|(source, text)| *library.text(scn::span::SourceId(*source)) != **text));
    all.sort();
    all.dedup();
    assert_eq!(all.len(), SLIPS);
}

#[test]
fn what_is_within_two_words_is_near() {
    for (shown, damage, near) in [
        (3..4, 3..4, true),
        (0..9, 3..4, true),
        (4..5, 3..4, true),
        (5..6, 3..4, true),
        (6..7, 3..4, false),
        (1..2, 3..4, true),
        (0..1, 3..4, false),
        // Where words were lost, those beside the place are the first and second.
        (4..5, 3..3, true),
        (5..6, 3..3, false),
    ] {
        assert_eq!(library::is_near(&shown, &damage), near, "{shown:?} of {damage:?}");
    }
    assert_eq!(library::damage("wait 2 weeks", "wait weeks"), 1..1);
    assert_eq!(library::damage("wait 2 weeks", "2 wait weeks"), 0..2);
    assert_eq!(library::damage("wait 2 weeks", "wait wait 2 weeks"), 1..2);
}

#[test]
#[ignore = "four thousand checks of the whole library: `tests/slow/check.sh`"]
fn every_mutant() {
    let library = library();
    let judged = judge(&library, &mutants(&library));
    let table = told("mutants", &judged, "token", &OPERATORS.map(|operator| operator.name().to_owned()));
    report::document("mutants", &table);
    report::document("accepted mutants", &report::listed(&judged));
    assert_near("mutants", &judged);
}

#[test]
#[ignore = "two hundred checks of the whole library: `tests/slow/check.sh`"]
fn every_slip() {
    let library = library();
    let cases = slips(&library);
    let mut kinds: Vec<String> = cases.iter().map(|case| case.kind.clone()).collect();
    kinds.dedup();
    let judged = judge(&library, &cases);
    let table = told("slips", &judged, "slip", &kinds);
    report::document("slips", &table);
    report::document("accepted slips", &report::accepted(&judged, 1));
    assert_near("slips", &judged);
}

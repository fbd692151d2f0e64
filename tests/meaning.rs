//! Every sentence of the language's meaning has a file: scenarios, and tests that hold only if the sentence does.
//!
//! A line `# zone: NAME` sets the policy's zone; `# not given: PATH, ...` names what the tests leave open on purpose.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test reads its folder, and panics where a sentence does not hold"
)]

use scn::compile::{Input, InputFile, compile};
use scn::drivers::story::{Teller, Texts};
use scn::drivers::test;
use scn::engine::Program;
use scn::ir::Bundle;
use scn::model::{Configuration, Surroundings};
use scn::time::Zone;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

/// The rest of the line that begins with this.
fn header<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

/// What is wrong with one file.
fn failures(text: &str) -> String {
    let mut wrong = String::new();
    let zone = header(text, "# zone:").map_or(Zone::UTC, |name| Zone::named(name).unwrap());
    let configuration = Configuration { zone, ..Configuration::default() };
    let mut input = Input::default();
    let source = input.sources.add("meaning.scn", text);
    input.files.push(InputFile { source, stem: "meaning".into(), folder: String::new(), selected: true });
    let compiled = compile(&input, &Surroundings::default(), &configuration);
    let Some(bundle) = compiled.bundle else {
        return compiled.diagnostics.iter().fold(wrong, |wrong, found| wrong + &format!("  {}\n", found.message));
    };
    let open: BTreeSet<&str> = header(text, "# not given:").into_iter().flat_map(|all| all.split(", ")).collect();
    let mut read: BTreeSet<String> = BTreeSet::new();
    if compiled.tests.is_empty() {
        wrong.push_str("  no test\n");
    }
    for case in &compiled.tests {
        let run = bundle.scenarios.iter().filter(|scenario| case.scenarios.contains(&scenario.name)).cloned();
        let alone = Bundle { scenarios: run.collect(), ..bundle.clone() };
        let program = Program::link(&alone, &[]).unwrap();
        let verdict = test::run(&program, case);
        assert!(!case.expectations.is_empty(), "{} expects nothing, not even silence", case.name);
        read.extend(verdict.not_given.iter().cloned());
        if verdict.unmet.is_empty() && verdict.unexpected.is_empty() {
            continue;
        }
        let _ = writeln!(wrong, "  \"{}\"", case.name);
        for (place, _) in &verdict.unmet {
            let _ = writeln!(wrong, "    not met: {}", compiled.sources.text(case.expectations[*place].span));
        }
        for sent in &verdict.sent {
            let _ = writeln!(wrong, "    came: {} {} to {} at {}", sent.channel, sent.message, sent.contact, sent.at);
        }
        let (texts, zone) = (Texts::default(), program.settings.zone);
        let teller = Teller { program: &program, world: &verdict.world, texts: &texts, zone, reveal: true };
        verdict.trace.iter().filter_map(|told| teller.line(told, 4)).for_each(|told| wrong.push_str(&told));
    }
    let read: BTreeSet<&str> = read.iter().map(String::as_str).collect();
    if read != open {
        let _ = writeln!(wrong, "  read although not given: {read:?}; the file says {open:?}");
    }
    wrong
}

#[test]
fn every_sentence_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/meaning");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 40, "only {} sentences", files.len());
    let mut report = String::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("##"), "{} does not say its sentence", file.display());
        let wrong = failures(&text);
        if !wrong.is_empty() {
            let _ = writeln!(report, "{}\n{wrong}", file.file_stem().unwrap().display());
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

/// A text with its white space and list marks evened out.
fn even(text: &str) -> String {
    let lines = text.lines().map(|line| line.strip_prefix("- ").unwrap_or(line));
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_sentence_of_the_section_is_on_the_page_with_what_shows_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_else(|_| panic!("there is no {path}"));
    let (language, page) = (read("docs/language.md"), read("docs/meaning.md"));
    let section = language.split("\n## ").find_map(|section| section.strip_prefix("Meaning\n")).unwrap();
    let quoted: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("> ")).collect();
    assert_eq!(quoted.join(" "), even(section), "the page does not quote the section whole");
    for (sentence, shown) in quoted.iter().zip(page.split("\n> ").skip(1)) {
        let references: Vec<&str> =
            shown.lines().filter_map(|line| line.strip_prefix("- `")?.strip_suffix('`')).collect();
        let is_said_open = shown.contains("Not yet shown") || shown.contains("Shown in part");
        assert!(is_said_open || !references.is_empty(), "nothing shows: {sentence}");
        for reference in references {
            let (file, test) = reference.split_once(": ").map_or((reference, None), |(file, test)| (file, Some(test)));
            let text = read(file);
            assert!(test.is_none_or(|test| text.contains(&format!("fn {test}("))), "there is no test {reference}");
        }
    }
}

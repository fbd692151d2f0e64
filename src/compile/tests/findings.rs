//! Each file of `tests/data/check` ends with its findings: `#! CODE LINE:COLUMN MESSAGE`. Notes are told only in
//! `notes.scn`.

use super::*;
use crate::diagnostic::Rule;
use std::path::Path;

#[test]
fn the_findings_of_each_file_are_those_it_names() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/check");
    let mut names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let mut wrong = String::new();
    for path in names.iter().filter(|path| path.extension().is_some_and(|ending| ending == "scn")) {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let expected: Vec<&str> = text.lines().filter(|line| line.starts_with("#! ")).collect();
        let found = findings(name, &text);
        if found != expected {
            wrong.push_str(&format!("{name}.scn:\n{}\n", found.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "found instead:\n{wrong}");
}

fn findings(name: &str, text: &str) -> Vec<String> {
    let compiled = compiled(name, text);
    let told = |found: &&Diagnostic| found.level > Level::Note || name == "notes";
    let shown = compiled.diagnostics.iter().filter(told).map(|found| {
        let (line, column) = compiled.sources.position(found.span().unwrap());
        format!("#! {} {line}:{column} {}", found.rule.info().code, found.message)
    });
    shown.collect()
}

#[test]
fn every_error_has_a_way_out() {
    for (path, text) in all_texts() {
        for found in compiled("one", &text).diagnostics {
            assert!(found.help.is_some(), "{path}: {found:?}");
            assert!(!found.message.ends_with('.') && !found.message.contains("Some("), "{found:?}");
        }
    }
}

/// Whatever the text, there is an answer: a program, or an error that says why not.
#[test]
fn any_part_of_a_text_has_an_answer() {
    for (path, text) in all_texts() {
        for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)).step_by(211) {
            let without_word = [&text[..cut], text[cut..].split_once(' ').map_or("", |(_, rest)| rest)].concat();
            for part in [&text[..cut], &text[cut..], &without_word] {
                let compiled = compiled("one", part);
                let in_error = compiled.diagnostics.iter().any(|found| found.level == Level::Error);
                assert_eq!(compiled.bundle.is_none(), in_error, "{path} at {cut}:\n{part}");
            }
        }
    }
}

fn all_texts() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/check");
    let entries = [root.clone(), root.join("ir")].map(|folder| std::fs::read_dir(folder).unwrap());
    let paths = entries.into_iter().flatten().map(|entry| entry.unwrap().path());
    let texts = paths.filter(|path| path.extension().is_some_and(|ending| ending == "scn"));
    texts.map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap())).collect()
}

#[test]
fn what_unfolds_without_end_is_refused() {
    let mut doubling = "let a0 = purchased\n".to_owned();
    let mut chain = "let a0 = purchased\n".to_owned();
    for number in 1..400 {
        let before = number - 1;
        doubling.push_str(&format!("let a{number} = a{before} and not a{before}\n"));
        chain.push_str(&format!("let a{number} = not a{before}\n"));
    }
    let sum = format!("let a399 = quantity{} > 3", " + 1".repeat(20_000));
    let factor = format!("let a399 = quantity{} > 3", " * 1".repeat(20_000));
    for text in [doubling, chain, sum, factor] {
        let text = format!("{text}\nscenario x {{ when purchased send email a only if a399 }}");
        let compiled = compiled("x", &text);
        let errors = compiled.diagnostics.iter().filter(|found| found.level == Level::Error);
        let rules: Vec<Rule> = errors.map(|found| found.rule).collect();
        assert!(matches!(rules.as_slice(), [Rule::TooDeep | Rule::TooLarge]), "{rules:?}");
    }
}

#[test]
fn more_steps_than_can_be_are_refused_once() {
    let text = format!("when purchased {}", "send email a ".repeat(10_000));
    assert!(compiled("x", &text).bundle.is_some());
    let text = format!("when purchased {}", "send email a ".repeat(10_050));
    let found = compiled("x", &text).diagnostics;
    assert_eq!(found.iter().filter(|found| found.rule == Rule::TooManySteps).count(), 1);
}

//! Each file of `tests/data/check` ends with its findings: `#! CODE LINE:COLUMN MESSAGE`. Notes are told only in
//! `notes.scn`.

use super::*;
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
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/check");
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for found in compiled("one", &text).diagnostics {
            assert!(found.help.is_some(), "{}: {found:?}", path.display());
            assert!(!found.message.ends_with('.') && !found.message.contains("Some("), "{found:?}");
        }
    }
}

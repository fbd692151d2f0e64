//! Pages that are made from what they are about: the grammar and the standard library. `UPDATE=1 cargo test --test generated`
//! writes them.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test reads the pages it is about, and panics when one is wrong"
)]

#[path = "generated/grammar.rs"]
mod grammar;

use grammar::Section;
use scn::compile::{Compiled, Input, InputFile, compile};
use scn::diagnostic::Level;
use scn::model::{Configuration, Surroundings};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Compares a page with what it should be, or writes it.
fn hold(page: &str, wanted: &str) {
    let path = root().join(page);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "{page} is not what it is made from: run `UPDATE=1 cargo test --test generated`");
}

fn sections() -> Vec<Section> {
    grammar::sections(&std::fs::read_to_string(root().join("grammar/scn.pest")).unwrap())
}

fn compiled(text: &str) -> Compiled {
    let mut input = Input::default();
    let source = input.sources.add("example.scn", text);
    input.files.push(InputFile { source, stem: "example".into(), folder: String::new(), selected: true });
    compile(&input, &Surroundings::default(), &Configuration::default())
}

#[test]
fn the_grammar_has_its_page() {
    hold("docs/reference/grammar.md", &grammar::page(&sections()));
}

#[test]
fn every_part_that_a_form_names_is_told() {
    let untold = grammar::untold(&sections());
    assert!(untold.is_empty(), "parts that the page does not tell:\n{}", untold.join("\n"));
}

/// What an example needs around it to be a project.
fn project(section: &str, rule: &str, example: &str) -> String {
    let example = example.trim_end();
    match section {
        "items" if rule.ends_with("_line") => {
            format!("policy {{\n{example}\n}}\nscenario example {{ when purchased send email hello }}")
        }
        "items" => example.to_owned(),
        "clauses" if example.starts_with("every") => format!("scenario example {{ {example} send email hello }}"),
        "clauses" => format!("scenario example {{ {example} wait 1 day send email hello }}"),
        "steps" => format!(
            "scenario example {{ when purchased wait 1 day {example} }}\nscenario example_next {{ when started send email next }}"
        ),
        "expressions" => format!(
            "scenario example {{ when purchased wait 1 day send email hello only if {example} }}\n\
             scenario example_next {{ when started send email next }}"
        ),
        "tests" if example.contains("test \"") => example.to_owned(),
        "tests" => {
            let (block, line) = if rule == "given_block" { (example, "given shop") } else { ("", example) };
            let people = if rule == "given_block" { "" } else { "given contact ana { email: \"a@example.com\" }" };
            let other = if rule == "given_row" { "" } else { "given contact bob { email: empty }" };
            let expect = if line.starts_with("expect") { "" } else { "expect email thanks to ana" };
            format!(
                "measure usual = average over contacts of average gap of purchased ever, refreshed weekly\n{block}\n\
                 scenario thanks {{ when purchased send email thanks tag \"seen\" }}\n\
                 test \"example\" of thanks {{ {people} {other} at 2020-01-11 10:00 ana purchased quantity 1\n{line}\n{expect} }}"
            )
        }
        other => panic!("no examples are known of {other}"),
    }
}

#[test]
fn every_example_of_the_grammar_compiles() {
    let (mut wrong, mut examples) = (String::new(), 0);
    for section in sections() {
        for rule in section.rules.iter().filter(|rule| !rule.example.is_empty()) {
            examples += 1;
            let text = project(&section.name, &rule.name, &rule.example);
            let found = compiled(&text).diagnostics;
            for each in found.iter().filter(|each| each.level == Level::Error) {
                let _ = writeln!(wrong, "{}: {}\n{text}\n", rule.name, each.message);
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(examples > 60, "only {examples} examples");
}

#[test]
fn the_library_has_its_page() {
    let compiled = compiled("");
    let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for word in &compiled.words {
        let Some(source) = compiled.sources.get(word.span.source) else { continue };
        if !source.name.starts_with("stdlib/") || word.kind == "field" {
            continue;
        }
        let doc = word.doc.clone().unwrap_or_else(|| panic!("`{}` of the library has no `##`", word.name));
        let text = source.text.get(declaration(&source.text, word.span.start as usize)).unwrap();
        let entry = format!("### `{}`\n\n{}\n\n```text\n{}\n```\n", word.name, doc.trim(), text.trim_end());
        files.entry(source.name.clone()).or_default().push(entry);
    }
    let mut page = String::from(
        "# The library\n\nWhat is declared before a project says a word: generated from the files of `stdlib/`, which are written in the \
         language itself. A project adds fields with `extend`.\n",
    );
    for (file, entries) in &files {
        let name = file.trim_start_matches("stdlib/").trim_end_matches(".scn");
        let _ = write!(page, "\n## {name}\n\n{}", entries.join("\n"));
    }
    hold("docs/reference/library.md", &page);
}

/// From the start of the line on which a name is declared to the next item's comment or declaration.
fn declaration(text: &str, name: usize) -> std::ops::Range<usize> {
    let start = text[..name].rfind('\n').map_or(0, |end| end + 1);
    let rest = &text[start..];
    let end = rest.find("\n\n").map_or(rest.len(), |end| end + 1);
    start..start + end
}

#[test]
fn every_line_of_the_readmes_table_compiles() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (mut wrong, mut lines) = (String::new(), 0);
    for row in readme.lines().filter(|line| line.starts_with("| \"")) {
        lines += 1;
        let line = row.rsplit('`').nth(1).unwrap();
        let found = compiled(line).diagnostics;
        for each in found.iter().filter(|each| each.level > Level::Note) {
            let _ = writeln!(wrong, "{line}\n  {}", each.message);
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(lines >= 20, "only {lines} sentences");
}

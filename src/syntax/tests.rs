//! Tests of reading.
#![allow(clippy::disallowed_methods, reason = "cases are files")]

use super::{Parsed, parse};
use crate::span::SourceId;

fn read(text: &str) -> Parsed {
    parse(SourceId(0), text)
}

fn files(folder: &str) -> Vec<(String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(folder);
    let mut files: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn every_sentence_of_the_language_is_read() {
    for (name, text) in files("syntax/valid") {
        let parsed = read(&text);
        for found in &parsed.diagnostics {
            let span = found.span().unwrap();
            eprintln!("{name}: {} {:?} at {:?}", found.message, found.labels, &text[span.range()]);
        }
        assert_eq!(parsed.diagnostics, [], "{name}");
        assert!(!parsed.file.items.is_empty(), "{name}");
    }
}

/// The tree as text, without its spans.
fn without_spans(parsed: &Parsed) -> String {
    let mut out = String::new();
    let tree = format!("{:?}", parsed.file);
    let mut rest = tree.as_str();
    while let Some(at) = rest.find("Span {") {
        out.push_str(&rest[..at]);
        let end = at + rest[at..].find('}').unwrap();
        rest = &rest[end + 1..];
    }
    out + rest
}

#[test]
fn dump() {
    for (name, text) in files("syntax/valid") {
        if name.contains("slice") || name.contains("sentence") || name.contains("tests") || name.contains("cleaning") {
            println!(
                "== {name}\n{}",
                without_spans(&read(&text))
                    .replace("span: ", "")
                    .replace("Spanned { value: ", "")
                    .replace(",  }", "}")
                    .replace("Item {", "\n\nItem {")
                    .replace("Step {", "\n  Step {")
                    .replace("Clause {", "\n  Clause {")
            );
        }
    }
}

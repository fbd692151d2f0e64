//! The language as it is written down in `docs/language.md`: every example there is read.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test reads the page it is about, and panics when it is wrong"
)]

use scn::compile::{Input, InputFile, compile};
use scn::diagnostic::Level;
use scn::format::format;
use scn::model::{Configuration, Surroundings};
use scn::span::SourceId;
use scn::syntax::parse;
use std::path::Path;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/language.md");

/// An indented block: the line on which it begins, and its text.
struct Block {
    line: usize,
    text: String,
}

fn blocks() -> Vec<Block> {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let mut found: Vec<Block> = Vec::new();
    let mut inside = false;
    for (number, line) in page.lines().enumerate() {
        let code = line.strip_prefix("    ");
        if code.is_none() && !line.trim().is_empty() {
            inside = false;
        }
        if let Some(code) = code {
            if !inside {
                found.push(Block { line: number + 1, text: String::new() });
                inside = true;
            }
            let block = found.last_mut().unwrap();
            block.text.push_str(code);
        }
        if let Some(block) = found.last_mut().filter(|_| inside) {
            block.text.push('\n');
        }
    }
    found
}

#[test]
fn every_example_is_read_and_has_a_layout() {
    let blocks = blocks();
    assert!(blocks.len() >= 13, "{} blocks", blocks.len());
    for Block { line, text } in &blocks {
        let parsed = parse(SourceId(0), text);
        assert_eq!(parsed.diagnostics, [], "the block at line {line}");
        assert!(!parsed.file.items.is_empty(), "the block at line {line}");
        let formatted = format(text).unwrap_or_else(|found| panic!("the block at line {line}: {found:?}"));
        assert_eq!(format(&formatted).unwrap(), formatted, "the block at line {line}");
    }
}

/// The scenarios of the page mean something, all together; the model that they are about is the standard library's.
#[test]
fn every_scenario_is_accepted() {
    let blocks = blocks();
    let is_library = |text: &str| text.contains("entity ") || text.contains("test \"");
    let told = blocks.iter().filter(|block| block.text.contains(" {") && !is_library(&block.text));
    let lines = told.flat_map(|block| block.text.lines()).filter(|line| !line.starts_with("route "));
    let mut text = lines.collect::<Vec<_>>().join("\n");
    // The page starts them and does not show them.
    for name in ["loyalty_welcome", "winback"] {
        text.push_str(&format!("\nscenario {name} {{ when started send email {name} }}"));
    }
    let mut input = Input::default();
    let source = input.sources.add("tour.scn", text.as_str());
    input.files.push(InputFile { source, stem: "tour".into(), folder: String::new(), selected: true });
    let compiled = compile(&input, &Surroundings::default(), &Configuration::default());
    let errors: Vec<_> = compiled.diagnostics.iter().filter(|found| found.level == Level::Error).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert!(compiled.bundle.unwrap().scenarios.len() >= 14);
}

/// The page is a copy of the target, where the target is at hand.
#[test]
fn the_page_is_the_target() {
    let data = std::env::var_os("SCN_DATA").unwrap_or_else(|| "../shared".into());
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join(data).join("design/language.md");
    let Ok(target) = std::fs::read_to_string(target) else { return };
    assert!(target == std::fs::read_to_string(PAGE).unwrap(), "docs/language.md is not the target any more");
}

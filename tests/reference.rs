//! Every `scn` block of the guide compiles without an error or a warning; every `scn,fails` block does not; and the tests in
//! them pass.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test reads the page it is about, and panics when it is wrong"
)]

use scn::compile::{Compiled, Input, InputFile, compile};
use scn::diagnostic::Level;
use scn::model::{Configuration, Surroundings};

/// The pages of the guide, and how many lines each may have: one is read in one go.
const PAGES: [(&str, usize); 3] = [("language.md", 600), ("practice.md", 300), ("simulating.md", 200)];

/// A fenced block: where it begins, what it calls itself, its text.
struct Block {
    page: &'static str,
    line: usize,
    language: String,
    text: String,
}

fn text_of(page: &str) -> String {
    std::fs::read_to_string(format!("{}/docs/reference/{page}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn blocks() -> Vec<Block> {
    PAGES.iter().flat_map(|(page, _)| blocks_of(page)).collect()
}

fn blocks_of(page: &'static str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in text_of(page).lines().enumerate() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(language), None) => {
                let language = language.to_owned();
                open = Some(Block { page, line: number + 1, language, text: String::new() });
            }
            (Some(_), Some(block)) => found.push(block),
            (None, Some(mut block)) => {
                block.text.push_str(line);
                block.text.push('\n');
                open = Some(block);
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block of {page} never ends");
    found
}

fn place(block: &Block) -> String {
    format!("{}, line {}", block.page, block.line)
}

/// A text that is a project by itself, with the standard library, and without templates or a CRM.
fn compiled(text: &str) -> Compiled {
    let mut input = Input::default();
    let source = input.sources.add("renewal.scn", text);
    input.files.push(InputFile { source, stem: "renewal".into(), folder: String::new(), selected: true });
    compile(&input, &Surroundings::default(), &Configuration::default())
}

#[test]
fn every_block_does_as_it_says() {
    let mut wrong = Vec::new();
    let (mut clean, mut failing) = (0, 0);
    for block in blocks() {
        let fails = match block.language.as_str() {
            "scn" => false,
            "scn,fails" => true,
            "html" | "text" => continue,
            other => panic!("{}: `{other}` is no language of the guide", place(&block)),
        };
        let compiled = compiled(&block.text);
        if fails {
            failing += 1;
            if compiled.bundle.is_some() {
                wrong.push(format!("{}: compiles", place(&block)));
            }
            continue;
        }
        clean += 1;
        let found = compiled.diagnostics.iter().filter(|each| each.level > Level::Note);
        wrong.extend(found.map(|each| format!("{}: {} ({})", place(&block), each.rule.info().name, each.message)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(clean > 0 && failing > 0, "{clean} blocks that compile, {failing} that do not");
}

#[test]
fn every_test_of_a_block_passes() {
    let mut ran = 0;
    for block in blocks().iter().filter(|block| block.language == "scn" && block.text.contains("\ntest \"")) {
        ran += 1;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("renewal.scn"), &block.text).unwrap();
        let output = assert_cmd::Command::cargo_bin("scn").unwrap().arg("test").arg(folder.path()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}: {text}", place(block));
    }
    assert!(ran > 0, "no block has a test");
}

#[test]
fn the_pages_are_compact() {
    for (page, most) in PAGES {
        let lines = text_of(page).lines().count();
        assert!(lines < most, "{page} has {lines} lines");
    }
}

//! Tests of the layout.
#![allow(clippy::disallowed_methods, reason = "cases are files")]

use super::format;
use crate::diagnostic::{Level, Rule};
use crate::span::SourceId;
use crate::syntax::{Parsed, TokenKind, parse};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn read(text: &str) -> Parsed {
    parse(SourceId(0), text)
}

fn spoken(text: &str, kinds: &[TokenKind]) -> Vec<String> {
    let tokens = read(text).tokens.into_iter().filter(|token| kinds.contains(&token.kind));
    tokens.map(|token| text[token.span.range()].to_owned()).collect()
}

/// `NAME.before.scn` becomes `NAME.after.scn`, which stays as it is.
#[test]
fn before_becomes_after() {
    let mut cases = 0;
    for path in files("format") {
        let name = path.to_string_lossy().into_owned();
        let Some(stem) = name.strip_suffix(".before.scn") else { continue };
        let before = std::fs::read_to_string(&path).unwrap();
        let after = std::fs::read_to_string(format!("{stem}.after.scn")).unwrap();
        assert_eq!(format(&before).unwrap(), after, "{name}");
        assert_eq!(format(&after).unwrap(), after, "{name}");
        cases += 1;
    }
    assert_eq!(cases * 2, files("format").len());
}

#[test]
fn a_text_with_errors_is_refused() {
    let refused = format("let x =").unwrap_err();
    assert_eq!(refused[0].rule, Rule::UnexpectedText);
    assert!(format("scenario s {").is_err());
    assert!(format("let x = 2020-13-01").is_err());
}

#[test]
fn a_text_that_says_nothing_keeps_its_comments() {
    assert_eq!(format("").unwrap(), "");
    assert_eq!(format("  \n\n").unwrap(), "");
    assert_eq!(format("\n\n  # one\r\n\r\n\r\n# two").unwrap(), "# one\n\n# two\n");
}

#[test]
fn a_block_that_does_not_fit_is_opened() {
    let step = "send email a_rather_long_name unless repurchased";
    let fits = format!("scenario s {{ when purchased {step} wait 1 month }}\n");
    assert_eq!(format(&fits).unwrap(), fits);
    let wide = format!("scenario s {{ when purchased {step} {step} }}\n");
    assert_eq!(format(&wide).unwrap(), format!("scenario s {{\n  when purchased\n  {step}\n  {step}\n}}\n"));
}

/// The items of all valid files, as their words; a bare scenario only alone.
fn items() -> Vec<Vec<String>> {
    let mut items = Vec::new();
    for path in files("syntax/valid") {
        let text = std::fs::read_to_string(path).unwrap();
        for item in read(&text).file.items {
            let inside = &text[item.span.range()];
            if !inside.starts_with("when") {
                let tokens = read(inside).tokens.into_iter().filter(|token| !token.kind.is_trivia());
                items.push(tokens.map(|token| inside[token.span.range()].to_owned()).collect());
            }
        }
    }
    items
}

fn gap() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        12 => Just(" "),
        3 => Just("\n"),
        1 => Just("\n\n\n"),
        1 => Just("\t\r\n  "),
        1 => Just(" # after \"it\n"),
        1 => Just("\n  # own { line\n"),
        1 => Just("\n\n## documented\n\n"),
        1 => Just("# one\n#two\n"),
    ]
}

/// A valid file: some items, with white space and comments of any kind between any two words.
fn valid_file() -> impl Strategy<Value = String> {
    let some = prop::collection::vec(prop::sample::select(items()), 1..5);
    let quiet = prop::collection::vec(prop::bool::weighted(0.5), 5);
    (some, quiet, prop::collection::vec(gap(), 600)).prop_map(|(items, quiet, gaps)| {
        let mut gaps = gaps.into_iter().cycle();
        let mut text = String::new();
        for (item, quiet) in items.iter().zip(quiet) {
            for word in item {
                text.push_str(word);
                text.push_str(if quiet { " " } else { gaps.next().unwrap() });
            }
            text.push_str(gaps.next().unwrap());
        }
        text
    })
}

proptest! {
    // Each case reads its text many times.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn formatting_changes_white_space_only_and_once(text in valid_file()) {
        prop_assert!(read(&text).diagnostics.iter().all(|found| found.level == Level::Warning), "{}", text);
        let formatted = format(&text).unwrap();
        prop_assert_eq!(format(&formatted).unwrap(), formatted.clone(), "of {}", text);
        prop_assert_eq!(read(&formatted).file.without_spans(), read(&text).file.without_spans());
        let comments = [TokenKind::Comment, TokenKind::DocComment];
        prop_assert_eq!(spoken(&formatted, &comments), spoken(&text, &comments));
        let words = [TokenKind::Keyword, TokenKind::Name, TokenKind::Text, TokenKind::Number, TokenKind::Punctuation];
        prop_assert_eq!(spoken(&formatted, &words), spoken(&text, &words));
        prop_assert!(!formatted.contains("\n\n\n") && !formatted.starts_with('\n'));
    }

    #[test]
    fn a_bare_scenario_too(gaps in prop::collection::vec(gap(), 20)) {
        let sentence = "when purchased product.recurring wait product.delay - 1 month send email reminder unless repurchased";
        let text: String = sentence.split(' ').zip(gaps).map(|(word, gap)| format!("{word}{gap}")).collect();
        let formatted = format(&text).unwrap();
        prop_assert_eq!(format(&formatted).unwrap(), formatted);
    }
}

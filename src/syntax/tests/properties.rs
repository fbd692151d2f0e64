//! Reading is total, and its tokens keep every byte.

use super::{files, read};
use crate::syntax::KEYWORDS;
use proptest::prelude::*;

/// Words and signs of the language, and some that are none.
const PIECES: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ",",
    ":",
    "=",
    "+",
    "-",
    "*",
    "/",
    "<",
    "<=",
    ">",
    ">=",
    "%",
    ".",
    "?",
    "|",
    "@",
    "\"",
    "\"a\"",
    "\\",
    "#",
    "##",
    "# c\n",
    "## d\n",
    "\n",
    "\r\n",
    " ",
    "\u{feff}",
    "\u{a0}",
    "1",
    "2.5",
    "2020-01-10",
    "09:00",
    "25:61",
    "purchased",
    "product",
    "email",
    "reminder",
    "days",
    "EUR",
    "été",
    "名",
    "\u{301}",
    "&",
    ";",
];

fn every_byte_is_kept(text: &str) -> Result<(), TestCaseError> {
    let parsed = read(text);
    let mut end = 0;
    for token in &parsed.tokens {
        prop_assert_eq!(token.span.start as usize, end);
        prop_assert!(token.span.start < token.span.end);
        prop_assert!(text.get(token.span.range()).is_some());
        end = token.span.end as usize;
    }
    prop_assert_eq!(end, text.len());
    // Every span of the tree and of the findings, by its printed form.
    let printed = format!("{:?} {:?}", parsed.file, parsed.diagnostics);
    for span in printed.split("SourceId(0), start: ").skip(1) {
        let (start, rest) = span.split_once(", end: ").unwrap();
        let (start, end): (usize, usize) = (start.parse().unwrap(), rest.split_once(' ').unwrap().0.parse().unwrap());
        prop_assert!(text.get(start..end).is_some(), "{start}..{end} of {text:?}");
    }
    Ok(())
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(PIECES).prop_map(str::to_owned),
        3 => prop::sample::select(KEYWORDS).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ]
}

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec((piece(), prop::bool::weighted(0.8)), 0..80)
        .prop_map(|pieces| pieces.into_iter().map(|(piece, space)| piece + if space { " " } else { "" }).collect())
}

/// A file that is right, with some runs of it left out, moved or replaced.
fn mutated() -> impl Strategy<Value = String> {
    let texts: Vec<String> = files("syntax/valid").into_iter().map(|(_, text)| text).collect();
    let change = (any::<prop::sample::Index>(), 0..20usize, piece());
    (prop::sample::select(texts), prop::collection::vec(change, 1..6)).prop_map(|(text, changes)| {
        let mut letters: Vec<char> = text.chars().collect();
        for (at, length, piece) in changes {
            let start = at.index(letters.len() + 1);
            let end = (start + length).min(letters.len());
            letters.splice(start..end, piece.chars());
        }
        letters.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn any_text(text in any::<String>()) {
        every_byte_is_kept(&text)?;
    }

    #[test]
    fn any_tokens(text in soup()) {
        every_byte_is_kept(&text)?;
    }

    #[test]
    fn any_item(text in soup(), start in prop::sample::select(&["let x = ", "scenario s { when a ", "test \"t\" { ", "entity e { "][..])) {
        every_byte_is_kept(&format!("{start}{text}"))?;
        every_byte_is_kept(&format!("{start}{text} }}"))?;
    }

    #[test]
    fn any_mutation(text in mutated()) {
        every_byte_is_kept(&text)?;
    }
}

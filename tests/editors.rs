//! The editors' grammars know the words that the language reserves, and no others.
//!
//! That they read every file of `stdlib` and `scenarios` is shown by `tests/slow/editors.sh`, with the tools of the
//! editors themselves.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test reads the files it is about, and panics when one is wrong"
)]

use scn::syntax::KEYWORDS;
use std::collections::BTreeSet;
use std::path::Path;

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands between two marks of a text.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    text.split_once(start).unwrap_or_else(|| panic!("no `{start}`")).1.split_once(end).unwrap().0
}

/// The words that stand between such quotes.
fn quoted(text: &str, quote: char) -> Vec<&str> {
    text.split(quote).skip(1).step_by(2).collect()
}

/// Sorted, each once; a word that is there twice fails.
fn once(words: Vec<&str>) -> BTreeSet<&str> {
    let set: BTreeSet<&str> = words.iter().copied().collect();
    assert_eq!(set.len(), words.len(), "a word stands twice in {words:?}");
    set
}

/// The rule `keyword` of the language's own grammar.
fn reserved() -> BTreeSet<String> {
    let grammar = file("grammar/scn.pest");
    once(quoted(between(&grammar, "\nkeyword = @{", "}"), '"')).into_iter().map(str::to_owned).collect()
}

fn same(words: BTreeSet<&str>, where_they_stand: &str) {
    let reserved = reserved();
    let reserved: BTreeSet<&str> = reserved.iter().map(String::as_str).collect();
    let missing: Vec<_> = reserved.difference(&words).collect();
    let unknown: Vec<_> = words.difference(&reserved).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "{where_they_stand}: missing {missing:?}, unknown {unknown:?}");
}

#[test]
fn the_grammar_reserves_what_the_library_lists() {
    same(once(KEYWORDS.to_vec()), "src/syntax/keywords.rs");
}

#[test]
fn tree_sitter_reserves_the_same_words() {
    let grammar = file("editors/tree-sitter-scn/grammar.js");
    same(once(quoted(between(&grammar, "const KEYWORDS = [", "]"), '\'')), "editors/tree-sitter-scn/grammar.js");
    assert!(grammar.contains("reserved: { global: _ => KEYWORDS,"), "the list is what is reserved");
}

#[test]
fn textmate_colours_the_same_words() {
    let grammar: serde_json::Value =
        serde_json::from_str(&file("editors/vscode/syntaxes/scn.tmLanguage.json")).unwrap();
    let mut words = Vec::new();
    for rule in grammar["repository"]["keywords"]["patterns"].as_array().unwrap() {
        let pattern = rule["match"].as_str().unwrap();
        let listed = pattern.strip_prefix("\\b").unwrap().strip_suffix("\\b").unwrap();
        let listed = listed.strip_prefix("(?:").map_or(listed, |rest| rest.strip_suffix(')').unwrap());
        words.extend(listed.split('|'));
    }
    same(once(words), "editors/vscode/syntaxes/scn.tmLanguage.json");
}

/// A word that is a rule of its own in the tree is coloured by the rule's name.
#[test]
fn tree_sitter_colours_every_reserved_word() {
    let query = file("editors/tree-sitter-scn/queries/highlights.scm");
    let code: String = query.lines().map(|line| line.split(';').next().unwrap()).collect();
    let coloured: BTreeSet<&str> = quoted(&code, '"').into_iter().collect();
    for word in KEYWORDS {
        let rule = match *word {
            "yes" => "(flag)",
            "latest" => "(latest)",
            "ever" => "(ever)",
            _ => "",
        };
        let by_rule = !rule.is_empty() && code.contains(rule);
        assert!(by_rule || coloured.contains(word), "nothing in queries/highlights.scm colours `{word}`");
    }
}

#[test]
fn the_extension_leads_to_its_files() {
    let package: serde_json::Value = serde_json::from_str(&file("editors/vscode/package.json")).unwrap();
    let contributes = &package["contributes"];
    let language = &contributes["languages"][0];
    assert_eq!(language["extensions"][0], ".scn");
    for path in [&language["configuration"], &contributes["grammars"][0]["path"]] {
        let path = path.as_str().unwrap().strip_prefix("./").unwrap();
        let text = file(&format!("editors/vscode/{path}"));
        assert!(serde_json::from_str::<serde_json::Value>(&text).unwrap().is_object(), "{path}");
    }
    assert_eq!(package["version"], env!("CARGO_PKG_VERSION"));
}

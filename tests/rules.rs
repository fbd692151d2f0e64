//! Every rule has a page; the example of a page breaks exactly that rule, and its repair is clean.

#![allow(
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reads the folder of the pages, and panics when one is wrong"
)]

use scn::compile::{Input, InputFile, compile};
use scn::diagnostic::{Diagnostic, Level, RULES, Rule, RuleInfo};
use scn::model::{Configuration, Surroundings};
use std::collections::BTreeSet;

/// Pages whose example is no `.scn` text that the compiler alone could judge. The tests named here judge them.
const OUTSIDE: &[(&str, &str)] = &[
    ("not-utf8", "a page is UTF-8 itself: `cli::project` tests it"),
    ("too-large", "the example would be a megabyte: `syntax` tests it"),
    ("empty-folder", "a folder is no text: `cli::project` tests it"),
    ("too-many-steps", "the example would be thousands of lines: `check` tests it"),
    ("template-missing", "needs a folder of templates: `check` tests it"),
    ("template-unknown-variable", "is found in a template: `check` tests it"),
    ("template-maybe-missing", "is found in a template: `check` tests it"),
    ("template-broken", "is found in a template: `channel` tests it"),
    ("template-no-subject", "is found in a template: `channel` tests it"),
    ("crm-unreadable", "needs a CRM: `store` tests it"),
    ("table-missing", "needs a CRM: `store` tests it"),
    ("column-missing", "needs a CRM: `store` tests it"),
    ("column-optional-missing", "needs a CRM: `store` tests it"),
    ("value-unreadable", "needs a CRM: `store` tests it"),
    ("delay-too-short", "needs a CRM: `store` tests it"),
    ("delay-missing", "needs a CRM: `store` tests it"),
    ("date-without-time", "needs a CRM: `store` tests it"),
    ("negative-quantity", "needs a CRM: `store` tests it"),
    ("configuration-wrong", "is found in `scn.toml`: `cli::configuration` tests it"),
    ("test-reads-not-given", "is found when the test runs: `drivers` tests it"),
];

/// A page, taken apart.
struct Page {
    title: String,
    why: String,
    example: Block,
    repair: Block,
}

/// A fenced block: its language and its text.
struct Block {
    language: String,
    text: String,
}

fn page(info: &RuleInfo) -> Page {
    let (head, rest) = info.page.split_once("\n## Example\n").unwrap_or_else(|| panic!("{}: no example", info.name));
    let (example, repair) = rest.split_once("\n## Repair\n").unwrap_or_else(|| panic!("{}: no repair", info.name));
    let (title, why) = head.split_once('\n').unwrap_or_else(|| panic!("{}: no reason", info.name));
    Page {
        title: title.to_owned(),
        why: why.trim().to_owned(),
        example: block(info.name, example),
        repair: block(info.name, repair),
    }
}

fn block(name: &str, section: &str) -> Block {
    let parts: Vec<&str> = section.split("```").collect();
    let [_, fenced, _] = parts.as_slice() else {
        panic!("{name}: one fenced block a section, not {}", parts.len() / 2)
    };
    let (language, text) = fenced.split_once('\n').unwrap_or_else(|| panic!("{name}: an empty block"));
    Block { language: language.to_owned(), text: text.to_owned() }
}

fn is_outside(name: &str) -> bool {
    OUTSIDE.iter().any(|(outside, _)| *outside == name)
}

/// What is found in a text that is a project by itself.
fn findings(text: &str) -> Vec<Diagnostic> {
    let mut input = Input::default();
    let source = input.sources.add("example.scn", text);
    input.files.push(InputFile { source, stem: "example".into(), folder: String::new(), selected: true });
    compile(&input, &Surroundings::default(), &Configuration::default()).diagnostics
}

fn names(rules: &BTreeSet<Rule>) -> Vec<&'static str> {
    rules.iter().map(|rule| rule.info().name).collect()
}

#[test]
fn every_page_has_its_form() {
    for info in RULES {
        let page = page(info);
        assert_eq!(page.title, format!("# {} {}", info.code, info.name));
        assert!(page.why.ends_with(['.', '?']), "{}: the reason is sentences", info.name);
        assert!(!info.why().is_empty() && page.why.replace('\n', " ").starts_with(&info.why()), "{}", info.name);
        for block in [&page.example, &page.repair] {
            let known = ["scn", "toml", "sql", "html", "text"].contains(&block.language.as_str());
            assert!(known, "{}: `{}`", info.name, block.language);
            assert!(!block.text.trim().is_empty(), "{}", info.name);
            assert!(is_outside(info.name) || block.language == "scn", "{}: an example is `scn`", info.name);
        }
    }
}

#[test]
fn every_page_belongs_to_a_rule() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let rule = name.strip_suffix(".md").and_then(Rule::find);
        assert!(rule.is_some(), "`docs/rules/{name}` is the page of no rule");
    }
    for (name, _) in OUTSIDE {
        assert!(Rule::find(name).is_some(), "`{name}` is no rule");
    }
}

/// Notes come beside other findings, and count only where the rule itself is a note.
#[test]
fn every_example_breaks_exactly_its_rule() {
    let mut wrong = Vec::new();
    for info in RULES.iter().filter(|info| !is_outside(info.name)) {
        let found = findings(&page(info).example.text);
        let counted = found.iter().filter(|each| each.level > Level::Note || each.rule == info.rule);
        let rules: BTreeSet<Rule> = counted.map(|each| each.rule).collect();
        if rules != BTreeSet::from([info.rule]) {
            wrong.push(format!("{}: found {:?}", info.name, names(&rules)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_repair_is_clean() {
    let mut wrong = Vec::new();
    for info in RULES.iter().filter(|info| !is_outside(info.name)) {
        let found = findings(&page(info).repair.text);
        let left = found.iter().filter(|each| each.level > Level::Note || each.rule == info.rule);
        let left: Vec<String> = left.map(|each| format!("{} ({})", each.rule.info().name, each.message)).collect();
        if !left.is_empty() {
            wrong.push(format!("{}: {}", info.name, left.join(", ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

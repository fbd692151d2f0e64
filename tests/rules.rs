//! Every rule has a page; the example of a page breaks exactly that rule, and its repair is clean.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test reads and writes files, and panics when a page is wrong"
)]

use scn::compile::{Input, InputFile, compile};
use scn::diagnostic::{Diagnostic, Level, Levels, RULES, Rule, RuleInfo, settle};
use scn::model::{Configuration, Surroundings};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Pages whose example needs more than its text to be judged. Those that are not judged in `SURROUNDED` below are
/// judged by the tests named here.
const OUTSIDE: &[(&str, &str)] = &[
    ("not-utf8", "a page is UTF-8 itself: `cli::project` tests it"),
    ("file-unreadable", "is about a file that is not there: `tests/cli` tests it"),
    ("too-large", "the example would be a megabyte: `syntax` tests it"),
    ("empty-folder", "a folder is no text: `cli::project` tests it"),
    ("too-many-steps", "the example would be thousands of lines: `check` tests it"),
    ("template-missing", "is about a file that is not there: tested below"),
    ("template-unknown-variable", "is found in a template: tested below"),
    ("template-maybe-missing", "is found in a template: tested below"),
    ("template-broken", "is found in a template: tested below"),
    ("template-no-subject", "is found in a template: tested below"),
    ("crm-unreadable", "needs a file that is no CRM: tested below"),
    ("table-missing", "needs a CRM: tested below"),
    ("column-missing", "needs a CRM: tested below"),
    ("column-optional-missing", "needs a CRM: tested below"),
    ("value-unreadable", "is found in the rows of a CRM: tested below"),
    ("delay-too-short", "is found in the rows of a CRM: tested below"),
    ("delay-missing", "is found in the rows of a CRM: tested below"),
    ("date-without-time", "is found in the rows of a CRM: tested below"),
    ("negative-quantity", "is found in the rows of a CRM: tested below"),
    ("far-instant", "is found in the rows of a CRM: tested below"),
    ("configuration-wrong", "is found in `scn.toml`: tested below"),
    ("policy-over-configuration", "needs `scn.toml`: tested below"),
    ("test-reads-not-given", "is found when the test runs: tested below"),
    ("link-without-host", "is found in a template: tested below"),
    ("foreign-link", "is found in a template: tested below"),
    ("link-not-encrypted", "is found in a template: tested below"),
    ("no-unsubscribe", "is found in a template: tested below"),
    ("subject-long", "is found in a template: tested below"),
    ("wrong-storage-class", "is found in the rows of a CRM: tested below"),
    ("contacts-unreachable", "is found in the rows of a CRM: tested below"),
    ("no-such-row", "is found in the rows of a CRM: tested below"),
    ("value-missing", "is found in the rows of a CRM: tested below"),
    ("no-default-language", "is about a file that is not there: `tests/diagnostics` tests it"),
    ("language-missing", "is about a file that is not there: `tests/diagnostics` tests it"),
    ("no-text-part", "is about a file that is not there: `tests/diagnostics` tests it"),
    ("sms-alphabet", "is found in a template for SMS: `tests/diagnostics` tests it"),
    ("sms-long", "is found in a template for SMS: `tests/diagnostics` tests it"),
    ("no-timeline-index", "needs thousands of rows: `tests/diagnostics` tests it"),
];

/// Pages whose example is put beside a scenario and its template, and judged by `scn check`.
const SURROUNDED: &[&str] = &[
    "template-unknown-variable",
    "template-maybe-missing",
    "template-broken",
    "template-no-subject",
    "table-missing",
    "column-missing",
    "column-optional-missing",
    "value-unreadable",
    "delay-too-short",
    "delay-missing",
    "date-without-time",
    "negative-quantity",
    "far-instant",
    "configuration-wrong",
    "policy-over-configuration",
    "link-without-host",
    "foreign-link",
    "link-not-encrypted",
    "no-unsubscribe",
    "subject-long",
    "wrong-storage-class",
    "contacts-unreachable",
    "no-such-row",
    "value-missing",
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
    let mut compiled = compile(&input, &Surroundings::default(), &Configuration::default());
    settle(&mut compiled.diagnostics, &Levels::default(), &compiled.silences, |_| true);
    compiled.diagnostics
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
    for entry in fs::read_dir(folder).unwrap() {
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

const SCENARIO: &str = "when purchased product.recurring\nonce\nwait product.delay - 1 month\nsend email reminder\n";
const TEMPLATE: &str = "---\nsubject: It is time\n---\n<p>It is time for {{ product.name }}.</p>\n<a href=\"https://shop.example/unsubscribe\">Unsubscribe</a>\n";

/// What a shop's CRM holds where a page says nothing else.
const CRM: &str = "
    CREATE TABLE IF NOT EXISTS order_lines (
        id INTEGER PRIMARY KEY, customer_id INTEGER, ordered_at TEXT, product_id INTEGER, quantity INTEGER, total NUMERIC
    );
    CREATE TABLE IF NOT EXISTS articles (id INTEGER PRIMARY KEY, label TEXT, is_refill INTEGER, lifetime TEXT);
    CREATE TABLE IF NOT EXISTS contact (id INTEGER PRIMARY KEY, email TEXT);
    CREATE TABLE IF NOT EXISTS product (id INTEGER PRIMARY KEY, name TEXT, recurring INTEGER, delay TEXT);
";
const ROW: &str = "INSERT INTO product (id, name, recurring, delay) VALUES (3, 'Soap', 1, '6 months');";
const PERSON: &str = "INSERT INTO contact (id, email) VALUES (7, 'ana@example.com');";
/// A return, as many shops write it.
const RETURNED: &str = "INSERT INTO order_lines VALUES (1, 7, '2011-03-04T10:00:00Z', 3, -1, -12.5);";
const PURCHASED: &str = "
    CREATE TABLE IF NOT EXISTS purchased (
        id INTEGER PRIMARY KEY, contact INTEGER, at TEXT, product INTEGER, quantity INTEGER, amount NUMERIC
    );
";

/// What `scn check` finds in a folder, with its CRM where there is one: codes, without the notes that break no
/// other rule than their own.
fn checked(folder: &Path, own: &RuleInfo) -> BTreeSet<String> {
    let mut command = assert_cmd::Command::cargo_bin("scn").unwrap();
    command.current_dir(folder).args(["check", "--format", "json"]);
    if folder.join("shop.db").exists() {
        command.args(["--crm", "shop.db"]);
    }
    let output = command.output().unwrap();
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let counted = found.as_array().unwrap().iter().filter(|each| each["level"] != "note" || each["code"] == own.code);
    counted.map(|each| each["code"].as_str().unwrap().to_owned()).collect()
}

/// A project that is clean, with the block of a page in the place where it belongs.
fn surrounded(info: &RuleInfo, block: &Block) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("templates")).unwrap();
    write("renewal.scn", SCENARIO);
    if info.name == "policy-over-configuration" {
        write("policy.scn", "policy { time zone \"Europe/Paris\" }\n");
    }
    let is_template = block.language == "html";
    write("templates/reminder.email.html", if is_template { &block.text } else { TEMPLATE });
    match block.language.as_str() {
        "toml" => write("scn.toml", &block.text),
        "sql" => {
            let crm = rusqlite::Connection::open(folder.path().join("shop.db")).unwrap();
            let rest = if info.name == "table-missing" { "" } else { PURCHASED };
            let is_declared = block.text.contains("CREATE ");
            let (before, after) = if is_declared { (block.text.as_str(), "") } else { ("", block.text.as_str()) };
            let own =
                |table: &str| ["TABLE", "VIEW"].iter().any(|kind| block.text.contains(&format!("{kind} {table} ")));
            let row = if own("product") { "" } else { ROW };
            let person = if own("contact") { "" } else { PERSON };
            let line = if info.name == "negative-quantity" { RETURNED } else { "" };
            crm.execute_batch(&format!("{before}{CRM}{rest}{person}{row}{line}{after}")).unwrap();
        }
        _ => {}
    }
    folder
}

#[test]
fn every_surrounded_example_breaks_exactly_its_rule() {
    for name in SURROUNDED {
        let info = Rule::find(name).unwrap();
        let page = page(info);
        let found = checked(surrounded(info, &page.example).path(), info);
        assert_eq!(found, BTreeSet::from([info.code.to_owned()]), "{name}");
        let left = checked(surrounded(info, &page.repair).path(), info);
        assert_eq!(left, BTreeSet::new(), "the repair of {name}");
    }
}

#[test]
fn what_is_not_there_is_found() {
    let shop = surrounded(Rule::TemplateMissing.info(), &Block { language: "text".into(), text: String::new() });
    assert_eq!(checked(shop.path(), Rule::TemplateMissing.info()), BTreeSet::new());
    fs::write(shop.path().join("shop.db"), "id,email\n1,ana@example.com\n").unwrap();
    assert_eq!(checked(shop.path(), Rule::CrmUnreadable.info()), BTreeSet::from(["D001".to_owned()]));
    fs::remove_file(shop.path().join("shop.db")).unwrap();
    fs::remove_file(shop.path().join("templates/reminder.email.html")).unwrap();
    assert_eq!(checked(shop.path(), Rule::TemplateMissing.info()), BTreeSet::from(["M001".to_owned()]));
}

#[test]
fn a_test_that_does_not_give_a_field_fails_by_its_name() {
    let page = page(Rule::TestReadsNotGiven.info());
    for (block, code, said) in [(&page.example, 1, "`product.delay`"), (&page.repair, 0, "1 test passed")] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("example.scn"), &block.text).unwrap();
        let output = assert_cmd::Command::cargo_bin("scn").unwrap().arg("test").arg(folder.path()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert!(text.contains(said) && text.contains("T010") == (code == 1), "{text}");
    }
}

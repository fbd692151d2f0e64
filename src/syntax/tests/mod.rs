//! Tests of reading.
#![allow(clippy::disallowed_methods, reason = "cases are files")]

mod properties;

use super::tree::ItemKind;
use super::{KEYWORDS, Parsed, TokenKind, parse};
use crate::diagnostic::Rule;
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

/// Every line of `errors.txt` is a code, a place, a label and a text that gives exactly this one finding.
#[test]
fn every_mistake_gets_one_finding_at_its_place() {
    let table = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/syntax/errors.txt")).unwrap();
    let mut wrong = String::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let text = line.rsplit(" | ").next().unwrap().replace("\\n", "\n");
        let found: Vec<String> = read(&text)
            .diagnostics
            .iter()
            .map(|found| {
                let code = found.rule.info().code;
                let label = &found.labels[0];
                let help = found.help.as_deref().unwrap_or_else(|| panic!("no way out of `{text}`"));
                let words = [help, &found.message, &label.text];
                assert!(!words.iter().any(|each| each.contains("``")), "{found:?}");
                format!("{code} | {} | {} | {} | ", &text[label.span.range()], found.message, label.text)
            })
            .collect();
        let found = found.concat() + &text.replace('\n', "\\n");
        if found != line {
            wrong += &format!("{found}\n");
        }
    }
    assert!(wrong.is_empty(), "found instead:\n{wrong}");
}

/// Every line of `same.txt` is two items that say the same, or do not.
#[test]
fn operators_and_words_bind_as_they_should() {
    let table = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/syntax/same.txt")).unwrap();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let (one, other, same) = match line.split_once(" == ") {
            Some((one, other)) => (one, other, true),
            None => line.split_once(" != ").map(|(one, other)| (one, other, false)).unwrap(),
        };
        let tree = |text: &str| {
            let parsed = read(text);
            assert_eq!(parsed.diagnostics, [], "{text}");
            parsed.file.without_spans()
        };
        assert_eq!(tree(one) == tree(other), same, "{line}\n{:#?}\n{:#?}", tree(one), tree(other));
    }
}

#[test]
fn white_space_and_comments_mean_nothing() {
    let sentence =
        "when purchased product.recurring wait product.delay - 1 month send email reminder unless repurchased";
    let four =
        "when purchased product.recurring\nwait product.delay - 1 month\nsend email reminder\nunless repurchased\n";
    let commented: String = sentence
        .split(' ')
        .flat_map(|word| word.split_inclusive('.'))
        .map(|word| format!("{} # a comment, even \"this\n## and {{ that\r\n", word.replace('.', " # x\n .")))
        .collect();
    let expected = read(sentence);
    assert_eq!(expected.diagnostics, []);
    for text in [four, &commented, &sentence.replace(' ', "\t\u{a0}\r\n")] {
        let parsed = read(text);
        assert_eq!(parsed.diagnostics, [], "{text}");
        let (mut one, mut other) = (expected.file.without_spans(), parsed.file.without_spans());
        one.items[0].doc = None;
        other.items[0].doc = None;
        assert_eq!(one, other, "{text}");
    }
}

#[test]
fn keywords_are_what_the_grammar_reserves() {
    assert!(KEYWORDS.is_sorted());
    let grammar = include_str!("../../../grammar/scn.pest");
    let rule = grammar.split("keyword = @{").nth(1).unwrap().split("XID_CONTINUE").next().unwrap();
    let mut reserved: Vec<&str> = rule.split('"').skip(1).step_by(2).collect();
    reserved.sort_unstable();
    assert_eq!(reserved, KEYWORDS);
    let rules = grammar.lines().filter_map(|line| line.strip_prefix("kw_")?.split_once(' '));
    for (word, _) in rules {
        assert!(KEYWORDS.contains(&word), "{word}");
    }
    for word in KEYWORDS {
        assert_eq!(read(word).tokens[0].kind, TokenKind::Keyword, "{word}");
        assert_eq!(read(&format!("{word}s")).tokens[0].kind, TokenKind::Name, "{word}s");
        assert_eq!(read(&format!("let x = y.{word}")).diagnostics, [], "{word} after a point");
        let code = read(&format!("entity e {{ {word}: text }}")).diagnostics[0].rule;
        assert_eq!(code, Rule::ReservedWord, "{word}");
    }
}

#[test]
fn common_words_stay_names() {
    let words = "contact product order list message category by name price delay email sms phone first count day \
                 monday entry trigger now from on push post webhook value type start_date été a arriving as average by cases \
                 common contacts days expire expiring gap holdout hours median messages most nothing over priority quiet \
                 receive refreshed share sum time times top zone started";
    for word in words.split_whitespace() {
        let text = format!("entity {word} {{ {word}: {word}? }} let {word} = {word} is {word} or opened {word} ever");
        assert_eq!(read(&text).diagnostics, [], "{word}");
    }
}

#[test]
fn documentation_belongs_to_what_follows() {
    let parsed = read("## One.\n# not this\n## Two.\nentity e {\n  ## Three.\n  a: text # no\n  b: text\n}\nlet x = 1");
    assert_eq!(parsed.file.items[0].doc.as_deref(), Some("One.\nTwo."));
    assert_eq!(parsed.file.items[1].doc, None);
    let ItemKind::Entity(entity) = &parsed.file.items[0].kind else { panic!() };
    assert_eq!(entity.fields[0].doc.as_deref(), Some("Three."));
    assert_eq!(entity.fields[1].doc, None);
}

#[test]
fn one_bad_item_hides_no_other() {
    let text =
        "let a = 1\nlet b = = 2\nscenario s { when x { wait 1 day }\nentity e { a text }\nlet c = \"x\nlet d = 4\n";
    let parsed = read(text);
    let codes: Vec<_> = parsed.diagnostics.iter().map(|found| found.rule.info().code).collect();
    assert_eq!(codes, ["S001", "S001", "S001", "S008"]);
    // What is left of a scenario is there too.
    assert_eq!(parsed.file.items.len(), 3);
    let unread: Vec<_> = parsed.unread.iter().map(|word| word.value.as_str()).collect();
    assert_eq!(unread, ["b", "e", "c"]);
}

#[test]
fn one_bad_step_hides_no_other() {
    let mistakes = [
        ("scenario s {\n  when a\n  wiat 3 days\n  send email b unles c\n  if d {\n    send e\n  }\n  wait\n}", 4),
        ("when a\nwiat 3 days\nsend b\nwait 1 day", 2),
        ("test \"t\" {\n  given product\n    : x\n  at 2020-01-01 ana = b\n  expect email\n  until 2020\n}", 4),
        ("scenario s {\n  when a\n  wiat 3 days\n  stop\n}", 1),
        ("scenario s { when a wiat 3 days sned email b }", 2),
        ("entity e {\n  a text\n  b text\n}", 1),
    ];
    for (text, count) in mistakes {
        let found: Vec<_> = read(text).diagnostics.iter().map(|found| found.message.clone()).collect();
        assert_eq!(found.len(), count, "{text}\n{found:?}");
    }
    let many = format!("scenario s {{ when a\n{} }}", "wait\n".repeat(50_000));
    assert_eq!(read(&many).diagnostics.len(), 9);
}

#[test]
fn spans_end_with_their_last_word() {
    let text = "scenario s { when a   # why\n wait 1 day   # so\n  send email b   \n } # end\n";
    let parsed = read(text);
    let ItemKind::Scenario(scenario) = &parsed.file.items[0].kind else { panic!() };
    assert_eq!(&text[scenario.clauses[0].span.range()], "when a");
    assert_eq!(&text[scenario.steps[0].span.range()], "wait 1 day");
    assert_eq!(&text[scenario.steps[1].span.range()], "send email b");
    assert_eq!(&text[parsed.file.items[0].span.range()], text[..text.len() - 7].trim());
}

#[test]
fn no_text_nests_without_end() {
    let refused = [
        "(".repeat(50_000),
        format!("let x = {}a", "(".repeat(100)),
        format!("let x = {}a{}", "(".repeat(65), ")".repeat(65)),
        format!("let x = {}a", "not ".repeat(100_000)),
        format!("let x = {}a", "- ".repeat(20_000)),
        format!("let x = {}a", "- (not ".repeat(1000)),
        format!("let x = {}a", "if ".repeat(20_000)),
        format!("let x = {}a", "if a then ".repeat(1000)),
        format!("let x = {}a", "[".repeat(1000)),
        format!("let x = a{}", " default a".repeat(1000)),
        format!("let x = a{}", " default - - a".repeat(70)),
        format!("scenario x {{ when a {} {} }}", "if b {".repeat(64), "}".repeat(64)),
    ];
    for text in &refused {
        let parsed = read(text);
        assert_eq!(parsed.diagnostics.len(), 1, "{:?}", &text[..50]);
        assert_eq!(parsed.diagnostics[0].rule, Rule::TooDeep, "{:?}", &text[..50]);
    }
    let large = "(".repeat(10_000_000);
    assert_eq!(read(&large).diagnostics[0].rule, Rule::TooLarge);
    assert_eq!(read(&large).tokens.len(), 1);
}

#[test]
fn long_chains_are_read() {
    let accepted = [
        format!("let x = {}a{}", "(1 + -2 * not [if a then ".repeat(15), " else b])".repeat(15)),
        format!("let x = {}a{}", "lead(a default ".repeat(60), ", 1)".repeat(60)),
        format!("let x = {}a where (b){}", "(a where ".repeat(60), " in last 3 days)".repeat(60)),
        format!("let x = {}a{}", "no (a where (".repeat(30), ")) ever".repeat(30)),
        format!("let x = if a then b {} else c", "else if a then b ".repeat(5000)),
        format!("let x = a {}", "and b or c ".repeat(2000)),
        format!("let x = a {}", "+ 1 - 2 * 3 ".repeat(2000)),
        format!("scenario x {{ when a if a {{ stop }} {} }}", "else if b { stop } ".repeat(5000)),
        format!("scenario x {{ when a {} }}", "if b { wait 1 day }\n".repeat(1000)),
        format!("scenario x {{ when a {} {} }}", "if b {".repeat(63), "}".repeat(63)),
        format!("when a {}", "send email b only if c ".repeat(1000)),
        format!("let x = a {}", "b c ".repeat(5_000)),
    ];
    for text in &accepted {
        let findings = read(text).diagnostics;
        let kinds: Vec<_> = findings.iter().map(|found| (found.rule, &found.message)).collect();
        let only_for_sense = kinds.iter().all(|(_, message)| *message == "only events can be looked for here");
        assert!(only_for_sense, "{:?}: {kinds:?}", &text[..60]);
    }
}

/// Every line of `repairs.txt` is a text, and what it becomes by the safe repairs of its findings, as often as there are any.
#[test]
fn what_is_surely_meant_is_repaired() {
    let table = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/syntax/repairs.txt")).unwrap();
    let mut wrong = String::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let (before, after) = line.split_once(" => ").unwrap();
        let mut text = before.replace("\\n", "\n");
        for _ in 0..10 {
            let Some(fix) = read(&text).diagnostics.into_iter().find_map(|found| found.safe_fix().cloned()) else {
                break;
            };
            text.replace_range(fix.span.range(), &fix.replacement);
        }
        let text = text.replace('\n', "\\n");
        if text != after {
            wrong += &format!("{before} => {text}\n");
        }
    }
    assert!(wrong.is_empty(), "found instead:\n{wrong}");
}

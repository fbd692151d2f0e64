//! `scn check --changed-since`: what a change causes is shown, wherever it lies.

use super::check::{committed, git, since};
use super::{TEMPLATE, scn};
use std::fs;

/// A shop in which each scenario rests on another: `asks` on the message of `fourth`, which `third` starts.
fn shop() -> tempfile::TempDir {
    let sends = |name: &str, message: &str, more: &str| {
        format!("scenario {name} {{\n  when purchased once\n  send service email {message}\n{more}}}\n")
    };
    let asks = "scenario asks {\n  when subscribed once\n  wait 1 day\n  send service email y only if opened z in last 1 year\n}\n";
    committed(&[
        ("asks.scn", asks.to_owned()),
        ("third.scn", sends("third", "y", "  start fourth\n")),
        ("fourth.scn", sends("fourth", "z", "").replace("when purchased once", "when started")),
        ("templates/y.email.txt", TEMPLATE.replace("{{ product.name }}", "thanks")),
        ("templates/z.email.txt", TEMPLATE.replace("{{ product.name }}", "thanks")),
    ])
}

#[test]
fn what_a_change_causes_elsewhere_is_shown() {
    let shop = shop();
    let at = shop.path();
    assert_eq!(since(at, "main"), Vec::<String>::new());
    let read = |file: &str| fs::read_to_string(at.join(file)).unwrap();
    // A message that nobody sends any more is asked for.
    fs::write(at.join("fourth.scn"), read("fourth.scn").replace("email z", "email y")).unwrap();
    let found = since(at, "main");
    assert!(found.iter().any(|line| line.starts_with("asks.scn:4:") && line.contains("N001")), "{found:?}");
    scn(at, &["check", "--changed-since", "main"]).expect(1, &["no message is called `z`"]);
    git(at, &["checkout", "-q", "."]);
    // A scenario that nobody starts any more, because a step or a file is gone.
    fs::write(at.join("third.scn"), read("third.scn").replace("  start fourth\n", "")).unwrap();
    let found = since(at, "main");
    assert!(found.iter().any(|line| line.starts_with("fourth.scn:") && line.contains("F010")), "{found:?}");
    git(at, &["checkout", "-q", "."]);
    fs::remove_file(at.join("third.scn")).unwrap();
    let found = since(at, "main");
    assert!(found.iter().any(|line| line.starts_with("fourth.scn:") && line.contains("F010")), "{found:?}");
    // What was there before, and has nothing to do with the change, is not.
    git(at, &["add", "-A"]);
    git(at, &["commit", "-q", "-m", "without a start"]);
    fs::write(at.join("new.scn"), "scenario newest {\n  when subscribed once\n  send service email y\n}\n").unwrap();
    assert_eq!(since(at, "main"), Vec::<String>::new());
}

#[test]
fn layout_and_comments_cause_nothing() {
    let shop = shop();
    let at = shop.path();
    fs::remove_file(at.join("third.scn")).unwrap();
    git(at, &["add", "-A"]);
    git(at, &["commit", "-q", "-m", "a warning"]);
    let asks = fs::read_to_string(at.join("asks.scn")).unwrap();
    fs::write(at.join("asks.scn"), format!("# a word\n\n{asks}")).unwrap();
    let fourth = fs::read_to_string(at.join("fourth.scn")).unwrap();
    fs::write(at.join("fourth.scn"), format!("# a word\n\n{fourth}")).unwrap();
    assert_eq!(since(at, "main"), Vec::<String>::new());
}

#[test]
fn an_empty_line_moves_no_finding_that_is_told_once() {
    // That the model knows no consent is told once, at the first marketing message.
    let sends = |name: &str| format!("scenario {name} {{\n  when purchased once\n  send email y\n}}\n");
    let shop = committed(&[
        ("alpha.scn", sends("alpha")),
        ("beta.scn", sends("beta")),
        ("templates/y.email.txt", TEMPLATE.replace("{{ product.name }}", "thanks")),
    ]);
    let at = shop.path();
    let told = || scn(at, &["check", "--changed-since", "main", "--format", "line"]).out;
    for file in ["alpha.scn", "beta.scn"] {
        let text = fs::read_to_string(at.join(file)).unwrap();
        fs::write(at.join(file), format!("\n{text}\n")).unwrap();
        assert_eq!(told(), "", "{file}");
        git(at, &["checkout", "-q", "."]);
    }
    fs::write(at.join("alpha.scn"), sends("alpha").replace("once", "latest")).unwrap();
    assert!(told().contains("alpha.scn:3:") && told().contains("C001"), "{}", told());
}

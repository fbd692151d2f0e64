//! `scn check`: levels, silences and repairs, in a project of its own.

use super::{TEMPLATE, folder, scn};
use std::fs;
use std::path::Path;
use std::process::Command;

/// A scenario with a warning on its fourth line.
const CARE: &str = "scenario care {\n  when purchased once\n  wait 1 day\n  send service email reminder only if product.price > 50 EUR\n}\n";

#[test]
fn a_silence_with_a_reason_keeps_a_warning_from_counting() {
    let shop = folder(&[("care.scn", CARE.as_bytes()), ("templates/reminder.email.txt", TEMPLATE.as_bytes())]);
    scn(shop.path(), &["check"]).expect(1, &["T004", "1 warning"]);
    let comment = "  # scn: allow maybe-missing because every product of the shop has a price\n";
    fs::write(shop.path().join("care.scn"), CARE.replace("  send", &format!("{comment}  send"))).unwrap();
    let quiet = scn(shop.path(), &["check"]);
    quiet.expect(0, &["nothing found in 1 file; 1 silenced"]);
    assert!(!quiet.out.contains("T004"));
    // Machines are told, with the reason.
    scn(shop.path(), &["check", "--format", "sarif"])
        .expect(0, &["suppressions", "every product of the shop has a price"]);
    // The formatter keeps it where it is.
    scn(shop.path(), &["fmt"]).expect(0, &[]);
    scn(shop.path(), &["check"]).expect(0, &["1 silenced"]);
    // When the reason is gone, so is the silence.
    let mended = fs::read_to_string(shop.path().join("care.scn")).unwrap();
    let mended = mended.replace("product.price >", "(product.price default 0 EUR) >");
    fs::write(shop.path().join("care.scn"), mended).unwrap();
    scn(shop.path(), &["check"]).expect(1, &["S015", "`maybe-missing` finds nothing on this line"]);
}

#[test]
fn levels_are_the_projects() {
    let shop = folder(&[("care.scn", CARE.as_bytes()), ("templates/reminder.email.txt", TEMPLATE.as_bytes())]);
    for (level, code, said) in [("off", 0, "nothing found"), ("note", 0, "1 note"), ("error", 1, "1 error")] {
        fs::write(shop.path().join("scn.toml"), format!("[check.levels]\nmaybe-missing = \"{level}\"\n")).unwrap();
        scn(shop.path(), &["check"]).expect(code, &[said]);
        // What only counts more is no reason not to run.
        scn(shop.path(), &["compile"]).expect(0, &[]);
    }
}

#[test]
fn repairs_are_made_until_nothing_is_left_to_make() {
    // The second mistake shows when the first is mended, and the last has no repair.
    let broken = "scenario care {\n  wehn purchased\n  wait 1 mnth\n  send email reminder unles repurchased\n  set contact.nothing = 3\n}\n";
    let shop = folder(&[("care.scn", broken.as_bytes()), ("templates/reminder.email.txt", TEMPLATE.as_bytes())]);
    let ran = scn(shop.path(), &["check", "--fix"]);
    ran.expect(1, &["repaired `care.scn`", "`nothing`"]);
    let text = fs::read_to_string(shop.path().join("care.scn")).unwrap();
    assert_eq!(text, broken.replace("wehn", "when").replace("mnth", "month").replace("unles ", "unless "));
    let again = scn(shop.path(), &["check", "--fix"]);
    assert!(!again.err.contains("repaired"), "{}", again.err);
}

/// What `scn check --changed-since REV --format line` prints, one finding a line.
pub(super) fn since(shop: &Path, revision: &str) -> Vec<String> {
    let ran = scn(shop, &["check", "--changed-since", revision, "--format", "line"]);
    let level = |line: &&str| !line.contains(": note[") && !line.starts_with("note[");
    ran.out.lines().filter(level).map(|line| line.split(';').next().unwrap().to_owned()).collect()
}

pub(super) fn git(shop: &Path, arguments: &[&str]) {
    let mut run = Command::new("git");
    run.current_dir(shop).args(["-c", "user.name=a", "-c", "user.email=a@shop.example"]);
    assert!(run.args(arguments).output().unwrap().status.success(), "{arguments:?}");
}

#[test]
fn only_what_a_change_touches_is_shown() {
    let warns = |name: &str| {
        format!(
            "scenario {name} {{\n  when purchased once\n  wait soon\n  send service email reminder only if {name}_is_dear\n}}\n"
        )
    };
    let dear = |name: &str| format!("let {name}_is_dear = product.price > 50 EUR\n");
    let files = [
        ("words.scn", format!("let soon = 1 day\n{}{}", dear("alpha"), dear("beta"))),
        ("alpha.scn", warns("alpha")),
        ("beta.scn", warns("beta")),
        ("templates/reminder.email.txt", TEMPLATE.to_owned()),
    ];
    let bytes: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let shop = folder(&bytes);
    let at = shop.path();
    git(at, &["init", "-q", "-b", "main"]);
    git(at, &["add", "."]);
    git(at, &["commit", "-q", "-m", "before"]);
    let all = scn(at, &["check", "--format", "line"]);
    assert_eq!(all.out.lines().filter(|line| line.contains("T004")).count(), 2, "{}", all.out);
    assert_eq!(since(at, "main"), Vec::<String>::new());
    // Layout is no change.
    let words = fs::read_to_string(at.join("words.scn")).unwrap();
    fs::write(at.join("words.scn"), format!("# a comment\n\n{words}")).unwrap();
    assert_eq!(since(at, "main"), Vec::<String>::new());
    // What depends on a change is touched by it, and what the change is made in.
    fs::write(
        at.join("words.scn"),
        words.replace("let alpha_is_dear = product.price > 50", "let alpha_is_dear = product.price > 60"),
    )
    .unwrap();
    let found = since(at, "main");
    assert!(
        found.iter().any(|line| line.contains("T004")) && !found.iter().any(|line| line.contains("beta")),
        "{found:?}"
    );
    // A name that is gone is missed elsewhere.
    fs::write(at.join("words.scn"), words.replace("let soon = 1 day\n", "")).unwrap();
    let found = since(at, "main");
    assert_eq!(found.iter().filter(|line| line.contains("N001")).count(), 2, "{found:?}");
    // A file that is not under control yet, and one that cannot be read.
    fs::write(at.join("words.scn"), &words).unwrap();
    fs::write(at.join("three.scn"), "scenario three { when purchased once sned email reminder }\n").unwrap();
    assert!(since(at, "main").iter().any(|line| line.starts_with("three.scn:1:")), "{:?}", since(at, "main"));
    fs::remove_file(at.join("three.scn")).unwrap();
    // What holds for all touches all.
    fs::write(at.join("policy.scn"), "policy { expire 1 day }\n").unwrap();
    assert_eq!(since(at, "main").iter().filter(|line| line.contains("T004")).count(), 2);
    fs::remove_file(at.join("policy.scn")).unwrap();
    // A template touches who sends it.
    fs::write(at.join("templates/reminder.email.txt"), TEMPLATE.replace("product.name", "product.nmae")).unwrap();
    assert!(since(at, "main").iter().any(|line| line.contains("M002")), "{:?}", since(at, "main"));
    scn(at, &["check", "--changed-since", "no-such-branch"]).expect(2, &["`no-such-branch`", "such as `origin/main`"]);
    scn(folder(&bytes).path(), &["check", "--changed-since", "main"])
        .expect(2, &["there is no repository of git here"]);
}

/// A shop under version control, committed on `main`.
pub(super) fn committed(files: &[(&str, String)]) -> tempfile::TempDir {
    let bytes: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let shop = folder(&bytes);
    git(shop.path(), &["init", "-q", "-b", "main"]);
    git(shop.path(), &["add", "."]);
    git(shop.path(), &["commit", "-q", "-m", "before"]);
    shop
}

#[test]
fn a_finding_in_a_template_is_shown_to_who_changes_either_side() {
    let sends = |name: &str, message: &str| {
        format!("scenario {name} {{\n  when purchased once\n  wait 1 day\n  send service email {message}\n}}\n")
    };
    let broken = TEMPLATE.replace("product.name", "product.nmae");
    let shop = committed(&[
        ("alpha.scn", sends("alpha", "reminder")),
        ("beta.scn", sends("beta", "reminder")),
        ("other.scn", sends("other", "thanks")),
        ("templates/reminder.email.txt", broken.clone()),
        ("templates/thanks.email.txt", broken.clone()),
    ]);
    let at = shop.path();
    assert_eq!(since(at, "main"), Vec::<String>::new());
    // Who sends it: the finding is told of the first scenario alone, and shown to the second too.
    for name in ["alpha", "beta"] {
        fs::write(at.join(format!("{name}.scn")), sends(name, "reminder").replace("1 day", "2 days")).unwrap();
        let found = since(at, "main");
        assert!(found.len() == 1 && found[0].starts_with("templates/reminder.email.txt"), "{name}: {found:?}");
        git(at, &["checkout", "-q", "."]);
    }
    // What is sent, though its mistake is older.
    fs::write(at.join("templates/thanks.email.txt"), broken.replace("subject:", "subject: Dear")).unwrap();
    let found = since(at, "main");
    assert!(found.len() == 1 && found[0].starts_with("templates/thanks.email.txt"), "{found:?}");
    git(at, &["checkout", "-q", "."]);
    // A template that is gone is missed where it is sent.
    fs::remove_file(at.join("templates/thanks.email.txt")).unwrap();
    let found = since(at, "main");
    assert!(found.len() == 1 && found[0].starts_with("other.scn:4:") && found[0].contains("M001"), "{found:?}");
    git(at, &["checkout", "-q", "."]);
    // A template that nobody sends touches nobody.
    fs::write(at.join("templates/unsent.email.txt"), &broken).unwrap();
    assert_eq!(since(at, "main"), Vec::<String>::new());
}

#[test]
fn what_holds_for_all_texts_touches_all() {
    let shop = committed(&[
        ("care.scn", CARE.to_owned()),
        ("scn.toml", "currency = \"EUR\"\n".to_owned()),
        ("crm/views.sql", "CREATE VIEW purchased AS SELECT 1;\n".to_owned()),
        ("templates/reminder.email.txt", TEMPLATE.to_owned()),
        ("notes.md", "a page\n".to_owned()),
    ]);
    let at = shop.path();
    for (file, is_for_all) in [("scn.toml", true), ("crm/views.sql", true), ("notes.md", false)] {
        let text = fs::read_to_string(at.join(file)).unwrap();
        fs::write(at.join(file), format!("{text}\n")).unwrap();
        assert_eq!(since(at, "main").len(), usize::from(is_for_all), "{file}");
        git(at, &["checkout", "-q", "."]);
    }
    // A new mapping that is not under control yet, too.
    fs::write(at.join("import.sql"), "SELECT 1;\n").unwrap();
    assert_eq!(since(at, "main").len(), 1);
}

#[test]
fn a_silence_that_goes_brings_its_finding_back() {
    let comment = "  # scn: allow maybe-missing because every product has a price\n";
    let shop = committed(&[
        ("care.scn", CARE.replace("  send", &format!("{comment}  send"))),
        ("templates/reminder.email.txt", TEMPLATE.to_owned()),
    ]);
    let at = shop.path();
    assert_eq!(since(at, "main"), Vec::<String>::new());
    fs::write(at.join("care.scn"), CARE).unwrap();
    assert!(since(at, "main").iter().any(|line| line.contains("T004")), "{:?}", since(at, "main"));
    // A file that is not UTF-8 any more has no items.
    fs::write(at.join("care.scn"), b"scenario caf\xe9 {}").unwrap();
    assert!(since(at, "main").iter().any(|line| line.contains("not UTF-8")), "{:?}", since(at, "main"));
}

#[test]
fn the_pressure_is_of_all_scenarios() {
    let shop = committed(&[("care.scn", CARE.to_owned()), ("templates/reminder.email.txt", TEMPLATE.to_owned())]);
    scn(shop.path(), &["check", "--pressure", "--changed-since", "main"])
        .expect(2, &["`--pressure` and `--changed-since` do not go together", "leave out one of the two"]);
}

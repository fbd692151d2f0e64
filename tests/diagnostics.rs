//! What the checker must find, and nothing else: files that are wrong in one way, each with a twin in which it is repaired.
//!
//! `tests/diagnostics/RULE/` holds the cases of a rule. A case is a file `NAME.scn` with its twin `NAME.fixed.scn`, or, where it needs
//! templates, a CRM (`crm.sql`) or `scn.toml`, a folder `NAME` with its twin `NAME.fixed`. A folder holds what is its own: its file `from`
//! names the project of `tests/fixtures/shops` in whose place it is put, and each file of that project that it is `without`. What must be found stands in the last lines of
//! the file, `#! CODE LINE:COLUMN MESSAGE`, or in the folder's `expected`, `CODE FILE:LINE:COLUMN MESSAGE`. Notes count where one of
//! their rule is listed. `UPDATE=1 cargo test --test diagnostics` writes what is found; read it before you believe it.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test reads its data, and panics when it is wrong"
)]

use scn::compile::{Input, InputFile, compile};
use scn::diagnostic::{Level, Levels, RULES, Rule, settle};
use scn::model::{Configuration, Surroundings};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A finding as a line: its code, its level, and the whole line without its mark.
struct Line {
    code: String,
    level: String,
    text: String,
}

/// What is found, as far as it counts beside what is expected.
fn counted(found: Vec<Line>, expected: &[String]) -> Vec<String> {
    let listed = |code: &str| expected.iter().any(|line| line.starts_with(code));
    found.into_iter().filter(|each| each.level != "note" || listed(&each.code)).map(|each| each.text).collect()
}

/// The cases of every rule: the rule's name and the path of the case without its twin.
fn cases() -> Vec<(String, PathBuf)> {
    let mut cases = Vec::new();
    for folder in sorted(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/diagnostics"))) {
        let rule = folder.file_name().unwrap().to_string_lossy().into_owned();
        let all = sorted(&folder);
        let is_twin = |path: &Path| {
            path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with(".fixed"))
                || path.extension().is_some_and(|ending| ending == "fixed")
        };
        cases.extend(all.into_iter().filter(|path| !is_twin(path)).map(|path| (rule.clone(), path)));
    }
    cases
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

fn twin(case: &Path) -> PathBuf {
    match case.is_dir() {
        true => PathBuf::from(format!("{}.fixed", case.display())),
        false => case.with_extension("fixed.scn"),
    }
}

/// What is found in one file that is a project by itself.
fn in_file(path: &Path) -> Vec<Line> {
    let mut input = Input::default();
    let source = input.sources.add("case.scn", fs::read_to_string(path).unwrap());
    let stem = path.file_stem().unwrap().to_string_lossy().replace('.', "_");
    input.files.push(InputFile { source, stem, folder: String::new(), selected: true });
    let mut compiled = compile(&input, &Surroundings::default(), &Configuration::default());
    settle(&mut compiled.diagnostics, &Levels::default(), &compiled.silences, |_| true);
    let lines = compiled.diagnostics.iter().map(|found| {
        let (line, column) = found.span().map_or((0, 0), |span| compiled.sources.position(span));
        let code = found.rule.info().code;
        let text = format!("{code} {line}:{column} {}", found.message);
        Line { code: code.to_owned(), level: found.level.name().to_owned(), text }
    });
    lines.collect()
}

/// What `scn check` finds in a folder, with its CRM where there is one.
fn in_folder(path: &Path) -> Vec<Line> {
    let copy = tempfile::tempdir().unwrap();
    begin(path, copy.path());
    copy_into(path, copy.path());
    let mut command = Command::new(env!("CARGO_BIN_EXE_scn"));
    command.current_dir(copy.path()).args(["check", "--format", "json"]);
    if path.join("crm.sql").exists() {
        let crm = rusqlite::Connection::open(copy.path().join("shop.db")).unwrap();
        crm.execute_batch(&fs::read_to_string(path.join("crm.sql")).unwrap()).unwrap();
        command.args(["--crm", "shop.db"]);
    }
    let output = command.output().unwrap();
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let lines = found.as_array().unwrap().iter().map(|each| {
        let place = format!("{}:{}:{}", text(&each["file"]), each["line"], each["column"]);
        let place = if each["file"].is_null() { "-".to_owned() } else { place };
        let whole = format!("{} {place} {}", text(&each["code"]), text(&each["message"]));
        Line { code: text(&each["code"]), level: text(&each["level"]), text: whole }
    });
    lines.collect()
}

/// The project from which a case begins, as `tests/tools/cases.py` copies it too: `from` names a shop of `tests/fixtures/shops`, then
/// what is laid over it (`with FOLDER`) and what is left out (`without PATH`).
fn begin(case: &Path, to: &Path) {
    let Ok(from) = fs::read_to_string(case.join("from")) else { return };
    let mut lines = from.lines();
    let shops = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/shops"));
    copy_into(&shops.join(lines.next().unwrap()), to);
    for line in lines {
        match line.strip_prefix("with ") {
            Some(flaw) => copy_into(&shops.join(flaw), to),
            None => fs::remove_file(to.join(line.strip_prefix("without ").unwrap())).unwrap(),
        }
    }
}

/// What tells the answer, or how the case is put together, is no part of it.
fn copy_into(from: &Path, to: &Path) {
    for path in sorted(from) {
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy_into(&path, &target);
        } else if !["expected", "from"].iter().any(|name| path.ends_with(name)) {
            fs::copy(&path, &target).unwrap();
        }
    }
}

fn found(path: &Path) -> Vec<Line> {
    if path.is_dir() { in_folder(path) } else { in_file(path) }
}

/// What a case says must be found.
fn expected(case: &Path) -> Vec<String> {
    if case.is_dir() {
        let text = fs::read_to_string(case.join("expected")).unwrap_or_default();
        return text.lines().map(str::to_owned).collect();
    }
    let text = fs::read_to_string(case).unwrap();
    text.lines().filter_map(|line| line.strip_prefix("#! ")).map(str::to_owned).collect()
}

/// Writes what was found as what is expected; notes of the case's own rule with it.
fn write(case: &Path, rule: &str, found: &[Line]) {
    let own = Rule::find(rule).unwrap().code;
    let lines: Vec<&str> =
        found.iter().filter(|each| each.level != "note" || each.code == own).map(|each| each.text.as_str()).collect();
    if case.is_dir() {
        fs::write(case.join("expected"), lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        return;
    }
    let text = fs::read_to_string(case).unwrap();
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("#! ")).collect();
    let listed: String = lines.iter().map(|line| format!("#! {line}\n")).collect();
    fs::write(case, format!("{}\n\n{listed}", kept.join("\n").trim_end())).unwrap();
}

#[test]
fn every_case_is_found_and_nothing_follows_it() {
    let mut wrong = Vec::new();
    for (rule, case) in cases() {
        let info = Rule::find(&rule).unwrap_or_else(|| unreachable!("`tests/diagnostics/{rule}` is no rule"));
        let lines = found(&case);
        if std::env::var_os("UPDATE").is_some() {
            write(&case, &rule, &lines);
        }
        let expected = expected(&case);
        if !expected.iter().any(|line| line.starts_with(info.code)) {
            wrong.push(format!("{}: `{rule}` is not expected", case.display()));
        }
        let counted = counted(lines, &expected);
        if counted != expected {
            let (counted, expected) = (counted.join("\n  "), expected.join("\n  "));
            wrong.push(format!("{}\nfound\n  {counted}\nexpected\n  {expected}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_twin_is_clean() {
    let mut wrong = Vec::new();
    for (rule, case) in cases() {
        let info = Rule::find(&rule).unwrap();
        let twin = twin(&case);
        if !twin.exists() {
            wrong.push(format!("{} has no twin", case.display()));
            continue;
        }
        let own = info.level == Level::Note;
        let left = found(&twin).into_iter().filter(|each| each.level != "note" || own && each.code == info.code);
        wrong.extend(left.map(|each| format!("{}: {}", twin.display(), each.text)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Rules of the syntax and of names that no file of this folder can break, and what shows them instead.
const OUTSIDE: &[(&str, &str)] = &[
    ("not-utf8", "these files are UTF-8: `cli::project`"),
    ("file-unreadable", "no repository holds a file that cannot be read: `tests/cli`"),
    ("too-large", "a file of a megabyte: `syntax::tests::no_text_nests_without_end`"),
    ("too-deep", "the texts are generated: `syntax::tests::no_text_nests_without_end`"),
    ("empty-folder", "a folder without a text: `cli::project`"),
    ("test-reads-not-given", "`scn test` finds it: `tests/rules.rs`"),
];

#[test]
fn every_rule_is_shown_alone_in_a_long_file_and_among_others() {
    let cases = cases();
    let mut missing = Vec::new();
    for info in RULES {
        let outside = OUTSIDE.iter().any(|(name, _)| *name == info.name);
        for kind in ["plain", "long", "among"] {
            let found = cases.iter().any(|(rule, path)| rule == info.name && path.file_stem().unwrap() == kind);
            if found == outside {
                missing.push(format!("{} {kind}", info.name));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_folder_is_a_rule() {
    let names: Vec<String> = cases().into_iter().map(|(rule, _)| rule).collect();
    assert!(names.iter().all(|name| RULES.iter().any(|info| info.name == name)));
}

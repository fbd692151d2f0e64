//! Every `.scn` of `stdlib/` and `scenarios/` is formatted, checks clean and passes its tests; and the sentence means the
//! same however it is laid out.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test reads the files it is about, and panics when one is wrong"
)]

use scn::compile::{Compiled, Input, InputFile, compile};
use scn::model::{Configuration, Surroundings};
use std::path::{Path, PathBuf};
use std::process::Command;

const SENTENCE: &str =
    "when purchased product.recurring wait product.delay - 1 month send email reminder unless repurchased";

/// Runs the binary in the repository's folder: its exit code, and all that it printed.
fn scn(arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scn"));
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

/// The folders of the scenarios, each with the name of its scenario.
fn scenarios() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let folders = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<(PathBuf, String)> = folders
        .filter(|path| path.is_dir() && !path.ends_with("sample"))
        .map(|path| (path.clone(), path.file_name().unwrap().to_str().unwrap().to_owned()))
        .collect();
    found.sort();
    found
}

/// A text that is a project by itself, its file being called `renewal.scn`.
fn compiled(text: &str) -> Compiled {
    let mut input = Input::default();
    let source = input.sources.add("renewal.scn", text);
    input.files.push(InputFile { source, stem: "renewal".into(), folder: String::new(), selected: true });
    compile(&input, &Surroundings::default(), &Configuration::default())
}

fn hash(text: &str) -> String {
    let compiled = compiled(text);
    let bundle = compiled.bundle.unwrap_or_else(|| panic!("{text}\n{:?}", compiled.diagnostics));
    let [scenario] = bundle.scenarios.as_slice() else { panic!("{text}: one scenario") };
    scenario.hash().to_string()
}

#[test]
fn every_file_is_formatted() {
    assert_eq!(scn(&["fmt", "--check", "scenarios", "stdlib"]), (0, String::new()));
}

#[test]
fn the_scenarios_check_clean() {
    let (code, text) = scn(&["check", "scenarios"]);
    assert_eq!(code, 0, "{text}");
    assert!(!text.contains("warning[") && !text.contains("error["), "{text}");
}

#[test]
fn every_scenario_checks_clean_and_passes_its_tests_alone() {
    assert!(scenarios().len() >= 4);
    for (folder, name) in scenarios() {
        let file = format!("scenarios/{name}/{name}.scn");
        for (path, command) in [(&file, "check"), (&file, "test"), (&format!("scenarios/{name}"), "test")] {
            let (code, text) = scn(&[command, path]);
            assert_eq!(code, 0, "{command} {path}\n{text}");
            assert!(command != "test" || text.contains(" passed\n"), "{path} has no tests\n{text}");
            assert!(!text.contains("no test runs"), "{path}\n{text}");
        }
        for file in ["README.md", "templates"] {
            assert!(folder.join(file).exists(), "{name} has no {file}");
        }
    }
}

#[test]
fn every_readme_answers_the_questions() {
    for (folder, name) in scenarios() {
        let text = std::fs::read_to_string(folder.join("README.md")).unwrap();
        for question in
            ["**Problem.**", "| targeting |", "| trigger |", "| personalisation |", "| interruption |", "| KPI |"]
        {
            assert!(text.contains(question), "{name}: {question}");
        }
    }
}

#[test]
fn the_library_declares_what_it_says_and_says_what_it_declares() {
    let compiled = compiled(SENTENCE);
    for name in ["contact", "product", "purchased", "purchased.amount", "product.delay", "subscribed", "repurchased"] {
        assert!(compiled.words.iter().any(|word| word.name == name), "{name}");
    }
    for word in compiled.words.iter().filter(|word| ["entity", "event", "definition"].contains(&word.kind)) {
        assert!(word.doc.is_some(), "`{}` has no documentation", word.name);
    }
    let alone = compile(&Input::default(), &Surroundings::default(), &Configuration::default());
    assert_eq!(alone.diagnostics, []);
}

#[test]
fn the_sentence_is_one_line_and_nothing_else() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/renewal/renewal.scn");
    assert_eq!(std::fs::read_to_string(file).unwrap(), format!("{SENTENCE}\n"));
}

#[test]
fn white_space_and_comments_mean_nothing() {
    let expected = hash(SENTENCE);
    let four_lines = SENTENCE.replace(" wait", "\nwait").replace(" send", "\nsend").replace(" unless", "\nunless");
    assert_eq!(four_lines.lines().count(), 4);
    assert_eq!(hash(&four_lines), expected);
    let words: Vec<&str> = SENTENCE.split(' ').collect();
    for place in 0..=words.len() {
        let (before, after) = words.split_at(place);
        let text = format!("{}\n# why: \"send\" {{ wait\n{}", before.join(" "), after.join(" "));
        assert_eq!(hash(&text), expected, "{text}");
    }
    assert_eq!(hash(&SENTENCE.replace(' ', " # between\n\t")), expected);
    assert_eq!(hash(&format!("scenario renewal \"With a title\" {{ {SENTENCE} }}")), expected);
}

#[test]
fn what_is_said_differently_is_another_version() {
    let expected = hash(SENTENCE);
    for (said, instead) in [
        ("1 month", "4 weeks"),
        ("reminder", "advice"),
        ("email", "sms"),
        ("unless repurchased", "unless purchased"),
        (" product.recurring", ""),
        (" unless", " together unless"),
    ] {
        assert_ne!(hash(&SENTENCE.replace(said, instead)), expected, "{instead}");
    }
}

#[test]
fn the_library_passes_its_own_tests() {
    let (code, text) = scn(&["check", "stdlib"]);
    assert_eq!(code, 0, "{text}");
    assert!(!text.contains("warning["), "{text}");
    let (code, text) = scn(&["test", "stdlib"]);
    assert_eq!(code, 0, "{text}");
    assert!(!text.contains("no test runs"), "{text}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stdlib");
    for entry in std::fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(stem) = name.strip_suffix(".scn").filter(|stem| !stem.ends_with(".test")) else { continue };
        assert!(folder.join(format!("{stem}.test.scn")).exists(), "{name} has no tests");
        let tests = std::fs::read_to_string(folder.join(format!("{stem}.test.scn"))).unwrap();
        for line in std::fs::read_to_string(folder.join(&name)).unwrap().lines() {
            let mut words = line.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
            if let (Some("let" | "segment" | "account" | "route"), Some(defined)) = (words.next(), words.next()) {
                assert!(tests.contains(defined), "{name}: nothing tests `{defined}`");
            }
        }
    }
}

#[test]
fn every_message_is_written_in_english_and_in_french() {
    for (folder, name) in scenarios().into_iter().filter(|(_, name)| name != "renewal") {
        let templates = std::fs::read_dir(folder.join("templates")).unwrap();
        let files: Vec<String> = templates.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        for file in files.iter().filter(|file| !file.contains(".fr.")) {
            let parts: Vec<&str> = file.splitn(3, '.').collect();
            let [message, channel, _] = parts.as_slice() else { panic!("{name}: {file}") };
            let in_french = format!("{message}.{channel}.fr.");
            assert!(files.iter().any(|other| other.starts_with(&in_french)), "{name}: {file} is not in French");
        }
    }
}

/// The names of the scenarios of a file that send something.
fn senders(text: &str) -> Vec<&str> {
    let scenarios = text.split("\nscenario ").skip(1).filter(|scenario| scenario.contains("send "));
    scenarios.map(|scenario| scenario.split([' ', '{']).next().unwrap()).collect()
}

#[test]
fn every_scenario_sends_on_the_sample() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (crm, effects) = (path("crm.db"), path("effects.csv"));
    let sample = ["scenarios/sample/purchases.csv.gz", "scenarios/sample/sample.sql", "scenarios/sample/synthetic.sql"];
    let (code, text) = scn(&["import", &crm, "--csv", sample[0], "--with", sample[1], "--with", sample[2]]);
    assert_eq!(code, 0, "{text}");
    let (code, text) = scn(&["simulate", "scenarios", "--strict", "--crm", &crm, "--effects", &effects]);
    assert_eq!(code, 0, "{text}");
    let mut reader = csv::Reader::from_path(&effects).unwrap();
    let mut sent: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for record in reader.records().map(Result::unwrap) {
        if &record[6] == "send" && &record[9] == "sent" {
            *sent.entry(record[2].to_owned()).or_default() += 1;
        }
    }
    assert_eq!(sent["renewal"], 8_270, "what is made up beside the real purchases changes nothing for them");
    for (folder, name) in scenarios() {
        let text = std::fs::read_to_string(folder.join(format!("{name}.scn"))).unwrap();
        let all = senders(&text);
        for scenario in if all.is_empty() { vec![name.as_str()] } else { all } {
            assert!(sent.contains_key(scenario), "{scenario} of {name} sends nothing on the sample");
        }
    }
}

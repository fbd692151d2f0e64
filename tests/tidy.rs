//! What the documents say of the house, held against its code, so that neither can rot.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test reads the files it is about, and panics when one is wrong"
)]

#[path = "tidy/code.rs"]
mod code;

use code::{files_under, imports, names_library, source_files};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The rooms that may name each library of `Cargo.toml`. A library that a reader would notice stands in one alone.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("anstream", &["cli"]),
    ("anstyle", &["cli"]),
    ("base64", &["channel"]),
    // `diagnostic` names what it found before by a digest.
    ("blake3", &["diagnostic", "engine", "ir", "store", "drivers", "cli"]),
    // The calendar stands in `time`; the filter `date` of templates takes formats of `strftime`.
    ("chrono", &["time", "channel"]),
    ("chrono_tz", &["time"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("comfy_table", &["cli"]),
    ("csv", &["store", "drivers"]),
    // Where a user's caches are.
    ("etcetera", &["cli"]),
    ("flate2", &["store"]),
    ("httpdate", &["channel"]),
    ("idna", &["channel"]),
    // The scenarios that `scn new` copies.
    ("include_dir", &["cli"]),
    ("console", &["cli"]),
    ("indicatif", &["cli"]),
    ("lettre", &["channel"]),
    ("libm", &["engine"]),
    ("maud", &["cli"]),
    ("miette", &["diagnostic"]),
    ("minijinja", &["channel"]),
    ("parquet", &["drivers"]),
    ("pest", &["syntax"]),
    ("pest_derive", &["syntax"]),
    ("postcard", &["engine", "store"]),
    ("quick_junit", &["cli"]),
    ("ring", &["channel"]),
    ("rusqlite", &["store"]),
    ("rust_decimal", &["syntax", "model", "check", "compile", "ir", "engine", "store", "channel"]),
    ("rustc_hash", &["compile", "engine", "store", "drivers"]),
    ("rustls", &["channel"]),
    ("rustls_native_certs", &["channel"]),
    ("serde", &["time", "diagnostic", "model", "ir", "engine", "store", "drivers", "cli"]),
    ("serde_json", &["diagnostic", "ir", "store", "drivers", "cli"]),
    ("signal_hook", &["cli"]),
    ("smallvec", &["engine"]),
    // The intervals of the tables.
    ("statrs", &["drivers"]),
    ("strsim", &["diagnostic"]),
    ("supports_unicode", &["cli"]),
    ("tempfile", &["store", "drivers", "cli"]),
    ("toml", &["cli"]),
    ("ureq", &["channel"]),
];

/// What the rooms of rank 4 and below never name: clocks, files, sockets, the environment, printing.
const OUTSIDE_WORLD: &[&str] = &[
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "thread::sleep",
    "SystemTime",
    "std::time::Instant",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "println!",
    "print!",
    "eprintln!",
    "eprint!",
    "dbg!",
];

const LINES_MAX: usize = 500;

fn document(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The ranks of the table in `ARCHITECTURE.md`, by room.
fn ranks() -> BTreeMap<String, u32> {
    let mut ranks = BTreeMap::new();
    for line in document("ARCHITECTURE.md").lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, rank, rooms, ..] = cells.as_slice() else { continue };
        let Ok(rank) = rank.parse() else { continue };
        for room in rooms.split('`').skip(1).step_by(2) {
            ranks.insert(room.trim_end_matches(".rs").to_owned(), rank);
        }
    }
    ranks
}

#[test]
fn a_room_imports_only_from_lower_ranks() {
    let ranks = ranks();
    assert_eq!(ranks.get("span"), Some(&0), "the table is found");
    let mut wrong = BTreeSet::new();
    for file in source_files().iter().filter(|file| file.room != "lib") {
        let own = ranks.get(&file.room).unwrap_or_else(|| panic!("`{}` has no rank", file.room));
        for import in imports(&file.code).into_iter().filter(|import| *import != file.room) {
            match ranks.get(&import) {
                Some(rank) if rank < own => {}
                Some(rank) => drop(wrong.insert(format!("{} ({own}) imports `{import}` ({rank})", file.path))),
                None => drop(wrong.insert(format!("{} imports `{import}`, which has no rank", file.path))),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_room_of_this_version_has_a_rank_and_stands_in_the_library() {
    let ranks = ranks();
    let rooms: BTreeSet<String> = source_files().into_iter().map(|file| file.room).collect();
    let declared = document("src/lib.rs");
    for room in rooms.iter().filter(|room| !matches!(room.as_str(), "lib" | "main")) {
        assert!(ranks.contains_key(room), "`{room}` is not in the table of ARCHITECTURE.md");
        assert!(declared.contains(&format!("pub mod {room};")), "`{room}` is not in src/lib.rs");
    }
}

#[test]
fn execution_never_sees_text() {
    for file in source_files() {
        if ["engine", "store", "channel", "drivers"].contains(&file.room.as_str()) {
            for import in imports(&file.code) {
                let is_text = ["syntax", "format", "check", "compile"].contains(&import.as_str());
                assert!(!is_text, "{} imports `{import}`", file.path);
            }
        }
    }
}

#[test]
fn simulation_and_tests_cannot_name_a_sender_nor_the_state() {
    let drivers = ["src/drivers/simulate/", "src/drivers/diff/", "src/drivers/test.rs", "src/drivers/life.rs"];
    for file in source_files() {
        if drivers.iter().any(|driver| file.path.starts_with(driver)) {
            for path in ["channel::", "store::state"] {
                assert!(!file.code.contains(path), "{} names `{path}`", file.path);
            }
        }
    }
}

#[test]
fn each_library_is_named_in_its_rooms_only() {
    let mut wrong = Vec::new();
    for file in source_files() {
        let elsewhere = LIBRARIES.iter().filter(|(_, rooms)| !rooms.contains(&file.room.as_str()));
        for (library, _) in elsewhere.filter(|(library, _)| names_library(&file.code, library)) {
            wrong.push(format!("{} names `{library}`", file.path));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_library_has_its_rooms() {
    let manifest = document("Cargo.toml");
    let lines = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    let named = lines.take_while(|line| !line.starts_with('[')).filter_map(|line| line.split_once(" = "));
    let found: Vec<String> = named.map(|(name, _)| name.replace('-', "_")).collect();
    let listed: Vec<&str> = LIBRARIES.iter().map(|(library, _)| *library).collect();
    assert_eq!(found, listed);
}

#[test]
fn the_front_end_and_the_engine_touch_nothing_outside() {
    let ranks = ranks();
    for file in source_files().iter().filter(|file| ranks.get(&file.room).is_some_and(|rank| *rank <= 4)) {
        for name in OUTSIDE_WORLD {
            assert!(!file.code.contains(name), "{} names `{name}`", file.path);
        }
    }
}

#[test]
fn files_tell_one_thing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["src", "tests", "benches"].map(|folder| root.join(folder)).iter().filter(|folder| folder.exists()) {
        for path in files_under(folder).iter().filter(|path| path.extension().is_some_and(|end| end == "rs")) {
            let lines = std::fs::read_to_string(path).unwrap().lines().count();
            assert!(lines <= LINES_MAX, "{} has {lines} lines", path.display());
        }
    }
    assert!(document("src/main.rs").lines().count() < 30);
}

#[test]
fn the_reference_lists_the_reserved_words() {
    let listed = document("docs/reference/keywords.md");
    let mut words: Vec<&str> = listed.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    words.sort_unstable();
    assert_eq!(words, scn::syntax::KEYWORDS);
}

#[test]
fn every_rule_has_a_page_and_a_code_of_its_own() {
    let mut codes = BTreeSet::new();
    for rule in scn::diagnostic::RULES {
        assert!(codes.insert(rule.code), "{} twice", rule.code);
        assert!(
            document(&format!("docs/rules/{}.md", rule.name)).starts_with(&format!("# {} {}", rule.code, rule.name))
        );
    }
}

#[test]
fn decisions_are_numbered_and_short() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/decisions");
    for (place, path) in files_under(&folder).iter().enumerate() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let number = format!("{:04}", place + 1);
        assert!(name.starts_with(&format!("{number}-")) && name.ends_with(".md"), "{name} is not {number}");
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.starts_with(&format!("# {number} ")) && text.lines().count() <= 25, "{name}");
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for path in files_under(root).iter().filter(|path| path.extension().is_some_and(|end| end == "md")) {
        let text = std::fs::read_to_string(path).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") || target.starts_with('#') || target.contains(char::is_whitespace) {
                continue;
            }
            let file = path.parent().unwrap().join(target.split('#').next().unwrap());
            assert!(file.exists(), "{} links to `{target}`", path.display());
        }
    }
}

#[test]
fn only_the_suites_that_ci_runs_may_be_ignored() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mark = ["#[ig", "nore"].concat();
    let suites = [("whole_history.rs", ".ci/run"), ("mutation.rs", "tests/slow/check.sh")];
    for path in ["src", "tests"].iter().flat_map(|folder| files_under(&root.join(folder))) {
        let holds = std::fs::read_to_string(&path).is_ok_and(|text| text.contains(&mark));
        assert!(!holds || suites.iter().any(|(suite, _)| path.ends_with(suite)), "{} ignores a test", path.display());
    }
    for (suite, runner) in suites {
        let call = format!("--test {} -- --ignored", suite.trim_end_matches(".rs"));
        assert!(document(runner).contains(&call), "{runner} does not run {suite}");
    }
}

/// Written in pieces, so that this file does not hold what it looks for.
#[test]
fn nothing_is_left_undone_and_no_machine_is_named() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let marks = [["TO", "DO"], ["FIX", "ME"], ["HA", "CK:"], ["to", "do!("], ["unimple", "mented!("]];
    let mut all: Vec<String> = marks.iter().map(|parts| parts.concat()).collect();
    all.extend([root.to_str().unwrap().to_owned(), ["/ro", "ot/"].concat(), ["/wo", "rk/"].concat()]);
    for path in files_under(root) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for mark in &all {
            assert!(!text.contains(mark.as_str()), "{} holds `{mark}`", path.display());
        }
    }
}

#[test]
fn libraries_come_from_the_public_registry() {
    for line in document("Cargo.lock").lines().filter(|line| line.starts_with("source = ")) {
        assert_eq!(line, "source = \"registry+https://github.com/rust-lang/crates.io-index\"");
    }
}

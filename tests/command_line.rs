//! What scripts rely on: exit codes, what goes to which stream, and that nothing private is printed.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test writes the files of its commands, and panics"
)]

use assert_cmd::Command;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A template for the sentence below.
const TEMPLATE: &[u8] =
    b"---\nsubject: It is time\n---\n<p>It is time for {{ product.name }}.</p>\n<p>Unsubscribe: shop.example</p>\n";

const SENTENCE: &str =
    "when purchased product.recurring wait product.delay - 1 month send email reminder unless repurchased\n";

/// A folder with these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

/// A command in a folder, with what it printed: exit code, standard output, standard error.
fn scn(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    scn_reading(folder, arguments, "")
}

fn scn_reading(folder: &Path, arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut command = Command::cargo_bin("scn").unwrap();
    let output = command.current_dir(folder).args(arguments).write_stdin(input).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn exit_codes() {
    let shop = folder(&[
        ("good/renewal.scn", SENTENCE.as_bytes()),
        ("good/templates/reminder.email.html", TEMPLATE),
        ("bad/renewal.scn", SENTENCE.replace("repurchased", "repurchesed").as_bytes()),
        ("latin/a.scn", b"# caf\xe9"),
        ("misconfigured/scn.toml", b"currancy = \"EUR\""),
        ("misconfigured/renewal.scn", SENTENCE.as_bytes()),
        ("empty/readme.txt", b""),
    ]);
    let cases: &[(&[&str], i32)] = &[
        (&["--version"], 0),
        (&["--help"], 0),
        (&["simulate", "--help"], 0),
        (&[], 2),
        (&["chekc"], 2),
        (&["check", "--format", "xml"], 2),
        (&["run", "--backfill"], 2),
        (&["check", "good"], 0),
        (&["check", "good/renewal.scn"], 0),
        (&["check", "bad"], 1),
        (&["check", "good", "bad"], 1),
        (&["check", "latin"], 1),
        (&["check", "empty"], 1),
        (&["check", "no-such-folder"], 74),
        (&["check", "misconfigured"], 78),
        (&["compile", "good"], 0),
        (&["compile", "bad"], 1),
        (&["compile", "misconfigured"], 78),
        (&["compile", "good", "--out", "no-such-folder/out.json"], 74),
        (&["words", "good"], 0),
        (&["words", "bad"], 1),
        (&["fmt", "--check", "no-such-folder"], 74),
        (&["fmt", "latin"], 1),
        (&["explain"], 0),
        (&["explain", "N001"], 0),
        (&["explain", "unknown-name"], 0),
        (&["explain", "N01"], 2),
        (&["completions", "bash"], 0),
        (&["completions", "csh"], 2),
    ];
    for (arguments, expected) in cases {
        let (code, out, err) = scn(shop.path(), arguments);
        assert_eq!(code, *expected, "{arguments:?}\n{out}\n{err}");
        assert!(!out.contains('\u{1b}') && !err.contains('\u{1b}'), "{arguments:?}: colour where there is no terminal");
    }
}

#[test]
fn results_go_to_standard_output_and_errors_to_standard_error() {
    let shop = folder(&[
        ("bad.scn", SENTENCE.replace("repurchased", "repurchesed").as_bytes()),
        ("templates/reminder.email.html", TEMPLATE),
    ]);
    let (_, out, err) = scn(shop.path(), &["check", "."]);
    assert!(out.contains("N001") && out.contains("bad.scn:1:") && out.contains("1 error"), "{out}");
    assert_eq!(err, "");
    let (_, out, err) = scn(shop.path(), &["compile", "."]);
    assert_eq!(out, "");
    assert!(err.contains("N001"), "{err}");
    let (_, out, err) = scn(shop.path(), &["explain", "N01"]);
    assert_eq!(out, "");
    assert!(err.contains("did you mean `N001`?"), "{err}");
}

#[test]
fn findings_are_data_when_asked() {
    let shop = folder(&[
        ("a/bad.scn", SENTENCE.replace("repurchased", "repurchesed").as_bytes()),
        ("a/templates/reminder.email.html", TEMPLATE),
        ("b/x.txt", b""),
    ]);
    let (_, out, _) = scn(shop.path(), &["check", "a", "b", "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    let found = found.as_array().unwrap();
    let errors: Vec<&serde_json::Value> = found.iter().filter(|finding| finding["level"] != "note").collect();
    assert_eq!(errors.len(), 2, "{out}");
    assert_eq!((&errors[0]["code"], &errors[0]["file"]), (&"N001".into(), &"a/bad.scn".into()));
    assert_eq!(errors[1]["code"], "S006");
    let (_, out, _) = scn(shop.path(), &["check", "a", "--format", "sarif"]);
    let log: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let (_, out, _) = scn(shop.path(), &["check", "a", "--format", "github"]);
    assert!(out.lines().any(|line| line.starts_with("::error file=a/bad.scn,line=1,col=90,")), "{out}");
}

#[test]
fn a_password_in_the_configuration_is_never_printed() {
    let server = "[channels.email]\nfrom = \"a@b.example\"\n[channels.email.server]\nhost = \"h\"\nuser = \"u\"\n";
    for line in [
        "password = \"canary\"",
        "password = 'canary'\nhots = 1",
        "password = canary",
        "passwort = 1\npassword = \"canary",
    ] {
        let shop = folder(&[("scn.toml", format!("{server}{line}\n").as_bytes()), ("a.scn", SENTENCE.as_bytes())]);
        for arguments in [
            &["check"][..],
            &["check", "--format", "json"],
            &["check", "--format", "sarif"],
            &["check", "--format", "github"],
            &["compile"],
            &["words"],
        ] {
            let (code, out, err) = scn(shop.path(), arguments);
            assert_eq!(code, 78, "{line} {arguments:?}\n{out}\n{err}");
            assert!(!out.contains("canary") && !err.contains("canary"), "{line} {arguments:?}\n{out}\n{err}");
        }
    }
}

#[test]
fn the_hash_is_that_of_the_meaning() {
    let folder_hashes = |text: &str| {
        let shop = folder(&[("renewal.scn", text.as_bytes())]);
        let (code, out, err) = scn(shop.path(), &["compile"]);
        assert_eq!(code, 0, "{err}");
        let printed: serde_json::Value = serde_json::from_str(&out).unwrap();
        (printed["hash"].clone(), printed["scenarios"][0]["hash"].clone())
    };
    let one_line = folder_hashes(SENTENCE);
    let four_lines =
        SENTENCE.replace(" wait", "\n wait").replace(" send", "\n\tsend").replace(" unless", "\r\n unless");
    let comments = SENTENCE.trim().replace(' ', " # why\n");
    assert_eq!(folder_hashes(&four_lines), one_line);
    assert_eq!(folder_hashes(&comments), one_line);
    assert_ne!(folder_hashes(&SENTENCE.replace("1 month", "2 months")), one_line);
}

#[test]
fn compile_writes_what_it_would_print() {
    let shop = folder(&[("renewal.scn", SENTENCE.as_bytes())]);
    let (_, printed, _) = scn(shop.path(), &["compile"]);
    let (code, out, _) = scn(shop.path(), &["compile", "--out", "out.json"]);
    assert_eq!((code, out.as_str()), (0, ""));
    assert_eq!(fs::read_to_string(shop.path().join("out.json")).unwrap(), printed);
}

#[test]
fn fmt_changes_once_and_names_what_it_changed() {
    let loose = "when   purchased\n\n\n\n  wait 1   day send email thanks";
    let shop = folder(&[("a.scn", loose.as_bytes()), ("b/broken.scn", b"scenario {")]);
    let (code, out, err) = scn(shop.path(), &["fmt", "--check"]);
    assert_eq!((code, out.as_str()), (1, "a.scn\n"), "{err}");
    assert_eq!(fs::read_to_string(shop.path().join("a.scn")).unwrap(), loose, "--check writes nothing");
    let (code, out, err) = scn(shop.path(), &["fmt"]);
    assert_eq!((code, out.as_str()), (1, "a.scn\n"), "the other is refused");
    assert!(err.contains("b/broken.scn"), "{err}");
    assert_eq!(fs::read(shop.path().join("b/broken.scn")).unwrap(), b"scenario {");
    let formatted = fs::read_to_string(shop.path().join("a.scn")).unwrap();
    assert_ne!(formatted, loose);
    assert_eq!(scn(shop.path(), &["fmt", "a.scn"]), (0, String::new(), String::new()));
    assert_eq!(scn_reading(shop.path(), &["fmt", "-"], loose), (0, formatted.clone(), String::new()));
    assert_eq!(scn_reading(shop.path(), &["fmt", "--check", "-"], loose), (1, String::new(), String::new()));
    assert_eq!(scn_reading(shop.path(), &["fmt", "--check", "-"], &formatted).0, 0);
}

#[test]
fn words_are_listed_even_beside_errors() {
    let shop = folder(&[("bad.scn", SENTENCE.replace("repurchased", "repurchesed").as_bytes())]);
    let (code, out, err) = scn(shop.path(), &["words"]);
    assert_eq!(code, 1);
    assert!(out.lines().any(|line| line.contains("product.delay") && line.contains("delay: duration?")), "{out}");
    assert!(err.contains("N001"), "{err}");
}

const TESTS: &str = r#"
test "a month before the end" of renewal {
  given product mattress { recurring: yes, delay: 5 years, family: "bed" }
  given contact ana { email: "ana@example.com" }
  at 2020-01-10 10:00 ana purchased product mattress
  expect email reminder to ana at 2024-12-10 10:00
  expect nothing else
}
test "silence" of renewal {
  given product mattress { recurring: no, delay: 5 years, family: "bed" }
  given contact ana { email: "ana@example.com" }
  at 2020-01-10 10:00 ana purchased product mattress
  expect nothing
}
"#;

#[test]
fn tests_run_with_their_file_or_their_folder() {
    let shop = folder(&[("renewal.scn", SENTENCE.as_bytes()), ("renewal.test.scn", TESTS.as_bytes())]);
    for path in [".", "renewal.scn", "renewal.test.scn"] {
        let (code, out, err) = scn(shop.path(), &["test", path]);
        assert_eq!(code, 0, "{path}\n{out}\n{err}");
        assert!(out.ends_with("2 tests passed\n"), "{path}\n{out}");
    }
    let (code, out, _) = scn(shop.path(), &["test", "--filter", "silence"]);
    assert_eq!((code, out.as_str()), (0, "ok      renewal: silence\n1 test passed, 1 left out by `--filter`\n"));
    assert_eq!(scn(shop.path(), &["test", "--filter", "noise"]).0, 1, "a filter that matches nothing is a mistake");

    fs::write(shop.path().join("renewal.test.scn"), TESTS.replace("12-10", "12-11")).unwrap();
    let (code, out, _) = scn(shop.path(), &["test"]);
    assert_eq!(code, 1);
    for said in [
        "FAILED  renewal: a month before the end",
        "expect email reminder to ana at 2024-12-11 10:00  (renewal.test.scn:6:3)",
        "2024-12-10 10:00  email reminder to ana, from `renewal`  <- not expected",
        "waits until 2024-12-10 10:00",
        "ok      renewal: silence",
    ] {
        assert!(out.contains(said), "`{said}` is not in\n{out}");
    }
}

#[test]
fn crm_says_what_is_missing_until_nothing_is() {
    let shop = folder(&[("renewal.scn", SENTENCE.as_bytes())]);
    let crm = rusqlite::Connection::open(shop.path().join("shop.db")).unwrap();
    crm.execute_batch(
        "CREATE TABLE contact (id INTEGER PRIMARY KEY, email TEXT);
         CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT, recurring INTEGER, delay TEXT);
         CREATE TABLE lines (id INTEGER PRIMARY KEY, who INTEGER, moment TEXT, what INTEGER);",
    )
    .unwrap();
    assert_eq!(scn(shop.path(), &["crm"]).0, 78, "no CRM is named");
    let (code, out, err) = scn(shop.path(), &["crm", "--crm", "shop.db"]);
    assert_eq!(code, 1, "{out}\n{err}");
    assert!(
        out.contains("purchased(id, contact, at, product): missing") && out.contains("CREATE VIEW \"purchased\""),
        "{out}"
    );
    crm.execute_batch("CREATE VIEW purchased AS SELECT id, who AS contact, moment AS at, what AS product FROM lines;")
        .unwrap();
    let (code, out, err) = scn(shop.path(), &["crm", "--crm", "shop.db"]);
    assert_eq!(code, 0, "{out}\n{err}");
    assert!(!out.contains("CREATE VIEW"), "{out}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_and_a_closed_pipe_is_not() {
    use std::process::{Command, Stdio};
    let scn = assert_cmd::cargo::cargo_bin("scn");
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = Command::new(&scn).arg("explain").stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(74));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no space left"));

    let mut child = Command::new(&scn).arg("explain").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

/// What cannot be seen is named by its number; what cannot be read, as the user would name it.
#[test]
fn bad_files_are_named_with_a_way_out() {
    let cases: &[(&[u8], i32, &str)] = &[
        (b"when purchased once send email thanks\0", 1, "unexpected character U+0000, which cannot be seen"),
        ("when purchased once send \u{202e}email thanks".as_bytes(), 1, "unexpected character U+202E"),
        (b"when purchased sned email thanks", 1, "did you mean `send`?"),
        (b"when purchased quantity >= 3 send email thanks", 1, "begin the comparison with `where`"),
        (b"when purchased wait 99999999999 years send email thanks", 1, "longer than the calendar"),
        (b"", 1, "this file says nothing"),
    ];
    for (text, expected, said) in cases {
        let shop = folder(&[("a.scn", text)]);
        let (code, out, err) = scn(shop.path(), &["check"]);
        assert_eq!((code, err.as_str()), (*expected, ""), "{out}");
        assert!(out.contains(said), "`{said}` is not in\n{out}");
    }
    let shop = folder(&[("renewal.scn", SENTENCE.as_bytes()), ("no.db", b"id,email\n")]);
    let (code, _, err) = scn(shop.path(), &["simulate", "--crm", "no.db"]);
    assert_eq!(code, 74);
    assert!(err.contains("`no.db` is not an SQLite database\n  help: name an SQLite file"), "{err}");
}

#[cfg(unix)]
#[test]
fn a_link_to_nowhere_is_named_as_the_user_would() {
    let shop = folder(&[("renewal.scn", SENTENCE.as_bytes())]);
    std::os::unix::fs::symlink("nowhere", shop.path().join("lost.scn")).unwrap();
    let (code, out, _) = scn(shop.path(), &["check", "--format", "line"]);
    assert_eq!(code, 1);
    assert!(out.contains("error[S016]: cannot read `lost.scn`: no such file or directory"), "{out}");
}

//! A signal while something is written: nothing half of it stays, and what was there before does.

use crate::{execute, folder, shop};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// So many purchases that nobody waits for the end.
const ENDLESS: &str = "
    CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT);
    INSERT INTO contact VALUES (1, 'one@example.com');
    CREATE VIEW purchased AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000)
      SELECT i AS id, 1 AS contact, '2020-01-01 10:00:00' AS at FROM n;";

const PROGRAM: &[u8] = b"scenario thanks { when purchased   send email thanks }";

/// What begins with this and is not there at first.
fn begun(folder: &Path, prefix: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    entries.filter(|name| name.starts_with(prefix)).collect()
}

fn until(what: &str, child: &mut Child, holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < end && child.try_wait().unwrap().is_none(), "{what} never came");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a signal, and gives the number of the one that ended the process.
fn stop(mut child: Child, signal: &str) -> i32 {
    let kill = format!("kill -{signal} {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.signal().unwrap_or_else(|| panic!("it ended by itself: {status}"));
        }
        if Instant::now() > end {
            child.kill().unwrap();
            panic!("it goes on after {signal}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// `scn` with no signal ignored, whoever runs the tests: what a script starts with `&` ignores `SIGINT`.
fn scn() -> Command {
    if cfg!(target_os = "linux") {
        let mut command = Command::new("env");
        command.args(["--default-signal", env!("CARGO_BIN_EXE_scn")]);
        return command;
    }
    Command::new(env!("CARGO_BIN_EXE_scn"))
}

fn start(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = scn();
    command.current_dir(folder).args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// A shell says 129, 130 and 143 of these: 128 and the number of the signal.
#[test]
fn what_a_simulation_began_to_write_goes_with_it() {
    for (signal, number) in [("HUP", 1), ("INT", 2), ("TERM", 15)] {
        if signal == "HUP" && !cfg!(target_os = "linux") {
            continue;
        }
        let shop = folder(&[("thanks.scn", PROGRAM), ("effects.csv", b"of before"), ("out/page.html", b"old")]);
        execute(&shop.path().join("crm.db"), ENDLESS);
        let arguments = ["simulate", "--crm", "crm.db", "--effects", "effects.csv", "--report", "out/page.html"];
        let mut child = start(shop.path(), &arguments);
        until("the page", &mut child, || !begun(&shop.path().join("out"), ".scn-").is_empty());
        assert_eq!(begun(shop.path(), ".scn-").len(), 1);
        assert_eq!(stop(child, signal), number);
        for (place, file, text) in [(".", "effects.csv", "of before"), ("out", "page.html", "old")] {
            let place = shop.path().join(place);
            assert_eq!(begun(&place, ".scn-"), Vec::<String>::new(), "{signal}");
            assert_eq!(std::fs::read_to_string(place.join(file)).unwrap(), text);
        }
    }
}

/// A job that a script began with `&`, or under `nohup`.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_that_was_ignored_stays_so() {
    let shop = folder(&[("thanks.scn", PROGRAM)]);
    execute(&shop.path().join("crm.db"), ENDLESS);
    let line =
        format!("trap '' INT HUP; exec {} simulate --crm crm.db --effects effects.csv", env!("CARGO_BIN_EXE_scn"));
    let mut command = Command::new("sh");
    command.current_dir(shop.path()).args(["-c", &line]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    until("the file", &mut child, || !begun(shop.path(), ".scn-").is_empty());
    for signal in ["INT", "HUP"] {
        let kill = format!("kill -{signal} {}", child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none());
    assert_eq!(stop(child, "TERM"), 15);
    assert_eq!(begun(shop.path(), ".scn-"), Vec::<String>::new());
}

/// A copy of a history that is not whole is one of personal data.
#[test]
fn a_cache_that_is_begun_goes_with_it() {
    let shop = shop(crate::CRM);
    let place = shop.path().join("caches");
    let command = |arguments: &[&str]| {
        let mut command = scn();
        command.current_dir(shop.path()).args(arguments).env("XDG_CACHE_HOME", &place);
        command
    };
    let tried = command(&["simulate", "--cache"]).output().unwrap();
    if String::from_utf8_lossy(&tried.stderr).contains("where a change need not show") {
        // The folder for temporary files is on a file system that is not trusted.
        return;
    }
    std::fs::write(shop.path().join("thanks.scn"), PROGRAM).unwrap();
    execute(&shop.path().join("endless.db"), ENDLESS);
    let mut child = command(&["simulate", "thanks.scn", "--crm", "endless.db", "--cache"]);
    let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let folder = place.join("scn");
    until("the cache", &mut child, || folder.exists() && !begun(&folder, ".").is_empty());
    assert_eq!(stop(child, "TERM"), 15);
    assert_eq!(begun(&folder, "."), Vec::<String>::new());
}

/// The files of a revision are written into a folder of their own. There are so many that the signal comes while they are.
#[test]
fn the_files_of_a_revision_go_with_it() {
    let shop = shop(ENDLESS);
    let git = |arguments: &[&str]| {
        let of = ["-C", shop.path().to_str().unwrap(), "-c", "user.name=a", "-c", "user.email=a@example.com"];
        assert!(Command::new("git").args(of).args(arguments).stdout(Stdio::null()).status().unwrap().success());
    };
    for number in 0..2000 {
        std::fs::write(shop.path().join(format!("templates/many{number}.txt")), "text").unwrap();
    }
    git(&["init", "-q"]);
    git(&["add", "renewal.scn", "scn.toml", "templates"]);
    git(&["commit", "-qm", "one"]);
    std::fs::write(shop.path().join("thanks.scn"), PROGRAM).unwrap();
    let place = tempfile::tempdir().unwrap();
    let mut command = scn();
    command.current_dir(shop.path()).args(["diff", "HEAD", "."]).env("TMPDIR", place.path());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let written =
        || begun(place.path(), "scn-").first().is_some_and(|name| place.path().join(name).join("templates").exists());
    until("the first of them", &mut child, written);
    assert_eq!(stop(child, "INT"), 2);
    assert_eq!(begun(place.path(), "scn-"), Vec::<String>::new());
}

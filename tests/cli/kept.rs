//! Histories that are kept, as the command line has it.

use crate::{CRM, Ran, shop};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// A command of a user whose folder for caches is this.
fn scn(shop: &Path, arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scn"));
    command.current_dir(shop).args(arguments).env("XDG_CACHE_HOME", shop.join("caches"));
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn nobody_has_a_copy_who_did_not_ask() {
    let shop = shop(CRM);
    let plain = scn(shop.path(), &["simulate"]);
    assert!(!shop.path().join("caches").exists());
    assert_eq!(plain.err, "");
    let json = scn(shop.path(), &["simulate", "--format", "json"]);
    json.expect(0, &["\"history\": \"crm\"", "\"history_because\": null"]);
    scn(shop.path(), &["cache"]).expect(0, &["caches/scn: 0 caches"]);
    scn(shop.path(), &["simulate", "--contact", "1", "--cache"]).expect(0, &["went through all steps"]);
    assert!(!shop.path().join("caches").exists());
}

#[test]
fn a_copy_is_made_used_and_removed() {
    let shop = shop(CRM);
    let plain = scn(shop.path(), &["simulate", "--effects", "cold.csv"]).out;
    // Long enough after the CRM was written.
    std::thread::sleep(std::time::Duration::from_millis(2_100));
    let made = scn(shop.path(), &["simulate", "--cache", "--effects", "made.csv"]);
    if made.err.contains("where a change need not show") {
        // The folder for temporary files is on a file system that is not trusted.
        return;
    }
    made.expect(0, &["read from the CRM, and is kept from now on: there was no cache of it"]);
    let folder = shop.path().join("caches/scn");
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    let used = scn(shop.path(), &["simulate", "--cache", "--effects", "warm.csv"]);
    assert_eq!(used.err, "");
    assert_eq!(used.out.replace("warm.csv", "cold.csv"), plain);
    assert_eq!(made.out.replace("made.csv", "cold.csv"), plain);
    let read = |name: &str| std::fs::read(shop.path().join(name)).unwrap();
    assert_eq!(read("cold.csv"), read("made.csv"));
    assert_eq!(read("cold.csv"), read("warm.csv"));
    scn(shop.path(), &["simulate", "--cache", "--format", "json"]).expect(0, &["\"history\": \"cache\""]);
    scn(shop.path(), &["simulate", "--cache", "--no-cache", "--format", "json"]).expect(0, &["\"history\": \"crm\""]);
    scn(shop.path(), &["cache"]).expect(0, &["caches/scn: 1 cache, 1 MiB"]);
    scn(shop.path(), &["cache", "--clear"]).expect(0, &["caches/scn: 1 cache removed"]);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn a_project_may_say_so() {
    let shop = shop(CRM);
    let toml = std::fs::read_to_string(shop.path().join("scn.toml")).unwrap();
    std::fs::write(shop.path().join("scn.toml"), format!("cache = \"kept\"\n{toml}")).unwrap();
    let ran = scn(shop.path(), &["simulate"]);
    assert!(ran.err.starts_with("the history was read from the CRM, and is "), "{}", ran.err);
    assert!(shop.path().join("kept").exists());
    assert!(!shop.path().join("caches").exists());
    scn(shop.path(), &["cache"]).expect(0, &["/kept: ", "caches/scn: 0 caches"]);
    std::fs::write(shop.path().join("scn.toml"), format!("cache = 7\n{toml}")).unwrap();
    scn(shop.path(), &["simulate"]).expect(78, &["expected true, false or a path"]);
}

/// Both sides of a comparison read one copy, where they read the same of the CRM.
#[test]
fn a_comparison_uses_it_too() {
    let shop = shop(CRM);
    let text = std::fs::read_to_string(shop.path().join("renewal.scn")).unwrap();
    for (side, text) in [("old", text.clone()), ("new", text.replace("send email", "wait 1 day send email"))] {
        std::fs::create_dir(shop.path().join(side)).unwrap();
        std::fs::write(shop.path().join(side).join("renewal.scn"), text).unwrap();
        std::fs::write(shop.path().join(side).join("scn.toml"), "crm = \"../crm.db\"\n").unwrap();
    }
    let plain = scn(shop.path(), &["diff", "old", "new"]);
    assert!(!shop.path().join("caches").exists());
    std::thread::sleep(std::time::Duration::from_millis(2_100));
    let made = scn(shop.path(), &["diff", "old", "new", "--cache"]);
    if made.err.contains("where a change need not show") {
        return;
    }
    made.expect(0, &["read from the CRM, and is kept from now on: there was no cache of it"]);
    let used = scn(shop.path(), &["diff", "old", "new", "--cache"]);
    used.expect(0, &[]);
    assert_eq!((used.out.as_str(), used.err.as_str()), (plain.out.as_str(), plain.err.as_str()));
    assert_eq!(made.out, plain.out);
    scn(shop.path(), &["cache"]).expect(0, &["caches/scn: 1 cache"]);
    // With both ends named nothing but the copy is read.
    let span = ["diff", "old", "new", "--cache", "--from", "2011-01-01", "--to", "2030-12-31"];
    scn(shop.path(), &span).expect(0, &[]);
}

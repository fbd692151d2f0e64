//! `scn check` of folders as they are: projects inside, files that cannot be read, and readers that go away.

use super::{TEMPLATE, folder, scn};
use std::fs;
use std::process::{Command, Stdio};

const THANKS: &[u8] =
    b"scenario thanks {\n  when purchased once\n  send service email thanks only if amount > 5 USD\n}\n";

/// Two projects side by side, and nothing above them.
fn repository() -> tempfile::TempDir {
    let template = TEMPLATE.replace("{{ product.name }}", "thanks");
    folder(&[
        ("camp/scn.toml", b"currency = \"USD\"\n"),
        ("camp/thanks.scn", THANKS),
        ("camp/templates/thanks.email.txt", template.as_bytes()),
        ("shop/deep/scn.toml", b"currency = \"USD\"\n"),
        ("shop/deep/thanks.scn", THANKS),
        ("shop/deep/templates/thanks.email.txt", template.as_bytes()),
    ])
}

#[test]
fn each_project_under_a_folder_is_checked_as_one() {
    let all = repository();
    let ran = scn(all.path(), &["check", "."]);
    ran.expect(0, &["`camp` is a project of its own", "`shop/deep` is a project of its own", "in 2 files"]);
    // What is given twice holds what it holds.
    let twice = scn(all.path(), &["check", ".", "camp", "camp/thanks.scn", "--format", "line"]);
    assert!(!twice.out.contains("S006"), "{}", twice.out);
    // A namespace, a currency and levels of its own; what lies beside it is no part of it.
    fs::write(all.path().join("camp/scn.toml"), "").unwrap();
    let ran = scn(all.path(), &["check", ".", "--format", "line"]);
    ran.expect(1, &["camp/thanks.scn:3:"]);
    assert!(!ran.out.contains("deep") && ran.out.contains("T008"), "{}", ran.out);
    fs::write(all.path().join("above.scn"), "scenario thanks {\n  when subscribed once\n  stop\n}\n").unwrap();
    let ran = scn(all.path(), &["check", ".", "--format", "line"]);
    assert!(!ran.out.contains("N002"), "{}", ran.out);
    // A command for one project is told which there are.
    fs::remove_file(all.path().join("above.scn")).unwrap();
    scn(all.path(), &["words"]).expect(2, &["`.` holds projects, and is none itself", "`camp`, `shop/deep`"]);
    scn(all.path(), &["words", "shop/deep"]).expect(0, &[]);
}

#[test]
fn a_project_inside_a_project_is_its_own() {
    let all = repository();
    fs::write(all.path().join("scn.toml"), "").unwrap();
    fs::write(all.path().join("above.scn"), "scenario thanks {\n  when subscribed once\n  stop\n}\n").unwrap();
    let ran = scn(all.path(), &["check", ".", "--format", "line"]);
    assert!(!ran.out.contains("N002") && !ran.out.contains("T008"), "{}", ran.out);
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_read_is_a_finding_and_the_others_are_checked() {
    let shop = folder(&[("care.scn", b"scenario care {\n  when purchased once\n  wait 1 mnth\n  stop\n}\n")]);
    std::os::unix::fs::symlink("nowhere.scn", shop.path().join("dangling.scn")).unwrap();
    std::os::unix::fs::symlink("loop.scn", shop.path().join("loop.scn")).unwrap();
    let ran = scn(shop.path(), &["check", "--format", "line"]);
    ran.expect(
        1,
        &["dangling.scn:1:1: error[S016]", "no such file", "loop.scn:1:1: error[S016]", "care.scn:3:10: error[N004]"],
    );
    // What such a file would have declared is not missed too.
    let starts = "scenario care {\n  when purchased once\n  start next_one\n}\n";
    fs::write(shop.path().join("care.scn"), starts).unwrap();
    let ran = scn(shop.path(), &["check", "--format", "line"]);
    assert!(!ran.out.contains("N001"), "{}", ran.out);
}

#[cfg(unix)]
#[test]
fn a_pipe_in_a_folder_is_no_file() {
    let shop = folder(&[]);
    let pipe = shop.path().join("pipe.scn");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    scn(shop.path(), &["check", "pipe.scn"]).expect(74, &["`pipe.scn` is a pipe, and no file"]);
}

#[test]
fn the_exit_code_does_not_depend_on_who_reads() {
    let shop = folder(&[("care.scn", b"scenario care { whn purchased }\n")]);
    for format in ["sarif", "line", "human"] {
        let mut run = Command::new(env!("CARGO_BIN_EXE_scn"));
        run.current_dir(shop.path()).args(["check", "--format", format]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = run.spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(1), "{format}");
    }
}

#[test]
fn a_crm_that_is_not_looked_at_is_named() {
    let shop = folder(&[("care.scn", b"scenario care { when purchased wait 1 mnth stop }\n")]);
    super::execute(&shop.path().join("shop.db"), super::CRM);
    let ran = scn(shop.path(), &["check", "--crm", "shop.db"]);
    ran.expect(1, &["not looked at: shop.db"]);
}

#[test]
fn places_are_the_same_in_every_format() {
    let shop = folder(&[("care.scn", "scenario é { when purchasd once stop }\n".as_bytes())]);
    scn(shop.path(), &["check", "--format", "line"]).expect(1, &["care.scn:1:19: "]);
    scn(shop.path(), &["check"]).expect(1, &["care.scn:1:19]"]);
}

//! `scn init`: a project that checks, tests, simulates and runs at once.

use crate::{folder, scn};

#[test]
fn a_new_project_works_at_once_and_sends_nothing_twice() {
    let home = folder(&[]);
    scn(home.path(), &["init", "shop"]).expect(0, &["scn run --once"]);
    let shop = home.path().join("shop");
    scn(&shop, &["check"]).expect(0, &[]);
    scn(&shop, &["check", "--crm", "shop.db"]).expect(0, &[]);
    scn(&shop, &["fmt", "--check"]).expect(0, &[]);
    scn(&shop, &["test"]).expect(0, &[" tests passed\n"]);
    scn(&shop, &["simulate", "--strict"]).expect(0, &["2 of 2 scenarios", "renewal", "welcome"]);
    scn(&shop, &["crm"]).expect(0, &[]);
    let mails = || {
        let entries = std::fs::read_dir(shop.join("outbox")).unwrap().map(|entry| entry.unwrap().path());
        let mut mails: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "eml")).collect();
        mails.sort();
        mails
    };
    scn(&shop, &["run", "--once"]).expect(0, &["2 messages sent"]);
    let sent = mails();
    assert_eq!(sent.len(), 2);
    let text = std::fs::read_to_string(&sent[0]).unwrap();
    assert!(text.contains("\r\nSubject: Welcome\r\n"), "{text}");
    scn(&shop, &["run", "--once"]).expect(0, &["0 messages sent"]);
    assert_eq!(mails(), sent);
    scn(home.path(), &["init", "shop"]).expect(2, &["`shop` is not empty"]);
}

#[test]
fn an_empty_folder_is_taken_and_a_file_is_not() {
    let home = folder(&[("file", b"")]);
    scn(home.path(), &["init", "file"]).expect(74, &["file"]);
    std::fs::create_dir(home.path().join("empty")).unwrap();
    scn(&home.path().join("empty"), &["init", "."]).expect(0, &[]);
    scn(&home.path().join("empty"), &["test"]).expect(0, &[]);
}

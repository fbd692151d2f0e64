//! `scn new`: scenarios of the library in a project of one's own.

use crate::{folder, scn};

const SETTINGS: &[u8] = b"currency = \"EUR\"\n[channels.email]\nfrom = \"shop@example.com\"\n";

fn library() -> Vec<String> {
    let list = scn(&std::env::temp_dir(), &["new", "--list"]);
    list.expect(0, &["welcome", "scn new NAME --from SCENARIO"]);
    let names = list.out.lines().take_while(|line| !line.is_empty());
    names.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

/// Under another name each scenario checks, passes its tests and is formatted.
#[test]
fn every_scenario_of_the_library_can_be_copied() {
    for from in library() {
        let shop = folder(&[("scn.toml", SETTINGS)]);
        scn(shop.path(), &["new", "mine", "--from", &from]).expect(0, &["made `mine`", "mine/mine.scn"]);
        let checked = scn(shop.path(), &["check"]);
        assert_eq!(checked.code, 0, "{from}: {}{}", checked.out, checked.err);
        let tested = scn(shop.path(), &["test"]);
        assert_eq!(tested.code, 0, "{from}: {}{}", tested.out, tested.err);
        assert!(!tested.out.contains("there is no test"), "{from}");
        scn(shop.path(), &["fmt", "--check"]).expect(0, &[]);
    }
}

#[test]
fn nothing_is_written_over() {
    let shop = folder(&[("scn.toml", SETTINGS), ("taken/note.txt", b"mine")]);
    scn(shop.path(), &["new", "taken", "--from", "welcome"]).expect(2, &["`./taken` is there already"]);
    scn(shop.path(), &["new", "hello", "--from", "welcome"]).expect(0, &["hello/templates/welcome.email.html"]);
    let text = std::fs::read_to_string(shop.path().join("hello/hello.scn")).unwrap();
    assert!(text.contains("scenario hello ") && text.contains("send email welcome or sms welcome"), "{text}");
    scn(shop.path(), &["new", "hello", "--from", "welcome"]).expect(2, &["is there already"]);
    scn(shop.path(), &["new", "quiz", "--from", "quiz"]).expect(0, &[]);
    scn(shop.path(), &["new", "again", "--from", "quiz"]).expect(2, &["is declared already, in "]);
    assert!(!shop.path().join("again").exists());
}

#[test]
fn what_cannot_be_copied_is_said() {
    let shop = folder(&[("scn.toml", SETTINGS)]);
    scn(shop.path(), &["new", "x", "--from", "welcom"]).expect(2, &["no scenario `welcom`", "did you mean `welcome`?"]);
    scn(shop.path(), &["new", "two words", "--from", "welcome"]).expect(2, &["is no name"]);
    scn(shop.path(), &["new", "../x", "--from", "welcome"]).expect(2, &["is no name"]);
    scn(shop.path(), &["new", "test", "--from", "welcome"]).expect(2, &["is a reserved word"]);
    scn(shop.path(), &["new", "x"]).expect(2, &["--from"]);
    scn(shop.path(), &["new", "x", "--from", "welcome", "--into", "nowhere"]).expect(74, &["nowhere"]);
}

/// The example of `scn new --help`, in a project that `scn init` made.
#[test]
fn a_field_that_is_there_in_the_same_words_is_left_out() {
    let above = folder(&[]);
    scn(above.path(), &["init", "shop"]).expect(0, &[]);
    let shop = above.path().join("shop");
    scn(&shop, &["new", "hello", "--from", "welcome"]).expect(0, &["made `hello`"]);
    scn(&shop, &["check"]).expect(0, &[]);
    scn(&shop, &["test"]).expect(0, &["passed"]);
    scn(&shop, &["fmt", "--check"]).expect(0, &[]);
    let other = folder(&[("scn.toml", SETTINGS), ("mine.scn", b"extend contact {\n  pet: text?\n}\n")]);
    scn(other.path(), &["new", "hello", "--from", "welcome"])
        .expect(2, &["`contact.pet` of `hello.scn` is declared already and otherwise, in", "help: "]);
    assert!(!other.path().join("hello").exists());
}

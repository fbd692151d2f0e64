//! `scn graph`: where pictures go, and what is refused.

use super::{folder, scn};
use std::fs;

const TWO: &[u8] = b"scenario alpha { when purchased send email a }\nscenario beta { when subscribed send email b }\n";
const ONE: &[u8] = b"scenario alpha { when purchased send email a }\n";

#[test]
fn one_scenario_is_printed() {
    let folder = folder(&[("one.scn", ONE), ("one.test.scn", b"test \"x\" of alpha { expect nothing }\n")]);
    let mermaid = scn(folder.path(), &["graph"]);
    mermaid.expect(0, &["flowchart TD\n", "send email a"]);
    assert_eq!(mermaid.err, "");
    let svg = scn(folder.path(), &["graph", "one.scn", "--format", "svg"]);
    svg.expect(0, &["<svg ", "</svg>\n"]);
}

#[test]
fn a_bare_scenario_is_called_as_its_file() {
    let folder = folder(&[("renewal.scn", super::SENTENCE.as_bytes())]);
    scn(folder.path(), &["graph", "renewal.scn"]).expect(0, &["accTitle: renewal\n"]);
}

#[test]
fn one_of_several_is_drawn_by_name() {
    let folder = folder(&[("two.scn", TWO)]);
    scn(folder.path(), &["graph"]).expect(2, &["there are several scenarios: `alpha`, `beta`", "--out FOLDER"]);
    let beta = scn(folder.path(), &["graph", "--scenario", "beta"]);
    beta.expect(0, &["send email b"]);
    assert!(!beta.out.contains("send email a"));
    scn(folder.path(), &["graph", "--scenario", "three"])
        .expect(2, &["there is no scenario `three`", "`alpha`, `beta`"]);
}

#[test]
fn a_file_says_by_its_ending_how_it_is_drawn() {
    let folder = folder(&[("one.scn", ONE)]);
    for (name, begins) in [("one.svg", "<svg "), ("one.mmd", "flowchart TD"), ("one.md", "flowchart TD")] {
        let ran = scn(folder.path(), &["graph", "one.scn", "--out", name]);
        ran.expect(0, &[]);
        assert_eq!(ran.out, "");
        assert!(fs::read_to_string(folder.path().join(name)).unwrap().starts_with(begins), "{name}");
    }
    scn(folder.path(), &["graph", "one.scn", "--out", "one.svg", "--format", "mermaid"]).expect(0, &[]);
    assert!(fs::read_to_string(folder.path().join("one.svg")).unwrap().starts_with("flowchart"));
}

#[test]
fn several_go_into_a_folder() {
    let folder = folder(&[("two.scn", TWO)]);
    scn(folder.path(), &["graph", "--out", "pictures/now", "--format", "svg"]).expect(0, &[]);
    let mut names: Vec<_> =
        fs::read_dir(folder.path().join("pictures/now")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["alpha.svg", "beta.svg"]);
    scn(folder.path(), &["graph", "--scenario", "alpha", "--out", "pictures"]).expect(0, &[]);
    assert!(folder.path().join("pictures/alpha.mmd").exists());
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let broken = folder(&[("broken.scn", b"scenario alpha { when purchased send }\n")]);
    scn(broken.path(), &["graph"]).expect(1, &["broken.scn", "error"]);
    let twice = folder(&[("a.scn", ONE), ("b.scn", ONE)]);
    scn(twice.path(), &["graph", "--out", "x"]).expect(1, &["two scenarios are called `alpha`"]);
    let none = folder(&[("model.scn", b"event visited { shop: text }\n")]);
    scn(none.path(), &["graph"]).expect(2, &["there is no scenario to draw"]);
    scn(none.path(), &["graph", "missing.scn"]).expect(74, &["cannot read `missing.scn`"]);
    let latin = folder(&[("latin.scn", b"scenario caf\xe9 {}\n")]);
    scn(latin.path(), &["graph"]).expect(1, &["is not UTF-8 at byte 12"]);
}

#[test]
fn a_picture_is_not_written_over_its_scenario() {
    let folder = folder(&[("one.scn", ONE)]);
    scn(folder.path(), &["graph", "one.scn", "--out", "one.scn"]).expect(2, &["would be written over"]);
    assert_eq!(fs::read(folder.path().join("one.scn")).unwrap(), ONE);
}

#[test]
fn an_ending_that_nothing_is_drawn_in_is_refused() {
    let folder = folder(&[("one.scn", ONE)]);
    scn(folder.path(), &["graph", "one.scn", "--out", "one.png"]).expect(2, &["`.png`", "`.svg`", "`.mmd`", "`.md`"]);
    assert!(!folder.path().join("one.png").exists());
    scn(folder.path(), &["graph", "one.scn", "--out", "one.txt", "--format", "mermaid"]).expect(0, &[]);
}

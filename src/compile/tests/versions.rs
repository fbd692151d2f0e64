//! Which step of a newer version each step of an older one is: `tests/data/check/versions.txt`.

use super::*;
use crate::ir::Version;
use std::path::Path;

const HEAD: &str = "when purchased product.recurring\n";

fn version(steps: &str) -> Version {
    let compiled = compiled("story", &format!("{HEAD}{steps}"));
    let Some(bundle) = compiled.bundle else { panic!("{steps}\n{:#?}", compiled.diagnostics) };
    bundle.versions().next().unwrap().version
}

/// A step as the table names it: its text, or its place and its text.
fn named(version: &Version, ordinal: u16) -> String {
    let step = version.steps.iter().find(|step| step.ordinal == ordinal).unwrap();
    format!("{ordinal} {}", step.text)
}

#[test]
fn steps_are_found_again_as_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/check/versions.txt");
    let table = std::fs::read_to_string(path).unwrap();
    let (mut wrong, mut cases) = (String::new(), 0);
    for case in table.split("\n\n").filter(|case| !case.trim().is_empty() && !case.starts_with("##")) {
        let part = |name: &str| -> String {
            let lines = case.lines().filter_map(|line| line.strip_prefix(name));
            lines.map(|line| format!("{}\n", line.trim())).collect()
        };
        let (old, new) = (version(&part("old")), version(&part("new")));
        let pairs = old.counterparts(&new);
        let numbers = old.known_steps().into_iter().map(|step| match pairs.get(&step.ordinal) {
            Some(to) => format!("{}-{to}", step.ordinal),
            None => format!("{}-", step.ordinal),
        });
        let found = numbers.collect::<Vec<_>>().join(" ");
        if found != part("same").trim() {
            let all: Vec<String> = old.steps.iter().map(|step| named(&old, step.ordinal)).collect();
            wrong.push_str(&format!("{case}\nfound {found}\n{}\n\n", all.join("\n")));
        }
        cases += 1;
    }
    assert!(cases >= 20, "only {cases} cases");
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_step_is_written_without_its_label_its_white_space_and_its_comments() {
    let text = "@first   send  email a   # why\n  with  name = contact.email\n if sent a { @x wait 2   weeks }\n\
                else  if not sent a { tag \"b\" unless  repurchased } else { stop }\n\
                split offer { a 30% { repeat 2 times every 1 week { send email c } } b 70% { stop } }";
    let found: Vec<String> = (version(text).steps.into_iter())
        .map(|step| format!("{}: {} | {}", step.ordinal, step.place.join(" > "), step.text))
        .collect();
    let expected = [
        "1:  | send email a with name = contact.email",
        "2:  | if sent a",
        "3: if sent a | wait 2 weeks",
        "4: if sent a else if not sent a | tag \"b\" unless repurchased",
        "5: if sent a else | stop",
        "6:  | split offer",
        "7: split offer a | repeat 2 times every 1 week",
        "8: split offer a > repeat | send email c",
        "9: split offer b | stop",
    ];
    assert_eq!(found, expected);
}

#[test]
fn how_steps_are_written_makes_no_other_version() {
    let hash = |text: &str| version(text).scenario.hash();
    let (one, two) = ("wait 1 week send email a", "wait 7 days # a week\nsend email a");
    assert_ne!(version(one).steps, version(two).steps);
    let compiled = |name: &str| {
        let text = format!("let {name} = 1 week\nscenario story {{ {HEAD} wait {name} send email a }}");
        let bundle = compiled("story", &text).bundle.unwrap();
        (bundle.versions().next().unwrap().version, bundle.hash())
    };
    let ((one, first), (two, second)) = (compiled("soon"), compiled("later"));
    assert_ne!(one.steps, two.steps);
    assert_eq!((one.scenario.hash(), first), (two.scenario.hash(), second));
    assert_ne!(hash("wait 1 week send email a"), hash("@pause wait 1 week send email a"));
}

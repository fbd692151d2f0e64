//! `scn check --fix`: only what nobody can have meant otherwise.

use super::{TEMPLATE, folder, scn};
use std::fs;

/// What a scenario looks like after `--fix`.
fn repaired(text: &str) -> String {
    let model = "extend contact { skin: \"dry\" | \"oily\" | \"combination\" ? }\n\
        scenario on_hold { when subscribed once stop }\nscenario on_held { when subscribed once stop }\nscenario b { stop }\nscenario c { stop }\n\
        scenario part_1 { stop }\n";
    let shop = folder(&[
        ("care.scn", text.as_bytes()),
        ("model.scn", model.as_bytes()),
        ("templates/x.email.txt", TEMPLATE.replace("{{ product.name }}", "thanks").as_bytes()),
    ]);
    let ran = scn(shop.path(), &["check", "--fix", "--format", "line"]);
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    fs::read_to_string(shop.path().join("care.scn")).unwrap()
}

#[test]
fn what_may_have_been_meant_otherwise_is_left_alone() {
    let within =
        |step: &str| format!("scenario care {{\n  when subscribed once\n  {step}\n  send service email x\n}}\n");
    for step in [
        // One letter is no unit that is sure.
        "wait 6 M",
        "wait 3 m",
        // Two names are as near.
        "start on_hld",
        "start bc",
        // A number tells names apart.
        "start part_2",
        // Short words are near to too much.
        "stop when contact.skin is \"ory\"",
        // With the keyword that is near, the line could not be read.
        "stop when contact.first_name is mail",
        // The next word does not follow then.
        "send service email x unless amount > 3",
    ] {
        assert_eq!(repaired(&within(step)), within(step), "{step}");
    }
    let begins = "scenario care {\n  on purchased send service email x\n}\n";
    assert!(!repaired(begins).contains(" one "), "{}", repaired(begins));
}

#[test]
fn what_can_only_have_been_meant_is_repaired() {
    let within =
        |step: &str| format!("scenario care {{\n  when subscribed once\n  {step}\n  send service email x\n}}\n");
    for (wrong, right) in [
        ("wiat 3 days", "wait 3 days"),
        ("wait 1 mnth", "wait 1 month"),
        ("wait 3 jours", "wait 3 days"),
        ("stop when contact.skin is \"combinaton\"", "stop when contact.skin is \"combination\""),
        ("stop when contact.skin is \"Oily\"", "stop when contact.skin is \"oily\""),
        ("stop when purchasd", "stop when purchased"),
        ("wait until mondya at 09:00", "wait until monday at 09:00"),
        (
            "send service email x onli if contact.skin is \"dry\"",
            "send service email x only if contact.skin is \"dry\"",
        ),
    ] {
        assert_eq!(repaired(&within(wrong)), within(right), "{wrong}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_is_read_only_is_left_alone_and_named() {
    use std::os::unix::fs::PermissionsExt;
    let text = "scenario care {\n  wehn purchased once\n  stop\n}\n";
    let shop = folder(&[("care.scn", text.as_bytes()), ("other.scn", text.replace("care", "other").as_bytes())]);
    fs::set_permissions(shop.path().join("care.scn"), fs::Permissions::from_mode(0o444)).unwrap();
    let ran = scn(shop.path(), &["check", "--fix"]);
    ran.expect(1, &["repaired `other.scn`", "`care.scn` is read-only, and stays as it is"]);
    assert_eq!(fs::read_to_string(shop.path().join("care.scn")).unwrap(), text);
}

//! What C003 and C007 advise, word for word, and what a program does that follows it.

use crate::{Ran, folder, scn};

const MODEL: &[u8] = b"extend contact {\n  email_consent: flag?\n  vip: flag?\n}\n";
const GONE: &str = "every month for no purchased in last 3 years and purchased ever once";
const GIVEN: &str = "given contact ana { email: \"a@b.c\", email_consent: yes }\n  at 2017-01-10 10:00 ana purchased\n";

fn checked(text: &str) -> Ran {
    let shop = folder(&[("model.scn", MODEL), ("gone.scn", text.as_bytes())]);
    scn(shop.path(), &["check", "--format", "line"])
}

/// Fails unless all tests of this text pass.
fn passes(text: &str) {
    let shop = folder(&[("model.scn", MODEL), ("gone.scn", text.as_bytes())]);
    scn(shop.path(), &["test"]).expect(0, &["passed"]);
}

#[test]
fn who_names_the_warning_keeps_the_guard() {
    for (step, help) in [
        ("erase contact", "name it: `erase contact only if sent warning_a`"),
        (
            "erase contact only if no activity since entry",
            "add `sent warning_a and` to the condition: `erase contact only if sent warning_a and ...`",
        ),
        (
            "erase contact only if no purchased since entry or contact.vip default no",
            "put brackets around the condition: `erase contact only if sent warning_a and (...)`",
        ),
        (
            "erase contact unless purchased since entry",
            "what follows `unless` in brackets: `erase contact only if sent warning_a and not (...)`",
        ),
    ] {
        let text = format!("scenario a {{ {GONE} send email warning_a wait 15 days {step} }}\n");
        checked(&text).expect(1, &["error[C003]", help]);
    }
}

#[test]
fn the_message_that_everybody_gets_is_named() {
    for (before, help) in [
        ("send email warning_a wait 1 day send email warning_b only if contact.vip", "only if sent warning_a`"),
        ("send email warning_b wait 1 day send email warning_a", "only if sent warning_a`"),
        (
            "if contact.vip { send email warning_a } else { send sms warning_b }",
            "only if sent warning_a or sent warning_b`",
        ),
    ] {
        let text = format!("scenario a {{ {GONE} {before} wait 15 days erase contact }}\n");
        checked(&text).expect(1, &["error[C003]", help]);
    }
}

#[test]
fn a_warning_of_another_scenario_is_named_where_it_is_sent() {
    let begins = |step: &str| {
        format!(
            "scenario a {{ {GONE} send email warning_a wait 15 days {step} }}\nscenario b {{ when started erase contact }}\n"
        )
    };
    checked(&begins("start b")).expect(1, &["error[C003]", "name it: `start b only if sent warning_a`"]);
    let guarded = begins("start b only if no activity since entry");
    checked(&guarded).expect(1, &["error[C003]", "`start b only if sent warning_a and ...`"]);
    let named = begins("start b only if sent warning_a and no activity since entry");
    assert!(!checked(&named).out.contains("C003"));
    passes(&format!(
        "{named}test \"warned\" of a, b {{\n  {GIVEN}  until 2020-03-01\n  expect erase contact for ana at 2020-02-16 00:00\n}}\n\
         test \"not warned\" of a, b {{\n  {}  until 2020-03-01\n  expect no erase contact for ana\n}}\n",
        GIVEN.replace("yes", "no"),
    ));
}

#[test]
fn who_came_back_is_spared_by_the_guard_that_was_kept() {
    let scenario =
        |guard: &str| format!("scenario a {{ {GONE} send email warning_a wait 15 days erase contact {guard} }}\n");
    let came_back = |expected: &str| {
        format!(
            "test \"came back\" of a {{\n  {GIVEN}  at 2020-02-05 10:00 ana purchased\n  until 2020-03-01\n  {expected}\n}}\n"
        )
    };
    let guarded = scenario("only if sent warning_a and no activity since entry");
    passes(&(guarded + &came_back("expect no erase contact for ana")));
    // Which is why the name of the warning does not stand in place of the guard.
    passes(&(scenario("only if sent warning_a") + &came_back("expect erase contact for ana")));
    passes(
        &(scenario("only if sent warning_a and not (purchased since entry)")
            + &came_back("expect no erase contact for ana")),
    );
}

#[test]
fn a_message_of_another_branch_is_no_warning() {
    let scenario = "scenario a { when unsubscribed once wait 1 month if subscribed since entry { send email welcome_back stop } \
                    erase contact }\n";
    assert!(!checked(scenario).out.contains("C003"));
    let test = format!(
        "test \"gone\" of a {{\n  {GIVEN}  at 2020-01-10 10:00 ana unsubscribed\n  expect erase contact for ana at 2020-02-10 10:00\n}}\n"
    );
    passes(&(scenario.to_owned() + &test));
}

#[test]
fn a_forgotten_no_is_told() {
    for audience in ["activity in last 3 years", "opened in last 3 years", "count of purchased ever >= 1"] {
        let text = format!("scenario a {{ every month for {audience} erase contact }}\n");
        checked(&text).expect(1, &["this erases whoever was active; where `no` is missing, write it"]);
    }
    checked("scenario a { when subscribed wait 3 years erase contact }\n")
        .expect(1, &["this erases whoever subscribed; say whom, such as `when no purchased for 3 years ...`"]);
}

#[test]
fn what_to_send_after_a_wish_depends_on_the_channel_and_the_wish() {
    for (rest, help) in [
        ("when unsubscribed once send sms a", "write `send transactional sms ...`"),
        (
            "when unsubscribed once wait 1 year send email a",
            "leave it out; or send it to who came back, `only if subscribed since entry`",
        ),
        ("when complained once send email a", "leave it out: who calls a message spam wants none more"),
        ("when purchased or unsubscribed once send email a", "take `unsubscribed` out of what leads here"),
        (
            "when returned once goal purchased or unsubscribed then send email a wait 1 month tag \"b\"",
            "take it out of the goal, and write `stop when unsubscribed`",
        ),
    ] {
        let found = checked(&format!("scenario a {{ {rest} }}\n"));
        assert!(found.out.contains("C007") && found.out.contains(help), "{rest}: {}", found.out);
    }
}

#[test]
fn unless_somebody_came_back_writes_to_those_who_did_not() {
    passes(
        "scenario a { when unsubscribed once wait 30 days send email come_back unless subscribed since entry }\n\
         scenario b { when unsubscribed once wait 30 days send email welcome_back only if subscribed since entry }\n\
         test \"each\" of a, b {\n  given contact ana { email: \"a@b.c\", email_consent: yes }\n  \
         given contact ben { email: \"b@b.c\", email_consent: yes }\n  at 2020-01-10 10:00 ana unsubscribed\n  \
         at 2020-01-10 10:00 ben unsubscribed\n  at 2020-01-20 10:00 ben subscribed\n  expect email come_back to ana\n  \
         expect email welcome_back to ben\n  expect nothing else\n}\n",
    );
}

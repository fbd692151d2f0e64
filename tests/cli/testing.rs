//! `scn test`: what it prints of tests that pass, fail, or are not there.

use crate::{SENTENCE, folder, scn};

const GIVEN: &str = "  given product filter { recurring: yes, delay: 3 months, family: \"filter\" }\n  \
                     given contact ana { email: \"ana@example.com\" }\n  \
                     at 2020-01-10 10:00 ana purchased product filter\n";

/// What is printed of one test of the sentence.
fn tested(lines: &str) -> crate::Ran {
    let text = format!("test \"t\" of renewal {{\n{lines}}}\n");
    let shop = folder(&[("renewal.scn", SENTENCE.as_bytes()), ("renewal.test.scn", text.as_bytes())]);
    scn(shop.path(), &["test"])
}

#[test]
fn a_test_that_passes_is_a_line() {
    let ran = tested(&format!("{GIVEN}  expect email reminder to ana at 2020-03-10 10:00\n  expect nothing else\n"));
    assert_eq!((ran.code, ran.out.as_str()), (0, "ok      renewal: t\n1 test passed\n"));
}

#[test]
fn a_failing_test_says_what_came_and_why() {
    tested(&format!("{GIVEN}  expect email reminder to ana at 2020-03-11 10:00\n")).expect(
        1,
        &[
            "FAILED  renewal: t",
            "expect email reminder to ana at 2020-03-11 10:00  (renewal.test.scn:5:3)",
            "2020-03-10 10:00  email reminder to ana, from `renewal`",
            "waits until 2020-03-10 10:00  `wait product.delay - 1 month`",
            "1 failed",
        ],
    );
    tested(&format!("{GIVEN}  expect nothing\n")).expect(1, &["expect nothing  (", "<- not expected"]);
    tested(&format!("{GIVEN}  expect no email reminder to ana\n")).expect(1, &["expect no email", "<- not expected"]);
    let twice = "  expect email reminder to ana\n  expect email reminder to ana\n";
    tested(&format!("{GIVEN}{twice}")).expect(1, &["(renewal.test.scn:6:3)"]);
    let early = GIVEN.replace("recurring: yes", "recurring: no");
    tested(&format!("{early}  expect email reminder to ana\n")).expect(1, &["came:\n    nothing"]);
}

#[test]
fn reading_what_is_not_given_fails_by_name() {
    let without = GIVEN.replace("delay: 3 months, ", "");
    tested(&format!("{without}  expect nothing\n")).expect(1, &["T010", "`product.delay` is read"]);
    let empty = GIVEN.replace("delay: 3 months", "delay: empty");
    tested(&format!("{empty}  expect nothing\n")).expect(0, &["1 test passed"]);
    let always = GIVEN.replace("recurring: yes", "recurring: empty");
    tested(&format!("{always}  expect nothing\n")).expect(1, &["T001", "`recurring` always has a value"]);
}

#[test]
fn a_filter_chooses_by_name_or_scenario() {
    let test = |name: &str| format!("test \"{name}\" of renewal {{\n{GIVEN}}}\n");
    let text = [test("one"), test("two")].concat();
    let shop = folder(&[("renewal.scn", SENTENCE.as_bytes()), ("renewal.test.scn", text.as_bytes())]);
    scn(shop.path(), &["test", "--filter", "one"]).expect(0, &["1 test passed, 1 left out"]);
    scn(shop.path(), &["test", "--filter", "renewal"]).expect(0, &["2 tests passed"]);
    scn(shop.path(), &["test", "--filter", "three"]).expect(1, &["no test matches `three`, of 2 tests"]);
}

#[test]
fn where_there_is_no_test_it_is_said() {
    let shop = folder(&[("renewal.scn", SENTENCE.as_bytes())]);
    scn(shop.path(), &["test"]).expect(0, &["note: no test runs `renewal`", "there is no test"]);
}

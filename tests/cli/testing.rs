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
fn an_expectation_of_a_row_says_whose_it_is() {
    let other =
        "  given contact ben { email: \"ANA@example.com\" }\n  expect email reminder to ben at 2020-03-11 10:00\n";
    let text = format!("test \"t\" of renewal {{\n{GIVEN}{other}}}\n");
    let shop = folder(&[
        ("renewal.scn", SENTENCE.as_bytes()),
        ("identity.scn", b"identity contact by email\n"),
        ("renewal.test.scn", text.as_bytes()),
    ]);
    scn(shop.path(), &["test"]).expect(1, &["it came at 2020-03-10 10:00", "`ben` is a row of `ana`, by `identity`"]);
}

#[test]
fn reading_what_is_not_given_fails_by_name() {
    let without = GIVEN.replace("delay: 3 months, ", "");
    tested(&format!("{without}  expect nothing\n")).expect(1, &["T010", "`product.delay` is read", "{ delay: ... }`"]);
    let empty = GIVEN.replace("delay: 3 months", "delay: empty");
    tested(&format!("{empty}  expect nothing\n")).expect(0, &["1 test passed"]);
    let always = GIVEN.replace("recurring: yes", "recurring: empty");
    tested(&format!("{always}  expect nothing\n")).expect(1, &["T001", "`recurring` always has a value"]);
}

#[test]
fn a_filter_chooses_by_name_or_scenario() {
    let expected = "  expect email reminder to ana\n";
    let test = |name: &str| format!("test \"{name}\" of renewal {{\n{GIVEN}{expected}}}\n");
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

#[test]
fn a_failing_test_says_what_came_nearest() {
    let near = |expected: &str, said: &str| {
        tested(&format!("{GIVEN}  {expected}\n")).expect(1, &[said]);
    };
    near("expect email reminder to ana at 2020-03-11", "it came at 2020-03-10 10:00");
    near("expect email reminder to ana within 1 week", "it came at 2020-03-10 10:00");
    near("expect no email reminder to ana", "it came at 2020-03-10 10:00");
    near("given contact bob { email: empty } expect email reminder to bob", "it came to ana, at 2020-03-10 10:00");
    let again = "at 2020-02-01 ana purchased product filter expect email reminder to ana at 2020-03-10";
    near(again, "it was skipped at 2020-03-10 10:00: ");
    near(again, "1 failed");
    let silent = GIVEN.replace("recurring: yes", "recurring: no");
    tested(&format!("{silent}  expect email reminder to ana\n")).expect(1, &["nothing like it came"]);
}

#[test]
fn a_table_of_cases_is_a_test_for_each_row() {
    let lines = "  cases delay, due {\n    \"a quarter\": 3 months, 2020-03-10 10:00\n    \"wrong\": 4 months, 2020-03-10\n  }\n  \
                 given product filter { recurring: yes, delay: delay, family: \"filter\" }\n  \
                 given contact ana { email: \"ana@example.com\" }\n  \
                 at 2020-01-10 10:00 ana purchased product filter\n  expect email reminder to ana at due\n";
    tested(lines).expect(
        1,
        &[
            "ok      renewal: t (a quarter)\n",
            "FAILED  renewal: t (wrong)\n",
            "it came at 2020-04-10 10:00",
            "1 test passed, 1 failed",
        ],
    );
    let shop = folder(&[
        ("renewal.scn", SENTENCE.as_bytes()),
        ("a.test.scn", format!("test \"t\" of renewal {{\n{lines}}}").as_bytes()),
    ]);
    scn(shop.path(), &["test", "--filter", "a quarter"]).expect(0, &["1 test passed, 1 left out"]);
}

#[test]
fn lines_are_shared_by_name() {
    let text = format!(
        "given shop {{\n{GIVEN}}}\ntest \"one\" of renewal {{\n  given shop\n  expect email reminder to ana\n}}\n\
         test \"two\" of renewal {{\n  given shop\n  expect nothing\n}}\n"
    );
    let shop = folder(&[("renewal.scn", SENTENCE.as_bytes()), ("renewal.test.scn", text.as_bytes())]);
    scn(shop.path(), &["test"]).expect(1, &["ok      renewal: one", "FAILED  renewal: two", "<- not expected"]);
}

const BRANCHES: &str = "scenario care {\n  when purchased\n  wait 1 day\n  if quantity > 1 {\n    send email many\n  } else {\n    \
                        send email single\n    stop\n  }\n  wait 1 day\n  send email more\n}\n";

fn branches(tests: &str) -> tempfile::TempDir {
    let text = format!("{BRANCHES}{tests}");
    folder(&[("care.scn", text.as_bytes())])
}

#[test]
fn coverage_shows_what_no_test_reaches() {
    let test = |quantity: u32, expected: &str| {
        format!(
            "test \"{quantity}\" {{\n  given contact ana {{ email: \"ana@example.com\" }}\n  \
             at 2020-01-10 10:00 ana purchased quantity {quantity}\n  expect email {expected} to ana\n}}\n"
        )
    };
    let one = branches(&test(1, "single"));
    scn(one.path(), &["test", "--coverage"]).expect(
        0,
        &[
            "  care   55%  5 of 9\n",
            "    never holds: `if quantity > 1`  (care.scn:4:3)\n",
            "    never: `send email many`  (care.scn:5:5)\n",
            "    never: `wait 1 day`  (care.scn:10:3)\n",
            "    never: `send email more`  (care.scn:11:3)\n",
            "  all    55%\n",
        ],
    );
    scn(one.path(), &["test", "--coverage-min", "55"]).expect(0, &["55%"]);
    scn(one.path(), &["test", "--coverage-min", "56"]).expect(1, &["55%", "less than 56%"]);
    scn(one.path(), &["test", "--coverage-min", "101"]).expect(2, &["101"]);
    let both = branches(&(test(1, "single") + &test(2, "more")));
    scn(both.path(), &["test", "--coverage", "--coverage-min", "100"]).expect(0, &["  care  100%  9 of 9\n"]);
}

#[test]
fn outcomes_are_written_for_servers() {
    let wrong = format!("{GIVEN}  expect email reminder to ana at 2020-03-11\n");
    let text = format!(
        "test \"good <&>\" of renewal {{\n{GIVEN}  expect nothing else\n  expect email reminder to ana\n}}\ntest \"bad\" of renewal {{\n{wrong}}}\n"
    );
    let shop = folder(&[("renewal.scn", SENTENCE.as_bytes()), ("renewal.test.scn", text.as_bytes())]);
    scn(shop.path(), &["test", "--junit", "out.xml"]).expect(1, &["1 test passed, 1 failed"]);
    let xml = std::fs::read_to_string(shop.path().join("out.xml")).unwrap();
    for said in [
        "<testsuites name=\"scn test\" tests=\"2\" skipped=\"0\" failures=\"1\" errors=\"0\">",
        "<testsuite name=\"renewal.test.scn\" tests=\"2\" skipped=\"0\" errors=\"0\" failures=\"1\">",
        "<testcase name=\"good &lt;&amp;&gt;\" classname=\"renewal\"/>",
        "<failure message=\"an expectation is not met\">",
        "it came at 2020-03-10 10:00",
    ] {
        assert!(xml.contains(said), "{said}\n{xml}");
    }
    scn(shop.path(), &["test", "--junit", "no-such-folder/out.xml"]).expect(74, &["cannot write"]);
}

#[test]
fn a_test_that_expects_nothing_at_all_has_not_passed() {
    let ran = tested(GIVEN);
    ran.expect(
        1,
        &["F009", "FAILED  renewal: t", "it expects nothing, so it shows nothing", "0 tests passed, 1 failed"],
    );
    assert!(!ran.out.contains("ok "), "{}", ran.out);
}

#[test]
fn an_event_that_starts_nothing_says_which_clause_refused_it() {
    let expected = "  expect email reminder to ana at 2020-03-10 10:00\n";
    let once = GIVEN.replace("recurring: yes", "recurring: no") + expected;
    tested(&once).expect(
        1,
        &["2020-01-10 10:00  renewal: ana purchased, but `product.recurring` does not hold  (product.recurring = no)"],
    );
    let other = GIVEN.replace("ana purchased product filter", "ana subscribed list \"news\"") + expected;
    tested(&other).expect(
        1,
        &[
            "no event of this test is a trigger of its scenarios",
            "it has `subscribed`",
            "`renewal` waits for `purchased`",
        ],
    );
    let text = "scenario gold { when purchased amount >= 100 EUR for contact.tier is \"gold\"  send email thanks }\n\
                test \"t\" {\n  given contact ana { email: \"a@example.com\", tier: \"silver\" }\n  \
                given contact bob { email: \"b@example.com\", tier: empty }\n  \
                at 2020-01-10 10:00 ana purchased amount 99 EUR\n  at 2020-01-10 10:00 bob purchased amount 120 EUR\n  \
                expect email thanks to ana\n  expect email thanks to bob\n}\n";
    let text = text.replace("purchased amount >= 100 EUR", "purchased where (amount >= 100 EUR)");
    let shop = folder(&[("gold.scn", text.as_bytes())]);
    scn(shop.path(), &["test"]).expect(
        1,
        &[
            "gold: ana purchased, but `(amount >= 100 EUR)` does not hold  (amount = 99.00 EUR)",
            "gold: bob purchased, but `for contact.tier is \"gold\"` is unknown  (contact.tier = missing)",
        ],
    );
}

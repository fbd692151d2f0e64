//! `scn test --junit`: the outcomes for servers of continuous integration.

use super::told::TestOutcome;
use crate::cli::exit::{Exit, Failure};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

/// One suite a file, in the order of the tests; no clock is read, so that the same outcomes give the same bytes.
///
/// # Errors
/// When it cannot be written as XML.
pub fn report(outcomes: &[TestOutcome]) -> Result<String, Failure> {
    let mut report = Report::new("scn test");
    let mut suites: Vec<TestSuite> = Vec::new();
    for outcome in outcomes {
        if suites.last().is_none_or(|suite| suite.name.as_str() != outcome.file) {
            suites.push(TestSuite::new(outcome.file.as_str()));
        }
        let status = match &outcome.failure {
            None => TestCaseStatus::success(),
            Some(why) => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_message("an expectation is not met").set_description(why.as_str());
                status
            }
        };
        let mut case = TestCase::new(outcome.name.as_str(), status);
        case.set_classname(outcome.scenarios.as_str());
        if let Some(suite) = suites.last_mut() {
            suite.add_test_case(case);
        }
    }
    report.add_test_suites(suites);
    report.to_string().map_err(|error| Failure::new(Exit::Failed, format!("the outcomes cannot be written: {error}")))
}

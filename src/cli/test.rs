//! `scn test`: tests on the virtual clock.

use super::exit::{Exit, Failure};
use super::findings::Findings;
use super::output;
use super::project::Project;
use super::sources::{failure, step_texts};
use crate::compile::Compiled;
use crate::diagnostic::render::{self, clean};
use crate::diagnostic::{Diagnostic, Rule};
use crate::drivers;
use crate::drivers::story::{StepTexts, line, moment};
use crate::drivers::test::{self, Verdict};
use crate::engine::Program;
use crate::ir::{Bundle, TestCase};
use crate::model::Surroundings;
use crate::span::Span;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;

/// Run the tests of scenarios on a virtual clock
///
/// Exits with 1 when a test fails. A failing test shows what was expected, what came, and why.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  scn test scenarios --filter \"end of life\"")]
pub struct Arguments {
    /// Files, or folders with all `.scn` files under them
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Run only the tests whose name or scenario holds this text
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let mut told = Told::default();
    for project in Project::open(&arguments.paths)? {
        let (compiled, findings) = Findings::of(&project, &Surroundings::default());
        if let Some(exit) = findings.stop() {
            return Ok(exit);
        }
        told.project(&compiled, arguments.filter.as_deref())?;
    }
    told.summary(arguments.filter.as_deref());
    output::results(&told.text)?;
    let nothing_matched = arguments.filter.is_some() && told.passed == 0;
    Ok(if told.failed > 0 || nothing_matched { Exit::Findings } else { Exit::Done })
}

/// What is printed of all tests.
#[derive(Debug, Default)]
struct Told {
    text: String,
    passed: usize,
    failed: usize,
    left_out: usize,
}

impl Told {
    fn project(&mut self, compiled: &Compiled, filter: Option<&str>) -> Result<(), Failure> {
        let Some(bundle) = &compiled.bundle else { return Ok(()) };
        let texts = step_texts(compiled);
        for case in &compiled.tests {
            if filter.is_some_and(|filter| !concerns(case, filter)) {
                self.left_out += 1;
                continue;
            }
            let program = program(bundle, case)?;
            let verdict = test::run(&program, case);
            self.case(compiled, &program, &texts, case, &verdict);
        }
        let tested: BTreeSet<&String> = compiled.tests.iter().flat_map(|case| &case.scenarios).collect();
        for scenario in bundle.scenarios.iter().filter(|scenario| !tested.contains(&scenario.name)) {
            // Writing into a string cannot fail.
            let _ = writeln!(self.text, "note: no test runs `{}`", clean(&scenario.name));
        }
        Ok(())
    }

    fn case(&mut self, compiled: &Compiled, program: &Program, texts: &StepTexts, case: &TestCase, verdict: &Verdict) {
        let name = format!("{}: {}", case.scenarios.join(", "), case.name);
        if verdict.passed() {
            self.passed += 1;
            let _ = writeln!(self.text, "ok      {}", clean(&name));
            return;
        }
        self.failed += 1;
        let _ = writeln!(self.text, "FAILED  {}", clean(&name));
        self.not_given(compiled, case, verdict);
        let unmet: Vec<Span> =
            verdict.unmet.iter().filter_map(|(place, _)| Some(case.expectations.get(*place)?.span)).collect();
        if !unmet.is_empty() {
            self.text.push_str("  expected:\n");
        }
        for span in unmet {
            let _ = writeln!(self.text, "    {}  ({})", one_line(compiled.sources.text(span)), place(compiled, span));
        }
        self.text.push_str("  came:\n");
        for sent in &verdict.sent {
            let at = moment(program.settings.zone, sent.at);
            let unwanted = if verdict.unexpected.contains(sent) { "  <- not expected" } else { "" };
            let message = format!("{} {} to {}, from `{}`", sent.channel, sent.message, sent.contact, sent.scenario);
            let _ = writeln!(self.text, "    {at}  {}{unwanted}", clean(&message));
        }
        if verdict.sent.is_empty() {
            self.text.push_str("    nothing\n");
        }
        self.text.push_str("  because:\n");
        for each in &verdict.trace {
            let _ = writeln!(self.text, "    {}", clean(&line(program, texts, each)));
        }
        if verdict.trace.is_empty() {
            self.text.push_str("    no event of this test is a trigger of its scenarios\n");
        }
    }

    /// Rule T010: a scenario read what the test does not give.
    fn not_given(&mut self, compiled: &Compiled, case: &TestCase, verdict: &Verdict) {
        let first_line = compiled.sources.text(case.span).lines().next().map_or(0, str::len);
        let place = Span::new(case.span.source, case.span.range().start, case.span.range().start + first_line);
        let found = |field: &String| {
            let name = field.rsplit('.').next().unwrap_or(field);
            Diagnostic::new(Rule::TestReadsNotGiven, format!("`{field}` is read, and this test does not give it"))
                .at(place, "this test")
                .help(format!("write `{name}: ...` where its row is given; `{name}: empty` for one without a value"))
        };
        let findings: Vec<Diagnostic> = verdict.not_given.iter().map(found).collect();
        self.text.push_str(&render::human(&compiled.sources, &findings, output::results_in_colour()));
    }

    fn summary(&mut self, filter: Option<&str>) {
        if self.passed + self.failed == 0 {
            self.text.push_str(&match filter {
                Some(filter) => format!("no test matches `{}`, of {}\n", clean(filter), counted(self.left_out)),
                None => "there is no test: write `test \"...\" of SCENARIO { ... }` in a file `NAME.test.scn`\n".into(),
            });
            return;
        }
        let mut parts = vec![format!("{} passed", counted(self.passed))];
        if self.failed > 0 {
            parts.push(format!("{} failed", self.failed));
        }
        if self.left_out > 0 {
            parts.push(format!("{} left out by `--filter`", self.left_out));
        }
        let _ = writeln!(self.text, "{}", parts.join(", "));
    }
}

fn concerns(case: &TestCase, filter: &str) -> bool {
    case.name.contains(filter) || case.scenarios.iter().any(|scenario| scenario.contains(filter))
}

/// The scenarios that a test names, and no others.
fn program(bundle: &Bundle, case: &TestCase) -> Result<Program, Failure> {
    let named = bundle.scenarios.iter().filter(|scenario| case.scenarios.contains(&scenario.name));
    let own = Bundle {
        format: bundle.format,
        settings: bundle.settings.clone(),
        policy: bundle.policy.clone(),
        measures: bundle.measures.clone(),
        identity: bundle.identity.clone(),
        scenarios: named.cloned().collect(),
        messages: Vec::new(),
    };
    Program::link(&own, &[]).map_err(|error| failure(drivers::Error::Link(error)))
}

/// `renewal.test.scn:5:3`
fn place(compiled: &Compiled, span: Span) -> String {
    let (line, column) = compiled.sources.position(span);
    let name = compiled.sources.get(span.source).map_or("", |source| &source.name);
    clean(&format!("{name}:{line}:{column}")).into_owned()
}

fn one_line(text: &str) -> String {
    clean(&text.split_whitespace().collect::<Vec<_>>().join(" ")).into_owned()
}

fn counted(tests: usize) -> String {
    format!("{tests} test{}", if tests == 1 { "" } else { "s" })
}

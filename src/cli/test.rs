//! `scn test`: tests on the virtual clock.

use super::exit::{Exit, Failure};
use super::findings::Findings;
use super::output;
use super::project::Project;
use super::sources::step_texts;
use crate::compile::Compiled;
use crate::diagnostic::render::{clean, human};
use crate::diagnostic::{Diagnostic, Rule};
use crate::drivers::story::{self, StepTexts};
use crate::drivers::test::{Sent, Verdict, run as run_case};
use crate::engine::Program;
use crate::ir::{Bundle, TestCase};
use crate::model::Surroundings;
use crate::span::Span;
use std::fmt::Write;
use std::path::PathBuf;

/// Run the tests of scenarios on a virtual clock
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

/// How many tests passed, and how many did not.
#[derive(Default)]
struct Score {
    passed: usize,
    failed: usize,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let mut score = Score::default();
    for project in Project::open(&arguments.paths)? {
        // Templates and CRMs have no part in a test.
        let (compiled, findings) = Findings::of(&project, &Surroundings::default());
        if let Some(exit) = findings.stop() {
            return Ok(exit);
        }
        let Some(bundle) = &compiled.bundle else { continue };
        let texts = step_texts(&compiled);
        for case in compiled.tests.iter().filter(|case| arguments.wants(case)) {
            one_test(&compiled, bundle, &texts, case, &mut score)?;
        }
    }
    if score.passed + score.failed == 0
        && let Some(text) = &arguments.filter
    {
        return Err(Failure::new(Exit::Usage, format!("no test has `{text}` in its name or its scenario")));
    }
    output::results(&score.text())?;
    Ok(if score.failed == 0 { Exit::Done } else { Exit::Findings })
}

impl Arguments {
    fn wants(&self, case: &TestCase) -> bool {
        let holds = |text: &str, name: &String| name.contains(text);
        let Some(text) = &self.filter else { return true };
        holds(text, &case.name) || case.scenarios.iter().any(|scenario| holds(text, scenario))
    }
}

fn one_test(
    compiled: &Compiled,
    bundle: &Bundle,
    texts: &StepTexts,
    case: &TestCase,
    score: &mut Score,
) -> Result<(), Failure> {
    let named = bundle.scenarios.iter().filter(|scenario| case.scenarios.contains(&scenario.name));
    let alone = Bundle {
        format: bundle.format,
        settings: bundle.settings.clone(),
        scenarios: named.cloned().collect(),
        messages: Vec::new(),
    };
    let program = Program::link(&alone, &[]).map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    let verdict = run_case(&program, case);
    if verdict.passed() {
        score.passed += 1;
        return output::results(&format!("passed  {}\n", clean(&case.name)));
    }
    score.failed += 1;
    output::drawing(&failed(compiled, &program, texts, case, &verdict))
}

/// What came, what was expected, and the story that explains it.
fn failed(compiled: &Compiled, program: &Program, texts: &StepTexts, case: &TestCase, verdict: &Verdict) -> String {
    let (line, _) = compiled.sources.position(case.span);
    let file = compiled.sources.get(case.span.source).map_or("", |source| &source.name);
    let mut out = format!("FAILED  {} ({}:{line})\n", clean(&case.name), clean(file));
    for expectation in verdict.unmet.iter().filter_map(|place| case.expectations.get(*place)) {
        let (line, _) = compiled.sources.position(expectation.span);
        // Writing into a string cannot fail.
        let _ = writeln!(out, "  not so: {} (line {line})", one_line(compiled, expectation.span));
    }
    let shown = |sent: &Sent| {
        let Sent { channel, message, contact, scenario, at } = sent;
        let text =
            format!("{channel} {message} to {contact} at {} ({scenario})", story::moment(program.settings.zone, *at));
        clean(&text).into_owned()
    };
    for sent in &verdict.unexpected {
        let _ = writeln!(out, "  not expected: {}", shown(sent));
    }
    out.push_str(if verdict.sent.is_empty() { "  nothing was sent\n" } else { "  sent:\n" });
    for sent in &verdict.sent {
        let _ = writeln!(out, "    {}", shown(sent));
    }
    out.push_str("  what happened:\n");
    for line in &verdict.trace {
        let _ = writeln!(out, "    {}", clean(&story::line(program, texts, line)));
    }
    let diagnostics: Vec<Diagnostic> = verdict.not_given.iter().map(|path| not_given(compiled, case, path)).collect();
    out.push_str(&human(&compiled.sources, &diagnostics, output::results_in_colour()));
    out
}

fn one_line(compiled: &Compiled, span: Span) -> String {
    let text = compiled.sources.text(span).split_whitespace().collect::<Vec<_>>().join(" ");
    clean(&text).into_owned()
}

fn not_given(compiled: &Compiled, case: &TestCase, path: &str) -> Diagnostic {
    let head = compiled.sources.text(case.span).lines().next().map_or(0, str::len);
    let start = case.span.range().start;
    Diagnostic::new(Rule::TestReadsNotGiven, format!("the test `{}` does not give `{path}`", case.name))
        .at(Span::new(case.span.source, start, start + head), "reads it")
        .help(format!("give `{path}` a value in this test"))
}

impl Score {
    fn text(&self) -> String {
        let Score { passed, failed } = self;
        match (passed, failed) {
            (0, 0) => "no tests\n".to_owned(),
            (1, 0) => "1 test passed\n".to_owned(),
            (_, 0) => format!("{passed} tests passed\n"),
            _ => format!("{failed} of {} tests failed\n", passed + failed),
        }
    }
}

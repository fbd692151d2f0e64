//! What is printed of tests.

use super::{coverage, program, refused};
use crate::cli::exit::Failure;
use crate::cli::output;
use crate::cli::sources;
use crate::compile::Compiled;
use crate::diagnostic::render::{self, clean};
use crate::diagnostic::{Diagnostic, Rule};
use crate::drivers::story::{self, Teller, Texts, moment};
use crate::drivers::test::{self, Near, Verdict};
use crate::engine::{Outcome, Program, Reason};
use crate::ir::{Expectation, TestCase};
use crate::span::Span;
use crate::time::Zone;
use std::collections::BTreeSet;
use std::fmt::Write;

/// What became of one test.
#[derive(Debug)]
pub struct TestOutcome {
    pub name: String,
    pub scenarios: String,
    /// The file that holds it.
    pub file: String,
    /// What is wrong, where it failed.
    pub failure: Option<String>,
}

/// What is printed of all tests.
#[derive(Debug, Default)]
pub struct Told {
    pub text: String,
    pub outcomes: Vec<TestOutcome>,
    pub coverage: Option<coverage::Told>,
    left_out: usize,
}

impl Told {
    pub fn new(with_coverage: bool) -> Told {
        Told { coverage: with_coverage.then(coverage::Told::default), ..Told::default() }
    }

    pub fn failed(&self) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.failure.is_some()).count()
    }

    pub fn passed(&self) -> usize {
        self.outcomes.len() - self.failed()
    }

    pub fn project(&mut self, compiled: &Compiled, filter: Option<&str>) -> Result<(), Failure> {
        let Some(bundle) = &compiled.bundle else { return Ok(()) };
        let texts = sources::texts(compiled);
        let mut coverage = test::Coverage::default();
        for case in &compiled.tests {
            if filter.is_some_and(|filter| !concerns(case, filter)) {
                self.left_out += 1;
                continue;
            }
            let program = program(bundle, case)?;
            let verdict = test::run(&program, case);
            coverage.add(&program, &verdict.trace);
            self.case(compiled, &program, &texts, case, &verdict);
        }
        let tested: BTreeSet<&String> = compiled.tests.iter().flat_map(|case| &case.scenarios).collect();
        for scenario in bundle.scenarios.iter().filter(|scenario| !tested.contains(&scenario.name)) {
            // Writing into a string cannot fail.
            let _ = writeln!(self.text, "note: no test runs `{}`", clean(&scenario.name));
        }
        if let Some(told) = &mut self.coverage {
            told.project(compiled, bundle, &coverage);
        }
        Ok(())
    }

    fn case(&mut self, compiled: &Compiled, program: &Program, texts: &Texts, case: &TestCase, verdict: &Verdict) {
        let scenarios = case.scenarios.join(", ");
        let name = format!("{scenarios}: {}", case.name);
        let file = compiled.sources.get(case.span.source).map_or_else(String::new, |source| source.name.clone());
        let failure = if case.expectations.is_empty() {
            let _ = writeln!(self.text, "FAILED  {}", clean(&name));
            let why = format!(
                "  it expects nothing, so it shows nothing: add an `expect` ({})\n",
                place(compiled, case.span)
            );
            self.text.push_str(&why);
            Some(why)
        } else if verdict.passed() {
            let _ = writeln!(self.text, "ok      {}", clean(&name));
            None
        } else {
            let _ = writeln!(self.text, "FAILED  {}", clean(&name));
            let findings = not_given(compiled, case, verdict);
            self.text.push_str(&render::human(&compiled.sources, &findings, output::results_style(None)));
            let why = Failed { compiled, program, texts, case, verdict }.text();
            self.text.push_str(&why);
            Some(render::human(&compiled.sources, &findings, render::Style::default()) + &why)
        };
        self.outcomes.push(TestOutcome { name: case.name.clone(), scenarios, file, failure });
    }

    pub fn summary(&mut self, filter: Option<&str>) {
        if let Some(coverage) = &self.coverage {
            self.text.push_str(&coverage.text());
        }
        let (passed, failed) = (self.passed(), self.failed());
        if passed + failed == 0 {
            self.text.push_str(&match filter {
                Some(filter) => format!("no test matches `{}`, of {}\n", clean(filter), counted(self.left_out)),
                None => "there is no test: write `test \"...\" of SCENARIO { ... }` in a file `NAME.test.scn`\n".into(),
            });
            return;
        }
        let mut parts = vec![format!("{} passed", counted(passed))];
        if failed > 0 {
            parts.push(format!("{failed} failed"));
        }
        if self.left_out > 0 {
            parts.push(format!("{} left out by `--filter`", self.left_out));
        }
        let _ = writeln!(self.text, "{}", parts.join(", "));
    }
}

/// A test that failed: what was expected, what came, and why.
struct Failed<'a> {
    compiled: &'a Compiled,
    program: &'a Program,
    texts: &'a Texts,
    case: &'a TestCase,
    verdict: &'a Verdict,
}

impl Failed<'_> {
    fn zone(&self) -> Zone {
        self.program.settings.zone
    }

    fn text(&self) -> String {
        let mut text = String::new();
        if !self.verdict.unmet.is_empty() {
            text.push_str("  expected:\n");
        }
        for (place, near) in &self.verdict.unmet {
            let Some(Expectation { span, kind }) = self.case.expectations.get(*place) else { continue };
            let span = *span;
            let expected = one_line(self.compiled.sources.text(span));
            let _ = writeln!(text, "    {expected}  ({})", self::place(self.compiled, span));
            let _ = writeln!(text, "      {}", clean(&self.near(near)));
            if let Some((row, person)) = kind.contact().and_then(|contact| self.verdict.rows.get_key_value(contact)) {
                let _ = writeln!(text, "      {}", clean(&format!("`{row}` is a row of `{person}`, by `identity`")));
            }
        }
        text.push_str("  came:\n");
        self.came(&mut text);
        text.push_str("  because:\n");
        let (program, texts, world, zone) = (self.program, self.texts, &self.verdict.world, self.zone());
        let teller = Teller { program, world, texts, zone, reveal: true };
        for told in self.verdict.trace.iter().filter_map(|line| teller.line(line, 4)) {
            text.push_str(&told);
        }
        text.push_str(&refused::text(teller, self.case, self.verdict));
        text
    }

    /// What came nearest.
    fn near(&self, near: &Near) -> String {
        let at = |instant| moment(self.zone(), instant);
        match near {
            Near::Nothing => "nothing like it came".into(),
            Near::At(instant) => format!("it came at {}", at(*instant)),
            Near::Channel(channel, instant) => format!("it came by {channel}, at {}", at(*instant)),
            Near::Contact(contact, instant) => format!("it came to {contact}, at {}", at(*instant)),
            Near::Not(outcome, reason, instant) => {
                format!("it was {} at {}: {}", outcome.name(), at(*instant), reason.text())
            }
            Near::Came(instant) => format!("it came at {}", at(*instant)),
            Near::Other(what, instant) => format!("at {} it was {what}", at(*instant)),
            Near::More => "more came".into(),
        }
    }

    fn came(&self, text: &mut String) {
        let mut lines: Vec<(crate::time::Instant, String)> = Vec::new();
        for sent in &self.verdict.sent {
            let unwanted = if self.verdict.unexpected.contains(sent) { "  <- not expected" } else { "" };
            let message = format!("{} {} to {}, from `{}`", sent.channel, sent.message, sent.contact, sent.scenario);
            lines.push((sent.at, format!("{}{unwanted}", clean(&message))));
        }
        for done in &self.verdict.done {
            let what = story::act(&done.act, &self.verdict.world);
            let outcome = match (done.outcome, done.reason) {
                (Outcome::Done, Reason::None) => String::new(),
                (outcome, reason) => format!(" ({}: {})", outcome.name(), reason.text()),
            };
            let act = format!("{} {what} for {}, from `{}`{outcome}", done.act.name(), done.contact, done.scenario);
            lines.push((done.at, clean(&act).into_owned()));
        }
        lines.sort_by_key(|(at, _)| *at);
        for (at, line) in &lines {
            let _ = writeln!(text, "    {}  {line}", moment(self.zone(), *at));
        }
        if lines.is_empty() {
            text.push_str("    nothing\n");
        }
    }
}

/// Rule T010: a scenario read what the test does not give.
fn not_given(compiled: &Compiled, case: &TestCase, verdict: &Verdict) -> Vec<Diagnostic> {
    let first_line = compiled.sources.text(case.span).lines().next().map_or(0, str::len);
    let place = Span::new(case.span.source, case.span.range().start, case.span.range().start + first_line);
    let found = |field: &String| {
        Diagnostic::new(Rule::TestReadsNotGiven, format!("`{field}` is read, and this test does not give it"))
            .at(place, "this test")
            .help(where_to_give(compiled, case, field))
    };
    verdict.not_given.iter().map(found).collect()
}

/// The line of a test in which a field that was read can be given: that of its row, or that of its event.
fn where_to_give(compiled: &Compiled, case: &TestCase, field: &str) -> String {
    let (of, name) = field.rsplit_once('.').unwrap_or(("", field));
    let of = of.rsplit('.').next().unwrap_or(of);
    let row = case.given.iter().find(|row| row.entity == of && !row.fields.iter().any(|(given, _)| given == name));
    if let Some(row) = row {
        return format!(
            "write `given {} {} {{ {name}: ... }}`, with its other fields; where it has no value, `{name}: empty`",
            row.entity, row.name
        );
    }
    let has = |event: &str| compiled.model.events.get(event).is_some_and(|record| record.field(name).is_some());
    let event =
        case.events.iter().find(|event| has(&event.event) && !event.fields.iter().any(|(given, _)| given == name));
    match event.filter(|_| of.is_empty() || of == "trigger") {
        Some(event) => format!(
            "write `{name}` and its value in the line of its event, `at ... {} {} {name} ...`; where it has no value, `{name} empty`",
            event.contact, event.event
        ),
        None => format!("write `{name}: ...` where its row is given; where it has no value, `{name}: empty`"),
    }
}

fn concerns(case: &TestCase, filter: &str) -> bool {
    case.name.contains(filter) || case.scenarios.iter().any(|scenario| scenario.contains(filter))
}

/// `renewal.test.scn:5:3`
pub fn place(compiled: &Compiled, span: Span) -> String {
    let (line, column) = compiled.sources.position(span);
    let name = compiled.sources.get(span.source).map_or("", |source| &source.name);
    clean(&format!("{name}:{line}:{column}")).into_owned()
}

pub fn one_line(text: &str) -> String {
    clean(&text.split_whitespace().collect::<Vec<_>>().join(" ")).into_owned()
}

fn counted(tests: usize) -> String {
    format!("{tests} test{}", if tests == 1 { "" } else { "s" })
}

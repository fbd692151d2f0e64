//! The most messages that one person can get, for people and as JSON.

use super::exit::Failure;
use super::findings::Format;
use super::output;
use crate::compile::pressure::{Figures, How, OfScenario, Passed, Pressure, WINDOWS, Why, in_words, pressure};
use crate::compile::{Compiled, Origin};
use crate::diagnostic::render::clean;
use crate::ir::{Bundle, Class, EntryRule, Scenario, StepIx};
use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};
use std::fmt::Write;

/// What limits all marketing, wherever it comes from.
const CAP: &str = "a cap such as `at most 1 marketing message per day`";

/// How many steps of one way are shown.
const STEPS_SHOWN: usize = 12;

/// One project's bound, with the texts that it is about.
struct Shown<'a> {
    compiled: &'a Compiled,
    bundle: &'a Bundle,
    pressure: Pressure,
}

/// A step of a way, in the words of the text.
struct Line<'a> {
    line: usize,
    text: &'a str,
    /// Microseconds after the first; `None` where instances come to it at different times.
    after: Option<i64>,
    times: u64,
}

/// Prints the bound of each project as the result of the command.
///
/// # Errors
/// When standard output cannot be written.
pub fn print(all: &[Compiled], format: Format) -> Result<(), Failure> {
    let shown = all.iter().filter_map(|compiled| {
        let bundle = compiled.bundle.as_ref()?;
        Some(Shown { compiled, bundle, pressure: pressure(bundle) })
    });
    match format {
        Format::Json => {
            let projects: Vec<Value> = shown.map(|shown| shown.json()).collect();
            output::results(&format!("{:#}\n", Value::Array(projects)))
        }
        _ => {
            let texts: Vec<String> = shown.map(|shown| shown.human()).collect();
            output::results(&texts.join("\n"))
        }
    }
}

impl Shown<'_> {
    fn human(&self) -> String {
        let Pressure { scenarios, all, without_caps, has_caps, classes, held, .. } = &self.pressure;
        if scenarios.is_empty() {
            return "no scenario sends a message\n".into();
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["messages to one person, at most", "day", "week", "month"]);
        if *has_caps {
            table.add_row(["without caps"]);
            for each in scenarios {
                table.add_row(row(&format!("  {}", each.scenario), &each.without_caps));
            }
            table.add_row(row("  all", without_caps));
            table.add_row(["under the caps of the policy"]);
        }
        let indent = if *has_caps { "  " } else { "" };
        for each in scenarios {
            table.add_row(row(&format!("{indent}{}", each.scenario), &each.most));
        }
        table.add_row(row(&format!("{indent}all"), all));
        for (class, figures) in classes.iter().filter(|_| classes.len() > 1) {
            table.add_row(row(&format!("{indent}  of them {}", class_name(*class)), figures));
        }
        for place in 1..=WINDOWS.len() {
            if let Some(column) = table.column_mut(place) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let mut text = format!("{}\n", table.lines().map(|line| format!("{}\n", line.trim_end())).collect::<String>());
        text.push_str("a day is any 24 hours, a week 168, a month 30.436875 days; `-` has no bound\n");
        if *held > 0 {
            let _ =
                writeln!(text, "quiet hours hold a message for up to {}; it counts where it leaves", in_words(*held));
        }
        let bounded = scenarios.iter().filter(|each| !each.paths.is_empty());
        for (place, each) in bounded.enumerate() {
            if place == 0 {
                let caps = if *has_caps { "without caps, " } else { "" };
                let _ = writeln!(
                    text,
                    "\na day, as full as it can be, {caps}with the shortest waits and the conditions that send most:"
                );
            }
            self.path(&mut text, each);
        }
        let unbounded: Vec<&OfScenario> = scenarios.iter().filter(|each| each.why.is_some()).collect();
        if !unbounded.is_empty() {
            let all = if all.contains(&None) { ", and so are all together" } else { " of their own" };
            let _ = writeln!(text, "\nwithout a bound{all}:");
        }
        for each in &unbounded {
            let (reason, help) = self.why(each);
            let _ = writeln!(text, "  {}: {reason}\n    help: {help}", self.named(&each.scenario));
        }
        // Said once: it holds for each of them.
        if unbounded.iter().any(|each| each.is_marketing) {
            let _ = writeln!(text, "  help: {CAP} in the policy bounds all marketing at once");
        }
        text
    }

    /// A scenario and where it stands.
    fn named(&self, scenario: &str) -> String {
        let source = self.origin(scenario).and_then(|origin| self.compiled.sources.get(origin.span.source));
        clean(&format!("`{scenario}` ({})", source.map_or("", |source| &source.name))).into_owned()
    }

    fn origin(&self, scenario: &str) -> Option<&Origin> {
        self.compiled.origins.get(scenario)
    }

    fn path(&self, text: &mut String, each: &OfScenario) {
        let count = each.without_caps.first().copied().flatten().unwrap_or(0);
        let _ = writeln!(text, "  {}: {}", self.named(&each.scenario), messages(count));
        for how in &each.paths {
            let (said, lines) = self.lines(&each.scenario, how);
            let _ = writeln!(text, "    {said}");
            let rows: Vec<(String, &Line<'_>)> =
                runs(&lines).into_iter().filter_map(|run| Some((when(run), run.first()?))).collect();
            let width = rows.iter().map(|(when, _)| when.len()).max().unwrap_or(0);
            for (when, Line { line, text: step, .. }) in rows.iter().take(STEPS_SHOWN) {
                let _ = writeln!(text, "      {when:<width$}  line {line}: {}", clean(step));
            }
            if rows.len() > STEPS_SHOWN {
                let _ = writeln!(text, "      and {} more", rows.len() - STEPS_SHOWN);
            }
        }
    }

    /// What leads to a figure, in words, and step by step.
    fn lines(&self, scenario: &str, how: &How) -> (String, Vec<Line<'_>>) {
        let passed = |way: &[Passed], times: u64| -> Vec<Line<'_>> {
            way.iter().map(|passed| self.line(scenario, passed.step, Some(passed.after), times)).collect()
        };
        match how {
            How::Instances { instances: 1, way, .. } => ("from one instance".into(), passed(way, 1)),
            How::Instances { instances, way, is_at_one_time } => {
                let each = if *is_at_one_time { "each" } else { "of different ages, each at most as much as" };
                (format!("from {instances} instances, {each}"), passed(way, *instances))
            }
            How::InTurn(way) => ("from instances one after the other".into(), passed(way, 1)),
            How::Steps(steps) => {
                let lines = steps.iter().filter(|(_, times)| *times > 0);
                let lines = lines.map(|(step, times)| self.line(scenario, *step, None, *times)).collect();
                ("from instances that began at different times".into(), lines)
            }
        }
    }

    fn line(&self, scenario: &str, step: StepIx, after: Option<i64>, times: u64) -> Line<'_> {
        let (line, text) = self.step(scenario, step);
        Line { line, text, after, times }
    }

    /// The line and the first line of the text of a step.
    fn step(&self, scenario: &str, step: StepIx) -> (usize, &str) {
        let steps = self.origin(scenario).map_or(&[] as &[_], |origin| &origin.steps);
        let span = steps.iter().find(|(place, _)| *place == step).map(|(_, span)| *span).unwrap_or_default();
        let text = self.compiled.sources.text(span).lines().next().unwrap_or_default();
        (self.compiled.sources.position(span).0, text.trim())
    }

    /// Why a scenario has no bound, and a way out.
    fn why(&self, each: &OfScenario) -> (String, String) {
        let scenario = self.bundle.scenarios.iter().find(|scenario| scenario.name == each.scenario);
        let events = scenario.map_or_else(String::new, events);
        let rule = match scenario.map(|scenario| &scenario.entry) {
            Some(EntryRule::Latest) => "latest",
            _ => "one at a time",
        };
        let (reason, help) = match each.why.as_ref().unwrap_or(&Why::TooMany) {
            Why::EachEvent => (
                format!("each {events} begins an instance, and nothing limits how many come"),
                "write an entry rule such as `once every 1 week`",
            ),
            Why::EachValue => (
                format!("`once per` limits nothing while each {events} brings another value"),
                "write `once every 1 day`, which limits what comes, instead of `once per`",
            ),
            Why::InTurnAtOnce => (
                format!("with `{rule}`, an instance can send and end before the next {events}, at once"),
                "write a `wait` with a length before the first message, or an entry rule such as `once every 1 week`",
            ),
            Why::ShortSilence => (
                "its silence may be as short as one likes, and each begins an instance".to_owned(),
                "write an entry rule such as `once every 1 month`",
            ),
            Why::MovingDate => (
                "its date may move, and come round again".to_owned(),
                "write an entry rule such as `once every 11 months`",
            ),
            Why::StartedBy(other) => (
                format!("`{other}` starts it without a bound"),
                "write an entry rule such as `once every 1 week`, here or there",
            ),
            Why::LongWait(step) => {
                let (line, text) = self.step(&each.scenario, *step);
                (
                    format!("`{text}` (line {line}) has no longest length: instances of any age may send on one day"),
                    "write `once`, or let the policy limit it",
                )
            }
            Why::TooMany => {
                ("one instance sends a thousand messages and more".to_owned(), "let it send less, or wait between them")
            }
        };
        (clean(&reason).into_owned(), help.to_owned())
    }

    fn json(&self) -> Value {
        let Pressure { scenarios, all, without_caps, classes, channels, held, .. } = &self.pressure;
        let scenarios: Vec<Value> = scenarios.iter().map(|each| self.scenario_json(each)).collect();
        let by_class: serde_json::Map<String, Value> =
            classes.iter().map(|(class, figures)| (class_name(*class).to_owned(), figures_json(figures))).collect();
        let by_channel: serde_json::Map<String, Value> =
            channels.iter().map(|(channel, figures)| (channel.clone(), figures_json(figures))).collect();
        json!({
            "scenarios": scenarios,
            "without_caps": figures_json(without_caps),
            "all": figures_json(all),
            "classes": by_class,
            "channels": by_channel,
            "held_seconds": held / 1_000_000,
        })
    }

    fn scenario_json(&self, each: &OfScenario) -> Value {
        let source = self.origin(&each.scenario).and_then(|origin| self.compiled.sources.get(origin.span.source));
        let why = each.why.is_some().then(|| self.why(each));
        let mut path = Vec::new();
        for how in &each.paths {
            let (_, lines) = self.lines(&each.scenario, how);
            path.extend(lines.iter().map(|line| {
                let after = line.after.map(|after| after / 1_000_000);
                json!({ "line": line.line, "step": line.text, "after_seconds": after, "times": line.times })
            }));
        }
        json!({
            "scenario": each.scenario,
            "file": source.map(|source| &source.name),
            "most": figures_json(&each.most),
            "without_caps": figures_json(&each.without_caps),
            "path_of_a_day": path,
            "reason": why.as_ref().map(|(reason, _)| reason),
            "help": why.as_ref().map(|(_, help)| match each.is_marketing {
                true => format!("{help}, or {CAP} in the policy"),
                false => help.clone(),
            }),
        })
    }
}

/// The lines in runs of one step that comes again and again after the same time.
fn runs<'l, 't>(lines: &'l [Line<'t>]) -> Vec<&'l [Line<'t>]> {
    let mut runs = Vec::new();
    let mut rest = lines;
    while !rest.is_empty() {
        let pairs = rest.iter().zip(rest.get(1..).unwrap_or_default());
        let gap = |one: &Line<'_>, next: &Line<'_>| Some(next.after? - one.after?).filter(|_| one.line == next.line);
        let first = pairs.clone().next().and_then(|(one, next)| gap(one, next));
        let same = pairs.take_while(|(one, next)| first.is_some() && gap(one, next) == first).count();
        // Two are read as easily as one line about both.
        let (run, left) = rest.split_at(if same < 2 { 1 } else { same + 1 });
        runs.push(run);
        rest = left;
    }
    runs
}

/// When the lines of a run come.
fn when(run: &[Line<'_>]) -> String {
    let Some(first) = run.first() else { return String::new() };
    let begin = match first.after {
        Some(0) => "at first".to_owned(),
        Some(after) => format!("{} later", in_words(after)),
        None if first.times == 1 => "once".to_owned(),
        None => format!("{} times", first.times),
    };
    let gap = run.get(1).and_then(|next| Some(next.after? - first.after?));
    match gap {
        None => begin,
        Some(0) => format!("{begin}, {} times", run.len()),
        Some(gap) => format!("{begin}, then {} times more, every {}", run.len() - 1, in_words(gap)),
    }
}

fn messages(count: u64) -> String {
    if count == 1 { "1 message".into() } else { format!("{count} messages") }
}

fn row(name: &str, figures: &Figures) -> Vec<String> {
    let figures = figures.iter().map(|most| most.map_or("-".to_owned(), |most| most.to_string()));
    std::iter::once(clean(name).into_owned()).chain(figures).collect()
}

fn figures_json(figures: &Figures) -> Value {
    let named = WINDOWS.iter().zip(figures).map(|((name, _), most)| ((*name).to_owned(), json!(most)));
    Value::Object(named.collect())
}

fn class_name(class: Class) -> &'static str {
    match class {
        Class::Marketing => "marketing",
        Class::Service => "service",
        Class::Transactional => "transactional",
    }
}

/// The events that begin a scenario, as a sentence names them.
fn events(scenario: &Scenario) -> String {
    let events = scenario.start.events().iter();
    let names = events.filter_map(|trigger| scenario.code.events.get(usize::from(trigger.event)));
    let mut names: Vec<String> = names.map(|event| format!("`{}`", event.name)).collect();
    names.dedup();
    if names.is_empty() { "trigger".into() } else { names.join(" or ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_again_and_again_is_one_line() {
        const HOUR: i64 = 3_600_000_000;
        let said = |steps: &[(usize, i64)]| -> Vec<String> {
            let line = |&(line, hours): &(usize, i64)| Line { line, text: "send", after: Some(hours * HOUR), times: 1 };
            let lines: Vec<Line<'_>> = steps.iter().map(line).collect();
            runs(&lines).into_iter().map(|run| format!("{}: {}", run[0].line, when(run))).collect()
        };
        assert_eq!(said(&[]), [""; 0]);
        assert_eq!(said(&[(8, 0), (8, 4)]), ["8: at first", "8: 4 hours later"]);
        assert_eq!(
            said(&[(8, 0), (8, 4), (8, 8), (9, 9)]),
            ["8: at first, then 2 times more, every 4 hours", "9: 9 hours later"]
        );
        assert_eq!(said(&[(8, 0), (9, 0), (8, 1), (9, 1)]).len(), 4);
        assert_eq!(said(&[(8, 2), (8, 2), (8, 2)]), ["8: 2 hours later, 3 times"]);
    }
}

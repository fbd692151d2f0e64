//! `scn test --coverage`: which steps and branches no test reaches.

use super::told::{one_line, place};
use crate::compile::Compiled;
use crate::diagnostic::render::clean;
use crate::drivers::test::{Coverage, Way};
use crate::ir::{Bundle, StepIx};
use crate::span::Span;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What is printed of the coverage of all projects.
#[derive(Debug, Default)]
pub struct Told {
    scenarios: Vec<Scenario>,
}

#[derive(Debug)]
struct Scenario {
    name: String,
    reached: usize,
    all: usize,
    /// What is never reached, where it stands, in the order of the text.
    never: Vec<String>,
}

impl Told {
    pub fn project(&mut self, compiled: &Compiled, bundle: &Bundle, coverage: &Coverage) {
        for scenario in &bundle.scenarios {
            let reached = coverage.of(scenario);
            let spans: BTreeMap<StepIx, Span> = match compiled.origins.get(&scenario.name) {
                Some(origin) => origin.steps.iter().copied().collect(),
                None => BTreeMap::new(),
            };
            let mut never: Vec<(Span, String)> = Vec::new();
            let mut add = |step: &StepIx, what: String| {
                let span = spans.get(step).copied().unwrap_or_default();
                never.push((span, format!("{what}: `{}`  ({})", head(compiled, span), place(compiled, span))));
            };
            let unreached = |step: &StepIx| reached.steps.iter().any(|(place, is)| place == step && !is);
            for (step, _) in reached.steps.iter().filter(|(_, is)| !is) {
                add(step, "never".into());
            }
            // Of a step that is never reached, its branches are not worth lines of their own.
            for (step, way, _) in reached.branches.iter().filter(|(step, _, is)| !is && !unreached(step)) {
                add(
                    step,
                    match way {
                        Way::Holds => "never holds".into(),
                        Way::DoesNotHold => "always holds".into(),
                        Way::Arm(arm) => format!("never draws {}", clean(arm)),
                    },
                );
            }
            never.sort_by_key(|(span, _)| span.start);
            let (count, all) = reached.counts();
            let never = never.into_iter().map(|(_, text)| text).collect();
            self.scenarios.push(Scenario { name: scenario.name.clone(), reached: count, all, never });
        }
    }

    /// Of all steps and branches, how many of a hundred are reached, rounded down; 100 where there is none.
    pub fn percentage(&self) -> u32 {
        let sum = |of: fn(&Scenario) -> usize| self.scenarios.iter().map(of).sum();
        percentage(sum(|each| each.reached), sum(|each| each.all))
    }

    pub fn text(&self) -> String {
        let mut text = String::from("\nsteps and branches that tests reach:\n");
        let width = self.scenarios.iter().map(|each| each.name.chars().count()).max().unwrap_or(0);
        for each in &self.scenarios {
            let (name, percentage) = (clean(&each.name), percentage(each.reached, each.all));
            let _ = writeln!(text, "  {name:width$}  {percentage:>3}%  {} of {}", each.reached, each.all);
            for never in &each.never {
                let _ = writeln!(text, "    {never}");
            }
        }
        let _ = writeln!(text, "  {:width$}  {:>3}%\n", "all", self.percentage());
        text
    }
}

fn percentage(reached: usize, all: usize) -> u32 {
    (reached * 100).checked_div(all).and_then(|percentage| u32::try_from(percentage).ok()).unwrap_or(100)
}

/// A step without the steps in it.
fn head(compiled: &Compiled, span: Span) -> String {
    let text = compiled.sources.text(span);
    one_line(text.split('{').next().unwrap_or(text).trim_end())
}

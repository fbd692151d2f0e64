//! How the steps of scenarios are written: what makes a step the same one in two versions, where no label does.

use crate::check::typed;
use crate::format::phrase;
use crate::ir::{Written, WrittenStep};
use crate::span::{Sources, Span};
use crate::syntax::tree::{ClauseKind, Scenario, Step, StepKind};
use crate::syntax::{Parsed, Stream};
use std::collections::BTreeMap;

/// The steps of a scenario, in their order; `parsed` is its file.
pub(super) fn written(tree: &Scenario, parsed: &Parsed, sources: &Sources, typed: &typed::Scenario) -> Written {
    let text = sources.get(typed.span.source).map_or("", |source| &source.text);
    let words = Stream::new(text, &parsed.tokens);
    Written { scenario: typed.name.clone(), steps: steps(tree, &words, typed) }
}

fn steps(scenario: &Scenario, words: &Stream<'_>, typed: &typed::Scenario) -> Vec<WrittenStep> {
    let mut reader = Reader { words, place: Vec::new(), found: BTreeMap::new() };
    reader.sequence(&scenario.steps);
    for clause in &scenario.clauses {
        if let ClauseKind::Goal { then: Some(step), .. } = &clause.kind {
            reader.inside("goal".to_owned(), std::slice::from_ref(&**step));
        }
    }
    let mut steps: Vec<WrittenStep> = typed
        .all_steps()
        .into_iter()
        .filter_map(|step| {
            let (place, text) = reader.found.remove(&(step.span.start, step.span.end))?;
            Some(WrittenStep { ordinal: step.ordinal, place, text })
        })
        .collect();
    steps.sort_by_key(|step| step.ordinal);
    steps
}

struct Reader<'a> {
    words: &'a Stream<'a>,
    place: Vec<String>,
    /// Place and text, by where the step is written.
    found: BTreeMap<(u32, u32), (Vec<String>, String)>,
}

impl Reader<'_> {
    fn sequence(&mut self, steps: &[Step]) {
        steps.iter().for_each(|step| self.step(step));
    }

    fn inside(&mut self, block: String, steps: &[Step]) {
        self.place.push(block);
        self.sequence(steps);
        self.place.pop();
    }

    fn step(&mut self, step: &Step) {
        let start = step.label.as_ref().map_or(step.span.start, |label| label.span.end);
        let until = |end: u32| phrase(self.words, Span { start, end, ..step.span });
        let head = match &step.kind {
            StepKind::If { arms, .. } => arms.first().map_or(String::new(), |arm| until(arm.condition.span.end)),
            // A share that is edited leaves its arm what it is.
            StepKind::Split { name, .. } => until(name.span.end),
            StepKind::Repeat { every, .. } => until(every.span.end),
            _ => until(step.span.end),
        };
        // The steps in a block stay where they are when its turns, or, with a label, its conditions are edited.
        let block = match (&step.label, &step.kind) {
            (Some(label), _) => format!("@{}", label.value),
            (None, StepKind::Repeat { .. }) => "repeat".to_owned(),
            (None, _) => head.clone(),
        };
        let guard = step.guard.as_ref().map(|guard| phrase(self.words, guard.span));
        let text = match (&step.kind, guard) {
            (StepKind::If { .. } | StepKind::Split { .. } | StepKind::Repeat { .. }, Some(guard)) => {
                format!("{head} {guard}")
            }
            _ => head,
        };
        self.found.insert((step.span.start, step.span.end), (self.place.clone(), text));
        self.blocks(step, &block);
    }

    fn blocks(&mut self, step: &Step, block: &str) {
        match &step.kind {
            StepKind::If { arms, otherwise } => {
                for (place, arm) in arms.iter().enumerate() {
                    let arm_of_it = match place {
                        0 => block.to_owned(),
                        _ => format!("{block} else if {}", phrase(self.words, arm.condition.span)),
                    };
                    self.inside(arm_of_it, &arm.steps);
                }
                self.inside(format!("{block} else"), otherwise.as_deref().unwrap_or_default());
            }
            StepKind::Split { arms, .. } => {
                for arm in arms {
                    self.inside(format!("{block} {}", arm.name.value), &arm.steps);
                }
            }
            StepKind::Repeat { steps, .. } => self.inside(block.to_owned(), steps),
            _ => {}
        }
    }
}

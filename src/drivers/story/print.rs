//! The story as text for people. What comes from a CRM may hold anything: each line is cleaned for a terminal, and stays one.

use super::alike::{is_same_journey, is_same_line, runs};
use super::clauses::{Input, Told as ToldClause, bare};
use super::sentences::Sentence;
use super::tale::{InstanceStory, ScenarioStory, Story};
use super::texts::Quote;
use crate::diagnostic::render::clean;
use std::fmt::{Display, Write};

/// A text that grows line by line.
#[derive(Default)]
struct Page(String);

impl Page {
    /// Adds a line, indented by so many characters.
    fn line(&mut self, indent: usize, line: impl Display) {
        // Writing into a string cannot fail.
        let _ = writeln!(self.0, "{:indent$}{}", "", clean(&line.to_string()));
    }
}

/// The story, the answer first. Unless `all` is wanted, what goes like what comes after it is counted, and not told.
pub fn human(story: &Story, all: bool) -> String {
    let mut page = Page::default();
    let Story { contact, zone, until, told_from, asked, .. } = story;
    page.line(0, format!("contact {contact}, up to {until}, told from {told_from}; times in {zone}"));
    page.line(0, format!("asked: {asked}"));
    for (place, answer) in story.answer.iter().enumerate() {
        page.line(0, format!("{}{answer}", if place == 0 { "answer: " } else { "        " }));
    }
    story.notes.iter().for_each(|note| page.line(0, note));
    story.scenarios.iter().for_each(|scenario| scenario_text(scenario, all, &mut page));
    page.0
}

/// The stories of scenarios, an empty line before each.
pub fn scenarios_text(scenarios: &[ScenarioStory]) -> String {
    let mut page = Page::default();
    scenarios.iter().for_each(|scenario| scenario_text(scenario, true, &mut page));
    page.0
}

fn scenario_text(scenario: &ScenarioStory, all: bool, page: &mut Page) {
    page.0.push('\n');
    let ScenarioStory { name, place, more_refused, .. } = scenario;
    let title = scenario.title.as_ref().map_or_else(String::new, |title| format!(" \"{title}\""));
    let place = if place.is_empty() { String::new() } else { format!(" ({place})") };
    page.line(0, format!("{name}{title}{place}"));
    scenario.answers.iter().for_each(|answer| page.line(2, answer));
    for run in runs(&scenario.instances, is_same_journey, all) {
        let Some((last, others)) = run.split_last() else { continue };
        if let Some(first) = others.first() {
            let (count, first) = (others.len(), first.trigger.as_ref().unwrap_or(&first.entered_at));
            page.line(2, format!("{count} that went like the next, from {first} on: `--all` tells each"));
        }
        instance_text(last, all, page);
    }
    if !scenario.refused.is_empty() {
        page.line(2, "did not enter:");
        sentences_text(&scenario.refused, all, page);
    }
    if *more_refused > 0 {
        page.line(4, format!("... and {more_refused} before them: `--all` tells all"));
    }
}

fn sentences_text(sentences: &[Sentence], all: bool, page: &mut Page) {
    for run in runs(sentences, is_same_line, all) {
        let Some((last, others)) = run.split_last() else { continue };
        if let Some(first) = others.first() {
            page.line(4, format!("{} like the next, from {} on: `--all` tells each", others.len(), first.at));
        }
        sentence_text(last, "", 4, page);
    }
}

fn instance_text(instance: &InstanceStory, all: bool, page: &mut Page) {
    let InstanceStory { trigger, entered_at, version, .. } = instance;
    let entered = (!entered_at.is_empty()).then(|| format!("entered {entered_at}"));
    let version = version.as_ref().map(|version| format!("version {version}"));
    let parts: Vec<String> = trigger.iter().cloned().chain(entered).chain(version).collect();
    page.line(2, if parts.is_empty() { "without an event".to_owned() } else { parts.join(", ") });
    instance.answers.iter().for_each(|answer| page.line(4, format!("=> {answer}")));
    sentences_text(&instance.told, all, page);
}

/// A sentence over one or more lines: what happened, and indented below it the clauses with what they read.
pub(super) fn sentence(sentence: &Sentence, lead: &str, indent: usize) -> String {
    let mut page = Page::default();
    sentence_text(sentence, lead, indent, &mut page);
    page.0
}

fn sentence_text(sentence: &Sentence, lead: &str, indent: usize, page: &mut Page) {
    let quote = sentence.quote.as_ref().map_or_else(String::new, |quote| format!("  {}", quoted(quote)));
    page.line(indent, format!("{}  {lead}{}{quote}", sentence.at, sentence.text));
    sentence.clauses.iter().for_each(|clause| clause_text(clause, sentence.quote.as_ref(), indent + 4, page));
}

fn clause_text(clause: &ToldClause, step: Option<&Quote>, mut indent: usize, page: &mut Page) {
    let is_step = clause.quote.as_ref() == step && step.is_some();
    let inputs: Vec<&Input> = clause.inputs.iter().filter(|input| !says_no_more(clause, input)).collect();
    if !is_step {
        let what = clause.quote.as_ref().map_or_else(|| clause.name.clone(), quoted);
        page.line(indent, format!("{what}: {}", clause.answer));
        indent += 2;
    } else if inputs.is_empty() {
        // The sentence says it already: a wait until an instant, a condition that holds.
        return;
    }
    let base = inputs.iter().map(|input| input.depth).min().unwrap_or(0);
    inputs.iter().for_each(|input| page.line(indent + 2 * (input.depth - base), &input.text));
    if let Some(needed) = &clause.needed {
        page.line(indent, format!("it would have gone on with: {needed}"));
    }
}

/// Whether something that was read is the clause itself with its answer.
fn says_no_more(clause: &ToldClause, input: &Input) -> bool {
    let Some(quote) = &clause.quote else { return false };
    let (written, answer) = (bare(quote), &clause.answer);
    input.text == format!("{written} = {answer}") || input.text == format!("{written}: {answer}")
}

/// `` `unless repurchased` (renewal.scn:3) ``
fn quoted(quote: &Quote) -> String {
    if quote.place.is_empty() { format!("`{}`", quote.text) } else { format!("`{}` ({})", quote.text, quote.place) }
}

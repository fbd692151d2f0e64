//! The story as text for people.

use super::clauses::Told as ToldClause;
use super::sentences::Sentence;
use super::tale::{InstanceStory, ScenarioStory, Story};
use super::texts::Quote;
use std::fmt::Write;

/// The whole story. Nothing in it is cleaned for a terminal.
pub fn human(story: &Story) -> String {
    // Writing into a string cannot fail.
    let mut text = String::new();
    let Story { contact, zone, until, told_from, .. } = story;
    let _ = writeln!(text, "contact {contact}, up to {until}, told from {told_from}; times in {zone}");
    for note in &story.notes {
        let _ = writeln!(text, "{note}");
    }
    text.push_str(&scenarios_text(&story.scenarios));
    text
}

/// The stories of scenarios, an empty line before each.
pub fn scenarios_text(scenarios: &[ScenarioStory]) -> String {
    let mut text = String::new();
    for scenario in scenarios {
        text.push('\n');
        scenario_text(scenario, &mut text);
    }
    text
}

fn scenario_text(scenario: &ScenarioStory, text: &mut String) {
    let title = scenario.title.as_ref().map_or_else(String::new, |title| format!(" \"{title}\""));
    let place = if scenario.place.is_empty() { String::new() } else { format!(" ({})", scenario.place) };
    let _ = writeln!(text, "{}{title}{place}", scenario.name);
    for answer in &scenario.answers {
        let _ = writeln!(text, "  {answer}");
    }
    for instance in &scenario.instances {
        instance_text(instance, text);
    }
    if !scenario.refused.is_empty() {
        text.push_str("  did not enter:\n");
        for refused in &scenario.refused {
            text.push_str(&sentence(refused, "", "    "));
        }
        if scenario.more_refused > 0 {
            let _ =
                writeln!(text, "    ... and {} more: `--scenario {}` tells all", scenario.more_refused, scenario.name);
        }
    }
}

fn instance_text(instance: &InstanceStory, text: &mut String) {
    let version = instance.version.as_ref().map_or_else(String::new, |version| format!(", version {version}"));
    let _ = writeln!(text, "  {}, entered {}{version}", instance.trigger, instance.entered_at);
    for answer in &instance.answers {
        let _ = writeln!(text, "    => {answer}");
    }
    for told in &instance.told {
        text.push_str(&sentence(told, "", "    "));
    }
}

/// A sentence over one or more lines: what happened, and indented below it the clauses with what they read.
pub(super) fn sentence(sentence: &Sentence, lead: &str, indent: &str) -> String {
    let mut text = String::new();
    let quote = sentence.quote.as_ref().map_or_else(String::new, |quote| format!("  {}", quoted(quote)));
    let _ = writeln!(text, "{indent}{}  {lead}{}{quote}", sentence.at, sentence.text);
    for clause in &sentence.clauses {
        clause_text(clause, sentence.quote.as_ref(), indent, &mut text);
    }
    text
}

fn clause_text(clause: &ToldClause, step: Option<&Quote>, indent: &str, text: &mut String) {
    let is_step = clause.quote.as_ref() == step && step.is_some();
    let mut under = format!("{indent}    ");
    if is_step {
        // What the sentence says already: a wait until an instant, a condition that holds.
        if clause.inputs.is_empty() {
            return;
        }
    } else {
        let what = clause.quote.as_ref().map_or_else(|| clause.name.clone(), quoted);
        let _ = writeln!(text, "{under}{what}: {}", clause.answer);
        under.push_str("  ");
    }
    for input in &clause.inputs {
        let _ = writeln!(text, "{under}{}{}", "  ".repeat(input.depth), input.text);
    }
    if let Some(needed) = &clause.needed {
        let _ = writeln!(text, "{under}it would be otherwise with: {needed}");
    }
}

/// `` `unless repurchased` (renewal.scn:3) ``
fn quoted(quote: &Quote) -> String {
    if quote.place.is_empty() { format!("`{}`", quote.text) } else { format!("`{}` ({})", quote.text, quote.place) }
}

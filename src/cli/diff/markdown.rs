//! The differences as a summary for a pull request.

use super::lines::{as_before, brought};
use super::tables::COLUMNS;
use super::words::{Shown, class_words, in_other_words};
use crate::cli::engagement;
use crate::diagnostic::render::clean;
use crate::drivers::diff::{Class, Counts};
use std::fmt::Write;

impl Shown<'_> {
    /// GitHub's Markdown: a heading, tables, the changed lines, examples that can be unfolded.
    pub fn markdown(&self) -> String {
        let mut text = format!("### {}\n\n", sentence(&self.headline()));
        let _ = writeln!(
            text,
            "From `{}` to `{}`, over {}; engagement {}.\n",
            code(self.old),
            code(self.new),
            self.over(),
            engagement::told(self.engagement)
        );
        for passed in self.passed {
            let _ = writeln!(text, "> **Over the limit**: {}.\n", cell(passed));
        }
        let rows = self.by_scenario();
        if !rows.is_empty() {
            head(&mut text, &COLUMNS, 1);
            rows.iter().for_each(|cells| row(&mut text, cells));
            text.push('\n');
        }
        self.changed_lines_marked(&mut text);
        let busiest = |side: &crate::drivers::simulate::Simulation| self.busiest(side.report.busiest.as_ref());
        let (before, after) = (busiest(&self.difference.old), busiest(&self.difference.new));
        let _ = writeln!(text, "Busiest day of one person: before {}, after {}.\n", cell(&before), cell(&after));
        for template in self.templates {
            let _ = writeln!(text, "- {}", in_other_words(template).trim_end());
        }
        for class in Class::ALL {
            self.examples_marked(&mut text, class);
        }
        for side in [&self.difference.old, &self.difference.new] {
            for not in &side.report.not_simulated {
                let _ = writeln!(text, "Not simulated: {}, for want of columns in the CRM.\n", cell(&not.scenario));
            }
        }
        text
    }

    fn changed_lines_marked(&self, text: &mut String) {
        let told = self.told();
        for cause in &told.causes {
            let _ = match (told.is_known, told.causes.len()) {
                _ if !told.has_effect => writeln!(text, "Changed, and nothing comes of it here\n"),
                (true, 1) => writeln!(text, "Because of\n"),
                (true, _) => writeln!(text, "Because of this alone: {}\n", brought(&cause.messages)),
                (false, _) => writeln!(text, "Because of one of these lines, or several together\n"),
            };
            text.push_str("```diff\n");
            for line in cause.changes.iter().flat_map(|change| &change.lines) {
                for (mark, place) in [('-', &line.old), ('+', &line.new)] {
                    if let Some(place) = place {
                        let _ = writeln!(text, "{mark} {}  {}", place.position(), place.short().replace("```", "'''"));
                    }
                }
            }
            text.push_str("```\n\n");
        }
        for (counts, why) in [
            (&told.several, "Any of several of these lines alone would bring"),
            (&told.together, "None of these lines alone brings, but several together"),
        ] {
            if *counts != Counts::default() {
                let _ = writeln!(text, "{why}: {}.\n", brought(counts));
            }
        }
        for (scenarios, lines) in self.elsewhere(&told) {
            let scenarios: Vec<String> = scenarios.iter().map(|name| format!("`{}`", code(name))).collect();
            let lines: Vec<String> = lines.iter().map(|line| format!("`{}`", code(line))).collect();
            let cause = if lines.is_empty() {
                "in others together".to_owned()
            } else {
                format!("elsewhere: {}", lines.join(", "))
            };
            let _ = writeln!(text, "{}: the cause is {cause}.\n", as_before(&scenarios));
        }
    }

    fn examples_marked(&self, text: &mut String, class: Class) {
        let mut examples = self.difference.tally.examples(class).peekable();
        if examples.peek().is_none() {
            return;
        }
        let _ = writeln!(text, "<details><summary>Examples: {}</summary>\n", class_words(class));
        head(text, &["contact", "scenario", "for", "before", "after"], 5);
        for example in examples {
            let (before, after) = self.both(example);
            let cells =
                [self.contact(&example.contact), self.scenario_of(example), example.trigger.clone(), before, after];
            row(text, &cells);
        }
        text.push_str("\n</details>\n\n");
    }
}

/// With a capital at its beginning.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Columns from `numbers` on are aligned right.
fn head(text: &mut String, columns: &[&str], numbers: usize) {
    let _ = writeln!(text, "| {} |", columns.join(" | "));
    let marks = (0..columns.len()).map(|place| if place < numbers { "---" } else { "---:" });
    let _ = writeln!(text, "| {} |", marks.collect::<Vec<_>>().join(" | "));
}

fn row(text: &mut String, cells: &[String]) {
    let _ = writeln!(text, "| {} |", cells.iter().map(|each| cell(each)).collect::<Vec<_>>().join(" | "));
}

/// A text that stays in its cell, and makes no link, tag or mention of what somebody wrote into a CRM.
fn cell(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in clean(text).chars() {
        match letter {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '!' | '~' | '&' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            // A zero-width joiner after it keeps GitHub from telling somebody of that name.
            '@' => escaped.push_str("@\u{200d}"),
            '\n' | '\r' => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// A text between backticks.
fn code(text: &str) -> String {
    clean(text).replace(['`', '|'], "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_leaves_its_cell() {
        assert_eq!(cell("a|b\nc"), "a\\|b c");
        assert_eq!(cell("<img src=x> [a](b) @team"), "\\<img src=x\\> \\[a\\](b) @\u{200d}team");
        assert_eq!(code("a`b|c"), "a'b'c");
        assert_eq!(sentence("no message changes"), "No message changes");
    }
}

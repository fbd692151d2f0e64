//! `scn explain`: the long form of a rule.

use super::exit::{Exit, Failure};
use super::output;
use crate::diagnostic::render::clean;
use crate::diagnostic::{RULES, Rule, suggestion};
use anstyle::Style;
use std::fmt::Write;

/// Explain a rule: why it exists, an example that breaks it, and the repair
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  scn explain N001")]
pub struct Arguments {
    /// The code or the name of a rule; without it, all rules are listed
    #[arg(value_name = "CODE")]
    pub rule: Option<String>,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Some(text) = &arguments.rule else {
        output::results(&list())?;
        return Ok(Exit::Done);
    };
    match Rule::find(text) {
        Some(info) => {
            output::results(&page(info.page))?;
            Ok(Exit::Done)
        }
        None => Err(unknown(text)),
    }
}

fn unknown(text: &str) -> Failure {
    let upper = text.to_uppercase();
    let meant = suggestion(text, RULES.iter().map(|info| info.name))
        .or_else(|| suggestion(&upper, RULES.iter().map(|info| info.code)))
        .map_or_else(|| "`scn explain` lists all rules".to_owned(), |meant| format!("did you mean `{meant}`?"));
    Failure::new(Exit::Usage, format!("no rule has the code or the name `{}`", clean(text))).help(meant)
}

fn list() -> String {
    let mut out = String::new();
    for info in RULES {
        // Writing into a string cannot fail.
        let _ = writeln!(out, "{}  {:<8} {}", info.code, info.level.name(), info.name);
    }
    out
}

/// A page as a terminal shows it: headings bold, examples indented, the marks of Markdown gone. What is no
/// terminal gets the same without the bold.
fn page(markdown: &str) -> String {
    let bold = Style::new().bold();
    let mut out = String::new();
    let mut in_example = false;
    for line in markdown.lines() {
        let shown = if line.starts_with("```") {
            in_example = !in_example;
            continue;
        } else if in_example {
            format!("    {line}")
        } else if line.starts_with('#') {
            format!("{bold}{}{bold:#}", line.trim_start_matches(['#', ' ']))
        } else {
            line.to_owned()
        };
        out.push_str(shown.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_rule_gets_a_suggestion() {
        for (text, meant) in [
            ("unknown-nam", "did you mean `unknown-name`?"),
            ("n01", "did you mean `N001`?"),
            ("a page about cats", "`scn explain` lists all rules"),
        ] {
            let failure = unknown(text);
            assert_eq!((failure.exit, failure.help.as_deref()), (Exit::Usage, Some(meant)), "{text}");
        }
    }

    #[test]
    fn a_page_is_readable_in_a_terminal() {
        let shown = page("# N001 x\n\nWhy.\n\n## Example\n\n```scn\nwhen a\n  # b\n```\n");
        let plain = anstream::adapter::strip_str(&shown).to_string();
        assert_eq!(plain, "N001 x\n\nWhy.\n\nExample\n\n    when a\n      # b\n");
    }

    #[test]
    fn the_list_has_every_rule() {
        assert_eq!(list().lines().count(), RULES.len());
    }
}

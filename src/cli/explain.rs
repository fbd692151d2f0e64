//! `scn explain`: the long form of a rule.

use super::exit::{Exit, Failure};
use super::output;
use crate::diagnostic::render::clean;
use crate::diagnostic::{RULES, Rule, RuleInfo, suggestion};
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
            output::drawing(&page(&titled(info)))?;
            Ok(Exit::Done)
        }
        None => Err(unknown(text)),
    }
}

/// A page that says in its title how grave such a finding is, unless `scn.toml` says otherwise.
fn titled(info: &RuleInfo) -> String {
    info.page.replacen('\n', &format!(" ({})\n", info.level.name()), 1)
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

/// How wide paragraphs are, in characters.
const WIDTH: usize = 90;

/// A page as a terminal shows it: headings bold, paragraphs wrapped, examples indented, the marks of Markdown gone.
/// What is no terminal gets the same without the bold.
fn page(markdown: &str) -> String {
    let bold = Style::new().bold();
    let mut out = String::new();
    let mut paragraph: Vec<&str> = Vec::new();
    let mut in_example = false;
    for line in markdown.lines() {
        let is_fence = line.starts_with("```");
        if !in_example && !is_fence && !line.is_empty() && !line.starts_with('#') {
            paragraph.extend(line.split_whitespace());
            continue;
        }
        wrap(&mut out, &mut paragraph);
        if is_fence {
            in_example = !in_example;
        } else if in_example {
            let _ = writeln!(out, "{}", format!("    {line}").trim_end());
        } else if line.is_empty() {
            out.push('\n');
        } else {
            let _ = writeln!(out, "{bold}{}{bold:#}", line.trim_start_matches(['#', ' ']));
        }
    }
    wrap(&mut out, &mut paragraph);
    out
}

/// Appends the words of a paragraph in lines, and empties it.
fn wrap(out: &mut String, words: &mut Vec<&str>) {
    let mut column = 0;
    for word in words.drain(..) {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > WIDTH {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    if column > 0 {
        out.push('\n');
    }
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
        let long = "word ".repeat(30);
        let shown = page(&format!("# N001 x\n\nWhy\nnot.\n{long}\n\n## Example\n\n```scn\nwhen a\n  # b\n```\nLast."));
        let plain = anstream::adapter::strip_str(&shown).to_string();
        let first = format!("Why not. {}", ["word"; 16].join(" "));
        let second = ["word"; 14].join(" ");
        assert_eq!(plain, format!("N001 x\n\n{first}\n{second}\n\nExample\n\n    when a\n      # b\nLast.\n"));
        let titled = titled(Rule::MaybeMissing.info());
        assert!(titled.starts_with("# T004 maybe-missing (warning)\n\n"), "{titled}");
        assert!(RULES.iter().all(|info| !page(info.page).contains("```")));
    }

    #[test]
    fn the_list_has_every_rule() {
        assert_eq!(list().lines().count(), RULES.len());
    }
}

//! Silences: a comment that says why a finding does not count, on the line where it is.
//!
//! ```text
//! wait 1 month                       # scn: allow together-without-wait because the carrier groups them
//! # scn: allow maybe-missing because the import refuses a product without a price
//! send email care only if product.price > 50 EUR
//! ```
//!
//! Behind a line it speaks of this line, on a line of its own of the next one that says something. An error is never silenced.

use super::{Diagnostic, Level, Rule, suggestion};
use crate::span::Span;

/// What begins such a comment, after its marks.
const MARK: &str = "scn:";
/// What follows it, before the rules.
const ALLOW: &str = "allow ";

/// A rule that a comment silences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    pub rule: Rule,
    /// Why, in the author's words; never empty.
    pub reason: String,
    /// The name of the rule in the comment.
    pub span: Span,
    /// The line of which it speaks, its white space included: a finding that begins in it does not count.
    pub line: Span,
}

/// A finding that does not count, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silenced {
    pub diagnostic: Diagnostic,
    pub reason: String,
}

/// Reads a comment without its marks, `line` being the line of which it would speak. Nothing for a comment that does not
/// begin with `scn:`.
///
/// # Errors
/// What is wrong with it, when it begins so and is no silence.
pub fn read(comment: &str, span: Span, line: Span) -> Result<Vec<Silence>, Box<Diagnostic>> {
    let Some(rest) = comment.trim_start().strip_prefix(MARK) else { return Ok(Vec::new()) };
    let wrong = |what: &str| Box::new(Diagnostic::new(Rule::SilenceWrong, what).at(span, "").help(FORM));
    let words = rest.trim();
    let Some(list) = words.strip_prefix(ALLOW) else { return Err(wrong("a comment to `scn` that says nothing")) };
    let (list, reason) = list.split_once(" because").unwrap_or((list, ""));
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(wrong("a silence without a reason"));
    }
    // The comment ends where its span does; nothing before the list holds a comma.
    let before = comment.find(ALLOW).map_or(0, |at| at + ALLOW.len());
    let mut start = (span.end as usize).saturating_sub(comment.len()) + before;
    let mut silences = Vec::new();
    for part in list.split(',') {
        let name = part.trim();
        let from = start + part.len() - part.trim_start().len();
        silences.push(one(name, reason, Span::new(span.source, from, from + name.len()), line)?);
        start += part.len() + 1;
    }
    Ok(silences)
}

/// How a silence is written.
const FORM: &str = "write `# scn: allow RULE because REASON`";

fn one(name: &str, reason: &str, place: Span, line: Span) -> Result<Silence, Box<Diagnostic>> {
    let Some(info) = Rule::find(name) else {
        let found = Diagnostic::new(Rule::SilenceWrong, format!("no rule is called `{name}`")).at(place, "");
        let names = super::RULES.iter().map(|info| info.name);
        return Err(Box::new(match suggestion(name, names) {
            Some(near) => found.help(format!("write `{near}`")).meant(place, near),
            None => found.help("`scn explain` lists all rules"),
        }));
    };
    if info.level == Level::Error {
        let message = format!("`{}` is an error, and an error is not silenced", info.name);
        let found = Diagnostic::new(Rule::SilenceWrong, message).at(place, "");
        return Err(Box::new(found.help(format!("mend what it finds; `scn explain {}` shows how", info.code))));
    }
    Ok(Silence { rule: info.rule, reason: reason.to_owned(), span: place, line })
}

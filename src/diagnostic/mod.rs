//! A finding as data: which rule, where, in what words, and the way out. Renderers live beside it.
//!
//! A room that finds something builds a [`Diagnostic`]; nothing here prints. Messages are lower case,
//! without a final period, names in backticks; the first line stands alone.

mod levels;
pub mod render;
mod rules;
pub mod silence;
#[cfg(test)]
mod tests;

pub use levels::{Levels, settle};
pub use rules::{RULES, Rule, RuleInfo};
pub use silence::{Silence, Silenced};

use crate::span::Span;
use std::cmp::Reverse;

/// How grave a finding is. Notes never change an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Note,
    Warning,
    Error,
}

impl Level {
    /// By its name.
    pub fn named(name: &str) -> Option<Level> {
        [Level::Note, Level::Warning, Level::Error].into_iter().find(|level| level.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Level::Note => "note",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

/// A place in the text, and what it shows there. The first label of a diagnostic is its own place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// A safe repair, which `scn check --fix` applies: the text of `span` becomes `replacement`. Safe is what keeps the meaning, or
/// gives a text that had none the only one that its author can have meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    pub span: Span,
    pub replacement: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub rule: Rule,
    /// The rule's own level unless a room says otherwise.
    pub level: Level,
    pub message: String,
    /// Empty for a finding that concerns no text (an empty folder, a CRM).
    pub labels: Vec<Label>,
    /// Why this is so, where the message does not say it already.
    pub reason: Option<String>,
    /// The way out.
    pub help: Option<String>,
    pub fix: Option<Fix>,
}

impl Diagnostic {
    pub fn new(rule: Rule, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            rule,
            level: rule.info().level,
            message: message.into(),
            labels: Vec::new(),
            reason: None,
            help: None,
            fix: None,
        }
    }

    pub fn at(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    pub fn because(mut self, reason: impl Into<String>) -> Diagnostic {
        self.reason = Some(reason.into());
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    pub fn fix(mut self, span: Span, replacement: impl Into<String>) -> Diagnostic {
        self.fix = Some(Fix { span, replacement: replacement.into() });
        self
    }

    /// The same finding with its places moved.
    pub fn moved(mut self, to: impl Fn(Span) -> Span) -> Diagnostic {
        self.labels.iter_mut().for_each(|label| label.span = to(label.span));
        self.fix.iter_mut().for_each(|fix| fix.span = to(fix.span));
        self
    }

    /// Its own place; `None` when it concerns no text.
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }
}

/// The candidate that `name` was probably meant to be; `None` when none is near enough. Of those equally near, the one
/// with the longest common beginning: `wher` is `where` rather than `when`.
pub fn suggestion<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).clamp(1, 3);
    let shared = |candidate: &str| name.chars().zip(candidate.chars()).take_while(|(one, two)| one == two).count();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), Reverse(shared(candidate)), candidate))
        .filter(|(distance, _, candidate)| *distance <= allowed && *candidate != name)
        .min()
        .map(|(_, _, candidate)| candidate)
}

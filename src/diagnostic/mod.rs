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
use std::fmt;

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

/// A repair: the text of `span` becomes `replacement`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    pub span: Span,
    pub replacement: String,
    /// Whether `scn check --fix` makes it, and others are told of it. Safe is what keeps the meaning, or gives a text that had none the
    /// only one that its author can have meant. Another repair is a guess, by which the text is read on.
    pub is_safe: bool,
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
        self.fix = Some(Fix { span, replacement: replacement.into(), is_safe: true });
        self
    }

    /// The word of a place was probably meant to be another.
    pub fn meant(mut self, span: Span, near: Near<'_>) -> Diagnostic {
        self.fix = Some(Fix { span, replacement: near.word.to_owned(), is_safe: near.is_sure });
        self
    }

    /// The repair that `scn check --fix` makes.
    pub fn safe_fix(&self) -> Option<&Fix> {
        self.fix.as_ref().filter(|fix| fix.is_safe)
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

/// A word that another was probably meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Near<'a> {
    pub word: &'a str,
    /// Whether nothing else can have been meant.
    pub is_sure: bool,
}

impl<'a> Near<'a> {
    /// A word that says the same.
    pub fn sure(word: &'a str) -> Near<'a> {
        Near { word, is_sure: true }
    }
}

impl fmt::Display for Near<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word)
    }
}

/// The candidate that `name` was probably meant to be; `None` when none is near enough. Of those equally near, the one
/// with the longest common beginning: `wher` is `where` rather than `when`. It is sure where one slip of the keyboard explains it and
/// no other candidate is as near. Of a word of two letters none is another letter, and one letter alone may be anything.
pub fn suggestion<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<Near<'a>> {
    let letters = |word: &str| word.chars().count();
    let allowed = match letters(name) {
        0 | 1 => 0,
        count => (count / 3).clamp(1, 3),
    };
    let sorted = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.sort_unstable();
        letters
    };
    let keeps =
        |candidate: &str| letters(name) > 2 || letters(candidate) > letters(name) || sorted(candidate) == sorted(name);
    let shared = |candidate: &str| name.chars().zip(candidate.chars()).take_while(|(one, two)| one == two).count();
    let mut near: Vec<(usize, Reverse<usize>, &str)> = candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), Reverse(shared(candidate)), candidate))
        .filter(|(distance, _, candidate)| *distance <= allowed && *candidate != name && keeps(candidate))
        .collect();
    near.sort_unstable();
    near.dedup();
    let (distance, _, word) = *near.first()?;
    let is_alone = near.get(1).is_none_or(|(next, _, _)| *next > distance);
    Some(Near { word, is_sure: distance == 1 && is_alone && is_slip(name, word) })
}

/// How many letters a word has at least of which one may have slipped.
const LETTERS_MIN: usize = 4;

/// Whether one word can be the other with a letter that slipped: `step_1` and `step_2`, or `to` and `too`, are two words.
fn is_slip(one: &str, two: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let parts = |text: &str| text.split('_').map(str::to_owned).collect::<Vec<_>>();
    let (ones, twos) = (parts(one), parts(two));
    let is_long = |part: &String| part.chars().count() >= LETTERS_MIN;
    let differing = || ones.iter().zip(&twos).filter(|(one, two)| one != two);
    let are_long = match ones.len() == twos.len() {
        true => differing().all(|(one, two)| is_long(one) && is_long(two)),
        false => true,
    };
    digits(one) == digits(two) && are_long && one.chars().count() >= LETTERS_MIN
}

//! What this version does not run, and lists of words in sentences.

use crate::diagnostic::{Diagnostic, Rule};
use crate::span::Span;

/// A channel of the language by which this version does not send.
pub fn not_in_this_version(words: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Rule::NotInThisVersion, format!("`{words}` is not in this version of scn"))
        .at(span, "of the language, but not yet run")
        .because("scn refuses what it would not carry out")
        .help("the channels of this version are `email`, `sms` and `phone`")
}

/// `a, b or c`.
pub fn or_list<T: AsRef<str>>(words: &[T]) -> String {
    let mut all: Vec<String> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match all.pop() {
        None => String::new(),
        Some(last) if all.is_empty() => last,
        Some(last) => format!("{} or {last}", all.join(", ")),
    }
}

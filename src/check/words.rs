//! The words of the language: those that this version does not run, and lists of words in sentences.

use crate::diagnostic::{Diagnostic, Rule};
use crate::span::Span;

/// Events that the language defines and this version does not have.
const EVENTS_LATER: [&str; 6] = ["opened", "clicked", "sent", "bounced", "credited", "debited"];

/// Functions and values that the language defines and this version does not have.
const NAMES_LATER: [&str; 3] = ["recommend", "unknown", "activity"];

/// Whether the language defines this name, and this version does not have it.
pub fn is_later(name: &str) -> bool {
    EVENTS_LATER.contains(&name) || NAMES_LATER.contains(&name)
}

/// A sentence of the language that this version does not run.
pub fn not_in_this_version(words: &str, span: Span) -> Diagnostic {
    let way_out = match words {
        "opened" | "clicked" | "sent" | "bounced" => "ask for an event of the model, such as `purchased`",
        "set" | "tag" | "untag" | "credit" | "debit" | "start" | "erase" | "call" | "erase contact" => {
            "the steps of this version are `wait`, `send`, `if` and `stop`"
        }
        "repeat" => "write the steps out, with a `wait` between them",
        "split" => "write one scenario for each part",
        "one at a time" => "`latest` and `once every` also keep a person in one instance",
        "push" | "post" | "webhook" => "the channels of this version are `email`, `sms` and `phone`",
        "segment" => "declare the condition with `let`",
        "policy" => "`zone` and `expire` stand in `scn.toml`",
        _ => "leave it out for now",
    };
    not_yet(&format!("`{words}`"), span).help(way_out)
}

/// As [`not_in_this_version`], for what has no word of its own.
pub fn not_yet(what: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Rule::NotInThisVersion, format!("{what} is not in this version of scn"))
        .at(span, "of the language, but not yet run")
        .because("scn refuses what it would not carry out")
        .help("leave it out for now")
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

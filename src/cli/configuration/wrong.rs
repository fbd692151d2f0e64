//! What is wrong in `scn.toml`, in words, with a way out.

use crate::cli::mask;
use crate::diagnostic::{Diagnostic, Rule, suggestion};
use crate::span::{SourceId, Span};
use std::ops::Range;

/// What a key takes that names one file or several, as the reader of TOML says it.
const PATHS: &str = "a path or a list of paths";

/// What `cache` takes.
const CACHE: &str = "true, false or a path";

/// A value that TOML accepts and we do not.
pub(super) struct WrongValue {
    at: Range<usize>,
    message: String,
    help: String,
}

impl WrongValue {
    pub fn new(at: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> WrongValue {
        WrongValue { at, message: message.into(), help: help.into() }
    }
}

/// Turns what is wrong into findings.
pub(super) struct Wrong<'a> {
    pub source: SourceId,
    pub text: &'a str,
}

impl Wrong<'_> {
    pub fn value(&self, wrong: WrongValue) -> Diagnostic {
        self.finding(wrong.at, wrong.message, wrong.help)
    }

    pub fn toml(&self, error: &toml::de::Error) -> Diagnostic {
        let at = error.span().unwrap_or(0..0);
        let hidden = mask::places(self.text).iter().any(|secret| secret.start < at.end && at.start < secret.end);
        if hidden {
            return self.finding(at, "this is no reference to a secret", "write `env:NAME` or `file:PATH`");
        }
        let message = error.message().lines().next().unwrap_or_default();
        if let Some(kind) = message.strip_prefix("unknown ").and_then(|rest| rest.split(' ').next()) {
            return self.unknown(at, kind, message);
        }
        if let Some(rest) = message.strip_prefix("missing field") {
            let key = rest.trim().trim_matches('`');
            let help = format!("write `{key} = {}` in this table", example_of(key));
            return self.finding(at, format!("`{key}` is missing here"), help);
        }
        let kinds = ["invalid type: ", "invalid value: "];
        if let Some((found, expected)) =
            kinds.iter().find_map(|kind| message.strip_prefix(kind)).and_then(|rest| rest.split_once(", expected "))
        {
            let (expected, help) = plain(expected);
            return self.finding(at, format!("expected {expected}, found {}", found_words(found)), help);
        }
        if let Some(expected) = [PATHS, CACHE].into_iter().find(|expected| message == *expected) {
            return self.finding(at, format!("expected {expected}"), plain(expected).1);
        }
        let help = "write `key = value`, texts in quotes, and the name of a table in brackets: `[sample]`";
        self.finding(at, format!("this is not TOML: {message}"), help)
    }

    /// A key, or one of a few values, that does not exist.
    fn unknown(&self, at: Range<usize>, kind: &str, message: &str) -> Diagnostic {
        let mut names = message.split('`').skip(1).step_by(2);
        let written = names.next().unwrap_or_default();
        let known: Vec<&str> = names.collect();
        let kind = if kind == "field" { "key" } else { "value" };
        let help = match suggestion(written, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known here: {}", known.join(", ")),
        };
        self.finding(at, format!("unknown {kind} `{written}`"), help)
    }

    fn finding(&self, at: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Rule::ConfigurationWrong, message).at(Span::new(self.source, at.start, at.end), "").help(help)
    }
}

/// How the value of a key that must be there is written.
fn example_of(key: &str) -> &'static str {
    match key {
        "from" => "\"The shop <hello@shop.example>\"",
        "host" => "\"smtp.shop.example\"",
        "csv" => "\"sample.csv\"",
        "with" => "\"sample.sql\"",
        "url" => "\"https://shop.example/hook\"",
        _ => "...",
    }
}

/// What was expected, without the words of a programming language, and how it is written.
fn plain(expected: &str) -> (&str, &'static str) {
    match expected {
        "a string" => ("a text in quotes", "put it in quotes: `\"...\"`"),
        "path string" => ("a path in quotes", "put it in quotes, such as `\"shop.db\"`"),
        "u16" => ("a whole number from 0 to 65535", "write a number without quotes, such as `587`"),
        CACHE => (expected, "write `true`, or a folder in quotes: `\"cache\"`"),
        PATHS => (expected, "write `\"sample.sql\"` or `[\"one.sql\", \"two.sql\"]`"),
        other if other.starts_with("struct") || other.starts_with("a map") => {
            ("a table", "write its name in brackets, such as `[sample]`, and its keys on the lines below")
        }
        other => (other, "`docs/reference/configuration.md` lists every key and its value"),
    }
}

/// What was found: `string "x"` is a text, `integer `3`` a number.
fn found_words(found: &str) -> String {
    let (kind, value) = found.split_once(' ').unwrap_or((found, ""));
    let kind = match kind {
        "string" => "the text",
        "integer" | "float" => "the number",
        "boolean" => "the flag",
        "sequence" => "a list",
        "map" => "a table",
        other => other,
    };
    format!("{kind} {value}").trim_end().to_owned()
}

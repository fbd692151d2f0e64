//! Findings as workflow commands of GitHub Actions, which shows them beside the changed lines.

use super::clean::clean_text;
use super::places::Places;
use crate::diagnostic::{Diagnostic, Level};
use crate::span::Sources;
use std::fmt::Write;

/// One line a finding: `::error file=..,line=..,col=..,endLine=..,endColumn=..,title=..::message`.
pub fn github(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let places = Places::new(sources, diagnostics);
    let mut out = String::new();
    for diagnostic in diagnostics {
        command(&mut out, &places, diagnostic);
    }
    out
}

fn command(out: &mut String, places: &Places<'_>, diagnostic: &Diagnostic) {
    let info = diagnostic.rule.info();
    let name = match diagnostic.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };
    let mut properties = Vec::new();
    if let Some(place) = places.of(diagnostic) {
        properties.push(("file", place.file.to_owned()));
        properties.push(("line", place.line.to_string()));
        properties.push(("col", place.column.to_string()));
        properties.push(("endLine", place.end_line.to_string()));
        // Columns are understood only within one line.
        if place.line == place.end_line {
            properties.push(("endColumn", place.end_column.to_string()));
        }
    }
    properties.push(("title", format!("{} {}", info.code, info.name)));
    let properties: Vec<String> =
        properties.into_iter().map(|(key, value)| format!("{key}={}", escape_property(&value))).collect();
    let mut message = diagnostic.message.clone();
    for more in [&diagnostic.reason, &diagnostic.help].into_iter().flatten() {
        message.push('\n');
        message.push_str(more);
    }
    // Writing into a string cannot fail.
    let _ = writeln!(out, "::{name} {}::{}", properties.join(","), escape_data(&message));
}

fn escape_data(text: &str) -> String {
    let escaped = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    clean_text(&escaped).into_owned()
}

fn escape_property(text: &str) -> String {
    escape_data(text).replace(':', "%3A").replace(',', "%2C")
}

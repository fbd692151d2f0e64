//! Findings as one line each, `FILE:LINE:COLUMN: LEVEL[CODE]: MESSAGE`, as compilers print them and editors read them.

use super::clean::clean;
use super::places::Places;
use crate::diagnostic::Diagnostic;
use crate::span::Sources;
use std::fmt::Write;

/// One line a finding, its way out behind it.
pub fn line(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let places = Places::new(sources, diagnostics);
    let mut out = String::new();
    for found in diagnostics {
        if let Some(place) = places.of(found) {
            let _ = write!(out, "{}:{}:{}: ", clean(place.file), place.line, place.column);
        }
        let help = found.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
        let text = format!("{}[{}]: {}{help}", found.level.name(), found.rule.info().code, found.message);
        // Writing into a string cannot fail.
        let _ = writeln!(out, "{}", clean(&text));
    }
    out
}

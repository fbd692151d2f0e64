//! Findings as a Code Quality report of GitLab, which shows them in the diff of a merge request.

use super::places::Places;
use crate::diagnostic::{Diagnostic, Level};
use crate::span::Sources;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A JSON array of issues in the form of Code Climate that GitLab reads, ended by a line feed. A finding that concerns no text
/// is shown at the first line of `fallback`, because GitLab drops an issue without a place.
pub fn gitlab(sources: &Sources, diagnostics: &[Diagnostic], fallback: &str) -> String {
    let places = Places::new(sources, diagnostics);
    let mut seen: BTreeMap<[u8; 32], u32> = BTreeMap::new();
    let issues: Vec<Value> =
        diagnostics.iter().map(|found| issue(&places, sources, found, fallback, &mut seen)).collect();
    format!("{:#}\n", Value::Array(issues))
}

fn issue(
    places: &Places<'_>,
    sources: &Sources,
    found: &Diagnostic,
    fallback: &str,
    seen: &mut BTreeMap<[u8; 32], u32>,
) -> Value {
    let info = found.rule.info();
    let mut description = found.message.clone();
    for more in [&found.reason, &found.help].into_iter().flatten() {
        description.push_str("; ");
        description.push_str(more);
    }
    let place = places.of(found);
    let file = place.as_ref().map_or(fallback, |place| place.file);
    let (begin, end) = place.as_ref().map_or((1, 1), |place| (place.line, place.end_line));
    // Not the line: an issue stays the same when something is written above it. Equal ones are counted.
    let text = found.span().map_or("", |span| sources.text(span));
    let mut hasher = blake3::Hasher::new();
    for part in [info.code, file, &found.message, text] {
        hasher.update(part.as_bytes()).update(&[0]);
    }
    let times = seen.entry(*hasher.finalize().as_bytes()).or_default();
    hasher.update(&times.to_le_bytes());
    *times += 1;
    json!({
        "description": description,
        "check_name": format!("{} {}", info.code, info.name),
        "fingerprint": hasher.finalize().to_hex().as_str(),
        "severity": severity(found.level),
        "location": { "path": file, "lines": { "begin": begin, "end": end } },
    })
}

/// As Code Climate grades it: `info`, `minor`, `major`, `critical`, `blocker`.
fn severity(level: Level) -> &'static str {
    match level {
        Level::Note => "info",
        Level::Warning => "major",
        Level::Error => "critical",
    }
}

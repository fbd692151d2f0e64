//! Findings as SARIF 2.1.0 (OASIS standard of 27 March 2020), which code hosts and editors read.

use super::places::{Place, Places};
use crate::diagnostic::{Diagnostic, RULES, RuleInfo, Silenced};
use crate::span::Sources;
use serde_json::{Value, json};
use std::fmt::Write;

/// One log with one run, all rules in its driver, ended by a line feed. What comments silence is in it as suppressed (section
/// 3.35), with the reason. `pages` is where the pages of the rules are.
pub fn sarif(sources: &Sources, diagnostics: &[Diagnostic], silenced: &[Silenced], pages: Option<&str>) -> String {
    let places = Places::new(sources, diagnostics.iter().chain(silenced.iter().map(|each| &each.diagnostic)));
    let mut results: Vec<Value> = diagnostics.iter().map(|diagnostic| result(&places, diagnostic)).collect();
    results.extend(silenced.iter().map(|silenced| {
        let mut result = result(&places, &silenced.diagnostic);
        add(&mut result, "suppressions", json!([{ "kind": "inSource", "justification": silenced.reason }]));
        result
    }));
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "scn",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": RULES.iter().map(|info| rule(info, pages)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn rule(info: &RuleInfo, pages: Option<&str>) -> Value {
    let mut rule = json!({
        "id": info.code,
        "name": info.name,
        "shortDescription": { "text": info.why() },
        "help": { "text": info.page, "markdown": info.page },
        "defaultConfiguration": { "level": info.level.name() },
    });
    if let Some(pages) = pages {
        add(&mut rule, "helpUri", json!(info.page_in(pages)));
    }
    rule
}

fn result(places: &Places<'_>, diagnostic: &Diagnostic) -> Value {
    let mut text = diagnostic.message.clone();
    for more in [&diagnostic.reason, &diagnostic.help].into_iter().flatten() {
        text.push('\n');
        text.push_str(more);
    }
    let mut result = json!({
        "ruleId": diagnostic.rule.info().code,
        "ruleIndex": diagnostic.rule as usize,
        "level": diagnostic.level.name(),
        "message": { "text": text },
    });
    let mut locations = diagnostic.labels.iter().filter_map(|label| {
        let mut location = json!({ "physicalLocation": physical(&places.locate(label.span)?) });
        if !label.text.is_empty() {
            add(&mut location, "message", json!({ "text": label.text }));
        }
        Some(location)
    });
    if let Some(own) = locations.next() {
        add(&mut result, "locations", json!([own]));
    }
    let related: Vec<Value> = locations.collect();
    if !related.is_empty() {
        add(&mut result, "relatedLocations", json!(related));
    }
    if let Some((fix, place)) = diagnostic.safe_fix().and_then(|fix| Some((fix, places.locate(fix.span)?))) {
        let replacement = json!({
            "deletedRegion": region(&place),
            "insertedContent": { "text": fix.replacement },
        });
        let change = json!({ "artifactLocation": artifact(&place), "replacements": [replacement] });
        add(&mut result, "fixes", json!([{ "artifactChanges": [change] }]));
    }
    result
}

fn add(object: &mut Value, key: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}

fn physical(place: &Place<'_>) -> Value {
    json!({ "artifactLocation": artifact(place), "region": region(place) })
}

fn artifact(place: &Place<'_>) -> Value {
    json!({ "uri": uri(place.file) })
}

fn region(place: &Place<'_>) -> Value {
    json!({
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
        "byteOffset": place.start,
        "byteLength": place.end - place.start,
    })
}

/// A path as a URI (RFC 8089), or as a relative reference (RFC 3986, section 4.2) where it is relative: all but
/// unreserved characters and slashes are percent-encoded.
fn uri(path: &str) -> String {
    let mut out = if path.starts_with('/') { "file://".to_owned() } else { String::new() };
    for byte in path.bytes() {
        match byte {
            b'\\' => out.push('/'),
            b'/' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

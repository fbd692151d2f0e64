//! Findings as a JSON array, for scripts: an object each, with the same keys in the same order whatever was found.

use super::places::{Place, Places};
use crate::diagnostic::{Diagnostic, Label};
use crate::span::Sources;
use serde::Serialize;

#[derive(Serialize)]
struct Finding<'a> {
    code: &'a str,
    rule: &'a str,
    level: &'a str,
    message: &'a str,
    #[serde(flatten)]
    place: Where<'a>,
    labels: Vec<Shown<'a>>,
    reason: Option<&'a str>,
    help: Option<&'a str>,
    fix: Option<Repair<'a>>,
}

/// Lines and columns are from 1 and count characters; `start` and `end` are bytes from 0; ends are excluded. All are
/// null for a finding that concerns no text.
#[derive(Default, Serialize)]
struct Where<'a> {
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
    start: Option<usize>,
    end: Option<usize>,
}

#[derive(Serialize)]
struct Shown<'a> {
    text: &'a str,
    #[serde(flatten)]
    place: Where<'a>,
}

#[derive(Serialize)]
struct Repair<'a> {
    replacement: &'a str,
    #[serde(flatten)]
    place: Where<'a>,
}

impl<'a> From<Place<'a>> for Where<'a> {
    fn from(place: Place<'a>) -> Where<'a> {
        Where {
            file: Some(place.file),
            line: Some(place.line),
            column: Some(place.column),
            end_line: Some(place.end_line),
            end_column: Some(place.end_column),
            start: Some(place.start),
            end: Some(place.end),
        }
    }
}

/// The findings as one JSON array, ended by a line feed.
pub fn json(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let places = Places::new(sources, diagnostics);
    let findings: Vec<Finding> = diagnostics.iter().map(|diagnostic| finding(&places, diagnostic)).collect();
    // Texts and numbers in structures: there is nothing here that JSON cannot hold.
    let mut out = serde_json::to_string_pretty(&findings).unwrap_or_default();
    out.push('\n');
    out
}

fn finding<'a>(places: &Places<'a>, diagnostic: &'a Diagnostic) -> Finding<'a> {
    let info = diagnostic.rule.info();
    let shown = |label: &'a Label| Some(Shown { text: &label.text, place: places.locate(label.span)?.into() });
    Finding {
        code: info.code,
        rule: info.name,
        level: diagnostic.level.name(),
        message: &diagnostic.message,
        place: places.of(diagnostic).map(Where::from).unwrap_or_default(),
        labels: diagnostic.labels.iter().filter_map(shown).collect(),
        reason: diagnostic.reason.as_deref(),
        help: diagnostic.help.as_deref(),
        fix: diagnostic
            .safe_fix()
            .and_then(|fix| Some(Repair { replacement: &fix.replacement, place: places.locate(fix.span)?.into() })),
    }
}

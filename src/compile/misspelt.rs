//! A name that is misspelt where it is declared and right wherever it is used: one finding, at the declaration.

use crate::diagnostic::{Diagnostic, Fix, Near, Rule};
use crate::span::{Sources, Span};
use crate::syntax::{Parsed, TokenKind};
use crate::time::Weekday;
use std::collections::{BTreeMap, BTreeSet};

/// How many uses must agree against the declaration.
const USES_MIN: usize = 2;
/// How many of them are shown.
const SHOWN_MAX: usize = 3;

/// Puts the blame where it lies. `project` are the project's own files: their words say how often a name is written.
pub(super) fn blame_declarations(found: Vec<Diagnostic>, project: &[Parsed], sources: &Sources) -> Vec<Diagnostic> {
    // The name that is near, and the unknown one: the rule, and the places where it is used.
    let mut uses: BTreeMap<(String, String), (Rule, BTreeSet<Span>)> = BTreeMap::new();
    for each in &found {
        if let Some((near, unknown, span)) = unknown_name(each, sources) {
            let (_, places) = uses.entry((near, unknown)).or_insert((each.rule, BTreeSet::new()));
            places.insert(span);
        }
    }
    uses.retain(|_, (_, places)| places.len() >= USES_MIN);
    let mut blamed: BTreeMap<Span, Diagnostic> = BTreeMap::new();
    let mut excused: BTreeSet<Span> = BTreeSet::new();
    for ((near, unknown), (rule, places)) in uses {
        let Some(declared) = written_once(&near, project, sources) else { continue };
        if blamed.contains_key(&declared) {
            continue;
        }
        let count = places.len();
        let mut one = Diagnostic::new(rule, format!("nothing uses `{near}`, and {count} places use `{unknown}`"))
            .at(declared, format!("did you mean `{unknown}`?"));
        for place in places.iter().take(SHOWN_MAX) {
            one = one.at(*place, "used here");
        }
        // A new name may be more than a word: entries are counted by a scenario's, and a field's is that of a column.
        let near = Near { word: &unknown, is_sure: false };
        blamed.insert(declared, one.help(format!("write `{unknown}`")).meant(declared, near));
        excused.extend(places);
    }
    // What else is wrong with the misspelt word follows from it.
    let follows = |each: &Diagnostic| each.span().is_some_and(|span| blamed.contains_key(&span));
    let is_excused =
        |each: &Diagnostic| unknown_name(each, sources).is_some_and(|(_, _, span)| excused.contains(&span));
    let mut left: Vec<Diagnostic> = found.into_iter().filter(|each| !follows(each) && !is_excused(each)).collect();
    left.extend(blamed.into_values());
    left
}

/// Of a finding about a name that is not known: the near one that is, the word itself, and its place.
fn unknown_name(found: &Diagnostic, sources: &Sources) -> Option<(String, String, Span)> {
    let is_about_names = matches!(found.rule, Rule::UnknownName | Rule::UnknownField | Rule::UnknownType);
    // A day is declared nowhere.
    let is_declared = |fix: &&Fix| Weekday::named(&fix.replacement).is_none();
    let fix = found.fix.as_ref().filter(|_| is_about_names).filter(is_declared)?;
    Some((fix.replacement.clone(), sources.text(fix.span).to_owned(), fix.span))
}

/// The one place where a name is written in the project: its declaration, since somebody knows the name.
fn written_once(name: &str, project: &[Parsed], sources: &Sources) -> Option<Span> {
    let tokens = project.iter().flat_map(|parsed| &parsed.tokens).filter(|token| token.kind == TokenKind::Name);
    let mut places = tokens.map(|token| token.span).filter(|span| sources.text(*span) == name);
    places.next().filter(|_| places.next().is_none())
}

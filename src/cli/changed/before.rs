//! A project as it was at a revision, so that what a change brings to light is told from what was there before.

use crate::cli::findings::Findings;
use crate::cli::project::Project;
use crate::compile::InputFile;
use crate::diagnostic::Diagnostic;
use crate::span::Sources;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// How much of a text tells where a finding is, in bytes.
const SHOWN_MAX: usize = 80;

/// The project with the texts that some of its files had; `None` for one that was not there.
pub(super) fn project(now: &Project, old: &BTreeMap<PathBuf, Option<String>>) -> Project {
    let mut before = now.clone();
    let shown: BTreeSet<String> = old.keys().map(|path| now.show(path)).collect();
    let name = |sources: &Sources, found: &Diagnostic| Some(sources.get(found.span()?.source)?.name.clone());
    before.diagnostics.retain(|found| name(&now.input.sources, found).is_none_or(|name| !shown.contains(&name)));
    let mut files: BTreeMap<PathBuf, InputFile> = BTreeMap::new();
    let mut selected: BTreeSet<&str> = BTreeSet::new();
    for file in &now.input.files {
        let name = now.input.sources.get(file.source).map_or("", |source| &source.name);
        if !shown.contains(name) {
            files.insert(Path::new(&file.folder).join(format!("{}.scn", file.stem)), file.clone());
        } else if file.selected {
            selected.insert(name);
        }
    }
    for (path, text) in old {
        let Some(text) = text else { continue };
        let name = now.show(path);
        let is_selected = selected.contains(name.as_str()) || now.selects(path);
        // A finding that is told once, at the first of several places, depends on the order of the texts.
        let known = before.input.sources.iter().find(|(_, source)| source.name == name).map(|(id, _)| id);
        let source = match known {
            Some(id) => {
                before.input.sources.replace(id, text.as_str());
                id
            }
            None => before.input.sources.add(name, text.as_str()),
        };
        files.insert(path.clone(), now.input_file(source, path, is_selected));
    }
    // In the order of their paths, as they are read: of two declarations the second is one too many.
    before.input.files = files.into_values().collect();
    before
}

/// What was found in a project as it was, each finding as often as it was found.
#[derive(Debug)]
pub struct Known(BTreeMap<Vec<String>, usize>);

impl Known {
    pub fn of(findings: &Findings) -> Known {
        let mut known = BTreeMap::new();
        for found in &findings.diagnostics {
            *known.entry(key(found, &findings.sources)).or_default() += 1;
        }
        Known(known)
    }

    /// Whether a finding was there before; it is counted off.
    pub fn takes(&mut self, found: &Diagnostic, sources: &Sources) -> bool {
        let Some(times) = self.0.get_mut(&key(found, sources)).filter(|times| **times > 0) else { return false };
        *times -= 1;
        true
    }
}

/// What a finding says, and of what; not its line, because lines move.
fn key(found: &Diagnostic, sources: &Sources) -> Vec<String> {
    let mut key = vec![found.rule.info().code.to_owned(), found.message.clone()];
    key.extend([&found.reason, &found.help].into_iter().flatten().cloned());
    for label in &found.labels {
        let text = sources.text(label.span).lines().next().unwrap_or("");
        let text = text.get(..text.floor_char_boundary(SHOWN_MAX)).unwrap_or(text);
        key.push(sources.get(label.span.source).map_or("", |source| &source.name).to_owned());
        key.extend([text.trim().to_owned(), label.text.clone()]);
    }
    key
}

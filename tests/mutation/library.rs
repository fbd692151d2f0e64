//! The library of scenarios as `scn check scenarios` sees it, with one of its texts changed.

use scn::cli::findings::Findings;
use scn::cli::project::Project;
use scn::cli::surroundings;
use scn::diagnostic::render::{self, Style};
use scn::diagnostic::{Diagnostic, Level};
use scn::ir::Bundle;
use scn::model::Surroundings;
use scn::span::{SourceId, Sources, Span};
use scn::syntax::{Stream, TokenKind, parse};
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

/// A project whose texts can be changed, one at a time.
pub struct Library {
    project: Project,
    surroundings: Surroundings,
    /// What it means as it stands.
    pub bundle: Bundle,
}

/// What came of a changed text.
pub struct Outcome {
    /// Errors and warnings, in the order in which they are printed.
    pub found: Vec<Diagnostic>,
    pub bundle: Option<Bundle>,
    /// From the text to what a person reads, files and templates being read already.
    pub took: Duration,
}

/// A finding that is further away from the damage than this, in words, does not show it.
const NEAR_WORDS: usize = 2;
/// Who is shown more words than this still has to look for the wrong one.
pub const WIDE_WORDS: usize = 12;

impl Library {
    /// The project at a path; without its CRM, which is built from a sample and may not be there.
    pub fn open(path: &Path) -> Library {
        let project = Project::open_one(path).unwrap();
        let surroundings = surroundings::look(&project, None).unwrap();
        let (compiled, findings) = Findings::of(&project, &surroundings);
        assert_eq!(counted(&findings.diagnostics), [], "the library is clean");
        Library { project, surroundings, bundle: compiled.bundle.unwrap() }
    }

    /// Its files: where they stand, and their names below the folder.
    pub fn files(&self) -> Vec<(SourceId, String)> {
        let name = |source: SourceId| {
            let name = &self.project.input.sources.get(source).unwrap().name;
            name.split_once("scenarios/").map_or(name.as_str(), |(_, name)| name).to_owned()
        };
        self.project.input.files.iter().map(|file| (file.source, name(file.source))).collect()
    }

    pub fn text(&self, source: SourceId) -> &str {
        &self.project.input.sources.get(source).unwrap().text
    }

    /// Checks the project with another text in the place of one.
    pub fn check(&self, changed: SourceId, text: &str) -> Outcome {
        let mut project = self.project.clone();
        let mut sources = Sources::default();
        for (id, source) in self.project.input.sources.iter() {
            let text = if id == changed { text } else { &*source.text };
            sources.add(source.name.clone(), text);
        }
        project.input.sources = sources;
        let start = Instant::now();
        let (compiled, findings) = Findings::of(&project, &self.surroundings);
        let drawn = render::human(&findings.sources, &findings.diagnostics, Style::default());
        let took = start.elapsed();
        drop(drawn);
        let found = counted(&findings.diagnostics);
        let bundle = compiled.bundle.filter(|_| found.is_empty());
        Outcome { found, bundle, took }
    }
}

fn counted(diagnostics: &[Diagnostic]) -> Vec<Diagnostic> {
    diagnostics.iter().filter(|found| found.level > Level::Note).cloned().collect()
}

/// The words of a text, in order.
pub fn words(text: &str) -> Vec<String> {
    let parsed = parse(SourceId::default(), text);
    let stream = Stream::new(text, &parsed.tokens);
    (0..stream.count()).map(|place| stream.text_at(place).to_owned()).collect()
}

/// The words of `new` that are not as in `old`: what is left between the words that both begin with and those that both end
/// with. Empty where words were only lost.
pub fn damage(old: &str, new: &str) -> Range<usize> {
    let (old, new) = (words(old), words(new));
    let shortest = old.len().min(new.len());
    let before = old.iter().zip(&new).take_while(|(one, other)| one == other).count();
    let after = old.iter().rev().zip(new.iter().rev()).take_while(|(one, other)| one == other).count();
    before..new.len() - after.min(shortest - before)
}

/// The words under a span of a text.
pub fn places(text: &str, span: Span) -> Range<usize> {
    let parsed = parse(span.source, text);
    let stream = Stream::new(text, &parsed.tokens);
    let places = stream.places_under(span);
    // A span that begins within a word shows that word.
    let within = (places.start.checked_sub(1)).filter(|&before| {
        stream.at(before).is_some_and(|word| word.span.end > span.start && word.kind != TokenKind::Space)
    });
    within.unwrap_or(places.start)..places.end
}

/// Whether what is shown overlaps the damage, or lies within two words of it.
pub fn is_near(shown: &Range<usize>, damage: &Range<usize>) -> bool {
    // How many words lie between the two; none where they touch or overlap.
    let between = shown.start.saturating_sub(damage.end).max(damage.start.saturating_sub(shown.end));
    between < NEAR_WORDS
}

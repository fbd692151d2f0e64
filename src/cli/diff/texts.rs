//! The texts of a project, item by item, in the canonical form: white space, comments and tests are no difference.

use crate::cli::project::Project;
use crate::compile::InputFile;
use crate::format::phrase;
use crate::span::{Sources, Span};
use crate::syntax::tree::{Item, ItemKind};
use crate::syntax::{Parsed, Stream, parse};
use std::collections::BTreeMap;

/// What an item declares: its kind and its name, and the how manieth of them it is (`extend`).
pub type Key = (&'static str, String, usize);

/// The texts of one project, with their words.
pub struct Texts<'a> {
    pub project: &'a Project,
    files: Vec<File<'a>>,
}

struct File<'a> {
    file: &'a InputFile,
    parsed: &'a Parsed,
    words: Stream<'a>,
}

/// Reads the texts of a project, in the order of its files.
pub fn read(project: &Project) -> Vec<Parsed> {
    let files = project.input.files.iter();
    files.map(|file| parse(file.source, text(project, file))).collect()
}

fn text<'a>(project: &'a Project, file: &InputFile) -> &'a str {
    project.input.sources.get(file.source).map_or("", |source| &source.text)
}

/// An item at its place.
#[derive(Clone, Copy)]
pub struct Declared<'a> {
    pub file: &'a InputFile,
    pub item: &'a Item,
    pub texts: &'a Texts<'a>,
}

impl<'a> Texts<'a> {
    /// `parsed` is what [`read`] gives of the project.
    pub fn of(project: &'a Project, parsed: &'a [Parsed]) -> Texts<'a> {
        let files = project.input.files.iter().zip(parsed);
        let file = |(file, parsed): (&'a InputFile, &'a Parsed)| {
            let words = Stream::new(text(project, file), &parsed.tokens);
            File { file, parsed, words }
        };
        Texts { project, files: files.map(file).collect() }
    }

    pub fn sources(&self) -> &Sources {
        &self.project.input.sources
    }

    /// What has a meaning beyond tests, by what it declares.
    pub fn items(&'a self) -> BTreeMap<Key, Declared<'a>> {
        let mut items = BTreeMap::new();
        for declared in self.all().filter(|declared| !declared.is_test()) {
            let (kind, name) = key(declared.item, &declared.file.stem);
            let count = items.keys().filter(|(known, of, _): &&Key| *known == kind && *of == name).count();
            items.insert((kind, name, count), declared);
        }
        items
    }

    /// The places of tests, and of the lines that they share.
    pub fn tests(&'a self) -> impl Iterator<Item = Span> {
        self.all().filter(Declared::is_test).map(|declared| declared.item.span)
    }

    fn all(&'a self) -> impl Iterator<Item = Declared<'a>> {
        self.files.iter().flat_map(move |File { file, parsed, .. }| {
            parsed.file.items.iter().map(move |item| Declared { file, item, texts: self })
        })
    }

    /// The words under a span, as the layout spaces them.
    pub fn phrase(&self, span: Span) -> String {
        let file = self.files.iter().find(|file| file.file.source == span.source);
        file.map_or_else(String::new, |file| phrase(&file.words, span))
    }
}

impl Declared<'_> {
    fn is_test(&self) -> bool {
        matches!(self.item.kind, ItemKind::Test(_) | ItemKind::Given(_))
    }

    pub fn name(&self) -> String {
        key(self.item, &self.file.stem).1
    }

    pub fn words(&self) -> String {
        self.texts.phrase(self.item.span)
    }

    /// As it stands in its file, with the comments inside it.
    pub fn text(&self) -> &str {
        self.texts.sources().text(self.item.span)
    }
}

fn key(item: &Item, stem: &str) -> (&'static str, String) {
    let (kind, name) = match &item.kind {
        ItemKind::Entity(entity) => ("entity", entity.name.value.as_str()),
        ItemKind::Event(event) => ("event", &*event.name.value),
        ItemKind::Extend(extend) => ("extend", &*extend.name.value),
        ItemKind::Let(definition) => ("let", &*definition.name.value),
        ItemKind::Scenario(scenario) => ("scenario", scenario.name.as_ref().map_or(stem, |name| &name.value)),
        ItemKind::Segment(segment) => ("segment", &*segment.name.value),
        ItemKind::Measure(measure) => ("measure", &*measure.name.value),
        ItemKind::Account(account) => ("account", &*account.name.value),
        ItemKind::Route(route) => ("route", &*route.name.value),
        ItemKind::Identity(_) => ("identity", ""),
        ItemKind::Policy(_) => ("policy", ""),
        ItemKind::Test(_) | ItemKind::Given(_) => ("test", ""),
    };
    (kind, name.to_owned())
}

//! Every name in reach, with its declaration in one line.

use super::WordEntry;
use crate::check::typed::StepKind;
use crate::check::{CheckFile, Checked};
use crate::span::{Sources, Span};
use crate::syntax::tree::{self, ItemKind};
use std::collections::BTreeSet;

/// The names in the order of files and places, messages after them. The first `library` files are those of the standard
/// library, which is told last.
pub fn entries(files: &[CheckFile], library: usize, sources: &Sources, checked: &Checked) -> Vec<WordEntry> {
    let mut words = Words { sources, all: Vec::new() };
    let (library, project) = files.split_at(files.len().min(library));
    for file in project.iter().chain(library) {
        file.tree.items.iter().for_each(|item| words.item(file, item));
    }
    words.messages(checked);
    words.all
}

struct Words<'a> {
    sources: &'a Sources,
    all: Vec<WordEntry>,
}

impl Words<'_> {
    fn push(&mut self, name: String, kind: &'static str, text: Span, doc: Option<&String>, span: Span) {
        let text = one_line(self.sources.text(text));
        self.all.push(WordEntry { name, kind, text, doc: doc.cloned(), span });
    }

    fn item(&mut self, file: &CheckFile, item: &tree::Item) {
        let doc = item.doc.as_ref();
        match &item.kind {
            ItemKind::Entity(entity) => {
                self.push(entity.name.value.clone(), "entity", item.span, doc, entity.name.span);
                self.fields(&entity.name.value, &entity.fields);
            }
            ItemKind::Event(event) => {
                self.push(event.name.value.clone(), "event", item.span, doc, event.name.span);
                self.fields(&event.name.value, &event.fields);
            }
            ItemKind::Extend(extend) => self.fields(&extend.name.value, &extend.fields),
            ItemKind::Let(definition) => {
                self.push(definition.name.value.clone(), "definition", item.span, doc, definition.name.span);
            }
            ItemKind::Scenario(scenario) => {
                let name = scenario.name.as_ref().map_or(file.stem.to_owned(), |name| name.value.clone());
                let place = scenario.name.as_ref().map_or(item.span, |name| name.span);
                self.push(name, "scenario", item.span, doc.or(None), place);
            }
            ItemKind::Segment(segment) => self.named("segment", &segment.name, item),
            ItemKind::Measure(measure) => self.named("measure", &measure.name, item),
            ItemKind::Account(account) => self.named("account", &account.name, item),
            ItemKind::Route(route) => self.named("event", &route.name, item),
            ItemKind::Given(given) => self.named("given", &given.name, item),
            // These have no name of their own.
            ItemKind::Identity(_) | ItemKind::Policy(_) | ItemKind::Test(_) => {}
        }
    }

    fn named(&mut self, kind: &'static str, name: &tree::Word, item: &tree::Item) {
        self.push(name.value.clone(), kind, item.span, item.doc.as_ref(), name.span);
    }

    fn fields(&mut self, record: &str, fields: &[tree::Field]) {
        for field in fields {
            let name = format!("{record}.{}", field.name.value);
            self.push(name, "field", field.span, field.doc.as_ref(), field.name.span);
        }
    }

    fn messages(&mut self, checked: &Checked) {
        let mut seen = BTreeSet::new();
        for scenario in &checked.scenarios {
            for step in scenario.all_steps() {
                let StepKind::Send(send) = &step.kind else { continue };
                for each in &send.alternatives {
                    let name = format!("{} {}", each.channel, each.message);
                    if seen.insert((scenario.name.as_str(), name.clone())) {
                        self.push(name, "message", step.span, None, each.span);
                    }
                }
            }
        }
    }
}

/// A text without its comments, each run of white space one blank.
fn one_line(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for line in text.lines() {
        let mut quoted = false;
        let kept = line.char_indices().find(|(_, letter)| {
            quoted ^= *letter == '"';
            *letter == '#' && !quoted
        });
        words.push_str(kept.and_then(|(at, _)| line.get(..at)).unwrap_or(line));
        words.push(' ');
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

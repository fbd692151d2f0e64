//! What was changed between two projects, clause by clause and step by step, with what makes each change alone.

use super::align::{Aligned, align};
use super::texts::{Declared, Key, Texts};
use crate::cli::configuration;
use crate::diagnostic::render::clean;
use crate::drivers::diff::Known;
use crate::model::Configuration;
use crate::span::Span;
use crate::syntax::tree::{Field, ItemKind, Policy, PolicyLine, PolicyLineKind};
use std::collections::BTreeMap;
use std::path::Path;

/// A line that was changed: where it was, where it is; one of the two alone where it went or came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub old: Option<Place>,
    pub new: Option<Place>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In the canonical form, on one line.
    pub text: String,
}

/// What is changed at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// `scenario renewal`, `policy`.
    pub item: String,
    pub lines: Vec<Line>,
    pub edits: Vec<Edit>,
}

/// What makes a part of the old project one of the new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// A part of an old text by this one.
    Replace(Span, String),
    /// A file that holds this alone.
    Add { stem: String, folder: String, selected: bool, text: String },
    /// `scn.toml`.
    Configure(Box<Configuration>),
}

/// All that differs in meaning or may, in the order of names.
pub fn changes(old: &Texts<'_>, new: &Texts<'_>, known: &[Known]) -> Vec<Change> {
    let (before, after) = (old.items(), new.items());
    let mut finder = Finder { old, new, found: Vec::new() };
    finder.configuration();
    let pairs = pairs(&before, &after, known);
    for (key, item) in &before {
        match pairs.get(key).and_then(|to| after.get(to)) {
            Some(other) if item.words() != other.words() => finder.item(key, item, other),
            Some(other) if key.0 == "scenario" && pairs.get(key) != Some(key) => {
                finder.renamed(key, item, other, Vec::new())
            }
            Some(_) => {}
            None => finder.whole(key, Some(item), None),
        }
    }
    for (key, item) in after.iter().filter(|(key, _)| !pairs.values().any(|to| to == *key)) {
        finder.whole(key, None, Some(item));
    }
    let is_known = |change: &Change| match change.item.strip_prefix("scenario ") {
        Some(name) => {
            known.iter().any(|known| known.old.as_deref() == Some(name) || known.new.as_deref() == Some(name))
        }
        None => true,
    };
    finder.found.retain(is_known);
    finder.found
}

/// Which item of the new project each of the old is: the same name, or the scenario that has another one now.
fn pairs(
    before: &BTreeMap<Key, Declared<'_>>,
    after: &BTreeMap<Key, Declared<'_>>,
    known: &[Known],
) -> BTreeMap<Key, Key> {
    let now = |key: &Key| {
        let mine = known.iter().find(|known| key.0 == "scenario" && known.old.as_deref() == Some(&key.1));
        let name = mine.and_then(|known| known.new.clone());
        (key.0, name.unwrap_or_else(|| key.1.clone()), key.2)
    };
    before.keys().map(|key| (key.clone(), now(key))).filter(|(_, to)| after.contains_key(to)).collect()
}

pub(super) struct Finder<'a> {
    pub old: &'a Texts<'a>,
    pub new: &'a Texts<'a>,
    found: Vec<Change>,
}

impl Finder<'_> {
    /// A change of one part.
    pub(super) fn replaced(&self, item: &str, old: Span, new: Span) -> Change {
        let line = Line { old: Some(place(self.old, old)), new: Some(place(self.new, new)) };
        let edits = vec![Edit::Replace(old, self.new.phrase(new))];
        Change { item: item.to_owned(), lines: vec![line], edits }
    }

    pub(super) fn gone(&self, item: &str, old: Span) -> Change {
        let line = Line { old: Some(place(self.old, old)), new: None };
        Change { item: item.to_owned(), lines: vec![line], edits: vec![Edit::Replace(old, String::new())] }
    }

    /// What comes at a place of an old text.
    pub(super) fn come(&self, item: &str, at: Span, new: Span) -> Change {
        let line = Line { old: None, new: Some(place(self.new, new)) };
        Change { item: item.to_owned(), lines: vec![line], edits: vec![Edit::Replace(at, self.new.phrase(new))] }
    }

    fn item(&mut self, key: &Key, old: &Declared<'_>, new: &Declared<'_>) {
        let name = title(key);
        let inside = match (&old.item.kind, &new.item.kind) {
            (ItemKind::Scenario(before), ItemKind::Scenario(after)) => self.scenario(&name, before, after),
            (ItemKind::Policy(before), ItemKind::Policy(after)) => {
                self.list(&name, &lines(before, self.old), &lines(after, self.new))
            }
            (ItemKind::Entity(before), ItemKind::Entity(after)) => self.fields(&name, &before.fields, &after.fields),
            (ItemKind::Event(before), ItemKind::Event(after)) => self.fields(&name, &before.fields, &after.fields),
            (ItemKind::Extend(before), ItemKind::Extend(after)) => self.fields(&name, &before.fields, &after.fields),
            _ => None,
        };
        let inside = inside.unwrap_or_else(|| vec![self.replaced(&name, old.item.span, new.item.span)]);
        match key.0 == "scenario" && old.name() != new.name() {
            true => self.renamed(key, old, new, inside),
            false => self.found.extend(inside),
        }
    }

    /// A scenario that has another name now: its steps cannot be changed one by one.
    fn renamed(&mut self, key: &Key, old: &Declared<'_>, new: &Declared<'_>, inside: Vec<Change>) {
        let head = |declared: &Declared<'_>, texts: &Texts<'_>| Place {
            text: format!("scenario {}", declared.name()),
            ..place(texts, declared.item.span)
        };
        let line = Line { old: Some(head(old, self.old)), new: Some(head(new, self.new)) };
        let lines = std::iter::once(line).chain(inside.into_iter().flat_map(|change| change.lines)).collect();
        let edits = vec![Edit::Replace(old.item.span, String::new()), added(new)];
        self.found.push(Change { item: title(key), lines, edits });
    }

    /// An item that went or came.
    fn whole(&mut self, key: &Key, old: Option<&Declared<'_>>, new: Option<&Declared<'_>>) {
        let line = Line {
            old: old.map(|declared| place(self.old, declared.item.span)),
            new: new.map(|declared| place(self.new, declared.item.span)),
        };
        let gone = old.map(|declared| Edit::Replace(declared.item.span, String::new()));
        let edits = gone.into_iter().chain(new.map(added)).collect();
        self.found.push(Change { item: title(key), lines: vec![line], edits });
    }

    fn fields(&self, item: &str, old: &[Field], new: &[Field]) -> Option<Vec<Change>> {
        let rows = |fields: &[Field], texts: &Texts<'_>| {
            let row = |field: &Field| Row::new(texts, field.span, &field.name.value);
            fields.iter().map(row).collect::<Vec<Row>>()
        };
        self.list(item, &rows(old, self.old), &rows(new, self.new))
    }

    fn list(&self, item: &str, old: &[Row], new: &[Row]) -> Option<Vec<Change>> {
        self.rows(item, old, new, |one, other| {
            Some(vec![self.replaced(item, old.get(one)?.span, new.get(other)?.span)])
        })
    }

    /// The changes of parts in a row; `edited` are those of one that is another text now. `None` where what comes has no place
    /// in the old text.
    pub(super) fn rows(
        &self,
        item: &str,
        old: &[Row],
        new: &[Row],
        edited: impl Fn(usize, usize) -> Option<Vec<Change>>,
    ) -> Option<Vec<Change>> {
        let keys = |rows: &[Row]| rows.iter().map(|row| (row.text.clone(), row.kind.clone())).collect::<Vec<_>>();
        let mut found = Vec::new();
        // What comes first comes before all that was there.
        let mut at = old.first().map(|row| Span { end: row.span.start, ..row.span });
        for aligned in align(&keys(old), &keys(new)) {
            match aligned {
                Aligned::Both(one, other) => {
                    let (row, now) = (old.get(one)?, new.get(other)?);
                    at = Some(after(row.span));
                    if row.text != now.text {
                        found.extend(edited(one, other)?);
                    }
                }
                Aligned::Gone(one) => {
                    let row = old.get(one)?;
                    at = Some(after(row.span));
                    found.push(self.gone(item, row.span));
                }
                Aligned::Come(other) => found.push(self.come(item, at?, new.get(other)?.span)),
            }
        }
        Some(found)
    }

    fn configuration(&mut self) {
        let (old, new) = (&self.old.project.settings.meaning, &self.new.project.settings.meaning);
        let words = |of: &Configuration| {
            [
                ("currency", of.currency.0.clone()),
                ("zone", of.zone.name().to_owned()),
                ("expire", of.expire.to_string()),
                ("webhooks", of.webhooks.join(", ")),
            ]
        };
        let differing = words(old).into_iter().zip(words(new)).filter(|(one, other)| one != other);
        let lines: Vec<Line> = differing
            .map(|((key, one), (_, other))| Line {
                old: Some(setting(self.old, key, &one)),
                new: Some(setting(self.new, key, &other)),
            })
            .collect();
        if !lines.is_empty() {
            let edits = vec![Edit::Configure(Box::new(new.clone()))];
            self.found.push(Change { item: configuration::FILE.to_owned(), lines, edits });
        }
    }
}

/// One of several parts in a row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub span: Span,
    pub text: String,
    /// What may be edited into each other.
    pub kind: String,
}

impl Row {
    pub fn new(texts: &Texts<'_>, span: Span, kind: &str) -> Row {
        Row { span, text: texts.phrase(span), kind: kind.to_owned() }
    }
}

fn after(span: Span) -> Span {
    Span { start: span.end, ..span }
}

fn lines(policy: &Policy, texts: &Texts<'_>) -> Vec<Row> {
    let row = |line: &PolicyLine| {
        let kind = match &line.kind {
            PolicyLineKind::TimeZone(_) => "time zone".to_owned(),
            PolicyLineKind::QuietHours { .. } => "quiet hours".to_owned(),
            PolicyLineKind::AtMost { class, .. } => {
                format!("at most {}", class.as_ref().map_or("", |class| class.value.as_str()))
            }
            PolicyLineKind::Priority(_) => "priority".to_owned(),
            PolicyLineKind::Expire(_) => "expire".to_owned(),
            PolicyLineKind::Holdout(_) => "holdout".to_owned(),
        };
        Row::new(texts, line.span, &kind)
    };
    policy.lines.iter().map(row).collect()
}

fn place(texts: &Texts<'_>, span: Span) -> Place {
    let file = texts.sources().get(span.source).map_or("", |source| &source.name);
    let (line, _) = texts.sources().position(span);
    Place { file: clean(file).into_owned(), line, text: clean(&texts.phrase(span)).into_owned() }
}

/// A key of `scn.toml`, which may be left out there.
fn setting(texts: &Texts<'_>, key: &str, value: &str) -> Place {
    let is_it = |name: &str| Path::new(name).file_name().is_some_and(|name| name == configuration::FILE);
    let source = texts.sources().iter().map(|(_, source)| source).find(|source| is_it(&source.name));
    let line = source.and_then(|source| source.text.lines().position(|line| line.trim_start().starts_with(key)));
    let file = source.map_or_else(|| configuration::FILE.to_owned(), |source| clean(&source.name).into_owned());
    Place { file, line: line.map_or(1, |line| line + 1), text: format!("{key} = {}", clean(value)) }
}

fn title(key: &Key) -> String {
    format!("{} {}", key.0, key.1).trim_end().to_owned()
}

/// What an item is in a file of its own.
fn added(declared: &Declared<'_>) -> Edit {
    let file = declared.file;
    Edit::Add {
        stem: file.stem.clone(),
        folder: file.folder.clone(),
        selected: file.selected,
        text: declared.text().to_owned(),
    }
}

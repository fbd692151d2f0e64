//! `scn check --changed-since REV`: which items a change touches, those that depend on them included.
//!
//! An item is touched when its words differ from the revision's, or when it names something that is touched; comments and white
//! space are no words. What works without being named touches everything: the policy, who is one person, the fields of the
//! contact, `scn.toml`. In doubt an item is touched.

use super::configuration;
use super::exit::Failure;
use super::git::Git;
use super::project::Project;
use crate::diagnostic::{Diagnostic, Level};
use crate::span::{SourceId, Span};
use crate::syntax::{Parsed, Token, TokenKind, parse};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What a change touches in a project.
#[derive(Debug)]
pub enum Touched {
    Everything,
    /// The places of these items, and these whole texts.
    Items {
        spans: Vec<Span>,
        sources: BTreeSet<SourceId>,
    },
}

impl Touched {
    /// Whether a finding is about something that is touched. One that concerns no text always is.
    pub fn concerns(&self, found: &Diagnostic) -> bool {
        let Touched::Items { spans, sources } = self else { return true };
        let touches = |span: Span| {
            let meets = |item: &Span| item.source == span.source && item.start <= span.end && span.start <= item.end;
            sources.contains(&span.source) || spans.iter().any(meets)
        };
        found.labels.is_empty() || found.labels.iter().any(|label| touches(label.span))
    }
}

/// What the working tree changes since a revision: since the commit from which both come, when it is a branch that went on.
///
/// # Errors
/// When git is missing, the folder is under no version control, or there is no such revision.
pub fn since(project: &Project, revision: &str) -> Result<Touched, Failure> {
    let git = Git { folder: &project.root };
    let base = git.base(revision)?;
    let mut changed: BTreeSet<PathBuf> = BTreeSet::new();
    for list in [
        git.text(&["diff", "-z", "--name-only", "--no-renames", "--relative", &base, "--", "."])?,
        git.text(&["ls-files", "-z", "--others", "--exclude-standard", "--", "."])?,
    ] {
        changed.extend(list.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from));
    }
    if changed.iter().any(|path| path == Path::new(configuration::FILE)) {
        return Ok(Touched::Everything);
    }
    let mut touched = Names::default();
    for path in &changed {
        if path.extension().is_some_and(|ending| ending == "scn") {
            let old = git.text(&["show", &format!("{base}:./{}", path.display())]).unwrap_or_default();
            let new = std::fs::read_to_string(project.root.join(path)).unwrap_or_default();
            touched.differ(&items(&stem(path), &old), &items(&stem(path), &new));
        } else if path.parent().is_some_and(|folder| folder.ends_with("templates")) {
            // `reminder.email.fr.html` is a template of `reminder`.
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            touched.words.extend(name.split('.').next().map(str::to_owned));
        }
    }
    Ok(touched.spread(project, &changed))
}

/// An item of a text, as its words.
struct Item {
    /// What it declares; empty for a test, whose name nothing depends on.
    name: String,
    /// `policy`, `identity`, or something of the contact: what holds for every scenario.
    is_for_all: bool,
    words: Vec<String>,
    span: Span,
}

/// The items of a text.
fn items(stem: &str, text: &str) -> Vec<Item> {
    items_of(&parse(SourceId::default(), text), stem, text)
}

fn items_of(parsed: &Parsed, stem: &str, text: &str) -> Vec<Item> {
    let word = |token: &Token| text.get(token.span.range()).unwrap_or_default().to_owned();
    let is_word = |token: &&Token| !matches!(token.kind, TokenKind::Space | TokenKind::Comment | TokenKind::DocComment);
    let all = parsed.file.items.iter().map(|item| {
        let tokens = parsed.tokens.iter().filter(is_word);
        let inside = tokens.filter(|token| item.span.start <= token.span.start && token.span.end <= item.span.end);
        let words: Vec<String> = inside.map(word).collect();
        let at = |place: usize| words.get(place).map_or("", String::as_str);
        let name = match at(0) {
            "test" => String::new(),
            "route" => words.last().cloned().unwrap_or_default(),
            "when" | "every" => stem.to_owned(),
            _ => at(1).to_owned(),
        };
        let is_for_all = matches!(at(0), "policy" | "identity") || name == "contact";
        Item { name, is_for_all, words, span: item.span }
    });
    all.collect()
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The names that are touched.
#[derive(Default)]
struct Names {
    everything: bool,
    words: BTreeSet<String>,
    /// The items that are new or otherwise than before, by their words: a test has no name.
    items: BTreeSet<Vec<String>>,
}

impl Names {
    /// What two states of a file differ in.
    fn differ(&mut self, old: &[Item], new: &[Item]) {
        let mut count: BTreeMap<&[String], i32> = BTreeMap::new();
        for item in old {
            *count.entry(&item.words).or_default() += 1;
        }
        for item in new {
            *count.entry(&item.words).or_default() -= 1;
        }
        let differs = |item: &&Item| count.get(item.words.as_slice()).is_some_and(|count| *count != 0);
        for item in old.iter().chain(new).filter(differs) {
            self.everything |= item.is_for_all;
            self.items.insert(item.words.clone());
            self.words.extend(Some(item.name.clone()).filter(|name| !name.is_empty()));
        }
    }

    /// What depends on what is touched, in all files.
    fn spread(mut self, project: &Project, changed: &BTreeSet<PathBuf>) -> Touched {
        if self.everything {
            return Touched::Everything;
        }
        let sources = &project.input.sources;
        let mut all: Vec<Item> = Vec::new();
        let mut whole = BTreeSet::new();
        for file in &project.input.files {
            let Some(source) = sources.get(file.source) else { continue };
            let parsed = parse(file.source, &source.text);
            all.extend(items_of(&parsed, &file.stem, &source.text));
            let is_broken = parsed.diagnostics.iter().any(|found| found.level == Level::Error);
            if is_broken && changed.iter().any(|path| Path::new(&project.show(path)) == Path::new(&source.name)) {
                // What cannot be read is no item.
                whole.insert(file.source);
            }
        }
        let mut spans = Vec::new();
        loop {
            let before = self.words.len();
            let is_touched = |item: &Item| {
                self.items.contains(&item.words) || item.words.iter().any(|word| self.words.contains(word))
            };
            let (now, rest): (Vec<Item>, Vec<Item>) = all.into_iter().partition(is_touched);
            self.words.extend(now.iter().map(|item| item.name.clone()).filter(|name| !name.is_empty()));
            spans.extend(now.into_iter().map(|item| item.span));
            all = rest;
            if self.words.len() == before {
                return Touched::Items { spans, sources: whole };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(old: &str, new: &str) -> (bool, Vec<String>) {
        let mut names = Names::default();
        names.differ(&items("file", old), &items("file", new));
        (names.everything, names.words.into_iter().collect())
    }

    #[test]
    fn what_differs_is_named() {
        let one = "let soon = 1 day\nscenario a { when purchased wait soon send email a }\n";
        for (new, everything, named) in [
            (one.to_owned(), false, vec![]),
            (one.replace('\n', "\n# a comment\n\n"), false, vec![]),
            (one.replace("1 day", "2 days"), false, vec!["soon"]),
            (one.replace("email a", "email b"), false, vec!["a"]),
            (format!("{one}let late = 1 year\n"), false, vec!["late"]),
            (String::new(), false, vec!["a", "soon"]),
            (format!("{one}test \"x\" {{ }}\n"), false, vec![]),
            (format!("{one}policy {{ expire 1 day }}\n"), true, vec!["{"]),
            (format!("{one}extend contact {{ size: text? }}\n"), true, vec!["contact"]),
            (format!("{one}route purchased to contact.referrer as friend_bought\n"), false, vec!["friend_bought"]),
        ] {
            let named: Vec<String> = named.into_iter().map(str::to_owned).collect();
            assert_eq!(words(one, &new), (everything, named), "{new}");
        }
        assert_eq!(words("when purchased send email a", "when purchased send email b").1, ["file"]);
    }
}

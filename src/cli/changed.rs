//! `scn check --changed-since REV`: what a change touches, and what it brings to light.
//!
//! Shown is what is found in the items that a change touches, and whatever else was not found in the texts as they were: what
//! depended on a name that is gone names nothing that is there.
//!
//! An item is touched when its words differ from the revision's, or when it names something that is touched; comments and white
//! space are no words. A template is touched when it differs, or when an item that is touched sends it; it touches who sends
//! it. What works without being named touches everything: the policy, who is one person, the fields of the contact,
//! `scn.toml`, the SQL and the sample that make the CRM. Where a silence comes or goes, its whole file is touched. In doubt
//! something is touched. The rows of a CRM are no text: what is found in them is always shown.

mod before;

use super::configuration;
use super::exit::Failure;
use super::git::Git;
use super::project::Project;
use crate::diagnostic::{Diagnostic, Level};
use crate::span::{SourceId, Sources, Span};
use crate::syntax::{Parsed, Token, TokenKind, parse};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub use before::Known;

/// What a change does to a project.
#[derive(Debug)]
pub struct Change {
    pub touched: Touched,
    /// The project with its texts as they were; `None` where everything is touched.
    pub before: Option<Project>,
}

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
/// `sources` are the texts that findings point into: those of the project, its templates among them.
///
/// # Errors
/// When git is missing, the folder is under no version control, or there is no such revision.
pub fn since(project: &Project, sources: &Sources, revision: &str) -> Result<Change, Failure> {
    let git = Git { folder: &project.root };
    let base = git.base(revision)?;
    let mut changed: BTreeSet<PathBuf> = BTreeSet::new();
    for list in [
        git.text(&["diff", "-z", "--name-only", "--no-renames", "--relative", &base, "--", "."])?,
        git.text(&["ls-files", "-z", "--others", "--exclude-standard", "--", "."])?,
    ] {
        changed.extend(list.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from));
    }
    if changed.iter().any(|path| holds_for_all(project, path)) {
        return Ok(Change { touched: Touched::Everything, before: None });
    }
    let named: BTreeSet<&str> =
        project.input.files.iter().filter_map(|file| Some(sources.get(file.source)?.name.as_str())).collect();
    let mut touched = Names::default();
    let mut texts: BTreeMap<PathBuf, Option<String>> = BTreeMap::new();
    for path in &changed {
        let shown = project.show(path);
        if let Some(message) = message_of(path) {
            touched.words.insert(message);
        } else if path.extension().is_some_and(|ending| ending == "scn") || named.contains(shown.as_str()) {
            let was = git.text(&["show", &format!("{base}:./{}", path.display())]).ok();
            let old = was.clone().unwrap_or_default();
            texts.insert(path.clone(), was);
            let new = std::fs::read_to_string(project.root.join(path)).unwrap_or_default();
            touched.differ(&items(&stem(path), &old), &items(&stem(path), &new));
            if silences(&old) != silences(&new) {
                touched.whole.insert(shown.clone());
            }
        }
        touched.files.insert(shown);
    }
    Ok(Change { touched: touched.spread(project, sources), before: Some(before::project(project, &texts)) })
}

/// Whether a file says something about every scenario: `scn.toml`, or what makes the CRM.
fn holds_for_all(project: &Project, path: &Path) -> bool {
    let sample = project.settings.sample.iter().flat_map(|sample| sample.with.iter().chain([&sample.csv]));
    path.file_name().is_some_and(|name| name == configuration::FILE)
        || path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("sql"))
        || sample.into_iter().any(|file| *file == project.root.join(path))
}

/// The message of a template: `reminder` of `renewal/templates/reminder.email.fr.html`.
fn message_of(path: &Path) -> Option<String> {
    path.parent().filter(|folder| folder.ends_with("templates"))?;
    let name = path.file_name()?.to_string_lossy();
    name.split('.').next().map(str::to_owned)
}

/// The silences of a text, in words.
fn silences(text: &str) -> Vec<String> {
    let parsed = parse(SourceId::default(), text);
    let comments = parsed.tokens.iter().filter(|token| matches!(token.kind, TokenKind::Comment));
    let said = comments.filter_map(|token| text.get(token.span.range()));
    said.filter(|said| said.trim_start_matches('#').trim_start().starts_with("scn:")).map(str::to_owned).collect()
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
    /// The files that differ, as they are shown.
    files: BTreeSet<String>,
    /// Those of them that are touched in every line.
    whole: BTreeSet<String>,
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
    fn spread(mut self, project: &Project, sources: &Sources) -> Touched {
        if self.everything {
            return Touched::Everything;
        }
        let mut all: Vec<Item> = Vec::new();
        let mut others: Vec<(SourceId, &str)> = Vec::new();
        let mut whole = BTreeSet::new();
        for (id, source) in sources.iter() {
            let mut is_whole = self.whole.contains(&source.name);
            match project.input.files.iter().find(|file| file.source == id) {
                Some(file) => {
                    let parsed = parse(id, &source.text);
                    all.extend(items_of(&parsed, &file.stem, &source.text));
                    // What cannot be read is no item.
                    let is_broken = parsed.diagnostics.iter().any(|found| found.level == Level::Error);
                    is_whole |= is_broken && self.files.contains(&source.name);
                }
                None => {
                    others.push((id, &source.name));
                    is_whole |= self.files.contains(&source.name);
                }
            }
            whole.extend(is_whole.then_some(id));
        }
        let mut spans = Vec::new();
        // The words of what is touched: the names of the messages that it sends are among them.
        let mut said: BTreeSet<String> = BTreeSet::new();
        loop {
            let before = self.words.len();
            let is_touched = |item: &Item| {
                self.items.contains(&item.words) || item.words.iter().any(|word| self.words.contains(word))
            };
            let (now, rest): (Vec<Item>, Vec<Item>) = all.into_iter().partition(is_touched);
            self.words.extend(now.iter().map(|item| item.name.clone()).filter(|name| !name.is_empty()));
            for item in now {
                spans.push(item.span);
                said.extend(item.words);
            }
            all = rest;
            if self.words.len() == before {
                break;
            }
        }
        let is_sent = |name: &str| {
            message_of(Path::new(name)).is_some_and(|message| self.words.contains(&message) || said.contains(&message))
        };
        whole.extend(others.into_iter().filter(|(_, name)| is_sent(name)).map(|(id, _)| id));
        Touched::Items { spans, sources: whole }
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
    #[test]
    fn templates_are_known_by_their_folder() {
        for (path, message) in [
            ("templates/reminder.email.html", Some("reminder")),
            ("renewal/templates/reminder.email.fr.txt", Some("reminder")),
            ("templates/old/reminder.email.html", None),
            ("renewal.scn", None),
        ] {
            assert_eq!(message_of(Path::new(path)).as_deref(), message, "{path}");
        }
    }

    #[test]
    fn a_silence_is_more_than_a_comment() {
        let text = "# a word\n# scn: allow unreachable because it is kept\nlet soon = 1 day # scn: allow x because y\n";
        assert_eq!(silences(text).len(), 2);
        assert_eq!(silences("# the rule `scn: allow` is in the manual\n"), [""; 0]);
    }
}

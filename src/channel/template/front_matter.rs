//! The block between two `---` lines at the top of a template.

use super::Broken;
use std::ops::Range;

/// Where the parts of a template file stand, in bytes of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FrontMatter {
    pub subject: Option<Range<usize>>,
    /// Where the body begins.
    pub body: usize,
}

const FENCE: &str = "---";

/// Reads the front matter: `subject: ...`, each key once, blank lines and `# comments` between them. A file
/// that does not begin with `---` has none.
pub(super) fn read(text: &str) -> Result<FrontMatter, Broken> {
    let mut lines = lines(text);
    let opening = match lines.next() {
        Some(line) if text.get(line.clone()).is_some_and(|line| line.trim_end() == FENCE) => line,
        _ => return Ok(FrontMatter { subject: None, body: 0 }),
    };
    let mut subject = None;
    for line in lines {
        let content = text.get(line.clone()).unwrap_or("");
        if content.trim_end() == FENCE {
            let body = text.len().min(line.end + line_feed(text, line.end));
            return Ok(FrontMatter { subject, body });
        }
        if content.trim().is_empty() || content.trim_start().starts_with('#') {
            continue;
        }
        let trimmed = trimmed(content, line.start);
        let Some((key, value)) = content.split_once(':') else {
            return Err(Broken::new("a line of the front matter is `key: value`", trimmed));
        };
        if key.trim() != "subject" {
            let reason = format!("`{}` is no key of the front matter; `subject` is the only one", key.trim());
            return Err(Broken::new(reason, trimmed));
        }
        if subject.is_some() {
            return Err(Broken::new("`subject` is written twice", trimmed));
        }
        let value_start = line.start + key.len() + 1;
        let range = self::trimmed(value, value_start);
        if range.is_empty() {
            return Err(Broken::new("`subject` is empty", trimmed));
        }
        subject = Some(range);
    }
    Err(Broken::new("the front matter has no closing `---` line", opening))
}

/// The lines of a text, without their line feeds.
fn lines(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let range = start..start + line.strip_suffix('\n').unwrap_or(line).len();
        start += line.len();
        range
    })
}

fn line_feed(text: &str, at: usize) -> usize {
    usize::from(text.as_bytes().get(at) == Some(&b'\n'))
}

/// Where the text without the white space around it stands, when the text begins at `start`.
fn trimmed(text: &str, start: usize) -> Range<usize> {
    let begin = start + (text.len() - text.trim_start().len());
    begin..begin + text.trim().len()
}

//! A text part made from HTML, for a mail whose template has no `.txt` beside it.
//!
//! Simple on purpose: one pass, no nesting, no tables. What a browser would not show is left out, a link's
//! address follows its text, and the result holds no tag whatever the input was.

/// Elements whose content is no text for the reader.
const HIDDEN: [&str; 5] = ["head", "script", "style", "template", "title"];
/// Elements that begin and end a line.
const BLOCKS: [&str; 21] = [
    "address",
    "article",
    "blockquote",
    "body",
    "div",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "html",
    "ol",
    "section",
    "table",
    "tr",
    "ul",
];

/// The text of an HTML document.
pub(super) fn from_html(html: &str) -> String {
    let mut out = Text::default();
    let mut rest = html;
    let mut link: Option<String> = None;
    while let Some(at) = rest.find('<') {
        out.words(rest.get(..at).unwrap_or(""));
        let tail = rest.get(at..).unwrap_or("");
        let Some((tag, after)) = split_tag(tail) else {
            // A `<` that begins no tag is a character.
            out.words("<");
            rest = tail.get(1..).unwrap_or("");
            continue;
        };
        rest = after;
        let (closing, name) = tag_name(tag);
        if !closing && HIDDEN.contains(&name.as_str()) {
            rest = after_element(after, &name);
            continue;
        }
        match name.as_str() {
            "br" => out.line(),
            "p" => out.paragraph(),
            "li" if !closing => {
                out.line();
                out.raw("- ");
            }
            "td" | "th" => out.space(),
            "a" if closing => {
                if let Some(address) = link.take() {
                    out.raw(&format!(" ({address})"));
                }
            }
            "a" => link = attribute(tag, "href").filter(|address| is_web(address)),
            "img" => out.words(&attribute(tag, "alt").unwrap_or_default()),
            other if BLOCKS.contains(&other) => out.line(),
            _ => {}
        }
    }
    out.words(rest);
    out.finish()
}

fn is_web(address: &str) -> bool {
    ["http://", "https://", "mailto:"].iter().any(|scheme| address.starts_with(scheme))
}

/// The inside of the tag or comment at the start of `text`, and what follows it; `None` when none begins here.
fn split_tag(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('<')?;
    if let Some(comment) = inside.strip_prefix("!--") {
        return Some(("!--", comment.split_once("-->").map_or("", |(_, after)| after)));
    }
    if !inside.starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '/' | '!' | '?')) {
        return None;
    }
    let mut quote = None;
    for (at, letter) in inside.char_indices() {
        match (quote, letter) {
            (None, '>') => return Some((inside.get(..at)?, inside.get(at + 1..)?)),
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    // A tag that never ends hides the rest, as in a browser.
    Some((inside, ""))
}

fn tag_name(tag: &str) -> (bool, String) {
    let closing = tag.starts_with('/');
    let name = tag.strip_prefix('/').unwrap_or(tag);
    let end = name.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(name.len());
    (closing, name.get(..end).unwrap_or("").to_ascii_lowercase())
}

/// What follows `</name`'s `>`; nothing when the element never ends.
fn after_element<'a>(text: &'a str, name: &str) -> &'a str {
    let mut rest = text;
    while let Some(at) = rest.find("</") {
        let tail = rest.get(at + 2..).unwrap_or("");
        if tail.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return tail.split_once('>').map_or("", |(_, after)| after);
        }
        rest = tail;
    }
    ""
}

/// An attribute's value, its character references read.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut rest = tag.split_once(|letter: char| letter.is_ascii_whitespace())?.1;
    loop {
        rest = rest.trim_start();
        let end = rest.find(|letter: char| letter == '=' || letter.is_ascii_whitespace())?;
        let found = rest.get(..end)?;
        let after = rest.get(end..)?.trim_start();
        let Some(value) = after.strip_prefix('=') else {
            rest = after;
            continue;
        };
        let value = value.trim_start();
        let (value, after) = match value.chars().next()? {
            quote @ ('"' | '\'') => value.get(1..)?.split_once(quote)?,
            _ => value.split_once(|letter: char| letter.is_ascii_whitespace()).unwrap_or((value, "")),
        };
        if found.eq_ignore_ascii_case(name) {
            return Some(decode(value));
        }
        rest = after;
    }
}

/// Reads character references: the few names that texts use, and numbers.
fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(rest.get(..at).unwrap_or(""));
        let tail = rest.get(at + 1..).unwrap_or("");
        let reference = tail.find(';').filter(|end| *end <= 10).and_then(|end| {
            let name = tail.get(..end)?;
            Some((character(name)?, tail.get(end + 1..)?))
        });
        match reference {
            Some((letter, after)) => {
                out.push(letter);
                rest = after;
            }
            None => {
                out.push('&');
                rest = tail;
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(name: &str) -> Option<char> {
    let code = match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        "nbsp" => return Some(' '),
        "euro" => return Some('€'),
        _ => name.strip_prefix('#')?,
    };
    let code = match code.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
        None => code.parse().ok()?,
    };
    char::from_u32(code).filter(|letter| !letter.is_control())
}

/// Lines of words: white space is one space, and at most one blank line stands between two lines.
#[derive(Default)]
struct Text {
    out: String,
    pending_space: bool,
    /// Line feeds to write before the next word.
    pending_lines: usize,
}

impl Text {
    fn words(&mut self, text: &str) {
        let decoded = decode(text);
        for (index, word) in decoded.split(|letter: char| letter.is_whitespace()).enumerate() {
            self.pending_space |= index > 0;
            if !word.is_empty() {
                self.raw(word);
            }
        }
    }

    fn raw(&mut self, text: &str) {
        if self.out.is_empty() {
            self.pending_lines = 0;
        } else if self.pending_lines > 0 {
            (0..self.pending_lines).for_each(|_| self.out.push('\n'));
        } else if self.pending_space && !self.out.ends_with(' ') {
            self.out.push(' ');
        }
        self.pending_lines = 0;
        self.pending_space = false;
        self.out.push_str(text);
    }

    fn space(&mut self) {
        self.pending_space = true;
    }

    fn line(&mut self) {
        self.pending_lines = self.pending_lines.max(1);
    }

    fn paragraph(&mut self) {
        self.pending_lines = 2;
    }

    fn finish(mut self) -> String {
        self.out.push('\n');
        self.out
    }
}

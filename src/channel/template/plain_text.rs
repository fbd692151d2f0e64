//! A text part made from HTML, for a mail whose template has no `.txt` beside it.
//!
//! Simple on purpose: one pass, no nesting, no tables. What a browser would not show is left out, a link's
//! address follows its text, and the result holds no tag whatever the input was.

use super::html::{after_element, attribute, decode, split_tag, tag_name};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_made_of_html() {
        for (html, expected) in [
            ("<p>One</p><p>Two</p>", "One\n\nTwo\n"),
            ("a<br>b<br/>c", "a\nb\nc\n"),
            ("  a \n b&nbsp;&amp;&lt;&eacute;&#233;&#x41;  ", "a b &<&eacute;éA\n"),
            ("<ul><li>one<li>two</ul>", "- one\n- two\n"),
            ("<a href=\"https://x.example/?a=1&amp;b=2\">go</a>", "go (https://x.example/?a=1&b=2)\n"),
            ("<a href='javascript:alert(1)'>go</a>", "go\n"),
            ("<style>p { color: red }</style><script>alert('<p>')</script>x", "x\n"),
            ("<head><title>t</title></head><body>x</body>", "x\n"),
            ("<!-- <p>no</p> -->x<!-- never ends", "x\n"),
            ("1 < 2 <p title=\"a > b\">x</p>", "1 < 2\n\nx\n"),
            ("<img alt='A bed' src=x><td>a</td><td>b</td>", "A bed a b\n"),
            ("x<a href=", "x\n"),
            ("", "\n"),
            ("<b>bo</b>ld", "bold\n"),
            ("&#0;&#27;&#1114112;", "&#0;&#27;&#1114112;\n"),
        ] {
            assert_eq!(from_html(html), expected, "{html}");
        }
    }

    #[test]
    fn text_is_made_of_any_html_in_time() {
        for part in ["<", "<a ", "</", "<div>", "&", "<script>", "<!--", "<a href=\"", "&#"] {
            from_html(&part.repeat(100_000));
        }
    }
}

//! Reading HTML as far as a message needs it: tags, attributes, character references. And what no message
//! may hold: a link that is none, a value where escaping does not protect.

use super::Broken;
use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use std::ops::Range;

/// Attributes whose value a reader's program follows or loads.
pub(super) const LINKS: [&str; 6] = ["href", "src", "action", "formaction", "background", "xlink:href"];
/// What may stand before the colon of a link.
const SCHEMES: [&str; 6] = ["http", "https", "mailto", "tel", "sms", "cid"];

/// Whether a document has a link of another kind, such as `javascript:`, whatever data made it.
pub(super) fn has_foreign_link(html: &str) -> bool {
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let tail = rest.get(at..).unwrap_or("");
        let Some((tag, after)) = split_tag(tail) else {
            rest = tail.get(1..).unwrap_or("");
            continue;
        };
        if LINKS.iter().filter_map(|name| attribute(tag, name)).any(|link| is_foreign(&link)) {
            return true;
        }
        rest = after;
    }
    false
}

/// Browsers leave out white space and control characters before they look for a scheme.
fn is_foreign(link: &str) -> bool {
    let link: String = link.chars().filter(|letter| !letter.is_control() && !letter.is_whitespace()).collect();
    match link.find([':', '/', '?', '#']) {
        Some(end) if link.get(end..=end) == Some(":") => {
            !SCHEMES.contains(&link.get(..end).unwrap_or("").to_ascii_lowercase().as_str())
        }
        _ => false,
    }
}

/// Where in a document the text of a template has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Text,
    /// Just after a `<`.
    Open,
    /// In a tag, outside quotes; `code` when a script or a style follows it.
    Tag {
        code: bool,
    },
    Quoted {
        quote: char,
        code: bool,
    },
    Comment,
    /// In a script or a style.
    Code,
}

/// Refuses a template that prints a value where escaping does not protect: in a tag outside quotes, in a
/// script, in a style. Conditions and loops are read as if all of them were there.
pub(super) fn judge_places(text: &str, offset: usize) -> Result<(), Broken> {
    let mut place = Place::Text;
    for (token, span) in tokenize(text, false, SyntaxConfig::default()).map_while(Result::ok) {
        match token {
            Token::TemplateData(data) => place = advance(place, data),
            Token::VariableStart if matches!(place, Place::Open | Place::Tag { .. } | Place::Code) => {
                let range = span.start_offset as usize + offset..span.end_offset as usize + offset;
                let reason = "a value in HTML stands in text or in a quoted attribute; elsewhere it is not protected";
                return Err(Broken::new(reason, range));
            }
            _ => {}
        }
    }
    Ok(())
}

fn advance(mut place: Place, data: &str) -> Place {
    let mut rest = data;
    while !rest.is_empty() {
        (place, rest) = match place {
            Place::Text => rest.split_once('<').map_or((place, ""), |(_, after)| (Place::Open, after)),
            Place::Open => match rest.strip_prefix("!--") {
                Some(after) => (Place::Comment, after),
                None if rest
                    .starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '/' | '!' | '?')) =>
                {
                    let (closing, name) = tag_name(rest);
                    (Place::Tag { code: !closing && matches!(name.as_str(), "script" | "style") }, rest)
                }
                None => (Place::Text, rest),
            },
            Place::Tag { code } => match rest.find(['>', '"', '\'']).and_then(|at| rest.get(at..)) {
                None => (place, ""),
                Some(found) => {
                    let after = found.get(1..).unwrap_or("");
                    match found.chars().next() {
                        Some(quote @ ('"' | '\'')) => (Place::Quoted { quote, code }, after),
                        _ if code => (Place::Code, after),
                        _ => (Place::Text, after),
                    }
                }
            },
            Place::Quoted { quote, code } => {
                rest.split_once(quote).map_or((place, ""), |(_, after)| (Place::Tag { code }, after))
            }
            Place::Comment => rest.split_once("-->").map_or((place, ""), |(_, after)| (Place::Text, after)),
            Place::Code => rest.split_once("</").map_or((place, ""), |(_, after)| {
                let (_, name) = tag_name(after);
                let ends = matches!(name.as_str(), "script" | "style");
                (if ends { Place::Tag { code: false } } else { Place::Code }, after)
            }),
        };
    }
    place
}

/// The comments of a body that begins at `offset` of its file. One that never ends hides the rest, as in a browser.
pub(super) fn comments(body: &str, offset: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(opens) = body.get(at..).and_then(|rest| rest.find("<!--")) {
        let start = at + opens;
        let length = body.get(start + 4..).and_then(|rest| rest.find("-->"));
        at = length.map_or(body.len(), |length| start + 4 + length + 3);
        found.push(offset + start..offset + at);
    }
    found
}

/// The inside of the tag or comment at the start of `text`, and what follows it; `None` when none begins here.
pub(super) fn split_tag(text: &str) -> Option<(&str, &str)> {
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

/// Whether a tag closes, and its name in lower case.
pub(super) fn tag_name(tag: &str) -> (bool, String) {
    let closing = tag.starts_with('/');
    let name = tag.strip_prefix('/').unwrap_or(tag);
    let end = name.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(name.len());
    (closing, name.get(..end).unwrap_or("").to_ascii_lowercase())
}

/// What follows `</name`'s `>`; nothing when the element never ends.
pub(super) fn after_element<'a>(text: &'a str, name: &str) -> &'a str {
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
pub(super) fn attribute(tag: &str, name: &str) -> Option<String> {
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
pub(super) fn decode(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_where_escaping_protects() {
        for (template, expected) in [
            ("<p>{{ a }}</p>", true),
            ("{{ a }}", true),
            ("1 < {{ a }}", true),
            ("<a href=\"{{ a }}\" title='{{ b }}'>{{ c }}</a>", true),
            ("<p {% if a %}class=\"{{ b }}\"{% endif %}>{{ c }}</p>", true),
            ("<!--[if mso]><td>{{ a }}<![endif]-->{{ b }}", true),
            ("<style>p { color: red }</style>{{ a }}", true),
            ("<script>let a = '<p>'</script>{{ a }}", true),
            ("<title>{{ a }}</title>", true),
            ("<a href={{ a }}>", false),
            ("<{{ a }}>", false),
            ("<p {{ a }}>", false),
            ("</p {{ a }}>", false),
            ("<script>let a = \"{{ a }}\"</script>", false),
            ("<SCRIPT type=\"x\">{{ a }}", false),
            ("<style>p { color: {{ a }} }</style>", false),
            ("<script></p>{{ a }}</script>", false),
        ] {
            assert_eq!(judge_places(template, 0).is_ok(), expected, "{template}");
        }
        let broken = judge_places("<a href={{ a }}>", 100).unwrap_err();
        assert_eq!(broken.range, 108..110);
    }

    #[test]
    fn links_lead_to_the_web_mail_or_phone() {
        for (html, foreign) in [
            ("<a href=\"https://shop.example/a?b=c:d\">", false),
            ("<a href=\"mailto:a@example.com\"><a href='tel:+33'>", false),
            ("<a href=\"/relative:path\"><a href=\"#top\"><img src=cid:1>", false),
            ("javascript:alert(1)", false),
            ("<p title=\"javascript:alert(1)\">", false),
            ("<a href=\"javascript:alert(1)\">", true),
            ("<a class=x HREF = 'JavaScript:alert(1)'>", true),
            ("<a href=\" java\nscript:alert(1)\">", true),
            ("<a href=\"&#106;avascript&#58;alert(1)\">", true),
            ("<a href=javascript:alert(1)>", true),
            ("<img src=\"data:text/html,x\">", true),
            ("< <a href=\"vbscript:x\">", true),
        ] {
            assert_eq!(has_foreign_link(html), foreign, "{html}");
        }
    }
}

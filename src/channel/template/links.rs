//! The links of a template in HTML, before it has values.

use super::html::{LINKS, decode, split_tag};
use crate::model::TemplateLink;
use std::ops::Range;

/// What stands for a byte of a value, a condition or a comment: no character of HTML.
const VALUE: u8 = 0x01;

/// The links of a body that begins at `offset` of its file.
pub(super) fn read(body: &str, offset: usize) -> Vec<TemplateLink> {
    let html = without_values(body);
    let mut links = Vec::new();
    let mut at = 0;
    while let Some(found) = html.get(at..).and_then(|rest| rest.find('<')) {
        let start = at + found;
        let tail = html.get(start..).unwrap_or("");
        let Some((tag, after)) = split_tag(tail) else {
            at = start + 1;
            continue;
        };
        at = html.len() - after.len();
        if tag == "!--" {
            continue;
        }
        for (name, value) in attributes(tag) {
            if LINKS.iter().any(|link| link.eq_ignore_ascii_case(tag.get(name.clone()).unwrap_or(""))) {
                let text = tag.get(value.clone()).unwrap_or("");
                let written = text.find(char::from(VALUE));
                links.push(TemplateLink {
                    range: offset + start + 1 + value.start..offset + start + 1 + value.end,
                    begins: decode(text.get(..written.unwrap_or(text.len())).unwrap_or("")),
                    is_whole: written.is_none(),
                });
            }
        }
    }
    links
}

/// The text with what the engine reads made unreadable; every other byte keeps its place.
fn without_values(body: &str) -> String {
    let mut html = body.as_bytes().to_vec();
    let mut at = 0;
    while let Some(found) = body.get(at..).and_then(|rest| rest.find('{')) {
        let start = at + found;
        let close = match body.as_bytes().get(start + 1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(b'#') => "#}",
            _ => {
                at = start + 1;
                continue;
            }
        };
        let inside = start + 2;
        at = body.get(inside..).and_then(|rest| rest.find(close)).map_or(body.len(), |length| inside + length + 2);
        html.get_mut(start..at).into_iter().for_each(|bytes| bytes.fill(VALUE));
    }
    // Whole characters were replaced, so that it is still UTF-8.
    String::from_utf8(html).unwrap_or_default()
}

/// The names and values of a tag's attributes, in bytes of the tag; values without their quotes.
fn attributes(tag: &str) -> Vec<(Range<usize>, Range<usize>)> {
    let bytes = tag.as_bytes();
    let is_space = |byte: &u8| byte.is_ascii_whitespace() || matches!(*byte, b'/' | VALUE);
    let space = |at: &usize| bytes.get(*at).is_some_and(is_space);
    let while_at = |mut at: usize, holds: &dyn Fn(&usize) -> bool| {
        while at < bytes.len() && holds(&at) {
            at += 1;
        }
        at
    };
    let mut found = Vec::new();
    let mut at = while_at(0, &|at| !space(at));
    loop {
        let start = while_at(at, &space);
        let end = while_at(start, &|at| !space(at) && bytes.get(*at) != Some(&b'='));
        if start == bytes.len() {
            return found;
        }
        let equals = while_at(end, &space);
        if bytes.get(equals) != Some(&b'=') {
            at = end.max(start + 1);
            continue;
        }
        let begins = while_at(equals + 1, &|at| bytes.get(*at).is_some_and(u8::is_ascii_whitespace));
        let value = match bytes.get(begins) {
            Some(quote @ (b'"' | b'\'')) => begins + 1..while_at(begins + 1, &|at| bytes.get(*at) != Some(quote)),
            _ => begins..while_at(begins, &|at| !bytes.get(*at).is_some_and(u8::is_ascii_whitespace)),
        };
        at = (value.end + 1).min(bytes.len());
        found.push((start..end, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_where_they_stand() {
        for (html, expected) in [
            ("<p>no link</p> href=\"/x\"", &[][..]),
            ("<a href=\"/shop\">x</a><img alt=\"a > b\" src='logo.png'/>", &["/shop", "logo.png"]),
            ("<a class=x HREF = /shop id=y>", &["/shop"]),
            ("<a href=\"\">x</a>", &[""]),
            ("<a href=\"https://x.fr/{{ product.id | default(\"y\") }}/z\">", &["https://x.fr/…"]),
            ("<a href=\"{{ url }}\">{{ \"<a href='/no'>\" }}", &["…"]),
            ("<a {% if a > b %}href=\"/é&amp;b\"{% endif %} title=\"href=/no\">", &["/é&b"]),
            ("<!-- <a href=\"/no\"> -->{# <a href=\"/no\"> #}<a href=\"mailto:a@b.fr\">", &["mailto:a@b.fr"]),
            ("<a href", &[]),
            ("<a href=", &[""]),
        ] {
            let links = read(html, 0);
            let shown = |link: &TemplateLink| format!("{}{}", link.begins, if link.is_whole { "" } else { "…" });
            assert_eq!(links.iter().map(shown).collect::<Vec<_>>(), expected, "{html}");
            for link in links.iter().filter(|link| link.is_whole) {
                assert_eq!(decode(&html[link.range.clone()]), link.begins, "{html}");
            }
        }
        let [link] = read("<a href='/shop'>", 100).try_into().unwrap();
        assert_eq!(link.range, 109..114);
    }

    #[test]
    fn links_of_any_html_are_read_in_time() {
        for part in ["<", "<a ", "<a href=", "<a href=\"{{", "{{", "<!--", "<a href=''>", "é{"] {
            read(&part.repeat(50_000), 0);
        }
    }
}

//! Replies: read with limits, parsed by lettre, shown without control characters and addresses.

use crate::channel::address::is_invisible;
use lettre::transport::smtp::response::Response;

/// The longest line and the longest reply that is read, in bytes. RFC 5321, 4.5.3.1.5 allows 512 a line.
pub(super) const LINE_MAX: usize = 4 * 1024;
pub(super) const REPLY_MAX: usize = 64 * 1024;
/// The longest text kept of a reply, in characters.
const TEXT_MAX: usize = 200;

/// One reply of a server.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub code: u16,
    /// `5.1.1`, where the reply begins with one that agrees with its code (RFC 2034).
    pub enhanced: Option<String>,
    pub response: Response,
}

impl Reply {
    /// Parses a whole reply; `None` when it is none.
    pub(super) fn parse(text: &str) -> Option<Reply> {
        let response: Response = text.parse().ok()?;
        let code = u16::from(response.code());
        let enhanced = response.first_word().filter(|word| is_enhanced(word, code)).map(str::to_owned);
        Some(Reply { code, enhanced, response })
    }

    pub(super) fn is_positive(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// The text as it may be kept: on one line, the enhanced code left out, addresses and the recipient's local
    /// part masked.
    pub(super) fn shown(&self, local_part: &str) -> String {
        let lines: Vec<&str> = self
            .response
            .message()
            .map(|line| match &self.enhanced {
                Some(enhanced) => line.strip_prefix(enhanced.as_str()).unwrap_or(line).trim(),
                None => line.trim(),
            })
            .collect();
        clean(&lines.join(" "), local_part)
    }
}

/// `X.Y.Z` whose class is the first digit of the code.
fn is_enhanced(word: &str, code: u16) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    let is_number = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(is_number) && parts.first() == Some(&(code / 100).to_string().as_str())
}

/// A text of a server as it may be kept and printed.
pub(super) fn clean(text: &str, local_part: &str) -> String {
    let printable: String = text.chars().map(|letter| if is_invisible(letter) { ' ' } else { letter }).collect();
    let words: Vec<String> = printable.split_whitespace().map(|word| mask(word, local_part)).collect();
    words.join(" ").chars().take(TEXT_MAX).collect()
}

/// Hides what stands around an `@`, and the local part where it stands as a word.
fn mask(word: &str, local_part: &str) -> String {
    let is_delimiter =
        |letter: char| matches!(letter, '<' | '>' | '(' | ')' | '[' | ']' | '"' | '\'' | ',' | ';' | ':');
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    while !rest.is_empty() {
        let end = rest.find(is_delimiter).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        let whole = part.trim_end_matches('.');
        if part.contains('@') || (!local_part.is_empty() && whole.eq_ignore_ascii_case(local_part)) {
            out.push_str("***");
        } else {
            out.push_str(part);
        }
        let mut letters = after.chars();
        out.extend(letters.next());
        rest = letters.as_str();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_parsed() {
        for (text, code, enhanced, shown) in [
            ("250 OK\r\n", 250, None, "OK"),
            ("250 2.0.0 queued as 4F2\r\n", 250, Some("2.0.0"), "queued as 4F2"),
            ("550-5.1.1 The account\r\n550 5.1.1 does not exist\r\n", 550, Some("5.1.1"), "The account does not exist"),
            ("450 5.1.1 disagrees\r\n", 450, None, "5.1.1 disagrees"),
            ("550 5.1.1 <ana@example.com>: no such user\r\n", 550, Some("5.1.1"), "<***>: no such user"),
            ("550 user ana. unknown, Ana is not here\r\n", 550, None, "user *** unknown, *** is not here"),
            ("550 \x1b[31mred\x07\u{202e}\r\n", 550, None, "[31mred"),
        ] {
            let reply = Reply::parse(text).unwrap();
            assert_eq!((reply.code, reply.enhanced.as_deref()), (code, enhanced), "{text}");
            assert_eq!(reply.shown("ana"), shown, "{text}");
        }
        for text in ["", "25", "hello\r\n", "999 no\r\n", "250-a\r\n550 b\r\n", "250OK\r\n"] {
            assert!(Reply::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_long_reply_is_cut() {
        let reply = Reply::parse(&format!("550 {}\r\n", "é ".repeat(1000))).unwrap();
        assert_eq!(reply.shown("").chars().count(), 200);
    }
}

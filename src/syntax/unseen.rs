//! Characters that nobody sees: copied along with a text, they stand between words or inside one.

use super::tokens::Stream;
use super::{Token, TokenKind};
use crate::diagnostic::{Diagnostic, Rule as Finding};

/// The finding for a character that cannot be seen, where a token begins with one.
pub(super) fn found(stream: &Stream<'_>, token: Token) -> Option<Diagnostic> {
    let letter = stream.text_of(token).chars().next().filter(|_| token.kind == TokenKind::Unknown)?;
    is_hidden(letter).then(|| hidden(token, letter))
}

/// A character that nobody sees.
pub(super) fn hidden(token: Token, letter: char) -> Diagnostic {
    let message = format!("unexpected character U+{:04X}, which cannot be seen", u32::from(letter));
    let found = Diagnostic::new(Finding::UnexpectedText, message).at(token.span, "this does not belong here");
    match has_no_width(letter) {
        true => found.help("take it out").fix(token.span, ""),
        false => found.help("put a space in its place").fix(token.span, " "),
    }
}

/// Whether a token is a character that takes no place: what it parts was one word before it came there.
pub(super) fn is_without_width(stream: &Stream<'_>, token: Token) -> bool {
    token.kind == TokenKind::Unknown && stream.text_of(token).chars().all(has_no_width)
}

/// Whether a character shows nothing, or looks like a space and is none of the language's.
fn is_hidden(letter: char) -> bool {
    letter.is_control() || letter.is_whitespace() || has_no_width(letter)
}

fn has_no_width(letter: char) -> bool {
    let marks = ['\u{ad}', '\u{61c}', '\u{2060}', '\u{feff}'];
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || marks.contains(&letter)
}

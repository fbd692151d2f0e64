//! Which two words on one line have a space between them.

use crate::syntax::{Stream, TokenKind};

/// Whether a space stands between the word at `place` and the one before it, on one line.
pub(super) fn space_before(words: &Stream<'_>, place: usize) -> bool {
    let Some(previous_place) = place.checked_sub(1) else { return false };
    let (previous, next) = (words.text_at(previous_place), words.text_at(place));
    let number_before = words.kind_at(previous_place) == Some(TokenKind::Number);
    match (previous, next) {
        ("{", "}") => false,
        // `1 .5` must not become a number.
        (_, ".") => number_before,
        (".", _) => words.kind_at(place) == Some(TokenKind::Number),
        (_, "," | ":" | ")" | "]" | "?" | "%") => false,
        ("(" | "[" | "@", _) => false,
        ("-", _) => !is_sign(words, previous_place),
        (_, "(") => words.kind_at(previous_place) != Some(TokenKind::Name),
        _ => true,
    }
}

/// Whether the `-` at `place` is the sign of a value, and not between two.
fn is_sign(words: &Stream<'_>, place: usize) -> bool {
    let Some(previous) = place.checked_sub(1) else { return true };
    match words.kind_at(previous) {
        Some(TokenKind::Name | TokenKind::Number | TokenKind::Text) => false,
        Some(TokenKind::Keyword) => !matches!(words.text_at(previous), "yes" | "no" | "ago" | "empty" | "ever"),
        _ => !matches!(words.text_at(previous), ")" | "]" | "%"),
    }
}

/// Whether a line that is too wide may be broken before the word at `place`.
pub(super) fn may_break(words: &Stream<'_>, place: usize) -> bool {
    words.kind_at(place) == Some(TokenKind::Keyword)
        && matches!(words.text_at(place), "and" | "or" | "else" | "unless" | "only" | "then" | "with" | "within")
}

/// How wide a run of words is on one line, in characters.
pub(super) fn width(words: &Stream<'_>, places: std::ops::Range<usize>) -> usize {
    let first = places.start;
    places
        .map(|place| usize::from(place > first && space_before(words, place)) + words.text_at(place).chars().count())
        .sum()
}

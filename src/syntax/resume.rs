//! Reading on after a mistake, so that the next one is shown too.
//!
//! A scenario goes on with a clause or a step, a test with a line, that begins a line of the text and stands in no
//! deeper braces: there the author has begun anew, whatever went wrong before.

use super::cut::{Piece, PieceKind};
use super::keywords::{CLAUSES, STEPS, TEST_LINES};
use super::tokens::Stream;
use super::{errors, grammar};
use crate::diagnostic::Diagnostic;
use crate::span::SourceId;

/// How often reading goes on in one item: each time costs its length.
const RESUMED_MAX: usize = 8;

/// The mistakes of an item after the one at `place`.
pub(super) fn more(stream: &Stream<'_>, source: SourceId, piece: &Piece, place: usize) -> Vec<Diagnostic> {
    let of_test = match (piece.kind, stream.text_at(piece.start)) {
        (PieceKind::BareScenario, _) | (PieceKind::Item, "scenario") => false,
        (PieceKind::Item, "test") => true,
        _ => return Vec::new(),
    };
    let mut found = Vec::new();
    // The word in the way may itself begin a part; the part that was read last begins before it.
    let (mut place, mut read) = (place, piece.start);
    while let Some(next) = next_part(stream, piece, place.max(read + 1), of_test).filter(|_| found.len() < RESUMED_MAX)
    {
        let (Some(first), Some(last)) = (stream.at(next), stream.at(piece.end.saturating_sub(1))) else { break };
        let span = first.span.to(last.span);
        let offset = span.start as usize;
        let Some(error) = grammar::rest(stream.text.get(span.range()).unwrap_or(""), of_test) else { break };
        found.push(errors::refused(&error, stream, source, offset, piece.end));
        place = errors::place(&error, stream, offset);
        read = next;
    }
    found
}

/// Where the first part at a place or after it begins.
fn next_part(stream: &Stream<'_>, piece: &Piece, from: usize, of_test: bool) -> Option<usize> {
    let around = usize::from(piece.kind != PieceKind::BareScenario);
    let mut depth = 0;
    for place in piece.start..piece.end {
        let text = stream.text_at(place);
        let begins =
            if of_test { TEST_LINES.contains(&text) } else { STEPS.contains(&text) || CLAUSES.contains(&text) };
        if place >= from && depth == around && begins && begins_line(stream, place) {
            return Some(place);
        }
        match text {
            "{" => depth += 1,
            "}" => depth = usize::saturating_sub(depth, 1),
            _ => {}
        }
    }
    None
}

fn begins_line(stream: &Stream<'_>, place: usize) -> bool {
    stream.trivia_before(place).iter().any(|token| stream.text_of(*token).contains('\n'))
}

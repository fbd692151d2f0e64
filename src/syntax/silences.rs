//! The comments that speak to the checker: `# scn: allow RULE because REASON`.

use super::{Token, TokenKind};
use crate::diagnostic::{Diagnostic, Silence, silence};
use crate::span::Span;

/// The silences of a text, and what is wrong with those that are none.
pub(super) fn read(text: &str, tokens: &[Token]) -> (Vec<Silence>, Vec<Diagnostic>) {
    let (mut silences, mut wrong) = (Vec::new(), Vec::new());
    for (place, token) in tokens.iter().enumerate().filter(|(_, token)| token.kind == TokenKind::Comment) {
        let Some(comment) = text.get(token.span.range()).and_then(|comment| comment.strip_prefix('#')) else {
            continue;
        };
        let line = if is_alone(text, token) { line_after(text, tokens, place) } else { line_at(text, token.span) };
        match silence::read(comment, token.span, line.unwrap_or(token.span)) {
            Ok(more) => silences.extend(more),
            Err(found) => wrong.push(*found),
        }
    }
    (silences, wrong)
}

/// Whether nothing but white space stands before a comment on its line.
fn is_alone(text: &str, comment: &Token) -> bool {
    let before = text.get(..comment.span.start as usize).unwrap_or("");
    before.rsplit('\n').next().is_none_or(|before| before.trim().is_empty())
}

/// The line of the first word after a comment.
fn line_after(text: &str, tokens: &[Token], place: usize) -> Option<Span> {
    let trivia = [TokenKind::Space, TokenKind::Comment, TokenKind::DocComment];
    let next = tokens.iter().skip(place).find(|token| !trivia.contains(&token.kind))?;
    line_at(text, next.span)
}

/// The line on which a span begins, without its line feed.
fn line_at(text: &str, span: Span) -> Option<Span> {
    let at = span.start as usize;
    let start = text.get(..at)?.rfind('\n').map_or(0, |before| before + 1);
    let end = text.get(at..)?.find('\n').map_or(text.len(), |length| at + length);
    Some(Span::new(span.source, start, end))
}

//! The tokens that mean something, by their place among each other.

use crate::span::Span;
use crate::syntax::{Token, TokenKind};

pub(super) struct Words<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: &'a [Token],
    /// Indices into `tokens`, without white space and comments.
    significant: Vec<usize>,
}

impl<'a> Words<'a> {
    pub(super) fn new(text: &'a str, tokens: &'a [Token]) -> Words<'a> {
        let indexed = tokens.iter().enumerate();
        let significant = indexed.filter(|(_, token)| !token.kind.is_trivia()).map(|(index, _)| index).collect();
        Words { text, tokens, significant }
    }

    pub(super) fn count(&self) -> usize {
        self.significant.len()
    }

    pub(super) fn token(&self, place: usize) -> Option<Token> {
        self.significant.get(place).and_then(|&index| self.tokens.get(index)).copied()
    }

    pub(super) fn kind(&self, place: usize) -> Option<TokenKind> {
        self.token(place).map(|token| token.kind)
    }

    /// The text of a word; empty past the last.
    pub(super) fn text(&self, place: usize) -> &'a str {
        self.token(place).map_or("", |token| self.text_of(token))
    }

    pub(super) fn text_of(&self, token: Token) -> &'a str {
        self.text.get(token.span.range()).unwrap_or("")
    }

    /// White space and comments before a word, or after the last.
    pub(super) fn before(&self, place: usize) -> &'a [Token] {
        let start = match place.checked_sub(1) {
            Some(previous) => self.significant.get(previous).map_or(self.tokens.len(), |index| index + 1),
            None => 0,
        };
        let end = self.significant.get(place).copied().unwrap_or(self.tokens.len());
        self.tokens.get(start..end).unwrap_or(&[])
    }

    /// The places of the words under a span.
    pub(super) fn under(&self, span: Span) -> std::ops::Range<usize> {
        let at = |offset: u32| {
            self.significant
                .partition_point(|&index| self.tokens.get(index).is_some_and(|token| token.span.start < offset))
        };
        at(span.start)..at(span.end)
    }
}

//! The lossless token stream: every byte of a text in exactly one token.

use super::grammar::{Grammar, Node, Rule};
use super::keywords::KEYWORDS;
use super::{Token, TokenKind};
use crate::span::{SourceId, Span};
use pest::Parser;

/// Reads any text. A word after a `.` is a name, whatever it is elsewhere.
pub(super) fn read(source: SourceId, text: &str) -> Vec<Token> {
    let Ok(mut stream) = Grammar::parse(Rule::tokens, text) else {
        // The rule has a branch for any character, so that this is never reached.
        return vec![Token { kind: TokenKind::Unknown, span: Span::new(source, 0, text.len()) }];
    };
    let mut tokens = Vec::new();
    let mut after_dot = false;
    for node in stream.next().into_iter().flat_map(Node::into_inner) {
        let Some(mut kind) = kind(node.as_rule()) else { continue };
        if !after_dot && kind == TokenKind::Name && KEYWORDS.binary_search(&node.as_str()).is_ok() {
            kind = TokenKind::Keyword;
        }
        if !kind.is_trivia() {
            after_dot = node.as_str() == ".";
        }
        tokens.push(Token { kind, span: Span::new(source, node.as_span().start(), node.as_span().end()) });
    }
    tokens
}

/// `None` for the end of the text, which is no token.
fn kind(rule: Rule) -> Option<TokenKind> {
    Some(match rule {
        Rule::space => TokenKind::Space,
        Rule::comment => TokenKind::Comment,
        Rule::doc_comment => TokenKind::DocComment,
        Rule::identifier => TokenKind::Name,
        Rule::text => TokenKind::Text,
        Rule::date | Rule::time | Rule::number => TokenKind::Number,
        Rule::punctuation => TokenKind::Punctuation,
        Rule::unclosed_text | Rule::foreign_text | Rule::unknown => TokenKind::Unknown,
        _ => return None,
    })
}

impl TokenKind {
    /// White space and comments: they mean nothing to the tree.
    pub fn is_trivia(self) -> bool {
        matches!(self, TokenKind::Space | TokenKind::Comment | TokenKind::DocComment)
    }
}

/// A text with its tokens, and those among them that mean something: its words, each at its place.
#[derive(Debug)]
pub struct Stream<'a> {
    pub text: &'a str,
    tokens: &'a [Token],
    /// Indices into `tokens`, without white space and comments.
    words: Vec<usize>,
}

impl<'a> Stream<'a> {
    pub fn new(text: &'a str, tokens: &'a [Token]) -> Stream<'a> {
        let indexed = tokens.iter().enumerate();
        let words = indexed.filter(|(_, token)| !token.kind.is_trivia()).map(|(index, _)| index).collect();
        Stream { text, tokens, words }
    }

    /// How many words there are.
    pub fn count(&self) -> usize {
        self.words.len()
    }

    /// The word at a place.
    pub fn at(&self, place: usize) -> Option<Token> {
        self.words.get(place).and_then(|&index| self.tokens.get(index)).copied()
    }

    /// The text of any token.
    pub fn text_of(&self, token: Token) -> &'a str {
        self.text.get(token.span.range()).unwrap_or("")
    }

    /// The text of the word at a place; empty past the last.
    pub fn text_at(&self, place: usize) -> &'a str {
        self.at(place).map_or("", |token| self.text_of(token))
    }

    /// The kind of the word at a place.
    pub fn kind_at(&self, place: usize) -> Option<TokenKind> {
        self.at(place).map(|token| token.kind)
    }

    /// The place of the first word that starts at `offset` or later.
    pub fn place_at(&self, offset: usize) -> usize {
        self.words
            .partition_point(|&index| self.tokens.get(index).is_some_and(|token| (token.span.start as usize) < offset))
    }

    /// The places of the words under a span.
    pub fn places_under(&self, span: Span) -> std::ops::Range<usize> {
        self.place_at(span.start as usize)..self.place_at(span.end as usize)
    }

    /// White space and comments right before a word, or after the last.
    pub fn trivia_before(&self, place: usize) -> &'a [Token] {
        let index = |place: usize| self.words.get(place).copied();
        let start = place.checked_sub(1).map_or(0, |before| index(before).map_or(self.tokens.len(), |index| index + 1));
        self.tokens.get(start..index(place).unwrap_or(self.tokens.len())).unwrap_or(&[])
    }

    /// The `##` lines right before the word at `offset`, joined, without their marks.
    pub(super) fn doc_before(&self, offset: usize) -> Option<String> {
        let trivia = self.trivia_before(self.place_at(offset)).iter();
        let lines: Vec<&str> = trivia
            .filter(|token| token.kind == TokenKind::DocComment)
            .map(|token| self.text_of(*token).trim_start_matches("##").trim())
            .collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

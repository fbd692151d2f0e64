//! Cuts a file into items, so that one that cannot be read never hides the next.
//!
//! An item begins at a reserved item keyword outside all braces, or in the first column where a brace is
//! missing. A bare scenario begins at `when` or `every` outside all braces.

use super::keywords::{DEFINITIONS, ITEMS};
use super::tokens::Stream;
use super::{Token, TokenKind};

/// A run of significant tokens that is read as one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) kind: PieceKind,
    /// Places among the significant tokens; the end is not included.
    pub(super) start: usize,
    pub(super) end: usize,
    /// The innermost brace that nothing closes.
    pub(super) unclosed: Option<Token>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PieceKind {
    /// Begins with an item keyword; ends with the brace that closes it, where it has one.
    Item,
    /// `let`, `segment` and the like: has no braces.
    Definition,
    BareScenario,
    /// Tokens that begin no item.
    Stray,
}

pub(super) fn cut(stream: &Stream<'_>) -> Vec<Piece> {
    let mut cutter = Cutter { stream, pieces: Vec::new(), open: Vec::new(), closed: false };
    for place in 0..stream.count() {
        if let Some(kind) = cutter.begins(place) {
            cutter.finish(place);
            cutter.pieces.push(Piece { kind, start: place, end: place, unclosed: None });
        }
        cutter.braces(place);
    }
    cutter.finish(stream.count());
    cutter.pieces
}

struct Cutter<'a> {
    stream: &'a Stream<'a>,
    pieces: Vec<Piece>,
    /// The braces that are open.
    open: Vec<Token>,
    /// Whether the current piece had braces and closed them.
    closed: bool,
}

impl Cutter<'_> {
    /// What kind of piece begins at this place, if one does.
    fn begins(&self, place: usize) -> Option<PieceKind> {
        let token = self.stream.at(place)?;
        let text = self.stream.text_of(token);
        let previous = place.checked_sub(1).map_or("", |before| self.stream.text_at(before));
        let current = self.pieces.last().map(|piece| piece.kind);
        if token.kind == TokenKind::Keyword {
            // A keyword right after an item keyword is a name that is not allowed, not the next item.
            let here = self.in_first_column(token) || (self.open.is_empty() && self.is_followed(place));
            if ITEMS.contains(&text) && here && !ITEMS.contains(&previous) && previous != "given" {
                let definition = DEFINITIONS.contains(&text);
                return Some(if definition { PieceKind::Definition } else { PieceKind::Item });
            }
            if text == "given" && self.open.is_empty() && self.is_given_block(place) {
                return Some(PieceKind::Item);
            }
            if matches!(text, "when" | "every") && self.open.is_empty() && self.may_begin_bare(current, previous) {
                return Some(PieceKind::BareScenario);
            }
        }
        let after_end = self.closed && current == Some(PieceKind::Item);
        (current.is_none() || after_end).then_some(PieceKind::Stray)
    }

    /// Whether an item keyword stands before what an item begins with: in `send email test` it does not.
    fn is_followed(&self, place: usize) -> bool {
        let next = self.stream.at(place + 1);
        match self.stream.text_at(place) {
            "test" => next.is_some_and(|next| matches!(next.kind, TokenKind::Text | TokenKind::Unknown)),
            "policy" => self.stream.text_at(place + 1) == "{",
            _ => place == 0 || next.is_some_and(|next| next.kind == TokenKind::Name),
        }
    }

    /// `given shop {`: in a test, `given` begins a line, and there it has a brace around it.
    fn is_given_block(&self, place: usize) -> bool {
        self.stream.kind_at(place + 1) == Some(TokenKind::Name) && self.stream.text_at(place + 2) == "{"
    }

    fn may_begin_bare(&self, current: Option<PieceKind>, previous: &str) -> bool {
        match current {
            None | Some(PieceKind::Definition) => true,
            Some(PieceKind::Item) => self.closed,
            Some(PieceKind::Stray) => !matches!(previous, "stop" | "once" | "times"),
            Some(PieceKind::BareScenario) => false,
        }
    }

    fn in_first_column(&self, token: Token) -> bool {
        let start = token.span.start as usize;
        start == 0 || self.stream.text.as_bytes().get(start - 1) == Some(&b'\n')
    }

    fn braces(&mut self, place: usize) {
        let Some(token) = self.stream.at(place) else { return };
        match self.stream.text_of(token) {
            "{" => self.open.push(token),
            "}" => {
                self.open.pop();
                self.closed = self.open.is_empty();
            }
            _ => {}
        }
    }

    fn finish(&mut self, end: usize) {
        if let Some(piece) = self.pieces.last_mut() {
            piece.end = end;
            piece.unclosed = self.open.last().copied();
        }
        self.open.clear();
        self.closed = false;
    }
}

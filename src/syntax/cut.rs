//! Cuts a file into items, so that one that cannot be read never hides the next.
//!
//! An item begins at a reserved item keyword outside all braces, or in the first column where a brace is
//! missing. A bare scenario begins at `when` or `every` outside all braces.

use super::braces::{Brace, Slips, is_in_first_column};
use super::keywords::{DEFINITIONS, ITEMS};
use super::tokens::Stream;
use super::{Token, TokenKind, errors};

/// A run of significant tokens that is read as one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) kind: PieceKind,
    /// Places among the significant tokens; the end is not included.
    pub(super) start: usize,
    pub(super) end: usize,
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

pub(super) fn cut<'a>(stream: &'a Stream<'a>, slips: &'a Slips) -> Vec<Piece> {
    let mut cutter = Cutter { stream, slips, pieces: Vec::new(), open: 0, closed: false };
    for place in 0..stream.count() {
        slips.missing(place).for_each(|brace| cutter.brace(brace));
        if slips.is_too_many(place) {
            continue;
        }
        if let Some(kind) = cutter.begins(place) {
            cutter.finish(place);
            cutter.pieces.push(Piece { kind, start: place, end: place });
        }
        slips.own(stream, place).into_iter().for_each(|brace| cutter.brace(brace));
    }
    cutter.finish(stream.count());
    cutter.pieces
}

struct Cutter<'a> {
    stream: &'a Stream<'a>,
    slips: &'a Slips,
    pieces: Vec<Piece>,
    /// How many braces are open.
    open: usize,
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
            let here = is_in_first_column(self.stream, token) || (self.open == 0 && self.is_followed(text, place));
            if ITEMS.contains(&text) && here && !ITEMS.contains(&previous) && previous != "given" {
                let definition = DEFINITIONS.contains(&text);
                return Some(if definition { PieceKind::Definition } else { PieceKind::Item });
            }
            if text == "given"
                && (self.open == 0 || is_in_first_column(self.stream, token))
                && self.is_given_block(place)
            {
                return Some(PieceKind::Item);
            }
            if matches!(text, "when" | "every") && self.open == 0 && self.may_begin_bare(current, previous) {
                return Some(PieceKind::BareScenario);
            }
        }
        let after_end = self.closed && current == Some(PieceKind::Item);
        (current.is_none() || after_end).then(|| self.meant(place, token).unwrap_or(PieceKind::Stray))
    }

    /// What begins with a word that stands for a keyword without doubt: `quand purchased`.
    fn meant(&self, place: usize, token: Token) -> Option<PieceKind> {
        let meant = errors::beginning_meant(self.stream, token).filter(|near| near.is_sure)?.word;
        match meant {
            "when" | "every" => Some(PieceKind::BareScenario),
            _ if !ITEMS.contains(&meant) || !self.is_followed(meant, place) => None,
            _ if DEFINITIONS.contains(&meant) => Some(PieceKind::Definition),
            _ => Some(PieceKind::Item),
        }
    }

    /// Whether an item keyword stands before what an item begins with: in `send email test` it does not.
    fn is_followed(&self, keyword: &str, place: usize) -> bool {
        let next = self.stream.at(place + 1);
        match keyword {
            "test" => next.is_some_and(|next| matches!(next.kind, TokenKind::Text | TokenKind::Unknown)),
            "policy" => self.stream.text_at(place + 1) == "{",
            _ => place == 0 || next.is_some_and(|next| next.kind == TokenKind::Name),
        }
    }

    /// `given shop {`: in a test, `given` begins a line, and there it has a brace around it.
    fn is_given_block(&self, place: usize) -> bool {
        let opens =
            self.stream.text_at(place + 2) == "{" || self.slips.missing(place + 2).any(|brace| brace == Brace::Open);
        self.stream.kind_at(place + 1) == Some(TokenKind::Name) && opens
    }

    fn may_begin_bare(&self, current: Option<PieceKind>, previous: &str) -> bool {
        match current {
            None | Some(PieceKind::Definition) => true,
            Some(PieceKind::Item) => self.closed,
            Some(PieceKind::Stray) => !matches!(previous, "stop" | "once" | "times"),
            Some(PieceKind::BareScenario) => false,
        }
    }

    fn brace(&mut self, brace: Brace) {
        match brace {
            Brace::Open => self.open += 1,
            Brace::Close => {
                self.open = self.open.saturating_sub(1);
                self.closed = self.open == 0;
            }
        }
    }

    fn finish(&mut self, end: usize) {
        if let Some(piece) = self.pieces.last_mut() {
            piece.end = end;
        }
        self.open = 0;
        self.closed = false;
    }
}

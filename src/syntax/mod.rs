//! Text to tree. Parsing is total: any UTF-8 gives a tree and diagnostics, no panic, in time linear in
//! its length. pest is hidden here, and no type of it leaves this room.

mod braces;
mod build;
mod build_acts;
mod build_aggregates;
mod build_expressions;
mod build_items;
mod build_operands;
mod build_policy;
mod build_steps;
mod build_tests;
mod cut;
mod doubtful;
mod errors;
mod grammar;
mod habits;
mod keywords;
mod limits;
mod meant;
mod patch;
mod phrases;
mod resume;
mod silences;
#[cfg(test)]
mod tests;
mod tokens;
pub mod tree;
mod unseen;
mod without_spans;

pub use keywords::{CHANNELS, KEYWORDS};
pub use limits::{NESTING_MAX, TEXT_BYTES_MAX};
pub use meant::{
    channel_meant, currency_meant, day_meant, event_meant, is_number_word, misspelt_keyword, type_meant, unit_meant,
};
pub use tokens::Stream;

use crate::diagnostic::{Diagnostic, Rule, Silence};
use crate::span::{SourceId, Span, Spanned};
use braces::Slips;
use cut::{Piece, PieceKind};
use resume::{Read, Resumer};

/// A text, read.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    pub file: tree::File,
    /// In the order of the text. After a syntax error the next clause, step or line of a test is read again.
    pub diagnostics: Vec<Diagnostic>,
    /// Every token, white space and comments included; together they are the text.
    pub tokens: Vec<Token>,
    /// What the items that could not be read would have declared, so that nobody calls these names unknown.
    pub unread: Vec<tree::Word>,
    /// What its comments ask the checker not to count.
    pub silences: Vec<Silence>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: TokenKind,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    Space,
    /// `# ...` without its line feed.
    Comment,
    /// `## ...` without its line feed.
    DocComment,
    Keyword,
    Name,
    Text,
    /// Numbers, dates and times.
    Number,
    Punctuation,
    /// Bytes that begin no token.
    Unknown,
}

/// Reads one file. Total: any text gives a tree and diagnostics, in time linear in its length.
pub fn parse(source: SourceId, text: &str) -> Parsed {
    if text.len() > TEXT_BYTES_MAX {
        return too_large(source, text);
    }
    let tokens = tokens::read(source, text);
    let stream = Stream::new(text, &tokens);
    let mut reader = Reader { source, stream: &stream, parsed: Parsed::default() };
    if stream.count() == 0 {
        let whole = Span::new(source, 0, text.len());
        reader.parsed.diagnostics.push(
            Diagnostic::new(Rule::EmptyFile, "this file says nothing")
                .at(whole, "no scenario, no declaration, no test")
                .help("delete the file, or write what it is for, such as `when purchased once wait 1 month send email reminder`"),
        );
    }
    let slips = Slips::of(&stream);
    reader.parsed.diagnostics.extend(slips.findings(&stream));
    let pieces = cut::cut(&stream, &slips);
    for piece in &pieces {
        reader.piece(piece, &slips);
    }
    reader.bare_scenario_alone(&pieces);
    let mut parsed = reader.parsed;
    let (silences, mut wrong) = silences::read(text, &tokens);
    parsed.silences = silences;
    parsed.diagnostics.append(&mut wrong);
    parsed.diagnostics.sort_by_key(|found| found.span().map_or(0, |span| span.start));
    parsed.tokens = tokens;
    parsed
}

fn too_large(source: SourceId, text: &str) -> Parsed {
    let span = Span::new(source, 0, text.len());
    let finding = Diagnostic::new(Rule::TooLarge, "this file is too large to be read")
        .at(Span::new(source, 0, 0), format!("{} bytes; at most {TEXT_BYTES_MAX} are read", text.len()))
        .help("split it into several files: all files of a project are one namespace");
    Parsed { diagnostics: vec![finding], tokens: vec![Token { kind: TokenKind::Unknown, span }], ..Parsed::default() }
}

struct Reader<'a> {
    source: SourceId,
    stream: &'a Stream<'a>,
    parsed: Parsed,
}

impl Reader<'_> {
    fn piece(&mut self, piece: &Piece, slips: &Slips) {
        let (Some(first), Some(last)) = (self.stream.at(piece.start), self.stream.at(piece.end.saturating_sub(1)))
        else {
            return;
        };
        let span = first.span.to(last.span);
        let depth = limits::depth(self.stream, piece.start, piece.end);
        let read = match self.unreadable(piece, first, &depth) {
            Some(finding) => Read { kind: None, findings: vec![finding] },
            None => {
                let text = self.stream.text.get(span.range()).unwrap_or("");
                let read = || Resumer::new(self.stream, self.source, *piece, slips).read(text, span.start as usize);
                match depth {
                    limits::Depth::Shallow => read(),
                    _ => limits::with_stack(read),
                }
            }
        };
        self.parsed.diagnostics.extend(read.findings);
        match read.kind {
            Some(kind) => {
                let doc = self.stream.doc_before(span.start as usize);
                self.parsed.file.items.push(tree::Item { doc, span, kind });
            }
            None => self.parsed.unread.extend(self.declared(piece)),
        }
    }

    /// What keeps a piece from the grammar: it begins nothing, or nests too deep.
    fn unreadable(&self, piece: &Piece, first: Token, depth: &limits::Depth) -> Option<Diagnostic> {
        if let limits::Depth::TooDeep(token) = depth {
            return Some(
                Diagnostic::new(Rule::TooDeep, "this nests too deep")
                    .at(token.span, format!("more than {NESTING_MAX} levels"))
                    .help("give parts of it a name with `let`"),
            );
        }
        let no_hole = (piece.start..piece.end).filter_map(|place| self.stream.at(place));
        let hole = no_hole.filter(|token| token.kind == TokenKind::Unknown);
        if let Some(token) = hole.into_iter().find(|token| self.stream.text_of(*token) == patch::HOLE) {
            return Some(unseen::hidden(token, '\0'));
        }
        (piece.kind == PieceKind::Stray).then(|| errors::stray(self.stream, first))
    }

    /// The names that an item would have declared; of what begins no item, those that it may.
    fn declared(&self, piece: &Piece) -> Vec<tree::Word> {
        let mut places = piece.start..piece.end;
        let count = match (piece.kind, self.stream.text_at(piece.start)) {
            (PieceKind::BareScenario, _) | (_, "identity" | "policy" | "test") => return Vec::new(),
            (PieceKind::Stray, _) => 2,
            // Its first word is misspelt, and no name.
            _ if self.stream.kind_at(piece.start) == Some(TokenKind::Name) => 2,
            (_, "route") => {
                places.find(|&place| self.stream.text_at(place) == "as");
                1
            }
            _ => 1,
        };
        let head =
            places.take_while(|&place| !["{", "="].contains(&self.stream.text_at(place)) || place == piece.start);
        let names = head.filter_map(|place| self.stream.at(place)).filter(|token| token.kind == TokenKind::Name);
        names.take(count).map(|name| Spanned::new(self.stream.text_of(name).to_owned(), name.span)).collect()
    }

    /// A bare scenario takes its file's name, so that it stands alone.
    fn bare_scenario_alone(&mut self, pieces: &[Piece]) {
        let bare = |piece: &&Piece| piece.kind == PieceKind::BareScenario;
        let other = |piece: &&Piece| piece.kind != PieceKind::BareScenario && piece.kind != PieceKind::Stray;
        let first = |piece: &Piece| self.stream.at(piece.start);
        let (Some(bare), Some(other)) =
            (pieces.iter().find(bare).and_then(first), pieces.iter().find(other).and_then(first))
        else {
            return;
        };
        self.parsed.diagnostics.push(
            Diagnostic::new(Rule::BareScenarioNotAlone, "a scenario without a name stands alone in its file")
                .at(other.span, "something else stands here")
                .at(bare.span, "the scenario without a name begins here")
                .help("write `scenario NAME { ... }`, or move the rest into another file"),
        );
    }
}

//! Text to tree. Parsing is total: any UTF-8 gives a tree and diagnostics, no panic, in time linear in
//! its length. pest is hidden here, and no type of it leaves this room.

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
mod errors;
mod grammar;
mod habits;
mod keywords;
mod limits;
mod meant;
mod resume;
mod silences;
#[cfg(test)]
mod tests;
mod tokens;
pub mod tree;
mod without_spans;

pub use keywords::KEYWORDS;
pub use limits::{NESTING_MAX, TEXT_BYTES_MAX};
pub use meant::{currency_meant, is_number_word, keyword_meant, type_meant, unit_meant};
pub use tokens::Stream;

use crate::diagnostic::{Diagnostic, Rule, Silence};
use crate::span::{SourceId, Span, Spanned};
use build::Builder;
use cut::{Piece, PieceKind};

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
                .help("write a scenario, such as `when purchased wait 1 month send email reminder`"),
        );
    }
    let pieces = cut::cut(&stream);
    for piece in &pieces {
        reader.piece(piece);
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
    fn piece(&mut self, piece: &Piece) {
        let (Some(first), Some(last)) = (self.stream.at(piece.start), self.stream.at(piece.end.saturating_sub(1)))
        else {
            return;
        };
        let span = first.span.to(last.span);
        let depth = limits::depth(self.stream, piece.start, piece.end);
        let kind = match self.unreadable(piece, first, &depth) {
            Some(finding) => Err(finding),
            None => {
                let (kind, mut findings) = match depth {
                    limits::Depth::Shallow => self.item(piece, span),
                    _ => limits::with_stack(|| self.item(piece, span)),
                };
                self.parsed.diagnostics.append(&mut findings);
                kind
            }
        };
        match kind {
            Ok(kind) => {
                let doc = self.stream.doc_before(span.start as usize);
                self.parsed.file.items.push(tree::Item { doc, span, kind });
            }
            Err(finding) => {
                self.parsed.diagnostics.push(finding);
                self.parsed.unread.extend(self.declared(piece));
            }
        }
    }

    /// What keeps a piece from the grammar: it begins nothing, is not closed, or nests too deep.
    fn unreadable(&self, piece: &Piece, first: Token, depth: &limits::Depth) -> Option<Diagnostic> {
        let unclosed_text = (piece.start..piece.end)
            .filter_map(|place| self.stream.at(place))
            .find(|token| token.kind == TokenKind::Unknown && self.stream.text_of(*token).starts_with('"'));
        if let Some(token) = unclosed_text {
            return Some(
                Diagnostic::new(Rule::UnclosedText, "this text has no closing quote")
                    .at(token.span, "it must end on the line on which it begins")
                    .help("write `\"` at its end"),
            );
        }
        if let limits::Depth::TooDeep(token) = depth {
            return Some(
                Diagnostic::new(Rule::TooDeep, "this nests too deep")
                    .at(token.span, format!("more than {NESTING_MAX} levels"))
                    .help("give parts of it a name with `let`"),
            );
        }
        if piece.kind == PieceKind::Stray {
            return Some(errors::stray(self.stream, first));
        }
        piece.unclosed.map(|brace| {
            Diagnostic::new(Rule::UnclosedBrace, "this `{` is never closed")
                .at(brace.span, "opened here")
                .help("write `}` where the block ends")
        })
    }

    /// The item, or what the grammar says against it; and what is wrong although the grammar accepts it.
    fn item(&self, piece: &Piece, span: Span) -> (Result<tree::ItemKind, Diagnostic>, Vec<Diagnostic>) {
        let text = self.stream.text.get(span.range()).unwrap_or("");
        let offset = span.start as usize;
        let mut nodes = match grammar::item(text) {
            Ok(nodes) => nodes,
            Err(error) => {
                let place = errors::place(&error, self.stream, offset);
                let first = errors::refused(&error, self.stream, self.source, offset, piece.end);
                return (Err(first), resume::more(self.stream, self.source, piece, place));
            }
        };
        let mut builder = Builder { source: self.source, stream: self.stream, offset, diagnostics: Vec::new() };
        let built = nodes.next().and_then(|node| builder.item(node)).ok_or_else(|| {
            Diagnostic::new(Rule::UnexpectedText, "this cannot be read")
                .at(span, "a bug of scn")
                .help("please report it with this text; a shorter sentence may be read")
        });
        (built, builder.diagnostics)
    }

    /// The name that an item would have declared.
    fn declared(&self, piece: &Piece) -> Option<tree::Word> {
        let place = match self.stream.text_at(piece.start) {
            "route" => (piece.start..piece.end).find(|&place| self.stream.text_at(place) == "as")? + 1,
            "identity" => return None,
            _ => piece.start + 1,
        };
        let name = self.stream.at(place).filter(|_| place < piece.end)?;
        let declares = piece.kind != PieceKind::Stray && piece.kind != PieceKind::BareScenario;
        (declares && name.kind == TokenKind::Name)
            .then(|| Spanned::new(self.stream.text_of(name).to_owned(), name.span))
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

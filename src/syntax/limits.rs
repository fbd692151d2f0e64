//! What a text may ask of the reader, judged on its tokens before anything recurses.

use super::tokens::Stream;
use super::{Token, TokenKind};

/// The longest text that is read, in bytes.
pub const TEXT_BYTES_MAX: usize = 1 << 20;

/// How deep brackets, `if` expressions and signs before a value may nest, together.
pub const NESTING_MAX: usize = 64;

/// The first token of a run that nests too deep.
pub(super) fn too_deep(stream: &Stream<'_>, start: usize, end: usize) -> Option<Token> {
    let mut nesting = Nesting::default();
    (start..end).find(|&place| nesting.enter(stream, place) > NESTING_MAX).and_then(|place| stream.at(place))
}

#[derive(Default)]
struct Nesting {
    /// The `if`s without their `else`, for each bracket that is open and for the item itself.
    outer: Vec<usize>,
    here: usize,
    /// The sum over `outer`.
    outer_total: usize,
    /// `not` and `-` one after the other.
    prefixes: usize,
}

impl Nesting {
    /// The depth with the token at `place`.
    fn enter(&mut self, stream: &Stream<'_>, place: usize) -> usize {
        let Some(token) = stream.at(place) else { return 0 };
        let text = stream.text_of(token);
        self.prefixes = if matches!(text, "not" | "-") { self.prefixes + 1 } else { 0 };
        match (token.kind, text) {
            (TokenKind::Punctuation, "{") => {
                // These were steps, not expressions: their braces count instead.
                self.here = 0;
                self.open();
            }
            (TokenKind::Punctuation, "(" | "[") => self.open(),
            (TokenKind::Punctuation, "}" | ")" | "]") => self.close(),
            (TokenKind::Keyword, "if") => {
                let previous = place.checked_sub(1).map_or("", |before| stream.text_at(before));
                if !matches!(previous, "else" | "only") {
                    self.here += 1;
                }
            }
            (TokenKind::Keyword, "else") if stream.text_at(place + 1) != "if" => {
                self.here = self.here.saturating_sub(1);
            }
            _ => {}
        }
        self.outer.len() + self.outer_total + self.here + self.prefixes
    }

    fn open(&mut self) {
        self.outer.push(self.here);
        self.outer_total += self.here;
        self.here = 0;
    }

    fn close(&mut self) {
        if let Some(ifs) = self.outer.pop() {
            self.outer_total -= ifs;
            self.here = ifs;
        }
    }
}

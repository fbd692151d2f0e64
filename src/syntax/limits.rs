//! What a text may ask of the reader, judged on its tokens before anything recurses.

use super::tokens::Stream;
use super::{Token, TokenKind};

/// The longest text that is read, in bytes.
pub const TEXT_BYTES_MAX: usize = 1 << 20;

/// How deep brackets, `if` expressions and signs before a value may nest, together.
pub const NESTING_MAX: usize = 64;

/// What nests less is read on the caller's stack, however small; what nests more gets one of its own.
const NESTING_SHALLOW: usize = 8;

/// Enough for [`NESTING_MAX`] levels in a build without optimisation, several times over.
const STACK_BYTES: usize = 16 << 20;

/// How deep a run of tokens nests.
pub(super) enum Depth {
    Shallow,
    Deep,
    /// Deeper than is read; with the first token that is.
    TooDeep(Token),
}

/// Judges the significant tokens from place `start` to place `end`, which is not included.
pub(super) fn depth(stream: &Stream<'_>, start: usize, end: usize) -> Depth {
    let mut nesting = Nesting::default();
    let mut deepest = Depth::Shallow;
    for place in start..end {
        let depth = nesting.enter(stream, place);
        if depth > NESTING_MAX
            && let Some(token) = stream.at(place)
        {
            return Depth::TooDeep(token);
        }
        if depth > NESTING_SHALLOW {
            deepest = Depth::Deep;
        }
    }
    deepest
}

/// Runs what recurses on a thread whose stack holds it; on this one where no thread is to be had.
pub(super) fn with_stack<T: Send>(work: impl Fn() -> T + Sync) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, &work);
        thread.ok().and_then(|thread| thread.join().ok())
    })
    .unwrap_or_else(work)
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

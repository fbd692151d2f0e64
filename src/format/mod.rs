//! The canonical layout.
//!
//! Every token of the text is written again, in its order, with other white space between: nothing can be lost,
//! and nothing is added. Two spaces a brace; an item, a clause, a step, a field and a line of a test begin a line
//! each; what its author wrote on one line, and fits there, stays on one line.

mod gaps;
mod lines;
mod plan;
mod spacing;
#[cfg(test)]
mod tests;

use crate::diagnostic::{Diagnostic, Level, Rule};
use crate::span::{SourceId, Span};
use crate::syntax::{Parsed, Stream, TokenKind, parse};

/// How wide a line may be, in characters; what cannot be broken may be wider.
pub const LINE_WIDTH_MAX: usize = 100;

/// The text in its canonical layout. Refuses a text with syntax errors, and to write when what it would
/// write does not read back as the same tree with the same comments.
pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
    let source = SourceId::default();
    let parsed = parse(source, text);
    if parsed.diagnostics.iter().any(|found| found.level == Level::Error) {
        return Err(parsed.diagnostics);
    }
    let words = Stream::new(text, &parsed.tokens);
    let plan = plan::plan(&words, &parsed.file);
    let formatted = lines::write(&words, &plan);
    let again = parse(source, &formatted);
    if !says_the_same(&parsed, text, &again, &formatted) {
        return Err(vec![
            Diagnostic::new(Rule::UnexpectedText, "this file cannot be formatted without changing it")
                .at(Span::new(source, 0, text.len()), "left as it is")
                .help("this is a bug of scn: please report it with the file"),
        ]);
    }
    Ok(formatted)
}

/// The words under a span, on one line and without comments, spaced as the layout spaces them.
pub fn phrase(words: &Stream<'_>, span: Span) -> String {
    let places = words.places_under(span);
    let first = places.start;
    let mut text = String::new();
    for place in places {
        if place > first && spacing::space_before(words, place) {
            text.push(' ');
        }
        text.push_str(words.text_at(place));
    }
    text
}

/// The same tree, the same words and the same comments, in their order.
fn says_the_same(one: &Parsed, one_text: &str, other: &Parsed, other_text: &str) -> bool {
    !other.diagnostics.iter().any(|found| found.level == Level::Error)
        && one.file.without_spans() == other.file.without_spans()
        && spoken(one, one_text).eq(spoken(other, other_text))
}

/// All tokens but white space.
fn spoken<'a>(parsed: &'a Parsed, text: &'a str) -> impl Iterator<Item = (TokenKind, &'a str)> {
    let tokens = parsed.tokens.iter().filter(|token| token.kind != TokenKind::Space);
    tokens.map(move |token| (token.kind, text.get(token.span.range()).unwrap_or("")))
}

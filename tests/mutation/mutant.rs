//! Scenarios with one token deleted, doubled or swapped with the next.

use super::library::Library;
use scn::span::SourceId;
use scn::syntax::{Token, TokenKind, parse};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operator {
    Delete,
    Double,
    Swap,
}

pub const OPERATORS: [Operator; 3] = [Operator::Delete, Operator::Double, Operator::Swap];

impl Operator {
    pub fn name(self) -> &'static str {
        match self {
            Operator::Delete => "deleted",
            Operator::Double => "doubled",
            Operator::Swap => "swapped with the next",
        }
    }
}

/// A text that is wrong in one place.
pub struct Mutant {
    pub source: SourceId,
    pub operator: Operator,
    /// Where the token stands in the text as it was.
    pub offset: usize,
    pub text: String,
}

/// Every mutant of the library's scenarios, tests left out, in the order of files, operators and places.
pub fn mutants(library: &Library) -> Vec<Mutant> {
    let files = library.files().into_iter().filter(|(_, name)| !name.ends_with(".test.scn"));
    files.flat_map(|(source, _)| of_file(source, library.text(source))).collect()
}

fn of_file(source: SourceId, text: &str) -> Vec<Mutant> {
    let parsed = parse(source, text);
    let tokens: Vec<Token> = parsed.tokens.into_iter().filter(|token| token.kind != TokenKind::Space).collect();
    let mut mutants = Vec::new();
    for operator in OPERATORS {
        for (place, token) in tokens.iter().enumerate() {
            if let Some(text) = mutated(text, operator, *token, tokens.get(place + 1).copied()) {
                mutants.push(Mutant { source, operator, offset: token.span.start as usize, text });
            }
        }
    }
    mutants
}

/// `None` where the token has no next, or one that says the same.
fn mutated(text: &str, operator: Operator, token: Token, next: Option<Token>) -> Option<String> {
    let (before, after) = (&text[..token.span.start as usize], &text[token.span.end as usize..]);
    Some(match operator {
        Operator::Delete => format!("{before}{after}"),
        Operator::Double => format!("{before}{} {}{after}", written(text, token), written(text, token)),
        Operator::Swap => {
            let next = next.filter(|next| text[next.span.range()] != text[token.span.range()])?;
            let between = &text[token.span.end as usize..next.span.start as usize];
            let after = &text[next.span.end as usize..];
            format!("{before}{}{between}{}{after}", written(text, next), written(text, token))
        }
    })
}

/// A comment takes its end of line along, so that it swallows nothing.
fn written(text: &str, token: Token) -> String {
    let word = &text[token.span.range()];
    match token.kind {
        TokenKind::Comment | TokenKind::DocComment => format!("{word}\n"),
        _ => word.to_owned(),
    }
}

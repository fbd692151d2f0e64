//! What is said of the value of a literal that could not be read follows from that: zero, or midnight, stands in its place.

use crate::diagnostic::{Diagnostic, Rule};
use crate::span::Span;
use crate::syntax::Parsed;

/// Rules that judge values.
const OF_VALUES: [Rule; 4] = [Rule::BadLiteral, Rule::WaitInThePast, Rule::ConstantCondition, Rule::CannotStart];

/// The findings of `checked` without those about literals that `parsed` could not read.
pub(super) fn without_followers<'a>(
    parsed: &[Parsed],
    checked: &'a [Diagnostic],
) -> impl Iterator<Item = &'a Diagnostic> + use<'a> {
    let of_syntax = parsed.iter().flat_map(|parsed| &parsed.diagnostics);
    let unread = of_syntax.filter(|found| found.rule == Rule::BadLiteral).filter_map(Diagnostic::span);
    let unread: Vec<Span> = unread.collect();
    checked.iter().filter(move |found| {
        let follows = |span: Span| unread.iter().any(|literal| overlap(*literal, span));
        !(OF_VALUES.contains(&found.rule) && found.span().is_some_and(follows))
    })
}

fn overlap(one: Span, other: Span) -> bool {
    one.source == other.source && one.start < other.end && other.start < one.end
}

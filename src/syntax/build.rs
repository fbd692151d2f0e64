//! From pest's nodes to the tree: what all builders share.
//!
//! A builder returns `None` only where it and the grammar disagree, which is a bug and is reported as one.

use super::grammar::{Children, Node, Rule};
use super::patch::Patched;
use super::tokens::Stream;
use super::tree::{Path, Word};
use crate::diagnostic::{Diagnostic, Rule as Finding};
use crate::span::{SourceId, Span, Spanned};
use crate::time::{Date, TimeOfDay};
use rust_decimal::Decimal;

pub(super) struct Builder<'a> {
    pub(super) source: SourceId,
    pub(super) stream: &'a Stream<'a>,
    /// The text that pest saw.
    pub(super) text: &'a Patched<'a>,
    /// What is wrong although the grammar accepts it.
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Builder<'_> {
    /// From a node's first token to its last: pest counts white space after an absent last part as its own.
    pub(super) fn span(&self, node: &Node<'_>) -> Span {
        let start = self.text.place_of(node.as_span().start());
        let end = self.text.place_of(node.as_span().end());
        let last = (0..self.stream.place_at(end)).rev().find(|place| !self.text.is_left_out(self.stream, *place));
        let end = last.and_then(|place| self.stream.at(place)).map_or(end, |token| (token.span.end as usize).min(end));
        let end = end.max(start);
        Span::new(self.source, start, end)
    }

    pub(super) fn report(
        &mut self,
        rule: Finding,
        message: impl Into<String>,
        (span, label): (Span, &str),
        help: &str,
    ) {
        self.diagnostics.push(Diagnostic::new(rule, message).at(span, label).help(help));
    }

    /// A node of one token, as written.
    pub(super) fn word(&self, node: &Node<'_>) -> Word {
        Spanned::new(node.as_str().to_owned(), self.span(node))
    }

    /// The next name among the children.
    pub(super) fn name(&self, children: &mut Children<'_>) -> Option<Word> {
        children.seek(Rule::name).map(|node| self.word(&node))
    }

    /// A text in quotes, without them.
    pub(super) fn text(&mut self, node: &Node<'_>) -> Word {
        let span = self.span(node);
        let written = node.as_str();
        let inner = written.get(1..written.len().saturating_sub(1)).unwrap_or("");
        let mut value = String::with_capacity(inner.len());
        let mut letters = inner.chars();
        while let Some(letter) = letters.next() {
            if letter != '\\' {
                value.push(letter);
                continue;
            }
            match letters.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some(same @ ('"' | '\\')) => value.push(same),
                other => {
                    let other = other.map(String::from).unwrap_or_default();
                    self.diagnostics.push(
                        Diagnostic::new(Finding::BadLiteral, format!("`\\{other}` means nothing in a text"))
                            .at(span, "in this text")
                            .help("write `\\\\` for a backslash, `\\\"` for a quote, `\\n` for a line feed, `\\t` for a tab"),
                    );
                }
            }
        }
        Spanned::new(value, span)
    }

    pub(super) fn path(&self, node: Node<'_>) -> Path {
        let span = self.span(&node);
        let segments = Children::of(node).map(|segment| self.word(&segment)).collect();
        Path { segments, span }
    }

    /// A number; zero, with a finding, when it has more digits than a number can hold.
    pub(super) fn number(&mut self, node: &Node<'_>) -> Decimal {
        Decimal::from_str_exact(node.as_str()).unwrap_or_else(|_| {
            let span = self.span(node);
            let place = (span, "at most 28 digits are kept");
            self.report(Finding::BadLiteral, "this number has too many digits", place, "write fewer digits");
            Decimal::ZERO
        })
    }

    pub(super) fn date(&mut self, node: &Node<'_>) -> Date {
        Date::parse(node.as_str()).unwrap_or_else(|| {
            let span = self.span(node);
            self.report(
                Finding::BadLiteral,
                format!("there is no date `{}`", node.as_str()),
                (span, "a date is year, month and day"),
                "write a day of the calendar, such as `2020-01-31`",
            );
            Date(0)
        })
    }

    pub(super) fn time(&mut self, node: &Node<'_>) -> TimeOfDay {
        TimeOfDay::parse(node.as_str()).unwrap_or_else(|| {
            let span = self.span(node);
            self.report(
                Finding::BadLiteral,
                format!("there is no time `{}`", node.as_str()),
                (span, "times go from 00:00 to 23:59:59"),
                "write a time of the day, such as `09:00`; midnight is `00:00`",
            );
            TimeOfDay::MIDNIGHT
        })
    }
}

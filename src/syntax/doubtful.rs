//! What the grammar reads, and hardly anybody means: a word said twice, a duration that goes on over the line, an `if` beside
//! the brace of another.

use super::braces::begins_line;
use super::build::Builder;
use super::tree::{Filter, FilterKind, Step, StepKind, Word};
use crate::diagnostic::{Diagnostic, Rule as Finding};
use crate::span::Span;

impl Builder<'_> {
    /// The filters of an event: one that is said again right after itself adds nothing, and is left out.
    pub(super) fn said_once(&mut self, filters: Vec<Filter>) -> Vec<Filter> {
        let mut kept: Vec<Filter> = Vec::with_capacity(filters.len());
        for filter in filters {
            let Some(first) = kept.last().filter(|first| self.says_again(first, &filter)).map(|first| first.span)
            else {
                kept.push(filter);
                continue;
            };
            let found = self.twice(filter.span, first).help("leave one of them out");
            // Beside `same`, a path also asks whether it is there: then it is read, and only its author knows.
            if self.words(first) == self.words(filter.span) {
                self.diagnostics.push(found.fix(Span { start: first.end, ..filter.span }, ""));
            } else {
                self.diagnostics.push(found);
                kept.push(filter);
            }
        }
        kept
    }

    /// Whether a filter repeats the one before it, or the path of its `same`.
    fn says_again(&self, first: &Filter, second: &Filter) -> bool {
        match (&first.kind, &second.kind) {
            (FilterKind::Same(first), FilterKind::Path(second)) => self.words(first.span) == self.words(second.span),
            _ => self.words(first.span) == self.words(second.span),
        }
    }

    /// `not not`, `- -`: the second takes back what the first says.
    pub(super) fn note_doubled(&mut self, sign: Span) {
        let place = self.stream.place_at(sign.start as usize) + 1;
        let Some(second) = self.stream.at(place).map(|token| token.span) else { return };
        if self.words(second) == self.words(sign) {
            let found = self.twice(second, sign).because("the second takes back what the first one says");
            self.diagnostics.push(found.help("write it once, or leave both out"));
        }
    }

    fn twice(&self, second: Span, first: Span) -> Diagnostic {
        let words = self.words(second).join(" ");
        Diagnostic::new(Finding::SaidTwice, format!("`{words}` is said twice"))
            .at(second, "again here")
            .at(first, "first here")
    }

    fn words(&self, span: Span) -> Vec<&str> {
        self.stream.places_under(span).map(|place| self.stream.text_at(place)).collect()
    }

    /// A duration of several parts, one of which begins a line, as a step would whose `wait` is missing.
    pub(super) fn note_torn(&mut self, span: Span, units: &[(rust_decimal::Decimal, Word)]) {
        let mut later = units.iter().skip(1).map(|(_, unit)| (self.stream.place_at(unit.span.start as usize), unit));
        let torn = later.find_map(|(place, unit)| {
            let number = place.checked_sub(1).filter(|number| begins_line(self.stream, *number))?;
            Some((self.stream.at(number)?, self.stream.at(number.checked_sub(1)?)?, unit))
        });
        let Some((number, before, unit)) = torn else { return };
        let part = number.span.to(unit.span);
        let words = self.words(part).join(" ");
        self.diagnostics.push(
            Diagnostic::new(Finding::TornDuration, format!("`{words}` belongs to the duration of the line before"))
                .at(part, "added to what stands there")
                .at(Span { end: before.span.end, ..span }, "this duration goes on")
                .help(format!("for a step, write `wait {words}`; else put it on the line where the duration begins")),
        );
    }

    /// An `if` on the line of the brace that closes another.
    pub(super) fn note_beside(&mut self, steps: &[Step]) {
        for pair in steps.windows(2) {
            let [first, second] = pair else { continue };
            let StepKind::If { otherwise: None, .. } = first.kind else { continue };
            let place = self.stream.place_at(second.span.start as usize);
            if !matches!(second.kind, StepKind::If { .. }) || second.label.is_some() || begins_line(self.stream, place)
            {
                continue;
            }
            let Some(keyword) = self.stream.at(place) else { continue };
            let Some(brace) = place.checked_sub(1).and_then(|before| self.stream.at(before)) else { continue };
            self.diagnostics.push(
                Diagnostic::new(Finding::IfBesideBrace, "this `if` begins anew, whatever came before")
                    .at(keyword.span, "no `else` before it")
                    .at(brace.span, "this ends the `if` before")
                    .because("a contact for whom both conditions hold goes through both blocks")
                    .help("write `else if` where only one of them is meant; else begin a line with this `if`"),
            );
        }
    }
}

//! What daily English says after `wait`, and the language otherwise; and what comes at no instant that is known.

use super::exprs::path_text;
use super::literals::time_of;
use super::scope::Checker;
use crate::diagnostic::{Diagnostic, Rule};
use crate::span::Span;
use crate::syntax::tree::{Comparison, EventPattern, Expr, ExprKind, FilterKind};
use crate::time::Weekday;

impl Checker<'_> {
    /// Whether the length of a wait is one that is said otherwise: it is reported.
    pub(super) fn refuse_daily_words(&mut self, length: &Expr) -> bool {
        let found = match &length.kind {
            ExprKind::And(parts) => joined(parts, length.span),
            ExprKind::Compare { op, left, right } => counted_from(op.value, left, right, length.span),
            ExprKind::History { pattern, window: None } => self.next_day(pattern, "until"),
            _ => None,
        };
        let is_refused = found.is_some();
        self.out.extend(found);
        is_refused
    }

    /// Whether a moment is `next monday`: it is reported.
    pub(super) fn refuse_next(&mut self, moment: &Expr) -> bool {
        let ExprKind::History { pattern, window: None } = &moment.kind else { return false };
        let found = self.next_day(pattern, "");
        let is_refused = found.is_some();
        self.out.extend(found);
        is_refused
    }

    /// `wait until opened reminder`: it may never happen, so that the wait says how long at most.
    pub(super) fn refuse_awaited_event(&mut self, awaited: &Expr) {
        let said = match &awaited.kind {
            ExprKind::Path(path) => path_text(path),
            ExprKind::History { pattern, window: None } => event_text(pattern),
            _ => "CONDITION".to_owned(),
        };
        self.out.push(
            Diagnostic::new(Rule::HistoryCompared, "`until` waits for an instant, and this is an event")
                .at(awaited.span, "it may come, or never")
                .because("a scenario ends: what waits for an event says how long at most")
                .help(format!("write `wait up to 3 days for {said}`, or another length")),
        );
    }

    /// `next monday`, read as an event and its filter.
    fn next_day(&self, pattern: &EventPattern, before: &str) -> Option<Diagnostic> {
        let [filter] = pattern.filters.as_slice() else { return None };
        let FilterKind::Path(path) = &filter.kind else { return None };
        let day = path_text(path);
        if pattern.event.value != "next" || Weekday::named(&day).is_none() || self.names.place("next").is_some() {
            return None;
        }
        let span = pattern.event.span.to(filter.span);
        let meant = if before.is_empty() { day.clone() } else { format!("{before} {day}") };
        Some(
            Diagnostic::new(Rule::UnknownName, "`next` is not of this language")
                .at(span, "a day is always the next one")
                .help(format!("write `wait until {day}`, or `wait until {day} at 09:00`"))
                .fix(span, meant),
        )
    }
}

/// `1 month and 2 days`
fn joined(parts: &[Expr], span: Span) -> Option<Diagnostic> {
    let times: Option<Vec<String>> = parts.iter().map(time_of).collect();
    let meant = times?.join(" ");
    Some(
        Diagnostic::new(Rule::TypeMismatch, "`and` joins conditions, not durations")
            .at(span, "the parts of one duration follow one another")
            .help(format!("write `{meant}`"))
            .fix(span, meant),
    )
}

/// `2 weeks after entry`
fn counted_from(op: Comparison, left: &Expr, right: &Expr, span: Span) -> Option<Diagnostic> {
    let time = time_of(left)?;
    let sign = match op {
        Comparison::After => '+',
        Comparison::Before => '-',
        _ => return None,
    };
    let instant = match &right.kind {
        ExprKind::LastMessage => "last message".to_owned(),
        ExprKind::Path(path) if path.segments.len() > 1 => path_text(path),
        ExprKind::Path(path) if path_text(path) == "entry" => path_text(path),
        _ => return None,
    };
    let meant = format!("until {instant} {sign} {time}");
    Some(
        Diagnostic::new(Rule::TypeMismatch, "expected a duration, found a comparison")
            .at(span, "a wait of its length is counted from now")
            .help(format!("write `wait {meant}`"))
            .fix(span, meant),
    )
}

/// An event and the paths that are its filters, as they are written.
fn event_text(pattern: &EventPattern) -> String {
    let filters = pattern.filters.iter().map(|filter| match &filter.kind {
        FilterKind::Path(path) => path_text(path),
        _ => "...".to_owned(),
    });
    std::iter::once(pattern.event.value.clone()).chain(filters).collect::<Vec<_>>().join(" ")
}

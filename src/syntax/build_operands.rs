//! What stands between operators: literals, paths, histories, calls.

use super::build::Builder;
use super::errors;
use super::grammar::{Children, Node, Rule};
use super::tree::{EventPattern, Expr, ExprKind, Filter, FilterKind, Path, Window, WindowKind};
use crate::diagnostic::{Diagnostic, Rule as Finding};
use crate::span::Span;

impl Builder<'_> {
    pub(super) fn primary(&mut self, node: Node<'_>) -> Option<Expr> {
        let span = self.span(&node);
        let kind = match node.as_rule() {
            Rule::group => {
                let inner = self.expression(Children::of(node).next()?)?;
                return Some(Expr { span, kind: inner.kind });
            }
            Rule::windowed_group => return self.windowed_group(node),
            Rule::absence => self.absence(node)?,
            Rule::history => self.history(node)?,
            Rule::path => ExprKind::Path(self.path(node)),
            Rule::if_expression => self.if_expression(node)?,
            Rule::list => ExprKind::List(self.expressions(Children::of(node))?),
            Rule::call => {
                let mut children = Children::of(node);
                let name = self.name(&mut children)?;
                ExprKind::Call { name, arguments: self.expressions(children)? }
            }
            Rule::in_scenario => ExprKind::InScenario(self.name(&mut Children::of(node))?),
            Rule::has => ExprKind::Has(self.path(Children::of(node).seek(Rule::path)?)),
            Rule::last_message => ExprKind::LastMessage,
            Rule::aggregate => ExprKind::Aggregate(Box::new(self.aggregate(node)?)),
            Rule::top => self.top(node)?,
            Rule::hole => ExprKind::Unread,
            _ => self.literal(node, span)?,
        };
        Some(Expr { span, kind })
    }

    fn expressions(&mut self, children: Children<'_>) -> Option<Vec<Expr>> {
        children.map(|child| self.expression(child)).collect()
    }

    fn literal(&mut self, node: Node<'_>, span: Span) -> Option<ExprKind> {
        Some(match node.as_rule() {
            Rule::text => ExprKind::Text(self.text(&node).value),
            Rule::number => ExprKind::Number(self.number(&node)),
            Rule::date => ExprKind::Date(self.date(&node)),
            Rule::time => ExprKind::Time(self.time(&node)),
            Rule::flag => ExprKind::Flag(Children::of(node).next()?.as_rule() == Rule::kw_yes),
            Rule::percent => ExprKind::Percent(self.number(&Children::of(node).next()?)),
            Rule::date_time => {
                let mut children = Children::of(node);
                let date = self.date(&children.next()?);
                ExprKind::DateTime(date, self.time(&children.next()?))
            }
            Rule::quantity | Rule::test_quantity => {
                let mut amounts = Vec::new();
                for amount in Children::of(node) {
                    let mut parts = Children::of(amount);
                    let number = self.number(&parts.next()?);
                    amounts.push((number, self.word(&parts.next()?)));
                }
                self.note_torn(span, &amounts);
                ExprKind::Quantity(amounts)
            }
            _ => return None,
        })
    }

    /// `if A then X else if B then Y else Z`: conditions and values by turns, and one value more.
    fn if_expression(&mut self, node: Node<'_>) -> Option<ExprKind> {
        let mut expressions = Children::of(node).filter(|child| child.as_rule() == Rule::expression);
        let mut arms = Vec::new();
        loop {
            let first = self.expression(expressions.next()?)?;
            let Some(second) = expressions.next() else {
                return Some(ExprKind::If { arms, otherwise: Box::new(first) });
            };
            arms.push((first, self.expression(second)?));
        }
    }

    /// `(A or B) in last 3 days`, or an expression in parentheses.
    fn windowed_group(&mut self, node: Node<'_>) -> Option<Expr> {
        let span = self.span(&node);
        let mut children = Children::of(node);
        let inner = self.primary(children.seek(Rule::group)?)?;
        let Some(window) = children.accept(Rule::window) else { return Some(inner) };
        let window = Some(self.window(window)?);
        let inner_span = inner.span;
        let Some(patterns) = patterns_of(inner) else {
            self.not_events(inner_span);
            return Some(Expr { span, kind: ExprKind::AnyOf { patterns: Vec::new(), window } });
        };
        Some(Expr { span, kind: ExprKind::AnyOf { patterns, window } })
    }

    fn absence(&mut self, node: Node<'_>) -> Option<ExprKind> {
        let mut children = Children::of(node);
        children.accept(Rule::kw_no)?;
        let what = children.next()?;
        let patterns = self.events(what)?;
        let window = self.window_of(&mut children)?;
        Some(ExprKind::No { patterns, window })
    }

    /// One event with its filters, or several joined by `or` in parentheses.
    pub(super) fn events(&mut self, node: Node<'_>) -> Option<Vec<EventPattern>> {
        if node.as_rule() != Rule::group {
            return Some(vec![self.event_pattern(node)?]);
        }
        let inner = self.primary(node)?;
        let inner_span = inner.span;
        Some(patterns_of(inner).unwrap_or_else(|| {
            self.not_events(inner_span);
            Vec::new()
        }))
    }

    pub(super) fn not_events(&mut self, span: Span) {
        self.diagnostics.push(
            Diagnostic::new(Finding::UnexpectedText, "only events can be looked for here")
                .at(span, "these are not events joined by `or`")
                .help("write `(opened or clicked) in last 3 days`, with a window only after the parentheses"),
        );
    }

    /// A path, or an event with its filters and window.
    fn history(&mut self, node: Node<'_>) -> Option<ExprKind> {
        let mut children = Children::of(node);
        let path = self.path(children.seek(Rule::path)?);
        let mut filters = Vec::new();
        while let Some(filter) = children.accept(Rule::filter) {
            filters.push(self.filter(filter)?);
        }
        let window = self.window_of(&mut children)?;
        if filters.is_empty() && window.is_none() {
            return Some(ExprKind::Path(path));
        }
        let asked = take_unknown(&mut filters);
        let end = filters.last().map(|filter| filter.span);
        let filters = self.said_once(filters);
        if path.segments.len() > 1 {
            self.not_an_event(&path, filters.first());
            return Some(ExprKind::Unread);
        }
        let event = path.segments.into_iter().next()?;
        let span = end.map_or(event.span, |last| event.span.to(last));
        let history = ExprKind::History { pattern: EventPattern { event, filters, span }, window };
        Some(match asked {
            None => history,
            Some((negated, unknown)) => {
                let left = Box::new(Expr { span, kind: history });
                ExprKind::Is { negated, left, right: Box::new(unknown) }
            }
        })
    }

    /// An event is one word; a longer path before a filter is two expressions without an operator, or with one that is misspelt.
    fn not_an_event(&mut self, path: &Path, next: Option<&Filter>) {
        let misspelt = next.and_then(|filter| errors::misspelt_at(self.stream, filter.span));
        self.diagnostics.push(misspelt.unwrap_or_else(|| {
            Diagnostic::new(Finding::UnexpectedText, "an event is one word")
                .at(path.span, "this is a path, and what follows it reads as a filter or a window")
                .help("join two conditions with `and` or `or`; whether a value is there asks `has contact.email`")
        }));
    }

    /// The window among the last children; the outer `None` is a bug.
    #[allow(clippy::option_option, reason = "the outer one is the builders' way to report a bug")]
    pub(super) fn window_of(&mut self, children: &mut Children<'_>) -> Option<Option<Window>> {
        match children.accept(Rule::window) {
            Some(window) => Some(Some(self.window(window)?)),
            None => Some(None),
        }
    }

    fn window(&mut self, node: Node<'_>) -> Option<Window> {
        let span = self.span(&node);
        let window = Children::of(node).next()?;
        let kind = match window.as_rule() {
            Rule::kw_ever => WindowKind::Ever,
            Rule::since => {
                let start = self.expression(Children::of(window).seek(Rule::plain_sum)?)?;
                match &start.kind {
                    ExprKind::LastMessage => WindowKind::SinceLastMessage,
                    ExprKind::Path(path) if is_word(path, "entry") => WindowKind::SinceEntry,
                    _ => WindowKind::Since(Box::new(start)),
                }
            }
            Rule::in_last => {
                let length = self.expression(Children::of(window).seek(Rule::plain_operand)?)?;
                WindowKind::InLast(Box::new(length))
            }
            _ => return None,
        };
        Some(Window { span, kind })
    }
}

fn is_word(path: &Path, word: &str) -> bool {
    matches!(path.segments.as_slice(), [only] if only.value == word)
}

/// The events that an expression joins by `or`; `None` when it is anything else.
fn patterns_of(expression: Expr) -> Option<Vec<EventPattern>> {
    match expression.kind {
        ExprKind::Or(all) => all.into_iter().map(pattern_of).collect(),
        _ => Some(vec![pattern_of(expression)?]),
    }
}

fn pattern_of(expression: Expr) -> Option<EventPattern> {
    match expression.kind {
        ExprKind::History { pattern, window: None } => Some(pattern),
        ExprKind::Path(Path { mut segments, span }) if segments.len() == 1 => {
            Some(EventPattern { event: segments.pop()?, filters: Vec::new(), span })
        }
        _ => None,
    }
}

/// `opened reminder is unknown` asks about the opening, not about a field `reminder`.
fn take_unknown(filters: &mut [Filter]) -> Option<(bool, Expr)> {
    let last = filters.last_mut()?;
    let FilterKind::Is { path, negated, value } = &last.kind else { return None };
    let ExprKind::Path(word) = &value.kind else { return None };
    if !is_word(word, "unknown") {
        return None;
    }
    let asked = (*negated, value.clone());
    let path = path.clone();
    *last = Filter { span: path.span, kind: FilterKind::Path(path) };
    Some(asked)
}

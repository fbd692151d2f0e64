//! Expressions: the grammar gives a flat run of operands and operators, and here they get their precedence.
//!
//! From the loosest to the tightest: `or`, `and`, `not`, comparisons (which do not chain), `+ -`, `* /`, the
//! sign, `default`, `ago`. Chains are read into flat lists, so that no text makes the tree deep; that is why
//! pest's own operator parser, which pairs operands, is not used.

use super::build::Builder;
use super::build_steps::is_negated;
use super::grammar::{Children, Node, Rule};
use super::limits::NESTING_MAX;
use super::tree::{Comparison, Expr, ExprKind, Factor, Sign};
use crate::diagnostic::{Diagnostic, Rule as Finding};
use crate::span::{Span, Spanned};

impl Builder<'_> {
    /// Any rule that holds a run of operands and operators.
    pub(super) fn expression(&mut self, node: Node<'_>) -> Option<Expr> {
        self.alternatives(&mut Children::of(node))
    }

    fn alternatives(&mut self, run: &mut Children<'_>) -> Option<Expr> {
        let first = self.conjunction(run)?;
        if run.peek() != Some(Rule::kw_or) {
            return Some(first);
        }
        let mut all = vec![first];
        while run.accept(Rule::kw_or).is_some() {
            all.push(self.conjunction(run)?);
        }
        Some(spanning(all, ExprKind::Or))
    }

    fn conjunction(&mut self, run: &mut Children<'_>) -> Option<Expr> {
        let first = self.negation(run)?;
        if run.peek() != Some(Rule::kw_and) {
            return Some(first);
        }
        let mut all = vec![first];
        while run.accept(Rule::kw_and).is_some() {
            all.push(self.negation(run)?);
        }
        Some(spanning(all, ExprKind::And))
    }

    /// As deep as there are `not`s in a row, which the limits bound.
    fn negation(&mut self, run: &mut Children<'_>) -> Option<Expr> {
        let Some(not) = run.accept(Rule::kw_not) else { return self.comparison(run) };
        self.note_doubled(self.span(&not));
        let inner = self.negation(run)?;
        Some(Expr { span: self.span(&not).to(inner.span), kind: ExprKind::Not(Box::new(inner)) })
    }

    fn comparison(&mut self, run: &mut Children<'_>) -> Option<Expr> {
        let left = self.sum(run)?;
        let Some(operator) = next_comparing(run) else { return Some(left) };
        let compared = self.compare(left, operator, run)?;
        let mut chained = None;
        while let Some(operator) = next_comparing(run) {
            chained.get_or_insert(self.span(&operator));
            if !matches!(operator.as_rule(), Rule::is_empty | Rule::can_receive) {
                self.sum(run)?;
            }
        }
        if let Some(span) = chained {
            self.diagnostics.push(
                Diagnostic::new(Finding::UnexpectedText, "comparisons do not follow one another")
                    .at(span, "a second comparison")
                    .help(match &compared.kind {
                        ExprKind::CanReceive { channel, .. } => {
                            format!("put the first into parentheses: `(contact can receive {}) is ...`", channel.value)
                        }
                        _ => "write `A < B and B < C`, or put one of them in parentheses".to_owned(),
                    }),
            );
        }
        Some(compared)
    }

    fn compare(&mut self, left: Expr, operator: Node<'_>, run: &mut Children<'_>) -> Option<Expr> {
        let op_span = self.span(&operator);
        let negated = is_negated(&operator);
        let op = match operator.as_rule() {
            Rule::is_empty => {
                let span = left.span.to(op_span);
                return Some(Expr { span, kind: ExprKind::IsEmpty { negated, value: Box::new(left) } });
            }
            Rule::can_receive => return self.can_receive(left, operator),
            Rule::is_operator | Rule::in_operator => None,
            Rule::less => Some(Comparison::Less),
            Rule::at_most => Some(Comparison::LessOrEqual),
            Rule::greater => Some(Comparison::Greater),
            Rule::at_least => Some(Comparison::GreaterOrEqual),
            Rule::kw_before => Some(Comparison::Before),
            Rule::kw_after => Some(Comparison::After),
            _ => return None,
        };
        let right = Box::new(self.sum(run)?);
        let span = left.span.to(right.span);
        let left = Box::new(left);
        let kind = match op {
            Some(op) => ExprKind::Compare { op: Spanned::new(op, op_span), left, right },
            None if operator.as_rule() == Rule::is_operator => ExprKind::Is { negated, left, right },
            None => ExprKind::In { negated, value: left, list: right },
        };
        Some(Expr { span, kind })
    }

    fn can_receive(&mut self, left: Expr, operator: Node<'_>) -> Option<Expr> {
        let span = left.span.to(self.span(&operator));
        let channel = self.name(&mut Children::of(operator))?;
        let ExprKind::Path(contact) = left.kind else {
            self.report(
                Finding::UnexpectedText,
                "only a contact can receive",
                (left.span, "this is no contact"),
                "write `contact can receive email`",
            );
            return Some(left);
        };
        Some(Expr { span, kind: ExprKind::CanReceive { contact, channel } })
    }

    fn sum(&mut self, run: &mut Children<'_>) -> Option<Expr> {
        let first = self.product(run)?;
        let mut terms = vec![(Sign::Plus, first)];
        loop {
            let sign = match run.peek() {
                Some(Rule::plus) => Sign::Plus,
                Some(Rule::minus) => Sign::Minus,
                _ => break,
            };
            if let Some(written) = run.next().filter(|_| sign == Sign::Minus) {
                self.note_doubled(self.span(&written));
            }
            terms.push((sign, self.product(run)?));
        }
        signed(terms, ExprKind::Sum)
    }

    fn product(&mut self, run: &mut Children<'_>) -> Option<Expr> {
        let first = self.signed_operand(run)?;
        let mut factors = vec![(Factor::Times, first)];
        loop {
            let factor = match run.peek() {
                Some(Rule::times) => Factor::Times,
                Some(Rule::over) => Factor::Over,
                _ => break,
            };
            run.next();
            factors.push((factor, self.signed_operand(run)?));
        }
        signed(factors, ExprKind::Product)
    }

    /// As deep as there are signs in a row, which the limits bound.
    fn signed_operand(&mut self, run: &mut Children<'_>) -> Option<Expr> {
        match run.peek()? {
            Rule::minus => {
                let minus = run.next()?;
                self.note_doubled(self.span(&minus));
                let inner = self.signed_operand(run)?;
                Some(Expr { span: self.span(&minus).to(inner.span), kind: ExprKind::Negate(Box::new(inner)) })
            }
            Rule::kw_not => self.negation(run),
            _ => self.with_defaults(run),
        }
    }

    fn with_defaults(&mut self, run: &mut Children<'_>) -> Option<Expr> {
        let mut value = self.operand(run)?;
        let mut count = 0;
        while let Some(default) = run.accept(Rule::kw_default) {
            let signs: Vec<Span> =
                std::iter::from_fn(|| run.accept(Rule::minus)).map(|sign| self.span(&sign)).collect();
            signs.iter().for_each(|sign| self.note_doubled(*sign));
            let mut fallback = self.operand(run)?;
            // Two signs take one another back.
            if let Some(minus) = signs.first().filter(|_| signs.len() % 2 == 1) {
                let span = minus.to(fallback.span);
                fallback = Expr { span, kind: ExprKind::Negate(Box::new(fallback)) };
            }
            count += 1;
            if count == NESTING_MAX {
                let span = self.span(&default);
                let place = (span, "one too many");
                self.report(Finding::TooDeep, "too many defaults for one value", place, "leave some of them out");
            }
            if count < NESTING_MAX {
                let span = value.span.to(fallback.span);
                let (inner, fallback) = (Box::new(value), Box::new(fallback));
                value = Expr { span, kind: ExprKind::Default { value: inner, fallback } };
            }
        }
        Some(value)
    }

    fn operand(&mut self, run: &mut Children<'_>) -> Option<Expr> {
        let node = run.next()?;
        let value = self.primary(node)?;
        Some(match run.accept(Rule::kw_ago) {
            Some(ago) => Expr { span: value.span.to(self.span(&ago)), kind: ExprKind::Ago(Box::new(value)) },
            None => value,
        })
    }
}

fn next_comparing<'i>(run: &mut Children<'i>) -> Option<Node<'i>> {
    let comparing = matches!(
        run.peek()?,
        Rule::is_empty
            | Rule::can_receive
            | Rule::is_operator
            | Rule::in_operator
            | Rule::less
            | Rule::at_most
            | Rule::greater
            | Rule::at_least
            | Rule::kw_before
            | Rule::kw_after
    );
    if comparing { run.next() } else { None }
}

/// Several operands of one operator, from the first to the last.
fn spanning(all: Vec<Expr>, kind: impl FnOnce(Vec<Expr>) -> ExprKind) -> Expr {
    let span = match (all.first(), all.last()) {
        (Some(first), Some(last)) => first.span.to(last.span),
        _ => Default::default(),
    };
    Expr { span, kind: kind(all) }
}

/// The only term itself, or all with their signs.
fn signed<S>(mut terms: Vec<(S, Expr)>, kind: impl FnOnce(Vec<(S, Expr)>) -> ExprKind) -> Option<Expr> {
    if terms.len() == 1 {
        return terms.pop().map(|(_, only)| only);
    }
    let span = terms.first()?.1.span.to(terms.last()?.1.span);
    Some(Expr { span, kind: kind(terms) })
}

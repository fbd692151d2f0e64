//! Facts about a history: `count of purchased ever`, and the first of a ranked list.

use super::build::Builder;
use super::grammar::{Children, Node, Rule};
use super::tree::{Aggregate, AggregateKind, Expr, ExprKind, Filter, Path};
use crate::span::Spanned;

impl Builder<'_> {
    /// `top 3 of product.complements`
    pub(super) fn top(&mut self, node: Node<'_>) -> Option<ExprKind> {
        let mut children = Children::of(node);
        let number = children.seek(Rule::number)?;
        let count = Spanned::new(self.number(&number), self.span(&number));
        let of = Box::new(self.expression(children.seek(Rule::plain_operand)?)?);
        Some(ExprKind::Top { count, of })
    }

    pub(super) fn aggregate(&mut self, node: Node<'_>) -> Option<Aggregate> {
        let mut children = Children::of(node);
        let head = children.seek(Rule::aggregate_head)?;
        let kind = Spanned::new(kind(&head)?, self.span(&head));
        let (of, filters) = match children.accept(Rule::group) {
            Some(group) => self.taken_of_several(group)?,
            None => self.taken_of_one(&mut children)?,
        };
        let window = self.window_of(&mut children)?;
        Some(Aggregate { kind, of, filters, window })
    }

    fn taken_of_one(&mut self, children: &mut Children<'_>) -> Option<(Vec<Path>, Vec<Vec<Filter>>)> {
        let path = self.path(children.seek(Rule::path)?);
        let mut filters = Vec::new();
        while let Some(filter) = children.accept(Rule::filter) {
            filters.push(self.filter(filter)?);
        }
        Some((vec![path], vec![self.said_once(filters)]))
    }

    /// `count of (opened or clicked) in last 3 months`
    fn taken_of_several(&mut self, group: Node<'_>) -> Option<(Vec<Path>, Vec<Vec<Filter>>)> {
        let inner = self.primary(group)?;
        let span = inner.span;
        let all = match inner.kind {
            ExprKind::Or(all) => all,
            _ => vec![inner],
        };
        let Some(taken) = all.into_iter().map(event_of).collect::<Option<Vec<_>>>() else {
            self.not_events(span);
            return Some((Vec::new(), Vec::new()));
        };
        Some(taken.into_iter().unzip())
    }
}

fn event_of(expression: Expr) -> Option<(Path, Vec<Filter>)> {
    match expression.kind {
        ExprKind::Path(path) => Some((path, Vec::new())),
        ExprKind::History { pattern, window: None } => {
            let span = pattern.event.span;
            Some((Path { segments: vec![pattern.event], span }, pattern.filters))
        }
        _ => None,
    }
}

/// Which fact the words ask for.
fn kind(head: &Node<'_>) -> Option<AggregateKind> {
    let words: Vec<Rule> = Children::of(head.clone()).map(|word| word.as_rule()).collect();
    Some(match words.as_slice() {
        [Rule::word_count, _, Rule::word_days, ..] => AggregateKind::CountDays,
        [Rule::word_count, ..] => AggregateKind::Count,
        [Rule::word_sum, ..] => AggregateKind::Sum,
        [Rule::word_share, ..] => AggregateKind::Share,
        [Rule::word_average, Rule::word_gap, ..] => AggregateKind::AverageGap,
        [Rule::word_average, ..] => AggregateKind::Average,
        [Rule::word_median, ..] => AggregateKind::MedianGap,
        [Rule::word_most, ..] => AggregateKind::MostCommon,
        [Rule::word_first, ..] => AggregateKind::First,
        [Rule::kw_last, ..] => AggregateKind::Last,
        _ => return None,
    })
}

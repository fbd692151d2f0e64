//! Which names an expression uses.

use crate::syntax::tree::{self, ExprKind, FilterKind, WindowKind, Word};

/// The names with which paths and calls of an expression begin.
pub(super) fn collect<'a>(expr: &'a tree::Expr, found: &mut Vec<&'a Word>) {
    let path = |path: &'a tree::Path, found: &mut Vec<&'a Word>| found.extend(path.segments.first());
    match &expr.kind {
        ExprKind::Path(inner) | ExprKind::Has(inner) => path(inner, found),
        ExprKind::Call { name, arguments } => {
            found.push(name);
            arguments.iter().for_each(|each| collect(each, found));
        }
        ExprKind::History { pattern, window } => collect_history(std::slice::from_ref(pattern), window.as_ref(), found),
        ExprKind::No { patterns, window } | ExprKind::AnyOf { patterns, window } => {
            collect_history(patterns, window.as_ref(), found);
        }
        ExprKind::Not(inner) | ExprKind::Negate(inner) | ExprKind::Ago(inner) => collect(inner, found),
        ExprKind::IsEmpty { value, .. } => collect(value, found),
        ExprKind::And(all) | ExprKind::Or(all) | ExprKind::List(all) => {
            all.iter().for_each(|each| collect(each, found))
        }
        ExprKind::Compare { left, right, .. } | ExprKind::Is { left, right, .. } => {
            collect(left, found);
            collect(right, found);
        }
        ExprKind::In { value, list, .. } => {
            collect(value, found);
            collect(list, found);
        }
        ExprKind::Sum(terms) => terms.iter().for_each(|(_, term)| collect(term, found)),
        ExprKind::Product(factors) => factors.iter().for_each(|(_, factor)| collect(factor, found)),
        ExprKind::Default { value, fallback } => {
            collect(value, found);
            collect(fallback, found);
        }
        ExprKind::If { arms, otherwise } => {
            for (condition, value) in arms {
                collect(condition, found);
                collect(value, found);
            }
            collect(otherwise, found);
        }
        ExprKind::Aggregate(aggregate) => {
            aggregate.of.iter().for_each(|of| path(of, found));
            aggregate.filters.iter().flatten().for_each(|filter| collect_filter(filter, found));
            collect_window(aggregate.window.as_ref(), found);
        }
        ExprKind::Top { of, .. } => collect(of, found),
        ExprKind::Text(_)
        | ExprKind::Number(_)
        | ExprKind::Percent(_)
        | ExprKind::Quantity(_)
        | ExprKind::Flag(_)
        | ExprKind::Date(_)
        | ExprKind::Time(_)
        | ExprKind::DateTime(..)
        | ExprKind::LastMessage
        | ExprKind::InScenario(_)
        | ExprKind::Unread
        | ExprKind::CanReceive { .. } => {}
    }
}

fn collect_history<'a>(
    patterns: &'a [tree::EventPattern],
    window: Option<&'a tree::Window>,
    found: &mut Vec<&'a Word>,
) {
    found.extend(patterns.iter().map(|pattern| &pattern.event));
    patterns.iter().flat_map(|pattern| &pattern.filters).for_each(|filter| collect_filter(filter, found));
    collect_window(window, found);
}

fn collect_filter<'a>(filter: &'a tree::Filter, found: &mut Vec<&'a Word>) {
    match &filter.kind {
        FilterKind::Path(path) | FilterKind::IsEmpty { path, .. } => found.extend(path.segments.first()),
        FilterKind::Is { path, value: inner, .. } | FilterKind::In { path, list: inner, .. } => {
            found.extend(path.segments.first());
            collect(inner, found);
        }
        FilterKind::Where(inner) => collect(inner, found),
        FilterKind::Same(_) => {}
    }
}

fn collect_window<'a>(window: Option<&'a tree::Window>, found: &mut Vec<&'a Word>) {
    if let Some(WindowKind::Since(inner) | WindowKind::InLast(inner)) = window.map(|window| &window.kind) {
        collect(inner, found);
    }
}

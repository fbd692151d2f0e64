//! The name of a value: the same wherever the same is written.

use super::super::typed::{Expr, Kind, Window};
use std::fmt::Write as _;

/// What an expression asks, without the places where it is written. Where the trigger is the event at hand, its fields are
/// named as those of the trigger.
pub fn key(expr: &Expr, of_trigger: bool) -> String {
    let mut out = String::new();
    write(expr, of_trigger, &mut out);
    out
}

fn write(expr: &Expr, of_trigger: bool, out: &mut String) {
    // Writing to a text cannot fail.
    let _ = match &expr.kind {
        Kind::Event(name) if of_trigger => write!(out, "{:?}", Kind::Trigger(name.clone())),
        Kind::Field { entity, field, .. } => write!(out, "field {entity}.{field}"),
        Kind::Has(_) => write!(out, "has"),
        Kind::IsEmpty(_) => write!(out, "empty"),
        Kind::Not(_) => write!(out, "not"),
        Kind::And(_) => write!(out, "and"),
        Kind::Or(_) => write!(out, "or"),
        Kind::Equal(_) => write!(out, "equal"),
        Kind::Less(_) => write!(out, "less"),
        Kind::LessOrEqual(_) => write!(out, "at most"),
        Kind::In(..) => write!(out, "in"),
        Kind::Sum(terms) => write!(out, "sum {:?}", terms.iter().map(|(sign, _)| *sign).collect::<Vec<_>>()),
        Kind::Product(all) => write!(out, "product {:?}", all.iter().map(|(factor, _)| *factor).collect::<Vec<_>>()),
        Kind::Negate(_) => write!(out, "negate"),
        Kind::Round(_) => write!(out, "round"),
        Kind::Default(_) => write!(out, "default"),
        Kind::If { arms, .. } => write!(out, "if {}", arms.len()),
        Kind::History(history) => {
            window(&history.window, out);
            write!(out, "{}", shape(history))
        }
        Kind::IsUnknown(_) => write!(out, "unknown"),
        Kind::InList(_) => write!(out, "in list"),
        Kind::Top(count, _) => write!(out, "top {count}"),
        Kind::Recommend { count, history, .. } => write!(out, "recommend {count} {}", shape(history)),
        Kind::Aggregate(aggregate) => {
            window(&aggregate.history.window, out);
            write!(out, "{:?} {} {}", aggregate.kind, shape(&aggregate.history), aggregate.of.is_some())
        }
        leaf => write!(out, "{leaf:?}"),
    };
    out.push('(');
    expr.children(&mut |child| {
        write(child, of_trigger, out);
        out.push(',');
    });
    out.push(')');
}

fn window(window: &Window, out: &mut String) {
    out.push_str(match window {
        Window::Since(_) => "since ",
        Window::InLast(_) => "in last ",
        Window::Ever => "ever ",
    });
}

fn shape(history: &super::super::typed::History) -> String {
    let parts = (history.filters.len(), history.instance_filters.len(), history.keys.len());
    format!("history {} {parts:?}", history.event)
}

/// What a history asks, its window apart.
pub fn history_key(history: &super::super::typed::History) -> String {
    let whole = Expr::new(
        Kind::History(Box::new(super::super::typed::History { window: Window::Ever, ..history.clone() })),
        crate::model::Type::Flag,
        false,
        crate::span::Span::default(),
    );
    key(&whole, false)
}

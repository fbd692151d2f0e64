//! Expressions in the words of the language, for reasons and traces.

use super::linked::LinkedCode;
use crate::ir::{Aggregate, Expr, ExprIx, FieldUse};
use crate::model::Literal;

/// `product.delay - 1 month`, as near to what was written as the program remembers. What is a condition, or depends on an
/// event at hand, is told by a general word.
pub(super) fn expression(code: &LinkedCode, needs: &super::Needs, ix: ExprIx) -> String {
    let Some(expr) = code.code.exprs.get(ix) else { return String::new() };
    let part = |ix: &ExprIx| expression(code, needs, *ix);
    match expr {
        Expr::Literal(literal) => self::literal(literal),
        Expr::Missing => "unknown".into(),
        Expr::Now => "now".into(),
        Expr::Entry => "entry".into(),
        Expr::LastMessage => "last message".into(),
        Expr::OwnMessage(names) => names.join(" or "),
        Expr::Balance(name) | Expr::Measure(name) => name.clone(),
        Expr::InScenario(name) => format!("in {name}"),
        Expr::IsUnknown(condition) => format!("{} is unknown", part(condition)),
        Expr::Add(one, two) => format!("{} + {}", part(one), part(two)),
        Expr::Subtract(one, two) => format!("{} - {}", part(one), part(two)),
        Expr::Multiply(one, two) => format!("{} * {}", part(one), part(two)),
        Expr::Divide(one, two) => format!("{} / {}", part(one), part(two)),
        Expr::Negate(inner) => format!("-{}", part(inner)),
        Expr::Round(inner) => format!("round({})", part(inner)),
        Expr::Default(one, two) => format!("{} default {}", part(one), part(two)),
        Expr::Top(count, list) => format!("top {count} of {}", part(list)),
        Expr::Recommend { count, .. } => format!("recommend({count})"),
        Expr::InList(value, list) => format!("{} in {}", part(value), part(list)),
        Expr::Aggregate(aggregate) => self::aggregate(code, aggregate),
        Expr::ContactId => "contact".into(),
        Expr::Contact(slot) => format!("contact.{}", field_name(&needs.contact, *slot)),
        Expr::Trigger(slot) => field_name(&code.code.trigger, *slot),
        Expr::EventAt => "at".into(),
        Expr::Field { of, entity, field } => {
            let fields = needs.entities.get(usize::from(*entity)).map_or(&[] as &[FieldUse], |each| &each.fields);
            format!("{}.{}", part(of), field_name(fields, *field))
        }
        Expr::If { .. } => "a choice of durations".into(),
        Expr::Has(_)
        | Expr::IsEmpty(_)
        | Expr::Not(_)
        | Expr::And(_)
        | Expr::Or(_)
        | Expr::Equal(..)
        | Expr::Less(..)
        | Expr::LessOrEqual(..)
        | Expr::In(..)
        | Expr::History { .. }
        | Expr::Scan { .. } => "the condition".into(),
        Expr::Event(_) | Expr::Element => "the expression".into(),
    }
}

/// `median gap of purchased`: without its field, its filters and its window.
fn aggregate(code: &LinkedCode, aggregate: &Aggregate) -> String {
    let event = code.code.probes.get(aggregate.probe).and_then(|probe| code.code.events.get(usize::from(probe.event)));
    format!("{} {}", aggregate.kind.words(), event.map_or("", |event| &event.name))
}

/// The name of a field that is read directly; empty for any other expression.
pub(super) fn path(code: &LinkedCode, needs: &super::Needs, ix: ExprIx) -> String {
    match code.code.exprs.get(ix) {
        Some(Expr::Contact(_) | Expr::Trigger(_) | Expr::Field { .. }) => expression(code, needs, ix),
        _ => String::new(),
    }
}

fn field_name(fields: &[FieldUse], slot: u16) -> String {
    fields.get(usize::from(slot)).map_or_else(String::new, |field| field.name.clone())
}

fn literal(literal: &Literal) -> String {
    match literal {
        Literal::Text(text) => format!("\"{text}\""),
        Literal::Number(number) => number.to_string(),
        Literal::Flag(flag) => if *flag { "yes" } else { "no" }.into(),
        Literal::Instant(instant) => instant.to_string(),
        Literal::Date(date) => date.to_string(),
        Literal::Time(time) => time.to_string(),
        Literal::Duration(duration) => duration.to_string(),
        Literal::List(all) => format!("[{}]", all.iter().map(self::literal).collect::<Vec<_>>().join(", ")),
        // Rows are made for templates, and never stand in an expression.
        Literal::Row(_) => String::new(),
    }
}

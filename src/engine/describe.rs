//! Expressions in the words of the language, for reasons and traces.

use super::program::LinkedCode;
use crate::ir::{Expr, ExprIx, FieldUse};
use crate::model::Literal;

/// `product.delay - 1 month`, as near to what was written as the program remembers.
pub(super) fn expression(code: &LinkedCode, needs: &super::Needs, ix: ExprIx) -> String {
    let Some(expr) = code.code.exprs.get(ix) else { return String::new() };
    let part = |ix: &ExprIx| expression(code, needs, *ix);
    match expr {
        Expr::Literal(literal) => self::literal(literal),
        Expr::Now => "now".into(),
        Expr::Entry => "entry".into(),
        Expr::LastMessage => "last message".into(),
        Expr::Add(one, two) => format!("{} + {}", part(one), part(two)),
        Expr::Subtract(one, two) => format!("{} - {}", part(one), part(two)),
        Expr::Multiply(one, two) => format!("{} * {}", part(one), part(two)),
        Expr::Default(one, two) => format!("{} default {}", part(one), part(two)),
        Expr::Contact(slot) => format!("contact.{}", field_name(&needs.contact, *slot)),
        Expr::Trigger(slot) => field_name(&code.code.trigger, *slot),
        Expr::Field { of, entity, field } => {
            let fields = needs.entities.get(usize::from(*entity)).map_or(&[] as &[FieldUse], |each| &each.fields);
            format!("{}.{}", part(of), field_name(fields, *field))
        }
        Expr::If { .. } => "a choice of durations".into(),
        _ => "the expression".into(),
    }
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
        Literal::List(_) | Literal::Row(_) => String::new(), // waist
    }
}

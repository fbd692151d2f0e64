//! What an expression is made of.

use super::{Expr, ExprIx, Window};

impl Expr {
    /// The expressions that this one refers to, those of its window and keys included, in the order in which they stand.
    /// Those of a probe are the probe's.
    pub fn operands(&self) -> Vec<ExprIx> {
        let mut all = Vec::new();
        match self {
            Expr::Missing
            | Expr::Literal(_)
            | Expr::Now
            | Expr::Entry
            | Expr::LastMessage
            | Expr::Contact(_)
            | Expr::ContactId
            | Expr::Trigger(_)
            | Expr::Event(_)
            | Expr::Element
            | Expr::EventAt
            | Expr::OwnMessage(_)
            | Expr::Balance(_)
            | Expr::Measure(_)
            | Expr::InScenario(_) => {}
            Expr::IsUnknown(one)
            | Expr::Top(_, one)
            | Expr::Field { of: one, .. }
            | Expr::Has(one)
            | Expr::IsEmpty(one)
            | Expr::Not(one)
            | Expr::Negate(one)
            | Expr::Round(one) => all.push(*one),
            Expr::InList(one, two)
            | Expr::Equal(one, two)
            | Expr::Less(one, two)
            | Expr::LessOrEqual(one, two)
            | Expr::Add(one, two)
            | Expr::Subtract(one, two)
            | Expr::Multiply(one, two)
            | Expr::Divide(one, two)
            | Expr::Default(one, two)
            | Expr::Recommend { product: one, complements: two, .. } => all.extend([*one, *two]),
            Expr::And(parts) | Expr::Or(parts) => all.extend_from_slice(parts),
            Expr::In(value, list) => {
                all.push(*value);
                all.extend_from_slice(list);
            }
            Expr::If { condition, then, otherwise } => all.extend([*condition, *then, *otherwise]),
            Expr::History { keys, window, .. } => {
                all.extend_from_slice(keys);
                all.extend(window.operand());
            }
            Expr::Scan { keys, window, filter, .. } => {
                all.extend_from_slice(keys);
                all.extend(window.operand());
                all.push(*filter);
            }
            Expr::Aggregate(aggregate) => {
                all.extend_from_slice(&aggregate.keys);
                all.extend(aggregate.window.operand());
                all.extend(aggregate.filter);
                all.extend(aggregate.of);
            }
        }
        all
    }

    /// Whether its value follows from those of its operands and from nothing else: no field, no row, no clock, no history.
    pub fn is_of_operands(&self) -> bool {
        match self {
            Expr::Missing
            | Expr::Literal(_)
            | Expr::IsUnknown(_)
            | Expr::InList(..)
            | Expr::Top(..)
            | Expr::Has(_)
            | Expr::IsEmpty(_)
            | Expr::Not(_)
            | Expr::And(_)
            | Expr::Or(_)
            | Expr::Equal(..)
            | Expr::Less(..)
            | Expr::LessOrEqual(..)
            | Expr::In(..)
            | Expr::Add(..)
            | Expr::Subtract(..)
            | Expr::Multiply(..)
            | Expr::Divide(..)
            | Expr::Negate(_)
            | Expr::Round(_)
            | Expr::Default(..)
            | Expr::If { .. } => true,
            Expr::Now
            | Expr::Entry
            | Expr::LastMessage
            | Expr::Contact(_)
            | Expr::ContactId
            | Expr::Trigger(_)
            | Expr::Event(_)
            | Expr::EventAt
            | Expr::Element
            | Expr::OwnMessage(_)
            | Expr::Balance(_)
            | Expr::Measure(_)
            | Expr::InScenario(_)
            | Expr::Recommend { .. }
            | Expr::Aggregate(_)
            | Expr::Field { .. }
            | Expr::History { .. }
            | Expr::Scan { .. } => false,
        }
    }

    /// Whether it asks something: its value is an answer, yes, no or unknown, whatever it is made of.
    pub fn is_question(&self) -> bool {
        matches!(
            self,
            Expr::InScenario(_)
                | Expr::IsUnknown(_)
                | Expr::InList(..)
                | Expr::Has(_)
                | Expr::IsEmpty(_)
                | Expr::Not(_)
                | Expr::And(_)
                | Expr::Or(_)
                | Expr::Equal(..)
                | Expr::Less(..)
                | Expr::LessOrEqual(..)
                | Expr::In(..)
                | Expr::History { .. }
                | Expr::Scan { .. }
        )
    }
}

impl Window {
    /// The instant or duration that it is measured by.
    pub fn operand(&self) -> Option<ExprIx> {
        match self {
            Window::Since(ix) | Window::InLast(ix) => Some(*ix),
            Window::Ever => None,
        }
    }
}

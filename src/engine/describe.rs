//! Expressions in the words of the language, for reasons and traces.

use super::linked::LinkedCode;
use super::needs::Needs;
use super::program::Program;
use crate::ir::{Aggregate, Expr, ExprIx, FieldUse, Moment, Op, ProbeIx, StepIx, Window};
use crate::model::Literal;

impl Program {
    /// A step of a scenario in the words of the language: `product.delay - 1 month` of a wait.
    pub fn describe_wait(&self, unit: u16, step: StepIx) -> String {
        let Some(unit) = self.unit(unit) else { return String::new() };
        let part = |ix: ExprIx| expression(&unit.code, self.needs(), ix);
        match unit.scenario.steps.get(step).map(|step| &step.op) {
            Some(Op::Wait(duration)) => part(*duration),
            Some(Op::WaitFor { limit, .. }) => part(*limit),
            Some(Op::WaitUntil(Moment::At(instant) | Moment::Anniversary(instant))) => part(*instant),
            _ => String::new(),
        }
    }

    /// What a `send` gives to its message, in the words of the language: `extra = 1, items = trigger.products`.
    pub fn describe_with(&self, unit: u16, step: StepIx) -> String {
        let Some(unit) = self.unit(unit) else { return String::new() };
        let Some(Op::Send(send)) = unit.scenario.steps.get(step).map(|step| &step.op) else { return String::new() };
        let value = |ix: ExprIx| expression(&unit.code, self.needs(), ix);
        let all = send.with.iter().map(|with| format!("{} = {}", with.name, value(with.value)));
        all.collect::<Vec<_>>().join(", ")
    }
}

/// As [`Words::expression`], where no event is at hand.
pub(super) fn expression(code: &LinkedCode, needs: &Needs, ix: ExprIx) -> String {
    Words { code, needs, event: None }.expression(ix)
}

/// The name of a field that is read directly; empty for any other expression.
pub(super) fn path(code: &LinkedCode, needs: &Needs, ix: ExprIx) -> String {
    match code.code.exprs.get(ix) {
        Some(Expr::Contact(_) | Expr::Trigger(_) | Expr::Field { .. }) => expression(code, needs, ix),
        _ => String::new(),
    }
}

/// What gives slots their names.
#[derive(Clone, Copy)]
pub(super) struct Words<'w> {
    pub code: &'w LinkedCode,
    pub needs: &'w Needs,
    /// The event at hand, by its slot in the code.
    pub event: Option<u16>,
}

impl Words<'_> {
    /// `product.delay - 1 month`, `purchased same product.family since entry`: as near to what was written as the program
    /// remembers. Definitions are unfolded.
    pub fn expression(&self, ix: ExprIx) -> String {
        let Some(expr) = self.code.code.exprs.get(ix) else { return String::new() };
        let part = |ix: &ExprIx| self.expression(*ix);
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
            Expr::Aggregate(aggregate) => self.aggregate(aggregate),
            Expr::ContactId => "contact".into(),
            Expr::Contact(slot) => format!("contact.{}", field_name(&self.needs.contact, *slot)),
            Expr::Trigger(slot) => field_name(&self.code.code.trigger, *slot),
            Expr::EventAt => "at".into(),
            Expr::Field { of, entity, field } => {
                let fields = self.needs.entities.get(usize::from(*entity));
                format!("{}.{}", part(of), field_name(fields.map_or(&[], |each| &each.fields), *field))
            }
            Expr::If { condition, then, otherwise } => {
                format!("(if {} then {} else {})", part(condition), part(then), part(otherwise))
            }
            Expr::Has(inner) => format!("has {}", part(inner)),
            Expr::IsEmpty(inner) => format!("{} is empty", part(inner)),
            Expr::Not(inner) => self.negated(*inner),
            Expr::And(parts) => self.joined(parts, " and "),
            Expr::Or(parts) => self.joined(parts, " or "),
            Expr::Equal(one, two) => format!("{} is {}", part(one), part(two)),
            Expr::Less(one, two) => self.compared(*one, *two, "<", ">"),
            Expr::LessOrEqual(one, two) => self.compared(*one, *two, "<=", ">="),
            Expr::In(value, list) => {
                format!("{} in ({})", part(value), list.iter().map(part).collect::<Vec<_>>().join(", "))
            }
            Expr::History { probe, keys, window } => self.history(*probe, None, keys, window, None),
            Expr::Scan { probe, keys, window, filter } => self.history(*probe, None, keys, window, Some(*filter)),
            Expr::Event(slot) => self.event_field(*slot).unwrap_or_else(|| "the expression".into()),
            Expr::Element => "the expression".into(),
        }
    }

    /// The opposite of a condition.
    pub fn negated(&self, ix: ExprIx) -> String {
        let part = |ix: &ExprIx| self.expression(*ix);
        match self.code.code.exprs.get(ix) {
            Some(Expr::Not(inner)) => part(inner),
            Some(Expr::Equal(one, two)) => format!("{} is not {}", part(one), part(two)),
            Some(Expr::IsEmpty(inner)) => format!("{} is not empty", part(inner)),
            Some(Expr::Less(one, two)) => self.compared(*one, *two, ">=", "<="),
            Some(Expr::LessOrEqual(one, two)) => self.compared(*one, *two, ">", "<"),
            Some(Expr::History { .. } | Expr::Scan { .. }) => format!("no {}", part(&ix)),
            Some(Expr::And(_) | Expr::Or(_) | Expr::In(..) | Expr::InList(..) | Expr::IsUnknown(_)) => {
                format!("not ({})", part(&ix))
            }
            _ => format!("not {}", part(&ix)),
        }
    }

    /// Parts of `and` or `or`, those of the other kind in parentheses.
    fn joined(&self, parts: &[ExprIx], by: &str) -> String {
        let part = |ix: &ExprIx| match self.code.code.exprs.get(*ix) {
            Some(Expr::And(_) | Expr::Or(_)) => format!("({})", self.expression(*ix)),
            _ => self.expression(*ix),
        };
        parts.iter().map(part).collect::<Vec<_>>().join(by)
    }

    /// What is fixed comes last: `sum of purchased.amount ever >= 50`.
    fn compared(&self, one: ExprIx, two: ExprIx, by: &str, turned: &str) -> String {
        match self.code.code.exprs.get(one) {
            Some(Expr::Literal(_)) => format!("{} {turned} {}", self.expression(two), self.expression(one)),
            _ => format!("{} {by} {}", self.expression(one), self.expression(two)),
        }
    }

    /// `sum of purchased.amount in last 1 year`
    fn aggregate(&self, aggregate: &Aggregate) -> String {
        let Aggregate { kind, probe, keys, window, filter, of } = aggregate;
        format!("{} {}", kind.words(), self.history(*probe, *of, keys, window, *filter))
    }

    /// `purchased discounted same product.family in last 1 year`; `of` is what is taken of each event.
    fn history(
        &self,
        probe: ProbeIx,
        of: Option<ExprIx>,
        keys: &[ExprIx],
        window: &Window,
        filter: Option<ExprIx>,
    ) -> String {
        let code = &self.code.code;
        let Some(definition) = code.probes.get(probe) else { return String::new() };
        let mut text = code.events.get(usize::from(definition.event)).map_or(String::new(), |event| event.name.clone());
        let inner = Words { event: Some(definition.event), ..*self };
        match of.map(|of| (code.exprs.get(of), inner.expression(of))) {
            Some((Some(Expr::Event(_) | Expr::Field { .. }), of)) => text.push_str(&format!(".{of}")),
            Some((_, of)) => text.push_str(&format!(" {of}")),
            None => {}
        }
        for (of_event, of_instance) in definition.keys.iter().zip(keys) {
            let (one, other) = (inner.expression(*of_event), self.expression(*of_instance));
            text.push_str(&match code.exprs.get(*of_instance) {
                Some(Expr::OwnMessage(_)) => format!(" {other}"),
                _ if one == other => format!(" same {one}"),
                _ => format!(" where {one} is {other}"),
            });
        }
        for part in [definition.filter, filter].into_iter().flatten() {
            match code.exprs.get(part) {
                Some(Expr::And(parts)) => parts.iter().for_each(|part| inner.filter(*part, &mut text)),
                _ => inner.filter(part, &mut text),
            }
        }
        match window {
            Window::Ever => text.push_str(" ever"),
            Window::Since(since) => text.push_str(&format!(" since {}", self.expression(*since))),
            Window::InLast(length) => text.push_str(&format!(" in last {}", self.expression(*length))),
        }
        text
    }

    /// A clause of the filter of an event.
    fn filter(&self, ix: ExprIx, text: &mut String) {
        let words = match self.code.code.exprs.get(ix) {
            // Whoever asks for an open or a click means that a person did it.
            Some(Expr::Equal(one, _)) if self.says_by_whom(*one) => return,
            Some(Expr::Not(inner)) if self.says_not_by_a_person(*inner) => "not by a person".into(),
            Some(Expr::Has(inner)) => self.expression(*inner),
            // The name of a message stands alone.
            Some(Expr::Equal(one, two)) if self.expression(*one) == "message" => match self.code.code.exprs.get(*two) {
                Some(Expr::Literal(Literal::Text(name))) => name.clone(),
                _ => self.expression(ix),
            },
            Some(Expr::Event(_) | Expr::Field { .. } | Expr::Equal(..) | Expr::IsEmpty(_) | Expr::In(..)) => {
                self.expression(ix)
            }
            Some(Expr::Not(inner)) => match self.code.code.exprs.get(*inner) {
                Some(Expr::Equal(..) | Expr::IsEmpty(_)) => self.expression(ix),
                _ => format!("where {}", self.expression(ix)),
            },
            Some(Expr::And(_) | Expr::Or(_)) => format!("where ({})", self.expression(ix)),
            _ => format!("where {}", self.expression(ix)),
        };
        text.push(' ');
        text.push_str(&words);
    }

    /// `by default "person"`, which the checker adds to opens and clicks.
    fn says_by_whom(&self, ix: ExprIx) -> bool {
        let Some(Expr::Default(by, _)) = self.code.code.exprs.get(ix) else { return false };
        matches!(self.code.code.exprs.get(*by), Some(Expr::Event(_))) && self.expression(*by) == "by"
    }

    fn says_not_by_a_person(&self, ix: ExprIx) -> bool {
        matches!(self.code.code.exprs.get(ix), Some(Expr::Equal(one, _)) if self.says_by_whom(*one))
    }

    fn event_field(&self, slot: u16) -> Option<String> {
        let event = self.code.code.events.get(usize::from(self.event?))?;
        event.fields.get(usize::from(slot)).map(|field| field.name.clone())
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

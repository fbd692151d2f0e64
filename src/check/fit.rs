//! Whether a value is of the type that is wanted.

use super::literals::{a, mismatch, not_of_enumeration};
use super::scope::{Checker, Scope};
use super::typed::{Expr, Kind};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Field, Literal, Type};
use crate::syntax::tree;
use crate::time::TimeOfDay;

impl Checker<'_> {
    /// Both of one type, after what a literal may become; a mismatch is reported.
    pub(super) fn alike(&mut self, scope: &Scope, left: Expr, right: Expr) -> Option<(Expr, Expr)> {
        let (Some(left_type), Some(right_type)) = (left.ty.clone(), right.ty.clone()) else { return None };
        let is_literal = matches!(left.kind, Kind::Literal(_));
        match self.fit(right.clone(), &left_type) {
            Ok(right) => Some((left, right)),
            // What is written out is what can be written otherwise.
            Err(found) if is_literal => match self.fit(left, &right_type) {
                Ok(left) => Some((left, right)),
                Err(other) => {
                    let is_literal = matches!(right.kind, Kind::Literal(_));
                    self.report(scope, if is_literal { *found } else { *other });
                    None
                }
            },
            Err(found) => {
                self.report(scope, *found);
                None
            }
        }
    }

    /// The expression as a value of the wanted type. A date becomes the last second of its day where an instant is
    /// wanted; a text must be one of an enumeration's.
    pub(super) fn fit(&self, value: Expr, wanted: &Type) -> Result<Expr, Box<Diagnostic>> {
        let Some(ty) = &value.ty else { return Ok(value) };
        let currency = &self.configuration.currency.0;
        match (wanted, ty, &value.kind) {
            (Type::Instant, Type::Date, Kind::Literal(Literal::Date(date))) => {
                let instant = self.configuration.zone.instant(*date, TimeOfDay::LAST_SECOND);
                Ok(Expr::literal(Literal::Instant(instant), Type::Instant, value.span))
            }
            (Type::Enumeration(texts), Type::Text, Kind::Literal(Literal::Text(text))) => {
                if texts.contains(text) {
                    return Ok(value);
                }
                Err(Box::new(not_of_enumeration(text, texts, value.span)))
            }
            (Type::Enumeration(_), Type::Text, _) | (Type::Text, Type::Enumeration(_), _) => Ok(value),
            (Type::Enumeration(one), Type::Enumeration(other), _) if one.iter().any(|text| other.contains(text)) => {
                Ok(value)
            }
            (Type::Message, Type::Text, Kind::Literal(Literal::Text(name))) => {
                let name = name.clone();
                self.message_of_name(&name, value)
            }
            (Type::Money, Type::Number, Kind::Literal(Literal::Number(number))) => {
                let amount = format!("{number} {currency}");
                Err(Box::new(
                    Diagnostic::new(Rule::TypeMismatch, "expected an amount of money, found a number")
                        .at(value.span, "an amount has a currency")
                        .help(format!("write `{amount}`"))
                        .fix(value.span, amount),
                ))
            }
            (Type::Entity(entity), Type::Text, Kind::Literal(Literal::Text(text))) => {
                let record = self.names.model.entities.get(entity);
                let is_text = |field: &&Field| field.ty == Type::Text;
                let named = record.and_then(|record| record.field("name")).filter(is_text);
                let field = named.or_else(|| record?.fields.iter().find(is_text)).map_or("FIELD", |field| &field.name);
                Err(Box::new(
                    Diagnostic::new(Rule::TypeMismatch, format!("expected {}, found a text", a(wanted)))
                        .at(value.span, format!("{} is more than its name", a(wanted)))
                        .help(format!("compare one of its fields, such as `{entity}.{field} is \"{text}\"`")),
                ))
            }
            (Type::Duration, Type::Number, Kind::Literal(Literal::Number(number))) => Err(Box::new(
                Diagnostic::new(Rule::TypeMismatch, "expected a duration, found a number")
                    .at(value.span, "of what: hours, days, weeks?")
                    .help(format!("give the number a unit, such as `{number} days`")),
            )),
            (wanted, ty, _) if wanted == ty => Ok(value),
            (wanted, ty, _) => Err(Box::new(mismatch(wanted, Some(ty), value.span, currency))),
        }
    }

    /// A value of the wanted type, or a report.
    pub(super) fn typed(&mut self, scope: &Scope, tree: &tree::Expr, wanted: &Type) -> Expr {
        if *wanted == Type::Duration && self.refuse_joined(tree) {
            return Expr::error(tree.span);
        }
        let value = self.expr(scope, tree);
        let span = value.span;
        if self.refuse_history(scope, &value) {
            return Expr::error(span);
        }
        match self.fit(value, wanted) {
            Ok(value) => value,
            Err(found) => {
                self.report(scope, *found);
                Expr::error(span)
            }
        }
    }

    /// A history is true or false, and nothing else.
    pub(super) fn refuse_history(&mut self, scope: &Scope, value: &Expr) -> bool {
        if !value.is_history() {
            return false;
        }
        let found = Diagnostic::new(Rule::HistoryCompared, "a history is not compared")
            .at(value.span, "true when such an event happened, else false")
            .because("how often or how much is asked by an aggregate, such as `count of purchased ever`")
            .help("use it as a condition, negate it with `no`, or ask `count of`");
        self.report(scope, found);
        true
    }
}

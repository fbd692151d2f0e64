//! Arithmetic and order: which types go together, and what may be missing.

use super::exprs::{flag, path_text};
use super::literals::a;
use super::scope::{Checker, Place, Scope, out_of_context};
use super::typed::{Expr, Kind};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Literal, Type};
use crate::span::Span;
use crate::syntax::tree::{self, Comparison, ExprKind, Factor, Sign};
use crate::time::Duration;

impl Checker<'_> {
    /// An operand of arithmetic or of an order. One that may be missing is a warning, unless a missing value has its
    /// place here.
    pub(super) fn operand(&mut self, scope: &Scope, tree: &tree::Expr) -> Expr {
        let mut value = self.expr(scope, tree);
        if self.refuse_history(scope, &value) {
            return Expr::error(tree.span);
        }
        if self.refuse_list(scope, &value) {
            return Expr::error(tree.span);
        }
        if value.optional && !scope.missing_is_fine && value.ty.is_some() {
            let (text, message) = match &tree.kind {
                ExprKind::Path(path) => (path_text(path), format!("`{}` may be missing", path_text(path))),
                ExprKind::Product(_) => (String::new(), "a division by zero has no value".to_owned()),
                ExprKind::Aggregate(_) => (String::new(), "without such an event this has no value".to_owned()),
                _ => (String::new(), "this value may be missing".to_owned()),
            };
            if !scope.present.contains(&text) {
                let found = self.maybe_missing(scope, &text, message, &value, tree.span);
                self.report(scope, found);
            }
            // Said once; what is made of it says no more.
            value.optional = false;
        }
        value
    }

    /// Goes through what has operands. Where their types do not go together, nobody is asked what stands for one that is
    /// missing: it will be another one.
    pub(super) fn of_operands(&mut self, work: impl FnOnce(&mut Self) -> Expr) -> Expr {
        let before = self.out.len();
        let value = work(self);
        let since = self.out.get(before..).unwrap_or_default();
        if value.ty.is_none() && since.iter().any(|found| found.rule == Rule::TypeMismatch) {
            let since = self.out.split_off(before);
            self.out.extend(since.into_iter().filter(|found| found.rule != Rule::MaybeMissing));
        }
        value
    }

    fn maybe_missing(&self, scope: &Scope, text: &str, message: String, value: &Expr, span: Span) -> Diagnostic {
        let sample = match &value.ty {
            Some(Type::Duration) => Some("1 year".to_owned()),
            Some(Type::Money) => Some(format!("0 {}", self.configuration.currency.0)),
            Some(Type::Percent) => Some("0%".to_owned()),
            Some(Type::Instant | Type::Date) => Some("2020-01-01".to_owned()),
            Some(Type::Time) => Some("09:00".to_owned()),
            Some(Type::Flag) => Some("no".to_owned()),
            Some(Type::Text) => Some("\"...\"".to_owned()),
            Some(Type::Enumeration(texts)) => texts.first().map(|first| format!("\"{first}\"")),
            Some(Type::Number) => Some("0".to_owned()),
            // No value can be written for a row of the CRM.
            _ => None,
        };
        let stands = sample.map(|sample| match text.is_empty() {
            true => format!("say what stands for it: `(...) default {sample}`"),
            false => format!("say what stands for it: `{text} default {sample}`"),
        });
        // What was unknown held back; what stands for it may let it go.
        let (label, stands) = match scope.holds_back && !scope.in_filter {
            true => {
                let stands = stands.map(|stands| format!("where it is to go on then, {stands}"));
                ("the result is unknown then, which holds back as if it were true", stands)
            }
            false => ("the result is unknown then, and unknown never acts", stands),
        };
        let asks = (!text.is_empty()).then(|| match scope.holds_back && !scope.in_filter {
            true => format!("where not, `{text} is empty or ...`"),
            false => format!("ask first: `has {text} and ...`"),
        });
        let ways: Vec<String> = stands.into_iter().chain(asks).collect();
        Diagnostic::new(Rule::MaybeMissing, message).at(span, label).help(if ways.is_empty() {
            "ask for it before, with `has`".to_owned()
        } else {
            ways.join("; or ")
        })
    }

    pub(super) fn sum(&mut self, scope: &Scope, terms: &[(Sign, tree::Expr)], span: Span) -> Expr {
        let checked: Vec<(Sign, Expr)> = terms.iter().map(|(sign, term)| (*sign, self.operand(scope, term))).collect();
        let optional = checked.iter().any(|(_, term)| term.optional);
        let mut total: Option<Type> = None;
        for (place, (sign, term)) in checked.iter().enumerate() {
            let Some(ty) = &term.ty else { return Expr::error(span) };
            if place == 0 {
                total = Some(ty.clone());
                continue;
            }
            let Some(before) = total else { return Expr::error(span) };
            total = added(&before, *sign, ty, term);
            if total.is_none() {
                let found = not_added(&before, *sign, ty, term);
                self.report(scope, found);
                return Expr::error(span);
            }
        }
        Expr { kind: Kind::Sum(checked), ty: total, optional, span }
    }

    pub(super) fn product(&mut self, scope: &Scope, factors: &[(Factor, tree::Expr)], span: Span) -> Expr {
        let checked: Vec<(Factor, Expr)> =
            factors.iter().map(|(factor, each)| (*factor, self.operand(scope, each))).collect();
        let mut optional = checked.iter().any(|(_, each)| each.optional);
        let mut total: Option<Type> = None;
        for (place, (factor, each)) in checked.iter().enumerate() {
            let Some(ty) = &each.ty else { return Expr::error(span) };
            if place == 0 {
                total = Some(ty.clone());
                continue;
            }
            let Some(before) = total else { return Expr::error(span) };
            total = multiplied(&before, *factor, ty, each);
            optional |= *factor == Factor::Over && !is_nonzero(each);
            if total.is_none() {
                let found = not_multiplied(&before, *factor, ty, each);
                self.report(scope, found);
                return Expr::error(span);
            }
        }
        Expr { kind: Kind::Product(checked), ty: total, optional, span }
    }

    pub(super) fn negate(&mut self, scope: &Scope, inner: &tree::Expr, span: Span) -> Expr {
        let value = self.operand(scope, inner);
        let optional = value.optional;
        match value.ty.clone() {
            None => Expr::error(span),
            Some(ty @ (Type::Number | Type::Money | Type::Percent | Type::Duration)) => {
                Expr::new(Kind::Negate(Box::new(value)), ty, optional, span)
            }
            Some(ty) => {
                let found = Diagnostic::new(Rule::TypeMismatch, format!("{} has no opposite", a(&ty)))
                    .at(value.span, "a number or a duration is expected after `-`")
                    .help("leave the sign out");
                self.report(scope, found);
                Expr::error(span)
            }
        }
    }

    /// `3 months ago`.
    pub(super) fn ago(&mut self, scope: &Scope, duration: &tree::Expr, span: Span) -> Expr {
        if matches!(scope.place, Place::TriggerFilter | Place::OncePer | Place::OnceEvery) {
            self.report(scope, out_of_context("ago", scope.place, span));
            return Expr::error(span);
        }
        let duration = self.operand(scope, duration);
        let at = duration.span;
        let optional = duration.optional;
        match self.fit(duration, &Type::Duration) {
            Ok(duration) => {
                let now = Expr::new(Kind::Now, Type::Instant, false, span);
                Expr::new(Kind::Sum(vec![(Sign::Plus, now), (Sign::Minus, duration)]), Type::Instant, optional, span)
            }
            Err(found) => {
                self.report(scope, *found);
                Expr::error(at)
            }
        }
    }

    pub(super) fn compare(
        &mut self,
        scope: &Scope,
        op: Comparison,
        left: &tree::Expr,
        right: &tree::Expr,
        span: Span,
    ) -> Expr {
        let left = self.operand(scope, left);
        let right = self.operand(scope, right);
        let optional = left.optional || right.optional;
        // A date without a time is the last second of its day.
        let alike = match are_moments(&left, &right) {
            true => Some((left, right)),
            false => self.alike(scope, left, right),
        };
        let Some((left, right)) = alike else { return Expr::error(span) };
        let in_time = matches!(op, Comparison::Before | Comparison::After);
        match &left.ty {
            Some(Type::Instant | Type::Date) => {}
            Some(Type::Number | Type::Money | Type::Percent | Type::Duration | Type::Time) if !in_time => {}
            None => return Expr::error(span),
            Some(ty) => {
                let (message, help) = match in_time {
                    true => (format!("{} is not before or after another", a(ty)), "compare it with `<` or `>`"),
                    false => (format!("{} has no order", a(ty)), "compare it with `is`"),
                };
                let found = Diagnostic::new(Rule::TypeMismatch, message).at(left.span, "compared here").help(help);
                self.report(scope, found);
                return Expr::error(span);
            }
        }
        let kind = match op {
            Comparison::Less | Comparison::Before => Kind::Less(Box::new((left, right))),
            Comparison::Greater | Comparison::After => Kind::Less(Box::new((right, left))),
            Comparison::LessOrEqual => Kind::LessOrEqual(Box::new((left, right))),
            Comparison::GreaterOrEqual => Kind::LessOrEqual(Box::new((right, left))),
        };
        flag(kind, optional, span)
    }
}

/// Whether one is an instant and the other a date that is not written out.
fn are_moments(left: &Expr, right: &Expr) -> bool {
    let is_literal = |expr: &Expr| matches!(expr.kind, Kind::Literal(_));
    matches!((&left.ty, &right.ty), (Some(Type::Instant), Some(Type::Date)) | (Some(Type::Date), Some(Type::Instant)))
        && !is_literal(left)
        && !is_literal(right)
}

/// The type of `before + term` or `before - term`.
fn added(before: &Type, sign: Sign, ty: &Type, term: &Expr) -> Option<Type> {
    match (before, ty) {
        (Type::Number | Type::Money | Type::Percent | Type::Duration, _) if before == ty => Some(before.clone()),
        (Type::Instant, Type::Duration) => Some(Type::Instant),
        (Type::Date, Type::Duration) => {
            let absolute = constant_duration(term).is_some_and(|duration| duration.micros != 0);
            (!absolute).then_some(Type::Date)
        }
        (Type::Instant, Type::Instant) if sign == Sign::Minus => Some(Type::Duration),
        _ => None,
    }
}

fn not_added(before: &Type, sign: Sign, ty: &Type, term: &Expr) -> Diagnostic {
    let message = match sign {
        Sign::Plus => format!("{} cannot be added to {}", a(ty), a(before)),
        Sign::Minus => format!("{} cannot be taken from {}", a(ty), a(before)),
    };
    let help = match (before, ty) {
        (Type::Duration, Type::Instant | Type::Date) => "write the instant first: `entry + 1 day`",
        (Type::Date, Type::Duration) => "a date moves by days, weeks, months or years",
        (Type::Instant | Type::Date | Type::Duration, Type::Number) => "give the number a unit: `3 days`",
        _ => "add values of one type, or a duration to an instant",
    };
    Diagnostic::new(Rule::TypeMismatch, message).at(term.span, format!("this is {}", a(ty))).help(help)
}

/// The type of `before * each` or `before / each`.
fn multiplied(before: &Type, factor: Factor, ty: &Type, each: &Expr) -> Option<Type> {
    use Type::{Duration, Money, Number, Percent};
    match (factor, before, ty) {
        (Factor::Times, Number | Percent, Number | Percent) if before == ty => Some(ty.clone()),
        (Factor::Times, Number, Percent) | (Factor::Times, Percent, Number) => Some(Number),
        (Factor::Times, Money, Number | Percent) | (Factor::Times, Number | Percent, Money) => Some(Money),
        (Factor::Times, Duration, Number) => is_whole(each).then_some(Duration),
        (Factor::Times, Number, Duration) => Some(Duration),
        (Factor::Over, Number | Money | Percent, Number) => Some(before.clone()),
        (Factor::Over, Money, Money) | (Factor::Over, Percent, Percent) => Some(Number),
        _ => None,
    }
}

fn not_multiplied(before: &Type, factor: Factor, ty: &Type, each: &Expr) -> Diagnostic {
    let message = match factor {
        Factor::Times => format!("{} cannot be multiplied by {}", a(before), a(ty)),
        Factor::Over => format!("{} cannot be divided by {}", a(before), a(ty)),
    };
    let help = match (before, ty) {
        (Type::Duration, Type::Number) => "a duration is multiplied by a whole number",
        _ => "multiply and divide numbers, amounts and percentages",
    };
    Diagnostic::new(Rule::TypeMismatch, message).at(each.span, format!("this is {}", a(ty))).help(help)
}

fn is_whole(expr: &Expr) -> bool {
    !matches!(&expr.kind, Kind::Literal(Literal::Number(number)) if !number.fract().is_zero())
}

fn is_nonzero(expr: &Expr) -> bool {
    matches!(&expr.kind, Kind::Literal(Literal::Number(number)) if !number.is_zero())
}

/// The duration that an expression of constants is; `None` when it depends on anything.
pub(super) fn constant_duration(expr: &Expr) -> Option<Duration> {
    match &expr.kind {
        Kind::Literal(Literal::Duration(duration)) => Some(*duration),
        Kind::Negate(inner) => constant_duration(inner)?.checked_neg(),
        Kind::Sum(terms) => terms.iter().try_fold(Duration::ZERO, |total, (sign, term)| {
            let term = constant_duration(term)?;
            total.checked_add(if *sign == Sign::Minus { term.checked_neg()? } else { term })
        }),
        _ => None,
    }
}

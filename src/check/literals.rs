//! Values as written: quantities with their units, and constants of a wanted type.

use super::typed::{Expr, Kind};
use super::words::or_list;
use crate::diagnostic::{Diagnostic, Near, Rule, suggestion};
use crate::model::{Configuration, Literal, Type};
use crate::span::Span;
use crate::syntax::tree::{self, ExprKind, Word};
use crate::syntax::{currency_meant, unit_meant};
use crate::time::{Duration, TimeOfDay};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// A literal and its type; `None` when the expression is no literal. A wrong one is reported and gives an error node.
pub fn literal(expr: &tree::Expr, configuration: &Configuration, out: &mut Vec<Diagnostic>) -> Option<Expr> {
    let of = |literal, ty| Some(Expr::literal(literal, ty, expr.span));
    match &expr.kind {
        ExprKind::Text(text) => of(Literal::Text(text.clone()), Type::Text),
        ExprKind::Number(number) => of(Literal::Number(number.normalize()), Type::Number),
        ExprKind::Percent(percent) => match percent.checked_div(Decimal::ONE_HUNDRED) {
            Some(fraction) => of(Literal::Number(fraction.normalize()), Type::Percent),
            None => Some(too_large(expr.span, out)),
        },
        ExprKind::Flag(flag) => of(Literal::Flag(*flag), Type::Flag),
        ExprKind::Date(date) => of(Literal::Date(*date), Type::Date),
        ExprKind::Time(time) => of(Literal::Time(*time), Type::Time),
        ExprKind::DateTime(date, time) => of(Literal::Instant(configuration.zone.instant(*date, *time)), Type::Instant),
        ExprKind::Quantity(parts) => Some(quantity(parts, expr.span, configuration, out)),
        _ => None,
    }
}

/// A time as it is written: `30 days`.
pub(super) fn time_of(tree: &tree::Expr) -> Option<String> {
    let ExprKind::Quantity(parts) = &tree.kind else { return None };
    let is_time = parts.iter().all(|(_, unit)| Duration::unit(&unit.value).is_some());
    let parts: Vec<String> = parts.iter().map(|(count, unit)| format!("{count} {}", unit.value)).collect();
    is_time.then(|| parts.join(" "))
}

/// `1 year 6 months`, or `20 EUR`.
fn quantity(parts: &[(Decimal, Word)], span: Span, configuration: &Configuration, out: &mut Vec<Diagnostic>) -> Expr {
    if let [(amount, word)] = parts
        && is_currency(&word.value)
    {
        return money(*amount, word, span, configuration, out);
    }
    let mut total = Some(Duration::ZERO);
    for (count, word) in parts {
        let Some(unit) = Duration::unit(&word.value) else {
            out.push(unknown_unit(word));
            return Expr::error(span);
        };
        if unit.micros == 0 && !count.fract().is_zero() {
            out.push(part_of_a_unit(*count, word, span));
            return Expr::error(span);
        }
        total = total.and_then(|sum| sum.checked_add(times(unit, *count)?));
    }
    match total {
        Some(duration) if !is_too_long(duration) => Expr::literal(Literal::Duration(duration), Type::Duration, span),
        _ => {
            out.push(too_long(span));
            Expr::error(span)
        }
    }
}

/// The longest duration that from any day of this millennium ends before the year 10000, with which the calendar ends.
const LONGEST_YEARS: i32 = 7_000;

/// Whether a duration leads out of the calendar.
pub(super) fn is_too_long(duration: Duration) -> bool {
    duration.nominal().abs() > Duration::months(LONGEST_YEARS.saturating_mul(12)).nominal()
}

/// A duration that leads out of the calendar.
pub(super) fn too_long(span: Span) -> Diagnostic {
    Diagnostic::new(Rule::BadLiteral, "this duration is longer than the calendar")
        .at(span, "the calendar ends with the year 9999")
        .help(format!("write at most `{LONGEST_YEARS} years`"))
}

/// `count` units; `None` when that leaves the range of durations.
fn times(unit: Duration, count: Decimal) -> Option<Duration> {
    if unit.micros == 0 {
        return unit.checked_mul(count.to_i32()?);
    }
    let micros = Decimal::from(unit.micros).checked_mul(count)?.round().to_i64()?;
    Some(Duration { micros, ..Duration::ZERO })
}

fn money(amount: Decimal, word: &Word, span: Span, configuration: &Configuration, out: &mut Vec<Diagnostic>) -> Expr {
    let currency = &configuration.currency.0;
    if word.value == *currency {
        return Expr::literal(Literal::Number(amount.normalize()), Type::Money, span);
    }
    out.push(
        Diagnostic::new(Rule::ForeignCurrency, format!("`{}` is not the currency of this project", word.value))
            .at(word.span, format!("the project counts in {currency}"))
            .because("amounts of different currencies cannot be compared or added")
            .help(format!("write the amount in {currency}, or set `currency` in `scn.toml`")),
    );
    Expr::error(span)
}

fn is_currency(word: &str) -> bool {
    word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn unknown_unit(word: &Word) -> Diagnostic {
    if let Some(code) = currency_meant(&word.value) {
        return Diagnostic::new(Rule::UnknownUnit, format!("`{}` is written by its code", word.value))
            .at(word.span, "a currency is three capital letters")
            .help(format!("write `{code}`"))
            .fix(word.span, code);
    }
    let plurals: Vec<String> = Duration::UNITS.iter().map(|unit| format!("{unit}s")).collect();
    let known = Duration::UNITS.iter().copied().chain(plurals.iter().map(String::as_str));
    let found = Diagnostic::new(Rule::UnknownUnit, format!("no unit is called `{}`", word.value));
    // `m` is a month for one author, and a minute for another.
    let is_sure = word.value.chars().count() > 1;
    let meant = unit_meant(&word.value).map(|word| Near { word, is_sure });
    match meant.or_else(|| suggestion(&word.value, known)) {
        Some(near) => found
            .at(word.span, format!("did you mean `{near}`?"))
            .help(format!("write `{near}`"))
            .meant(word.span, near),
        None => found
            .at(word.span, "not a unit of time, nor a currency")
            .help(format!("the units are {}; a currency is three capital letters", or_list(&Duration::UNITS))),
    }
}

fn part_of_a_unit(count: Decimal, word: &Word, span: Span) -> Diagnostic {
    let half = match word.value.trim_end_matches('s') {
        "year" => "`18 months` for one year and a half",
        "month" | "quarter" => "`6 weeks` or `45 days`",
        _ => "`36 hours` for one day and a half",
    };
    let units = format!("{}s", word.value.trim_end_matches('s'));
    Diagnostic::new(Rule::BadLiteral, format!("`{count} {}` is not a whole number of {units}", word.value))
        .at(span, "calendar units are counted whole")
        .because("a month is not always as long, so a part of one has no fixed meaning")
        .help(format!("write it in a smaller unit, such as {half}"))
}

fn too_large(span: Span, out: &mut Vec<Diagnostic>) -> Expr {
    out.push(
        Diagnostic::new(Rule::BadLiteral, "this value is too large to be kept exactly")
            .at(span, "out of range")
            .help("write a smaller value"),
    );
    Expr::error(span)
}

/// A constant of a wanted type: the default of a field, a value of a test. A wrong one is reported.
pub fn constant(
    expr: &tree::Expr,
    wanted: &Type,
    configuration: &Configuration,
    out: &mut Vec<Diagnostic>,
) -> Option<Literal> {
    if let ExprKind::Negate(inner) = &expr.kind {
        return match constant(inner, wanted, configuration, out)? {
            Literal::Number(number) => Some(Literal::Number(-number)),
            Literal::Duration(duration) => duration.checked_neg().map(Literal::Duration),
            _ => {
                out.push(mismatch(wanted, None, expr.span, &configuration.currency.0));
                None
            }
        };
    }
    let Some(found) = literal(expr, configuration, out) else {
        out.push(mismatch(wanted, None, expr.span, &configuration.currency.0));
        return None;
    };
    let ty = found.ty?;
    let Kind::Literal(literal) = found.kind else { return None };
    match (wanted, &ty, literal) {
        (Type::Instant, Type::Date, Literal::Date(date)) => {
            Some(Literal::Instant(configuration.zone.instant(date, TimeOfDay::LAST_SECOND)))
        }
        // In a table of values the field has already said that the number is an amount or a fraction.
        (Type::Money | Type::Percent, Type::Number, literal) => Some(literal),
        (Type::Enumeration(texts), Type::Text, Literal::Text(text)) => {
            if texts.contains(&text) {
                return Some(Literal::Text(text));
            }
            out.push(not_of_enumeration(&text, texts, expr.span));
            None
        }
        (wanted, ty, literal) if wanted == ty => Some(literal),
        (wanted, ty, _) => {
            out.push(mismatch(wanted, Some(ty), expr.span, &configuration.currency.0));
            None
        }
    }
}

/// A text that an enumeration does not have.
pub fn not_of_enumeration(text: &str, texts: &[String], span: Span) -> Diagnostic {
    let found = Diagnostic::new(Rule::TypeMismatch, format!("\"{text}\" is not one of its values"));
    let known = texts.iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(", ");
    // Upper and lower case are no other word.
    let other_case = texts.iter().map(String::as_str).find(|each| each.to_lowercase() == text.to_lowercase());
    match other_case.map(Near::sure).or_else(|| suggestion(text, texts.iter().map(String::as_str))) {
        Some(near) => found
            .at(span, format!("did you mean \"{near}\"?"))
            .help(format!("write \"{near}\"; it is one of {known}"))
            .meant(span, Near { word: &format!("\"{near}\""), ..near }),
        None => found.at(span, "not one of its values").help(format!("it is one of {known}")),
    }
}

/// A value that is not of the wanted type.
pub fn mismatch(wanted: &Type, found: Option<&Type>, span: Span, currency: &str) -> Diagnostic {
    let message = match found {
        Some(found) => format!("expected {}, found {}", a(wanted), a(found)),
        None => format!("expected {} written out", a(wanted)),
    };
    Diagnostic::new(Rule::TypeMismatch, message)
        .at(span, format!("{} is expected here", a(wanted)))
        .help(format!("write {}", example(wanted, currency)))
}

/// A type with its article: `a number`, `an instant`, `a product`.
pub fn a(ty: &Type) -> String {
    match ty {
        Type::Money => "an amount of money".into(),
        Type::Percent => "a percentage".into(),
        Type::Enumeration(_) => format!("one of {}", ty.describe()),
        Type::List(entity) => format!("a list of {entity}s"),
        Type::Texts => "a list of texts".into(),
        other => {
            let words = other.describe();
            let article = if words.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
            format!("{article} {words}")
        }
    }
}

/// How a value of a type is written.
pub fn example(ty: &Type, currency: &str) -> String {
    match ty {
        Type::Text => "a text in quotes, such as `\"kibble\"`".into(),
        Type::Number => "a number, such as `3`".into(),
        Type::Flag => "`yes` or `no`".into(),
        Type::Money => format!("an amount, such as `20 {currency}`"),
        Type::Percent => "a percentage, such as `50%`".into(),
        Type::Instant => "an instant, such as `2024-12-10 10:00`".into(),
        Type::Date => "a date, such as `2024-12-10`".into(),
        Type::Time => "a time, such as `09:00`".into(),
        Type::Duration => "a duration, such as `2 weeks`".into(),
        Type::Enumeration(_) => format!("one of {}", ty.describe()),
        Type::Entity(entity) => format!("the name of a {entity} that the test gives"),
        Type::List(entity) => format!("a list of {entity}s, such as `[one, two]`"),
        Type::Texts => "a list of texts, such as `[\"one\", \"two\"]`".into(),
        Type::Message => "the name of a message".into(),
    }
}

//! What expressions of constants come to, by the engine's rules.

use super::super::typed::{Expr, Kind, Window};
use super::domain::Point;
use crate::model::Literal;
use crate::syntax::tree::{Factor, Sign};
use crate::time::Duration;
use rust_decimal::prelude::ToPrimitive;

/// Beyond so many months from now the calendar may end, and a moment be missing.
const AGO_MONTHS_MAX: i128 = 12_000;

/// `in last 3 months`, as a moment before now.
pub fn ago(window: &Window) -> Option<Point> {
    match window {
        Window::InLast(duration) => match constant(duration)? {
            Point::Literal(Literal::Duration(duration)) => moment(duration),
            _ => None,
        },
        _ => None,
    }
}

/// A moment so long before now, where the calendar has it, and each part of it leads the same way.
fn moment(duration: Duration) -> Option<Point> {
    let parts = [i64::from(duration.months), i64::from(duration.days), duration.micros];
    let one_way = parts.iter().all(|part| *part >= 0) || parts.iter().all(|part| *part <= 0);
    let near = duration.nominal().abs() <= Duration::months(1).nominal() * AGO_MONTHS_MAX;
    (one_way && near).then_some(Point::Ago(duration))
}

/// What an expression of constants comes to, by the engine's rules.
pub fn constant(expr: &Expr) -> Option<Point> {
    let literal = match &expr.kind {
        Kind::Literal(literal) => literal.clone(),
        Kind::Now => return moment(Duration::ZERO),
        Kind::Negate(inner) => negated(constant(inner)?)?,
        Kind::Sum(terms) => return sum(terms),
        Kind::Product(factors) => product(factors)?,
        _ => return None,
    };
    Some(Point::Literal(literal))
}

fn negated(point: Point) -> Option<Literal> {
    match point {
        Point::Literal(Literal::Number(number)) => Some(Literal::Number(-number)),
        Point::Literal(Literal::Duration(duration)) => duration.checked_neg().map(Literal::Duration),
        _ => None,
    }
}

fn sum(terms: &[(Sign, Expr)]) -> Option<Point> {
    let mut total: Option<Point> = None;
    for (sign, term) in terms {
        let term = match sign {
            Sign::Plus => constant(term)?,
            Sign::Minus => Point::Literal(negated(constant(term)?)?),
        };
        total = Some(match (total, term) {
            (None, term) => term,
            (Some(Point::Literal(Literal::Number(one))), Point::Literal(Literal::Number(other))) => {
                Point::Literal(Literal::Number(one.checked_add(other)?))
            }
            (Some(Point::Literal(Literal::Duration(one))), Point::Literal(Literal::Duration(other))) => {
                Point::Literal(Literal::Duration(one.checked_add(other)?))
            }
            // Of several parts each is added on its own, which may end on another day.
            (Some(Point::Ago(Duration::ZERO)), Point::Literal(Literal::Duration(other))) => {
                moment(other.checked_neg()?)?
            }
            _ => return None,
        });
    }
    total
}

fn product(factors: &[(Factor, Expr)]) -> Option<Literal> {
    let mut total: Option<Literal> = None;
    for (factor, each) in factors {
        let Point::Literal(each) = constant(each)? else { return None };
        total = Some(match (total, factor, each) {
            (None, _, each) => each,
            (Some(Literal::Number(one)), Factor::Times, Literal::Number(other)) => {
                Literal::Number(one.checked_mul(other)?)
            }
            (Some(Literal::Number(one)), Factor::Over, Literal::Number(other)) => {
                Literal::Number(one.checked_div(other)?)
            }
            (Some(Literal::Duration(duration)), Factor::Times, Literal::Number(times))
            | (Some(Literal::Number(times)), Factor::Times, Literal::Duration(duration)) => {
                let whole = times.fract().is_zero().then(|| times.to_i32()).flatten()?;
                Literal::Duration(duration.checked_mul(whole)?)
            }
            _ => return None,
        });
    }
    total
}

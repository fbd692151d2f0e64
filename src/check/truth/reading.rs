//! Reading a condition: which values it looks at, and what it says of them.

use super::super::typed::{Expr, History, Kind, Window};
use super::constants::{ago, constant};
use super::domain::{Bounds, NOW, Point, has_order, places};
use super::formula::{Formula, Subjects, Test};
use super::key::{history_key, key};
use crate::model::{AggregateKind, Literal, Model, Record, Type};
use crate::syntax::tree::Sign;
use rust_decimal::Decimal;

/// Reads conditions over the values of a model.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'m> {
    pub model: &'m Model,
    /// The events whose rows can be the trigger.
    pub triggers: &'m [&'m str],
}

/// One side of a comparison.
enum Side<'e> {
    Point(Point),
    Value(&'e Expr, Option<Point>),
}

impl Reader<'_> {
    /// A condition, with the values that it looks at.
    pub fn formula(&self, expr: &Expr, of_trigger: bool, subjects: &mut Subjects) -> Formula {
        let mut reading = Reading { reader: self, of_trigger, subjects };
        let formula = reading.condition(expr);
        subjects.settle();
        formula
    }

    /// Whether a value may be missing where the CRM keeps to the model.
    fn may_be_missing(&self, expr: &Expr) -> bool {
        let of = |record: Option<&Record>, name: &str| {
            record.and_then(|record| record.field(name)).is_none_or(|field| field.may_be_missing())
        };
        match &expr.kind {
            Kind::Literal(_) | Kind::Now | Kind::Entry => false,
            Kind::Contact(name) => of(self.model.entities.get("contact"), name),
            Kind::Trigger(name) | Kind::Event(name) => {
                self.triggers.is_empty() || self.triggers.iter().any(|event| of(self.model.events.get(*event), name))
            }
            Kind::Aggregate(aggregate) => {
                let counts = matches!(aggregate.kind, AggregateKind::Count | AggregateKind::CountDays);
                !counts || may_lack_keys(&aggregate.history) || !is_known(&aggregate.history.window)
            }
            Kind::Sum(terms) => !is_count(expr) || terms.iter().any(|(_, term)| self.may_be_missing(term)),
            _ => true,
        }
    }
}

/// Whether a value with which a history compares may be missing where the CRM keeps to the model.
fn may_lack_keys(history: &History) -> bool {
    history.keys.iter().any(|key| key.of_instance.optional)
}

/// Whether the beginning of a window is always known.
fn is_known(window: &Window) -> bool {
    match window {
        Window::Ever => true,
        Window::Since(from) => matches!(from.kind, Kind::Entry | Kind::LastMessage | Kind::Literal(_)),
        Window::InLast(_) => ago(window).is_some(),
    }
}

/// Whether it is a number of events, or a sum of such.
fn is_count(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Aggregate(aggregate) => matches!(aggregate.kind, AggregateKind::Count | AggregateKind::CountDays),
        Kind::Sum(terms) => terms.iter().all(|(sign, term)| *sign == Sign::Plus && is_count(term)),
        _ => false,
    }
}

fn side(expr: &Expr) -> Side<'_> {
    if let Some(point) = constant(expr) {
        return Side::Point(point);
    }
    if let Kind::Default(pair) = &expr.kind
        && let Some(point) = constant(&pair.1)
    {
        return Side::Value(&pair.0, Some(point));
    }
    Side::Value(expr, None)
}

struct Reading<'r, 'm> {
    reader: &'r Reader<'m>,
    of_trigger: bool,
    subjects: &'r mut Subjects,
}

impl Reading<'_, '_> {
    fn condition(&mut self, expr: &Expr) -> Formula {
        match &expr.kind {
            Kind::Literal(Literal::Flag(flag)) => Formula::Known(Some(*flag)),
            Kind::Missing => Formula::Known(None),
            Kind::Not(inner) => Formula::Not(Box::new(self.condition(inner))),
            Kind::And(all) => Formula::All(all.iter().map(|each| self.condition(each)).collect()),
            Kind::Or(all) => Formula::Any(all.iter().map(|each| self.condition(each)).collect()),
            Kind::IsUnknown(inner) => Formula::IsUnknown(Box::new(self.condition(inner))),
            Kind::Has(inner) => match constant(inner) {
                Some(_) => Formula::Known(Some(true)),
                None if inner.is_flag() => Formula::Not(Box::new(Formula::IsUnknown(Box::new(self.condition(inner))))),
                None => Formula::Has(self.subject(inner)),
            },
            Kind::IsEmpty(inner) => self.is_empty(inner),
            Kind::Equal(pair) => self.equal(&pair.0, &pair.1),
            Kind::Less(pair) => self.compared(&pair.0, &pair.1, Test::Below),
            Kind::LessOrEqual(pair) => self.compared(&pair.0, &pair.1, Test::AtMost),
            Kind::In(value, list) => Formula::Any(list.iter().map(|each| self.equal(value, each)).collect()),
            Kind::Default(pair) => Formula::Default(Box::new((self.condition(&pair.0), self.condition(&pair.1)))),
            Kind::If { arms, otherwise } => Formula::If {
                arms: arms.iter().map(|(when, then)| (self.condition(when), self.condition(then))).collect(),
                otherwise: Box::new(self.condition(otherwise)),
            },
            Kind::History(history) => self.history(history, expr),
            _ => self.flag(expr),
        }
    }

    fn is_empty(&mut self, inner: &Expr) -> Formula {
        let empty = match &inner.ty {
            Some(Type::Text | Type::Enumeration(_)) => Literal::Text(String::new()),
            Some(Type::List(_) | Type::Texts) => Literal::List(Vec::new()),
            _ => {
                let subject = self.subject(inner);
                return Formula::Not(Box::new(Formula::Has(subject)));
            }
        };
        if let Some(point) = constant(inner) {
            return Formula::Known(Some(point == Point::Literal(empty)));
        }
        let subject = self.subject(inner);
        let point = self.point(subject, Point::Literal(empty));
        Formula::IsEmpty(subject, point)
    }

    fn equal(&mut self, one: &Expr, other: &Expr) -> Formula {
        // `is yes`
        for (asked, wanted) in [(one, other), (other, one)] {
            if let Kind::Literal(Literal::Flag(wanted)) = wanted.kind {
                let asked = self.condition(asked);
                return if wanted { asked } else { Formula::Not(Box::new(asked)) };
            }
        }
        self.compared(one, other, Test::Equal)
    }

    fn compared(&mut self, one: &Expr, other: &Expr, test: Test) -> Formula {
        let turned = match test {
            Test::Equal => Test::Equal,
            Test::Below => Test::Above,
            Test::AtMost => Test::AtLeast,
            Test::Above => Test::Below,
            Test::AtLeast => Test::AtMost,
        };
        let found = match (side(one), side(other)) {
            (Side::Point(one), Side::Point(other)) => known(&one, &other, test),
            (Side::Value(value, fallback), Side::Point(point)) => self.compare(value, fallback, test, point),
            (Side::Point(point), Side::Value(value, fallback)) => self.compare(value, fallback, turned, point),
            (Side::Value(..), Side::Value(..)) => None,
        };
        found.unwrap_or_else(|| self.two_values(one, other, test))
    }

    /// `None` where the constant has no order among the others, such as 30 days ago beside 1 month ago.
    fn compare(&mut self, value: &Expr, fallback: Option<Point>, test: Test, point: Point) -> Option<Formula> {
        let subject = self.subject(value);
        if value.kind == Kind::Entry && matches!(point, Point::Ago(_)) {
            // Beside a fixed date it has no order.
            self.ordered(subject, NOW)?;
        }
        let point = self.ordered(subject, point)?;
        let fallback = match fallback {
            Some(fallback) => Some(self.ordered(subject, fallback)?),
            None => None,
        };
        self.subjects.change(subject)?.is_ordered |= test != Test::Equal;
        Some(Formula::Compare { subject, fallback, test, point })
    }

    /// Two values that both may be anything: one question, however it is turned.
    fn two_values(&mut self, one: &Expr, other: &Expr, test: Test) -> Formula {
        let (first, second) = (key(one, self.of_trigger), key(other, self.of_trigger));
        if first == second {
            let subject = self.subject(one);
            return Formula::WherePresent(subject, test != Test::Below);
        }
        match test {
            Test::Equal if first <= second => self.flag_named(format!("equal({first},{second},)")),
            Test::Equal => self.flag_named(format!("equal({second},{first},)")),
            // `a <= b` where not `b < a`.
            Test::AtMost => Formula::Not(Box::new(self.flag_named(format!("less({second},{first},)")))),
            _ => self.flag_named(format!("less({first},{second},)")),
        }
    }

    fn history(&mut self, history: &History, whole: &Expr) -> Formula {
        let since = match (&history.window, ago(&history.window)) {
            (Window::Ever, _) => None,
            (_, Some(point)) => Some(point),
            _ => {
                let subject = self.flag_subject(key(whole, false));
                let known = !may_lack_keys(history) && is_known(&history.window);
                if let Some(subject) = self.subjects.change(subject) {
                    subject.may_be_missing = !known;
                }
                return Formula::Flag(subject);
            }
        };
        let key = history_key(history);
        let latest = self.named(format!("latest {key}"), true, false, Bounds::default());
        let keyless = may_lack_keys(history).then(|| self.flag_subject(format!("keys {key}")));
        let Some(point) = since else { return Formula::Happened { latest, since: None, keyless } };
        let Some(point) = self.ordered(latest, point) else { return self.flag(whole) };
        if let Some(latest) = self.subjects.change(latest) {
            latest.is_ordered = true;
        }
        Formula::Happened { latest, since: Some(point), keyless }
    }

    fn flag(&mut self, expr: &Expr) -> Formula {
        let subject = self.flag_subject(key(expr, self.of_trigger));
        if let Some(subject) = self.subjects.change(subject) {
            subject.may_be_missing = self.reader.may_be_missing(expr);
        }
        Formula::Flag(subject)
    }

    fn flag_named(&mut self, key: String) -> Formula {
        Formula::Flag(self.flag_subject(key))
    }

    fn flag_subject(&mut self, key: String) -> usize {
        self.named(key, true, true, Bounds::default())
    }

    /// The value that an expression is.
    fn subject(&mut self, expr: &Expr) -> usize {
        let is_share = matches!(&expr.kind, Kind::Aggregate(aggregate) if aggregate.kind == AggregateKind::Share);
        // A scenario may set a field of the contact to any text.
        let texts = match (&expr.ty, &expr.kind) {
            (Some(Type::Enumeration(texts)), Kind::Trigger(_) | Kind::Event(_) | Kind::Field { .. }) => Some(texts),
            _ => None,
        };
        let is_past = expr.kind == Kind::Entry;
        let bounds = Bounds { is_count: is_count(expr), is_share, is_past, is_closed: texts.is_some() };
        let may_be_missing = self.reader.may_be_missing(expr);
        let subject = self.named(key(expr, self.of_trigger), may_be_missing, expr.is_flag(), bounds);
        for text in texts.into_iter().flatten() {
            self.point(subject, Point::Literal(Literal::Text(text.clone())));
        }
        if bounds.is_share {
            self.point(subject, Point::Literal(Literal::Number(Decimal::ZERO)));
            self.point(subject, Point::Literal(Literal::Number(Decimal::ONE)));
        }
        subject
    }

    fn named(&mut self, key: String, may_be_missing: bool, is_flag: bool, bounds: Bounds) -> usize {
        self.subjects.named(key, may_be_missing, is_flag, bounds)
    }

    fn point(&mut self, subject: usize, point: Point) -> usize {
        let Some(subject) = self.subjects.change(subject) else { return 0 };
        let known = subject.points.iter().position(|each| *each == point);
        known.unwrap_or_else(|| {
            subject.points.push(point);
            subject.points.len() - 1
        })
    }

    /// The same where it has an order among the others.
    fn ordered(&mut self, subject: usize, point: Point) -> Option<usize> {
        let known = self.subjects.get(subject)?;
        (known.points.contains(&point) || has_order(&known.points, &point)).then(|| self.point(subject, point))
    }
}

/// Two constants, compared as the engine does; `None` where that depends on now.
fn known(one: &Point, other: &Point, test: Test) -> Option<Formula> {
    let found = places(&[one.clone(), other.clone()])?;
    let &[left, right] = found.as_slice() else { return None };
    Some(Formula::Known(Some(match test {
        Test::Equal => one == other,
        Test::Below => left < right,
        _ => left <= right,
    })))
}

//! What starts a scenario: events, a silence, a period of the calendar, another scenario.

use super::arithmetic::constant_duration;
use super::names::with_suggestion;
use super::scope::{Checker, Place, Scope, Triggers};
use super::typed::{Expr, Kind, Occurrence, Start, Trigger};
use super::words::or_list;
use crate::diagnostic::{Diagnostic, Near, Rule, suggestion};
use crate::model::{Record, Type};
use crate::span::{Span, Spanned};
use crate::syntax::tree::{self, ClauseKind, EventPattern, ExprKind, Period, Sign, Word};
use crate::syntax::{day_meant, unit_meant};
use crate::time::{TimeOfDay, Weekday};

/// The periods of the calendar after `every`, days of the week aside.
const PERIODS: [&str; 5] = ["day", "week", "month", "quarter", "year"];

/// The contact's field from which a silence without any event is counted.
const CREATED_AT: &str = "created_at";

impl Checker<'_> {
    /// A trigger clause; the events of its patterns are in `patterns`, definitions unfolded.
    pub(super) fn start(&mut self, clause: &tree::Clause, patterns: &[EventPattern]) -> Start {
        match &clause.kind {
            ClauseKind::When(_) => {
                let mut triggers = self.triggers(patterns);
                self.by_persons(&mut triggers);
                Start::Events(triggers)
            }
            ClauseKind::WhenNo { ever, duration, .. } => self.silence(clause.span, patterns, *ever, duration),
            ClauseKind::Every { period, at, on } => match self.every(period, at.as_ref(), on.as_ref()) {
                Some(occurrence) => Start::Every { occurrence, since: self.known_creation(clause.span) },
                None => Start::Error,
            },
            ClauseKind::WhenStarted => Start::Started,
            _ => Start::Error,
        }
    }

    fn triggers(&mut self, patterns: &[EventPattern]) -> Vec<Trigger> {
        let mut triggers = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            let found = self.event(&Scope::new(Place::TriggerFilter, Triggers::Of(&[])), &pattern.event);
            let Some(event) = found else {
                let in_error = vec![Expr::error(pattern.span)];
                let event = pattern.event.value.clone();
                triggers.push(Trigger { event, filters: in_error, span: pattern.span });
                continue;
            };
            let records = [event];
            let scope = Scope::new(Place::TriggerFilter, Triggers::Of(&records));
            let filters = self.filters(&scope, event, &pattern.filters, &mut Vec::new());
            triggers.push(Trigger { event: event.name.clone(), filters, span: pattern.span });
        }
        triggers
    }

    /// `when no EVENT [ever] for DURATION`
    fn silence(&mut self, span: Span, patterns: &[EventPattern], ever: bool, duration: &tree::Expr) -> Start {
        let events = self.triggers(patterns);
        let names = self.names;
        let known: Option<Vec<&Record>> = events.iter().map(|trigger| names.model.events.get(&trigger.event)).collect();
        let records = known.unwrap_or_default();
        let triggers = if records.is_empty() { Triggers::Unknown } else { Triggers::Of(&records) };
        // One whose duration is missing does not fire.
        let scope = Scope { missing_is_fine: true, ..Scope::new(Place::Silence, triggers) };
        let duration = self.typed(&scope, duration, &Type::Duration);
        if constant_duration(&duration).is_some_and(|each| each.nominal() <= 0) {
            self.out.push(
                Diagnostic::new(Rule::BadLiteral, "this silence has no length")
                    .at(duration.span, "zero or less")
                    .help("write a duration above zero, such as `3 months`"),
            );
        }
        let since = ever.then(|| self.created_at(span));
        Start::Silence { events, duration, since }
    }

    /// The contact's creation, from which one who never had such an event is silent.
    fn created_at(&mut self, span: Span) -> Expr {
        if let Some(creation) = self.known_creation(span) {
            return creation;
        }
        if !self.names.is_broken("contact", CREATED_AT) {
            self.out.push(
                Diagnostic::new(Rule::UnknownField, format!("`contact` has no instant `{CREATED_AT}`"))
                    .at(span, "`ever` counts from it where there was no such event")
                    .help(format!("declare it: `extend contact {{ {CREATED_AT}: instant? }}`, or leave out `ever`")),
            );
        }
        Expr::error(span)
    }

    /// The contact's creation where the model has it, from which on a contact takes part; one that has none always does.
    pub(super) fn known_creation(&self, span: Span) -> Option<Expr> {
        let names = self.names;
        let field = names.model.entities.get("contact").and_then(|contact| contact.field(CREATED_AT));
        let field = field.filter(|field| field.ty == Type::Instant && !names.is_broken("contact", CREATED_AT))?;
        Some(Expr::new(Kind::Contact(CREATED_AT.to_owned()), Type::Instant, field.may_be_missing(), span))
    }

    /// `every PERIOD [at TIME]`, `every year on DATE`
    fn every(
        &mut self,
        period: &Period,
        at: Option<&Spanned<TimeOfDay>>,
        on: Option<&tree::Expr>,
    ) -> Option<Occurrence> {
        let at = at.map_or(TimeOfDay::MIDNIGHT, |at| at.value);
        let word = match period {
            Period::Word(word) => word,
            Period::Quantity(quantity) => {
                self.out.push(not_a_period(quantity.span));
                return None;
            }
        };
        if let Some(on) = on {
            if word.value != "year" {
                self.out.push(on_without_year(word, on.span));
                return None;
            }
            let (date, shift) = self.anniversary(on)?;
            return Some(Occurrence::Anniversary { date: Box::new(date), shift: shift.map(Box::new), at });
        }
        if let Some(day) = Weekday::named(&word.value) {
            return Some(Occurrence::Weekly { day, at });
        }
        Some(match word.value.as_str() {
            "day" => Occurrence::Day { at },
            "week" => Occurrence::Weekly { day: Weekday::Monday, at },
            "month" => Occurrence::Monthly { months: 1, at },
            "quarter" => Occurrence::Monthly { months: 3, at },
            "year" => Occurrence::Monthly { months: 12, at },
            _ => {
                let found = Diagnostic::new(Rule::UnknownName, format!("no period is called `{}`", word.value));
                let known = || PERIODS.into_iter().chain(Weekday::ALL.map(Weekday::name));
                let unit = unit_meant(&word.value)
                    .and_then(|unit| PERIODS.into_iter().find(|each| *each == unit.trim_end_matches('s')));
                let near = day_meant(&word.value).or(unit).map(Near::sure).or_else(|| suggestion(&word.value, known()));
                let otherwise = format!("a period is {}, or a day such as `monday`", or_list(&PERIODS));
                self.out.push(with_suggestion(found, word, near, &otherwise));
                return None;
            }
        })
    }

    /// `contact.birthday - 1 week`: the date, and by how much it is moved.
    fn anniversary(&mut self, on: &tree::Expr) -> Option<(Expr, Option<Expr>)> {
        // A contact whose date is missing has no such day.
        let scope = Scope { missing_is_fine: true, ..Scope::new(Place::OnceEvery, Triggers::Of(&[])) };
        let ExprKind::Sum(terms) = &on.kind else {
            let date = self.typed(&scope, on, &Type::Date);
            return date.ty.is_some().then_some((date, None));
        };
        let ((_, first), rest) = terms.split_first()?;
        let date = self.typed(&scope, first, &Type::Date);
        let shift = self.typed(&scope, &moved_by(rest)?, &Type::Duration);
        if constant_duration(&shift).is_some_and(|each| each.micros != 0) {
            self.out.push(
                Diagnostic::new(Rule::BadLiteral, "a date is moved by whole days")
                    .at(shift.span, "less than a day")
                    .help("write days, weeks or months here, and the time of day with `at 09:00`"),
            );
        }
        (date.ty.is_some() && shift.ty.is_some()).then_some((date, Some(shift)))
    }
}

/// The terms after the date, as one duration.
fn moved_by(terms: &[(Sign, tree::Expr)]) -> Option<tree::Expr> {
    let span = terms.first()?.1.span.to(terms.last()?.1.span);
    let (sign, first) = terms.first()?;
    let first = match sign {
        Sign::Plus => first.clone(),
        Sign::Minus => tree::Expr { span: first.span, kind: ExprKind::Negate(Box::new(first.clone())) },
    };
    if terms.len() == 1 {
        return Some(first);
    }
    let rest = terms.iter().skip(1).cloned();
    Some(tree::Expr { span, kind: ExprKind::Sum(std::iter::once((Sign::Plus, first)).chain(rest).collect()) })
}

fn not_a_period(span: Span) -> Diagnostic {
    Diagnostic::new(Rule::BadLiteral, "`every` takes a period of the calendar")
        .at(span, "from when on would this be counted?")
        .because("a number of weeks or months has no fixed beginning, which a monday or a first day of a month has")
        .help("write `every monday` or `every month`; to come back to one contact so often, add `once every 2 weeks`")
}

fn on_without_year(word: &Word, on: Span) -> Diagnostic {
    Diagnostic::new(Rule::BadLiteral, "`on` and a date follow `every year`")
        .at(word.span, "a date comes round once a year")
        .at(on, "this date")
        .help("write `every year on ...`")
}

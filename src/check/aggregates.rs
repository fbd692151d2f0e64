//! Aggregates: facts about a history, such as `sum of credited.points in last 12 months`.

use super::choices::Choice;
use super::exprs::flag;
use super::histories::Within;
use super::lists::is_list;
use super::literals::a;
use super::scope::{Checker, Scope};
use super::typed::{self, Expr, History, Kind};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{AggregateKind, Record, Type};
use crate::span::{Span, Spanned};
use crate::syntax::tree::{self, EventPattern, Filter, Sign, Word};

/// The instant of an event, as a path names it.
pub(super) const AT: &str = "at";

/// What is asked of the events.
#[derive(Clone, Copy, Debug)]
struct Question {
    kind: AggregateKind,
    place: Span,
    /// The whole aggregate.
    span: Span,
}

impl<'a> Checker<'a> {
    /// An aggregate with its type.
    pub(super) fn aggregate(&mut self, scope: &Scope, tree: &tree::Aggregate, span: Span) -> Expr {
        if !self.may_ask(scope, span) {
            return Expr::error(span);
        }
        let question = Question { kind: kind(&tree.kind), place: tree.kind.span, span };
        let window = tree.window.as_ref();
        let mut all = Vec::with_capacity(tree.of.len());
        let mut of_event = true;
        for (path, filters) in
            tree.of.iter().zip(tree.filters.iter().map(Vec::as_slice).chain(std::iter::repeat(&[][..])))
        {
            let Some((event, field)) = path.segments.split_first() else { return Expr::error(span) };
            of_event &= field.is_empty();
            let pattern = EventPattern { event: event.clone(), filters: filters.to_vec(), span: path.span };
            match self.choices(&event.value) {
                Some(choices) => match self.each_of(scope, question, &pattern, &choices, window) {
                    Some(found) => all.extend(found),
                    None => return Expr::error(span),
                },
                None => all.push(self.aggregate_of(scope, question, &pattern, field, Within::Written(window))),
            }
        }
        if all.iter().any(|each| each.ty.is_none()) {
            return Expr::error(span);
        }
        match all.pop() {
            Some(only) if all.is_empty() => only,
            None => Expr::error(span),
            Some(last) => {
                all.push(last);
                if question.kind != AggregateKind::Count || !of_event {
                    self.refuse_several(scope, question);
                    return Expr::error(span);
                }
                let optional = all.iter().any(|each| each.optional);
                let terms = all.into_iter().map(|each| (Sign::Plus, each)).collect();
                Expr::new(Kind::Sum(terms), Type::Number, optional, span)
            }
        }
    }

    /// The aggregate of each event for which a name stands.
    fn each_of(
        &mut self,
        scope: &Scope,
        question: Question,
        pattern: &EventPattern,
        choices: &[Choice<'a>],
        window: Option<&tree::Window>,
    ) -> Option<Vec<Expr>> {
        if !self.may_stand(scope, pattern) {
            return None;
        }
        let needed = choices.iter().any(|choice| choice.window.is_none());
        let given = if needed { Some(self.window(scope, Within::Written(window), pattern.span)?) } else { None };
        let inner = self.in_definition(scope, &pattern.event, question.span)?;
        let mut all = Vec::with_capacity(choices.len());
        for choice in choices {
            let within = match (choice.window, &given) {
                (None, Some(given)) => Within::Given(given.clone()),
                (window, _) => Within::Written(window),
            };
            all.push(self.aggregate_of(&inner, question, &choice.pattern, &[], within));
        }
        Some(all)
    }

    fn aggregate_of(
        &mut self,
        scope: &Scope,
        question: Question,
        pattern: &EventPattern,
        field: &[Word],
        within: Within,
    ) -> Expr {
        let span = question.span;
        let Some(event) = self.event(scope, &pattern.event) else { return Expr::error(span) };
        let taken = self.taken(scope, event, field);
        let Some((mut history, _)) = self.asked(scope, event, pattern, within) else { return Expr::error(span) };
        // An event for which a filter is unknown is left out; without the trigger's value nothing is known.
        let optional = history.keys.iter().any(|key| key.of_instance.optional);
        if taken.as_ref().is_some_and(|taken| taken.ty.is_none()) {
            return Expr::error(span);
        }
        let taken = match question.kind {
            AggregateKind::Share => match self.passing(scope, question, &mut history, field, &pattern.filters) {
                Some(passing) => Some(passing),
                None => return Expr::error(span),
            },
            _ => taken,
        };
        self.by_a_person(event, &mut history.filters, span);
        let Some((ty, may_be_missing)) = self.result(scope, question, event, field, taken.as_ref()) else {
            return Expr::error(span);
        };
        let optional = optional || may_be_missing;
        let aggregate = typed::Aggregate { kind: question.kind, history, of: taken };
        Expr::new(Kind::Aggregate(Box::new(aggregate)), ty, optional, span)
    }

    /// What is taken of each event; nothing where the events themselves are counted.
    fn taken(&mut self, scope: &Scope, event: &Record, field: &[Word]) -> Option<Expr> {
        let (first, rest) = field.split_first()?;
        let root = match event.field(&first.value) {
            Some(field) => self.field_of(event, field, Kind::Event(first.value.clone()), first.span),
            None if first.value == AT => Expr::new(Kind::EventAt, Type::Instant, false, first.span),
            None => {
                self.no_field(scope, first, event);
                return Some(Expr::error(first.span));
            }
        };
        Some(self.follow(scope, root, rest))
    }

    /// `share of EVENT FILTERS`: of all the events, those that pass the filters.
    fn passing(
        &mut self,
        scope: &Scope,
        question: Question,
        history: &mut History,
        field: &[Word],
        filters: &[Filter],
    ) -> Option<Expr> {
        if let Some(first) = field.first() {
            let found = Diagnostic::new(Rule::TypeMismatch, "`share of` takes an event, not a field of it")
                .at(first.span, "a field")
                .help("write the condition as a filter, such as `share of purchased discounted ever`");
            self.report(scope, found);
            return None;
        }
        let mut all = std::mem::take(&mut history.filters);
        all.append(&mut history.instance_filters);
        for key in history.keys.drain(..) {
            let optional = key.of_event.optional || key.of_instance.optional;
            let span = key.of_event.span;
            all.push(flag(Kind::Equal(Box::new((key.of_event, key.of_instance))), optional, span));
        }
        let span = filters.first().map_or(question.span, |filter| filter.span);
        match all.pop() {
            Some(only) if all.is_empty() => Some(only),
            None => {
                let found = Diagnostic::new(Rule::TypeMismatch, "`share of` needs a filter")
                    .at(question.place, "the share of which events?")
                    .help("write which of them are meant, such as `share of purchased discounted ever`");
                self.report(scope, found);
                None
            }
            Some(last) => {
                all.push(last);
                let optional = all.iter().any(|each| each.optional);
                Some(flag(Kind::And(all), optional, span))
            }
        }
    }

    /// The type of the answer, and whether there may be none; what does not go together is reported.
    fn result(
        &mut self,
        scope: &Scope,
        question: Question,
        event: &Record,
        field: &[Word],
        taken: Option<&Expr>,
    ) -> Option<(Type, bool)> {
        use AggregateKind::{Average, AverageGap, Count, CountDays, First, Last, MedianGap, MostCommon, Share, Sum};
        let ty = taken.and_then(|taken| taken.ty.clone());
        let found = match (question.kind, ty) {
            (Count, None) | (CountDays, None) => return Some((Type::Number, false)),
            (AverageGap | MedianGap, None) => return Some((Type::Duration, true)),
            (Share, _) => return Some((Type::Percent, true)),
            (CountDays | AverageGap | MedianGap, Some(_)) => takes_an_event(question, field),
            (Sum | Average | MostCommon | First | Last, None) => needs_a_field(question, event),
            (_, Some(ty)) if is_list(Some(&ty)) => wrong_type(question, &ty, taken),
            (Count, Some(_)) => return Some((Type::Number, false)),
            (Sum, Some(ty @ (Type::Number | Type::Money))) => return Some((ty, false)),
            (Average, Some(ty @ (Type::Number | Type::Money | Type::Percent | Type::Duration))) => {
                return Some((ty, true));
            }
            (MostCommon | First | Last, Some(ty)) => return Some((ty, true)),
            (Sum | Average, Some(ty)) => wrong_type(question, &ty, taken),
        };
        self.report(scope, found);
        None
    }

    fn refuse_several(&mut self, scope: &Scope, question: Question) {
        let words = question.kind.words();
        let found = Diagnostic::new(Rule::TypeMismatch, format!("`{words}` takes one event"))
            .at(question.place, "asked of several events")
            .because("several events together can only be counted")
            .help("ask `count of` them, or ask it of one event");
        self.report(scope, found);
    }
}

fn takes_an_event(question: Question, field: &[Word]) -> Diagnostic {
    let words = question.kind.words();
    let span = field.first().map_or(question.place, |word| word.span);
    Diagnostic::new(Rule::TypeMismatch, format!("`{words}` takes an event, not a field of it"))
        .at(span, "a field")
        .help("leave the field out")
}

fn needs_a_field(question: Question, event: &Record) -> Diagnostic {
    let words = question.kind.words();
    let suits = |ty: &Type| match question.kind {
        AggregateKind::Sum | AggregateKind::Average => matches!(ty, Type::Number | Type::Money),
        _ => !is_list(Some(ty)),
    };
    let near = event.fields.iter().find(|field| suits(&field.ty)).map_or(AT, |field| &field.name);
    Diagnostic::new(Rule::TypeMismatch, format!("`{words}` needs a field of the event"))
        .at(question.place, format!("which field of `{}`?", event.name))
        .help(format!("name it, such as `{words} {}.{near}`", event.name))
}

fn wrong_type(question: Question, ty: &Type, taken: Option<&Expr>) -> Diagnostic {
    let words = question.kind.words();
    let help = match question.kind {
        AggregateKind::Sum => "name a number or an amount of money",
        AggregateKind::Average => "name a number, an amount of money, a percentage or a duration",
        _ => "name a single value, such as the entity itself",
    };
    Diagnostic::new(Rule::TypeMismatch, format!("`{words}` does not take {}", a(ty)))
        .at(taken.map_or(question.place, |taken| taken.span), format!("this is {}", a(ty)))
        .help(help)
}

fn kind(tree: &Spanned<tree::AggregateKind>) -> AggregateKind {
    match tree.value {
        tree::AggregateKind::Count => AggregateKind::Count,
        tree::AggregateKind::CountDays => AggregateKind::CountDays,
        tree::AggregateKind::Sum => AggregateKind::Sum,
        tree::AggregateKind::Average => AggregateKind::Average,
        tree::AggregateKind::AverageGap => AggregateKind::AverageGap,
        tree::AggregateKind::MedianGap => AggregateKind::MedianGap,
        tree::AggregateKind::MostCommon => AggregateKind::MostCommon,
        tree::AggregateKind::Share => AggregateKind::Share,
        tree::AggregateKind::First => AggregateKind::First,
        tree::AggregateKind::Last => AggregateKind::Last,
    }
}

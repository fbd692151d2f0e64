//! Steps: what each needs, and in which order they can come.

use super::arithmetic::constant_duration;
use super::exprs::found_present;
use super::literals::{a, is_too_long, too_long};
use super::names::{declared_twice, with_suggestion};
use super::scope::{Checker, Scope};
use super::typed::{Expr, Guard, Kind, Moment, Step, StepKind};
use crate::diagnostic::{Diagnostic, Near, Rule, suggestion};
use crate::model::{Literal, Type};
use crate::span::Span;
use crate::syntax::day_meant;
use crate::syntax::tree::{self, GuardKind, Sign, Word};
use crate::time::{Duration, TimeOfDay, Weekday};
use std::collections::BTreeMap;

/// How many steps a scenario may have, and how many with each turn of its `repeat`s counted.
pub const STEPS_MAX: u16 = 10_000;

/// The numbers of a scenario's steps, in the order of the text.
#[derive(Debug)]
pub(super) struct Numbers {
    last: u16,
    too_many: bool,
    /// How often the step at hand comes, by the `repeat`s around it.
    pub turns: u64,
    /// The steps so far, each turn counted.
    with_turns: u64,
    labels: BTreeMap<String, Span>,
}

impl Default for Numbers {
    fn default() -> Numbers {
        Numbers { last: 0, too_many: false, turns: 1, with_turns: 0, labels: BTreeMap::new() }
    }
}

impl Checker<'_> {
    /// A sequence of steps.
    pub(super) fn steps(&mut self, scope: &Scope, trees: &[tree::Step], numbers: &mut Numbers) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::with_capacity(trees.len().min(usize::from(STEPS_MAX)));
        // The step after which nothing comes.
        let mut ended: Option<(Span, Option<&'static str>)> = None;
        let mut told = false;
        for tree in trees {
            if let Some((end, what_ends)) = ended
                && !self.incomplete
                && !std::mem::replace(&mut told, true)
            {
                self.unreachable(tree, trees, end, what_ends);
            }
            let Some(ordinal) = self.number(tree.span, numbers) else { break };
            let after_wait = self.incomplete || steps.last().is_some_and(|step: &Step| step.is_wait());
            let step = self.step(scope, tree, ordinal, after_wait, numbers);
            if ended.is_none() && step.ends() {
                ended = Some((step.span, step.kind.ending()));
            }
            steps.push(step);
        }
        steps
    }

    fn number(&mut self, span: Span, numbers: &mut Numbers) -> Option<u16> {
        if numbers.last == STEPS_MAX {
            if !std::mem::replace(&mut numbers.too_many, true) {
                self.out.push(
                    Diagnostic::new(Rule::TooManySteps, format!("this scenario has more than {STEPS_MAX} steps"))
                        .at(span, "one step too many")
                        .help("split it into several scenarios"),
                );
            }
            return None;
        }
        numbers.with_turns = numbers.with_turns.saturating_add(numbers.turns);
        if numbers.with_turns > u64::from(STEPS_MAX) {
            if !std::mem::replace(&mut numbers.too_many, true) {
                self.out.push(super::turns::too_many_turns(span));
            }
            return None;
        }
        numbers.last += 1;
        Some(numbers.last)
    }

    fn unreachable(&mut self, first: &tree::Step, all: &[tree::Step], end: Span, what_ends: Option<&str>) {
        let last = all.last().map_or(first.span, |last| last.span);
        self.out.push(
            Diagnostic::new(Rule::Unreachable, "this step is never reached")
                .at(first.span.to(last), "never reached")
                .at(end, "the instance always ends here")
                .help(match what_ends {
                    Some(step) => {
                        format!("move it before, or give `{step}` a condition: `{step} only if ...`; else remove it")
                    }
                    None => "remove it, or let one of the ways before it go on".to_owned(),
                }),
        );
    }

    fn step(
        &mut self,
        scope: &Scope,
        tree: &tree::Step,
        ordinal: u16,
        after_wait: bool,
        numbers: &mut Numbers,
    ) -> Step {
        if let Some(label) = &tree.label
            && let Some(first) = numbers.labels.insert(label.value.clone(), label.span)
        {
            self.out.push(declared_twice("label", &label.value, label.span, first));
        }
        let guard = tree.guard.as_ref().map(|guard| {
            let holds_back = matches!(guard.kind, GuardKind::Unless);
            let condition = self.condition(&Scope { holds_back, ..*scope }, &guard.condition);
            match guard.kind {
                GuardKind::Unless => Guard::Unless(condition),
                GuardKind::OnlyIf => Guard::OnlyIf(condition),
            }
        });
        let mut present = scope.present.to_vec();
        if let Some(tree::Guard { kind: GuardKind::OnlyIf, condition, .. }) = &tree.guard {
            found_present(condition, &mut present);
        }
        let scope = &Scope { present: &present, ..*scope };
        let patient = &Scope { missing_is_fine: true, ..*scope };
        let kind = match &tree.kind {
            tree::StepKind::Wait(length) if self.refuse_daily_words(length) => StepKind::Wait(Expr::error(length.span)),
            tree::StepKind::Wait(duration) => {
                let duration = self.typed(patient, duration, &Type::Duration);
                self.refuse_no_wait(&duration);
                StepKind::Wait(duration)
            }
            tree::StepKind::WaitUntil(moment) => StepKind::WaitUntil(self.moment(patient, moment)),
            tree::StepKind::WaitUpTo { limit, condition } => {
                let limit = self.typed(patient, limit, &Type::Duration);
                self.refuse_no_wait(&limit);
                let condition = self.condition(scope, condition);
                let engagement = super::sends::engagement(&condition).unwrap_or_default();
                StepKind::WaitFor { limit, condition, engagement }
            }
            tree::StepKind::Send(send) => StepKind::Send(self.send(scope, send, after_wait)),
            tree::StepKind::If { arms, otherwise } => self.branches(scope, arms, otherwise.as_deref(), numbers),
            tree::StepKind::Stop => StepKind::Stop,
            tree::StepKind::Set { path, value } => self.set(scope, path, value),
            tree::StepKind::Tag { add, tag } => self.tag(scope, *add, tag),
            tree::StepKind::Account { credit, amount, account, expiring } => {
                self.account(scope, *credit, amount, account, expiring.as_ref())
            }
            tree::StepKind::Start(scenario) => self.start_step(scenario),
            tree::StepKind::Erase(what) => self.erase(what),
            tree::StepKind::Call { webhook, with } => self.call_step(scope, webhook, with),
            tree::StepKind::Split { name, arms } => self.split(scope, name, arms, numbers),
            tree::StepKind::Repeat { times, every, steps } => self.repeat(scope, times, every, steps, numbers),
        };
        Step { ordinal, label: tree.label.as_ref().map(|label| label.value.clone()), span: tree.span, guard, kind }
    }

    fn branches(
        &mut self,
        scope: &Scope,
        arms: &[tree::IfArm],
        otherwise: Option<&[tree::Step]>,
        numbers: &mut Numbers,
    ) -> StepKind {
        let mut checked = Vec::with_capacity(arms.len());
        for arm in arms {
            let condition = self.condition(scope, &arm.condition);
            let mut present = scope.present.to_vec();
            found_present(&arm.condition, &mut present);
            let inner = Scope { present: &present, ..*scope };
            checked.push((condition, self.steps(&inner, &arm.steps, numbers)));
        }
        StepKind::If { arms: checked, otherwise: otherwise.map(|steps| self.steps(scope, steps, numbers)) }
    }

    /// `goal ... then STEP`: what can be done at once, without a wait.
    pub(super) fn then(&mut self, scope: &Scope, tree: &tree::Step, numbers: &mut Numbers) -> Vec<Step> {
        let before = self.out.len();
        let steps = self.steps(scope, std::slice::from_ref(tree), numbers);
        let sound = self.out.len() == before;
        Step::visit_all(&steps, &mut |step| {
            if sound && step.takes_time() {
                self.out.push(
                    Diagnostic::new(Rule::OutOfContext, "no time passes after `then`")
                        .at(step.span, "the instance has ended when this comes")
                        .help("write a step that takes no time, such as `send` or `start`"),
                );
            }
        });
        steps
    }

    fn moment(&mut self, scope: &Scope, moment: &tree::Moment) -> Moment {
        match moment {
            tree::Moment::Expr(tree) if self.refuse_daily_moment(tree) => Moment::At(Expr::error(tree.span)),
            tree::Moment::Expr(tree) => {
                let value = self.expr(scope, tree);
                if value.is_history() {
                    self.refuse_awaited_event(tree);
                    return Moment::At(Expr::error(value.span));
                }
                match &value.ty {
                    Some(Type::Date) if is_of_contact(&value) => Moment::Anniversary(value),
                    Some(Type::Date) => Moment::At(self.last_second(value)),
                    None | Some(Type::Instant) => {
                        self.refuse_past(&value);
                        Moment::At(value)
                    }
                    Some(ty) => {
                        let message = format!("expected an instant, found {}", a(ty));
                        let found = Diagnostic::new(Rule::TypeMismatch, message).at(value.span, "until when?");
                        let is_time = matches!(value.kind, Kind::Literal(Literal::Time(_)));
                        let before = Span { end: value.span.start, ..value.span };
                        self.out.push(match is_time {
                            true => {
                                found.help("write `at` before a time of day: `wait until at 09:00`").fix(before, "at ")
                            }
                            false => found.help(
                                "write an instant or a date, such as `entry + 1 day`; a duration follows `wait` alone",
                            ),
                        });
                        Moment::At(Expr::error(value.span))
                    }
                }
            }
            tree::Moment::Weekly { day, time, .. } => Moment::Weekly {
                day: day.as_ref().and_then(|day| self.weekday(day)),
                time: time.as_ref().map_or(TimeOfDay::MIDNIGHT, |time| time.value),
            },
        }
    }

    /// A date that is written stands for the last second of its day, in the policy's zone as everywhere; moved by a duration,
    /// it is moved from there. Of another date the engine takes that of the contact's day.
    fn last_second(&self, mut date: Expr) -> Expr {
        if let Kind::Sum(terms) = &mut date.kind {
            let written = terms.iter_mut().find(|(_, term)| matches!(term.kind, Kind::Literal(Literal::Date(_))));
            if let Some((_, term)) = written {
                if let Ok(instant) = self.fit(term.clone(), &Type::Instant) {
                    *term = instant;
                }
                date.ty = Some(Type::Instant);
            }
        }
        match &date.kind {
            Kind::Literal(_) => self.fit(date.clone(), &Type::Instant).unwrap_or(date),
            _ => date,
        }
    }

    pub(super) fn weekday(&mut self, word: &Word) -> Option<Weekday> {
        let found = Weekday::named(&word.value);
        if found.is_none() {
            let report = Diagnostic::new(Rule::UnknownName, format!("no day is called `{}`", word.value));
            let near = day_meant(&word.value)
                .map(Near::sure)
                .or_else(|| suggestion(&word.value, Weekday::ALL.map(Weekday::name)));
            self.out.push(with_suggestion(report, word, near, "the days are `monday` to `sunday`"));
        }
        found
    }

    pub(super) fn refuse_no_wait(&mut self, duration: &Expr) {
        let constant = constant_duration(duration);
        // Each part of a sum may be within the calendar, and the whole beyond it.
        if constant.is_some_and(is_too_long) {
            self.out.push(too_long(duration.span));
        }
        if constant.is_some_and(|each| each.nominal() <= 0) {
            self.out.push(
                Diagnostic::new(Rule::WaitInThePast, "this wait has no time to wait")
                    .at(duration.span, "zero or less: the instance would always end here")
                    .help("write a duration above zero, or remove the wait"),
            );
        }
    }

    /// An instant that is never after the entry, or never after now: nothing is ever waited for.
    fn refuse_past(&mut self, moment: &Expr) {
        let (from, after) = match &moment.kind {
            Kind::Entry | Kind::Now => (&moment.kind, Some(Duration::ZERO)),
            Kind::Sum(terms) => match terms.as_slice() {
                [(_, first), rest @ ..] if matches!(first.kind, Kind::Entry | Kind::Now) => {
                    let after = rest.iter().try_fold(Duration::ZERO, |total, (sign, term)| {
                        let term = constant_duration(term)?;
                        total.checked_add(if *sign == Sign::Minus { term.checked_neg()? } else { term })
                    });
                    (&first.kind, after)
                }
                _ => return,
            },
            _ => return,
        };
        if after.is_none_or(|each| each.nominal() > 0) {
            return;
        }
        self.out.push(match from {
            Kind::Now => Diagnostic::new(Rule::WaitInThePast, "this moment is never later than now")
                .at(moment.span, "always past: nothing is ever waited for")
                .because("one that is before the entry ends the instance, and a later one passes at once")
                .help("write how long to wait, such as `wait 3 days`, or a later moment"),
            _ => Diagnostic::new(Rule::WaitInThePast, "this moment is never after the entry")
                .at(moment.span, "always past: the instance would always end here")
                .help("write a later moment, such as `entry + 1 day`"),
        });
    }
}

/// Whether a date is one of the contact, perhaps moved: such a date is waited for year by year.
fn is_of_contact(date: &Expr) -> bool {
    match &date.kind {
        Kind::Contact(_) => true,
        Kind::Field { entity, .. } => entity == "contact",
        Kind::Sum(terms) => terms.iter().any(|(_, term)| is_of_contact(term)),
        Kind::Default(pair) => is_of_contact(&pair.0) || is_of_contact(&pair.1),
        Kind::If { arms, otherwise } => arms.iter().any(|(_, value)| is_of_contact(value)) || is_of_contact(otherwise),
        _ => false,
    }
}

impl Step {
    pub fn is_wait(&self) -> bool {
        matches!(self.kind, StepKind::Wait(_) | StepKind::WaitUntil(_) | StepKind::WaitFor { .. })
    }

    /// Whether time may pass in it or between its turns.
    pub fn takes_time(&self) -> bool {
        self.is_wait() || matches!(self.kind, StepKind::Repeat { times, .. } if times > 1)
    }

    /// Whether the instance always ends in it.
    pub fn ends(&self) -> bool {
        let end = |steps: &[Step]| steps.iter().any(Step::ends);
        self.guard.is_none()
            && match &self.kind {
                StepKind::Stop | StepKind::Erase => true,
                StepKind::If { arms, otherwise: Some(otherwise) } => {
                    arms.iter().all(|(_, steps)| end(steps)) && end(otherwise)
                }
                StepKind::Split { arms, .. } => !arms.is_empty() && arms.iter().all(|arm| end(&arm.steps)),
                StepKind::Repeat { steps, .. } => end(steps),
                _ => false,
            }
    }
}

impl StepKind {
    /// How a step that ends the instance by itself is written.
    fn ending(&self) -> Option<&'static str> {
        match self {
            StepKind::Stop => Some("stop"),
            StepKind::Erase => Some("erase contact"),
            _ => None,
        }
    }
}

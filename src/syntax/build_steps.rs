//! Clauses and steps of a scenario.

use super::build::Builder;
use super::errors::{did_you_mean, nearly_keyword};
use super::grammar::{Children, Node, Rule};
use super::phrases;
use super::tree::{
    Alternative, Argument, Clause, ClauseKind, EventPattern, Expr, ExprKind, Filter, FilterKind, Guard, GuardKind,
    IfArm, Moment, Path, Period, Send, Step, StepKind, Word,
};
use crate::diagnostic::Rule as Finding;
use crate::span::Spanned;
use crate::time::{Duration, Weekday};
use rust_decimal::Decimal;

impl Builder<'_> {
    pub(super) fn clause(&mut self, node: Node<'_>) -> Option<Clause> {
        let span = self.span(&node);
        let clause = Children::of(node).next()?;
        let kind = match clause.as_rule() {
            Rule::when_clause => self.when(clause)?,
            Rule::silence => self.silence(clause)?,
            Rule::every_clause => self.every(clause)?,
            Rule::for_clause => ClauseKind::For(self.first_expression(clause)?),
            Rule::once_clause => self.once(clause)?,
            Rule::one_at_a_time => ClauseKind::OneAtATime,
            Rule::latest => ClauseKind::Latest,
            Rule::goal => self.goal(clause)?,
            Rule::stop_when => ClauseKind::StopWhen(self.first_expression(clause)?),
            _ => return None,
        };
        Some(Clause { span, kind })
    }

    fn silence(&mut self, node: Node<'_>) -> Option<ClauseKind> {
        let mut children = Children::of(node);
        children.seek(Rule::kw_no)?;
        let patterns = self.events(children.next()?)?;
        let ever = children.accept(Rule::kw_ever).is_some();
        let duration = self.expression(children.seek(Rule::expression)?)?;
        Some(ClauseKind::WhenNo { patterns, ever, duration })
    }

    fn every(&mut self, node: Node<'_>) -> Option<ClauseKind> {
        let mut children = Children::of(node);
        let period = Children::of(children.seek(Rule::period)?).next()?;
        let period = match period.as_rule() {
            Rule::name => Period::Word(self.word(&period)),
            _ => Period::Quantity(self.primary(period)?),
        };
        let (mut at, mut on) = (None, None);
        for child in children {
            match child.as_rule() {
                Rule::every_at => at = Some(self.spanned_time(&mut Children::of(child))?),
                Rule::every_on => on = Some(self.first_expression(child)?),
                _ => {}
            }
        }
        Some(ClauseKind::Every { period, at, on })
    }

    fn when(&mut self, node: Node<'_>) -> Option<ClauseKind> {
        let patterns = Children::of(node)
            .filter(|child| child.as_rule() == Rule::event_pattern)
            .map(|child| self.event_pattern(child))
            .collect::<Option<Vec<_>>>()?;
        if let [EventPattern { event, filters, .. }] = patterns.as_slice()
            && event.value == "started"
            && filters.is_empty()
        {
            return Some(ClauseKind::WhenStarted);
        }
        Some(ClauseKind::When(patterns))
    }

    fn once(&mut self, node: Node<'_>) -> Option<ClauseKind> {
        let mut children = Children::of(node);
        children.seek(Rule::kw_once)?;
        let Some(rest) = children.next() else { return Some(ClauseKind::Once) };
        match rest.as_rule() {
            Rule::once_every => {
                let every = self.first_expression(rest)?;
                Some(ClauseKind::OnceEvery(self.one_unit(every)))
            }
            Rule::once_per => Some(ClauseKind::OncePer(self.path(Children::of(rest).seek(Rule::path)?))),
            _ => None,
        }
    }

    /// `once every year`: one year. Of several, the number is missing.
    fn one_unit(&mut self, expression: Expr) -> Expr {
        let Some(unit) = one_word(&expression).filter(|word| Duration::unit(&word.value).is_some()).cloned() else {
            return expression;
        };
        if let Some(one) = unit.value.strip_suffix('s') {
            let help = format!("write `once every 6 {}`, or `once every {one}`", unit.value);
            let message = format!("`{}` lacks its number", unit.value);
            self.report(Finding::BadLiteral, message, (unit.span, "how many?"), &help);
        }
        Expr { span: expression.span, kind: ExprKind::Quantity(vec![(Decimal::ONE, unit)]) }
    }

    fn goal(&mut self, node: Node<'_>) -> Option<ClauseKind> {
        let mut children = Children::of(node);
        let condition = self.expression(children.seek(Rule::expression)?)?;
        let within = match children.accept(Rule::goal_within) {
            Some(within) => Some(self.first_expression(within)?),
            None => None,
        };
        let then = match children.accept(Rule::goal_then) {
            Some(then) => Some(Box::new(self.step(Children::of(then).seek(Rule::step)?)?)),
            None => None,
        };
        Some(ClauseKind::Goal { condition, within, then })
    }

    pub(super) fn event_pattern(&mut self, node: Node<'_>) -> Option<EventPattern> {
        let span = self.span(&node);
        let mut children = Children::of(node);
        let event = self.name(&mut children)?;
        let filters = children.map(|filter| self.filter(filter)).collect::<Option<Vec<_>>>()?;
        let filters = self.said_once(filters);
        Some(EventPattern { event, filters, span })
    }

    pub(super) fn filter(&mut self, node: Node<'_>) -> Option<Filter> {
        let span = self.span(&node);
        let filter = Children::of(node).next()?;
        let rule = filter.as_rule();
        let mut children = Children::of(filter);
        let kind = match rule {
            Rule::same_filter => FilterKind::Same(self.path(children.seek(Rule::path)?)),
            Rule::where_filter => FilterKind::Where(self.expression(children.seek(Rule::comparison)?)?),
            Rule::path_filter => {
                let path = self.path(children.seek(Rule::path)?);
                match children.next() {
                    None => FilterKind::Path(path),
                    Some(test) => {
                        let negated = is_negated(&test);
                        match test.as_rule() {
                            Rule::is_empty => FilterKind::IsEmpty { path, negated },
                            Rule::is_operator => {
                                FilterKind::Is { path, negated, value: self.expression(children.next()?)? }
                            }
                            _ => FilterKind::In { path, negated, list: self.expression(children.next()?)? },
                        }
                    }
                }
            }
            _ => return None,
        };
        Some(Filter { span, kind })
    }

    pub(super) fn step(&mut self, node: Node<'_>) -> Option<Step> {
        let span = self.span(&node);
        let mut step = Step { label: None, span, kind: StepKind::Stop, guard: None };
        for child in Children::of(node) {
            match child.as_rule() {
                Rule::label => step.label = self.name(&mut Children::of(child)),
                Rule::guard => step.guard = Some(self.guard(child)?),
                Rule::at_sign => {}
                Rule::stop => step.kind = StepKind::Stop,
                Rule::wait => step.kind = self.wait(child)?,
                Rule::send => step.kind = StepKind::Send(self.send(child)?),
                Rule::if_step => step.kind = self.if_step(child)?,
                _ => step.kind = self.act(child)?,
            }
        }
        Some(step)
    }

    fn guard(&mut self, node: Node<'_>) -> Option<Guard> {
        let span = self.span(&node);
        let guard = Children::of(node).next()?;
        let kind = if guard.as_rule() == Rule::unless { GuardKind::Unless } else { GuardKind::OnlyIf };
        Some(Guard { kind, condition: self.first_expression(guard)?, span })
    }

    fn wait(&mut self, node: Node<'_>) -> Option<StepKind> {
        let mut children = Children::of(node);
        children.accept(Rule::kw_wait)?;
        let wait = children.next()?;
        Some(match wait.as_rule() {
            Rule::expression => StepKind::Wait(self.expression(wait)?),
            Rule::wait_until => StepKind::WaitUntil(self.moment(wait)?),
            Rule::wait_up_to => {
                let mut parts = Children::of(wait);
                let limit = self.expression(parts.seek(Rule::expression)?)?;
                let condition = self.expression(parts.seek(Rule::expression)?)?;
                StepKind::WaitUpTo { limit, condition }
            }
            _ => return None,
        })
    }

    fn moment(&mut self, node: Node<'_>) -> Option<Moment> {
        let mut children = Children::of(node);
        children.accept(Rule::kw_until)?;
        if let Some(weekly) = children.accept(Rule::weekly) {
            let span = self.span(&weekly);
            let mut parts = Children::of(weekly);
            let day = parts.accept(Rule::name).map(|day| self.word(&day));
            let time = parts.seek(Rule::time)?;
            let time = Spanned::new(self.time(&time), self.span(&time));
            return Some(Moment::Weekly { day, time: Some(time), span });
        }
        let expression = self.expression(children.next()?)?;
        Some(match weekday(&expression) {
            Some(day) => Moment::Weekly { day: Some(day), time: None, span: expression.span },
            None => Moment::Expr(expression),
        })
    }

    fn send(&mut self, node: Node<'_>) -> Option<Send> {
        let mut send = Send { class: None, alternatives: Vec::new(), with: Vec::new(), together: None };
        for child in Children::of(node) {
            match child.as_rule() {
                Rule::send_class => send.class = self.name(&mut Children::of(child)),
                Rule::alternative => {
                    let mut words = Children::of(child);
                    let channel = self.name(&mut words)?;
                    send.alternatives.push(Alternative { channel, message: self.name(&mut words)? });
                }
                Rule::with => send.with = self.with(child)?,
                Rule::kw_together => send.together = Some(self.span(&child)),
                _ => {}
            }
        }
        self.word_behind(&mut send);
        Some(send)
    }

    /// `send email thanks togther`, `send email thanks now`: the last word is read as the message, and what stands before it as channel
    /// and class.
    fn word_behind(&mut self, send: &mut Send) {
        let [only] = send.alternatives.as_mut_slice() else { return };
        let is_class = |class: &Word| ["marketing", "service", "transactional"].contains(&class.value.as_str());
        let Some(class) = send.class.take_if(|class| !is_class(class)) else { return };
        let place = self.stream.place_at(only.message.span.start as usize);
        let keyword = self.stream.at(place).and_then(|token| nearly_keyword(self.stream, token));
        let found = match keyword {
            Some((token, meant)) => did_you_mean(self.stream, token, meant),
            None if phrases::is_channel(&class) => phrases::one_too_many(self.stream, only.message.span),
            None => {
                send.class = Some(class);
                return;
            }
        };
        self.diagnostics.push(found);
        only.message = std::mem::replace(&mut only.channel, class);
    }

    fn if_step(&mut self, node: Node<'_>) -> Option<StepKind> {
        let mut arms = Vec::new();
        let mut otherwise = None;
        for child in Children::of(node) {
            match child.as_rule() {
                Rule::if_arm => arms.push(self.if_arm(child)?),
                Rule::else_arm => arms.push(self.if_arm(Children::of(child).seek(Rule::if_arm)?)?),
                Rule::otherwise => otherwise = Some(self.block(Children::of(child).seek(Rule::block)?)?),
                _ => {}
            }
        }
        Some(StepKind::If { arms, otherwise })
    }

    fn if_arm(&mut self, node: Node<'_>) -> Option<IfArm> {
        let mut children = Children::of(node);
        let condition = self.expression(children.seek(Rule::expression)?)?;
        Some(IfArm { condition, steps: self.block(children.seek(Rule::block)?)? })
    }

    pub(super) fn block(&mut self, node: Node<'_>) -> Option<Vec<Step>> {
        let steps = Children::of(node).filter(|child| child.as_rule() == Rule::step);
        let steps: Vec<Step> = steps.map(|step| self.step(step)).collect::<Option<_>>()?;
        self.note_beside(&steps);
        Some(steps)
    }

    pub(super) fn with(&mut self, node: Node<'_>) -> Option<Vec<Argument>> {
        Children::of(node)
            .filter(|part| part.as_rule() == Rule::argument)
            .map(|argument| {
                let mut parts = Children::of(argument);
                let name = self.name(&mut parts)?;
                Some(Argument { name, value: self.expression(parts.seek(Rule::expression)?)? })
            })
            .collect()
    }

    /// The first expression under a node.
    pub(super) fn first_expression(&mut self, node: Node<'_>) -> Option<Expr> {
        self.expression(Children::of(node).seek(Rule::expression)?)
    }
}

/// Whether an `is` or `in` has its `not`.
pub(super) fn is_negated(node: &Node<'_>) -> bool {
    node.clone().into_inner().any(|child| child.as_rule() == Rule::kw_not)
}

/// The one word of an expression that is a name.
fn one_word(expression: &Expr) -> Option<&super::tree::Word> {
    match &expression.kind {
        ExprKind::Path(Path { segments, .. }) => match segments.as_slice() {
            [word] => Some(word),
            _ => None,
        },
        _ => None,
    }
}

fn weekday(expression: &Expr) -> Option<super::tree::Word> {
    one_word(expression).filter(|word| Weekday::named(&word.value).is_some()).cloned()
}

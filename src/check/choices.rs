//! Definitions that are a choice of events: `let activity = opened or clicked or purchased`. Where an event is expected,
//! such a name stands for all of them: `no activity in last 6 months`.

use super::exprs::flag;
use super::histories::Within;
use super::names::Names;
use super::scope::{Checker, Scope, Unfolding};
use super::typed::{Expr, Kind};
use crate::diagnostic::{Diagnostic, Rule};
use crate::span::Span;
use crate::syntax::tree::{self, EventPattern, ExprKind, Word};

/// How many events a choice may have, and how many definitions deep it may lie.
const EVENTS_MAX: usize = 200;
const DEPTH_MAX: usize = 50;

/// One event of a choice, and the window that its definition writes.
#[derive(Clone, Debug)]
pub(super) struct Choice<'t> {
    pub pattern: EventPattern,
    pub window: Option<&'t tree::Window>,
}

impl<'a> Names<'a> {
    /// The events for which a name stands; `None` where it is an event itself, or no choice of events.
    pub(super) fn choices(&self, name: &str) -> Option<Vec<Choice<'a>>> {
        let mut found = Vec::new();
        let is_event = self.model.events.contains_key(name);
        (!is_event && self.gather_name(name, None, 0, &mut found)).then_some(found)
    }

    fn gather_name(
        &self,
        name: &str,
        window: Option<&'a tree::Window>,
        depth: usize,
        found: &mut Vec<Choice<'a>>,
    ) -> bool {
        let Some(definition) = self.definitions.get(name) else { return false };
        depth < DEPTH_MAX
            && definition.tree.parameters.is_empty()
            && !definition.is_segment
            && self.gather(definition.tree.body, window, depth + 1, found)
    }

    /// Adds the events of a body; false where it is anything but a choice of events.
    fn gather(
        &self,
        body: &'a tree::Expr,
        outer: Option<&'a tree::Window>,
        depth: usize,
        found: &mut Vec<Choice<'a>>,
    ) -> bool {
        match &body.kind {
            ExprKind::Path(path) => match path.segments.as_slice() {
                [word] => {
                    let pattern = EventPattern { event: word.clone(), filters: Vec::new(), span: word.span };
                    self.gather_pattern(&pattern, outer, depth, found)
                }
                _ => false,
            },
            ExprKind::History { pattern, window } => {
                self.gather_pattern(pattern, window.as_ref().or(outer), depth, found)
            }
            ExprKind::AnyOf { patterns, window } => {
                patterns.iter().all(|pattern| self.gather_pattern(pattern, window.as_ref().or(outer), depth, found))
            }
            ExprKind::Or(all) => all.iter().all(|each| self.gather(each, outer, depth, found)),
            _ => false,
        }
    }

    fn gather_pattern(
        &self,
        pattern: &EventPattern,
        window: Option<&'a tree::Window>,
        depth: usize,
        found: &mut Vec<Choice<'a>>,
    ) -> bool {
        if !self.model.events.contains_key(&pattern.event.value) {
            return pattern.filters.is_empty() && self.gather_name(&pattern.event.value, window, depth, found);
        }
        found.push(Choice { pattern: pattern.clone(), window });
        found.len() <= EVENTS_MAX
    }

    /// The patterns that one stands for: itself, or those of a choice without windows.
    pub(super) fn patterns(&self, pattern: &EventPattern) -> Vec<EventPattern> {
        let plain = |choices: &Vec<Choice>| choices.iter().all(|choice| choice.window.is_none());
        match self.choices(&pattern.event.value).filter(plain) {
            Some(choices) if pattern.filters.is_empty() => choices.into_iter().map(|choice| choice.pattern).collect(),
            _ => vec![pattern.clone()],
        }
    }
}

impl<'a> Checker<'a> {
    /// The events for which a name stands.
    pub(super) fn choices(&self, name: &str) -> Option<Vec<Choice<'a>>> {
        self.names.choices(name)
    }

    /// Whether a name is a choice of events.
    pub(super) fn is_choice(&self, word: &Word) -> bool {
        self.choices(&word.value).is_some()
    }

    /// `activity in last 3 days`: one of the events for which the name stands; the window of its definition goes before
    /// that of its use.
    pub(super) fn any_choice(
        &mut self,
        scope: &Scope,
        pattern: &EventPattern,
        choices: &[Choice<'a>],
        within: Within,
        span: Span,
    ) -> Expr {
        if !self.may_stand(scope, pattern) {
            return Expr::error(span);
        }
        let needed = choices.iter().any(|choice| choice.window.is_none());
        let given = if needed { self.window(scope, within, pattern.span) } else { None };
        if needed && given.is_none() {
            return Expr::error(span);
        }
        let Some(inner) = self.in_definition(scope, &pattern.event, span) else { return Expr::error(span) };
        let mut all = Vec::with_capacity(choices.len());
        for choice in choices {
            let within = match (choice.window, &given) {
                (None, Some(given)) => Within::Given(given.clone()),
                (window, _) => Within::Written(window),
            };
            all.push(self.happened(&inner, &choice.pattern, within, choice.pattern.span));
        }
        if all.iter().any(|each| each.ty.is_none()) {
            return Expr::error(span);
        }
        let optional = all.iter().any(|each| each.optional);
        match all.pop() {
            Some(only) if all.is_empty() => Expr { span, ..only },
            last => {
                all.extend(last);
                flag(Kind::Or(all), optional, span)
            }
        }
    }

    /// Whether a choice may stand for an event: without a filter, and not in error.
    pub(super) fn may_stand(&mut self, scope: &Scope, pattern: &EventPattern) -> bool {
        let name = &pattern.event;
        if self.names.definitions.get(name.value.as_str()).is_some_and(|definition| definition.broken) {
            self.silenced = true;
            return false;
        }
        if let Some(filter) = pattern.filters.first() {
            let found = Diagnostic::new(Rule::NotAFilter, format!("`{}` stands for several events", name.value))
                .at(filter.span, "a filter belongs to one event")
                .help("write the events here, each with its filter, or the filters in the definition");
            self.report(scope, found);
            return false;
        }
        true
    }

    /// The scope inside a definition that stands for events.
    pub(super) fn in_definition<'s>(&mut self, scope: &Scope<'s>, name: &Word, span: Span) -> Option<Scope<'s>>
    where
        'a: 's,
    {
        let (name, _) = self.names.definitions.get_key_value(name.value.as_str())?;
        let used_at = scope.unfolding.map_or(span, |unfolding| unfolding.used_at);
        let unfolding = Some(Unfolding { name, used_at });
        self.deeper(&Scope { parameters: &[], event: None, unfolding, present: &[], ..*scope }, 1, span)
    }
}

//! Scenarios: their triggers, clauses and steps.

use super::exprs::found_present;
use super::literals;
use super::names::DeclaredScenario;
use super::scope::{Checker, Place, Scope, Triggers};
use super::typed::{self, EntryRule, Expr, Kind, Trigger};
use super::words::not_in_this_version;
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Record, Type};
use crate::span::Span;
use crate::syntax::tree::{self, ClauseKind, FilterKind, Path};

/// The clauses of one scenario by their kind, each at most once.
#[derive(Debug, Default)]
struct Clauses<'t> {
    when: Vec<&'t tree::EventPattern>,
    has_trigger: bool,
    audience: Option<&'t tree::Expr>,
    entry: Option<&'t tree::Clause>,
    goal: Option<&'t tree::Clause>,
    stop_when: Option<&'t tree::Expr>,
}

impl<'a> Checker<'a> {
    /// One scenario, wholly judged. Its messages' templates are judged elsewhere.
    pub fn scenario(&mut self, name: &str, declared: &DeclaredScenario<'a>) -> typed::Scenario {
        self.unfolded = 0;
        self.unfolded_told = false;
        let tree = declared.tree;
        let clauses = self.clauses(tree, declared.place());
        let events: Vec<Option<&'a Record>> = clauses.when.iter().map(|pattern| self.trigger_event(pattern)).collect();
        let records: Vec<&Record> = distinct(events.iter().copied().flatten());
        let triggers = self.triggers(&clauses, &events);
        // A misspelt step was read as the filter of the trigger, and is in error already.
        let in_error = triggers.iter().flat_map(|trigger| &trigger.filters).any(|filter| filter.ty.is_none());
        if tree.steps.is_empty() && !in_error {
            self.out.push(
                Diagnostic::new(Rule::NoSteps, format!("scenario `{name}` has no steps"))
                    .at(declared.place(), "nothing would ever happen")
                    .help("write at least one step, such as `send email welcome`"),
            );
        }
        let known = if events.iter().all(Option::is_some) && !events.is_empty() {
            Triggers::Of(&records)
        } else {
            Triggers::Unknown
        };
        let audience = clauses.audience.map(|audience| self.condition(&Scope::new(Place::Audience, known), audience));
        let mut present = Vec::new();
        if let [pattern] = clauses.when.as_slice() {
            present.extend(pattern.filters.iter().filter_map(present_after));
        }
        if let Some(audience) = clauses.audience {
            found_present(audience, &mut present);
        }
        let scope = Scope { present: &present, ..Scope::new(Place::Instance, known) };
        let entry = self.entry_rule(&scope, clauses.entry);
        let stop_when = clauses.stop_when.map(|condition| self.condition(&scope, condition));
        let mut numbers = super::steps::Numbers::default();
        let steps = self.steps(&scope, &tree.steps, &mut numbers);
        let goal = clauses.goal.and_then(|clause| self.goal(&scope, clause, &mut numbers));
        typed::Scenario {
            name: name.to_owned(),
            title: tree.title.as_ref().map(|title| title.value.clone()),
            doc: declared.doc.map(str::to_owned),
            span: declared.span,
            place: declared.place(),
            folder: declared.file.folder.to_owned(),
            start: typed::Start::Events(triggers),
            audience,
            entry,
            goal,
            stop_when,
            steps,
            messages: Vec::new(),
        }
    }

    fn clauses<'t>(&mut self, tree: &'t tree::Scenario, place: Span) -> Clauses<'t> {
        let mut found = Clauses::default();
        let mut seen: Vec<(&'static str, Span)> = Vec::new();
        for clause in &tree.clauses {
            let word = match &clause.kind {
                ClauseKind::When(_)
                | ClauseKind::WhenNo { .. }
                | ClauseKind::Every { .. }
                | ClauseKind::WhenStarted => "when",
                ClauseKind::For(_) => "for",
                ClauseKind::Once
                | ClauseKind::OnceEvery(_)
                | ClauseKind::OncePer(_)
                | ClauseKind::OneAtATime
                | ClauseKind::Latest => "entry",
                ClauseKind::Goal { .. } => "goal",
                ClauseKind::StopWhen(_) => "stop when",
            };
            if let Some((_, first)) = seen.iter().find(|(each, _)| *each == word) {
                self.out.push(clause_twice(word, clause.span, *first));
                continue;
            }
            seen.push((word, clause.span));
            match &clause.kind {
                ClauseKind::When(patterns) => {
                    found.has_trigger = true;
                    found.when = patterns.iter().collect();
                }
                ClauseKind::For(condition) => found.audience = Some(condition),
                ClauseKind::OneAtATime => self.out.push(not_in_this_version("one at a time", clause.span)),
                ClauseKind::Once | ClauseKind::OnceEvery(_) | ClauseKind::OncePer(_) | ClauseKind::Latest => {
                    found.entry = Some(clause);
                }
                ClauseKind::WhenNo { .. } | ClauseKind::Every { .. } | ClauseKind::WhenStarted => {
                    found.has_trigger = true; // waist
                }
                ClauseKind::Goal { .. } => found.goal = Some(clause),
                ClauseKind::StopWhen(condition) => found.stop_when = Some(condition),
            }
        }
        if !found.has_trigger {
            self.out.push(
                Diagnostic::new(Rule::NoTrigger, "this scenario has no trigger")
                    .at(place, "nothing would ever start it")
                    .help("begin it with `when` and an event, such as `when purchased`"),
            );
        }
        found
    }

    fn trigger_event(&mut self, pattern: &tree::EventPattern) -> Option<&'a Record> {
        self.event(&Scope::new(Place::TriggerFilter, Triggers::Of(&[])), &pattern.event)
    }

    fn triggers(&mut self, clauses: &Clauses, events: &[Option<&'a Record>]) -> Vec<Trigger> {
        let mut triggers = Vec::new();
        for (pattern, event) in clauses.when.iter().zip(events) {
            let Some(event) = event else {
                let in_error = vec![Expr::error(pattern.span)];
                triggers.push(Trigger { event: pattern.event.value.clone(), filters: in_error });
                continue;
            };
            let records = [*event];
            let scope = Scope::new(Place::TriggerFilter, Triggers::Of(&records));
            let filters = self.filters(&scope, event, &pattern.filters, &mut Vec::new());
            triggers.push(Trigger { event: event.name.clone(), filters });
        }
        triggers
    }

    fn entry_rule(&mut self, scope: &Scope, clause: Option<&tree::Clause>) -> EntryRule {
        match clause.map(|clause| &clause.kind) {
            Some(ClauseKind::Once) => EntryRule::Once,
            Some(ClauseKind::Latest) => EntryRule::Latest,
            Some(ClauseKind::OnceEvery(duration)) => {
                let scope = Scope { place: Place::OnceEvery, ..*scope };
                let duration = self.typed(&scope, duration, &Type::Duration);
                if super::arithmetic::constant_duration(&duration).is_some_and(|each| each.nominal() <= 0) {
                    self.out.push(
                        Diagnostic::new(Rule::BadLiteral, "`once every` needs a duration above zero")
                            .at(duration.span, "zero or less")
                            .help("leave the clause out to let every trigger start an instance"),
                    );
                }
                EntryRule::OnceEvery(duration)
            }
            Some(ClauseKind::OncePer(path)) => EntryRule::OncePer(self.once_per(scope, path)),
            _ => EntryRule::Always,
        }
    }

    fn once_per(&mut self, scope: &Scope, path: &Path) -> Expr {
        let scope = Scope { place: Place::OncePer, ..*scope };
        let value = self.path(&scope, path);
        let is_of_trigger = value.any(|kind| matches!(kind, Kind::Event(_)));
        let countable = !matches!(value.ty, Some(Type::List(_)));
        if value.ty.is_some() && !(is_of_trigger && countable) {
            self.out.push(
                Diagnostic::new(Rule::OutOfContext, "`once per` counts by a field of the trigger")
                    .at(path.span, "not a field of the trigger that can be counted by")
                    .help("name a field of the trigger, such as `order`; else write `once` or `once every`"),
            );
            return Expr::error(path.span);
        }
        value
    }

    fn goal(
        &mut self,
        scope: &Scope,
        clause: &tree::Clause,
        numbers: &mut super::steps::Numbers,
    ) -> Option<typed::Goal> {
        let ClauseKind::Goal { condition, within, then } = &clause.kind else { return None };
        let condition = self.condition(scope, condition);
        let within = within.as_ref().map(|within| {
            let duration = self.typed(&Scope { missing_is_fine: true, ..*scope }, within, &Type::Duration);
            if super::arithmetic::constant_duration(&duration).is_some_and(|each| each.nominal() <= 0) {
                self.out.push(
                    Diagnostic::new(Rule::BadLiteral, "this window holds no time")
                        .at(duration.span, "zero or less")
                        .help(format!("write {}", literals::example(&Type::Duration, ""))),
                );
            }
            duration
        });
        let then = match then {
            Some(step) => self.then(scope, step, numbers),
            None => Vec::new(),
        };
        Some(typed::Goal { condition, within, then })
    }
}

/// The path that a trigger's filter has found present, as a step writes it.
fn present_after(filter: &tree::Filter) -> Option<String> {
    match &filter.kind {
        FilterKind::Path(path)
        | FilterKind::IsEmpty { path, negated: true }
        | FilterKind::Is { path, negated: false, .. } => Some(super::exprs::path_text(path)),
        _ => None,
    }
}

fn distinct<'r>(records: impl Iterator<Item = &'r Record>) -> Vec<&'r Record> {
    let mut all: Vec<&Record> = Vec::new();
    for record in records {
        if !all.iter().any(|each| each.name == record.name) {
            all.push(record);
        }
    }
    all
}

fn clause_twice(word: &str, second: Span, first: Span) -> Diagnostic {
    let (message, help) = match word {
        "when" => {
            ("a scenario has one trigger clause".to_owned(), "join the events by `or`: `when purchased or subscribed`")
        }
        "entry" => {
            ("a scenario has one entry rule".to_owned(), "keep one of `once`, `once every`, `once per` and `latest`")
        }
        "for" => ("`for` is written twice".to_owned(), "join the conditions by `and`"),
        "goal" => ("`goal` is written twice".to_owned(), "join the conditions by `or`"),
        _ => (format!("`{word}` is written twice"), "join the conditions by `or`"),
    };
    Diagnostic::new(Rule::ClauseTwice, message).at(second, "again here").at(first, "first here").help(help)
}

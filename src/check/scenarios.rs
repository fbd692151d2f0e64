//! Scenarios: their triggers, clauses and steps.

use super::exprs::found_present;
use super::literals::{self, time_of};
use super::names::DeclaredScenario;
use super::scope::{Checker, Place, Scope, Triggers};
use super::typed::{self, EntryRule, Expr, Kind};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Record, Type};
use crate::span::Span;
use crate::syntax::tree::{self, ClauseKind, ExprKind, FilterKind, Path};
use crate::time::Duration;

/// The clauses of one scenario by their kind, each at most once.
#[derive(Debug, Default)]
struct Clauses<'t> {
    trigger: Option<&'t tree::Clause>,
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
        self.incomplete = tree.incomplete;
        self.note_messages(tree);
        let clauses = self.clauses(tree, declared.place());
        let patterns = clauses.trigger.map(|clause| self.patterns(clause)).unwrap_or_default();
        let start = clauses.trigger.map_or(typed::Start::Error, |clause| self.start(clause, &patterns));
        let own_records = self.names.trigger_records(name);
        let records: Vec<&Record> = own_records.iter().collect();
        // A misspelt step was read as the filter of the trigger, and is in error already.
        let in_error = start.events().iter().flat_map(|trigger| &trigger.filters).any(|filter| filter.ty.is_none());
        if tree.steps.is_empty() && !in_error && !tree.incomplete {
            self.out.push(
                Diagnostic::new(Rule::NoSteps, format!("scenario `{name}` has no steps"))
                    .at(declared.place(), "nothing would ever happen")
                    .help("write at least one step, such as `send email welcome`"),
            );
        }
        let events = &self.names.model.events;
        let known = match start.events().iter().all(|trigger| events.contains_key(&trigger.event)) {
            true if start != typed::Start::Error => Triggers::Of(&records),
            _ => Triggers::Unknown,
        };
        let audience = clauses.audience.map(|audience| self.condition(&Scope::new(Place::Audience, known), audience));
        let mut present = Vec::new();
        if let [pattern] = patterns.as_slice() {
            present.extend(pattern.filters.iter().filter_map(present_after));
        }
        if let Some(audience) = clauses.audience {
            found_present(audience, &mut present);
        }
        let scope = Scope { present: &present, ..Scope::new(Place::Instance, known) };
        let entry = self.entry_rule(&scope, clauses.entry);
        let stopping = Scope { holds_back: true, ..scope };
        let stop_when = clauses.stop_when.map(|condition| self.condition(&stopping, condition));
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
            start,
            started_by: self.names.started_by(name),
            audience,
            entry,
            goal,
            stop_when,
            steps,
            messages: Vec::new(),
        }
    }

    /// The event patterns of a trigger clause; a definition stands for its events.
    fn patterns(&self, clause: &tree::Clause) -> Vec<tree::EventPattern> {
        match &clause.kind {
            ClauseKind::When(patterns) | ClauseKind::WhenNo { patterns, .. } => {
                patterns.iter().flat_map(|pattern| self.names.patterns(pattern)).collect()
            }
            _ => Vec::new(),
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
                ClauseKind::When(_)
                | ClauseKind::WhenNo { .. }
                | ClauseKind::Every { .. }
                | ClauseKind::WhenStarted => found.trigger = Some(clause),
                ClauseKind::For(condition) => found.audience = Some(condition),
                ClauseKind::Once
                | ClauseKind::OnceEvery(_)
                | ClauseKind::OncePer(_)
                | ClauseKind::OneAtATime
                | ClauseKind::Latest => found.entry = Some(clause),
                ClauseKind::Goal { .. } => found.goal = Some(clause),
                ClauseKind::StopWhen(condition) => found.stop_when = Some(condition),
            }
        }
        if found.trigger.is_none() && !tree.incomplete {
            self.out.push(
                Diagnostic::new(Rule::NoTrigger, "this scenario has no trigger")
                    .at(place, "nothing would ever start it")
                    .help("begin it with `when` and an event, such as `when purchased`; one that others start begins with `when started`"),
            );
        }
        found
    }

    fn entry_rule(&mut self, scope: &Scope, clause: Option<&tree::Clause>) -> EntryRule {
        match clause.map(|clause| &clause.kind) {
            Some(ClauseKind::Once) => EntryRule::Once,
            Some(ClauseKind::Latest) => EntryRule::Latest,
            Some(ClauseKind::OneAtATime) => EntryRule::OneAtATime,
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
        if let [word] = path.segments.as_slice()
            && Duration::UNITS.contains(&word.value.as_str())
            && !self.known(&scope).contains(&word.value)
        {
            self.out.push(
                Diagnostic::new(Rule::UnknownName, format!("nothing here is called `{}`", word.value))
                    .at(word.span, "`once per` counts by a field of the trigger, and this is a unit of time")
                    .help(format!("write `once every 1 {}`", word.value)),
            );
            return Expr::error(path.span);
        }
        let value = self.path(&scope, path);
        let is_of_trigger = value.any(|kind| matches!(kind, Kind::Event(_)));
        let countable = !matches!(value.ty, Some(Type::List(_) | Type::Texts));
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
        let condition = match (&condition.kind, within) {
            (ExprKind::In { negated: false, value, list }, None) if time_of(list).is_some() => {
                self.within_lacks_its_end(value.span, list);
                self.condition(scope, value)
            }
            _ => self.condition(scope, condition),
        };
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

    /// `goal purchased in 30 days`
    fn within_lacks_its_end(&mut self, condition: Span, time: &tree::Expr) {
        let Some(said) = time_of(time) else { return };
        self.out.push(
            Diagnostic::new(Rule::UnexpectedText, format!("a goal in {said}, counted from what?"))
                .at(time.span, "of which message?")
                .because("a goal is counted within some time of the last message that was sent")
                .help(format!("write `within {said} of last message` instead of `in`"))
                .fix(Span { start: condition.end, ..time.span }, format!(" within {said} of last message")),
        );
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

fn clause_twice(word: &str, second: Span, first: Span) -> Diagnostic {
    let (message, help) = match word {
        "when" => {
            ("a scenario has one trigger clause".to_owned(), "join the events by `or`: `when purchased or subscribed`")
        }
        "entry" => (
            "a scenario has one entry rule".to_owned(),
            "keep one of `once`, `once every`, `once per`, `one at a time` and `latest`",
        ),
        "for" => ("`for` is written twice".to_owned(), "join the conditions by `and`"),
        "goal" => ("`goal` is written twice".to_owned(), "join the conditions by `or`"),
        _ => (format!("`{word}` is written twice"), "join the conditions by `or`"),
    };
    Diagnostic::new(Rule::ClauseTwice, message).at(second, "again here").at(first, "first here").help(help)
}

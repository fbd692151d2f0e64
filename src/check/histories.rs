//! Histories: an event, its filters and its window.

use super::exprs::{flag, negated, path_text};
use super::literals::{self, a};
use super::names::with_suggestion;
use super::scope::{Checker, Place, Scope, Triggers, out_of_context};
use super::typed::{Expr, History, Key, Kind, Window};
use super::words::or_list;
use crate::diagnostic::{Diagnostic, Near, Rule, suggestion};
use crate::model::{OWN_EVENTS, Record, Type};
use crate::span::Span;
use crate::syntax::tree::{self, EventPattern, Filter, FilterKind, Path, WindowKind, Word};
use crate::syntax::{event_meant, is_number_word, misspelt_keyword};

/// How many events a help names.
const SHOWN_MAX: usize = 4;

/// The window of a history: as written where it is asked, or already known.
#[derive(Debug)]
pub(super) enum Within<'t> {
    Written(Option<&'t tree::Window>),
    Given(Window),
}

impl<'a> Checker<'a> {
    /// `EVENT [FILTER] [WINDOW]`
    pub(super) fn history(
        &mut self,
        scope: &Scope,
        pattern: &EventPattern,
        window: Option<&tree::Window>,
        span: Span,
    ) -> Expr {
        if !self.may_ask(scope, span) {
            return Expr::error(span);
        }
        match self.choices(&pattern.event.value) {
            Some(choices) => self.any_choice(scope, pattern, &choices, Within::Written(window), span),
            None => self.happened(scope, pattern, Within::Written(window), span),
        }
    }

    /// As `history`, of one event.
    pub(super) fn happened(&mut self, scope: &Scope, pattern: &EventPattern, within: Within, span: Span) -> Expr {
        if !self.names.model.events.contains_key(&pattern.event.value)
            && let Some(found) = aggregate_without_of(pattern)
        {
            self.report(scope, found);
            return Expr::error(span);
        }
        if self.refuse_foreign_is(scope, pattern) {
            return Expr::error(span);
        }
        let Some(event) = self.event(scope, &pattern.event) else { return Expr::error(span) };
        let Some((history, optional)) = self.asked(scope, event, pattern, within) else { return Expr::error(span) };
        self.of_messages(event, history, optional, span)
    }

    /// The events of a pattern, and whether a key or a filter may be missing; `None` where it is in error.
    pub(super) fn asked(
        &mut self,
        scope: &Scope,
        event: &Record,
        pattern: &EventPattern,
        within: Within,
    ) -> Option<(History, bool)> {
        let mut keys = Vec::new();
        let filters = self.filters(scope, event, &pattern.filters, &mut keys);
        let window = match within {
            // A message of this instance is one message: without a window it is asked about whenever it was, the instant of
            // the entry included.
            Within::Written(None) if keys.iter().any(is_own_message) => Some(Window::Ever),
            within => self.window(scope, within, pattern.span),
        };
        let sound = filters.iter().all(|filter| filter.ty.is_some())
            && keys.iter().all(|key| key.of_event.ty.is_some() && key.of_instance.ty.is_some());
        let window = window.filter(|_| sound)?;
        let optional = keys.iter().any(|key| key.of_event.optional || key.of_instance.optional)
            || filters.iter().any(|filter| filter.optional);
        let (instance_filters, filters) = filters.into_iter().partition(depends_on_instance);
        Some((History { event: event.name.clone(), filters, keys, instance_filters, window }, optional))
    }

    /// `... is [not] unknown`.
    pub(super) fn unknown_answer(&mut self, asked: Expr, negation: bool, span: Span) -> Expr {
        match asked.ty {
            None => Expr::error(span),
            Some(_) => negated(flag(Kind::IsUnknown(Box::new(asked)), false, span), negation, span),
        }
    }

    /// A bare event name: a history without filter, over the window of its place.
    pub(super) fn bare_event(&mut self, scope: &Scope, event: &Word) -> Expr {
        let pattern = EventPattern { event: event.clone(), filters: Vec::new(), span: event.span };
        self.history(scope, &pattern, None, event.span)
    }

    /// `no (A or B) WINDOW`: none of them.
    pub(super) fn none_of(
        &mut self,
        scope: &Scope,
        patterns: &[EventPattern],
        window: Option<&tree::Window>,
        span: Span,
    ) -> Expr {
        if !self.may_lack_windows(scope, patterns, window, span) {
            return Expr::error(span);
        }
        let mut all: Vec<Expr> = (patterns.iter())
            .map(|pattern| negated(self.history(scope, pattern, window, pattern.span), true, span))
            .collect();
        match all.pop() {
            Some(only) if all.is_empty() => only,
            Some(last) => {
                all.push(last);
                joined(Kind::And, all, span)
            }
            None => Expr::error(span),
        }
    }

    /// `(A or B) WINDOW`: one of them.
    pub(super) fn any_of(
        &mut self,
        scope: &Scope,
        patterns: &[EventPattern],
        window: Option<&tree::Window>,
        span: Span,
    ) -> Expr {
        if !self.may_lack_windows(scope, patterns, window, span) {
            return Expr::error(span);
        }
        let all = patterns.iter().map(|pattern| self.history(scope, pattern, window, pattern.span)).collect();
        joined(Kind::Or, all, span)
    }

    /// Whether several events may be without a window here; what stands for events may write its own.
    fn may_lack_windows(
        &mut self,
        scope: &Scope,
        patterns: &[EventPattern],
        window: Option<&tree::Window>,
        span: Span,
    ) -> bool {
        window.is_some()
            || patterns.iter().any(|pattern| self.is_choice(&pattern.event))
            || self.may_lack_window(scope, span)
    }

    /// Whether a history may be asked for here.
    pub(super) fn may_ask(&mut self, scope: &Scope, span: Span) -> bool {
        let found = if scope.in_filter && scope.place != Place::TriggerFilter {
            Diagnostic::new(Rule::NotAFilter, "a filter cannot ask for another event")
                .at(span, "a history inside the filter of an event")
                .help("ask for both, joined by `and`, outside the filter")
        } else if scope.has_histories() {
            return true;
        } else {
            Diagnostic::new(Rule::OutOfContext, "a history is not asked for here")
                .at(span, "here only the event itself and the contact are looked at")
                .help("ask for it in `for`, or in a step")
        };
        self.report(scope, found);
        false
    }

    /// The event of this name; an unknown one is reported.
    pub(super) fn event(&mut self, scope: &Scope, word: &Word) -> Option<&'a Record> {
        let names = self.names;
        let name = word.value.as_str();
        if let Some(event) = names.model.events.get(name) {
            return Some(event);
        }
        if names.is_silent(name) {
            return None;
        }
        let found = Diagnostic::new(Rule::UnknownName, format!("no event is called `{name}`"));
        let found = match names.place(name) {
            Some((what, _)) => found
                .at(word.span, format!("this is {} {what}", if what == "entity" { "an" } else { "a" }))
                .help(match what {
                    "definition" => "a definition takes no filter and no window; write them in its own text",
                    _ => "an event is expected here, such as `purchased`",
                }),
            None => {
                let meant = event_meant(name).filter(|event| names.model.events.contains_key(*event));
                // Another event may be meant, which is not declared yet.
                let near = meant.map(|word| Near { word, is_sure: false });
                let near = near.or_else(|| suggestion(name, names.model.events.keys().map(String::as_str)));
                // `wait untl monday` reads as an event with a filter.
                let near = near.or_else(|| suggestion(name, ["until"]));
                let near = near.or_else(|| misspelt_keyword(name).filter(|meant| meant.word == "no"));
                with_suggestion(found, word, near, &self.no_such_event(name))
            }
        };
        self.report(scope, found);
        None
    }

    /// The way out where no event has nearly this name.
    fn no_such_event(&self, name: &str) -> String {
        let model = &self.names.model;
        let contact = model.entities.get("contact").and_then(|contact| contact.field(name));
        match contact.map(|field| &field.ty) {
            Some(Type::Date) => {
                format!("this is a date of the contact, and no event: `every year on contact.{name}` begins with it")
            }
            Some(_) => format!("this is a field of the contact, and no event: write `contact.{name}`"),
            None if is_number_word(name) => "numbers are written in digits: `3 days`".to_owned(),
            None => {
                let own = model.events.keys().filter(|event| !OWN_EVENTS.contains(&event.as_str()));
                let known: Vec<&str> = own.map(String::as_str).take(SHOWN_MAX).collect();
                format!("an event is one such as {}; to declare one, write `event {name} {{ ... }}`", or_list(&known))
            }
        }
    }

    /// The filters of an event, conjuncts apart; the keys of `same` go to `keys`.
    pub(super) fn filters(
        &mut self,
        scope: &Scope,
        event: &Record,
        filters: &[Filter],
        keys: &mut Vec<Key>,
    ) -> Vec<Expr> {
        let inner = Scope { event: Some(event), in_filter: true, ..*scope };
        let mut all = Vec::new();
        for (place, filter) in filters.iter().enumerate() {
            match &filter.kind {
                FilterKind::Same(path) => keys.extend(self.same(scope, event, path)),
                FilterKind::Path(path) if let Some(name) = self.message_named(&inner, event, path) => {
                    all.extend(self.about_message(scope, name, keys));
                }
                FilterKind::Path(path) if is_of_same(filters.get(..place), path) => {
                    // Said twice, which is told where it is read: here it only must not be told again.
                    let value = self.path(&inner, path);
                    if value.optional || matches!(value.ty, None | Some(Type::Flag)) {
                        all.push(self.short_filter(&inner, value, filter.span));
                    }
                }
                kind => match self.filter(&inner, kind, filter.span) {
                    Expr { kind: Kind::And(each), .. } => all.extend(each),
                    one => all.push(one),
                },
            }
            // What follows a misspelt keyword is no filter either.
            if let FilterKind::Path(path) = &filter.kind
                && let [word] = path.segments.as_slice()
                && all.last().is_some_and(|last| last.ty.is_none())
                && misspelt_keyword(&word.value).is_some()
            {
                break;
            }
        }
        all
    }

    fn filter(&mut self, scope: &Scope, kind: &FilterKind, span: Span) -> Expr {
        match kind {
            FilterKind::Path(path) => {
                let value = self.path(scope, path);
                self.short_filter(scope, value, span)
            }
            FilterKind::Is { path, value, .. } if self.refuse_flag_as_unit(scope, path, value) => Expr::error(span),
            FilterKind::Is { path, negated: not, value } => {
                let left = self.path(scope, path);
                let equal = self.equal(scope, left, value, span);
                negated(equal, *not, span)
            }
            FilterKind::IsEmpty { path, negated: not } => {
                let value = self.path(scope, path);
                let empty = self.is_empty(scope, value, span);
                negated(empty, *not, span)
            }
            FilterKind::In { path, negated: not, list } => {
                let value = self.path(scope, path);
                let found = self.is_in(scope, value, &path_text(path), list, span);
                negated(found, *not, span)
            }
            FilterKind::Where(condition) => self.condition(scope, condition),
            FilterKind::Same(_) => Expr::error(span),
        }
    }

    /// A path alone: a flag, or what may be missing.
    fn short_filter(&mut self, scope: &Scope, value: Expr, span: Span) -> Expr {
        let ty = match &value.ty {
            None => return value,
            Some(Type::Flag) => return value,
            Some(ty) => ty,
        };
        if value.optional {
            return flag(Kind::Has(Box::new(value)), false, span);
        }
        let help = match ty {
            Type::Text | Type::Enumeration(_) => "compare it: `PATH is \"...\"`",
            Type::Entity(_) => "name one of its fields, or write `same PATH`",
            Type::List(_) | Type::Texts => "ask what is in it: `PATH is not empty`",
            _ => "compare it: `where PATH > ...`",
        };
        let found = Diagnostic::new(Rule::NotAFilter, format!("{} that is always present filters nothing", a(ty)))
            .at(value.span, "neither a flag nor a value that may be missing")
            .help(help);
        self.report(scope, found);
        Expr::error(span)
    }

    /// `same PATH`: the event's value equals the trigger's.
    fn same(&mut self, scope: &Scope, event: &Record, path: &Path) -> Option<Key> {
        if scope.place == Place::TriggerFilter {
            let found = Diagnostic::new(Rule::OutOfContext, "`same` has nothing to compare with here")
                .at(path.span, "this event is the trigger itself")
                .help("`same` compares another event with the trigger, in `for` or in a step");
            self.report(scope, found);
            return None;
        }
        let (first, rest) = path.segments.split_first()?;
        let Some(field) = event.field(&first.value) else {
            self.no_field(scope, first, event);
            return Some(Key { of_event: Expr::error(path.span), of_instance: Expr::error(path.span) });
        };
        let own = self.field_of(event, field, Kind::Event(first.value.clone()), first.span);
        let mut of_event = self.follow(scope, own, rest);
        of_event.span = path.span;
        if of_event.ty.is_none() {
            return Some(Key { of_event, of_instance: Expr::error(path.span) });
        }
        if self.refuse_list(scope, &of_event) {
            return Some(Key { of_event, of_instance: Expr::error(path.span) });
        }
        let of_trigger = Path {
            segments: std::iter::once(Word::new("trigger".into(), first.span)).chain(path.segments.clone()).collect(),
            span: path.span,
        };
        // The parameters of a definition have no part in it.
        let of_instance = self.path(&Scope { parameters: &[], event: None, ..*scope }, &of_trigger);
        let of_instance = self.same_type(scope, event, &of_event, of_instance);
        Some(Key { of_event, of_instance })
    }

    fn same_type(&mut self, scope: &Scope, event: &Record, of_event: &Expr, of_instance: Expr) -> Expr {
        let (Some(one), Some(other)) = (&of_event.ty, &of_instance.ty) else { return of_instance };
        if one == other || matches!(scope.triggers, Triggers::Open) {
            return of_instance;
        }
        let texts = matches!((one, other), (Type::Text | Type::Enumeration(_), Type::Text | Type::Enumeration(_)));
        if texts {
            return of_instance;
        }
        let message = format!("it is {} in `{}`, and {} in the trigger", a(one), event.name, a(other));
        let found = Diagnostic::new(Rule::TypeMismatch, message)
            .at(of_event.span, "these are never the same")
            .help("name a path that has one type in both");
        self.report(scope, found);
        Expr::error(of_instance.span)
    }

    /// A window; the default one where an instance runs.
    pub(super) fn window(&mut self, scope: &Scope, within: Within, pattern: Span) -> Option<Window> {
        let entry = |span| Window::Since(Expr::new(Kind::Entry, Type::Instant, false, span));
        let window = match within {
            Within::Given(window) => return Some(window),
            Within::Written(window) => window,
        };
        let Some(window) = window else {
            if self.may_lack_window(scope, pattern) {
                return Some(entry(pattern));
            }
            return None;
        };
        // A window is counted from the instance, not from the event at hand.
        let scope = &Scope { event: None, ..*scope };
        match &window.kind {
            WindowKind::Ever => Some(Window::Ever),
            WindowKind::SinceEntry if scope.has_instance() => Some(entry(window.span)),
            WindowKind::SinceLastMessage if scope.has_instance() => {
                Some(Window::Since(Expr::new(Kind::LastMessage, Type::Instant, false, window.span)))
            }
            WindowKind::SinceEntry => {
                self.report(scope, out_of_context("entry", scope.place, window.span));
                None
            }
            WindowKind::SinceLastMessage => {
                self.report(scope, out_of_context("last message", scope.place, window.span));
                None
            }
            WindowKind::Since(instant) => {
                let instant = self.typed(scope, instant, &Type::Instant);
                instant.ty.is_some().then_some(Window::Since(instant))
            }
            WindowKind::InLast(duration) => {
                let duration = self.typed(scope, duration, &Type::Duration);
                self.refuse_empty_window(scope, &duration);
                duration.ty.is_some().then_some(Window::InLast(duration))
            }
        }
    }

    /// Whether a window may be left out here; reported where it may not.
    fn may_lack_window(&mut self, scope: &Scope, span: Span) -> bool {
        if matches!(scope.place, Place::Audience | Place::Silence) {
            let found = Diagnostic::new(Rule::MissingWindow, "this history has no window")
                .at(span, "since when?")
                .because("no instance has begun here, so there is no entry to count from")
                .help("write `ever`, `in last 3 months`, or `since` an instant");
            self.report(scope, found);
            return false;
        }
        true
    }

    fn refuse_empty_window(&mut self, scope: &Scope, duration: &Expr) {
        if super::arithmetic::constant_duration(duration).is_some_and(|each| each.nominal() <= 0) {
            let found = Diagnostic::new(Rule::BadLiteral, "this window holds no time")
                .at(duration.span, "zero or less")
                .help(format!("write {}", literals::example(&Type::Duration, "")));
            self.report(scope, found);
        }
    }
}

/// Whether one of the filters before is the `same` of a path.
fn is_of_same(before: Option<&[Filter]>, path: &Path) -> bool {
    let of_same =
        |filter: &Filter| matches!(&filter.kind, FilterKind::Same(same) if path_text(same) == path_text(path));
    before.is_some_and(|before| before.iter().any(of_same))
}

/// `count purchased ever`: an aggregate that lacks its `of` is read as an event with filters.
fn aggregate_without_of(pattern: &EventPattern) -> Option<Diagnostic> {
    let mut words = pattern.filters.iter().map_while(|filter| match &filter.kind {
        FilterKind::Path(path) => Some((path_text(path), path.span)),
        _ => None,
    });
    let head = &pattern.event;
    let (words_of_head, mut span): (&str, Span) = match head.value.as_str() {
        "count" | "sum" | "share" | "average" => (&head.value, head.span),
        "median" => ("median gap", head.span),
        "most" => ("most common", head.span),
        _ => return None,
    };
    let mut next = words.next();
    let mut written = words_of_head.to_owned();
    if let Some((word, place)) = next.as_ref().filter(|(word, _)| matches!(word.as_str(), "gap" | "common")) {
        written = format!("{} {word}", head.value);
        span = head.span.to(*place);
        next = words.next();
    }
    let event = next.map_or_else(|| "purchased".to_owned(), |(text, _)| text);
    Some(
        Diagnostic::new(Rule::UnknownName, format!("`{written}` lacks its `of`"))
            .at(span, "of what?")
            .help(format!("write `{written} of {event}`, with a window: `ever`, `in last 3 months`"))
            .fix(span, format!("{written} of")),
    )
}

/// Whether a filter asks for more than the event, its entities and constants.
fn depends_on_instance(filter: &Expr) -> bool {
    filter.any(|kind| {
        matches!(
            kind,
            Kind::Contact(_)
                | Kind::ContactId
                | Kind::Trigger(_)
                | Kind::Entry
                | Kind::Now
                | Kind::LastMessage
                | Kind::OwnMessage(_)
                | Kind::Balance(_)
                | Kind::Measure(_)
                | Kind::InScenario(_)
                | Kind::History(_)
                | Kind::Aggregate(_)
                | Kind::Recommend { .. }
        )
    })
}

fn joined(kind: impl FnOnce(Vec<Expr>) -> Kind, all: Vec<Expr>, span: Span) -> Expr {
    if all.iter().any(|each| each.ty.is_none()) {
        return Expr::error(span);
    }
    let optional = all.iter().any(|each| each.optional);
    flag(kind(all), optional, span)
}

fn is_own_message(key: &Key) -> bool {
    matches!(key.of_instance.kind, Kind::OwnMessage(_))
}

//! What daily English says after `wait`, and the language otherwise; and what comes at no instant that is known.

use super::exprs::path_text;
use super::literals::time_of;
use super::scope::Checker;
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::Type;
use crate::span::Span;
use crate::syntax::tree::{Comparison, EventPattern, Expr, ExprKind, FilterKind, Path, Sign};
use crate::time::{Duration, Weekday};

/// Where words of time stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Wait,
    Until,
}

/// Which instant is counted from.
enum Counted {
    /// One that has a name, as it is written.
    From(String),
    Entry,
    /// That of an event; where it begins the scenario, the entry.
    Event(String),
}

impl Checker<'_> {
    /// Whether the length of a wait is one that is said otherwise: it is reported.
    pub(super) fn refuse_daily_words(&mut self, length: &Expr) -> bool {
        let found = self.daily(length, After::Wait);
        let is_refused = found.is_some();
        self.out.extend(found);
        is_refused
    }

    /// The same of a moment.
    pub(super) fn refuse_daily_moment(&mut self, moment: &Expr) -> bool {
        let found = self.daily(moment, After::Until);
        let is_refused = found.is_some();
        self.out.extend(found);
        is_refused
    }

    /// Whether a duration is written with `and` between its parts: it is reported.
    pub(super) fn refuse_joined(&mut self, length: &Expr) -> bool {
        let found = match &length.kind {
            ExprKind::And(parts) => self.joined(parts, length.span),
            _ => None,
        };
        let is_refused = found.is_some();
        self.out.extend(found);
        is_refused
    }

    /// `wait until opened reminder`: it may never happen, so that the wait says how long at most.
    pub(super) fn refuse_awaited_event(&mut self, awaited: &Expr) {
        let said = match &awaited.kind {
            ExprKind::Path(path) => path_text(path),
            ExprKind::History { pattern, window: None } => event_text(pattern),
            _ => "CONDITION".to_owned(),
        };
        self.out.push(
            Diagnostic::new(Rule::HistoryCompared, "`until` waits for an instant, and this is an event")
                .at(awaited.span, "it may come, or never")
                .because("a scenario ends: what waits for an event says how long at most")
                .help(format!("write `wait up to 3 days for {said}`, or another length")),
        );
    }

    fn daily(&self, said: &Expr, place: After) -> Option<Diagnostic> {
        match &said.kind {
            ExprKind::And(parts) if place == After::Wait => self.joined(parts, said.span),
            ExprKind::And(parts) => after_a_moment(parts, said.span),
            ExprKind::Compare { op, left, right } => self.counted_from(op.value, left, right, (said.span, place)),
            ExprKind::Path(path) => self.day(&path_text(path), said.span, place),
            ExprKind::Sum(terms) if place == After::Until => self.after_an_event(terms),
            ExprKind::Sum(terms) => from_the_entry(terms, said.span),
            ExprKind::History { pattern, window: None } => self.two_words(pattern, place),
            _ => None,
        }
    }

    /// `wait monday`, `wait until tomorrow`
    fn day(&self, word: &str, span: Span, place: After) -> Option<Diagnostic> {
        if self.names.place(word).is_some() {
            return None;
        }
        let found = Diagnostic::new(Rule::UnknownName, format!("nothing here is called `{word}`"));
        let (label, meant) = match (Weekday::named(word), word, place) {
            (Some(_), _, After::Wait) => {
                let help = format!("write `wait until {word}`, or `wait until {word} at 09:00`");
                return Some(
                    found.at(span, "a day stands after `until`").help(help).fix(span, format!("until {word}")),
                );
            }
            (_, "tomorrow", _) => ("a wait says how long", "write `wait 1 day`, or `wait 1 day wait until at 09:00`"),
            (_, "today" | "tonight", _) => ("a wait says until when", "write a time of day: `wait until at 20:00`"),
            _ => return None,
        };
        Some(found.at(span, label).help(meant))
    }

    /// `next monday`, `next week`, `monday morning`, read as an event and its filter.
    fn two_words(&self, pattern: &EventPattern, place: After) -> Option<Diagnostic> {
        let [filter] = pattern.filters.as_slice() else { return None };
        let FilterKind::Path(path) = &filter.kind else { return None };
        let (first, second) = (pattern.event.value.as_str(), path_text(path));
        if self.names.place(first).is_some() {
            return None;
        }
        let span = pattern.event.span.to(filter.span);
        let before = if place == After::Wait { "until " } else { "" };
        let found = || {
            Diagnostic::new(Rule::UnknownName, format!("`{first}` is not of this language"))
                .at(pattern.event.span.to(filter.span), "a day is always the next one")
        };
        match (first, second.as_str()) {
            ("next" | "this" | "the" | "on", day) if Weekday::named(day).is_some() => Some(
                found()
                    .help(format!("write `wait until {day}`, or `wait until {day} at 09:00`"))
                    .fix(span, format!("{before}{day}")),
            ),
            ("next" | "the", "week") => {
                Some(found().help("write the day on which it begins, `wait until monday`, or how long: `wait 1 week`"))
            }
            ("next" | "the", unit) if Duration::unit(unit).is_some() => Some(
                Diagnostic::new(Rule::UnknownName, format!("`{first}` is not of this language"))
                    .at(span, "a wait says how long")
                    .help(format!("write `wait 1 {unit}`")),
            ),
            (day, part) if Weekday::named(day).is_some() => {
                let time = match part {
                    "morning" => "09:00",
                    "noon" | "midday" => "12:00",
                    "afternoon" => "14:00",
                    "evening" | "night" => "18:00",
                    _ => return None,
                };
                let help = format!("write a time of day: `wait until {day} at {time}`");
                Some(
                    Diagnostic::new(Rule::UnknownName, format!("`{part}` is no time of day"))
                        .at(span, "when on that day?")
                        .help(help),
                )
            }
            _ => None,
        }
    }

    /// `2 weeks after entry`
    fn counted_from(
        &self,
        op: Comparison,
        left: &Expr,
        right: &Expr,
        (span, place): (Span, After),
    ) -> Option<Diagnostic> {
        let is_after = match op {
            Comparison::After => true,
            Comparison::Before => false,
            _ => return None,
        };
        let time = self.length(left)?;
        let (instant, is_past, event) = match &right.kind {
            ExprKind::LastMessage => ("last message".to_owned(), !is_after, None),
            ExprKind::Path(path) => match self.counted(path)? {
                Counted::From(instant) => (instant, false, None),
                Counted::Entry => ("entry".to_owned(), !is_after, None),
                Counted::Event(event) => ("entry".to_owned(), !is_after, Some(event)),
            },
            _ => return None,
        };
        let until = |sign: char| format!("until {instant} {sign} {time}");
        let (message, label) = match place {
            After::Wait => ("expected a duration, found a comparison", "a wait of its length is counted from now"),
            After::Until => ("expected an instant, found a comparison", "an instant and a duration are added"),
        };
        let found = Diagnostic::new(Rule::TypeMismatch, message);
        if is_past {
            let help = format!("it is past when this wait comes: write a later moment, `wait {}`", until('+'));
            return Some(found.at(span, format!("what lies before `{instant}` is past")).help(help));
        }
        let meant = until(if is_after { '+' } else { '-' });
        if let Some(event) = event {
            return Some(found.at(span, label).help(format!("where `{event}` begins this, write `wait {meant}`")));
        }
        let words = if place == After::Wait { meant.as_str() } else { meant.trim_start_matches("until ") };
        let words = words.to_owned();
        Some(found.at(span, label).help(format!("write `wait {meant}`")).fix(span, words))
    }

    /// `2 weeks`, `a week`, `product.delay`
    fn length(&self, said: &Expr) -> Option<String> {
        match &said.kind {
            ExprKind::Path(path) => self.is_length(path).then(|| path_text(path)),
            ExprKind::History { pattern, window: None } => {
                let [filter] = pattern.filters.as_slice() else { return None };
                let FilterKind::Path(unit) = &filter.kind else { return None };
                let (unit, count) = (path_text(unit), pattern.event.value.as_str());
                let is_one = matches!(count, "a" | "an" | "one") && self.names.place(count).is_none();
                (is_one && Duration::unit(&unit).is_some()).then(|| format!("1 {unit}"))
            }
            _ => time_of(said),
        }
    }

    /// Whether a path is a duration: `product.delay`.
    fn is_length(&self, path: &Path) -> bool {
        let [of, field] = path.segments.as_slice() else { return false };
        let field = self.names.model.entities.get(&of.value).and_then(|entity| entity.field(&field.value));
        field.is_some_and(|field| field.ty == Type::Duration)
    }

    /// The instant that a path names; `None` where it names none.
    fn counted(&self, path: &Path) -> Option<Counted> {
        let text = path_text(path);
        let is_event = |name: &str| self.names.model.events.contains_key(name);
        match text.split_once('.') {
            Some(("trigger", "at")) => Some(Counted::Entry),
            Some((event, "at")) if is_event(event) => Some(Counted::Event(event.to_owned())),
            Some(_) => Some(Counted::From(text)),
            None if text == "entry" => Some(Counted::Entry),
            None if is_event(&text) => Some(Counted::Event(text)),
            None => self.names.place(&text).is_some().then_some(Counted::From(text)),
        }
    }

    /// `purchased.at + 1 week`
    fn after_an_event(&self, terms: &[(Sign, Expr)]) -> Option<Diagnostic> {
        let [(_, first), (Sign::Plus, time)] = terms else { return None };
        let ExprKind::Path(path) = &first.kind else { return None };
        let (text, time) = (path_text(path), time_of(time)?);
        let event = match (text.contains('.'), self.counted(path)?) {
            (true, Counted::Event(event)) => format!("where `{event}` begins this, "),
            (true, Counted::Entry) => String::new(),
            _ => return None,
        };
        Some(
            Diagnostic::new(Rule::UnknownName, format!("nothing here is called `{text}`"))
                .at(first.span, "the instant at which this begins is `entry`")
                .help(format!("{event}write `wait until entry + {time}`")),
        )
    }

    /// `1 month and 2 days`, `1 month and 1 week after entry`, `1 day and purchased`
    fn joined(&self, parts: &[Expr], span: Span) -> Option<Diagnostic> {
        let (last, first) = parts.split_last()?;
        let times: Option<Vec<String>> = first.iter().map(time_of).collect();
        let found = Diagnostic::new(Rule::TypeMismatch, "`and` joins conditions, not durations");
        let label = "the parts of one duration follow one another";
        let (times, meant) = match (&last.kind, times) {
            (ExprKind::Compare { op, left, right }, Some(times)) => {
                let time = format!("{} {}", times.join(" "), time_of(left)?);
                let ExprKind::Path(path) = &right.kind else { return None };
                let instant = match self.counted(path)? {
                    Counted::From(instant) => instant,
                    Counted::Entry => "entry".to_owned(),
                    Counted::Event(_) => return None,
                };
                let sign = match op.value {
                    Comparison::After => '+',
                    Comparison::Before if instant != "entry" => '-',
                    _ => return None,
                };
                let meant = format!("until {instant} {sign} {time}");
                return Some(found.at(span, label).help(format!("write `wait {meant}`")).fix(span, meant));
            }
            (ExprKind::Path(path), Some(times)) if self.names.model.events.contains_key(&path_text(path)) => {
                let help = format!("write `wait up to {} for {}`", times.join(" "), path_text(path));
                return Some(found.at(span, "how long, and for what?").help(help));
            }
            (_, Some(mut times)) if time_of(last).is_some() => {
                times.extend(time_of(last));
                let meant = times.join(" ");
                (times, meant)
            }
            _ => {
                let is_time = |part: &Expr| time_of(part).is_some();
                let lengths: Option<Vec<String>> = parts.iter().map(|part| self.length(part)).collect();
                let lengths = lengths.filter(|_| parts.iter().any(is_time))?;
                let meant = lengths.join(" + ");
                (lengths, meant)
            }
        };
        (times.len() > 1).then(|| found.at(span, label).help(format!("write `{meant}`")).fix(span, meant))
    }
}

/// `wait entry + 1 day`
fn from_the_entry(terms: &[(Sign, Expr)], span: Span) -> Option<Diagnostic> {
    let (_, first) = terms.first()?;
    let is_instant = match &first.kind {
        ExprKind::LastMessage => true,
        ExprKind::Path(path) => path_text(path) == "entry",
        _ => false,
    };
    let before = Span { end: span.start, ..span };
    is_instant.then(|| {
        Diagnostic::new(Rule::TypeMismatch, "expected a duration, found an instant")
            .at(span, "an instant stands after `until`")
            .help("write `wait until` before it")
            .fix(before, "until ")
    })
}

/// `entry + 1 month and 2 days`
fn after_a_moment(parts: &[Expr], span: Span) -> Option<Diagnostic> {
    let (moment, rest) = parts.split_first()?;
    let ExprKind::Sum(terms) = &moment.kind else { return None };
    let first = terms.last().and_then(|(_, time)| time_of(time))?;
    let rest: Option<Vec<String>> = rest.iter().map(time_of).collect();
    let meant = format!("{first} {}", rest?.join(" "));
    Some(
        Diagnostic::new(Rule::TypeMismatch, "`and` joins conditions, not durations")
            .at(span, "the parts of one duration follow one another")
            .help(format!("write `{meant}`")),
    )
}

/// An event and the paths that are its filters, as they are written.
fn event_text(pattern: &EventPattern) -> String {
    let filters = pattern.filters.iter().map(|filter| match &filter.kind {
        FilterKind::Path(path) => path_text(path),
        _ => "...".to_owned(),
    });
    std::iter::once(pattern.event.value.clone()).chain(filters).collect::<Vec<_>>().join(" ")
}

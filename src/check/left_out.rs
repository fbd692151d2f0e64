//! Conditions that leave out, or hold back, those of whom a value is missing, where they let every other value through that
//! they do not name: `contact.tier is not "gold"`, `unless contact.vip`.

use super::truth::{Fact, Known, Possible, Reader, Until, key};
use super::typed::{Expr, Kind, Scenario};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::Literal;
use crate::span::Span;
use std::collections::BTreeMap;

/// What becomes of whom a condition is not known, where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Omission {
    /// Only what is true acts: `for`, `if`.
    LeftOut,
    /// The same of a filter.
    Filtered,
    /// What is unknown holds a step back: `unless`.
    HeldBack,
    /// What is unknown holds all messages back: `stop when`.
    Silenced,
}

/// A condition where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'s> {
    pub condition: &'s Expr,
    /// Whether it reads the event that is the trigger: the filter of a trigger.
    pub of_trigger: bool,
    pub omission: Omission,
    /// Where it is told when its words stand elsewhere.
    pub place: Span,
}

/// A value that may be missing, in a question that must not be so of it where something is to be done.
struct Leaf<'s> {
    value: &'s Expr,
    /// The question, with its own `not`.
    asked: &'s Expr,
    /// Whether it says `not` itself, or `is no`.
    is_negative: bool,
    /// Where it is told.
    place: Span,
    /// Whether its words stand there, and not in a definition.
    is_here: bool,
}

/// What is told of one condition, each with its place.
pub fn judge(
    reader: &Reader,
    known: &Known,
    scenario: &Scenario,
    standing: Standing,
    found: &mut Vec<(Span, Diagnostic)>,
) {
    let Standing { condition, of_trigger, omission, place } = standing;
    if condition.any(|kind| *kind == Kind::Error) {
        return;
    }
    let acts = matches!(omission, Omission::LeftOut | Omission::Filtered);
    let mut search = Search { scenario, leaves: Vec::new() };
    search.leaves(condition, Level { wanted: acts, place, is_turned: false });
    // Several questions about one value have one cause.
    let mut by_value: BTreeMap<String, (Leaf, bool)> = BTreeMap::new();
    for leaf in search.leaves {
        let is_again = |(_, is_several): &mut (Leaf, bool)| *is_several = true;
        by_value.entry(key(leaf.value, of_trigger)).and_modify(is_again).or_insert((leaf, false));
    }
    for (leaf, is_several) in by_value.into_values() {
        if reader.omits(known, condition, of_trigger, acts, leaf.value) {
            let is_filter = omission == Omission::Filtered && leaf.asked.span == condition.span;
            let ways = Ways { is_several, is_filter };
            found.push((leaf.place, diagnostic(&leaf, reader, omission, ways)));
        }
    }
}

/// What is told of the filters of events; all of them hold.
pub fn judge_filters<'s>(
    reader: &Reader,
    scenario: &Scenario,
    filters: &'s [Expr],
    of_trigger: bool,
    found: &mut Vec<(Span, Diagnostic)>,
) {
    let fact = |condition: &'s Expr| {
        let came_to = Possible::TRUE;
        Fact { condition, of_trigger, came_to, until: Until::Change, place: condition.span, why: "" }
    };
    for (at, condition) in filters.iter().enumerate() {
        let mut known = Known::default();
        let others = filters.iter().enumerate().filter(|(other, _)| *other != at);
        others.for_each(|(_, other)| known.learn(reader, fact(other)));
        let place = condition.span;
        let standing = Standing { condition, of_trigger, omission: Omission::Filtered, place };
        judge(reader, &known, scenario, standing, found);
    }
}

/// What is told of the filters of all histories that a scenario asks for.
pub fn judge_histories(reader: &Reader, scenario: &Scenario, found: &mut Vec<(Span, Diagnostic)>) {
    for each in scenario.expressions() {
        each.visit(&mut |expr| {
            let history = match &expr.kind {
                Kind::History(history) => history.as_ref(),
                Kind::Aggregate(aggregate) => &aggregate.history,
                _ => return,
            };
            let own = [history.event.as_str()];
            judge_filters(&Reader { triggers: &own, ..*reader }, scenario, &history.filters, false, found);
        });
    }
}

/// Where in a condition one is.
#[derive(Clone, Copy)]
struct Level {
    /// Whether what is here must be true so that something is done.
    wanted: bool,
    /// The innermost words around it that are of the scenario.
    place: Span,
    /// Whether the definition that stands in their place has turned it.
    is_turned: bool,
}

struct Search<'s> {
    scenario: &'s Scenario,
    leaves: Vec<Leaf<'s>>,
}

impl<'s> Search<'s> {
    fn leaves(&mut self, expr: &'s Expr, level: Level) {
        let level = match self.is_here(expr) {
            true => Level { place: expr.span, is_turned: false, ..level },
            false => level,
        };
        match &expr.kind {
            // `is not` is one question.
            Kind::Not(inner) if inner.span == expr.span && is_question(inner) => self.question(inner, expr, level),
            Kind::Not(inner) => {
                self.leaves(inner, Level { wanted: !level.wanted, is_turned: !level.is_turned, ..level });
            }
            Kind::And(all) | Kind::Or(all) => all.iter().for_each(|each| self.leaves(each, level)),
            _ => self.question(expr, expr, level),
        }
    }

    fn is_here(&self, expr: &Expr) -> bool {
        let (whole, own) = (self.scenario.span, expr.span);
        own.source == whole.source && whole.start <= own.start && own.end <= whole.end
    }

    fn question(&mut self, question: &'s Expr, asked: &'s Expr, level: Level) {
        let no = Kind::Literal(Literal::Flag(false));
        let (value, is_no) = match &question.kind {
            Kind::Equal(pair) => match (&pair.0.kind, &pair.1.kind) {
                (_, literal @ Kind::Literal(_)) => (&pair.0, *literal == no),
                (literal @ Kind::Literal(_), _) => (&pair.1, *literal == no),
                _ => return,
            },
            Kind::In(value, _) => (value.as_ref(), false),
            _ if question.is_flag() => (question, false),
            _ => return,
        };
        let is_negative = is_no != matches!(asked.kind, Kind::Not(_));
        // Only a question that must be denied lets through what it does not name.
        if is_negative != level.wanted || !value.optional || path(value).is_none() {
            return;
        }
        let is_here = self.is_here(asked);
        // A definition that denies is where it is told, whoever uses it; one that is denied is told where that is.
        let place = if is_here || level.is_turned != is_negative { asked.span } else { level.place };
        self.leaves.push(Leaf { value, asked, is_negative, place, is_here });
    }
}

fn is_question(expr: &Expr) -> bool {
    matches!(expr.kind, Kind::Equal(_) | Kind::In(..))
}

/// A value as it is written: its path, and whether it begins with the contact.
fn path(value: &Expr) -> Option<(String, bool)> {
    match &value.kind {
        Kind::Contact(field) => Some((format!("contact.{field}"), true)),
        Kind::Trigger(field) | Kind::Event(field) => Some((field.clone(), false)),
        Kind::Field { of, field, .. } => {
            let (of, is_of_contact) = path(of)?;
            Some((format!("{of}.{field}"), is_of_contact))
        }
        _ => None,
    }
}

fn diagnostic(leaf: &Leaf, reader: &Reader, omission: Omission, ways: Ways) -> Diagnostic {
    let (path, is_of_contact) = path(leaf.value).unwrap_or_default();
    let what = match (omission, is_of_contact) {
        (Omission::LeftOut | Omission::Filtered, _) => "is left out",
        (Omission::HeldBack, _) => "is held back",
        (Omission::Silenced, true) => "gets no message",
        (Omission::Silenced, false) => "leads to no message",
    };
    let who = match (is_of_contact, reader.triggers) {
        (true, _) => format!("who has no `{}`", path.trim_start_matches("contact.")),
        (false, [event]) => {
            let article = if event.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
            format!("{article} `{event}` without `{path}`")
        }
        (false, _) => format!("an event without `{path}`"),
    };
    let label = match omission {
        Omission::LeftOut | Omission::Filtered => "unknown where it is missing, and unknown never acts",
        _ => "unknown where it is missing, which holds back as if it were true",
    };
    let found = Diagnostic::new(Rule::MissingLeftOut, format!("{who} {what}")).at(leaf.place, label);
    match leaf.place == leaf.asked.span {
        true => found,
        false => found.at(leaf.asked.span, "asked here"),
    }
    .help(help(leaf, &path, ways))
}

/// How the way out is written.
#[derive(Clone, Copy)]
struct Ways {
    /// Whether several questions are asked of the value, which go together into parentheses.
    is_several: bool,
    /// Whether it is a filter by itself.
    is_filter: bool,
}

fn help(leaf: &Leaf, path: &str, Ways { is_several, is_filter }: Ways) -> String {
    let asked = if is_several { "...".to_owned() } else { written(leaf, path) };
    let (empty, present) = (format!("({path} is empty or {asked})"), format!("(has {path} and {asked})"));
    let is_bare = !is_several
        && matches!(leaf.asked.kind, Kind::Contact(_) | Kind::Trigger(_) | Kind::Event(_) | Kind::Field { .. });
    let (goes, stays) = match leaf.is_negative {
        // Whether its words deny or are denied is not to be seen here.
        _ if !leaf.is_here => {
            return format!(
                "if not meant, say what stands for it, with `{path} default ...`; if meant, ask first: `has {path}`"
            );
        }
        true => (empty, present),
        false if is_bare => (format!("({path} default no)"), empty),
        false => (present, empty),
    };
    let before = if is_filter { "where " } else { "" };
    format!("if not meant, write `{before}{goes}`; if meant, `{before}{stays}` says so")
}

/// The question in words that can be typed.
fn written(leaf: &Leaf, path: &str) -> String {
    let (question, not) = match &leaf.asked.kind {
        Kind::Not(inner) => (inner.as_ref(), "not "),
        _ => (leaf.asked, ""),
    };
    let value = match &question.kind {
        Kind::Equal(pair) => match (&pair.0.kind, &pair.1.kind) {
            (Kind::Literal(literal), _) | (_, Kind::Literal(literal)) => literal,
            _ => return path.to_owned(),
        },
        Kind::In(..) => return format!("{path} {not}in [...]"),
        _ => return path.to_owned(),
    };
    match value {
        Literal::Text(text) => format!("{path} is {not}\"{text}\""),
        Literal::Flag(flag) => format!("{path} is {not}{}", if *flag { "yes" } else { "no" }),
        _ => format!("{path} is {not}..."),
    }
}

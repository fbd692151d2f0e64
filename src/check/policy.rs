//! The policy: limits over all scenarios of a project, written once.

use super::names::with_suggestion;
use super::scope::{Checker, Place, Scope, Triggers};
use super::typed::{Cap, Class, Expr, Kind, Policy};
use super::words::or_list;
use super::{CheckFile, literals};
use crate::diagnostic::{Diagnostic, Near, Rule, suggestion};
use crate::model::{Configuration, Literal, QuietHours, Type};
use crate::span::{Span, Spanned};
use crate::syntax::tree::{self, ExprKind, ItemKind, PolicyLine, PolicyLineKind, Word};
use crate::time::{Duration, TimeOfDay, Weekday, Zone};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::collections::BTreeMap;

/// The lengths of time over which messages are counted, in seconds: absolute, a month 30.436875 days.
const PERIODS: [(&str, i64); 4] = [("hour", 3600), ("day", 86_400), ("week", 604_800), ("month", 2_629_746)];

/// How many scenarios a help names.
const SHOWN_MAX: usize = 3;

/// The policies of all files, with their places.
pub fn policies<'a>(files: &'a [CheckFile<'a>]) -> Vec<(&'a tree::Policy, Span)> {
    let items = files.iter().flat_map(|file| &file.tree.items);
    items
        .filter_map(|item| match &item.kind {
            ItemKind::Policy(policy) => Some((policy, item.span)),
            _ => None,
        })
        .collect()
}

/// The configuration with what the policy says instead: the zone in which wall times of the texts are read, and how late a
/// message may leave. What is wrong with these lines is reported when the policy is judged.
pub fn configured(policy: Option<&tree::Policy>, configuration: &Configuration) -> Configuration {
    let mut configured = configuration.clone();
    for line in policy.into_iter().flat_map(|policy| &policy.lines) {
        match &line.kind {
            PolicyLineKind::TimeZone(zone) => {
                let named = fallback(zone).and_then(|(name, _)| Zone::named(name));
                configured.zone = named.unwrap_or(configured.zone);
            }
            PolicyLineKind::Expire(duration) => {
                let duration = literals::literal(duration, configuration, &mut Vec::new());
                if let Some(Expr { kind: Kind::Literal(Literal::Duration(expire)), .. }) = duration {
                    configured.expire = expire;
                }
            }
            _ => {}
        }
    }
    configured
}

/// The text of a zone that holds for everyone, or for those without one: `"Europe/Paris"`, `PATH default "Europe/Paris"`.
fn fallback(zone: &tree::Expr) -> Option<(&str, Span)> {
    match &zone.kind {
        ExprKind::Text(name) => Some((name, zone.span)),
        ExprKind::Default { fallback: inner, .. } => fallback(inner),
        _ => None,
    }
}

impl Checker<'_> {
    /// The one policy of a project. `written` is what `scn.toml` says, before the policy.
    pub fn policy(&mut self, policies: &[(&tree::Policy, Span)], written: &Configuration) -> Policy {
        let Some(((policy, first), others)) = policies.split_first() else { return Policy::default() };
        for (_, second) in others {
            self.out.push(
                Diagnostic::new(Rule::DeclaredTwice, "a project has one policy")
                    .at(*second, "declared again here")
                    .at(*first, "first declared here")
                    .because("it holds over all scenarios of the project")
                    .help("write the lines of both into one of them"),
            );
        }
        if policy.lines.is_empty() {
            self.out.push(
                Diagnostic::new(Rule::EmptyPolicy, "this policy says nothing")
                    .at(*first, "no limit, no quiet hours")
                    .help("write a line into it, such as `quiet hours 20:00 to 09:00`, or leave it out"),
            );
        }
        let mut found = Policy::default();
        let mut seen: BTreeMap<&'static str, Span> = BTreeMap::new();
        for line in &policy.lines {
            let word = name_of(&line.kind);
            if let Some(first) = seen.get(word).filter(|_| word != "at most") {
                self.out.push(
                    Diagnostic::new(Rule::ClauseTwice, format!("`{word}` is written twice"))
                        .at(line.span, "again here")
                        .at(*first, "first here")
                        .help("keep one of them"),
                );
                continue;
            }
            seen.insert(word, line.span);
            self.policy_line(line, &mut found, written);
        }
        found
    }

    fn policy_line(&mut self, line: &PolicyLine, found: &mut Policy, written: &Configuration) {
        match &line.kind {
            PolicyLineKind::TimeZone(zone) => {
                self.note_both("zone", written.zone_written, line.span);
                found.default_zone = self.default_zone(zone);
                found.zone = self.zone_of_contact(zone);
            }
            PolicyLineKind::QuietHours { between, days } => {
                found.quiet_hours = self.quiet_hours(line.span, between.as_ref(), days);
            }
            PolicyLineKind::AtMost { class, caps } => {
                let class = self.capped_class(class.as_ref());
                for cap in caps {
                    let cap = class.and_then(|class| self.cap(class, cap));
                    found.caps.extend(cap);
                }
            }
            PolicyLineKind::Priority(scenarios) => found.priority = self.priority(scenarios),
            PolicyLineKind::Expire(duration) => {
                self.note_both("expire", written.expire_written, line.span);
                found.expire = self.expire(duration);
            }
            PolicyLineKind::Holdout(percent) => found.holdout = self.holdout(percent),
        }
    }

    fn note_both(&mut self, key: &str, is_written: bool, span: Span) {
        if is_written {
            self.out.push(
                Diagnostic::new(Rule::PolicyOverConfiguration, format!("`{key}` is also written in `scn.toml`"))
                    .at(span, "the policy holds")
                    .help(format!("remove `{key}` from `scn.toml`")),
            );
        }
    }

    fn default_zone(&mut self, zone: &tree::Expr) -> Option<Zone> {
        let (name, span) = fallback(zone)?;
        let found = Zone::named(name);
        if found.is_none() {
            let report = Diagnostic::new(Rule::UnknownName, format!("no time zone is called `{name}`"));
            let near = suggestion(name, Zone::names());
            self.out.push(match near {
                Some(near) => report
                    .at(span, format!("did you mean `{near}`?"))
                    .help(format!("write `\"{near}\"`"))
                    .meant(span, Near { word: &format!("\"{near}\""), ..near }),
                None => report.at(span, "not known").help("write a zone of the IANA database, such as `Europe/Paris`"),
            });
        }
        found
    }

    /// The contact's own zone, a text.
    fn zone_of_contact(&mut self, zone: &tree::Expr) -> Option<Expr> {
        let of_contact = match &zone.kind {
            ExprKind::Text(_) => return None,
            ExprKind::Default { value, .. } => value,
            _ => zone,
        };
        let scope = Scope { missing_is_fine: true, ..Scope::new(Place::OnceEvery, Triggers::Of(&[])) };
        let value = self.typed(&scope, of_contact, &Type::Text);
        if fallback(zone).is_none() && matches!(zone.kind, ExprKind::Default { .. }) {
            self.out.push(
                Diagnostic::new(Rule::TypeMismatch, "the zone of those without one is not written out")
                    .at(zone.span, "a zone is expected after `default`")
                    .help("write `time zone contact.time_zone default \"Europe/Paris\"`"),
            );
        }
        value.ty.is_some().then_some(value)
    }

    fn quiet_hours(
        &mut self,
        span: Span,
        between: Option<&(Spanned<TimeOfDay>, Spanned<TimeOfDay>)>,
        days: &[Word],
    ) -> QuietHours {
        if let Some((from, to)) = between
            && from.value == to.value
        {
            self.out.push(
                Diagnostic::new(Rule::BadLiteral, "these quiet hours begin when they end")
                    .at(from.span.to(to.span), "no time, or the whole day?")
                    .help("write two different times; whole days are `quiet hours on sunday`"),
            );
        }
        let mut found: Vec<Weekday> = days.iter().filter_map(|day| self.weekday(day)).collect();
        found.sort_unstable();
        found.dedup();
        if found.len() == Weekday::ALL.len() {
            self.out.push(
                Diagnostic::new(Rule::BadLiteral, "these quiet hours never end")
                    .at(span, "every day of the week")
                    .because("no marketing or service message would ever leave")
                    .help("leave a day out"),
            );
        }
        QuietHours { between: between.map(|(from, to)| (from.value, to.value)), days: found }
    }

    fn capped_class(&mut self, class: Option<&Word>) -> Option<Class> {
        let Some(word) = class else { return Some(Class::Marketing) };
        match word.value.as_str() {
            "marketing" => Some(Class::Marketing),
            "service" => Some(Class::Service),
            "transactional" => {
                self.out.push(
                    Diagnostic::new(Rule::OutOfContext, "transactional messages are not limited")
                        .at(word.span, "they pass all caps")
                        .because("a person waits for them: an order is confirmed, a password is sent")
                        .help("limit `marketing` or `service` messages"),
                );
                None
            }
            _ => {
                let found =
                    Diagnostic::new(Rule::UnknownName, format!("no class of messages is called `{}`", word.value));
                let near = suggestion(&word.value, ["marketing", "service"]);
                self.out.push(with_suggestion(found, word, near, "a class is `marketing` or `service`"));
                None
            }
        }
    }

    fn cap(&mut self, class: Class, cap: &tree::Cap) -> Option<Cap> {
        let per = PERIODS.iter().find(|(name, _)| *name == cap.per.value);
        if per.is_none() {
            let words = PERIODS.map(|(name, _)| name);
            let found = Diagnostic::new(Rule::UnknownUnit, format!("messages are not counted by `{}`", cap.per.value));
            let near = suggestion(&cap.per.value, words);
            self.out.push(with_suggestion(found, &cap.per, near, &format!("they are counted per {}", or_list(&words))));
        }
        let most = cap.most.value.fract().is_zero().then(|| cap.most.value.to_u32()).flatten();
        let most = most.filter(|most| *most > 0);
        if most.is_none() {
            let (why, help) = match cap.most.value.is_zero() {
                true => ("no message would ever leave", "to send nothing, remove the scenarios"),
                false => ("messages are counted whole", "write a whole number above zero"),
            };
            let number = cap.most.value.normalize();
            self.out.push(
                Diagnostic::new(Rule::BadLiteral, format!("`{number}` is not a number of messages"))
                    .at(cap.most.span, why)
                    .help(help),
            );
        }
        Some(Cap { class, most: most?, per: Duration::seconds(per?.1) })
    }

    fn priority(&mut self, scenarios: &[Word]) -> Vec<String> {
        let names = self.names;
        let mut found: Vec<&Word> = Vec::new();
        for word in scenarios {
            if let Some(first) = found.iter().find(|each| each.value == word.value) {
                self.out.push(
                    Diagnostic::new(Rule::DeclaredTwice, format!("`{}` is named twice", word.value))
                        .at(word.span, "again here")
                        .at(first.span, "first here")
                        .help("keep the place where it goes first"),
                );
            } else if names.scenarios.contains_key(word.value.as_str()) || names.is_silent(&word.value) {
                found.push(word);
            } else {
                let report = Diagnostic::new(Rule::UnknownName, format!("no scenario is called `{}`", word.value));
                let near = suggestion(&word.value, names.scenarios.keys().copied());
                let known: Vec<&str> = names.scenarios.keys().copied().take(SHOWN_MAX).collect();
                let otherwise = match known.is_empty() {
                    true => "check how it is spelt, or leave the line out: there is no scenario yet".to_owned(),
                    false => format!("name a scenario of the project, such as {}", or_list(&known)),
                };
                self.out.push(with_suggestion(report, word, near, &otherwise));
            }
        }
        found.into_iter().map(|word| word.value.clone()).collect()
    }

    fn expire(&mut self, duration: &tree::Expr) -> Option<Duration> {
        match literals::constant(duration, &Type::Duration, self.configuration, &mut self.out)? {
            Literal::Duration(expire) if expire.nominal() > 0 => Some(expire),
            _ => {
                self.out.push(
                    Diagnostic::new(Rule::BadLiteral, "`expire` needs a duration above zero")
                        .at(duration.span, "every message would be too late")
                        .help("write how late a message may leave, such as `expire 2 days`"),
                );
                None
            }
        }
    }

    fn holdout(&mut self, percent: &Spanned<Decimal>) -> Decimal {
        let fraction = percent.value.checked_div(Decimal::ONE_HUNDRED).unwrap_or(Decimal::ONE).normalize();
        if fraction.is_sign_negative() || fraction >= Decimal::ONE {
            self.out.push(
                Diagnostic::new(Rule::BadLiteral, "a control group is a part of all persons")
                    .at(percent.span, "a percentage below 100 is expected")
                    .help("write a small part, such as `holdout 5%`"),
            );
            return Decimal::ZERO;
        }
        fraction
    }
}

fn name_of(line: &PolicyLineKind) -> &'static str {
    match line {
        PolicyLineKind::TimeZone(_) => "time zone",
        PolicyLineKind::QuietHours { .. } => "quiet hours",
        PolicyLineKind::AtMost { .. } => "at most",
        PolicyLineKind::Priority(_) => "priority",
        PolicyLineKind::Expire(_) => "expire",
        PolicyLineKind::Holdout(_) => "holdout",
    }
}

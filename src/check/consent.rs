//! Who consents to marketing, by what the model says of each channel: a log of changes, or a field of the contact.
//!
//! The log is an event like any other, and consent is the last answer in it for the channel: an aggregate like any other. So it
//! holds as of the instant at which a message is judged, and nothing below the checker knows of it.

use super::exprs::flag;
use super::literals::a;
use super::names::Names;
use super::scope::{Checker, Scope};
use super::typed::{Aggregate, Class, Expr, History, Kind, Scenario, StepKind, Window};
use super::words::or_list;
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{AggregateKind, CHANNELS, Field, Literal, Type};
use crate::span::Span;
use crate::syntax::tree::Word;
use std::collections::BTreeMap;

/// The event of each change, and its fields: on which channel, and whether the person consents from then on.
pub(super) const LOG: &str = "consent_changed";
pub(super) const CHANNEL: &str = "channel";
pub(super) const GRANTED: &str = "granted";
/// How these fields are declared.
const FIELDS: [(&str, &str); 2] = [(CHANNEL, "channel: \"email\" | \"sms\""), (GRANTED, "granted: flag")];

/// The field of the contact that says whether they consent to marketing on a channel.
pub(super) fn field_of(channel: &str) -> String {
    format!("{channel}_consent")
}

/// Judges what the model says of consent: the log by itself, and beside the fields of contacts; and where it says nothing.
pub fn check_consent(names: &Names, scenarios: &[Scenario], out: &mut Vec<Diagnostic>) {
    if !log_is_wrong(names) {
        out.extend(logged_channels(names).into_iter().flatten().filter_map(|channel| said_twice(names, channel)));
    }
    out.extend(log_flaws(names));
    out.extend(no_consent_source(scenarios, names));
}

/// The channels that the log is about, the language's or not; `None` without a log, or with one that is in error.
fn logged_channels<'n>(names: &'n Names) -> Option<&'n [String]> {
    match &names.model.events.get(LOG)?.field(CHANNEL)?.ty {
        Type::Enumeration(texts) => Some(texts),
        _ => None,
    }
}

/// Whether the log is in error, so that nothing is said of who consents.
fn log_is_wrong(names: &Names) -> bool {
    let is_broken = FIELDS.iter().any(|(name, _)| names.is_broken(LOG, name));
    is_broken || (names.is_silent(LOG) && names.model.events.contains_key(LOG)) || !log_flaws(names).is_empty()
}

/// What is wrong with the log.
fn log_flaws(names: &Names) -> Vec<Diagnostic> {
    let (Some(log), Some((_, log_place))) = (names.model.events.get(LOG), names.place(LOG)) else { return Vec::new() };
    if names.is_silent(LOG) {
        return Vec::new();
    }
    let sound = |name: &str| !names.is_broken(LOG, name);
    let found = FIELDS.into_iter().filter(|(name, _)| sound(name)).filter_map(|(name, written)| {
        let found = |said: String| Diagnostic::new(Rule::ConsentLogWrong, said);
        let found = match log.field(name) {
            None => found(format!("the log of consent has no `{name}`"))
                .at(log_place, "an event of this name says who consents to marketing"),
            Some(field) => {
                let (said, label) = flaw(field)?;
                let place = names.field_places.get(&(LOG.to_owned(), name.to_owned()));
                found(said).at(place.copied().unwrap_or(log_place), label)
            }
        };
        Some(found.help(format!("write `{written}`, or give the event another name")))
    });
    found.collect()
}

/// What is wrong with a field of the log, and why it must be otherwise.
fn flaw(field: &Field) -> Option<(String, String)> {
    let name = format!("`{LOG}.{}`", field.name);
    match (field.name.as_str(), &field.ty) {
        (CHANNEL, Type::Enumeration(texts)) if !texts.iter().any(|text| is_channel(text)) => {
            let known: Vec<&str> = CHANNELS.iter().map(|(name, _)| *name).collect();
            Some((
                format!("{name} names no channel by which messages are sent"),
                format!("none of {}", or_list(&known)),
            ))
        }
        (CHANNEL, Type::Enumeration(_)) | (GRANTED, Type::Flag) if field.may_be_missing() => {
            Some((format!("{name} may be missing"), "without it nobody knows what the person chose".to_owned()))
        }
        (CHANNEL, Type::Enumeration(_)) | (GRANTED, Type::Flag) => None,
        (CHANNEL, ty) => Some((
            format!("{name} is {}, and does not name the channels", a(ty)),
            "a channel that the CRM writes otherwise would be none, and who withdraws would be written to".to_owned(),
        )),
        (_, ty) => {
            Some((format!("{name} is {}, not a flag", a(ty)), "whether the person consents from then on".into()))
        }
    }
}

pub(super) fn is_channel(text: &str) -> bool {
    CHANNELS.iter().any(|(name, _)| *name == text)
}

/// A channel of which the log and a field of the contact both speak.
fn said_twice(names: &Names, channel: &str) -> Option<Diagnostic> {
    let field = field_of(channel);
    let place = names.field_places.get(&("contact".to_owned(), field.clone()))?;
    let (_, log) = names.place(LOG)?;
    is_channel(channel).then(|| {
        Diagnostic::new(Rule::ConsentTwice, format!("the model says twice who consents to marketing by `{channel}`"))
            .at(*place, "this field says what holds now")
            .at(log, "this log says what held when")
            .because("where the two disagree, nobody can say which is right")
            .help(format!("take out `{field}`; or take \"{channel}\" out of the channels of `{LOG}`"))
    })
}

impl Checker<'_> {
    /// Whether the contact consents to marketing on a channel, where the model says so: a condition that is never unknown
    /// where the log says it.
    pub(super) fn consent(&mut self, channel: &Word) -> Option<Expr> {
        match logged_channels(self.names) {
            _ if log_is_wrong(self.names) => Some(Expr::error(channel.span)),
            Some(channels) if channels.contains(&channel.value) => self.logged_consent(channel),
            _ => self.field_consent(channel),
        }
    }

    /// As [`Checker::consent`], asked in a condition; reported where what happened to the contact is not asked.
    pub(super) fn consent_here(&mut self, scope: &Scope, channel: &Word, span: Span) -> Option<Expr> {
        let consent = self.consent(channel)?;
        let asks_log = consent.any(|kind| matches!(kind, Kind::Aggregate(_)));
        if asks_log && (scope.in_filter || !scope.has_histories()) {
            let said = format!("consent to marketing by `{}` is not asked here", channel.value);
            let found = Diagnostic::new(Rule::OutOfContext, said)
                .at(span, "only the event itself and the contact are looked at")
                .because(format!("the log `{LOG}` says who consents, and it is other events"))
                .help("ask for it in `for`, or in a step");
            self.report(scope, found);
            return Some(Expr::error(span));
        }
        Some(consent)
    }

    /// The last answer for the channel up to now; none is no.
    fn logged_consent(&self, channel: &Word) -> Option<Expr> {
        let log = self.names.model.events.get(LOG)?;
        let of = |name: &str| {
            let field = log.field(name)?;
            Some(self.field_of(log, field, Kind::Event(name.to_owned()), channel.span))
        };
        let name = Expr::literal(Literal::Text(channel.value.clone()), Type::Text, channel.span);
        let is_about = flag(Kind::Equal(Box::new((of(CHANNEL)?, name))), false, channel.span);
        let (keys, instance_filters) = (Vec::new(), Vec::new());
        let history =
            History { event: LOG.to_owned(), filters: vec![is_about], keys, instance_filters, window: Window::Ever };
        let last = Aggregate { kind: AggregateKind::Last, history, of: of(GRANTED) };
        let last = Expr::new(Kind::Aggregate(Box::new(last)), Type::Flag, true, channel.span);
        let none = Expr::literal(Literal::Flag(false), Type::Flag, channel.span);
        Some(flag(Kind::Default(Box::new((last, none))), false, channel.span))
    }

    fn field_consent(&mut self, channel: &Word) -> Option<Expr> {
        let names = self.names;
        let name = field_of(&channel.value);
        let field = names.model.entities.get("contact")?.field(&name)?;
        if names.is_broken("contact", &name) {
            return Some(Expr::error(channel.span));
        }
        if field.ty != Type::Flag {
            self.out.push(
                Diagnostic::new(Rule::TypeMismatch, format!("`contact.{name}` is {}, not a flag", a(&field.ty)))
                    .at(channel.span, "it says who consents to marketing on this channel")
                    .help(format!("declare it as `{name}: flag?`, or give that field another name")),
            );
            return Some(Expr::error(channel.span));
        }
        Some(Expr::new(Kind::Contact(name), Type::Flag, field.may_be_missing(), channel.span))
    }
}

/// Said once in a run where the model has no source of consent, on the first marketing message; else once for each channel
/// without one, on its first.
fn no_consent_source(scenarios: &[Scenario], names: &Names) -> Vec<Diagnostic> {
    let steps = scenarios.iter().flat_map(|scenario| scenario.all_steps());
    let sends = steps.filter_map(|step| match &step.kind {
        StepKind::Send(send) if send.class == Class::Marketing => Some((step, send)),
        _ => None,
    });
    let mut firsts: BTreeMap<&str, Span> = BTreeMap::new();
    let mut somebody_is_asked = false;
    for (step, send) in sends {
        for alternative in &send.alternatives {
            somebody_is_asked |= alternative.consent.is_some();
            if alternative.consent.is_none() {
                let first = firsts.entry(&alternative.channel).or_insert(step.span);
                *first = (*first).min(step.span);
            }
        }
    }
    let mut firsts: Vec<(Span, &str)> = firsts.into_iter().map(|(channel, span)| (span, channel)).collect();
    firsts.sort_unstable();
    // A log is a source, of other channels than these.
    let has_log = logged_channels(names).is_some();
    let of_each = somebody_is_asked || has_log;
    let found = |(span, channel): (Span, &str)| {
        let said = match of_each {
            true => format!("the model does not say who consents to marketing by `{channel}`"),
            false => "the model does not say who consents to marketing messages".to_owned(),
        };
        let field = field_of(channel);
        let help = match has_log {
            true => format!(
                "write \"{channel}\" among the channels of `{LOG}`; or `extend contact {{ {field}: flag? }}`, where the CRM has that \
                 column; or send it as `service` where it is one"
            ),
            false => format!(
                "write `extend contact {{ {field}: flag? }}` in a file of its own, such as `model.scn`: then only who has a 1 in that \
                 column is written to; or, where the CRM keeps each change with its date, \
                 `event {LOG} {{ {CHANNEL}: \"{channel}\", {GRANTED}: flag }}`; or send it as `service` where it is one"
            ),
        };
        Diagnostic::new(Rule::NoConsentSource, said).at(span, "sent to every address that is not suppressed").help(help)
    };
    let told = if of_each { firsts.len() } else { 1 };
    firsts.into_iter().take(told).map(found).collect()
}

//! What a test expects.

use super::reader::Reader;
use super::{Act, Expected, When};
use crate::check::names::{unknown_field, with_suggestion};
use crate::check::words::or_list;
use crate::diagnostic::{Diagnostic, Rule, suggestion};
use crate::model::{CHANNELS, Literal, Type};
use crate::span::Span;
use crate::syntax::tree::{self, ExpectedAct, ExprKind, TestLineKind, Word};
use crate::time::{Duration, Instant, TimeOfDay};

impl Reader<'_, '_, '_> {
    pub(super) fn expected(&mut self, line: &tree::TestLine) -> Option<Expected> {
        Some(match &line.kind {
            TestLineKind::ExpectNothing { otherwise: true } => Expected::NothingElse,
            TestLineKind::ExpectNothing { otherwise: false } => Expected::Nothing,
            TestLineKind::ExpectMessage { channel, message, contact, when } => {
                let when = self.when(when.as_ref());
                let (channel, message, contact) = self.message(channel, message, contact)?;
                Expected::Message { channel, message, contact, when: when? }
            }
            TestLineKind::ExpectNoMessage { channel, message, contact } => {
                let (channel, message, contact) = self.message(channel, message, contact)?;
                Expected::NoMessage { channel, message, contact }
            }
            TestLineKind::ExpectAct { negated, act, contact, when } => {
                let when = self.when(when.as_ref());
                let contact = self.named(contact);
                let known = self.contact(&contact);
                let act = self.act(act, line.span)?;
                let when = when.filter(|_| known)?;
                Expected::Act { negated: *negated, act, contact: contact.value, when }
            }
            TestLineKind::Given { .. }
            | TestLineKind::Measure { .. }
            | TestLineKind::GivenBlock(_)
            | TestLineKind::Cases { .. }
            | TestLineKind::Until(_)
            | TestLineKind::At { .. } => return None,
        })
    }

    /// A date without a time is the whole day.
    fn when(&mut self, when: Option<&tree::When>) -> Option<When> {
        match when {
            None => Some(When::Ever),
            Some(tree::When::At(at)) => {
                let (from, to) = self.moment(at)?;
                Some(if from == to { When::At(from) } else { When::Between(from, to) })
            }
            Some(tree::When::Within { duration, of }) => {
                let from = match of {
                    Some(of) => self.moment(of),
                    None => self.since_latest(duration),
                };
                let length = match self.constant(duration, &Type::Duration)? {
                    Literal::Duration(length) if length > Duration::ZERO => length,
                    _ => {
                        let found = Diagnostic::new(Rule::BadLiteral, "nothing happens within no time");
                        self.report(found.at(duration.span, "zero or less").help("write a longer duration, or `at`"));
                        return None;
                    }
                };
                let (from, to) = from?;
                let to = self.checker.configuration.zone.add(to, length).unwrap_or(Instant::MAX);
                Some(When::Between(from, to))
            }
        }
    }

    /// From the latest line `at` on.
    fn since_latest(&mut self, duration: &tree::Expr) -> Option<(Instant, Instant)> {
        if self.latest.is_none() && self.sound {
            let found = Diagnostic::new(Rule::BadLiteral, "nothing has happened from which to count")
                .at(duration.span, "counted from the line `at` before it")
                .help("write from when on: `within 3 days of 2024-12-10`");
            self.report(found);
        }
        self.latest.map(|latest| (latest, latest))
    }

    /// An instant, or a day from its first instant to its last.
    fn moment(&mut self, tree: &tree::Expr) -> Option<(Instant, Instant)> {
        let last = self.instant(tree)?;
        match self.written(tree).kind {
            ExprKind::Date(date) => {
                let zone = self.checker.configuration.zone;
                let next = zone.next_midnight(last);
                Some((zone.instant(date, TimeOfDay::MIDNIGHT), Instant(next.0 - 1)))
            }
            _ => Some((last, last)),
        }
    }

    fn act(&mut self, act: &ExpectedAct, span: Span) -> Option<Act> {
        let names = self.checker.names;
        let found = match act {
            ExpectedAct::Set { field, value } => {
                let record = names.model.entities.get("contact")?;
                let Some(declared) = record.field(&field.value) else {
                    self.report(unknown_field(field, record));
                    return None;
                };
                let value = self.value(value, &declared.ty)?;
                Act::Set { field: field.value.clone(), value }
            }
            ExpectedAct::Tag { add, tag } => match self.constant(tag, &Type::Text)? {
                Literal::Text(tag) => Act::Tag { add: *add, tag },
                _ => return None,
            },
            ExpectedAct::Account { credit, amount, account } => {
                let ty = self.account(account)?;
                match self.constant(amount, &ty)? {
                    Literal::Number(amount) => Act::Account { credit: *credit, account: account.value.clone(), amount },
                    _ => return None,
                }
            }
            ExpectedAct::Start(scenario) => Act::Start(self.named(scenario).value),
            ExpectedAct::Erase => Act::Erase,
            ExpectedAct::Call(webhook) => Act::Call(self.named(webhook).value),
        };
        self.is_done(&found, span)?;
        Some(found)
    }

    fn account(&mut self, account: &Word) -> Option<Type> {
        let names = self.checker.names;
        let found = names.model.accounts.get(&account.value).cloned();
        if found.is_none() {
            let report = Diagnostic::new(Rule::UnknownName, format!("no account is called `{}`", account.value));
            let near = suggestion(&account.value, names.model.accounts.keys().map(String::as_str));
            self.report(with_suggestion(report, account, near, "declare it: `account points: number`"));
        }
        found
    }

    /// Whether one of the scenarios does such a thing at all.
    fn is_done(&mut self, act: &Act, span: Span) -> Option<()> {
        if self.acts.does(act) {
            return Some(());
        }
        if self.sound {
            let does = self.acts.in_words();
            let help = match does.is_empty() {
                true => "its scenarios only send messages".to_owned(),
                false => format!("their other steps are {}", or_list(&does)),
            };
            let message = format!("no scenario of this test has a step `{}`", act.in_words());
            self.report(Diagnostic::new(Rule::UnknownName, message).at(span, "expected here").help(help));
        }
        self.sound = false;
        None
    }

    /// A message that one of the scenarios sends, to a contact of the test.
    fn message(&mut self, channel: &Word, message: &Word, contact: &Word) -> Option<(String, String, String)> {
        let (channel, message, contact) = (self.named(channel), self.named(message), self.named(contact));
        let known = self.contact(&contact);
        if !CHANNELS.iter().any(|(name, _)| *name == channel.value) {
            let report = Diagnostic::new(Rule::UnknownChannel, format!("no channel is called `{}`", channel.value));
            let near = suggestion(&channel.value, CHANNELS.iter().map(|(name, _)| *name));
            let known: Vec<&str> = CHANNELS.iter().map(|(name, _)| *name).collect();
            let otherwise = format!("the channels are {}", or_list(&known));
            self.report(with_suggestion(report, &channel, near, &otherwise));
            return None;
        }
        if self.acts.sent.contains(&(channel.value.clone(), message.value.clone())) {
            return known.then_some((channel.value, message.value, contact.value));
        }
        if self.sound {
            let name = format!("{} {}", channel.value, message.value);
            let report = Diagnostic::new(Rule::UnknownName, format!("no scenario of this test sends `{name}`"));
            let sent: Vec<String> =
                self.acts.sent.iter().map(|(channel, message)| format!("{channel} {message}")).collect();
            let near = suggestion(&name, sent.iter().map(String::as_str));
            let whole = Word::new(name.clone(), channel.span.to(message.span));
            let otherwise = match sent.is_empty() {
                true => "its scenarios send nothing".to_owned(),
                false => format!("they send {}", or_list(&sent)),
            };
            let report = with_suggestion(report, &whole, near, &otherwise);
            self.report(report);
        }
        self.sound = false;
        None
    }
}

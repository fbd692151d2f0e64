//! `send`: channels, classes, what a message is given, and waiting for what becomes of it.

use super::names::{declared_twice, with_suggestion};
use super::scope::{Checker, Scope};
use super::typed::{Alternative, Class, Expr, Kind, Send, WithValue};
use crate::diagnostic::{Diagnostic, Rule, suggestion};
use crate::syntax::tree::{self, Word};

impl Checker<'_> {
    pub(super) fn send(&mut self, scope: &Scope, send: &tree::Send, after_wait: bool) -> Send {
        let class = send.class.as_ref().map_or(Class::Marketing, |word| self.class(word));
        let mut alternatives: Vec<Alternative> = Vec::with_capacity(send.alternatives.len());
        for alternative in &send.alternatives {
            let (channel, message) = (&alternative.channel, &alternative.message);
            if let Some(first) =
                alternatives.iter().find(|each| each.channel == channel.value && each.message == message.value)
            {
                let name = format!("{} {}", channel.value, message.value);
                self.out.push(declared_twice("alternative", &name, message.span, first.span));
                continue;
            }
            if let Some(address) = self.address(scope, channel) {
                let consent = self.consent(channel);
                let (channel, name) = (channel.value.clone(), message.value.clone());
                alternatives.push(Alternative { channel, message: name, address, consent, span: message.span });
            }
        }
        if let Some(together) = send.together.filter(|_| !after_wait) {
            self.out.push(
                Diagnostic::new(Rule::TogetherWithoutWait, "`together` needs a wait just before this step")
                    .at(together, "no wait directly before")
                    .because("`together` gathers the instances that stand in the wait just before it")
                    .help("write a `wait` before this `send`, or remove `together`"),
            );
        }
        Send { class, alternatives, with: self.with(scope, &send.with), together: send.together.is_some() }
    }

    fn class(&mut self, word: &Word) -> Class {
        match word.value.as_str() {
            "marketing" => Class::Marketing,
            "service" => Class::Service,
            "transactional" => Class::Transactional,
            _ => {
                let found =
                    Diagnostic::new(Rule::UnknownName, format!("no class of messages is called `{}`", word.value));
                let near = suggestion(&word.value, ["service", "transactional"]);
                let otherwise = "a class is `transactional` or `service`; without one a message is marketing";
                self.out.push(with_suggestion(found, word, near, otherwise));
                Class::Marketing
            }
        }
    }

    pub(super) fn with(&mut self, scope: &Scope, arguments: &[tree::Argument]) -> Vec<WithValue> {
        let mut values: Vec<(&Word, WithValue)> = Vec::with_capacity(arguments.len());
        for argument in arguments {
            if let Some((first, _)) = values.iter().find(|(name, _)| name.value == argument.name.value) {
                let found = declared_twice("value", &argument.name.value, argument.name.span, first.span);
                self.out.push(found);
                continue;
            }
            let value = self.expr(scope, &argument.value);
            values.push((&argument.name, WithValue { name: argument.name.value.clone(), value }));
        }
        values.into_iter().map(|(_, value)| value).collect()
    }
}

/// The messages of the scenario whose engagement a condition asks about; `None` where it asks about anything else.
pub(super) fn engagement(condition: &Expr) -> Option<Vec<String>> {
    let mut names = Vec::new();
    asks_of_messages(condition, &mut names).then_some(names).filter(|names| !names.is_empty())
}

fn asks_of_messages(condition: &Expr, names: &mut Vec<String>) -> bool {
    match &condition.kind {
        Kind::And(all) | Kind::Or(all) => all.iter().all(|each| asks_of_messages(each, names)),
        Kind::Not(inner) | Kind::Has(inner) | Kind::IsUnknown(inner) => asks_of_messages(inner, names),
        Kind::Literal(_) | Kind::Missing | Kind::OwnMessage(_) => true,
        Kind::History(history) => {
            let own = history.keys.iter().find_map(|key| match &key.of_instance.kind {
                Kind::OwnMessage(own) => Some(own),
                _ => None,
            });
            for name in own.into_iter().flatten() {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
            own.is_some()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::model::CHANNELS;
    use crate::syntax;

    /// Neither room may name the other.
    #[test]
    fn the_reader_knows_the_channels_of_the_model() {
        assert_eq!(CHANNELS.map(|(name, _)| name), syntax::CHANNELS);
    }
}

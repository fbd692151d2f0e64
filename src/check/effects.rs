//! Steps that change something: the contact's fields and tags, accounts, other scenarios, the contact as a whole.

use super::arithmetic::constant_duration;
use super::literals::{self, a};
use super::names::{unknown_field, with_suggestion};
use super::scope::{Checker, Scope};
use super::typed::{Expr, Kind, StepKind};
use crate::diagnostic::{Diagnostic, Rule, suggestion};
use crate::model::{Literal, TAGS, Type};
use crate::span::Span;
use crate::syntax::tree::{self, Argument, Path, Word};

impl Checker<'_> {
    /// A value that a step needs: of this type, and there. One that may be missing is a warning.
    fn needed(&mut self, scope: &Scope, tree: &tree::Expr, wanted: &Type) -> Expr {
        let value = self.operand(scope, tree);
        let span = value.span;
        match self.fit(value, wanted) {
            Ok(value) => value,
            Err(found) => {
                self.report(scope, *found);
                Expr::error(span)
            }
        }
    }

    /// `set contact.FIELD = VALUE`
    pub(super) fn set(&mut self, scope: &Scope, path: &Path, value: &tree::Expr) -> StepKind {
        let Some((field, ty)) = self.settable(path) else {
            self.expr(scope, value);
            return StepKind::Error;
        };
        let value = self.needed(scope, value, &ty);
        StepKind::Set { field, ty, value }
    }

    /// A field of the contact that a step may change; reported where it is none.
    fn settable(&mut self, path: &Path) -> Option<(String, Type)> {
        let names = self.names;
        let contact = names.model.entities.get("contact")?;
        let [root, word] = path.segments.as_slice() else {
            self.out.push(not_settable(path.span));
            return None;
        };
        if root.value != "contact" {
            self.out.push(not_settable(path.span));
            return None;
        }
        let Some(field) = contact.field(&word.value) else {
            if !names.is_silent(&contact.name) {
                self.out.push(unknown_field(word, contact));
            }
            return None;
        };
        if names.is_broken("contact", &field.name) {
            return None;
        }
        let help = match &field.ty {
            Type::Texts if field.name == TAGS => "write `tag \"...\"` or `untag \"...\"`",
            Type::Texts | Type::List(_) => "set a field of one value; a list is filled in the CRM",
            _ => return Some((field.name.clone(), field.ty.clone())),
        };
        self.out.push(
            Diagnostic::new(Rule::OutOfContext, format!("{} is not set", a(&field.ty)))
                .at(path.span, "has several values")
                .help(help),
        );
        None
    }

    /// `tag TEXT`, `untag TEXT`
    pub(super) fn tag(&mut self, scope: &Scope, add: bool, tag: &tree::Expr) -> StepKind {
        let contact = self.names.model.entities.get("contact");
        let declared = contact.and_then(|contact| contact.field(TAGS));
        let tag = self.needed(scope, tag, &Type::Text);
        if declared.is_none_or(|field| field.ty != Type::Texts) && !self.names.is_broken("contact", TAGS) {
            self.out.push(
                Diagnostic::new(Rule::UnknownField, format!("`contact` has no list of texts `{TAGS}`"))
                    .at(tag.span, "a tag has its place there")
                    .help(format!("declare it: `extend contact {{ {TAGS}: texts }}`")),
            );
            return StepKind::Error;
        }
        if let Kind::Literal(Literal::Text(text)) = &tag.kind
            && text.trim().is_empty()
        {
            self.out.push(
                Diagnostic::new(Rule::BadLiteral, "a tag needs a name")
                    .at(tag.span, "empty")
                    .help("write a text, such as `tag \"dormant\"`"),
            );
        }
        StepKind::Tag { add, tag }
    }

    /// `credit AMOUNT ACCOUNT expiring in D`, `debit AMOUNT ACCOUNT`
    pub(super) fn account(
        &mut self,
        scope: &Scope,
        credit: bool,
        amount: &tree::Expr,
        account: &Word,
        expiring: Option<&tree::Expr>,
    ) -> StepKind {
        let expires = expiring.map(|expiring| self.expiry(scope, credit, expiring));
        let Some(ty) = self.names.model.accounts.get(&account.value).cloned() else {
            self.expr(scope, amount);
            self.unknown_account(account);
            return StepKind::Error;
        };
        let amount = self.needed(scope, amount, &ty);
        if let Some(found) = nothing(&amount, &ty, &self.configuration.currency.0) {
            self.out.push(found);
        }
        let account = account.value.clone();
        match credit {
            true => StepKind::Credit { account, amount, expires },
            false => StepKind::Debit { account, amount },
        }
    }

    fn expiry(&mut self, scope: &Scope, credit: bool, expiring: &tree::Expr) -> Expr {
        let duration = self.needed(scope, expiring, &Type::Duration);
        if !credit {
            self.out.push(
                Diagnostic::new(Rule::OutOfContext, "what is debited does not expire")
                    .at(duration.span, "`expiring in` belongs to `credit`")
                    .help("leave `expiring in` out"),
            );
        } else if constant_duration(&duration).is_some_and(|each| each.nominal() <= 0) {
            self.out.push(
                Diagnostic::new(Rule::BadLiteral, "this credit expires before it can be used")
                    .at(duration.span, "zero or less")
                    .help("write a duration above zero, or leave `expiring in` out"),
            );
        }
        duration
    }

    fn unknown_account(&mut self, account: &Word) {
        if self.names.is_silent(&account.value) {
            return;
        }
        let found = Diagnostic::new(Rule::UnknownName, format!("no account is called `{}`", account.value));
        let near = suggestion(&account.value, self.names.model.accounts.keys().map(String::as_str));
        let otherwise = format!("declare it: `account {}: number`", account.value);
        self.out.push(with_suggestion(found, account, near, &otherwise));
    }

    /// `start SCENARIO`
    pub(super) fn start_step(&mut self, scenario: &Word) -> StepKind {
        let names = self.names;
        if names.scenarios.contains_key(scenario.value.as_str()) {
            return StepKind::Start(scenario.value.clone());
        }
        if !names.is_silent(&scenario.value) {
            let found = Diagnostic::new(Rule::UnknownName, format!("no scenario is called `{}`", scenario.value));
            let near = suggestion(&scenario.value, names.scenarios.keys().copied());
            let otherwise = format!("write it: `scenario {} {{ when started ... }}`", scenario.value);
            self.out.push(with_suggestion(found, scenario, near, &otherwise));
        }
        StepKind::Error
    }

    /// `erase contact`
    pub(super) fn erase(&mut self, what: &Word) -> StepKind {
        if what.value == "contact" {
            return StepKind::Erase;
        }
        let found = Diagnostic::new(Rule::UnknownName, format!("`{}` cannot be erased", what.value));
        let near = suggestion(&what.value, ["contact"]);
        self.out.push(with_suggestion(found, what, near, "a person is erased as a whole: `erase contact`"));
        StepKind::Error
    }

    /// `call WEBHOOK with ...`: one of those that `scn.toml` names, where it names any.
    pub(super) fn call_step(&mut self, scope: &Scope, webhook: &Word, with: &[Argument]) -> StepKind {
        let known = &self.configuration.webhooks;
        if !known.is_empty() && !known.contains(&webhook.value) {
            let found = Diagnostic::new(Rule::UnknownName, format!("no webhook is called `{}`", webhook.value));
            let near = suggestion(&webhook.value, known.iter().map(String::as_str));
            let help = format!("name it in `scn.toml`: `[webhooks.{}]`", webhook.value);
            self.out.push(with_suggestion(found, webhook, near, &help));
        }
        StepKind::Call { webhook: webhook.value.clone(), with: self.with(scope, with) }
    }
}

fn not_settable(span: Span) -> Diagnostic {
    Diagnostic::new(Rule::OutOfContext, "only a field of the contact is set")
        .at(span, "not a field of the contact")
        .because("products, events and other contacts belong to the CRM")
        .help("write `set contact.FIELD = ...`, such as `set contact.tier = \"gold\"`")
}

/// An amount that is known to change nothing, or to go the other way.
fn nothing(amount: &Expr, ty: &Type, currency: &str) -> Option<Diagnostic> {
    let is_nothing = match &amount.kind {
        Kind::Literal(Literal::Number(number)) => number.is_zero() || number.is_sign_negative(),
        Kind::Negate(inner) => matches!(inner.kind, Kind::Literal(_)),
        _ => false,
    };
    is_nothing.then(|| {
        Diagnostic::new(Rule::BadLiteral, "this amount is not above zero")
            .at(amount.span, "changes nothing, or goes the other way")
            .because("what goes up is credited, what goes down is debited")
            .help(format!("write {}", literals::example(ty, currency)))
    })
}

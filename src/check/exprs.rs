//! Expressions: every node gets its type, or is reported.

use super::literals::{self, a, literal};
use super::scope::{Checker, Scope, out_of_context};
use super::typed::{Expr, Kind};
use super::words::or_list;
use crate::diagnostic::{Diagnostic, Near, Rule, suggestion};
use crate::model::{CHANNELS, Literal, Type};
use crate::span::Span;
use crate::syntax::channel_meant;
use crate::syntax::tree::{self, ExprKind, Path, Word};

impl Checker<'_> {
    /// An expression with its type.
    pub fn expr(&mut self, scope: &Scope, tree: &tree::Expr) -> Expr {
        let levels = match &tree.kind {
            ExprKind::Sum(terms) => terms.len(),
            ExprKind::Product(factors) => factors.len(),
            ExprKind::If { arms, .. } => arms.len(),
            _ => 1,
        };
        let Some(scope) = self.deeper(scope, levels, tree.span) else { return Expr::error(tree.span) };
        let scope = &scope;
        let mut found = Vec::new();
        let value = literal(tree, self.configuration, &mut found);
        found.into_iter().for_each(|each| self.report(scope, each));
        if let Some(value) = value {
            return value;
        }
        let span = tree.span;
        match &tree.kind {
            ExprKind::Path(path) => self.path(scope, path),
            ExprKind::LastMessage => self.last_message(scope, span),
            ExprKind::Call { name, arguments } if self.is_recommend(name) => {
                self.recommend(scope, name, arguments, span)
            }
            ExprKind::Call { name, arguments } => self.call(scope, name, arguments, span),
            ExprKind::History { pattern, window } => self.history(scope, pattern, window.as_ref(), span),
            ExprKind::No { patterns, window } => self.none_of(scope, patterns, window.as_ref(), span),
            ExprKind::AnyOf { patterns, window } => self.any_of(scope, patterns, window.as_ref(), span),
            ExprKind::Not(inner) => {
                let inner = self.condition(scope, inner);
                negated(inner, true, span)
            }
            ExprKind::And(all) => self.all_of(scope, all, span),
            ExprKind::Or(all) => self.any_one_of(scope, all, span),
            ExprKind::Compare { op, left, right } => {
                self.of_operands(|checker| checker.compare(scope, op.value, left, right, span))
            }
            ExprKind::Is { negated: not, left, right } if is_unknown(right) => {
                let asked = self.condition(scope, left);
                self.unknown_answer(asked, *not, span)
            }
            ExprKind::Is { negated: not, left, right } => {
                let left = self.expr(scope, left);
                let equal = self.equal(scope, left, right, span);
                negated(equal, *not, span)
            }
            ExprKind::IsEmpty { negated: not, value } => {
                let value = self.expr(scope, value);
                let empty = self.is_empty(scope, value, span);
                negated(empty, *not, span)
            }
            ExprKind::In { negated: not, value, list } => {
                let written = tree_text(value);
                let value = self.expr(scope, value);
                let found = self.is_in(scope, value, &written, list, span);
                negated(found, *not, span)
            }
            ExprKind::InScenario(name) => self.in_scenario(scope, name, span),
            ExprKind::CanReceive { contact, channel } => self.can_receive(scope, contact, channel, span),
            ExprKind::Has(path) => self.has(scope, path, span),
            ExprKind::Sum(terms) => self.of_operands(|checker| checker.sum(scope, terms, span)),
            ExprKind::Product(factors) => self.of_operands(|checker| checker.product(scope, factors, span)),
            ExprKind::Negate(inner) => self.of_operands(|checker| checker.negate(scope, inner, span)),
            ExprKind::Default { value, fallback } => self.default(scope, value, fallback, span),
            ExprKind::Ago(duration) => self.ago(scope, duration, span),
            ExprKind::If { arms, otherwise } => self.choice(scope, arms, otherwise, span),
            ExprKind::Aggregate(aggregate) => self.aggregate(scope, aggregate, span),
            ExprKind::Top { count, of } => self.top(scope, count, of, span),
            ExprKind::List(_) => {
                let found = Diagnostic::new(Rule::TypeMismatch, "a list is not a value here")
                    .at(span, "a list stands after `in`")
                    .help("write `PATH in [\"a\", \"b\"]`");
                self.report(scope, found);
                Expr::error(span)
            }
            // Reported, or read above.
            ExprKind::Unread
            | ExprKind::Text(_)
            | ExprKind::Number(_)
            | ExprKind::Percent(_)
            | ExprKind::Quantity(_)
            | ExprKind::Flag(_)
            | ExprKind::Date(_)
            | ExprKind::Time(_)
            | ExprKind::DateTime(..) => Expr::error(span),
        }
    }

    /// Whether a call is that of the language, and of no definition.
    fn is_recommend(&self, name: &Word) -> bool {
        name.value == "recommend" && !self.names.definitions.contains_key("recommend")
    }

    /// An expression that is true or false.
    pub fn condition(&mut self, scope: &Scope, tree: &tree::Expr) -> Expr {
        let found = self.expr(scope, tree);
        let ty = match &found.ty {
            None | Some(Type::Flag) => return found,
            Some(ty) => ty,
        };
        let help = match ty {
            _ if found.optional => "ask whether it is present: `has PATH`",
            Type::Text | Type::Enumeration(_) => "compare it: `PATH is \"...\"`",
            Type::Instant | Type::Date => "compare it: `PATH before 3 months ago`",
            Type::Number | Type::Money | Type::Percent => "compare it: `PATH > ...`",
            Type::Duration => "compare it: `PATH > ...`; parts of one duration follow one another: `1 month 2 days`",
            Type::List(_) | Type::Texts => "ask what is in it: `PATH is not empty`",
            _ => "compare it with `is`",
        };
        let report = Diagnostic::new(Rule::NotACondition, format!("{} is not a condition", a(ty)))
            .at(found.span, "neither true nor false")
            .help(help);
        self.report(scope, report);
        Expr::error(found.span)
    }

    /// The conjuncts see which paths the earlier ones found present.
    fn all_of(&mut self, scope: &Scope, all: &[tree::Expr], span: Span) -> Expr {
        let mut present = scope.present.to_vec();
        let mut checked = Vec::with_capacity(all.len());
        for each in all {
            checked.push(self.condition(&Scope { present: &present, ..*scope }, each));
            found_present(each, &mut present);
        }
        let optional = checked.iter().any(|each| each.optional);
        flag(Kind::And(checked), optional, span)
    }

    /// Where an earlier part finds a path missing, the whole is true, whatever the later ones say.
    fn any_one_of(&mut self, scope: &Scope, all: &[tree::Expr], span: Span) -> Expr {
        let mut present = scope.present.to_vec();
        let mut checked = Vec::with_capacity(all.len());
        for each in all {
            checked.push(self.condition(&Scope { present: &present, ..*scope }, each));
            present.extend(found_missing(each));
        }
        let optional = checked.iter().any(|each| each.optional);
        flag(Kind::Or(checked), optional, span)
    }

    /// `left is right`.
    pub(super) fn equal(&mut self, scope: &Scope, left: Expr, right: &tree::Expr, span: Span) -> Expr {
        if self.refuse_bare_text(scope, &left, right) || self.refuse_null(scope, &left, right) {
            return Expr::error(span);
        }
        let right = self.expr(scope, right);
        if self.refuse_history(scope, &left) || self.refuse_history(scope, &right) {
            return Expr::error(span);
        }
        if self.refuse_list(scope, &left) || self.refuse_list(scope, &right) {
            return Expr::error(span);
        }
        let optional = left.optional || right.optional;
        match self.alike(scope, left, right) {
            Some((left, right)) => flag(Kind::Equal(Box::new((left, right))), optional, span),
            None => Expr::error(span),
        }
    }

    /// A text of an enumeration without its quotes: nothing else can be meant.
    fn refuse_bare_text(&mut self, scope: &Scope, left: &Expr, right: &tree::Expr) -> bool {
        let (Some(Type::Enumeration(texts)), ExprKind::Path(path)) = (&left.ty, &right.kind) else { return false };
        let [word] = path.segments.as_slice() else { return false };
        if !texts.contains(&word.value) || self.known(scope).contains(&word.value) {
            return false;
        }
        let quoted = format!("\"{}\"", word.value);
        let found = Diagnostic::new(Rule::UnknownName, format!("nothing here is called `{}`", word.value))
            .at(word.span, "a text without its quotes")
            .help(format!("write `{quoted}`"))
            .fix(word.span, quoted);
        self.report(scope, found);
        true
    }

    fn has(&mut self, scope: &Scope, path: &Path, span: Span) -> Expr {
        let value = self.path(scope, path);
        if self.refuse_history(scope, &value) || value.ty.is_none() {
            return Expr::error(span);
        }
        flag(Kind::Has(Box::new(value)), false, span)
    }

    fn last_message(&mut self, scope: &Scope, span: Span) -> Expr {
        if !scope.has_instance() {
            self.report(scope, out_of_context("last message", scope.place, span));
            return Expr::error(span);
        }
        // Without a message, what refers to it is false: nothing to warn of.
        Expr::new(Kind::LastMessage, Type::Instant, false, span)
    }

    fn default(&mut self, scope: &Scope, value: &tree::Expr, fallback: &tree::Expr, span: Span) -> Expr {
        let value = self.expr(&Scope { missing_is_fine: true, ..*scope }, value);
        let fallback = self.expr(scope, fallback);
        if self.refuse_history(scope, &value) {
            return Expr::error(span);
        }
        let optional = value.optional && fallback.optional;
        let Some((value, fallback)) = self.alike(scope, value, fallback) else { return Expr::error(span) };
        let ty = value.ty.clone();
        Expr { kind: Kind::Default(Box::new((value, fallback))), ty, optional, span }
    }

    fn choice(&mut self, scope: &Scope, arms: &[(tree::Expr, tree::Expr)], otherwise: &tree::Expr, span: Span) -> Expr {
        let mut otherwise = self.expr(scope, otherwise);
        let mut optional = otherwise.optional;
        let mut checked = Vec::with_capacity(arms.len());
        let mut sound = true;
        for (condition, value) in arms {
            let condition = self.condition(scope, condition);
            let value = self.expr(scope, value);
            optional |= value.optional;
            match self.alike(scope, value, otherwise.clone()) {
                Some((value, other)) => {
                    otherwise = other;
                    checked.push((condition, value));
                }
                None => sound = false,
            }
        }
        if !sound {
            return Expr::error(span);
        }
        let ty = otherwise.ty.clone();
        Expr { kind: Kind::If { arms: checked, otherwise: Box::new(otherwise) }, ty, optional, span }
    }

    /// `contact can receive email`: the contact has an address on this channel and, where the model says who consents,
    /// consents.
    fn can_receive(&mut self, scope: &Scope, contact: &Path, channel: &Word, span: Span) -> Expr {
        let is_contact = matches!(contact.segments.as_slice(), [word] if word.value == "contact");
        if !is_contact {
            let found = Diagnostic::new(Rule::OutOfContext, "only the contact itself can be asked what it can receive")
                .at(contact.span, "not the contact")
                .help(format!("write `contact can receive {}`", channel.value));
            self.report(scope, found);
            return Expr::error(span);
        }
        let Some(address) = self.address(scope, channel) else { return Expr::error(span) };
        let empty = flag(Kind::IsEmpty(Box::new(address)), false, span);
        let reachable = negated(empty, true, span);
        match self.consent_here(scope, channel, span) {
            Some(consent) if consent.ty.is_none() => consent,
            Some(consent) => {
                // A missing consent is none.
                let none = Expr::literal(Literal::Flag(false), Type::Flag, span);
                let consent = match consent.optional {
                    true => flag(Kind::Default(Box::new((consent, none))), false, span),
                    false => consent,
                };
                flag(Kind::And(vec![reachable, consent]), false, span)
            }
            None => reachable,
        }
    }

    /// `in SCENARIO`: an instance of it runs.
    fn in_scenario(&mut self, scope: &Scope, name: &Word, span: Span) -> Expr {
        if !self.names.scenarios.contains_key(name.value.as_str()) {
            if !self.names.something_is_unread() {
                let found = Diagnostic::new(Rule::UnknownName, format!("no scenario is called `{}`", name.value));
                let near = suggestion(&name.value, self.names.scenarios.keys().copied());
                let otherwise = "after `in` alone stands the name of a scenario";
                self.report(scope, super::names::with_suggestion(found, name, near, otherwise));
            }
            return Expr::error(span);
        }
        if !scope.has_histories() || scope.in_filter {
            self.report(scope, out_of_context("in", scope.place, span));
            return Expr::error(span);
        }
        flag(Kind::InScenario(name.value.clone()), false, span)
    }

    /// The contact's address on a channel; what is wrong with the channel is reported.
    pub(super) fn address(&mut self, scope: &Scope, channel: &Word) -> Option<Expr> {
        let Some((_, field)) = CHANNELS.iter().find(|(name, _)| *name == channel.value) else {
            let known: Vec<&str> = CHANNELS.iter().map(|(name, _)| *name).collect();
            let found = Diagnostic::new(Rule::UnknownChannel, format!("no channel is called `{}`", channel.value));
            let near = channel_meant(&channel.value).map(Near::sure);
            let near = near.or_else(|| suggestion(&channel.value, known.iter().copied()));
            let otherwise = format!("the channels are {}", or_list(&known));
            self.report(scope, super::names::with_suggestion(found, channel, near, &otherwise));
            return None;
        };
        // Without a field of its own, a channel reaches a person by their id.
        let Some(field) = field else {
            return Some(Expr::new(Kind::ContactId, Type::Entity("contact".into()), false, channel.span));
        };
        let declared = self.names.model.entities.get("contact").and_then(|contact| contact.field(field));
        match declared {
            Some(declared) if declared.ty == Type::Text => {
                let kind = Kind::Contact((*field).to_owned());
                Some(Expr::new(kind, Type::Text, declared.may_be_missing(), channel.span))
            }
            _ => {
                let found = Diagnostic::new(Rule::UnknownField, format!("`contact` has no text `{field}`"))
                    .at(channel.span, format!("{} needs it as the address", channel.value))
                    .help(format!("declare it: `extend contact {{ {field}: text? }}`"));
                self.report(scope, found);
                None
            }
        }
    }

    /// `round(VALUE)`.
    pub(super) fn round(&mut self, scope: &Scope, name: &Word, arguments: &[tree::Expr], span: Span) -> Expr {
        let [argument] = arguments else {
            let found =
                Diagnostic::new(Rule::WrongArguments, format!("`round` takes one value, not {}", arguments.len()))
                    .at(name.span, "used here")
                    .help("write `round(VALUE)`");
            self.report(scope, found);
            return Expr::error(span);
        };
        let value = self.operand(scope, argument);
        match &value.ty {
            None => Expr::error(span),
            Some(Type::Number | Type::Money) => {
                let optional = value.optional;
                Expr::new(Kind::Round(Box::new(value)), Type::Number, optional, span)
            }
            Some(ty) => {
                let found = Diagnostic::new(Rule::WrongArguments, format!("{} cannot be rounded", a(ty)))
                    .at(value.span, "`round` takes a number or an amount of money")
                    .help(format!("write {}", literals::example(&Type::Number, "")));
                self.report(scope, found);
                Expr::error(span)
            }
        }
    }
}

/// The word that asks whether a condition is neither true nor false.
pub(super) fn is_unknown(expr: &tree::Expr) -> bool {
    matches!(&expr.kind, ExprKind::Path(path) if matches!(path.segments.as_slice(), [word] if word.value == "unknown"))
}

/// A condition that is true, false, or unknown where `optional`.
pub(super) fn flag(kind: Kind, optional: bool, span: Span) -> Expr {
    Expr::new(kind, Type::Flag, optional, span)
}

/// The opposite, where it is wanted; an error stays one.
pub(super) fn negated(expr: Expr, wanted: bool, span: Span) -> Expr {
    if !wanted || expr.ty.is_none() {
        return expr;
    }
    let optional = expr.optional;
    flag(Kind::Not(Box::new(expr)), optional, span)
}

/// The paths that a condition, when true, says to be present.
pub(super) fn found_present(condition: &tree::Expr, present: &mut Vec<String>) {
    match &condition.kind {
        ExprKind::Has(path) => present.push(path_text(path)),
        ExprKind::IsEmpty { negated: true, value } => {
            if let ExprKind::Path(path) = &value.kind {
                present.push(path_text(path));
            }
        }
        ExprKind::And(all) => all.iter().for_each(|each| found_present(each, present)),
        _ => {}
    }
}

/// The path that a condition, when true, says to be missing.
fn found_missing(condition: &tree::Expr) -> Option<String> {
    let path = match &condition.kind {
        ExprKind::IsEmpty { negated: false, value } => match &value.kind {
            ExprKind::Path(path) => path,
            _ => return None,
        },
        ExprKind::Not(inner) => match &inner.kind {
            ExprKind::Has(path) => path,
            _ => return None,
        },
        _ => return None,
    };
    Some(path_text(path))
}

/// A path as it is written; what else is looked for in a list has no short text.
fn tree_text(value: &tree::Expr) -> String {
    match &value.kind {
        ExprKind::Path(path) => path_text(path),
        _ => "LIST".to_owned(),
    }
}

pub(super) fn path_text(path: &Path) -> String {
    path.segments.iter().map(|word| word.value.as_str()).collect::<Vec<_>>().join(".")
}

//! Words of other languages where a value is expected: `null`, `true`, a unit without its number.

use super::exprs::path_text;
use super::names::with_suggestion;
use super::scope::{Checker, Scope};
use super::typed::Expr;
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::Type;
use crate::syntax::misspelt_keyword;
use crate::syntax::tree::{self, EventPattern, ExprKind, FilterKind, Path, Word};
use crate::time::Duration;

/// What stands for a missing value elsewhere; whether it can be meant as a text here.
const MISSING: [(&str, bool); 5] =
    [("null", false), ("nil", false), ("undefined", false), ("none", true), ("missing", true)];

const IS_ASKED: &str = "no word stands for what is missing";

impl Checker<'_> {
    /// `contact.tier is null`
    pub(super) fn refuse_null(&mut self, scope: &Scope, left: &Expr, right: &tree::Expr) -> bool {
        let ExprKind::Path(path) = &right.kind else { return false };
        let [word] = path.segments.as_slice() else { return false };
        let Some(may_be_text) = missing(word) else { return false };
        let Some(ty) = left.ty.as_ref().filter(|_| !self.known(scope).contains(&word.value)) else { return false };
        let found = unknown(word).at(word.span, IS_ASKED);
        let is_text = matches!(ty, Type::Text | Type::Enumeration(_));
        let found = match () {
            () if !left.optional && !is_text => found.help("this value is always there: leave the question out"),
            () if is_text && may_be_text => {
                found.help(format!("write `is empty`; or, if it is a text, put it in quotes: `\"{}\"`", word.value))
            }
            () => found.help("write `is empty`, or `is not empty`").fix(word.span, "empty"),
        };
        self.report(scope, found);
        true
    }

    /// `purchased quantity is 1 discounted`: the filter after a number is read as its unit.
    pub(super) fn refuse_flag_as_unit(&mut self, scope: &Scope, path: &Path, value: &tree::Expr) -> bool {
        let ExprKind::Quantity(parts) = &value.kind else { return false };
        let [(count, word)] = parts.as_slice() else { return false };
        let Some(event) = scope.event.filter(|event| event.field(&word.value).is_some()) else { return false };
        let (path, name, flag) = (path_text(path), &event.name, &word.value);
        let found = Diagnostic::new(Rule::UnknownUnit, format!("no unit is called `{flag}`"))
            .at(value.span, "a number takes the word after it for its unit")
            .help(format!("write `{name} {flag} {path} is {count}`, or `{name} where ({path} is {count} and {flag})`"));
        self.report(scope, found);
        true
    }

    /// `discounted est yes`, read as an event with two filters.
    pub(super) fn refuse_foreign_is(&mut self, scope: &Scope, pattern: &EventPattern) -> bool {
        if self.names.model.events.contains_key(&pattern.event.value)
            || !self.known(scope).contains(&pattern.event.value)
        {
            return false;
        }
        let Some(FilterKind::Path(path)) = pattern.filters.first().map(|filter| &filter.kind) else { return false };
        let [word] = path.segments.as_slice() else { return false };
        let Some(near) = misspelt_keyword(&word.value).filter(|near| near.word == "is") else { return false };
        let found = Diagnostic::new(Rule::UnknownName, format!("`{}` is not of this language", word.value));
        self.report(scope, with_suggestion(found, word, Some(near), ""));
        true
    }
}

/// What is said of such a word where nothing else has its name.
pub(super) fn borrowed(word: &Word) -> Option<Diagnostic> {
    let name = word.value.to_lowercase();
    let (label, meant) = match name.as_str() {
        "true" | "oui" => ("a flag is `yes` or `no`", "yes".to_owned()),
        "false" | "non" => ("a flag is `yes` or `no`", "no".to_owned()),
        _ if Duration::UNITS.contains(&name.as_str()) => ("a unit without its number", format!("1 {name}")),
        unit if Duration::unit(unit).is_some() => {
            let found = unknown(word).at(word.span, "a unit without its number");
            return Some(found.help(format!("write how many: `3 {unit}`")));
        }
        _ => {
            missing(word)?;
            return Some(
                unknown(word).at(word.span, IS_ASKED).help("`PATH is empty` asks for it; to give it is not possible"),
            );
        }
    };
    Some(unknown(word).at(word.span, label).help(format!("write `{meant}`")).fix(word.span, meant))
}

fn missing(word: &Word) -> Option<bool> {
    let name = word.value.to_lowercase();
    MISSING.iter().find(|(each, _)| *each == name).map(|(_, may_be_text)| *may_be_text)
}

fn unknown(word: &Word) -> Diagnostic {
    Diagnostic::new(Rule::UnknownName, format!("nothing here is called `{}`", word.value))
}

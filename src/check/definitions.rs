//! Definitions (`let`, `segment`): each is checked on its own once, and unfolded with its arguments wherever it is used.

use super::measures::check_measure;
use super::names::Names;
use super::scope::{Checker, Place, Scope, Triggers, Unfolding};
use super::typed::{Expr, Kind};
use crate::diagnostic::{Diagnostic, Level, Rule, suggestion};
use crate::model::Configuration;
use crate::span::Span;
use crate::syntax::tree::{self, Word};
use std::collections::{BTreeMap, BTreeSet};

/// Checks every definition, segment and measure on its own, those it uses first. Those in error are marked, and their uses
/// are silent.
pub fn check_definitions<'a>(names: &mut Names<'a>, configuration: &Configuration, out: &mut Vec<Diagnostic>) {
    for name in in_order(names, out) {
        if names.measures.contains_key(name) {
            check_measure(names, name, configuration, out);
            continue;
        }
        let Some(definition) = names.definitions.get(name) else { continue };
        if definition.broken {
            continue;
        }
        let (tree, is_segment) = (definition.tree, definition.is_segment);
        let bound: Vec<(&str, Expr)> = (tree.parameters.iter().zip(&definition.parameters))
            .map(|(parameter, ty)| {
                let value = Expr { kind: Kind::Now, ty: ty.clone(), optional: false, span: parameter.name.span };
                (parameter.name.value.as_str(), value)
            })
            .collect();
        let mut checker = Checker::new(names, configuration);
        if is_segment {
            checker.condition(&Scope::new(Place::Audience, Triggers::Of(&[])), tree.body);
        } else {
            // What may be missing, and the window that `for` wants, are judged where the definition is used.
            let open = Scope::new(Place::Instance, Triggers::Open);
            checker.expr(&Scope { parameters: &bound, missing_is_fine: true, ..open }, tree.body);
        }
        let (found, silenced) = (checker.out, checker.silenced);
        let broken = silenced || found.iter().any(|diagnostic| diagnostic.level == Level::Error);
        out.extend(found);
        if broken && let Some(definition) = names.definitions.get_mut(name) {
            definition.broken = true;
        }
    }
}

/// The definitions and measures, each after those it uses. Cycles are reported and marked.
fn in_order<'a>(names: &mut Names<'a>, out: &mut Vec<Diagnostic>) -> Vec<&'a str> {
    let definitions = names.definitions.iter().map(|(name, each)| (*name, each.tree.body, each.tree.parameters));
    let measures = names.measures.iter().map(|(name, each)| (*name, &each.tree.of, &[] as &[tree::Parameter]));
    let uses: BTreeMap<&'a str, Vec<&'a Word>> = (definitions.chain(measures))
        .map(|(name, body, parameters)| {
            let mut found = Vec::new();
            super::uses::collect(body, &mut found);
            found.retain(|word| {
                let used = word.value.as_str();
                (names.definitions.contains_key(used) || names.measures.contains_key(used))
                    && !parameters.iter().any(|parameter| parameter.name.value == used)
            });
            (name, found)
        })
        .collect();
    let mut order = Vec::new();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for &start in uses.keys() {
        if done.contains(start) {
            continue;
        }
        // A stack of its own, so that a long chain of definitions needs no deep recursion.
        let mut path: Vec<(&'a str, usize)> = vec![(start, 0)];
        let mut on_path: BTreeSet<&'a str> = BTreeSet::from([start]);
        while let Some((name, next)) = path.last_mut() {
            let name: &'a str = name;
            let used = uses.get(name).and_then(|words| words.get(*next)).copied();
            *next += 1;
            match used {
                None => {
                    path.pop();
                    on_path.remove(name);
                    done.insert(name);
                    order.push(name);
                }
                Some(word) if on_path.contains(word.value.as_str()) => {
                    let from = path.iter().position(|(each, _)| *each == word.value).unwrap_or(0);
                    let cycle: Vec<&'a str> = path.iter().skip(from).map(|(each, _)| *each).collect();
                    out.extend(report_cycle(names, &cycle, word));
                }
                Some(word) if done.contains(word.value.as_str()) => {}
                Some(word) => {
                    if let Some((used, _)) = uses.get_key_value(word.value.as_str()) {
                        on_path.insert(used);
                        path.push((used, 0));
                    }
                }
            }
        }
    }
    order
}

/// Marks a cycle; reported only where none of it is in error yet.
fn report_cycle<'a>(names: &mut Names<'a>, cycle: &[&'a str], back: &Word) -> Option<Diagnostic> {
    let mut fresh = true;
    for name in cycle {
        if let Some(definition) = names.definitions.get_mut(name) {
            fresh &= !definition.broken;
            definition.broken = true;
        }
    }
    let round: Vec<String> = cycle.iter().chain(cycle.first()).map(|name| format!("`{name}`")).collect();
    fresh.then(|| {
        Diagnostic::new(Rule::DefinitionCycle, format!("the definition of `{}` needs itself", back.value))
            .at(back.span, format!("{} again", round.join(" uses ")))
            .help("define one of them without the others")
    })
}

impl Checker<'_> {
    /// A definition with its arguments in place of its parameters.
    pub(super) fn unfold(&mut self, scope: &Scope, name: &Word, arguments: &[tree::Expr], span: Span) -> Expr {
        let names = self.names;
        let Some(definition) = names.definitions.get(name.value.as_str()) else {
            return Expr::error(span);
        };
        let wanted = definition.tree.parameters.len();
        let values: Vec<Expr> = arguments.iter().map(|argument| self.expr(scope, argument)).collect();
        if definition.broken {
            self.silenced = true;
            return Expr::error(span);
        }
        if values.len() != wanted {
            let found = wrong_count(name, definition.tree.parameters, values.len(), span);
            self.report(scope, found);
            return Expr::error(span);
        }
        let mut bound: Vec<(&str, Expr)> = Vec::with_capacity(wanted);
        for ((parameter, ty), value) in definition.tree.parameters.iter().zip(&definition.parameters).zip(values) {
            let value = match ty {
                Some(ty) => self.argument(scope, value, ty, &parameter.name),
                None => Expr::error(value.span),
            };
            bound.push((&parameter.name.value, value));
        }
        if scope.unfolding.is_none() {
            self.unfolded_once = 0;
        }
        let used_at = scope.unfolding.map_or(span, |unfolding| unfolding.used_at);
        let mut inner = Scope {
            parameters: &bound,
            event: None,
            unfolding: Some(Unfolding { name: &definition.tree.name.value, used_at }),
            // A path that was found present by its words may be another one in there.
            present: &[],
            ..*scope
        };
        if definition.is_segment {
            // It says the same wherever it stands: nothing of the instance or its trigger.
            inner.triggers = Triggers::Of(&[]);
            if inner.place == Place::Instance {
                inner.place = Place::Audience;
            }
        }
        let Some(inner) = self.deeper(&inner, 1, span) else { return Expr::error(span) };
        self.expr(&inner, definition.tree.body)
    }

    fn argument(&mut self, scope: &Scope, value: Expr, ty: &crate::model::Type, parameter: &Word) -> Expr {
        let span = value.span;
        match self.fit(value, ty) {
            Ok(value) => value,
            Err(mut found) => {
                found.rule = Rule::WrongArguments;
                found.labels.push(crate::diagnostic::Label {
                    span: parameter.span,
                    text: format!("`{}` is declared {}", parameter.value, super::literals::a(ty)),
                });
                self.report(scope, *found);
                Expr::error(span)
            }
        }
    }

    /// `lead(product.delay)`, `round(amount)`.
    pub(super) fn call(&mut self, scope: &Scope, name: &Word, arguments: &[tree::Expr], span: Span) -> Expr {
        if self.names.definitions.contains_key(name.value.as_str()) {
            return self.unfold(scope, name, arguments, span);
        }
        if name.value == "round" {
            return self.round(scope, name, arguments, span);
        }
        if self.names.is_silent(&name.value) {
            return Expr::error(span);
        }
        let found = Diagnostic::new(Rule::UnknownName, format!("no definition is called `{}`", name.value));
        let near = suggestion(&name.value, self.names.definitions.keys().copied().chain(["round"]));
        let help = format!("declare it: `let {}(value: number) = ...`", name.value);
        self.report(scope, super::names::with_suggestion(found, name, near, &help));
        Expr::error(span)
    }
}

fn wrong_count(name: &Word, parameters: &[tree::Parameter], found: usize, span: Span) -> Diagnostic {
    let wanted = match parameters.len() {
        0 => "no value".to_owned(),
        1 => "one value".to_owned(),
        many => format!("{many} values"),
    };
    let words: Vec<&str> = parameters.iter().map(|parameter| parameter.name.value.as_str()).collect();
    let usage = match words.is_empty() {
        true => format!("write `{}`", name.value),
        false => format!("write `{}({})`", name.value, words.join(", ")),
    };
    Diagnostic::new(Rule::WrongArguments, format!("`{}` takes {wanted}, not {found}", name.value))
        .at(span, "used here")
        .at(parameters.first().map_or(name.span, |first| first.name.span), format!("it takes {wanted}"))
        .help(usage)
}

//! What a template reads: each of its paths as a value of the scenario, of a row of a list, or of a value of `with`.

use super::scope::{Checker, Place, Scope, Triggers};
use super::templates::{SENT_HERE, Sends, place_in};
use super::typed::{Expr, Kind, Send, Variable, WithFields, WithValue};
use super::words::or_list;
use crate::diagnostic::{Diagnostic, Rule, suggestion};
use crate::model::{Record, TemplateShape, TemplateUse, TemplateVariable, Type};
use crate::span::Span;
use crate::syntax::tree::{Path, Word};
use std::collections::{BTreeMap, BTreeSet};

/// What is read, by path.
type Values = BTreeMap<Vec<String>, Read>;

/// A value that is read, and what is read of each of its rows.
#[derive(Debug)]
struct Read {
    value: Expr,
    each: Values,
}

/// What the templates of one message read.
#[derive(Debug, Default)]
pub(super) struct Found {
    variables: Values,
    items: Values,
    with: BTreeMap<String, Values>,
}

impl Found {
    pub(super) fn variables(&mut self) -> Vec<Variable> {
        listed(std::mem::take(&mut self.variables))
    }

    pub(super) fn items(&mut self) -> Vec<Variable> {
        listed(std::mem::take(&mut self.items))
    }

    pub(super) fn with(&mut self) -> Vec<WithFields> {
        let all = std::mem::take(&mut self.with).into_iter();
        all.map(|(name, fields)| WithFields { name, fields: listed(fields) }).collect()
    }
}

fn listed(values: Values) -> Vec<Variable> {
    values.into_iter().map(|(path, read)| Variable { path, value: read.value, each: listed(read.each) }).collect()
}

/// Where a path begins.
#[derive(Clone, Copy, Debug)]
enum Root<'r> {
    /// The scenario: the contact, the trigger, an account.
    Instance,
    /// An entity at hand: a row of a list, or a value of `with`.
    Element { entity: &'r str, optional: bool },
}

/// Why a path cannot be read, and the way out.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    why: String,
    help: String,
    /// Whether the first name of the path is not known: then whatever is read of it follows.
    is_of_root: bool,
}

impl Refusal {
    fn new(why: impl Into<String>, help: impl Into<String>) -> Refusal {
        Refusal { why: why.into(), help: help.into(), is_of_root: false }
    }
}

pub(super) struct Reader<'c, 'n, 's> {
    pub checker: &'c mut Checker<'n>,
    pub records: &'s [&'s Record],
    pub sends: &'s Sends<'s>,
    /// What was told already, of any scenario: rule, template and path. A path that one scenario knows another may not.
    pub seen: &'s mut BTreeSet<(Rule, String, Vec<String>)>,
    /// What came of the variables that were read: the files of a message mostly read the same.
    pub outcomes: Vec<(&'s TemplateVariable, Outcome)>,
}

/// Whether a value that is read may be missing.
type Outcome = Result<bool, Refusal>;

impl<'s> Reader<'_, '_, 's> {
    pub(super) fn variable(&mut self, shape: &TemplateShape, variable: &'s TemplateVariable, found: &mut Found) {
        let is_same = |known: &TemplateVariable| known.path == variable.path && known.used == variable.used;
        let known = self.outcomes.iter().find(|(known, _)| is_same(known)).map(|(_, outcome)| outcome.clone());
        let outcome = match known {
            Some(outcome) => outcome,
            None => {
                let outcome = self.outcome(variable, found);
                self.outcomes.push((variable, outcome.clone()));
                outcome
            }
        };
        match outcome {
            Ok(true) if !variable.guarded => self.maybe_missing(shape, variable),
            Ok(_) => {}
            Err(refusal) => self.unknown(shape, variable, &refusal),
        }
    }

    fn outcome(&mut self, variable: &TemplateVariable, found: &mut Found) -> Outcome {
        let Some((root, rest)) = variable.path.split_first() else { return Ok(false) };
        if root == "items" {
            if rest.is_empty() {
                return Ok(false);
            }
            self.read(Root::Instance, rest, true, variable, &mut found.items)
        } else if let Some(values) = self.handed_over(root) {
            self.of_with(root, rest, &values, variable, &mut found.with)
        } else {
            self.read(Root::Instance, &variable.path, false, variable, &mut found.variables)
        }
    }

    /// The values of a name that every send hands over.
    fn handed_over(&self, name: &str) -> Option<Vec<WithValue>> {
        let value = |send: &Send| send.with.iter().find(|with| with.name == name).cloned();
        self.sends.iter().map(|(_, send)| value(send)).collect()
    }

    /// Reads a value of `with`, or a part of it. Whether it may be missing.
    fn of_with(
        &mut self,
        name: &str,
        rest: &[String],
        values: &[WithValue],
        variable: &TemplateVariable,
        found: &mut BTreeMap<String, Values>,
    ) -> Outcome {
        let optional = values.iter().any(|with| with.value.optional);
        let types: Option<Vec<&Type>> = values.iter().map(|with| with.value.ty.as_ref()).collect();
        // One in error is told where it is written.
        let Some([ty, others @ ..]) = types.as_deref() else { return Ok(false) };
        match (ty, rest) {
            (ty, []) => {
                single(name, ty, variable)?;
                Ok(optional)
            }
            (Type::Entity(_) | Type::List(_), _) if others.iter().any(|other| other != ty) => {
                let why = format!("`{name}` is not of one type in all the sends of this message");
                Err(Refusal::new(why, "hand over values of one type"))
            }
            (Type::Entity(entity), rest) => {
                let fields = found.entry(name.to_owned()).or_default();
                self.read(Root::Element { entity, optional }, rest, false, variable, fields)
            }
            (Type::List(entity), rest) => {
                let fields = found.entry(name.to_owned()).or_default();
                self.read(Root::Element { entity, optional: false }, rest, false, variable, fields)
            }
            _ => Err(Refusal::new(
                format!("`{name}` comes from `with` and has no fields"),
                format!("write `{name}` alone"),
            )),
        }
    }

    /// Reads a path, through the rows of a list where it leads there. Whether it may be missing.
    fn read(
        &mut self,
        root: Root,
        path: &[String],
        of_item: bool,
        variable: &TemplateVariable,
        found: &mut Values,
    ) -> Outcome {
        // `trigger` alone is no value.
        let is_trigger = path.len() > 1 && path.first().is_some_and(|first| first == "trigger");
        for end in 1 + usize::from(is_trigger)..=path.len() {
            let (Some(head), Some(rest)) = (path.get(..end), path.get(end..)) else { break };
            let Some(value) = self.resolve(root, head, of_item)? else { return Ok(false) };
            if let (Some(Type::List(entity)), false) = (value.ty.clone(), rest.is_empty()) {
                let list = found.entry(head.to_vec()).or_insert_with(|| Read { value, each: Values::new() });
                let element = Root::Element { entity: &entity, optional: false };
                return self.read(element, rest, false, variable, &mut list.each);
            }
            if rest.is_empty() {
                let Some(ty) = &value.ty else { break };
                single(&path.join("."), ty, variable)?;
                let optional = value.optional;
                found.entry(head.to_vec()).or_insert_with(|| Read { value, each: Values::new() });
                return Ok(optional);
            }
        }
        Ok(false)
    }

    /// The value of a path; nothing where it is in error elsewhere.
    fn resolve(&mut self, root: Root, path: &[String], of_item: bool) -> Result<Option<Expr>, Refusal> {
        let span = self.place();
        let mut scratch = Checker::new(self.checker.names, self.checker.configuration);
        let words = path.iter().map(|word| Word::new(word.clone(), span));
        let scope = Scope::new(Place::Instance, Triggers::Of(self.records));
        let value = match root {
            Root::Instance => {
                let Some(first) = path.first() else { return Ok(None) };
                let begins = self.begins(&scope, first, of_item)?;
                let prefix = (begins == Begins::Trigger).then(|| Word::new("trigger".to_owned(), span));
                let segments: Vec<Word> = prefix.into_iter().chain(words).collect();
                scratch.path(&scope, &Path { segments, span })
            }
            Root::Element { entity, optional } => {
                let element = Expr::new(Kind::Element, Type::Entity(entity.to_owned()), optional, span);
                let segments: Vec<Word> = words.collect();
                scratch.follow(&scope, element, &segments)
            }
        };
        match scratch.out.into_iter().next() {
            Some(told) => Err(Refusal::new(told.message, told.help.unwrap_or_default())),
            None => Ok(value.ty.is_some().then_some(value)),
        }
    }

    /// What the first name of a path is.
    fn begins(&self, scope: &Scope, root: &str, of_item: bool) -> Result<Begins, Refusal> {
        if matches!(root, "contact" | "trigger" | "entry" | "now") && !of_item {
            return Ok(Begins::Itself);
        }
        let is_field = !self.records.is_empty() && self.records.iter().all(|record| record.field(root).is_some());
        let is_account = !of_item && self.checker.names.model.accounts.contains_key(root);
        if is_account && (!is_field || self.checker.is_balance_before_field(scope, root)) {
            return Ok(Begins::Itself);
        }
        if is_field { Ok(Begins::Trigger) } else { Err(self.no_such_root(root, of_item)) }
    }

    fn no_such_root(&self, root: &str, of_item: bool) -> Refusal {
        let mut known: Vec<&str> = match of_item {
            true => Vec::new(),
            false => vec!["contact", "trigger", "entry", "now", "items"],
        };
        let shared = |name: &str| self.records.iter().all(|record| record.field(name).is_some());
        let fields = self.records.first().map(|record| record.fields.iter()).into_iter().flatten();
        known.extend(fields.map(|field| field.name.as_str()).filter(|name| shared(name)));
        let with = self.sends.iter().flat_map(|(_, send)| &send.with).map(|with| with.name.as_str());
        known.extend(with.filter(|_| !of_item));
        known.extend(self.checker.names.model.accounts.keys().map(String::as_str).filter(|_| !of_item));
        known.sort_unstable();
        known.dedup();
        let handed_over = self.sends.iter().any(|(_, send)| send.with.iter().any(|with| with.name == root));
        if handed_over && !of_item {
            let why = format!("not every send of this message hands over `{root}`");
            let help = format!("write `with {root} = ...` at this send too");
            return Refusal { why, help, is_of_root: true };
        }
        let help = match suggestion(root, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it can read {}", or_list(&known)),
        };
        Refusal { why: format!("nothing here is called `{root}`"), help, is_of_root: true }
    }

    /// Where a finding points: the first send that lacks something, else the first.
    fn place(&self) -> Span {
        self.sends.first().map_or(Span::default(), |(alternative, _)| alternative.span)
    }

    /// Whether this is told for the first time.
    fn is_new(&mut self, rule: Rule, shape: &TemplateShape, path: &[String]) -> bool {
        self.seen.insert((rule, shape.path.clone(), path.to_vec()))
    }

    fn unknown(&mut self, shape: &TemplateShape, variable: &TemplateVariable, refusal: &Refusal) {
        let told = if refusal.is_of_root { 1 } else { variable.path.len() };
        if !self.is_new(Rule::TemplateUnknownVariable, shape, variable.path.get(..told).unwrap_or_default()) {
            return;
        }
        let root = variable.path.first();
        let hands_over = |send: &Send| send.with.iter().any(|with| Some(&with.name) == root);
        let lacking = self.sends.iter().find(|(_, send)| !hands_over(send));
        let span = lacking.map_or_else(|| self.place(), |(alternative, _)| alternative.span);
        let path = variable.path.join(".");
        self.checker.out.push(
            Diagnostic::new(
                Rule::TemplateUnknownVariable,
                format!("`{}` reads `{path}`, which is not known", shape.path),
            )
            .at(place_in(shape, &variable.range), refusal.why.clone())
            .at(span, SENT_HERE)
            .help(refusal.help.clone()),
        );
    }

    fn maybe_missing(&mut self, shape: &TemplateShape, variable: &TemplateVariable) {
        if !self.is_new(Rule::TemplateMaybeMissing, shape, &variable.path) {
            return;
        }
        let path = variable.path.join(".");
        let found = Diagnostic::new(
            Rule::TemplateMaybeMissing,
            format!("`{}` reads `{path}`, which may be missing", shape.path),
        )
        .at(place_in(shape, &variable.range), "may have no value")
        .at(self.place(), SENT_HERE)
        .because("a message whose template finds a value missing is not sent")
        .help(format!("write `{{{{ {path} | default(\"...\") }}}}`, or `{{% if {path} %}}` around it"));
        self.checker.out.push(found);
    }
}

/// Where the first name of a path is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begins {
    /// It is a root of its own.
    Itself,
    /// It is a field of the trigger.
    Trigger,
}

/// Whether a value of this type can be used as the template does.
fn single(text: &str, ty: &Type, variable: &TemplateVariable) -> Result<(), Refusal> {
    let field = || format!("write one of its fields: `{text}.NAME`");
    match (ty, variable.used) {
        (Type::Entity(entity), _) => Err(Refusal::new(format!("`{text}` is a {entity}, not a value"), field())),
        (Type::List(entity), TemplateUse::Element) => Err(Refusal::new(
            format!("each of `{text}` is a {entity}, not a value"),
            "write one of its fields: `each.NAME`",
        )),
        (Type::List(_) | Type::Texts, TemplateUse::Value) => Err(Refusal::new(
            format!("`{text}` is a list, not a value"),
            format!("go through it: `{{% for each in {text} %}} ... {{% endfor %}}`"),
        )),
        (Type::List(_) | Type::Texts, _) => Ok(()),
        (ty, TemplateUse::List) => {
            let why = format!("`{text}` is {}, not a list", super::literals::a(ty));
            Err(Refusal::new(why, format!("write `{{{{ {text} }}}}` alone")))
        }
        _ => Ok(()),
    }
}

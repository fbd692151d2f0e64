//! Templates: each message has one, and what it reads is there.
//!
//! A template sees `contact`, `trigger`, the trigger's fields by their own names, `entry`, `now`, the names of `with`,
//! the accounts of the contact, and `items`, the triggers that leave together. A name of `with` comes before a field of
//! the trigger. What it reads of a list or an entity is handed over row by row (`template_values`).

use super::names::Names;
use super::scope::Checker;
use super::template_texts::{Judge, Use};
use super::template_values::{Found, Reader};
use super::typed::{Alternative, Class, Expr, Kind, Message, Scenario, Send, Start, StepKind};
use crate::diagnostic::{Diagnostic, Label, Rule};
use crate::model::{Configuration, Record, TemplateShape, Type};
use crate::span::{SourceId, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// What the second label of a finding in a template says: the step that sends it.
pub(super) const SENT_HERE: &str = "sent here";

/// What templates come to.
#[derive(Debug, Default)]
pub struct Templates {
    /// The messages of each scenario, in the order of the scenarios.
    pub messages: Vec<Vec<Message>>,
    /// The templates that are used.
    pub sources: BTreeSet<SourceId>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Finds the templates of every message of the scenarios, and what they read. A template that no message uses is fine.
pub fn check_templates(
    scenarios: &[Scenario],
    shapes: &[TemplateShape],
    names: &Names,
    configuration: &Configuration,
) -> Templates {
    let mut checker = Checker::new(names, configuration);
    let mut by_message = ByMessage::new();
    for shape in shapes {
        by_message.entry((&shape.channel, &shape.message)).or_default().push(shape);
    }
    let mut told = Told { judge: Judge::new(shapes), variables: BTreeSet::new(), missing: BTreeMap::new() };
    let messages = scenarios.iter().map(|scenario| messages(scenario, &by_message, &mut checker, &mut told)).collect();
    Templates { messages, sources: told.judge.sources(), diagnostics: checker.out }
}

/// What was said already: what is wrong with a file is said once, however many scenarios use it.
struct Told<'t> {
    judge: Judge<'t>,
    /// Rule, template and path of a variable.
    variables: BTreeSet<(Rule, String, Vec<String>)>,
    /// Of each file that is not there, the place of the finding.
    missing: BTreeMap<String, usize>,
}

impl Told<'_> {
    /// A message has no template: one finding for a file, with every scenario that sends it.
    fn missing(&mut self, scenario: &Scenario, channel: &str, message: &str, span: Span, out: &mut Vec<Diagnostic>) {
        let folder = match scenario.folder.as_str() {
            "" | "." => String::new(),
            folder => format!("{}/", folder.trim_end_matches('/')),
        };
        let ending = if channel == "email" { "html" } else { "txt" };
        let file = format!("{folder}templates/{message}.{channel}.{ending}");
        let known = self.missing.get(&file).and_then(|place| out.get_mut(*place));
        if let Some(known) = known {
            known.labels.push(Label { span, text: "and here".to_owned() });
            return;
        }
        let found =
            Diagnostic::new(Rule::TemplateMissing, format!("the message `{message}` has no template for {channel}"));
        let found = found.at(span, "nothing to send").help(format!("write it in `{file}`"));
        self.missing.insert(file, out.len());
        out.push(found);
    }
}

/// The templates by channel and message.
type ByMessage<'t> = BTreeMap<(&'t str, &'t str), Vec<&'t TemplateShape>>;

/// The sends of one message: the alternative, and the send's values.
pub(super) type Sends<'s> = Vec<(&'s Alternative, &'s Send)>;

fn messages<'t>(
    scenario: &Scenario,
    shapes: &ByMessage<'t>,
    checker: &mut Checker,
    told: &mut Told<'t>,
) -> Vec<Message> {
    let mut sent: BTreeMap<(&str, &str), Sends> = BTreeMap::new();
    for step in scenario.all_steps() {
        if let StepKind::Send(send) = &step.kind {
            for each in &send.alternatives {
                sent.entry((&each.channel, &each.message)).or_default().push((each, send));
            }
        }
    }
    let names = checker.names;
    let known = scenario.start.events().iter().all(|trigger| names.model.events.contains_key(&trigger.event));
    if !known || scenario.start == Start::Error {
        // Of a trigger in error nothing is known, and nothing is said.
        return Vec::new();
    }
    let triggers = names.trigger_records(&scenario.name);
    let records: Vec<&Record> = triggers.iter().collect();
    let mut all = Vec::new();
    for ((channel, message), sends) in sent {
        let Some(first) = sends.first().map(|(alternative, _)| alternative.span) else { continue };
        let chosen = chosen(shapes, channel, message, &scenario.folder);
        if chosen.is_empty() {
            told.missing(scenario, channel, message, first, &mut checker.out);
            continue;
        }
        let language = language(checker, first);
        let is_marketing = sends.iter().any(|(_, send)| send.class == Class::Marketing);
        let used = Use { channel, message, span: first, is_marketing, language: language.as_ref() };
        told.judge.files(&chosen, &used, &mut checker.out);
        let seen = &mut told.variables;
        let mut reader = Reader { checker, records: &records, sends: &sends, seen, outcomes: Vec::new() };
        let mut found = Found::default();
        for shape in &chosen {
            for variable in &shape.variables {
                reader.variable(shape, variable, &mut found);
            }
        }
        let language = language.filter(|_| chosen.iter().any(|shape| shape.language.is_some()));
        all.push(Message {
            channel: channel.to_owned(),
            message: message.to_owned(),
            language,
            folder: chosen.first().and_then(|shape| shape.beside.clone()),
            variables: found.variables(),
            items: found.items(),
            with: found.with(),
        });
    }
    all
}

/// The templates beside the scenario's file, else those of the project.
fn chosen<'t>(shapes: &ByMessage<'t>, channel: &str, message: &str, folder: &str) -> Vec<&'t TemplateShape> {
    let all = shapes.get(&(channel, message)).map(Vec::as_slice).unwrap_or_default();
    let of = |beside: Option<&str>| -> Vec<&'t TemplateShape> {
        all.iter().copied().filter(|shape| shape.beside.as_deref() == beside).collect()
    };
    let beside = of(Some(folder));
    if beside.is_empty() { of(None) } else { beside }
}

/// The contact's language, where the model has one.
fn language(checker: &Checker, span: Span) -> Option<Expr> {
    let field = checker.names.model.entities.get("contact")?.field("language")?;
    let is_text = matches!(field.ty, Type::Text | Type::Enumeration(_));
    let kind = Kind::Contact("language".to_owned());
    is_text.then(|| Expr::new(kind, field.ty.clone(), field.may_be_missing(), span))
}

/// A range of a template's text as a place in its source.
pub(super) fn place_in(shape: &TemplateShape, range: &Range<usize>) -> Span {
    Span::new(shape.source, range.start, range.end)
}

//! Templates: each message has one, and what it reads is there.
//!
//! A template sees `contact`, `trigger`, the trigger's fields by their own names, `entry`, `now`, the names of `with`,
//! the accounts of the contact, and `items`, the triggers that leave together. A name of `with` comes before a field of
//! the trigger. What it reads of a list or an entity is handed over row by row (`template_values`).

use super::scope::Checker;
use super::template_values::{Found, Reader};
use super::typed::{Alternative, Expr, Kind, Message, Scenario, Send, Start, StepKind};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Record, TemplateShape, Type};
use crate::span::Span;
use std::collections::{BTreeMap, BTreeSet};

/// Finds the templates of every message of the scenarios, and what they read. A template that no message uses is fine.
pub fn check_templates(scenarios: &mut [Scenario], shapes: &[TemplateShape], checker: &mut Checker) {
    // What is wrong with a file itself is said once, however many scenarios use it.
    let mut judged: BTreeSet<&str> = BTreeSet::new();
    let mut by_message = ByMessage::new();
    for shape in shapes {
        by_message.entry((&shape.channel, &shape.message)).or_default().push(shape);
    }
    for scenario in scenarios {
        scenario.messages = messages(scenario, &by_message, checker, &mut judged);
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
    judged: &mut BTreeSet<&'t str>,
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
            checker.out.push(missing(scenario, channel, message, first));
            continue;
        }
        whole_files(&chosen, channel, first, judged, &mut checker.out);
        let mut reader = Reader { checker, records: &records, sends: &sends, seen: BTreeSet::new() };
        let mut found = Found::default();
        for shape in &chosen {
            for variable in &shape.variables {
                reader.variable(shape, variable, &mut found);
            }
        }
        let language = chosen.iter().any(|shape| shape.language.is_some()).then(|| language(checker, first)).flatten();
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

fn missing(scenario: &Scenario, channel: &str, message: &str, span: Span) -> Diagnostic {
    let folder = match scenario.folder.as_str() {
        "" | "." => String::new(),
        folder => format!("{}/", folder.trim_end_matches('/')),
    };
    let ending = if channel == "email" { "html" } else { "txt" };
    Diagnostic::new(Rule::TemplateMissing, format!("the message `{message}` has no template for {channel}"))
        .at(span, "nothing to send")
        .help(format!("write it in `{folder}templates/{message}.{channel}.{ending}`"))
}

/// The contact's language, where the model has one.
fn language(checker: &Checker, span: Span) -> Option<Expr> {
    let field = checker.names.model.entities.get("contact")?.field("language")?;
    let is_text = matches!(field.ty, Type::Text | Type::Enumeration(_));
    let kind = Kind::Contact("language".to_owned());
    is_text.then(|| Expr::new(kind, field.ty.clone(), field.may_be_missing(), span))
}

/// What is wrong with the files themselves.
fn whole_files<'t>(
    chosen: &[&'t TemplateShape],
    channel: &str,
    span: Span,
    judged: &mut BTreeSet<&'t str>,
    out: &mut Vec<Diagnostic>,
) {
    let mut languages: BTreeMap<Option<&str>, Vec<&TemplateShape>> = BTreeMap::new();
    for shape in chosen {
        if !judged.insert(&shape.path) {
            continue;
        }
        languages.entry(shape.language.as_deref()).or_default().push(shape);
        if let Some((why, range)) = &shape.broken {
            let (line, column) = position(&shape.text, range.start);
            out.push(
                Diagnostic::new(Rule::TemplateBroken, format!("the template `{}` cannot be read", shape.path))
                    .at(span, format!("line {line}, column {column} of it: {why}"))
                    .help("mend the template at this place"),
            );
        }
    }
    for shapes in languages.values().filter(|_| channel == "email") {
        let Some(first) = shapes.first() else { continue };
        if !shapes.iter().any(|shape| shape.has_subject || shape.broken.is_some()) {
            out.push(
                Diagnostic::new(Rule::TemplateNoSubject, format!("the template `{}` has no subject", first.path))
                    .at(span, "an email has a subject")
                    .help("begin the template with three lines: `---`, `subject: ...`, `---`"),
            );
        }
    }
}

/// Line and column of a byte of a text, both from 1; the column counts characters.
pub(super) fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |place| place + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    (line, before.get(line_start..).unwrap_or("").chars().count() + 1)
}

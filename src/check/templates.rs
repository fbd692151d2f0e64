//! Templates: each message has one, and what it reads is there.
//!
//! A template sees `contact`, `trigger`, the trigger's fields by their own names, `entry`, `now`, the names of `with`,
//! and `items`, the triggers that leave together. A name of `with` comes before a field of the trigger.

use super::scope::{Checker, Place, Scope, Triggers};
use super::typed::{Alternative, Expr, Kind, Message, Scenario, Send, StepKind, Variable};
use super::words::or_list;
use crate::diagnostic::{Diagnostic, Rule, suggestion};
use crate::model::{Record, TemplateShape, TemplateVariable, Type};
use crate::span::Span;
use crate::syntax::tree::{Path, Word};
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
type Sends<'s> = Vec<(&'s Alternative, &'s Send)>;

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
    let records: Option<Vec<&Record>> =
        scenario.start.events().iter().map(|trigger| names.model.events.get(&trigger.event)).collect();
    // Of a trigger in error nothing is known, and nothing is said.
    let Some(records) = records.filter(|records| !records.is_empty()) else { return Vec::new() };
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
        let (mut variables, mut items) = (BTreeMap::new(), BTreeMap::new());
        for shape in &chosen {
            for variable in &shape.variables {
                reader.variable(shape, variable, &mut variables, &mut items);
            }
        }
        let language = chosen.iter().any(|shape| shape.language.is_some()).then(|| language(checker, first)).flatten();
        all.push(Message {
            channel: channel.to_owned(),
            message: message.to_owned(),
            language,
            folder: chosen.first().and_then(|shape| shape.beside.clone()),
            variables: listed(variables),
            items: listed(items),
        });
    }
    all
}

fn listed(variables: BTreeMap<Vec<String>, Expr>) -> Vec<Variable> {
    variables.into_iter().map(|(path, value)| Variable { path, value }).collect()
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

struct Reader<'c, 'n, 's> {
    checker: &'c mut Checker<'n>,
    records: &'s [&'s Record],
    sends: &'s Sends<'s>,
    /// What was found already: template and path.
    seen: BTreeSet<(String, Vec<String>)>,
}

impl Reader<'_, '_, '_> {
    fn variable(
        &mut self,
        shape: &TemplateShape,
        variable: &TemplateVariable,
        variables: &mut BTreeMap<Vec<String>, Expr>,
        items: &mut BTreeMap<Vec<String>, Expr>,
    ) {
        let Some((root, rest)) = variable.path.split_first() else { return };
        if root == "items" {
            if let [first, ..] = rest
                && let Some(value) = self.value(shape, variable, first, rest, true)
            {
                items.insert(rest.to_vec(), value);
            }
            return;
        }
        let lacking = self.sends.iter().find(|(_, send)| !send.with.iter().any(|with| with.name == *root));
        match lacking.map(|(alternative, _)| alternative.span) {
            // Every send hands it over.
            None if rest.is_empty() => {}
            None => {
                let text = format!("`{root}` comes from `with` and has no fields");
                self.unknown(shape, variable, &text, format!("write `{root}` alone"));
            }
            Some(_) => {
                if let Some(value) = self.value(shape, variable, root, &variable.path, false) {
                    variables.insert(variable.path.clone(), value);
                }
            }
        }
    }

    /// The value that a path of a template reads; what is wrong with it is reported.
    fn value(
        &mut self,
        shape: &TemplateShape,
        variable: &TemplateVariable,
        root: &str,
        path: &[String],
        of_item: bool,
    ) -> Option<Expr> {
        let is_root = matches!(root, "contact" | "trigger" | "entry" | "now") && !of_item;
        if !is_root && !self.records.iter().all(|record| record.field(root).is_some()) {
            let (why, help) = self.no_such_root(root, of_item);
            self.unknown(shape, variable, &why, help);
            return None;
        }
        let span = self.place();
        let mut scratch = Checker::new(self.checker.names, self.checker.configuration);
        let words = path.iter().map(|word| Word::new(word.clone(), span));
        let prefix = (!is_root).then(|| Word::new("trigger".to_owned(), span));
        let segments: Vec<Word> = prefix.into_iter().chain(words).collect();
        let scope = Scope::new(Place::Instance, Triggers::Of(self.records));
        let value = scratch.path(&scope, &Path { segments, span });
        if let Some(found) = scratch.out.into_iter().next() {
            self.unknown(shape, variable, &found.message, found.help.unwrap_or_default());
            return None;
        }
        match &value.ty {
            None => return None,
            Some(Type::Entity(entity)) => {
                let text = path.join(".");
                let why = format!("`{text}` is a {entity}, not a value");
                self.unknown(shape, variable, &why, format!("write one of its fields: `{text}.NAME`"));
                return None;
            }
            Some(Type::List(entity)) => {
                let why = format!("`{}` is a list of {entity}s, which this version does not hand over", path.join("."));
                self.unknown(shape, variable, &why, "read single values for now".to_owned());
                return None;
            }
            Some(_) => {}
        }
        if value.optional && !variable.guarded {
            self.maybe_missing(shape, variable);
        }
        Some(value)
    }

    fn no_such_root(&self, root: &str, of_item: bool) -> (String, String) {
        let mut known: Vec<&str> = match of_item {
            true => Vec::new(),
            false => vec!["contact", "trigger", "entry", "now", "items"],
        };
        let shared = |name: &str| self.records.iter().all(|record| record.field(name).is_some());
        let fields = self.records.first().map(|record| record.fields.iter()).into_iter().flatten();
        known.extend(fields.map(|field| field.name.as_str()).filter(|name| shared(name)));
        let with = self.sends.iter().flat_map(|(_, send)| &send.with).map(|with| with.name.as_str());
        known.extend(with.filter(|_| !of_item));
        known.sort_unstable();
        known.dedup();
        let handed_over = self.sends.iter().any(|(_, send)| send.with.iter().any(|with| with.name == root));
        if handed_over && !of_item {
            let why = format!("not every send of this message hands over `{root}`");
            return (why, format!("write `with {root} = ...` at this send too"));
        }
        let help = match suggestion(root, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it can read {}", or_list(&known)),
        };
        (format!("nothing here is called `{root}`"), help)
    }

    /// Where a finding points: the first send that lacks something, else the first.
    fn place(&self) -> Span {
        self.sends.first().map_or(Span::default(), |(alternative, _)| alternative.span)
    }

    fn unknown(&mut self, shape: &TemplateShape, variable: &TemplateVariable, why: &str, help: String) {
        if !self.seen.insert((shape.path.clone(), variable.path.clone())) {
            return;
        }
        let root = variable.path.first();
        let hands_over = |send: &Send| send.with.iter().any(|with| Some(&with.name) == root);
        let lacking = self.sends.iter().find(|(_, send)| !hands_over(send));
        let span = lacking.map_or_else(|| self.place(), |(alternative, _)| alternative.span);
        let (line, column) = position(&shape.text, variable.range.start);
        let path = variable.path.join(".");
        self.checker.out.push(
            Diagnostic::new(
                Rule::TemplateUnknownVariable,
                format!("`{}` reads `{path}`, which is not known", shape.path),
            )
            .at(span, format!("line {line}, column {column} of the template: {why}"))
            .help(help),
        );
    }

    fn maybe_missing(&mut self, shape: &TemplateShape, variable: &TemplateVariable) {
        if !self.seen.insert((shape.path.clone(), variable.path.clone())) {
            return;
        }
        let (line, column) = position(&shape.text, variable.range.start);
        let path = variable.path.join(".");
        let found = Diagnostic::new(
            Rule::TemplateMaybeMissing,
            format!("`{}` reads `{path}`, which may be missing", shape.path),
        )
        .at(self.place(), format!("line {line}, column {column} of the template"))
        .because("a message whose template finds a value missing is not sent")
        .help(format!("write `{{{{ {path} | default(\"...\") }}}}`, or `{{% if {path} %}}` around it"));
        self.checker.out.push(found);
    }
}

/// Line and column of a byte of a text, both from 1; the column counts characters.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |place| place + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    (line, before.get(line_start..).unwrap_or("").chars().count() + 1)
}

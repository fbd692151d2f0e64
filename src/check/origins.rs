//! What an instance can have for its trigger: the events of its scenario, and those of the scenarios that start it, over
//! any number of `start`s.

use super::names::Names;
use super::typed::{EntryRule, Kind, Scenario};
use crate::diagnostic::{Diagnostic, Rule, suggestion};
use crate::model::Record;
use crate::span::Span;
use crate::syntax::tree::{self, ClauseKind, StepKind};
use std::collections::BTreeMap;

/// What an instance may begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// A row of this event.
    Event(String),
    /// A silence of one who never had such an event (`ever`): there may be no row.
    Unbegun,
    /// `every`: there is never a row.
    Period,
}

/// A beginning, and the step `start` by which it comes; `None` for the scenario's own trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub beginning: Beginning,
    pub by: Option<Span>,
}

/// The origins of each scenario, its own first.
pub fn origins<'a>(names: &Names<'a>) -> BTreeMap<&'a str, Vec<Origin>> {
    let mut all: BTreeMap<&'a str, Vec<Origin>> = BTreeMap::new();
    let mut starts: Vec<(&'a str, &'a tree::Word)> = Vec::new();
    for (name, declared) in &names.scenarios {
        all.insert(name, own(names, declared.tree));
        let mut words = Vec::new();
        all_started(declared.tree, &mut words);
        starts.extend(words.into_iter().map(|word| (*name, word)));
    }
    // Each round hands beginnings on over one more `start`; there are only so many of them.
    let mut changed = true;
    while changed {
        changed = false;
        for (by, scenario) in &starts {
            let handed: Vec<Beginning> =
                all.get(by).into_iter().flatten().map(|origin| origin.beginning.clone()).collect();
            let Some(origins) = all.get_mut(scenario.value.as_str()) else { continue };
            for beginning in handed {
                if !origins.iter().any(|origin| origin.beginning == beginning) {
                    origins.push(Origin { beginning, by: Some(scenario.span) });
                    changed = true;
                }
            }
        }
    }
    all
}

fn own(names: &Names, scenario: &tree::Scenario) -> Vec<Origin> {
    let mut found: Vec<Origin> = Vec::new();
    let mut add = |beginning| {
        if !found.iter().any(|origin| origin.beginning == beginning) {
            found.push(Origin { beginning, by: None });
        }
    };
    for clause in &scenario.clauses {
        let (patterns, ever) = match &clause.kind {
            ClauseKind::When(patterns) => (patterns.as_slice(), false),
            ClauseKind::WhenNo { patterns, ever, .. } => (patterns.as_slice(), *ever),
            ClauseKind::Every { .. } => {
                add(Beginning::Period);
                continue;
            }
            _ => continue,
        };
        let patterns = patterns.iter().flat_map(|pattern| names.patterns(pattern));
        let events = patterns.map(|pattern| pattern.event.value).filter(|event| names.model.events.contains_key(event));
        events.for_each(|event| add(Beginning::Event(event)));
        if ever {
            add(Beginning::Unbegun);
        }
    }
    found
}

/// The scenarios that a scenario starts.
fn all_started<'a>(scenario: &'a tree::Scenario, found: &mut Vec<&'a tree::Word>) {
    started(&scenario.steps, found);
    for clause in &scenario.clauses {
        if let ClauseKind::Goal { then: Some(step), .. } = &clause.kind {
            started(std::slice::from_ref(&**step), found);
        }
    }
}

/// The scenarios that steps start.
fn started<'a>(steps: &'a [tree::Step], found: &mut Vec<&'a tree::Word>) {
    for step in steps {
        match &step.kind {
            StepKind::Start(scenario) => found.push(scenario),
            StepKind::If { arms, otherwise } => {
                arms.iter().for_each(|arm| started(&arm.steps, found));
                otherwise.iter().for_each(|steps| started(steps, found));
            }
            StepKind::Split { arms, .. } => arms.iter().for_each(|arm| started(&arm.steps, found)),
            StepKind::Repeat { steps, .. } => started(steps, found),
            _ => {}
        }
    }
}

impl Names<'_> {
    /// The records of a scenario's triggers as its steps see them. A field may be missing where it may be missing in any of them.
    pub(super) fn trigger_records(&self, scenario: &str) -> Vec<Record> {
        let origins = self.origins.get(scenario).map(Vec::as_slice).unwrap_or_default();
        let all: Vec<&Record> = origins.iter().filter_map(|origin| self.origin_record(origin)).collect();
        let mut records = self.base(scenario);
        let unbegun = origins.iter().any(|origin| origin.beginning == Beginning::Unbegun);
        for field in records.iter_mut().flat_map(|record| &mut record.fields) {
            field.optional |= all.iter().filter_map(|record| record.field(&field.name)).any(|each| each.optional);
            if unbegun {
                // There may be no row at all.
                field.optional = true;
                field.default = None;
            }
        }
        records
    }

    /// The records by which the fields of a scenario's trigger are known: its own events, or one with the fields of all that
    /// start it; that each of those has them is judged later.
    fn base(&self, scenario: &str) -> Vec<Record> {
        let origins = self.origins.get(scenario).map(Vec::as_slice).unwrap_or_default();
        let records = origins.iter().filter_map(|origin| Some((origin.by, self.origin_record(origin)?)));
        if origins.iter().any(|origin| origin.by.is_none()) {
            return records.filter(|(by, _)| by.is_none()).map(|(_, record)| record.clone()).collect();
        }
        let mut records = records.map(|(_, record)| record);
        let Some(mut all) = records.next().cloned() else { return Vec::new() };
        for field in records.flat_map(|record| &record.fields) {
            if all.field(&field.name).is_none() {
                all.fields.push(field.clone());
            }
        }
        vec![all]
    }

    /// The events of the scenarios that start this one, sorted.
    pub(super) fn started_by(&self, scenario: &str) -> Vec<String> {
        let origins = self.origins.get(scenario).map(Vec::as_slice).unwrap_or_default();
        let mut events: Vec<String> = (origins.iter().filter(|origin| origin.by.is_some()))
            .filter_map(|origin| self.origin_record(origin))
            .map(|record| record.name.clone())
            .collect();
        events.sort();
        events
    }

    fn origin_record(&self, origin: &Origin) -> Option<&Record> {
        match &origin.beginning {
            Beginning::Event(event) => self.model.events.get(event),
            Beginning::Unbegun | Beginning::Period => None,
        }
    }
}

/// Whether what a started scenario reads of its trigger is there, whoever starts it.
pub fn check_origins(scenarios: &[Scenario], names: &Names, out: &mut Vec<Diagnostic>) {
    for scenario in scenarios {
        let Some(origins) = names.origins.get(scenario.name.as_str()) else { continue };
        let reads = trigger_reads(scenario);
        // What could not be read may start it.
        let may_be_started = names.something_is_unread();
        let is_unstarted = origins.is_empty() && scenario.start == super::typed::Start::Started;
        if is_unstarted && !may_be_started && !is_misspelt(&scenario.name, names) {
            out.push(never_started(scenario));
        }
        for origin in origins {
            let Some(by) = origin.by else { continue };
            for (field, read) in &reads {
                out.extend(lacks(scenario, names, origin, by, (field, *read)));
            }
        }
    }
}

/// Whether a `start` is told already to mean this scenario by another name.
fn is_misspelt(scenario: &str, names: &Names) -> bool {
    let mut starts = Vec::new();
    names.scenarios.values().for_each(|declared| all_started(declared.tree, &mut starts));
    let known = || names.scenarios.keys().copied();
    let unknown = starts.iter().filter(|word| !names.scenarios.contains_key(word.value.as_str()));
    let mut meant = unknown.filter_map(|word| suggestion(&word.value, known()));
    meant.any(|near| near.word == scenario)
}

/// The fields of the trigger that are read, and where first.
fn trigger_reads(scenario: &Scenario) -> BTreeMap<&str, Span> {
    let mut found = BTreeMap::new();
    let variables = scenario.messages.iter().flat_map(|message| message.variables.iter().chain(&message.items));
    for expr in scenario.expressions().into_iter().chain(variables.map(|variable| &variable.value)) {
        expr.visit(&mut |each| {
            if let Kind::Trigger(field) = &each.kind {
                found.entry(field.as_str()).or_insert(each.span);
            }
        });
    }
    if let EntryRule::OncePer(path) = &scenario.entry {
        path.visit(&mut |each| {
            if let Kind::Event(field) = &each.kind {
                found.entry(field.as_str()).or_insert(each.span);
            }
        });
    }
    found
}

fn lacks(
    scenario: &Scenario,
    names: &Names,
    origin: &Origin,
    by: Span,
    (field, read): (&str, Span),
) -> Option<Diagnostic> {
    let why = match &origin.beginning {
        Beginning::Unbegun => return None,
        Beginning::Period => "this scenario begins without an event, so there is no trigger".to_owned(),
        Beginning::Event(event) => {
            let there = names.model.events.get(event)?.field(field);
            let base = names.base(&scenario.name);
            let wanted = base.iter().find_map(|record| record.field(field))?;
            match there {
                None => format!("this comes from `{event}`, which has no field `{field}`"),
                Some(there) if there.ty != wanted.ty || there.default != wanted.default => {
                    format!("this comes from `{event}`, where `{field}` is not the same")
                }
                Some(_) => return None,
            }
        }
    };
    Some(
        Diagnostic::new(
            Rule::UnknownField,
            format!("`{field}` is not a field of every trigger of `{}`", scenario.name),
        )
        .at(read, "read here")
        .at(by, why)
        .because("whatever starts the scenario, the field must be there and be of one type")
        .help("read a field that all triggers have, or start another scenario here"),
    )
}

fn never_started(scenario: &Scenario) -> Diagnostic {
    Diagnostic::new(Rule::NeverStarted, format!("nothing starts `{}`", scenario.name))
        .at(scenario.place, "it waits to be started")
        .help(format!("write `start {}` in another scenario, or give it a trigger", scenario.name))
}

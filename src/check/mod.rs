//! Names, types and flow: what the texts of a project mean, and what is wrong with them.
//!
//! The way through: `names` and `fields` gather the declarations, `definitions` judges each `let` on its own, `scenarios` and
//! `steps` go through what is selected with the help of `paths`, `exprs`, `arithmetic` and `histories`, then
//! `flow`, `templates` and `cases` judge what needs whole scenarios. A node in error has no type, and silences what is
//! made of it.

mod accounts;
mod aggregates;
mod arithmetic;
mod begun;
mod borrowed;
pub mod cases;
mod choices;
mod conditions;
mod consent;
mod crowding;
mod deeds;
mod definitions;
mod effects;
mod engagement;
mod erasures;
mod exprs;
mod farewells;
mod fields;
mod fit;
mod flow;
mod gone;
mod histories;
mod left_out;
mod lists;
mod literals;
mod loops;
mod measures;
mod moments;
mod months;
mod names;
mod origins;
mod pasts;
mod paths;
mod policy;
mod reasons;
mod routes;
mod scenarios;
mod scope;
mod sends;
mod sms;
mod starts;
mod steps;
mod template_texts;
mod template_values;
mod templates;
mod truth;
mod turns;
pub mod typed;
mod units;
mod uses;
mod waits;
mod warnings;
mod way_out;
mod ways;
mod words;

use crate::diagnostic::Diagnostic;
use crate::model::{Configuration, Model, Surroundings};
use crate::span::{SourceId, Span};
use crate::syntax::tree;
use crate::threads;
use crowding::Rules;
use names::{DeclaredScenario, Names};
use scope::Checker;
use std::collections::BTreeSet;
use std::sync::Arc;

/// One parsed file of a project.
#[derive(Clone, Debug)]
pub struct CheckFile<'a> {
    pub source: SourceId,
    /// The name of its bare scenario.
    pub stem: &'a str,
    /// The file's folder, as templates name it.
    pub folder: &'a str,
    /// All files declare names; only the selected ones are judged.
    pub selected: bool,
    pub tree: &'a tree::File,
    /// Its words, as they are written.
    pub text: Arc<str>,
    /// Names that its unreadable items would have declared.
    pub unread: Vec<&'a str>,
}

/// What the texts mean.
#[derive(Debug)]
pub struct Checked {
    pub model: Model,
    /// What `scn.toml` says, and the policy instead where it says so.
    pub configuration: Configuration,
    pub policy: typed::Policy,
    /// By name; those in error are left out.
    pub measures: Vec<typed::Measure>,
    /// The fields of the contact by which several rows are one person.
    pub identity: Vec<String>,
    /// Sorted by name: those of the selected files, and those that their tests name.
    pub scenarios: Vec<typed::Scenario>,
    /// The tests of the selected files, in order; those in error are left out.
    pub cases: Vec<cases::Case>,
    /// How many tests the selected files have.
    pub cases_written: usize,
    /// The files that are judged: the selected ones, those whose scenarios their tests name, and the templates of both.
    pub judged_sources: BTreeSet<SourceId>,
    /// Everything that was found, in other files too, not yet in order.
    pub diagnostics: Vec<Diagnostic>,
}

/// Judges the selected files. Total: whatever the trees, it returns.
pub fn check<'a>(files: &'a [CheckFile<'a>], surroundings: &Surroundings, configuration: &Configuration) -> Checked {
    let mut out = Vec::new();
    let written = configuration;
    let policies = policy::policies(files);
    let configuration = &policy::configured(policies.first().map(|(policy, _)| *policy), written);
    let mut names = Names::collect(files, configuration, &mut out);
    definitions::check_definitions(&mut names, configuration, &mut out);
    let judged = judged(files, &names);
    let identity = names.identity(&identities(files), &mut out);
    let mut checker = Checker { out, ..Checker::new(&names, configuration) };
    let policy = checker.policy(&policies, written);
    let mut judged_sources: BTreeSet<SourceId> =
        files.iter().filter(|file| file.selected).map(|file| file.source).collect();
    let is_judged = |name: &str, file: &CheckFile| file.selected || judged.contains(name);
    let declared: Vec<(&str, &DeclaredScenario)> = (names.scenarios.iter())
        .filter(|(name, declared)| is_judged(name, declared.file))
        .map(|(name, declared)| (*name, declared))
        .collect();
    judged_sources.extend(declared.iter().map(|(_, declared)| declared.span.source));
    let read = threads::each(&declared, |(name, declared)| {
        let mut checker = Checker::new(&names, configuration);
        (checker.scenario(name, declared), checker.out)
    });
    let mut scenarios = Vec::with_capacity(read.len());
    for ((_, declared), (scenario, found)) in declared.iter().zip(read) {
        checker.out.extend(found);
        // Of a part of a scenario its names and types are judged, but not its flow.
        if !declared.tree.incomplete {
            scenarios.push(scenario);
        }
    }
    flow::check_flow(&scenarios, &policy, &mut checker.out);
    consent::check_consent(&names, &scenarios, &mut checker.out);
    farewells::check_farewells(&scenarios, &mut checker.out);
    let texts = files.iter().map(|file| (file.source, file.text.as_ref())).collect();
    let never = conditions::check_conditions(&scenarios, &policy, &names.model, &texts, &mut checker.out);
    pasts::check_pasts(&scenarios, &mut checker.out);
    months::check_months(&scenarios, &mut checker.out);
    units::check_units(&scenarios, configuration, &mut checker.out);
    loops::check_loops(&scenarios, &names.model, &never, &mut checker.out);
    let shapes = surroundings.templates.as_deref();
    let rules =
        Rules { policy: &policy, place: policies.first().map(|(_, place)| *place), expire: configuration.expire };
    let (crowds, templates) = threads::both(
        || crowding::check_crowding(&scenarios, rules, &names.model, &checker.out, &never),
        || shapes.map(|shapes| templates::check_templates(&scenarios, shapes, &names, configuration)),
    );
    checker.out.extend(crowds);
    erasures::check_erasures(&scenarios, &mut checker.out);
    if let Some(templates) = templates {
        scenarios.iter_mut().zip(templates.messages).for_each(|(scenario, messages)| scenario.messages = messages);
        judged_sources.extend(templates.sources);
        checker.out.extend(templates.diagnostics);
    }
    sms::check_hours(&scenarios, &policy, &mut checker.out);
    origins::check_origins(&scenarios, &names, &mut checker.out);
    let cases = cases::check_cases(files, &scenarios, &mut checker);
    let items = files.iter().filter(|file| file.selected).flat_map(|file| &file.tree.items);
    let cases_written = items.filter(|item| matches!(item.kind, tree::ItemKind::Test(_))).count();
    let diagnostics = checker.out;
    let measures = names.measures.values().filter_map(|measure| measure.typed.clone()).collect();
    let configuration = configuration.clone();
    let model = names.model;
    Checked {
        model,
        configuration,
        policy,
        measures,
        identity,
        scenarios,
        cases,
        cases_written,
        judged_sources,
        diagnostics,
    }
}

/// The scenarios that the selected tests name.
fn judged<'a>(files: &'a [CheckFile<'a>], names: &Names<'a>) -> BTreeSet<&'a str> {
    let items = files.iter().filter(|file| file.selected).flat_map(|file| &file.tree.items);
    items
        .filter_map(|item| match &item.kind {
            tree::ItemKind::Test(test) => Some(&test.of),
            _ => None,
        })
        .flatten()
        .map(|word| word.value.as_str())
        .filter(|name| names.scenarios.contains_key(name))
        .collect()
}

/// What is written of who is one person, in all files.
fn identities<'a>(files: &'a [CheckFile<'a>]) -> Vec<(&'a tree::Identity, Span)> {
    let items = files.iter().flat_map(|file| &file.tree.items);
    items
        .filter_map(|item| match &item.kind {
            tree::ItemKind::Identity(identity) => Some((identity, item.span)),
            _ => None,
        })
        .collect()
}

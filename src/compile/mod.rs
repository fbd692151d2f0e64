//! Sources and the standard library to IR.

mod cases;
mod clauses;
mod crm;
mod library;
mod literals;
mod lower;
mod messages;
mod misspelt;
mod policy;
pub mod pressure;
mod scenario;
mod templates;
#[cfg(test)]
mod tests;
mod uses;
mod verify;
mod words;
mod written;

use crate::check::{CheckFile, Checked, check, typed};
use crate::diagnostic::{Diagnostic, Level, Silence};
use crate::ir::{self, Bundle, FieldUse, MessageContext, RecordUse, Scenario, Settings, StepIx, TestCase, Written};
use crate::model::{Configuration, Model, Surroundings, Type};
use crate::span::{SourceId, Sources, Span};
use crate::syntax::{Parsed, parse, tree};
use crate::threads;
pub use clauses::Clauses;
use lower::InError;
use std::collections::{BTreeMap, BTreeSet};

/// The texts of a project.
#[derive(Clone, Debug, Default)]
pub struct Input {
    pub sources: Sources,
    pub files: Vec<InputFile>,
}

/// One `.scn` file. All files of a project declare names for each other; only the selected ones are
/// judged and compiled.
#[derive(Clone, Debug)]
pub struct InputFile {
    pub source: SourceId,
    /// The file's name without `.scn`: the name of a bare scenario.
    pub stem: String,
    /// The file's folder, as [`crate::model::TemplateShape::beside`] writes it.
    pub folder: String,
    pub selected: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The texts of `Input`, the standard library's after them, then the templates.
    pub sources: Sources,
    /// In the order of files and places.
    pub diagnostics: Vec<Diagnostic>,
    pub model: Model,
    /// What the comments of the judged files ask not to count.
    pub silences: Vec<Silence>,
    /// The scenarios of the selected files, and those that their tests name; `None` when there is an error in the texts
    /// or the templates. What is wrong with the CRM alone (family D) does not withhold it.
    pub bundle: Option<Bundle>,
    /// Where each instruction of a scenario was written, by the scenario's name.
    pub origins: BTreeMap<String, Origin>,
    /// The tests of the selected files, in order; empty when there is an error.
    pub tests: Vec<TestCase>,
    /// Every name in reach.
    pub words: Vec<WordEntry>,
}

/// What a scenario's hash leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub title: Option<String>,
    pub doc: Option<String>,
    /// The whole scenario.
    pub span: Span,
    /// The folder of its file.
    pub folder: String,
    pub steps: Vec<(StepIx, Span)>,
    /// Of each of its triggers, the clauses of the filter.
    pub triggers: Vec<Vec<Span>>,
    /// What follows `for`.
    pub audience: Option<Span>,
    pub clauses: Clauses,
}

/// A name in reach, for `scn words`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordEntry {
    /// `product`, `product.delay`, `repurchased`, `renewal`, `email reminder`.
    pub name: String,
    /// `entity`, `event`, `field`, `definition`, `segment`, `measure`, `account`, `given`, `scenario`, `message`.
    pub kind: &'static str,
    /// Its declaration as written, in one line.
    pub text: String,
    pub doc: Option<String>,
    pub span: Span,
}

/// Compiles the selected files. Total: whatever the texts, it returns.
pub fn compile(input: &Input, surroundings: &Surroundings, configuration: &Configuration) -> Compiled {
    let mut sources = input.sources.clone();
    // The library declares first, so that a second declaration is the project's.
    let mut all_files = library::files(&mut sources, input);
    let library_files = all_files.len();
    all_files.extend(input.files.iter().cloned());
    let parse_one = |file: &InputFile| parse(file.source, sources.get(file.source).map_or("", |source| &source.text));
    let parsed = threads::each(&all_files, parse_one);
    let files: Vec<CheckFile> = (all_files.iter().zip(&parsed))
        .map(|(file, parsed)| CheckFile {
            source: file.source,
            stem: &file.stem,
            folder: &file.folder,
            selected: file.selected,
            tree: &parsed.file,
            text: sources.get(file.source).map_or_else(|| "".into(), |source| source.text.clone()),
            unread: unread(file, parsed),
        })
        .collect();
    let surroundings = &templates::placed(surroundings, &mut sources);
    let checked = check(&files, surroundings, configuration);
    let syntax = parsed.iter().flat_map(|parsed| &parsed.diagnostics);
    let (of_templates, wrong) = templates::silences(surroundings);
    let judged = literals::without_followers(&parsed, &checked.diagnostics);
    let all: Vec<Diagnostic> = syntax.chain(judged).chain(&wrong).cloned().collect();
    let all = misspelt::blame_declarations(all, parsed.get(library_files..).unwrap_or_default(), &sources);
    let mut diagnostics: Vec<Diagnostic> = all.iter().filter(|found| concerns(found, &checked)).cloned().collect();
    let (words, program) = threads::both(
        || words::entries(&files, library_files, &sources, &checked),
        || if in_error(&diagnostics) { None } else { lower_all(&checked, &files, &parsed, &sources).ok() },
    );
    if program.is_none() && !in_error(&diagnostics) {
        // Something in a file that is not judged has silenced a part of what is.
        diagnostics = all;
    }
    let (bundle, origins, tests) = match program {
        Some(program) => (Some(program.bundle), program.origins, checked.cases.iter().map(cases::lower).collect()),
        None => (None, BTreeMap::new(), Vec::new()),
    };
    if let (Some(bundle), Some(shape)) = (&bundle, &surroundings.crm) {
        diagnostics.extend(crm::findings(bundle, shape, &checked));
    }
    sort(&mut diagnostics);
    let silences = parsed.iter().flat_map(|parsed| &parsed.silences).chain(&of_templates);
    let silences = silences.filter(|silence| checked.judged_sources.contains(&silence.span.source)).cloned().collect();
    Compiled { sources, diagnostics, silences, model: checked.model, bundle, origins, tests, words }
}

/// The scenarios as they are written, by their places, each with the place of its file.
fn scenario_trees<'a>(files: &[CheckFile<'a>]) -> BTreeMap<Span, (usize, &'a tree::Scenario)> {
    let items =
        files.iter().enumerate().flat_map(|(place, file)| file.tree.items.iter().map(move |item| (place, item)));
    let scenarios = items.filter_map(|(place, item)| match &item.kind {
        tree::ItemKind::Scenario(scenario) => Some((item.span, (place, scenario))),
        _ => None,
    });
    scenarios.collect()
}

/// The names that the unreadable items of a file would have declared; its own name may be that of a bare scenario.
fn unread<'a>(file: &'a InputFile, parsed: &'a Parsed) -> Vec<&'a str> {
    let mut names: Vec<&str> = parsed.unread.iter().map(|word| word.value.as_str()).collect();
    if parsed.file.items.is_empty() && in_error(&parsed.diagnostics) {
        names.push(&file.stem);
    }
    names
}

/// Whether a finding touches a file that is judged.
fn concerns(found: &Diagnostic, checked: &Checked) -> bool {
    found.labels.is_empty() || found.labels.iter().any(|label| checked.judged_sources.contains(&label.span.source))
}

fn in_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|found| found.level == Level::Error)
}

struct Program {
    bundle: Bundle,
    origins: BTreeMap<String, Origin>,
}

fn filters(trigger: &typed::Trigger) -> Vec<Span> {
    trigger.filters.iter().map(|filter| filter.span).collect()
}

/// One scenario, with what belongs to it.
struct Lowered {
    scenario: Scenario,
    origin: Origin,
    messages: Vec<MessageContext>,
    written: Option<Written>,
}

fn lower_all(checked: &Checked, files: &[CheckFile], parsed: &[Parsed], sources: &Sources) -> Result<Program, InError> {
    if checked.cases.len() < checked.cases_written {
        return Err(InError);
    }
    let trees = scenario_trees(files);
    let lowered = threads::each(&checked.scenarios, |typed| {
        let tree = trees.get(&typed.span).map(|(place, tree)| (*tree, parsed.get(*place)));
        lower(typed, &checked.model, tree, sources)
    });
    let mut scenarios: Vec<Scenario> = Vec::with_capacity(lowered.len());
    let mut written: Vec<Written> = Vec::with_capacity(lowered.len());
    let mut messages: Vec<MessageContext> = Vec::new();
    let mut origins = BTreeMap::new();
    for lowered in lowered {
        let lowered = lowered?;
        origins.insert(lowered.scenario.name.clone(), lowered.origin);
        scenarios.push(lowered.scenario);
        messages.extend(lowered.messages);
        written.extend(lowered.written);
    }
    let configuration = &checked.configuration;
    let settings =
        Settings { currency: configuration.currency.0.clone(), zone: configuration.zone, expire: configuration.expire };
    let policy = policy::policy(&checked.policy, &checked.model)?;
    let measures = policy::measures(checked)?;
    debug_assert!(verify::is_sound_policy(&policy) && measures.iter().all(verify::is_sound_measure), "these are sound");
    Ok(Program {
        bundle: Bundle {
            format: ir::FORMAT,
            settings,
            policy,
            measures,
            identity: checked.identity.clone(),
            references: checked.model.references(),
            revenue: revenue(&checked.model, &scenarios),
            scenarios,
            messages,
            written,
        },
        origins,
    })
}

/// Lowers one scenario and its messages. `tree` is how it is written, with the words of its file.
fn lower(
    typed: &typed::Scenario,
    model: &Model,
    tree: Option<(&tree::Scenario, Option<&Parsed>)>,
    sources: &Sources,
) -> Result<Lowered, InError> {
    let scenario::Lowered { scenario, steps } = scenario::lower(typed, model)?;
    debug_assert!(verify::is_sound(&scenario), "an accepted program is sound");
    let messages = typed.messages.iter().map(|message| messages::lower(typed, message, model));
    let messages = messages.collect::<Result<_, InError>>()?;
    let written = tree.and_then(|(tree, parsed)| Some(written::written(tree, parsed?, sources, typed)));
    let origin = Origin {
        title: typed.title.clone(),
        doc: typed.doc.clone(),
        span: typed.span,
        folder: typed.folder.clone(),
        triggers: typed.start.events().iter().map(filters).collect(),
        audience: typed.audience.as_ref().map(|audience| audience.span),
        clauses: tree.map(|(tree, _)| clauses::clauses(tree, &scenario, &steps)).unwrap_or_default(),
        steps,
    };
    Ok(Lowered { scenario, origin, messages, written })
}

/// The money of the events that goals ask for: a CRM need not have its column.
fn revenue(model: &Model, scenarios: &[Scenario]) -> Vec<RecordUse> {
    let named: BTreeSet<&str> =
        scenarios.iter().flat_map(|each| each.revenue_events()).map(|event| event.name.as_str()).collect();
    let money = |name: &&str| {
        let mut fields = model.events.get(*name)?.fields.iter().filter(|field| field.ty == Type::Money);
        let field = fields.next().filter(|_| fields.next().is_none())?;
        let field = FieldUse { name: field.name.clone(), ty: Type::Money, optional: true, default: None };
        Some(RecordUse { name: (*name).to_owned(), fields: vec![field] })
    };
    named.iter().filter_map(money).collect()
}

/// Puts findings in order: by file and place, each once; what concerns no text comes last.
pub fn sort(diagnostics: &mut Vec<Diagnostic>) {
    let place = |found: &Diagnostic| match found.span() {
        Some(span) => (false, span.source, span.start, span.end),
        None => (true, SourceId(0), 0, 0),
    };
    diagnostics.sort_by_key(|found| (place(found), found.rule));
    // Alternatives share a window, and a definition may be unfolded twice in one place.
    diagnostics.dedup();
}

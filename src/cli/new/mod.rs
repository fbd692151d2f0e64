//! `scn new`: a scenario of the library, copied into a project.

mod extended;
mod library;
mod rename;

use super::exit::{Exit, Failure};
use super::output;
use super::project::Project;
use crate::diagnostic::render::clean;
use crate::diagnostic::suggestion;
use crate::span::SourceId;
use crate::syntax::tree::ItemKind;
use crate::syntax::{TokenKind, parse};
use library::{SCENARIOS, Scenario};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Copy a scenario of the library into a project: its text, tests and templates, under a name of its own
///
/// Nothing that is there is written over. Amounts are in the project's currency afterwards, and are yours to choose.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  scn new --list\n  scn new hello --from welcome\n  scn new stock --from stock_alert --into shop"
)]
pub struct Arguments {
    /// What the copy is called: its folder, its files and its scenario
    #[arg(value_name = "NAME", required_unless_present = "list")]
    pub name: Option<String>,
    /// The scenario of the library
    #[arg(long, value_name = "SCENARIO", required_unless_present = "list")]
    pub from: Option<String>,
    /// The project's folder, or one in it
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub into: PathBuf,
    /// List the scenarios of the library
    #[arg(long, conflicts_with_all = ["name", "from"])]
    pub list: bool,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let (Some(name), Some(from)) = (&arguments.name, &arguments.from) else {
        output::results(&list())?;
        return Ok(Exit::Done);
    };
    refuse_no_name(name)?;
    let scenario = library::find(from).ok_or_else(|| unknown(from))?;
    let project = Project::open_one(&arguments.into)?;
    let folder = arguments.into.join(name);
    refuse_what_is_there(&folder)?;
    let currency = &project.settings.meaning.currency.0;
    let mut copy = copy(scenario, name, currency);
    refuse_declared(&project, &copy)?;
    for (path, text) in copy.iter_mut().filter(|(path, _)| path.ends_with(".scn")) {
        *text = extended::without_known(&project, path, text)?;
    }
    for (path, text) in &copy {
        write(&folder.join(path), text)?;
    }
    output::results(&told(scenario, name, &folder, &copy))?;
    Ok(Exit::Done)
}

fn list() -> String {
    let width = SCENARIOS.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for scenario in &SCENARIOS {
        let _ = writeln!(text, "{:width$}  {}", scenario.name, scenario.heading());
    }
    text.push_str("\n`scn new NAME --from SCENARIO` copies one into a project\n");
    text
}

/// The files of the copy: those that are called as the scenario is take the new name.
fn copy(scenario: &'static Scenario, name: &str, currency: &str) -> BTreeMap<String, String> {
    let renamed = |path: &str| match path.strip_prefix(scenario.name).filter(|rest| rest.starts_with('.')) {
        Some(rest) => format!("{name}{rest}"),
        None => path.to_owned(),
    };
    let files = scenario.files();
    files
        .into_iter()
        .map(|(path, text)| {
            let text = match path.ends_with(".scn") {
                true => rename::rename(text, scenario.name, name, (library::CURRENCY, currency)),
                false => text.to_owned(),
            };
            (renamed(path), text)
        })
        .collect()
}

fn refuse_no_name(name: &str) -> Result<(), Failure> {
    let tokens = parse(SourceId::default(), name).tokens;
    if matches!(tokens.as_slice(), [only] if only.kind == TokenKind::Name) {
        return Ok(());
    }
    let reserved = matches!(tokens.as_slice(), [only] if only.kind == TokenKind::Keyword);
    let why = if reserved { "is a reserved word" } else { "is no name" };
    let message = format!("`{}` {why}", clean(name));
    Err(Failure::new(Exit::Usage, message).help("a name is letters, digits and `_`, and begins with a letter"))
}

fn unknown(from: &str) -> Failure {
    let failure = Failure::new(Exit::Usage, format!("the library has no scenario `{}`", clean(from)));
    match suggestion(from, SCENARIOS.iter().map(|scenario| scenario.name)) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help("`scn new --list` shows them"),
    }
}

fn refuse_what_is_there(folder: &Path) -> Result<(), Failure> {
    match std::fs::symlink_metadata(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::file("read", folder, &error)),
        Ok(_) => {
            let message = format!("`{}` is there already", clean(&folder.to_string_lossy()));
            Err(Failure::new(Exit::Usage, message).help("choose another name: nothing is written over"))
        }
    }
}

/// Refuses a copy that declares what the project has declared.
fn refuse_declared(project: &Project, copy: &BTreeMap<String, String>) -> Result<(), Failure> {
    let stem = |path: &str| Path::new(path).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let mut known: BTreeMap<String, &str> = BTreeMap::new();
    for file in &project.input.files {
        let Some(source) = project.input.sources.get(file.source) else { continue };
        known.extend(declared(&source.text, &file.stem).into_iter().map(|name| (name, source.name.as_str())));
    }
    for (path, text) in copy.iter().filter(|(path, _)| path.ends_with(".scn")) {
        for name in declared(text, &stem(path).unwrap_or_default()) {
            if let Some(place) = known.get(&name) {
                let message = format!("`{}` is declared already, in {}", clean(&name), clean(place));
                return Err(
                    Failure::new(Exit::Usage, message).help("rename that one first, or copy what you need by hand")
                );
            }
        }
    }
    Ok(())
}

/// The names that a file declares.
fn declared(text: &str, stem: &str) -> Vec<String> {
    let items = parse(SourceId::default(), text).file.items;
    let name = |kind: &ItemKind| {
        Some(match kind {
            ItemKind::Scenario(scenario) => {
                scenario.name.as_ref().map_or_else(|| stem.to_owned(), |name| name.value.clone())
            }
            ItemKind::Entity(entity) => entity.name.value.clone(),
            ItemKind::Event(event) => event.name.value.clone(),
            ItemKind::Let(definition) => definition.name.value.clone(),
            ItemKind::Segment(segment) => segment.name.value.clone(),
            ItemKind::Measure(measure) => measure.name.value.clone(),
            ItemKind::Account(account) => account.name.value.clone(),
            ItemKind::Route(route) => route.name.value.clone(),
            ItemKind::Given(given) => given.name.value.clone(),
            ItemKind::Extend(_) | ItemKind::Test(_) | ItemKind::Identity(_) | ItemKind::Policy(_) => return None,
        })
    };
    items.iter().filter_map(|item| name(&item.kind)).collect()
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).map_err(|error| Failure::file("make", folder, &error))?;
    std::fs::write(path, text).map_err(|error| Failure::file("write", path, &error))
}

fn told(scenario: &Scenario, name: &str, folder: &Path, copy: &BTreeMap<String, String>) -> String {
    let folder = clean(&folder.to_string_lossy()).into_owned();
    let mut text = format!("made `{name}` from `{}`:\n", scenario.name);
    for path in copy.keys() {
        let _ = writeln!(text, "  {folder}/{path}");
    }
    let _ = write!(
        text,
        "\nnext:\n  scn check {folder}  what the project still lacks for it\n  scn test {folder}   its tests\n"
    );
    text
}

//! `scn graph`: scenarios as pictures.

use super::exit::{Exit, Failure};
use super::findings::Findings;
use super::project::Project;
use super::{output, project, surroundings, whole};
use crate::diagnostic::{Diagnostic, Level, Rule};
use crate::graph::{Graph, graphs};
use crate::span::SourceId;
use crate::syntax::parse;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Draw a scenario: what starts it, its waits, messages and branches, in its own words
///
/// One scenario is printed, or written to a file. Several go into a folder, a file each.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  scn graph scenarios --scenario welcome --out welcome.svg")]
pub struct Arguments {
    /// A file, or a folder with all `.scn` files under it
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// Draw the scenario of this name alone
    #[arg(long, value_name = "NAME")]
    pub scenario: Option<String>,
    /// What to draw with; by the ending of `--out`, else Mermaid
    #[arg(long)]
    pub format: Option<Format>,
    /// Where to write it: a file, or a folder for several scenarios; standard output without it
    #[arg(long, value_name = "PATH")]
    pub out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A flowchart, as Markdown files of many sites show it
    Mermaid,
    /// A picture that needs nothing else
    Svg,
}

impl Format {
    /// The ending of its files.
    fn ending(self) -> &'static str {
        match self {
            Format::Mermaid => "mmd",
            Format::Svg => "svg",
        }
    }

    fn draw(self, graph: &Graph) -> String {
        match self {
            Format::Mermaid => graph.mermaid(),
            Format::Svg => graph.svg(),
        }
    }
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let files = project::scenario_files_at(&arguments.path)?;
    let mut refused = Findings::default();
    let mut found: Vec<Graph> = Vec::new();
    for file in &files {
        found.append(&mut read(file, &mut refused)?);
    }
    if let Some(exit) = refused.stop() {
        return Ok(exit);
    }
    let drawn = chosen(found, arguments.scenario.as_deref())?;
    if let Some(path) = arguments.out.as_deref().filter(|path| !path.is_dir()) {
        whole::refuse_inputs(path, &files)?;
        for project in Project::open(std::slice::from_ref(&arguments.path))? {
            whole::refuse_inputs(path, &surroundings::files_read(&project)?)?;
        }
    }
    let format = arguments.format.map_or_else(|| by_ending(arguments.out.as_deref()), Ok)?;
    match (drawn.as_slice(), arguments.out.as_deref()) {
        ([only], None) => output::results(&format.draw(only))?,
        ([only], Some(path)) if !path.is_dir() => {
            whole::write(path, format.draw(only).as_bytes())?;
        }
        (all, Some(folder)) => into_folder(all, folder, format)?,
        (all, None) => {
            let names: Vec<&str> = all.iter().map(|graph| graph.name.as_str()).collect();
            return Err(Failure::new(Exit::Usage, format!("there are several scenarios: `{}`", names.join("`, `")))
                .help("name one with `--scenario NAME`, or a folder for all of them with `--out FOLDER`"));
        }
    }
    Ok(Exit::Done)
}

/// The scenarios of a file; one with errors of syntax is refused.
fn read(path: &Path, refused: &mut Findings) -> Result<Vec<Graph>, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file("read", path, &error))?;
    let name = path.display().to_string();
    let mut findings = Findings { in_error: true, files: 1, ..Findings::default() };
    let text = String::from_utf8(bytes).map_err(|error| error.utf8_error().valid_up_to());
    let drawn = match &text {
        Ok(text) => {
            let parsed = parse(SourceId::default(), text);
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let drawn = graphs(text, &parsed, &stem);
            let errors = parsed.diagnostics.into_iter().filter(|found| found.level == Level::Error);
            // A file that says nothing has nothing to draw; the others are drawn.
            findings.diagnostics.extend(errors.filter(|found| found.rule != Rule::EmptyFile));
            drawn
        }
        Err(at) => {
            let message = format!("`{name}` is not UTF-8 at byte {at}");
            findings.diagnostics.push(Diagnostic::new(Rule::NotUtf8, message));
            Vec::new()
        }
    };
    findings.sources.add(name, text.unwrap_or_default());
    if !findings.diagnostics.is_empty() {
        refused.absorb(findings);
    }
    Ok(drawn)
}

/// The scenarios that are wanted, at least one, each name once.
fn chosen(found: Vec<Graph>, name: Option<&str>) -> Result<Vec<Graph>, Failure> {
    let names: Vec<String> = found.iter().map(|graph| graph.name.clone()).collect();
    let drawn: Vec<Graph> = found.into_iter().filter(|graph| name.is_none_or(|name| graph.name == name)).collect();
    if drawn.is_empty() {
        return Err(match name {
            Some(name) if !names.is_empty() => Failure::new(Exit::Usage, format!("there is no scenario `{name}`"))
                .help(format!("there are `{}`", names.join("`, `"))),
            _ => Failure::new(Exit::Usage, "there is no scenario to draw"),
        });
    }
    let mut seen = BTreeSet::new();
    match drawn.iter().find(|graph| !seen.insert(graph.name.as_str())) {
        Some(twice) => Err(Failure::new(Exit::Findings, format!("two scenarios are called `{}`", twice.name))
            .help("`scn check` shows both places")),
        None => Ok(drawn),
    }
}

/// What a file is drawn with, by its ending; a folder, and standard output, have Mermaid.
///
/// # Errors
/// When nothing is drawn in files of that ending.
fn by_ending(out: Option<&Path>) -> Result<Format, Failure> {
    let Some(ending) = out.filter(|path| !path.is_dir()).and_then(Path::extension) else { return Ok(Format::Mermaid) };
    match ending.to_string_lossy().as_ref() {
        "svg" => Ok(Format::Svg),
        "mmd" | "mermaid" | "md" => Ok(Format::Mermaid),
        other => Err(Failure::new(Exit::Usage, format!("nothing is drawn as `.{other}`")).help(
            "end the name with `.svg` for a picture, or with `.mmd` or `.md` for Mermaid; `--format` draws any file",
        )),
    }
}

fn into_folder(graphs: &[Graph], folder: &Path, format: Format) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| Failure::file("write", folder, &error))?;
    for graph in graphs {
        let path = folder.join(format!("{}.{}", graph.name, format.ending()));
        whole::write(&path, format.draw(graph).as_bytes())?;
    }
    Ok(())
}

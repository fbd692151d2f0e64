//! `scn fmt`: the canonical layout.

use super::exit::{Exit, Failure};
use super::findings::Findings;
use super::{output, project, whole};
use crate::diagnostic::render::clean;
use crate::diagnostic::{Diagnostic, Rule};
use crate::format;
use crate::span::SourceId;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Give `.scn` files their canonical layout
///
/// Files are written only when they change, whole or not at all; their names are printed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  scn fmt --check scenarios")]
pub struct Arguments {
    /// Files, or folders with all `.scn` files under them; `-` reads standard input and prints the result
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Write nothing; exit with 1 when a file would change, and print its name
    #[arg(long)]
    pub check: bool,
}

/// What was found while formatting.
#[derive(Default)]
struct Outcome {
    refused: Findings,
    changed: bool,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let mut outcome = Outcome::default();
    for path in &arguments.paths {
        if path.as_os_str() == "-" {
            standard_input(arguments.check, &mut outcome)?;
        } else {
            for file in project::scenario_files_at(path)? {
                one_file(&file, arguments.check, &mut outcome)?;
            }
        }
    }
    let stopped = outcome.refused.stop();
    Ok(match stopped {
        Some(exit) => exit,
        None if arguments.check && outcome.changed => Exit::Findings,
        None => Exit::Done,
    })
}

fn one_file(path: &Path, check: bool, outcome: &mut Outcome) -> Result<(), Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file("read", path, &error))?;
    let name = path.display().to_string();
    let Some(text) = text(&name, bytes, outcome) else { return Ok(()) };
    match formatted(&name, &text, outcome) {
        Some(new) if new != text => {
            outcome.changed = true;
            if !check {
                whole::write(path, new.as_bytes())?;
            }
            output::results(&format!("{}\n", clean(&name)))
        }
        _ => Ok(()),
    }
}

fn standard_input(check: bool, outcome: &mut Outcome) -> Result<(), Failure> {
    let name = "standard input";
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|error| Failure::file("read", Path::new(name), &error))?;
    let Some(text) = text(name, bytes, outcome) else { return Ok(()) };
    let Some(new) = formatted(name, &text, outcome) else { return Ok(()) };
    outcome.changed |= new != text;
    if check { Ok(()) } else { output::results(&new) }
}

fn text(name: &str, bytes: Vec<u8>, outcome: &mut Outcome) -> Option<String> {
    String::from_utf8(bytes)
        .map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let message = format!("`{name}` is not UTF-8 at byte {at}");
            refuse(name, "", vec![Diagnostic::new(Rule::NotUtf8, message)], outcome);
        })
        .ok()
}

/// The text in its canonical layout; `None` when it has errors, which are kept.
fn formatted(name: &str, text: &str, outcome: &mut Outcome) -> Option<String> {
    format::format(text).map_err(|diagnostics| refuse(name, text, diagnostics, outcome)).ok()
}

fn refuse(name: &str, text: &str, diagnostics: Vec<Diagnostic>, outcome: &mut Outcome) {
    let mut refused = Findings { diagnostics, in_error: true, files: 1, ..Findings::default() };
    let source = refused.sources.add(name, text);
    debug_assert_eq!(source, SourceId::default(), "what `format` finds is in its only text");
    outcome.refused.absorb(refused);
}

//! What `check` must know of the world outside the texts: the templates of a project, and a CRM.

use super::configuration::Settings;
use super::exit::{Exit, Failure};
use super::project::Project;
use super::sources::store_failure;
use crate::channel::{Presentation, Templates};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{CrmShape, Surroundings, TemplateShape};
use crate::store::ErrorKind;
use crate::store::crm::Crm;
use std::path::{Path, PathBuf};

/// Looks at the templates of a project and, where one is given, at a CRM.
///
/// # Errors
/// When a folder of templates cannot be read.
pub fn look(project: &Project, crm: Option<&CrmShape>) -> Result<Surroundings, Failure> {
    let templates = templates(project)?;
    let shown = |shape: &TemplateShape| project.show(Path::new(&shape.path));
    let shapes = templates.shapes().iter().map(|shape| TemplateShape { path: shown(shape), ..shape.clone() });
    Ok(Surroundings { templates: Some(shapes.collect()), crm: crm.cloned() })
}

/// As [`look`], for a command that works without templates too: where none is written yet, nothing is said about
/// those that are missing.
///
/// # Errors
/// As [`look`].
pub fn look_at_templates(project: &Project) -> Result<Surroundings, Failure> {
    let Surroundings { templates, crm } = look(project, None)?;
    Ok(Surroundings { templates: templates.filter(|templates| !templates.is_empty()), crm })
}

/// The templates in reach of a project's scenarios.
///
/// # Errors
/// When a folder of templates cannot be read.
pub fn templates(project: &Project) -> Result<Templates, Failure> {
    // The project's own templates are always looked for.
    let files = project.input.files.iter().filter(|file| !file.folder.is_empty());
    let mut folders: Vec<String> = files.map(|file| file.folder.clone()).collect();
    folders.sort();
    folders.dedup();
    let meaning = &project.settings.meaning;
    let presentation = Presentation { currency: meaning.currency.clone(), zone: meaning.zone };
    Templates::load(&project.root, &folders, &presentation)
        .map_err(|error| Failure::new(Exit::InputOutput, error.to_string()))
}

/// The files that a project reads, whichever command reads them: its texts and `scn.toml`, its CRM and state, the sources of
/// its sample, and its templates. None of them is to be written over.
///
/// # Errors
/// As [`look`].
pub fn files_read(project: &Project) -> Result<Vec<PathBuf>, Failure> {
    let Settings { crm, state, sample, .. } = &project.settings;
    let mut files: Vec<PathBuf> = project.input.sources.iter().map(|(_, source)| PathBuf::from(&source.name)).collect();
    files.extend(crm.iter().chain(state).cloned());
    files.extend(sample.iter().flat_map(|sample| std::iter::once(&sample.csv).chain(&sample.with)).cloned());
    files.extend(templates(project)?.shapes().iter().map(|shape| project.root.join(&shape.path)));
    Ok(files)
}

/// Opens the CRM that `check` is told to look at. One that is none is a finding, and then nothing is said about its
/// tables.
///
/// # Errors
/// When another program holds it.
pub fn open(crm: Option<&Path>) -> Result<(Option<Crm>, Vec<Diagnostic>), Failure> {
    match crm.map(Crm::open) {
        None => Ok((None, Vec::new())),
        Some(Ok(crm)) => Ok((Some(crm), Vec::new())),
        Some(Err(error)) if error.kind == ErrorKind::Busy => Err(store_failure(error)),
        Some(Err(error)) => {
            let mut found = Diagnostic::new(Rule::CrmUnreadable, error.to_string());
            found.help = error.help().map(str::to_owned);
            Ok((None, vec![found]))
        }
    }
}

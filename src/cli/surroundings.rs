//! What `check` must know of the world outside the texts: the templates of a project, and a CRM.

use super::exit::{Exit, Failure};
use super::project::Project;
use super::sources;
use crate::channel::{Presentation, Templates};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Surroundings, TemplateShape};
use crate::store::ErrorKind;
use crate::store::crm::Crm;
use std::path::Path;

/// Looks at the templates of a project and, where one is named, at a CRM. A CRM that is none is a finding, and then
/// nothing is said about its tables.
///
/// # Errors
/// When a folder of templates cannot be read, or the CRM is held by another program.
pub fn look(project: &Project, crm: Option<&Path>) -> Result<(Surroundings, Vec<Diagnostic>), Failure> {
    let mut surroundings = Surroundings { templates: Some(templates(project)?), crm: None };
    let mut findings = Vec::new();
    match crm.map(Crm::open) {
        None => {}
        Some(Ok(crm)) => surroundings.crm = Some(crm.shape().clone()),
        Some(Err(error)) if error.kind == ErrorKind::Busy => return Err(sources::store_failure(error)),
        Some(Err(error)) => {
            let found = Diagnostic::new(Rule::CrmUnreadable, error.to_string());
            findings.push(match error.help() {
                Some(help) => found.help(help),
                None => found,
            });
        }
    }
    Ok((surroundings, findings))
}

/// The templates of a project, for a command that needs their variables and no more: where none is written yet,
/// nothing is said about those that are missing.
///
/// # Errors
/// As [`look`].
pub fn look_at_templates(project: &Project) -> Result<Surroundings, Failure> {
    let templates = Some(templates(project)?).filter(|templates| !templates.is_empty());
    Ok(Surroundings { templates, crm: None })
}

fn templates(project: &Project) -> Result<Vec<TemplateShape>, Failure> {
    let meaning = &project.settings.meaning;
    let presentation = Presentation { currency: meaning.currency.clone(), zone: meaning.zone };
    // The project's own templates are always looked for.
    let files = project.input.files.iter().filter(|file| !file.folder.is_empty());
    let mut folders: Vec<String> = files.map(|file| file.folder.clone()).collect();
    folders.dedup();
    let templates = Templates::load(&project.root, &folders, &presentation)
        .map_err(|error| Failure::new(Exit::InputOutput, error.to_string()))?;
    let shown = |shape: &TemplateShape| project.show(Path::new(&shape.path));
    Ok(templates.shapes().iter().map(|shape| TemplateShape { path: shown(shape), ..shape.clone() }).collect())
}

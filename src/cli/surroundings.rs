//! What `check` must know of the world outside the texts.

use super::exit::{Exit, Failure};
use super::project::Project;
use super::sources::store_failure;
use crate::channel::{Presentation, Templates};
use crate::model::{CrmShape, Surroundings};
use crate::store::crm::Crm;
use std::path::Path;

/// Looks at the templates of a project and, where one is given, at a CRM.
///
/// # Errors
/// When a folder of templates cannot be read.
pub fn look(project: &Project, crm: Option<&CrmShape>) -> Result<Surroundings, Failure> {
    let templates = templates(project)?;
    Ok(Surroundings { templates: Some(templates.shapes().to_vec()), crm: crm.cloned() })
}

/// The templates in reach of a project's scenarios.
///
/// # Errors
/// When a folder of templates cannot be read.
pub fn templates(project: &Project) -> Result<Templates, Failure> {
    let mut folders: Vec<String> = project.input.files.iter().map(|file| file.folder.clone()).collect();
    folders.sort();
    folders.dedup();
    let meaning = &project.settings.meaning;
    let presentation = Presentation { currency: meaning.currency.clone(), zone: meaning.zone };
    Templates::load(&project.root, &folders, &presentation)
        .map_err(|error| Failure::new(Exit::InputOutput, error.to_string()))
}

/// Opens the CRM that `check` is told to look at.
///
/// # Errors
/// When it cannot be opened.
pub fn open(crm: Option<&Path>) -> Result<Option<Crm>, Failure> {
    crm.map(|path| Crm::open(path).map_err(store_failure)).transpose()
}

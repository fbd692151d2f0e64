//! The files that a simulation writes: beside their place, and moved there when they are whole.

use crate::cli::exit::{Exit, Failure};
use crate::cli::whole;
use crate::drivers::simulate::Form;
use std::io::Write;
use std::path::Path;

/// The form of effects that the ending of a file names. A device and a file without an ending get CSV.
pub(super) fn form(path: &Path) -> Result<Form, Failure> {
    let ending = path.extension().filter(|_| !is_device(path));
    let Some(ending) = ending else { return Ok(Form::Csv) };
    ending.to_str().and_then(Form::of_ending).ok_or_else(|| {
        let endings: Vec<String> = Form::ENDINGS.iter().map(|(ending, _)| format!("`.{ending}`")).collect();
        let message = format!("`{}` ends in no form that effects are written in", path.display());
        Failure::new(Exit::Usage, message).help(format!("let it end in one of {}", endings.join(", ")))
    })
}

/// # Errors
/// When a file for the page has an ending that says it is something else.
pub(super) fn refuse_other_than_html(path: &Path) -> Result<(), Failure> {
    let ending = path.extension().filter(|_| !is_device(path)).and_then(|ending| ending.to_str());
    match ending.map(str::to_lowercase).as_deref() {
        None | Some("html" | "htm") => Ok(()),
        Some(_) => {
            let message = format!("`{}` does not end in `.html`, and the report is a page of HTML", path.display());
            Err(Failure::new(Exit::Usage, message).help("`--effects FILE` writes the rows in other forms"))
        }
    }
}

/// A file that is being written. A device takes what comes as it comes.
pub(super) struct OutFile<'a> {
    path: &'a Path,
    file: Target,
}

enum Target {
    Beside(whole::Beside),
    Device(std::fs::File),
}

impl<'a> OutFile<'a> {
    pub fn create(path: &'a Path) -> Result<OutFile<'a>, Failure> {
        let failed = |error: std::io::Error| Failure::file("write", path, &error);
        let file = if is_device(path) {
            Target::Device(std::fs::OpenOptions::new().write(true).open(path).map_err(failed)?)
        } else {
            Target::Beside(whole::beside(path).map_err(failed)?)
        };
        Ok(OutFile { path, file })
    }

    pub fn writer(&mut self) -> &mut (dyn Write + Send) {
        match &mut self.file {
            Target::Beside(file) => file.file(),
            Target::Device(file) => file,
        }
    }

    /// Writes all of it.
    pub fn fill(&mut self, text: &str) -> Result<(), Failure> {
        let path = self.path;
        self.writer().write_all(text.as_bytes()).map_err(|error| Failure::file("write", path, &error))
    }

    pub fn keep(self) -> Result<(), Failure> {
        match self.file {
            Target::Beside(file) => file.persist(self.path).map_err(|error| Failure::file("write", self.path, &error)),
            Target::Device(_) => Ok(()),
        }
    }
}

fn is_device(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|old| !old.is_file())
}

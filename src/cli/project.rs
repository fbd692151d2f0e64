//! What belongs together: the folder that holds `scn.toml`, or else the path given. All `.scn` files under it are
//! one namespace; those under the paths given are selected.
//!
//! A file that is given alone brings its tests: `renewal.scn` and `renewal.test.scn` are selected together,
//! whichever is named.

mod files;
mod names;
#[cfg(test)]
mod tests;

use self::files::Text;
use self::names::Names;
use super::configuration::{self, Settings};
use super::exit::Failure;
use super::mask;
use crate::compile::{Input, InputFile};
use crate::diagnostic::render::clean;
use crate::diagnostic::{Diagnostic, Rule};
use crate::span::Span;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The texts of a project, and how it is set up.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its folder, whole and without symbolic links. The folders of `input` are relative to it.
    pub root: PathBuf,
    pub settings: Settings,
    /// The files that are UTF-8; the sources also hold the others and `scn.toml`, for the findings in them.
    pub input: Input,
    /// What is wrong before any text is compiled.
    pub diagnostics: Vec<Diagnostic>,
    /// The folder as the user would name it; empty for the one where the command runs.
    shown: PathBuf,
    /// How many files are selected, those that are not UTF-8 included.
    pub selected: usize,
}

impl Project {
    /// The projects of some paths, each once, in the order of the paths.
    ///
    /// # Errors
    /// When a path, a folder or a file cannot be read.
    pub fn open(paths: &[PathBuf]) -> Result<Vec<Project>, Failure> {
        let names = Names::new(paths)?;
        let mut roots: Vec<&Path> = Vec::new();
        for given in names.given() {
            if !roots.contains(&given.root.as_path()) {
                roots.push(&given.root);
            }
        }
        roots.into_iter().map(|root| Project::load(root, &names)).collect()
    }

    /// The project of one path.
    ///
    /// # Errors
    /// As [`Project::open`].
    pub fn open_one(path: &Path) -> Result<Project, Failure> {
        let names = Names::new(&[path.to_owned()])?;
        let root = names.given().first().map(|given| given.root.clone()).unwrap_or_default();
        Project::load(&root, &names)
    }

    /// A path that is relative to the project's folder, as the user would name it.
    pub fn show(&self, relative: &Path) -> String {
        self.shown.join(relative).to_string_lossy().into_owned()
    }

    fn load(root: &Path, names: &Names) -> Result<Project, Failure> {
        let mut project = Project {
            root: root.to_owned(),
            settings: Settings::in_folder(root),
            input: Input::default(),
            diagnostics: Vec::new(),
            shown: names.show(root).into(),
            selected: 0,
        };
        let configuration = root.join(configuration::FILE);
        let configured = configuration.is_file();
        if configured {
            project.configure(&configuration, names)?;
        }
        let given: Vec<_> = names.given().iter().filter(|given| given.root == root).collect();
        let mut all = BTreeSet::new();
        if configured || given.iter().any(|given| given.is_folder) {
            all.extend(files::scenario_files(root)?);
        }
        // A file that is named counts, whatever its name and wherever it lies.
        let mut selected: BTreeSet<PathBuf> = given.iter().flat_map(|given| files::with_tests(given)).collect();
        all.extend(selected.iter().cloned());
        for folder in given.iter().filter(|given| given.is_folder) {
            let before = selected.len();
            selected.extend(all.iter().filter(|file| file.starts_with(&folder.path)).cloned());
            if selected.len() == before {
                project.diagnostics.push(empty_folder(&folder.typed));
            }
        }
        project.selected = selected.len();
        for file in all {
            project.add(&file, names, selected.contains(&file))?;
        }
        Ok(project)
    }

    fn configure(&mut self, path: &Path, names: &Names) -> Result<(), Failure> {
        let name = names.show(path);
        let text = match files::read(path, &name)? {
            Text::Read(text) => text,
            Text::NotUtf8 { shown, at, byte } => {
                self.not_utf8(name, shown, at, byte);
                return Ok(());
            }
            Text::TooLarge => {
                let source = self.input.sources.add(name, "");
                let wrong = Diagnostic::new(Rule::ConfigurationWrong, "the file is larger than any configuration");
                let help = "keep the keys that `docs/reference/configuration.md` lists";
                self.diagnostics.push(wrong.at(Span::new(source, 0, 0), "").help(help));
                return Ok(());
            }
        };
        let source = self.input.sources.add(name, mask::mask(&text));
        match Settings::read(&text, source, &self.root) {
            Ok(settings) => self.settings = settings,
            Err(wrong) => self.diagnostics.push(*wrong),
        }
        Ok(())
    }

    fn add(&mut self, path: &Path, names: &Names, selected: bool) -> Result<(), Failure> {
        let name = names.show(path);
        match files::read(path, &name)? {
            Text::Read(text) => {
                let source = self.input.sources.add(name, text);
                let file_name = path.file_name().unwrap_or_default().to_string_lossy();
                let stem = file_name.strip_suffix(".scn").unwrap_or(&file_name).to_owned();
                let folder = self.folder_of(path);
                self.input.files.push(InputFile { source, stem, folder, selected });
            }
            // What is not selected only lends its names, and has none to lend.
            _ if !selected => {}
            Text::NotUtf8 { shown, at, byte } => self.not_utf8(name, shown, at, byte),
            Text::TooLarge => {
                let message = format!("`{}` is larger than {} MB", clean(&name), files::BYTES_MAX / 1_000_000);
                let source = self.input.sources.add(name, "");
                self.diagnostics.push(Diagnostic::new(Rule::TooLarge, message).at(Span::new(source, 0, 0), ""));
            }
        }
        Ok(())
    }

    fn not_utf8(&mut self, name: String, shown: String, at: usize, byte: u8) {
        let message = format!("`{}` is not UTF-8: byte {byte:#04X} at place {at}", clean(&name));
        let help = match (at, byte) {
            (0, 0xFE | 0xFF) => "the file is probably UTF-16: save it as UTF-8",
            _ => "the file is probably Windows-1252 or Latin-1: save it as UTF-8",
        };
        let source = self.input.sources.add(name, shown);
        let place = Span::new(source, at, at + '\u{fffd}'.len_utf8());
        self.diagnostics.push(Diagnostic::new(Rule::NotUtf8, message).at(place, "not UTF-8 from here").help(help));
    }

    /// The folder of a file, relative to the project's, its parts joined by `/`; empty for the project's own.
    fn folder_of(&self, path: &Path) -> String {
        let folder = path.parent().and_then(|folder| folder.strip_prefix(&self.root).ok());
        let parts = folder.into_iter().flat_map(Path::components);
        parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
    }
}

fn empty_folder(typed: &Path) -> Diagnostic {
    Diagnostic::new(Rule::EmptyFolder, format!("no `.scn` file under `{}`", clean(&typed.to_string_lossy())))
        .help("run `scn init DIR` for a project to start from")
}

/// The `.scn` files at a path, as the user would name them: all under a folder, or the file itself.
///
/// # Errors
/// When the path or a folder under it cannot be read.
pub fn scenario_files_at(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let is_folder = std::fs::metadata(path).map_err(|error| Failure::file("read", path, &error))?.is_dir();
    if !is_folder {
        return Ok(vec![path.to_owned()]);
    }
    let found = files::scenario_files(path)?;
    // `./a.scn` is shown as `a.scn`.
    Ok(found.into_iter().map(|file| file.strip_prefix(".").map(Path::to_owned).unwrap_or(file)).collect())
}

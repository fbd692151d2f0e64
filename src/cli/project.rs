//! What belongs together: the folder that holds `scn.toml`, or else the path given. All `.scn` files under it are
//! one namespace, but for those of a project inside it; those under the paths given are selected.
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
use super::exit::{self, Exit, Failure};
use super::mask;
use crate::compile::{Input, InputFile};
use crate::diagnostic::render::clean;
use crate::diagnostic::{Diagnostic, Rule};
use crate::span::{SourceId, Span};
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
    /// The folders whose files are selected.
    folders: Vec<PathBuf>,
    /// Whether nobody named it: it was found under the folder that was.
    pub is_found: bool,
}

impl Project {
    /// The projects of some paths, each once, in the order of the paths, and those that lie under a folder among them.
    ///
    /// # Errors
    /// When a path cannot be read.
    pub fn open(paths: &[PathBuf]) -> Result<Vec<Project>, Failure> {
        let mut names = Names::new(paths)?;
        names.find_projects()?;
        let mut roots: Vec<&Path> = Vec::new();
        for given in names.given() {
            if !roots.contains(&given.root.as_path()) {
                roots.push(&given.root);
            }
        }
        let mut projects = roots.into_iter().map(|root| Project::load(root, &names)).collect::<Result<Vec<_>, _>>()?;
        // A folder that only holds projects is none.
        if projects.iter().any(|project| project.is_found) {
            projects.retain(|project| project.selected > 0 || !project.diagnostics.is_empty());
        }
        Ok(projects)
    }

    /// The project of one path.
    ///
    /// # Errors
    /// As [`Project::open`]; when the path is no project, and there are some under it.
    pub fn open_one(path: &Path) -> Result<Project, Failure> {
        let mut names = Names::new(&[path.to_owned()])?;
        let root = names.given().first().map(|given| given.root.clone()).unwrap_or_default();
        let project = Project::load(&root, &names)?;
        if project.selected == 0 && !root.join(configuration::FILE).is_file() {
            names.find_projects()?;
            let found = names.given().iter().filter(|given| given.is_found);
            let found: Vec<String> = found.map(|given| format!("`{}`", clean(&names.show(&given.path)))).collect();
            if !found.is_empty() {
                let message = format!("`{}` holds projects, and is none itself", path.display());
                return Err(Failure::new(Exit::Usage, message).help(format!("name one of them: {}", found.join(", "))));
            }
        }
        Ok(project)
    }

    /// Its folder, as the user would name it.
    pub fn name(&self) -> String {
        self.shown.to_string_lossy().into_owned()
    }

    /// A path that is relative to the project's folder, as the user would name it.
    pub fn show(&self, relative: &Path) -> String {
        self.shown.join(relative).to_string_lossy().into_owned()
    }

    /// Whether a file would be selected if it were there; its path is relative to the project's folder.
    pub fn selects(&self, relative: &Path) -> bool {
        let path = self.root.join(relative);
        self.folders.iter().any(|folder| path.starts_with(folder))
    }

    /// A text of the project; its path is relative to the project's folder.
    pub fn input_file(&self, source: SourceId, relative: &Path, selected: bool) -> InputFile {
        let file_name = relative.file_name().unwrap_or_default().to_string_lossy();
        let stem = file_name.strip_suffix(".scn").unwrap_or(&file_name).to_owned();
        InputFile { source, stem, folder: self.folder_of(&self.root.join(relative)), selected }
    }

    fn load(root: &Path, names: &Names) -> Result<Project, Failure> {
        let mut project = Project {
            root: root.to_owned(),
            settings: Settings::in_folder(root),
            input: Input::default(),
            diagnostics: Vec::new(),
            shown: names.show(root).into(),
            selected: 0,
            folders: Vec::new(),
            is_found: false,
        };
        let configuration = root.join(configuration::FILE);
        let configured = configuration.is_file();
        if configured {
            project.configure(&configuration, names)?;
        }
        let given: Vec<_> = names.given().iter().filter(|given| given.root == root).collect();
        project.is_found = given.iter().all(|given| given.is_found);
        project.folders = given.iter().filter(|given| given.is_folder).map(|given| given.path.clone()).collect();
        let mut all = BTreeSet::new();
        let mut holds_projects = false;
        if configured || given.iter().any(|given| given.is_folder) {
            let listing = files::list(root, false).map_err(|error| Failure::file("read", root, &error))?;
            all.extend(listing.files);
            holds_projects = !listing.projects.is_empty();
            for (folder, error) in listing.unreadable {
                project.unreadable(names.show(&folder), &error);
            }
        }
        // A file that is named counts, whatever its name and wherever it lies.
        let mut selected: BTreeSet<PathBuf> = given.iter().flat_map(|given| files::with_tests(given)).collect();
        all.extend(selected.iter().cloned());
        for folder in given.iter().filter(|given| given.is_folder) {
            let mut files = all.iter().filter(|file| file.starts_with(&folder.path)).peekable();
            if files.peek().is_none() && !holds_projects {
                project.diagnostics.push(empty_folder(&folder.typed));
            }
            selected.extend(files.cloned());
        }
        project.selected = selected.len();
        for file in all {
            project.add(&file, names, selected.contains(&file));
        }
        Ok(project)
    }

    fn configure(&mut self, path: &Path, names: &Names) -> Result<(), Failure> {
        let name = names.show(path);
        let text = files::read(path).map_err(|error| Failure::file("read", Path::new(&name), &error))?;
        let text = match text {
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
        let (settings, wrong) = Settings::read(&text, source, &self.root);
        self.settings = settings;
        self.diagnostics.extend(wrong);
        Ok(())
    }

    fn add(&mut self, path: &Path, names: &Names, selected: bool) {
        let name = names.show(path);
        let text = match files::read(path) {
            Ok(text) => text,
            // Its names are missed elsewhere, whether it is selected or not.
            Err(error) => return self.unreadable(name, &error),
        };
        match text {
            Text::Read(text) => {
                let source = self.input.sources.add(name, text);
                self.input.files.push(self.input_file(source, path, selected));
            }
            Text::NotUtf8 { shown, at, byte } => self.not_utf8(name, shown, at, byte),
            Text::TooLarge => {
                let message = format!("`{}` is larger than {} MB", clean(&name), files::BYTES_MAX / 1_000_000);
                let source = self.input.sources.add(name, "");
                self.diagnostics.push(Diagnostic::new(Rule::TooLarge, message).at(Span::new(source, 0, 0), ""));
            }
        }
    }

    /// A file or a folder that cannot be read.
    fn unreadable(&mut self, name: String, error: &std::io::Error) {
        let message = exit::file("read", Path::new(&name), error);
        let help = match error.kind() {
            std::io::ErrorKind::NotFound => "it is a link to a file that is not there: mend the link, or take it away",
            std::io::ErrorKind::PermissionDenied => "allow whoever runs `scn` to read it, or take it away",
            _ => "mend it, or take it away",
        };
        let source = self.input.sources.add(name, "");
        let found = Diagnostic::new(Rule::FileUnreadable, clean(&message));
        self.diagnostics.push(found.at(Span::new(source, 0, 0), "").help(help));
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
    let listing = files::list(path, true).map_err(|error| Failure::file("read", path, &error))?;
    if let Some((folder, error)) = listing.unreadable.first() {
        return Err(Failure::file("read", folder, error));
    }
    // `./a.scn` is shown as `a.scn`.
    Ok(listing.files.into_iter().map(|file| file.strip_prefix(".").map(Path::to_owned).unwrap_or(file)).collect())
}

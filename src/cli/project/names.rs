//! The paths that a user typed, and how files are called when they are shown: as typed, relative to where
//! the command runs.

use super::super::configuration;
use super::super::exit::{Exit, Failure};
use super::files;
use std::path::{Component, Path, PathBuf};

/// A path on the command line.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) typed: PathBuf,
    /// Whole; its folder without symbolic links.
    pub(super) path: PathBuf,
    pub(super) is_folder: bool,
    /// The project's folder.
    pub(super) root: PathBuf,
    /// Whether it is a project that was found under a folder that was typed.
    pub(super) is_found: bool,
}

/// All paths of one command.
#[derive(Clone, Debug)]
pub(super) struct Names {
    given: Vec<Given>,
    /// Where the command runs.
    here: PathBuf,
}

impl Names {
    pub(super) fn new(paths: &[PathBuf]) -> Result<Names, Failure> {
        let here = std::env::current_dir().and_then(|here| here.canonicalize());
        let here = here.map_err(|error| Failure::file("read", Path::new("."), &error))?;
        let given = paths.iter().map(|path| Given::new(path)).collect::<Result<_, _>>()?;
        Ok(Names { given, here })
    }

    /// Adds the projects under the folders that were typed.
    ///
    /// # Errors
    /// When such a folder cannot be read.
    pub(super) fn find_projects(&mut self) -> Result<(), Failure> {
        let mut found = Vec::new();
        for given in self.given.iter().filter(|given| given.is_folder) {
            let listing = files::list(&given.path, true);
            let listing = listing.map_err(|error| Failure::file("read", &given.typed, &error))?;
            for root in listing.projects {
                let typed = given.typed.join(root.strip_prefix(&given.path).unwrap_or(&root));
                found.push(Given { typed, path: root.clone(), is_folder: true, root, is_found: true });
            }
        }
        self.given.extend(found);
        Ok(())
    }

    pub(super) fn given(&self) -> &[Given] {
        &self.given
    }

    /// A file of a project, as the user would name it.
    pub(super) fn show(&self, file: &Path) -> String {
        let under = |given: &Given| Some(given.typed.join(file.strip_prefix(&given.path).ok()?));
        let shown = self.given.iter().find_map(under).unwrap_or_else(|| self.relative(file));
        // `./a.scn` and `a.scn/` are the same file.
        let parts = shown.components().filter(|part| *part != Component::CurDir);
        parts.collect::<PathBuf>().to_string_lossy().into_owned()
    }

    fn relative(&self, file: &Path) -> PathBuf {
        if self.given.iter().any(|given| given.typed.is_absolute()) {
            return file.to_owned();
        }
        let common = self.here.components().zip(file.components()).take_while(|(one, two)| one == two).count();
        let up = self.here.components().skip(common).map(|_| Component::ParentDir);
        up.chain(file.components().skip(common)).collect()
    }
}

#[cfg(unix)]
fn is_pipe(about: &std::fs::Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&about.file_type())
}

#[cfg(not(unix))]
fn is_pipe(_: &std::fs::Metadata) -> bool {
    false
}

impl Given {
    fn new(typed: &Path) -> Result<Given, Failure> {
        let failed = |error| Failure::file("read", typed, &error);
        let about = std::fs::metadata(typed).map_err(failed)?;
        let is_folder = about.is_dir();
        // A pipe between two programs (`<(git show ...)`) has no place; one that lies in a folder may wait for ever.
        if is_pipe(&about) && typed.canonicalize().is_ok() {
            let message = format!("`{}` is a pipe, and no file", typed.display());
            return Err(Failure::new(Exit::InputOutput, message).help("name a file, or a folder"));
        }
        let path = if is_folder {
            typed.canonicalize().map_err(failed)?
        } else {
            // The file itself may be a link: what counts is where it is named.
            let folder = typed.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            folder.canonicalize().map_err(failed)?.join(typed.file_name().unwrap_or_default())
        };
        let folder = if is_folder { path.as_path() } else { path.parent().unwrap_or(&path) };
        let configured = folder.ancestors().find(|folder| folder.join(configuration::FILE).is_file());
        let root = configured.unwrap_or(folder).to_owned();
        Ok(Given { typed: typed.to_owned(), path, is_folder, root, is_found: false })
    }
}

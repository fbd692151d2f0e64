//! The two sides: a folder or a file as it is, or as a revision of git has it.

use crate::cli::configuration::{self, CacheSetting, Settings};
use crate::cli::exit::{Exit, Failure};
use crate::cli::git::{Git, Snapshot};
use crate::cli::project::Project;
use crate::cli::sources::{self, store_failure};
use crate::span::Sources;
use crate::store::crm::Crm;
use std::path::{Path, PathBuf};

/// One of the two versions.
#[derive(Debug)]
pub struct Side {
    /// As the user typed it.
    pub name: String,
    pub project: Project,
    /// Whether it is a revision: then its files are not where they seem to be.
    pub is_revision: bool,
    /// Its files, where it is a revision.
    _folder: Option<Snapshot>,
}

/// What the user typed.
enum Typed<'a> {
    Path(&'a Path),
    Revision { revision: &'a str, path: Option<&'a str> },
}

impl Typed<'_> {
    /// What is a path is one; `REVISION:PATH` is as git has it.
    fn read(text: &str) -> Typed<'_> {
        let path = Path::new(text);
        match text.split_once(':') {
            _ if path.exists() => Typed::Path(path),
            Some((revision, path)) => Typed::Revision { revision, path: Some(path) },
            None => Typed::Revision { revision: text, path: None },
        }
    }
}

/// Opens both sides. A revision alone is that of the path on the other side, else of the folder where the command runs.
///
/// # Errors
/// When one is neither a path nor a revision, or cannot be read.
pub fn open(old: &str, new: &str) -> Result<(Side, Side), Failure> {
    let (typed_old, typed_new) = (Typed::read(old), Typed::read(new));
    let beside = [&typed_old, &typed_new].into_iter().find_map(|typed| match typed {
        Typed::Path(path) => Some(*path),
        Typed::Revision { .. } => None,
    });
    let beside = beside.unwrap_or(Path::new("."));
    Ok((side(old, &typed_old, beside)?, side(new, &typed_new, beside)?))
}

fn side(name: &str, typed: &Typed<'_>, beside: &Path) -> Result<Side, Failure> {
    match typed {
        Typed::Path(path) => {
            let project = Project::open_one(path)?;
            Ok(Side { name: name.to_owned(), project, is_revision: false, _folder: None })
        }
        Typed::Revision { revision, path } => of_revision(name, revision, *path, beside),
    }
}

fn of_revision(name: &str, revision: &str, path: Option<&str>, beside: &Path) -> Result<Side, Failure> {
    let (folder, file) = match (path, beside.is_dir()) {
        (Some(_), _) => (Path::new("."), None),
        (None, true) => (beside, None),
        (None, false) => {
            (beside.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new(".")), beside.file_name())
        }
    };
    let git = Git { folder };
    let commit = git.commit(revision).map_err(|failure| neither(name, &git, failure))?;
    let (root, prefix) = git.place()?;
    let inside = match path {
        Some(path) => match path.strip_prefix("./") {
            Some(path) => Path::new(&prefix).join(path),
            None => PathBuf::from(path),
        },
        None => Path::new(&prefix).join(file.unwrap_or_default()),
    };
    let snapshot = git.snapshot(&commit)?;
    let wrong = |error: &std::io::Error| Failure::file("read", snapshot.path(), error);
    let whole = snapshot.path().canonicalize().map_err(|error| wrong(&error))?;
    let target = whole.join(&inside);
    if inside.is_absolute() || !target.canonicalize().is_ok_and(|found| found.starts_with(&whole)) {
        let message = format!("revision `{revision}` has no scenario in `{}`", shown(&inside));
        return Err(Failure::new(Exit::Usage, message).help("name another: `REVISION:PATH`"));
    }
    stay_inside(&whole, &target).map_err(|error| wrong(&error))?;
    let mut project = Project::open_one(&target)?;
    project.input.sources = renamed(&project.input.sources, &whole, revision);
    if matches!(project.settings.cache, CacheSetting::In(_)) {
        project.settings.cache = CacheSetting::Off;
    }
    let crm = project.settings.crm.take();
    project.settings.crm = crm.map(|crm| crm.strip_prefix(&whole).map_or(crm.clone(), |inside| root.join(inside)));
    Ok(Side { name: name.to_owned(), project, is_revision: true, _folder: Some(snapshot) })
}

fn shown(inside: &Path) -> String {
    if inside == Path::new("") { ".".to_owned() } else { inside.display().to_string() }
}

/// What is neither a path nor a revision of the repository in which it is looked for.
fn neither(name: &str, git: &Git<'_>, failure: Failure) -> Failure {
    // git is missing.
    if failure.exit != Exit::Usage || failure.help.as_ref().is_some_and(|help| help.starts_with("install")) {
        return failure;
    }
    let folder = shown(git.folder);
    let here = folder == ".";
    let other =
        format!("a revision alone is of the path on the other side: `{name}:./` is of the folder where you are");
    let message = match (git.place().is_ok(), here) {
        (true, true) => format!("`{name}` is no file or folder, and no revision of git"),
        (true, false) => format!("`{name}` is no file or folder, and no revision of git in `{folder}`"),
        (false, true) => format!("`{name}` is no file or folder, and there is no repository of git here"),
        (false, false) => format!("`{name}` is no file or folder, and `{folder}` is in no repository of git"),
    };
    Failure::new(Exit::Usage, message).help(match (git.place().is_ok(), here) {
        (_, false) => other.as_str(),
        (true, true) => "name a folder, a file, a branch, a tag or a commit: `scn diff main .`",
        (false, true) => "name two folders or files: `scn diff old new`",
    })
}

/// A folder without `scn.toml` in it or around it is a project by itself, whatever lies around the temporary folder.
fn stay_inside(whole: &Path, target: &Path) -> std::io::Result<()> {
    let around = target.ancestors().take_while(|folder| folder.starts_with(whole));
    let is_configured = around.into_iter().any(|folder| folder.join(configuration::FILE).is_file());
    if target.is_dir() && !is_configured {
        std::fs::write(target.join(configuration::FILE), "")?;
    }
    Ok(())
}

/// The texts under the names that they have in the revision: `main:shop/renewal.scn`.
fn renamed(sources: &Sources, whole: &Path, revision: &str) -> Sources {
    let mut renamed = Sources::default();
    for (_, source) in sources.iter() {
        let name = Path::new(&source.name).strip_prefix(whole);
        let name = name.map_or(source.name.clone(), |inside| format!("{revision}:{}", inside.display()));
        renamed.add(name, source.text.clone());
    }
    renamed
}

/// What `scn.toml` of a side says that is not of a revision, the newer first: nobody knows where a folder of a revision's would
/// be. Where both are revisions, that of the newer without a folder for caches.
pub fn settings<'s>(old: &'s Side, new: &'s Side) -> &'s Settings {
    let sides = [new, old];
    let side = sides.into_iter().find(|side| !side.is_revision).unwrap_or(new);
    &side.project.settings
}

/// The CRM that is named, else that of the newer side, else that of the older. That of a revision is where the working tree has it.
///
/// # Errors
/// When none is named anywhere, or it cannot be opened.
pub fn crm(old: &Side, new: &Side, named: Option<&Path>) -> Result<Crm, Failure> {
    let has_one = |side: &&&Side| side.project.settings.crm.is_some();
    let sides = [new, old];
    let on_disk = sides.iter().filter(has_one).find(|side| !side.is_revision);
    match (named, on_disk) {
        (None, None) => match sides.iter().find(has_one).and_then(|side| side.project.settings.crm.as_deref()) {
            Some(path) => Crm::open(path).map_err(store_failure),
            None => sources::crm(&new.project, None),
        },
        (_, on_disk) => sources::crm(&on_disk.copied().unwrap_or(new).project, named),
    }
}

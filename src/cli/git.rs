//! git, in a folder: what its revisions are and what they hold.

use super::configuration;
use super::exit::{Exit, Failure};
use super::unfinished::Unfinished;
use std::collections::BTreeMap;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// git, run in a folder.
#[derive(Clone, Copy, Debug)]
pub struct Git<'a> {
    pub folder: &'a Path,
}

/// The files of a commit, in a private folder that goes away when this is dropped, and with a signal too.
#[derive(Debug)]
pub struct Snapshot {
    folder: TempDir,
    _unfinished: Unfinished,
}

impl Snapshot {
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Git<'_> {
    /// The commit of a revision.
    ///
    /// # Errors
    /// When git is missing, the folder is under no version control, or there is no such revision.
    pub fn commit(&self, revision: &str) -> Result<String, Failure> {
        let commit = format!("{revision}^{{commit}}");
        let commit = self.text(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]);
        let commit = commit.map_err(|failure| match failure.exit {
            Exit::Usage if failure.help.is_none() => {
                let message = format!("git knows no revision `{}` in `{}`", revision, self.folder.display());
                Failure::new(Exit::Usage, message).help("name a commit, a tag or a branch, such as `origin/main`")
            }
            _ => failure,
        })?;
        Ok(commit.trim().to_owned())
    }

    /// The commit that the working tree and a revision both come from; the revision itself where there is none.
    ///
    /// # Errors
    /// As [`Git::commit`].
    pub fn base(&self, revision: &str) -> Result<String, Failure> {
        let commit = self.commit(revision)?;
        Ok(self.text(&["merge-base", &commit, "HEAD"]).map_or(commit, |base| base.trim().to_owned()))
    }

    /// The folder of the repository, and this folder in it, empty or with a slash at its end.
    ///
    /// # Errors
    /// When git is missing, or the folder is under no version control.
    pub fn place(&self) -> Result<(PathBuf, String), Failure> {
        let line = |text: String| text.trim_end_matches(['\r', '\n']).to_owned();
        let root = line(self.text(&["rev-parse", "--show-toplevel"])?);
        Ok((PathBuf::from(root), line(self.text(&["rev-parse", "--show-prefix"])?)))
    }

    /// What git says.
    ///
    /// # Errors
    /// When git is missing, or refuses; then with its own words, empty where it has none.
    pub fn text(&self, arguments: &[&str]) -> Result<String, Failure> {
        Ok(String::from_utf8_lossy(&self.bytes(arguments, Stdio::null())?).into_owned())
    }

    fn bytes(&self, arguments: &[&str], input: Stdio) -> Result<Vec<u8>, Failure> {
        let run =
            Command::new("git").env("LC_ALL", "C").arg("-C").arg(self.folder).args(arguments).stdin(input).output();
        let output = run.map_err(|error| {
            let message = format!("`git` cannot be run: {error}");
            Failure::new(Exit::Usage, message).help("install git, or name no revision")
        })?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("not a git repository") {
            let message = format!("there is no repository of git here, in `{}`", self.folder.display());
            return Err(Failure::new(Exit::Usage, message).help("name a folder under git, or no revision"));
        }
        Err(Failure::new(Exit::Usage, said.lines().next().unwrap_or_default().to_owned()))
    }

    /// The files of a commit that make projects: `.scn` files, `scn.toml`
    /// and templates, of the whole repository. Symbolic links and hidden files are left out.
    ///
    /// # Errors
    /// When git refuses, or the folder cannot be written.
    pub fn snapshot(&self, commit: &str) -> Result<Snapshot, Failure> {
        let wrong = |error: &std::io::Error| Failure::file("write", Path::new("a temporary folder"), error);
        let make = || tempfile::Builder::new().prefix("scn-").tempdir();
        let (folder, unfinished) = Unfinished::made(make, TempDir::path).map_err(|error| wrong(&error))?;
        let list = self.bytes(&["ls-tree", "-r", "-z", "--full-tree", commit], Stdio::null())?;
        let files = files(&String::from_utf8_lossy(&list));
        let mut names = tempfile::tempfile().map_err(|error| wrong(&error))?;
        let mut ask = || {
            files.keys().try_for_each(|object| writeln!(names, "{object}"))?;
            names.seek(SeekFrom::Start(0))
        };
        ask().map_err(|error| wrong(&error))?;
        let content = self.bytes(&["cat-file", "--batch"], Stdio::from(names))?;
        let mut rest = content.as_slice();
        for (object, paths) in &files {
            let (text, after) = one_object(rest, object).ok_or_else(|| {
                Failure::new(Exit::InputOutput, format!("git does not have object `{object}` of commit `{commit}`"))
                    .help("fetch the whole of the commit")
            })?;
            rest = after;
            for path in paths {
                let target = folder.path().join(path);
                let write = || {
                    target.parent().map_or(Ok(()), std::fs::create_dir_all)?;
                    // Two names that this file system does not tell apart are refused.
                    std::fs::OpenOptions::new().write(true).create_new(true).open(&target)?.write_all(text)
                };
                unfinished.adding(write).map_err(|error| wrong(&error))?;
            }
        }
        Ok(Snapshot { folder, _unfinished: unfinished })
    }
}

/// The paths of plain files that belong to projects, by object.
fn files(list: &str) -> BTreeMap<String, Vec<PathBuf>> {
    let mut files: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for entry in list.split('\0') {
        let Some((about, path)) = entry.split_once('\t') else { continue };
        let mut about = about.split(' ');
        // Executable or not; 120000 is a symbolic link, 160000 another repository.
        let is_plain = about.next().is_some_and(|mode| mode.starts_with("100"));
        let (Some("blob"), Some(object)) = (about.next(), about.next()) else { continue };
        let path = PathBuf::from(path);
        if is_plain && is_inside(&path) && is_of_project(&path) {
            files.entry(object.to_owned()).or_default().push(path);
        }
    }
    files
}

/// Whether a path stays in the folder to which it is joined. git itself refuses other names; a tree made by hand may hold them.
fn is_inside(path: &Path) -> bool {
    let is_name = |part: Component<'_>| match part {
        Component::Normal(name) => {
            !name.to_string_lossy().starts_with('.') && !name.to_string_lossy().contains(['\\', ':'])
        }
        _ => false,
    };
    path.components().count() > 0 && path.components().all(is_name)
}

fn is_of_project(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "scn")
        || path.file_name().is_some_and(|name| name == configuration::FILE)
        || path.parent().is_some_and(|folder| folder.iter().any(|name| name == "templates"))
}

/// The content of an object, as `git cat-file --batch` gives it, and what follows.
fn one_object<'a>(text: &'a [u8], object: &str) -> Option<(&'a [u8], &'a [u8])> {
    let end = text.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(text.get(..end)?).ok()?;
    let size: usize = head.strip_prefix(object)?.strip_prefix(" blob ")?.parse().ok()?;
    let start = end + 1;
    Some((text.get(start..start + size)?, text.get(start + size + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_files_of_projects_are_taken() {
        let object = "0123456789012345678901234567890123456789";
        let entry = |mode: &str, kind: &str, path: &str| format!("{mode} {kind} {object}\t{path}\0");
        for (mode, kind, path, taken) in [
            ("100644", "blob", "a.scn", true),
            ("100755", "blob", "shop/scn.toml", true),
            ("100644", "blob", "shop/templates/a.email.html", true),
            ("100644", "blob", "shop/templates/parts/a.html", true),
            ("100644", "blob", "README.md", false),
            ("120000", "blob", "link.scn", false),
            ("160000", "commit", "other.scn", false),
            ("100644", "blob", "../out.scn", false),
            ("100644", "blob", "/etc/a.scn", false),
            ("100644", "blob", "a/../../b.scn", false),
            ("100644", "blob", ".git/hooks/a.scn", false),
            ("100644", "blob", "a\\..\\b.scn", false),
        ] {
            assert_eq!(files(&entry(mode, kind, path)).len(), usize::from(taken), "{path}");
        }
    }

    #[test]
    fn objects_follow_each_other() {
        let text = b"abc blob 3\nx\ny\ndef blob 0\n\n";
        let (first, rest) = one_object(text, "abc").unwrap();
        assert_eq!(first, b"x\ny");
        assert_eq!(one_object(rest, "def").unwrap(), (&b""[..], &b""[..]));
        assert_eq!(one_object(b"abc missing\n", "abc"), None);
        assert_eq!(one_object(b"abc blob 9\nx\n", "abc"), None);
    }
}

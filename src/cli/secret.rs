//! Secrets: where they are kept, and how they are kept out of what is printed.

use super::exit::{Exit, Failure};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Where a secret is kept. It never holds the secret itself, so it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// `env:NAME`
    Variable(String),
    /// `file:PATH`
    File(PathBuf),
}

impl Secret {
    /// Reads `env:NAME` or `file:PATH`, the path relative to `root`; `None` for anything else.
    pub fn reference(text: &str, root: &Path) -> Option<Secret> {
        let (kind, place) = text.split_once(':')?;
        match (kind, place.trim()) {
            (_, "") => None,
            ("env", name) => Some(Secret::Variable(name.to_owned())),
            ("file", path) => Some(Secret::File(root.join(path))),
            _ => None,
        }
    }

    /// The secret itself, without the line feed at its end.
    ///
    /// # Errors
    /// When the variable is not set, the file cannot be read, or others than its owner can read it.
    pub fn reveal(&self) -> Result<String, Failure> {
        let missing = |message: String| Failure::new(Exit::Configuration, message);
        match self {
            Secret::Variable(name) => {
                std::env::var(name).map_err(|_| missing(format!("the variable `{name}` of the environment is not set")))
            }
            Secret::File(path) => {
                private(path)?;
                let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
                Ok(text.trim_end_matches(['\r', '\n']).to_owned())
            }
        }
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure { exit: Exit::Configuration, ..Failure::file("read", path, error) }
}

#[cfg(unix)]
fn private(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let message = format!("others than its owner can use the password file `{}`", path.display());
    Err(Failure::new(Exit::Configuration, message).help(format!("run `chmod 600 {}`", path.display())))
}

#[cfg(not(unix))]
fn private(_path: &Path) -> Result<(), Failure> {
    Ok(())
}

/// The text of a configuration with the passwords that it should not hold replaced by `*`, byte by byte, so that a
/// finding that shows its lines shows none.
pub fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut place = 0;
    for secret in places(text) {
        masked.push_str(text.get(place..secret.start).unwrap_or(""));
        masked.extend(std::iter::repeat_n('*', secret.len()));
        place = secret.end;
    }
    masked.push_str(text.get(place..).unwrap_or(""));
    masked
}

/// Where a text writes a password that is no reference, in order. It looks at the text alone, since a file that
/// is not TOML may hold a password as well.
pub(super) fn places(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut place = 0;
    while let Some(at) = text.get(place..).and_then(|rest| rest.find("password")) {
        place += at + "password".len();
        let Some(start) = value_after(text, place) else { continue };
        let end = value_end(text, start);
        let value = text.get(start..end).unwrap_or("").trim_start_matches(['"', '\'']);
        if !value.starts_with("env:") && !value.starts_with("file:") {
            found.push(start..end);
        }
        place = end;
    }
    found
}

/// Where the value of a key begins that ends at `place`; `None` when no `=` follows.
fn value_after(text: &str, place: usize) -> Option<usize> {
    let rest = text.get(place..)?;
    let equals = rest.trim_start_matches(['"', '\'', ' ', '\t']);
    let value = equals.strip_prefix('=')?.trim_start_matches([' ', '\t']);
    Some(text.len() - value.len())
}

/// Where a value ends: at its closing quotes, or with its line.
fn value_end(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or("");
    let until = |quotes: &str| {
        let inner = rest.get(quotes.len()..).unwrap_or("");
        inner.find(quotes).map_or(text.len(), |at| start + quotes.len() + at + quotes.len())
    };
    for quotes in ["\"\"\"", "'''"] {
        if rest.starts_with(quotes) {
            return until(quotes);
        }
    }
    start + rest.find(['\r', '\n']).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_masked_wherever_they_stand() {
        for (text, masked) in [
            ("password = \"canary\"\nhost = 1", "password = ********\nhost = 1"),
            ("server = { password='canary', a = 1 }\n", "server = { password=*****************\n"),
            ("\"password\"\t= \"\"\"can\nary\"\"\" # x", "\"password\"\t= ************* # x"),
            ("password = \"env:NAME\"\npassword = canary", "password = \"env:NAME\"\npassword = ******"),
            ("password = 'file:/a'", "password = 'file:/a'"),
            ("password = \"canary", "password = *******"),
            ("password = \"\"\"canary", "password = *********"),
            ("# the password\npassword", "# the password\npassword"),
        ] {
            assert_eq!(mask(text), masked);
            assert_eq!(mask(text).len(), text.len());
        }
    }

    #[test]
    fn references_are_read() {
        let root = Path::new("/shop");
        assert_eq!(Secret::reference("env:NAME", root), Some(Secret::Variable("NAME".into())));
        assert_eq!(Secret::reference("file:key", root), Some(Secret::File("/shop/key".into())));
        assert_eq!(Secret::reference("file:/key", root), Some(Secret::File("/key".into())));
        for wrong in ["", "canary", "env:", "file: ", "vault:x"] {
            assert_eq!(Secret::reference(wrong, root), None, "{wrong}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_password_file_belongs_to_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "canary\n").unwrap();
        let secret = Secret::File(path.clone());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let failure = secret.reveal().unwrap_err();
        assert_eq!(failure.exit, Exit::Configuration);
        assert!(!failure.text().contains("canary"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(secret.reveal(), Ok("canary".into()));
        assert_eq!(Secret::File(folder.path().join("no")).reveal().unwrap_err().exit, Exit::Configuration);
    }
}
